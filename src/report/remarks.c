/* Receives facts and a report, adds what a person should be told before believing it: warnings
 * about the router, notes about the numbers. */
#include "parts.h"

#include <inttypes.h>
#include <math.h>

static const double ONE_RUNG_SHARE = 0.95;
enum { ONE_RUNG_TASKS_LEAST = 20 };

static void warn(struct report *report, struct slice text)
{
    if (report->n_warnings < REPORT_REMARKS_MOST)
        report->warnings[report->n_warnings++] = text;
}

static void note(struct report *report, struct slice text)
{
    if (report->n_notes < REPORT_REMARKS_MOST)
        report->notes[report->n_notes++] = text;
}

static void warn_of_one_rung(struct arena *arena, struct report *report)
{
    const struct report_groups *models = &report->by[REPORT_BY_MODEL];
    for (size_t i = 0; i < models->n; i++) {
        const struct report_group *group = &models->items[i];
        double share = (double)group->n / (double)report->all.n;
        if (report->all.n >= ONE_RUNG_TASKS_LEAST && share > ONE_RUNG_SHARE)
            warn(report, arena_print(arena,
                             "the router is degenerate: %.*s did %.1f %% of %" PRId64
                             " tasks, so nothing was really chosen",
                             SLICE_ARG(group->key), 100 * share, report->all.n));
    }
}

static bool is_used(const struct report_facts *facts, int rung)
{
    struct slice name = facts->policy->rungs[rung].name;
    static const enum ledger_kind kinds[] = {LEDGER_BY_MODEL, LEDGER_BY_RUNG, LEDGER_BY_ATTEMPT};
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        size_t n = 0;
        const struct ledger_tally *tallies =
            ledger_tallies_of(facts->tallies, facts->n_tallies, kinds[k], &n);
        for (size_t i = 0; i < n; i++)
            if (slice_equal(tallies[i].key, name) && tallies[i].sums.n > 0)
                return true;
    }
    return false;
}

static void warn_of_unused(
    struct arena *arena, const struct report_facts *facts, struct report *report)
{
    struct slice list = {0};
    for (int i = 0; i < (int)facts->policy->n_rungs; i++)
        if (!is_used(facts, i))
            list = arena_print(arena, "%.*s%s%.*s", SLICE_ARG(list), list.len ? ", " : "",
                SLICE_ARG(facts->policy->rungs[i].name));
    if (list.len)
        warn(report, arena_print(arena, "never used: %.*s; what is never tried is never learned",
                         SLICE_ARG(list)));
}

/* Acceptance against what chance would have reached at the same shares, from explored tasks. */
static void warn_of_chance(
    struct arena *arena, const struct report_facts *facts, struct report *report)
{
    double chance = 0, variance = 0, n = (double)report->all.n, known = 0;
    bool explored = true;
    size_t used = 0;
    for (int i = 0; i < (int)facts->policy->n_rungs; i++) {
        struct ledger_sums sums = report_sums_of_rung(facts, i);
        if (sums.n == 0)
            continue;
        double share = (double)sums.n / n;
        struct report_estimate there = report_weighted_success(report_sums_of_action(facts, i));
        explored = explored && there.effective >= REPORT_EFFECTIVE_LEAST;
        chance += share * there.mean;
        variance += share * share * there.variance;
        known += (double)sums.n;
        used++;
    }
    if (used < 2)
        return; /* one rung is one rung; the other warnings say so */
    if (!explored || known < n) {
        note(report,
            slice_from("whether the router beats random choice at the same shares cannot be told: "
                       "too little was explored (`explore:` in the policy)"));
        return;
    }
    double rate = report->all.success.mean, difference = rate - chance;
    double half = stats_normal_quantile(0.975) * sqrt(variance + rate * (1 - rate) / n);
    if (fabs(difference) <= half)
        warn(report,
            arena_print(arena,
                "indistinguishable from random at the same shares: %.1f %% accepted, chance "
                "%.1f %%, difference %+.3f within ±%.3f",
                100 * rate, 100 * chance, difference, half));
}

/* Figures that were published about records which anyone may import, and what is wrong with
 * them; shown where the ledger holds exactly those records. */
static const struct published {
    const char *project_day; /* the first and the last day of the records */
    const char *last_day;
    int64_t n, accepted;
    int64_t spent_micro_usd;
    const char *note;
} PUBLISHED[] = {
    {"2026-01-05", "2026-01-06", 8, 8, 26000,
        "the table that was published for these eight tasks ($3.25, $32.50, $325 against $10, "
        "$100, $1,000) is ten times too high: 100 tasks at $0.00325 are $0.325"},
};

static void note_published(struct report *report)
{
    for (size_t i = 0; i < sizeof(PUBLISHED) / sizeof(PUBLISHED[0]); i++) {
        const struct published *row = &PUBLISHED[i];
        if (report->all.n == row->n && report->all.accepted == row->accepted &&
            llround(report->all.cost_usd * 1e6) == row->spent_micro_usd &&
            slice_is(report->first_day, row->project_day) &&
            slice_is(report->last_day, row->last_day))
            note(report, slice_from(row->note));
    }
}

static void note_basis(struct arena *arena, const struct report_facts *facts, struct report *report)
{
    const struct ledger_sums *all = report_sums_of_all(facts);
    if (all->cost_n && all->measured_n == 0)
        note(report,
            slice_from(
                "every cost is assumed: savings and projections are arithmetic on constants, "
                "not measurements"));
    else if (all->measured_n < all->cost_n)
        note(report, arena_print(arena, "%" PRId64 " of %" PRId64 " costs are assumed",
                         all->cost_n - all->measured_n, all->cost_n));
    if (all->cost_n < all->n)
        note(report,
            arena_print(arena,
                "the cost of %" PRId64 " tasks is not known; they are left out of every cost",
                all->n - all->cost_n));
    if (all->n && all->verified < all->n)
        note(report,
            arena_print(arena,
                "%" PRId64 " of %" PRId64
                " outcomes were verified by a test or a review; the others are somebody's word",
                all->verified, all->n));
}

static void tell_gates(struct arena *arena, struct report *report)
{
    for (size_t i = 0; i < report->n_gates; i++) {
        struct slice text = report_gate_text(arena, &report->gates[i]);
        if (report->gates[i].flaky)
            warn(report, text);
        else
            note(report, text);
    }
}

void report_add_remarks(
    struct arena *arena, const struct report_facts *facts, struct report *report)
{
    tell_gates(arena, report);
    if (report->all.n) {
        warn_of_one_rung(arena, report);
        warn_of_unused(arena, facts, report);
        warn_of_chance(arena, facts, report);
        note_basis(arena, facts, report);
        note_published(report);
    }
    if (facts->counts.pending)
        note(report,
            arena_print(arena, "%" PRId64 " decisions are pending: `rung log` completes them",
                facts->counts.pending));
    if (facts->counts.rejected)
        note(report, arena_print(arena, "%" PRId64 " lines that could not be read were kept aside",
                         facts->counts.rejected));
}
