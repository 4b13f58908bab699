/* One HTTP request, read from bytes as they come: llhttp's grammar, and what it lets pass that a
 * proxy may understand differently. No socket is known here. */
#ifndef RUNG_SERVE_REQUEST_H
#define RUNG_SERVE_REQUEST_H

#include "base/slice.h"
#include "llhttp.h"
#include "serve.h"

/* The headers that mean something here; each may be there once. */
enum request_header {
    REQUEST_HOST,
    REQUEST_ORIGIN,
    REQUEST_AUTHORIZATION,
    REQUEST_COOKIE,
    REQUEST_CONTENT_TYPE,
    REQUEST_CONTENT_ENCODING,
    REQUEST_EXPECT,
    REQUEST_LAST_EVENT_ID,
    REQUEST_FETCH_SITE,
    REQUEST_FETCH_MODE,
    REQUEST_FORWARDED_FOR,
    REQUEST_RUNG,
    REQUEST_HEADERS,
};

struct request {
    const char *method; /* "GET" */
    struct slice target;
    struct slice headers[REQUEST_HEADERS]; /* base NULL: it is not there */
    struct slice body;
    bool keeps_alive;
};

enum reader_step {
    READER_MORE,    /* all bytes are taken; the request is not at its end */
    READER_HEAD,    /* the head is whole and a body follows; call again */
    READER_DONE,    /* the request is whole; later bytes are the next one's */
    READER_REFUSED, /* `status` and `why` say what is wrong; nothing after it can be read */
};

/* The head as it comes, byte by byte. */
enum head_at { HEAD_BEFORE, HEAD_REQUEST_LINE, HEAD_LINE, HEAD_NAME, HEAD_VALUE, HEAD_LAST_LINE };

struct request_reader {
    llhttp_t parser;
    struct request request;
    enum head_at at;
    bool last_was_return, head_is_whole, is_whole;
    size_t n_head_bytes, n_body_bytes; /* as they came, framing included */
    char *head;                        /* what is kept of it: SERVE_HEAD_BYTES_MOST of room */
    size_t head_len;
    size_t header_at; /* in `head`: the name, then the value of the header that is being read */
    int header;       /* which, or REQUEST_HEADERS */
    char *body;
    size_t body_len, body_room;
    int status;
    const char *why;
};

void request_reader_begin(struct request_reader *reader); /* on a zeroed one, or one that ended */
void request_reader_free(struct request_reader *reader);

/* Reads on, and takes from *bytes what it has read. Slices of the request live until the reader
 * begins anew. */
enum reader_step request_reader_take(struct request_reader *reader, struct slice *bytes);

/* True once the first byte of a request has come. */
bool request_reader_is_begun(const struct request_reader *reader);

#endif
