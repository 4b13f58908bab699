/* Fits and asks the label model. Receives outcomes with label numbers, hands on the labels' part
 * of a logit; refuses to know what the labels say. */
#include "cell.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double CELL_PRECISION_LEAST = 0.5, CELL_PRECISION_MOST = 200;
static const double CELL_ABILITY_PRECISION = 0.05; /* holds a rung that only ever succeeded */
static const double CELL_STRENGTH_LEAST = 2, CELL_STRENGTH_MOST = 200;

static double sigmoid(double z)
{
    return 1 / (1 + exp(-z));
}

static double logit(double p)
{
    return log(p / (1 - p));
}

/* What the fit walks over: the logit of every outcome, and the outcomes of every label. */
struct fit {
    struct cell_model *model;
    const struct cell_outcome *outcomes;
    size_t n;
    double *logits;
    double *gradient, *curvature; /* per rung */
    size_t *starts, *of_label;    /* outcomes of label l: of_label[starts[l] … starts[l+1]-1] */
};

static void index_labels(struct fit *fit)
{
    size_t n_labels = fit->model->n_labels;
    for (size_t i = 0; i < fit->n; i++)
        for (size_t k = 0; k < fit->outcomes[i].labels.n; k++)
            fit->starts[fit->outcomes[i].labels.items[k] + 1]++;
    for (size_t l = 0; l < n_labels; l++)
        fit->starts[l + 1] += fit->starts[l];
    fit->of_label = memory_take((fit->starts[n_labels] + 1) * sizeof(*fit->of_label));
    size_t *next = memory_take((n_labels + 1) * sizeof(*next));
    memcpy(next, fit->starts, (n_labels + 1) * sizeof(*next));
    for (size_t i = 0; i < fit->n; i++)
        for (size_t k = 0; k < fit->outcomes[i].labels.n; k++)
            fit->of_label[next[fit->outcomes[i].labels.items[k]]++] = i;
    free(next);
}

/* A Newton step for one number, kept short: far from the optimum the curve may be nearly flat. */
static double newton_step(double gradient, double curvature)
{
    double step = curvature > 0 ? gradient / curvature : 0;
    return step > 2 ? 2 : step < -2 ? -2 : step;
}

static double sweep_abilities(struct fit *fit)
{
    struct cell_model *model = fit->model;
    double moved = 0;
    for (size_t m = 0; m < model->n_rungs; m++) {
        fit->gradient[m] = -CELL_ABILITY_PRECISION * model->ability[m];
        fit->curvature[m] = CELL_ABILITY_PRECISION;
    }
    for (size_t i = 0; i < fit->n; i++) {
        const struct cell_outcome *outcome = &fit->outcomes[i];
        double p = sigmoid(fit->logits[i]);
        fit->gradient[outcome->rung] += outcome->weight * (outcome->success - p);
        fit->curvature[outcome->rung] += outcome->weight * p * (1 - p);
    }
    for (size_t m = 0; m < model->n_rungs; m++) {
        fit->gradient[m] = newton_step(fit->gradient[m], fit->curvature[m]);
        model->ability[m] += fit->gradient[m];
        moved = fmax(moved, fabs(fit->gradient[m]));
    }
    for (size_t i = 0; i < fit->n; i++)
        fit->logits[i] += fit->gradient[fit->outcomes[i].rung];
    return moved;
}

static double label_curvature(const struct fit *fit, size_t label)
{
    double curvature = fit->model->precision[label];
    for (size_t k = fit->starts[label]; k < fit->starts[label + 1]; k++) {
        double p = sigmoid(fit->logits[fit->of_label[k]]);
        curvature += fit->outcomes[fit->of_label[k]].weight * p * (1 - p);
    }
    return curvature;
}

/* A label of every outcome tells them apart from nothing: its share is the abilities'. */
static bool is_everywhere(const struct fit *fit, size_t label)
{
    return fit->starts[label + 1] - fit->starts[label] == fit->n;
}

static double sweep_difficulties(struct fit *fit)
{
    struct cell_model *model = fit->model;
    double moved = 0;
    for (size_t l = 0; l < model->n_labels; l++) {
        if (is_everywhere(fit, l))
            continue;
        double gradient = -model->precision[l] * model->difficulty[l];
        for (size_t k = fit->starts[l]; k < fit->starts[l + 1]; k++) {
            size_t i = fit->of_label[k];
            gradient -=
                fit->outcomes[i].weight * (fit->outcomes[i].success - sigmoid(fit->logits[i]));
        }
        double step = newton_step(gradient, label_curvature(fit, l));
        model->difficulty[l] += step;
        moved = fmax(moved, fabs(step));
        for (size_t k = fit->starts[l]; k < fit->starts[l + 1]; k++)
            fit->logits[fit->of_label[k]] -= step;
    }
    return moved;
}

static void fit_prior(struct fit *fit, double tolerance)
{
    for (size_t sweep = 0; sweep < CELL_SWEEPS_MOST; sweep++) {
        double abilities = sweep_abilities(fit);
        if (fmax(abilities, sweep_difficulties(fit)) < tolerance)
            break;
    }
}

static double prior_logit(const struct cell_model *model, struct cell_labels labels, size_t rung)
{
    double z = model->ability[rung];
    for (size_t k = 0; k < labels.n; k++)
        if (labels.items[k] < model->n_labels)
            z -= model->difficulty[labels.items[k]];
    return z;
}

static void fit_open(
    struct fit *fit, struct cell_model *model, const struct cell_outcome *outcomes, size_t n)
{
    *fit = (struct fit){.model = model, .outcomes = outcomes, .n = n};
    fit->logits = memory_take((n + 1) * sizeof(*fit->logits));
    fit->starts = memory_take((model->n_labels + 2) * sizeof(*fit->starts));
    memset(fit->starts, 0, (model->n_labels + 2) * sizeof(*fit->starts));
    index_labels(fit);
    fit->gradient = memory_take((model->n_rungs + 1) * 2 * sizeof(*fit->gradient));
    fit->curvature = fit->gradient + model->n_rungs;
    for (size_t i = 0; i < n; i++)
        fit->logits[i] = prior_logit(model, outcomes[i].labels, outcomes[i].rung);
}

static void fit_close(struct fit *fit)
{
    free(fit->logits);
    free(fit->gradient);
    free(fit->starts);
    free(fit->of_label);
}

void cell_fit_prior(const struct cell_outcome *outcomes, size_t n, struct cell_model *model)
{
    struct fit fit;
    fit_open(&fit, model, outcomes, n);
    fit_prior(&fit, 1e-9);
    fit_close(&fit);
}

/* Empirical Bayes, one variance per family: the mean over its labels of b² plus the variance of
 * b given the outcomes (the EM step of a normal prior). */
static void refit_precisions(
    struct fit *fit, const uint32_t *family, size_t n_families, double *sums, double *counts)
{
    struct cell_model *model = fit->model;
    for (size_t f = 0; f < n_families; f++)
        sums[f] = counts[f] = 0;
    for (size_t l = 0; l < model->n_labels; l++) {
        if (fit->starts[l] == fit->starts[l + 1] || is_everywhere(fit, l))
            continue;
        double b = model->difficulty[l];
        sums[family[l]] += b * b + 1 / label_curvature(fit, l);
        counts[family[l]] += 1;
    }
    for (size_t l = 0; l < model->n_labels; l++) {
        double n = counts[family[l]];
        double precision = n > 0 ? n / sums[family[l]] : 1;
        model->precision[l] = fmin(fmax(precision, CELL_PRECISION_LEAST), CELL_PRECISION_MOST);
    }
}

/* s by moments: under a Beta-binomial of mean μ and strength s, (k − nμ)² has the expectation
 * nμ(1−μ)·(1 + (n−1)/(s+1)). */
static double fit_strength(const struct cell_model *model)
{
    double low = CELL_STRENGTH_LEAST, high = CELL_STRENGTH_MOST;
    for (int round = 0; round < 40; round++) {
        double s = sqrt(low * high), excess = 0;
        for (size_t c = 0; c < model->n_labels * model->n_rungs; c++) {
            const struct cell *cell = &model->cells[c];
            if (cell->n < 2)
                continue;
            double mean = cell->expected / cell->n, off = cell->successes - cell->expected;
            excess += off * off / (cell->n * mean * (1 - mean)) - 1 - (cell->n - 1) / (s + 1);
        }
        if (excess > 0)
            high = s;
        else
            low = s;
    }
    return sqrt(low * high);
}

static void count_cells(const struct fit *fit)
{
    struct cell_model *model = fit->model;
    for (size_t i = 0; i < fit->n; i++)
        cell_update(
            model, fit->outcomes[i].labels, fit->outcomes[i].rung, fit->outcomes[i].success);
}

void cell_fit(struct arena *arena, const struct cell_outcome *outcomes, size_t n, size_t n_rungs,
    const uint32_t *family, size_t n_labels, size_t n_families, struct cell_model *model)
{
    *model = (struct cell_model){.n_rungs = n_rungs, .n_labels = n_labels};
    model->ability = ARENA_ARRAY(arena, double, n_rungs);
    model->n = ARENA_ARRAY(arena, double, n_rungs);
    model->difficulty = ARENA_ARRAY(arena, double, n_labels);
    model->precision = ARENA_ARRAY(arena, double, n_labels);
    model->cells = ARENA_ARRAY(arena, struct cell, n_labels * n_rungs);
    double *sums = memory_take((n_families + 1) * 2 * sizeof(*sums));
    for (size_t l = 0; l < n_labels; l++)
        model->precision[l] = 1;
    struct fit fit;
    fit_open(&fit, model, outcomes, n);
    for (int round = 0; round < CELL_ROUNDS; round++) {
        bool is_last = round + 1 == CELL_ROUNDS;
        fit_prior(&fit, is_last ? 1e-7 : 1e-3);
        if (!is_last)
            refit_precisions(&fit, family, n_families, sums, sums + n_families);
    }
    count_cells(&fit);
    model->strength = fit_strength(model);
    fit_close(&fit);
    free(sums);
}

bool cell_knows(const struct cell_model *model, struct cell_labels labels)
{
    for (size_t k = 0; k < labels.n; k++)
        if (labels.items[k] < model->n_labels)
            for (size_t m = 0; m < model->n_rungs; m++)
                if (model->cells[labels.items[k] * model->n_rungs + m].n > 0)
                    return true;
    return false;
}

double cell_labels_logit(const struct cell_model *model, struct cell_labels labels, size_t rung)
{
    double z = prior_logit(model, labels, rung) - model->ability[rung];
    for (size_t k = 0; k < labels.n; k++) {
        if (labels.items[k] >= model->n_labels)
            continue;
        const struct cell *cell = &model->cells[labels.items[k] * model->n_rungs + rung];
        if (cell->n <= 0)
            continue;
        double mean = cell->expected / cell->n, s = model->strength;
        z += logit((cell->successes + s * mean) / (cell->n + s)) - logit(mean);
    }
    return z;
}

double cell_weight(const struct cell_model *model, struct cell_labels labels, size_t rung)
{
    double least = model->n[rung];
    for (size_t k = 0; k < labels.n; k++) {
        if (labels.items[k] >= model->n_labels)
            continue;
        const struct cell *cell = &model->cells[labels.items[k] * model->n_rungs + rung];
        if (cell->n > 0 && cell->n + model->strength < least)
            least = cell->n + model->strength;
    }
    return least;
}

void cell_update(struct cell_model *model, struct cell_labels labels, size_t rung, double success)
{
    double expected = sigmoid(prior_logit(model, labels, rung));
    model->n[rung] += 1;
    for (size_t k = 0; k < labels.n; k++) {
        if (labels.items[k] >= model->n_labels)
            continue;
        struct cell *cell = &model->cells[labels.items[k] * model->n_rungs + rung];
        cell->n += 1;
        cell->successes += success;
        cell->expected += expected;
    }
}
