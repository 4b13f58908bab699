/* eval: receives recorded outcomes, hands on how routing would have done on them, beside the
 * controls that would show it if routing did not pay. Refuses to tune anything on the rows that
 * it judges by: what is learned is learned on the other side of a split. */
#ifndef RUNG_EVAL_EVAL_H
#define RUNG_EVAL_EVAL_H

#include "base/arena.h"
#include "base/emit.h"
#include "base/failure.h"
#include "ladder.h"
#include "online.h"
#include "replay.h"
#include "replayed.h"
#include "result.h"
#include "suggest.h"
#include "suggestions.h"
#include "tail.h"

enum {
    EVAL_EXCLUDED_MOST = 16,
    EVAL_REPLICATES = 1000, /* bootstrap replicates where the caller asks for none */
};

/* Which rows are learned from and which are judged. At most one of test_path, folds, group_by and
 * outcomes is set; none of them: 5 folds. */
struct eval_split {
    const char *data_path; /* all rows, or with test_path the rows to learn from */
    const char *test_path; /* the rows to judge */
    size_t folds;          /* by hash of the id, pooled */
    const char *group_by;  /* label prefix: whole groups are left out, in 5 folds, pooled */
    size_t outcomes;       /* learn from so many rows, judge on the others … */
    size_t seeds;          /* … so many times, averaged; 0 means 8 */
};

/* ---- routing between a weak and a strong model (pair.c) ---- */

struct eval_pair_options {
    struct eval_split split;
    const char *weak, *strong; /* names of models in the data */
    bool use_text, use_labels;
    const struct slice *excluded; /* labels that nobody sees; "repo:" drops all that begin so */
    size_t n_excluded;
    size_t replicates; /* of the bootstrap; 0: point estimates only */
    uint64_t seed;     /* of the bootstrap */
};

/* Fills a result with
 *     policies  direct, length, label (each sends the half that it ranks highest to the strong
 *               model; rows that tie share it), random-same-share, always-<weak>,
 *               always-<strong>, best-single, oracle; savings against always-<strong>
 *     metrics   apgr, cpt50, cpt80 (percent of calls) of ranking by P(strong succeeds) −
 *               P(weak succeeds); auc, brier, brier_skill, logloss, ece and ece_null of
 *               P(weak succeeds); apgr_length and apgr_label, the same of the controls
 *     paired    direct minus each other
 *     bins      reliability of P(weak succeeds), of the last seed
 * Definitions: stats.h, METHODS §6. Over several seeds: means of the estimates and of their
 * interval ends; `rows` counts every row as often as it was judged. False where the data cannot
 * be read, a model is not in them, or a side of the split is empty. */
bool eval_pair(struct arena *arena, const struct eval_pair_options *options,
    struct eval_result *result, struct failure *failure) MUST_USE;

#endif
