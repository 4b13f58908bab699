/* What many decisions add up to: shares of rungs and strategies, and what the same tasks would have
 * cost on one rung. */
#ifndef RUNG_COMMAND_SUMMARY_H
#define RUNG_COMMAND_SUMMARY_H

#include "base/emit.h"
#include "base/table.h"
#include "decide/decide.h"
#include "source.h"

struct summary {
    const struct policy *policy;
    int cheapest;
    size_t decided, warned;
    size_t *by_rung;
    size_t by_strategy[DECIDE_STRATEGIES];
    double routed_usd;
    double *all_usd;     /* by rung: what it would have cost to do every task there */
    bool routed_assumed; /* for some task at least */
    bool *all_assumed;   /* by rung, likewise */
};

/* Of nothing yet. `cheapest` is the policy's rung of least cost. */
struct summary summary_make(struct arena *arena, const struct policy *policy, int cheapest);
void summary_count(struct summary *summary, const struct decision *decision);

void summary_print(const struct summary *summary, struct arena *arena,
    const struct source_counts *counts, FILE *out);
void summary_write(const struct summary *summary, struct arena *arena,
    const struct source_counts *counts, struct emit *emit); /* one line of JSON */

/* Rungs wear the colours of their place in the ladder: cheap, middle, dear. */
enum table_color summary_rung_color(const struct policy *policy, int rung);

/* "$0.251", or "~$0.251" where it was not measured. */
struct slice summary_money(struct arena *arena, double usd, bool measured);

#endif
