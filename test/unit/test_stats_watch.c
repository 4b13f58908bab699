/* Drift alarms and off-policy estimates, against simulations with fixed seeds. */
#include "unit.h"

#include "stats/stats.h"

#include <stdlib.h>
#include <string.h>

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof(*values), compare_doubles);
    return values[n / 2];
}

/* Mean number of tasks between false alarms when nothing changes. */
static double tasks_between_false_alarms(double rate, int tasks, struct dice *dice)
{
    struct stats_success_drift drift = stats_success_drift_from(rate);
    int alarms = 0;
    for (int i = 0; i < tasks; i++)
        alarms += stats_success_drift_add(&drift, dice_unit(dice) < rate);
    return (double)tasks / alarms;
}

enum { RUNS = 1001 };

/* Median number of tasks until the alarm, the rate having fallen after 500 tasks. */
static double delay_of_alarm(double rate, double fallen, struct dice *dice)
{
    double delays[RUNS];
    for (int run = 0; run < RUNS; run++) {
        struct stats_success_drift drift = stats_success_drift_from(rate);
        for (int i = 0; i < 500; i++)
            (void)stats_success_drift_add(&drift, dice_unit(dice) < rate);
        int waited = 1;
        while (!stats_success_drift_add(&drift, dice_unit(dice) < fallen))
            waited++;
        delays[run] = waited;
    }
    return median(delays, RUNS);
}

static void a_fall_in_success_is_noticed(void **state)
{
    (void)state;
    struct dice dice = dice_from_seed(72);
    assert_close(stats_success_drift_from(0.88).feared, 0.72, 5e-4);
    assert_true(tasks_between_false_alarms(0.88, 4000000, &dice) >= 2000);
    for (double rate = 0.04; rate < 0.99; rate += 0.13)
        assert_close(tasks_between_false_alarms(rate, 1000000, &dice), 2250, 350);
    assert_in_range(delay_of_alarm(0.88, 0.72, &dice), 25, 45);
    assert_in_range(delay_of_alarm(0.88, 0.50, &dice), 8, 18);
}

static void the_watch_keeps_to_its_range(void **state)
{
    (void)state;
    const double odd[] = {-1, 0, 0.02, 0.98, 1, NAN};
    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
        struct stats_success_drift drift = stats_success_drift_from(odd[i]);
        assert_true(drift.expected >= 0.02 && drift.expected <= 0.98);
        assert_true(drift.feared > 0 && drift.feared < drift.expected);
        assert_true(drift.limit > 2 && drift.limit < 6);
    }
}

/* A normal deviate by the quantile of a throw. */
static double deviate(struct dice *dice)
{
    return stats_normal_quantile((double)(dice_next(dice) >> 11) * 0x1p-53 + 0x1p-54);
}

static void a_change_in_cost_is_noticed(void **state)
{
    (void)state;
    struct dice dice = dice_from_seed(9);
    struct stats_cost_drift drift = {0, 0};
    int alarms = 0;
    for (int i = 0; i < 2000000; i++)
        alarms += stats_cost_drift_add(&drift, deviate(&dice)) != 0;
    assert_close(2000000.0 / alarms, 2250, 250);
    double delays[RUNS];
    for (int run = 0; run < RUNS; run++) {
        double shift = run % 2 ? 1 : -1;
        int waited = 0, alarm = 0;
        drift = (struct stats_cost_drift){0, 0};
        for (; alarm == 0; waited++)
            alarm = stats_cost_drift_add(&drift, deviate(&dice) + shift);
        delays[run] = waited;
    }
    assert_in_range(median(delays, RUNS), 8, 16); /* limit ÷ (shift - slack) is 13 */
    drift = (struct stats_cost_drift){0, 0};
    assert_int_equal(stats_cost_drift_add(&drift, 1e9), 0);
    assert_int_equal(stats_cost_drift_add(&drift, 1e9), 1);
    assert_int_equal(stats_cost_drift_add(&drift, -1e9), 0);
    assert_int_equal(stats_cost_drift_add(&drift, -1e9), -1);
}

/* A world of three rungs and easy, middling and hard tasks, in the proportions and with the success
 * rates of METHODS §6.3; a label rule (H/S/O) with a share `explore` of uniform exploration. */
enum { TASKS = 1000, REPLICATES = 300 };
static const double share[3] = {0.388, 0.522, 0.09};
static const double succeeds[3][3] = {{.820, .820, .845}, {.625, .690, .724}, {.238, .333, .429}};

static double truth(int action)
{
    double sum = 0;
    for (int label = 0; label < 3; label++)
        sum += share[label] * succeeds[label][action];
    return sum;
}

/* The log as seen by "always `action`". `knows` mixes the model of rewards between the same 0.5
 * for every task (0) and the truth (1). */
static void throw_log(
    struct stats_logged *rows, int action, double explore, double knows, struct dice *dice)
{
    for (int i = 0; i < TASKS; i++) {
        double u = dice_unit(dice);
        int label = u < share[0] ? 0 : u < share[0] + share[1] ? 1 : 2;
        bool explored = dice_unit(dice) < explore;
        int taken = explored ? (int)dice_below(dice, 3) : label;
        rows[i] = (struct stats_logged){
            .reward = dice_unit(dice) < succeeds[label][taken],
            .propensity = explore / 3 + (taken == label ? 1 - explore : 0),
            .target = taken == action,
            .model_taken = 0.5 + knows * (succeeds[label][taken] - 0.5),
            .model_target = 0.5 + knows * (succeeds[label][action] - 0.5),
        };
    }
}

static void doubly_robust_is_unbiased_and_covers(void **state)
{
    (void)state;
    const struct {
        int action;
        double knows, naive_bias;
    } cases[] = {{0, 0, 0.14}, {0, 0.8, 0.14}, {2, 0.8, -0.22}};
    struct dice dice = dice_from_seed(31);
    struct stats_logged rows[TASKS];
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        double naive = 0, direct = 0, snips = 0, robust = 0, effective_n = 0;
        double expected = truth(cases[i].action);
        int covered = 0;
        for (int replicate = 0; replicate < REPLICATES; replicate++) {
            throw_log(rows, cases[i].action, 0.1, cases[i].knows, &dice);
            struct stats_off_policy found;
            struct stats_resampling how = {0.95, 200, &dice};
            assert_true(stats_off_policy(rows, TASKS, how, &found, NULL));
            naive += found.naive.mean - expected;
            direct += found.direct.mean - (0.5 + cases[i].knows * (expected - 0.5));
            snips += found.snips.mean - expected;
            robust += found.doubly_robust.mean - expected;
            effective_n += found.effective_n;
            covered += found.doubly_robust.low <= expected && expected <= found.doubly_robust.high;
        }
        assert_close(naive / REPLICATES, cases[i].naive_bias, 0.015);
        assert_close(direct / REPLICATES, 0, 0.002);
        assert_close(snips / REPLICATES, 0, 0.01);
        assert_close(robust / REPLICATES, 0, 0.01);
        assert_in_range(effective_n / REPLICATES, 30, 60);
        assert_in_range(covered, REPLICATES * 90 / 100, REPLICATES * 99 / 100);
    }
}

static void a_log_without_propensities_is_refused(void **state)
{
    (void)state;
    struct dice dice = dice_from_seed(1);
    struct stats_resampling how = {0.95, 50, &dice};
    struct stats_logged rows[3] = {{1, 0.5, 1, 1, 1}, {0, 0.5, 0, 0, 1}, {0, 0, 1, 0, 1}};
    struct stats_off_policy found;
    struct failure failure;
    assert_false(stats_off_policy(rows, 3, how, &found, &failure));
    assert_non_null(strstr(failure.text, "row 2"));
    assert_false(stats_off_policy(rows, 0, how, &found, &failure));
    rows[1].reward = NAN;
    assert_false(stats_off_policy(rows, 2, how, &found, &failure));
    rows[0].target = 1.5;
    assert_false(stats_off_policy(rows, 1, how, &found, &failure));
}

static void a_policy_that_never_agrees_is_thin(void **state)
{
    (void)state;
    struct dice dice = dice_from_seed(1);
    struct stats_resampling how = {0.95, 50, &dice};
    struct stats_logged rows[100];
    for (int i = 0; i < 100; i++)
        rows[i] = (struct stats_logged){1, 0.5, 0, 0.7, 0.6};
    struct stats_off_policy found;
    assert_true(stats_off_policy(rows, 100, how, &found, NULL));
    assert_true(stats_off_policy_is_thin(&found) && isnan(found.snips.mean));
    assert_close(found.doubly_robust.mean, 0.6, 1e-12);
    for (int i = 0; i < 100; i++)
        rows[i].target = 1;
    assert_true(stats_off_policy(rows, 100, how, &found, NULL));
    assert_false(stats_off_policy_is_thin(&found));
    assert_close(found.effective_n, 100, 1e-9);
    assert_close(found.doubly_robust.mean, 0.6 + 2 * 0.3, 1e-12);
}

/* METHODS §2.2: the walk from strict to lax breaks its bound in no more than 10 % of runs, and
 * moves. Threshold i routes the easiest (i + 1)/10 of the tasks. */
static void learn_then_test_keeps_its_promise(void **state)
{
    (void)state;
    enum { STEPS = 10, WALKS = 2000 };
    struct dice dice = dice_from_seed(14);
    int broken = 0, moved = 0;
    for (int walk = 0; walk < WALKS; walk++) {
        double failed[STEPS] = {0}, routed[STEPS] = {0};
        for (int task = 0; task < 2000; task++) {
            double hard = dice_unit(&dice);
            bool fails = dice_unit(&dice) < 0.05 + 0.30 * hard;
            for (int i = (int)(hard * STEPS); i < STEPS; i++) {
                routed[i]++;
                failed[i] += fails;
            }
        }
        size_t kept = stats_learn_then_test(failed, routed, STEPS, 0.15, 0.1);
        /* routing the easiest share s fails at .05 + .15 s: beyond 2/3 the bound is broken */
        broken += kept > 6;
        moved += (int)kept;
    }
    assert_in_range(broken, 0, WALKS / 10);
    assert_true(moved > 4 * WALKS);
    const double failed[2] = {30, 0}, routed[2] = {40, 1000};
    assert_int_equal(stats_learn_then_test(failed, routed, 2, 0.15, 0.1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fall_in_success_is_noticed),
        cmocka_unit_test(the_watch_keeps_to_its_range),
        cmocka_unit_test(a_change_in_cost_is_noticed),
        cmocka_unit_test(doubly_robust_is_unbiased_and_covers),
        cmocka_unit_test(a_log_without_propensities_is_refused),
        cmocka_unit_test(a_policy_that_never_agrees_is_thin),
        cmocka_unit_test(learn_then_test_keeps_its_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
