/* serve: receives HTTP requests, hands on what the other rooms know as JSON, events, metrics and
 * the dashboard's files. Refuses to decide, count or judge anything itself.
 *
 * One thread reads and writes sockets (libuv, llhttp); handlers run on libuv's worker threads,
 * each call with a state that no other call has at that time. */
#ifndef RUNG_SERVE_SERVE_H
#define RUNG_SERVE_SERVE_H

#include "base/arena.h"
#include "base/failure.h"

/* Every bound on what a client can make this process hold or wait for. */
enum {
    SERVE_HEAD_BYTES_MOST = 16 << 10,
    SERVE_TARGET_BYTES_MOST = 8 << 10,
    SERVE_BODY_BYTES_MOST = 1 << 20,
    SERVE_BODIES_BYTES_MOST = 32 << 20, /* of all connections together */
    SERVE_UNSENT_BYTES_MOST = 32 << 20, /* of all connections together; listeners not counted */
    SERVE_CONNECTIONS_MOST = 512,
    SERVE_LISTENERS_MOST = 256,                 /* of those */
    SERVE_LISTENER_UNSENT_BYTES_MOST = 1 << 20, /* then it reads on by itself, as it takes it */
    SERVE_HEAD_WAIT_MS = 10000,  /* from the first byte of a request to its empty line */
    SERVE_BODY_GRACE_MS = 10000, /* then at least this many bytes a second: */
    SERVE_BODY_BYTES_A_SECOND = 8 << 10,
    SERVE_IDLE_WAIT_MS = 60000,   /* between requests */
    SERVE_SEND_WAIT_MS = 30000,   /* for a client to take any of its answer */
    SERVE_ANSWER_WAIT_MS = 20000, /* for a handler: serve_request's deadline */
    SERVE_END_WAIT_MS = 5000,     /* for answers under way, when told to end */
    SERVE_HEARTBEAT_MS = 15000,
    SERVE_PORT = 7864,
};

struct serve_options {
    const char *listen;       /* "HOST:PORT"; port 0: any that is free */
    const char *const *names; /* other host names it is asked by (a proxy's), ended by NULL */
    const char *token_path;   /* where the token is kept; made where it is missing … */
    bool token_must_exist;    /* … unless it is named */
    const char *ledger_url;
    const char *ledger_path;   /* its file; NULL where the URL names none */
    bool ledger_in_project;    /* a stranger may have put evidence there: it must be this user's */
    const char *evidence_path; /* of the snapshot beside it, or NULL */
    const char *policy_path;   /* NULL: found upward from `directory` */
    const char *home;          /* where runs keep their journals: ".rung" of the repository it was
                                  started in, or beside the ledger; NULL: nowhere */
    const char *directory;     /* where it was started */
    const char *price_path;    /* this user's own prices, or NULL */
};

/* Listens and answers until SIGTERM or SIGINT. False where it cannot begin. */
bool serve_run(const struct serve_options *options, struct failure *failure) MUST_USE;

#endif
