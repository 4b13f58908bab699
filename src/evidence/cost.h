/* Inside the evidence room: what an attempt costs. The logarithm of the cost is the arm's mean,
 * separately for success and failure, plus an effect of each label, shrunk to none where it was
 * seldom seen; back on the scale of dollars by Duan's smearing (JASA 1983). */
#ifndef RUNG_EVIDENCE_COST_H
#define RUNG_EVIDENCE_COST_H

#include "base/arena.h"
#include "image.h"
#include "stats/stats.h"

struct cost_side {           /* of one arm: its failures [0], its successes [1] */
    double n, mean, squares; /* of the logarithm: mean and sum of squared residuals */
    double smear;            /* sum of exp(residual) */
};

struct cost_effect { /* of one label */
    double n, residuals;
};

struct cost_model {
    size_t n_arms, n_labels;
    struct cost_side *sides;     /* [arm][success] */
    struct cost_effect *effects; /* [label] */
};

struct cost_case {
    const uint32_t *labels;
    size_t n_labels;
    size_t arm;
    bool success;
    double usd; /* > 0 */
};

/* Fits by going over the cases a few times, arms and labels in turn. Arrays live in the arena. */
void cost_fit(struct arena *arena, const struct cost_case *cases, size_t n, size_t n_arms,
    size_t n_labels, struct cost_model *model);
/* Counts one more case. */
void cost_update(struct cost_model *model, const struct cost_case *one);

double cost_count(const struct cost_model *model, size_t arm); /* measured costs of the arm */

/* Expected cost of an attempt that succeeds with probability p, USD, with a 95 % interval; NAN
 * where the arm has no cost. Where only one of success and failure was seen, the other is taken
 * from it at the ratio COST_FAILED_RATIO. */
struct interval cost_expect(
    const struct cost_model *model, const uint32_t *labels, size_t n_labels, size_t arm, double p);

/* The residual of a case in standard deviations; NAN where the side has fewer than two. */
double cost_residual(const struct cost_model *model, const struct cost_case *one);

void cost_write(const struct cost_model *model, struct emit *out);
void cost_read(struct image_reader *reader, struct cost_model *model);

#endif
