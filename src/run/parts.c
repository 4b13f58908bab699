/* Receives a plan that was read, hands on a work tree in which its parts are done, and the attempts
 * that did them. Refuses to judge the result: the gates look at the whole. Parts that are done at
 * the same time work in trees of their own; what each changed is a commit, and the commits are
 * merged in the plan's order. A part whose change does not merge is done again on top of the
 * others. */
#include "plan.h"

#include "base/git.h"
#include "outcome.h"
#include "prompt.h"
#include "trees.h"

#include <math.h>
#include <string.h>

enum { STACK_BYTES = 512 * 1024, GIT_OUTPUT_BYTES = 1 << 20 };

/* The parts of one task, while they are done. */
struct doing {
    struct run *run;
    struct slot *slot;
    const struct attempt *whole;
    const struct gate_tree *tree; /* the task's own */
    struct plan *plan;
    struct task parts[PLAN_PARTS_MOST];
    bool is_done[PLAN_PARTS_MOST];
    size_t n, worst;          /* worst: of plan->done, the first that did not end well */
    struct repository joined; /* its base: the commit that holds all that was done */
    const char *holds;        /* what the task's work tree holds; NULL: more than any commit */
    bool together;            /* parts may be done at the same time */
};

static struct arena *arena_of(const struct doing *doing)
{
    return &doing->slot->job.arena;
}

/* ---- steps that are written down ---- */

static void note_begin(struct doing *doing, const struct attempt *attempt)
{
    struct emit *line = step_begin(doing->run, doing->slot);
    emit_member_text(line, "part", attempt->part);
    emit_member_text(line, "attempting", doing->run->parts->policy->rungs[attempt->rung].name);
    step_end(doing->run, false);
    plan_tell(doing->run, doing->slot, attempt, RUN_ATTEMPT_BEGINS);
}

/* `change`: the commit with what it did; NULL: it is to be done again. */
static void note_end(
    struct doing *doing, struct attempt *attempt, const char *change, bool is_whole)
{
    struct slot *slot = doing->slot;
    size_t at = (size_t)(attempt - doing->plan->done);
    doing->plan->rows[at] = outcome_add(doing->run, slot, &attempt->record);
    struct emit *line = step_begin(doing->run, slot);
    emit_member_text(line, "part", attempt->part);
    emit_key(line, "experiment");
    record_write(line, &slot->job.experiment);
    if (change) {
        emit_member_cstring(line, "change", change);
        emit_member_bool(line, "whole", is_whole);
    }
    step_end(doing->run, true);
    for (size_t i = 0; i < attempt->result.n_warnings; i++)
        run_note(doing->run, slot, attempt->result.warnings[i]);
    plan_tell(doing->run, doing->slot, attempt, RUN_ATTEMPT_ENDS);
    if (attempt->result.ending != AGENT_DONE && doing->worst == SIZE_MAX)
        doing->worst = at;
    doing->plan->interrupted = doing->plan->interrupted || attempt->interrupted;
}

/* What a later try or start need not do again. */
static void keep_part(struct doing *doing, size_t part, const char *change, bool is_whole)
{
    struct slot *slot = doing->slot;
    slot->parts_done = arena_grow(arena_of(doing), slot->parts_done, slot->n_parts_done,
        &slot->parts_done_room, sizeof(*slot->parts_done));
    slot->parts_done[slot->n_parts_done++] =
        (struct part_done){doing->parts[part].id, change, is_whole};
}

/* ---- git ---- */

static bool git(struct doing *doing, const char *const *arguments, struct failure *failure)
{
    struct child_limits limits = {GIT_OUTPUT_BYTES, WORKTREE_GIT_WAIT_MS};
    struct child_result result;
    if (!git_run(arena_of(doing), doing->tree->directory, arguments, limits, &result, failure))
        return false;
    return result.exit_status == 0 ||
           failure_set(failure, "git %s: %.*s", arguments[0], SLICE_ARG(slice_trim(result.error)));
}

/* A work tree as it is now, as a commit on what was joined. */
static bool take_commit(struct doing *doing, const struct gate_tree *tree, const char *message,
    const char **commit, struct failure *failure)
{
    struct gate_change change;
    return gate_take_change(arena_of(doing), tree, &change, failure) &&
           worktree_commit(
               arena_of(doing), &doing->joined, change.tree_id, message, commit, failure);
}

/* Puts what was joined into the task's own work tree. What its index knows, once that is what the
 * tree holds, and the commit has not, is deleted. */
static bool put_joined(struct doing *doing, struct failure *failure)
{
    struct failure stale; /* its status says only whether something is */
    if (!doing->holds || strcmp(doing->holds, doing->joined.base) == 0)
        return true;
    if (!git(doing, (const char *[]){"read-tree", doing->holds, NULL}, failure))
        return false;
    (void)!git(doing, (const char *[]){"update-index", "-q", "--refresh", NULL}, &stale);
    if (!git(doing, (const char *[]){"read-tree", "--reset", "-u", doing->joined.base, NULL},
            failure))
        return false;
    doing->holds = doing->joined.base;
    return true;
}

/* Merges a part's change with all that was joined; false where they do not merge. */
static bool join(struct doing *doing, const char *change)
{
    struct failure failure;
    struct slice tree;
    const char *const merge[] = {"merge-tree", "--write-tree", doing->joined.base, change, NULL};
    return gate_tree_git(arena_of(doing), doing->tree, merge, &tree, &failure) &&
           worktree_commit(arena_of(doing), &doing->joined,
               arena_text(arena_of(doing), slice_trim(tree)), "Parts of a plan",
               &doing->joined.base, &failure);
}

/* ---- one part in the task's own work tree ---- */

static struct slice prompt_part(const struct doing *doing, size_t part)
{
    struct arena *arena = arena_of(doing);
    return arena_print(arena,
        "%.*s\n\nThis is part %zu of %zu of a larger task; do this part only, the others are done "
        "before, beside and after it. The larger task:\n\n%.*s\n",
        SLICE_ARG(prompt_task(arena, &doing->parts[part])), part + 1, doing->n,
        SLICE_ARG(prompt_task(arena, &doing->slot->job.task)));
}

/* The rung for a part; evidence's view is shared between threads. */
static int decide_part(struct doing *doing, size_t part)
{
    struct decision decision;
    struct decider decider = *doing->run->parts->decider;
    decider.dice = NULL; /* one throw for the task is enough */
    pthread_mutex_lock(&doing->run->lock);
    decide(&decider, &doing->parts[part], arena_of(doing), &decision);
    pthread_mutex_unlock(&doing->run->lock);
    return decision.rung;
}

static struct attempt *begin_part(struct doing *doing, size_t part)
{
    struct attempt *attempt =
        plan_begin(doing->whole, doing->plan, RECORD_EXECUTE, decide_part(doing, part));
    attempt->part = doing->parts[part].id;
    attempt->prompt = prompt_part(doing, part);
    return attempt;
}

static bool is_paid_for(struct doing *doing)
{
    if (doing->whole->budget_usd <= 0 || plan_left_usd(doing->whole, doing->plan) > 0)
        return true;
    doing->plan->why = "the budget was spent before the last part";
    return false;
}

/* Where its change cannot be taken there is nothing to join others to: the rest is done here. */
static void do_alone(struct doing *doing, size_t part)
{
    struct failure failure;
    const char *change = NULL;
    struct attempt *attempt = begin_part(doing, part);
    note_begin(doing, attempt);
    attempt_run(doing->run, doing->slot, attempt);
    bool ended_well = attempt->result.ending == AGENT_DONE && !attempt->interrupted;
    bool is_kept = ended_well && doing->holds && !doing->run->settings.here;
    if (is_kept && !take_commit(doing, doing->tree, "A part of a plan", &change, &failure)) {
        run_note(doing->run, doing->slot, slice_from(failure.text));
        change = NULL;
    }
    note_end(doing, attempt, change, true);
    doing->is_done[part] = true;
    doing->holds = change;
    doing->together = doing->together && change;
    if (!change)
        return;
    doing->joined.base = change;
    keep_part(doing, part, change, true);
}

/* ---- several at the same time ---- */

/* One of them. Its thread touches nothing of the task's but this. */
struct beside {
    struct run *run;
    struct slot slot;        /* the task's, with memory of its own */
    struct attempt *attempt; /* NULL: it was not begun */
    size_t part;
    struct tree *tree;
    const char *change;
    pthread_t thread;
    bool is_over, is_taken; /* under the run's lock */
};

static void *work(void *context)
{
    struct beside *beside = context;
    attempt_run(beside->run, &beside->slot, beside->attempt);
    pthread_mutex_lock(&beside->run->lock);
    beside->is_over = true;
    pthread_cond_broadcast(&beside->run->changed);
    pthread_mutex_unlock(&beside->run->lock);
    return NULL;
}

static bool start(struct doing *doing, struct beside *beside, double budget_usd)
{
    pthread_attr_t attributes;
    struct failure failure;
    struct attempt *attempt = begin_part(doing, beside->part);
    attempt->budget_usd = budget_usd;
    beside->tree = trees_take(doing->run, doing->joined.base);
    if (!trees_make_ready(doing->run, beside->tree, doing->joined.base, &failure)) {
        doing->plan->n_done--;
        run_note(doing->run, doing->slot, slice_from(failure.text));
        return false;
    }
    attempt->directory = beside->tree->place.directory;
    attempt->scratch = beside->tree->place.scratch;
    note_begin(doing, attempt);
    beside->run = doing->run;
    beside->slot = *doing->slot;
    beside->slot.job.arena = (struct arena){0};
    beside->attempt = attempt;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int err = pthread_create(&beside->thread, &attributes, work, beside);
    pthread_attr_destroy(&attributes);
    if (err == 0)
        return true;
    beside->attempt = NULL;
    doing->plan->n_done--;
    run_note(doing->run, doing->slot,
        arena_print(arena_of(doing), "cannot start a thread: %s", strerror(err)));
    return false;
}

/* What it changed, if only half; its memory goes to the task. */
static void take(struct doing *doing, struct beside *beside)
{
    struct slot *slot = doing->slot;
    struct attempt *attempt = beside->attempt;
    struct failure failure;
    pthread_join(beside->thread, NULL);
    slot->aside = arena_grow(
        arena_of(doing), slot->aside, slot->n_aside, &slot->aside_room, sizeof(*slot->aside));
    slot->aside[slot->n_aside++] = beside->slot.job.arena;
    if (!attempt->interrupted && !take_commit(doing, &beside->tree->before.tree, "A part of a plan",
                                     &beside->change, &failure)) {
        beside->change = NULL;
        run_note(doing->run, slot, slice_from(failure.text));
    }
    bool is_good = attempt->result.ending == AGENT_DONE && beside->change;
    note_end(doing, attempt, is_good ? beside->change : NULL, false);
    if (is_good)
        keep_part(doing, beside->part, beside->change, false);
}

/* All of them, as many at a time as the run has jobs to spare: one at least. */
static void do_beside(struct doing *doing, struct beside *besides, size_t n)
{
    struct run *run = doing->run;
    double budget_usd = plan_left_usd(doing->whole, doing->plan) / (double)n;
    size_t n_begun = 0, n_live = 0;
    pthread_mutex_lock(&run->lock);
    for (;;) {
        bool may_begin =
            n_begun < n && !run->stopping && doing->worst == SIZE_MAX &&
            (n_live == 0 || run->n_working + run->n_beside < (size_t)run->settings.jobs);
        struct beside *over = NULL;
        for (size_t i = 0; i < n_begun && !over; i++)
            over = besides[i].is_over && !besides[i].is_taken ? &besides[i] : NULL;
        if (over) {
            over->is_taken = true;
            run->n_beside -= n_live > 1;
            n_live--;
            pthread_cond_broadcast(&run->changed);
            pthread_mutex_unlock(&run->lock);
            take(doing, over);
            pthread_mutex_lock(&run->lock);
        } else if (may_begin) {
            run->n_beside += n_live > 0;
            pthread_mutex_unlock(&run->lock);
            bool begun = start(doing, &besides[n_begun], budget_usd);
            pthread_mutex_lock(&run->lock);
            if (!begun) {
                run->n_beside -= n_live > 0;
                doing->together = false;
                n = n_begun; /* the rest is done one after the other */
            }
            n_live += begun;
            n_begun += begun;
        } else if (n_live) {
            pthread_cond_wait(&run->changed, &run->lock);
        } else {
            break;
        }
    }
    pthread_mutex_unlock(&run->lock);
}

/* It was paid for, and is no part of what the gates look at. */
static void set_aside(struct doing *doing, const struct attempt *attempt)
{
    size_t row = doing->plan->rows[attempt - doing->plan->done];
    doing->slot->job.experiment.attempts.items[row].error =
        slice_from("its change did not merge with what was done beside it");
}

/* In the plan's order: the later of two that do not merge is done again on top of the other. */
static bool join_all(struct doing *doing, struct beside *besides, size_t n, struct failure *failure)
{
    struct run *run = doing->run;
    for (size_t i = 0; i < n; i++) {
        struct slice id = doing->parts[besides[i].part].id;
        if (!besides[i].change)
            continue;
        doing->is_done[besides[i].part] = true;
        if (join(doing, besides[i].change))
            continue;
        run_note(run, doing->slot,
            arena_print(arena_of(doing),
                "part %.*s does not merge with what was done beside it: it is done again",
                SLICE_ARG(id)));
        set_aside(doing, besides[i].attempt);
        if (!put_joined(doing, failure))
            return false;
        if (doing->worst == SIZE_MAX && !doing->plan->interrupted && is_paid_for(doing))
            do_alone(doing, besides[i].part);
    }
    return put_joined(doing, failure);
}

static bool do_together(struct doing *doing, const size_t *next, size_t n, struct failure *failure)
{
    struct beside *besides = ARENA_ARRAY(arena_of(doing), struct beside, n);
    for (size_t i = 0; i < n; i++)
        besides[i].part = next[i];
    do_beside(doing, besides, n);
    bool ok = join_all(doing, besides, n, failure);
    for (size_t i = 0; i < n; i++)
        if (besides[i].tree)
            trees_give(doing->run, besides[i].tree);
    return ok;
}

/* ---- all of them ---- */

/* What an earlier try or start did, joined again in the order in which it was done. */
static bool take_up(struct doing *doing, struct failure *failure)
{
    const struct slot *slot = doing->slot;
    for (size_t i = 0; i < slot->n_parts_done; i++) {
        const struct part_done *done = &slot->parts_done[i];
        size_t part = 0;
        while (part < doing->n && !slice_equal(doing->parts[part].id, done->id))
            part++;
        if (part == doing->n)
            continue;
        if (done->is_whole)
            doing->joined.base = done->change;
        doing->is_done[part] = done->is_whole || join(doing, done->change);
    }
    return put_joined(doing, failure);
}

/* The part whose record the verdict on the whole is written to stands last. */
static void put_worst_last(struct doing *doing)
{
    struct plan *plan = doing->plan;
    size_t last = plan->n_done - 1;
    if (doing->worst == SIZE_MAX || doing->worst == last)
        return;
    struct attempt attempt = plan->done[doing->worst];
    size_t row = plan->rows[doing->worst];
    plan->done[doing->worst] = plan->done[last];
    plan->rows[doing->worst] = plan->rows[last];
    plan->done[last] = attempt;
    plan->rows[last] = row;
}

bool plan_execute(struct run *run, struct slot *slot, const struct repository *base,
    const struct gate_tree *tree, const struct attempt *whole, struct plan *plan,
    struct failure *failure)
{
    struct doing doing = {.run = run,
        .slot = slot,
        .whole = whole,
        .tree = tree,
        .plan = plan,
        .worst = SIZE_MAX,
        .joined = *base,
        .holds = base->base,
        .together = !run->settings.here && run->settings.jobs > 1};
    size_t next[PLAN_PARTS_MOST], n;
    if (!plan_read(&slot->job.arena, slot->job.plan, doing.parts, &doing.n, failure) ||
        !take_up(&doing, failure))
        return false;
    while (doing.worst == SIZE_MAX && !plan->interrupted && !run->stopping && is_paid_for(&doing) &&
           (n = plan_next(doing.parts, doing.n, doing.is_done, doing.together, next)) > 0) {
        if (n == 1)
            do_alone(&doing, next[0]);
        else if (!do_together(&doing, next, n, failure))
            return false;
    }
    put_worst_last(&doing);
    return true;
}
