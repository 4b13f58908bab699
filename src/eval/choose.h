/* Learns how to route from rows with outcomes: for each group of tasks an arm (a model or a
 * ladder), or two that are mixed, so that the target's quality is kept at the least cost. */
#ifndef RUNG_EVAL_CHOOSE_H
#define RUNG_EVAL_CHOOSE_H

#include "climb.h"
#include "hull.h"

#include "base/dice.h"

/* What may be done with a task, and what it would have come to on the rows to learn from. */
struct arms {
    size_t n, n_rows;
    const struct ladder *ladders;
    size_t target;                    /* the arm whose quality is to be kept … */
    double need;                      /* … or this mean quality, where it is not NAN */
    const double *quality, *cost_usd; /* [arm * n_rows + row] */
};

/* Tasks put into groups by what is known before they run. Group 0 holds those without a label of
 * that kind. */
struct grouping {
    struct slice name; /* "difficulty:"; empty: all tasks alike */
    size_t n_groups;
    const size_t *group;        /* of every row of the data */
    const struct slice *values; /* what a group is called */
};

enum { CHOOSE_ROUNDS = 40 };

struct chosen {
    const struct grouping *by;
    struct mix *mix; /* by group of `by` */
    double margin;   /* quality above the target's that was asked for on the rows learned from */
    double saving;   /* expected of it, by the bootstrap */
    bool declined;   /* nothing was found that pays: every task goes to the target */
};

/* Chooses among the groupings (the first is "all tasks alike") and solves for the mixture that
 * keeps the target's quality at the least cost.
 *
 * A policy chosen on some rows looks better on them than it is (winner's curse). How much is
 * estimated from the rows themselves: choose again on a resample of them, and compare its quality
 * there with that on the rows (Efron 1983, optimism); the mean over rounds is the margin that is
 * asked for above the target. Groups are shrunk towards an additive prior on the logit scale with
 * a strength set by moments (METHODS §1.3); labels are used only where the saving at its margin
 * is greater with them than without. Where the saving is less than `doubt` of its standard errors
 * above nothing, the policy is declined. */
struct chosen choose_policy(struct arena *arena, const struct arms *arms, const size_t *rows,
    const struct grouping *groupings, size_t n_groupings, double doubt, struct dice *dice);

/* The same by what was seen: plain means, no margin, whichever grouping looks cheapest. A control
 * that shows what the care above is worth. */
struct chosen choose_plainly(struct arena *arena, const struct arms *arms, const size_t *rows,
    const struct grouping *groupings, size_t n_groupings);

/* A rule that can be written down, one arm for each label: tasks of a label go to the cheapest arm
 * that does on them at least as well as the target does on all tasks (by a standard error, after
 * shrinking), unless the rows refute it (on that label it is worse than the target at one-sided 95
 * %); others to the target. Of several kinds of labels the one that saves most is taken. */
struct chosen choose_rule(struct arena *arena, const struct arms *arms, const size_t *rows,
    const struct grouping *groupings, size_t n_groupings);

#endif
