/* Inside the evaluation of ladders: who takes part, on which rows, and what is added up. */
#ifndef RUNG_EVAL_CONTEST_H
#define RUNG_EVAL_CONTEST_H

#include "control.h"
#include "ladder.h"

enum { CONTEST_ROWS_LEAST = 20 }; /* to fit on, and to judge on */

/* What is fitted on some rows and judged on others. */
enum fitted { LENGTH, LABEL, BEST_SINGLE, DIRECT, LABEL_RULE, CLIMBING, FITTED };

struct contest {
    struct arena *arena;
    const struct eval_data *data;
    const struct eval_ladder_options *options;
    struct ladder whole;              /* the ladder as written; n = 0 in a search */
    uint8_t models[DATA_MODELS_MOST]; /* of the ladder and the target, or those searched */
    size_t n_models;
    bool has_target;
    uint8_t target;
    struct verifier verifier;
    struct row_set complete;        /* rows with outcome and cost of all these models */
    struct row_set learned, judged; /* the same, or the first file's and the second's */
    struct grouping groupings[GROUPINGS_MOST + 1];
    size_t n_groupings;
    const struct ladder *parts; /* what may be climbed */
    size_t n_parts;
    struct track *tracks;
    size_t n_tracks;
    struct track *fitted[FITTED], *shared; /* `shared`: random-same-share */
};

/* Reads the options and finds the rows with everything that may be needed. False names the option
 * or model that is wrong, or says that too few rows are complete. */
bool contest_prepare(struct contest *contest, struct failure *failure) MUST_USE;

#endif
