/* What a text tells about one rung: a logistic regression on the few surface figures, fitted to
 * the optimum, and one on the many hashed words, trained by AdaGrad and averaged. The two are
 * mixed as logits; what comes out is how far the text moves the rung's base logit. */
#ifndef RUNG_EVIDENCE_TEXT_H
#define RUNG_EVIDENCE_TEXT_H

#include "base/arena.h"
#include "features.h"

/* A text as it is learned from. */
struct text_view {
    const uint32_t *bucket;
    size_t n;
    const float *surface;
};

/* Mean and 1 ÷ standard deviation of each surface figure over the texts learned from; figures
 * beyond 4 standard deviations are cut there. */
struct text_scale {
    double mean[FEATURES_SURFACE], factor[FEATURES_SURFACE];
};

/* A bucket's weight and AdaGrad's sum of its squared gradients, side by side: they are read and
 * written together. */
struct text_weight {
    float value, squares;
};

struct text_head {
    double base;                          /* logit of the rung's mean success */
    double surface[FEATURES_SURFACE + 1]; /* weights of the scaled figures, and the constant */
    double constant;                      /* of the words */
    double constant_squares;
    struct text_weight *words; /* FEATURES_BUCKETS */
};

struct text_case {
    struct text_view view;
    double success;
};

enum { TEXT_EPOCHS = 8, TEXT_AVERAGED = 4 /* last epochs whose weights are averaged */ };

void text_fit_scale(const struct text_case *cases, size_t n, struct text_scale *scale);

/* The surface part alone: minimises − Σ (y ln p + (1−y) ln(1−p)) + ½ · penalty · |w|² without
 * penalty on the constant, by Newton's method. */
void text_fit_surface(const struct text_case *cases, size_t n, const struct text_scale *scale,
    double penalty, double weights[FEATURES_SURFACE + 1]);

/* The whole head; its words are taken from the arena. */
void text_fit(struct arena *arena, const struct text_case *cases, size_t n,
    const struct text_scale *scale, struct text_head *head);

/* How far the text moves the logit. */
double text_logit(
    const struct text_head *head, const struct text_scale *scale, struct text_view view);

/* One step of AdaGrad for one more outcome. */
void text_update(
    struct text_head *head, const struct text_scale *scale, struct text_view view, double success);

#endif
