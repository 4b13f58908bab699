/* Receives a ledger and a policy, hands on the facts that a report and its verdicts rest on. */
#include "report.h"

#include <math.h>

/* Mean measured cost of the tasks that began on a rung, NAN where too few were measured. */
static double measured_mean(const struct report_facts *facts, int rung)
{
    size_t n = 0;
    const struct ledger_tally *tallies =
        ledger_tallies_of(facts->tallies, facts->n_tallies, LEDGER_BY_RUNG, &n);
    int64_t measured = 0;
    double usd = 0;
    for (size_t i = 0; i < n; i++)
        if (slice_equal(tallies[i].key, facts->policy->rungs[rung].name)) {
            measured += tallies[i].sums.measured_n;
            usd += tallies[i].sums.measured_usd;
        }
    return measured >= REPORT_MEASURED_LEAST ? usd / (double)measured : NAN;
}

/* The first listed among equals. */
static int cheapest_of(const struct report_facts *facts)
{
    int assumed = 0, cheapest;
    int n = (int)facts->policy->n_rungs;
    for (int i = 1; i < n; i++) {
        double usd = facts->assumed_usd[i], least = facts->assumed_usd[assumed];
        if (usd < least || (isnan(least) && !isnan(usd)))
            assumed = i;
    }
    cheapest = assumed;
    double least = measured_mean(facts, assumed);
    for (int i = 0; i < n; i++) {
        double usd = measured_mean(facts, i);
        if (usd < least) { /* false where either was hardly measured */
            cheapest = i;
            least = usd;
        }
    }
    return cheapest;
}

bool report_gather(struct arena *arena, struct ledger *ledger, const struct ledger_filter *filter,
    const struct policy *policy, const struct price_table *prices, int32_t day,
    struct report_facts *facts, struct failure *failure)
{
    *facts = (struct report_facts){.policy = policy, .middle = policy->middle, .top = policy->top};
    double *assumed = ARENA_ARRAY(arena, double, policy->n_rungs);
    for (size_t i = 0; i < policy->n_rungs; i++)
        if (!policy_assumed_cost(&policy->rungs[i], prices, day, &assumed[i]))
            assumed[i] = NAN;
    facts->assumed_usd = assumed;
    if (ledger) {
        struct ledger_tally *tallies = NULL;
        if (!ledger_tallies(ledger, arena, filter, &tallies, &facts->n_tallies, failure) ||
            !ledger_count(ledger, &facts->counts, failure))
            return false;
        facts->tallies = tallies;
    }
    facts->cheapest = cheapest_of(facts);
    return true;
}

bool report_read_recent(struct arena *arena, struct ledger *ledger,
    const struct ledger_filter *filter, size_t most, struct report *report, struct failure *failure)
{
    struct ledger_filter done = filter ? *filter : (struct ledger_filter){0};
    done.state = LEDGER_DONE;
    report->n_recent = 0;
    if (!ledger || most == 0)
        return true;
    struct ledger_walk *walk = NULL;
    if (!ledger_walk_open(ledger, &done, LEDGER_NEWEST, most, &walk, failure))
        return false;
    enum ledger_next next;
    size_t room = 0;
    struct experiment experiment;
    while ((next = ledger_walk_next(walk, arena, &experiment, failure)) == LEDGER_ROW) {
        report->recent =
            arena_grow(arena, report->recent, report->n_recent, &room, sizeof(*report->recent));
        report->recent[report->n_recent++] = experiment;
    }
    ledger_walk_close(walk);
    return next == LEDGER_END;
}
