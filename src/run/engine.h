/* Inside the run room: what its files share about one run. Everything that several threads change
 * is changed under `lock`; a job belongs to the thread that works on it. */
#ifndef RUNG_RUN_ENGINE_H
#define RUNG_RUN_ENGINE_H

#include "journal.h"
#include "keeper.h"
#include "run.h"
#include "worktree.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum job_state { JOB_WAITS, JOB_WORKS, JOB_OVER, JOB_SKIPPED };

/* A job and what the queue knows of it. */
struct slot {
    struct run_job job;
    size_t index;
    enum job_state state;
    atomic_bool is_unwanted; /* a person said so: nothing more is begun for it */
    bool was_interrupted;    /* an attempt of an earlier start has no end in the journal */
    struct lost { /* while the journal is read: attempts of which only the beginning … */
        struct slice rung, part;
        enum record_phase phase;
        double usd; /* … and what its stream told of the cost are known; NAN: nothing */
    } * lost;
    size_t n_lost, lost_room;
    struct part_done { /* a part of the plan that an earlier try or start did */
        struct slice id;
        const char *change; /* commit */
        bool is_whole;      /* the commit holds all that was done until then */
    } * parts_done;
    size_t n_parts_done, parts_done_room;
    struct arena *aside; /* memory of parts that were done at the same time */
    size_t n_aside, aside_room;
    struct slice decided_id; /* of its decision that waits in the ledger; empty: none does */
    /* Accepted, and kept back for the review at the end: what its gates said, and the answer where
     * that is what counts. */
    bool awaits_review, is_tested, is_reviewed;
    struct slice answer;
    bool is_desk; /* no task, but what stands for several in their review */
    /* Why it is planned first, or would be reviewed, or not; empty: nobody asked. */
    struct slice plan_why, review_why;
    bool is_recorded; /* its row is in the ledger already */
    int retries;      /* of the present rung, for failures of the model's side */
    struct wait {
        size_t index;  /* the slot that must be over before this one begins */
        bool accepted; /* and accepted: a dependency, not only the same file */
    } * waits;
    size_t n_waits, waits_room;
    struct slot *next_filed; /* in books.c */
};

/* Of books.c, under the lock. */
struct books {
    struct slot *filed, **filed_end; /* over, and not yet recorded */
    size_t n_filed;
    bool is_ending;
    pthread_t clerk;
    pthread_cond_t work;            /* something is filed, somebody waits for it, it is ending */
    uint64_t n_lines, n_lines_safe; /* of the journal: written, and known to be on the disk */
    bool is_syncing;
    pthread_cond_t synced;
};

struct run {
    const struct run_parts *parts;
    struct run_settings settings;
    struct arena arena; /* lives as long as the run */
    char id[RUN_ID_BYTES];
    struct repository repository;
    struct journal journal;
    struct keepers *keepers;
    atomic_bool stopping;
    const char *mark; /* "RUNG_RUN=<id>", in every child's environment */

    pthread_mutex_t lock;
    pthread_cond_t changed; /* a slot is over, money came back, the run is stopping */
    pthread_cond_t left;    /* the last thread of the queue has ended */
    pthread_mutex_t git;    /* one work tree is made or removed at a time */
    struct tree *idle_trees;
    size_t n_trees;     /* made so far */
    struct batch {      /* in flight, or answered and not yet read; of reviews.c */
        const char *id; /* NULL: none */
        struct batch_group {
            size_t *tasks, n;
        } * groups;
        size_t n;
    } batch;
    struct books books;
    struct dice dice;
    struct emit line;
    struct slot **slots;
    size_t n_slots, slots_room, n_from_before, n_over;
    size_t first_waiting, n_working, n_threads; /* working: begun, and not yet recorded */
    size_t n_idle;                              /* threads that wait for a turn */
    size_t n_beside; /* parts of plans beside the one that the thread of their task stands for */
    double spent_usd, reserved_usd;
    struct seen { /* by rung: what attempts of this run did cost */
        double usd;
        size_t n;
    } seen[POLICY_RUNGS_MOST];
    int failures_in_a_row;
    int64_t begun_us, pause_until_us;
    bool broken; /* the breaker has opened */
    bool failed; /* the journal or the ledger cannot be written; `failure` says why */
    struct failure failure;
};

/* Tells the listener; takes the lock. */
void run_tell(struct run *run, const struct run_event *event);
void run_note(struct run *run, const struct slot *slot, struct slice text);

/* The model's side is at its limit: no task begins for so long. */
void run_pause(struct run *run, const struct slot *slot, double seconds);

/* One line of the journal: opens {"task":n, calls nothing else. Under the lock from begin to end.
 *     struct emit *line = step_begin(run, slot); emit_member_…(line, …); step_end(run, sync);
 * `sync`: it is on the disk when step_end returns; the lock is let go before the disk works. */
struct emit *step_begin(struct run *run, const struct slot *slot);
void step_end(struct run *run, bool sync);

/* A moment from now, for waits on the conditions above. */
struct timespec engine_time_in(int64_t wait_us);

/* Remembers the first failure that makes the whole run end. */
void run_fail(struct run *run, const struct failure *failure);

/* A slot for a new job, its task copied into the job's arena. */
struct slot *run_new_slot(struct run *run, const struct task *task);

#endif
