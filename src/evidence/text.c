/* Fits and asks the text term of one rung. Receives texts as bucket numbers and surface figures
 * with outcomes, hands on a logit; refuses to know labels.
 *
 * Constants below were chosen on recorded outcomes of two question sets, over several splits. */
#include "text.h"

#include "base/dice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIGURES = FEATURES_SURFACE, TERMS = FIGURES + 1, NEWTON_STEPS_MOST = 20 };

static const double SURFACE_PENALTY = 200, SURFACE_SHARE = 0.5, WORDS_SHARE = 0.75;
static const double RATE = 0.1, CONSTANT_RATE = 0.01, FIRST_SQUARES = 0.1;
static const uint64_t SHUFFLE_SEED = 1;

static double sigmoid(double z)
{
    return 1 / (1 + exp(-z));
}

void text_fit_scale(const struct text_case *cases, size_t n, struct text_scale *scale)
{
    for (size_t k = 0; k < FIGURES; k++) {
        double mean = 0, variance = 0;
        for (size_t i = 0; i < n; i++)
            mean += cases[i].view.surface[k] / (double)n;
        for (size_t i = 0; i < n; i++) {
            double off = cases[i].view.surface[k] - mean;
            variance += off * off / (double)n;
        }
        scale->mean[k] = mean;
        scale->factor[k] = variance > 1e-12 ? 1 / sqrt(variance) : 0;
    }
}

static void scale_figures(const struct text_scale *scale, const float *surface, double *x)
{
    for (size_t k = 0; k < FIGURES; k++) {
        double z = (surface[k] - scale->mean[k]) * scale->factor[k];
        x[k] = z > 4 ? 4 : z < -4 ? -4 : z;
    }
    x[FIGURES] = 1;
}

static double dot(const double *a, const double *b)
{
    double sum = 0;
    for (size_t k = 0; k < TERMS; k++)
        sum += a[k] * b[k];
    return sum;
}

struct newton {
    double curvature[TERMS][TERMS]; /* lower triangle */
    double gradient[TERMS];
};

static void newton_add(struct newton *newton, const double *x, double residual, double weight)
{
    for (size_t a = 0; a < TERMS; a++) {
        newton->gradient[a] += residual * x[a];
        for (size_t b = 0; b <= a; b++)
            newton->curvature[a][b] += weight * x[a] * x[b];
    }
}

/* Solves curvature · step = gradient by Cholesky's method; the step replaces the gradient. */
static void newton_solve(struct newton *newton)
{
    double(*c)[TERMS] = newton->curvature, *g = newton->gradient;
    for (size_t a = 0; a < TERMS; a++)
        for (size_t b = 0; b <= a; b++) {
            for (size_t k = 0; k < b; k++)
                c[a][b] -= c[a][k] * c[b][k];
            c[a][b] = a == b ? sqrt(fmax(c[a][b], 1e-12)) : c[a][b] / c[b][b];
        }
    for (size_t a = 0; a < TERMS; a++) {
        for (size_t k = 0; k < a; k++)
            g[a] -= c[a][k] * g[k];
        g[a] /= c[a][a];
    }
    for (size_t a = TERMS; a-- > 0;) {
        for (size_t k = a + 1; k < TERMS; k++)
            g[a] -= c[k][a] * g[k];
        g[a] /= c[a][a];
    }
}

/* The rung's mean success as a logit, with one success and one failure added. */
static double base_logit(const struct text_case *cases, size_t n)
{
    double successes = 0;
    for (size_t i = 0; i < n; i++)
        successes += cases[i].success;
    return log((successes + 1) / ((double)n - successes + 1));
}

void text_fit_surface(const struct text_case *cases, size_t n, const struct text_scale *scale,
    double penalty, double weights[FEATURES_SURFACE + 1])
{
    memset(weights, 0, TERMS * sizeof(*weights));
    weights[FIGURES] = base_logit(cases, n);
    for (int step = 0; step < NEWTON_STEPS_MOST; step++) {
        struct newton newton = {0};
        double x[TERMS], longest = 0;
        for (size_t i = 0; i < n; i++) {
            scale_figures(scale, cases[i].view.surface, x);
            double p = sigmoid(dot(weights, x));
            newton_add(&newton, x, cases[i].success - p, p * (1 - p));
        }
        for (size_t k = 0; k < FIGURES; k++) {
            newton.gradient[k] -= penalty * weights[k];
            newton.curvature[k][k] += penalty;
        }
        newton.curvature[FIGURES][FIGURES] += 1e-3; /* all successes: the constant stays finite */
        newton_solve(&newton);
        for (size_t k = 0; k < TERMS; k++) {
            weights[k] += newton.gradient[k];
            longest = fmax(longest, fabs(newton.gradient[k]));
        }
        if (longest < 1e-9)
            break;
    }
}

/* Every bucket of a text has the same weight, so that their squares sum to 1. */
static double words_logit(const struct text_head *head, struct text_view view)
{
    float sum = 0;
    for (size_t k = 0; k < view.n; k++)
        sum += head->words[view.bucket[k]].value;
    return head->constant + (view.n ? sum / sqrt((double)view.n) : 0);
}

/* AdaGrad (Duchi, Hazan, Singer 2011): each weight's step shrinks with its own past gradients. */
static void words_step(struct text_head *head, struct text_view view, double success)
{
    double residual = sigmoid(words_logit(head, view)) - success;
    float gradient = view.n ? (float)(residual / sqrt((double)view.n)) : 0;
    float step = (float)RATE * gradient, square = gradient * gradient;
    for (size_t k = 0; k < view.n; k++) {
        struct text_weight *word = &head->words[view.bucket[k]];
        word->squares += square;
        word->value -= step / sqrtf(word->squares);
    }
    head->constant_squares += residual * residual;
    head->constant -= CONSTANT_RATE * residual / sqrt(head->constant_squares);
}

static void words_fit(struct text_head *head, const struct text_case *cases, size_t n)
{
    double *sums = memory_take(FEATURES_BUCKETS * sizeof(*sums)), constants = 0;
    size_t *order = memory_take((n + 1) * sizeof(*order));
    memset(sums, 0, FEATURES_BUCKETS * sizeof(*sums));
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t k = 0; k < FEATURES_BUCKETS; k++)
        head->words[k].squares = (float)FIRST_SQUARES;
    head->constant_squares = FIRST_SQUARES;
    struct dice dice = dice_from_seed(SHUFFLE_SEED);
    for (int epoch = 0; epoch < TEXT_EPOCHS; epoch++) {
        dice_shuffle(&dice, order, n);
        for (size_t i = 0; i < n; i++)
            words_step(head, cases[order[i]].view, cases[order[i]].success);
        if (epoch < TEXT_EPOCHS - TEXT_AVERAGED)
            continue;
        for (size_t k = 0; k < FEATURES_BUCKETS; k++)
            sums[k] += head->words[k].value;
        constants += head->constant;
    }
    for (size_t k = 0; k < FEATURES_BUCKETS; k++)
        head->words[k].value = (float)(sums[k] / TEXT_AVERAGED);
    head->constant = constants / TEXT_AVERAGED;
    free(sums);
    free(order);
}

void text_fit(struct arena *arena, const struct text_case *cases, size_t n,
    const struct text_scale *scale, struct text_head *head)
{
    *head = (struct text_head){.base = base_logit(cases, n)};
    head->words = ARENA_ARRAY(arena, struct text_weight, FEATURES_BUCKETS);
    head->constant = head->base;
    text_fit_surface(cases, n, scale, SURFACE_PENALTY, head->surface);
    words_fit(head, cases, n);
}

double text_logit(
    const struct text_head *head, const struct text_scale *scale, struct text_view view)
{
    double x[TERMS];
    scale_figures(scale, view.surface, x);
    return SURFACE_SHARE * (dot(head->surface, x) - head->base) +
           WORDS_SHARE * (words_logit(head, view) - head->base);
}

/* The surface has been fitted to all outcomes so far; one more moves it as little as the penalty
 * says: a gradient step of length 1 ÷ penalty. */
void text_update(
    struct text_head *head, const struct text_scale *scale, struct text_view view, double success)
{
    double x[TERMS];
    scale_figures(scale, view.surface, x);
    double residual = sigmoid(dot(head->surface, x)) - success;
    for (size_t k = 0; k < TERMS; k++)
        head->surface[k] -= residual * x[k] / SURFACE_PENALTY;
    words_step(head, view, success);
}
