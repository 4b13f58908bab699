/* The gates over one attempt. */
#ifndef RUNG_RUN_CHECK_H
#define RUNG_RUN_CHECK_H

#include "attempt.h"

/* What was true of the work tree before the agent began. */
struct check_before {
    struct gate_tree tree;
    struct gate_seal seal;
    struct gate_stamp stamp; /* not sure in the user's own work tree: it is looked at in full */
};
bool check_prepare(struct run *run, struct arena *arena, const struct worktree *worktree,
    struct check_before *before, struct failure *failure) MUST_USE;

struct check {
    enum gate_verdict verdict;
    bool is_tested;              /* a command said so */
    bool is_reviewed;            /* a judge or review said so */
    bool is_judged;              /* any gate of the policy looked at it */
    bool interrupted;            /* rung was told to stop */
    struct gate_result *results; /* in the order in which they were asked; the first failure ends */
    size_t n;
    struct gate_result *failed; /* those that did not pass: evidence for the next attempt */
    size_t n_failed;
    const char *tree;       /* the tree that was looked at; NULL where nothing was touched */
    bool is_empty;          /* nothing was changed */
    bool is_as_before;      /* nothing at all was touched, ignored files and git's own included */
    struct attempt *judges; /* attempts of judges and reviews: their cost counts */
    size_t n_judges;
};

/* Asks the protected gate, the seal, the policy's gates, cheapest kind first, and the review where
 * the settings ask for one. False where the change cannot be taken at all. */
bool check_attempt(struct run *run, struct slot *slot, const struct check_before *before,
    const struct attempt *attempt, struct check *check, struct failure *failure) MUST_USE;

#endif
