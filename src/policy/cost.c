/* policy, costs: receives a rung and the price table, hands on what a task on it is assumed to
 * cost before anything was measured. */
#include "policy.h"

const struct price_row *policy_rung_price(
    const struct policy_rung *rung, const struct price_table *prices, int32_t day)
{
    return rung->has_price ? &rung->price : price_find(prices, rung->model, day, 0);
}

bool policy_assumed_cost(
    const struct policy_rung *rung, const struct price_table *prices, int32_t day, double *usd)
{
    const struct price_row *row = policy_rung_price(rung, prices, day);
    if (!row || !rung->has_assume)
        return false;
    *usd = price_cost_usd(row, &rung->assume);
    return true;
}
