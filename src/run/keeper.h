/* One program under a keeper (rung-keep): started by argument vector, fed, listened to, limited in
 * time and output, and gone with everything it started when keeper_run returns — or when this
 * process dies, however it dies. May run in any thread. */
#ifndef RUNG_RUN_KEEPER_H
#define RUNG_RUN_KEEPER_H

#include "base/arena.h"
#include "base/failure.h"

enum {
    KEEPER_GRACE_MS = 3000,               /* between SIGTERM and SIGKILL */
    KEEPER_OUTPUT_BYTES_MOST = 256 << 20, /* of both streams: then the program is stopped */
    KEEPER_PATIENCE_MS = 10000,           /* for a keeper that was told to kill */
    KEEPER_LIVE_MOST = 1024,              /* at a time */
};

/* What all keepers of this process share. */
struct keepers;

/* `program`: the path of rung-keep. Makes this process the adopter of what a killed keeper leaves
 * behind. */
bool keepers_make(const char *program, struct keepers **keepers, struct failure *failure) MUST_USE;
void keepers_free(struct keepers *keepers); /* NULL is allowed */

/* Every keeper_run, now and later, ends its program and returns; safe in a signal handler. */
void keepers_stop(struct keepers *keepers);
bool keepers_are_stopped(const struct keepers *keepers);
/* Waits until keepers_stop or the time is up; false when stopped. */
bool keepers_wait(const struct keepers *keepers, int64_t wait_ms);

struct keeper_start {
    const char *const *argv;
    const char *const *environment; /* complete, ends in NULL */
    const char *directory;
    struct slice input;
    double timeout_s; /* 0: no limit */
};

/* Called with what comes, in the thread of keeper_run. A sentence in return (a constant or the
 * context's own) ends the program; NULL lets it go on. */
struct keeper_ear {
    const char *(*output)(void *context, struct slice bytes);
    const char *(*error)(void *context, struct slice bytes);
    void *context;
};

struct keeper_ended {
    int exit_status;         /* 128 + signal where a signal ended it */
    const char *not_started; /* why, in the arena, or NULL */
    bool timed_out, interrupted;
    const char *stopped; /* the ear's sentence, or ours; NULL: it ended by itself */
    bool unkept;         /* its keeper was killed, perhaps by itself */
    int leftovers;       /* processes that outlived it and were killed */
    double seconds;
};

void keeper_run(struct keepers *keepers, struct arena *arena, const struct keeper_start *start,
    const struct keeper_ear *ear, struct keeper_ended *ended);

/* Kills processes of this user whose environment says that they belong to a run (RUNG_RUN=id) for
 * which `is_dead` answers true: what survived when rung and its keepers were killed together.
 * Returns how many. */
size_t keepers_kill_strays(bool (*is_dead)(void *context, struct slice run), void *context);

#endif
