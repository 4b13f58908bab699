/* Inside the ledger room: what a store must be able to do. Changes come between begin and commit
 * only; a store counts nothing itself, it adds the sums that it is given. */
#ifndef RUNG_LEDGER_STORE_H
#define RUNG_LEDGER_STORE_H

#include "ledger.h"

struct ledger_store {
    const char *scheme; /* "sqlite:" */
    bool (*open)(const char *place, const struct ledger_options *options, void **store,
        struct failure *failure);
    void (*close)(void *store);
    bool (*begin)(void *store, struct failure *failure);
    bool (*commit)(void *store, struct failure *failure);
    void (*rollback)(void *store);
    /* *inserted false: an experiment of this id is there, and nothing was changed */
    bool (*insert)(
        void *store, const struct experiment *experiment, bool *inserted, struct failure *failure);
    bool (*replace)(void *store, const struct experiment *experiment, struct failure *failure);
    /* by id, or, where that is empty, the latest pending one of the task */
    bool (*find)(void *store, struct arena *arena, struct slice id, struct slice task_id,
        struct experiment *experiment, bool *found, struct failure *failure);
    bool (*add_sums)(
        void *store, const struct ledger_tally *changes, size_t n, struct failure *failure);
    bool (*read_sums)(void *store, struct arena *arena, struct ledger_tally **tallies, size_t *n,
        struct failure *failure);
    /* changes of the hours' counts: key the hour since 1970, second the rung */
    bool (*add_hours)(
        void *store, const struct ledger_tally *changes, size_t n, struct failure *failure);
    bool (*read_series)(void *store, struct arena *arena, const struct ledger_span *span,
        struct ledger_slot **slots, size_t *n, struct failure *failure);
    /* as ledger_page and ledger_changes */
    bool (*page)(void *store, struct arena *arena, const struct ledger_filter *filter,
        const struct ledger_pages *pages, struct ledger_page *page, struct failure *failure);
    bool (*position)(void *store, int64_t *seq, struct failure *failure);
    bool (*changes)(void *store, struct arena *arena, int64_t after, size_t most,
        struct ledger_change **changes, size_t *n, struct failure *failure);
    /* all of the filter but its label */
    bool (*walk_open)(void *store, const struct ledger_filter *filter, enum ledger_order order,
        void **walk, struct failure *failure);
    enum ledger_next (*walk_next)(void *store, void *walk, struct arena *arena,
        struct experiment *experiment, struct failure *failure);
    void (*walk_close)(void *store, void *walk);
    /* Whether the sums are of an older version that counted less; takes them all away, for the door
     * to add those of every experiment anew in the same transaction. */
    bool (*sums_are_stale)(void *store, bool *stale, struct failure *failure);
    bool (*forget_sums)(void *store, struct failure *failure);
    bool (*count)(void *store, struct ledger_counts *counts, struct failure *failure);
    bool (*keep_aside)(void *store, const struct ledger_reject *reject, struct failure *failure);
    bool (*rejected)(void *store, struct arena *arena, size_t most, struct ledger_reject **rejects,
        size_t *n, struct failure *failure);
};

/* True also where `label` is empty. */
bool ledger_has_label(const struct experiment *experiment, struct slice label);

extern const struct ledger_store LEDGER_SQLITE;

#endif
