/* Receives a ledger and a policy, hands on the facts that a report and its verdicts rest on. */
#include "report.h"

#include <math.h>

/* Mean measured cost of a rung's tasks and its variance; NAN where too few were measured. */
struct measured {
    double mean, variance;
};

static struct measured measured_cost(const struct report_facts *facts, int rung)
{
    size_t n_of_kind = 0;
    int64_t n = 0;
    double usd = 0, squares = 0;
    const struct ledger_tally *tallies =
        ledger_tallies_of(facts->tallies, facts->n_tallies, LEDGER_BY_RUNG, &n_of_kind);
    for (size_t i = 0; i < n_of_kind; i++)
        if (slice_equal(tallies[i].key, facts->policy->rungs[rung].name)) {
            n += tallies[i].sums.measured_n;
            usd += tallies[i].sums.measured_usd;
            squares += tallies[i].sums.measured_squares;
        }
    if (n < REPORT_MEASURED_LEAST)
        return (struct measured){NAN, NAN};
    double mean = usd / (double)n;
    return (struct measured){mean, (squares / (double)n - mean * mean) / (double)(n - 1)};
}

/* By assumed cost, the first listed among equals, unless measured costs tell otherwise beyond
 * chance. */
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
    struct measured least = measured_cost(facts, assumed);
    for (int i = 0; i < n; i++) {
        struct measured cost = measured_cost(facts, i);
        double error = sqrt(least.variance + cost.variance);
        if (least.mean - cost.mean > 1.96 * error) { /* false where either was hardly measured */
            cheapest = i;
            least = cost;
        }
    }
    return cheapest;
}

static struct report_facts begin_facts(
    struct arena *arena, const struct policy *policy, const struct price_table *prices, int32_t day)
{
    double *assumed = ARENA_ARRAY(arena, double, policy->n_rungs);
    for (size_t i = 0; i < policy->n_rungs; i++)
        if (!policy_assumed_cost(&policy->rungs[i], prices, day, &assumed[i]))
            assumed[i] = NAN;
    return (struct report_facts){
        .policy = policy, .middle = policy->middle, .top = policy->top, .assumed_usd = assumed};
}

bool report_gather(struct arena *arena, struct ledger *ledger, const struct ledger_filter *filter,
    const struct policy *policy, const struct price_table *prices, int32_t day,
    struct report_facts *facts, struct failure *failure)
{
    *facts = begin_facts(arena, policy, prices, day);
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

bool report_gather_latest(struct arena *arena, struct ledger *ledger,
    const struct ledger_filter *filter, const struct ledger_pages *pages,
    const struct policy *policy, const struct price_table *prices, int32_t day,
    struct report_facts *facts, bool *whole, struct failure *failure)
{
    struct ledger_tally *tallies = NULL;
    *facts = begin_facts(arena, policy, prices, day);
    if (!ledger_tallies_latest(
            ledger, arena, filter, pages, &tallies, &facts->n_tallies, whole, failure) ||
        !ledger_count(ledger, &facts->counts, failure))
        return false;
    facts->tallies = tallies;
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
