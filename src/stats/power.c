/* Receives a claim and a true rate, hands on how many tasks it takes to settle the claim: what
 * `validate --plan` prints. */
#include "stats/stats.h"

#include "base/arena.h"

#include <math.h>
#include <stdlib.h>

int64_t stats_critical_count(int64_t n, double p0, double alpha)
{
    int64_t rejects = n + 1, accepts = 0; /* P(X >= 0) = 1 never rejects */
    while (rejects - accepts > 1) {
        int64_t k = accepts + (rejects - accepts) / 2;
        if (stats_binomial_at_least((double)k, (double)n, p0) <= alpha)
            rejects = k;
        else
            accepts = k;
    }
    return rejects;
}

double stats_fixed_power(int64_t n, double p0, double p, double alpha)
{
    int64_t k = stats_critical_count(n, p0, alpha);
    if (k > n || p <= 0)
        return 0;
    return p >= 1 ? 1 : stats_binomial_at_least((double)k, (double)n, p);
}

/* The power is a saw over n: each step of the critical count costs about 1/(p - p0) tasks. So the
 * last n with too little power lies within a few such steps of the normal approximation. */
int64_t stats_fixed_sample(double p0, double p, double alpha, double power)
{
    if (!(p > p0))
        return STATS_NEVER;
    double z0 = stats_normal_quantile(1 - alpha) * sqrt(p0 * (1 - p0));
    double z1 = stats_normal_quantile(power) * sqrt(p * (1 - p));
    double normal = pow((z0 + z1) / (p - p0), 2);
    if (!(normal < STATS_TASKS_MOST))
        return STATS_NEVER;
    int64_t n = (int64_t)(normal + 8 / (p - p0) + 40);
    int64_t k = stats_critical_count(n, p0, alpha);
    for (; n > 0; n--) {
        while (k > 0 && stats_binomial_at_least((double)k - 1, (double)n, p0) <= alpha)
            k--;
        if (k > n || (p < 1 && stats_binomial_at_least((double)k, (double)n, p) < power))
            break;
    }
    return n + 1;
}

/* Probabilities of the counts k = first … last that are not settled after some number of tasks;
 * counts with less than `forgotten` are dropped at both ends. */
struct unsettled {
    double *probability;
    int64_t first, last;
};

/* One more task at success rate p. */
static void unsettled_step(struct unsettled *u, double p)
{
    const double forgotten = 1e-18;
    u->last++;
    u->probability[u->last] = u->probability[u->last - 1] * p;
    for (int64_t k = u->last - 1; k > u->first; k--)
        u->probability[k] = u->probability[k] * (1 - p) + u->probability[k - 1] * p;
    u->probability[u->first] *= 1 - p;
    while (u->first < u->last && u->probability[u->first] < forgotten)
        u->first++;
    while (u->last > u->first && u->probability[u->last] < forgotten)
        u->last--;
}

int64_t stats_eprocess_wait(double p0, double p, double alpha, double share)
{
    if (p < p0)
        return stats_eprocess_wait(1 - p0, 1 - p, alpha, share);
    if (!(p > p0))
        return STATS_NEVER;
    struct unsettled u = {.probability = memory_take(sizeof(double) * (STATS_WAIT_MOST + 2))};
    u.probability[0] = 1;
    double settled = 0, needed = -log(alpha);
    int64_t k = 0, wait = STATS_NEVER; /* k: the smallest count that settles after n tasks */
    for (int64_t n = 1; n <= STATS_WAIT_MOST && wait == STATS_NEVER; n++) {
        unsettled_step(&u, p);
        while (k <= n && stats_log_eprocess_above((double)k, (double)n, p0) < needed)
            k++;
        while (u.last >= k && u.last >= u.first) {
            settled += u.probability[u.last];
            u.probability[u.last--] = 0;
        }
        if (settled >= share)
            wait = n;
        if (u.last < u.first)
            break;
    }
    free(u.probability);
    return wait;
}

/* (z_alpha + z_power)^2 variance / room^2, rounded up */
static int64_t normal_sample(double variance, double room, double alpha, double power)
{
    if (!(room > 0) || !(variance > 0))
        return STATS_NEVER;
    double z = stats_normal_quantile(1 - alpha) + stats_normal_quantile(power);
    double n = ceil(z * z * variance / (room * room));
    return n <= 1e15 ? (int64_t)n : STATS_NEVER;
}

int64_t stats_noninferiority_per_arm(
    double p, double difference, double margin, double alpha, double power)
{
    double q = p + difference;
    return normal_sample(p * (1 - p) + q * (1 - q), margin + difference, alpha, power);
}

int64_t stats_noninferiority_pairs(
    double discordance, double difference, double margin, double alpha, double power)
{
    double variance = discordance - difference * difference;
    return normal_sample(variance, margin + difference, alpha, power);
}
