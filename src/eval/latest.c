/* Receives a ledger, hands its experiments on in the order in which they happened. */
#include "latest.h"

static bool walk_all(struct ledger_walk *walk, struct arena *arena, eval_take *take, void *context,
    struct failure *failure)
{
    struct experiment experiment;
    enum ledger_next next;
    while ((next = ledger_walk_next(walk, arena, &experiment, failure)) == LEDGER_ROW)
        take(context, &experiment);
    return next == LEDGER_END;
}

/* Newest first is how the latest are found: they are turned round. */
static bool walk_back(struct ledger_walk *walk, struct arena *arena, size_t most, eval_take *take,
    void *context, struct failure *failure)
{
    struct experiment *items = ARENA_ARRAY(arena, struct experiment, most);
    enum ledger_next next = LEDGER_END;
    size_t n = 0;
    while (n < most && (next = ledger_walk_next(walk, arena, &items[n], failure)) == LEDGER_ROW)
        n++;
    if (next == LEDGER_BROKEN)
        return false;
    while (n-- > 0)
        take(context, &items[n]);
    return true;
}

bool eval_walk_latest(struct ledger *ledger, struct arena *arena,
    const struct ledger_filter *filter, size_t most, eval_take *take, void *context,
    struct failure *failure)
{
    struct ledger_walk *walk = NULL;
    if (!ledger_walk_open(
            ledger, filter, most ? LEDGER_NEWEST : LEDGER_OLDEST, most, &walk, failure))
        return false;
    bool ok = most ? walk_back(walk, arena, most, take, context, failure)
                   : walk_all(walk, arena, take, context, failure);
    ledger_walk_close(walk);
    return ok;
}
