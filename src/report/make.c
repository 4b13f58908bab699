/* Receives facts, hands on the report: groups, period, calibration. What the money says is in
 * savings.c, what a person should be told besides in remarks.c. */
#include "parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct by_row {
    const char *name;
    enum ledger_kind kind;
} BY[REPORT_BY_NONE] = {
    [REPORT_BY_MODEL] = {"model", LEDGER_BY_MODEL},
    [REPORT_BY_STRATEGY] = {"strategy", LEDGER_BY_STRATEGY},
    [REPORT_BY_LABEL] = {"label", LEDGER_BY_LABEL},
    [REPORT_BY_PATTERN] = {"pattern", LEDGER_BY_PATTERN},
    [REPORT_BY_PROJECT] = {"project", LEDGER_BY_PROJECT},
    [REPORT_BY_DAY] = {"day", LEDGER_BY_DAY},
};

const char *report_by_name(enum report_by by)
{
    return by < REPORT_BY_NONE ? BY[by].name : NULL;
}

bool report_by_from_name(struct slice name, enum report_by *by)
{
    for (int i = 0; i < REPORT_BY_NONE; i++)
        if (slice_is(name, BY[i].name)) {
            *by = (enum report_by)i;
            return true;
        }
    return false;
}

const char *report_basis_name(enum report_basis basis)
{
    static const char *const names[] = {NULL, "assumed", "measured"};
    return names[basis];
}

enum report_basis report_basis_of(const struct ledger_sums *sums)
{
    if (sums->cost_n == 0)
        return REPORT_UNKNOWN;
    return sums->measured_n == sums->cost_n ? REPORT_MEASURED : REPORT_ASSUMED;
}

static double mean(double sum, int64_t n)
{
    return n ? sum / (double)n : NAN;
}

static struct report_group group_of(struct slice key, const struct ledger_sums *sums)
{
    double rate = mean((double)sums->accepted, sums->n);
    double per_task = mean(sums->cost_usd, sums->cost_n);
    return (struct report_group){
        .key = key,
        .n = sums->n,
        .accepted = sums->accepted,
        .success = stats_wilson((double)sums->accepted, (double)sums->n, 0.95),
        .cost_usd = sums->cost_n ? sums->cost_usd : NAN,
        .basis = report_basis_of(sums),
        .cost_per_task = per_task,
        .cost_per_accepted = rate > 0 ? per_task / rate : NAN,
        .seconds = mean(sums->seconds, sums->seconds_n),
        .quality = mean(sums->quality, sums->quality_n),
        .stated = mean(sums->confidence, sums->stated),
    };
}

static int more_first(const void *left, const void *right)
{
    const struct report_group *a = left, *b = right;
    if (a->n != b->n)
        return a->n > b->n ? -1 : 1;
    return slice_compare(a->key, b->key);
}

/* Rungs stand in the order of the ladder, those that it has no more behind them. */
static void sort_by_ladder(const struct policy *policy, struct report_groups *groups)
{
    size_t placed = 0;
    for (size_t rung = 0; rung < policy->n_rungs; rung++)
        for (size_t i = placed; i < groups->n; i++)
            if (slice_equal(groups->items[i].key, policy->rungs[rung].name)) {
                struct report_group found = groups->items[i];
                memmove(&groups->items[placed + 1], &groups->items[placed],
                    (i - placed) * sizeof(found));
                groups->items[placed++] = found;
                break;
            }
}

static struct report_groups groups_of(
    struct arena *arena, const struct report_facts *facts, enum report_by by)
{
    struct report_groups groups = {0};
    size_t n = 0;
    const struct ledger_tally *tallies =
        ledger_tallies_of(facts->tallies, facts->n_tallies, BY[by].kind, &n);
    groups.items = ARENA_ARRAY(arena, struct report_group, n);
    for (size_t i = 0; i < n; i++)
        if (tallies[i].sums.n > 0)
            groups.items[groups.n++] = group_of(tallies[i].key, &tallies[i].sums);
    if (by == REPORT_BY_MODEL)
        sort_by_ladder(facts->policy, &groups);
    else if (by != REPORT_BY_DAY && groups.n)
        qsort(groups.items, groups.n, sizeof(*groups.items), more_first);
    return groups;
}

const struct ledger_sums *report_sums_of_all(const struct report_facts *facts)
{
    static const struct ledger_sums nothing;
    size_t n = 0;
    const struct ledger_tally *all =
        ledger_tallies_of(facts->tallies, facts->n_tallies, LEDGER_ALL, &n);
    return n ? &all->sums : &nothing;
}

const struct ledger_sums *report_sums_of_action(const struct report_facts *facts, int rung)
{
    size_t n = 0;
    const struct ledger_tally *tallies =
        ledger_tallies_of(facts->tallies, facts->n_tallies, LEDGER_BY_ACTION, &n);
    for (size_t i = 0; i < n; i++)
        if (slice_equal(tallies[i].key, facts->policy->rungs[rung].name))
            return &tallies[i].sums;
    return NULL;
}

struct ledger_sums report_sums_of_rung(const struct report_facts *facts, int rung)
{
    struct ledger_sums total = {0};
    size_t n = 0;
    const struct ledger_tally *tallies =
        ledger_tallies_of(facts->tallies, facts->n_tallies, LEDGER_BY_RUNG, &n);
    for (size_t i = 0; i < n; i++) {
        const struct ledger_sums *sums = &tallies[i].sums;
        if (!slice_equal(tallies[i].key, facts->policy->rungs[rung].name))
            continue;
        total.n += sums->n;
        total.accepted += sums->accepted;
        total.cost_n += sums->cost_n;
        total.cost_usd += sums->cost_usd;
        total.cost_squares += sums->cost_squares;
        total.measured_n += sums->measured_n;
        total.measured_usd += sums->measured_usd;
        total.measured_squares += sums->measured_squares;
    }
    return total;
}

double report_rung_cost(const struct report_facts *facts, int rung, enum report_basis *basis)
{
    struct ledger_sums sums = report_sums_of_rung(facts, rung);
    double usd = sums.cost_n ? sums.cost_usd / (double)sums.cost_n : facts->assumed_usd[rung];
    if (basis)
        *basis = isnan(usd)    ? REPORT_UNKNOWN
                 : sums.cost_n ? report_basis_of(&sums)
                               : REPORT_ASSUMED;
    return usd;
}

/* ---- calibration ---- */

enum { NULL_ROUNDS = 2000, EXACT_MOST = 64 };

/* A draw of Binomial(n, p) ÷ n: by throws where n is small, else by its normal limit. */
static double draw_rate(struct dice *dice, int64_t n, double p)
{
    double count = 0;
    if (n > EXACT_MOST) {
        double z = stats_normal_quantile(dice_unit(dice) * (1 - 1e-12) + 5e-13);
        double rate = p + z * sqrt(p * (1 - p) / (double)n);
        return rate < 0 ? 0 : rate > 1 ? 1 : rate;
    }
    for (int64_t i = 0; i < n; i++)
        count += dice_unit(dice) < p;
    return count / (double)n;
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* What error a forecaster would show whose every stated confidence is true, in the same bins. */
static struct interval null_band(struct arena *arena, const struct report_calibration *calibration)
{
    struct dice dice = dice_from_seed((uint64_t)calibration->n);
    double *errors = ARENA_ARRAY(arena, double, NULL_ROUNDS);
    double sum = 0;
    for (int round = 0; round < NULL_ROUNDS; round++) {
        for (size_t i = 0; i < calibration->n_bins; i++) {
            const struct report_bin *bin = &calibration->bins[i];
            errors[round] += (double)bin->n / (double)calibration->n *
                             fabs(draw_rate(&dice, bin->n, bin->stated) - bin->stated);
        }
        sum += errors[round];
    }
    qsort(errors, NULL_ROUNDS, sizeof(*errors), compare_doubles);
    return (struct interval){
        errors[NULL_ROUNDS / 20], sum / NULL_ROUNDS, errors[NULL_ROUNDS - NULL_ROUNDS / 20]};
}

static void calibrate(
    struct arena *arena, const struct report_facts *facts, struct report_calibration *calibration)
{
    const struct ledger_sums *all = report_sums_of_all(facts);
    *calibration = (struct report_calibration){.n = all->calibrated,
        .stated = mean(all->calibrated_confidence, all->calibrated),
        .observed = mean((double)all->calibrated_accepted, all->calibrated),
        .error = NAN,
        .error_null = {NAN, NAN, NAN}};
    size_t n = 0;
    const struct ledger_tally *tallies =
        ledger_tallies_of(facts->tallies, facts->n_tallies, LEDGER_BY_CONFIDENCE, &n);
    if (calibration->n == 0)
        return;
    calibration->error = 0;
    for (size_t i = 0; i < n && calibration->n_bins < REPORT_BINS; i++) {
        const struct ledger_sums *sums = &tallies[i].sums;
        int64_t tenth = 0;
        if (sums->calibrated == 0 || !slice_to_int64(tallies[i].key, &tenth))
            continue;
        struct report_bin bin = {.from = (double)tenth / REPORT_BINS,
            .to = (double)(tenth + 1) / REPORT_BINS,
            .n = sums->calibrated,
            .stated = mean(sums->calibrated_confidence, sums->calibrated),
            .observed =
                stats_wilson((double)sums->calibrated_accepted, (double)sums->calibrated, 0.95)};
        calibration->error +=
            (double)bin.n / (double)calibration->n * fabs(bin.observed.mean - bin.stated);
        calibration->bins[calibration->n_bins++] = bin;
    }
    calibration->error_null = null_band(arena, calibration);
}

void report_make(struct arena *arena, const struct report_facts *facts, struct report *report)
{
    *report = (struct report){.policy = facts->policy};
    report->all = group_of(slice_from("all"), report_sums_of_all(facts));
    for (int by = 0; by < REPORT_BY_NONE; by++)
        report->by[by] = groups_of(arena, facts, (enum report_by)by);
    const struct report_groups *days = &report->by[REPORT_BY_DAY];
    if (days->n) {
        report->first_day = days->items[0].key;
        report->last_day = days->items[days->n - 1].key;
    }
    calibrate(arena, facts, &report->calibration);
    report_make_phases(arena, facts, &report->phases);
    report_add_savings(arena, facts, report);
    report_add_gates(arena, facts, report);
    report_add_remarks(arena, facts, report);
}
