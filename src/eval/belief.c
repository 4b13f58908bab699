/* Receives outcomes one by one, hands on what is to be expected next. Refuses to choose. */
#include "belief.h"

#include <math.h>

enum { FIT_EVERY = 5, SWEEPS = 2 };

/* Outcomes that the additive prior counts for in a cell; precision of a rung's ability about the
 * mean of the ladder (a standard deviation of 0.4 logits: models on one ladder mostly solve the
 * same tasks), and of a group's difficulty about none. */
static const double STRENGTH = 60;
static const double ABILITY_RIDGE = 6;
static const double DIFFICULTY_RIDGE = 2;
static const double COST_STRENGTH = 10;
static const double OUTCOME_VARIANCE = 0.2; /* p(1-p) of a usual rung */

struct belief belief_make(struct arena *arena, size_t n_groups, size_t n_rungs)
{
    size_t n = n_groups * n_rungs;
    struct belief belief = {.n_groups = n_groups,
        .n_rungs = n_rungs,
        .n = ARENA_ARRAY(arena, double, n),
        .good = ARENA_ARRAY(arena, double, n),
        .cost_usd = ARENA_ARRAY(arena, double, n),
        .ability = ARENA_ARRAY(arena, double, n_rungs),
        .difficulty = ARENA_ARRAY(arena, double, n_groups),
        .rung_n = ARENA_ARRAY(arena, double, n_rungs),
        .rung_cost = ARENA_ARRAY(arena, double, n_rungs),
        .dearer = ARENA_ARRAY(arena, double, n_groups)};
    for (size_t group = 0; group < n_groups; group++)
        belief.dearer[group] = 1;
    return belief;
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* One Newton step for the ability of a rung, the difficulties held. */
static void step_ability(struct belief *belief, size_t rung)
{
    double others = 0;
    for (size_t other = 0; other < belief->n_rungs; other++)
        others += belief->ability[other] / (double)belief->n_rungs;
    double gradient = ABILITY_RIDGE * (others - belief->ability[rung]);
    double curvature = ABILITY_RIDGE;
    for (size_t group = 0; group < belief->n_groups; group++) {
        size_t cell = group * belief->n_rungs + rung;
        double p = logistic(belief->ability[rung] - belief->difficulty[group]);
        gradient += belief->good[cell] - belief->n[cell] * p;
        curvature += belief->n[cell] * p * (1 - p);
    }
    belief->ability[rung] += gradient / curvature;
}

static void step_difficulty(struct belief *belief, size_t group)
{
    double gradient = -DIFFICULTY_RIDGE * belief->difficulty[group], curvature = DIFFICULTY_RIDGE;
    for (size_t rung = 0; rung < belief->n_rungs; rung++) {
        size_t cell = group * belief->n_rungs + rung;
        double p = logistic(belief->ability[rung] - belief->difficulty[group]);
        gradient += belief->n[cell] * p - belief->good[cell];
        curvature += belief->n[cell] * p * (1 - p);
    }
    belief->difficulty[group] += gradient / curvature;
}

static double mean_cost(const struct belief *belief)
{
    double n = 0, sum = 0;
    for (size_t rung = 0; rung < belief->n_rungs; rung++) {
        n += belief->rung_n[rung];
        sum += belief->rung_cost[rung];
    }
    return n > 0 ? sum / n : 0;
}

/* A rung that was never tried is thought as dear as the others. */
static double rung_mean_cost(const struct belief *belief, size_t rung)
{
    double n = belief->rung_n[rung];
    return (belief->rung_cost[rung] + mean_cost(belief)) / (n + 1);
}

static void fit_dearer(struct belief *belief, size_t group)
{
    double seen = 0, expected = 0, usual = COST_STRENGTH * mean_cost(belief);
    for (size_t rung = 0; rung < belief->n_rungs; rung++) {
        size_t cell = group * belief->n_rungs + rung;
        seen += belief->cost_usd[cell];
        expected += belief->n[cell] * rung_mean_cost(belief, rung);
    }
    belief->dearer[group] = expected + usual > 0 ? (seen + usual) / (expected + usual) : 1;
}

static void fit(struct belief *belief)
{
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        for (size_t rung = 0; rung < belief->n_rungs; rung++)
            step_ability(belief, rung);
        for (size_t group = 0; group < belief->n_groups; group++)
            step_difficulty(belief, group);
    }
    for (size_t group = 0; group < belief->n_groups; group++)
        fit_dearer(belief, group);
}

struct belief_forecast belief_forecast(const struct belief *belief, size_t group, size_t rung)
{
    size_t cell = group * belief->n_rungs + rung;
    double n = belief->n[cell], elsewhere = belief->rung_n[rung] - n;
    double prior = logistic(belief->ability[rung] - belief->difficulty[group]);
    double cost_prior = rung_mean_cost(belief, rung) * belief->dearer[group];
    return (struct belief_forecast){
        .success = (belief->good[cell] + STRENGTH * prior) / (n + STRENGTH),
        .cost_usd = (belief->cost_usd[cell] + COST_STRENGTH * cost_prior) / (n + COST_STRENGTH),
        .weight = n + elsewhere + ABILITY_RIDGE / OUTCOME_VARIANCE,
    };
}

void belief_update(
    struct belief *belief, size_t group, size_t rung, double success, double cost_usd)
{
    size_t cell = group * belief->n_rungs + rung;
    double p = fmin(fmax(belief_forecast(belief, group, rung).success, 1e-6), 1 - 1e-6);
    belief->log_loss -= success * log(p) + (1 - success) * log(1 - p);
    belief->n[cell]++;
    belief->good[cell] += success;
    belief->cost_usd[cell] += cost_usd;
    belief->rung_n[rung]++;
    belief->rung_cost[rung] += cost_usd;
    if (++belief->since_fit >= FIT_EVERY) {
        belief->since_fit = 0;
        fit(belief);
    }
}
