/* Receives sums over experiments that were paired, hands on a verdict on what another rung than the
 * middle one loses or gains on the very same tasks. Refuses to know how the pairs were chosen. */
#include "parts.h"

#include <math.h>

static const double DIFFERENCES[3] = {-1, 0, 1};

/* Both halves of a pair, each done once, one of them on the middle rung. */
static void add_pair(
    struct report_pairs *pairs, const struct ledger_sums *other, const struct ledger_sums *middle)
{
    if (other->n != 1 || middle->n != 1)
        return;
    size_t at = (size_t)(1 + other->accepted - middle->accepted);
    pairs->n++;
    pairs->both_accepted += other->accepted && middle->accepted;
    pairs->all[at]++;
    pairs->verified[at] += other->verified && middle->verified;
}

struct report_pairs report_find_pairs(const struct report_facts *facts)
{
    struct report_pairs pairs = {0};
    size_t n = 0;
    const struct ledger_tally *tallies =
        ledger_tallies_of(facts->tallies, facts->n_tallies, LEDGER_BY_PAIR, &n);
    struct slice middle = facts->policy->rungs[facts->middle].name;
    for (size_t i = 0, next; i < n; i = next) {
        for (next = i + 1; next < n && slice_equal(tallies[next].key, tallies[i].key);)
            next++;
        if (next - i != 2)
            continue;
        bool first = slice_equal(tallies[i].second, middle);
        if (first || slice_equal(tallies[i + 1].second, middle))
            add_pair(&pairs, &tallies[first ? i + 1 : i].sums, &tallies[first ? i : i + 1].sums);
    }
    return pairs;
}

static struct stats_valued valued(const double counts[3])
{
    return (struct stats_valued){DIFFERENCES, counts, 3};
}

/* The least mean that the e-process does not exclude. */
static double lower_bound(const double counts[3])
{
    struct stats_valued seen = valued(counts);
    double low = -1, high = 1;
    for (int step = 0; step < 50; step++) {
        double mean = (low + high) / 2;
        if (stats_log_eprocess_mean_above(&seen, -1, mean) >= -log(REPORT_ALPHA))
            low = mean;
        else
            high = mean;
    }
    return low;
}

static enum stats_verdict judge(const struct report_pairs *pairs, double margin)
{
    struct stats_valued all = valued(pairs->all), verified = valued(pairs->verified);
    if (stats_log_eprocess_mean_above(&verified, -1, -margin) >= -log(REPORT_ALPHA))
        return STATS_SUPPORTED;
    if (stats_log_eprocess_mean_below(&all, 1, -margin) >= -log(REPORT_ALPHA))
        return STATS_REFUTED;
    return STATS_INSUFFICIENT;
}

void report_judge_pairs(struct arena *arena, const struct report_facts *facts,
    const struct report_pairs *pairs, double margin, struct report_verdict *row)
{
    double n = (double)pairs->n,
           verified = pairs->verified[0] + pairs->verified[1] + pairs->verified[2];
    struct stats_valued seen = valued(pairs->all), sure = valued(pairs->verified);
    double log_e = stats_log_eprocess_mean_above(&seen, -1, -margin);
    row->n = pairs->n;
    row->k = pairs->both_accepted + (int64_t)pairs->all[2];
    row->estimate = (pairs->all[2] - pairs->all[0]) / n;
    row->lower = lower_bound(pairs->all);
    row->e = log_e < 690 ? exp(log_e) : 1e300;
    row->verdict = judge(pairs, margin);
    row->more_needed = 0;
    if (row->verdict == STATS_INSUFFICIENT)
        row->more_needed = row->estimate > -margin
                               ? stats_eprocess_mean_more_needed(&sure, -1, -margin, REPORT_ALPHA)
                               : stats_eprocess_mean_more_needed(&seen, 1, -margin, REPORT_ALPHA);
    row->verified_needed = verified < n && row->estimate > -margin;
    struct slice middle = facts->policy->rungs[facts->middle].name;
    row->reason = arena_print(arena,
        "%.*s tasks were done on %.*s and on another rung: accepted on both %.0f, only on the "
        "other "
        "%.0f, only on %.*s %.0f; difference %+.3f, at least %+.3f; e-value %.*s%s",
        SLICE_ARG(report_count(arena, pairs->n)), SLICE_ARG(middle), (double)pairs->both_accepted,
        pairs->all[2], SLICE_ARG(middle), pairs->all[0], row->estimate, row->lower,
        SLICE_ARG(report_e_value(arena, row->e)),
        verified < n ? "; not all of the outcomes were verified" : "");
}
