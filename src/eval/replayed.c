/* Receives a ledger and another policy, hands on what that policy decides and what it would have
 * got. Refuses to print. */
#include "replayed.h"

#include "base/clock.h"
#include "base/text.h"
#include "latest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FOLDS = 5, DATE_DIGITS = 8, KEPT = REPLAY_KEPT };

static const uint64_t SEED = 20261122;
static const double PROPENSITY_SLACK = 0.02; /* by which those of one decision may miss 1 */

/* ---- actions ---- */

/* "claude-haiku-5-5" is "claude-haiku-5-5-20261001" too: the same version, dated. */
static bool is_model(struct slice rung_model, struct slice logged)
{
    if (logged.len == 0 || slice_equal(rung_model, logged))
        return true;
    if (logged.len != rung_model.len + 1 + DATE_DIGITS || logged.base[rung_model.len] != '-' ||
        !slice_equal(slice_sub(logged, 0, rung_model.len), rung_model))
        return false;
    int64_t date;
    return slice_to_int64(slice_sub(logged, rung_model.len + 1, logged.len), &date);
}

static bool is_effort(struct slice a, struct slice b)
{
    return a.len == 0 || b.len == 0 || slice_equal(a, b);
}

/* The number of a logged start: a rung of the new ladder where model and effort are the same. */
static size_t action_of(
    struct replayed *replayed, struct slice rung, struct slice model, struct slice effort)
{
    size_t n_rungs = replayed->policy.n_rungs;
    for (size_t i = 0; i < n_rungs; i++) {
        const struct replay_action *own = &replayed->actions[i];
        if (slice_equal(own->rung, rung) && is_model(own->model, model) &&
            is_effort(own->effort, effort))
            return i;
    }
    for (size_t i = 0; i < n_rungs && model.len && effort.len; i++)
        if (is_model(replayed->actions[i].model, model) &&
            slice_equal(replayed->actions[i].effort, effort))
            return i;
    for (size_t i = n_rungs; i < replayed->n_actions; i++) {
        const struct replay_action *other = &replayed->actions[i];
        if (slice_equal(other->rung, rung) && is_model(other->model, model) &&
            is_effort(other->effort, effort))
            return i;
    }
    if (replayed->n_actions == EVAL_ACTIONS_MOST)
        return EVAL_ACTIONS_MOST - 1;
    replayed->actions[replayed->n_actions] = (struct replay_action){rung, model, effort};
    return replayed->n_actions++;
}

/* What a rung's name meant at that time: what was last started by it, else the new ladder's. */
struct meaning {
    struct slice name;
    size_t action;
};

struct meanings {
    struct meaning items[EVAL_ACTIONS_MOST];
    size_t n;
};

static size_t meaning_of(
    struct replayed *replayed, const struct meanings *meanings, struct slice name)
{
    for (size_t i = 0; i < meanings->n; i++)
        if (slice_equal(meanings->items[i].name, name))
            return meanings->items[i].action;
    return action_of(replayed, name, (struct slice){0}, (struct slice){0});
}

static void now_means(struct meanings *meanings, struct slice name, size_t action)
{
    size_t i = 0;
    while (i < meanings->n && !slice_equal(meanings->items[i].name, name))
        i++;
    if (i == EVAL_ACTIONS_MOST)
        return;
    meanings->items[i] = (struct meaning){name, action};
    meanings->n += i == meanings->n;
}

/* ---- a logged decision ---- */

/* A copy in the call's arena; most decisions share one with another shortly before. */
static const double *keep(struct replayed *replayed, const double *propensity)
{
    size_t bytes = EVAL_ACTIONS_MOST * sizeof(*propensity);
    for (size_t i = 0; i < KEPT; i++)
        if (replayed->kept[i] && memcmp(replayed->kept[i], propensity, bytes) == 0)
            return replayed->kept[i];
    double *copy = arena_take(replayed->arena, bytes);
    memcpy(copy, propensity, bytes);
    replayed->kept[replayed->next_kept++ % KEPT] = copy;
    return copy;
}

static void read_propensities(struct replayed *replayed, const struct meanings *meanings,
    const struct experiment *experiment, struct replay_row *row)
{
    double propensity[EVAL_ACTIONS_MOST] = {0}, sum = 0;
    for (size_t i = 0; i < experiment->propensities.n; i++) {
        const struct record_action *action = &experiment->propensities.items[i];
        propensity[meaning_of(replayed, meanings, action->rung)] += action->p;
        sum += action->p;
    }
    if (experiment->propensities.n == 0) /* nothing says that it could have been otherwise */
        propensity[row->taken] = sum = 1;
    row->usable = propensity[row->taken] > 0 && fabs(sum - 1) <= PROPENSITY_SLACK;
    for (size_t i = 0; i < EVAL_ACTIONS_MOST && sum > 0; i++)
        propensity[i] /= sum;
    row->logged.propensity = keep(replayed, propensity);
    row->logged.taken = row->taken;
    row->from = eval_preferred(propensity, replayed->n_actions);
}

/* What rules see of a task: the same for tasks that every rule treats alike. */
static uint64_t kind_of(const struct experiment *experiment)
{
    uint64_t kind = 0;
    for (size_t i = 0; i < experiment->labels.n; i++) /* in any order */
        kind += slice_hash(experiment->labels.items[i]) * 0x9e3779b97f4a7c15ull;
    if (slice_is(experiment->strategy, "pattern-match") && experiment->matched.n > 0)
        kind += slice_hash(experiment->matched.items[0]) * 0xbf58476d1ce4e5b9ull;
    return kind;
}

static struct slice after_prefix(const struct record_texts *texts, const char *prefix)
{
    for (size_t i = 0; i < texts->n; i++)
        if (slice_starts(texts->items[i], prefix))
            return slice_sub(texts->items[i], strlen(prefix), texts->items[i].len);
    return (struct slice){0};
}

struct task eval_task_of(const struct experiment *experiment)
{
    struct task task = {.id = experiment->task_id,
        .title = experiment->description,
        .source = "ledger",
        .labels = {experiment->labels.items, experiment->labels.n},
        .priority = -1};
    int64_t score = 0;
    if (slice_to_int64(after_prefix(&experiment->matched, "complexity score "), &score) &&
        score >= 1 && score <= 10)
        task.complexity = (int)score;
    task.suggested_effort = after_prefix(&experiment->matched, "execution_reasoning_effort ");
    if (slice_is(experiment->strategy, "explicit-label") &&
        after_prefix(&experiment->matched, "execution_suggested_model ").len)
        task.suggested_model = experiment->requested;
    return task;
}

static void add_row(
    struct replayed *replayed, struct meanings *meanings, const struct experiment *experiment)
{
    struct arena *arena = replayed->arena;
    replayed->rows =
        arena_grow(arena, replayed->rows, replayed->n, &replayed->room, sizeof(*replayed->rows));
    struct replay_row *row = &replayed->rows[replayed->n++];
    *row = (struct replay_row){.id = experiment->task_id,
        .experiment = experiment->id,
        .title = experiment->description,
        .at_ms = experiment->at_ms,
        .forced = slice_is(experiment->strategy, "forced"),
        .success =
            experiment->success == RECORD_OPEN ? NAN : experiment->success == RECORD_ACCEPTED,
        .cost_usd = experiment->pending ? NAN : experiment->cost_usd};
    row->n_judged = record_attempts_judged(arena, experiment, &row->judged);
    row->taken =
        action_of(replayed, experiment->rung, record_model_version(experiment), experiment->effort);
    now_means(meanings, experiment->rung, row->taken);
    read_propensities(replayed, meanings, experiment, row);
    row->logged.kind = kind_of(experiment);
    row->logged.task = slice_hash(experiment->task_id);
    row->task = eval_task_of(experiment);
    if (row->forced) {
        replayed->forced++;
        return;
    }
    replayed->hashed += slice_starts(experiment->description, "sha256:");
    replayed->unjudged += !experiment->pending && experiment->outcome_source == RECORD_NOBODY;
    replayed->assumed += !experiment->pending && experiment->cost_source == RECORD_ASSUMED;
    replayed->unsound += !row->usable;
    replayed->explored += row->from != row->taken;
}

struct reading {
    struct replayed *replayed;
    struct meanings meanings;
};

static void take_row(void *context, const struct experiment *experiment)
{
    struct reading *reading = context;
    add_row(reading->replayed, &reading->meanings, experiment);
}

/* ---- what the new policy decides ---- */

static void decide_row(
    struct replayed *replayed, struct decider *decider, struct arena *arena, struct replay_row *row)
{
    size_t n_rungs = replayed->policy.n_rungs;
    struct decision decision;
    double *target = ARENA_ARRAY(replayed->arena, double, replayed->n_actions);
    decider->dice = NULL; /* the likelier of two that it mixes */
    decide(decider, &row->task, arena, &decision);
    row->to = (size_t)decision.rung;
    row->strategy = slice_from(decide_strategy_name(decision.strategy));
    row->why = arena_copy(replayed->arena, decision.why);
    row->cost_to_usd = decision.options[row->to].cost_usd.mean;
    row->cost_from_usd =
        row->from < n_rungs ? decision.options[row->from].cost_usd.mean : row->cost_usd;
    bool measured = decision.options[row->to].measured &&
                    (row->from >= n_rungs || decision.options[row->from].measured);
    if (row->cost_to_usd >= 0 && row->cost_from_usd >= 0) {
        replayed->expected_n++;
        replayed->expected_to_usd += row->cost_to_usd;
        replayed->expected_from_usd += row->cost_from_usd;
        replayed->expected_is_assumed = replayed->expected_is_assumed || !measured;
    }
    if (decider->has_goal) { /* with which probability it takes each */
        struct dice dice = dice_from_seed(SEED ^ row->logged.task);
        decider->dice = &dice;
        decide(decider, &row->task, arena, &decision);
        decider->dice = NULL;
    }
    for (size_t i = 0; i < n_rungs; i++)
        target[i] = decision.options[i].propensity;
    row->logged.target = target;
    row->moved = !slice_equal(replayed->actions[row->from].rung, replayed->actions[row->to].rung);
    replayed->moves += row->moved;
}

static size_t fold_of(const struct replay_row *row)
{
    return (size_t)(row->logged.task >> 20) % FOLDS;
}

static bool is_late(struct replayed *replayed)
{
    replayed->is_late = replayed->is_late || (replayed->deadline_us != 0 &&
                                                 clock_monotonic_us() > replayed->deadline_us);
    return replayed->is_late;
}

static void decide_rows(struct replayed *replayed, struct decider *decider, size_t fold)
{
    struct arena arena = {0};
    for (size_t i = 0; i < replayed->n && !is_late(replayed); i++) {
        struct replay_row *row = &replayed->rows[i];
        if (row->forced || (fold < FOLDS && fold_of(row) != fold))
            continue;
        arena_reset(&arena);
        decide_row(replayed, decider, &arena, row);
    }
    arena_free(&arena);
}

/* Where the policy has a goal, its decisions rest on evidence: on that of other tasks than the one
 * decided, or it would know the outcomes that it is judged by. */
static void decide_by_goal(struct replayed *replayed, struct evidence_view *view)
{
    size_t room = 0;
    for (size_t i = 0; i < replayed->n; i++)
        room += replayed->rows[i].n_judged;
    for (size_t fold = 0; fold < FOLDS && !is_late(replayed); fold++) {
        struct arena arena = {0};
        struct evidence_attempt *attempts = ARENA_ARRAY(&arena, struct evidence_attempt, room);
        struct decider decider;
        size_t n = 0;
        for (size_t i = 0; i < replayed->n; i++)
            for (size_t k = 0;
                 fold_of(&replayed->rows[i]) != fold && k < replayed->rows[i].n_judged; k++)
                attempts[n++] = replayed->rows[i].judged[k];
        struct evidence *evidence = evidence_build(attempts, n);
        decide_prepare(
            &arena, &replayed->policy, replayed->prices, replayed->today, evidence, view, &decider);
        evidence_set_goal(evidence, replayed->policy.hash, decide_tune(&decider, &arena));
        decide_prepare(
            &arena, &replayed->policy, replayed->prices, replayed->today, evidence, view, &decider);
        decide_rows(replayed, &decider, fold);
        evidence_close(evidence);
        arena_free(&arena);
    }
}

static void decide_by_rules(
    struct replayed *replayed, const struct evidence *evidence, struct evidence_view *view)
{
    struct decider decider;
    decide_prepare(replayed->arena, &replayed->policy, replayed->prices, replayed->today, evidence,
        view, &decider);
    decide_rows(replayed, &decider, FOLDS);
}

static bool estimate(struct replayed *replayed, struct failure *failure)
{
    struct arena *arena = replayed->arena;
    struct eval_logged *logged = ARENA_ARRAY(arena, struct eval_logged, replayed->n);
    replayed->usable = ARENA_ARRAY(arena, size_t, replayed->n);
    for (size_t i = 0; i < replayed->n; i++) {
        const struct replay_row *row = &replayed->rows[i];
        if (row->forced || !row->usable)
            continue;
        logged[replayed->n_usable] = row->logged;
        logged[replayed->n_usable].reward = row->success;
        replayed->usable[replayed->n_usable++] = i;
    }
    if (!eval_replay(
            logged, replayed->n_usable, replayed->n_actions, SEED, &replayed->success, failure))
        return false;
    for (size_t i = 0; i < replayed->n_usable; i++)
        logged[i].reward = replayed->rows[replayed->usable[i]].cost_usd;
    return eval_replay(
        logged, replayed->n_usable, replayed->n_actions, SEED, &replayed->cost, failure);
}

bool replay_ledger(struct replayed *replayed, struct ledger *ledger,
    const struct ledger_filter *filter, const struct evidence *evidence, struct evidence_view *view,
    struct failure *failure)
{
    struct policy *policy = &replayed->policy;
    policy->explore = 0;
    for (size_t i = 0; i < policy->n_rungs; i++)
        replayed->actions[replayed->n_actions++] = (struct replay_action){
            policy->rungs[i].name, policy->rungs[i].model, policy->rungs[i].effort};
    struct reading reading = {.replayed = replayed};
    if (!eval_walk_latest(
            ledger, replayed->arena, filter, replayed->most, take_row, &reading, failure))
        return false;
    if (policy->goal.kind == POLICY_GOAL_TIERS)
        decide_by_rules(replayed, evidence, view);
    else
        decide_by_goal(replayed, view);
    if (is_late(replayed))
        return failure_set(failure,
            "the replay of %zu decisions took too long: it wants fewer of them or a simpler policy",
            replayed->n);
    return estimate(replayed, failure);
}

/* ---- in words ---- */

struct slice replay_action_name(const struct replayed *replayed, size_t action)
{
    const struct replay_action *named = &replayed->actions[action];
    if (action < replayed->policy.n_rungs || named->model.len == 0)
        return named->rung;
    return arena_print(replayed->arena, "%.*s (%.*s%s%.*s)", SLICE_ARG(named->rung),
        SLICE_ARG(named->model), named->effort.len ? " " : "", SLICE_ARG(named->effort));
}

static struct slice why_untried(const struct replayed *replayed, const struct eval_replay *figure)
{
    struct arena *arena = replayed->arena;
    const struct replay_row *first = &replayed->rows[replayed->usable[figure->first_untried]],
                            *last = &replayed->rows[replayed->usable[figure->last_untried]];
    size_t after = replayed->n_usable - 1 - figure->last_untried;
    char moment[CLOCK_MS_BYTES];
    struct slice name = replay_action_name(replayed, figure->untried_action);
    struct slice why = arena_print(arena,
        "not identifiable: %zu of %zu decisions, such as %.*s, would start on %.*s, which was "
        "never "
        "tried there (propensity 0)",
        figure->untried, figure->n, SLICE_ARG(text_one_line(arena, first->id, 60)),
        SLICE_ARG(name));
    if (after < STATS_ESS_LEAST)
        return arena_print(arena, "%.*s; only `explore` can tell", SLICE_ARG(why));
    return arena_print(arena, "%.*s; --since %s leaves them out", SLICE_ARG(why),
        clock_format_ms(last->at_ms + 1000, moment));
}

struct slice replay_why_not(const struct replayed *replayed, const struct eval_replay *figure)
{
    struct arena *arena = replayed->arena;
    switch (figure->state) {
    case EVAL_REPLAY_KNOWN:
        break;
    case EVAL_REPLAY_EMPTY:
        return slice_from("nothing to go by: no decision of the ledger carries it");
    case EVAL_REPLAY_UNTRIED:
        return why_untried(replayed, figure);
    case EVAL_REPLAY_CHANCE:
        return arena_print(arena,
            "not identifiable: on none of the %zu decisions where the policies differ did the "
            "ledger take what the new one would",
            figure->differing);
    case EVAL_REPLAY_THIN:
        return arena_print(arena,
            "refused: the effective sample size is %.0f, below %d, so that the figure would be "
            "little more than chance",
            figure->effective_n, STATS_ESS_LEAST);
    }
    return (struct slice){0};
}
