/* What a handler works with: one state for each worker thread, so that none of it is shared. */
#ifndef RUNG_SERVE_STATE_H
#define RUNG_SERVE_STATE_H

#include "ledger/ledger.h"
#include "serve.h"

struct metrics;

/* What all of them share: set once, before the first thread. */
struct serve_place {
    const struct serve_options *options;
    int64_t started_ms;
    struct metrics *metrics;
};

struct serve_state {
    const struct serve_place *place;
    struct json_parser *parser; /* of a request's body */
    struct ledger *ledger;
};

struct serve_state *serve_state_make(const struct serve_place *place);
void serve_state_free(struct serve_state *state);

/* Opens what is not open or changed since the last call; called before each handler. False where
 * the ledger cannot be opened. */
bool serve_state_refresh(struct serve_state *state, struct failure *failure) MUST_USE;

#endif
