/* Inside the decide room: actions — a rung, or a ladder of rungs to climb while gates fail — and
 * the choice among them. */
#ifndef RUNG_DECIDE_GOAL_H
#define RUNG_DECIDE_GOAL_H

#include "decide.h"

enum { GOAL_CLIMBS_MOST = 3 };

struct action {
    int rungs[GOAL_CLIMBS_MOST];
    size_t n;
    double success;  /* that one of its rungs is accepted */
    double cost_usd; /* expected, of all its attempts */
};

/* True where enough is known of a rung for a choice to rest on it: outcomes and measured costs. */
bool goal_is_known(const struct evidence_estimate *estimate);

/* The action of the greatest value × success − cost among single rungs and, with gates, ladders
 * of rungs in the order of their cost; the cheaper of equals. False where no rung is known. */
bool goal_choose(const struct decider *decider, const struct evidence_estimate *estimates,
    double value_usd, struct action *best);

/* A first attempt on `failed` that a gate rejected: what a success on `next` must be worth for
 * climbing to pay, USD. */
double goal_break_even(
    const struct decider *decider, const struct evidence_estimate *estimates, int failed, int next);

#endif
