/* Receives a call and its workspace, hands on the evidence to decide by. */
#include "learned.h"

#include "base/file.h"
#include "base/log.h"
#include "eval/eval.h"

const char *learned_path(struct call *call, const struct ledger_place *place)
{
    return place->path ? arena_print(call->arena, "%s.evidence", place->path).base : NULL;
}

static bool add_tail(struct ledger *ledger, struct evidence *evidence, struct failure *failure)
{
    size_t n;
    if (!eval_add_tail(ledger, evidence, &n, failure))
        return false;
    if (n > EVAL_TAIL_MOST)
        log_warning("more than %d outcomes came since `rung learn` was last run: run it again",
            EVAL_TAIL_MOST);
    return true;
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
