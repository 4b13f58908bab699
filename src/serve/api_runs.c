/* Answers which runs there are and how far they are, and takes the wish that one stop. */
#include "api.h"
#include "run/run.h"

#include <math.h>
#include <stdlib.h>

enum { RUNS_MOST = 20, TASKS_MOST = 5000 };

const struct serve_param API_RUN_PARAMS[1] = {{"id", .in = SERVE_PATH, .type = SERVE_TEXT,
    .least = 1, .most = RUN_ID_BYTES - 1, .help = "the run's id"}};

static const char *const STATES[RUN_LOOK_STATES] = {
    [RUN_LOOK_QUEUED] = "queued",
    [RUN_LOOK_RUNNING] = "running",
    [RUN_LOOK_ACCEPTED] = "accepted",
    [RUN_LOOK_FAILED] = "failed",
    [RUN_LOOK_STOPPED] = "stopped",
};

/* ---- a run as a whole ---- */

/* What its tasks that are over would have cost on the middle rung, by what the policy assumes. */
static double baseline_usd(const struct serve_state *state, size_t n_over)
{
    double usd;
    const struct policy *policy = &state->policy;
    bool known =
        policy_assumed_cost(&policy->rungs[policy->middle], &state->prices, state->today, &usd);
    return known ? usd * (double)n_over : NAN;
}

static void write_run(struct emit *out, const struct serve_state *state, struct arena *arena,
    const struct run_look *run)
{
    const size_t *n = run->n_of_state;
    size_t n_over = n[RUN_LOOK_ACCEPTED] + n[RUN_LOOK_FAILED] + n[RUN_LOOK_STOPPED];
    double expected_usd = baseline_usd(state, n_over);
    struct slice middle = state->policy.rungs[state->policy.middle].name;
    emit_open(out, '{');
    emit_member_text(out, "id", run->id);
    emit_member_cstring(out, "kind", run->is_swarm ? "swarm" : "run");
    emit_member_int64(out, "started", run->begun_ms);
    emit_member_bool(out, "live", run->is_live);
    emit_member_int64(out, "tasks", (int64_t)run->n_tasks);
    emit_member_int64(out, "done", (int64_t)n_over);
    for (size_t i = 0; i < RUN_LOOK_STATES; i++)
        emit_member_int64(out, STATES[i], (int64_t)n[i]);
    emit_member_usd(out, "spent_usd", run->spent_usd);
    emit_member_usd(out, "expected_usd", expected_usd);
    emit_member_usd(out, "saved_usd", expected_usd - run->spent_usd);
    emit_member_text(out, "baseline", arena_print(arena, "all-%.*s", SLICE_ARG(middle)));
    emit_member_cstring(out, "stopped_because",
        run->is_live   ? NULL
        : run->is_over ? "finished"
                       : "interrupted; the same command goes on with it");
    emit_close(out, '}');
}

/* A journal that has not grown was read before: only whether anybody works on the run may have
 * changed, which the key says. */
static bool write_listed(struct emit *out, struct serve_state *state,
    const struct serve_request *request, const struct run_journal *journal)
{
    const char *home = state->place->options->home;
    struct arena arena = {0};
    struct emit own = {0};
    struct run_look look = {.n_tasks = 0};
    struct failure unread;
    bool found = false, live = run_is_live(request->arena, home, journal->id);
    struct slice key = arena_print(request->arena, "run %.*s %d %d %s", SLICE_ARG(journal->id),
        live, state->today, state->policy.hash);
    struct slice kept = cache_find(state->place->cache, request->arena, key, journal->bytes, 0);
    if (kept.len) {
        emit_raw(out, kept);
        return true;
    }
    if (run_look(&arena, home, journal->id, &look, &found, &unread) && found) {
        write_run(&own, state, &arena, &look);
        cache_keep(state->place->cache, key, journal->bytes, emit_slice(&own));
        emit_raw(out, emit_slice(&own));
    }
    emit_free(&own);
    arena_free(&arena);
    return found;
}

void api_runs(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    const char *home = state->place->options->home;
    struct run_journal *journals = NULL;
    struct failure failure;
    size_t n = 0;
    if (home && !run_list_journals(request->arena, home, &journals, &n, &failure)) {
        api_fail(request, answer, &failure);
        return;
    }
    emit_open(&answer->data, '[');
    for (size_t i = 0; i < n && i < RUNS_MOST; i++) {
        /* one that cannot be read, or was tidied away, is left out */
        answer->count += write_listed(&answer->data, state, request, &journals[i]);
    }
    emit_close(&answer->data, ']');
}

/* ---- one ---- */

static void write_task(struct emit *out, const struct run_task_look *task, size_t index)
{
    emit_open(out, '{');
    emit_member_int64(out, "index", (int64_t)index);
    emit_member_text(out, "taskId", task->task_id);
    emit_member_text(out, "title", task->title);
    emit_member_text(out, "experiment", task->experiment);
    emit_member_text(out, "rung", task->rung);
    emit_member_int64(out, "attempt", (int64_t)task->n_attempts);
    emit_member_text(out, "phase", task->phase);
    emit_member_cstring(out, "state", STATES[task->state]);
    emit_member_usd(out, "spent_usd", task->spent_usd);
    emit_member_double(out, "seconds", task->seconds);
    emit_member_text(out, "stop", task->stop);
    emit_member_text(out, "why", task->why);
    emit_member_text(out, "branch", task->branch);
    emit_close(out, '}');
}

static bool find_run(struct serve_state *state, const struct serve_request *request,
    struct serve_answer *answer, struct run_look *look)
{
    const char *home = state->place->options->home;
    struct failure failure;
    bool found = false;
    if (home && !run_look(request->arena, home, request->params[0].text, look, &found, &failure))
        api_fail(request, answer, &failure);
    else if (!found)
        serve_refuse(request, answer, 404, "there is no journal of this run (any more)");
    return answer->status == 0;
}

void api_run(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    struct run_look look = {.n_tasks = 0};
    struct emit *out = &answer->data;
    if (!find_run(state, request, answer, &look))
        return;
    emit_open(out, '{');
    emit_key(out, "run");
    write_run(out, state, request->arena, &look);
    emit_key(out, "tasks");
    emit_open(out, '[');
    for (size_t i = 0; i < look.n_tasks && i < TASKS_MOST; i++)
        write_task(out, &look.tasks[i], i);
    emit_close(out, ']');
    emit_close(out, '}');
}

void api_run_stop(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    static const struct api_member members[] = {
        {"task", API_WHOLE, 0, RUN_TASKS_MOST - 1, 0, false}, {"all", API_BOOL, 0, 0, 0, false}};
    struct api_value values[2] = {0};
    struct run_look look = {.n_tasks = 0};
    struct failure failure;
    if (!api_read_body(request, answer, members, 2, values))
        return;
    if (values[0].given == values[1].truth) {
        serve_refuse(request, answer, 422, "the body wants either \"task\" or \"all\": true");
        return;
    }
    if (!find_run(state, request, answer, &look))
        return;
    int64_t task = values[0].given ? (int64_t)values[0].number : -1;
    if (task >= (int64_t)look.n_tasks) {
        serve_refuse(request, answer, 404, "the run has no such task");
        return;
    }
    if (!look.is_live) {
        serve_refuse(request, answer, 409, "nobody works on this run");
        return;
    }
    if (!run_ask_to_stop(request->arena, state->place->options->home, look.id, task, &failure)) {
        api_fail(request, answer, &failure);
        return;
    }
    emit_raw(&answer->data, slice_from("{\"asked\":true}"));
}
