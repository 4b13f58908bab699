/* Experiments made from a seed: every field now there, now not, with texts that need escaping. */
#ifndef RUNG_TEST_RANDOM_EXPERIMENTS_H
#define RUNG_TEST_RANDOM_EXPERIMENTS_H

#include "base/arena.h"
#include "base/dice.h"
#include "record/record.h"

#include <math.h>

static inline bool random_is(struct dice *dice, double p)
{
    return dice_unit(dice) < p;
}

static inline struct slice random_pick(struct dice *dice, const char *const *words, size_t n)
{
    return slice_from(words[dice_below(dice, n)]);
}

static inline struct slice random_text(struct arena *arena, struct dice *dice)
{
    static const char *const words[] = {"fix", "typo", "\"quoted\"", "naïve", "a,b", "tab\there",
        "line\nbreak", "😀", "\\back", "\x01", "the", "router", "slow", "crash", "\x7f", "漢字"};
    struct slice text = {"", 0};
    for (size_t n = dice_below(dice, 12); n > 0; n--)
        text = arena_print(arena, "%.*s%s%.*s", SLICE_ARG(text), text.len ? " " : "",
            SLICE_ARG(random_pick(dice, words, 16)));
    return text;
}

static inline double random_usd(struct dice *dice)
{
    return random_is(dice, 0.2) ? (double)dice_below(dice, 100) / 1000
                                : exp(8 * dice_unit(dice) - 8);
}

static inline struct record_attempt random_attempt(
    struct arena *arena, struct dice *dice, struct slice rung)
{
    static const char *const models[] = {
        "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"};
    struct record_attempt attempt = record_blank_attempt();
    attempt.rung = rung;
    if (random_is(dice, 0.8))
        attempt.model = random_pick(dice, models, 3);
    attempt.phase = random_is(dice, 0.8) ? RECORD_EXECUTE : (enum record_phase)dice_below(dice, 4);
    attempt.success = (enum record_success)dice_below(dice, 3);
    if (random_is(dice, 0.1))
        attempt.part = slice_from("a");
    attempt.cost_usd = random_is(dice, 0.9) ? random_usd(dice) : NAN;
    attempt.seconds = random_is(dice, 0.9) ? 1000 * dice_unit(dice) : NAN;
    attempt.error = random_is(dice, 0.1) ? random_text(arena, dice) : slice_from("");
    attempt.has_tokens = random_is(dice, 0.5);
    if (attempt.has_tokens) {
        attempt.tokens.input = (double)dice_below(dice, 100000);
        attempt.tokens.output = (double)dice_below(dice, 10000);
    }
    if (random_is(dice, 0.3)) {
        attempt.gates.items = ARENA_ARRAY(arena, struct record_gate, 1);
        attempt.gates.n = 1;
        attempt.gates.items[0] = (struct record_gate){.name = slice_from("tests"),
            .verdict = slice_from(random_is(dice, 0.5) ? "pass" : "fail"),
            .seconds = dice_unit(dice)};
    }
    return attempt;
}

static inline void random_lists(
    struct arena *arena, struct dice *dice, struct experiment *experiment)
{
    static const char *const labels[] = {"bug", "complexity:simple", "area:ui", "é\"", "bug"};
    static const char *const rungs[] = {"haiku", "sonnet", "opus"};
    size_t n = dice_below(dice, 4);
    experiment->labels = (struct record_texts){ARENA_ARRAY(arena, struct slice, n + 1), n};
    for (size_t i = 0; i < n; i++)
        experiment->labels.items[i] = random_pick(dice, labels, 5);
    experiment->planning = random_is(dice, 0.3) ? (enum record_choice)dice_below(dice, 3) : 0;
    experiment->plan_propensity = random_is(dice, 0.2) ? dice_unit(dice) : NAN;
    experiment->auditing = random_is(dice, 0.3) ? (enum record_choice)dice_below(dice, 3) : 0;
    experiment->review_propensity = random_is(dice, 0.2) ? dice_unit(dice) : NAN;
    experiment->audit_propensity = random_is(dice, 0.2) ? dice_unit(dice) : NAN;
    if (random_is(dice, 0.3)) {
        double p = dice_unit(dice);
        experiment->propensities.items = ARENA_ARRAY(arena, struct record_action, 2);
        experiment->propensities.n = 2;
        experiment->propensities.items[0] = (struct record_action){experiment->rung, 1 - p};
        experiment->propensities.items[1] = (struct record_action){random_pick(dice, rungs, 3), p};
    }
    n = experiment->pending || random_is(dice, 0.5) ? 0 : 1 + dice_below(dice, 3);
    experiment->attempts.items = ARENA_ARRAY(arena, struct record_attempt, n + 1);
    experiment->attempts.n = n;
    for (size_t i = 0; i < n; i++)
        experiment->attempts.items[i] = random_attempt(arena, dice, random_pick(dice, rungs, 3));
    if (random_is(dice, 0.2)) {
        experiment->matched = (struct record_texts){ARENA_ARRAY(arena, struct slice, 1), 1};
        experiment->matched.items[0] = slice_from("fix typo");
    }
    if (random_is(dice, 0.1)) {
        experiment->extras.items = ARENA_ARRAY(arena, struct record_extra, 1);
        experiment->extras.n = 1;
        experiment->extras.items[0] =
            (struct record_extra){slice_from("x-tool"), slice_from("{\"v\":[1,null,\"é\"]}")};
    }
}

/* Experiment `number` of its seed; times within a year, some of them the same. */
static inline struct experiment random_experiment(
    struct arena *arena, struct dice *dice, size_t number)
{
    static const char *const rungs[] = {"haiku", "sonnet", "opus"};
    static const char *const strategies[] = {
        "forced", "explicit-label", "complexity-label", "pattern-match", "default", "learned"};
    struct experiment experiment = record_blank();
    char id[RECORD_ID_BYTES];
    experiment.at_ms = 1767225600000 + (int64_t)dice_below(dice, 365) * 86400000 +
                       (int64_t)dice_below(dice, 1000) * 1000;
    record_make_id(experiment.at_ms, dice, id);
    experiment.id = arena_print(arena, "%s%zu", id, number);
    experiment.task_id = arena_print(arena, "task-%llu", (unsigned long long)dice_below(dice, 500));
    experiment.description = random_text(arena, dice);
    experiment.notes = random_is(dice, 0.3) ? random_text(arena, dice) : slice_from("");
    experiment.rung = random_pick(dice, rungs, 3);
    experiment.model_used = random_is(dice, 0.8) ? experiment.rung : random_pick(dice, rungs, 3);
    experiment.strategy = random_pick(dice, strategies, 6);
    experiment.confidence = random_is(dice, 0.9) ? dice_unit(dice) : NAN;
    experiment.pending = random_is(dice, 0.1);
    experiment.success = experiment.pending     ? RECORD_OPEN
                         : random_is(dice, 0.8) ? RECORD_ACCEPTED
                                                : RECORD_FAILED;
    experiment.cost_usd = random_is(dice, 0.9) ? random_usd(dice) : NAN;
    experiment.seconds = random_is(dice, 0.5) ? 1000 * dice_unit(dice) : NAN;
    experiment.quality = random_is(dice, 0.5) ? 1 + (double)dice_below(dice, 5) : NAN;
    experiment.source = slice_from(random_is(dice, 0.5) ? "beads" : "");
    experiment.project = slice_from(random_is(dice, 0.5) ? "csm" : "");
    experiment.pair =
        slice_from(random_is(dice, 0.1) ? (random_is(dice, 0.5) ? "p-1" : "p-2") : "");
    experiment.decided = slice_from(random_is(dice, 0.5) ? "claude-haiku-5-5" : "");
    experiment.cost_source = (enum record_cost_source)dice_below(dice, 2);
    experiment.outcome_source = (enum record_outcome_source)dice_below(dice, 4);
    random_lists(arena, dice, &experiment);
    return experiment;
}

#endif
