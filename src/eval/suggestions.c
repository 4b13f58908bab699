/* Receives the ledger and the policy that holds, hands on rules that the outcomes speak for and
 * tasks that began on the wrong rung. Refuses to write anything. */
#include "suggestions.h"

#include "base/text.h"
#include "latest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LIKE_LEAST = 8 }; /* tasks of the cheap rung with the same labels */

static const double FALSE_DISCOVERIES = 0.10, LIKE_HELD = 0.80;

/* ---- one experiment ---- */

static enum eval_spoke spoke_of(const struct decision *decision)
{
    switch (decision->strategy) {
    case DECIDE_DEFAULT:
        return EVAL_SPOKE_DEFAULT;
    case DECIDE_PATTERN_MATCH:
        return EVAL_SPOKE_PATTERN;
    case DECIDE_COMPLEXITY_LABEL:
        return EVAL_SPOKE_LABEL;
    default:
        return EVAL_SPOKE_PERSON;
    }
}

/* Tasks of the same labels; what has none is like nothing. */
struct likes {
    uint64_t kind;
    double n, held;
};

struct reading {
    struct suggestions *suggestions;
    struct decider decider;
    struct slice cheap;
    struct arena arena; /* of one decision */
    uint64_t *kinds;    /* by row; 0: no labels */
    struct slice *ids, *rungs, *experiments;
    bool *held_higher; /* the cheap attempt failed and a later rung's held */
    bool *wanted;      /* a person, or the dice, chose where it began */
    size_t room[6];
};

static uint64_t kind_of(const struct eval_hint_row *row)
{
    uint64_t kind = 0;
    for (size_t i = 0; i < row->n_labels; i++)
        kind += slice_hash(row->labels[i]) | 1;
    return kind;
}

static void grow(struct reading *reading)
{
    struct suggestions *s = reading->suggestions;
    struct arena *arena = s->arena;
    s->rows = arena_grow(arena, s->rows, s->n, &s->room, sizeof(*s->rows));
    reading->kinds =
        arena_grow(arena, reading->kinds, s->n, &reading->room[0], sizeof(*reading->kinds));
    reading->ids = arena_grow(arena, reading->ids, s->n, &reading->room[1], sizeof(*reading->ids));
    reading->rungs =
        arena_grow(arena, reading->rungs, s->n, &reading->room[2], sizeof(*reading->rungs));
    reading->held_higher = arena_grow(
        arena, reading->held_higher, s->n, &reading->room[3], sizeof(*reading->held_higher));
    reading->experiments = arena_grow(
        arena, reading->experiments, s->n, &reading->room[5], sizeof(*reading->experiments));
    reading->wanted =
        arena_grow(arena, reading->wanted, s->n, &reading->room[4], sizeof(*reading->wanted));
}

/* A person named the rung, or it was explored. */
static bool was_chosen_for(const struct experiment *experiment)
{
    if (slice_is(experiment->strategy, "forced"))
        return true;
    for (size_t i = 0; i < experiment->propensities.n; i++)
        if (slice_equal(experiment->propensities.items[i].rung, experiment->rung))
            return experiment->propensities.items[i].p < 0.5;
    return false;
}

static void add(void *context, const struct experiment *experiment)
{
    struct reading *reading = context;
    struct suggestions *s = reading->suggestions;
    struct evidence_attempt *judged;
    size_t n = record_attempts_judged(s->arena, experiment, &judged);
    if (n == 0)
        return;
    grow(reading);
    struct task task = {.title = experiment->description,
        .labels = {experiment->labels.items, experiment->labels.n},
        .source = "ledger",
        .priority = -1};
    struct decision decision;
    arena_reset(&reading->arena);
    decide(&reading->decider, &task, &reading->arena, &decision);
    struct eval_hint_row *row = &s->rows[s->n];
    *row = (struct eval_hint_row){.title = experiment->description,
        .labels = experiment->labels.items,
        .n_labels = experiment->labels.n,
        .began_cheap = slice_equal(judged[0].rung, reading->cheap),
        .held = judged[0].success,
        .cost_usd = experiment->cost_usd,
        .goes_cheap = decision.rung == s->cheap,
        .spoke = spoke_of(&decision)};
    reading->kinds[s->n] = kind_of(row);
    reading->ids[s->n] = experiment->task_id;
    reading->rungs[s->n] = judged[0].rung;
    reading->experiments[s->n] = experiment->id;
    reading->held_higher[s->n] = row->began_cheap && !row->held && n > 1 && judged[n - 1].success;
    reading->wanted[s->n] = row->spoke == EVAL_SPOKE_PERSON || was_chosen_for(experiment);
    s->n++;
}

/* ---- tasks that began on the wrong rung ---- */

static int compare_likes(const void *a, const void *b)
{
    const struct likes *x = a, *y = b;
    return (x->kind > y->kind) - (x->kind < y->kind);
}

/* What the cheap rung did on each set of labels, sorted. */
static size_t gather_likes(const struct reading *reading, struct likes **gathered)
{
    const struct suggestions *s = reading->suggestions;
    struct likes *likes = ARENA_ARRAY(s->arena, struct likes, s->n);
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->rows[i].began_cheap && reading->kinds[i])
            likes[n++] = (struct likes){reading->kinds[i], 1, s->rows[i].held};
    if (n > 0)
        qsort(likes, n, sizeof(*likes), compare_likes);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && likes[kept - 1].kind == likes[i].kind) {
            likes[kept - 1].n++;
            likes[kept - 1].held += likes[i].held;
        } else {
            likes[kept++] = likes[i];
        }
    }
    *gathered = likes;
    return kept;
}

static struct slice why_misrouted(
    const struct reading *reading, size_t i, const struct likes *likes, size_t n_likes)
{
    const struct suggestions *s = reading->suggestions;
    struct arena *arena = s->arena;
    struct likes wanted = {.kind = reading->kinds[i]};
    if (reading->held_higher[i])
        return arena_print(
            arena, "%.*s failed, and a rung above it held", SLICE_ARG(reading->cheap));
    if (s->rows[i].began_cheap || !s->rows[i].held || wanted.kind == 0 || reading->wanted[i] ||
        n_likes == 0)
        return (struct slice){0};
    const struct likes *like = bsearch(&wanted, likes, n_likes, sizeof(*likes), compare_likes);
    if (!like || like->n < LIKE_LEAST || like->held / like->n < LIKE_HELD)
        return (struct slice){0};
    return arena_print(arena, "%.*s did it; %.*s has held on %.0f of %.0f with the same labels",
        SLICE_ARG(text_one_line(arena, reading->rungs[i], 40)), SLICE_ARG(reading->cheap),
        like->held, like->n);
}

static void list_misrouted(const struct reading *reading)
{
    struct suggestions *s = reading->suggestions;
    struct likes *likes;
    size_t n_likes = gather_likes(reading, &likes), room = 0;
    for (size_t i = s->n; i-- > 0 && s->n_misrouted < SUGGEST_MISROUTED_MOST;) {
        struct slice why = why_misrouted(reading, i, likes, n_likes);
        if (why.len == 0)
            continue;
        s->misrouted =
            arena_grow(s->arena, s->misrouted, s->n_misrouted, &room, sizeof(*s->misrouted));
        s->misrouted[s->n_misrouted++] = (struct misrouted){
            reading->experiments[i], reading->ids[i], s->rows[i].title, reading->rungs[i], why};
    }
}

/* ---- all of it ---- */

/* A value of `complexity:` that names the rung. */
static struct slice value_of(const struct policy *policy, int rung)
{
    for (size_t i = 0; i < policy->n_complexity; i++)
        if (policy->complexity[i].rung == rung && !policy->complexity[i].is_synonym)
            return policy->complexity[i].value;
    return (struct slice){0};
}

bool suggest_find(struct suggestions *s, struct ledger *ledger, const struct ledger_filter *filter,
    struct failure *failure)
{
    struct arena *arena = s->arena;
    struct policy tiers = *s->policy; /* what the rules alone say */
    struct reading reading = {.suggestions = s};
    tiers.goal.kind = POLICY_GOAL_TIERS;
    decide_prepare(arena, &tiers, s->prices, s->today, NULL, NULL, &reading.decider);
    s->cheap = reading.decider.cheapest;
    s->value = value_of(&tiers, s->cheap);
    s->away = value_of(&tiers, tiers.middle);
    reading.cheap = tiers.rungs[s->cheap].name;
    bool ok = eval_walk_latest(ledger, arena, filter, s->most, add, &reading, failure);
    arena_free(&reading.arena);
    if (!ok)
        return false;
    s->n_hints = eval_suggest(arena, s->rows, s->n, FALSE_DISCOVERIES, &s->hints, &s->base_rate);
    list_misrouted(&reading);
    return true;
}

/* ---- JSON ---- */

struct slice suggest_cheap_name(const struct suggestions *s)
{
    return s->policy->rungs[s->cheap].name;
}

struct slice suggest_rung_of(const struct suggestions *s, const struct eval_hint *hint)
{
    const struct policy *policy = s->policy;
    return policy->rungs[hint->to_cheap ? s->cheap : policy->middle].name;
}

void suggest_write_hint(const struct suggestions *s, struct emit *emit, size_t i)
{
    const struct eval_hint *hint = &s->hints[i];
    emit_open(emit, '{');
    emit_member_int64(emit, "number", (int64_t)i + 1);
    emit_member_cstring(emit, "kind", eval_hint_kind_name(hint->kind));
    emit_member_text(emit, "text", hint->text);
    emit_member_text(emit, "rung", suggest_rung_of(s, hint));
    emit_member_cstring(emit, "because", hint->to_cheap ? "success" : "failure");
    emit_member_int64(emit, "n", (int64_t)hint->n);
    emit_member_int64(emit, "accepted", (int64_t)hint->held);
    stats_write_interval(emit, "success", hint->success);
    emit_member_int64(emit, "other_n", (int64_t)hint->other_n);
    emit_member_int64(emit, "other_accepted", (int64_t)hint->other_held);
    emit_member_double(emit, "p", hint->p);
    emit_member_double(emit, "adjusted", hint->adjusted);
    emit_member_int64(emit, "moves", (int64_t)hint->moves);
    stats_write_interval(emit, "saved_usd", hint->saved_usd);
    emit_close(emit, '}');
}

void suggest_write_json(const struct suggestions *s, struct emit *emit)
{
    emit_open(emit, '{');
    emit_member_int64(emit, "tasks", (int64_t)s->n);
    emit_member_text(emit, "rung", suggest_cheap_name(s));
    emit_member_double(emit, "base_rate", s->base_rate);
    emit_key(emit, "suggestions");
    emit_open(emit, '[');
    for (size_t i = 0; i < s->n_hints; i++)
        suggest_write_hint(s, emit, i);
    emit_close(emit, ']');
    emit_key(emit, "misrouted");
    emit_open(emit, '[');
    for (size_t i = 0; i < s->n_misrouted; i++) {
        emit_open(emit, '{');
        emit_member_text(emit, "task", s->misrouted[i].id);
        emit_member_text(emit, "title", s->misrouted[i].title);
        emit_member_text(emit, "why", s->misrouted[i].why);
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
    emit_close(emit, '}');
    emit_bytes(emit, slice_from("\n"));
}
