/* What the whole server holds, and the doors between its loop's files. All of it belongs to the
 * loop's thread. */
#ifndef RUNG_SERVE_SERVER_H
#define RUNG_SERVE_SERVER_H

#include "access.h"
#include "answer.h"
#include "events.h"
#include "request.h"
#include "workers.h"

#include <uv.h>

enum { SERVER_CHUNK_BYTES = 64 << 10, SERVER_TICK_MS = 250 };

struct server {
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_timer_t tick;
    uv_signal_t terminate, interrupt, hangup;
    struct access access;
    struct serve_place place;
    struct workers workers;
    struct connection *connections; /* a list, the newest first */
    size_t n_connections, n_listeners;
    size_t unsent_bytes, bodies_bytes; /* of all connections */
    struct events *events;
    unsigned *running; /* calls under way, one count for each row */
    bool is_ending;
    uint64_t end_at_ms;             /* by uv_now: what is not answered by then never is */
    char chunk[SERVER_CHUNK_BYTES]; /* what was read last, of whatever connection */
};

/* What a connection is doing. */
enum connection_at {
    CONNECTION_READING,   /* waits for a request, or for the rest of one */
    CONNECTION_ANSWERING, /* a worker has it; nothing is read */
    CONNECTION_SENDING,   /* nothing is read before all is sent */
    CONNECTION_STREAMING, /* it listens to events; what it says is not heard */
    CONNECTION_LINGERING, /* refused: what still comes is thrown away, so that it reads why */
    CONNECTION_CLOSED,    /* gone from the list, freed when nothing is under way */
};

struct connection {
    uv_tcp_t socket; /* first: its address is the connection's */
    struct server *server;
    struct connection *next, *previous;
    enum connection_at at;
    struct request_reader reader;
    struct arena arena; /* of the request */
    char *waiting;      /* bytes of later requests that came with this one's */
    size_t waiting_len;
    size_t thrown_away;  /* bytes that were not heard */
    size_t counted_body; /* what of bodies_bytes is this one's */
    uint64_t since_ms;   /* by uv_now: begin of what it does, or the last progress of sending */
    size_t unsent;       /* at the last tick */
    bool ends_after, has_job, is_over; /* over: its handle is closed */
    struct listener *listener;         /* of a stream */
    const struct serve_route *route;   /* that answers; NULL: none */
    uint64_t asked_ns;                 /* by uv_hrtime: when the request was whole */
};

/* ---- connection.c ---- */

/* For uv_listen. */
void connection_accept(uv_stream_t *listener, int status);

/* Sends head and body (whose bytes it takes over) and goes on with the next request, or ends. */
void connection_answer(struct connection *connection, struct answer_head head, struct emit *body);
/* From now on it is sent events, and what it says is not heard. */
void connection_begin_stream(struct connection *connection);
void connection_refuse(struct connection *connection, int status, struct slice message);

/* Deadlines of all connections; called each SERVER_TICK_MS. */
void connection_check_all(struct server *server);

/* Ends it now; it may be freed before this returns to the loop. */
void connection_close(struct connection *connection);

/* Its job is done: it is freed where it was closed meanwhile. */
void connection_end_job(struct connection *connection);

/* ---- dispatch.c ---- */

/* Finds what answers a whole request and lets it. */
void dispatch_request(struct connection *connection);

#endif
