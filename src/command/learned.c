/* Receives a call and its workspace, hands on the evidence to decide by. */
#include "learned.h"

#include "base/file.h"
#include "base/log.h"

const char *learned_path(struct call *call, const struct ledger_place *place)
{
    return place->path ? arena_print(call->arena, "%s.evidence", place->path).base : NULL;
}

static bool add_tail(struct ledger *ledger, struct evidence *evidence, struct failure *failure)
{
    struct ledger_filter filter = {
        .since_ms = evidence_tell(evidence).last_ms + 1, .state = LEDGER_DONE};
    struct ledger_walk *walk = NULL;
    struct arena arena = {0};
    struct experiment experiment;
    enum ledger_next next = LEDGER_BROKEN;
    size_t n = 0;
    if (!ledger_walk_open(ledger, &filter, LEDGER_OLDEST, LEARNED_TAIL_MOST + 1, &walk, failure))
        return false;
    while ((next = ledger_walk_next(walk, &arena, &experiment, failure)) == LEDGER_ROW) {
        struct evidence_attempt *judged;
        size_t n_judged = record_attempts_judged(&arena, &experiment, &judged);
        for (size_t i = 0; i < n_judged; i++)
            evidence_add(evidence, &judged[i]);
        arena_reset(&arena);
        n++;
    }
    if (n > LEARNED_TAIL_MOST)
        log_warning("more than %d outcomes came since `rung learn` was last run: run it again",
            LEARNED_TAIL_MOST);
    ledger_walk_close(walk);
    arena_free(&arena);
    return next == LEDGER_END;
}

static bool open_and_add(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, bool in_haste, struct learned *learned,
    struct failure *failure)
{
    struct ledger *ledger = NULL;
    struct ledger_place place = workspace_ledger_place(call, ledger_option, workspace);
    const char *path = learned_path(call, &place);
    if (!path || !file_exists(path))
        return true;
    if (!workspace_is_ours(call, &place, path))
        return failure_set(failure,
            "%s was not made by you here and may be a stranger's; `rung learn` makes a new one, "
            "`rung trust` accepts it with its ledger",
            path);
    bool opened = in_haste ? evidence_map(path, &learned->evidence, failure)
                           : evidence_open(path, &learned->evidence, failure);
    if (!opened || !workspace_read_ledger(call, ledger_option, workspace, &ledger, failure))
        return false;
    bool ok = !ledger || add_tail(ledger, learned->evidence, failure);
    ledger_close(ledger);
    return ok;
}

static void open_or_warn(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, bool in_haste, struct learned *learned)
{
    struct failure failure = {0};
    *learned = (struct learned){.view = evidence_view_make()};
    if (open_and_add(call, ledger_option, workspace, in_haste, learned, &failure))
        return;
    log_warning("decided without evidence: %s", failure.text);
    evidence_close(learned->evidence);
    learned->evidence = NULL;
}

void learned_open(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct learned *learned)
{
    open_or_warn(call, ledger_option, workspace, false, learned);
}

void learned_open_in_haste(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct learned *learned)
{
    open_or_warn(call, ledger_option, workspace, true, learned);
}

void learned_close(struct learned *learned)
{
    evidence_close(learned->evidence);
    evidence_view_free(learned->view);
    *learned = (struct learned){0};
}
