/* bead: receives what bd tells its hooks, decides a new issue and completes a closed one. */
#include "bead.h"

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "commands.h"
#include "settle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool bead_read(struct arena *arena, const char *name, struct slice bytes, struct bead *bead,
    struct failure *failure)
{
    *bead = (struct bead){0};
    if (!task_reader_open(TASK_FORMAT_BEADS, name, bytes, &bead->reader, failure))
        return false;
    enum task_read read = task_reader_next(bead->reader, arena, &bead->task, failure);
    if (read == TASK_READ_TASK)
        return true;
    if (read != TASK_READ_BAD)
        failure_set(failure, "%s: there is no issue in it", name);
    bead_close(bead);
    return false;
}

void bead_close(struct bead *bead)
{
    task_reader_close(bead->reader);
    bead->reader = NULL;
}

bool bead_desk_open(struct call *call, const struct option_value *policy_option,
    const struct option_value *ledger_option, struct bead_desk *desk, struct failure *failure)
{
    *desk = (struct bead_desk){.call = call, .ledger_option = ledger_option};
    struct workspace *workspace = &desk->workspace;
    if (!workspace_open(call, policy_option, workspace, failure))
        return false;
    learned_open(call, ledger_option, workspace, &desk->learned);
    decide_prepare(call->arena, &workspace->policy, &workspace->prices, workspace->today,
        desk->learned.evidence, desk->learned.view, &desk->decider);
    return true;
}

void bead_desk_close(struct bead_desk *desk)
{
    learned_close(&desk->learned);
}

bool bead_keep(
    struct bead_desk *desk, const struct bead *bead, struct slice *id, struct failure *failure)
{
    struct pending *pending = NULL;
    bool ok = pending_open(desk->call, desk->ledger_option, &desk->workspace, &pending, failure) &&
              pending_keep(pending, &desk->decider, &bead->task, &bead->decision, failure) &&
              pending_finish(pending, NULL, failure);
    if (ok)
        *id = arena_copy(desk->call->arena, pending_last_id(pending));
    pending_close(pending);
    return ok;
}

bool bead_write(struct bead_desk *desk, const struct bead *bead, struct slice id, bool *left,
    struct failure *failure)
{
    const struct task *task = &bead->task;
    const struct policy_rung *rung = &desk->workspace.policy.rungs[bead->decision.rung];
    const struct connect_metadata metadata[] = {{"execution_suggested_model", rung->model},
        {"execution_reasoning_effort", rung->effort}, {"rung_decision", id}};
    *left =
        task->rung_decision.len == 0 && (task->suggested_model.len || task->suggested_effort.len);
    return *left || connect_beads_set(
                        desk->call->arena, task->id, metadata, rung->effort.len ? 3 : 2, failure);
}

enum { BEAD_POLICY, BEAD_LEDGER };
enum { BEAD_SYNC_MOST = 10000 };

static const struct option_row OPTIONS[] = {POLICY_OPTION, LEDGER_OPTION};

/* bd 0.49 tells its hook of an issue before it has put the labels on it: asked again, bd knows
 * them. Where bd does not answer, what came with the hook serves. */
static void read_again(struct arena *arena, struct bead *bead)
{
    struct slice bytes;
    struct failure failure;
    struct bead again;
    if (!connect_beads_show(arena, bead->task.id, &bytes, &failure) ||
        !bead_read(arena, "bd show", bytes, &again, &failure))
        return;
    if (!slice_equal(again.task.id, bead->task.id)) {
        bead_close(&again);
        return;
    }
    bead_close(bead);
    *bead = again;
}

/* A new issue: decided, kept as pending, and the decision put where bd's other readers look. */
static bool decide_new(struct bead_desk *desk, struct bead *bead, struct failure *failure)
{
    struct slice id = {0};
    bool left = false;
    if (bead->task.rung_decision.len || bead->task.is_bookkeeping)
        return true; /* the former: our own writing set this off */
    desk->dice = dice_from_system();
    desk->decider.dice = &desk->dice;
    decide(&desk->decider, &bead->task, desk->call->arena, &bead->decision);
    return bead_keep(desk, bead, &id, failure) && bead_write(desk, bead, id, &left, failure);
}

struct closing {
    struct bead_desk *desk;
    const struct connect_closing *said;
    struct slice bead;
};

/* What the work has cost is in the transcripts of the polecat that had the bead, else in that of
 * the session that closed it. */
static bool find_transcript(const struct closing *closing, const struct experiment *e,
    struct connect_transcript *transcript)
{
    struct arena *arena = closing->desk->call->arena;
    const struct price_table *prices = &closing->desk->workspace.prices;
    const struct connect_worker worker = {closing->said->assignee, closing->bead, e->at_ms};
    return connect_worker_transcript(arena, &worker, prices, transcript) ||
           connect_session_transcript(arena, closing->said->session, prices, transcript);
}

static void fill(struct experiment *e, void *context)
{
    const struct closing *closing = context;
    struct arena *arena = closing->desk->call->arena;
    struct connect_transcript *transcript = arena_take(arena, sizeof(*transcript));
    bool failed = connect_reason_is_failure(closing->said->reason);
    e->pending = false;
    e->success = failed ? RECORD_FAILED : RECORD_ACCEPTED;
    e->outcome_source = RECORD_USER;
    e->notes = text_one_line(arena, closing->said->reason, 500);
    if (e->attempts.n == 0 && find_transcript(closing, e, transcript) && transcript->requests > 0)
        settle_fill(arena, &closing->desk->workspace.policy, transcript, e);
}

/* A closed issue: its pending decision gets its outcome. One that was never decided, or has its
 * outcome from `rung work`, is left alone. */
static bool complete_closed(
    struct bead_desk *desk, struct slice bytes, struct slice id, struct failure *failure)
{
    struct call *call = desk->call;
    struct connect_closing said = {0};
    struct closing closing = {desk, &said, id};
    struct ledger *ledger = NULL;
    struct experiment e;
    bool found = false;
    if (!connect_beads_closing(call->arena, bytes, &said, failure))
        return false;
    if (slice_starts(said.reason, CONNECT_OWN_REASON))
        return true; /* `rung run` has recorded it */
    if (!workspace_read_ledger(call, desk->ledger_option, &desk->workspace, &ledger, failure))
        return false;
    bool ok = !ledger || ledger_complete(ledger, call->arena, (struct slice){0}, id, fill, &closing,
                             &e, &found, failure);
    if (ok && found)
        ok = connect_append_experiment(call->arena, &e, failure);
    ledger_close(ledger);
    return ok;
}

/* Ids of the beads whose decisions wait for an outcome. */
static bool list_waiting(
    struct bead_desk *desk, struct slice **ids, size_t *n, struct failure *failure)
{
    struct ledger_filter filter = {.source = slice_from("beads"), .state = LEDGER_PENDING};
    struct ledger *ledger = NULL;
    struct ledger_walk *walk = NULL;
    struct experiment e;
    enum ledger_next next = LEDGER_END;
    size_t room = 0;
    *n = 0;
    if (!workspace_read_ledger(desk->call, desk->ledger_option, &desk->workspace, &ledger, failure))
        return false;
    if (ledger && !ledger_walk_open(ledger, &filter, LEDGER_OLDEST, BEAD_SYNC_MOST, &walk, failure))
        next = LEDGER_BROKEN;
    while (walk && (next = ledger_walk_next(walk, desk->call->arena, &e, failure)) == LEDGER_ROW) {
        *ids = arena_grow(desk->call->arena, *ids, *n, &room, sizeof(**ids));
        (*ids)[(*n)++] = arena_copy(desk->call->arena, e.task_id);
    }
    ledger_walk_close(walk);
    ledger_close(ledger);
    return next != LEDGER_BROKEN;
}

static bool is_among(struct slice id, const struct slice *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slice_equal(id, ids[i]))
            return true;
    return false;
}

/* Completes those of the waiting that are closed meanwhile. */
static bool sync_closed(
    struct bead_desk *desk, const struct slice *ids, size_t n, size_t *completed)
{
    struct arena *arena = desk->call->arena;
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        struct connect_closing said = {0};
        struct failure failure = {0};
        struct slice bytes;
        if (!connect_beads_show(arena, ids[i], &bytes, &failure) ||
            !connect_beads_closing(arena, bytes, &said, &failure) ||
            (said.closed && !complete_closed(desk, bytes, ids[i], &failure))) {
            log_error("%.*s: %s", SLICE_ARG(text_one_line(arena, ids[i], 80)), failure.text);
            ok = false;
            continue;
        }
        *completed += said.closed;
    }
    return ok;
}

/* Decides the open issues that are newer than our hook and not decided yet. */
static bool sync_new(struct bead_desk *desk, const struct slice *waiting, size_t n_waiting,
    size_t *decided, struct failure *failure)
{
    struct arena *arena = desk->call->arena;
    struct slice bytes;
    struct bead bead = {0};
    enum task_read read = TASK_READ_TASK;
    if (!connect_beads_list_new(arena, &bytes, failure))
        return false;
    bool ok = bytes.len == 0 ||
              task_reader_open(TASK_FORMAT_BEADS, "bd list", bytes, &bead.reader, failure);
    while (ok && bead.reader &&
           (read = task_reader_next(bead.reader, arena, &bead.task, failure)) != TASK_READ_END) {
        if (read != TASK_READ_TASK || !task_is_open(&bead.task) || bead.task.rung_decision.len ||
            bead.task.is_bookkeeping || is_among(bead.task.id, waiting, n_waiting))
            continue;
        ok = decide_new(desk, &bead, failure);
        *decided += ok;
    }
    bead_close(&bead);
    return ok;
}

/* bd may end before the hook that it began has started: what was missed is asked for. */
static int sync_missed(struct call *call)
{
    struct failure failure = {0};
    struct bead_desk desk = {0};
    struct slice *ids = NULL;
    size_t n = 0, completed = 0, decided = 0;
    bool ok = bead_desk_open(call, &call->options[BEAD_POLICY], &call->options[BEAD_LEDGER], &desk,
                  &failure) &&
              list_waiting(&desk, &ids, &n, &failure) &&
              sync_new(&desk, ids, n, &decided, &failure);
    if (!ok)
        log_error("%s", failure.text);
    if (n > 0 && !sync_closed(&desk, ids, n, &completed))
        ok = false;
    log_note(
        "%zu waiting, %zu of them closed meanwhile; %zu new ones decided", n, completed, decided);
    bead_desk_close(&desk);
    return ok ? EXIT_DONE : EXIT_BROKEN;
}

/* What the hook was told; where bd ended before it had told anything, what it says when asked. */
static bool read_told(
    struct call *call, struct slice id, struct slice *bytes, struct failure *failure)
{
    struct file_bytes input = {0};
    if (!file_open("-", CONNECT_SETTINGS_BYTES, &input, failure))
        return false;
    *bytes = arena_copy(call->arena, input.bytes);
    file_close(&input);
    return !json_is_blank(*bytes) || connect_beads_show(call->arena, id, bytes, failure);
}

static int run_bead(struct call *call)
{
    if (call->n_words == 1 && slice_is(call->words[0], "sync"))
        return sync_missed(call);
    struct failure failure = {0};
    struct bead_desk desk = {0};
    struct bead bead = {0};
    struct slice bytes = {0};
    int status = EXIT_BROKEN;
    bool created = slice_is(call->words[0], "created");
    if (call->n_words != 2 || (!created && !slice_is(call->words[0], "closed"))) {
        log_error("say `rung bead created ID`, `rung bead closed ID` or `rung bead sync`");
        return EXIT_USAGE;
    }
    /* bd 1.0 hands its hooks the lock of its store: while we hold that, every bd waits for us */
    closefrom(STDERR_FILENO + 1);
    if (!read_told(call, call->words[1], &bytes, &failure) ||
        !bead_desk_open(
            call, &call->options[BEAD_POLICY], &call->options[BEAD_LEDGER], &desk, &failure) ||
        !bead_read(call->arena, "bd's hook", bytes, &bead, &failure))
        goto done;
    if (!slice_equal(bead.task.id, call->words[1])) {
        failure_set(&failure, "bd's hook is about %.*s, but %.*s came with it",
            SLICE_ARG(call->words[1]), SLICE_ARG(bead.task.id));
        goto done;
    }
    if (created)
        read_again(call->arena, &bead);
    if (created ? decide_new(&desk, &bead, &failure)
                : complete_closed(&desk, bytes, bead.task.id, &failure))
        status = EXIT_DONE;
done:
    if (status != EXIT_DONE)
        log_error("%s", failure.text);
    bead_close(&bead);
    bead_desk_close(&desk);
    return status;
}

const struct command_row COMMAND_BEAD = {
    .name = "bead",
    .words = "created|closed|sync [ID]",
    .words_least = 1,
    .words_most = 2,
    .summary = "Answer Beads' hooks: decide a new issue, complete a closed one.",
    .details =
        "`rung init --beads` puts it into .beads/hooks/on_create and on_close; bd gives the "
        "issue's "
        "JSON on standard input.\n\n"
        "A new issue is decided, kept in the ledger, and marked with execution_suggested_model, "
        "execution_reasoning_effort and rung_decision; one on which a person named a model or an "
        "effort keeps that. A closed issue completes its pending decision: the outcome is the "
        "user's, a failure where the closing reason has a word of failure (failed, rejected, "
        "wontfix, cancelled, abandoned, blocked, error, timeout, aborted) and does not begin with "
        "fixed, done or the like. Where Claude Code closed it, the cost is its session's. The "
        "outcome is also added to .beads/routing-experiments.jsonl.\n\n"
        "bd may end before a hook that it began has started (0.49 mostly does): `rung bead sync` "
        "decides the open issues that are newer than the installed hook, and asks bd for every "
        "bead whose decision still waits.",
    .options = OPTIONS,
    .n_options = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
    .run = run_bead,
};
