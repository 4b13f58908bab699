/* Receives the tier's choice and what is known of each rung; hands on the choice that the goal
 * makes of them, with its reason. */
#include "inquiry.h"

#include "goal.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

static const struct interval UNKNOWN = {NAN, NAN, NAN};

enum { LABELS_MOST = TASK_LABELS_MOST + 1 };

/* The task's labels and, where a pattern spoke, the pattern: as records name them. */
static size_t labels_of(const struct inquiry *inquiry, struct slice labels[LABELS_MOST])
{
    const struct task *task = inquiry->task;
    size_t n = 0;
    for (size_t i = 0; i < task->labels.n && n < TASK_LABELS_MOST; i++)
        labels[n++] = task->labels.items[i];
    if (inquiry->decision->strategy == DECIDE_PATTERN_MATCH)
        labels[n++] =
            arena_print(inquiry->arena, "pattern:%.*s", SLICE_ARG(inquiry->decision->matched[0]));
    return n;
}

static void ask_evidence(struct inquiry *inquiry)
{
    const struct decider *decider = inquiry->decider;
    if (!decider->evidence)
        return;
    struct slice labels[LABELS_MOST];
    size_t n = labels_of(inquiry, labels);
    inquiry->decision->estimates =
        ARENA_ARRAY(inquiry->arena, struct evidence_estimate, inquiry->policy->n_rungs);
    evidence_estimate(decider->evidence, &decider->arms, inquiry->policy->n_rungs,
        inquiry->task->title, inquiry->task->body, labels, n, decider->view,
        inquiry->decision->estimates);
}

void weigh_options(struct inquiry *inquiry)
{
    const struct policy *policy = inquiry->policy;
    struct decision *decision = inquiry->decision;
    ask_evidence(inquiry);
    decision->options = ARENA_ARRAY(inquiry->arena, struct decide_option, policy->n_rungs);
    for (int i = 0; i < (int)policy->n_rungs; i++) {
        struct decide_option *option = &decision->options[i];
        const struct evidence_estimate *known =
            decision->estimates ? &decision->estimates[i] : NULL;
        option->rung = i;
        option->success = known ? known->success : UNKNOWN;
        option->measured = known && known->cost_usd.mean >= 0;
        option->cost_usd = option->measured
                               ? known->cost_usd
                               : (struct interval){NAN, inquiry->decider->assumed_usd[i], NAN};
        option->propensity = i == decision->rung;
    }
}

/* Appends a clause to the reason. */
static void FORMAT(2, 3) add_reason(struct inquiry *inquiry, const char *format, ...)
{
    va_list arguments;
    char clause[512];
    va_start(arguments, format);
    vsnprintf(clause, sizeof(clause), format, arguments);
    va_end(arguments);
    inquiry->decision->why =
        arena_print(inquiry->arena, "%.*s; %s", SLICE_ARG(inquiry->decision->why), clause);
}

/* What is missing for evidence to decide, or NULL. */
static const char *what_is_thin(struct inquiry *inquiry)
{
    struct decision *decision = inquiry->decision;
    size_t known = 0;
    for (size_t i = 0; i < inquiry->policy->n_rungs; i++)
        known += goal_is_known(&decision->estimates[i]);
    if (!goal_is_known(&decision->estimates[decision->rung]))
        return arena_print(inquiry->arena, "%.*s has %.0f outcomes and %.0f measured costs",
            SLICE_ARG(rung_name(inquiry, decision->rung)),
            decision->estimates[decision->rung].outcomes, decision->estimates[decision->rung].costs)
            .base;
    return known < 2 ? "no other rung has enough outcomes" : NULL;
}

static void say_move(struct inquiry *inquiry, const struct action *action, int from)
{
    const struct decide_option *to = &inquiry->decision->options[action->rungs[0]];
    const struct decide_option *old = &inquiry->decision->options[from];
    struct slice name = rung_name(inquiry, to->rung), old_name = rung_name(inquiry, from);
    add_reason(inquiry, "measured on its like: %.*s %.0f %% at $%.3f, %.*s %.0f %% at $%.3f",
        SLICE_ARG(name), 100 * to->success.mean, to->cost_usd.mean, SLICE_ARG(old_name),
        100 * old->success.mean, old->cost_usd.mean);
    if (to->rung > from && to->cost_usd.mean < old->cost_usd.mean)
        add_reason(inquiry, "the higher rung is the cheaper one here");
}

/* Whether to climb after a failed gate, and from what worth of a success on that would pay. */
static void say_ladder(struct inquiry *inquiry, const struct action *action)
{
    const struct decider *decider = inquiry->decider;
    const struct evidence_estimate *estimates = inquiry->decision->estimates;
    int last = action->rungs[action->n - 1], next = POLICY_NONE;
    double least = INFINITY;
    for (int i = 0; i < (int)inquiry->policy->n_rungs; i++) {
        if (!goal_is_known(&estimates[i]) ||
            estimates[i].cost_usd.mean <= estimates[last].cost_usd.mean)
            continue;
        double worth = goal_break_even(decider, estimates, last, i);
        if (worth < least) {
            least = worth;
            next = i;
        }
    }
    if (action->n > 1)
        add_reason(inquiry, "climbs to %.*s where a gate fails",
            SLICE_ARG(rung_name(inquiry, action->rungs[1])));
    if (next == POLICY_NONE)
        return;
    if (inquiry->policy->n_gates == 0)
        add_reason(inquiry, "no gate tells when to climb");
    else
        add_reason(inquiry, "climbing%s to %.*s would pay where a success is worth more than $%.2f",
            action->n > 1 ? " on" : "", SLICE_ARG(rung_name(inquiry, next)), least);
}

static void take_action(struct inquiry *inquiry, const struct action *action)
{
    struct decision *decision = inquiry->decision;
    int from = decision->rung;
    decision->climb = ARENA_ARRAY(inquiry->arena, int, GOAL_CLIMBS_MOST);
    for (size_t i = 1; i < action->n; i++)
        decision->climb[decision->n_climb++] = action->rungs[i];
    if (action->rungs[0] != from) {
        decision->rung = action->rungs[0];
        decision->strategy = DECIDE_LEARNED;
        say_move(inquiry, action, from);
    } else {
        add_reason(inquiry, "evidence agrees");
    }
    say_ladder(inquiry, action);
}

/* Two actions beside the border that the goal sets: the dice say which; without dice the likelier.
 */
static void mix_actions(
    struct inquiry *inquiry, const struct action *low, const struct action *high)
{
    const struct decider *decider = inquiry->decider;
    double mix = decider->goal.mix;
    bool takes_high = decider->dice ? dice_unit(decider->dice) < mix : mix >= 0.5;
    struct decide_option *options = inquiry->decision->options;
    if (low->rungs[0] != high->rungs[0]) {
        take_action(inquiry, takes_high ? high : low);
        for (size_t i = 0; i < inquiry->policy->n_rungs; i++)
            options[i].propensity = 0;
        options[low->rungs[0]].propensity = decider->dice ? 1 - mix : !takes_high;
        options[high->rungs[0]].propensity = decider->dice ? mix : takes_high;
        if (decider->dice && mix > 0 && mix < 1)
            add_reason(inquiry, "%.*s in %.0f of 100 such tasks meets the goal",
                SLICE_ARG(rung_name(inquiry, high->rungs[0])), 100 * mix);
        return;
    }
    take_action(inquiry, takes_high ? high : low);
    for (size_t i = 0; i < inquiry->policy->n_rungs; i++)
        options[i].propensity = options[i].rung == inquiry->decision->rung;
}

static void follow_goal(struct inquiry *inquiry)
{
    const struct decider *decider = inquiry->decider;
    const struct evidence_estimate *estimates = inquiry->decision->estimates;
    if (inquiry->policy->goal.kind == POLICY_GOAL_TIERS)
        return;
    const char *thin = !estimates           ? "nothing was learned yet"
                       : !decider->has_goal ? "`rung learn` has not met this policy's goal yet"
                                            : what_is_thin(inquiry);
    if (thin) {
        add_reason(inquiry, "evidence is thin (%s): the tiers decide", thin);
        return;
    }
    struct action low, high;
    if (goal_choose(decider, estimates, decider->goal.value_low, &low) &&
        goal_choose(decider, estimates, decider->goal.value_high, &high))
        mix_actions(inquiry, &low, &high);
}

/* The other of the two best: by the goal where it speaks, else the next cheaper rung whose cost is
 * known, else the next dearer. */
static int runner_up(const struct inquiry *inquiry, int chosen)
{
    const struct decision *decision = inquiry->decision;
    double value = inquiry->decider->has_goal ? inquiry->decider->goal.value_high : NAN;
    int best = POLICY_NONE;
    double best_utility = -INFINITY;
    for (int i = 0; decision->estimates && !isnan(value) && i < (int)inquiry->policy->n_rungs;
         i++) {
        const struct evidence_estimate *estimate = &decision->estimates[i];
        double utility = value * estimate->success.mean - estimate->cost_usd.mean;
        if (i != chosen && goal_is_known(estimate) && utility > best_utility) {
            best = i;
            best_utility = utility;
        }
    }
    if (best != POLICY_NONE)
        return best;
    if (chosen > 0)
        return chosen - 1;
    return inquiry->policy->n_rungs > 1 ? 1 : POLICY_NONE;
}

/* With probability `explore` another rung than the chosen one starts, so that what it does can be
 * known: never where a person chose. */
static void explore(struct inquiry *inquiry)
{
    struct decision *decision = inquiry->decision;
    double share = inquiry->policy->explore, before[POLICY_RUNGS_MOST];
    int other = runner_up(inquiry, decision->rung);
    size_t n = inquiry->policy->n_rungs;
    if (!inquiry->decider->dice || !(share > 0) || other == POLICY_NONE ||
        decision->strategy <= DECIDE_EXPLICIT_LABEL)
        return;
    for (size_t i = 0; i < n; i++) {
        before[i] = decision->options[i].propensity;
        decision->options[i].propensity *= 1 - share;
    }
    for (size_t i = 0; i < n; i++) /* each rung that could have been chosen has its own other */
        if (before[i] > 0)
            decision->options[runner_up(inquiry, (int)i)].propensity += share * before[i];
    if (!(dice_unit(inquiry->decider->dice) < share))
        return;
    add_reason(inquiry, "explored: %.*s instead of %.*s, one task in %.0f, to learn what it does",
        SLICE_ARG(rung_name(inquiry, other)), SLICE_ARG(rung_name(inquiry, decision->rung)),
        1 / share);
    decision->rung = other;
    decision->explored = true;
}

void weigh_evidence(struct inquiry *inquiry)
{
    struct decision *decision = inquiry->decision;
    bool is_obeyed = decision->strategy <= DECIDE_EXPLICIT_LABEL;
    if (!is_obeyed)
        follow_goal(inquiry);
    explore(inquiry);
    struct decide_option *chosen = &decision->options[decision->rung];
    struct interval tier = inquiry->decider->prior[decision->base_strategy];
    bool is_known = chosen->success.mean >= 0 && decision->estimates &&
                    decision->estimates[decision->rung].outcomes >= EVIDENCE_ENOUGH;
    if (!is_known && !is_obeyed)
        chosen->success = tier; /* what the tier has done so far, until the rung itself is known */
    decision->confidence = is_obeyed ? 1 : chosen->success.mean;
    decision->success = chosen->success;
    decision->cost_usd = chosen->cost_usd;
    decision->cost_measured = chosen->measured;
}

/* Why another rung was not chosen, in the terms that are known. */
static struct slice reason_against(struct inquiry *inquiry, const struct decide_option *other)
{
    const struct decision *decision = inquiry->decision;
    double ratio = other->cost_usd.mean / decision->cost_usd.mean;
    if (decision->strategy <= DECIDE_EXPLICIT_LABEL)
        return slice_from("another rung was asked for by name");
    if (!(ratio > 0))
        return slice_from("its cost is not known: give it `assume` tokens and a price");
    if (decision->strategy == DECIDE_LEARNED)
        return arena_print(inquiry->arena, "%.2fx the expected cost, success %+.0f points", ratio,
            100 * (other->success.mean - decision->success.mean));
    bool is_higher = other->rung > decision->rung;
    if (ratio >= 1.005)
        return arena_print(inquiry->arena, "%.*fx the expected cost; %s", ratio < 10 ? 1 : 0, ratio,
            is_higher ? "comes next if a check fails" : "a lower rung that is the dearer one here");
    if (is_higher)
        return arena_print(inquiry->arena,
            "%.0f %% of the expected cost; a `goal` in the policy would let that decide",
            100 * ratio);
    return arena_print(inquiry->arena, "%.0f %% of the expected cost, but %s", 100 * ratio,
        decision->strategy == DECIDE_DEFAULT ? "nothing says that it will hold"
                                             : "the rule asks for more");
}

void explain_options(struct inquiry *inquiry)
{
    struct decision *decision = inquiry->decision;
    for (size_t i = 0; i < inquiry->policy->n_rungs; i++)
        if ((int)i != decision->rung)
            decision->options[i].why_not = reason_against(inquiry, &decision->options[i]);
}
