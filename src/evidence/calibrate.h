/* Beta calibration (Kull, Silva Filho, Flach 2017): p' = σ(a ln p − b ln(1−p) + c), which bends
 * both ends on their own and is the identity at a = b = 1, c = 0. */
#ifndef RUNG_EVIDENCE_CALIBRATE_H
#define RUNG_EVIDENCE_CALIBRATE_H

#include <stdbool.h>
#include <stddef.h>

struct calibration {
    double a, b, c;
};

static const struct calibration calibration_identity = {1, 1, 0};

/* A forecast as a logit, and what came. */
struct calibration_case {
    double logit, success;
};

/* Probability from the logit of an uncalibrated one. */
double calibration_apply(struct calibration calibration, double logit);

double calibration_loss(
    struct calibration calibration, const struct calibration_case *cases, size_t n);

/* Minimises log-loss + ½ · penalty · ((a−1)² + (b−1)² + c²) with a, b ≥ 0. */
struct calibration calibration_fit(const struct calibration_case *cases, size_t n, double penalty);

/* The fit to all cases where a fit to the first half lowers the log-loss of the second half; the
 * identity where it does not. Cases in the order in which they came. */
struct calibration calibration_choose(const struct calibration_case *cases, size_t n);

#endif
