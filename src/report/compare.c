/* Receives sums over explored experiments, hands on verdicts on the claims that compare rungs:
 * what the middle rung would have done with the same tasks. Without exploration there is no
 * verdict. */
#include "parts.h"

#include <inttypes.h>
#include <math.h>

/* What the claims say. */
static const double REGRESSION_MARGIN = 0.05, TENTH_SUCCESS = 0.90, TENTH_COST = 0.10;
/* Explored tasks that a pair is worth (measured between two models on 350 coding tasks). */
static const double PAIR_WORTH = 3.3;

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
    enum { STEPS = 1400 }; /* of 1 % more each: beyond STATS_TASKS_MOST from one row on */
    for (int step = 1; step <= STEPS; step++) {
        double factor = pow(1.01, step);
        if (c->t * factor > STATS_TASKS_MOST)
            break;
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

static struct slice thin_reason(struct arena *arena, const char *what, int64_t n, double effective)
{
    return arena_print(arena,
        "%" PRId64 " %s were explored, worth %.0f that began on the middle rung; below %d nothing "
        "is said",
        n, what, effective, REPORT_EFFECTIVE_LEAST);
}

/* Outcomes that nobody verified support nothing. */
static void distrust(struct arena *arena, struct report_verdict *row)
{
    if (row->verdict == STATS_SUPPORTED) {
        row->verdict = STATS_INSUFFICIENT;
        row->more_needed = STATS_NEVER;
    }
    row->reason = arena_print(
        arena, "%.*s; but not all of the outcomes were verified", SLICE_ARG(row->reason));
}

/* What the explored tasks say, once there are any with a measured cost. */
static void judge_explored_cost(struct arena *arena, const struct report_facts *facts,
    const struct ledger_sums *explored, struct report_verdict *row)
{
    struct report_estimate there = report_weighted_cost(explored), here = plain_cost(explored);
    struct comparison c = {
        there.mean - here.mean, there.variance + here.variance, (double)explored->measured_n};
    row->n = explored->measured_n;
    row->k = explored->taken_measured;
    row->estimate = 1 - here.mean / there.mean;
    row->lower = comparison_lower(&c) / there.mean;
    if (there.effective < REPORT_EFFECTIVE_LEAST) {
        row->reason = thin_reason(arena, "measured tasks", explored->measured_n, there.effective);
        return;
    }
    settle(row, &c);
    row->reason = arena_print(arena,
        "%.*s measured, explored tasks cost $%.4f each; all-%.*s would have cost $%.4f: "
        "%.1f %% saved, at least %.1f %%; e-value %.3g",
        SLICE_ARG(report_count(arena, explored->measured_n)), here.mean,
        SLICE_ARG(name_of(facts, facts->middle)), there.mean, 100 * row->estimate, 100 * row->lower,
        row->e);
}

struct report_verdict report_judge_cost(struct arena *arena, const struct report_facts *facts)
{
    const struct ledger_sums *all = report_sums_of_all(facts);
    const struct ledger_sums *explored = report_sums_of_action(facts, facts->middle);
    struct slice middle = name_of(facts, facts->middle);
    struct report_verdict row = blank_row("cost-reduction", 0);
    row.claim = arena_print(arena, "routing costs less than all-%.*s", SLICE_ARG(middle));
    row.n = all->cost_n;
    row.k = all->measured_n;
    if (!all->cost_n) {
        row.reason = slice_from("no cost is known yet");
        return row;
    }
    row.estimate =
        1 - all->cost_usd / (double)all->cost_n / report_rung_cost(facts, facts->middle, NULL);
    struct slice seen = arena_print(arena, "%.1f %% %s all-%.*s", 100 * fabs(row.estimate),
        row.estimate < 0 ? "dearer than" : "saved against", SLICE_ARG(middle));
    if (all->measured_n == 0)
        row.reason =
            arena_print(arena, "%.*s, but every cost is assumed: none of %" PRId64 " was measured",
                SLICE_ARG(seen), all->cost_n);
    else if (isnan(report_weighted_cost(explored).mean))
        row.reason = arena_print(arena, "%.*s; %s", SLICE_ARG(seen), NOT_EXPLORED);
    else
        judge_explored_cost(arena, facts, explored, &row);
    return row;
}

static void judge_explored_success(struct arena *arena, const struct report_facts *facts,
    const struct ledger_sums *explored, struct report_verdict *row)
{
    struct report_estimate there = report_weighted_success(explored);
    struct report_estimate here = plain_success(explored);
    double difference = here.mean - there.mean;
    struct comparison c = {
        difference + REGRESSION_MARGIN, here.variance + there.variance, (double)explored->n};
    row->n = explored->n;
    row->k = explored->accepted;
    row->estimate = difference;
    row->lower = comparison_lower(&c) - REGRESSION_MARGIN;
    if (there.effective < REPORT_EFFECTIVE_LEAST) {
        row->reason = thin_reason(arena, "tasks", explored->n, there.effective);
        return;
    }
    settle(row, &c);
    row->reason = arena_print(arena,
        "on %.*s explored tasks %.1f %% were accepted, on all-%.*s %.1f %% would have been: "
        "difference %+.3f, at least %+.3f; e-value %.3g",
        SLICE_ARG(report_count(arena, explored->n)), 100 * here.mean,
        SLICE_ARG(name_of(facts, facts->middle)), 100 * there.mean, difference, row->lower, row->e);
    if (explored->verified < explored->n)
        distrust(arena, row);
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
    struct report_pairs pairs = report_find_pairs(facts);
    /* whichever tells more, by numbers that do not depend on what came out */
    if (pairs.n > 0 && (isnan(there.mean) || PAIR_WORTH * (double)pairs.n >= there.effective))
        report_judge_pairs(arena, facts, &pairs, REGRESSION_MARGIN, &row);
    else if (isnan(there.mean))
        row.reason = slice_from(NOT_EXPLORED);
    else
        judge_explored_success(arena, facts, explored, &row);
    return row;
}

/* Two rungs on explored tasks: success and cost of each. */
struct rivals {
    const struct ledger_sums *cheap, *middle;
    struct report_estimate cheap_success, middle_success, cheap_cost, middle_cost;
};

static struct rivals rivals_of(const struct report_facts *facts)
{
    const struct ledger_sums *cheap = report_sums_of_action(facts, facts->cheapest);
    const struct ledger_sums *middle = report_sums_of_action(facts, facts->middle);
    return (struct rivals){cheap, middle, report_weighted_success(cheap),
        report_weighted_success(middle), report_weighted_cost(cheap), report_weighted_cost(middle)};
}

/* What is seen without exploration: a number, and why it proves nothing. */
static void tell_rivals_unexplored(
    struct arena *arena, const struct report_facts *facts, struct report_verdict *row)
{
    struct ledger_sums cheap = report_sums_of_rung(facts, facts->cheapest);
    struct ledger_sums middle = report_sums_of_rung(facts, facts->middle);
    enum report_basis cheap_basis, middle_basis;
    double ratio = report_rung_cost(facts, facts->cheapest, &cheap_basis) /
                   report_rung_cost(facts, facts->middle, &middle_basis);
    bool measured = cheap_basis == REPORT_MEASURED && middle_basis == REPORT_MEASURED;
    row->n = cheap.n;
    row->k = cheap.accepted;
    if (cheap.n && middle.accepted)
        row->estimate =
            (double)cheap.accepted / (double)cheap.n / ((double)middle.accepted / (double)middle.n);
    row->reason = arena_print(arena,
        "a task on %.*s costs %.2f of one on %.*s%s; nothing was explored or paired, so the two "
        "rungs did not get tasks of the same kind",
        SLICE_ARG(name_of(facts, facts->cheapest)), ratio, SLICE_ARG(name_of(facts, facts->middle)),
        measured ? "" : ", but these costs are assumed");
}

/* Both claims must hold: the weaker one gives the e-value, either one refutes. */
static void settle_both(
    struct report_verdict *row, const struct comparison *one, const struct comparison *two)
{
    struct report_verdict other = *row;
    settle(row, one);
    settle(&other, two);
    row->e = fmin(row->e, other.e);
    if (row->verdict == STATS_REFUTED || other.verdict == STATS_REFUTED) {
        row->verdict = STATS_REFUTED;
        row->more_needed = 0;
    } else if (row->verdict == STATS_INSUFFICIENT || other.verdict == STATS_INSUFFICIENT) {
        bool never = row->more_needed == STATS_NEVER || other.more_needed == STATS_NEVER;
        if (never || other.more_needed > row->more_needed)
            row->more_needed = never ? STATS_NEVER : other.more_needed;
        row->verdict = STATS_INSUFFICIENT;
    }
}

static void judge_rivals(struct arena *arena, const struct report_facts *facts,
    const struct rivals *r, struct report_verdict *row)
{
    double effective = fmin(fmin(r->cheap_success.effective, r->middle_success.effective),
        fmin(r->cheap_cost.effective, r->middle_cost.effective));
    struct comparison success = {r->cheap_success.mean - TENTH_SUCCESS * r->middle_success.mean,
        r->cheap_success.variance + TENTH_SUCCESS * TENTH_SUCCESS * r->middle_success.variance,
        (double)r->cheap->n};
    struct comparison cost = {TENTH_COST * r->middle_cost.mean - r->cheap_cost.mean,
        TENTH_COST * TENTH_COST * r->middle_cost.variance + r->cheap_cost.variance,
        (double)r->cheap->measured_n};
    row->n = r->cheap->taken;
    row->k = (int64_t)lround(r->cheap_success.mean * (double)r->cheap->taken);
    row->estimate = r->cheap_success.mean / r->middle_success.mean;
    row->lower = TENTH_SUCCESS + comparison_lower(&success) / r->middle_success.mean;
    struct slice numbers = arena_print(arena,
        "%.*s reaches %.0f %% of %.*s's success at %.2f of its cost, worth %.0f tasks each",
        SLICE_ARG(name_of(facts, facts->cheapest)), 100 * row->estimate,
        SLICE_ARG(name_of(facts, facts->middle)), r->cheap_cost.mean / r->middle_cost.mean,
        effective);
    if (effective < REPORT_EFFECTIVE_LEAST) {
        row->reason = arena_print(
            arena, "%.*s; below %d nothing is said", SLICE_ARG(numbers), REPORT_EFFECTIVE_LEAST);
        return;
    }
    settle_both(row, &success, &cost);
    row->reason =
        arena_print(arena, "%.*s; e-value of the weaker half %.3g", SLICE_ARG(numbers), row->e);
    if (r->cheap->verified < r->cheap->n || r->middle->verified < r->middle->n)
        distrust(arena, row);
}

struct report_verdict report_judge_tenth(struct arena *arena, const struct report_facts *facts)
{
    struct report_verdict row = blank_row("tenth-of-cost", TENTH_SUCCESS);
    row.claim = arena_print(arena, "%.*s reaches %.0f %% of %.*s's success at a tenth of its cost",
        SLICE_ARG(name_of(facts, facts->cheapest)), 100 * TENTH_SUCCESS,
        SLICE_ARG(name_of(facts, facts->middle)));
    struct rivals rivals = rivals_of(facts);
    if (isnan(rivals.cheap_cost.mean) || isnan(rivals.middle_cost.mean))
        tell_rivals_unexplored(arena, facts, &row);
    else
        judge_rivals(arena, facts, &rivals, &row);
    return row;
}
