/* What goes with success beyond chance is found, what does not is not; alarms reach the report. */
#include "unit.h"

#include "eval/eval.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>

enum { TASKS = 3000, REPLICATES = 100 };

static const struct slice DOCS[] = {SLICE("area:docs"), SLICE("size/2")},
                          CORE[] = {SLICE("area:core"), SLICE("size/2")};

/* A third of the tasks are docs, one in ten of them bear "schema"; half began on the cheap rung. */
static void make_rows(struct dice *dice, bool planted, struct eval_hint_row rows[TASKS])
{
    for (size_t i = 0; i < TASKS; i++) {
        bool docs = dice_below(dice, 3) == 0, schema = dice_below(dice, 10) == 0;
        bool cheap = dice_below(dice, 2) == 0;
        double p = !planted                   ? 0.7
                   : schema && cheap && !docs ? 0.2
                   : docs                     ? 0.95
                   : cheap                    ? 0.6
                                              : 0.8;
        rows[i] = (struct eval_hint_row){
            .title = slice_from(schema ? "Move the schema along" : "Write the page 12"),
            .labels = docs ? DOCS : CORE,
            .n_labels = 2,
            .began_cheap = cheap,
            .held = dice_unit(dice) < p,
            .cost_usd = cheap ? 0.1 : 0.3,
            .spoke = EVAL_SPOKE_DEFAULT};
    }
}

static const struct eval_hint *find(
    const struct eval_hint *hints, size_t n, const char *text, bool to_cheap)
{
    for (size_t i = 0; i < n; i++)
        if (slice_is(hints[i].text, text) && hints[i].to_cheap == to_cheap)
            return &hints[i];
    return NULL;
}

static void what_was_planted_is_found(void **state)
{
    (void)state;
    static struct eval_hint_row rows[TASKS];
    struct arena arena = {0};
    struct dice dice = dice_from_seed(1);
    struct eval_hint *hints;
    double base, docs = 0, cheap_docs = 0, held = 0;
    make_rows(&dice, true, rows);
    for (size_t i = 0; i < TASKS; i++) {
        bool is_docs = rows[i].labels == DOCS;
        docs += is_docs;
        cheap_docs += is_docs && rows[i].began_cheap;
        held += is_docs && rows[i].began_cheap && rows[i].held;
    }
    size_t n = eval_suggest(&arena, rows, TASKS, 0.1, &hints, &base);
    const struct eval_hint *hint = find(hints, n, "area:docs", true);
    assert_non_null(hint);
    assert_int_equal(hint->kind, EVAL_HINT_LABEL);
    assert_close(hint->n, cheap_docs, 0);
    assert_close(hint->held, held, 0);
    assert_int_equal(hint->moves, (size_t)docs);
    assert_close(hint->saved_usd.mean, 0.2 * docs, 1e-6);
    assert_true(hint->p < 1e-6 && hint->adjusted >= hint->p);
    hint = find(hints, n, "schema along", false);
    assert_non_null(hint);
    assert_int_equal(hint->kind, EVAL_HINT_WORDS);
    assert_int_equal(hint->moves, 0);               /* nothing goes to the cheap rung as it is */
    assert_null(find(hints, n, "area:core", true)); /* the others do better there */
    assert_null(find(hints, n, "size/2", true));    /* on every task: tells nothing */
    assert_null(find(hints, n, "size/", false));
    arena_free(&arena);
}

/* One in ten hints may be chance where something is true; where nothing is, hardly ever any. */
static void chance_is_seldom_taken_for_a_rule(void **state)
{
    (void)state;
    static struct eval_hint_row rows[TASKS];
    struct dice dice = dice_from_seed(2);
    int runs_with_hints = 0;
    for (int k = 0; k < REPLICATES; k++) {
        struct arena arena = {0};
        struct eval_hint *hints;
        double base;
        make_rows(&dice, false, rows);
        runs_with_hints += eval_suggest(&arena, rows, TASKS, 0.1, &hints, &base) > 0;
        assert_close(base, 0.7, 0.06);
        arena_free(&arena);
    }
    assert_in_range(runs_with_hints, 0, REPLICATES * 18 / 100);
}

static void nothing_is_made_of_nothing(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct eval_hint *hints;
    double base;
    assert_int_equal(eval_suggest(&arena, NULL, 0, 0.1, &hints, &base), 0);
    assert_true(base != base);
    struct eval_hint_row hashed[20];
    for (int i = 0; i < 20; i++)
        hashed[i] = (struct eval_hint_row){.title = slice_from("sha256:abcdef feed"),
            .began_cheap = true,
            .held = i % 2 == 0,
            .cost_usd = NAN};
    assert_int_equal(eval_suggest(&arena, hashed, 20, 0.1, &hints, &base), 0);
    assert_close(base, 0.5, 0);
    arena_free(&arena);
}

static void a_fall_is_an_alarm_in_the_report(void **state)
{
    (void)state;
    enum { N = 800 };
    static struct evidence_attempt attempts[N];
    struct arena arena = {0};
    struct dice dice = dice_from_seed(3);
    for (int i = 0; i < N; i++)
        attempts[i] = (struct evidence_attempt){.rung = slice_from("haiku"),
            .model = slice_from("claude-haiku-5-5"),
            .title = slice_from("x"),
            .success = dice_unit(&dice) < (i < N / 2 ? 0.9 : 0.4),
            .cost_usd = NAN,
            .tier = -1,
            .at_ms = 1793577600000 + 60000 * (int64_t)i};
    struct evidence *evidence = evidence_build(attempts, N);
    struct report_group rung = {.key = slice_from("haiku"), .n = 40, .accepted = 40};
    struct report report = {.all = rung};
    report.by[REPORT_BY_MODEL] = (struct report_groups){&rung, 1};
    report_add_evidence(&arena, NULL, &report);
    assert_false(report.has_evidence);
    report_add_evidence(&arena, evidence, &report);
    assert_true(report.has_evidence);
    assert_true(report.n_alarms >= 1);
    assert_true(slice_find(report_alarm_text(&arena, &report.alarms[0]),
                    "haiku (claude-haiku-5-5) is accepted less:") != SIZE_MAX);
    assert_int_equal(report.n_degenerate, 2); /* one rung alone, and never refused */
    evidence_close(evidence);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_planted_is_found),
        cmocka_unit_test(chance_is_seldom_taken_for_a_rule),
        cmocka_unit_test(nothing_is_made_of_nothing),
        cmocka_unit_test(a_fall_is_an_alarm_in_the_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
