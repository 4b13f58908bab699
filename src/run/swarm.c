/* Receives the slots of a run, hands each to a thread when its turn has come: dependencies first,
 * no two tasks on the same file, as many at a time as the settings say, until all are over, the
 * money is spent or the breaker opens. Refuses to know how one task is done. */
#include "books.h"
#include "engine.h"
#include "ladder.h"
#include "reviews.h"
#include "trees.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STACK_BYTES = 512 * 1024, TICK_MS = 100 };

/* ---- who waits for whom ---- */

static void add_wait(struct run *run, struct slot *slot, size_t index, bool accepted)
{
    for (size_t i = 0; i < slot->n_waits; i++)
        if (slot->waits[i].index == index) {
            slot->waits[i].accepted = slot->waits[i].accepted || accepted;
            return;
        }
    slot->waits = arena_grow(
        &run->arena, slot->waits, slot->n_waits, &slot->waits_room, sizeof(*slot->waits));
    slot->waits[slot->n_waits++] = (struct wait){index, accepted};
}

/* Names (ids, paths) and the slots that bear them, sorted for search. */
struct bearer {
    struct slice name;
    size_t index;
};

static int compare_bearers(const void *a, const void *b)
{
    const struct bearer *left = a, *right = b;
    int order = slice_compare(left->name, right->name);
    return order ? order : left->index < right->index ? -1 : left->index > right->index;
}

static void wait_for_dependencies(struct run *run)
{
    struct bearer *bearers = ARENA_ARRAY(&run->arena, struct bearer, run->n_slots);
    for (size_t i = 0; i < run->n_slots; i++)
        bearers[i] = (struct bearer){run->slots[i]->job.task.id, i};
    qsort(bearers, run->n_slots, sizeof(*bearers), compare_bearers);
    for (size_t i = 0; i < run->n_slots; i++) {
        const struct task_list *ids = &run->slots[i]->job.task.depends_on;
        for (size_t k = 0; k < ids->n; k++) {
            size_t low = 0, high = run->n_slots;
            while (low < high) {
                size_t middle = (low + high) / 2;
                if (slice_compare(bearers[middle].name, ids->items[k]) < 0)
                    low = middle + 1;
                else
                    high = middle;
            }
            if (low < run->n_slots && slice_equal(bearers[low].name, ids->items[k]) &&
                bearers[low].index != i)
                add_wait(run, run->slots[i], bearers[low].index, true);
        }
    }
}

/* Of tasks that name the same file each waits for the one before it. */
static void wait_for_files(struct run *run)
{
    size_t n = 0, at = 0;
    for (size_t i = 0; i < run->n_slots; i++)
        n += run->slots[i]->job.task.files.n;
    struct bearer *bearers = ARENA_ARRAY(&run->arena, struct bearer, n);
    for (size_t i = 0; i < run->n_slots; i++)
        for (size_t k = 0; k < run->slots[i]->job.task.files.n; k++)
            bearers[at++] = (struct bearer){run->slots[i]->job.task.files.items[k], i};
    if (n)
        qsort(bearers, n, sizeof(*bearers), compare_bearers);
    for (size_t i = 1; i < n; i++)
        if (slice_equal(bearers[i].name, bearers[i - 1].name) &&
            bearers[i].index != bearers[i - 1].index)
            add_wait(run, run->slots[bearers[i].index], bearers[i - 1].index, false);
}

/* ---- the next turn, under the lock ---- */

enum turn { TURN_READY, TURN_LATER, TURN_NEVER };

static enum turn turn_of(const struct run *run, const struct slot *slot)
{
    enum turn turn = TURN_READY;
    for (size_t i = 0; i < slot->n_waits; i++) {
        const struct slot *before = run->slots[slot->waits[i].index];
        bool over = before->state == JOB_OVER || before->state == JOB_SKIPPED;
        if (over && slot->waits[i].accepted && before->job.stop != RUN_ACCEPTED)
            return TURN_NEVER;
        if (!over)
            turn = TURN_LATER;
    }
    return turn;
}

static void skip(struct run *run, struct slot *slot, enum run_stop stop, const char *why)
{
    slot->state = JOB_SKIPPED;
    pthread_mutex_unlock(&run->lock);
    ladder_skip(run, slot, stop, slice_from(why));
    pthread_mutex_lock(&run->lock);
    run->n_over++;
}

/* The first slot whose turn it is; those whose turn never comes are skipped on the way. NULL:
 * none now; *waiting: some may be ready later. */
static struct slot *find_turn(struct run *run, bool *waiting)
{
    bool working = false;
    *waiting = false;
    for (size_t i = run->first_waiting; i < run->n_slots; i++) {
        struct slot *slot = run->slots[i];
        working = working || slot->state == JOB_WORKS;
        if (slot->state != JOB_WAITS) {
            run->first_waiting += i == run->first_waiting;
            continue;
        }
        if (run->broken) {
            skip(run, slot, RUN_BREAKER, "the breaker had opened before its turn came");
            continue;
        }
        if (slot->is_unwanted) {
            skip(run, slot, RUN_UNWANTED, "a person stopped it before its turn came");
            continue;
        }
        enum turn turn = turn_of(run, slot);
        if (turn == TURN_READY)
            return slot;
        if (turn == TURN_NEVER)
            skip(run, slot, RUN_DEPENDENCY, "a task that it depends on was not accepted");
        *waiting = *waiting || turn == TURN_LATER;
    }
    *waiting = *waiting && (working || run->n_working > 0);
    return NULL;
}

/* Only dependencies that go round in a circle are left. */
static void skip_circle(struct run *run)
{
    for (size_t i = run->first_waiting; i < run->n_slots; i++)
        if (run->slots[i]->state == JOB_WAITS)
            skip(run, run->slots[i], RUN_DEPENDENCY, "its dependencies go round in a circle");
}

struct timespec engine_time_in(int64_t wait_us)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + (wait_us % 1000000) * 1000;
    until.tv_sec += wait_us / 1000000 + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    return until;
}

/* Until something changes. A clerk that gathers need not: this thread may wait for what it has. */
static void wait_for_turn(struct run *run)
{
    run->n_idle++;
    pthread_cond_signal(&run->books.work);
    pthread_cond_wait(&run->changed, &run->lock);
    run->n_idle--;
}

static struct slot *take_turn(struct run *run)
{
    while (!run->stopping) {
        int64_t pause_us = run->pause_until_us - clock_monotonic_us();
        if (pause_us > 0 && !run->broken) {
            struct timespec until = engine_time_in(pause_us);
            pthread_cond_timedwait(&run->changed, &run->lock, &until);
            continue;
        }
        if (run->n_beside && run->n_working + run->n_beside >= (size_t)run->settings.jobs) {
            pthread_cond_wait(&run->changed, &run->lock);
            continue;
        }
        bool waiting;
        struct slot *slot = find_turn(run, &waiting);
        if (slot) {
            slot->state = JOB_WORKS;
            run->n_working++;
            return slot;
        }
        if (waiting) {
            wait_for_turn(run);
            continue;
        }
        if (run->n_working == 0)
            skip_circle(run);
        return NULL;
    }
    return NULL;
}

/* ---- the breaker ---- */

static const char *breaks(struct run *run, const struct run_job *job)
{
    double minutes = (double)(clock_monotonic_us() - run->begun_us) / 60e6;
    if (job->stop != RUN_UNWANTED) /* which says nothing about the agent */
        run->failures_in_a_row = job->stop == RUN_ACCEPTED || job->stop == RUN_UNCHECKED
                                     ? 0
                                     : run->failures_in_a_row + 1;
    if (job->stop == RUN_AGENT_UNUSABLE)
        return "the agent cannot work at all: nothing more is begun";
    if (run->settings.stop_after && run->failures_in_a_row >= run->settings.stop_after)
        return "too many tasks in a row were not accepted: nothing more is begun";
    if (run->settings.usd_per_minute > 0 && minutes > 0.5 &&
        run->spent_usd / minutes > run->settings.usd_per_minute)
        return "it spends faster than allowed: nothing more is begun";
    return NULL;
}

/* What is over is the clerk's, who sets the state once it is recorded. */
static void settle_turn(struct run *run, struct slot *slot)
{
    const char *why = NULL;
    if (slot->job.stop == RUN_NOT_OVER)
        slot->state = JOB_SKIPPED; /* interrupted: it stays unfinished in the journal */
    if (slot->awaits_review)
        slot->state = JOB_OVER; /* as far as tasks that wait for it are concerned */
    if (slot->state == JOB_SKIPPED || slot->awaits_review) {
        run->n_working--;
        run->n_over++;
        pthread_cond_broadcast(&run->changed);
        pthread_cond_signal(&run->books.work);
    } else if (!run->broken) {
        why = breaks(run, &slot->job);
    }
    run->broken = run->broken || why;
    if (!why || run->n_slots == 1)
        return;
    pthread_mutex_unlock(&run->lock);
    run_note(run, NULL, slice_from(why));
    pthread_mutex_lock(&run->lock);
}

/* ---- threads ---- */

static void *work(void *context)
{
    struct run *run = context;
    pthread_mutex_lock(&run->lock);
    for (struct slot *slot; (slot = take_turn(run)) != NULL;) {
        pthread_mutex_unlock(&run->lock);
        ladder_climb(run, slot);
        pthread_mutex_lock(&run->lock);
        settle_turn(run, slot);
    }
    if (--run->n_threads == 0)
        pthread_cond_signal(&run->left);
    pthread_mutex_unlock(&run->lock);
    return NULL;
}

/* Not begun, it is open when the same command goes on with the run, as after the breaker. */
static void let_go(struct run *run, struct slot *slot)
{
    if (slot->is_unwanted)
        return;
    slot->is_unwanted = true;
    emit_member_bool(step_begin(run, slot), "unwanted", true);
    step_end(run, false);
}

/* What a person asked for from outside. */
static void obey_wishes(struct run *run)
{
    struct arena arena = {0};
    struct slice wishes, wish;
    int64_t index;
    if (!run_take_wishes(&arena, run->repository.home, slice_from(run->id), &wishes))
        wishes = (struct slice){0};
    while (slice_next_line(&wishes, &wish)) {
        if (slice_is(wish, "all") && !run->stopping) {
            run_note(run, NULL, slice_from("asked to stop: the agents are being ended"));
            run_stop_all(run);
        } else if (slice_to_int64(wish, &index) && index >= 0 && index < (int64_t)run->n_slots) {
            let_go(run, run->slots[index]);
        }
    }
    arena_free(&arena);
}

/* Looks after the terminal and the signals while the threads work. */
static void look_after(struct run *run, const sigset_t *signals)
{
    pthread_mutex_lock(&run->lock);
    while (run->n_threads > 0) {
        struct timespec until = engine_time_in((int64_t)TICK_MS * 1000);
        pthread_cond_timedwait(&run->left, &run->lock, &until);
        pthread_mutex_unlock(&run->lock);
        if (sigtimedwait(signals, NULL, &(struct timespec){0}) > 0 && !run->stopping) {
            run_note(run, NULL, slice_from("told to stop: the agents are being ended"));
            run_stop_all(run);
        }
        obey_wishes(run);
        run_tell(run, &(struct run_event){.kind = RUN_TICK});
        pthread_mutex_lock(&run->lock);
    }
    pthread_mutex_unlock(&run->lock);
}

static bool start_threads(struct run *run, pthread_t *threads, size_t *n, struct failure *failure)
{
    pthread_attr_t attributes;
    size_t waiting = 0;
    int err = 0;
    for (size_t i = 0; i < run->n_slots; i++)
        waiting += run->slots[i]->state == JOB_WAITS;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    *n = 0;
    pthread_mutex_lock(&run->lock);
    while (err == 0 && *n < (size_t)run->settings.jobs && *n < waiting) {
        err = pthread_create(&threads[*n], &attributes, work, run);
        *n += err == 0;
        run->n_threads += err == 0;
    }
    pthread_mutex_unlock(&run->lock);
    pthread_attr_destroy(&attributes);
    return *n > 0 || waiting == 0 ||
           failure_set(failure, "cannot start a thread: %s", strerror(err));
}

static void *review(void *context)
{
    struct run *run = context;
    reviews_work(run);
    pthread_mutex_lock(&run->lock);
    run->n_threads--;
    pthread_cond_signal(&run->left);
    pthread_mutex_unlock(&run->lock);
    return NULL;
}

/* In a thread like the tasks, so that signals are heard. */
static bool review_at_end(struct run *run, const sigset_t *signals, struct failure *failure)
{
    pthread_t thread;
    if (!reviews_are_due(run) || run->stopping)
        return true;
    run->n_threads = 1;
    int err = pthread_create(&thread, NULL, review, run);
    if (err)
        return failure_set(failure, "cannot start a thread: %s", strerror(err));
    look_after(run, signals);
    pthread_join(thread, NULL);
    return true;
}

/* What waited for a task that was not accepted will never have its turn: it leaves nothing to go on
 * with. Where that task itself had no turn, it says so. */
static bool is_all_over(const struct run *run)
{
    for (size_t i = 0; i < run->n_slots; i++) {
        const struct slot *slot = run->slots[i];
        bool never = slot->state == JOB_SKIPPED && slot->job.stop == RUN_DEPENDENCY;
        if ((slot->state != JOB_OVER && !never) || slot->awaits_review)
            return false;
    }
    return true;
}

static bool end_journal(struct run *run, struct failure *failure)
{
    emit_open(&run->line, '{');
    emit_member_bool(&run->line, "end", true);
    emit_close(&run->line, '}');
    return journal_write(&run->journal, &run->line, true, failure);
}

bool run_work(struct run *run, struct failure *failure)
{
    sigset_t signals, before;
    pthread_t threads[RUN_JOBS_MOST];
    struct failure untidy;
    size_t n = 0;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    wait_for_dependencies(run);
    wait_for_files(run);
    bool ok = books_begin(run, failure);
    if (ok) {
        ok = start_threads(run, threads, &n, failure);
        look_after(run, &signals);
        for (size_t i = 0; i < n; i++)
            pthread_join(threads[i], NULL);
        ok = ok && review_at_end(run, &signals, failure);
        books_end(run);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!trees_end(run, &untidy))
        run_note(run, NULL, slice_from(untidy.text));
    if (ok && run->failed) {
        *failure = run->failure;
        ok = false;
    }
    return ok && (!is_all_over(run) || end_journal(run, failure));
}
