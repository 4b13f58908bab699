/* Receives logged decisions with their propensities and what another policy would have done with
 * each; hands on what that would have got, or why that cannot be known. Refuses to know policies
 * and ledgers. */
#include "eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDS = 5, SWEEPS = 12 };

static const double SURE = 0.75;         /* from here on the rest is exploration */
static const double RUNG_SHRINKAGE = 1;  /* rows that a rung's effect is pulled to 0 by */
static const double GROUP_SHRINKAGE = 4; /* a label group's */

struct replaying {
    const struct eval_logged *rows; /* those with a reward */
    size_t *numbers;                /* of each in what the caller gave */
    size_t n, n_actions, n_groups;
    size_t *group; /* by row: number of its label group */
    double *base;  /* [row][action]: the logged policy without exploration */
    double *q;     /* [row][action]: the model, fitted on other folds */
    struct arena arena;
};

size_t eval_preferred(const double *probabilities, size_t n_actions)
{
    size_t best = 0;
    for (size_t a = 1; a < n_actions; a++)
        if (probabilities[a] > probabilities[best])
            best = a;
    return best;
}

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void number_groups(struct replaying *r)
{
    uint64_t *hashes = ARENA_ARRAY(&r->arena, uint64_t, r->n);
    for (size_t i = 0; i < r->n; i++)
        hashes[i] = r->rows[i].kind;
    qsort(hashes, r->n, sizeof(*hashes), compare_hashes);
    for (size_t i = 0; i < r->n; i++)
        if (i == 0 || hashes[i] != hashes[i - 1])
            hashes[r->n_groups++] = hashes[i];
    r->group = ARENA_ARRAY(&r->arena, size_t, r->n);
    for (size_t i = 0; i < r->n; i++) {
        const uint64_t *at =
            bsearch(&r->rows[i].kind, hashes, r->n_groups, sizeof(*hashes), compare_hashes);
        r->group[i] = (size_t)(at - hashes);
    }
}

static void set_base(struct replaying *r)
{
    r->base = ARENA_ARRAY(&r->arena, double, r->n * r->n_actions);
    for (size_t i = 0; i < r->n; i++) {
        const double *propensity = r->rows[i].propensity;
        double *base = r->base + i * r->n_actions;
        size_t likeliest = eval_preferred(propensity, r->n_actions);
        if (propensity[likeliest] >= SURE)
            base[likeliest] = 1;
        else
            memcpy(base, propensity, r->n_actions * sizeof(*base));
    }
}

static size_t fold_of(const struct eval_logged *row)
{
    return (size_t)((row->task * 0x9e3779b97f4a7c15ull) >> 32) % FOLDS;
}

/* One factor of the additive model, given the others: mean of what they leave, shrunk to 0. */
struct effects {
    double *effect, *sum, *weight;
    size_t n;
};

static struct effects effects_make(struct arena *arena, size_t n)
{
    return (struct effects){ARENA_ARRAY(arena, double, n), ARENA_ARRAY(arena, double, n),
        ARENA_ARRAY(arena, double, n), n};
}

static void effects_clear(struct effects *effects)
{
    memset(effects->sum, 0, effects->n * sizeof(double));
    memset(effects->weight, 0, effects->n * sizeof(double));
}

static void effects_settle(struct effects *effects, double shrinkage)
{
    for (size_t i = 0; i < effects->n; i++)
        effects->effect[i] = effects->sum[i] / (effects->weight[i] + shrinkage);
}

/* Fits on all folds but one, by turns, and fills q of that one. */
static void fit_fold(struct replaying *r, size_t fold)
{
    struct arena arena = {0};
    struct effects rungs = effects_make(&arena, r->n_actions),
                   groups = effects_make(&arena, r->n_groups);
    double mean = 0, n = 0;
    for (size_t i = 0; i < r->n; i++)
        if (fold_of(&r->rows[i]) != fold) {
            mean += r->rows[i].reward;
            n++;
        }
    mean = n > 0 ? mean / n : 0;
    for (int sweep = 0; sweep < 2 * SWEEPS; sweep++) {
        bool by_rung = sweep % 2 == 0;
        struct effects *now = by_rung ? &rungs : &groups;
        effects_clear(now);
        for (size_t i = 0; i < r->n; i++) {
            const struct eval_logged *row = &r->rows[i];
            if (fold_of(row) == fold)
                continue;
            size_t at = by_rung ? row->taken : r->group[i];
            double other = by_rung ? groups.effect[r->group[i]] : rungs.effect[row->taken];
            now->sum[at] += row->reward - mean - other;
            now->weight[at]++;
        }
        effects_settle(now, by_rung ? RUNG_SHRINKAGE : GROUP_SHRINKAGE);
    }
    for (size_t i = 0; i < r->n; i++)
        for (size_t a = 0; fold_of(&r->rows[i]) == fold && a < r->n_actions; a++)
            r->q[i * r->n_actions + a] = mean + rungs.effect[a] + groups.effect[r->group[i]];
    arena_free(&arena);
}

static struct stats_logged seen_by(const struct replaying *r, size_t i, const double *target)
{
    const struct eval_logged *row = &r->rows[i];
    const double *q = r->q + i * r->n_actions;
    struct stats_logged seen = {.reward = row->reward,
        .propensity = row->propensity[row->taken],
        .target = target[row->taken],
        .model_taken = q[row->taken]};
    for (size_t a = 0; a < r->n_actions; a++)
        seen.model_target += target[a] * q[a];
    return seen;
}

/* What one row says of the doubly robust mean. */
static double worth_of(const struct stats_logged *seen)
{
    return seen->model_target +
           seen->target / seen->propensity * (seen->reward - seen->model_taken);
}

static void find_untried(const struct replaying *r, struct eval_replay *found)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct eval_logged *row = &r->rows[i];
        const double *base = r->base + i * r->n_actions;
        bool untried = false, differs = false;
        for (size_t a = 0; a < r->n_actions; a++) {
            differs = differs || fabs(row->target[a] - base[a]) > 1e-9;
            if (!(row->target[a] > 0) || row->propensity[a] > 0 || untried)
                continue;
            untried = true;
            if (found->untried++ == 0) {
                found->first_untried = r->numbers[i];
                found->untried_action = a;
            }
            found->last_untried = r->numbers[i];
        }
        found->differing += differs;
        found->tried += differs && row->target[row->taken] > base[row->taken];
    }
}

static size_t rounds_for(size_t n)
{
    enum { THROWS_MOST = 20000000 };
    size_t rounds = THROWS_MOST / n;
    return rounds > EVAL_REPLAY_ROUNDS         ? EVAL_REPLAY_ROUNDS
           : rounds < EVAL_REPLAY_ROUNDS_LEAST ? EVAL_REPLAY_ROUNDS_LEAST
                                               : rounds;
}

static bool estimate(
    struct replaying *r, uint64_t seed, struct eval_replay *found, struct failure *failure)
{
    struct dice dice = dice_from_seed(seed);
    struct stats_resampling how = {0.95, rounds_for(r->n), &dice};
    struct stats_logged *fresh = ARENA_ARRAY(&r->arena, struct stats_logged, r->n),
                        *base = ARENA_ARRAY(&r->arena, struct stats_logged, r->n);
    double *rewards = ARENA_ARRAY(&r->arena, double, r->n),
           *worth = ARENA_ARRAY(&r->arena, double, r->n),
           *base_worth = ARENA_ARRAY(&r->arena, double, r->n);
    struct stats_off_policy of_fresh, of_base;
    r->q = ARENA_ARRAY(&r->arena, double, r->n * r->n_actions);
    for (size_t fold = 0; fold < FOLDS; fold++)
        fit_fold(r, fold);
    for (size_t i = 0; i < r->n; i++) {
        fresh[i] = seen_by(r, i, r->rows[i].target);
        base[i] = seen_by(r, i, r->base + i * r->n_actions);
        rewards[i] = r->rows[i].reward;
        worth[i] = worth_of(&fresh[i]);
        base_worth[i] = worth_of(&base[i]);
    }
    if (!stats_off_policy(fresh, r->n, how, &of_fresh, failure) ||
        !stats_off_policy(base, r->n, how, &of_base, failure))
        return false;
    found->logged = stats_bootstrap_mean(rewards, r->n, how);
    found->naive = of_fresh.naive;
    found->effective_n = of_fresh.effective_n;
    found->state = found->untried                          ? EVAL_REPLAY_UNTRIED
                   : found->differing && found->tried == 0 ? EVAL_REPLAY_CHANCE
                   : stats_off_policy_is_thin(&of_fresh)   ? EVAL_REPLAY_THIN
                                                           : EVAL_REPLAY_KNOWN;
    if (found->state != EVAL_REPLAY_KNOWN)
        return true;
    found->replayed = of_fresh.doubly_robust;
    found->unexplored = of_base.doubly_robust;
    found->change = stats_bootstrap_difference(worth, base_worth, r->n, how);
    struct interval saving = stats_bootstrap_saving(worth, base_worth, r->n, how);
    found->relative = (struct interval){0 - saving.high, 0 - saving.mean, 0 - saving.low};
    return true;
}

bool eval_replay(const struct eval_logged *rows, size_t n, size_t n_actions, uint64_t seed,
    struct eval_replay *found, struct failure *failure)
{
    static const struct interval unknown = {NAN, NAN, NAN};
    struct replaying r = {.n_actions = n_actions};
    struct eval_logged *known = ARENA_ARRAY(&r.arena, struct eval_logged, n);
    r.numbers = ARENA_ARRAY(&r.arena, size_t, n);
    r.rows = known;
    *found = (struct eval_replay){.state = EVAL_REPLAY_EMPTY,
        .logged = unknown,
        .naive = unknown,
        .unexplored = unknown,
        .replayed = unknown,
        .change = unknown,
        .relative = unknown};
    for (size_t i = 0; i < n; i++)
        if (!isnan(rows[i].reward)) {
            r.numbers[r.n] = i;
            known[r.n++] = rows[i];
        }
    found->n = r.n;
    bool ok = true;
    if (r.n > 0) {
        number_groups(&r);
        set_base(&r);
        find_untried(&r, found);
        ok = estimate(&r, seed, found, failure);
    }
    arena_free(&r.arena);
    return ok;
}
