/* Server-sent events: the feed is read once and fanned out. A listener that comes back with the
 * id of its last event, or takes less than comes, reads on by itself from its own place, in
 * batches that wait for it, until it is where the others are. */
#ifndef RUNG_SERVE_EVENTS_H
#define RUNG_SERVE_EVENTS_H

#include "base/failure.h"
#include "base/slice.h"

#include <stdbool.h>

struct connection;
struct events;
struct listener;
struct server;

/* Begins to follow the feed from now on, as server->events. */
bool events_begin(struct server *server, struct failure *failure) MUST_USE;
/* No timer and no new read any more; the listeners end with their connections. */
void events_stop(struct events *events);
void events_free(struct events *events); /* when the loop is over; NULL is allowed */

/* The connection becomes a listener, from `last_id` on (empty: from now on). */
void events_join(struct events *events, struct connection *connection, struct slice last_id);

/* Its connection is closed. */
void events_leave(struct listener *listener);

#endif
