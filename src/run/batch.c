/* Receives prompts that review several changes each, hands on what one Message Batch answered to
 * all of them. What was sent is in the journal: whoever is told to stop, or killed, while it is in
 * flight leaves it to the next start, which asks after it and pays nothing again. Only between the
 * API's answer and the journal's line, some milliseconds, a kill would lose it. */
#include "reviewing.h"

#include "base/text.h"

#include <math.h>

enum {
    POLL_FIRST_MS = 1000,
    POLL_MOST_MS = 60000,
    POLL_FAILURES_MOST = 60, /* in a row: then the API is given up */
    CREATE_TRIES_MOST = 3,
};

static bool prepare(struct reviewing *reviewing, double budget_usd, struct failure *failure)
{
    struct run *run = reviewing->run;
    const struct policy *policy = run->parts->policy;
    bool ok = true;
    for (size_t i = 0; i < reviewing->n && ok; i++) {
        struct group *group = &reviewing->groups[i];
        struct agent_call call = {.phase = RECORD_REVIEW_PHASE,
            .rung = &policy->rungs[reviewing->rung],
            .prompt = group->attempt.prompt,
            .schema = group->attempt.schema,
            .budget_usd = budget_usd / (double)reviewing->n / AGENT_BATCH_FACTOR,
            .prices = run->parts->prices,
            .day = run->parts->today};
        ok = agent_prepare(reviewing_arena(reviewing), &policy->worker, &call,
            run->parts->environment, &group->start, failure);
    }
    return ok;
}

static bool note_batch(struct reviewing *reviewing, struct failure *failure)
{
    struct run *run = reviewing->run;
    pthread_mutex_lock(&run->lock);
    emit_open(&run->line, '{');
    emit_member_cstring(&run->line, "batch", run->batch.id);
    emit_key(&run->line, "groups");
    emit_open(&run->line, '[');
    for (size_t i = 0; i < reviewing->n; i++) {
        emit_open(&run->line, '[');
        for (size_t k = 0; k < reviewing->groups[i].n; k++)
            emit_int64(&run->line, (int64_t)reviewing->groups[i].slots[k]->index);
        emit_close(&run->line, ']');
    }
    emit_close(&run->line, ']');
    emit_close(&run->line, '}');
    bool ok = journal_write(&run->journal, &run->line, true, failure);
    pthread_mutex_unlock(&run->lock);
    return ok;
}

bool reviews_read_batch(struct run *run, struct json step, struct failure *failure)
{
    struct slice id = json_get_text(step, "batch");
    struct json groups = json_get(step, "groups");
    if (id.len == 0)
        return true;
    if (!agent_batch_is_id(id))
        return failure_set(failure, "\"batch\" is no id of a batch");
    run->batch.id = arena_text(&run->arena, id);
    run->batch.n = 0;
    run->batch.groups = ARENA_ARRAY(&run->arena, struct batch_group, json_count(groups));
    for (struct json_walk walk = json_walk_over(groups); json_next(&walk);) {
        struct batch_group *group = &run->batch.groups[run->batch.n++];
        *group = (struct batch_group){ARENA_ARRAY(&run->arena, size_t, json_count(walk.value)), 0};
        for (struct json_walk tasks = json_walk_over(walk.value); json_next(&tasks);) {
            int64_t index;
            if (!json_int64(tasks.value, &index) || index < 0 || (size_t)index >= run->n_slots ||
                group->n == GATE_REVIEWS_MOST)
                return failure_set(failure, "\"groups\" names no tasks of this run");
            group->tasks[group->n++] = (size_t)index;
        }
    }
    return true;
}

/* The groups that the batch of an earlier start was made of. What of them has ended already stays
 * in its place, so that the numbers of the answer fit. */
void reviewing_take_up(struct reviewing *reviewing)
{
    struct run *run = reviewing->run;
    struct arena *arena = reviewing_arena(reviewing);
    reviewing->groups = ARENA_ARRAY(arena, struct group, run->batch.n);
    reviewing->n = 0;
    for (size_t i = 0; i < run->batch.n; i++) {
        const struct batch_group *of = &run->batch.groups[i];
        struct slot **slots = ARENA_ARRAY(arena, struct slot *, of->n);
        struct gate_reviewed *changes = ARENA_ARRAY(arena, struct gate_reviewed, of->n);
        for (size_t k = 0; k < of->n; k++) {
            slots[k] = run->slots[of->tasks[k]];
            changes[k] = reviewing_change_of(reviewing, slots[k]);
        }
        reviewing_add_group(reviewing, slots, changes, of->n);
    }
}

static struct slice http_words(
    struct reviewing *reviewing, const struct agent_exit *exit, struct slice answer)
{
    struct arena *arena = reviewing_arena(reviewing);
    if (exit->why)
        return arena_print(arena, "Message Batches: %s", exit->why);
    return arena_print(arena, "Message Batches: status %d: %.*s", exit->http_status,
        SLICE_ARG(text_one_line(arena, answer, 200)));
}

static bool is_passing(const struct agent_exit *exit)
{
    return exit->http_status == 0 || exit->http_status == 429 || exit->http_status >= 500;
}

static double waited_ms(const struct agent_exit *exit, double wait_ms)
{
    double asked_ms = exit->retry_after_s * 1000;
    return asked_ms > wait_ms ? fmin(asked_ms, RUN_RATE_WAIT_S_MOST * 1000) : wait_ms;
}

/* Sends it. *unknown: the API has no batches there. */
static bool create(struct reviewing *reviewing, bool *unknown, struct failure *failure)
{
    struct run *run = reviewing->run;
    struct arena *arena = reviewing_arena(reviewing);
    struct agent_start *starts = ARENA_ARRAY(arena, struct agent_start, reviewing->n);
    const char **names = ARENA_ARRAY(arena, const char *, reviewing->n);
    struct agent_exit exit;
    struct slice answer = {0};
    bool ended;
    for (size_t i = 0; i < reviewing->n; i++) {
        starts[i] = reviewing->groups[i].start;
        names[i] = reviewing->groups[i].name;
    }
    struct slice body = agent_batch_body(arena, starts, names, reviewing->n);
    const char *url = agent_batch_url(arena, &starts[0], NULL, false);
    for (int turn = 1;; turn++) {
        agent_api_fetch(arena, &starts[0], url, body, &run->stopping, &answer, &exit);
        /* an answer that got lost may be one that was paid for: only refusals are asked again */
        bool refused = exit.http_status == 429 || exit.http_status == 529;
        if (!refused || turn == CREATE_TRIES_MOST || run->stopping)
            break;
        keepers_wait(run->keepers, (int64_t)waited_ms(&exit, POLL_FIRST_MS * turn));
    }
    *unknown = exit.http_status == 404 || exit.http_status == 405;
    if (exit.http_status != 200)
        return failure_set(failure, "%.*s", SLICE_ARG(http_words(reviewing, &exit, answer)));
    return agent_batch_read(arena, answer, &run->batch.id, &ended, failure) &&
           note_batch(reviewing, failure);
}

/* Asks again and again, at longer and longer intervals. False where it was told to stop, or the
 * API does not know the batch. */
static bool wait_for_batch(struct reviewing *reviewing, struct failure *failure)
{
    struct run *run = reviewing->run;
    const struct agent_start *start = &reviewing->groups[0].start;
    const char *url = agent_batch_url(reviewing_arena(reviewing), start, run->batch.id, false);
    double wait_ms = POLL_FIRST_MS;
    int failures = 0;
    while (!run->stopping) {
        struct arena arena = {0};
        struct agent_exit exit;
        struct slice answer = {0};
        const char *id;
        bool ended = false;
        agent_api_fetch(&arena, start, url, (struct slice){0}, &run->stopping, &answer, &exit);
        bool ok = exit.http_status == 200 && agent_batch_read(&arena, answer, &id, &ended, failure);
        failures = ok ? 0 : failures + 1;
        bool lost = !ok && (!is_passing(&exit) || failures == POLL_FAILURES_MOST);
        if (lost && exit.http_status != 200)
            failure_set(failure, "%.*s", SLICE_ARG(http_words(reviewing, &exit, answer)));
        wait_ms = fmin(waited_ms(&exit, wait_ms), POLL_MOST_MS * 5);
        arena_free(&arena);
        if (ended || lost)
            return ended;
        keepers_wait(run->keepers, (int64_t)wait_ms);
        wait_ms = fmin(wait_ms * 1.5, POLL_MOST_MS);
    }
    return failure_set(failure, "told to stop");
}

static void read_group(struct reviewing *reviewing, struct group *group, struct slice results)
{
    const struct run_parts *parts = reviewing->run->parts;
    struct agent_setup setup = {.agent = &parts->policy->worker,
        .rung = &parts->policy->rungs[reviewing->rung],
        .prices = parts->prices,
        .day = parts->today,
        .wants_structured = true};
    struct agent_reader *reader = agent_reader_make(&setup);
    struct agent_exit exit;
    struct agent_result *result = &group->attempt.result;
    (void)agent_batch_result(reviewing_arena(reviewing), results, group->name, reader, &exit);
    agent_reader_end(reader, reviewing_arena(reviewing), &exit, result);
    if (result->ending == AGENT_NOT_STARTED)
        result->cost_usd = 0;
    agent_result_discount(
        reviewing_arena(reviewing), reviewing->run->batch.id, AGENT_BATCH_FACTOR, result);
    group->attempt.record.seconds = NAN; /* nobody waited for it alone */
    agent_reader_free(reader);
}

static bool read_results(struct reviewing *reviewing, double *cost_usd, struct failure *failure)
{
    struct run *run = reviewing->run;
    const struct agent_start *start = &reviewing->groups[0].start;
    struct agent_exit exit = {0};
    struct slice results = {0};
    const char *url = agent_batch_url(reviewing_arena(reviewing), start, run->batch.id, true);
    for (int turn = 0; turn < CREATE_TRIES_MOST && exit.http_status != 200 && !run->stopping;
         turn++) {
        agent_api_fetch(reviewing_arena(reviewing), start, url, (struct slice){0}, &run->stopping,
            &results, &exit);
        if (exit.http_status != 200)
            keepers_wait(run->keepers, POLL_FIRST_MS);
    }
    if (exit.http_status != 200)
        return failure_set(failure, "%.*s", SLICE_ARG(http_words(reviewing, &exit, results)));
    *cost_usd = 0;
    for (size_t i = 0; i < reviewing->n; i++) {
        read_group(reviewing, &reviewing->groups[i], results);
        *cost_usd += reviewing->groups[i].attempt.result.cost_usd;
    }
    for (size_t i = 0; i < reviewing->n; i++)
        reviewing_end_group(reviewing, &reviewing->groups[i], &reviewing->groups[i].attempt.result);
    return true;
}

/* Sends it, where no earlier start did. False where its tasks were ended otherwise. */
static bool send_batch(struct reviewing *reviewing, struct allowance *allowance)
{
    struct run *run = reviewing->run;
    struct failure failure;
    const char *why = NULL;
    bool unknown = false;
    if (!reviewing_take_money(reviewing, allowance, &why)) {
        reviewing_end_all(reviewing, slice_from(why));
        return false;
    }
    if (prepare(reviewing, allowance->usd, &failure) && create(reviewing, &unknown, &failure))
        return true;
    money_settle(run, allowance, 0);
    struct slice words = arena_print(reviewing_arena(reviewing), "%s", failure.text);
    reviewing_note(reviewing, words);
    if (run->stopping)
        return false;
    if (unknown) {
        reviewing_note(
            reviewing, slice_from("there are no batches: asked one by one, at the full price"));
        reviewing_ask_one_by_one(reviewing);
    } else {
        reviewing_end_all(reviewing, words);
    }
    return false;
}

void reviewing_ask_as_batch(struct reviewing *reviewing)
{
    struct run *run = reviewing->run;
    struct allowance allowance = {0};
    struct failure failure;
    const char *why;
    double cost_usd = 0;
    if (!run->batch.id) {
        if (!send_batch(reviewing, &allowance))
            return;
    } else {
        /* it is paid for already: what is taken now only keeps the books */
        if (!reviewing_take_money(reviewing, &allowance, &why))
            allowance = (struct allowance){0};
        if (!prepare(reviewing, 0, &failure)) {
            reviewing_note(reviewing, arena_print(reviewing_arena(reviewing), "%s", failure.text));
            run_stop_all(run); /* a key is missing, perhaps: the batch waits for the next start */
            return;
        }
    }
    reviewing_note(
        reviewing, arena_print(reviewing_arena(reviewing), "batch %s is in flight", run->batch.id));
    bool ok = wait_for_batch(reviewing, &failure) && read_results(reviewing, &cost_usd, &failure);
    if (!ok && run->stopping) {
        reviewing_note(reviewing,
            arena_print(reviewing_arena(reviewing),
                "batch %s goes on without us; --resume reads what it says", run->batch.id));
        return; /* what was taken of the day's budget stays taken */
    }
    if (!ok)
        reviewing_end_all(reviewing, arena_print(reviewing_arena(reviewing), "%s", failure.text));
    money_settle(run, &allowance, cost_usd);
    run->batch.id = NULL;
}
