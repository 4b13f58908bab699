/* What is believed of (label, rung) after some outcomes: Beta cells shrunk towards an additive
 * prior of ability and difficulty (METHODS §1.3), and costs likewise, as factors. */
#ifndef RUNG_EVAL_BELIEF_H
#define RUNG_EVAL_BELIEF_H

#include "base/arena.h"

struct belief {
    size_t n_groups, n_rungs, since_fit;
    double *n, *good, *cost_usd;         /* sums, [group * n_rungs + rung] */
    double *ability, *difficulty;        /* logits, [rung], [group] */
    double *rung_n, *rung_cost, *dearer; /* [rung], [rung], factor of a group [group] */
    double log_loss;                     /* of its forecasts so far, sum, nats */
};

struct belief_forecast {
    double success, cost_usd;
    double weight; /* outcomes that success rests on */
};

struct belief belief_make(struct arena *arena, size_t n_groups, size_t n_rungs);
struct belief_forecast belief_forecast(const struct belief *belief, size_t group, size_t rung);
/* Scores the forecast, then learns. */
void belief_update(
    struct belief *belief, size_t group, size_t rung, double success, double cost_usd);

#endif
