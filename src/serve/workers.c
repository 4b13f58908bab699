/* Receives calls, hands each with a state to a worker thread and its answer back to the loop.
 * Refuses to know sockets. */
#include "workers.h"

#include "answer.h"
#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <stdlib.h>

bool workers_begin(
    struct workers *workers, const struct serve_place *place, struct failure *failure)
{
    *workers = (struct workers){.place = place};
    if (uv_mutex_init(&workers->lock) != 0)
        return failure_set(failure, "cannot make a lock");
    return true;
}

void workers_end(struct workers *workers)
{
    for (size_t i = 0; i < workers->n_idle; i++)
        serve_state_free(workers->idle[i]);
    uv_mutex_destroy(&workers->lock);
}

struct serve_state *workers_take(struct workers *workers)
{
    uv_mutex_lock(&workers->lock);
    struct serve_state *state = workers->n_idle ? workers->idle[--workers->n_idle] : NULL;
    uv_mutex_unlock(&workers->lock);
    return state ? state : serve_state_make(workers->place);
}

void workers_give_back(struct workers *workers, struct serve_state *state)
{
    uv_mutex_lock(&workers->lock);
    bool fits = workers->n_idle < WORKERS_STATES_MOST;
    if (fits)
        workers->idle[workers->n_idle++] = state;
    uv_mutex_unlock(&workers->lock);
    if (!fits)
        serve_state_free(state);
}

struct job *job_make(struct workers *workers, struct connection *connection, struct arena *arena)
{
    struct job *job = memory_take(sizeof(*job));
    *job = (struct job){.workers = workers, .connection = connection};
    job->work.data = job;
    job->request.arena = arena;
    return job;
}

void job_free(struct job *job)
{
    emit_free(&job->answer.data);
    emit_free(&job->body);
    free(job);
}

static bool read_body(struct serve_state *state, struct job *job)
{
    struct serve_request *request = &job->request;
    struct failure failure = {0};
    if (!request->route->body_schema ||
        json_parse(state->parser, request->body, &request->body_json, &failure))
        return true;
    serve_refuse(request, &job->answer, 400, "the body is not JSON: %s", failure.text);
    return false;
}

static void write_body(struct job *job)
{
    struct serve_answer *answer = &job->answer;
    const struct serve_route *route = job->request.route;
    if (answer->status == 0)
        answer->status = 200;
    struct slice data = emit_slice(&answer->data);
    if (answer->status >= 400)
        answer_write_refusal(&job->body, answer->status, answer->error, answer->message);
    else if (route->media)
        emit_bytes(&job->body, data);
    else
        answer_write_success(&job->body, data, route->is_list ? answer->count : 1, answer->next);
    emit_free(&answer->data);
    arena_free(job->request.arena); /* what it was made of */
}

/* False where too much waits for the loop to take it. */
static bool count_made(struct job *job)
{
    struct workers *workers = job->workers;
    uv_mutex_lock(&workers->lock);
    bool fits =
        workers->made_bytes == 0 || workers->made_bytes + job->body.len <= SERVE_UNSENT_BYTES_MOST;
    if (fits)
        workers->made_bytes += job->made_bytes = job->body.len;
    uv_mutex_unlock(&workers->lock);
    return fits;
}

static void forget_made(struct job *job)
{
    uv_mutex_lock(&job->workers->lock);
    job->workers->made_bytes -= job->made_bytes;
    uv_mutex_unlock(&job->workers->lock);
}

static void refuse_made(struct job *job)
{
    emit_free(&job->body);
    job->answer.status = 503;
    job->answer.retry_after_s = 1;
    answer_write_refusal(&job->body, 503, NULL, slice_from("busy; try again in a moment"));
}

static void work(uv_work_t *work)
{
    struct job *job = work->data;
    struct serve_request *request = &job->request;
    struct failure failure = {0};
    struct serve_state *state = workers_take(job->workers);
    if (!serve_state_refresh(state, &failure)) {
        log_error("%s", failure.text);
        serve_refuse(request, &job->answer, 500, "%s", failure.text);
    } else if (read_body(state, job)) {
        request->route->answer(state, request, &job->answer);
    }
    write_body(job);
    if (!count_made(job))
        refuse_made(job);
    workers_give_back(job->workers, state);
}

static void after_work(uv_work_t *work, int status)
{
    (void)status;
    struct job *job = work->data;
    forget_made(job);
    job->done(job);
}

void job_start(uv_loop_t *loop, struct job *job)
{
    job->request.now_ms = clock_now_ms();
    job->request.deadline_us = clock_monotonic_us() + (int64_t)SERVE_ANSWER_WAIT_MS * 1000;
    int err = uv_queue_work(loop, &job->work, work, after_work);
    assert(err == 0); /* only a missing callback is refused */
    (void)err;
}
