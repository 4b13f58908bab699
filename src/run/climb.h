/* Inside the ladder: where one task stands, for the files that take it up. */
#ifndef RUNG_RUN_CLIMB_H
#define RUNG_RUN_CLIMB_H

#include "check.h"
#include "plan.h"
#include "trees.h"

/* Where one task stands. */
struct climb {
    struct run *run;
    struct slot *slot;
    struct repository repository; /* its base is this task's own */
    struct tree *tree;            /* the one it works in, once it has one */
    const char *branch;           /* where the change goes */
    size_t at;                    /* in the order of rungs: the start, then the decision's climb */
    int n_attempts;               /* of the execute phase */
    struct plan plan;             /* of the present try; nothing done: it has none */
    bool is_planned;              /* the present attempt stands for the parts of a plan */
    size_t row;                   /* where its record stands already; SIZE_MAX: nowhere */
    struct check check;
    struct slice error; /* how the last attempt ended, where not well */
    bool is_tested, is_reviewed;
};

/* Plan and parts of the present try, as far as no earlier one has done them: climb->plan. Then
 * climb->is_planned, and `attempt` is the part that the verdict is written to, in the state in
 * which an attempt at the whole would be; else there is no plan to follow and the attempt is still
 * to be made. False where git fails. */
bool planned_try(struct climb *climb, struct attempt *attempt, struct failure *failure) MUST_USE;

/* Writes the verdict on the whole to the records of the parts. */
void planned_settle(struct climb *climb, const struct attempt *attempt);

#endif
