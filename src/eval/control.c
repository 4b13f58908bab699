/* Receives rows with the outcomes of several models; hands on what perfect foresight would have
 * made of them. Refuses to be fitted: there is nothing to fit. */
#include "control.h"

void control_oracle(const struct eval_data *data, struct row_set rows, const uint8_t *models,
    size_t n_models, struct track *track)
{
    for (size_t i = 0; i < rows.n; i++) {
        struct climb best = {-1, 0, 0};
        for (size_t m = 0; m < n_models; m++) {
            struct data_outcome outcome = data_outcome(&data->rows[rows.rows[i]], models[m]);
            if (outcome.score > best.quality ||
                (outcome.score == best.quality && outcome.cost_usd < best.cost_usd))
                best = (struct climb){outcome.score, outcome.cost_usd, 0};
        }
        track->climbs[rows.rows[i]] = best;
    }
}

void control_oracle_at(struct arena *scratch, const struct eval_data *data, struct row_set rows,
    const uint8_t *models, size_t n_models, double need, struct track *track)
{
    double *quality = ARENA_ARRAY(scratch, double, rows.n *n_models);
    double *cost_usd = ARENA_ARRAY(scratch, double, rows.n *n_models);
    double *share = ARENA_ARRAY(scratch, double, rows.n);
    struct mix *mix = ARENA_ARRAY(scratch, struct mix, rows.n);
    for (size_t i = 0; i < rows.n; i++) {
        share[i] = 1 / (double)rows.n;
        for (size_t m = 0; m < n_models; m++) {
            struct data_outcome outcome = data_outcome(&data->rows[rows.rows[i]], models[m]);
            quality[i * n_models + m] = outcome.score;
            cost_usd[i * n_models + m] = outcome.cost_usd;
        }
    }
    struct hull_problem problem = {rows.n, n_models, quality, cost_usd, share};
    hull_solve(scratch, &problem, need, mix);
    for (size_t i = 0; i < rows.n; i++) {
        size_t low = i * n_models + mix[i].low, high = i * n_models + mix[i].high;
        double up = mix[i].share_high;
        track->climbs[rows.rows[i]] = (struct climb){(1 - up) * quality[low] + up * quality[high],
            (1 - up) * cost_usd[low] + up * cost_usd[high], 0};
    }
}
