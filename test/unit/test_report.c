/* Verdicts, savings and projections over counts. Expected numbers: by hand, and by
 * test/oracle/report_oracle.py where a formula is not trivial. */
#include "unit.h"

#include "report/report.h"

#include "../oracle/report_values.h"

#include <stdlib.h>

struct fixture {
    struct arena arena;
    struct policy policy;
    double assumed[POLICY_RUNGS_MOST];
    struct ledger_tally tallies[1024];
    struct report_facts facts;
};

static int set_up(void **state)
{
    struct fixture *f = memory_take(sizeof(*f));
    *f = (struct fixture){0};
    struct policy_problems problems = {0};
    assert_true(policy_parse(&f->arena, NULL, policy_builtin_text(), true, &f->policy, &problems));
    static const double assumed[] = {0.005, 0.008, 0.07, 0.11};
    memcpy(f->assumed, assumed, sizeof(assumed));
    f->facts = (struct report_facts){.tallies = f->tallies,
        .policy = &f->policy,
        .assumed_usd = f->assumed,
        .cheapest = 0,
        .middle = f->policy.middle,
        .top = f->policy.top};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    arena_free(&f->arena);
    free(f);
    return 0;
}

/* Tallies must be added in the order of their kinds. */
static struct ledger_sums *add(
    struct fixture *f, enum ledger_kind kind, const char *key, const char *second)
{
    struct ledger_tally *tally = &f->tallies[f->facts.n_tallies++];
    *tally =
        (struct ledger_tally){.kind = kind, .key = slice_from(key), .second = slice_from(second)};
    return &tally->sums;
}

static struct report_verdict cheap(
    struct fixture *f, int64_t k, int64_t n, int64_t verified_k, int64_t verified_n, bool one_look)
{
    struct report_validation validation;
    f->facts.n_tallies = 0;
    *add(f, LEDGER_BY_ATTEMPT, "haiku", "v1") = (struct ledger_sums){
        .n = n, .accepted = k, .verified = verified_n, .verified_accepted = verified_k};
    report_validate(&f->arena, &f->facts, one_look, &validation);
    return validation.rows[REPORT_CHEAP_SUCCESS];
}

static void test_cheap_success(void **state)
{
    static const struct {
        int64_t k, n, verified_k, verified_n;
        bool one_look;
        enum stats_verdict verdict;
    } rows[] = {
        {6, 6, 0, 0, false, STATS_INSUFFICIENT},
        {27, 27, 27, 27, false, STATS_INSUFFICIENT},
        {28, 28, 28, 28, false, STATS_SUPPORTED},
        {18, 18, 18, 18, true, STATS_INSUFFICIENT},
        {19, 19, 19, 19, true, STATS_SUPPORTED},
        {28, 28, 0, 0, false, STATS_INSUFFICIENT},
        {28, 28, 27, 27, false, STATS_INSUFFICIENT},
        {19, 19, 18, 18, true, STATS_INSUFFICIENT},
        {41, 42, 41, 42, false, STATS_INSUFFICIENT},
        {42, 43, 42, 43, false, STATS_SUPPORTED},
        {10, 20, 10, 20, false, STATS_REFUTED},
        {10, 20, 0, 0, false, STATS_REFUTED}, /* nobody has to verify a failure */
        {28, 100, 28, 28, false, STATS_REFUTED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct report_verdict row = cheap(
            *state, rows[i].k, rows[i].n, rows[i].verified_k, rows[i].verified_n, rows[i].one_look);
        if (row.verdict != rows[i].verdict)
            fail_msg(
                "row %zu: %s (%.*s)", i, report_verdict_name(row.verdict), SLICE_ARG(row.reason));
    }
}

static void test_cheap_numbers(void **state)
{
    struct report_verdict row = cheap(*state, 6, 6, 0, 0, false);
    assert_string_equal(row.id, "cheap-success");
    assert_int_equal(row.n, 6);
    assert_int_equal(row.k, 6);
    assert_close(row.estimate, 1, 0);
    assert_close(row.lower, 0.607, 5e-4); /* 0.05^(1/6) */
    assert_close(row.e, 1.716, 5e-4);
    assert_int_equal(row.more_needed, 28); /* none of the six was verified */
    assert_slice(row.version, "v1");
    row = cheap(*state, 6, 6, 6, 6, false);
    assert_int_equal(row.more_needed, 22);
    row = cheap(*state, 28, 28, 28, 28, false);
    assert_int_equal(row.more_needed, 0);
    row = cheap(*state, 6, 6, 6, 6, true);
    assert_int_equal(row.more_needed, 13);
    row = cheap(*state, 0, 0, 0, 0, false);
    assert_int_equal(row.verdict, STATS_INSUFFICIENT);
    assert_int_equal(row.more_needed, STATS_NEVER);
}

/* The version with most attempts speaks; another rung's attempts do not count. */
static void test_versions(void **state)
{
    struct fixture *f = *state;
    struct report_validation validation;
    f->facts.n_tallies = 0;
    *add(f, LEDGER_BY_ATTEMPT, "haiku", "old") =
        (struct ledger_sums){.n = 20, .accepted = 10, .verified = 20, .verified_accepted = 10};
    *add(f, LEDGER_BY_ATTEMPT, "haiku", "v2") =
        (struct ledger_sums){.n = 28, .accepted = 28, .verified = 28, .verified_accepted = 28};
    *add(f, LEDGER_BY_ATTEMPT, "sonnet", "s") = (struct ledger_sums){.n = 90, .accepted = 1};
    report_validate(&f->arena, &f->facts, false, &validation);
    assert_slice(validation.rows[REPORT_CHEAP_SUCCESS].version, "v2");
    assert_int_equal(validation.rows[REPORT_CHEAP_SUCCESS].verdict, STATS_SUPPORTED);
    assert_int_equal(validation.n_versions, 1);
    assert_slice(validation.versions[0].version, "old");
    assert_int_equal(validation.versions[0].verdict, STATS_REFUTED);
    assert_int_equal(validation.verdict, STATS_INSUFFICIENT); /* of the others nothing is known */
}

static struct report_verdict confidence(
    struct fixture *f, int64_t k, int64_t n, int64_t verified, double stated)
{
    struct report_validation validation;
    f->facts.n_tallies = 0;
    *add(f, LEDGER_ALL, "", "") = (struct ledger_sums){.n = n,
        .accepted = k,
        .calibrated = n,
        .calibrated_accepted = k,
        .calibrated_verified = verified,
        .calibrated_verified_accepted = verified < k ? verified : k,
        .calibrated_confidence = stated * (double)n};
    report_validate(&f->arena, &f->facts, false, &validation);
    return validation.rows[REPORT_CONFIDENCE];
}

static void test_confidence(void **state)
{
    assert_int_equal(confidence(*state, 8, 8, 0, 0.869).verdict, STATS_INSUFFICIENT);
    assert_int_equal(confidence(*state, 40, 40, 40, 0.87).verdict, STATS_SUPPORTED);
    assert_int_equal(confidence(*state, 40, 40, 0, 0.87).verdict, STATS_INSUFFICIENT);
    assert_int_equal(confidence(*state, 40, 40, 40, 0.79).verdict, STATS_INSUFFICIENT);
    assert_int_equal(confidence(*state, 10, 30, 30, 0.87).verdict, STATS_REFUTED);
}

/* Explored experiments: `n` in all, of which the middle rung was taken `taken` times at
 * propensity p with `hits` accepted, and the router's own choice accepted as `accepted` says. */
static struct report_validation explored(struct fixture *f, const struct report_oracle *row)
{
    struct report_validation validation;
    double w = 1 / row->p, n = row->taken;
    f->facts.n_tallies = 0;
    *add(f, LEDGER_ALL, "", "") = (struct ledger_sums){.n = (int64_t)row->n,
        .accepted = (int64_t)row->accepted,
        .cost_n = (int64_t)row->n,
        .measured_n = (int64_t)row->n,
        .cost_usd = row->usd,
        .measured_usd = row->usd};
    *add(f, LEDGER_BY_ACTION, "sonnet", "") = (struct ledger_sums){.n = (int64_t)row->n,
        .accepted = (int64_t)row->accepted,
        .verified = (int64_t)row->n,
        .cost_n = (int64_t)row->n,
        .measured_n = (int64_t)row->n,
        .measured_usd = row->usd,
        .measured_squares = row->usd_squares,
        .taken = (int64_t)n,
        .weight = n * w,
        .weight_squares = n * w * w,
        .weight_accepted = row->hits * w,
        .weight_squares_accepted = row->hits * w * w,
        .taken_measured = (int64_t)n,
        .weight_measured = n * w,
        .weight_squares_measured = n * w * w,
        .weight_usd = row->middle_usd * w,
        .weight_squares_usd = row->middle_usd * w * w,
        .weight_squares_usd_squares = row->middle_usd_squares * w * w};
    report_validate(&f->arena, &f->facts, false, &validation);
    return validation;
}

static void test_comparisons(void **state)
{
    for (size_t i = 0; i < sizeof(REPORT_ORACLE) / sizeof(REPORT_ORACLE[0]); i++) {
        const struct report_oracle *row = &REPORT_ORACLE[i];
        struct report_validation validation = explored(*state, row);
        const struct report_verdict *cost = &validation.rows[REPORT_COST_REDUCTION];
        const struct report_verdict *regression = &validation.rows[REPORT_NO_REGRESSION];
        assert_close(cost->estimate, row->saving, 1e-9);
        assert_close(cost->lower, row->saving_lower, 1e-9);
        assert_close(log(cost->e), row->log_e_saving, 1e-6);
        assert_close(regression->estimate, row->difference, 1e-9);
        assert_close(regression->lower, row->difference_lower, 1e-9);
        assert_close(log(regression->e), row->log_e_difference, 1e-6);
        assert_int_equal(cost->verdict, row->log_e_saving >= log(20)    ? STATS_SUPPORTED
                                        : row->log_e_saving <= -log(20) ? STATS_REFUTED
                                                                        : STATS_INSUFFICIENT);
    }
}

/* A thin sample of the middle rung says nothing, whatever it shows. */
static struct ledger_sums half(bool accepted, bool verified)
{
    return (struct ledger_sums){.n = 1, .accepted = accepted, .verified = verified};
}

/* Pairs on haiku and the middle rung, sonnet; sorted as the ledger sorts them. */
static struct report_verdict paired(
    struct fixture *f, const struct pair_oracle *oracle, bool verified)
{
    struct report_validation validation;
    size_t n = (size_t)(oracle->worse + oracle->same + oracle->better);
    f->facts.n_tallies = 0;
    for (size_t i = 0; i < n; i++) {
        const char *id = arena_print(&f->arena, "%04zu", i).base;
        bool worse = (double)i < oracle->worse, better = (double)i >= (double)n - oracle->better;
        *add(f, LEDGER_BY_PAIR, id, "haiku") = half(!worse, verified);
        *add(f, LEDGER_BY_PAIR, id, "sonnet") = half(!better, true);
    }
    report_validate(&f->arena, &f->facts, false, &validation);
    return validation.rows[REPORT_NO_REGRESSION];
}

static void test_pairs(void **state)
{
    static const enum stats_verdict verdicts[] = {
        STATS_SUPPORTED, STATS_INSUFFICIENT, STATS_REFUTED};
    for (size_t i = 0; i < sizeof(PAIR_ORACLE) / sizeof(PAIR_ORACLE[0]); i++) {
        const struct pair_oracle *oracle = &PAIR_ORACLE[i];
        struct report_verdict row = paired(*state, oracle, true);
        assert_int_equal(row.verdict, verdicts[i]);
        assert_close(row.estimate, oracle->difference, 1e-12);
        assert_close(row.lower, oracle->lower, 1e-9);
        assert_close(log(row.e), oracle->log_e, 1e-9);
        row = paired(*state, oracle, false);
        assert_int_equal(row.verdict, i == 2 ? STATS_REFUTED : STATS_INSUFFICIENT);
    }
}

/* What is no pair of the middle rung and another, each once, says nothing. */
static void test_what_is_no_pair(void **state)
{
    struct fixture *f = *state;
    struct report_validation validation;
    f->facts.n_tallies = 0;
    *add(f, LEDGER_BY_PAIR, "a", "haiku") = half(true, true);
    *add(f, LEDGER_BY_PAIR, "b", "haiku") = half(true, true);
    *add(f, LEDGER_BY_PAIR, "b", "opus") = half(true, true);
    *add(f, LEDGER_BY_PAIR, "c", "haiku") = (struct ledger_sums){.n = 2, .accepted = 1};
    *add(f, LEDGER_BY_PAIR, "c", "sonnet") = half(true, true);
    *add(f, LEDGER_BY_PAIR, "d", "haiku") = half(true, true);
    *add(f, LEDGER_BY_PAIR, "d", "opus") = half(true, true);
    *add(f, LEDGER_BY_PAIR, "d", "sonnet") = half(true, true);
    report_validate(&f->arena, &f->facts, false, &validation);
    assert_int_equal(validation.rows[REPORT_NO_REGRESSION].verdict, STATS_INSUFFICIENT);
    assert_non_null(
        strstr(validation.rows[REPORT_NO_REGRESSION].reason.base, "nothing was explored"));
    *add(f, LEDGER_BY_PAIR, "e", "opus") = half(false, true);
    *add(f, LEDGER_BY_PAIR, "e", "sonnet") = half(true, true);
    report_validate(&f->arena, &f->facts, false, &validation);
    assert_int_equal(validation.rows[REPORT_NO_REGRESSION].n, 1);
    assert_close(validation.rows[REPORT_NO_REGRESSION].estimate, -1, 0);
}

static void test_thin(void **state)
{
    struct report_oracle row = REPORT_ORACLE[0];
    row.taken = 49;
    row.hits = 10;
    struct report_validation validation = explored(*state, &row);
    assert_int_equal(validation.rows[REPORT_COST_REDUCTION].verdict, STATS_INSUFFICIENT);
    assert_int_equal(validation.rows[REPORT_NO_REGRESSION].verdict, STATS_INSUFFICIENT);
}

/* The eight experiments of the example. */
static void fill_eight(struct fixture *f)
{
    f->facts.n_tallies = 0;
    *add(f, LEDGER_ALL, "", "") = (struct ledger_sums){.n = 8,
        .accepted = 8,
        .cost_n = 8,
        .cost_usd = 0.026,
        .calibrated = 8,
        .calibrated_accepted = 8,
        .calibrated_confidence = 6.95};
    *add(f, LEDGER_BY_MODEL, "haiku", "") =
        (struct ledger_sums){.n = 6, .accepted = 6, .cost_n = 6, .cost_usd = 0.006};
    *add(f, LEDGER_BY_MODEL, "sonnet", "") =
        (struct ledger_sums){.n = 2, .accepted = 2, .cost_n = 2, .cost_usd = 0.02};
    *add(f, LEDGER_BY_RUNG, "haiku", "") =
        (struct ledger_sums){.n = 6, .accepted = 6, .cost_n = 6, .cost_usd = 0.006};
    *add(f, LEDGER_BY_RUNG, "sonnet", "") =
        (struct ledger_sums){.n = 2, .accepted = 2, .cost_n = 2, .cost_usd = 0.02};
}

static void test_savings(void **state)
{
    struct fixture *f = *state;
    struct report report;
    fill_eight(f);
    report_make(&f->arena, &f->facts, &report);
    assert_int_equal(report.n_savings, 4);
    static const struct {
        const char *baseline;
        double usd, percent;
    } rows[] = {{"all-haiku", -0.018, -225}, {"all-sonnet", 0.054, 67.5},
        {"all-opus", 0.854, 97.0454545454545}, {"random-same-share", 0, 0}};
    for (size_t i = 0; i < 4; i++) {
        assert_slice(report.savings[i].baseline, rows[i].baseline);
        assert_close(report.savings[i].usd, rows[i].usd, 1e-12);
        assert_close(report.savings[i].percent, rows[i].percent, 1e-9);
        assert_int_equal(report.savings[i].basis, REPORT_ASSUMED);
        assert_true(isnan(report.savings[i].interval.low));
    }
    static const double actual[] = {0.325, 3.25, 32.5}, baseline[] = {1, 10, 100};
    for (size_t i = 0; i < 3; i++) {
        assert_close(report.projections[i].actual, actual[i], 1e-9);
        assert_close(report.projections[i].baseline, baseline[i], 1e-9);
        assert_close(report.projections[i].saved, baseline[i] - actual[i], 1e-9);
        assert_slice(report.projections[i].against, "all-sonnet");
    }
    assert_close(report.calibration.stated, 0.86875, 1e-12);
    assert_close(report.all.success.low, 0.6755924351161198, 1e-12); /* Wilson */
}

/* Measured on both sides: the saving has an interval, and the projection with it. */
static void test_measured(void **state)
{
    struct fixture *f = *state;
    struct report report;
    f->facts.n_tallies = 0;
    struct ledger_sums cheap_sums = {.n = 50,
        .accepted = 50,
        .cost_n = 50,
        .cost_usd = 5,
        .cost_squares = 0.6,
        .measured_n = 50,
        .measured_usd = 5,
        .measured_squares = 0.6};
    struct ledger_sums middle = {.n = 50,
        .accepted = 50,
        .cost_n = 50,
        .cost_usd = 10,
        .cost_squares = 2.5,
        .measured_n = 50,
        .measured_usd = 10,
        .measured_squares = 2.5};
    struct ledger_sums all = {.n = 100,
        .accepted = 100,
        .cost_n = 100,
        .cost_usd = 15,
        .cost_squares = 3.1,
        .measured_n = 100,
        .measured_usd = 15,
        .measured_squares = 3.1};
    *add(f, LEDGER_ALL, "", "") = all;
    *add(f, LEDGER_BY_RUNG, "haiku", "") = cheap_sums;
    *add(f, LEDGER_BY_RUNG, "sonnet", "") = middle;
    report_make(&f->arena, &f->facts, &report);
    const struct report_saving *saving = &report.savings[1];
    assert_slice(saving->baseline, "all-sonnet");
    assert_int_equal(saving->basis, REPORT_MEASURED);
    assert_close(saving->percent, 25, 1e-9);
    assert_true(saving->interval.low < 25 && saving->interval.high > 25);
    assert_close(report.projections[0].interval.low, 20 * saving->interval.low / 100, 1e-9);
    assert_close(report.projections[0].interval.high, 20 * saving->interval.high / 100, 1e-9);
    /* one assumed cost among them: no interval any more */
    f->tallies[0].sums.measured_n = 99;
    report_make(&f->arena, &f->facts, &report);
    assert_int_equal(report.savings[1].basis, REPORT_ASSUMED);
    assert_true(isnan(report.savings[1].interval.low));
}

/* A perfect forecaster's error lies within the band most of the time, a wrong one.s outside. */
static void test_null_band(void **state)
{
    struct fixture *f = *state;
    struct report report;
    f->facts.n_tallies = 0;
    *add(f, LEDGER_ALL, "", "") = (struct ledger_sums){.n = 1000,
        .accepted = 600,
        .calibrated = 1000,
        .calibrated_accepted = 600,
        .calibrated_confidence = 850};
    *add(f, LEDGER_BY_CONFIDENCE, "8", "") = (struct ledger_sums){.n = 1000,
        .accepted = 600,
        .calibrated = 1000,
        .calibrated_accepted = 600,
        .calibrated_confidence = 850};
    report_make(&f->arena, &f->facts, &report);
    assert_close(report.calibration.error, 0.25, 1e-9);
    /* one bin: |k/n - p| of a binomial; mean sqrt(2 p q / pi n), 95 % quantile 1.96 sd */
    assert_close(report.calibration.error_null.mean, 0.00901, 6e-4);
    assert_close(report.calibration.error_null.high, 0.0221, 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cheap_success, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cheap_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_versions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_confidence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_comparisons, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pairs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_no_pair, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_thin, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_savings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_measured, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_null_band, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
