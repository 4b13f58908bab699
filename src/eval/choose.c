/* Receives arms on the rows to learn from and ways to group tasks; hands on which arm to use for
 * which group. Refuses to look at a row that it will be judged on. */
#include "choose.h"

#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEWTON_STEPS = 8, STRENGTH_LEAST = 2, STRENGTH_MOST = 200 };

static const double DIFFICULTY_RIDGE = 1; /* a group without rows is as difficult as the mean */

struct lesson {
    const struct arms *arms;
    const size_t *rows;   /* row of the data, by row of the arms */
    const double *weight; /* how often each row was drawn */
    double weights;       /* their sum */
    bool plain;           /* cells are not shrunk */
};

struct cells {
    size_t n_groups, n_arms;
    double *quality, *cost_usd,
        *weight;                      /* [group * n_arms + arm], [group * n_arms + arm], [group] */
    double *mean_quality, *mean_cost; /* [arm], over all groups */
    double strength;                  /* of the prior, in tasks */
};

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

static double clamp(double x, double least, double most)
{
    return x < least ? least : x > most ? most : x;
}

static struct cells sum_cells(
    struct arena *arena, const struct lesson *lesson, const struct grouping *by)
{
    const struct arms *arms = lesson->arms;
    size_t n = by->n_groups * arms->n;
    struct cells cells = {by->n_groups, arms->n, ARENA_ARRAY(arena, double, n),
        ARENA_ARRAY(arena, double, n), ARENA_ARRAY(arena, double, by->n_groups),
        ARENA_ARRAY(arena, double, arms->n), ARENA_ARRAY(arena, double, arms->n), 0};
    for (size_t row = 0; row < arms->n_rows; row++)
        cells.weight[by->group[lesson->rows[row]]] += lesson->weight[row];
    for (size_t arm = 0; arm < arms->n; arm++) {
        const double *quality = arms->quality + arm * arms->n_rows;
        const double *cost_usd = arms->cost_usd + arm * arms->n_rows;
        for (size_t row = 0; row < arms->n_rows; row++) {
            size_t cell = by->group[lesson->rows[row]] * arms->n + arm;
            double good = lesson->weight[row] * quality[row];
            double paid = lesson->weight[row] * cost_usd[row];
            cells.quality[cell] += good;
            cells.cost_usd[cell] += paid;
            cells.mean_quality[arm] += good / lesson->weights;
            cells.mean_cost[arm] += paid / lesson->weights;
        }
    }
    for (size_t cell = 0; cell < n; cell++) {
        double weight = cells.weight[cell / arms->n];
        cells.quality[cell] =
            weight > 0 ? cells.quality[cell] / weight : cells.mean_quality[cell % arms->n];
        cells.cost_usd[cell] =
            weight > 0 ? cells.cost_usd[cell] / weight : cells.mean_cost[cell % arms->n];
    }
    return cells;
}

/* prior[arm] = σ(logit(mean of the arm) - difficulty of the group): Newton for the difficulty at
 * which the arms together come out as they did in the group. */
static void fit_prior(const struct cells *cells, size_t group, double *prior)
{
    const double *seen = cells->quality + group * cells->n_arms;
    double weight = cells->weight[group], difficulty = 0, n = (double)cells->n_arms;
    for (int step = 0; step < NEWTON_STEPS; step++) {
        double residual = 0, slope = 0;
        for (size_t arm = 0; arm < cells->n_arms; arm++) {
            double mean = clamp(cells->mean_quality[arm], 0.005, 0.995);
            prior[arm] = logistic(log(mean / (1 - mean)) - difficulty);
            residual += prior[arm] - seen[arm];
            slope += prior[arm] * (1 - prior[arm]);
        }
        difficulty += (residual / n * weight - DIFFICULTY_RIDGE * difficulty) /
                      (slope / n * weight + DIFFICULTY_RIDGE);
    }
}

/* s of Beta(sμ, s(1-μ)) by moments: E(seen - μ)² = μ(1-μ)·(1/n + τ) with s = 1/τ - 1. */
static double find_strength(const struct cells *cells, const double *prior)
{
    double beyond = 0, chance = 0, scale = 0, groups = 0;
    for (size_t group = 0; group < cells->n_groups; group++) {
        double weight = cells->weight[group];
        if (weight <= 1)
            continue;
        groups++;
        for (size_t arm = 0; arm < cells->n_arms; arm++) {
            size_t cell = group * cells->n_arms + arm;
            double spread = prior[cell] * (1 - prior[cell]);
            double off = cells->quality[cell] - prior[cell];
            beyond += weight * off * off;
            chance += spread;
            scale += weight * spread;
        }
    }
    if (groups < 2 || scale <= 0)
        return STRENGTH_MOST;
    double tau = (beyond * groups / (groups - 1) - chance) / scale;
    return tau > 0 ? clamp(1 / tau - 1, STRENGTH_LEAST, STRENGTH_MOST) : STRENGTH_MOST;
}

/* Shrinking must not move an arm as a whole: its mean over the groups stays what was seen. */
static void keep_means(struct cells *cells, double weights)
{
    for (size_t arm = 0; arm < cells->n_arms; arm++) {
        double quality = 0, cost_usd = 0;
        for (size_t group = 0; group < cells->n_groups; group++) {
            quality += cells->weight[group] / weights * cells->quality[group * cells->n_arms + arm];
            cost_usd +=
                cells->weight[group] / weights * cells->cost_usd[group * cells->n_arms + arm];
        }
        for (size_t group = 0; group < cells->n_groups; group++) {
            cells->quality[group * cells->n_arms + arm] += cells->mean_quality[arm] - quality;
            if (cost_usd > 0)
                cells->cost_usd[group * cells->n_arms + arm] *= cells->mean_cost[arm] / cost_usd;
        }
    }
}

static void shrink_cells(struct arena *arena, struct cells *cells, double weights)
{
    size_t n = cells->n_groups * cells->n_arms;
    double *prior = ARENA_ARRAY(arena, double, n);
    for (size_t group = 0; group < cells->n_groups; group++)
        fit_prior(cells, group, prior + group * cells->n_arms);
    double strength = cells->strength = find_strength(cells, prior);
    for (size_t group = 0; group < cells->n_groups; group++) {
        double weight = cells->weight[group], dearer = 0;
        const double *cost_usd = cells->cost_usd + group * cells->n_arms;
        for (size_t arm = 0; arm < cells->n_arms; arm++)
            if (cells->mean_cost[arm] > 0)
                dearer += cost_usd[arm] / cells->mean_cost[arm] / (double)cells->n_arms;
        for (size_t arm = 0; arm < cells->n_arms; arm++) {
            size_t cell = group * cells->n_arms + arm;
            double cost_prior = dearer * cells->mean_cost[arm];
            cells->quality[cell] =
                (weight * cells->quality[cell] + strength * prior[cell]) / (weight + strength);
            cells->cost_usd[cell] =
                (weight * cells->cost_usd[cell] + strength * cost_prior) / (weight + strength);
        }
    }
    keep_means(cells, weights);
}

static void solve(struct arena *arena, const struct lesson *lesson, const struct grouping *by,
    double margin, struct mix *mix)
{
    struct cells cells = sum_cells(arena, lesson, by);
    if (by->n_groups > 1 && !lesson->plain)
        shrink_cells(arena, &cells, lesson->weights);
    for (size_t group = 0; group < by->n_groups; group++)
        cells.weight[group] /= lesson->weights;
    struct hull_problem problem = {
        by->n_groups, lesson->arms->n, cells.quality, cells.cost_usd, cells.weight};
    double need = lesson->arms->need;
    if (isnan(need))
        need = cells.mean_quality[lesson->arms->target];
    hull_solve(arena, &problem, need + margin, mix);
}

struct outcome {
    double lead; /* mean quality above the target's */
    double cost_usd, target_cost_usd;
};

/* Mean over the rows, each counted by its weight. */
static struct outcome judge(const struct arms *arms, const size_t *rows, const double *weight,
    const struct grouping *by, const struct mix *mix)
{
    struct outcome sum = {0};
    double weights = 0;
    for (size_t row = 0; row < arms->n_rows; row++) {
        const struct mix *m = &mix[by->group[rows[row]]];
        size_t low = m->low * arms->n_rows + row, high = m->high * arms->n_rows + row;
        size_t target = arms->target * arms->n_rows + row;
        double up = m->share_high, w = weight[row];
        weights += w;
        sum.lead +=
            w * ((1 - up) * arms->quality[low] + up * arms->quality[high] - arms->quality[target]);
        sum.cost_usd += w * ((1 - up) * arms->cost_usd[low] + up * arms->cost_usd[high]);
        sum.target_cost_usd += w * arms->cost_usd[target];
    }
    if (weights > 0)
        sum.lead /= weights;
    return sum;
}

static void draw_weights(struct dice *dice, size_t n, double *weight)
{
    memset(weight, 0, n * sizeof(*weight));
    for (size_t i = 0; i < n; i++)
        weight[dice_below(dice, n)] += 1;
}

struct trial {       /* what one grouping came to in the rounds */
    double margin;   /* that was asked for */
    double optimism; /* mean lead where it was fitted, less that on all rows */
    double saving, saving_square;
};

/* What one resample makes of one grouping. */
static void try_grouping(struct arena *scratch, const struct lesson *lesson,
    const struct lesson *drawn, const struct grouping *by, double share, struct trial *trial)
{
    struct mix *mix = ARENA_ARRAY(scratch, struct mix, by->n_groups);
    solve(scratch, drawn, by, trial->margin, mix);
    struct outcome inside = judge(lesson->arms, lesson->rows, drawn->weight, by, mix);
    struct outcome all = judge(lesson->arms, lesson->rows, lesson->weight, by, mix);
    double saving = all.target_cost_usd > 0 ? 1 - all.cost_usd / all.target_cost_usd : 0;
    trial->optimism += share * (inside.lead - all.lead);
    trial->saving += share * saving;
    trial->saving_square += share * saving * saving;
}

/* All rounds at each grouping's margin; the same draws for every grouping. */
static void run_rounds(const struct lesson *lesson, const struct grouping *groupings, size_t n,
    struct dice *dice, struct trial *trials)
{
    size_t n_rows = lesson->arms->n_rows;
    struct arena kept = {0}, scratch = {0};
    double *weight = ARENA_ARRAY(&kept, double, n_rows);
    struct lesson drawn = {lesson->arms, lesson->rows, weight, (double)n_rows, lesson->plain};
    for (size_t i = 0; i < n; i++)
        trials[i] = (struct trial){.margin = trials[i].margin};
    for (size_t round = 0; round < CHOOSE_ROUNDS; round++) {
        draw_weights(dice, n_rows, weight);
        for (size_t i = 0; i < n; i++) {
            arena_reset(&scratch);
            try_grouping(
                &scratch, lesson, &drawn, &groupings[i], 1 / (double)CHOOSE_ROUNDS, &trials[i]);
        }
    }
    arena_free(&scratch);
    arena_free(&kept);
}

static void send_all_to_target(const struct arms *arms, struct chosen *chosen)
{
    for (size_t group = 0; group < chosen->by->n_groups; group++)
        chosen->mix[group] = (struct mix){arms->target, arms->target, 0};
    chosen->declined = true;
}

static struct lesson whole_lesson(
    struct arena *arena, const struct arms *arms, const size_t *rows, bool plain)
{
    double *once = ARENA_ARRAY(arena, double, arms->n_rows);
    for (size_t i = 0; i < arms->n_rows; i++)
        once[i] = 1;
    return (struct lesson){arms, rows, once, (double)arms->n_rows, plain};
}

struct chosen choose_policy(struct arena *arena, const struct arms *arms, const size_t *rows,
    const struct grouping *groupings, size_t n_groupings, double doubt, struct dice *dice)
{
    struct lesson lesson = whole_lesson(arena, arms, rows, false);
    struct trial *trials = ARENA_ARRAY(arena, struct trial, n_groupings);
    run_rounds(&lesson, groupings, n_groupings, dice, trials);
    for (size_t i = 0; i < n_groupings; i++)
        trials[i].margin = fmax(0, trials[i].optimism);
    run_rounds(&lesson, groupings, n_groupings, dice, trials);
    size_t best = 0;
    for (size_t i = 1; i < n_groupings; i++)
        if (trials[i].saving > trials[best].saving)
            best = i;
    double variance = trials[best].saving_square - trials[best].saving * trials[best].saving;
    struct chosen chosen = {.by = &groupings[best],
        .margin = trials[best].margin,
        .saving = trials[best].saving,
        .mix = ARENA_ARRAY(arena, struct mix, groupings[best].n_groups)};
    if (chosen.saving <= doubt * sqrt(fmax(0, variance)))
        send_all_to_target(arms, &chosen);
    else
        solve(arena, &lesson, chosen.by, chosen.margin, chosen.mix);
    return chosen;
}

struct chosen choose_plainly(struct arena *arena, const struct arms *arms, const size_t *rows,
    const struct grouping *groupings, size_t n_groupings)
{
    struct lesson lesson = whole_lesson(arena, arms, rows, true);
    struct chosen best = {0};
    double least = INFINITY;
    for (size_t i = 0; i < n_groupings; i++) {
        struct mix *mix = ARENA_ARRAY(arena, struct mix, groupings[i].n_groups);
        solve(arena, &lesson, &groupings[i], 0, mix);
        struct outcome seen = judge(arms, rows, lesson.weight, &groupings[i], mix);
        if (seen.cost_usd < least) {
            least = seen.cost_usd;
            best = (struct chosen){.by = &groupings[i], .mix = mix};
        }
    }
    return best;
}

/* True where the arm is worse than the target on that group, at one-sided 95 %. */
static bool is_refuted(const struct arms *arms, const size_t *rows, const struct grouping *by,
    size_t group, size_t arm)
{
    double n = 0, sum = 0, squares = 0;
    for (size_t row = 0; row < arms->n_rows; row++) {
        if (by->group[rows[row]] != group)
            continue;
        double lead = arms->quality[arm * arms->n_rows + row] -
                      arms->quality[arms->target * arms->n_rows + row];
        n++;
        sum += lead;
        squares += lead * lead;
    }
    if (n < 2)
        return true;
    double mean = sum / n, variance = fmax(0, squares / n - mean * mean);
    return mean + stats_normal_quantile(0.95) * sqrt(variance / (n - 1)) < 0;
}

/* True where the arm does on that group at least as well as the target does on all, by a standard
 * error of the shrunk estimate. */
static bool is_easy(const struct cells *cells, size_t group, size_t arm, double target)
{
    double quality = cells->quality[group * cells->n_arms + arm];
    double variance = fmax(0, quality * (1 - quality)) / (cells->weight[group] + cells->strength);
    return quality - sqrt(variance) >= target;
}

static void write_rule(const struct arms *arms, const size_t *rows, const struct grouping *by,
    const struct cells *cells, struct mix *mix)
{
    for (size_t group = 0; group < by->n_groups; group++) {
        size_t best = arms->target;
        for (size_t arm = 0; arm < arms->n; arm++)
            if (cells->mean_cost[arm] < cells->mean_cost[best] &&
                is_easy(cells, group, arm, cells->mean_quality[arms->target]) &&
                !is_refuted(arms, rows, by, group, arm))
                best = arm;
        mix[group] = (struct mix){best, best, 0};
    }
}

struct chosen choose_rule(struct arena *arena, const struct arms *arms, const size_t *rows,
    const struct grouping *groupings, size_t n_groupings)
{
    struct lesson lesson = whole_lesson(arena, arms, rows, false);
    struct chosen best = {
        .by = groupings, .mix = ARENA_ARRAY(arena, struct mix, groupings[0].n_groups)};
    send_all_to_target(arms, &best);
    for (size_t i = 1; i < n_groupings; i++) {
        struct cells cells = sum_cells(arena, &lesson, &groupings[i]);
        shrink_cells(arena, &cells, lesson.weights);
        struct mix *mix = ARENA_ARRAY(arena, struct mix, groupings[i].n_groups);
        write_rule(arms, rows, &groupings[i], &cells, mix);
        struct outcome seen = judge(arms, rows, lesson.weight, &groupings[i], mix);
        double saving = 1 - seen.cost_usd / seen.target_cost_usd;
        if (seen.target_cost_usd > 0 && saving > best.saving)
            best = (struct chosen){.by = &groupings[i], .mix = mix, .saving = saving};
    }
    return best;
}
