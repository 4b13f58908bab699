/* Judges ladders and rules on recorded outcomes of several models: what each policy would have
 * delivered and cost, learned on one half of the rows and judged on the other. */
#ifndef RUNG_EVAL_LADDER_H
#define RUNG_EVAL_LADDER_H

#include "data.h"
#include "result.h"

enum { EVAL_LADDER_SEEDS = 10, EVAL_RUNGS_MOST = 8, EVAL_SEARCH_MOST = 4 };

struct eval_ladder_options {
    const struct slice *ladder; /* names of models, as they are climbed */
    size_t n_ladder;
    size_t search;       /* instead of a ladder: the best of up to so many rungs; 0: no search */
    struct slice target; /* whose quality is to be kept; empty: the ladder climbs as written */
    double verifier;     /* sensitivity = specificity, 0.5 … 1; 0 means 1 */
    double verifier_cost_usd; /* of one look, at every rung but the last */
    size_t seeds;             /* splits in halves, averaged; 0 means EVAL_LADDER_SEEDS */
    size_t replicates;        /* of the bootstrap; 0 means 1,000 */
};

/* Fills *result (in the arena, the model names in the data): the controls always-<model>,
 * random-same-share, length, label, best-single, oracle, oracle-at-target; and direct, label-rule,
 * ladder or search. Without a target the ladder climbs as written, random-same-share takes each
 * model alone as often as its rung delivers, and length, label and best-single keep the ladder's
 * own quality (left out where rows are too few to fit). What is fitted is fitted on one half (by
 * hash of the id) and judged on the other, both ways, over `seeds` splits; data read from two files
 * are fitted on the first and judged on the second. Quality, cost and saving are means over the
 * judged rows with 95 % bootstrap intervals over rows; `paired` has each policy's quality minus the
 * target's. False names the option or model that is wrong, or says that too few rows are complete.
 */
bool eval_ladders(struct arena *arena, const struct eval_data *data,
    const struct eval_ladder_options *options, struct eval_result *result,
    struct failure *failure) MUST_USE;

#endif
