/* Receives experiments, hands on the sums that they change. This file alone knows what is counted
 * by which key; it refuses to know where sums are kept. */
#include "sums.h"

#include "base/clock.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_AT_FIRST = 256, CONFIDENCE_BINS = 10, HOUR_MS = 3600000 };

#define WHOLE(member)                                                                              \
    {                                                                                              \
#member, offsetof(struct ledger_sums, member), false                                       \
    }
#define REAL(member)                                                                               \
    {                                                                                              \
#member, offsetof(struct ledger_sums, member), true                                        \
    }

const struct sums_column SUMS_COLUMN[SUMS_COLUMNS] = {
    WHOLE(n),
    WHOLE(accepted),
    WHOLE(verified),
    WHOLE(verified_accepted),
    WHOLE(stated),
    REAL(confidence),
    WHOLE(calibrated),
    WHOLE(calibrated_accepted),
    WHOLE(calibrated_verified),
    WHOLE(calibrated_verified_accepted),
    REAL(calibrated_confidence),
    WHOLE(cost_n),
    REAL(cost_usd),
    REAL(cost_squares),
    REAL(cost_accepted_usd),
    WHOLE(measured_n),
    REAL(measured_usd),
    REAL(measured_squares),
    REAL(measured_accepted_usd),
    WHOLE(seconds_n),
    REAL(seconds),
    WHOLE(quality_n),
    REAL(quality),
    WHOLE(taken),
    REAL(weight),
    REAL(weight_squares),
    REAL(weight_accepted),
    REAL(weight_squares_accepted),
    WHOLE(taken_measured),
    REAL(weight_measured),
    REAL(weight_squares_measured),
    REAL(weight_usd),
    REAL(weight_squares_usd),
    REAL(weight_squares_usd_squares),
};

void sums_free(struct sums_set *set)
{
    arena_free(&set->arena);
    arena_free(&set->scratch);
    free(set->items);
    free(set->slots);
    *set = (struct sums_set){0};
}

void sums_clear(struct sums_set *set)
{
    arena_reset(&set->arena);
    set->n = 0;
    if (set->slots)
        memset(set->slots, 0, set->n_slots * sizeof(*set->slots));
}

static uint64_t hash_of(enum ledger_kind kind, struct slice key, struct slice second)
{
    uint64_t hash = slice_hash(key) ^ (slice_hash(second) * 0x9e3779b97f4a7c15u);
    hash ^= (uint64_t)kind * 0xbf58476d1ce4e5b9u;
    return hash ^ (hash >> 29);
}

static void grow(struct sums_set *set)
{
    set->n_slots = set->n_slots ? set->n_slots * 2 : SLOTS_AT_FIRST;
    set->room = set->n_slots / 2;
    set->items = memory_resize(set->items, set->room * sizeof(*set->items));
    set->slots = memory_resize(set->slots, set->n_slots * sizeof(*set->slots));
    memset(set->slots, 0, set->n_slots * sizeof(*set->slots));
    for (size_t i = 0; i < set->n; i++) {
        const struct ledger_tally *tally = &set->items[i];
        size_t at = hash_of(tally->kind, tally->key, tally->second) & (set->n_slots - 1);
        while (set->slots[at])
            at = (at + 1) & (set->n_slots - 1);
        set->slots[at] = (uint32_t)(i + 1);
    }
}

/* The sums under a key, made where they are not there yet. */
static struct ledger_sums *sums_at(
    struct sums_set *set, enum ledger_kind kind, struct slice key, struct slice second)
{
    if (set->n == set->room)
        grow(set);
    size_t at = hash_of(kind, key, second) & (set->n_slots - 1);
    for (; set->slots[at]; at = (at + 1) & (set->n_slots - 1)) {
        struct ledger_tally *tally = &set->items[set->slots[at] - 1];
        if (tally->kind == kind && slice_equal(tally->key, key) &&
            slice_equal(tally->second, second))
            return &tally->sums;
    }
    struct ledger_tally *made = &set->items[set->n++];
    *made = (struct ledger_tally){.kind = kind,
        .key = arena_copy(&set->arena, key),
        .second = arena_copy(&set->arena, second)};
    set->slots[at] = (uint32_t)set->n;
    return &made->sums;
}

/* One thing to be counted: an experiment or one attempt of it. */
struct unit {
    int sign;
    bool accepted, verified, calibrated, measured;
    double confidence, cost_usd, seconds, quality; /* NAN: not known */
};

static void add_cost(struct ledger_sums *sums, const struct unit *unit)
{
    double sign = unit->sign, cost = unit->cost_usd, accepted = unit->accepted ? cost : 0;
    if (isnan(cost))
        return;
    sums->cost_n += unit->sign;
    sums->cost_usd += sign * cost;
    sums->cost_squares += sign * cost * cost;
    sums->cost_accepted_usd += sign * accepted;
    if (!unit->measured)
        return;
    sums->measured_n += unit->sign;
    sums->measured_usd += sign * cost;
    sums->measured_squares += sign * cost * cost;
    sums->measured_accepted_usd += sign * accepted;
}

static void add_unit(struct ledger_sums *sums, const struct unit *unit)
{
    int one = unit->sign, accepted = unit->accepted ? one : 0;
    sums->n += one;
    sums->accepted += accepted;
    sums->verified += unit->verified ? one : 0;
    sums->verified_accepted += unit->verified ? accepted : 0;
    if (!isnan(unit->confidence)) {
        sums->stated += one;
        sums->confidence += one * unit->confidence;
    }
    if (unit->calibrated) {
        sums->calibrated += one;
        sums->calibrated_accepted += accepted;
        sums->calibrated_verified += unit->verified ? one : 0;
        sums->calibrated_verified_accepted += unit->verified ? accepted : 0;
        sums->calibrated_confidence += one * unit->confidence;
    }
    add_cost(sums, unit);
    if (!isnan(unit->seconds)) {
        sums->seconds_n += one;
        sums->seconds += one * unit->seconds;
    }
    if (!isnan(unit->quality)) {
        sums->quality_n += one;
        sums->quality += one * unit->quality;
    }
}

static void add_weights(struct ledger_sums *sums, const struct unit *unit, double p)
{
    double sign = unit->sign, w = 1 / p, accepted = unit->accepted ? 1 : 0, cost = unit->cost_usd;
    sums->taken += unit->sign;
    sums->weight += sign * w;
    sums->weight_squares += sign * w * w;
    sums->weight_accepted += sign * w * accepted;
    sums->weight_squares_accepted += sign * w * w * accepted;
    if (!unit->measured || isnan(cost))
        return;
    sums->taken_measured += unit->sign;
    sums->weight_measured += sign * w;
    sums->weight_squares_measured += sign * w * w;
    sums->weight_usd += sign * w * cost;
    sums->weight_squares_usd += sign * w * w * cost;
    sums->weight_squares_usd_squares += sign * w * w * cost * cost;
}

static const struct slice NONE = {"", 0};

static void add_labels(
    struct sums_set *set, const struct experiment *experiment, const struct unit *unit)
{
    const struct record_texts *labels = &experiment->labels;
    for (size_t i = 0; i < labels->n; i++) {
        bool is_again = false;
        for (size_t before = 0; before < i && !is_again; before++)
            is_again = slice_equal(labels->items[before], labels->items[i]);
        if (!is_again)
            add_unit(sums_at(set, LEDGER_BY_LABEL, labels->items[i], NONE), unit);
    }
}

static void add_attempts(
    struct sums_set *set, const struct experiment *experiment, const struct unit *whole)
{
    struct record_attempt implied;
    struct record_attempts attempts = record_attempts_of(experiment, &implied);
    for (size_t i = 0; i < attempts.n; i++) {
        const struct record_attempt *attempt = &attempts.items[i];
        if (attempt->phase != RECORD_EXECUTE || attempt->success == RECORD_OPEN ||
            attempt->part.len)
            continue;
        struct unit unit = {.sign = whole->sign,
            .accepted = attempt->success == RECORD_ACCEPTED,
            .verified = whole->verified,
            .measured = whole->measured,
            .confidence = NAN,
            .cost_usd = attempt->cost_usd,
            .seconds = attempt->seconds,
            .quality = NAN};
        add_unit(sums_at(set, LEDGER_BY_ATTEMPT, attempt->rung, attempt->model), &unit);
    }
}

static void add_gates(
    struct sums_set *set, const struct experiment *experiment, const struct unit *whole)
{
    for (size_t i = 0; i < experiment->attempts.n; i++) {
        const struct record_gates *gates = &experiment->attempts.items[i].gates;
        if (experiment->attempts.items[i].phase != RECORD_EXECUTE)
            continue;
        for (size_t k = 0; k < gates->n; k++) {
            const struct record_gate *gate = &gates->items[k];
            struct unit unit = {.sign = whole->sign,
                .accepted = slice_is(gate->verdict, "pass"),
                .confidence = NAN,
                .cost_usd = NAN,
                .seconds = gate->seconds,
                .quality = NAN};
            struct slice second = gate->asked.len ? gate->asked : gate->verdict;
            add_unit(sums_at(set, LEDGER_BY_GATE, gate->name, second), &unit);
        }
    }
}

static void add_actions(
    struct sums_set *set, const struct experiment *experiment, const struct unit *unit)
{
    if (!record_is_explored(experiment))
        return;
    for (size_t i = 0; i < experiment->propensities.n; i++) {
        const struct record_action *action = &experiment->propensities.items[i];
        if (!(action->p > 0))
            continue;
        struct ledger_sums *sums = sums_at(set, LEDGER_BY_ACTION, action->rung, NONE);
        add_unit(sums, unit);
        if (slice_equal(action->rung, experiment->rung))
            add_weights(sums, unit, action->p);
    }
}

/* Under "" and under each label, once. */
static void add_by_label(struct sums_set *set, const struct experiment *experiment,
    enum ledger_kind kind, struct slice second, const struct unit *unit, double p)
{
    const struct record_texts *labels = &experiment->labels;
    for (size_t i = 0; i <= labels->n; i++) {
        struct slice key = i == 0 ? NONE : labels->items[i - 1];
        bool is_again = i > 0 && key.len == 0;
        for (size_t before = 1; before < i && !is_again; before++)
            is_again = slice_equal(labels->items[before - 1], key);
        if (is_again)
            continue;
        struct ledger_sums *sums = sums_at(set, kind, key, second);
        add_unit(sums, unit);
        if (p > 0)
            add_weights(sums, unit, p);
    }
}

/* With which probability the task came into its arm, where dice said; else 0. */
static double arm_propensity(const struct experiment *experiment)
{
    double p = experiment->plan_propensity;
    if (experiment->planning == RECORD_NOT_ASKED || !(p > 0 && p < 1))
        return 0;
    return experiment->planning == RECORD_CHOSEN ? p : 1 - p;
}

static void add_planning(
    struct sums_set *set, const struct experiment *experiment, const struct unit *whole)
{
    enum record_success first = record_first_try(experiment);
    if (first == RECORD_OPEN)
        return;
    struct unit unit = *whole;
    unit.accepted = first == RECORD_ACCEPTED;
    struct slice second = arena_print(&set->scratch, "%s %.*s",
        record_is_planned(experiment) ? "planned" : "alone", SLICE_ARG(experiment->rung));
    double p = arm_propensity(experiment);
    add_by_label(set, experiment, LEDGER_BY_FIRST_TRY, second, &unit, p);
    add_by_label(set, experiment, LEDGER_BY_PLANNING, second, whole, p);
}

/* The truth about an attempt's change, as far as anybody beside its judges knows it. */
static enum record_success truth_of(const struct experiment *experiment, size_t at)
{
    bool others_passed;
    struct slice verdict = record_audit_verdict(&experiment->attempts.items[at], &others_passed);
    bool is_last = true;
    for (size_t i = at + 1; i < experiment->attempts.n; i++)
        is_last = is_last && experiment->attempts.items[i].phase != RECORD_EXECUTE;
    if (slice_is(verdict, "pass") || slice_is(verdict, "fail"))
        return slice_is(verdict, "pass") ? RECORD_ACCEPTED : RECORD_FAILED;
    return is_last && experiment->outcome_source == RECORD_USER ? experiment->success : RECORD_OPEN;
}

static void add_checker(struct sums_set *set, const struct experiment *experiment,
    const struct unit *whole, const struct record_attempt *judge, enum record_success truth)
{
    const struct record_gate *gate = &judge->gates.items[0];
    bool passed = slice_is(gate->verdict, "pass"), failed = slice_is(gate->verdict, "fail");
    bool is_right = truth == RECORD_ACCEPTED ? passed : failed;
    bool is_known = truth != RECORD_OPEN && (passed || failed);
    struct unit unit = {.sign = whole->sign,
        .accepted = is_known && is_right,
        .measured = whole->measured,
        .confidence = NAN,
        .cost_usd = judge->cost_usd,
        .seconds = judge->seconds,
        .quality = NAN};
    struct slice second = arena_print(&set->scratch, "%.*s %.*s %s %.*s", SLICE_ARG(judge->rung),
        SLICE_ARG(gate->verdict),
        !is_known  ? "unknown"
        : is_right ? "right"
                   : "wrong",
        SLICE_ARG(gate->name));
    add_by_label(set, experiment, LEDGER_BY_CHECKER, second, &unit, 0);
}

static void add_checks(
    struct sums_set *set, const struct experiment *experiment, const struct unit *whole)
{
    bool is_audited = false, others_passed;
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < experiment->attempts.n; i++) {
        const struct record_attempt *attempt = &experiment->attempts.items[i];
        bool is_checker = attempt->phase == RECORD_JUDGE || attempt->phase == RECORD_REVIEW_PHASE;
        if (attempt->phase == RECORD_EXECUTE)
            last = i;
        if (is_checker && last != SIZE_MAX && attempt->gates.n &&
            !slice_starts(attempt->gates.items[0].name, RECORD_AUDIT))
            add_checker(set, experiment, whole, attempt, truth_of(experiment, last));
        struct slice verdict = record_audit_verdict(attempt, &others_passed);
        if (attempt->phase != RECORD_EXECUTE || verdict.len == 0 || !others_passed || is_audited)
            continue;
        is_audited = true;
        struct slice second =
            arena_print(&set->scratch, "%.*s %.*s", SLICE_ARG(verdict), SLICE_ARG(attempt->rung));
        add_by_label(set, experiment, LEDGER_BY_AUDIT, second, whole, 0);
    }
}

static void add_bin(
    struct sums_set *set, const struct experiment *experiment, const struct unit *unit)
{
    static const char digits[] = "0123456789";
    if (!unit->calibrated)
        return;
    int bin = (int)(experiment->confidence * CONFIDENCE_BINS);
    bin = bin >= CONFIDENCE_BINS ? CONFIDENCE_BINS - 1 : bin;
    struct slice key = {digits + bin, 1};
    add_unit(sums_at(set, LEDGER_BY_CONFIDENCE, key, NONE), unit);
}

static struct unit unit_of(const struct experiment *experiment, int sign)
{
    return (struct unit){.sign = sign,
        .accepted = experiment->success == RECORD_ACCEPTED,
        .verified = record_is_verified(experiment),
        .calibrated = record_is_calibrated(experiment),
        .measured = experiment->cost_source == RECORD_MEASURED,
        .confidence = experiment->confidence,
        .cost_usd = experiment->cost_usd,
        .seconds = experiment->seconds,
        .quality = experiment->quality};
}

void sums_add_experiment(struct sums_set *set, const struct experiment *experiment, int sign)
{
    if (experiment->pending)
        return;
    char day[CLOCK_DAY_BYTES];
    struct slice today = slice_from(clock_format_day(clock_day_from_ms(experiment->at_ms), day));
    struct unit unit = unit_of(experiment, sign);
    add_unit(sums_at(set, LEDGER_ALL, NONE, NONE), &unit);
    add_unit(sums_at(set, LEDGER_BY_MODEL, experiment->model_used, NONE), &unit);
    add_unit(
        sums_at(set, LEDGER_BY_RUNG, experiment->rung, record_model_version(experiment)), &unit);
    add_unit(sums_at(set, LEDGER_BY_STRATEGY, experiment->strategy, NONE), &unit);
    add_unit(sums_at(set, LEDGER_BY_DAY, today, NONE), &unit);
    if (experiment->matched.n && slice_is(experiment->strategy, "pattern-match"))
        add_unit(sums_at(set, LEDGER_BY_PATTERN, experiment->matched.items[0], NONE), &unit);
    if (experiment->project.len)
        add_unit(sums_at(set, LEDGER_BY_PROJECT, experiment->project, NONE), &unit);
    if (experiment->pair.len)
        add_unit(sums_at(set, LEDGER_BY_PAIR, experiment->pair, experiment->rung), &unit);
    add_labels(set, experiment, &unit);
    add_bin(set, experiment, &unit);
    add_attempts(set, experiment, &unit);
    add_gates(set, experiment, &unit);
    add_actions(set, experiment, &unit);
    add_planning(set, experiment, &unit);
    add_checks(set, experiment, &unit);
    arena_reset(&set->scratch);
}

void sums_add_hour(struct sums_set *set, const struct experiment *experiment, int sign)
{
    char hour[24];
    if (experiment->pending)
        return;
    struct unit unit = unit_of(experiment, sign);
    int len = snprintf(hour, sizeof(hour), "%lld", (long long)(experiment->at_ms / HOUR_MS));
    struct slice key = {hour, (size_t)len};
    add_unit(sums_at(set, LEDGER_ALL, key, experiment->rung), &unit);
}

static int compare_tallies(const void *left, const void *right)
{
    const struct ledger_tally *a = left, *b = right;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    int order = slice_compare(a->key, b->key);
    return order ? order : slice_compare(a->second, b->second);
}

void sums_sort(struct ledger_tally *items, size_t n)
{
    if (n)
        qsort(items, n, sizeof(*items), compare_tallies);
}
