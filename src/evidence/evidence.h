/* evidence: receives tasks and their outcomes, hands on how likely each rung is to succeed on a
 * task. Refuses to decide, and to know prices of models or where outcomes are kept.
 *
 * The estimate (METHODS §1.3) has three layers, each of which rests on less where there is less:
 *     base      mean success of the rung
 *     labels    θ_m − Σ b_label, plus what the Beta cells (label, rung) know beyond that, less base
 *     text      surface and words of the task, by logistic regression, less base
 *     z = base + g_label · labels + g_text · text, and p = the calibration of σ(z)
 * The gates g in [0, 1] are what the outcomes themselves, predicted before they were seen, say
 * that labels and text are worth; an unseen label says nothing and is a tie. The calibration of a
 * rung is fitted to the same predictions, and kept only where it helped on later ones. */
#ifndef RUNG_EVIDENCE_EVIDENCE_H
#define RUNG_EVIDENCE_EVIDENCE_H

#include "base/arena.h"
#include "base/failure.h"
#include "policy/policy.h"
#include "stats/stats.h"

enum {
    EVIDENCE_RUNGS_MOST = 64,
    EVIDENCE_LABELS_MOST = 1 << 14, /* different ones; what comes later is not learned from */
    EVIDENCE_TASK_LABELS_MOST = 64, /* of one task */
    EVIDENCE_OUTCOMES_MOST = 1 << 26,
};

/* Tasks made ready to learn from: features and label numbers, no text. Everything in it lives in
 * an arena of its own. */
struct evidence_corpus;

struct evidence_corpus *evidence_corpus_make(void);
void evidence_corpus_free(struct evidence_corpus *corpus); /* NULL is allowed */

/* Adds a task and returns its number, counted from 0. Nothing of what is passed is kept. */
size_t evidence_corpus_add(struct evidence_corpus *corpus, struct slice title, struct slice body,
    const struct slice *labels, size_t n_labels);
size_t evidence_corpus_size(const struct evidence_corpus *corpus);

struct evidence_outcome {
    size_t task; /* its number in the corpus */
    size_t rung;
    double success; /* 0 … 1 */
};

struct evidence_options {
    size_t n_rungs;
    bool use_text, use_labels;
};

struct evidence_learner;

/* Learns from outcomes in the order in which they came. The same corpus, outcomes and options
 * give the same learner to the bit. The learner keeps no pointer into the corpus. */
struct evidence_learner *evidence_learn(const struct evidence_corpus *corpus,
    const struct evidence_outcome *outcomes, size_t n, struct evidence_options options);
void evidence_learner_free(struct evidence_learner *learner); /* NULL is allowed */

struct evidence_prediction {
    double success; /* probability */
    double weight; /* outcomes that it rests on, for an interval Beta(p·weight, (1−p)·weight) */
    double base, labels, text; /* the terms of z, gates included */
};

/* A task of a corpus, or one at hand: evidence_view fills a view once, each rung is then cheap.
 * The slices may go away after the call. */
struct evidence_view;
struct evidence_view *evidence_view_make(void);
void evidence_view_free(struct evidence_view *view); /* NULL is allowed */
void evidence_view_task(struct evidence_view *view, const struct evidence_learner *learner,
    struct slice title, struct slice body, const struct slice *labels, size_t n_labels);

struct evidence_prediction evidence_predict_view(
    const struct evidence_learner *learner, const struct evidence_view *view, size_t rung);
/* The corpus must be the one that was learned from: labels go by their number. */
struct evidence_prediction evidence_predict_task(const struct evidence_learner *learner,
    const struct evidence_corpus *corpus, size_t task, size_t rung);

/* One more outcome: moves the cells and the text weights of its rung, by one step each; gates,
 * abilities and difficulties stay until the next evidence_learn. */
void evidence_update(struct evidence_learner *learner, const struct evidence_view *view,
    size_t rung, double success);

/* What a learner came to, for reports and tests. */
struct evidence_summary {
    double text_gate, label_gate;
    double cell_strength; /* s, in outcomes */
    double gain; /* log-loss that the text saved on the outcomes predicted beforehand, nats */
    size_t n_labels, n_outcomes;
};
struct evidence_summary evidence_summarise(const struct evidence_learner *learner);

/* ---- what the ledger taught, kept in one file (snapshot.c) ----
 *
 * `rung learn` builds it from every judged attempt and replaces the file by rename; a command
 * maps the file instead of parsing it. What was judged later is added in memory in microseconds.
 * Two builds from the same attempts agree to the bit. */

enum {
    EVIDENCE_ENOUGH = 30,  /* outcomes of a rung before it may move a decision */
    EVIDENCE_CARRIED = 20, /* outcomes that a new model version takes over from the old one */
    EVIDENCE_TIERS_MOST = 8,
    EVIDENCE_KINDS_MOST = 4096, /* different label sets kept for tuning a goal */
    EVIDENCE_FILE_BYTES_MOST = 1 << 28,
};

/* One judged attempt. Labels are those of the task and, where a pattern spoke for it, that pattern
 * as "pattern:…". */
struct evidence_attempt {
    struct slice rung, model, effort; /* the arm: a rung as a model version at an effort */
    const struct slice *labels;
    size_t n_labels;
    struct slice title, body; /* empty where the ledger keeps no text */
    bool success;
    double cost_usd;    /* measured; NAN where it was not */
    int tier;           /* of a first attempt: which strategy stated `confidence`; -1: none did */
    struct slice after; /* rung that had failed just before on this task; empty: a first attempt */
    int64_t at_ms;
};

struct evidence;

/* Builds from attempts, which it sorts by time (and may drop some of, at the end). Free it with
 * evidence_close. */
struct evidence *evidence_build(struct evidence_attempt *attempts, size_t n);

/* Reads a snapshot. *evidence is NULL, and the answer true, where there is no such file; false
 * where it is no snapshot, is damaged or of another version: `rung learn` makes a new one. */
bool evidence_open(const char *path, struct evidence **evidence, struct failure *failure) MUST_USE;
/* The same without reading more than is asked for, which saves milliseconds; whoever cuts the file
 * short meanwhile ends the program by SIGBUS. */
bool evidence_map(const char *path, struct evidence **evidence, struct failure *failure) MUST_USE;
bool evidence_save(
    const struct evidence *evidence, const char *path, struct failure *failure) MUST_USE;
void evidence_close(struct evidence *evidence); /* NULL is allowed */

/* Adds one attempt in memory (not to the file). */
void evidence_add(struct evidence *evidence, const struct evidence_attempt *attempt);

struct evidence_about {
    const char *id;  /* hash of the attempts it was built from: goes into records */
    int64_t last_ms; /* time of the newest attempt in it */
    size_t attempts;
    double tasks_per_day; /* first attempts, over the days from the first to the last */
};
struct evidence_about evidence_tell(const struct evidence *evidence);

/* The rungs of a policy, matched with the arms once for many predictions. A rung whose model
 * version has no arm takes over that of the same rung's older version, discounted. */
struct evidence_arms {
    int arm[POLICY_RUNGS_MOST]; /* -1: nothing is known of this rung */
    bool carried[POLICY_RUNGS_MOST];
};
void evidence_match(
    const struct evidence *evidence, const struct policy *policy, struct evidence_arms *arms);

/* What a rung is expected to do for one task; NAN where nothing is known. Intervals are 95 %:
 * Wilson's at the estimate's weight for success, normal on the log scale for cost. */
struct evidence_estimate {
    struct interval success, cost_usd;
    double outcomes; /* of the arm */
    double costs;    /* measured ones of the arm */
};

/* estimates[i] for rung i. The view is scratch memory; one serves many predictions. */
void evidence_estimate(const struct evidence *evidence, const struct evidence_arms *arms,
    size_t n_rungs, struct slice title, struct slice body, const struct slice *labels,
    size_t n_labels, struct evidence_view *view, struct evidence_estimate *estimates);

/* P(rung `next` succeeds | rung `failed` did not, on the same task): what was seen, shrunk to a
 * share of next's own success, because tasks on which one rung fails are hard for others too. */
double evidence_after_failure(const struct evidence *evidence, const struct evidence_arms *arms,
    int failed, int next, double success_of_next);

/* Posterior of a tier's stated confidence, Beta(*a, *b), from a prior of `weight` tasks. */
void evidence_tier(
    const struct evidence *evidence, int tier, double stated, double weight, double *a, double *b);

/* What a policy's goal makes a success worth at the margin: value_low, or with probability `mix`
 * value_high, so that the goal is met on average. Kept in the snapshot for one policy. */
struct evidence_goal {
    double value_low, value_high, mix;
};
void evidence_set_goal(
    struct evidence *evidence, const char *policy_hash, struct evidence_goal goal);
bool evidence_get_goal(
    const struct evidence *evidence, const char *policy_hash, struct evidence_goal *goal);

/* The label sets of the tasks learned from, and how many tasks had each. */
struct evidence_kind {
    struct slice *labels;
    size_t n_labels;
    double tasks;
};
size_t evidence_kinds(
    const struct evidence *evidence, struct arena *arena, struct evidence_kind **kinds);

/* A watch over one rung, or one rung on tasks of one label, that has gone off. */
struct evidence_alarm {
    struct slice rung, model, label; /* label empty: all tasks */
    bool of_cost;                    /* else of success */
    double expected, seen; /* success rate, or mean cost in USD: before, and of the last tasks */
    int64_t at_ms;
};
size_t evidence_alarms(
    const struct evidence *evidence, struct arena *arena, struct evidence_alarm **alarms);

#endif
