/* evidence: receives tasks and their outcomes, hands on how likely each rung is to succeed on a
 * task. Refuses to decide, and to know prices of models or where outcomes are kept.
 *
 * The estimate (METHODS §1.3) has three layers, each of which rests on less where there is less:
 *     base      mean success of the rung
 *     labels    θ_m − Σ b_label, plus what the Beta cells (label, rung) know beyond that, less base
 *     text      surface and words of the task, by logistic regression, less base
 *     logit p = base + g_label · labels + g_text · text
 * The gates g in [0, 1] are what the outcomes themselves, predicted before they were seen, say
 * that labels and text are worth; an unseen label says nothing and is a tie. */
#ifndef RUNG_EVIDENCE_EVIDENCE_H
#define RUNG_EVIDENCE_EVIDENCE_H

#include "base/arena.h"
#include "base/slice.h"

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
    double base, labels, text; /* the terms of its logit, gates included */
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

#endif
