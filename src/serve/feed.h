/* What happened since a place in time, as server-sent events. A place is a position in every
 * source, written into each event's id, so that who comes back with one misses nothing, even when
 * the server began anew in between. No socket and no listener is known here. */
#ifndef RUNG_SERVE_FEED_H
#define RUNG_SERVE_FEED_H

#include "base/emit.h"
#include "state.h"

enum {
    FEED_RUNS_MOST = 32, /* unfinished runs whose journals are followed, the newest */
    FEED_RUN_ID_BYTES = 48,
    FEED_ID_BYTES_MOST = 4096,
    FEED_ROWS_MOST = 256,
    FEED_BATCH_BYTES = 128 << 10, /* a batch ends with the event that is beyond */
};

struct feed_run {
    char id[FEED_RUN_ID_BYTES];
    int64_t offset; /* where its next line begins */
};

/* "<seq>;<at_ms>;<run>:<offset>;…" */
struct feed_place {
    int64_t seq;   /* the ledger's last change */
    int64_t at_ms; /* a journal that is not named and changed since then is new */
    struct feed_run runs[FEED_RUNS_MOST];
    size_t n_runs;
};

bool feed_parse_place(struct slice id, struct feed_place *place) MUST_USE;
void feed_write_place(struct emit *out, const struct feed_place *place);

/* True where the same was told at both, whenever that was. */
bool feed_is_same_place(const struct feed_place *a, const struct feed_place *b);

/* The place where nothing has happened yet that would be told. */
bool feed_find_now(struct serve_state *state, struct arena *arena, struct feed_place *place,
    struct failure *failure) MUST_USE;

struct feed_batch {
    struct emit text;        /* whole events */
    struct feed_place place; /* behind them */
    bool is_more;            /* there is more already */
};

/* What is behind `from`, in the order of each source, and, where `upto` is given, not behind it.
 * Several changes of one row are its last one. The batch's text is the caller's to free. */
bool feed_read(struct serve_state *state, struct arena *arena, const struct feed_place *from,
    const struct feed_place *upto, struct feed_batch *batch, struct failure *failure) MUST_USE;

/* The watches over success and cost that have gone off: [{"rung":…,"text":…,"at":ms}…]. */
void feed_write_alarms(struct emit *out, struct serve_state *state, struct arena *arena);

/* One event: its id is the place, its data one line of JSON. */
void feed_write_event(
    struct emit *out, const char *kind, const struct feed_place *place, struct slice data);

#endif
