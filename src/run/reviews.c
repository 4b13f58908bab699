/* Receives the tasks that the gates accepted, hands on what one reviewing rung says of each.
 * Refuses to climb: what is rejected waits on its branch for a person. The cost of a prompt is
 * shared by the tasks in it, by the bytes that each took. */
#include "reviewing.h"

#include "base/git.h"
#include "base/text.h"
#include "ladder.h"
#include "outcome.h"
#include "trees.h"

#include <math.h>
#include <string.h>

enum { DIFF_BYTES = 4 << 20, DIFF_WAIT_MS = 60000 };

void reviewing_note(struct reviewing *reviewing, struct slice text)
{
    run_note(reviewing->run, NULL, text);
}

/* ---- what is reviewed ---- */

void reviews_keep(struct slot *slot, struct slice why, bool is_tested, bool is_reviewed)
{
    slot->job.stop = RUN_ACCEPTED;
    slot->job.why = why;
    slot->awaits_review = true;
    slot->is_tested = is_tested;
    slot->is_reviewed = is_reviewed;
}

bool reviews_are_due(const struct run *run)
{
    for (size_t i = 0; i < run->n_slots; i++)
        if (run->slots[i]->awaits_review)
            return true;
    return false;
}

/* What the accepted commit changes on its parent; empty where nothing was changed or git fails. */
static struct slice diff_of(struct reviewing *reviewing, const struct slot *slot)
{
    struct failure failure;
    struct child_limits limits = {DIFF_BYTES, DIFF_WAIT_MS};
    struct child_result result;
    if (!slot->job.commit)
        return (struct slice){"", 0};
    const char *const arguments[] = {"diff-tree", "-r", "-p", "--no-commit-id", "--no-color",
        "--no-ext-diff", "--no-textconv", "--no-renames", slot->job.commit, NULL};
    if (git_run(reviewing_arena(reviewing), reviewing->run->repository.top, arguments, limits,
            &result, &failure) &&
        result.exit_status == 0)
        return result.output;
    return (struct slice){"", 0};
}

struct gate_reviewed reviewing_change_of(struct reviewing *reviewing, const struct slot *slot)
{
    return (struct gate_reviewed){.task = slot->job.experiment.description,
        .diff = diff_of(reviewing, slot),
        .answer = slot->answer};
}

void reviewing_add_group(
    struct reviewing *reviewing, struct slot **slots, struct gate_reviewed *changes, size_t n)
{
    struct group *group = &reviewing->groups[reviewing->n];
    *group = (struct group){.slots = slots, .changes = changes, .n = n};
    group->name =
        arena_print(reviewing_arena(reviewing), "%s-r%zu", reviewing->run->id, reviewing->n).base;
    group->attempt = (struct attempt){.phase = RECORD_REVIEW_PHASE,
        .rung = reviewing->rung,
        .number = 1,
        .prompt = gate_reviews_prompt(reviewing_arena(reviewing), changes, n),
        .schema = gate_reviews_schema()};
    reviewing->n++;
}

/* As many prompts as it takes; tasks that a batch of an earlier start has are left to that. */
static void make_groups(struct reviewing *reviewing)
{
    struct run *run = reviewing->run;
    struct arena *arena = reviewing_arena(reviewing);
    struct slot **slots = ARENA_ARRAY(arena, struct slot *, run->n_slots);
    struct gate_reviewed *changes = ARENA_ARRAY(arena, struct gate_reviewed, run->n_slots);
    size_t n = 0;
    for (size_t i = 0; i < run->n_slots; i++)
        if (run->slots[i]->awaits_review) {
            slots[n] = run->slots[i];
            changes[n++] = reviewing_change_of(reviewing, run->slots[i]);
        }
    reviewing->groups = ARENA_ARRAY(arena, struct group, n);
    reviewing->n = 0;
    for (size_t at = 0, fit; at < n; at += fit) {
        fit = gate_reviews_fit(changes + at, n - at);
        reviewing_add_group(reviewing, slots + at, changes + at, fit);
    }
}

/* ---- what came of it ---- */

/* The verdict is a gate of the change that was accepted last. */
static void add_gate(struct slot *slot, const struct gate_result *result)
{
    struct record_attempts *attempts = &slot->job.experiment.attempts;
    for (size_t i = attempts->n; i-- > 0;) {
        struct record_attempt *attempt = &attempts->items[i];
        if (attempt->phase != RECORD_EXECUTE || attempt->success != RECORD_ACCEPTED)
            continue;
        struct record_gates *gates = &attempt->gates;
        struct record_gate *grown = ARENA_ARRAY(&slot->job.arena, struct record_gate, gates->n + 1);
        if (gates->n)
            memcpy(grown, gates->items, gates->n * sizeof(*grown));
        grown[gates->n] = gate_record(result);
        *gates = (struct record_gates){grown, gates->n + 1};
        attempt->success = result->verdict == GATE_PASS   ? RECORD_ACCEPTED
                           : result->verdict == GATE_FAIL ? RECORD_FAILED
                                                          : RECORD_OPEN;
        break;
    }
    for (size_t i = 0; i < attempts->n && result->verdict != GATE_PASS; i++)
        if (attempts->items[i].part.len && attempts->items[i].success == RECORD_ACCEPTED)
            attempts->items[i].success = RECORD_OPEN; /* nobody knows which part is to blame */
}

static void end_task(struct run *run, struct slot *slot, const struct gate_result *result)
{
    struct arena *arena = &slot->job.arena;
    enum run_stop stop = result->verdict == GATE_PASS   ? RUN_ACCEPTED
                         : result->verdict == GATE_FAIL ? RUN_REJECTED
                                                        : RUN_UNCHECKED;
    struct slice why = slot->job.why;
    if (result->verdict != GATE_PASS)
        why = arena_print(
            arena, "review: %.*s", SLICE_ARG(text_one_line(arena, result->evidence, 300)));
    pthread_mutex_lock(&run->lock);
    slot->awaits_review = false;
    slot->state = JOB_WORKS; /* until it is in the ledger */
    run->n_working++;
    run->n_over--;
    pthread_mutex_unlock(&run->lock);
    outcome_end(
        slot, stop, why, slot->is_tested, slot->is_reviewed || result->verdict != GATE_UNSURE);
    ladder_close(run, slot);
}

/* Writes each task's share down and ends it. */
void reviewing_end_group(
    struct reviewing *reviewing, struct group *group, const struct agent_result *whole)
{
    struct run *run = reviewing->run;
    struct gate_result results[GATE_REVIEWS_MOST];
    const struct policy_rung *rung = &run->parts->policy->rungs[reviewing->rung];
    const struct agent_call call = {.phase = RECORD_REVIEW_PHASE, .rung = rung};
    double seconds = group->attempt.record.seconds, bytes = 0;
    gate_reviews_read(
        reviewing_arena(reviewing), whole, isnan(seconds) ? 0 : seconds, results, group->n);
    for (size_t i = 0; i < group->n; i++)
        bytes += (double)gate_review_bytes(&group->changes[i]);
    for (size_t i = 0; i < group->n; i++) {
        struct slot *slot = group->slots[i];
        struct arena *arena = &slot->job.arena;
        if (!slot->awaits_review) /* an earlier start has ended it */
            continue;
        double share = (double)gate_review_bytes(&group->changes[i]) / bytes;
        struct agent_result mine = agent_result_share(arena, whole, share);
        struct record_attempt record = agent_attempt(arena, &call, &mine, seconds * share);
        record.gates = (struct record_gates){ARENA_ARRAY(arena, struct record_gate, 1), 1};
        record.gates.items[0] = gate_record(&results[i]);
        add_gate(slot, &results[i]);
        outcome_add(run, slot, &record);
        end_task(run, slot, &results[i]);
    }
}

/* Nobody reviewed them: `why` says why. */
void reviewing_end_all(struct reviewing *reviewing, struct slice why)
{
    for (size_t i = 0; i < reviewing->n; i++)
        for (size_t k = 0; k < reviewing->groups[i].n; k++) {
            struct gate_result result = {.name = slice_from("review"),
                .kind = POLICY_GATE_JUDGE,
                .verdict = GATE_UNSURE,
                .evidence = why};
            if (!reviewing->groups[i].slots[k]->awaits_review)
                continue;
            add_gate(reviewing->groups[i].slots[k], &result);
            end_task(reviewing->run, reviewing->groups[i].slots[k], &result);
        }
}

/* ---- money ---- */

/* What their tasks' own budgets leave together, and of the run's and the day's. */
bool reviewing_take_money(
    struct reviewing *reviewing, struct allowance *allowance, const char **why)
{
    struct run *run = reviewing->run;
    double left_usd = 0;
    for (size_t i = 0; i < reviewing->n; i++)
        for (size_t k = 0; k < reviewing->groups[i].n; k++)
            left_usd +=
                fmax(run->settings.task_usd - reviewing->groups[i].slots[k]->job.spent_usd, 0);
    reviewing->desk.job.spent_usd = run->settings.task_usd - left_usd;
    return money_take(run, &reviewing->desk, NAN, allowance, why);
}

/* ---- one prompt after the other ---- */

static void wait_for_rate(struct reviewing *reviewing, const struct attempt *attempt, int turn)
{
    double seconds = attempt->result.retry_after_s;
    seconds = seconds > 0 && seconds < RUN_RATE_WAIT_S_MOST ? seconds : 5 * (1 << turn);
    reviewing_note(reviewing,
        arena_print(reviewing_arena(reviewing), "the model's side asked to wait: %.0f s", seconds));
    keepers_wait(reviewing->run->keepers, (int64_t)(seconds * 1000));
}

static void ask_group(struct reviewing *reviewing, struct group *group)
{
    struct run *run = reviewing->run;
    for (int turn = 0;; turn++) {
        attempt_run(run, &reviewing->desk, &group->attempt);
        enum agent_ending ending = group->attempt.result.ending;
        if (group->attempt.interrupted || turn == RUN_RETRIES_MOST ||
            (ending != AGENT_RATE_LIMITED && ending != AGENT_UPSTREAM))
            return;
        wait_for_rate(reviewing, &group->attempt, turn);
    }
}

void reviewing_ask_one_by_one(struct reviewing *reviewing)
{
    struct run *run = reviewing->run;
    struct failure failure;
    struct tree *tree = trees_take(run, run->repository.base);
    if (!trees_make_ready(run, tree, run->repository.base, &failure)) {
        reviewing_end_all(reviewing, arena_print(reviewing_arena(reviewing), "%s", failure.text));
        trees_give(run, tree);
        return;
    }
    struct reviewing left = *reviewing;
    for (size_t i = 0; i < reviewing->n && !run->stopping; i++) {
        struct group *group = &reviewing->groups[i];
        struct allowance allowance;
        const char *why = NULL;
        left.groups = group;
        left.n = reviewing->n - i;
        if (!reviewing_take_money(&left, &allowance, &why)) {
            reviewing_end_all(&left, slice_from(why));
            break;
        }
        group->attempt.directory = tree->place.directory;
        group->attempt.scratch = tree->place.scratch;
        group->attempt.budget_usd = allowance.usd;
        ask_group(reviewing, group);
        money_settle(run, &allowance, group->attempt.result.cost_usd);
        if (!group->attempt.interrupted)
            reviewing_end_group(reviewing, group, &group->attempt.result);
    }
    reviewing->desk = left.desk; /* whose memory has grown */
    trees_give(run, tree);
}

/* ---- all of it ---- */

static void open_desk(struct reviewing *reviewing)
{
    reviewing->desk.is_desk = true;
    reviewing->desk.index = reviewing->run->n_slots;
    reviewing->desk.job.task = (struct task){
        .id = slice_from("review"), .title = slice_from("review"), .source = "review"};
}

/* Its memory holds what the records of tasks point to. */
static void close_desk(struct reviewing *reviewing)
{
    struct slot *slot = reviewing->run->slots[0];
    slot->aside = arena_grow(
        &slot->job.arena, slot->aside, slot->n_aside, &slot->aside_room, sizeof(*slot->aside));
    slot->aside[slot->n_aside++] = reviewing->desk.job.arena;
}

static void announce(struct reviewing *reviewing, bool by_batch)
{
    const struct run *run = reviewing->run;
    size_t n = 0;
    for (size_t i = 0; i < reviewing->n; i++)
        n += reviewing->groups[i].n;
    reviewing_note(reviewing,
        arena_print(reviewing_arena(reviewing), "%zu change%s reviewed by %.*s in %zu prompt%s%s",
            n, n == 1 ? " is" : "s are", SLICE_ARG(run->parts->policy->rungs[reviewing->rung].name),
            reviewing->n, reviewing->n == 1 ? "" : "s",
            by_batch ? ", as a Message Batch at half the price" : ""));
}

/* It was done on top of a change that did not hold. */
static void warn_of_base(struct run *run, const struct slot *slot)
{
    struct arena arena = {0};
    for (size_t i = 0; i < slot->n_waits && slot->job.stop == RUN_ACCEPTED; i++) {
        const struct run_job *before = &run->slots[slot->waits[i].index]->job;
        if (before->stop == RUN_REJECTED)
            run_note(run, slot,
                arena_print(&arena,
                    "its branch holds the change of %.*s, which the review rejected",
                    SLICE_ARG(before->task.id)));
    }
    arena_free(&arena);
}

void reviews_work(struct run *run)
{
    bool by_batch = run->parts->policy->worker.kind == POLICY_AGENT_API;
    while (reviews_are_due(run) && !run->stopping && !run->failed) {
        struct reviewing reviewing = {.run = run, .rung = run->settings.review_rung};
        open_desk(&reviewing);
        if (by_batch && run->batch.id)
            reviewing_take_up(&reviewing);
        else
            make_groups(&reviewing);
        announce(&reviewing, by_batch);
        if (by_batch)
            reviewing_ask_as_batch(&reviewing);
        else
            reviewing_ask_one_by_one(&reviewing);
        close_desk(&reviewing);
    }
    for (size_t i = 0; i < run->n_slots; i++)
        warn_of_base(run, run->slots[i]);
}
