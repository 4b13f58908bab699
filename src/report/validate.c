/* Receives sums, hands on a verdict on each of the five claims with the number and the reason
 * behind it. Pure; a claim that the numbers cannot carry is INSUFFICIENT, never believed. */
#include "parts.h"

#include <math.h>

/* What the claims say. */
static const double CHEAP_RATE = 0.85, STATED_RATE = 0.80;

const char *report_verdict_name(enum stats_verdict verdict)
{
    static const char *const names[] = {[STATS_INSUFFICIENT] = "INSUFFICIENT",
        [STATS_SUPPORTED] = "SUPPORTED",
        [STATS_REFUTED] = "REFUTED"};
    return names[verdict];
}

/* ---- claims about a rate ---- */

/* k of n outcomes, and those of them that a test or a review gave. */
struct rate {
    double k, n, verified_k, verified_n;
};

static enum stats_verdict judge_counts(double k, double n, double target, bool one_look)
{
    if (!(n > 0))
        return STATS_INSUFFICIENT;
    return one_look ? stats_verdict_one_look(k, n, target, REPORT_ALPHA)
                    : stats_verdict(k, n, target, REPORT_ALPHA);
}

static enum stats_verdict judge_rate(const struct rate *rate, double target, bool one_look)
{
    enum stats_verdict all = judge_counts(rate->k, rate->n, target, one_look);
    if (all == STATS_REFUTED)
        return all;
    enum stats_verdict verified =
        judge_counts(rate->verified_k, rate->verified_n, target, one_look);
    return verified == STATS_SUPPORTED ? STATS_SUPPORTED : STATS_INSUFFICIENT;
}

/* For a single look: the first count beyond the ones seen that settles the claim at their rate. */
static int64_t one_look_needed(double k, double n, double rate, double target)
{
    enum { LOOK_MOST = 20000 };
    for (int64_t more = 0; more <= LOOK_MOST; more++) {
        double then = n + (double)more, hits = fmin(floor(k + rate * (double)more + 1e-9), then);
        if (then > 0 &&
            stats_verdict_one_look(hits, then, target, REPORT_ALPHA) != STATS_INSUFFICIENT)
            return more;
    }
    return STATS_NEVER;
}

/* Verified tasks are what is missing to SUPPORTED; to REFUTED any outcome counts. With none
 * verified, the wait is reckoned from a trifle of a task at the observed rate. */
static int64_t rate_needed(const struct rate *rate, double target, bool one_look)
{
    if (!(rate->n > 0))
        return STATS_NEVER;
    double observed = rate->k / rate->n;
    double k = rate->k, n = rate->n;
    if (observed > target) {
        k = rate->verified_k;
        n = rate->verified_n;
    }
    if (one_look)
        return one_look_needed(k, n, observed, target);
    const double trifle = 1e-9;
    if (!(n > 0))
        return stats_eprocess_more_needed(observed * trifle, trifle, target, REPORT_ALPHA);
    return stats_eprocess_more_needed(k, n, target, REPORT_ALPHA);
}

static void fill_rate(
    struct report_verdict *row, const struct rate *rate, double target, bool one_look)
{
    row->target = target;
    row->n = (int64_t)rate->n;
    row->k = (int64_t)rate->k;
    row->estimate = rate->n > 0 ? rate->k / rate->n : NAN;
    row->lower = rate->n > 0 ? stats_clopper_pearson_lower(rate->k, rate->n, 1 - REPORT_ALPHA) : 0;
    row->e = stats_eprocess_above(rate->k, rate->n, target);
    row->verdict = judge_rate(rate, target, one_look);
    row->more_needed = row->verdict == STATS_INSUFFICIENT ? rate_needed(rate, target, one_look) : 0;
    row->verified_needed = rate->verified_n < rate->n && row->estimate > target;
}

static const char *plural(double n)
{
    return n == 1 ? "" : "s";
}

static struct slice verified_text(struct arena *arena, const struct rate *rate)
{
    if (rate->verified_n == rate->n)
        return slice_from("all of them verified by a test or a review");
    if (rate->verified_n == 0)
        return slice_from("nobody verified any of them (a test or a review has to)");
    return arena_print(
        arena, "%.0f of %.0f verified by a test or a review", rate->verified_k, rate->verified_n);
}

static struct slice rate_reason(struct arena *arena, const struct report_verdict *row,
    const struct rate *rate, const char *what, bool one_look)
{
    if (!(rate->n > 0))
        return arena_print(arena, "no %s yet", what);
    double mirror = stats_eprocess_below(rate->k, rate->n, row->target);
    const char *rule = one_look ? "for a single planned look" : "e-value";
    struct slice numbers =
        arena_print(arena, "%.*s of %.*s %s%s accepted, lower bound %.3f, e-value %.*s",
            SLICE_ARG(report_count(arena, row->k)), SLICE_ARG(report_count(arena, row->n)), what,
            plural(rate->n), row->lower, SLICE_ARG(report_e_value(arena, row->e)));
    struct slice verified = verified_text(arena, rate);
    if (row->verdict == STATS_REFUTED)
        return arena_print(arena, "%.*s; the e-value of the opposite is %.*s", SLICE_ARG(numbers),
            SLICE_ARG(report_e_value(arena, mirror)));
    if (one_look)
        return arena_print(arena, "%.*s; %.*s; %s the lower bound has to reach %.2f",
            SLICE_ARG(numbers), SLICE_ARG(verified), rule, row->target);
    return arena_print(arena, "%.*s; %.*s; an e-value of %.0f of the verified ones settles it",
        SLICE_ARG(numbers), SLICE_ARG(verified), 1 / REPORT_ALPHA);
}

static struct rate rate_of_attempts(const struct ledger_sums *sums)
{
    return (struct rate){.k = (double)sums->accepted,
        .n = (double)sums->n,
        .verified_k = (double)sums->verified_accepted,
        .verified_n = (double)sums->verified};
}

static struct report_verdict judge_version(struct arena *arena, const struct report_facts *facts,
    struct slice version, const struct ledger_sums *sums, bool one_look)
{
    struct slice rung = facts->policy->rungs[facts->cheapest].name;
    struct rate rate = rate_of_attempts(sums);
    struct report_verdict row = {.id = "cheap-success",
        .version = version,
        .claim = arena_print(arena,
            "attempts on %.*s%s%.*s%s are accepted at a rate of %.2f or more", SLICE_ARG(rung),
            version.len ? " (" : "", SLICE_ARG(version), version.len ? ")" : "", CHEAP_RATE)};
    fill_rate(&row, &rate, CHEAP_RATE, one_look);
    row.reason = rate_reason(arena, &row, &rate, "attempt", one_look);
    return row;
}

/* One verdict a model version; the one with most attempts speaks for the rung. */
static void judge_cheap(struct arena *arena, const struct report_facts *facts, bool one_look,
    struct report_validation *validation)
{
    struct slice rung = facts->policy->rungs[facts->cheapest].name;
    static const struct ledger_sums nothing;
    const struct ledger_tally *most = NULL;
    size_t n = 0;
    const struct ledger_tally *tallies =
        ledger_tallies_of(facts->tallies, facts->n_tallies, LEDGER_BY_ATTEMPT, &n);
    for (size_t i = 0; i < n; i++)
        if (slice_equal(tallies[i].key, rung) && (!most || tallies[i].sums.n > most->sums.n))
            most = &tallies[i];
    validation->rows[REPORT_CHEAP_SUCCESS] = judge_version(arena, facts,
        most ? most->second : (struct slice){0}, most ? &most->sums : &nothing, one_look);
    for (size_t i = 0; i < n && validation->n_versions < REPORT_VERSIONS_MOST; i++)
        if (slice_equal(tallies[i].key, rung) && &tallies[i] != most)
            validation->versions[validation->n_versions++] =
                judge_version(arena, facts, tallies[i].second, &tallies[i].sums, one_look);
}

static struct report_verdict judge_confidence(
    struct arena *arena, const struct report_facts *facts, bool one_look)
{
    const struct ledger_sums *sums = report_sums_of_all(facts);
    struct rate rate = {.k = (double)sums->calibrated_accepted,
        .n = (double)sums->calibrated,
        .verified_k = (double)sums->calibrated_verified_accepted,
        .verified_n = (double)sums->calibrated_verified};
    struct report_verdict row = {.id = "confidence",
        .claim = arena_print(arena,
            "the mean stated confidence is above %.2f, and that often tasks are accepted",
            STATED_RATE)};
    fill_rate(&row, &rate, STATED_RATE, one_look);
    struct slice reason = rate_reason(arena, &row, &rate, "forecast task", one_look);
    double stated = rate.n > 0 ? sums->calibrated_confidence / rate.n : NAN;
    if (rate.n > 0)
        reason = arena_print(arena, "mean stated confidence %.3f; %.*s", stated, SLICE_ARG(reason));
    if (row.verdict == STATS_SUPPORTED && !(stated > STATED_RATE)) {
        row.verdict = STATS_INSUFFICIENT;
        row.more_needed = STATS_NEVER;
        reason = arena_print(
            arena, "%.*s; the stated mean is not above %.2f", SLICE_ARG(reason), STATED_RATE);
    }
    row.reason = reason;
    return row;
}

void report_validate(struct arena *arena, const struct report_facts *facts, bool one_look,
    struct report_validation *validation)
{
    *validation = (struct report_validation){.verdict = STATS_SUPPORTED};
    judge_cheap(arena, facts, one_look, validation);
    validation->rows[REPORT_COST_REDUCTION] = report_judge_cost(arena, facts);
    validation->rows[REPORT_CONFIDENCE] = judge_confidence(arena, facts, one_look);
    validation->rows[REPORT_NO_REGRESSION] = report_judge_regression(arena, facts);
    validation->rows[REPORT_TENTH_OF_COST] = report_judge_tenth(arena, facts);
    for (int i = 0; i < REPORT_CLAIMS; i++) {
        enum stats_verdict verdict = validation->rows[i].verdict;
        if (verdict == STATS_REFUTED || validation->verdict == STATS_SUPPORTED)
            validation->verdict = verdict;
    }
}
