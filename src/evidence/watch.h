/* Inside the evidence room: watches over success and cost, one for each arm and one for each arm
 * on tasks of one label, that tell when the world has changed. */
#ifndef RUNG_EVIDENCE_WATCH_H
#define RUNG_EVIDENCE_WATCH_H

#include "stats/stats.h"

enum {
    WATCH_BASELINE = 200, /* outcomes from which a watch learns what is usual */
    WATCHES_MOST = 2048,
    WATCH_ALARMS_MOST = 256,
    WATCH_NO_LABEL = -1,
};

struct watch {
    int32_t arm, label;  /* label WATCH_NO_LABEL: all tasks */
    double n, successes; /* of the baseline */
    double costs, log_mean, log_squares;
    struct stats_success_drift success;
    struct stats_cost_drift cost;
    /* Since the watch last had no suspicion: the tasks that an alarm then rests on. */
    double suspect_n, suspect_successes, suspect_costs, suspect_log;
};

struct watch_alarm {
    int32_t arm, label;
    int32_t of_cost;
    int32_t unused;
    double expected, seen; /* success rate, or geometric mean of the cost in USD */
    int64_t at_ms;
};

/* Takes one outcome; cost NAN where not measured. Fills up to two alarms and returns how many;
 * after an alarm the watch learns anew what is usual. */
int watch_add(struct watch *watch, bool success, double cost_usd, int64_t at_ms,
    struct watch_alarm alarms[2]);

#endif
