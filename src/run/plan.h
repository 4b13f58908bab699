/* Plan, then execute: a planning rung splits a task into parts, each is done on its own decided
 * rung. Parts that depend on nothing unfinished and have no file in common are done at the same
 * time, each in a work tree of its own, and joined in the plan's order; the rest one after the
 * other in the task's own work tree. The gates look at the whole. */
#ifndef RUNG_RUN_PLAN_H
#define RUNG_RUN_PLAN_H

#include "attempt.h"
#include "worktree.h"

enum { PLAN_PARTS_MOST = 32 };

/* What is done in one planned try. The part that the gates' verdict is written to, the last that
 * was done or the first that did not end well, stands last. */
struct plan {
    const char *why;      /* there is none, or it was not followed to its end, and why */
    struct attempt *done; /* what was begun in this try: the planning, parts, parts again */
    size_t *rows;         /* where each of them stands among the experiment's attempts */
    size_t n_done;
    bool interrupted;
};

/* True where the journal has no answer of the planning rung yet. */
bool plan_is_wanted(const struct slot *slot);

/* Asks for the plan and writes it down; it is the job's `plan` then. Where there is none the work
 * tree is as it was and the caller goes on without. */
void plan_make(struct run *run, struct slot *slot, const struct attempt *whole, struct plan *plan);

/* Does the parts of the job's plan that no earlier try or start has done, as many at a time as the
 * run has jobs to spare; stops behind one that did not end well. `base`: the commit that the work
 * tree was made from; `tree`: the work tree, as gate_tree_open has it. False where git fails. */
bool plan_execute(struct run *run, struct slot *slot, const struct repository *base,
    const struct gate_tree *tree, const struct attempt *whole, struct plan *plan,
    struct failure *failure) MUST_USE;

/* Cost of all that was done in this try; NAN where one is not known. */
double plan_cost_usd(const struct plan *plan);

/* What is left of a try's allowance; 0: no limit was set, or nothing is left of it. */
double plan_left_usd(const struct attempt *whole, const struct plan *plan);

/* The next attempt of the plan. */
struct attempt *plan_begin(
    const struct attempt *whole, struct plan *plan, enum record_phase phase, int rung);

/* Tells the listener that it begins or has ended. */
void plan_tell(
    struct run *run, struct slot *slot, const struct attempt *attempt, enum run_event_kind kind);

/* The parts of a plan's JSON as tasks in the order in which they are done, at most
 * PLAN_PARTS_MOST. False where it is not of agent_plan_schema, an id is used twice, a dependency is
 * not known or goes round in a circle, or a path leaves the work tree. */
bool plan_read(struct arena *arena, struct slice json, struct task *parts, size_t *n,
    struct failure *failure) MUST_USE;

/* Which parts come next, by their places in `parts`; `is_done` says of each whether it is done.
 * More than one where `together`: none depends on another or shares a file with another, or with an
 * earlier part that is still to be done. A part that names no file, or a pattern of files, is taken
 * to share with all. Returns how many: 0 where all are done. */
size_t plan_next(const struct task *parts, size_t n, const bool *is_done, bool together,
    size_t next[PLAN_PARTS_MOST]);

#endif
