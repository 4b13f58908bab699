/* The policy room: schema and its complaints, lookups, patterns, trust. */
#include "unit.h"

#include "base/json.h"
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool parse(
    struct arena *arena, const char *text, struct policy *policy, struct policy_problems *problems)
{
    return policy_parse(arena, "rung.yaml", slice_from(text), true, policy, problems);
}

static void show(const struct policy_problems *problems)
{
    for (size_t i = 0; i < problems->n; i++)
        print_message("%.*s\n", SLICE_ARG(problems->items[i].sentence));
}

static void parse_well(struct arena *arena, const char *text, struct policy *policy)
{
    struct policy_problems problems;
    if (!parse(arena, text, policy, &problems)) {
        show(&problems);
        fail_msg("the policy has problems");
    }
}

static void parse_builtin(struct arena *arena, struct policy *policy)
{
    struct policy_problems problems;
    if (!policy_parse(arena, NULL, policy_builtin_text(), true, policy, &problems)) {
        show(&problems);
        fail_msg("the built-in policy has problems");
    }
}

static const char *rung_name(const struct policy *policy, int rung)
{
    return rung == POLICY_NONE ? "none" : policy->rungs[rung].name.base;
}

static void builtin_has_no_problem(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy policy;
    parse_builtin(&arena, &policy);
    assert_int_equal(policy.n_rungs, 4);
    assert_string_equal(rung_name(&policy, policy.default_rung), "sonnet");
    assert_string_equal(rung_name(&policy, policy.top), "opus");
    assert_slice(policy.rungs[1].model, "claude-haiku-5-5");
    assert_slice(policy.rungs[1].effort, "high");
    for (size_t i = 0; i < policy.n_rungs; i++)
        assert_true(policy.rungs[i].has_assume);
    assert_int_equal(policy.goal.kind, POLICY_GOAL_TIERS);
    assert_true(policy.explore == 0 && policy.keep_text);
    assert_int_equal(policy.n_gates, 0);
    assert_int_equal(policy.review_rung, POLICY_NONE);
    assert_int_equal(strlen(policy.hash), 64);
    arena_free(&arena);
}

static const char SAMPLE[] =
    "ladder:                                   # every rung that may be climbed\n"
    "  - {rung: haiku,       model: claude-haiku-5-5,  effort: medium}\n"
    "  - {rung: haiku-high,  model: claude-haiku-5-5,  effort: high}\n"
    "  - {rung: sonnet,      model: claude-sonnet-5-5, effort: medium}\n"
    "  - {rung: opus,        model: claude-opus-5-5,   effort: medium}\n"
    "default: sonnet\n"
    "middle: sonnet\n"
    "top: opus\n"
    "labels:\n"
    "  explicit: \"model:\"\n"
    "  complexity: {trivial: haiku, simple: haiku, standard: sonnet, complex: opus}\n"
    "  synonyms: {\"size/XS\": trivial, \"good first issue\": simple}\n"
    "patterns:\n"
    "  - {rung: haiku, words: [rename, fix typo, add endpoint, add route, create component]}\n"
    "  - {rung: opus,  in: title, words: [architecture, security audit, race condition]}\n"
    "assume: {haiku: {input: 8000, cache_read: 90000, cache_write: 12000, output: 4000}}\n"
    "goal: {keep: sonnet, within: 0.01}\n"
    "explore: 0.05\n"
    "gates:\n"
    "  - {name: tests, command: [make, test], timeout_s: 600}\n"
    "  - {name: diff, max_files: 20, keep_tests: true}\n"
    "review: {when: [security, auth, payments, crypto, architecture, escalated], rung: opus}\n"
    "budget: {task_usd: 2.00, day_usd: 50}\n"
    "agent: claude\n";

static void sample_is_read(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy policy;
    parse_well(&arena, SAMPLE, &policy);
    assert_int_equal(policy.goal.kind, POLICY_GOAL_KEEP);
    assert_int_equal(policy.goal.keep, 2);
    assert_close(policy.goal.within, 0.01, 0);
    assert_close(policy.explore, 0.05, 0);
    assert_int_equal(policy.n_gates, 2);
    assert_int_equal(policy.gates[0].kind, POLICY_GATE_COMMAND);
    assert_int_equal(policy.gates[0].n_command, 2);
    assert_slice(policy.gates[0].command[1], "test");
    assert_close(policy.gates[1].timeout_s, 600, 0);
    assert_int_equal(policy.gates[1].kind, POLICY_GATE_DIFF);
    assert_int_equal(policy.gates[1].max_files, 20);
    assert_true(policy.gates[1].keep_tests);
    assert_int_equal(policy.n_review_when, 6);
    assert_int_equal(policy.review_rung, 3);
    assert_close(policy.budget_day_usd, 50, 0);
    assert_true(policy.rungs[0].has_assume && !policy.rungs[1].has_assume);
    assert_close(policy.rungs[0].assume.cache_write_5m, 12000, 0);
    assert_slice(policy.agent, "claude");
    assert_int_equal(policy.n_refused, 0);
    assert_string_equal(policy.path, "rung.yaml");
    assert_int_equal(policy_rung_by_label(&policy, slice_from("Good First Issue")), 0);
    arena_free(&arena);
}

static void what_is_missing_has_a_default(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy policy;
    parse_well(&arena,
        "ladder:\n- {rung: small, model: a, price: {input: 1, output: 2}}\n"
        "- {rung: big, model: b}\ndefault: small\ngates: [{name: second, judge: big}]\n"
        "labels: {synonyms: {huge: complex}}\n",
        &policy);
    assert_int_equal(policy.middle, 0);
    assert_int_equal(policy.top, 1);
    assert_slice(policy.explicit_prefix, "model:");
    assert_int_equal(policy_rung_by_complexity(&policy, slice_from("complex")), 1);
    assert_int_equal(policy_rung_by_complexity(&policy, slice_from("trivial")), 0);
    assert_int_equal(policy_rung_by_label(&policy, slice_from("huge")), 1);
    assert_int_equal(policy.rungs[0].effort.len, 0);
    assert_true(policy.rungs[0].has_price && !policy.rungs[1].has_price);
    assert_close(policy.rungs[0].price.cache_read, 1, 0);
    assert_close(policy.rungs[0].price.batch_factor, 1, 0);
    assert_int_equal(policy.gates[0].judge_rung, 1);
    assert_int_equal(policy.goal.kind, POLICY_GOAL_TIERS);
    struct policy_match match;
    assert_int_equal(
        policy_match(&policy, slice_from("Fix typo"), slice_from("typo"), &match, 1), 0);
    arena_free(&arena);
}

static const char MISTAKES[] =
    "ladder:\n"                                                         /* 1 */
    "  - {rung: haiku, model: claude-haiku-5-5, effort: mediun}\n"      /* 2 */
    "  - {rung: haiku, model: claude-sonnet-5-5}\n"                     /* 3 */
    "  - {rung: opus, modell: claude-opus-5-5}\n"                       /* 4: two */
    "  - {rung: big one, model: x, price: {input: -1, output: .inf}}\n" /* 5: three */
    "default: sonnet\n"                                                 /* 6 */
    "default: haiku\n"                                                  /* 7 */
    "tops: opus\n"                                                      /* 8 */
    "labels: {complexity: {trivial: haiku}, synonyms: {small: tiny}}\n" /* 9 */
    "patterns:\n"                                                       /* 10 */
    "  - {rung: haiku, words: [the, fix ... ], in: titel}\n"            /* 11: three */
    "  - {rung: opus}\n"                                                /* 12 */
    "  - {rung: opus, expression: \"(\"}\n"                             /* 13 */
    "assume: {sonet: {input: 1}}\n"                                     /* 14 */
    "goal: {keep: haiku, value_usd: 2}\n"                               /* 15 */
    "explore: 1.5\n"                                                    /* 16 */
    "keep_text: yes\n"                                                  /* 17 */
    "gates:\n"                                                          /* 18 */
    "  - {name: tests, command: [make], judge: opus}\n"                 /* 19 */
    "  - {name: tests, command: make test}\n"                           /* 20: two */
    "  - {name: size, max_files: \"20\"}\n"                             /* 21 */
    "audit: 2.5\n"                                                      /* 22 */
    "review: [security]\n"                                              /* 23 */
    "budget: {day_usd: 0}\n"                                            /* 24 */
    "ledger: /tmp/ledger.db\n"                                          /* 25 */
    "agent: \"-x\"\n";                                                  /* 26 */

static const char *const COMPLAINTS[] = {
    "rung.yaml:2:52: ladder[0].effort: must be one of none, minimal,",
    "rung.yaml:3:12: ladder[1].rung: \"haiku\" is the name of ladder[0] already",
    "rung.yaml:4:5: ladder[2]: the key \"model\" is missing",
    "rung.yaml:4:18: ladder[2].modell: unknown key; did you mean \"model\"?",
    "rung.yaml:5:12: ladder[3].rung: \"big one\" must begin with a letter",
    "rung.yaml:5:46: ladder[3].price.input: -1 is out of range; it must be a number from 0",
    "rung.yaml:5:58: ladder[3].price.output: must be a number from 0 to 1000000, not a number",
    "rung.yaml:6:10: default: \"sonnet\" is no rung of the ladder; these are: haiku,",
    "rung.yaml:7:1: default: is given twice; the first is in line 6",
    "rung.yaml:8:1: tops: unknown key; did you mean \"top\"?",
    "rung.yaml:9:58: labels.synonyms.small: \"tiny\" is no value of labels.complexity; these",
    "rung.yaml:11:27: patterns[0].words[0]: \"the\" has no word in it",
    "rung.yaml:11:32: patterns[0].words[1]: \"fix ...\" ends with \"...\"",
    "rung.yaml:11:47: patterns[0].in: must be one of any, title, body, not \"titel\"",
    "rung.yaml:12:5: patterns[1]: has neither words nor an expression",
    "rung.yaml:13:30: patterns[2].expression: is not a regular expression: missing closing",
    "rung.yaml:14:17: assume.sonet: \"sonet\" is no rung of the ladder; these are:",
    "rung.yaml:15:32: goal.value_usd: is a second goal beside \"keep\"",
    "rung.yaml:16:10: explore: 1.5 is out of range; it must be a number from 0 to 1",
    "rung.yaml:17:12: keep_text: must be true or false, not \"yes\"",
    "rung.yaml:19:43: gates[0].judge: makes the gate one of a second kind beside \"command\"",
    "rung.yaml:20:12: gates[1].name: \"tests\" is the name of gates[0] already",
    "rung.yaml:20:28: gates[1].command: must be a list, not \"make test\"",
    "rung.yaml:21:29: gates[2].max_files: must be a whole number from 1 to 1000000, not the quo",
    "rung.yaml:22:8: audit: must be a whole number from 0 to 1000000, not \"2.5\"",
    "rung.yaml:23:9: review: must be a map of keys and values, not a list",
    "rung.yaml:24:19: budget.day_usd: 0 is out of range; it must be a number above 0",
    "rung.yaml:25:9: ledger: \"/tmp/ledger.db\" is no place for a ledger; write sqlite:PATH",
    "rung.yaml:26:8: agent: must be one of claude, codex, opencode, command, api, not the",
};

static bool parse_agent(
    struct arena *arena, const char *agent, struct policy *policy, struct policy_problems *problems)
{
    struct slice text =
        arena_print(arena, "ladder: [{rung: a, model: m}]\ndefault: a\nagent: %s\n", agent);
    return policy_parse(arena, "rung.yaml", text, true, policy, problems);
}

static void agents_are_read(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy policy;
    struct policy_problems problems;
    assert_true(parse_agent(&arena, "codex", &policy, &problems));
    assert_slice(policy.agent, "codex");
    assert_int_equal(policy.worker.kind, POLICY_AGENT_CODEX);
    assert_close(policy.worker.timeout_s, 3600, 0);
    policy_free(&policy);
    assert_true(parse_agent(&arena,
        "{use: command, command: [x, \"{model}\"], prompt: file, result: json, max_turns: 7, "
        "paths: {cost: usage.usd}}",
        &policy, &problems));
    assert_int_equal(policy.worker.kind, POLICY_AGENT_COMMAND);
    assert_int_equal(policy.worker.n_command, 2);
    assert_true(policy.worker.prompt_is_file && policy.worker.result_is_json);
    assert_int_equal(policy.worker.max_turns, 7);
    assert_slice(policy.worker.paths.cost_usd, "usage.usd");
    policy_free(&policy);
    static const char *const WRONG[][2] = {
        {"{use: command}", "agent: says nothing to start"},
        {"command", "agent: says nothing to start"},
        {"{command: [x]}", "agent.command: belongs to {use: command}"},
        {"{use: claude, program: ./x}", "agent.program: must be a name or an absolute path"},
        {"{permission: \"-x\"}", "agent.permission: \"-x\" must begin with a letter"},
        {"{use: api, url: \"http://example.org\"}", "agent.url: must begin with https://"},
    };
    for (size_t i = 0; i < sizeof(WRONG) / sizeof(*WRONG); i++) {
        assert_false(parse_agent(&arena, WRONG[i][0], &policy, &problems));
        if (slice_find(problems.items[0].sentence, WRONG[i][1]) == SIZE_MAX)
            fail_msg("%s: %.*s", WRONG[i][0], SLICE_ARG(problems.items[0].sentence));
        policy_free(&policy);
    }
    arena_free(&arena);
}

static void every_mistake_is_named(void **state)
{
    (void)state;
    enum { N = sizeof(COMPLAINTS) / sizeof(*COMPLAINTS) };
    struct arena arena = {0};
    struct policy policy;
    struct policy_problems problems;
    assert_false(parse(&arena, MISTAKES, &policy, &problems));
    for (size_t i = 0; i < N && i < problems.n; i++)
        if (!slice_starts(problems.items[i].sentence, COMPLAINTS[i]))
            fail_msg(
                "wanted: %s\n   got: %.*s", COMPLAINTS[i], SLICE_ARG(problems.items[i].sentence));
    if (problems.n != N)
        show(&problems);
    assert_int_equal(problems.n, N);
    assert_int_equal(problems.more, 0);
    arena_free(&arena);
}

static const struct {
    const char *text, *complaint;
} BROKEN[] = {
    {"", "rung.yaml:1:1: is empty"},
    {"- a\n", "rung.yaml:1:1: a policy is a map"},
    {"ladder: []\ndefault: x\n", "rung.yaml:1:9: ladder: is empty"},
    {"ladder: [{rung: a\n", "rung.yaml:2:1: is not YAML"},
    {"ladder:\n\t- a\n", "rung.yaml:2:1: is not YAML"},
    {"ladder: \"\xff\"\n", "rung.yaml:1:10: is not YAML"},
    {"ladder: [{rung: a, model: b}]\ndefault: a\n---\na: b\n", "rung.yaml:3:1: a second document"},
    {"ladder: &a [*a]\ndefault: x\n", "rung.yaml:1:9: an alias stands within"},
    {"ladder: "
     "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
        "rung.yaml:1:41: nested deeper than 32"},
    {"ladder: [{rung: a, model: b}]\ndefault: a\ngoal: {}\n", "rung.yaml:3:7: goal: names no goal"},
    {"ladder: [{rung: a, model: b}]\ndefault: a\ngoal: {tiers: true, within: 0.1}\n",
        "rung.yaml:3:29: goal.within: belongs to \"keep\""},
    {"ladder: [{rung: a, model: b}]\ndefault: a\nexplore: nan\n",
        "rung.yaml:3:10: explore: must be a number from 0 to 1, not a number without"},
    {"ladder: [{rung: a, model: b}]\ndefault: ~\n", "rung.yaml:2:10: default: is empty"},
    {"ladder: [{rung: a, model: b}]\ndefault: a\n? [x]\n: b\n",
        "rung.yaml:3:3: a key must be a text"},
    {"ladder: [{rung: a, model: --help}]\ndefault: a\n", "rung.yaml:1:27: ladder[0].model: \"--"},
};

static void broken_texts_are_told(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy policy;
    struct policy_problems problems;
    for (size_t i = 0; i < sizeof(BROKEN) / sizeof(*BROKEN); i++) {
        assert_false(parse(&arena, BROKEN[i].text, &policy, &problems));
        if (!slice_starts(problems.items[0].sentence, BROKEN[i].complaint))
            fail_msg("wanted: %s\n   got: %.*s", BROKEN[i].complaint,
                SLICE_ARG(problems.items[0].sentence));
    }
    arena_free(&arena);
}

/* A few lines of aliases that stand for millions of values end in a sentence, not in memory. */
static void endless_aliases_are_stopped(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy policy;
    struct policy_problems problems;
    struct slice text = slice_from("ladder: [{rung: a, model: b}]\ndefault: a\npatterns:\n"
                                   "- &row {rung: a, words: &words [x");
    for (int i = 0; i < 1500; i++)
        text = arena_print(&arena, "%.*s, x", SLICE_ARG(text));
    text = arena_print(&arena, "%.*s]}\n", SLICE_ARG(text));
    for (int i = 0; i < 1500; i++)
        text = arena_print(&arena, "%.*s- *row\n", SLICE_ARG(text));
    assert_false(policy_parse(&arena, "rung.yaml", text, true, &policy, &problems));
    bool told = false;
    for (size_t i = 0; i < problems.n; i++)
        told = told || slice_find(problems.items[i].sentence, "aliases counted") != SIZE_MAX;
    assert_true(told);
    arena_free(&arena);
}

static void untrusted_is_read_but_not_obeyed(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy policy;
    struct policy_problems problems;
    struct slice text = arena_print(&arena, "%saudit: 5\nledger: sqlite:/srv/x.db\n", SAMPLE);
    assert_true(policy_parse(&arena, "rung.yaml", text, false, &policy, &problems));
    assert_int_equal(policy.n_rungs, 4);
    assert_int_equal(policy_rung_by_complexity(&policy, slice_from("complex")), 3);
    assert_close(policy.budget_task_usd, 2, 0);
    assert_int_equal(policy.n_gates, 0);
    assert_int_equal(policy.n_review_when, 0);
    assert_int_equal(policy.review_rung, POLICY_NONE);
    assert_int_equal(policy.audit, 0);
    assert_int_equal(policy.ledger.len, 0);
    assert_int_equal(policy.n_refused, 5);
    assert_true(slice_starts(policy.refused[0], "rung.yaml:20:3: gates: not obeyed"));
    assert_true(slice_starts(policy.refused[1], "rung.yaml:25:8: audit: not obeyed"));
    assert_true(slice_starts(policy.refused[4], "rung.yaml:26:9: ledger: not obeyed"));
    /* Its mistakes are told all the same. */
    text = arena_print(&arena, "%saudit: often\n", SAMPLE);
    assert_false(policy_parse(&arena, "rung.yaml", text, false, &policy, &problems));
    arena_free(&arena);
}

static int wish(const struct policy *policy, const char *text, const char *effort)
{
    return policy_rung_by_wish(policy, slice_from(text), slice_from(effort));
}

static void wishes_name_rungs(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy policy;
    parse_builtin(&arena, &policy);
    assert_int_equal(wish(&policy, "haiku", ""), 0);
    assert_int_equal(wish(&policy, " Haiku ", ""), 0);
    assert_int_equal(wish(&policy, "haiku", "high"), 1);
    assert_int_equal(wish(&policy, "haiku", "max"), 1);
    assert_int_equal(wish(&policy, "haiku", "low"), 0);
    assert_int_equal(wish(&policy, "haiku-high", ""), 1);
    assert_int_equal(wish(&policy, "haiku", "enormous"), 0);
    assert_int_equal(wish(&policy, "claude-haiku-5-5", ""), 0);
    assert_int_equal(wish(&policy, "claude-haiku-5-5", "xhigh"), 1);
    assert_int_equal(wish(&policy, "claude-opus-5-5-20260922", ""), 3);
    assert_int_equal(wish(&policy, "claude-opus-5-5[1m]", ""), 3);
    assert_int_equal(wish(&policy, "opus", "low"), 3);
    assert_int_equal(wish(&policy, "claude", ""), POLICY_NONE);
    assert_int_equal(wish(&policy, "5", ""), POLICY_NONE);
    assert_int_equal(wish(&policy, "claude-haiku-4-5", ""), POLICY_NONE);
    assert_int_equal(wish(&policy, "", "high"), POLICY_NONE);
    assert_int_equal(policy_rung_by_name(&policy, slice_from("sonnet")), 2);
    assert_int_equal(policy_rung_by_name(&policy, slice_from("Sonnet")), POLICY_NONE);
    assert_int_equal(policy_rung_by_complexity(&policy, slice_from("Trivial")), 0);
    assert_int_equal(policy_rung_by_complexity(&policy, slice_from("good first issue")), 0);
    assert_int_equal(policy_rung_by_complexity(&policy, slice_from("epic")), POLICY_NONE);
    assert_int_equal(policy_rung_by_label(&policy, slice_from("complex")), POLICY_NONE);
    assert_int_equal(policy_rung_by_label(&policy, slice_from("size/xl")), 3);
    static const int BY_SCORE[] = {-1, 0, 0, 0, 2, 2, 2, 3, 3, 3, 3, -1};
    for (int score = 0; score <= 11; score++)
        assert_int_equal(policy_rung_by_score(&policy, score), BY_SCORE[score]);

    parse_well(&arena,
        "ladder:\n- {rung: low, model: gpt-5-mini}\n- {rung: mid, model: claude-opus-5-5}\n"
        "- {rung: dated, model: claude-haiku-4-5-20251001}\ndefault: low\n",
        &policy);
    assert_int_equal(wish(&policy, "mini", ""), POLICY_NONE);
    assert_int_equal(wish(&policy, "gpt-5-mini", ""), 0);
    assert_int_equal(wish(&policy, "opus", ""), 1);
    assert_int_equal(wish(&policy, "claude-haiku-4-5", ""), 2);
    arena_free(&arena);
}

/* ---- patterns ---- */

static void with_phrase(struct arena *arena, const char *phrase, struct policy *policy)
{
    struct slice text = arena_print(arena,
        "ladder: [{rung: a, model: b}]\ndefault: a\npatterns: [{rung: a, words: [\"%s\"]}]\n",
        phrase);
    parse_well(arena, text.base, policy);
}

static const struct {
    const char *phrase, *text;
    bool found;
} PHRASES[] = {
    {"fix", "Fixes it", true},
    {"fix", "fixed", true},
    {"fix", "FIXING", true},
    {"fix", "prefix", false},
    {"fix", "fixture", false},
    {"rename", "renaming a file", true},
    {"rename", "renamed", true},
    {"format", "formatted", true},
    {"format", "Formatting.", true},
    {"format", "information", false},
    {"format", "reformat", false},
    {"format", "formatter", false},
    {"edit", "editing", true},
    {"refactor", "Refactored", true},
    {"plan", "planned", true},
    {"plan", "planed", false},
    {"query", "queries", true},
    {"deploy", "deploys", true},
    {"deploy", "deploied", false},
    {"tie", "tying", true},
    {"agree", "agreeing", true},
    {"patch", "patches", true},
    {"typo", "two typos", true},
    {"write", "written", true},
    {"architecture", "architecturally", false},
    {"architecture", "software-architecture", true},
    {"review", "/api/review/42", true},
    {"auth", "authProvider", false},
    {"auth", "auth_provider", true},
    {"auth", "author", false},
    {"=page", "page", true},
    {"=page", "Page", true},
    {"=page", "paging", false},
    {"=page", "pages", false},
    {"memory leak", "memory leaks", true},
    {"memory leak", "memory-leak", true},
    {"memory leak", "memory that leaks", false},
    {"fix typo", "Fixing a typo", true},
    {"fix typo", "fix the\ntypos", true},
    {"fix the typo", "fix typo", true},
    {"fix typo", "fix this typo", false},
    {"add ... page", "add page", true},
    {"add ... page", "Added the new league insights overview pages", true},
    {"add ... page", "add one two three four five page", true},
    {"add ... page", "add one two three four five six page", false},
    {"add ... page", "add one\ntwo page", false},
    {"add … page", "add one page", true},
    {"add ... test page", "add test for the test page", true},
    {"k ... b c ... d", "k b c x d", true},
    {"k ... b c ... d", "k b x c d", false},
    {"update ... endpoint", "Update NBA proxy /games/:date endpoint", true},
    {"état", "l’état", true},
    {"typo", "a “typo” — twice", true},
    {"naïve", "naïveté", false},
    {"x", "", false},
};

static void phrases_match_whole_words(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof(PHRASES) / sizeof(*PHRASES); i++) {
        struct policy policy;
        struct policy_match match;
        with_phrase(&arena, PHRASES[i].phrase, &policy);
        size_t n =
            policy_match(&policy, slice_from(PHRASES[i].text), (struct slice){NULL, 0}, &match, 1);
        if (n != PHRASES[i].found)
            fail_msg("\"%s\" in \"%s\": %zu", PHRASES[i].phrase, PHRASES[i].text, n);
    }
    arena_free(&arena);
}

static void rows_come_in_order(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy policy;
    parse_well(&arena,
        "ladder: [{rung: low, model: b}, {rung: high, model: c}]\ndefault: low\npatterns:\n"
        "- {rung: low, words: [beta, alpha]}\n"
        "- {rung: high, in: title, expression: \"gam+a\\\\b\"}\n"
        "- {rung: high, in: title, words: [delta]}\n"
        "- {rung: low, in: body, words: [epsilon]}\n",
        &policy);
    struct policy_match matches[8];
    size_t n = policy_match(&policy, slice_from("epsilon GAMMMA alpha"),
        slice_from("delta gamma epsilon beta alpha"), matches, 8);
    assert_int_equal(n, 4);
    assert_slice(matches[0].pattern, "beta");
    assert_int_equal(matches[0].found_in, POLICY_IN_BODY);
    assert_slice(matches[1].pattern, "alpha");
    assert_int_equal(matches[1].found_in, POLICY_IN_TITLE);
    assert_int_equal(matches[1].row, 0);
    assert_slice(matches[2].pattern, "gam+a\\b");
    assert_int_equal(matches[2].row, 1);
    assert_int_equal(matches[2].rung, 1);
    assert_slice(matches[3].pattern, "epsilon");
    assert_int_equal(matches[3].row, 3);
    assert_int_equal(
        policy_match(&policy, slice_from("alpha delta"), slice_from(""), matches, 1), 1);
    assert_slice(matches[0].pattern, "alpha");
    policy_free(&policy);
    arena_free(&arena);
}

/* A phrase is found wherever it stands, across every seam of the matcher's window. */
static void long_texts_are_searched_whole(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy policy;
    with_phrase(&arena, "memory ... leak", &policy);
    for (size_t before = 0; before < 1200; before += 7) {
        char *text = arena_take(&arena, 2 * before + 64);
        memset(text, 'x', 2 * before);
        for (size_t i = 0; i < before; i++)
            text[2 * i + 1] = ' ';
        memcpy(text + 2 * before, "memory of one two three leaks", 30);
        struct policy_match match;
        assert_int_equal(
            policy_match(&policy, (struct slice){NULL, 0}, slice_from(text), &match, 1), 1);
    }
    arena_free(&arena);
}

/* An expression that would search for ever has found nothing, and ends. */
static void slow_expressions_give_up(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy policy;
    parse_well(&arena,
        "ladder: [{rung: a, model: b}]\ndefault: a\npatterns:\n"
        "- {rung: a, expression: \"^(a+)+$\"}\n",
        &policy);
    struct policy_match match;
    struct slice title = slice_from("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
    assert_int_equal(policy_match(&policy, title, slice_from("\xff bad"), &match, 1), 0);
    assert_int_equal(policy_match(&policy, slice_from("aaa"), slice_from(""), &match, 1), 1);
    policy_free(&policy);
    arena_free(&arena);
}

static const struct {
    const char *title, *rung;
} ROUTES[] = {
    {"Add /api/routing/experiments endpoint", "haiku"},
    {"Create visualization component", "haiku"},
    {"Create /experiments/routing-dashboard route", "haiku"},
    {"Implement stats aggregation logic", "sonnet"},
    {"Update NBA proxy /games/:date endpoint", "haiku"},
    {"Accept date parameter in proxy", "haiku"},
    {"Add league-insights analysis page", "sonnet"},
    {"Create Game of Night card component", "haiku"},
    {"Fix typo", "haiku"},
    {"Fix a typo in the auth page", "haiku"},
    {"Renaming the old config file", "haiku"},
    {"Formatting of the utils module", "haiku"},
    {"Scaffold a package", "haiku"},
    {"Build CRUD for notes", "haiku"},
    {"Lint the workspace", "haiku"},
    {"Single-file change in the parser", "haiku"},
    {"Rework state management of the cart", "sonnet"},
    {"Move the discount business logic", "sonnet"},
    {"Change how multiple files are opened", "sonnet"},
    {"Decide on the architecture of the sync service", "opus"},
    {"Security audit of the gateway", "opus"},
    {"Refactor auth", "opus"},
    {"Retry failed payments", "opus"},
    {"Crypto: rotate keys", "opus"},
    {"Fix race conditions in the pool", "opus"},
    {"Hunt the memory leak in the worker", "opus"},
    {"Refactor logging across services", "opus"},
    {"Review: pass with findings", "none"},
    {"Improve display of information", "none"},
};

static void builtin_routes_titles(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy policy;
    parse_builtin(&arena, &policy);
    for (size_t i = 0; i < sizeof(ROUTES) / sizeof(*ROUTES); i++) {
        struct policy_match match;
        size_t n = policy_match(&policy, slice_from(ROUTES[i].title), slice_from(""), &match, 1);
        const char *got = n ? rung_name(&policy, match.rung) : "none";
        if (strcmp(got, ROUTES[i].rung) != 0)
            fail_msg("\"%s\" goes to %s, not %s", ROUTES[i].title, got, ROUTES[i].rung);
    }
    struct policy_match match;
    struct slice body = slice_from("The architecture has a memory leak; a security audit follows.");
    assert_int_equal(policy_match(&policy, slice_from("Look into it"), body, &match, 1), 0);
    arena_free(&arena);
}

/* The rung of the first complexity label of a record, POLICY_NONE where it has none. */
static int labelled_rung(const struct policy *policy, struct json record)
{
    struct json_walk walk = json_walk_over(json_get(record, "labels"));
    struct slice label;
    while (json_next(&walk))
        if (json_text(walk.value, &label) && slice_starts(label, "complexity:"))
            return policy_rung_by_complexity(policy, slice_sub(label, 11, label.len));
    return POLICY_NONE;
}

/* On a real backlog: patterns agree with people's labels more often than always guessing the
 * most frequent one would (60 %), and few titles buy the top rung. */
static void patterns_agree_with_people(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct file_bytes file;
    const char *directory = getenv("RUNG_DATA");
    const char *path = file_join(&arena, directory ? directory : "../shared/data", "backlog.jsonl");
    if (!file_open(path, 1 << 30, &file, NULL)) {
        print_message("skipped: %s is not there\n", path);
        arena_free(&arena);
        skip();
    }
    struct policy policy;
    parse_builtin(&arena, &policy);
    struct json_parser *parser = json_parser_make();
    struct slice rest = file.bytes, line;
    size_t n = 0, top = 0, labelled = 0, agreed = 0;
    while (slice_next_line(&rest, &line)) {
        struct json record;
        struct policy_match match;
        assert_true(json_parse(parser, line, &record, NULL));
        bool found = policy_match(&policy, json_get_text(record, "title"),
                         json_get_text(record, "description"), &match, 1) > 0;
        int rung = found ? match.rung : policy.default_rung;
        int wanted = labelled_rung(&policy, record);
        n++;
        top += rung == policy.top;
        labelled += wanted != POLICY_NONE;
        agreed += wanted == rung;
    }
    print_message("patterns agree with %zu of %zu labels; %zu of %zu records go to the top rung\n",
        agreed, labelled, top, n);
    assert_int_equal(labelled, 72);
    assert_true((double)agreed > 0.6 * (double)labelled);
    assert_true((double)top < 0.05 * (double)n);
    json_parser_free(parser);
    file_close(&file);
    arena_free(&arena);
}

/* ---- pages ---- */

static bool holds(struct slice text, const char *part)
{
    return slice_find(text, part) != SIZE_MAX;
}

static void pages_follow_the_policy(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy policy;
    struct policy_page pages[POLICY_PAGES];
    struct price_table prices = price_builtin();
    parse_well(&arena, SAMPLE, &policy);
    policy_pages(&arena, &policy, &prices, 20779, pages);
    assert_string_equal(pages[0].name, "model-routing-optimization.md");
    assert_string_equal(pages[1].name, "harness-patterns.md");
    assert_string_equal(pages[2].name, "gastown-patterns.md");
    struct slice head =
        arena_print(&arena, "<!-- Generated by `rung init` from rung.yaml %.12s. ", policy.hash);
    for (size_t i = 0; i < POLICY_PAGES; i++) {
        assert_true(slice_starts(pages[i].text, head.base));
        assert_true(slice_is_utf8(pages[i].text));
        assert_false(holds(pages[i].text, "dangerously") || holds(pages[i].text, "(null)"));
    }
    /* 8,000 × 0.10 + 4,000 × 0.50 + 90,000 × 0.01 + 12,000 × 0.125 dollars a million */
    assert_true(holds(pages[0].text,
        "| `haiku` | `claude-haiku-5-5` | medium | 0.1 | 0.5 | 0.01 | 0.125 | 0.0052 |"));
    assert_true(holds(pages[0].text, "| `opus` | `claude-opus-5-5` | medium | 4 | 20 | 0.2 | 5 | "
                                     "unknown |"));
    assert_true(holds(pages[0].text, "| 2 | `opus` | title | `architecture`, `security audit`, "
                                     "`race condition` |"));
    assert_true(holds(pages[0].text, "| `good first issue` | `haiku` |"));
    assert_true(holds(pages[0].text, "within 0.01 of that of `sonnet`"));
    assert_true(holds(pages[1].text, "| `tests` | `make test` exits with 0 | 600 s |"));
    assert_true(holds(pages[1].text, "| `diff` | at most 20 files; no test deleted or skipped |"));
    assert_true(holds(pages[1].text, "`opus` reads the change"));
    assert_true(holds(pages[1].text, "One task may cost 2.00 USD"));
    assert_true(holds(pages[2].text, "gt config agent set haiku-high \"claude --model "
                                     "claude-haiku-5-5 --effort high\"\n"));
    arena_free(&arena);
}

static void reference_has_every_key(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct slice text = policy_reference(&arena);
    static const char *const LINES[] = {"ladder (list, required)\n",
        "ladder[].model (text, required)", "labels.explicit (text, default model:)",
        "patterns[].in (one of any, title, body, default any)",
        "assume.NAME.cache_write_1h (number, default 0)", "goal.keep (rung)",
        "gates[].timeout_s (number, default 600)", "ledger (text, only of a trusted policy)"};
    for (size_t i = 0; i < sizeof(LINES) / sizeof(*LINES); i++)
        if (!holds(text, LINES[i]))
            fail_msg("no line: %s", LINES[i]);
    arena_free(&arena);
}

/* ---- trust and finding ---- */

static const char *make_home(struct arena *arena)
{
    char *home = arena_take(arena, 64);
    memcpy(home, "/tmp/rung-policy-XXXXXX", 24);
    assert_non_null(mkdtemp(home));
    setenv("XDG_DATA_HOME", file_join(arena, home, "data"), 1);
    setenv("XDG_CONFIG_HOME", file_join(arena, home, "config"), 1);
    return home;
}

static void remove_home(struct arena *arena, const char *home)
{
    static const char *const FILES[] = {"data/rung/trust.jsonl", "data/rung/trust.lock",
        "data/rung", "project/mine", "project/moved", "data", "config/rung/rung.yaml",
        "config/rung", "config", "project/rung.yaml", "project/deep", "project", "link.yaml"};
    for (size_t i = 0; i < sizeof(FILES) / sizeof(*FILES); i++)
        remove(file_join(arena, home, FILES[i]));
    assert_int_equal(remove(home), 0);
}

static const char *put(struct arena *arena, const char *home, const char *name, const char *text)
{
    const char *path = file_join(arena, home, name);
    assert_true(file_make_directories(file_directory(arena, path), 0700, NULL));
    assert_true(file_replace(path, slice_from(text), 0644, NULL));
    return path;
}

static void trust_is_kept_by_path_and_hash(void **state)
{
    (void)state;
    struct arena arena = {0};
    const char *home = make_home(&arena);
    const char *path = put(&arena, home, "project/rung.yaml", SAMPLE);
    assert_false(policy_is_trusted(&arena, path, "abc"));
    assert_true(policy_trust(&arena, path, "abc", NULL));
    assert_true(policy_is_trusted(&arena, path, "abc"));
    assert_false(policy_is_trusted(&arena, path, "abd"));
    assert_false(policy_is_trusted(&arena, "/elsewhere/rung.yaml", "abc"));
    const char *link = file_join(&arena, home, "link.yaml");
    assert_int_equal(symlink(path, link), 0);
    assert_true(policy_is_trusted(&arena, link, "abc"));
    assert_true(policy_trust(&arena, path, "abd", NULL));
    assert_false(policy_is_trusted(&arena, path, "abc"));
    struct stat status;
    assert_int_equal(stat(file_join(&arena, home, "data/rung/trust.jsonl"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_true(policy_distrust(&arena, path, NULL));
    assert_false(policy_is_trusted(&arena, path, "abd"));
    remove_home(&arena, home);
    arena_free(&arena);
}

/* A file made anew where one was begun is another file, even where it gets the same inode. */
static void a_file_is_known_by_its_birth(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct file_identity is;
    const char *home = make_home(&arena);
    const char *mine = put(&arena, home, "project/mine", "1");
    const char *moved = file_join(&arena, home, "project/moved");
    assert_false(policy_owns_file(&arena, mine));
    assert_true(policy_own_file(&arena, mine, mine, NULL));
    assert_true(policy_trust(&arena, mine, "abc", NULL)); /* entries of both kinds live together */
    assert_true(policy_owns_file(&arena, mine));
    assert_true(policy_is_trusted(&arena, mine, "abc"));
    assert_true(file_identify(mine, &is));
    if (is.birth_ns) {
        assert_int_equal(rename(mine, moved), 0);
        assert_true(policy_owns_file(&arena, moved));
        assert_int_equal(rename(moved, mine), 0);
    }
    assert_int_equal(symlink(mine, moved), 0);
    assert_false(policy_owns_file(&arena, moved));
    for (int i = 0; is.birth_ns && i < 20; i++) { /* inodes are given out again at once */
        assert_int_equal(unlink(mine), 0);
        put(&arena, home, "project/mine", "1");
        assert_false(policy_owns_file(&arena, mine));
    }
    assert_true(policy_own_file(&arena, mine, mine, NULL));
    assert_true(policy_disown_file(&arena, mine, NULL));
    assert_false(policy_owns_file(&arena, mine));
    assert_true(policy_is_trusted(&arena, mine, "abc"));
    remove_home(&arena, home);
    arena_free(&arena);
}

static void a_file_is_begun_once_and_never_taken_over(void **state)
{
    (void)state;
    struct arena arena = {0};
    const char *home = make_home(&arena);
    put(&arena, home, "project/rung.yaml", SAMPLE);
    const char *mine = file_join(&arena, home, "project/mine");
    assert_true(policy_begin_file(&arena, mine, NULL));
    assert_true(file_exists(mine) && policy_owns_file(&arena, mine));
    assert_true(policy_begin_file(&arena, mine, NULL));
    assert_int_equal(unlink(mine), 0);
    put(&arena, home, "project/mine", "theirs");
    struct file_identity is;
    assert_true(file_identify(mine, &is));
    if (is.birth_ns)
        assert_false(policy_begin_file(&arena, mine, NULL));
    assert_int_equal(unlink(mine), 0);
    assert_int_equal(symlink("/nowhere", mine), 0);
    assert_false(policy_begin_file(&arena, mine, NULL));
    remove_home(&arena, home);
    arena_free(&arena);
}

/* Programs that trust at the same time do not take each other's word away. */
static void every_change_of_the_record_stays(void **state)
{
    (void)state;
    enum { WRITERS = 8, EACH = 20 };
    struct arena arena = {0};
    const char *home = make_home(&arena);
    for (int writer = 0; writer < WRITERS; writer++)
        if (fork() == 0) {
            bool ok = true;
            for (int i = 0; i < EACH; i++)
                ok = policy_trust(
                         &arena, arena_print(&arena, "/p/%d/%d", writer, i).base, "abc", NULL) &&
                     ok;
            _exit(!ok);
        }
    for (int writer = 0; writer < WRITERS; writer++) {
        int status;
        assert_true(wait(&status) > 0 && status == 0);
    }
    for (int i = 0; i < WRITERS * EACH; i++)
        assert_true(policy_is_trusted(
            &arena, arena_print(&arena, "/p/%d/%d", i / EACH, i % EACH).base, "abc"));
    remove_home(&arena, home);
    arena_free(&arena);
}

static void the_nearest_policy_holds(void **state)
{
    (void)state;
    struct arena arena = {0};
    const char *home = make_home(&arena);
    struct policy policy;
    struct failure failure;
    const char *project = file_join(&arena, home, "project");
    const char *deep = file_join(&arena, project, "deep");
    assert_true(file_make_directories(deep, 0700, NULL));
    assert_true(policy_find(&arena, NULL, deep, &policy, NULL, &failure));
    assert_true(policy.path == NULL && policy.trusted);

    const char *own = put(&arena, home, "config/rung/rung.yaml", SAMPLE);
    assert_true(policy_find(&arena, NULL, deep, &policy, NULL, &failure));
    assert_string_equal(policy.path, own);
    assert_true(policy.trusted && policy.n_gates == 2);

    const char *path = put(&arena, home, "project/rung.yaml", SAMPLE);
    assert_true(policy_find(&arena, NULL, deep, &policy, NULL, &failure));
    assert_string_equal(policy.path, path);
    assert_true(!policy.trusted && policy.n_gates == 0 && policy.n_refused == 3);
    assert_true(policy_trust(&arena, path, policy.hash, &failure));
    assert_true(policy_find(&arena, NULL, deep, &policy, NULL, &failure));
    assert_true(policy.trusted && policy.n_gates == 2);

    put(&arena, home, "project/rung.yaml", "ladder: []\n");
    struct policy_problems problems;
    assert_false(policy_find(&arena, NULL, deep, &policy, &problems, &failure));
    assert_int_equal(problems.n, 2);
    assert_non_null(strstr(failure.text, "has 2 problems"));
    assert_true(policy_find(&arena, own, deep, &policy, NULL, &failure));
    assert_false(
        policy_find(&arena, file_join(&arena, home, "absent.yaml"), deep, &policy, NULL, &failure));
    assert_non_null(strstr(failure.text, "absent.yaml"));
    remove_home(&arena, home);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builtin_has_no_problem),
        cmocka_unit_test(sample_is_read),
        cmocka_unit_test(what_is_missing_has_a_default),
        cmocka_unit_test(agents_are_read),
        cmocka_unit_test(every_mistake_is_named),
        cmocka_unit_test(broken_texts_are_told),
        cmocka_unit_test(endless_aliases_are_stopped),
        cmocka_unit_test(untrusted_is_read_but_not_obeyed),
        cmocka_unit_test(wishes_name_rungs),
        cmocka_unit_test(phrases_match_whole_words),
        cmocka_unit_test(rows_come_in_order),
        cmocka_unit_test(long_texts_are_searched_whole),
        cmocka_unit_test(slow_expressions_give_up),
        cmocka_unit_test(builtin_routes_titles),
        cmocka_unit_test(patterns_agree_with_people),
        cmocka_unit_test(pages_follow_the_policy),
        cmocka_unit_test(reference_has_every_key),
        cmocka_unit_test(trust_is_kept_by_path_and_hash),
        cmocka_unit_test(a_file_is_known_by_its_birth),
        cmocka_unit_test(a_file_is_begun_once_and_never_taken_over),
        cmocka_unit_test(every_change_of_the_record_stays),
        cmocka_unit_test(the_nearest_policy_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
