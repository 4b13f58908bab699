/* Receives models and rows; hands on what may be done with a task and how tasks are grouped.
 * Refuses to choose. */
#include "arms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct ladder *arms_of_ladder(
    struct arena *arena, const struct ladder *whole, uint8_t target, bool climbing, size_t *n)
{
    struct ladder *ladders = ARENA_ARRAY(arena, struct ladder, ((size_t)1 << whole->n) + 1);
    bool has_target = false;
    *n = 0;
    for (size_t parts = 1; parts < (size_t)1 << whole->n; parts++) {
        struct ladder ladder = {0};
        for (size_t i = 0; i < whole->n; i++)
            if (parts >> i & 1)
                ladder.models[ladder.n++] = whole->models[i];
        if (ladder.n > 1 && !climbing)
            continue;
        has_target = has_target || (ladder.n == 1 && ladder.models[0] == target);
        ladders[(*n)++] = ladder;
    }
    if (!has_target)
        ladders[(*n)++] = (struct ladder){1, {target}};
    return ladders;
}

static bool is_on(const struct ladder *ladder, uint8_t model)
{
    return memchr(ladder->models, model, ladder->n) != NULL;
}

bool arms_enumerate(struct arena *arena, const uint8_t *models, size_t n_models, size_t rungs,
    struct ladder **ladders, size_t *n, struct failure *failure)
{
    size_t total = 0, level = 1;
    for (size_t k = 0; k < rungs && k < n_models; k++) {
        level *= n_models - k;
        total += level;
        if (total > ARMS_SEARCHED_MOST)
            return failure_set(failure,
                "--search %zu: more than %d ladders of %zu models; search fewer rungs", rungs,
                ARMS_SEARCHED_MOST, n_models);
    }
    struct ladder *all = ARENA_ARRAY(arena, struct ladder, total);
    size_t made = 0;
    for (size_t i = 0; i < n_models; i++)
        all[made++] = (struct ladder){1, {models[i]}};
    for (size_t base = 0; base < made; base++) {
        struct ladder shorter = all[base];
        for (size_t i = 0; i < n_models && shorter.n < rungs; i++) {
            if (is_on(&shorter, models[i]))
                continue;
            all[made] = shorter;
            all[made++].models[shorter.n] = models[i];
            all[made - 1].n++;
        }
    }
    *ladders = all;
    *n = made;
    return true;
}

struct candidate {
    double quality, cost_usd, gap;
    size_t ladder;
    bool is_target;
};

static int compare_costs(const void *a, const void *b)
{
    const struct candidate *left = a, *right = b;
    if (left->cost_usd != right->cost_usd)
        return left->cost_usd < right->cost_usd ? -1 : 1;
    return (left->ladder > right->ladder) - (left->ladder < right->ladder);
}

static int compare_gaps(const void *a, const void *b)
{
    const struct candidate *left = a, *right = b;
    if (left->is_target != right->is_target)
        return left->is_target ? -1 : 1;
    if (left->gap != right->gap)
        return left->gap < right->gap ? -1 : 1;
    return (left->ladder > right->ladder) - (left->ladder < right->ladder);
}

static bool is_alone(const struct ladder *ladder, uint8_t model)
{
    return ladder->n == 1 && ladder->models[0] == model;
}

/* The candidates in the order in which they are kept. */
static struct candidate *rank_candidates(struct arena *arena, const struct eval_data *data,
    struct row_set rows, const struct ladder *ladders, size_t n, uint8_t target,
    struct verifier verifier)
{
    struct candidate *candidates = ARENA_ARRAY(arena, struct candidate, n);
    for (size_t i = 0; i < n; i++) {
        candidates[i].ladder = i;
        candidates[i].is_target = is_alone(&ladders[i], target);
        for (size_t row = 0; row < rows.n; row++) {
            struct climb climb = climb_ladder(&data->rows[rows.rows[row]], &ladders[i], verifier);
            candidates[i].quality += climb.quality / (double)rows.n;
            candidates[i].cost_usd += climb.cost_usd / (double)rows.n;
        }
    }
    qsort(candidates, n, sizeof(*candidates), compare_costs);
    double best = 0;
    for (size_t i = 0; i < n; i++) {
        best = fmax(best, candidates[i].quality);
        candidates[i].gap = best - candidates[i].quality;
    }
    qsort(candidates, n, sizeof(*candidates), compare_gaps);
    return candidates;
}

static struct arms measure_all(struct arena *arena, const struct eval_data *data,
    struct row_set rows, const struct ladder *ladders, size_t n, uint8_t target,
    struct verifier verifier)
{
    double *quality = ARENA_ARRAY(arena, double, n *rows.n);
    double *cost_usd = ARENA_ARRAY(arena, double, n *rows.n);
    struct arms arms = {n, rows.n, ladders, SIZE_MAX, NAN, quality, cost_usd};
    for (size_t arm = 0; arm < n; arm++) {
        if (is_alone(&ladders[arm], target))
            arms.target = arm;
        for (size_t row = 0; row < rows.n; row++) {
            struct climb climb = climb_ladder(&data->rows[rows.rows[row]], &ladders[arm], verifier);
            quality[arm * rows.n + row] = climb.quality;
            cost_usd[arm * rows.n + row] = climb.cost_usd;
        }
    }
    return arms;
}

struct arms arms_measure(struct arena *arena, const struct eval_data *data, struct row_set rows,
    const struct ladder *ladders, size_t n, uint8_t target, struct verifier verifier)
{
    if (n <= ARMS_KEPT_MOST)
        return measure_all(arena, data, rows, ladders, n, target, verifier);
    struct candidate *ranked = rank_candidates(arena, data, rows, ladders, n, target, verifier);
    struct ladder *kept = ARENA_ARRAY(arena, struct ladder, ARMS_KEPT_MOST);
    for (size_t i = 0; i < ARMS_KEPT_MOST; i++)
        kept[i] = ladders[ranked[i].ladder];
    return measure_all(arena, data, rows, kept, ARMS_KEPT_MOST, target, verifier);
}

/* ---- groupings ---- */

struct kind {
    struct slice prefix;
    size_t n; /* rows that have it */
    size_t order;
};

/* "difficulty:" of "difficulty:easy"; a label without a colon is a kind of its own. */
static struct slice prefix_of(struct slice label)
{
    size_t colon = slice_find_byte(label, ':');
    return colon == SIZE_MAX ? label : slice_sub(label, 0, colon + 1);
}

static int compare_kinds(const void *a, const void *b)
{
    const struct kind *left = a, *right = b;
    if (left->n != right->n)
        return left->n > right->n ? -1 : 1;
    return (left->order > right->order) - (left->order < right->order);
}

static struct kind *count_kinds(struct arena *arena, const struct eval_data *data, size_t *n)
{
    struct kind *kinds = NULL;
    size_t room = 0;
    *n = 0;
    for (size_t row = 0; row < data->n_rows; row++)
        for (size_t i = 0; i < data->rows[row].n_labels; i++) {
            struct slice prefix = prefix_of(data->rows[row].labels[i]);
            size_t at = 0;
            while (at < *n && !slice_equal(kinds[at].prefix, prefix))
                at++;
            if (at == *n && *n == (size_t)4 * GROUPS_MOST)
                continue;
            if (at == *n) {
                kinds = arena_grow(arena, kinds, *n, &room, sizeof(*kinds));
                kinds[(*n)++] = (struct kind){prefix, 0, at};
            }
            kinds[at].n++;
        }
    if (*n)
        qsort(kinds, *n, sizeof(*kinds), compare_kinds);
    return kinds;
}

static struct grouping group_by_prefix(
    struct arena *arena, const struct eval_data *data, struct slice prefix)
{
    size_t *group = ARENA_ARRAY(arena, size_t, data->n_rows);
    struct slice *values = ARENA_ARRAY(arena, struct slice, GROUPS_MOST);
    size_t n = 1;
    values[0] = slice_from("other tasks");
    for (size_t row = 0; row < data->n_rows; row++)
        for (size_t i = 0; i < data->rows[row].n_labels; i++) {
            struct slice label = data->rows[row].labels[i];
            if (!slice_equal(prefix_of(label), prefix))
                continue;
            size_t at = 1;
            while (at < n && !slice_equal(values[at], label))
                at++;
            if (at == n && n < GROUPS_MOST)
                values[n++] = label;
            group[row] = at < n ? at : 0;
            break;
        }
    return (struct grouping){prefix, n, group, values};
}

size_t groupings_of_labels(struct arena *arena, const struct eval_data *data,
    struct grouping groupings[GROUPINGS_MOST + 1])
{
    struct slice *all = ARENA_ARRAY(arena, struct slice, 1);
    all[0] = slice_from("all tasks");
    groupings[0] = (struct grouping){{0}, 1, ARENA_ARRAY(arena, size_t, data->n_rows), all};
    size_t n_kinds, n = 1;
    struct kind *kinds = count_kinds(arena, data, &n_kinds);
    for (size_t i = 0; i < n_kinds && n <= GROUPINGS_MOST; i++) {
        struct grouping grouping = group_by_prefix(arena, data, kinds[i].prefix);
        bool one_group = grouping.n_groups == 2 && kinds[i].n >= data->n_rows;
        if (!one_group)
            groupings[n++] = grouping;
    }
    return n;
}

static int compare_lengths(const void *a, const void *b)
{
    const size_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

struct grouping grouping_of_length(
    struct arena *arena, const struct eval_data *data, struct row_set rows)
{
    enum { QUARTERS = 4 };
    static const struct slice names[QUARTERS] = {
        SLICE("shortest"), SLICE("short"), SLICE("long"), SLICE("longest")};
    size_t *lengths = ARENA_ARRAY(arena, size_t, rows.n);
    for (size_t i = 0; i < rows.n; i++)
        lengths[i] = data->rows[rows.rows[i]].text.len;
    qsort(lengths, rows.n, sizeof(*lengths), compare_lengths);
    size_t *group = ARENA_ARRAY(arena, size_t, data->n_rows);
    for (size_t row = 0; row < data->n_rows; row++)
        for (size_t cut = 1; cut < QUARTERS; cut++)
            if (data->rows[row].text.len >= lengths[rows.n * cut / QUARTERS])
                group[row] = cut;
    return (struct grouping){slice_from("length"), QUARTERS, group, names};
}
