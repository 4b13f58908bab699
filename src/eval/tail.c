/* Receives a ledger and evidence that was built from it some time ago, adds what is newer. */
#include "tail.h"

void eval_add_experiment(
    struct evidence *evidence, struct arena *arena, const struct experiment *experiment)
{
    struct evidence_attempt *judged;
    size_t n = record_attempts_judged(arena, experiment, &judged);
    for (size_t i = 0; i < n; i++)
        evidence_add(evidence, &judged[i]);
}

bool eval_add_tail(
    struct ledger *ledger, struct evidence *evidence, size_t *n, struct failure *failure)
{
    struct ledger_filter filter = {
        .since_ms = evidence_tell(evidence).last_ms + 1, .state = LEDGER_DONE};
    struct ledger_walk *walk = NULL;
    struct arena arena = {0};
    struct experiment experiment;
    enum ledger_next next = LEDGER_BROKEN;
    *n = 0;
    if (!ledger_walk_open(ledger, &filter, LEDGER_OLDEST, EVAL_TAIL_MOST + 1, &walk, failure))
        return false;
    while ((next = ledger_walk_next(walk, &arena, &experiment, failure)) == LEDGER_ROW) {
        eval_add_experiment(evidence, &arena, &experiment);
        arena_reset(&arena);
        ++*n;
    }
    ledger_walk_close(walk);
    arena_free(&arena);
    return next == LEDGER_END;
}
