/* Receives sums over explored experiments, hands on verdicts on the claims that compare rungs:
 * what the middle rung would have done with the same tasks. Without exploration there is no
 * verdict. */
#include "parts.h"

#include <inttypes.h>
#include <math.h>

/* What the claims say. */
static const double REGRESSION_MARGIN = 0.05, TENTH_SUCCESS = 0.90, TENTH_COST = 0.10;

/* Variance of a rate worth n tasks, with two successes and two failures added (Agresti and Coull
 * 1998): without them a few tasks that all went well would seem to prove certainty. */
static double rate_variance(double rate, double n)
{
    double shrunk = (rate * n + 2) / (n + 4);
    return shrunk * (1 - shrunk) / n;
}

/* Self-normalised weighting: sum w x ÷ sum w; variance sum w²(x - mean)² ÷ (sum w)², and at least
 * that of a rate of the same effective size. */
struct report_estimate report_weighted_success(const struct ledger_sums *sums)
{
    if (!sums || !(sums->weight > 0))
        return (struct report_estimate){NAN, NAN, 0};
    double mean = sums->weight_accepted / sums->weight;
    double squares =
        sums->weight_squares_accepted * (1 - 2 * mean) + mean * mean * sums->weight_squares;
    double effective = sums->weight * sums->weight / sums->weight_squares;
    double variance = fmax(squares / (sums->weight * sums->weight), rate_variance(mean, effective));
    return (struct report_estimate){mean, variance, effective};
}

struct report_estimate report_weighted_cost(const struct ledger_sums *sums)
{
    if (!sums || !(sums->weight_measured > 0))
        return (struct report_estimate){NAN, NAN, 0};
    double mean = sums->weight_usd / sums->weight_measured;
    double squares = sums->weight_squares_usd_squares - 2 * mean * sums->weight_squares_usd +
                     mean * mean * sums->weight_squares_measured;
    double total = sums->weight_measured * sums->weight_measured;
    return (struct report_estimate){
        mean, fmax(squares, 0) / total, total / sums->weight_squares_measured};
}

static struct report_estimate plain_success(const struct ledger_sums *sums)
{
    double n = (double)sums->n, mean = (double)sums->accepted / n;
    return (struct report_estimate){mean, rate_variance(mean, n), n};
}

static struct report_estimate plain_cost(const struct ledger_sums *sums)
{
    double n = (double)sums->measured_n, mean = sums->measured_usd / n;
    double squares = sums->measured_squares - n * mean * mean;
    return (struct report_estimate){mean, n > 1 ? fmax(squares, 0) / (n - 1) / n : NAN, n};
}

/* ln e of "the true mean is 0" for a standard score z after t rows: a normal mixture with its
 * precision tuned to t = 200 (equation 9 and appendix B.2 of the paper named in the door). */
static double log_e_of_score(double z, double t)
{
    const double tuned_at = 200, level = -2 * log(REPORT_ALPHA);
    double precision = t * (level + log(level + 1)) / tuned_at;
    return z * z * precision / (2 * (precision + 1)) - log(precision + 1) / 2;
}

/* A claim "gain > 0" for a gain estimated with that variance from t rows. */
struct comparison {
    double gain, variance, t;
};

static double log_e(const struct comparison *c)
{
    if (!(c->variance > 0))
        return 0;
    return log_e_of_score(c->gain / sqrt(c->variance), c->t);
}

static enum stats_verdict judge_comparison(const struct comparison *c)
{
    if (!(log_e(c) >= -log(REPORT_ALPHA)))
        return STATS_INSUFFICIENT;
    return c->gain > 0 ? STATS_SUPPORTED : STATS_REFUTED;
}

/* Largest margin by which the gain is above at that confidence: the bound of the sequence. */
static double comparison_lower(const struct comparison *c)
{
    const double tuned_at = 200, level = -2 * log(REPORT_ALPHA);
    double precision = c->t * (level + log(level + 1)) / tuned_at;
    double z2 = 2 * (precision + 1) / precision * (log(precision + 1) / 2 - log(REPORT_ALPHA));
    return c->gain - sqrt(z2 * c->variance);
}

/* Rows like those seen until the verdict: the score grows with the root of their number. */
static int64_t comparison_needed(const struct comparison *c)
{
    if (!(c->variance > 0) || c->gain == 0 || !(c->t > 0))
        return STATS_NEVER;
    for (double factor = 1.01; c->t * factor <= STATS_TASKS_MOST; factor *= 1.01) {
        struct comparison then = {c->gain, c->variance / factor, c->t * factor};
        if (judge_comparison(&then) != STATS_INSUFFICIENT)
            return (int64_t)ceil(c->t * (factor - 1));
    }
    return STATS_NEVER;
}

static double bounded_exp(double log_e_value)
{
    return log_e_value < 690 ? exp(log_e_value) : 1e300;
}

static void settle(struct report_verdict *row, const struct comparison *c)
{
    row->verdict = judge_comparison(c);
    /* evidence for the claim; below 1 where the numbers point the other way */
    row->e = c->gain > 0 ? bounded_exp(log_e(c)) : bounded_exp(-fmax(log_e(c), 0));
    row->more_needed = row->verdict == STATS_INSUFFICIENT ? comparison_needed(c) : 0;
}

static struct report_verdict blank_row(const char *id, double target)
{
    return (struct report_verdict){.id = id,
        .target = target,
        .estimate = NAN,
        .lower = NAN,
        .e = NAN,
        .more_needed = STATS_NEVER};
}

static struct slice name_of(const struct report_facts *facts, int rung)
{
    return facts->policy->rungs[rung].name;
}

static const char NOT_EXPLORED[] =
    "nothing was explored or paired, so what the middle rung would have done with these very "
    "tasks is not known (`explore: 0.05` in the policy would tell)";

struct report_verdict report_judge_cost(struct arena *arena, const struct report_facts *facts)
{
    const struct ledger_sums *all = report_sums_of_all(facts);
    const struct ledger_sums *explored = report_sums_of_action(facts, facts->middle);
    struct report_verdict row = blank_row("cost-reduction", 0);
    double middle = report_rung_cost(facts, facts->middle, NULL);
    row.claim = arena_print(
        arena, "routing costs less than all-%.*s", SLICE_ARG(name_of(facts, facts->middle)));
    row.n = all->cost_n;
    row.k = all->measured_n;
    if (all->cost_n)
        row.estimate = 1 - all->cost_usd / (double)all->cost_n / middle;
    if (!all->cost_n) {
        row.reason = slice_from("no cost is known yet");
        return row;
    }
    struct slice seen = arena_print(arena, "%.1f %% saved against all-%.*s", 100 * row.estimate,
        SLICE_ARG(name_of(facts, facts->middle)));
    if (all->measured_n == 0) {
        row.reason =
            arena_print(arena, "%.*s, but every cost is assumed: none of %" PRId64 " was measured",
                SLICE_ARG(seen), all->cost_n);
        return row;
    }
    struct report_estimate there = report_weighted_cost(explored);
    if (!explored || isnan(there.mean)) {
        row.reason = arena_print(arena, "%.*s; %s", SLICE_ARG(seen), NOT_EXPLORED);
        return row;
    }
    struct report_estimate here = plain_cost(explored);
    struct comparison c = {
        there.mean - here.mean, there.variance + here.variance, (double)explored->measured_n};
    row.n = explored->measured_n;
    row.k = explored->taken_measured;
    row.estimate = 1 - here.mean / there.mean;
    row.lower = comparison_lower(&c) / there.mean;
    if (there.effective < REPORT_EFFECTIVE_LEAST) {
        row.reason = arena_print(arena,
            "%" PRId64 " measured tasks were explored, worth %.0f that began on the middle rung; "
            "below %d nothing is said",
            explored->measured_n, there.effective, REPORT_EFFECTIVE_LEAST);
        return row;
    }
    settle(&row, &c);
    row.reason = arena_print(arena,
        "%" PRId64 " measured, explored tasks cost $%.4f each; all-%.*s would have cost $%.4f: "
        "%.1f %% saved, at least %.1f %%; e-value %.3g",
        explored->measured_n, here.mean, SLICE_ARG(name_of(facts, facts->middle)), there.mean,
        100 * row.estimate, 100 * row.lower, row.e);
    return row;
}

struct report_verdict report_judge_regression(struct arena *arena, const struct report_facts *facts)
{
    const struct ledger_sums *explored = report_sums_of_action(facts, facts->middle);
    struct ledger_sums middle = report_sums_of_rung(facts, facts->middle);
    const struct ledger_sums *all = report_sums_of_all(facts);
    struct report_verdict row = blank_row("no-regression", -REGRESSION_MARGIN);
    row.claim = arena_print(arena, "tasks are accepted as often as on all-%.*s, to within %.2f",
        SLICE_ARG(name_of(facts, facts->middle)), REGRESSION_MARGIN);
    row.n = all->n;
    row.k = all->accepted;
    if (all->n && middle.n)
        row.estimate =
            (double)all->accepted / (double)all->n - (double)middle.accepted / (double)middle.n;
    struct report_estimate there = report_weighted_success(explored);
    if (!explored || isnan(there.mean)) {
        row.reason = slice_from(NOT_EXPLORED);
        return row;
    }
    struct report_estimate here = plain_success(explored);
    double difference = here.mean - there.mean;
    struct comparison c = {
        difference + REGRESSION_MARGIN, here.variance + there.variance, (double)explored->n};
    row.n = explored->n;
    row.k = explored->accepted;
    row.estimate = difference;
    row.lower = comparison_lower(&c) - REGRESSION_MARGIN;
    if (there.effective < REPORT_EFFECTIVE_LEAST) {
        row.reason = arena_print(arena,
            "%" PRId64 " tasks were explored, worth %.0f that began on the middle rung; below %d "
            "nothing is said",
            explored->n, there.effective, REPORT_EFFECTIVE_LEAST);
        return row;
    }
    settle(&row, &c);
    row.reason = arena_print(arena,
        "on %" PRId64 " explored tasks %.1f %% were accepted, on all-%.*s %.1f %% would have been: "
        "difference %+.3f, at least %+.3f; e-value %.3g",
        explored->n, 100 * here.mean, SLICE_ARG(name_of(facts, facts->middle)), 100 * there.mean,
        difference, row.lower, row.e);
    if (row.verdict == STATS_SUPPORTED && explored->verified < explored->n) {
        row.verdict = STATS_INSUFFICIENT;
        row.more_needed = STATS_NEVER;
        row.reason = arena_print(arena, "%.*s; but only %" PRId64 " of them were verified",
            SLICE_ARG(row.reason), explored->verified);
    }
    return row;
}

/* Both halves must hold: the weaker one gives the e-value. */
struct report_verdict report_judge_tenth(struct arena *arena, const struct report_facts *facts)
{
    struct report_verdict row = blank_row("tenth-of-cost", TENTH_SUCCESS);
    struct slice cheap_name = name_of(facts, facts->cheapest);
    struct slice middle_name = name_of(facts, facts->middle);
    row.claim = arena_print(arena, "%.*s reaches %.0f %% of %.*s's success at a tenth of its cost",
        SLICE_ARG(cheap_name), 100 * TENTH_SUCCESS, SLICE_ARG(middle_name));
    const struct ledger_sums *cheap = report_sums_of_action(facts, facts->cheapest);
    const struct ledger_sums *middle = report_sums_of_action(facts, facts->middle);
    struct ledger_sums cheap_seen = report_sums_of_rung(facts, facts->cheapest);
    struct ledger_sums middle_seen = report_sums_of_rung(facts, facts->middle);
    row.n = cheap_seen.n;
    row.k = cheap_seen.accepted;
    if (cheap_seen.n && middle_seen.accepted)
        row.estimate = (double)cheap_seen.accepted / (double)cheap_seen.n /
                       ((double)middle_seen.accepted / (double)middle_seen.n);
    struct report_estimate s = report_weighted_success(cheap), t = report_weighted_success(middle);
    struct report_estimate c = report_weighted_cost(cheap), d = report_weighted_cost(middle);
    double cost_ratio = report_rung_cost(facts, facts->cheapest, NULL) /
                        report_rung_cost(facts, facts->middle, NULL);
    bool assumed = cheap_seen.measured_n < cheap_seen.cost_n ||
                   middle_seen.measured_n < middle_seen.cost_n || !cheap_seen.cost_n ||
                   !middle_seen.cost_n;
    if (isnan(s.mean) || isnan(t.mean) || isnan(c.mean) || isnan(d.mean)) {
        row.reason = arena_print(arena, "a task on %.*s costs %.2f of one on %.*s%s; %s",
            SLICE_ARG(cheap_name), cost_ratio, SLICE_ARG(middle_name),
            assumed ? ", but these costs are assumed" : "",
            "nothing was explored or paired, so the two rungs did not get tasks of the same kind");
        return row;
    }
    double effective = fmin(fmin(s.effective, t.effective), fmin(c.effective, d.effective));
    struct comparison success = {s.mean - TENTH_SUCCESS * t.mean,
        s.variance + TENTH_SUCCESS * TENTH_SUCCESS * t.variance, (double)cheap->n};
    struct comparison cost = {TENTH_COST * d.mean - c.mean,
        TENTH_COST * TENTH_COST * d.variance + c.variance, (double)cheap->measured_n};
    row.n = cheap->taken;
    row.k = (int64_t)lround(s.mean * (double)cheap->taken);
    row.estimate = s.mean / t.mean;
    row.lower = (comparison_lower(&success) + TENTH_SUCCESS * t.mean) / t.mean;
    struct slice numbers = arena_print(arena,
        "%.*s reaches %.0f %% of %.*s's success at %.2f of its cost, worth %.0f tasks each",
        SLICE_ARG(cheap_name), 100 * row.estimate, SLICE_ARG(middle_name), c.mean / d.mean,
        effective);
    if (effective < REPORT_EFFECTIVE_LEAST) {
        row.reason = arena_print(
            arena, "%.*s; below %d nothing is said", SLICE_ARG(numbers), REPORT_EFFECTIVE_LEAST);
        return row;
    }
    struct report_verdict other = row;
    settle(&row, &success);
    settle(&other, &cost);
    if (other.verdict == STATS_REFUTED || row.verdict == STATS_REFUTED) {
        row.verdict = STATS_REFUTED;
        row.more_needed = 0;
    } else if (other.verdict == STATS_INSUFFICIENT || row.verdict == STATS_INSUFFICIENT) {
        row.verdict = STATS_INSUFFICIENT;
        bool never = row.more_needed == STATS_NEVER || other.more_needed == STATS_NEVER;
        row.more_needed = never                                 ? STATS_NEVER
                          : row.more_needed > other.more_needed ? row.more_needed
                                                                : other.more_needed;
    }
    row.e = fmin(row.e, other.e);
    bool unverified = cheap->verified < cheap->n || middle->verified < middle->n;
    if (row.verdict == STATS_SUPPORTED && unverified) {
        row.verdict = STATS_INSUFFICIENT;
        row.more_needed = STATS_NEVER;
    }
    row.reason = arena_print(arena, "%.*s; e-value of the weaker half %.3g%s", SLICE_ARG(numbers),
        row.e, unverified ? "; not all outcomes were verified" : "");
    return row;
}
