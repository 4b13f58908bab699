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

/* True where `more` tasks at the rate k/n would settle the claim on the side of that rate. */
static bool settles(double k, double n, double more, double p0, double alpha)
{
    double rate = k / n, k_then = fmin(k + more * rate, n + more);
    double log_e = rate > p0 ? stats_log_eprocess_above(k_then, n + more, p0)
                             : stats_log_eprocess_below(k_then, n + more, p0);
    return log_e >= -log(alpha);
}

/* Along a constant rate other than p0 the log e-value falls at most at first and then rises for
 * good, so the first settling count can be bisected. */
int64_t stats_eprocess_more_needed(double k, double n, double p0, double alpha)
{
    if (!(n > 0))
        return STATS_NEVER;
    if (stats_verdict(k, n, p0, alpha) != STATS_INSUFFICIENT)
        return 0;
    int64_t too_few = 0, enough = 1;
    while (!settles(k, n, (double)enough, p0, alpha)) {
        if (enough >= STATS_TASKS_MOST)
            return STATS_NEVER;
        too_few = enough;
        enough = enough * 2 < STATS_TASKS_MOST ? enough * 2 : STATS_TASKS_MOST;
    }
    while (enough - too_few > 1) {
        int64_t middle = too_few + (enough - too_few) / 2;
        if (settles(k, n, (double)middle, p0, alpha))
            enough = middle;
        else
            too_few = middle;
    }
    return enough;
}
