/* The arms that a policy may choose among, and the ways in which tasks are grouped. */
#ifndef RUNG_EVAL_ARMS_H
#define RUNG_EVAL_ARMS_H

#include "choose.h"

enum {
    ARMS_SEARCHED_MOST = 100000, /* ladders that are looked at */
    ARMS_KEPT_MOST = 500,        /* of those searched, what is chosen among */
    GROUPINGS_MOST = 8,          /* kinds of labels that are tried */
    GROUPS_MOST = 64,            /* values of one kind that are told apart */
};

/* Some rows of the data, by index. */
struct row_set {
    const size_t *rows;
    size_t n;
};

/* Every model alone; where `climbing`, every part of the ladder that keeps its order, too. The
 * target is among them whether the ladder has it or not. */
struct ladder *arms_of_ladder(
    struct arena *arena, const struct ladder *whole, uint8_t target, bool climbing, size_t *n);

/* All ladders of 1 … rungs of the given models in any order; false where there are more than
 * ARMS_SEARCHED_MOST. */
bool arms_enumerate(struct arena *arena, const uint8_t *models, size_t n_models, size_t rungs,
    struct ladder **ladders, size_t *n, struct failure *failure) MUST_USE;

/* What each ladder comes to on the rows. Where there are more than ARMS_KEPT_MOST, those that
 * are nearest in quality to the best at no greater cost are kept, and the target. */
struct arms arms_measure(struct arena *arena, const struct eval_data *data, struct row_set rows,
    const struct ladder *ladders, size_t n, uint8_t target, struct verifier verifier);

/* "All tasks alike" first, then one grouping for each kind of label ("difficulty:" of
 * "difficulty:easy"), the most frequent kinds first; returns their number. The first label of a
 * kind counts. */
size_t groupings_of_labels(struct arena *arena, const struct eval_data *data,
    struct grouping groupings[GROUPINGS_MOST + 1]);

/* Four groups by the length of the text, cut at the quartiles of the given rows. */
struct grouping grouping_of_length(
    struct arena *arena, const struct eval_data *data, struct row_set rows);

#endif
