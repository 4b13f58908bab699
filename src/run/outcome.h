/* The experiment of a task: begun from its decision, ended with what its attempts add up to. */
#ifndef RUNG_RUN_OUTCOME_H
#define RUNG_RUN_OUTCOME_H

#include "engine.h"

/* Pending, without attempts; under the id of the decision that it completes, where one waits. */
void outcome_begin(struct run *run, struct slot *slot);

/* Adds an attempt, and its cost to what the job has spent: what its agent told, else what its rung
 * is assumed to cost. Returns its place among the experiment's attempts. */
size_t outcome_add(struct run *run, struct slot *slot, const struct record_attempt *attempt);

/* An attempt of which only the beginning is known. */
void outcome_add_lost(struct run *run, struct slot *slot, const struct lost *lost);

/* Sets success, cost, time and the words for why it ended. Where no attempt was judged the
 * experiment stays pending: it counts nowhere. */
void outcome_end(
    struct slot *slot, enum run_stop stop, struct slice why, bool is_tested, bool is_reviewed);

#endif
