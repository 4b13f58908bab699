/* Receives decisions, keeps them in the ledger as experiments whose outcome is not known yet. */
#include "pending.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>

struct pending {
    struct ledger *ledger;
    const struct workspace *workspace;
    struct arena arena; /* of one decision */
    struct dice dice;
    size_t kept, in_batch;
    char last_id[RECORD_ID_BYTES];
};

bool pending_open(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct pending **pending, struct failure *failure)
{
    struct ledger *ledger = NULL;
    *pending = NULL;
    if (!workspace_make_ledger(call, ledger_option, workspace, &ledger, failure))
        return false;
    *pending = memory_take(sizeof(**pending));
    **pending =
        (struct pending){.ledger = ledger, .workspace = workspace, .dice = dice_from_system()};
    return true;
}

static struct record_actions propensities(
    struct arena *arena, const struct policy *policy, const struct decision *decision)
{
    struct record_actions actions = {
        .items = ARENA_ARRAY(arena, struct record_action, policy->n_rungs)};
    for (size_t i = 0; i < policy->n_rungs; i++)
        if (decision->options[i].propensity > 0)
            actions.items[actions.n++] = (struct record_action){
                policy->rungs[decision->options[i].rung].name, decision->options[i].propensity};
    return actions;
}

/* A task without an id is known by its title. */
static struct slice task_id_of(struct arena *arena, const struct task *task)
{
    enum { TITLE_COLUMNS = 120 };
    return task->id.len ? task->id : text_one_line(arena, task->title, TITLE_COLUMNS);
}

static struct experiment experiment_of(struct pending *pending, const struct decider *decider,
    const struct task *task, const struct decision *decision)
{
    struct arena *arena = &pending->arena;
    const struct policy *policy = decider->policy;
    const struct policy_rung *rung = &policy->rungs[decision->rung];
    struct experiment e = record_blank();
    e.at_ms = pending->workspace->now_ms;
    e.task_id = task_id_of(arena, task);
    e.description = text_utf8(arena, task->title, NULL);
    e.model_used = e.rung = rung->name;
    e.strategy = slice_from(decide_strategy_name(decision->strategy));
    e.confidence = decision->confidence;
    e.cost_usd = decision->cost_usd.mean;
    e.cost_source = RECORD_ASSUMED;
    e.source = slice_from(task->source);
    e.labels = (struct record_texts){task->labels.items, task->labels.n};
    if (e.labels.n > RECORD_LABELS_MOST)
        e.labels.n = RECORD_LABELS_MOST;
    e.effort = rung->effort;
    e.requested = decision->requested;
    e.decided = rung->model;
    e.propensities = propensities(arena, policy, decision);
    e.policy = slice_from(policy->hash);
    if (decider->evidence)
        e.evidence = slice_from(evidence_tell(decider->evidence).id);
    e.pending = true;
    e.matched.items = ARENA_ARRAY(arena, struct slice, DECIDE_MATCHES_MOST);
    for (size_t i = 0; i < decision->n_matched; i++)
        e.matched.items[e.matched.n++] = decision->matched[i];
    return e;
}

/* The id of what is pending for the task already, or empty. */
static bool find_pending(
    struct pending *pending, struct slice task_id, struct slice *id, struct failure *failure)
{
    struct ledger_filter filter = {.task_id = task_id, .state = LEDGER_PENDING};
    struct ledger_walk *walk = NULL;
    struct experiment found;
    *id = (struct slice){0};
    if (!ledger_walk_open(pending->ledger, &filter, LEDGER_NEWEST, 1, &walk, failure))
        return false;
    enum ledger_next next = ledger_walk_next(walk, &pending->arena, &found, failure);
    if (next == LEDGER_ROW)
        *id = found.id;
    ledger_walk_close(walk);
    return next != LEDGER_BROKEN;
}

/* Ids carry five digits of chance: among many of the same millisecond one may come twice. */
static bool add_new(struct pending *pending, struct experiment *e, struct failure *failure)
{
    char *id = arena_take(&pending->arena, RECORD_ID_BYTES);
    enum ledger_put put = LEDGER_KEPT;
    while (put == LEDGER_KEPT) {
        e->id = slice_from(record_make_id(e->at_ms, &pending->dice, id));
        if (!ledger_add(pending->ledger, e, &put, failure))
            return false;
    }
    return true;
}

bool pending_keep(struct pending *pending, const struct decider *decider, const struct task *task,
    const struct decision *decision, struct failure *failure)
{
    bool found = false;
    arena_reset(&pending->arena);
    struct experiment e = experiment_of(pending, decider, task, decision);
    struct slice id;
    if (pending->in_batch == 0 && !ledger_begin(pending->ledger, failure))
        return false;
    pending->in_batch++;
    if (!find_pending(pending, e.task_id, &id, failure))
        return false;
    if (id.len) {
        e.id = id;
        if (!ledger_replace(pending->ledger, &e, &found, failure))
            return false;
    } else if (!add_new(pending, &e, failure)) {
        return failure_prefix(failure, "%.*s", SLICE_ARG(e.task_id));
    }
    pending->kept++;
    snprintf(pending->last_id, sizeof(pending->last_id), "%.*s", SLICE_ARG(e.id));
    return pending->in_batch < LEDGER_BATCH || pending_finish(pending, NULL, failure);
}

struct slice pending_last_id(const struct pending *pending)
{
    return slice_from(pending->last_id);
}

bool pending_finish(struct pending *pending, size_t *n, struct failure *failure)
{
    bool ok = pending->in_batch == 0 || ledger_commit(pending->ledger, failure);
    pending->in_batch = 0;
    if (n)
        *n = pending->kept;
    return ok;
}

void pending_close(struct pending *pending)
{
    if (!pending)
        return;
    ledger_close(pending->ledger);
    arena_free(&pending->arena);
    free(pending);
}
