/* One task up one ladder: what is to be expected of it where the outcome of every rung is
 * recorded. Nothing is sampled: the expectation over the verifier's errors has a closed form. */
#ifndef RUNG_EVAL_CLIMB_H
#define RUNG_EVAL_CLIMB_H

#include "data.h"

enum { CLIMB_RUNGS_MOST = 8 };

/* Models by their index in the data, in the order in which they are climbed. */
struct ladder {
    uint8_t n, models[CLIMB_RUNGS_MOST];
};

/* Looks at every answer but the last rung's, which is delivered as it is. */
struct verifier {
    double sensitivity; /* P(accepts | good) */
    double specificity; /* P(rejects | bad) */
    double cost_usd;    /* of one look */
};

struct climb {
    double quality;       /* P(what is delivered is good) */
    double cost_usd;      /* of all attempts and looks */
    double false_accepts; /* P(a bad answer was accepted): failures that nobody sees */
};

/* Rung j is reached with probability r_j; a rung that succeeds with probability y is accepted
 * with a = y·sensitivity + (1-y)·(1-specificity), and r_(j+1) = r_j·(1-a) (METHODS §2.1). A score
 * between 0 and 1 counts as the probability of success, independent of the other rungs. NAN
 * where an outcome that may be needed is not recorded. */
struct climb climb_ladder(
    const struct data_row *row, const struct ladder *ladder, struct verifier verifier);

/* Adds to share[j] the probability that rung j delivers: r_j·a, and r_j for the last. */
void climb_add_shares(const struct data_row *row, const struct ladder *ladder,
    struct verifier verifier, double share[CLIMB_RUNGS_MOST]);

#endif
