/* Receives facts, hands on what was saved against plain ways of choosing a rung, and what that
 * would come to for more tasks. */
#include "parts.h"

#include <math.h>

static struct stats_sums cost_sums(const struct ledger_sums *sums)
{
    return (struct stats_sums){(double)sums->cost_n, sums->cost_usd, sums->cost_squares};
}

static const struct interval NO_INTERVAL = {NAN, NAN, NAN};

static struct report_saving saving_against(
    struct arena *arena, const struct report_facts *facts, const struct ledger_sums *all, int rung)
{
    enum report_basis there;
    struct report_saving saving = {
        .baseline = arena_print(arena, "all-%.*s", SLICE_ARG(facts->policy->rungs[rung].name)),
        .per_task_usd = report_rung_cost(facts, rung, &there),
        .interval = NO_INTERVAL,
    };
    saving.baseline_usd = saving.per_task_usd * (double)all->cost_n;
    saving.usd = saving.baseline_usd - all->cost_usd;
    saving.percent = saving.baseline_usd > 0 ? 100 * saving.usd / saving.baseline_usd : NAN;
    saving.basis = there == REPORT_MEASURED ? report_basis_of(all) : there;
    if (saving.basis == REPORT_MEASURED) {
        struct ledger_sums sums = report_sums_of_rung(facts, rung);
        struct stats_sums here = cost_sums(all), baseline = cost_sums(&sums);
        struct interval interval = stats_saving_interval(&here, &baseline, 0.95);
        saving.interval =
            (struct interval){100 * interval.low, 100 * interval.mean, 100 * interval.high};
    }
    return saving;
}

/* Chance would have used the same rungs as often, for other tasks. Where nothing was explored the
 * mean cost of each rung is all that is known, and then chance costs what was spent. */
static struct report_saving saving_against_chance(
    const struct report_facts *facts, const struct ledger_sums *all)
{
    struct report_saving saving = {.baseline = slice_from("random-same-share"),
        .interval = NO_INTERVAL,
        .basis = report_basis_of(all)};
    double usd = 0, variance = 0, share_known = 0;
    bool explored = true;
    for (int i = 0; i < (int)facts->policy->n_rungs; i++) {
        struct ledger_sums sums = report_sums_of_rung(facts, i);
        if (sums.cost_n == 0)
            continue;
        double n = (double)sums.cost_n;
        struct report_estimate chance = report_weighted_cost(report_sums_of_action(facts, i));
        explored = explored && chance.effective >= REPORT_EFFECTIVE_LEAST;
        usd += n * chance.mean;
        variance += n * n * chance.variance;
        share_known += n;
    }
    explored = explored && share_known == (double)all->cost_n && saving.basis == REPORT_MEASURED;
    saving.by_construction = !explored;
    saving.baseline_usd = explored ? usd : all->cost_usd;
    saving.per_task_usd = saving.baseline_usd / (double)all->cost_n;
    saving.usd = saving.baseline_usd - all->cost_usd;
    saving.percent = saving.baseline_usd > 0 ? 100 * saving.usd / saving.baseline_usd : NAN;
    if (explored) {
        double half =
            100 * stats_normal_quantile(0.975) * sqrt(variance) * all->cost_usd / (usd * usd);
        saving.interval =
            (struct interval){saving.percent - half, saving.percent, saving.percent + half};
    }
    return saving;
}

const char *report_why_no_interval(const struct report_saving *saving)
{
    if (saving->by_construction)
        return "0 by construction: nothing explored";
    return saving->basis == REPORT_MEASURED ? "no interval: too few tasks" : "no interval: assumed";
}

static void project(
    const struct ledger_sums *all, const struct report_saving *middle, struct report *report)
{
    static const int64_t tasks[REPORT_PROJECTIONS] = {100, 1000, 10000};
    double per_task = all->cost_usd / (double)all->cost_n;
    for (size_t i = 0; i < REPORT_PROJECTIONS; i++) {
        double n = (double)tasks[i], baseline = n * middle->per_task_usd;
        report->projections[i] = (struct report_projection){.tasks = tasks[i],
            .against = middle->baseline,
            .actual = n * per_task,
            .baseline = baseline,
            .saved = baseline - n * per_task,
            .interval = {baseline * middle->interval.low / 100, baseline - n * per_task,
                baseline * middle->interval.high / 100},
            .basis = middle->basis};
        if (isnan(middle->interval.low))
            report->projections[i].interval = NO_INTERVAL;
    }
    report->n_projections = REPORT_PROJECTIONS;
}

void report_add_savings(
    struct arena *arena, const struct report_facts *facts, struct report *report)
{
    const struct ledger_sums *all = report_sums_of_all(facts);
    const int rungs[] = {facts->cheapest, facts->middle, facts->top};
    if (all->cost_n == 0)
        return;
    for (size_t i = 0; i < sizeof(rungs) / sizeof(rungs[0]); i++) {
        bool is_again = false;
        for (size_t before = 0; before < i; before++)
            is_again = is_again || rungs[before] == rungs[i];
        if (!is_again)
            report->savings[report->n_savings++] = saving_against(arena, facts, all, rungs[i]);
    }
    report->savings[report->n_savings++] = saving_against_chance(facts, all);
    struct report_saving middle = saving_against(arena, facts, all, facts->middle);
    if (!isnan(middle.per_task_usd))
        project(all, &middle, report);
}
