/* Receives logged decisions with their propensities, hands on what another policy would have got.
 * Refuses to fit the reward model: cross-fitting is the caller's. */
#include "stats/stats.h"

#include "base/arena.h"
#include "stats/resample.h"

#include <math.h>
#include <stdlib.h>

/* What one row, or the sum of many, brings to the four estimates. */
struct terms {
    double agreed, agreed_reward;   /* naive */
    double weight, weighted_reward; /* SNIPS */
    double direct, weighted_error;
};

static struct terms terms_of(const struct stats_logged *row)
{
    double weight = row->target / row->propensity;
    return (struct terms){
        .agreed = row->target,
        .agreed_reward = row->target * row->reward,
        .weight = weight,
        .weighted_reward = weight * row->reward,
        .direct = row->model_target,
        .weighted_error = weight * (row->reward - row->model_taken),
    };
}

static void terms_add(struct terms *sum, const struct terms *row)
{
    sum->agreed += row->agreed;
    sum->agreed_reward += row->agreed_reward;
    sum->weight += row->weight;
    sum->weighted_reward += row->weighted_reward;
    sum->direct += row->direct;
    sum->weighted_error += row->weighted_error;
}

enum { ESTIMATES = 4 };

static void estimate(const struct terms *sum, size_t n, double estimates[ESTIMATES])
{
    estimates[0] = sum->agreed > 0 ? sum->agreed_reward / sum->agreed : NAN;
    estimates[1] = sum->direct / (double)n;
    estimates[2] = sum->weight > 0 ? sum->weighted_reward / sum->weight : NAN;
    estimates[3] = (sum->direct + sum->weighted_error) / (double)n;
}

static bool row_is_sound(const struct stats_logged *row, size_t i, struct failure *failure)
{
    if (!(row->propensity > 0 && row->propensity <= 1))
        return failure_set(failure,
            "row %zu: the action was taken with propensity %g, which is not above 0 and at most 1",
            i, row->propensity);
    if (!(row->target >= 0 && row->target <= 1))
        return failure_set(
            failure, "row %zu: the target probability %g is not within 0 … 1", i, row->target);
    if (!isfinite(row->reward) || !isfinite(row->model_taken) || !isfinite(row->model_target))
        return failure_set(failure, "row %zu: a reward or its model is not a number", i);
    return true;
}

static void bootstrap_terms(const struct terms *terms, size_t n, struct stats_resampling how,
    const double seen[ESTIMATES], struct interval intervals[ESTIMATES])
{
    size_t rounds = resample_rounds(how);
    double *values = memory_take(ESTIMATES * rounds * sizeof(*values));
    double estimates[ESTIMATES];
    for (size_t round = 0; round < rounds; round++) {
        struct terms sum = {0};
        for (size_t i = 0; i < n; i++)
            terms_add(&sum, &terms[resample_row(how.dice, n)]);
        estimate(&sum, n, estimates);
        for (size_t e = 0; e < ESTIMATES; e++)
            values[e * rounds + round] = estimates[e];
    }
    for (size_t e = 0; e < ESTIMATES; e++)
        intervals[e] = resample_interval(seen[e], values + e * rounds, rounds, how.level);
    free(values);
}

/* With few effective rows the bootstrap of a weighted mean is too narrow, as a normal interval is:
 * stretched by Student's quantile over the normal one. */
static struct interval stretched(struct interval interval, double effective_n, double level)
{
    double p = (1 + level) / 2, freedom = fmax(1, effective_n - 1);
    double factor = stats_student_quantile(p, freedom) / stats_normal_quantile(p);
    interval.low = interval.mean - (interval.mean - interval.low) * factor;
    interval.high = interval.mean + (interval.high - interval.mean) * factor;
    return interval;
}

/* How many rows the spread of the doubly robust terms rests on: (sum of squares)^2 ÷ sum of fourth
 * powers about their mean, the Satterthwaite degrees of freedom of a sum of unequal variances. A
 * policy may agree with the log nearly everywhere and yet owe its spread to three rows of weight
 * 30, which the effective sample size does not show. */
static double rows_of_spread(const struct terms *terms, size_t n, double mean)
{
    double squares = 0, fourths = 0;
    for (size_t i = 0; i < n; i++) {
        double off = terms[i].direct + terms[i].weighted_error - mean;
        squares += off * off;
        fourths += off * off * off * off;
    }
    return fourths > 0 ? squares * squares / fourths : (double)n;
}

bool stats_off_policy(const struct stats_logged *rows, size_t n, struct stats_resampling how,
    struct stats_off_policy *found, struct failure *failure)
{
    if (n == 0)
        return failure_set(failure, "there is no logged decision to judge a policy by");
    for (size_t i = 0; i < n; i++)
        if (!row_is_sound(&rows[i], i, failure))
            return false;
    struct terms *terms = memory_take(n * sizeof(*terms));
    struct terms sum = {0};
    double squares = 0, agreeing = 0;
    for (size_t i = 0; i < n; i++) {
        terms[i] = terms_of(&rows[i]);
        terms_add(&sum, &terms[i]);
        squares += terms[i].weight * terms[i].weight;
        agreeing += rows[i].target > 0;
    }
    double seen[ESTIMATES];
    struct interval intervals[ESTIMATES];
    estimate(&sum, n, seen);
    bootstrap_terms(terms, n, how, seen, intervals);
    double effective_n = squares > 0 ? sum.weight * sum.weight / squares : 0;
    *found = (struct stats_off_policy){
        .naive = intervals[0],
        .direct = intervals[1],
        .snips = stretched(intervals[2], effective_n, how.level),
        .doubly_robust = stretched(
            intervals[3], fmin(effective_n, rows_of_spread(terms, n, seen[3])), how.level),
        .effective_n = effective_n,
        .agreeing = agreeing,
    };
    free(terms);
    return true;
}

bool stats_off_policy_is_thin(const struct stats_off_policy *estimate)
{
    return !(estimate->effective_n >= STATS_ESS_LEAST);
}
