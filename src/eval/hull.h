/* The cheapest mixture of actions that reaches a quality: a linear program with one constraint,
 * solved exactly on the convex hulls of the groups. */
#ifndef RUNG_EVAL_HULL_H
#define RUNG_EVAL_HULL_H

#include "base/arena.h"

/* What is done with the tasks of one group: one arm, or two neighbours on the hull. */
struct mix {
    size_t low, high;  /* arms */
    double share_high; /* 0 … 1 of the tasks go to `high`, the others to `low` */
};

struct hull_problem {
    size_t n_groups, n_arms;
    const double *quality, *cost_usd; /* expected, [group * n_arms + arm] */
    const double *share;              /* of the tasks, by group; they sum to 1 */
};

/* Fills mix[group]: least mean cost with mean quality >= need. At most one group is mixed. Where
 * no mixture reaches `need`: the highest quality there is. The optimum of
 *     min Σ share·cost  s.t.  Σ share·quality >= need
 * takes the steps up all hulls in the order of quality per dollar (the multiplier of the
 * constraint falls from step to step), so it sits between two adjacent policies (METHODS §2.1). */
void hull_solve(
    struct arena *scratch, const struct hull_problem *problem, double need, struct mix *mix);

#endif
