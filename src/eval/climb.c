/* Receives a row of recorded outcomes, a ladder and a verifier; hands on what the climb would have
 * delivered and cost. Refuses to choose. */
#include "climb.h"

struct climb climb_ladder(
    const struct data_row *row, const struct ladder *ladder, struct verifier verifier)
{
    struct climb sum = {0};
    double reached = 1;
    for (size_t j = 0; j < ladder->n; j++) {
        struct data_outcome outcome = data_outcome(row, ladder->models[j]);
        double good = outcome.score, bad = 1 - outcome.score;
        if (j + 1 == ladder->n) {
            sum.quality += reached * good;
            sum.cost_usd += reached * outcome.cost_usd;
            break;
        }
        double rightly = good * verifier.sensitivity, wrongly = bad * (1 - verifier.specificity);
        sum.quality += reached * rightly;
        sum.false_accepts += reached * wrongly;
        sum.cost_usd += reached * (outcome.cost_usd + verifier.cost_usd);
        reached *= 1 - rightly - wrongly;
    }
    return sum;
}

void climb_add_shares(const struct data_row *row, const struct ladder *ladder,
    struct verifier verifier, double share[CLIMB_RUNGS_MOST])
{
    double reached = 1;
    for (size_t j = 0; j < ladder->n; j++) {
        double good = data_outcome(row, ladder->models[j]).score;
        double accepted = good * verifier.sensitivity + (1 - good) * (1 - verifier.specificity);
        if (j + 1 == ladder->n)
            accepted = 1;
        share[j] += reached * accepted;
        reached *= 1 - accepted;
    }
}
