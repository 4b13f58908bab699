/* Receives a ledger's sums, hands on whether plans help, what judges catch and how often gates are
 * wrong. Refuses to decide whether the next task is planned or reviewed. */
#include "parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct ledger_sums NOTHING;

static const struct ledger_tally *tallies_of(
    const struct report_facts *facts, enum ledger_kind kind, size_t *n)
{
    return ledger_tallies_of(facts->tallies, facts->n_tallies, kind, n);
}

/* "planned haiku" -> "planned", leaving "haiku". */
static struct slice next_word(struct slice *rest)
{
    struct slice word = {"", 0};
    slice_next_field(rest, ' ', &word);
    return word;
}

/* ---- plans ---- */

static const struct ledger_sums *find(
    const struct report_facts *facts, enum ledger_kind kind, struct slice key, struct slice second)
{
    size_t n;
    const struct ledger_tally *tallies = tallies_of(facts, kind, &n);
    for (size_t i = 0; i < n; i++)
        if (slice_equal(tallies[i].key, key) && slice_equal(tallies[i].second, second))
            return &tallies[i].sums;
    return &NOTHING;
}

static struct report_arm arm_of(const struct ledger_sums *first, const struct ledger_sums *whole)
{
    double rate = whole->n ? (double)whole->accepted / (double)whole->n : NAN;
    double usd = whole->cost_n ? whole->cost_usd / (double)whole->cost_n : NAN;
    return (struct report_arm){
        .n = first->n,
        .held = first->accepted,
        .success = stats_wilson((double)first->accepted, (double)first->n, 0.95),
        .cost_usd = usd,
        .cost_per_accepted = rate > 0 ? usd / rate : NAN,
        .basis = report_basis_of(whole),
    };
}

/* The rate and number that the tasks chosen by dice are worth. */
static struct interval difference_of(
    const struct report_estimate *a, const struct report_estimate *b)
{
    return stats_rate_difference(
        a->mean * a->effective, a->effective, b->mean * b->effective, b->effective, 0.95);
}

static void compare(
    struct report_planning *row, const struct ledger_sums *planned, const struct ledger_sums *alone)
{
    row->thrown = planned->taken + alone->taken;
    row->is_randomised =
        planned->taken >= REPORT_THROWN_LEAST && alone->taken >= REPORT_THROWN_LEAST;
    if (row->is_randomised) {
        struct report_estimate with = report_weighted_success(planned);
        struct report_estimate without = report_weighted_success(alone);
        row->difference = difference_of(&with, &without);
    } else {
        row->difference = stats_rate_difference((double)planned->accepted, (double)planned->n,
            (double)alone->accepted, (double)alone->n, 0.95);
    }
    row->verdict = isnan(row->difference.mean) ? STATS_INSUFFICIENT
                   : row->difference.low > 0   ? STATS_SUPPORTED
                   : row->difference.high < 0  ? STATS_REFUTED
                                               : STATS_INSUFFICIENT;
}

static struct report_planning plan_row(
    struct arena *arena, const struct report_facts *facts, struct slice label, struct slice rung)
{
    struct slice with = arena_print(arena, "planned %.*s", SLICE_ARG(rung));
    struct slice without = arena_print(arena, "alone %.*s", SLICE_ARG(rung));
    const struct ledger_sums *planned = find(facts, LEDGER_BY_FIRST_TRY, label, with);
    const struct ledger_sums *alone = find(facts, LEDGER_BY_FIRST_TRY, label, without);
    struct report_planning row = {.label = label,
        .rung = rung,
        .planned = arm_of(planned, find(facts, LEDGER_BY_PLANNING, label, with)),
        .alone = arm_of(alone, find(facts, LEDGER_BY_PLANNING, label, without))};
    compare(&row, planned, alone);
    return row;
}

static int compare_plans(const void *left, const void *right)
{
    const struct report_planning *a = left, *b = right;
    if ((a->label.len == 0) != (b->label.len == 0))
        return a->label.len == 0 ? -1 : 1;
    if (a->planned.n != b->planned.n)
        return a->planned.n > b->planned.n ? -1 : 1;
    int order = slice_compare(a->label, b->label);
    return order ? order : slice_compare(a->rung, b->rung);
}

static void add_plans(
    struct arena *arena, const struct report_facts *facts, struct report_phases *phases)
{
    size_t n;
    const struct ledger_tally *tallies = tallies_of(facts, LEDGER_BY_FIRST_TRY, &n);
    phases->plans = ARENA_ARRAY(arena, struct report_planning, n);
    for (size_t i = 0; i < n; i++) {
        struct slice rung = tallies[i].second;
        if (slice_is(next_word(&rung), "planned") && tallies[i].sums.n > 0)
            phases->plans[phases->n_plans++] = plan_row(arena, facts, tallies[i].key, rung);
    }
    if (phases->n_plans)
        qsort(phases->plans, phases->n_plans, sizeof(*phases->plans), compare_plans);
}

/* ---- judges and reviews ---- */

static struct report_checker *checker_of(
    struct report_phases *phases, struct slice label, struct slice rung, struct slice name)
{
    for (size_t i = 0; i < phases->n_checkers; i++) {
        struct report_checker *row = &phases->checkers[i];
        if (slice_equal(row->label, label) && slice_equal(row->rung, rung) &&
            slice_equal(row->name, name))
            return row;
    }
    struct report_checker *row = &phases->checkers[phases->n_checkers++];
    *row = (struct report_checker){.label = label, .rung = rung, .name = name};
    return row;
}

static void add_verdicts(struct report_checker *row, struct slice verdict, struct slice truth,
    const struct ledger_sums *sums)
{
    bool right = slice_is(truth, "right"), wrong = slice_is(truth, "wrong");
    row->n += sums->n;
    row->cost_usd += sums->cost_usd;
    if (slice_is(verdict, "pass")) {
        row->passed += sums->n;
        row->confirmed += right ? sums->n : 0;
        row->missed += wrong ? sums->n : 0;
    } else if (slice_is(verdict, "fail")) {
        row->failed += sums->n;
        row->caught += right ? sums->n : 0;
        row->false_alarms += wrong ? sums->n : 0;
    } else {
        row->unsure += sums->n;
    }
}

static int compare_checkers(const void *left, const void *right)
{
    const struct report_checker *a = left, *b = right;
    if ((a->label.len == 0) != (b->label.len == 0))
        return a->label.len == 0 ? -1 : 1;
    if (a->n != b->n)
        return a->n > b->n ? -1 : 1;
    int order = slice_compare(a->label, b->label);
    order = order ? order : slice_compare(a->name, b->name);
    return order ? order : slice_compare(a->rung, b->rung);
}

static void add_checkers(
    struct arena *arena, const struct report_facts *facts, struct report_phases *phases)
{
    size_t n;
    const struct ledger_tally *tallies = tallies_of(facts, LEDGER_BY_CHECKER, &n);
    phases->checkers = ARENA_ARRAY(arena, struct report_checker, n);
    for (size_t i = 0; i < n; i++) {
        struct slice name = tallies[i].second;
        struct slice rung = next_word(&name), verdict = next_word(&name), truth = next_word(&name);
        add_verdicts(
            checker_of(phases, tallies[i].key, rung, name), verdict, truth, &tallies[i].sums);
    }
    for (size_t i = 0; i < phases->n_checkers; i++) {
        struct report_checker *row = &phases->checkers[i];
        double right = (double)(row->confirmed + row->caught);
        row->agreement =
            stats_wilson(right, right + (double)(row->missed + row->false_alarms), 0.95);
        row->cost_per_catch = row->caught ? row->cost_usd / (double)row->caught : NAN;
        row->cost_per_rejection = row->failed ? row->cost_usd / (double)row->failed : NAN;
    }
    if (phases->n_checkers)
        qsort(phases->checkers, phases->n_checkers, sizeof(*phases->checkers), compare_checkers);
}

/* ---- audits ---- */

static void count_audit(struct report_phases *phases, struct slice label, struct slice rung,
    struct slice verdict, int64_t n)
{
    size_t i = 0;
    while (i < phases->n_audits && !(slice_equal(phases->audits[i].label, label) &&
                                       slice_equal(phases->audits[i].rung, rung)))
        i++;
    if (i == phases->n_audits)
        phases->audits[phases->n_audits++] = (struct report_audit){.label = label, .rung = rung};
    struct report_audit *row = &phases->audits[i];
    bool fails = slice_is(verdict, "fail");
    row->refuted += fails ? n : 0;
    row->n += fails || slice_is(verdict, "pass") ? n : 0;
    row->unsure += fails || slice_is(verdict, "pass") ? 0 : n;
}

/* All first, then by rung, then by label. */
static int compare_audits(const void *left, const void *right)
{
    const struct report_audit *a = left, *b = right;
    int rank_a = a->label.len ? 2 : a->rung.len ? 1 : 0;
    int rank_b = b->label.len ? 2 : b->rung.len ? 1 : 0;
    if (rank_a != rank_b)
        return rank_a - rank_b;
    if (a->n != b->n)
        return a->n > b->n ? -1 : 1;
    int order = slice_compare(a->label, b->label);
    return order ? order : slice_compare(a->rung, b->rung);
}

static void add_audits(
    struct arena *arena, const struct report_facts *facts, struct report_phases *phases)
{
    static const struct slice any = {"", 0};
    size_t n;
    const struct ledger_tally *tallies = tallies_of(facts, LEDGER_BY_AUDIT, &n);
    phases->audits = ARENA_ARRAY(arena, struct report_audit, 2 * n);
    for (size_t i = 0; i < n; i++) {
        struct slice rung = tallies[i].second;
        struct slice verdict = next_word(&rung);
        count_audit(phases, tallies[i].key, any, verdict, tallies[i].sums.n);
        if (tallies[i].key.len == 0 && rung.len)
            count_audit(phases, any, rung, verdict, tallies[i].sums.n);
    }
    for (size_t i = 0; i < phases->n_audits; i++) {
        struct report_audit *row = &phases->audits[i];
        row->false_accepts = stats_clopper_pearson((double)row->refuted, (double)row->n, 0.95);
    }
    if (phases->n_audits)
        qsort(phases->audits, phases->n_audits, sizeof(*phases->audits), compare_audits);
}

void report_make_phases(
    struct arena *arena, const struct report_facts *facts, struct report_phases *phases)
{
    *phases = (struct report_phases){0};
    add_plans(arena, facts, phases);
    add_checkers(arena, facts, phases);
    add_audits(arena, facts, phases);
}
