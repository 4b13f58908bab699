/* Receives outcomes in the order of time, hands on alarms. What is usual is itself an estimate, so
 * the limits, which hold for known rates, are eased: a success rate by one standard error, the
 * spread of costs by SPREAD_EASED. */
#include "watch.h"

#include <math.h>

static const double SPREAD_EASED = 1.2;

static bool add_success(struct watch *watch, bool success, struct watch_alarm *alarm)
{
    if (watch->n < WATCH_BASELINE) {
        watch->n++;
        watch->successes += success;
        if (watch->n >= WATCH_BASELINE) {
            double rate = watch->successes / watch->n;
            double error = sqrt(rate * (1 - rate) / watch->n);
            watch->success = stats_success_drift_from(rate - error);
        }
        return false;
    }
    if (!(watch->success.sum > 0))
        watch->suspect_n = watch->suspect_successes = 0;
    watch->suspect_n++;
    watch->suspect_successes += success;
    if (!stats_success_drift_add(&watch->success, success))
        return false;
    alarm->expected = watch->successes / watch->n;
    alarm->seen = watch->suspect_successes / watch->suspect_n;
    watch->n = watch->successes = 0;
    return true;
}

static bool add_cost(struct watch *watch, double cost_usd, struct watch_alarm *alarm)
{
    if (!(cost_usd > 0))
        return false;
    double x = log(cost_usd), before = x - watch->log_mean;
    if (watch->costs < WATCH_BASELINE) {
        watch->costs++;
        watch->log_mean += before / watch->costs;
        watch->log_squares += before * (x - watch->log_mean);
        return false;
    }
    double spread = sqrt(watch->log_squares / (watch->costs - 1));
    if (!(watch->cost.up > 0) && !(watch->cost.down > 0))
        watch->suspect_costs = watch->suspect_log = 0;
    watch->suspect_costs++;
    watch->suspect_log += x;
    if (!(spread > 0) || stats_cost_drift_add(&watch->cost, before / (SPREAD_EASED * spread)) == 0)
        return false;
    alarm->expected = exp(watch->log_mean);
    alarm->seen = exp(watch->suspect_log / watch->suspect_costs);
    watch->costs = watch->log_mean = watch->log_squares = 0;
    watch->cost = (struct stats_cost_drift){0};
    return true;
}

int watch_add(
    struct watch *watch, bool success, double cost_usd, int64_t at_ms, struct watch_alarm alarms[2])
{
    int n = 0;
    const struct watch_alarm blank = {.arm = watch->arm, .label = watch->label, .at_ms = at_ms};
    alarms[n] = blank;
    n += add_success(watch, success, &alarms[n]);
    alarms[n] = blank;
    alarms[n].of_cost = 1;
    n += add_cost(watch, cost_usd, &alarms[n]);
    return n;
}
