/* Receives sums and sums of squares that somebody maintains row by row, hands on the intervals of
 * means and ratios in closed form, however many rows there were. */
#include "stats/stats.h"

#include <math.h>

void stats_sums_add(struct stats_sums *sums, double value)
{
    sums->n += 1;
    sums->sum += value;
    sums->squares += value * value;
}

void stats_pair_sums_add(struct stats_pair_sums *sums, double a, double b)
{
    sums->n += 1;
    sums->a += a;
    sums->b += b;
    sums->aa += a * a;
    sums->ab += a * b;
    sums->bb += b * b;
}

/* Variance of the mean; NaN below two rows. Rounding may leave a trifle below 0. */
static double variance_of_mean(const struct stats_sums *sums)
{
    if (!(sums->n > 1))
        return NAN;
    double around = sums->squares - sums->sum * (sums->sum / sums->n);
    double noise = 1e-12 * sums->squares;
    return (around > noise ? around : 0) / (sums->n - 1) / sums->n;
}

static struct interval around(double mean, double variance, double freedom, double level)
{
    if (variance == 0)
        return (struct interval){mean, mean, mean};
    double half = stats_student_quantile((1 + level) / 2, freedom) * sqrt(variance);
    return (struct interval){mean - half, mean, mean + half};
}

static double mean_of(const struct stats_sums *sums)
{
    return sums->n > 0 ? sums->sum / sums->n : NAN;
}

struct interval stats_mean_interval(const struct stats_sums *sums, double level)
{
    return around(mean_of(sums), variance_of_mean(sums), sums->n - 1, level);
}

/* Welch and Satterthwaite's degrees of freedom for a sum of two variances */
static double welch_freedom(double v, double n_v, double w, double n_w)
{
    return (v + w) * (v + w) / (v * v / (n_v - 1) + w * w / (n_w - 1));
}

struct interval stats_difference_interval(
    const struct stats_sums *a, const struct stats_sums *b, double level)
{
    double v = variance_of_mean(a), w = variance_of_mean(b);
    return around(mean_of(a) - mean_of(b), v + w, welch_freedom(v, a->n, w, b->n), level);
}

struct interval stats_saving_interval(
    const struct stats_sums *cost, const struct stats_sums *baseline, double level)
{
    double over = mean_of(cost), under = mean_of(baseline);
    if (!(over > 0 && under > 0))
        return (struct interval){NAN, under > 0 ? 1 - over / under : NAN, NAN};
    double v = variance_of_mean(cost) / (over * over);
    double w = variance_of_mean(baseline) / (under * under);
    double freedom = welch_freedom(v, cost->n, w, baseline->n);
    struct interval logs = around(log(over / under), v + w, freedom, level);
    return (struct interval){1 - exp(logs.high), 1 - over / under, 1 - exp(logs.low)};
}

struct interval stats_paired_difference_interval(const struct stats_pair_sums *sums, double level)
{
    struct stats_sums differences = {
        .n = sums->n, .sum = sums->a - sums->b, .squares = sums->aa - 2 * sums->ab + sums->bb};
    return stats_mean_interval(&differences, level);
}

struct interval stats_ratio_interval(const struct stats_pair_sums *sums, double level)
{
    if (!(sums->n > 0) || sums->b == 0)
        return (struct interval){NAN, NAN, NAN};
    double ratio = sums->a / sums->b;
    if (!(sums->n > 1))
        return (struct interval){NAN, ratio, NAN};
    /* residuals a - ratio·b have sum 0 */
    double squares = sums->aa - 2 * ratio * sums->ab + ratio * ratio * sums->bb;
    double noise = 1e-12 * (sums->aa + ratio * ratio * sums->bb);
    double variance = (squares > noise ? squares : 0) * sums->n / (sums->n - 1);
    return around(ratio, variance / (sums->b * sums->b), sums->n - 1, level);
}
