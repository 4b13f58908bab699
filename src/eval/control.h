/* Controls that know the outcomes of the task before they choose: what no router can reach. */
#ifndef RUNG_EVAL_CONTROL_H
#define RUNG_EVAL_CONTROL_H

#include "arms.h"

/* Where each row's expectation of a policy is added up. */
struct track {
    struct slice name;
    struct climb *climbs; /* by row of the data */
    bool is_kept;         /* its quality is compared with the target's */
};

/* Each task to the cheapest of the models that solve it; one that none solves to the cheapest of
 * those with the best score. */
void control_oracle(const struct eval_data *data, struct row_set rows, const uint8_t *models,
    size_t n_models, struct track *track);

/* The least cost at which perfect foresight reaches the mean quality of `need`. */
void control_oracle_at(struct arena *scratch, const struct eval_data *data, struct row_set rows,
    const uint8_t *models, size_t n_models, double need, struct track *track);

#endif
