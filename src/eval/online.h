/* Learns from nothing, task by task, and sees only the outcome of the rung that it chose. */
#ifndef RUNG_EVAL_ONLINE_H
#define RUNG_EVAL_ONLINE_H

#include "data.h"
#include "result.h"

enum { EVAL_ONLINE_SEEDS = 100, EVAL_ONLINE_TASKS = 1000, EVAL_ONLINE_FIRST = 200 };

struct eval_online_options {
    const struct slice *ladder; /* names of models */
    size_t n_ladder;
    double value_usd; /* of a success; 0 means 2 */
    size_t tasks;     /* drawn with replacement; 0 means EVAL_ONLINE_TASKS */
    size_t seeds;     /* orders of tasks, averaged; 0 means EVAL_ONLINE_SEEDS */
};

/* Tasks come in random order. Every rung is tried a few times; from then on each task goes to the
 * rung of greatest value_usd · p − cost, p drawn from what is believed of (label, rung) so far
 * (Thompson sampling). Beliefs are Beta cells shrunk to an additive prior of ability and difficulty
 * (METHODS §1.3); which kind of label they go by, or none, is whichever has forecast outcomes best
 * so far.
 *
 * Fills metrics `online_share` and `online_share_first` (value over all tasks, and over the first
 * 200, as a share of what the best static policy makes of the same tasks, mean over seeds with
 * 95 % interval) and policies `online`, `best-static` (per label the rung of greatest mean value
 * on all rows, of the kind of label where that is most: it stands for "label" too). The controls
 * know all rows beforehand: `always-<model>`, `best-single`, `length` (the best rung for each
 * quarter of text lengths), `oracle` (for each task); `random-same-share` takes online's rungs as
 * often, for tasks at random. Saving is against best-static. False names the model that is wrong,
 * or says that no row is complete, or that the best static policy is worth nothing. */
bool eval_online(struct arena *arena, const struct eval_data *data,
    const struct eval_online_options *options, struct eval_result *result,
    struct failure *failure) MUST_USE;

#endif
