/* What a handler works with: one state for each worker thread, so that none of it is shared. */
#ifndef RUNG_SERVE_STATE_H
#define RUNG_SERVE_STATE_H

#include "cache.h"
#include "decide/decide.h"
#include "ledger/ledger.h"
#include "serve.h"

#include <sys/types.h>

struct metrics;

enum {
    STATE_CACHE_KIB = 8 << 10, /* of the ledger's pages */
    STATE_LOOK_US = 500000,    /* between looks at whether files changed */
};

/* What tells that a file is another one or was written to. */
struct state_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    int64_t changed_ns;
};

/* What all of them share: set once, before the first thread. */
struct serve_place {
    const struct serve_options *options;
    struct state_stamp ledger_stamp; /* of the file that was judged to be this user's */
    int64_t started_ms;
    struct metrics *metrics;
    struct cache *cache; /* of long answers; NULL: none is kept */
};

struct serve_state {
    const struct serve_place *place;
    struct json_parser *parser; /* of a request's body */
    struct ledger *ledger;

    struct arena arena; /* of the policy and the prices */
    struct policy policy;
    bool has_policy;
    struct price_table prices;
    struct state_stamp policy_stamp, price_stamp, evidence_stamp;
    struct policy_problems problems; /* of the policy on disk, where the one in use is older */
    struct arena problem_arena;

    struct evidence *evidence; /* NULL: nothing was learned yet */
    struct evidence_view *view;
    size_t n_tail;    /* experiments added to it */
    int64_t tail_seq; /* the last change that it knows */
    struct arena decider_arena;
    struct decider decider; /* with neither dice nor a forced rung */
    int32_t today;

    int64_t seq; /* the ledger's last change, at the last refresh */
    int64_t looked_us;
};

struct state_stamp serve_state_stamp(const char *path); /* zeroes: there is no such file */

struct serve_state *serve_state_make(const struct serve_place *place);
void serve_state_free(struct serve_state *state);

/* Opens what is not open or changed since the last call; called before each handler. False where
 * the ledger cannot be opened or its file is not the one of the start, or there never was a policy
 * that could be read. A policy with mistakes leaves the one before in use. */
bool serve_state_refresh(struct serve_state *state, struct failure *failure) MUST_USE;

#endif
