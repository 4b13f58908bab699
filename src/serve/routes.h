/* The API's rows: what a program may ask for, and what answers. Matching, checking of parameters,
 * OpenAPI, metrics' labels and access are all made from them. */
#ifndef RUNG_SERVE_ROUTES_H
#define RUNG_SERVE_ROUTES_H

#include "base/emit.h"
#include "base/json.h"
#include "target.h"

enum serve_in { SERVE_QUERY, SERVE_PATH };

enum serve_type {
    SERVE_TEXT,   /* least, most: its length in characters; 0: no limit */
    SERVE_WHOLE,  /* least, most: its value, where least < most */
    SERVE_NUMBER, /* the same */
    SERVE_BOOL,   /* "true" or "false" */
    SERVE_CHOICE, /* one of `choices` */
    SERVE_TIME_MS /* a date, RFC 3339, or milliseconds since 1970 */
};

struct serve_param {
    const char *name;
    enum serve_in in;
    enum serve_type type;
    const char *choices; /* "newest|oldest"; the first is the default that `help` speaks of */
    double least, most;
    bool required;
    const char *help;
    const char *pattern; /* of a TEXT, for the description; its handler checks it. NULL: any */
};

/* What was given for one row of the parameters. */
struct serve_value {
    bool given;
    struct slice text; /* decoded, well-formed UTF-8, without control characters */
    int64_t whole;     /* of WHOLE; of TIME_MS the moment; of CHOICE the position, from 0 */
    double number;     /* of WHOLE and NUMBER */
    bool truth;
};

struct serve_state;
struct serve_route;

/* One call, checked against its row: unknown parameters and bad values never come so far. */
struct serve_request {
    const struct serve_route *route;
    struct arena *arena;              /* lives until the answer is written */
    const struct serve_value *params; /* one for each row, in their order */
    struct slice body;
    struct json body_json; /* of a row with a body_schema: well-formed JSON, not yet checked */
    int64_t now_ms;
    int64_t deadline_us; /* by clock_monotonic_us: what takes longer answers 503 */
};

/* What a handler fills in. Left as it is, it is a success without data. */
struct serve_answer {
    int status;           /* 0: 200 */
    struct emit data;     /* one JSON value; with `media` set, the whole body */
    int64_t count;        /* of a list: rows returned */
    struct slice next;    /* of a list: cursor of the next page; empty: there is none */
    const char *error;    /* code of a refusal; NULL: the usual one of the status */
    struct slice message; /* of a refusal: a sentence, in the request's arena */
    int retry_after_s;    /* > 0: says so */
    const char *media;    /* NULL: JSON in the envelope */
};

typedef void serve_handler(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer);

struct serve_route {
    const char *method, *path; /* "/api/routing/experiments/{id}" */
    const char *id, *summary;  /* operationId; one line */
    const struct serve_param *params;
    size_t n_params;
    const char *body_schema; /* JSON Schema as text, or NULL: it takes no body */
    size_t body_most;        /* bytes; 0: SERVE_BODY_BYTES_MOST */
    const char *data_schema; /* JSON Schema of `data`; NULL where `media` is not JSON */
    const char *media;       /* NULL: JSON in the envelope */
    bool writes;             /* needs the token on loopback too */
    bool is_list;            /* its envelope has count and next of many */
    bool streams;            /* the event stream, which no handler answers */
    unsigned at_once;        /* > 0: so many calls at a time, 503 beyond */
    serve_handler *answer;   /* on a worker thread, with a state of its own */
};

/* The API's table. */
extern const struct serve_route SERVE_ROUTES[];
extern const size_t SERVE_ROUTES_COUNT;

/* Refuses: fills status, message (copied into the request's arena). */
void serve_refuse(const struct serve_request *request, struct serve_answer *answer, int status,
    const char *format, ...) FORMAT(4, 5);

enum routes_found { ROUTES_NONE, ROUTES_OTHER_METHOD, ROUTES_FOUND };

/* The row that answers `method` (HEAD: the row of GET) at the target's path. *allow, where the
 * path is known: the methods it takes, as the Allow header lists them, in the arena. */
enum routes_found routes_find(const struct serve_route *routes, size_t n, struct arena *arena,
    const char *method, const struct target *target, const struct serve_route **route,
    struct slice *allow);

/* The values of a row's parameters. False with a sentence that names the first that is unknown,
 * missing, given twice or bad. */
bool routes_read_params(const struct serve_route *route, struct arena *arena,
    const struct target *target, const struct serve_value **values,
    struct failure *failure) MUST_USE;

#endif
