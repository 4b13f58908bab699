/* Receives outcomes one by one, hands on an alarm when they no longer look like what was learnt.
 * Refuses to say why, and to watch for changes that are known, such as a new model version. */
#include "stats/stats.h"

#include <math.h>

/* The limit at which false alarms come every 2,300 tasks, by expected rate: computed by
 * test/oracle/drift_oracle.py. */
static const struct {
    double rate, limit;
} limits[] = {
    {0.02, 2.76},
    {0.05, 3.55},
    {0.10, 4.16},
    {0.20, 4.74},
    {0.30, 5.04},
    {0.40, 5.18},
    {0.50, 5.27},
    {0.60, 5.30},
    {0.70, 5.25},
    {0.80, 5.10},
    {0.85, 4.93},
    {0.90, 4.65},
    {0.95, 4.11},
    {0.98, 3.34},
};

struct stats_success_drift stats_success_drift_from(double expected)
{
    const double odds_factor = 0.35;
    double p0 = fmin(0.98, fmax(0.02, expected));
    double odds = odds_factor * p0 / (1 - p0);
    size_t i = 1;
    while (limits[i].rate < p0)
        i++;
    double part = (p0 - limits[i - 1].rate) / (limits[i].rate - limits[i - 1].rate);
    return (struct stats_success_drift){
        .expected = p0,
        .feared = odds / (1 + odds),
        .limit = limits[i - 1].limit + part * (limits[i].limit - limits[i - 1].limit),
    };
}

bool stats_success_drift_add(struct stats_success_drift *drift, bool success)
{
    double p0 = drift->expected, p1 = drift->feared;
    drift->sum += success ? log(p1 / p0) : log((1 - p1) / (1 - p0));
    if (drift->sum < 0)
        drift->sum = 0;
    bool alarm = drift->sum >= drift->limit;
    if (alarm)
        drift->sum = 0;
    return alarm;
}

int stats_cost_drift_add(struct stats_cost_drift *drift, double residual)
{
    /* Half a standard deviation of slack; with this limit normal residuals give a false alarm
     * about every 2,300 tasks (Siegmund's approximation, both sides). */
    const double slack = 0.5, limit = 6.6, cut = 4;
    double z = fmin(cut, fmax(-cut, residual));
    drift->up = fmax(0, drift->up + z - slack);
    drift->down = fmax(0, drift->down - z - slack);
    int alarm = drift->up >= limit ? 1 : drift->down >= limit ? -1 : 0;
    if (alarm)
        *drift = (struct stats_cost_drift){0, 0};
    return alarm;
}
