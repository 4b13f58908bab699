/* Receives counts and a claimed rate, hands on evidence that stays honest however often it is
 * looked at: e-values, a verdict, and how far away a verdict is. */
#include "stats/stats.h"

#include "stats/special.h"

#include <assert.h>
#include <math.h>

/* With factor = p0^a q0^b / B(a, b), a = 1+k, b = 1+n-k, the formula of the door is
 * ln P(Beta(a, b) > p0) - ln factor + ln p0: the factor cancels where the tail is small. */
double stats_log_eprocess_above(double k, double n, double p0)
{
    assert(p0 > 0 && p0 < 1 && k >= 0 && n >= k);
    struct beta_shape shape = beta_shape(1 + k, 1 + n - k);
    struct beta_point point = beta_at(&shape, p0, 1 - p0);
    return point.log_above - point.log_factor + log(p0);
}

double stats_log_eprocess_below(double k, double n, double p0)
{
    assert(p0 > 0 && p0 < 1 && k >= 0 && n >= k);
    struct beta_shape shape = beta_shape(1 + k, 1 + n - k);
    struct beta_point point = beta_at(&shape, p0, 1 - p0);
    return point.log_below - point.log_factor + log1p(-p0);
}

static double bounded_exp(double log_e)
{
    return log_e < 690 ? exp(log_e) : 1e300;
}

double stats_eprocess_above(double k, double n, double p0)
{
    return bounded_exp(stats_log_eprocess_above(k, n, p0));
}

double stats_eprocess_below(double k, double n, double p0)
{
    return bounded_exp(stats_log_eprocess_below(k, n, p0));
}

enum stats_verdict stats_verdict(double k, double n, double p0, double alpha)
{
    if (stats_log_eprocess_above(k, n, p0) >= -log(alpha))
        return STATS_SUPPORTED;
    if (stats_log_eprocess_below(k, n, p0) >= -log(alpha))
        return STATS_REFUTED;
    return STATS_INSUFFICIENT;
}

enum stats_verdict stats_verdict_one_look(double k, double n, double p0, double alpha)
{
    if (stats_clopper_pearson_lower(k, n, 1 - alpha) >= p0)
        return STATS_SUPPORTED;
    if (stats_clopper_pearson_upper(k, n, 1 - alpha) < p0)
        return STATS_REFUTED;
    return STATS_INSUFFICIENT;
}

/* A question that is put again with more tasks, at the rate seen so far. */
struct prospect {
    bool (*settles)(const struct prospect *prospect, double more);
    double k, n, p0, alpha;
    const struct stats_valued *seen; /* for a mean */
    double edge, mean;
};

/* Along a constant rate other than the claimed one the log e-value falls at most at first and then
 * rises for good, so the first settling count can be bisected. */
static int64_t first_settling(const struct prospect *prospect)
{
    if (prospect->settles(prospect, 0))
        return 0;
    int64_t too_few = 0, enough = 1;
    while (!prospect->settles(prospect, (double)enough)) {
        if (enough >= STATS_TASKS_MOST)
            return STATS_NEVER;
        too_few = enough;
        enough = enough * 2 < STATS_TASKS_MOST ? enough * 2 : STATS_TASKS_MOST;
    }
    while (enough - too_few > 1) {
        int64_t middle = too_few + (enough - too_few) / 2;
        if (prospect->settles(prospect, (double)middle))
            enough = middle;
        else
            too_few = middle;
    }
    return enough;
}

static bool rate_settles(const struct prospect *prospect, double more)
{
    double k = prospect->k, n = prospect->n, p0 = prospect->p0;
    double n_then = n + more, k_then = fmin(k + more * (k / n), n_then);
    return stats_verdict(k_then, n_then, p0, prospect->alpha) != STATS_INSUFFICIENT;
}

int64_t stats_eprocess_more_needed(double k, double n, double p0, double alpha)
{
    if (!(n > 0))
        return STATS_NEVER;
    struct prospect prospect = {.settles = rate_settles, .k = k, .n = n, .p0 = p0, .alpha = alpha};
    return first_settling(&prospect);
}

enum { STAKES = 128 };

/* Stakes between 0 and 1: one half spread evenly, one half on a log scale down to 1/1000 for
 * means that are close to the claimed one. */
static double stake(int i)
{
    const int half = STAKES / 2;
    return i < half ? (i + 0.5) / half : pow(1000, -(i - half + 0.5) / half);
}

/* The counts in `seen` times `scale`; `sign` -1 turns the question round. */
static double log_mean_evidence(
    const struct stats_valued *seen, double scale, double edge, double mean, double sign)
{
    double logs[STAKES], most = -INFINITY, sum = 0, room = sign * (mean - edge);
    assert(room > 0);
    for (int i = 0; i < STAKES; i++) {
        logs[i] = 0;
        for (size_t j = 0; j < seen->n; j++) {
            double gain = sign * (seen->values[j] - mean) / room;
            logs[i] += scale * seen->counts[j] * log1p(stake(i) * fmax(gain, -1));
        }
        most = fmax(most, logs[i]);
    }
    for (int i = 0; i < STAKES; i++)
        sum += exp(logs[i] - most);
    return most + log(sum / STAKES);
}

double stats_log_eprocess_mean_above(const struct stats_valued *seen, double least, double mean)
{
    return log_mean_evidence(seen, 1, least, mean, 1);
}

double stats_log_eprocess_mean_below(const struct stats_valued *seen, double most, double mean)
{
    return log_mean_evidence(seen, 1, most, mean, -1);
}

static bool mean_settles(const struct prospect *prospect, double more)
{
    double scale = 1 + more / prospect->n, sign = prospect->edge < prospect->mean ? 1 : -1;
    double log_e = log_mean_evidence(prospect->seen, scale, prospect->edge, prospect->mean, sign);
    return log_e >= -log(prospect->alpha);
}

int64_t stats_eprocess_mean_more_needed(
    const struct stats_valued *seen, double edge, double mean, double alpha)
{
    double n = 0;
    for (size_t j = 0; j < seen->n; j++)
        n += seen->counts[j];
    if (!(n > 0))
        return STATS_NEVER;
    struct prospect prospect = {
        .settles = mean_settles, .n = n, .alpha = alpha, .seen = seen, .edge = edge, .mean = mean};
    return first_settling(&prospect);
}
