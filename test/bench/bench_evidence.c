/* Microseconds of one decision with evidence, in process, at 500 characters: labels, text and goal
 * at work; and of one update of a rung. The evidence is of outcomes that do depend on the words,
 * so that the text gate is open. */
#include "base/clock.h"
#include "decide/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CALLS = 200000, OUTCOMES = 6000, CHARACTERS = 500 };

static const char POLICY[] = "ladder:\n"
                             "  - {rung: haiku, model: claude-haiku-5-5, effort: medium}\n"
                             "  - {rung: sonnet, model: claude-sonnet-5-5, effort: medium}\n"
                             "  - {rung: opus, model: claude-opus-5-5, effort: medium}\n"
                             "default: sonnet\nmiddle: sonnet\ntop: opus\n"
                             "goal: {keep: sonnet, within: 0.01}\n"
                             "gates:\n  - {name: tests, command: [make, test]}\n";

static const char *const EASY[] = {"typo", "label", "button", "readme", "comment", "color"};
static const char *const HARD[] = {"deadlock", "race", "migration", "parser", "protocol", "cache"};
static const char *const PLAIN[] = {"the", "page", "shows", "when", "user", "opens", "report",
    "and", "export", "list", "value", "again", "after", "month", "row", "file"};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void print_times(const char *what, int64_t *times, size_t n)
{
    qsort(times, n, sizeof(times[0]), compare);
    printf("%s: p50 %5.2f µs, p99 %5.2f µs\n", what, (double)times[n / 2] / 1000,
        (double)times[n * 99 / 100] / 1000);
}

/* 500 characters, every fourth word of the task's own kind. */
static struct slice make_text(struct arena *arena, struct dice *dice, bool hard)
{
    char *text = arena_take(arena, CHARACTERS + 16);
    size_t len = 0;
    for (int i = 0; len < CHARACTERS; i++) {
        const char *word =
            i % 4 == 1 ? (hard ? HARD : EASY)[dice_below(dice, 6)] : PLAIN[dice_below(dice, 16)];
        size_t n = strlen(word);
        memcpy(text + len, word, n);
        text[len + n] = ' ';
        len += n + 1;
    }
    return (struct slice){text, CHARACTERS};
}

static const struct slice LABELS[] = {SLICE("area:web"), SLICE("area:core"), SLICE("area:docs")};
static const double SUCCESS[2][3] = {{0.9, 0.92, 0.93}, {0.3, 0.6, 0.8}};
static const double COST_USD[3] = {0.25, 0.55, 0.72};

static struct evidence_attempt make_attempt(
    struct arena *arena, struct dice *dice, const struct policy *policy, int i)
{
    bool hard = dice_unit(dice) < 0.5;
    size_t rung = dice_below(dice, 3);
    return (struct evidence_attempt){.rung = policy->rungs[rung].name,
        .model = policy->rungs[rung].model,
        .effort = policy->rungs[rung].effort,
        .labels = &LABELS[dice_below(dice, 3)],
        .n_labels = 1,
        .title = make_text(arena, dice, hard),
        .success = dice_unit(dice) < SUCCESS[hard][rung],
        .cost_usd = COST_USD[rung] * (0.5 + dice_unit(dice)),
        .tier = DECIDE_DEFAULT,
        .at_ms = 1000 * (int64_t)i};
}

static void measure_decisions(struct decider *decider, struct dice *dice)
{
    static int64_t times[CALLS];
    struct arena texts = {0}, arena = {0};
    struct decision decision;
    enum { TEXTS = 512 };
    struct task tasks[TEXTS];
    double spread_low = 1, spread_high = 0;
    for (int i = 0; i < TEXTS; i++) {
        struct slice text = make_text(&texts, dice, i % 2);
        tasks[i] = (struct task){.title = slice_sub(text, 0, 60),
            .body = slice_sub(text, 60, text.len),
            .labels = {(struct slice *)ARENA_ARRAY(&texts, struct slice, 1), 1},
            .priority = -1};
        tasks[i].labels.items[0] = LABELS[i % 3];
    }
    for (int i = 0; i < CALLS; i++) {
        int64_t begin = now_ns();
        arena_reset(&arena);
        decide(decider, &tasks[i % TEXTS], &arena, &decision);
        times[i] = now_ns() - begin;
        double p = decision.estimates[0].success.mean;
        spread_low = p < spread_low ? p : spread_low;
        spread_high = p > spread_high ? p : spread_high;
    }
    printf(
        "evidence spreads the cheapest rung's success over %.2f … %.2f (a closed text gate would "
        "not)\n",
        spread_low, spread_high);
    print_times("decision with evidence, 500 characters", times, CALLS);
    arena_free(&arena);
    arena_free(&texts);
}

static void measure_updates(
    struct evidence *evidence, const struct evidence_attempt *attempts, size_t n)
{
    static int64_t times[OUTCOMES];
    for (size_t i = 0; i < n; i++) {
        int64_t begin = now_ns();
        evidence_add(evidence, &attempts[i]);
        times[i] = now_ns() - begin;
    }
    print_times("update of a rung, 500 characters     ", times, n);
}

int main(void)
{
    struct arena arena = {0};
    struct policy policy;
    struct policy_problems problems = {0};
    struct price_table prices = price_builtin();
    struct decider decider;
    struct dice dice = dice_from_seed(9);
    int32_t today = clock_day_from_ms(clock_now_ms());
    if (!policy_parse(&arena, NULL, slice_from(POLICY), true, &policy, &problems))
        return 1;
    struct evidence_attempt *attempts = ARENA_ARRAY(&arena, struct evidence_attempt, OUTCOMES);
    for (int i = 0; i < OUTCOMES; i++)
        attempts[i] = make_attempt(&arena, &dice, &policy, i);
    struct evidence_attempt *learned = ARENA_ARRAY(&arena, struct evidence_attempt, OUTCOMES);
    memcpy(learned, attempts, OUTCOMES * sizeof(*attempts));
    struct evidence *evidence = evidence_build(learned, OUTCOMES);
    struct evidence_view *view = evidence_view_make();
    decide_prepare(&arena, &policy, &prices, today, evidence, view, &decider);
    evidence_set_goal(evidence, policy.hash, decide_tune(&decider, &arena));
    decide_prepare(&arena, &policy, &prices, today, evidence, view, &decider);
    if (!decider.has_goal)
        return 1;
    measure_decisions(&decider, &dice);
    for (int i = 0; i < OUTCOMES; i++)
        attempts[i].at_ms += 1000 * (int64_t)OUTCOMES;
    measure_updates(evidence, attempts, OUTCOMES);
    evidence_close(evidence);
    evidence_view_free(view);
    arena_free(&arena);
    return 0;
}
