/* Inside the evidence room: what a learner and a view are made of, for the files that keep them
 * in a snapshot. */
#ifndef RUNG_EVIDENCE_LEARNER_H
#define RUNG_EVIDENCE_LEARNER_H

#include "calibrate.h"
#include "cell.h"
#include "evidence.h"
#include "image.h"
#include "labels.h"
#include "text.h"

struct evidence_view {
    struct features features;
    struct features_scratch scratch;
    uint32_t labels[EVIDENCE_TASK_LABELS_MOST];
    size_t n_labels;
};

/* What is learned from one run of outcomes. */
struct layers {
    double *base; /* logit of each rung's mean success */
    struct cell_model cells;
    struct text_scale scale;
    struct text_head *heads; /* one per rung */
};

struct evidence_learner {
    struct arena arena;
    struct evidence_options options;
    struct labels labels;
    struct layers layers;
    struct calibration *calibrations; /* one per rung */
    struct evidence_summary summary;
};

/* The numbers of a task's labels, and how many labels a corpus has met. */
const uint32_t *corpus_labels(const struct evidence_corpus *corpus, size_t task, size_t *n);
size_t corpus_label_count(const struct evidence_corpus *corpus);
struct slice learner_label_name(const struct evidence_learner *learner, uint32_t label);

/* As evidence_view_task, but reads the text only where the learner's gate lets it in. */
void view_fill(struct evidence_view *view, const struct evidence_learner *learner,
    struct slice title, struct slice body, const struct slice *labels, size_t n_labels);

void learner_write(const struct evidence_learner *learner, struct emit *out);
/* A learner whose arrays lie in the reader's bytes; NULL where they are damaged. */
struct evidence_learner *learner_read(struct image_reader *reader, size_t n_rungs, size_t n_labels);

#endif
