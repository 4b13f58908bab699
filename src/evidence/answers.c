/* Receives questions about a task and later outcomes, answers from what was learned. */
#include "snapshot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A rung that failed says that the task is hard: before anything was seen, the next succeeds at
 * this share of its usual rate. Measured on 350 coding tasks: .257 after .706, .299 after .744. */
static const double AFTER_SHARE = 0.4, AFTER_WEIGHT = 10;

void evidence_add(struct evidence *evidence, const struct evidence_attempt *attempt)
{
    int arm = evidence->learner
                  ? snapshot_find_arm(evidence, attempt->rung, attempt->model, attempt->effort)
                  : -1;
    if (arm < 0)
        return; /* a new arm needs `rung learn` */
    size_t n_labels = 0;
    evidence_view_task(evidence->view, evidence->learner, attempt->title, attempt->body,
        attempt->labels, attempt->n_labels);
    const uint32_t *labels = evidence->view->labels;
    n_labels = evidence->view->n_labels;
    evidence_update(evidence->learner, evidence->view, (size_t)arm, attempt->success ? 1 : 0);
    if (attempt->cost_usd > 0) {
        const struct cost_case one = {
            labels, n_labels, (size_t)arm, attempt->success, attempt->cost_usd};
        cost_update(&evidence->costs, &one);
    }
    snapshot_count_attempt(evidence, attempt, arm);
    snapshot_watch_attempt(evidence, attempt, arm, labels, n_labels);
}

struct evidence_about evidence_tell(const struct evidence *evidence)
{
    const struct snapshot_head *head = evidence->head;
    double days = (double)(head->last_ms - head->first_ms) / 86400000.0;
    return (struct evidence_about){head->id, head->last_ms, (size_t)head->attempts,
        (double)head->first_attempts / (days > 1 ? days : 1)};
}

void evidence_match(
    const struct evidence *evidence, const struct policy *policy, struct evidence_arms *arms)
{
    for (size_t i = 0; i < policy->n_rungs; i++) {
        const struct policy_rung *rung = &policy->rungs[i];
        arms->arm[i] = snapshot_find_arm(evidence, rung->name, rung->model, rung->effort);
        arms->carried[i] = false;
        if (arms->arm[i] >= 0)
            continue;
        arms->arm[i] = snapshot_newest_arm(evidence, rung->name);
        arms->carried[i] = arms->arm[i] >= 0;
    }
}

/* Success, weight and cost of one arm. */
struct arm_answer {
    double success, weight, outcomes;
    struct interval cost_usd;
    double costs;
};

static struct arm_answer ask_arm(
    const struct evidence *evidence, const struct evidence_view *view, int arm)
{
    size_t n_labels = 0;
    const uint32_t *labels = view->labels;
    n_labels = view->n_labels;
    struct evidence_prediction predicted =
        evidence_predict_view(evidence->learner, view, (size_t)arm);
    return (struct arm_answer){
        predicted.success,
        predicted.weight,
        evidence->arms[arm].outcomes,
        cost_expect(&evidence->costs, labels, n_labels, (size_t)arm, predicted.success),
        cost_count(&evidence->costs, (size_t)arm),
    };
}

static double at_most(double x, double most)
{
    return x < most ? x : most;
}

/* The older version's answer stands for EVIDENCE_CARRIED outcomes at most. */
static struct arm_answer discount(struct arm_answer old)
{
    old.weight = at_most(old.weight, EVIDENCE_CARRIED);
    old.outcomes = at_most(old.outcomes, EVIDENCE_CARRIED);
    old.costs = at_most(old.costs, EVIDENCE_CARRIED);
    return old;
}

static struct arm_answer blend(struct arm_answer now, struct arm_answer old)
{
    double n = now.outcomes + old.outcomes, costs = now.costs + old.costs;
    if (n > 0)
        now.success = (now.success * now.outcomes + old.success * old.outcomes) / n;
    if (now.costs > 0 && old.costs > 0) {
        double share = now.costs / costs;
        now.cost_usd.mean = share * now.cost_usd.mean + (1 - share) * old.cost_usd.mean;
        now.cost_usd.low = share * now.cost_usd.low + (1 - share) * old.cost_usd.low;
        now.cost_usd.high = share * now.cost_usd.high + (1 - share) * old.cost_usd.high;
    } else if (old.costs > 0) {
        now.cost_usd = old.cost_usd;
    }
    now.weight += old.weight;
    now.outcomes = n;
    now.costs = costs;
    return now;
}

void evidence_estimate(const struct evidence *evidence, const struct evidence_arms *arms,
    size_t n_rungs, struct slice title, struct slice body, const struct slice *labels,
    size_t n_labels, struct evidence_view *view, struct evidence_estimate *estimates)
{
    const struct interval unknown = {NAN, NAN, NAN};
    if (evidence->learner)
        view_fill(view, evidence->learner, title, body, labels, n_labels);
    for (size_t i = 0; i < n_rungs; i++) {
        estimates[i] = (struct evidence_estimate){unknown, unknown, 0, 0};
        if (!evidence->learner || arms->arm[i] < 0)
            continue;
        struct arm_answer answer = ask_arm(evidence, view, arms->arm[i]);
        int previous = evidence->arms[arms->arm[i]].previous;
        if (arms->carried[i])
            answer = discount(answer);
        else if (previous >= 0)
            answer = blend(answer, discount(ask_arm(evidence, view, previous)));
        estimates[i] = (struct evidence_estimate){
            stats_wilson(answer.success * answer.weight, answer.weight, 0.95), answer.cost_usd,
            answer.outcomes, answer.costs};
        estimates[i].success.mean = answer.success;
    }
}

double evidence_after_failure(const struct evidence *evidence, const struct evidence_arms *arms,
    int failed, int next, double success_of_next)
{
    struct tally seen = {0};
    if (arms->arm[failed] >= 0 && arms->arm[next] >= 0)
        seen =
            evidence
                ->after[(size_t)arms->arm[failed] * EVIDENCE_RUNGS_MOST + (size_t)arms->arm[next]];
    return (seen.successes + AFTER_WEIGHT * AFTER_SHARE * success_of_next) /
           (seen.n + AFTER_WEIGHT);
}

void evidence_tier(
    const struct evidence *evidence, int tier, double stated, double weight, double *a, double *b)
{
    struct tally seen = {0};
    if (tier >= 0 && tier < EVIDENCE_TIERS_MOST)
        seen = evidence->head->tiers[tier];
    *a = weight * stated + seen.successes;
    *b = weight * (1 - stated) + seen.n - seen.successes;
}

void evidence_set_goal(
    struct evidence *evidence, const char *policy_hash, struct evidence_goal goal)
{
    evidence->head->goal = goal;
    snprintf(evidence->head->goal_policy, SHA256_HEX_BYTES, "%s", policy_hash);
}

bool evidence_get_goal(
    const struct evidence *evidence, const char *policy_hash, struct evidence_goal *goal)
{
    *goal = evidence->head->goal;
    return goal->value_high > 0 && strcmp(evidence->head->goal_policy, policy_hash) == 0;
}

size_t evidence_kinds(
    const struct evidence *evidence, struct arena *arena, struct evidence_kind **kinds)
{
    size_t n = evidence->head->n_kinds;
    *kinds = ARENA_ARRAY(arena, struct evidence_kind, n);
    for (size_t i = 0; i < n; i++) {
        const struct snapshot_kind *kind = &evidence->kinds[i];
        struct slice *labels = ARENA_ARRAY(arena, struct slice, kind->n);
        for (uint32_t k = 0; k < kind->n; k++)
            labels[k] = learner_label_name(evidence->learner, kind->labels[k]);
        (*kinds)[i] = (struct evidence_kind){labels, kind->n, kind->tasks};
    }
    return n;
}

size_t evidence_alarms(
    const struct evidence *evidence, struct arena *arena, struct evidence_alarm **alarms)
{
    size_t n = evidence->head->n_alarms;
    *alarms = ARENA_ARRAY(arena, struct evidence_alarm, n);
    for (size_t i = 0; i < n; i++) {
        const struct watch_alarm *alarm = &evidence->alarms[i];
        const struct snapshot_arm *arm = &evidence->arms[alarm->arm];
        struct slice label = {"", 0};
        if (alarm->label != WATCH_NO_LABEL)
            label = learner_label_name(evidence->learner, (uint32_t)alarm->label);
        (*alarms)[i] = (struct evidence_alarm){slice_from(arm->rung), slice_from(arm->model), label,
            alarm->of_cost != 0, alarm->expected, alarm->seen, alarm->at_ms};
    }
    return n;
}
