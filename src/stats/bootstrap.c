/* Receives rows of numbers and dice, hands on percentile bootstrap intervals. Refuses to know what
 * the rows are; sums that are maintained elsewhere have closed forms in sums.c. */
#include "stats/stats.h"

#include "base/arena.h"
#include "stats/resample.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A place that is a whole number but for rounding is taken as one. */
double stats_quantile(const double *sorted, size_t n, double q)
{
    if (n == 0)
        return NAN;
    double place = q * (double)(n - 1);
    if (fabs(place - round(place)) < 1e-9)
        place = round(place);
    place = place > 0 ? place : 0;
    size_t i = (size_t)place;
    if (i >= n - 1)
        return sorted[n - 1];
    return sorted[i] + (place - (double)i) * (sorted[i + 1] - sorted[i]);
}

size_t resample_row(struct dice *dice, size_t n)
{
    return (size_t)(dice_unit(dice) * (double)n);
}

void resample_counts(struct dice *dice, uint32_t *counts, size_t n)
{
    memset(counts, 0, n * sizeof(*counts));
    for (size_t i = 0; i < n; i++)
        counts[resample_row(dice, n)]++;
}

size_t resample_rounds(struct stats_resampling how)
{
    return how.rounds < STATS_ROUNDS_MOST ? how.rounds : STATS_ROUNDS_MOST;
}

struct interval resample_interval(double mean, double *values, size_t rounds, double level)
{
    size_t n = 0;
    for (size_t i = 0; i < rounds; i++)
        if (!isnan(values[i]))
            values[n++] = values[i];
    if (n == 0 || n < rounds / 2)
        return (struct interval){NAN, mean, NAN};
    qsort(values, n, sizeof(*values), compare_doubles);
    double tail = (1 - level) / 2;
    return (struct interval){
        stats_quantile(values, n, tail), mean, stats_quantile(values, n, 1 - tail)};
}

/* Sum of over ÷ sum of under, where `minus` (may be NULL) is taken off `over` and `under` NULL
 * stands for ones: every public function here is a case of it. */
static struct interval bootstrap_sums(const double *over, const double *minus, const double *under,
    size_t n, struct stats_resampling how)
{
    double top = 0, bottom = 0;
    for (size_t i = 0; i < n; i++) {
        top += over[i] - (minus ? minus[i] : 0);
        bottom += under ? under[i] : 1;
    }
    if (n == 0 || bottom == 0)
        return (struct interval){NAN, NAN, NAN};
    double mean = top / bottom;
    size_t rounds = resample_rounds(how);
    double *values = memory_take(rounds * sizeof(*values));
    for (size_t round = 0; round < rounds; round++) {
        top = bottom = 0;
        for (size_t i = 0; i < n; i++) {
            size_t row = resample_row(how.dice, n);
            top += over[row] - (minus ? minus[row] : 0);
            bottom += under ? under[row] : 1;
        }
        values[round] = bottom == 0 ? NAN : top / bottom;
    }
    struct interval interval = resample_interval(mean, values, rounds, how.level);
    free(values);
    return interval;
}

struct interval stats_bootstrap_mean(const double *values, size_t n, struct stats_resampling how)
{
    return bootstrap_sums(values, NULL, NULL, n, how);
}

struct interval stats_bootstrap_difference(
    const double *a, const double *b, size_t n, struct stats_resampling how)
{
    return bootstrap_sums(a, b, NULL, n, how);
}

struct interval stats_bootstrap_ratio(
    const double *over, const double *under, size_t n, struct stats_resampling how)
{
    return bootstrap_sums(over, NULL, under, n, how);
}

struct interval stats_bootstrap_saving(
    const double *cost, const double *baseline, size_t n, struct stats_resampling how)
{
    struct interval ratio = bootstrap_sums(cost, NULL, baseline, n, how);
    return (struct interval){1 - ratio.high, 1 - ratio.mean, 1 - ratio.low};
}

struct interval stats_bootstrap(size_t n,
    double (*statistic)(const void *context, const uint32_t *rows, size_t n), const void *context,
    struct stats_resampling how)
{
    assert(n <= UINT32_MAX);
    if (n == 0)
        return (struct interval){NAN, NAN, NAN};
    size_t rounds = resample_rounds(how);
    double *values = memory_take(rounds * sizeof(*values));
    uint32_t *rows = memory_take(n * sizeof(*rows));
    for (size_t i = 0; i < n; i++)
        rows[i] = (uint32_t)i;
    double mean = statistic(context, rows, n);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < n; i++)
            rows[i] = (uint32_t)resample_row(how.dice, n);
        values[round] = statistic(context, rows, n);
    }
    struct interval interval = resample_interval(mean, values, rounds, how.level);
    free(rows);
    free(values);
    return interval;
}
