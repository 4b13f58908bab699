/* eval: receives recorded outcomes, hands on how routing would have done on them, beside the
 * controls that would show it if routing did not pay. Refuses to tune anything on the rows that
 * it judges by: what is learned is learned on the other side of a split. */
#ifndef RUNG_EVAL_EVAL_H
#define RUNG_EVAL_EVAL_H

#include "base/arena.h"
#include "base/emit.h"
#include "base/failure.h"

enum {
    EVAL_POLICIES_MOST = 16,
    EVAL_EXCLUDED_MOST = 16,
    EVAL_REPLICATES = 1000, /* bootstrap replicates where the caller asks for none */
};

/* Which rows are learned from and which are judged. One of `test_path`, `folds`, `group_by` and
 * `outcomes` is set; none: 5 folds. */
struct eval_split {
    const char *data_path; /* all rows, or with test_path the rows to learn from */
    const char *test_path; /* the rows to judge */
    size_t folds;          /* by hash of the id, pooled */
    const char *group_by;  /* label prefix: whole groups are left out, in 5 folds, pooled */
    size_t outcomes;       /* learn from so many rows, judge on the others … */
    size_t seeds;          /* … so many times, averaged; 0 means 8 */
};

/* 95 % interval and mean; NAN where nothing is known, written as null. */
struct eval_estimate {
    double low, mean, high;
};

#endif
