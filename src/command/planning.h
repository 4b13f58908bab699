/* Whether a task is planned first, and whether its review is made: by the policy, by what outcomes
 * say, or by dice to learn that. */
#ifndef RUNG_COMMAND_PLANNING_H
#define RUNG_COMMAND_PLANNING_H

#include "report/report.h"
#include "run/run.h"
#include "store.h"

struct planning {
    const struct policy *policy;
    struct report_phases phases; /* what was learned; all zero: nothing yet */
};

/* Reads the ledger's sums, where there is a ledger and one of the policy's modes is auto. They live
 * in the call's arena. */
bool planning_open(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct planning *planning, struct failure *failure) MUST_USE;

/* The chance that a task is planned first and a sentence why: a run_chance of `context`, which is a
 * struct planning. */
struct run_chance planning_chance(const void *context, const struct task *task,
    const struct decision *decision, struct arena *arena);

/* The same of a review that the policy calls for. It is made unless outcomes say that it does not
 * pay: of its rejections whose truth is known most were wrong (95 %), or, where the goal says what
 * an accepted task is worth, it costs more than all that it may have caught. */
struct run_chance planning_review_chance(const void *context, const struct task *task,
    const struct decision *decision, struct arena *arena);

#endif
