/* Another policy's figures from a log whose truth is known, and the refusals. */
#include "unit.h"

#include "eval/eval.h"

#include <stdlib.h>

enum { ROWS = 1000, ACTIONS = 3, REPLICATES = 60 };

/* Success by kind (easy, hard) and action: harder tasks go to the dearest, so that what was seen
 * of each action flatters the cheap one. */
static const double SUCCESS[2][ACTIONS] = {{0.85, 0.88, 0.90}, {0.40, 0.55, 0.70}};
static const double EXPLORED[2][ACTIONS] = {
    {0.9 + 0.1 / 3, 0.1 / 3, 0.1 / 3}, {0.1 / 3, 0.1 / 3, 0.9 + 0.1 / 3}};
static const double CERTAIN[ACTIONS][ACTIONS] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};

static size_t throw(struct dice * dice, const double *p)
{
    double u = dice_unit(dice);
    size_t a = 0;
    while (a + 1 < ACTIONS && u >= p[a])
        u -= p[a++];
    return a;
}

/* Half the tasks are hard. `targets` by kind. */
static void make_log(
    struct dice *dice, const double *const targets[2], struct eval_logged rows[ROWS])
{
    for (size_t i = 0; i < ROWS; i++) {
        size_t kind = dice_below(dice, 2);
        size_t taken = throw(dice, EXPLORED[kind]);
        rows[i] = (struct eval_logged){.taken = taken,
            .propensity = EXPLORED[kind],
            .target = targets[kind],
            .kind = kind + 7,
            .task = i * 0x9e3779b97f4a7c15ull,
            .reward = dice_unit(dice) < SUCCESS[kind][taken]};
    }
}

static void the_truth_is_covered_where_the_naive_figure_misses_it(void **state)
{
    (void)state;
    static struct eval_logged rows[ROWS];
    const double *const always_cheap[2] = {CERTAIN[0], CERTAIN[0]};
    const double truth = (SUCCESS[0][0] + SUCCESS[1][0]) / 2,
                 unexplored = (SUCCESS[0][0] + SUCCESS[1][2]) / 2;
    struct dice dice = dice_from_seed(4);
    double bias = 0, base_bias = 0, naive = 0;
    int covered = 0, change_covered = 0, known = 0;
    for (int k = 0; k < REPLICATES; k++) {
        struct eval_replay found;
        make_log(&dice, always_cheap, rows);
        assert_true(eval_replay(rows, ROWS, ACTIONS, 1, &found, NULL));
        assert_int_equal(found.n, ROWS);
        assert_in_range(found.differing, 430, 570);
        assert_in_range(found.tried, 1, 40);
        if (found.state != EVAL_REPLAY_KNOWN)
            continue;
        known++;
        bias += found.replayed.mean - truth;
        base_bias += found.unexplored.mean - unexplored;
        naive += found.naive.mean - truth;
        covered += found.replayed.low <= truth && truth <= found.replayed.high;
        change_covered +=
            found.change.low <= truth - unexplored && truth - unexplored <= found.change.high;
        assert_close(found.change.mean, found.replayed.mean - found.unexplored.mean, 1e-9);
        assert_close(found.relative.mean, found.replayed.mean / found.unexplored.mean - 1, 1e-9);
    }
    assert_in_range(known, REPLICATES / 2, REPLICATES);
    assert_close(bias / known, 0, 0.025);
    assert_close(base_bias / known, 0, 0.01);
    assert_true(naive / known > 0.15);
    assert_in_range(covered, known * 85 / 100, known);
    assert_in_range(change_covered, known * 82 / 100, known);
}

static void the_same_policy_changes_nothing(void **state)
{
    (void)state;
    static struct eval_logged rows[ROWS];
    const double *const same[2] = {CERTAIN[0], CERTAIN[2]};
    struct dice dice = dice_from_seed(5);
    struct eval_replay found, again;
    make_log(&dice, same, rows);
    assert_true(eval_replay(rows, ROWS, ACTIONS, 1, &found, NULL));
    assert_int_equal(found.state, EVAL_REPLAY_KNOWN);
    assert_int_equal(found.differing, 0);
    assert_true(found.change.low == 0 && found.change.mean == 0 && found.change.high == 0);
    assert_true(eval_replay(rows, ROWS, ACTIONS, 1, &again, NULL));
    assert_memory_equal(&found.replayed, &again.replayed, sizeof(found.replayed));
    assert_memory_equal(&found.logged, &again.logged, sizeof(found.logged));
}

static void what_was_never_tried_is_not_identifiable(void **state)
{
    (void)state;
    static struct eval_logged rows[ROWS];
    static const double two[ACTIONS] = {0.9, 0.1, 0};
    const double *const top[2] = {CERTAIN[2], CERTAIN[2]};
    struct dice dice = dice_from_seed(6);
    struct eval_replay found;
    make_log(&dice, top, rows);
    rows[3].reward = NAN; /* left out, and the numbers are still those of the rows given */
    for (size_t i = 10; i <= 30; i += 20) {
        rows[i].propensity = two;
        rows[i].taken = 0;
    }
    assert_true(eval_replay(rows, ROWS, ACTIONS, 1, &found, NULL));
    assert_int_equal(found.state, EVAL_REPLAY_UNTRIED);
    assert_int_equal(found.n, ROWS - 1);
    assert_int_equal(found.untried, 2);
    assert_int_equal(found.first_untried, 10);
    assert_int_equal(found.last_untried, 30);
    assert_int_equal(found.untried_action, 2);
    assert_true(isnan(found.replayed.mean) && isnan(found.change.mean));
    assert_true(found.logged.mean > 0.5);
}

static void few_effective_rows_are_refused(void **state)
{
    (void)state;
    static struct eval_logged rows[ROWS];
    const double *const middle[2] = {CERTAIN[1], CERTAIN[1]};
    struct dice dice = dice_from_seed(7);
    struct eval_replay found;
    make_log(&dice, middle, rows);
    assert_true(eval_replay(rows, ROWS, ACTIONS, 1, &found, NULL));
    assert_int_equal(found.state, EVAL_REPLAY_THIN);
    assert_true(found.effective_n < 50 && isnan(found.replayed.mean));
    for (size_t i = 0; i < ROWS; i++) /* possible, but as chance had it never done */
        if (rows[i].taken == 1)
            rows[i].reward = NAN;
    assert_true(eval_replay(rows, ROWS, ACTIONS, 1, &found, NULL));
    assert_int_equal(found.state, EVAL_REPLAY_CHANCE);
    assert_true(eval_replay(rows, 0, ACTIONS, 1, &found, NULL));
    assert_int_equal(found.state, EVAL_REPLAY_EMPTY);
}

static void a_mixing_policy_is_left_as_it_mixed(void **state)
{
    (void)state;
    static struct eval_logged rows[ROWS];
    static const double mixed[ACTIONS] = {0.6, 0.4, 0};
    const double *const same[2] = {mixed, mixed};
    struct dice dice = dice_from_seed(8);
    struct eval_replay found;
    make_log(&dice, same, rows);
    for (size_t i = 0; i < ROWS; i++) {
        rows[i].propensity = mixed;
        rows[i].taken = throw(&dice, mixed);
    }
    assert_true(eval_replay(rows, ROWS, ACTIONS, 1, &found, NULL));
    assert_int_equal(found.differing, 0);
    assert_close(found.replayed.mean, found.logged.mean, 0.005);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_truth_is_covered_where_the_naive_figure_misses_it),
        cmocka_unit_test(the_same_policy_changes_nothing),
        cmocka_unit_test(what_was_never_tried_is_not_identifiable),
        cmocka_unit_test(few_effective_rows_are_refused),
        cmocka_unit_test(a_mixing_policy_is_left_as_it_mixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
