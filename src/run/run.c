/* Receives parts and tasks, hands on jobs; keeps the journal and tells the listener. Refuses to
 * know how one task is done. */
#include "engine.h"

#include "base/clock.h"
#include "base/file.h"
#include "books.h"
#include "resume.h"
#include "tasks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- telling ---- */

void run_tell(struct run *run, const struct run_event *event)
{
    pthread_mutex_lock(&run->lock);
    run->parts->listener.hear(run->parts->listener.context, event);
    pthread_mutex_unlock(&run->lock);
}

void run_note(struct run *run, const struct slot *slot, struct slice text)
{
    run_tell(run, &(struct run_event){.kind = RUN_NOTE,
                      .job = slot ? &slot->job : NULL,
                      .index = slot ? slot->index : 0,
                      .text = text});
}

void run_pause(struct run *run, const struct slot *slot, double seconds)
{
    struct arena arena = {0};
    pthread_mutex_lock(&run->lock);
    int64_t until_us = clock_monotonic_us() + (int64_t)(seconds * 1e6);
    if (until_us > run->pause_until_us)
        run->pause_until_us = until_us;
    pthread_mutex_unlock(&run->lock);
    run_note(run, slot,
        arena_print(&arena, "the model's side asks to wait %.0f s: nothing is begun before",
            ceil(seconds)));
    arena_free(&arena);
}

/* ---- the journal ---- */

struct emit *step_begin(struct run *run, const struct slot *slot)
{
    pthread_mutex_lock(&run->lock);
    emit_open(&run->line, '{');
    emit_member_int64(&run->line, "task", (int64_t)slot->index);
    return &run->line;
}

static void note_failure(struct run *run, const struct failure *failure)
{
    if (!run->failed)
        run->failure = *failure;
    run->failed = true;
    run->stopping = true;
    keepers_stop(run->keepers);
    pthread_cond_broadcast(&run->changed);
}

/* Nothing is done that cannot be written down: the run ends. */
void step_end(struct run *run, bool sync)
{
    struct failure failure;
    emit_close(&run->line, '}');
    if (!journal_write(&run->journal, &run->line, false, &failure)) {
        emit_clear(&run->line);
        note_failure(run, &failure);
    }
    run->books.n_lines++;
    pthread_mutex_unlock(&run->lock);
    if (sync)
        books_sync(run);
}

void run_fail(struct run *run, const struct failure *failure)
{
    pthread_mutex_lock(&run->lock);
    note_failure(run, failure);
    pthread_mutex_unlock(&run->lock);
}

/* ---- opening ---- */

static bool begin_journal(struct run *run, struct failure *failure)
{
    char id[RECORD_ID_BYTES];
    record_make_id(clock_now_ms(), &run->dice, id);
    snprintf(run->id, sizeof(run->id), "run_%s", strchr(id, '_') + 1);
    if (!journal_make(&run->arena, run->repository.home, run->id, &run->journal, failure))
        return false;
    resume_write_head(run, &run->line);
    return journal_write(&run->journal, &run->line, true, failure);
}

/* The newest unfinished journal that nobody works on and that is meant; NULL: there is none. */
static bool find_journal(
    struct run *run, const char *wanted, const char **found, struct failure *failure)
{
    const char **paths;
    size_t n;
    *found = NULL;
    if (!journal_list(&run->arena, run->repository.home, &paths, &n, failure))
        return false;
    for (size_t i = 0; i < n && !*found; i++) {
        struct journal_head head;
        struct failure ignored;
        if (!journal_look(&run->arena, paths[i], &head, &ignored) || head.is_finished ||
            head.is_held)
            continue;
        bool meant = wanted[0] ? slice_is(head.id, wanted)
                               : run->parts->signature.len == 0 ||
                                     slice_equal(head.signature, run->parts->signature);
        if (meant)
            *found = paths[i];
    }
    return true;
}

static bool is_of_dead_run(void *context, struct slice id)
{
    const struct run *run = context;
    return !slice_is(id, run->id) && journal_is_dead(run->repository.home, id);
}

static bool open_journal(
    struct run *run, const char *resume, bool must, bool *resumed, struct failure *failure)
{
    const char *path = NULL;
    bool held;
    *resumed = false;
    if (resume && !find_journal(run, resume, &path, failure))
        return false;
    if (!path && must)
        return failure_set(failure, "there is no unfinished run%s%s",
            resume && resume[0] ? " " : "", resume ? resume : "");
    if (!path)
        return begin_journal(run, failure);
    *resumed = true;
    return journal_take(&run->arena, path, &run->journal, &held, failure) &&
           resume_read(run, failure);
}

bool run_open(const struct run_parts *parts, const char *resume, bool must, bool *resumed,
    struct run **made, struct failure *failure)
{
    struct run *run = memory_take(sizeof(*run));
    *run = (struct run){.parts = parts,
        .settings = parts->settings,
        .journal = {.fd = -1},
        .dice = dice_from_system(),
        .begun_us = clock_monotonic_us()};
    pthread_mutex_init(&run->lock, NULL);
    pthread_mutex_init(&run->git, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_t *conditions[] = {
        &run->changed, &run->left, &run->books.work, &run->books.synced};
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
        pthread_cond_init(conditions[i], &monotonic);
    pthread_condattr_destroy(&monotonic);
    bool ok = keepers_make(parts->keep_program, &run->keepers, failure) &&
              repository_open(&run->arena, parts->directory, &run->repository, failure) &&
              open_journal(run, resume, must, resumed, failure);
    if (ok) {
        run->mark = arena_print(&run->arena, "RUNG_RUN=%s", run->id).base;
        keepers_kill_strays(is_of_dead_run, run);
    } else {
        run_close(run);
        run = NULL;
    }
    *made = run;
    return ok;
}

void run_close(struct run *run)
{
    if (!run)
        return;
    for (size_t i = 0; i < run->n_slots; i++) {
        for (size_t k = 0; k < run->slots[i]->n_aside; k++)
            arena_free(&run->slots[i]->aside[k]);
        arena_free(&run->slots[i]->job.arena);
        free(run->slots[i]);
    }
    if (run->journal.fd >= 0) /* while nobody else can take it up */
        run_forget_wishes(&run->arena, run->repository.home, slice_from(run->id));
    journal_close(&run->journal);
    keepers_free(run->keepers);
    emit_free(&run->line);
    pthread_cond_destroy(&run->changed);
    pthread_cond_destroy(&run->left);
    pthread_cond_destroy(&run->books.work);
    pthread_cond_destroy(&run->books.synced);
    pthread_mutex_destroy(&run->lock);
    pthread_mutex_destroy(&run->git);
    arena_free(&run->arena);
    free(run);
}

const char *run_id(const struct run *run)
{
    return run->id;
}

/* ---- jobs ---- */

struct slot *run_new_slot(struct run *run, const struct task *task)
{
    if (run->n_slots == RUN_TASKS_MOST)
        return NULL;
    struct slot *slot = memory_take(sizeof(*slot));
    *slot = (struct slot){.index = run->n_slots};
    slot->job.task = tasks_copy(&slot->job.arena, task);
    decide(run->parts->decider, &slot->job.task, &slot->job.arena, &slot->job.decision);
    run->slots =
        arena_grow(&run->arena, run->slots, run->n_slots, &run->slots_room, sizeof(*run->slots));
    run->slots[run->n_slots++] = slot;
    return slot;
}

bool run_add(struct run *run, const struct task *task, struct failure *failure)
{
    for (size_t i = 0; i < run->n_from_before; i++)
        if (tasks_are_same(&run->slots[i]->job.task, task))
            return true;
    struct slot *slot = run_new_slot(run, task);
    if (!slot)
        return failure_set(failure, "more than %d tasks", RUN_TASKS_MOST);
    struct emit *line = step_begin(run, slot);
    emit_key(line, "is");
    tasks_write(line, &slot->job.task);
    step_end(run, false);
    if (run->failed)
        *failure = run->failure;
    return !run->failed;
}

struct run_job **run_jobs(struct run *run, size_t *n)
{
    struct run_job **jobs = ARENA_ARRAY(&run->arena, struct run_job *, run->n_slots);
    for (size_t i = 0; i < run->n_slots; i++)
        jobs[i] = &run->slots[i]->job;
    *n = run->n_slots;
    return jobs;
}

void run_stop_all(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    run->stopping = true;
    keepers_stop(run->keepers);
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
}

bool run_is_stopped(const struct run *run)
{
    return run->stopping;
}

double run_spent_usd(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    double usd = run->spent_usd;
    pthread_mutex_unlock(&run->lock);
    return usd;
}

double run_expected_usd(const struct run_job *job, int rung)
{
    return job->decision.options[rung].cost_usd.mean;
}
