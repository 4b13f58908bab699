/* Special functions, intervals of a rate, e-processes and plans, against scipy and mpmath
 * (test/oracle/stats_oracle.py) and against simulation with fixed seeds. */
#include "unit.h"

#include "../oracle/stats_values.h"
#include "stats/stats.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Equal to within a relative error; `where` is the row of the table. */
static void check_relative(const char *what, size_t where, double a, double b, double tolerance)
{
    if (isnan(a) && isnan(b))
        return;
    if (a != b && !(fabs(a - b) <= tolerance * fmax(fabs(b), 1e-300)))
        fail_msg("%s, row %zu: %.17g, not %.17g", what, where, a, b);
}

static void beta_tails_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(beta_tails); i++) {
        double a = beta_tails[i].a, b = beta_tails[i].b, x = beta_tails[i].x;
        double below = beta_tails[i].log_below, above = beta_tails[i].log_above;
        /* a relative error of the probability is an absolute one of its logarithm */
        assert_close(stats_log_beta_below(a, b, x), below, 1e-10 * fmax(1, fabs(below) * 1e-3));
        assert_close(stats_log_beta_above(a, b, x), above, 1e-10 * fmax(1, fabs(above) * 1e-3));
        check_relative("below", i, stats_beta_below(a, b, x), exp(below), 1e-9);
        check_relative("above", i, stats_beta_above(a, b, x), exp(above), 1e-9);
        check_relative("log beta", i, stats_log_beta(a, b), beta_tails[i].log_beta, 1e-12);
    }
    assert_true(stats_beta_below(2, 3, 0) == 0 && stats_beta_above(2, 3, 0) == 1);
    assert_true(stats_beta_below(2, 3, 1) == 1 && stats_beta_above(2, 3, 1) == 0);
}

static void beta_quantiles_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(beta_quantiles); i++) {
        double a = beta_quantiles[i].a, b = beta_quantiles[i].b, p = beta_quantiles[i].p;
        check_relative(
            "quantile", i, stats_beta_quantile(a, b, p), beta_quantiles[i].quantile, 1e-9);
        check_relative(
            "upper", i, stats_beta_upper_quantile(a, b, p), beta_quantiles[i].upper, 1e-9);
    }
    assert_true(stats_beta_quantile(2, 3, 0) == 0 && stats_beta_quantile(2, 3, 1) == 1);
    assert_true(stats_beta_upper_quantile(2, 3, 0) == 1 && stats_beta_upper_quantile(2, 3, 1) == 0);
    assert_true(isnan(stats_beta_quantile(2, 3, -0.1)) && isnan(stats_beta_quantile(2, 3, NAN)));
}

/* Where scipy's own quantiles are in doubt: the quantile's tail is the probability asked for. */
static void beta_quantiles_invert_the_tails(void **state)
{
    (void)state;
    struct dice dice = dice_from_seed(1);
    for (int i = 0; i < 20000; i++) {
        double a = exp(dice_unit(&dice) * 14 - 2), b = exp(dice_unit(&dice) * 14 - 2);
        double p = exp(-dice_unit(&dice) * 30);
        double x = stats_beta_quantile(a, b, p), upper = stats_beta_upper_quantile(a, b, p);
        assert_true(x >= 0 && x <= 1 && upper >= 0 && upper <= 1);
        if (x > 0 && x < 0.99)
            assert_close(stats_log_beta_below(a, b, x), log(p), 1e-8);
        if (upper > 0 && upper < 0.99)
            assert_close(stats_beta_above(a, b, upper) / p, 1, 1e-7);
    }
}

static void normal_and_student_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(normal_quantiles); i++)
        assert_close(stats_normal_quantile(normal_quantiles[i].p), normal_quantiles[i].z, 1e-12);
    for (size_t i = 0; i < COUNT(normal_tails); i++)
        check_relative(
            "normal", i, stats_normal_below(normal_tails[i].z), normal_tails[i].p, 1e-12);
    for (size_t i = 0; i < COUNT(student_quantiles); i++)
        assert_close(stats_student_quantile(student_quantiles[i].p, student_quantiles[i].f) /
                         fmax(1, fabs(student_quantiles[i].t)),
            student_quantiles[i].t / fmax(1, fabs(student_quantiles[i].t)), 1e-9);
    assert_true(isnan(stats_normal_quantile(1.5)) && isnan(stats_student_quantile(0.5, 0)));
}

static void intervals_of_rates_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rates); i++) {
        double k = rates[i].k, n = rates[i].n, level = rates[i].level;
        struct interval exact = stats_clopper_pearson(k, n, level);
        check_relative("exact low", i, exact.low, rates[i].exact_low, 1e-9);
        check_relative("exact high", i, exact.high, rates[i].exact_high, 1e-9);
        check_relative("mean", i, exact.mean, k / n, 0);
        check_relative("lower", i, stats_clopper_pearson_lower(k, n, level), rates[i].lower, 1e-9);
        check_relative("upper", i, stats_clopper_pearson_upper(k, n, level), rates[i].upper, 1e-9);
        struct interval wilson = stats_wilson(k, n, level);
        check_relative("wilson low", i, wilson.low, rates[i].wilson_low, 1e-9);
        check_relative("wilson high", i, wilson.high, rates[i].wilson_high, 1e-9);
        struct interval jeffreys = stats_jeffreys(k, n, level);
        check_relative("jeffreys low", i, jeffreys.low, rates[i].jeffreys_low, 1e-9);
        check_relative("jeffreys high", i, jeffreys.high, rates[i].jeffreys_high, 1e-9);
    }
    struct interval nothing = stats_clopper_pearson(0, 0, 0.95);
    assert_true(nothing.low == 0 && isnan(nothing.mean) && nothing.high == 1);
}

/* METHODS §2.3: 6 of 6, and the smallest n for f failures. */
static void published_intervals(void **state)
{
    (void)state;
    assert_close(stats_clopper_pearson(6, 6, 0.95).low, 0.541, 5e-4);
    assert_close(stats_wilson(6, 6, 0.95).low, 0.610, 5e-4);
    assert_close(stats_jeffreys(6, 6, 0.95).low, 0.670, 5e-4);
    assert_close(stats_clopper_pearson_lower(6, 6, 0.95), 0.607, 5e-4);
    const int smallest[][2] = {
        {0, 19}, {1, 30}, {2, 40}, {3, 50}, {4, 59}, {5, 68}, {6, 76}, {8, 93}, {10, 110}};
    for (size_t i = 0; i < COUNT(smallest); i++) {
        int f = smallest[i][0], n = smallest[i][1];
        assert_true(stats_verdict_one_look(n - f, n, 0.85, 0.05) == STATS_SUPPORTED);
        assert_true(stats_verdict_one_look(n - 1 - f, n - 1, 0.85, 0.05) == STATS_INSUFFICIENT);
    }
}

static void exact_tails_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(binomial_tails); i++) {
        double k = binomial_tails[i].k, n = binomial_tails[i].n, p = binomial_tails[i].p;
        check_relative(
            "at least", i, stats_binomial_at_least(k, n, p), binomial_tails[i].at_least, 1e-9);
        check_relative(
            "at most", i, stats_binomial_at_most(k, n, p), binomial_tails[i].at_most, 1e-9);
        check_relative("mid", i, stats_binomial_at_least_mid(k, n, p), binomial_tails[i].mid, 1e-9);
    }
    for (size_t i = 0; i < COUNT(fisher_tails); i++) {
        double k = fisher_tails[i].k, n = fisher_tails[i].n;
        double hits = fisher_tails[i].hits, all = fisher_tails[i].everything;
        check_relative(
            "fisher", i, stats_fisher_at_least(k, n, hits, all), fisher_tails[i].at_least, 1e-8);
        check_relative(
            "fisher mid", i, stats_fisher_at_least_mid(k, n, hits, all), fisher_tails[i].mid, 1e-8);
    }
}

static void e_values_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(e_values); i++) {
        double k = e_values[i].k, n = e_values[i].n, p0 = e_values[i].p0;
        double above = e_values[i].log_above, below = e_values[i].log_below;
        assert_close(stats_log_eprocess_above(k, n, p0), above, 1e-9 * fmax(1, fabs(above) * 0.1));
        assert_close(stats_log_eprocess_below(k, n, p0), below, 1e-9 * fmax(1, fabs(below) * 0.1));
    }
    assert_true(isfinite(stats_eprocess_above(1e6, 1e6, 0.05)));
}

static void verdicts_at_the_anchors(void **state)
{
    (void)state;
    assert_close(stats_eprocess_above(6, 6, 0.85), 1.716, 5e-4);
    assert_true(stats_eprocess_above(27, 27, 0.85) < 20);
    assert_true(stats_eprocess_above(28, 28, 0.85) >= 20);
    assert_int_equal(stats_verdict(0, 0, 0.85, 0.05), STATS_INSUFFICIENT);
    assert_int_equal(stats_verdict(27, 27, 0.85, 0.05), STATS_INSUFFICIENT);
    assert_int_equal(stats_verdict(28, 28, 0.85, 0.05), STATS_SUPPORTED);
    assert_int_equal(stats_verdict(41, 42, 0.85, 0.05), STATS_INSUFFICIENT);
    assert_int_equal(stats_verdict(42, 43, 0.85, 0.05), STATS_SUPPORTED);
    assert_int_equal(stats_verdict(10, 20, 0.85, 0.05), STATS_REFUTED);
    assert_int_equal(stats_verdict_one_look(18, 18, 0.85, 0.05), STATS_INSUFFICIENT);
    assert_int_equal(stats_verdict_one_look(19, 19, 0.85, 0.05), STATS_SUPPORTED);
    assert_int_equal(stats_verdict_one_look(10, 20, 0.85, 0.05), STATS_REFUTED);
}

static void more_needed_is_the_first_count_that_settles(void **state)
{
    (void)state;
    assert_int_equal(stats_eprocess_more_needed(6, 6, 0.85, 0.05), 22);
    assert_int_equal(stats_eprocess_more_needed(27, 27, 0.85, 0.05), 1);
    assert_int_equal(stats_eprocess_more_needed(28, 28, 0.85, 0.05), 0);
    assert_int_equal(stats_eprocess_more_needed(10, 20, 0.85, 0.05), 0);
    assert_int_equal(stats_eprocess_more_needed(0, 0, 0.85, 0.05), STATS_NEVER);
    assert_int_equal(stats_eprocess_more_needed(17, 20, 0.85, 0.05), STATS_NEVER);
    assert_int_equal(stats_eprocess_more_needed(0.85 * 3000000 + 10, 3000000, 0.85, 0.05), -1);
    const double seen[][2] = {{9, 10}, {41, 42}, {7, 10}, {160, 200}, {1, 1}, {0, 1}, {18, 21}};
    for (size_t i = 0; i < COUNT(seen); i++) {
        double k = seen[i][0], n = seen[i][1];
        int64_t more = stats_eprocess_more_needed(k, n, 0.85, 0.05);
        assert_true(more > 0);
        for (int64_t m = 0; m <= more; m++) {
            double scale = (n + (double)m) / n;
            enum stats_verdict verdict = stats_verdict(k * scale, n * scale, 0.85, 0.05);
            assert_int_equal(verdict != STATS_INSUFFICIENT, m == more);
        }
    }
}

/* For every n, the smallest count that is SUPPORTED, so that a simulated look is a comparison. */
enum { LOOKS = 5000 };
static int *supporting_counts(double p0)
{
    int *counts = calloc(LOOKS + 1, sizeof(int));
    assert_non_null(counts);
    for (int n = 1, k = 0; n <= LOOKS; n++) {
        while (k <= n && stats_eprocess_above(k, n, p0) < 20)
            k++;
        counts[n] = k;
    }
    return counts;
}

/* Number of tasks of success rate p until `counts` is reached, LOOKS + 1 where it never is. */
static int simulated_wait(const int *counts, double p, struct dice *dice)
{
    for (int n = 1, k = 0; n <= LOOKS; n++) {
        k += dice_unit(dice) < p;
        if (k >= counts[n])
            return n;
    }
    return LOOKS + 1;
}

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void looking_after_every_task_is_allowed(void **state)
{
    (void)state;
    enum { REPLICATES = 1000 };
    int *above = supporting_counts(0.85), *below = supporting_counts(0.15);
    struct dice dice = dice_from_seed(85);
    int false_claims = 0, waits[REPLICATES], refuted[REPLICATES];
    for (int i = 0; i < REPLICATES; i++) {
        false_claims += simulated_wait(above, 0.85, &dice) <= LOOKS;
        waits[i] = simulated_wait(above, 0.95, &dice);
        refuted[i] = simulated_wait(below, 1 - 0.70, &dice); /* the mirror counts failures */
    }
    qsort(waits, REPLICATES, sizeof(int), compare_ints);
    qsort(refuted, REPLICATES, sizeof(int), compare_ints);
    assert_in_range(false_claims, 10, REPLICATES / 20 + 2 * 7); /* SE of 5 % is 6.9 in 1,000 */
    assert_in_range(waits[REPLICATES / 2], 28, 60);
    assert_in_range(refuted[REPLICATES / 2], 10, 60);
    free(above);
    free(below);
}

/* Pairs (better, equal, worse) as counts of the differences 1, 0, -1. */
static double pair_evidence(const double counts[3])
{
    static const double values[3] = {1, 0, -1};
    struct stats_valued seen = {values, counts, 3};
    return stats_log_eprocess_mean_above(&seen, -1, -0.05);
}

static void evidence_for_a_mean(void **state)
{
    (void)state;
    /* one value: 1 + (mean stake) (x - m)/(m - least); the mean stake is half of 1/2 plus half of
     * the mean of 64 steps of 1000^-u */
    double logs = 0;
    for (int i = 0; i < 64; i++)
        logs += exp(-log(1000) * (i + 0.5) / 64) / 64;
    double stakes = 0.25 + logs / 2;
    const double one[3] = {1, 0, 0}, worse[3] = {0, 0, 1}, none[3] = {0, 0, 0};
    assert_close(pair_evidence(one), log(1 + stakes * 1.05 / 0.95), 1e-12);
    assert_close(pair_evidence(worse), log(1 - stakes), 1e-12);
    assert_close(pair_evidence(none), 0, 1e-12);

    const double values[3] = {1, 0, -1}, mirrored[3] = {-1, 0, 1}, counts[3] = {7, 60, 3};
    struct stats_valued seen = {values, counts, 3}, turned = {mirrored, counts, 3};
    assert_close(stats_log_eprocess_mean_above(&seen, -1, -0.05),
        stats_log_eprocess_mean_below(&turned, 1, 0.05), 1e-12);
    int64_t more = stats_eprocess_mean_more_needed(&seen, -1, -0.05, 0.05);
    assert_in_range(more, 1, 400);
    double then[3], before[3];
    for (int i = 0; i < 3; i++) {
        then[i] = counts[i] * (70 + (double)more) / 70;
        before[i] = counts[i] * (69 + (double)more) / 70;
    }
    assert_true(pair_evidence(then) >= log(20) && pair_evidence(before) < log(20));
    assert_int_equal(stats_eprocess_mean_more_needed(&seen, 1, -0.05, 0.05), STATS_NEVER);
}

/* Looks at pairs after every ten of them; returns the number at the first e-value of 20. */
static int pairs_needed(double better, double worse, int most, struct dice *dice)
{
    double counts[3] = {0};
    for (int n = 1; n <= most; n++) {
        double u = dice_unit(dice);
        counts[u < better ? 0 : u < better + worse ? 2 : 1]++;
        if (n % 10 == 0 && pair_evidence(counts) >= log(20))
            return n;
    }
    return most + 1;
}

static void looking_at_pairs_is_allowed(void **state)
{
    (void)state;
    enum { REPLICATES = 200, PAIRS = 2000 };
    struct dice dice = dice_from_seed(6);
    int false_claims = 0, waits[REPLICATES];
    for (int i = 0; i < REPLICATES; i++) {
        false_claims += pairs_needed(0.025, 0.075, PAIRS, &dice) <= PAIRS; /* truly 5 pp worse */
        waits[i] = pairs_needed(0.05, 0.05, PAIRS, &dice);                 /* truly equal */
    }
    qsort(waits, REPLICATES, sizeof(int), compare_ints);
    assert_in_range(false_claims, 1, 10 + 2 * 3);
    assert_in_range(waits[REPLICATES / 2], 100, 400); /* 248 suffice for one planned look */
}

static void fixed_samples_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(fixed_samples); i++) {
        double p0 = fixed_samples[i].p0, p = fixed_samples[i].p;
        assert_int_equal(stats_fixed_sample(p0, p, 0.05, 0.8), (int64_t)fixed_samples[i].for_80);
        assert_int_equal(stats_fixed_sample(p0, p, 0.05, 0.9), (int64_t)fixed_samples[i].for_90);
    }
    assert_int_equal(stats_fixed_sample(0.85, 1, 0.05, 0.8), 19);
    assert_int_equal(stats_fixed_sample(0.85, 0.85, 0.05, 0.8), STATS_NEVER);
    assert_int_equal(stats_fixed_sample(0.85, 0.8501, 0.05, 0.8), STATS_NEVER);
    assert_true(stats_fixed_power(6, 0.85, 1, 0.05) == 0);
    const double powers[][3] = {{20, .12, .36}, {50, .25, .76}, {100, .32, .94}, {200, .65, 1}};
    for (size_t i = 0; i < COUNT(powers); i++) {
        int64_t n = (int64_t)powers[i][0];
        assert_close(stats_fixed_power(n, 0.85, 0.90, 0.05), powers[i][1], 0.005);
        assert_close(stats_fixed_power(n, 0.85, 0.95, 0.05), powers[i][2], 0.005);
    }
}

/* METHODS §2.3 has these waits from a simulation, hence the slack. */
static void waits_agree_with_the_table(void **state)
{
    (void)state;
    const struct {
        double p, median, most;
    } rows[] = {{0.88, 926, 2247}, {0.90, 283, 713}, {0.92, 130, 326}, {0.95, 56, 130},
        {0.97, 43, 79}, {0.99, 28, 43}, {1, 28, 28}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        double median = (double)stats_eprocess_wait(0.85, rows[i].p, 0.05, 0.5);
        double most = (double)stats_eprocess_wait(0.85, rows[i].p, 0.05, 0.9);
        assert_close(median, rows[i].median, 0.06 * rows[i].median);
        assert_close(most, rows[i].most, 0.06 * rows[i].most);
    }
    const double refuting[][2] = {{0.60, 15}, {0.666, 32}, {0.70, 48}, {0.75, 112}, {0.80, 488}};
    for (size_t i = 0; i < COUNT(refuting); i++)
        assert_close((double)stats_eprocess_wait(0.85, refuting[i][0], 0.05, 0.5), refuting[i][1],
            fmax(2, 0.04 * refuting[i][1]));
    assert_int_equal(stats_eprocess_wait(0.85, 0.85, 0.05, 0.5), STATS_NEVER);
}

/* METHODS §2.4 */
static void noninferiority_needs_that_many(void **state)
{
    (void)state;
    assert_int_equal(stats_noninferiority_per_arm(0.9, 0, 0.05, 0.05, 0.8), 446);
    assert_int_equal(stats_noninferiority_per_arm(0.85, 0, 0.05, 0.05, 0.8), 631);
    assert_int_equal(stats_noninferiority_per_arm(0.706, 0, 0.05, 0.05, 0.8), 1027);
    assert_int_equal(stats_noninferiority_pairs(0.10, 0, 0.05, 0.05, 0.8), 248);
    assert_int_equal(stats_noninferiority_pairs(0.15, 0, 0.05, 0.05, 0.8), 371);
    assert_int_equal(stats_noninferiority_pairs(0.10, -0.02, 0.05, 0.05, 0.8), 685);
    assert_int_equal(stats_noninferiority_pairs(0.15, -0.02, 0.05, 0.05, 0.8), 1028);
    assert_int_equal(stats_noninferiority_pairs(0.13, -0.06, 0.05, 0.05, 0.8), STATS_NEVER);
}

/* Newcombe 1998, table II, method 10. */
static void rate_differences(void **state)
{
    (void)state;
    static const struct {
        double k1, n1, k2, n2, low, high;
    } rows[] = {
        {56, 70, 48, 80, 0.0524, 0.3339},
        {9, 10, 3, 10, 0.1705, 0.8090},
        {6, 7, 2, 7, 0.0582, 0.8062},
        {5, 56, 0, 29, -0.0381, 0.1926},
        {0, 10, 0, 20, -0.1611, 0.2775},
        {0, 10, 0, 10, -0.2775, 0.2775},
        {10, 10, 0, 20, 0.6791, 1.0000},
        {10, 10, 0, 10, 0.6075, 1.0000},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct interval d =
            stats_rate_difference(rows[i].k1, rows[i].n1, rows[i].k2, rows[i].n2, 0.95);
        assert_close(d.low, rows[i].low, 5e-5);
        assert_close(d.high, rows[i].high, 5e-5);
        assert_close(d.mean, rows[i].k1 / rows[i].n1 - rows[i].k2 / rows[i].n2, 1e-12);
    }
    assert_true(isnan(stats_rate_difference(0, 0, 1, 2, 0.95).mean));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rate_differences),
        cmocka_unit_test(beta_tails_agree),
        cmocka_unit_test(beta_quantiles_agree),
        cmocka_unit_test(beta_quantiles_invert_the_tails),
        cmocka_unit_test(normal_and_student_agree),
        cmocka_unit_test(intervals_of_rates_agree),
        cmocka_unit_test(published_intervals),
        cmocka_unit_test(exact_tails_agree),
        cmocka_unit_test(e_values_agree),
        cmocka_unit_test(verdicts_at_the_anchors),
        cmocka_unit_test(more_needed_is_the_first_count_that_settles),
        cmocka_unit_test(looking_after_every_task_is_allowed),
        cmocka_unit_test(evidence_for_a_mean),
        cmocka_unit_test(looking_at_pairs_is_allowed),
        cmocka_unit_test(fixed_samples_agree),
        cmocka_unit_test(waits_agree_with_the_table),
        cmocka_unit_test(noninferiority_needs_that_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
