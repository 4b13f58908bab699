/* Inside the run room: the keepers of this process. One that has nothing left to keep waits for the
 * next program, so that there are as many as programs run at a time and not one for each. */
#ifndef RUNG_RUN_KEEPERS_H
#define RUNG_RUN_KEEPERS_H

#include "keep.h"
#include "keeper.h"

#include <stdbool.h>
#include <sys/types.h>

struct hired {
    pid_t pid;
    int orders; /* socket; words of keep.h */
};

/* An idle keeper or a new one, whose environment says which run it is of. Returns 0 or an errno. */
int keepers_hire(struct keepers *keepers, const char *const *environment, struct hired *hired);

/* Takes it back: to wait for another program where `idle`, to its end where not. One that ended
 * before it said that all is gone (not `answered`) may have left a brood: that is killed. */
void keepers_release(struct keepers *keepers, struct hired *hired, bool idle, bool answered);

/* Readable from keepers_stop on. */
int keepers_stop_descriptor(const struct keepers *keepers);

#endif
