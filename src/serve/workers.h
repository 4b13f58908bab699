/* The states that handlers work with, handed from call to call, and the calls themselves. */
#ifndef RUNG_SERVE_WORKERS_H
#define RUNG_SERVE_WORKERS_H

#include "routes.h"
#include "state.h"

#include <uv.h>

struct connection;

enum { WORKERS_STATES_MOST = 16 };

/* States that no thread uses now. */
struct workers {
    const struct serve_place *place;
    uv_mutex_t lock;
    struct serve_state *idle[WORKERS_STATES_MOST];
    size_t n_idle;
    size_t made_bytes; /* of answers that wait for the loop */
};

bool workers_begin(
    struct workers *workers, const struct serve_place *place, struct failure *failure) MUST_USE;
void workers_end(struct workers *workers); /* when no call is under way */

struct serve_state *workers_take(struct workers *workers); /* any thread; never NULL */
void workers_give_back(struct workers *workers, struct serve_state *state);

/* One call of a handler, from the loop to a worker thread and back. */
struct job {
    uv_work_t work;
    struct workers *workers;
    struct connection *connection;
    struct serve_request request;
    struct serve_answer answer;
    struct emit body;              /* what is sent: the envelope, or the data itself */
    size_t made_bytes;             /* of it, as counted above */
    void (*done)(struct job *job); /* on the loop; the job is the receiver's to free */
};

/* A job for a connection, of which the caller fills request and done. The arena is the worker's
 * until it is done. */
struct job *job_make(struct workers *workers, struct connection *connection, struct arena *arena);
void job_start(uv_loop_t *loop, struct job *job);
void job_free(struct job *job);

#endif
