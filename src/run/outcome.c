/* Receives a decision and attempts, hands on the experiment for the ledger. */
#include "outcome.h"

#include "base/clock.h"
#include "prompt.h"

#include <math.h>
#include <string.h>

static struct slice cut(struct slice text, size_t most)
{
    if (text.len <= most)
        return text;
    while (most > 0 && ((unsigned char)text.base[most] & 0xc0) == 0x80)
        most--; /* not within a character */
    return slice_sub(text, 0, most);
}

/* Names as long as a record keeps them. */
static struct record_texts names(struct arena *arena, const struct slice *items, size_t n)
{
    struct record_texts kept = {ARENA_ARRAY(arena, struct slice, n), n};
    for (size_t i = 0; i < n; i++)
        kept.items[i] = cut(items[i], RECORD_NAME_BYTES_MOST);
    return kept;
}

static void set_propensities(struct run *run, struct slot *slot)
{
    const struct policy *policy = run->parts->policy;
    const struct decision *decision = &slot->job.decision;
    struct record_actions *actions = &slot->job.experiment.propensities;
    actions->items = ARENA_ARRAY(&slot->job.arena, struct record_action, policy->n_rungs);
    for (size_t i = 0; i < policy->n_rungs; i++)
        if (decision->options[i].propensity > 0)
            actions->items[actions->n++] =
                (struct record_action){policy->rungs[i].name, decision->options[i].propensity};
}

/* Once for the task, before anybody knows whether it will be accepted. */
static void choose_auditing(struct run *run, struct experiment *e)
{
    int audit = run->parts->policy->audit;
    if (audit == 0)
        return;
    e->audit_propensity = 1.0 / audit;
    e->auditing = dice_unit(&run->dice) < e->audit_propensity ? RECORD_CHOSEN : RECORD_PASSED_OVER;
}

/* Chance is thrown once for a task; *propensity is set only where it was thrown at all. */
static enum record_choice throw_dice(struct run *run, double p, double *propensity)
{
    bool is_thrown = p > 0 && p < 1;
    bool is_chosen = is_thrown ? dice_unit(&run->dice) < p : p >= 1;
    *propensity = is_thrown ? p : NAN;
    return is_chosen ? RECORD_CHOSEN : RECORD_PASSED_OVER;
}

static struct slice told(struct arena *arena, const struct run_chance *chance, double propensity,
    enum record_choice choice)
{
    return arena_print(arena, "%.*s%s", SLICE_ARG(chance->why),
        isnan(propensity)         ? ""
        : choice == RECORD_CHOSEN ? "; the dice say: yes"
                                  : "; the dice say: no");
}

/* What a person asked for is not thrown. */
static void choose_planning(struct run *run, struct slot *slot)
{
    struct experiment *e = &slot->job.experiment;
    const struct run_parts *parts = run->parts;
    struct run_chance chance = {.rung = POLICY_NONE};
    if (run->settings.no_plan)
        return;
    if (run->settings.plan_rung != POLICY_NONE) {
        e->planning = RECORD_CHOSEN;
        return;
    }
    if (parts->plan_chance)
        chance = parts->plan_chance(
            parts->plan_context, &slot->job.task, &slot->job.decision, &slot->job.arena);
    if (chance.rung == POLICY_NONE)
        return;
    e->planning = throw_dice(run, chance.p, &e->plan_propensity);
    slot->plan_why = told(&slot->job.arena, &chance, e->plan_propensity, e->planning);
}

static void choose_reviewing(struct run *run, struct slot *slot)
{
    struct experiment *e = &slot->job.experiment;
    const struct run_parts *parts = run->parts;
    struct run_chance chance = {.rung = POLICY_NONE};
    if (parts->review_chance && run->settings.review == RUN_REVIEW_CRITICAL)
        chance = parts->review_chance(
            parts->plan_context, &slot->job.task, &slot->job.decision, &slot->job.arena);
    if (chance.rung == POLICY_NONE)
        return;
    e->reviewing = throw_dice(run, chance.p, &e->review_propensity);
    slot->review_why = told(&slot->job.arena, &chance, e->review_propensity, e->reviewing);
}

void outcome_begin(struct run *run, struct slot *slot)
{
    struct run_job *job = &slot->job;
    struct arena *arena = &job->arena;
    const struct policy_rung *rung = &run->parts->policy->rungs[job->decision.rung];
    struct experiment *e = &job->experiment;
    char *id = arena_take(arena, RECORD_ID_BYTES);
    *e = record_blank();
    e->at_ms = clock_now_ms();
    e->id = slot->decided_id.len ? slot->decided_id
                                 : slice_from(record_make_id(e->at_ms, &run->dice, id));
    e->task_id = cut(job->task.id, RECORD_NAME_BYTES_MOST);
    e->description = cut(prompt_task(arena, &job->task), RECORD_TEXT_BYTES_MOST);
    e->model_used = e->rung = rung->name;
    e->effort = rung->effort;
    e->decided = rung->model;
    e->strategy = slice_from(decide_strategy_name(job->decision.strategy));
    e->confidence = job->decision.confidence;
    e->requested = cut(job->decision.requested, RECORD_NAME_BYTES_MOST);
    e->source = slice_from(job->task.source);
    e->labels = names(arena, job->task.labels.items, job->task.labels.n);
    e->matched = names(arena, job->decision.matched, job->decision.n_matched);
    e->policy = slice_from(run->parts->policy->hash);
    e->pending = true;
    set_propensities(run, slot);
    choose_auditing(run, e);
    choose_planning(run, slot);
    choose_reviewing(run, slot);
}

size_t outcome_add(struct run *run, struct slot *slot, const struct record_attempt *attempt)
{
    struct run_job *job = &slot->job;
    struct record_attempts *attempts = &job->experiment.attempts;
    struct record_attempt *grown = ARENA_ARRAY(&job->arena, struct record_attempt, attempts->n + 1);
    if (attempts->n)
        memcpy(grown, attempts->items, attempts->n * sizeof(*grown));
    grown[attempts->n] = *attempt;
    *attempts = (struct record_attempts){grown, attempts->n + 1};
    double usd = attempt->cost_usd;
    if (!isfinite(usd) || usd < 0) /* an agent's own word */
        usd = grown[attempts->n - 1].cost_usd = NAN;
    int rung = policy_rung_by_name(run->parts->policy, attempt->rung);
    if (!isnan(usd) && rung != POLICY_NONE && attempt->phase == RECORD_EXECUTE &&
        attempt->part.len == 0) {
        pthread_mutex_lock(&run->lock);
        run->seen[rung].usd += usd;
        run->seen[rung].n++;
        pthread_mutex_unlock(&run->lock);
    }
    if (isnan(usd) && rung != POLICY_NONE)
        usd = run->parts->decider->assumed_usd[rung];
    job->spent_usd += isnan(usd) ? 0 : usd;
    return attempts->n - 1;
}

void outcome_add_lost(struct run *run, struct slot *slot, const struct lost *of)
{
    struct record_attempt attempt = record_blank_attempt();
    struct record_attempts *known = &slot->job.experiment.attempts;
    static const char lost[] = "interrupted: rung ended while it worked";
    if (known->n && slice_is(known->items[known->n - 1].error, lost) &&
        slice_equal(known->items[known->n - 1].rung, of->rung) &&
        slice_equal(known->items[known->n - 1].part, of->part) &&
        known->items[known->n - 1].phase == of->phase) {
        known->items[known->n - 1].cost_usd += of->usd;
        return;
    }
    int rung = policy_rung_by_name(run->parts->policy, of->rung);
    attempt.rung = of->rung;
    attempt.part = of->part;
    attempt.phase = of->phase;
    if (rung != POLICY_NONE) {
        attempt.model = run->parts->policy->rungs[rung].model;
        attempt.effort = run->parts->policy->rungs[rung].effort;
    }
    attempt.cost_usd = of->usd;
    attempt.error = slice_from(lost);
    outcome_add(run, slot, &attempt);
}

static bool is_served_known(const struct record_attempt *attempt)
{
    for (size_t i = 0; i < attempt->extras.n; i++)
        if (slice_is(attempt->extras.items[i].key, "served") &&
            slice_is(attempt->extras.items[i].json, "\"" AGENT_SERVED_UNKNOWN "\""))
            return false;
    return true;
}

/* Known costs make a measured sum; one that is not known makes it an assumed one. */
static void add_up(struct run_job *job)
{
    struct experiment *e = &job->experiment;
    e->cost_usd = round(job->spent_usd * 1e9) / 1e9;
    e->cost_source = RECORD_MEASURED;
    e->seconds = 0;
    for (size_t i = 0; i < e->attempts.n; i++) {
        const struct record_attempt *attempt = &e->attempts.items[i];
        if (isnan(attempt->cost_usd))
            e->cost_source = RECORD_ASSUMED;
        e->seconds += isnan(attempt->seconds) ? 0 : attempt->seconds;
        for (size_t k = 0; k < attempt->gates.n; k++)
            e->seconds +=
                isnan(attempt->gates.items[k].seconds) ? 0 : attempt->gates.items[k].seconds;
        if (attempt->phase == RECORD_EXECUTE) {
            e->model_used = attempt->rung;
            e->served = is_served_known(attempt) ? attempt->model : (struct slice){0};
        }
    }
}

/* Nobody could say of any attempt whether it was good: an agent that cannot start, or log in. */
static bool is_unjudged(const struct experiment *e)
{
    for (size_t i = 0; i < e->attempts.n; i++)
        if (e->attempts.items[i].phase == RECORD_EXECUTE &&
            e->attempts.items[i].success != RECORD_OPEN)
            return false;
    return true;
}

void outcome_end(
    struct slot *slot, enum run_stop stop, struct slice why, bool is_tested, bool is_reviewed)
{
    struct run_job *job = &slot->job;
    struct experiment *e = &job->experiment;
    add_up(job);
    job->stop = stop;
    job->why = why;
    e->pending = stop == RUN_UNCHECKED || (stop != RUN_ACCEPTED && is_unjudged(e));
    if (!e->pending)
        e->success = stop == RUN_ACCEPTED ? RECORD_ACCEPTED : RECORD_FAILED;
    e->outcome_source = is_tested ? RECORD_TEST : is_reviewed ? RECORD_REVIEW : RECORD_NOBODY;
    e->notes = arena_print(
        &job->arena, "%s%s%.*s", run_stop_name(stop), why.len ? ": " : "", SLICE_ARG(why));
}
