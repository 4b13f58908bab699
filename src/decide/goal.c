/* Receives what each rung is expected to do, hands on the action worth most. After Dekoninck et
 * al. (ICML 2025): an action's utility is value × success − cost; a constraint on the mean is met
 * by mixing the two actions beside the border. */
#include "goal.h"

#include <math.h>

enum { COSTS_ENOUGH = 10, BISECTIONS = 60 };

static const double VALUE_LEAST = 1e-4, VALUE_MOST = 1e5; /* USD that a success is worth */

bool goal_is_known(const struct evidence_estimate *estimate)
{
    return estimate->outcomes >= EVIDENCE_ENOUGH && estimate->costs >= COSTS_ENOUGH &&
           estimate->success.mean >= 0 && estimate->cost_usd.mean >= 0;
}

/* Adds a rung to climb to, after the action's last one failed. */
static struct action extend(const struct decider *decider,
    const struct evidence_estimate *estimates, const struct action *action, int rung)
{
    struct action longer = *action;
    double success = estimates[rung].success.mean, failed = 1 - action->success;
    if (action->n > 0)
        success = evidence_after_failure(
            decider->evidence, &decider->arms, action->rungs[action->n - 1], rung, success);
    longer.rungs[longer.n++] = rung;
    longer.success += failed * success;
    longer.cost_usd += failed * estimates[rung].cost_usd.mean;
    return longer;
}

struct search {
    const struct decider *decider;
    const struct evidence_estimate *estimates;
    double value_usd;
    struct action best;
    double best_utility;
};

/* Weighs an action and, where gates tell success from failure, those that climb on from it to a
 * dearer rung. */
static void search_from(struct search *search, const struct action *action)
{
    const struct policy *policy = search->decider->policy;
    double utility = search->value_usd * action->success - action->cost_usd;
    if (action->n > 0 && utility > search->best_utility) {
        search->best = *action;
        search->best_utility = utility;
    }
    if (action->n == GOAL_CLIMBS_MOST || (action->n > 0 && policy->n_gates == 0))
        return;
    double floor_usd =
        action->n ? search->estimates[action->rungs[action->n - 1]].cost_usd.mean : -1;
    for (int i = 0; i < (int)policy->n_rungs; i++) {
        if (!goal_is_known(&search->estimates[i]) ||
            !(search->estimates[i].cost_usd.mean > floor_usd))
            continue;
        struct action longer = extend(search->decider, search->estimates, action, i);
        search_from(search, &longer);
    }
}

bool goal_choose(const struct decider *decider, const struct evidence_estimate *estimates,
    double value_usd, struct action *best)
{
    struct search search = {decider, estimates, value_usd, {{0}, 0, 0, 0}, -INFINITY};
    const struct action nothing = {{0}, 0, 0, 0};
    search_from(&search, &nothing);
    *best = search.best;
    return search.best.n > 0;
}

double goal_break_even(
    const struct decider *decider, const struct evidence_estimate *estimates, int failed, int next)
{
    return estimates[next].cost_usd.mean / evidence_after_failure(decider->evidence, &decider->arms,
                                               failed, next, estimates[next].success.mean);
}

/* What a value of success does on average over the kinds of task that were learned from. */
struct mean_result {
    double success, cost_usd;
};

struct tuning {
    const struct decider *decider;
    struct evidence_kind *kinds;
    size_t n_kinds;
    struct evidence_estimate *estimates; /* [kind][rung] */
};

static struct mean_result mean_at(const struct tuning *tuning, double value_usd)
{
    struct mean_result mean = {0};
    double tasks = 0;
    size_t n_rungs = tuning->decider->policy->n_rungs;
    for (size_t i = 0; i < tuning->n_kinds; i++) {
        struct action action;
        double weight = tuning->kinds[i].tasks;
        if (!goal_choose(tuning->decider, tuning->estimates + i * n_rungs, value_usd, &action))
            continue;
        mean.success += weight * action.success;
        mean.cost_usd += weight * action.cost_usd;
        tasks += weight;
    }
    mean.success /= tasks;
    mean.cost_usd /= tasks;
    return mean;
}

/* Mean success of one rung over the kinds of task; NAN where it is not known. */
static double success_of(const struct tuning *tuning, int rung)
{
    double sum = 0, tasks = 0;
    size_t n_rungs = tuning->decider->policy->n_rungs;
    for (size_t i = 0; i < tuning->n_kinds; i++) {
        const struct evidence_estimate *estimate = &tuning->estimates[i * n_rungs + (size_t)rung];
        sum += tuning->kinds[i].tasks * (goal_is_known(estimate) ? estimate->success.mean : NAN);
        tasks += tuning->kinds[i].tasks;
    }
    return sum / tasks;
}

/* Bisects, on the log scale, for the border below which `measure` stays under `target`. */
static struct evidence_goal border(
    const struct tuning *tuning, double (*measure)(struct mean_result), double target)
{
    double low = VALUE_LEAST, high = VALUE_MOST;
    if (measure(mean_at(tuning, low)) >= target)
        return (struct evidence_goal){low, low, 0};
    if (!(measure(mean_at(tuning, high)) >= target))
        return (struct evidence_goal){high, high, 0};
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = sqrt(low * high);
        if (measure(mean_at(tuning, middle)) >= target)
            high = middle;
        else
            low = middle;
    }
    double below = measure(mean_at(tuning, low)), above = measure(mean_at(tuning, high));
    return (struct evidence_goal){low, high, (target - below) / (above - below)};
}

static double measure_success(struct mean_result mean)
{
    return mean.success;
}

static double measure_cost(struct mean_result mean)
{
    return mean.cost_usd;
}

static struct evidence_goal tune(const struct tuning *tuning)
{
    const struct policy_goal *goal = &tuning->decider->policy->goal;
    double keep = NAN;
    switch (goal->kind) {
    case POLICY_GOAL_TIERS:
        break;
    case POLICY_GOAL_VALUE:
        return (struct evidence_goal){goal->value_usd, goal->value_usd, 0};
    case POLICY_GOAL_KEEP:
        keep = success_of(tuning, goal->keep);
        if (isnan(keep))
            break;
        return border(tuning, measure_success, keep - goal->within);
    case POLICY_GOAL_BUDGET:
        return border(tuning, measure_cost,
            goal->budget_usd / evidence_tell(tuning->decider->evidence).tasks_per_day);
    }
    return (struct evidence_goal){0, 0, 0};
}

struct evidence_goal decide_tune(const struct decider *decider, struct arena *arena)
{
    struct tuning tuning = {.decider = decider};
    const struct evidence_goal none = {0, 0, 0};
    if (!decider->evidence || decider->policy->goal.kind == POLICY_GOAL_TIERS)
        return none;
    tuning.n_kinds = evidence_kinds(decider->evidence, arena, &tuning.kinds);
    if (tuning.n_kinds == 0)
        return none;
    size_t n_rungs = decider->policy->n_rungs;
    tuning.estimates = ARENA_ARRAY(arena, struct evidence_estimate, tuning.n_kinds * n_rungs);
    const struct slice empty = {"", 0};
    for (size_t i = 0; i < tuning.n_kinds; i++)
        evidence_estimate(decider->evidence, &decider->arms, n_rungs, empty, empty,
            tuning.kinds[i].labels, tuning.kinds[i].n_labels, decider->view,
            tuning.estimates + i * n_rungs);
    return tune(&tuning);
}
