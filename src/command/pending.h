/* Decisions on their way into the ledger, where they wait for their outcomes. */
#ifndef RUNG_COMMAND_PENDING_H
#define RUNG_COMMAND_PENDING_H

#include "store.h"
#include "task/task.h"

struct pending;

/* Opens the ledger that the call means; what is kept comes in one transaction a few thousand. */
bool pending_open(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct pending **pending, struct failure *failure) MUST_USE;

/* Stores a decision as a pending experiment; one that is pending for the same task is replaced,
 * under its id. */
bool pending_keep(struct pending *pending, const struct decider *decider, const struct task *task,
    const struct decision *decision, struct failure *failure) MUST_USE;

/* The id of the experiment that was kept last; good until the next one or pending_close. */
struct slice pending_last_id(const struct pending *pending);

/* Puts on the disk what was kept; *n (may be NULL) says how many. */
bool pending_finish(struct pending *pending, size_t *n, struct failure *failure) MUST_USE;

void pending_close(struct pending *pending); /* NULL is allowed; drops what was not finished */

#endif
