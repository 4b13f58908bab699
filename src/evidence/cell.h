/* What labels tell: an additive prior of abilities and difficulties, and Beta cells that are
 * shrunk towards it. Labels are numbers here; each belongs to a family ("subject:", "repo:"),
 * and a family whose labels tell nothing is found out by its variance and shrunk to nothing. */
#ifndef RUNG_EVIDENCE_CELL_H
#define RUNG_EVIDENCE_CELL_H

#include "base/arena.h"

enum { CELL_SWEEPS_MOST = 200, CELL_ROUNDS = 6 };

/* The labels of one task. */
struct cell_labels {
    const uint32_t *items;
    size_t n;
};

struct cell_outcome {
    struct cell_labels labels;
    size_t rung;
    double success;
    double weight; /* of the outcome in the difficulties: one task tried on R rungs counts once */
};

struct cell {
    double n, successes, expected; /* expected: sum of the prior's probabilities */
};

struct cell_model {
    size_t n_rungs, n_labels;
    double *ability;    /* θ per rung, a logit */
    double *difficulty; /* b per label */
    double *precision;  /* L2 penalty per label, that of its family */
    double strength;    /* s: outcomes that the prior counts for in a cell */
    struct cell *cells; /* label · n_rungs + rung */
    double *n;          /* outcomes per rung */
};

/* Fits everything. family[l] < n_families. The model lives in the arena. */
void cell_fit(struct arena *arena, const struct cell_outcome *outcomes, size_t n, size_t n_rungs,
    const uint32_t *family, size_t n_labels, size_t n_families, struct cell_model *model);

/* The additive prior alone, at the precisions that the model holds: minimises
 *     − Σ w·(y ln p + (1−y) ln(1−p)) + ½ Σ precision_l · b_l² + ½ · 0.05 · Σ θ_m²,
 * p = σ(θ_m − Σ b_l), by Newton's method along one coordinate after the other. */
void cell_fit_prior(const struct cell_outcome *outcomes, size_t n, struct cell_model *model);

/* True where some outcome had one of the labels. */
bool cell_knows(const struct cell_model *model, struct cell_labels labels);

/* Labels' part of the logit for a rung: − Σ b_l + Σ (logit of the cell's posterior − logit of its
 * prior), posterior (k + s·μ)/(n + s). Labels never seen add nothing. */
double cell_labels_logit(const struct cell_model *model, struct cell_labels labels, size_t rung);

/* Outcomes that the estimate rests on: those of the smallest cell seen, or of the rung. */
double cell_weight(const struct cell_model *model, struct cell_labels labels, size_t rung);

/* Counts one more outcome. */
void cell_update(struct cell_model *model, struct cell_labels labels, size_t rung, double success);

#endif
