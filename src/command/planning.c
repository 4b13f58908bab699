/* Receives what outcomes said of plans and reviews, hands on the chance with which the next task
 * gets one. Refuses to throw dice, to plan and to review: the run room does. */
#include "planning.h"

#include <math.h>

bool planning_open(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct planning *planning, struct failure *failure)
{
    struct ledger *ledger = NULL;
    struct report_facts facts;
    *planning = (struct planning){.policy = &workspace->policy};
    const struct policy *policy = &workspace->policy;
    bool plans = policy->plan_rung != POLICY_NONE && policy->plan_mode == POLICY_PLAN_AUTO;
    bool reviews = policy->review_rung != POLICY_NONE && policy->review_mode == POLICY_REVIEW_AUTO;
    if (!plans && !reviews)
        return true;
    if (!workspace_read_ledger(call, ledger_option, workspace, &ledger, failure))
        return false;
    bool ok = report_gather(call->arena, ledger, NULL, &workspace->policy, &workspace->prices,
        workspace->today, &facts, failure);
    if (ok)
        report_make_phases(call->arena, &facts, &planning->phases);
    ledger_close(ledger);
    return ok;
}

static bool has_label(const struct task *task, struct slice label)
{
    for (size_t i = 0; i < task->labels.n; i++)
        if (slice_equal(task->labels.items[i], label))
            return true;
    return false;
}

/* What the dice's tasks of one of its labels have settled, else what all of the dice's have said.
 * Tasks that people chose to plan prove nothing. */
static const struct report_planning *find_row(
    const struct report_phases *phases, const struct task *task, struct slice rung)
{
    const struct report_planning *found = NULL;
    for (size_t i = 0; i < phases->n_plans; i++) {
        const struct report_planning *row = &phases->plans[i];
        if (!row->is_randomised || !slice_equal(row->rung, rung))
            continue;
        if (row->label.len == 0)
            found = row;
        else if (row->verdict != STATS_INSUFFICIENT && has_label(task, row->label))
            return row;
    }
    return found;
}

/* A goal that says what an accepted task is worth asks for more than acceptance: the least that a
 * plan adds to it must be worth what it adds to the cost. */
static bool pays(const struct policy *policy, const struct report_planning *row)
{
    double dearer_usd = row->planned.cost_usd - row->alone.cost_usd;
    if (row->verdict != STATS_SUPPORTED)
        return false;
    return policy->goal.kind != POLICY_GOAL_VALUE || isnan(dearer_usd) ||
           policy->goal.value_usd * row->difference.low > dearer_usd;
}

static struct slice said(struct arena *arena, const struct report_planning *row, bool is_paying)
{
    const char *of = row->label.len ? row->label.base : "all";
    int of_len = row->label.len ? (int)row->label.len : 3;
    return arena_print(arena,
        "by dice on %lld tasks (%.*s, begun on %.*s) a plan changed acceptance by %+.1f [%+.1f … "
        "%+.1f] pp%s",
        (long long)row->thrown, of_len, of, SLICE_ARG(row->rung), 100 * row->difference.mean,
        100 * row->difference.low, 100 * row->difference.high,
        is_paying                            ? ""
        : row->verdict == STATS_SUPPORTED    ? ", which is worth less than it costs"
        : row->verdict == STATS_INSUFFICIENT ? ", which is INSUFFICIENT"
                                             : "");
}

static struct run_chance chance_by_outcomes(const struct planning *planning,
    const struct task *task, const struct decision *decision, struct arena *arena)
{
    const struct policy *policy = planning->policy;
    const struct report_planning *row =
        find_row(&planning->phases, task, policy->rungs[decision->rung].name);
    bool is_paying = row && pays(policy, row);
    double explore = policy->explore;
    struct slice what =
        row ? said(arena, row, is_paying) : slice_from("no outcomes say yet whether a plan pays");
    struct slice share =
        explore > 0 ? arena_print(arena, "; `explore` turns it round at a chance of %g", explore)
                    : slice_from("; without `explore` nothing more is learned of it");
    return (struct run_chance){
        .rung = policy->plan_rung,
        .p = is_paying ? 1 - explore : explore,
        .why = arena_print(arena, "%s: %.*s%.*s", is_paying ? "planned first" : "not planned",
            SLICE_ARG(what), SLICE_ARG(share)),
    };
}

static bool is_in_question(const struct policy *policy, const struct task *task)
{
    bool named = policy->n_plan_when == 0;
    for (size_t i = 0; i < policy->n_plan_when && !named; i++)
        named = run_task_has_word(task, policy->plan_when[i]);
    return named && policy->plan_rung != POLICY_NONE && policy->plan_mode != POLICY_PLAN_NEVER;
}

struct run_chance planning_chance(const void *context, const struct task *task,
    const struct decision *decision, struct arena *arena)
{
    const struct planning *planning = context;
    const struct policy *policy = planning->policy;
    if (!is_in_question(policy, task))
        return (struct run_chance){.rung = POLICY_NONE};
    if (policy->plan_mode == POLICY_PLAN_ALWAYS)
        return (struct run_chance){
            policy->plan_rung, 1, slice_from("planned first: the policy says always")};
    return chance_by_outcomes(planning, task, decision, arena);
}

/* ---- reviews ---- */

enum { REJECTIONS_LEAST = 5 };

/* What is known under one of its labels, else of all; NULL: too little. */
static const struct report_checker *find_reviewer(
    const struct report_phases *phases, const struct task *task, struct slice rung)
{
    const struct report_checker *found = NULL;
    for (size_t i = 0; i < phases->n_checkers; i++) {
        const struct report_checker *row = &phases->checkers[i];
        if (!slice_is(row->name, "review") || !slice_equal(row->rung, rung) ||
            row->caught + row->false_alarms < REJECTIONS_LEAST)
            continue;
        if (row->label.len == 0)
            found = row;
        else if (has_label(task, row->label))
            return row;
    }
    return found;
}

/* Rejections whose truth nobody knows are taken for right where money is asked about. */
static bool is_waste(const struct policy *policy, const struct report_checker *row)
{
    double right = (double)row->caught, known = right + (double)row->false_alarms;
    double at_best = (double)(row->failed - row->false_alarms);
    double most = stats_clopper_pearson_upper(at_best, (double)row->n, 0.95);
    if (stats_wilson(right, known, 0.95).high < 0.5)
        return true;
    return policy->goal.kind == POLICY_GOAL_VALUE &&
           policy->goal.value_usd * most < row->cost_usd / (double)row->n;
}

struct run_chance planning_review_chance(const void *context, const struct task *task,
    const struct decision *decision, struct arena *arena)
{
    const struct planning *planning = context;
    const struct policy *policy = planning->policy;
    (void)decision;
    if (policy->review_rung == POLICY_NONE || policy->review_mode != POLICY_REVIEW_AUTO)
        return (struct run_chance){.rung = POLICY_NONE};
    const struct report_checker *row =
        find_reviewer(&planning->phases, task, policy->rungs[policy->review_rung].name);
    if (!row || !is_waste(policy, row))
        return (struct run_chance){policy->review_rung, 1,
            slice_from(row ? "reviewed: what reviews caught is worth what they cost"
                           : "reviewed: too few of its rejections are known to be right or wrong")};
    return (struct run_chance){
        .rung = policy->review_rung,
        .p = policy->explore,
        .why = arena_print(arena,
            "not reviewed: of %lld rejections whose truth is known %lld were right, at $%.4f a "
            "review%s",
            (long long)row->caught + (long long)row->false_alarms, (long long)row->caught,
            row->cost_usd / (double)row->n,
            policy->explore > 0 ? "; `explore` asks for one all the same" : ""),
    };
}
