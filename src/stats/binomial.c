/* Receives counts of successes, hands on intervals of the rate behind them and exact tail
 * probabilities. Refuses to judge: verdicts are made in eprocess.c. */
#include "stats/stats.h"

#include <math.h>

static double clamp_unit(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

double stats_clopper_pearson_lower(double k, double n, double confidence)
{
    return n > 0 && k > 0 ? stats_beta_quantile(k, n - k + 1, 1 - confidence) : 0;
}

double stats_clopper_pearson_upper(double k, double n, double confidence)
{
    return n > 0 && k < n ? stats_beta_upper_quantile(k + 1, n - k, 1 - confidence) : 1;
}

struct interval stats_clopper_pearson(double k, double n, double level)
{
    if (!(n > 0))
        return (struct interval){0, NAN, 1};
    double one_sided = 1 - (1 - level) / 2;
    return (struct interval){stats_clopper_pearson_lower(k, n, one_sided), k / n,
        stats_clopper_pearson_upper(k, n, one_sided)};
}

struct interval stats_wilson(double k, double n, double level)
{
    if (!(n > 0))
        return (struct interval){0, NAN, 1};
    double z = -stats_normal_quantile((1 - level) / 2), zz = z * z;
    double centre = (k + zz / 2) / (n + zz);
    double half = z / (n + zz) * sqrt(k * (n - k) / n + zz / 4);
    return (struct interval){
        k > 0 ? clamp_unit(centre - half) : 0, k / n, k < n ? clamp_unit(centre + half) : 1};
}

struct interval stats_jeffreys(double k, double n, double level)
{
    if (!(n > 0))
        return (struct interval){0, NAN, 1};
    struct interval credible = stats_beta_interval(k + 0.5, n - k + 0.5, level);
    return (struct interval){k > 0 ? credible.low : 0, k / n, k < n ? credible.high : 1};
}

struct interval stats_rate_difference(double k1, double n1, double k2, double n2, double level)
{
    if (!(n1 > 0) || !(n2 > 0))
        return (struct interval){-1, NAN, 1};
    struct interval a = stats_wilson(k1, n1, level), b = stats_wilson(k2, n2, level);
    double difference = a.mean - b.mean;
    return (struct interval){difference - hypot(a.mean - a.low, b.high - b.mean), difference,
        difference + hypot(a.high - a.mean, b.mean - b.low)};
}

double stats_binomial_at_least(double k, double n, double p)
{
    if (k <= 0 || k > n)
        return k <= 0 ? 1 : 0;
    return stats_beta_below(k, n - k + 1, p);
}

double stats_binomial_at_most(double k, double n, double p)
{
    if (k < 0 || k >= n)
        return k < 0 ? 0 : 1;
    return stats_beta_above(k + 1, n - k, p);
}

double stats_binomial_at_least_mid(double k, double n, double p)
{
    return (stats_binomial_at_least(k, n, p) + stats_binomial_at_least(k + 1, n, p)) / 2;
}

static double log_choose(double n, double k)
{
    return -log1p(n) - stats_log_beta(k + 1, n - k + 1);
}

/* Sums the hypergeometric probabilities from k up, the first of them times `share`. */
static double hypergeometric_tail(double k, double n, double hits, double all, double share)
{
    double most = n < hits ? n : hits, least = n + hits - all > 0 ? n + hits - all : 0;
    if (k > most)
        return 0;
    if (k <= least) {
        share = k < least ? 1 : share;
        k = least;
    }
    double term = exp(log_choose(hits, k) + log_choose(all - hits, n - k) - log_choose(all, n));
    double sum = share * term;
    double j = k;
    while (j < most) {
        term *= (hits - j) * (n - j) / ((j + 1) * (all - hits - n + j + 1));
        double next = sum + term;
        if (next == sum && j > n * hits / all)
            break;
        sum = next;
        j++;
    }
    return clamp_unit(sum);
}

double stats_fisher_at_least(double k, double n, double all_hits, double all)
{
    return hypergeometric_tail(k, n, all_hits, all, 1);
}

double stats_fisher_at_least_mid(double k, double n, double all_hits, double all)
{
    return hypergeometric_tail(k, n, all_hits, all, 0.5);
}

size_t stats_learn_then_test(
    const double *failed, const double *routed, size_t n, double most, double delta)
{
    size_t i = 0;
    while (i < n && stats_clopper_pearson_upper(failed[i], routed[i], 1 - delta) <= most)
        i++;
    return i;
}
