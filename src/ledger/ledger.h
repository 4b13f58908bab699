/* ledger: receives experiments, keeps them safe, hands them on one by one or summed up. Refuses
 * to know what the sums mean. SQLite is the store; another can stand behind the same door (a row
 * of the table in ledger.c).
 *
 * Safety: a change is in the ledger, on the disk, when its function (or ledger_commit) has
 * returned true: write-ahead log, synchronous=FULL, so that neither kill -9 nor a loss of power
 * takes it back. A change that fails (full disk, file-size limit) leaves the ledger as it was.
 * The log (PATH-wal) stays beside the ledger, empty while nobody has it open: SQLite reads whatever
 * lies there, so that its owner must be able to know it again.
 * Readers never wait for a writer; writers wait for each other up to LEDGER_WAIT_MS.
 *
 * Counts are maintained in the transaction of the change, never scanned for.
 *
 * Ownership: what is read lives in the arena given; a ledger is used by one thread. */
#ifndef RUNG_LEDGER_LEDGER_H
#define RUNG_LEDGER_LEDGER_H

#include "record/record.h"

#include <stdio.h>

enum {
    LEDGER_WAIT_MS = 30000,
    LEDGER_BATCH = 50000, /* experiments a transaction when importing */
    LEDGER_REJECT_BYTES_MOST = 1 << 20,
    LEDGER_PROBLEMS_MOST = 100, /* sentences kept of an import; the rest is counted */
};

struct ledger;

/* Told of a ledger that is being begun, when `draft` is whole and before it is moved to `place`,
 * so that nobody finds it there first. False: it is not begun. */
struct ledger_begun {
    bool (*tell)(void *context, const char *draft, const char *place, struct failure *failure);
    void *context;
};

/* Told now and then how many experiments of an older version's ledger are counted anew, while it
 * is opened. */
struct ledger_recount {
    void (*tell)(void *context, int64_t n_done);
    void *context;
};

struct ledger_options {
    struct ledger_begun begun;     /* tell may be NULL */
    struct ledger_recount recount; /* the same */
    bool create; /* make it, and its directory (0700, file 0600), where there is none */
    /* keep_text: false: descriptions, titles that stand in for a task's id, and lines kept aside
     * are stored as "sha256:<hex>"; notes are not stored */
    bool hash_text;
    int cache_kib; /* of memory for the database's pages; 0: the usual 64 MiB */
};

/* Opens "sqlite:PATH". False where it does not exist and is not to be made, is no ledger, was
 * written by a newer version (it is left untouched), or cannot be opened. An older version is
 * brought up to this one first. */
bool ledger_open(const char *url, struct ledger_options options, struct ledger **ledger,
    struct failure *failure) MUST_USE;
void ledger_close(struct ledger *ledger); /* NULL is allowed; undoes an open batch */
const char *ledger_url(const struct ledger *ledger);

/* Where the ledger is when nobody says: `.rung/ledger.db` beside the policy (`policy_path`, NULL
 * where the project has none), else beside the `.git` at or above `from`, else in the user's data
 * directory. NULL without a home. */
const char *ledger_usual_url(struct arena *arena, const char *policy_path, const char *from);

/* Between begin and commit changes share one transaction; alone each is its own. When a change
 * fails, the whole batch is undone and closed. */
bool ledger_begin(struct ledger *ledger, struct failure *failure) MUST_USE;
bool ledger_commit(struct ledger *ledger, struct failure *failure) MUST_USE;
void ledger_rollback(struct ledger *ledger);

enum ledger_put {
    LEDGER_ADDED,
    LEDGER_COMPLETED, /* it was there, pending; now it is what was given */
    LEDGER_KEPT,      /* one of this id is there: it stays as it is */
};

/* Adds an experiment by its id; *put (may be NULL) says what became of it. */
bool ledger_add(struct ledger *ledger, const struct experiment *experiment, enum ledger_put *put,
    struct failure *failure) MUST_USE;

/* Replaces the experiment of the same id, whatever state it is in. *found false: there is none. */
bool ledger_replace(struct ledger *ledger, const struct experiment *experiment, bool *found,
    struct failure *failure) MUST_USE;

/* Completes a pending experiment in one transaction: the one with this id, or, where `id` is
 * empty, the latest of the task. `fill` sets what is known now on the experiment that was
 * stored; it is no longer pending then, so `fill` must set success. The result is in *completed,
 * in the arena. *found false: no such pending experiment. */
typedef void ledger_fill(struct experiment *experiment, void *context);
bool ledger_complete(struct ledger *ledger, struct arena *arena, struct slice id,
    struct slice task_id, ledger_fill *fill, void *context, struct experiment *completed,
    bool *found, struct failure *failure) MUST_USE;

bool ledger_get(struct ledger *ledger, struct arena *arena, struct slice id,
    struct experiment *experiment, bool *found, struct failure *failure) MUST_USE;

/* Which experiments; a zeroed filter lets all pass. */
enum ledger_state { LEDGER_ANY, LEDGER_DONE, LEDGER_PENDING };
struct ledger_filter {
    int64_t since_ms, until_ms; /* from since on, before until; 0: no limit */
    struct slice rung, model_used, strategy, project, source, task_id, label; /* empty: any */
    enum ledger_state state;
    enum record_success outcome; /* OPEN: any */
    struct slice text; /* in the task's id, description or notes; of letters a–z the case is one */
    bool explored;     /* only those whose propensities name more than one possible rung */
    struct slice after; /* an id: only what comes behind that experiment in the order */
};

/* OLDEST first is the order of exports: by time, then id, whatever order they came in. As they came
 * in is the quickest way through all of them; pages have no such order. */
enum ledger_order { LEDGER_OLDEST, LEDGER_NEWEST, LEDGER_AS_THEY_CAME };

/* Walks over experiments, as they were when the walk began. `filter` may be NULL; its texts must
 * outlive the walk. `most` 0: no limit. Close it before the ledger.
 *     while (ledger_walk_next(walk, &arena, &experiment, &failure) == LEDGER_ROW) … */
enum ledger_next { LEDGER_END, LEDGER_ROW, LEDGER_BROKEN };
struct ledger_walk;
bool ledger_walk_open(struct ledger *ledger, const struct ledger_filter *filter,
    enum ledger_order order, size_t most, struct ledger_walk **walk,
    struct failure *failure) MUST_USE;
enum ledger_next ledger_walk_next(struct ledger_walk *walk, struct arena *arena,
    struct experiment *experiment, struct failure *failure) MUST_USE;
void ledger_walk_close(struct ledger_walk *walk); /* NULL is allowed */

/* A page of experiments for somebody who looks through them. `most` of them at most, after looking
 * at about `looks` rows at most (a row whose texts or labels must be read counts as several): where
 * few pass the filter a page may hold fewer, or none, and yet not be the last. Order: by time, then
 * by arrival. `filter` may be NULL; its `after` is not used. */
struct ledger_mark { /* where a page ended; number 0: before the first */
    int64_t at_ms, number;
};
struct ledger_pages {
    enum ledger_order order;
    struct ledger_mark from;
    size_t most, looks;
};
struct ledger_page {
    struct experiment *items;
    size_t n;
    bool is_last;
    struct ledger_mark next; /* where the next one begins, unless this is the last */
};
bool ledger_page(struct ledger *ledger, struct arena *arena, const struct ledger_filter *filter,
    const struct ledger_pages *pages, struct ledger_page *page, struct failure *failure) MUST_USE;

/* Every change gives its row the next number of one sequence, in the transaction of the change: who
 * has seen all up to a number has missed nothing. Several changes of a row are its last one.
 * ledger_position: the last number given, 0 where there was no change yet. */
struct ledger_change {
    int64_t seq;
    struct experiment experiment; /* as it is now */
};
bool ledger_position(struct ledger *ledger, int64_t *seq, struct failure *failure) MUST_USE;
/* Those behind `after`, in order, `most` at most; in the arena. */
bool ledger_changes(struct ledger *ledger, struct arena *arena, int64_t after, size_t most,
    struct ledger_change **changes, size_t *n, struct failure *failure) MUST_USE;

/* Counts by time and starting rung, from what is maintained. Slots are `hours` long, in UTC, those
 * without an experiment left out; sorted by time, then rung. `until` 0: no end. */
struct ledger_span {
    int64_t since_ms, until_ms; /* whole hours: what an hour has began in it */
    int64_t hours;
    size_t most;
};
struct ledger_slot {
    int64_t at_ms;
    struct slice rung;
    int64_t n, accepted, cost_n;
    double cost_usd;
};
bool ledger_series(struct ledger *ledger, struct arena *arena, const struct ledger_span *span,
    struct ledger_slot **slots, size_t *n, struct failure *failure) MUST_USE;

/* What sums are kept by. Experiments count once they are no longer pending. */
enum ledger_kind {
    LEDGER_ALL,           /* key "" */
    LEDGER_BY_MODEL,      /* modelUsed */
    LEDGER_BY_RUNG,       /* the rung it started on; second: model version, "" where unknown */
    LEDGER_BY_STRATEGY,   /* routingStrategy */
    LEDGER_BY_LABEL,      /* each label of an experiment */
    LEDGER_BY_PATTERN,    /* the first pattern that matched, of strategy pattern-match only */
    LEDGER_BY_PROJECT,    /* where one is named */
    LEDGER_BY_DAY,        /* "2026-01-05", UTC */
    LEDGER_BY_CONFIDENCE, /* "0" … "9": [0, 0.1), … [0.9, 1]; calibrated ones only */
    LEDGER_BY_ATTEMPT,    /* judged attempts at whole tasks: rung; second: model version */
    LEDGER_BY_ACTION,     /* explored experiments in which this rung could have been the start */
    /* Of runs, whose attempts are written down; key: each label of the experiment, and "". */
    LEDGER_BY_FIRST_TRY, /* second: "planned RUNG" or "alone RUNG", RUNG where it started; accepted:
                            its first try was, all parts of a plan being one. Weights: over those in
                            which dice said whether there is a plan */
    LEDGER_BY_PLANNING,  /* the same, accepted: the task was */
    LEDGER_BY_CHECKER,   /* verdicts of judges and reviews; second: "RUNG VERDICT TRUTH NAME", the
                            judge's rung and gate; TRUTH: right or wrong, by an audit of the same
                            change or the user's word, unknown where there is neither; cost: the
                            judge's */
    LEDGER_BY_AUDIT,     /* second: "VERDICT RUNG", RUNG that did the change; of each experiment the
                            first audited change that all other gates had passed */
    LEDGER_BY_GATE,      /* verdicts on attempts: name; second: "fail", or "fail pass pass" where
                            it was asked several times on the same tree */
    LEDGER_BY_PAIR,      /* where a pair is named: its id; second: the rung it started on */
    LEDGER_KINDS,
};

/* Sums over experiments (over attempts in BY_ATTEMPT). Means are sums over their own n. Verified:
 * the outcome is a test's or a review's. Calibrated: the stated confidence was a forecast (not
 * `forced`, not `explicit-label`). */
struct ledger_sums {
    int64_t n, accepted, verified, verified_accepted;
    int64_t stated; /* with a stated confidence */
    double confidence;
    int64_t calibrated, calibrated_accepted, calibrated_verified, calibrated_verified_accepted;
    double calibrated_confidence;
    int64_t cost_n; /* with a known cost, assumed or measured */
    double cost_usd, cost_squares, cost_accepted_usd;
    int64_t measured_n; /* with a measured one */
    double measured_usd, measured_squares, measured_accepted_usd;
    int64_t seconds_n;
    double seconds;
    int64_t quality_n;
    double quality;
    /* BY_ACTION only, over those that did start there: w = 1 ÷ propensity. Always starting on
     * the rung would be accepted at weight_accepted ÷ weight (self-normalised; effective sample
     * size weight² ÷ weight_squares); the variance wants the sums of w²·accepted too. */
    int64_t taken;
    double weight, weight_squares, weight_accepted, weight_squares_accepted;
    int64_t taken_measured; /* the same for measured cost */
    double weight_measured, weight_squares_measured, weight_usd, weight_squares_usd,
        weight_squares_usd_squares;
};

struct ledger_tally {
    enum ledger_kind kind;
    struct slice key, second;
    struct ledger_sums sums;
};

/* All sums, sorted by kind, key, second. Without a filter from what is maintained, in time that
 * does not depend on the number of experiments; with one by walking over what it lets pass. */
bool ledger_tallies(struct ledger *ledger, struct arena *arena, const struct ledger_filter *filter,
    struct ledger_tally **tallies, size_t *n, struct failure *failure) MUST_USE;

/* The same of the latest that the filter lets pass, within what one page may hold and look at
 * (`pages` without an order or a place); *whole: those were all. */
bool ledger_tallies_latest(struct ledger *ledger, struct arena *arena,
    const struct ledger_filter *filter, const struct ledger_pages *pages,
    struct ledger_tally **tallies, size_t *n, bool *whole, struct failure *failure) MUST_USE;

/* The tallies of one kind are a run of a sorted list: returns its beginning. */
const struct ledger_tally *ledger_tallies_of(
    const struct ledger_tally *tallies, size_t n, enum ledger_kind kind, size_t *n_of_kind);

struct ledger_counts {
    int64_t done, pending, rejected;
};
bool ledger_count(
    struct ledger *ledger, struct ledger_counts *counts, struct failure *failure) MUST_USE;

/* What an import did. */
struct ledger_import {
    size_t read; /* lines that are not blank, or elements of an array */
    size_t added, completed, kept, bad;
    struct slice *problems; /* "NAME:LINE: why", a sentence a bad line, in the arena */
    size_t n_problems;      /* at most LEDGER_PROBLEMS_MOST */
};

/* Called now and then with how much of the bytes is done. */
struct ledger_progress {
    void (*tell)(void *context, size_t done_bytes, size_t all_bytes);
    void *context;
};

/* Adds every line of JSONL (or every element of one JSON array) as ledger_add does, in batches.
 * Bad lines are named in the report and kept aside in the ledger. `name` (the file's) goes into
 * messages; `progress` may be NULL. False where the ledger could not be written (the batches
 * before stay) or the array is no JSON. */
bool ledger_import(struct ledger *ledger, struct arena *arena, const char *name, struct slice bytes,
    const struct ledger_progress *progress, struct ledger_import *report,
    struct failure *failure) MUST_USE;

/* Writes the experiments that the filter (may be NULL) lets pass, oldest first; *n says how many.
 */
enum ledger_format { LEDGER_JSONL, LEDGER_CSV, LEDGER_SPREADSHEET };
bool ledger_export(struct ledger *ledger, const struct ledger_filter *filter,
    enum ledger_format format, FILE *out, size_t *n, struct failure *failure) MUST_USE;

/* Lines that could not be read, kept as they were (the first LEDGER_REJECT_BYTES_MOST bytes); the
 * same bytes are kept once. */
struct ledger_reject {
    struct slice name;
    int64_t line;
    struct slice reason, bytes;
};
bool ledger_keep_aside(
    struct ledger *ledger, const struct ledger_reject *reject, struct failure *failure) MUST_USE;
/* The first `most` of them, in the order in which they came. */
bool ledger_rejected(struct ledger *ledger, struct arena *arena, size_t most,
    struct ledger_reject **rejects, size_t *n, struct failure *failure) MUST_USE;

#endif
