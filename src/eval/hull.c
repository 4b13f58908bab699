/* Receives expected quality and cost of every arm in every group; hands on the cheapest mixture
 * that keeps a quality. Refuses to know where the numbers come from. */
#include "hull.h"

#include <math.h>
#include <stdlib.h>

struct point {
    double cost_usd, quality;
    size_t arm;
};

struct step {
    double slope; /* quality per dollar */
    double gain;  /* of mean quality, if taken whole */
    size_t group, from, to, rank;
};

static int compare_points(const void *a, const void *b)
{
    const struct point *left = a, *right = b;
    if (left->cost_usd != right->cost_usd)
        return left->cost_usd < right->cost_usd ? -1 : 1;
    if (left->quality != right->quality)
        return left->quality > right->quality ? -1 : 1;
    return (left->arm > right->arm) - (left->arm < right->arm);
}

static int compare_steps(const void *a, const void *b)
{
    const struct step *left = a, *right = b;
    if (left->slope != right->slope)
        return left->slope > right->slope ? -1 : 1;
    return (left->rank > right->rank) - (left->rank < right->rank);
}

static bool is_below(const struct point *a, const struct point *b, const struct point *c)
{
    return (b->quality - a->quality) * (c->cost_usd - b->cost_usd) <=
           (c->quality - b->quality) * (b->cost_usd - a->cost_usd);
}

/* Leaves the upper hull, rising in cost and in quality, in place; returns its length. */
static size_t keep_hull(struct point *points, size_t n)
{
    qsort(points, n, sizeof(*points), compare_points);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept && points[i].quality <= points[kept - 1].quality)
            continue;
        while (kept >= 2 && is_below(&points[kept - 2], &points[kept - 1], &points[i]))
            kept--;
        points[kept++] = points[i];
    }
    return kept;
}

/* Puts the group at its cheapest arm, adds its steps upwards; returns the quality there. */
static double open_group(const struct hull_problem *problem, size_t group, struct point *points,
    struct mix *mix, struct step *steps, size_t *n_steps)
{
    size_t at = group * problem->n_arms, n = problem->n_arms;
    for (size_t arm = 0; arm < n; arm++)
        points[arm] = (struct point){problem->cost_usd[at + arm], problem->quality[at + arm], arm};
    n = keep_hull(points, n);
    *mix = (struct mix){points[0].arm, points[0].arm, 0};
    for (size_t i = 1; i < n; i++) {
        double gain = points[i].quality - points[i - 1].quality;
        double price = points[i].cost_usd - points[i - 1].cost_usd;
        steps[*n_steps] = (struct step){price > 0 ? gain / price : INFINITY,
            gain * problem->share[group], group, points[i - 1].arm, points[i].arm, *n_steps};
        ++*n_steps;
    }
    return points[0].quality * problem->share[group];
}

void hull_solve(
    struct arena *scratch, const struct hull_problem *problem, double need, struct mix *mix)
{
    size_t n = problem->n_groups * problem->n_arms, n_steps = 0;
    struct point *points = ARENA_ARRAY(scratch, struct point, problem->n_arms);
    struct step *steps = ARENA_ARRAY(scratch, struct step, n);
    double quality = 0;
    for (size_t group = 0; group < problem->n_groups; group++)
        quality += open_group(problem, group, points, &mix[group], steps, &n_steps);
    qsort(steps, n_steps, sizeof(*steps), compare_steps);
    for (size_t i = 0; i < n_steps && quality < need; i++) {
        double whole = steps[i].gain;
        double part = whole > need - quality ? (need - quality) / whole : 1;
        mix[steps[i].group] = (struct mix){steps[i].from, steps[i].to, part};
        quality += part * whole;
    }
}
