/* The learner behind the door: makes tasks ready, learns the three layers and the gates, answers
 * and takes one more outcome. Receives tasks and outcomes, hands on predictions; refuses to know
 * costs and decisions. */
#include "learner.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct task_facts {
    struct text_view text;
    struct cell_labels labels;
};

struct evidence_corpus {
    struct arena arena;
    struct labels labels;
    struct task_facts *tasks;
    size_t n, room;
    struct features features;
    struct features_scratch scratch;
};

struct evidence_corpus *evidence_corpus_make(void)
{
    struct evidence_corpus *corpus = memory_take(sizeof(*corpus));
    memset(corpus, 0, sizeof(*corpus));
    return corpus;
}

void evidence_corpus_free(struct evidence_corpus *corpus)
{
    if (!corpus)
        return;
    arena_free(&corpus->arena);
    free(corpus);
}

size_t evidence_corpus_size(const struct evidence_corpus *corpus)
{
    return corpus->n;
}

const uint32_t *corpus_labels(const struct evidence_corpus *corpus, size_t task, size_t *n)
{
    assert(task < corpus->n);
    *n = corpus->tasks[task].labels.n;
    return corpus->tasks[task].labels.items;
}

size_t corpus_label_count(const struct evidence_corpus *corpus)
{
    return corpus->labels.n;
}

static bool holds(const uint32_t *items, size_t n, uint32_t item)
{
    for (size_t i = 0; i < n; i++)
        if (items[i] == item)
            return true;
    return false;
}

size_t evidence_corpus_add(struct evidence_corpus *corpus, struct slice title, struct slice body,
    const struct slice *labels, size_t n_labels)
{
    struct arena *arena = &corpus->arena;
    struct features *features = &corpus->features;
    features_extract(title, body, &corpus->scratch, features);
    uint32_t *buckets = ARENA_ARRAY(arena, uint32_t, features->n);
    memcpy(buckets, features->bucket, features->n * sizeof(*buckets));
    float *surface = ARENA_ARRAY(arena, float, FEATURES_SURFACE);
    memcpy(surface, features->surface, sizeof(features->surface));
    uint32_t found[EVIDENCE_TASK_LABELS_MOST];
    size_t n = 0;
    for (size_t i = 0; i < n_labels && n < EVIDENCE_TASK_LABELS_MOST; i++) {
        uint32_t label = labels_add(&corpus->labels, arena, labels[i], EVIDENCE_LABELS_MOST);
        if (label != LABELS_UNKNOWN && !holds(found, n, label))
            found[n++] = label;
    }
    uint32_t *kept = ARENA_ARRAY(arena, uint32_t, n);
    memcpy(kept, found, n * sizeof(*kept));
    corpus->tasks =
        arena_grow(arena, corpus->tasks, corpus->n, &corpus->room, sizeof(*corpus->tasks));
    corpus->tasks[corpus->n] = (struct task_facts){{buckets, features->n, surface}, {kept, n}};
    return corpus->n++;
}

/* ---- learning the layers ---- */

struct lesson {
    const struct evidence_corpus *corpus;
    const struct evidence_outcome *outcomes;
    size_t n;
    struct evidence_options options;
};

static void learn_cells(struct arena *arena, const struct lesson *lesson, struct layers *layers)
{
    const struct labels *labels = &lesson->corpus->labels;
    struct cell_outcome *cases = memory_take((lesson->n + 1) * sizeof(*cases));
    double *tries = memory_take((lesson->corpus->n + 1) * sizeof(*tries));
    memset(tries, 0, (lesson->corpus->n + 1) * sizeof(*tries));
    for (size_t i = 0; i < lesson->n; i++)
        tries[lesson->outcomes[i].task] += 1;
    for (size_t i = 0; i < lesson->n; i++) {
        const struct evidence_outcome *outcome = &lesson->outcomes[i];
        cases[i] = (struct cell_outcome){lesson->corpus->tasks[outcome->task].labels, outcome->rung,
            outcome->success, 1 / tries[outcome->task]};
    }
    cell_fit(arena, cases, lesson->n, lesson->options.n_rungs, labels->families, labels->n,
        labels->n_families, &layers->cells);
    free(cases);
    free(tries);
}

static void learn_text(struct arena *arena, const struct lesson *lesson, struct layers *layers)
{
    struct text_case *cases = memory_take((lesson->n + 1) * sizeof(*cases));
    layers->heads = ARENA_ARRAY(arena, struct text_head, lesson->options.n_rungs);
    for (size_t i = 0; i < lesson->n; i++)
        cases[i] = (struct text_case){
            lesson->corpus->tasks[lesson->outcomes[i].task].text, lesson->outcomes[i].success};
    text_fit_scale(cases, lesson->n, &layers->scale);
    for (size_t rung = 0; rung < lesson->options.n_rungs; rung++) {
        size_t n = 0;
        for (size_t i = 0; i < lesson->n; i++)
            if (lesson->outcomes[i].rung == rung)
                cases[n++] =
                    (struct text_case){lesson->corpus->tasks[lesson->outcomes[i].task].text,
                        lesson->outcomes[i].success};
        text_fit(arena, cases, n, &layers->scale, &layers->heads[rung]);
    }
    free(cases);
}

/* One success and one failure are added, so that no rung is certain. */
static void learn_base(struct arena *arena, const struct lesson *lesson, struct layers *layers)
{
    size_t n_rungs = lesson->options.n_rungs;
    double *successes = ARENA_ARRAY(arena, double, n_rungs);
    layers->base = ARENA_ARRAY(arena, double, n_rungs);
    for (size_t i = 0; i < lesson->n; i++) {
        successes[lesson->outcomes[i].rung] += lesson->outcomes[i].success;
        layers->base[lesson->outcomes[i].rung] += 1;
    }
    for (size_t m = 0; m < n_rungs; m++)
        layers->base[m] = log((successes[m] + 1) / (layers->base[m] - successes[m] + 1));
}

static void learn_layers(struct arena *arena, const struct lesson *lesson, struct layers *layers)
{
    *layers = (struct layers){0};
    learn_base(arena, lesson, layers);
    learn_cells(arena, lesson, layers);
    if (lesson->options.use_text)
        learn_text(arena, lesson, layers);
}

/* The three terms of a logit before the gates. A task without a label that is known stays at the
 * base. */
struct terms {
    double base, labels, text;
};

static struct terms find_terms(const struct layers *layers, struct evidence_options options,
    const struct task_facts *task, size_t rung)
{
    struct terms terms = {.base = layers->base[rung]};
    if (options.use_labels && cell_knows(&layers->cells, task->labels))
        terms.labels = layers->cells.ability[rung] - terms.base +
                       cell_labels_logit(&layers->cells, task->labels, rung);
    if (options.use_text)
        terms.text = text_logit(&layers->heads[rung], &layers->scale, task->text);
    return terms;
}

/* ---- gates and calibration ---- */

enum { GATE_STEPS = 10, GATES = GATE_STEPS + 1, GATE_OUTCOMES_LEAST = 20 };

/* An outcome as it was foretold by what had been learned from those before it. */
struct foretold {
    struct terms terms;
    size_t rung;
    double success;
};

/* Progressive validation, which later outcomes cannot leak into: learned anew after each sixth of
 * the way or so, the outcomes up to the next stop are foretold. Returns how many were. */
static size_t foretell(const struct lesson *lesson, struct foretold *foretold)
{
    const size_t stops[] = {
        lesson->n / 6, lesson->n / 3, lesson->n / 2, lesson->n * 3 / 4, lesson->n};
    struct arena arena = {0};
    size_t n = 0;
    for (size_t s = 0; s + 1 < sizeof(stops) / sizeof(stops[0]); s++) {
        struct lesson past = *lesson;
        struct layers layers;
        past.n = stops[s];
        learn_layers(&arena, &past, &layers);
        for (size_t i = stops[s]; i < stops[s + 1]; i++) {
            const struct evidence_outcome *outcome = &lesson->outcomes[i];
            foretold[n++] =
                (struct foretold){find_terms(&layers, lesson->options,
                                      &lesson->corpus->tasks[outcome->task], outcome->rung),
                    outcome->rung, outcome->success};
        }
        arena_reset(&arena);
    }
    arena_free(&arena);
    return n;
}

/* Log-loss of what was foretold at every pair of gates. */
struct gate_losses {
    double at[GATES][GATES]; /* [text][labels] */
    bool text, labels;       /* which gates there are to choose */
};

static void add_losses(struct gate_losses *losses, const struct foretold *one)
{
    for (size_t t = 0; t < (losses->text ? GATES : 1); t++)
        for (size_t l = 0; l < (losses->labels ? GATES : 1); l++) {
            double z = one->terms.base + one->terms.text * (double)t / GATE_STEPS +
                       one->terms.labels * (double)l / GATE_STEPS;
            losses->at[t][l] += log1p(exp(-fabs(z))) + (z > 0 ? z : 0) - one->success * z;
        }
}

struct gate_pair {
    double text, labels;
    double loss; /* the mean of losses, weighted as the gates */
};

/* Posterior mean of the gates under a uniform prior, over the text gates 0 … most_text. */
static struct gate_pair mean_gates(const struct gate_losses *losses, size_t most_text)
{
    size_t most_labels = losses->labels ? GATE_STEPS : 0;
    double least = INFINITY, sum = 0;
    struct gate_pair mean = {0};
    for (size_t t = 0; t <= most_text; t++)
        for (size_t l = 0; l <= most_labels; l++)
            least = fmin(least, losses->at[t][l]);
    for (size_t t = 0; t <= most_text; t++)
        for (size_t l = 0; l <= most_labels; l++) {
            double weight = exp(least - losses->at[t][l]);
            sum += weight;
            mean.text += weight * (double)t / GATE_STEPS;
            mean.labels += weight * (double)l / GATE_STEPS;
            mean.loss += weight * losses->at[t][l];
        }
    return (struct gate_pair){mean.text / sum, mean.labels / sum, mean.loss / sum};
}

/* Text is let in only where it has saved something on outcomes that it had not seen. One pair of
 * gates serves all rungs: gates of their own would bend the differences between rungs. */
static void choose_gates(const struct foretold *foretold, size_t n, struct evidence_options options,
    struct evidence_summary *summary)
{
    static const double GAIN_LEAST = 0.5; /* nats */
    struct gate_losses losses = {.text = options.use_text, .labels = options.use_labels};
    for (size_t i = 0; i < n; i++)
        add_losses(&losses, &foretold[i]);
    struct gate_pair without = mean_gates(&losses, 0);
    struct gate_pair with = mean_gates(&losses, losses.text ? GATE_STEPS : 0);
    summary->gain = without.loss - with.loss;
    bool lets_in = summary->gain > GAIN_LEAST;
    summary->text_gate = lets_in ? with.text : 0;
    summary->label_gate = lets_in ? with.labels : without.labels;
}

static double gated_logit(const struct evidence_summary *summary, struct terms terms)
{
    return terms.base + terms.labels * summary->label_gate + terms.text * summary->text_gate;
}

static void choose_calibrations(const struct foretold *foretold, size_t n, size_t n_rungs,
    const struct evidence_summary *summary, struct calibration *calibrations)
{
    struct calibration_case *cases = memory_take((n + 1) * sizeof(*cases));
    for (size_t rung = 0; rung < n_rungs; rung++) {
        size_t n_cases = 0;
        for (size_t i = 0; i < n; i++)
            if (foretold[i].rung == rung)
                cases[n_cases++] = (struct calibration_case){
                    gated_logit(summary, foretold[i].terms), foretold[i].success};
        calibrations[rung] = calibration_choose(cases, n_cases);
    }
    free(cases);
}

/* Gates and calibrations as long as there is next to nothing to choose them by: labels as they
 * stand, no text. */
static void validate(
    const struct lesson *lesson, struct evidence_summary *summary, struct calibration *calibrations)
{
    summary->label_gate = lesson->options.use_labels ? 1 : 0;
    for (size_t rung = 0; rung < lesson->options.n_rungs; rung++)
        calibrations[rung] = calibration_identity;
    if (lesson->n < GATE_OUTCOMES_LEAST)
        return;
    struct foretold *foretold = memory_take(lesson->n * sizeof(*foretold));
    size_t n = foretell(lesson, foretold);
    choose_gates(foretold, n, lesson->options, summary);
    choose_calibrations(foretold, n, lesson->options.n_rungs, summary, calibrations);
    free(foretold);
}

/* ---- the learner ---- */

struct evidence_learner *evidence_learn(const struct evidence_corpus *corpus,
    const struct evidence_outcome *outcomes, size_t n, struct evidence_options options)
{
    assert(options.n_rungs > 0 && options.n_rungs <= EVIDENCE_RUNGS_MOST);
    assert(n <= EVIDENCE_OUTCOMES_MOST);
    struct lesson lesson = {corpus, outcomes, n, options};
    struct evidence_learner *learner = memory_take(sizeof(*learner));
    *learner = (struct evidence_learner){.options = options};
    labels_copy(&learner->labels, &learner->arena, &corpus->labels);
    learner->calibrations = ARENA_ARRAY(&learner->arena, struct calibration, options.n_rungs);
    validate(&lesson, &learner->summary, learner->calibrations);
    learn_layers(&learner->arena, &lesson, &learner->layers);
    learner->summary.cell_strength = learner->layers.cells.strength;
    learner->summary.n_labels = learner->labels.n;
    learner->summary.n_outcomes = n;
    return learner;
}

void evidence_learner_free(struct evidence_learner *learner)
{
    if (!learner)
        return;
    arena_free(&learner->arena);
    free(learner);
}

struct evidence_summary evidence_summarise(const struct evidence_learner *learner)
{
    return learner->summary;
}

static struct evidence_prediction predict(
    const struct evidence_learner *learner, const struct task_facts *task, size_t rung)
{
    assert(rung < learner->options.n_rungs);
    struct evidence_options options = learner->options;
    options.use_text = options.use_text && learner->summary.text_gate > 0;
    struct terms terms = find_terms(&learner->layers, options, task, rung);
    struct evidence_prediction prediction = {
        .base = terms.base,
        .labels = terms.labels * learner->summary.label_gate,
        .text = terms.text * learner->summary.text_gate,
        .weight = cell_weight(&learner->layers.cells, task->labels, rung),
    };
    prediction.success =
        calibration_apply(learner->calibrations[rung], gated_logit(&learner->summary, terms));
    return prediction;
}

struct evidence_prediction evidence_predict_task(const struct evidence_learner *learner,
    const struct evidence_corpus *corpus, size_t task, size_t rung)
{
    assert(task < corpus->n);
    return predict(learner, &corpus->tasks[task], rung);
}

struct evidence_view *evidence_view_make(void)
{
    struct evidence_view *view = memory_take(sizeof(*view));
    memset(view, 0, sizeof(*view));
    return view;
}

void evidence_view_free(struct evidence_view *view)
{
    free(view);
}

static void view_set_labels(struct evidence_view *view, const struct evidence_learner *learner,
    const struct slice *labels, size_t n_labels)
{
    view->n_labels = 0;
    for (size_t i = 0; i < n_labels && view->n_labels < EVIDENCE_TASK_LABELS_MOST; i++) {
        uint32_t label = labels_find(&learner->labels, labels[i]);
        if (label != LABELS_UNKNOWN && !holds(view->labels, view->n_labels, label))
            view->labels[view->n_labels++] = label;
    }
}

void evidence_view_task(struct evidence_view *view, const struct evidence_learner *learner,
    struct slice title, struct slice body, const struct slice *labels, size_t n_labels)
{
    features_extract(title, body, &view->scratch, &view->features);
    view_set_labels(view, learner, labels, n_labels);
}

void view_fill(struct evidence_view *view, const struct evidence_learner *learner,
    struct slice title, struct slice body, const struct slice *labels, size_t n_labels)
{
    if (learner->summary.text_gate > 0)
        features_extract(title, body, &view->scratch, &view->features);
    view_set_labels(view, learner, labels, n_labels);
}

static struct task_facts view_facts(const struct evidence_view *view)
{
    return (struct task_facts){{view->features.bucket, view->features.n, view->features.surface},
        {view->labels, view->n_labels}};
}

struct evidence_prediction evidence_predict_view(
    const struct evidence_learner *learner, const struct evidence_view *view, size_t rung)
{
    struct task_facts task = view_facts(view);
    return predict(learner, &task, rung);
}

void evidence_update(
    struct evidence_learner *learner, const struct evidence_view *view, size_t rung, double success)
{
    assert(rung < learner->options.n_rungs);
    struct task_facts task = view_facts(view);
    cell_update(&learner->layers.cells, task.labels, rung, success);
    if (learner->options.use_text)
        text_update(&learner->layers.heads[rung], &learner->layers.scale, task.text, success);
}
