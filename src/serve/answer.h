/* How an answer is written: the head with what every answer says, and the one envelope. */
#ifndef RUNG_SERVE_ANSWER_H
#define RUNG_SERVE_ANSWER_H

#include "base/emit.h"

/* What a head says besides what all say. */
struct answer_head {
    int status;
    const char *media;    /* NULL: application/json */
    const char *caching;  /* NULL: no-store */
    struct slice allow;   /* empty: not said */
    const char *location; /* NULL: not said */
    const char *cookie;   /* NULL: none is set */
    int retry_after_s;    /* 0: not said */
    size_t length;        /* of the body */
    bool streams;         /* a body without a length, until the connection ends */
    bool keeps_alive;
};

/* The code of a refusal where nobody gave a better one: 404 is "not-found". */
const char *answer_error(int status);

/* Appends the head, with the empty line. */
void answer_write_head(struct emit *out, const struct answer_head *head);

/* {"success":true,"data":…,"count":…,"next":…}; empty data is null, an empty next too. */
void answer_write_success(struct emit *out, struct slice data, int64_t count, struct slice next);

/* {"success":false,"error":…,"message":…}; a NULL error is the usual one of the status. */
void answer_write_refusal(struct emit *out, int status, const char *error, struct slice message);

#endif
