/* Routing curves, calibration, bootstrap and closed-form intervals, false discoveries, against
 * numpy, scipy and scikit-learn (test/oracle/scores_oracle.py). */
#include "unit.h"

#include "../oracle/scores_values.h"
#include "stats/stats.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { ROWS_MOST = 1400 };

struct rows {
    size_t n;
    double score[ROWS_MOST], weak[ROWS_MOST], strong[ROWS_MOST];
    double forecast[ROWS_MOST], outcome[ROWS_MOST];
};

/* As make_rows in scores_oracle.py: every third case has tied scores. */
static void make_rows(struct rows *rows, double seed)
{
    unsigned number = (unsigned)seed;
    struct dice dice = dice_from_seed(number);
    rows->n = 4 + number * number;
    assert_true(rows->n <= ROWS_MOST);
    for (size_t i = 0; i < rows->n; i++) {
        double u = dice_unit(&dice);
        rows->score[i] = number % 3 == 0 ? floor(u * 5) / 8 : u;
        rows->weak[i] = dice_unit(&dice) < 0.8 - 0.3 * u;
        rows->strong[i] = dice_unit(&dice) < 0.8;
        double v = dice_unit(&dice);
        rows->forecast[i] = number % 3 == 1 ? (1 + floor(v * 4)) / 8 : 0.02 + 0.96 * v;
        rows->outcome[i] = dice_unit(&dice) < 0.3 + 0.5 * v;
    }
}

/* Equal to within 1e-10, or both unknown. */
static void check(const char *what, double seed, double a, double b)
{
    if (isnan(a) != isnan(b) || (!isnan(a) && !(fabs(a - b) <= 1e-10)))
        fail_msg("%s of case %g is %.17g, not %.17g", what, seed, a, b);
}

static void routing_agrees(void **state)
{
    (void)state;
    static struct rows rows;
    for (size_t i = 0; i < COUNT(routings); i++) {
        double seed = routings[i].seed;
        make_rows(&rows, seed);
        struct stats_routing r = stats_routing(rows.score, rows.weak, rows.strong, rows.n);
        check("weak", seed, r.weak, routings[i].weak);
        check("strong", seed, r.strong, routings[i].strong);
        check("points", seed, (double)r.n_points, routings[i].points);
        check("apgr", seed, r.apgr, routings[i].apgr);
        check("cpt20", seed, stats_routing_cpt(&r, 0.2), routings[i].cpt20);
        check("cpt50", seed, stats_routing_cpt(&r, 0.5), routings[i].cpt50);
        check("cpt80", seed, stats_routing_cpt(&r, 0.8), routings[i].cpt80);
    }
}

static void routing_where_nothing_can_be_said(void **state)
{
    (void)state;
    const double tied[4] = {0.3, 0.3, 0.3, 0.3}, weak[4] = {1, 0, 0, 0}, strong[4] = {1, 1, 1, 0};
    struct stats_routing r = stats_routing(tied, weak, strong, 4);
    assert_close(r.apgr, 0.5, 1e-15);
    assert_close(stats_routing_cpt(&r, 0.8), 0.8, 1e-15);
    assert_true(isnan(stats_routing(tied, weak, weak, 4).apgr));
    assert_true(isnan(stats_routing(tied, weak, strong, 0).apgr));
    const double bad[4] = {0.3, NAN, 0.1, 0.2};
    r = stats_routing(bad, weak, strong, 4);
    assert_true(isnan(r.apgr) && isnan(stats_routing_cpt(&r, 0.5)));
    const double one[1] = {1}, none[1] = {0};
    assert_close(stats_routing(one, none, one, 1).apgr, 0.5, 1e-15);
}

static void routing_of_an_oracle_and_of_chance(void **state)
{
    (void)state;
    static struct rows rows;
    make_rows(&rows, 36);
    struct dice dice = dice_from_seed(5);
    for (size_t i = 0; i < rows.n; i++)
        rows.score[i] = rows.strong[i] - rows.weak[i] + 0.01 * dice_unit(&dice);
    assert_true(stats_routing(rows.score, rows.weak, rows.strong, rows.n).apgr > 1.2);
    double sum = 0;
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < rows.n; i++)
            rows.score[i] = dice_unit(&dice);
        sum += stats_routing(rows.score, rows.weak, rows.strong, rows.n).apgr;
    }
    assert_close(sum / 200, 0.5, 0.02);
}

static void forecasts_agree(void **state)
{
    (void)state;
    static struct rows rows;
    for (size_t i = 0; i < COUNT(forecasts); i++) {
        double seed = forecasts[i].seed;
        make_rows(&rows, seed);
        struct stats_forecast f = stats_forecast(rows.forecast, rows.outcome, rows.n);
        check("base rate", seed, f.base_rate, forecasts[i].base_rate);
        check("brier", seed, f.brier, forecasts[i].brier);
        check("skill", seed, f.brier_skill, forecasts[i].skill);
        check("log loss", seed, f.log_loss, forecasts[i].log_loss);
        check("auc", seed, f.auc, forecasts[i].auc);
        check("ece", seed, f.ece, forecasts[i].ece);
        check("auc alone", seed, stats_auc(rows.forecast, rows.outcome, rows.n), f.auc);
    }
}

static void forecasts_at_the_edges(void **state)
{
    (void)state;
    const double sure[3] = {1, 1, 0}, seen[3] = {1, 0, 0}, all[3] = {1, 1, 1};
    struct stats_forecast f = stats_forecast(sure, seen, 3);
    assert_true(isfinite(f.log_loss) && f.log_loss > 10);
    f = stats_forecast(sure, all, 3);
    assert_true(isnan(f.auc) && isnan(f.brier_skill));
    assert_true(isnan(stats_forecast(sure, seen, 0).brier));
    const double bad[3] = {0.5, INFINITY, 0.1};
    assert_true(isnan(stats_forecast(bad, seen, 3).ece) && isnan(stats_auc(bad, seen, 3)));
    struct stats_reliability bins[STATS_BINS];
    assert_int_equal(stats_reliability(bad, seen, 3, bins), 0);
    assert_int_equal(stats_reliability(all, seen, 3, bins), 1); /* equal forecasts: one bin */
    assert_close(bins[0].n, 3, 0);
    assert_close(bins[0].observed.mean, 1.0 / 3, 1e-15);
}

static void reliability_adds_up_to_ece(void **state)
{
    (void)state;
    static struct rows rows;
    make_rows(&rows, 29);
    struct stats_reliability bins[STATS_BINS];
    size_t n = stats_reliability(rows.forecast, rows.outcome, rows.n, bins);
    double ece = 0, total = 0;
    for (size_t i = 0; i < n; i++) {
        ece += bins[i].n * fabs(bins[i].observed.mean - bins[i].forecast);
        total += bins[i].n;
    }
    assert_int_equal(n, STATS_BINS);
    assert_close(total, (double)rows.n, 0);
    assert_close(ece / total, stats_forecast(rows.forecast, rows.outcome, rows.n).ece, 1e-12);
}

/* METHODS §4 has the ECE of a perfect forecaster on MMLU's forecasts: mean .109 and 95th
 * percentile .153 at n = 100, .034 and .046 at n = 1,000. These forecasts are spread alike. */
static void ece_of_a_perfect_forecaster(void **state)
{
    (void)state;
    static double forecast[1000];
    const struct {
        size_t n;
        double mean, high;
    } known[] = {{50, .159, .208}, {100, .109, .153}, {300, .063, .086}, {1000, .034, .046}};
    struct dice dice = dice_from_seed(4);
    for (size_t i = 0; i < 1000; i++)
        forecast[i] = 0.45 + 0.5 * dice_unit(&dice);
    for (size_t i = 0; i < COUNT(known); i++) {
        struct interval band =
            stats_ece_null(forecast, known[i].n, (struct stats_resampling){0.95, 2000, &dice});
        assert_close(band.mean, known[i].mean, 0.1 * known[i].mean);
        assert_close(band.high, known[i].high, 0.1 * known[i].high);
        assert_true(band.low < band.mean);
    }
    struct interval none = stats_ece_null(forecast, 0, (struct stats_resampling){0.95, 9, &dice});
    assert_true(isnan(none.mean));
}

static void score_intervals_hold_the_scores(void **state)
{
    (void)state;
    static struct rows rows;
    make_rows(&rows, 35);
    struct dice dice = dice_from_seed(8), same = dice;
    struct stats_resampling how = {0.95, 500, &dice}, again = {0.95, 500, &same};
    struct stats_routing_intervals r =
        stats_routing_bootstrap(rows.score, rows.weak, rows.strong, rows.n, how);
    struct stats_routing seen = stats_routing(rows.score, rows.weak, rows.strong, rows.n);
    assert_close(r.apgr.mean, seen.apgr, 0);
    assert_close(r.cpt80.mean, stats_routing_cpt(&seen, 0.8), 0);
    assert_true(r.apgr.low < seen.apgr && seen.apgr < r.apgr.high);
    assert_true(r.apgr.high - r.apgr.low < 0.5 && r.cpt50.low < r.cpt50.high);
    struct stats_routing_intervals repeated =
        stats_routing_bootstrap(rows.score, rows.weak, rows.strong, rows.n, again);
    assert_memory_equal(&r, &repeated, sizeof(r));

    struct stats_forecast f = stats_forecast(rows.forecast, rows.outcome, rows.n);
    struct stats_forecast_intervals s =
        stats_forecast_bootstrap(rows.forecast, rows.outcome, rows.n, how);
    assert_true(s.ece.low <= f.ece && f.ece <= s.ece.high && s.ece.mean == f.ece);
    /* Hanley and McNeil's standard error of an AUC of .63 at n = 1,229 is about .016 */
    assert_close(s.auc.high - s.auc.low, 4 * 0.016, 0.01);
    assert_true(s.brier.low < f.brier && f.brier < s.brier.high);
    assert_true(s.log_loss.low < f.log_loss && f.log_loss < s.log_loss.high);
    how.rounds = 0;
    s = stats_forecast_bootstrap(rows.forecast, rows.outcome, rows.n, how);
    assert_true(isnan(s.brier.low) && s.brier.mean == f.brier && isnan(s.ece.high));
}

static void sums_agree(void **state)
{
    (void)state;
    static struct rows rows;
    for (size_t i = 0; i < COUNT(sum_intervals); i++) {
        double seed = sum_intervals[i].seed;
        make_rows(&rows, seed);
        struct stats_sums a = {0}, c = {0};
        struct stats_pair_sums pair = {0}, ratio = {0};
        for (size_t row = 0; row < rows.n; row++) {
            stats_sums_add(&a, rows.score[row] + 0.1);
            stats_sums_add(&c, rows.forecast[row] + 0.1);
            stats_pair_sums_add(&pair, rows.score[row] + 0.1, rows.forecast[row] + 0.1);
            stats_pair_sums_add(&ratio, rows.score[row] + 0.1, rows.outcome[row]);
        }
        struct interval x = stats_mean_interval(&a, 0.95);
        check("mean low", seed, x.low, sum_intervals[i].mean_low);
        check("mean high", seed, x.high, sum_intervals[i].mean_high);
        x = stats_difference_interval(&a, &c, 0.95);
        check("difference low", seed, x.low, sum_intervals[i].welch_low);
        check("difference high", seed, x.high, sum_intervals[i].welch_high);
        x = stats_paired_difference_interval(&pair, 0.95);
        check("paired low", seed, x.low, sum_intervals[i].paired_low);
        check("paired high", seed, x.high, sum_intervals[i].paired_high);
        x = stats_saving_interval(&a, &c, 0.95);
        check("saving low", seed, x.low, sum_intervals[i].saving_low);
        check("saving high", seed, x.high, sum_intervals[i].saving_high);
        check("saving", seed, x.mean, 1 - a.sum / c.sum);
        x = stats_ratio_interval(&ratio, 0.95);
        check("ratio low", seed, x.low, sum_intervals[i].ratio_low);
        check("ratio", seed, x.mean, sum_intervals[i].ratio);
        check("ratio high", seed, x.high, sum_intervals[i].ratio_high);
    }
}

static void sums_of_too_little(void **state)
{
    (void)state;
    struct stats_sums none = {0}, one = {0}, equal = {0};
    stats_sums_add(&one, 3);
    for (int i = 0; i < 1000; i++)
        stats_sums_add(&equal, 0.0033);
    assert_true(isnan(stats_mean_interval(&none, 0.95).mean));
    struct interval x = stats_mean_interval(&one, 0.95);
    assert_true(isnan(x.low) && x.mean == 3 && isnan(x.high));
    x = stats_mean_interval(&equal, 0.95);
    assert_true(x.low == x.mean && x.mean == x.high);
    assert_close(x.mean, 0.0033, 1e-15);
    assert_true(isnan(stats_saving_interval(&one, &none, 0.95).mean));
    struct stats_pair_sums nothing_accepted = {0};
    stats_pair_sums_add(&nothing_accepted, 0.4, 0);
    assert_true(isnan(stats_ratio_interval(&nothing_accepted, 0.95).mean));
    stats_pair_sums_add(&nothing_accepted, 0.4, 1);
    assert_close(stats_ratio_interval(&nothing_accepted, 0.95).mean, 0.8, 1e-15);
}

static double mean_score(const void *context, const uint32_t *drawn, size_t n)
{
    const struct rows *rows = context;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += rows->score[drawn[i]];
    return sum / (double)n;
}

static void bootstraps_agree(void **state)
{
    (void)state;
    static struct rows rows;
    make_rows(&rows, 16);
    struct dice dice = dice_from_seed(3);
    struct stats_resampling how = {0.95, 20000, &dice};
    struct interval mean = stats_bootstrap_mean(rows.score, rows.n, how);
    struct interval called = stats_bootstrap(rows.n, mean_score, &rows, how);
    struct interval ratio = stats_bootstrap_ratio(rows.score, rows.outcome, rows.n, how);
    struct interval paired = stats_bootstrap_difference(rows.score, rows.forecast, rows.n, how);
    assert_close(mean.low, bootstraps[0].mean_low, 2e-3);
    assert_close(mean.high, bootstraps[0].mean_high, 2e-3);
    assert_close(called.low, mean.low, 2e-3);
    assert_close(called.high, mean.high, 2e-3);
    assert_close(called.mean, mean.mean, 1e-12);
    assert_close(ratio.low, bootstraps[0].ratio_low, 6e-3);
    assert_close(ratio.high, bootstraps[0].ratio_high, 6e-3);
    assert_close(paired.low, bootstraps[0].paired_low, 3e-3);
    assert_close(paired.high, bootstraps[0].paired_high, 3e-3);
    how.rounds = 300;
    struct dice first = dice_from_seed(6), second = first;
    how.dice = &first;
    ratio = stats_bootstrap_ratio(rows.score, rows.forecast, rows.n, how);
    how.dice = &second;
    struct interval saving = stats_bootstrap_saving(rows.score, rows.forecast, rows.n, how);
    assert_close(saving.low, 1 - ratio.high, 0);
    assert_close(saving.high, 1 - ratio.low, 0);
}

static void bootstraps_of_too_little(void **state)
{
    (void)state;
    struct dice dice = dice_from_seed(3);
    struct stats_resampling how = {0.95, 100, &dice};
    const double costs[3] = {1, 2, 3}, never[3] = {0, 0, 0}, once[3] = {0, 0, 1};
    assert_true(isnan(stats_bootstrap_mean(costs, 0, how).mean));
    assert_true(isnan(stats_bootstrap_ratio(costs, never, 3, how).mean));
    struct interval rare = stats_bootstrap_ratio(costs, once, 3, how);
    assert_true(rare.mean == 6 && rare.low >= 1 && rare.high >= rare.low);
    struct interval one = stats_bootstrap_mean(costs, 1, how);
    assert_true(one.low == 1 && one.mean == 1 && one.high == 1);
}

static void quantiles_lie_between_values(void **state)
{
    (void)state;
    const double sorted[] = {1, 2, 4, 8};
    assert_close(stats_quantile(sorted, 4, 0), 1, 0);
    assert_close(stats_quantile(sorted, 4, 0.5), 3, 1e-15);
    assert_close(stats_quantile(sorted, 4, 1), 8, 0);
    assert_close(stats_quantile(sorted, 4, 0.9), 6.8, 1e-12);
    assert_true(isnan(stats_quantile(sorted, 0, 0.5)));
}

static void false_discoveries_are_controlled(void **state)
{
    (void)state;
    enum { N = COUNT(discoveries) };
    double p[N], adjusted[N];
    bool accepted[N];
    for (size_t i = 0; i < N; i++)
        p[i] = discoveries[i].p;
    size_t found = stats_discoveries(p, N, 0.1, accepted, adjusted), expected = 0;
    for (size_t i = 0; i < N; i++) {
        check("adjusted", (double)i, adjusted[i], discoveries[i].adjusted);
        assert_int_equal(accepted[i], discoveries[i].adjusted <= 0.1);
        expected += discoveries[i].adjusted <= 0.1;
    }
    assert_int_equal(found, expected);
    assert_true(found > 0 && found < N);
    const double some[3] = {NAN, 0.01, 0.9};
    assert_int_equal(stats_discoveries(some, 3, 0.05, accepted, NULL), 1);
    assert_false(accepted[0]);
    assert_int_equal(stats_discoveries(some, 0, 0.05, NULL, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routing_agrees),
        cmocka_unit_test(routing_where_nothing_can_be_said),
        cmocka_unit_test(routing_of_an_oracle_and_of_chance),
        cmocka_unit_test(forecasts_agree),
        cmocka_unit_test(forecasts_at_the_edges),
        cmocka_unit_test(reliability_adds_up_to_ece),
        cmocka_unit_test(ece_of_a_perfect_forecaster),
        cmocka_unit_test(score_intervals_hold_the_scores),
        cmocka_unit_test(sums_agree),
        cmocka_unit_test(sums_of_too_little),
        cmocka_unit_test(bootstraps_agree),
        cmocka_unit_test(bootstraps_of_too_little),
        cmocka_unit_test(quantiles_lie_between_values),
        cmocka_unit_test(false_discoveries_are_controlled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
