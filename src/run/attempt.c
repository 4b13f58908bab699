/* Receives a prompt and a rung, hands on what the agent did, said and cost. Refuses to know
 * whether it is good. */
#include "attempt.h"

#include "base/clock.h"
#include "base/file.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

/* What the agent's output is heard by. */
struct ear {
    struct run *run;
    struct slot *slot;
    const struct attempt *attempt;
    struct agent_reader *reader;
    double told_usd; /* spend that is in the journal already */
    int retries;     /* of the agent, for which the others wait already */
};

static const char *const SIGNALS[] = {
    [AGENT_SAME_CALL] = "it made the same call again and again",
    [AGENT_ERRORS_IN_A_ROW] = "its tools failed again and again",
    [AGENT_NOTHING_CHANGED] = "it went on without changing anything",
    [AGENT_OVER_BUDGET] = "its budget was spent",
};

/* Spend is worth a line where it grew: after a crash it is all that is known of the cost. */
static void note_spend(struct ear *ear, double usd)
{
    if (isnan(usd) || usd <= ear->told_usd || ear->slot->is_desk)
        return;
    ear->told_usd = usd;
    struct emit *line = step_begin(ear->run, ear->slot);
    if (ear->attempt->part.len)
        emit_member_text(line, "part", ear->attempt->part);
    emit_member_usd(line, "spend", usd);
    step_end(ear->run, false);
}

static const char *hear_output(void *context, struct slice bytes)
{
    struct ear *ear = context;
    if (!agent_reader_output(ear->reader, bytes))
        return NULL;
    const struct agent_progress *progress = agent_reader_progress(ear->reader);
    note_spend(ear, progress->spend_usd);
    if (progress->retries > ear->retries) {
        ear->retries = progress->retries;
        run_pause(ear->run, ear->slot, fmin(progress->retry_after_s, RUN_RATE_WAIT_S_MOST));
    }
    run_tell(ear->run, &(struct run_event){.kind = RUN_PROGRESS,
                           .job = &ear->slot->job,
                           .index = ear->slot->index,
                           .rung = ear->attempt->rung,
                           .attempt = ear->attempt->number,
                           .phase = ear->attempt->phase,
                           .progress = progress});
    return SIGNALS[progress->signal];
}

static const char *hear_error(void *context, struct slice bytes)
{
    struct ear *ear = context;
    agent_reader_error(ear->reader, bytes);
    return NULL;
}

const char *const *attempt_environment(
    struct run *run, struct arena *arena, const char *const *environment)
{
    size_t n = 0;
    while (environment[n])
        n++;
    const char **marked = ARENA_ARRAY(arena, const char *, n + 2);
    memcpy(marked, environment, n * sizeof(*marked));
    marked[n] = run->mark;
    return marked;
}

static bool write_files(const struct agent_start *start, struct failure *failure)
{
    for (size_t i = 0; i < start->n_files; i++)
        if (!file_replace(start->files[i].path, start->files[i].bytes, 0600, failure))
            return false;
    return true;
}

static void run_program(struct run *run, struct arena *arena, const struct agent_start *start,
    struct ear *ear, struct keeper_ended *ended, struct agent_exit *exit)
{
    struct keeper_start keeper = {
        .argv = start->argv,
        .environment = attempt_environment(run, arena, start->environment),
        .directory = start->directory,
        .input = start->input,
        .timeout_s = start->timeout_s,
    };
    struct keeper_ear heard = {hear_output, hear_error, ear};
    keeper_run(run->keepers, arena, &keeper, &heard, ended);
    *exit = (struct agent_exit){
        .exit_status = ended->exit_status,
        .not_started = ended->not_started != NULL,
        .timed_out = ended->timed_out,
        .stopped = ended->stopped != NULL && !ended->timed_out,
        .unkept = ended->unkept,
        .why = ended->not_started ? ended->not_started : ended->stopped,
        .retry_after_s = NAN,
    };
}

static void call_agent(struct run *run, struct arena *arena, const struct agent_call *call,
    struct ear *ear, struct keeper_ended *ended, struct agent_exit *exit)
{
    const struct policy_agent *worker = &run->parts->policy->worker;
    struct agent_start start;
    struct failure failure;
    *ended = (struct keeper_ended){0};
    if (!agent_prepare(arena, worker, call, run->parts->environment, &start, &failure) ||
        !write_files(&start, &failure)) {
        *exit = (struct agent_exit){.not_started = true,
            .too_dear = start.too_dear,
            .retry_after_s = NAN,
            .why = arena_print(arena, "%s", failure.text).base};
        return;
    }
    if (!start.url) {
        run_program(run, arena, &start, ear, ended, exit);
        return;
    }
    agent_api_call(arena, &start, &run->stopping, ear->reader, exit);
    ended->interrupted = exit->stopped && run->stopping;
}

/* What the agent wrote down and did not print. Where it cannot be read, less is known. */
static void read_transcript(struct run *run, struct arena *arena, struct agent_reader *reader)
{
    struct file_bytes file;
    struct failure ignored;
    const char *path = agent_transcript_path(arena, reader, run->parts->environment);
    if (!path || !file_open_plain(path, AGENT_TRANSCRIPT_BYTES_MOST, &file, &ignored))
        return;
    agent_reader_transcript(reader, file.bytes);
    file_close(&file);
}

static const char *make_session(struct run *run, struct arena *arena)
{
    char *session = arena_take(arena, AGENT_SESSION_BYTES);
    pthread_mutex_lock(&run->lock);
    agent_make_session(&run->dice, session);
    pthread_mutex_unlock(&run->lock);
    return session;
}

void attempt_run(struct run *run, struct slot *slot, struct attempt *attempt)
{
    struct arena *arena = &slot->job.arena;
    const struct run_parts *parts = run->parts;
    const struct policy_rung *rung = &parts->policy->rungs[attempt->rung];
    struct agent_call call = {
        .phase = attempt->phase,
        .rung = rung,
        .prompt = attempt->prompt,
        .schema = attempt->schema,
        .directory = attempt->directory,
        .scratch = attempt->scratch,
        .session = make_session(run, arena),
        .budget_usd = attempt->budget_usd,
        .prices = parts->prices,
        .day = parts->today,
    };
    struct agent_setup setup = {
        .agent = &parts->policy->worker,
        .rung = rung,
        .prices = parts->prices,
        .day = parts->today,
        .limits = agent_usual_limits(attempt->phase),
        .wants_structured = attempt->schema.len > 0,
    };
    setup.limits.budget_usd = attempt->budget_usd;
    struct ear ear = {run, slot, attempt, agent_reader_make(&setup), 0, 0};
    struct keeper_ended ended;
    struct agent_exit exit;
    int64_t begun_us = clock_monotonic_us();
    call_agent(run, arena, &call, &ear, &ended, &exit);
    read_transcript(run, arena, ear.reader);
    agent_reader_end(ear.reader, arena, &exit, &attempt->result);
    if (attempt->result.ending == AGENT_NOT_STARTED || attempt->result.ending == AGENT_TOO_DEAR)
        attempt->result.cost_usd = 0; /* what did not start did not cost */
    double seconds = (double)(clock_monotonic_us() - begun_us) / 1e6;
    attempt->record = agent_attempt(arena, &call, &attempt->result, seconds);
    attempt->record.part = attempt->part;
    attempt->leftovers = ended.leftovers;
    attempt->interrupted = ended.interrupted;
    agent_reader_free(ear.reader);
}
