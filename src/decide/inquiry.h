/* Inside the decide room: one task on its way from the tiers to a decision. */
#ifndef RUNG_DECIDE_INQUIRY_H
#define RUNG_DECIDE_INQUIRY_H

#include "decide.h"

struct inquiry {
    const struct decider *decider;
    const struct policy *policy;
    const struct task *task;
    struct arena *arena;
    struct decision *decision;
};

static inline struct slice rung_name(const struct inquiry *inquiry, int rung)
{
    return inquiry->policy->rungs[rung].name;
}

/* Fills an option for every rung: from evidence where there is any, else from what the policy
 * assumes and the tier states. */
void weigh_options(struct inquiry *inquiry);

/* Lets evidence move the choice where the policy has a goal and enough is known, mixes and
 * explores; sets confidence, success and cost. */
void weigh_evidence(struct inquiry *inquiry);

/* Says of every other rung why it was not chosen. */
void explain_options(struct inquiry *inquiry);

#endif
