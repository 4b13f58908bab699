/* Receives tasks that are over, hands their rows to the ledger and tells the listener, in a thread
 * of its own, so that no agent waits for the disk. Refuses to know how a task came to its end. */
#include "books.h"

#include <errno.h>
#include <string.h>

enum { STACK_BYTES = 512 * 1024, GATHER_MS = 20 };

/* ---- the journal ---- */

/* Under the lock, which it lets go while the disk works. What was written before it began is safe
 * then: that is what everybody who waits meanwhile is told. */
static void sync_lines(struct run *run)
{
    struct failure failure;
    struct books *books = &run->books;
    uint64_t n_lines = books->n_lines;
    books->is_syncing = true;
    pthread_mutex_unlock(&run->lock);
    bool ok = journal_sync(&run->journal, &failure);
    if (!ok)
        run_fail(run, &failure);
    pthread_mutex_lock(&run->lock);
    books->is_syncing = false;
    if (ok)
        books->n_lines_safe = n_lines;
    pthread_cond_broadcast(&books->synced);
}

bool books_sync(struct run *run)
{
    struct books *books = &run->books;
    pthread_mutex_lock(&run->lock);
    uint64_t wanted = books->n_lines;
    while (books->n_lines_safe < wanted && !run->failed)
        if (books->is_syncing)
            pthread_cond_wait(&books->synced, &run->lock);
        else
            sync_lines(run);
    bool ok = !run->failed;
    pthread_mutex_unlock(&run->lock);
    return ok;
}

/* ---- the ledger ---- */

/* True for a decision on this very task that waits for its outcome: nobody has tried it yet. */
static bool is_of(const struct experiment *e, const struct task *task)
{
    return e->attempts.n == 0 &&
           (slice_equal(e->description, task->title) || slice_starts(e->description, "sha256:"));
}

/* A decision that waits in the ledger is completed by the run: the hook of a tracker made it, or
 * `rung route --record`. */
static bool find_decision(struct run *run, struct slot *slot, struct failure *failure)
{
    struct run_job *job = &slot->job;
    struct ledger_filter filter = {
        .task_id = job->task.id, .source = slice_from(job->task.source), .state = LEDGER_PENDING};
    struct ledger_walk *walk = NULL;
    struct experiment found;
    if (job->experiment.id.len || job->task.id.len == 0)
        return true;
    if (!ledger_walk_open(run->parts->ledger, &filter, LEDGER_NEWEST, 1, &walk, failure))
        return false;
    enum ledger_next next = ledger_walk_next(walk, &job->arena, &found, failure);
    if (next == LEDGER_ROW && is_of(&found, &job->task))
        slot->decided_id = found.id;
    ledger_walk_close(walk);
    return next != LEDGER_BROKEN;
}

/* Adds the row or completes the decision that waited under its id. A row that stays pending takes
 * that decision's place too, unless somebody has said meanwhile what came of it. */
static bool add_row(struct run *run, const struct slot *slot, struct failure *failure)
{
    struct ledger *ledger = run->parts->ledger;
    const struct experiment *e = &slot->job.experiment;
    struct arena arena = {0};
    struct experiment stored;
    enum ledger_put put;
    bool found = false;
    bool ok = ledger_add(ledger, e, &put, failure);
    if (ok && put == LEDGER_KEPT && e->pending) {
        ok = ledger_get(ledger, &arena, e->id, &stored, &found, failure);
        if (ok && found && stored.pending)
            ok = ledger_replace(ledger, e, &found, failure);
    }
    arena_free(&arena);
    return ok || failure_prefix(failure, "task %.*s", SLICE_ARG(slot->job.task.id));
}

static bool add_rows(struct run *run, const struct slot *batch, struct failure *failure)
{
    struct ledger *ledger = run->parts->ledger;
    if (!ledger_begin(ledger, failure))
        return false;
    for (const struct slot *slot = batch; slot; slot = slot->next_filed)
        if (!add_row(run, slot, failure))
            return false;
    return ledger_commit(ledger, failure);
}

/* A row that stands in the ledger and not in the journal is found there by the next start. */
static bool record(struct run *run, struct slot *batch)
{
    struct failure failure;
    if (!books_sync(run))
        return false;
    if (!add_rows(run, batch, &failure)) {
        run_fail(run, &failure);
        return false;
    }
    for (struct slot *slot = batch; slot; slot = slot->next_filed) {
        struct emit *line = step_begin(run, slot);
        emit_member_bool(line, "recorded", true);
        step_end(run, false);
    }
    return true;
}

/* From here on others may begin that waited for these. */
static void settle(struct run *run, struct slot *batch)
{
    for (const struct slot *slot = batch; slot; slot = slot->next_filed)
        run_tell(run,
            &(struct run_event){.kind = RUN_TASK_ENDS, .job = &slot->job, .index = slot->index});
    pthread_mutex_lock(&run->lock);
    for (struct slot *slot = batch; slot; slot = slot->next_filed) {
        slot->state = JOB_OVER;
        run->n_working--;
        run->n_over++;
    }
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
}

/* ---- the clerk ---- */

static void add_to_batch(struct books *books, struct slot *slot)
{
    slot->next_filed = NULL;
    *(books->filed ? books->filed_end : &books->filed) = slot;
    books->filed_end = &slot->next_filed;
    books->n_filed++;
}

static struct slot *take_batch(struct books *books)
{
    struct slot *batch = books->filed;
    books->filed = NULL;
    books->n_filed = 0;
    return batch;
}

/* While others work, a little time for them to come to their end too; none where a thread may wait
 * for just this task. */
static void gather(struct run *run)
{
    struct books *books = &run->books;
    struct timespec until = engine_time_in((int64_t)GATHER_MS * 1000);
    int err = 0;
    while (!err && run->n_working > books->n_filed && run->n_idle == 0 && !books->is_ending)
        err = pthread_cond_timedwait(&books->work, &run->lock, &until);
}

static void *keep_books(void *context)
{
    struct run *run = context;
    struct books *books = &run->books;
    pthread_mutex_lock(&run->lock);
    for (;;) {
        while (!books->filed && !books->is_ending)
            pthread_cond_wait(&books->work, &run->lock);
        if (!books->filed)
            break;
        gather(run);
        struct slot *batch = take_batch(books);
        pthread_mutex_unlock(&run->lock);
        if (record(run, batch))
            settle(run, batch);
        pthread_mutex_lock(&run->lock);
    }
    pthread_mutex_unlock(&run->lock);
    return NULL;
}

bool books_begin(struct run *run, struct failure *failure)
{
    struct books *books = &run->books;
    for (size_t i = 0; i < run->n_slots; i++)
        if (run->slots[i]->state == JOB_OVER && !run->slots[i]->is_recorded)
            add_to_batch(books, run->slots[i]);
    if (books->filed && !record(run, take_batch(books))) {
        *failure = run->failure;
        return false;
    }
    for (size_t i = 0; i < run->n_slots; i++)
        if (!find_decision(run, run->slots[i], failure))
            return false;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int err = pthread_create(&books->clerk, &attributes, keep_books, run);
    pthread_attr_destroy(&attributes);
    return err == 0 || failure_set(failure, "cannot start a thread: %s", strerror(err));
}

void books_end(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    run->books.is_ending = true;
    pthread_cond_signal(&run->books.work);
    pthread_mutex_unlock(&run->lock);
    pthread_join(run->books.clerk, NULL);
    books_sync(run);
}

void books_file(struct run *run, struct slot *slot)
{
    pthread_mutex_lock(&run->lock);
    add_to_batch(&run->books, slot);
    pthread_cond_signal(&run->books.work);
    pthread_mutex_unlock(&run->lock);
}
