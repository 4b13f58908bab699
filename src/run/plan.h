/* Plan, then execute: a planning rung splits a task into parts, each is done on its own decided
 * rung, in order, in the task's one work tree. */
#ifndef RUNG_RUN_PLAN_H
#define RUNG_RUN_PLAN_H

#include "attempt.h"
#include "worktree.h"

enum { PLAN_PARTS_MOST = 32 };

/* What is done for one planned attempt. The last part stands in for the attempt itself: the gates
 * look at the whole after it. */
struct plan {
    struct slice json; /* the validated plan; empty: there is none, and `why` says why */
    const char *why;
    struct attempt *done; /* the planning, then the parts that were begun */
    size_t n_done;
    bool interrupted;
};

/* Asks for the plan. Where there is none (plan->json empty) the work tree is as it was and the
 * caller goes on without. */
void plan_make(struct run *run, struct slot *slot, const struct attempt *whole, struct plan *plan);

/* Does the parts, each after those it depends on; stops at one that did not end well. */
void plan_execute(
    struct run *run, struct slot *slot, const struct attempt *whole, struct plan *plan);

/* Cost of all that was done; NAN where one is not known. */
double plan_cost_usd(const struct plan *plan);

/* The parts of a plan's JSON as tasks in the order in which they are done, at most
 * PLAN_PARTS_MOST. False where it is not of agent_plan_schema, an id is used twice, a dependency is
 * not known or goes round in a circle, or a path leaves the work tree. */
bool plan_read(struct arena *arena, struct slice json, struct task *parts, size_t *n,
    struct failure *failure) MUST_USE;

#endif
