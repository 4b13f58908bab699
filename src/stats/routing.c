/* Receives a score per task and what a weak and a strong model made of each, hands on how well the
 * score tells which task needs the strong one. Refuses to know where the score comes from. */
#include "stats/stats.h"

#include "base/arena.h"
#include "stats/resample.h"

#include <math.h>
#include <stdlib.h>

struct scored {
    double score, weak, strong;
};

static int compare_scores(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    return (x->score > y->score) - (x->score < y->score);
}

/* The rows by rising score; false where a number is none. The caller frees them. */
static bool sort_rows(
    const double *score, const double *weak, const double *strong, size_t n, struct scored **sorted)
{
    struct scored *rows = *sorted = memory_take(n * sizeof(*rows));
    for (size_t i = 0; i < n; i++) {
        rows[i] = (struct scored){score[i], weak[i], strong[i]};
        if (!isfinite(score[i]) || !isfinite(weak[i]) || !isfinite(strong[i]))
            return false;
    }
    qsort(rows, n, sizeof(*rows), compare_scores);
    return true;
}

/* The 10-quantiles of the score, ends included, equal ones once. */
static size_t find_thresholds(
    const struct scored *rows, size_t n, double thresholds[STATS_BINS + 1])
{
    size_t found = 0;
    for (size_t j = 0; j <= STATS_BINS; j++) {
        size_t whole = j * (n - 1) / STATS_BINS, rest = j * (n - 1) % STATS_BINS;
        double threshold = rows[whole].score;
        if (rest)
            threshold += (rows[whole + 1].score - threshold) * (double)rest / STATS_BINS;
        if (found == 0 || threshold > thresholds[found - 1])
            thresholds[found++] = threshold;
    }
    return found;
}

/* Fills the points from the last threshold (fewest to the strong model) to the first. */
static void trace_curve(const struct scored *rows, size_t n, struct stats_routing *routing)
{
    double thresholds[STATS_BINS + 1];
    size_t n_thresholds = find_thresholds(rows, n, thresholds);
    double total = routing->weak * (double)n;
    size_t to_strong = 0;
    routing->n_points = 0;
    for (size_t j = n_thresholds; j-- > 0;) {
        bool last = j == n_thresholds - 1;
        while (to_strong < n) {
            const struct scored *next = &rows[n - 1 - to_strong];
            if (last ? next->score <= thresholds[j] : next->score < thresholds[j])
                break;
            total += next->strong - next->weak;
            to_strong++;
        }
        routing->points[routing->n_points++] =
            (struct stats_curve_point){(double)to_strong / (double)n, total / (double)n};
    }
    if (to_strong < n) /* one threshold only: all scores tie */
        routing->points[routing->n_points++] = (struct stats_curve_point){1, routing->strong};
}

static double area_above_weak(const struct stats_routing *routing)
{
    double area = 0;
    for (size_t i = 1; i < routing->n_points; i++) {
        const struct stats_curve_point *a = &routing->points[i - 1], *b = a + 1;
        area +=
            (b->strong_share - a->strong_share) * ((a->quality + b->quality) / 2 - routing->weak);
    }
    return area;
}

static struct stats_routing judge_sorted(const struct scored *rows, size_t n)
{
    struct stats_routing routing = {.weak = 0, .strong = 0};
    for (size_t i = 0; i < n; i++) {
        routing.weak += rows[i].weak;
        routing.strong += rows[i].strong;
    }
    routing.weak /= (double)n;
    routing.strong /= (double)n;
    trace_curve(rows, n, &routing);
    const struct stats_curve_point *points = routing.points;
    double span = points[routing.n_points - 1].strong_share - points[0].strong_share;
    double gain = routing.strong - routing.weak;
    routing.apgr = gain == 0 ? NAN : area_above_weak(&routing) / (gain * span);
    return routing;
}

static struct stats_routing unknown_routing(void)
{
    return (struct stats_routing){.weak = NAN, .strong = NAN, .apgr = NAN};
}

struct stats_routing stats_routing(
    const double *score, const double *weak, const double *strong, size_t n)
{
    struct stats_routing routing = unknown_routing();
    struct scored *rows = NULL;
    if (n > 0 && sort_rows(score, weak, strong, n, &rows))
        routing = judge_sorted(rows, n);
    free(rows);
    return routing;
}

/* The last point whose quality is at or below `quality`, found as numpy.interp finds it from its
 * first guess: the second point and its neighbours are looked at before bisecting. On a curve
 * that is not monotone the answer depends on that order. */
static size_t interp_segment(const struct stats_curve_point *points, size_t n, double quality)
{
    size_t low = 0, high = n;
    if (n <= 4) {
        size_t i = 1;
        while (i < n && quality >= points[i].quality)
            i++;
        return i - 1;
    }
    if (quality < points[1].quality)
        return 0; /* the caller has made sure that it is not below the first */
    if (quality < points[2].quality)
        return 1;
    if (quality < points[3].quality)
        return 2;
    low = 3;
    if (n > 10 && quality < points[9].quality)
        high = 9;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (quality >= points[middle].quality)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

double stats_routing_cpt(const struct stats_routing *routing, double gain)
{
    if (isnan(routing->apgr))
        return NAN;
    const struct stats_curve_point *points = routing->points;
    size_t n = routing->n_points;
    double quality = gain * (routing->strong - routing->weak) + routing->weak;
    if (quality > points[n - 1].quality)
        return points[n - 1].strong_share;
    if (quality < points[0].quality)
        return points[0].strong_share;
    size_t i = interp_segment(points, n, quality);
    if (i + 1 >= n || points[i].quality == quality)
        return points[i].strong_share;
    double slope = (points[i + 1].strong_share - points[i].strong_share) /
                   (points[i + 1].quality - points[i].quality);
    return slope * (quality - points[i].quality) + points[i].strong_share;
}

/* Resampled rows, still by rising score. */
static void draw_sorted(
    struct dice *dice, const struct scored *rows, uint32_t *counts, struct scored *drawn, size_t n)
{
    resample_counts(dice, counts, n);
    size_t filled = 0;
    for (size_t i = 0; i < n; i++)
        for (uint32_t copies = counts[i]; copies > 0; copies--)
            drawn[filled++] = rows[i];
}

static struct stats_routing_intervals bootstrap_sorted(
    const struct scored *rows, size_t n, struct stats_resampling how)
{
    size_t rounds = resample_rounds(how);
    uint32_t *counts = memory_take(n * sizeof(*counts));
    struct scored *drawn = memory_take(n * sizeof(*drawn));
    double *apgr = memory_take(3 * rounds * sizeof(*apgr));
    double *cpt50 = apgr + rounds, *cpt80 = cpt50 + rounds;
    for (size_t round = 0; round < rounds; round++) {
        draw_sorted(how.dice, rows, counts, drawn, n);
        struct stats_routing routing = judge_sorted(drawn, n);
        apgr[round] = routing.apgr;
        cpt50[round] = stats_routing_cpt(&routing, 0.5);
        cpt80[round] = stats_routing_cpt(&routing, 0.8);
    }
    struct stats_routing seen = judge_sorted(rows, n);
    struct stats_routing_intervals intervals = {
        .apgr = resample_interval(seen.apgr, apgr, rounds, how.level),
        .cpt50 = resample_interval(stats_routing_cpt(&seen, 0.5), cpt50, rounds, how.level),
        .cpt80 = resample_interval(stats_routing_cpt(&seen, 0.8), cpt80, rounds, how.level),
    };
    free(apgr);
    free(drawn);
    free(counts);
    return intervals;
}

struct stats_routing_intervals stats_routing_bootstrap(const double *score, const double *weak,
    const double *strong, size_t n, struct stats_resampling how)
{
    const struct interval unknown = {NAN, NAN, NAN};
    struct stats_routing_intervals intervals = {unknown, unknown, unknown};
    struct scored *rows = NULL;
    if (n > 0 && sort_rows(score, weak, strong, n, &rows))
        intervals = bootstrap_sorted(rows, n, how);
    free(rows);
    return intervals;
}
