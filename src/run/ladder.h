/* One task up its ladder. */
#ifndef RUNG_RUN_LADDER_H
#define RUNG_RUN_LADDER_H

#include "engine.h"

/* From where the slot stands to the end of its task, or until the run is stopped: then the job's
 * `stop` is RUN_NOT_OVER. In the slot's own thread. */
void ladder_climb(struct run *run, struct slot *slot);

/* Writes down that a task is over, as its job says, and files it. */
void ladder_close(struct run *run, struct slot *slot);

/* Ends a task that was not begun. */
void ladder_skip(struct run *run, struct slot *slot, enum run_stop stop, struct slice why);

#endif
