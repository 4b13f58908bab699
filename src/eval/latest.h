/* A walk over the latest experiments, in the order in which they happened. */
#ifndef RUNG_EVAL_LATEST_H
#define RUNG_EVAL_LATEST_H

#include "ledger/ledger.h"

typedef void eval_take(void *context, const struct experiment *experiment);

/* Hands on, oldest first, the latest `most` that the filter lets pass (0: all of them); their
 * texts live in the arena. */
bool eval_walk_latest(struct ledger *ledger, struct arena *arena,
    const struct ledger_filter *filter, size_t most, eval_take *take, void *context,
    struct failure *failure) MUST_USE;

#endif
