/* run: receives tasks with their decisions, hands on experiments: a work tree, attempts, gates,
 * climbs, one ledger row. Many tasks go side by side, each in a thread of its own under one lock.
 * Refuses to choose a rung (`decide` did), to judge (`gate` does) and to print (its listener does).
 *
 * What is done is done: every step is in a journal under `.rung/runs/` before the next one begins,
 * so that after kill -9 a run goes on where it was, and no row is lost or doubled. A loss of power
 * leaves what is on the disk by then: an attempt, before the next of its task begins and before its
 * change gets a branch; a task and its row, before the listener is told that it is over.
 *
 * Ownership: a job and all it points to live in the job's arena; whoever made the job frees it. */
#ifndef RUNG_RUN_RUN_H
#define RUNG_RUN_RUN_H

#include "agent/agent.h"
#include "base/dice.h"
#include "decide/decide.h"
#include "gate/gate.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "record/record.h"
#include "task/task.h"

enum {
    RUN_JOBS_MOST = 512, /* at a time */
    RUN_TASKS_MOST = 100000,
    RUN_ATTEMPTS_MOST = 32, /* of one task */
    RUN_RETRIES_MOST = 2,   /* of one rung, when the model's side failed */
    RUN_RATE_WAIT_S_MOST = 300,
    RUN_STOP_AFTER = 10, /* tasks not accepted in a row, unless the user says otherwise */
    RUN_ID_BYTES = 40,
    RUN_SAID_BYTES_KEPT = 64 << 20, /* of what agents said, by run_clean: the newest */
};

/* AT_END: what the gates accepted is kept back, and reviewed all together when nothing else is left
 * to do, several changes to a prompt. */
enum run_review { RUN_REVIEW_CRITICAL, RUN_REVIEW_ALWAYS, RUN_REVIEW_NEVER, RUN_REVIEW_AT_END };
/* "critical", "always", "never" */
bool run_review_from_name(struct slice name, enum run_review *review);

/* What the user asked for; it is in the journal, and a resumed run obeys it. Money 0: no limit. */
struct run_settings {
    bool here;        /* in the user's own work tree, and no commit */
    int max_attempts; /* 0: as many as the ladder has rungs */
    int jobs;
    int stop_after; /* tasks not accepted in a row; 0: never */
    enum run_review review;
    int review_rung; /* AT_END: who reviews */
    int plan_rung;   /* that splits each task into parts first; POLICY_NONE: the policy says */
    bool no_plan;    /* none does, whatever the policy says */
    double task_usd, total_usd, day_usd, usd_per_minute;
};

/* Why a task's ladder ended. */
enum run_stop {
    RUN_NOT_OVER,
    RUN_ACCEPTED,
    RUN_UNCHECKED, /* no gate judges, or one could not tell: the branch waits for a person */
    RUN_NO_RUNG_LEFT,
    RUN_MAX_ATTEMPTS,
    RUN_BUDGET,
    RUN_NOT_WORTH_IT,   /* the next rung costs more than the policy's goal pays for */
    RUN_AGENT_UNUSABLE, /* not logged in, not installed: no climb helps */
    RUN_UPSTREAM,       /* the model's side failed: nothing was learned of the last rung */
    RUN_DEPENDENCY,     /* a task that it depends on was not accepted */
    RUN_BREAKER,        /* too many failures in a row: not begun */
    RUN_REJECTED,       /* by the review at the end; the branch waits for a person */
    RUN_UNWANTED,       /* a person stopped it */
    RUN_TROUBLE,        /* git or the disk; `why` says what */
    RUN_STOPS,
};
const char *run_stop_name(enum run_stop stop); /* "accepted", "max-attempts", … */

/* One task on its way. */
struct run_job {
    struct arena arena;
    struct task task;
    struct decision decision;
    struct experiment experiment; /* complete once `stop` is set */
    const char *branch;           /* with the change, or NULL */
    const char *commit;           /* what was accepted, or NULL */
    enum run_stop stop;
    struct slice plan;    /* JSON of the plan that was followed; empty: none was */
    struct slice why;     /* a sentence */
    bool was_done_before; /* in an earlier start of the same run */
    double spent_usd;     /* known cost of all attempts so far */
};

enum run_event_kind {
    RUN_TASK_BEGINS,
    RUN_ATTEMPT_BEGINS,
    RUN_PROGRESS,
    RUN_ATTEMPT_ENDS, /* with its gates */
    RUN_TASK_ENDS,
    RUN_TICK, /* some ten times a second, for a view that moves; no job */
    RUN_NOTE, /* `text` is a sentence: a pause, a warning; `job` may be NULL */
};

struct run_event {
    enum run_event_kind kind;
    const struct run_job *job;
    size_t index;      /* of the job */
    int rung, attempt; /* attempt from 1 */
    enum record_phase phase;
    const struct record_attempt *record;   /* ATTEMPT_ENDS */
    const struct agent_progress *progress; /* PROGRESS */
    struct slice text;
};

/* Told what happens, one event at a time, never two at once. */
struct run_listener {
    void (*hear)(void *context, const struct run_event *event);
    void *context;
};

/* With which probability a task is planned first, by which rung, and a sentence why; rung
 * POLICY_NONE: it is not in question. */
struct run_chance {
    int rung;
    double p;
    struct slice why;
};

/* A word of the policy's `review.when` and `plan.when`: in a label or a path, or the type. */
bool run_task_has_word(const struct task *task, struct slice word);

/* What a run is made from; all of it outlives the run. */
struct run_parts {
    const struct policy *policy; /* trusted; gates that the user named are among its own */
    const struct price_table *prices;
    const struct decider *decider;
    struct ledger *ledger;
    const char *const *environment; /* the caller's own, for agents and gates to be scrubbed */
    const char *directory;          /* where the user stands */
    const char *keep_program;       /* path of rung-keep */
    const char *spend_path;         /* file in which processes share the day's spend */
    int32_t today;
    struct run_settings settings;
    struct slice signature; /* what makes two starts the same work; empty: a single task */
    struct run_listener listener;
    /* Asked once for each task where the settings leave it open; NULL: nothing is planned. */
    struct run_chance (*plan_chance)(const void *context, const struct task *task,
        const struct decision *decision, struct arena *arena);
    const void *plan_context;
    /* The same of a review, should the policy call for one; NULL: it is made. */
    struct run_chance (*review_chance)(const void *context, const struct task *task,
        const struct decision *decision, struct arena *arena);
};

struct run;

/* Opens the repository and begins a journal, or, with `resume`, goes on with the unfinished one of
 * this id ("": the latest; where `signature` is not empty, the latest of the same signature).
 * *resumed says whether there was one; where there is none it fails if it `must`, else begins. */
bool run_open(const struct run_parts *parts, const char *resume, bool must, bool *resumed,
    struct run **run, struct failure *failure) MUST_USE;
void run_close(struct run *run); /* NULL is allowed */
const char *run_id(const struct run *run);

/* Adds a task that was decided; `run` copies what it needs into a job. A task that an earlier start
 * of the same run knows is not added twice. False where there are too many. */
bool run_add(struct run *run, const struct task *task, struct failure *failure) MUST_USE;

/* All jobs, in the order in which they were added. */
struct run_job **run_jobs(struct run *run, size_t *n);

/* Works until all is done, run_stop_all was called or the process was told to end (SIGINT, SIGTERM,
 * SIGHUP, which it takes for as long as it works). False where the journal or the ledger cannot be
 * written; what a task met is in its job. */
bool run_work(struct run *run, struct failure *failure) MUST_USE;

/* Ends every attempt and lets run_work return: the journal stays unfinished. From any thread. */
void run_stop_all(struct run *run);
bool run_is_stopped(const struct run *run);
double run_spent_usd(struct run *run);

/* What an attempt of this rung is expected to cost; NAN where nothing is known. */
double run_expected_usd(const struct run_job *job, int rung);

/* For who follows runs from outside. The journals in a home (a repository's ".rung") as they are
 * now, newest id first. */
struct run_journal {
    struct slice id; /* of the run */
    int64_t bytes, changed_ms;
};
bool run_list_journals(struct arena *arena, const char *home, struct run_journal **journals,
    size_t *n, struct failure *failure) MUST_USE;

/* The whole lines (see journal.h) that begin at byte `from` of a listed journal, of `most` bytes at
 * most; where one line alone is longer, nothing, and `next` is within it. */
struct run_lines {
    struct slice text;
    int64_t next; /* where the next line begins */
    bool is_over; /* the run is finished and nothing comes behind `next` */
};
bool run_read_journal(struct arena *arena, const char *home, struct slice id, int64_t from,
    size_t most, struct run_lines *lines, struct failure *failure) MUST_USE;

/* How far a run is, from its journal alone. */
enum run_look_state {
    RUN_LOOK_QUEUED,
    RUN_LOOK_RUNNING,
    RUN_LOOK_ACCEPTED,
    RUN_LOOK_FAILED,
    RUN_LOOK_STOPPED, /* not begun, given up, waiting for a person, or nobody works on it */
    RUN_LOOK_STATES,
};
struct run_task_look {
    struct slice task_id, title;
    struct slice experiment, rung, phase; /* empty: not begun; phase also while it executes */
    struct slice stop, why, branch;       /* empty: not over */
    enum run_look_state state;
    size_t n_attempts; /* begun */
    double spent_usd, streaming_usd, seconds;
};
struct run_look {
    struct slice id;
    int64_t begun_ms;
    bool is_swarm, is_over;
    bool is_live; /* a process works on it */
    struct run_task_look *tasks;
    size_t n_tasks, n_of_state[RUN_LOOK_STATES];
    double spent_usd;
};
/* A process works on it, or has just finished. */
bool run_is_live(struct arena *arena, const char *home, struct slice id);
/* *found false: there is no such run. */
bool run_look(struct arena *arena, const char *home, struct slice id, struct run_look *look,
    bool *found, struct failure *failure) MUST_USE;

/* Leaves word for the process that works on a run that it end all (`task` < 0), as SIGTERM does, or
 * begin nothing more for one task: what an agent does at that moment it may finish. */
bool run_ask_to_stop(struct arena *arena, const char *home, struct slice id, int64_t task,
    struct failure *failure) MUST_USE;

/* What the agent and the gates said of the attempts of an experiment, in short; in the arena. None
 * where nothing was kept. Outside text: to be shown as text. */
struct run_said {
    int64_t attempt; /* from 1 */
    struct slice text;
    bool is_cut;
};
size_t run_read_said(
    struct arena *arena, const char *home, struct slice experiment, struct run_said **items);

/* Whether a text is an id as this room and `record` make them: fit for the name of a file. */
bool run_is_id(struct slice id);

/* Tidies what dead runs left: processes, work trees, wishes to stop, and the journals of finished
 * runs; and of what agents said all but the newest. Runs that are unfinished are left alone unless
 * `all`. */
struct run_cleaned {
    size_t processes, worktrees, journals, unfinished, wishes, said;
};
bool run_clean(
    const char *directory, bool all, struct run_cleaned *cleaned, struct failure *failure) MUST_USE;

#endif
