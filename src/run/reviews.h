/* The one review at the end of a swarm: the changes that the gates accepted, several to a prompt,
 * by Message Batches where the agent is the API. */
#ifndef RUNG_RUN_REVIEWS_H
#define RUNG_RUN_REVIEWS_H

#include "engine.h"

/* Keeps an accepted task back for it: its row is written when the review has spoken. */
void reviews_keep(struct slot *slot, struct slice why, bool is_tested, bool is_reviewed);

/* True where tasks wait for it. */
bool reviews_are_due(const struct run *run);

/* Reviews them and ends each: accepted, rejected, or not checked where the review could not tell.
 * Returns early where the run is told to stop: what was not ended waits for the next start, and a
 * batch that was sent goes on without us. Once nobody else works on the run. */
void reviews_work(struct run *run);

/* The journal's line about a batch: {"batch":id,"groups":[[task…]…]}. False where it is none. */
bool reviews_read_batch(struct run *run, struct json step, struct failure *failure) MUST_USE;

#endif
