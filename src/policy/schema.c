/* policy, schema: the one table of all keys of rung.yaml, from which reading, checking and the
 * reference page are driven, and the checks that no single key can make. Refuses to know how
 * YAML is written and what the values are used for. */
#include "schema.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define KEYS_OF(table) .keys = (table), .n_keys = sizeof(table) / sizeof(*(table))
#define AT(type, member) .at = offsetof(struct type, member)
bool schema_has(const struct schema_map *map, uint64_t seen, const char *key)
{
    for (size_t i = 0; i < map->n_keys; i++)
        if (strcmp(map->keys[i].name, key) == 0)
            return seen >> i & 1;
    assert(0 && "a key of the table");
    return false;
}

#define COUNT_AT(type, member) .count_at = offsetof(struct type, member)

static const struct schema_key A_TEXT = {.name = "text", .kind = SCHEMA_TEXT};

/* ---- ladder ---- */

const char *const SCHEMA_EFFORTS[] = {
    "none", "minimal", "low", "medium", "high", "xhigh", "max", NULL};

#define TOKENS(member) AT(draft_tokens, counts.member), .most = 1e12
static const struct schema_key TOKEN_KEYS[] = {
    {"input", SCHEMA_NUMBER, TOKENS(input), .fallback = "0",
        .help = "tokens neither read from a cache nor written to one"},
    {"output", SCHEMA_NUMBER, TOKENS(output), .fallback = "0", .help = "tokens written"},
    {"cache_read", SCHEMA_NUMBER, TOKENS(cache_read), .fallback = "0",
        .help = "tokens read from the prompt cache, over all requests of a task"},
    {"cache_write", SCHEMA_NUMBER, TOKENS(cache_write_5m), .fallback = "0",
        .help = "tokens written to the prompt cache for 5 minutes"},
    {"cache_write_1h", SCHEMA_NUMBER, TOKENS(cache_write_1h), .fallback = "0",
        .help = "tokens written to the prompt cache for an hour"},
};
static const struct schema_map TOKEN_MAP = {
    KEYS_OF(TOKEN_KEYS), .seen_at = offsetof(struct draft_tokens, seen)};

#define PRICE(member) AT(draft_price, row.member), .most = 1e6
static const struct schema_key PRICE_KEYS[] = {
    {"input", SCHEMA_NUMBER, .required = true, PRICE(input), .help = "USD per million tokens"},
    {"output", SCHEMA_NUMBER, .required = true, PRICE(output), .help = "USD per million tokens"},
    {"cache_read", SCHEMA_NUMBER, PRICE(cache_read),
        .help = "USD per million tokens; where missing, that of input"},
    {"cache_write", SCHEMA_NUMBER, PRICE(cache_write_5m),
        .help = "USD per million tokens kept for 5 minutes; where missing, that of input"},
    {"cache_write_1h", SCHEMA_NUMBER, PRICE(cache_write_1h),
        .help = "USD per million tokens kept for an hour; where missing, that of cache_write"},
};
static const struct schema_map PRICE_MAP = {
    KEYS_OF(PRICE_KEYS), .seen_at = offsetof(struct draft_price, seen)};

/* Names and ids stand on command lines, in labels and in file names. */
static void check_id(struct walk *walk, const struct place *place, const char *key, struct slice id,
    const char *allowed)
{
    const struct place *at = walk_find(walk, place, key);
    if (!at || id.len == 0)
        return;
    bool is_right = id.len <= 100 && slice_ascii_is_word((unsigned char)id.base[0]);
    for (size_t i = 0; i < id.len && is_right; i++)
        is_right = slice_ascii_is_word((unsigned char)id.base[i]) || strchr(allowed, id.base[i]);
    if (!is_right)
        walk_problem(walk, at,
            "\"%.*s\" must begin with a letter or digit and hold, beside these, only %s",
            SLICE_ARG(walk_shown(walk, id)), allowed);
}

static void check_rung(struct walk *walk, const struct place *place, void *values)
{
    const struct draft_rung *rung = values;
    check_id(walk, place, "rung", rung->name, "-_.");
    check_id(walk, place, "model", rung->model, "-_.:/@[]+");
}

static const struct schema_key RUNG_KEYS[] = {
    {"rung", SCHEMA_TEXT, .required = true, AT(draft_rung, name), .help = "the name of the rung"},
    {"model", SCHEMA_TEXT, .required = true, AT(draft_rung, model),
        .help = "the model's id, as its vendor spells it"},
    {"effort", SCHEMA_CHOICE, AT(draft_rung, effort), .choices = SCHEMA_EFFORTS,
        .help = "how hard the model thinks; where missing, as its vendor sets it"},
    {"assume", SCHEMA_MAP, AT(draft_rung, assume), .map = &TOKEN_MAP,
        .help = "tokens of a whole task, as under `assume`"},
    {"price", SCHEMA_MAP, AT(draft_rung, price), .map = &PRICE_MAP,
        .help = "for a model that no price table knows"},
};
static const struct schema_map RUNG_MAP = {
    KEYS_OF(RUNG_KEYS), .seen_at = offsetof(struct draft_rung, seen), .check = check_rung};
static const struct schema_key A_RUNG = {.name = "rung", .kind = SCHEMA_MAP, .map = &RUNG_MAP};

/* ---- labels ---- */

static const struct schema_key A_COMPLEXITY = {
    .name = "rung", .kind = SCHEMA_RUNG, AT(draft_complexity, rung)};
static const struct schema_key A_SYNONYM = {
    .name = "value", .kind = SCHEMA_TEXT, AT(draft_synonym, value)};

static const struct place *find_two(
    struct walk *walk, const struct place *place, const char *first, struct slice second)
{
    const struct place *list = walk_find(walk, place, first);
    return list ? walk_find(walk, list, arena_text(walk->arena, second)) : NULL;
}

const char *const SCHEMA_COMPLEXITIES[SCHEMA_N_COMPLEXITIES] = {
    "trivial", "simple", "standard", "complex"};

static bool is_complexity(const struct draft_labels *labels, struct slice value)
{
    for (size_t i = 0; i < SCHEMA_N_COMPLEXITIES && labels->n_complexity == 0; i++)
        if (slice_is_caseless(value, SCHEMA_COMPLEXITIES[i]))
            return true;
    for (size_t i = 0; i < labels->n_complexity; i++)
        if (slice_equal_caseless(value, labels->complexity[i].value))
            return true;
    return false;
}

static void check_labels(struct walk *walk, const struct place *place, void *values)
{
    const struct draft_labels *labels = values;
    for (size_t i = 0; i < labels->n_synonyms; i++) {
        const struct draft_synonym *synonym = &labels->synonyms[i];
        if (synonym->value.len == 0 || is_complexity(labels, synonym->value))
            continue;
        struct slice known = {"", 0};
        for (size_t k = 0; k < labels->n_complexity; k++)
            known = arena_print(walk->arena, "%.*s%s%.*s", SLICE_ARG(known), k ? ", " : "",
                SLICE_ARG(walk_shown(walk, labels->complexity[k].value)));
        const struct place *at = find_two(walk, place, "synonyms", synonym->label);
        if (at)
            walk_problem(walk, at, "\"%.*s\" is no value of labels.complexity; these are: %.*s",
                SLICE_ARG(walk_shown(walk, synonym->value)), SLICE_ARG(known));
    }
}

static const struct schema_key LABEL_KEYS[] = {
    {"explicit", SCHEMA_TEXT, AT(draft_labels, explicit_prefix), .fallback = "model:",
        .help = "what a label begins with that names a rung, a model or a tier"},
    {"complexity", SCHEMA_NAMED, AT(draft_labels, complexity), COUNT_AT(draft_labels, n_complexity),
        .element = &A_COMPLEXITY, .element_bytes = sizeof(struct draft_complexity), .most = 200,
        .help = "values of `complexity:` labels and their rungs; where missing, trivial and "
                "simple are the first rung, standard the middle, complex the top"},
    {"synonyms", SCHEMA_NAMED, AT(draft_labels, synonyms), COUNT_AT(draft_labels, n_synonyms),
        .element = &A_SYNONYM, .element_bytes = sizeof(struct draft_synonym), .most = 1000,
        .help = "whole labels, each with the complexity that it means"},
};
static const struct schema_map LABEL_MAP = {
    KEYS_OF(LABEL_KEYS), .seen_at = offsetof(struct draft_labels, seen), .check = check_labels};

/* ---- patterns ---- */

static const char *const WHERE[] = {"any", "title", "body", NULL};

static void check_pattern(struct walk *walk, const struct place *place, void *values)
{
    const struct draft_pattern *pattern = values;
    const struct place *words = walk_find(walk, place, "words");
    const struct place *expression = walk_find(walk, place, "expression");
    if (words && expression)
        walk_problem(walk, expression, "stands beside words; a row has one of the two");
    if (!words && !expression)
        walk_problem(walk, place, "has neither words nor an expression; a row needs one of them");
    if (words && walk_is_empty_list(words))
        walk_problem(walk, words, "is an empty list; give it at least one word or phrase");
    for (size_t i = 0; i < pattern->n_words; i++) {
        const char *wrong = pattern->words[i].len ? match_check_phrase(pattern->words[i]) : NULL;
        if (wrong)
            walk_problem(walk, walk_item(walk, words, i), "\"%.*s\" %s",
                SLICE_ARG(walk_shown(walk, pattern->words[i])), wrong);
    }
    struct failure failure;
    if (pattern->expression.len && !match_check_expression(pattern->expression, &failure))
        walk_problem(walk, expression, "is not a regular expression: %s", failure.text);
}

static const struct schema_key PATTERN_KEYS[] = {
    {"rung", SCHEMA_RUNG, .required = true, AT(draft_pattern, rung),
        .help = "where a task goes in which the row is found"},
    {"words", SCHEMA_LIST, AT(draft_pattern, words), COUNT_AT(draft_pattern, n_words),
        .element = &A_TEXT, .element_bytes = sizeof(struct slice),
        .help = "words and phrases: whole words, with their inflections; \"...\" stands for up "
                "to five words; =word takes a word exactly as it is spelt"},
    {"expression", SCHEMA_TEXT, AT(draft_pattern, expression),
        .help = "a regular expression instead of words (PCRE2, caseless, ^ and $ at line ends)"},
    {"in", SCHEMA_CHOICE, AT(draft_pattern, where), .choices = WHERE, .fallback = "any",
        .help = "where to look"},
};
static const struct schema_map PATTERN_MAP = {
    KEYS_OF(PATTERN_KEYS), .seen_at = offsetof(struct draft_pattern, seen), .check = check_pattern};
static const struct schema_key A_PATTERN = {.name = "row", .kind = SCHEMA_MAP, .map = &PATTERN_MAP};

/* ---- assume, goal ---- */

static const struct schema_key AN_ASSUME = {
    .name = "tokens", .kind = SCHEMA_MAP, .map = &TOKEN_MAP, AT(draft_assume, tokens)};

static const char *const PER[] = {"day", NULL};
static const struct schema_map GOAL_MAP;
static const char *const GOALS[] = {"tiers", "keep", "value_usd", "budget_usd"};

static void check_goal(struct walk *walk, const struct place *place, void *values)
{
    const struct draft_goal *goal = values;
    const struct place *given = NULL;
    for (size_t i = 0; i < sizeof(GOALS) / sizeof(*GOALS); i++) {
        const struct place *at = walk_find(walk, place, GOALS[i]);
        if (at && given)
            walk_problem(walk, at, "is a second goal beside \"%.*s\"; a policy has one",
                SLICE_ARG(given->key));
        given = at ? at : given;
    }
    if (!given)
        walk_problem(walk, place,
            "names no goal; it must be one of {tiers: true}, {keep: RUNG, within: 0.01}, "
            "{value_usd: 2}, {budget_usd: 20, per: day}");
    const struct place *tiers = walk_find(walk, place, "tiers");
    if (tiers && schema_has(&GOAL_MAP, goal->seen, "tiers") && !goal->tiers)
        walk_problem(walk, tiers, "can only be true; for another goal leave it out");
    const struct place *within = walk_find(walk, place, "within");
    if (within && !walk_find(walk, place, "keep"))
        walk_problem(walk, within, "belongs to \"keep\", which is not given");
    const struct place *per = walk_find(walk, place, "per");
    if (per && !walk_find(walk, place, "budget_usd"))
        walk_problem(walk, per, "belongs to \"budget_usd\", which is not given");
}

static const struct schema_key GOAL_KEYS[] = {
    {"tiers", SCHEMA_FLAG, AT(draft_goal, tiers),
        .help = "true: the rules decide, outcomes only tune their confidence"},
    {"keep", SCHEMA_RUNG, AT(draft_goal, keep),
        .help = "the cheapest rung that keeps the success of this one"},
    {"within", SCHEMA_NUMBER, AT(draft_goal, within), .most = 1, .fallback = "0.01",
        .help = "to within this difference of probabilities (with keep)"},
    {"value_usd", SCHEMA_NUMBER, AT(draft_goal, value_usd), .above = true, .most = 1e9,
        .help = "what an accepted task is worth; the best of worth less cost"},
    {"budget_usd", SCHEMA_NUMBER, AT(draft_goal, budget_usd), .above = true, .most = 1e9,
        .help = "the most accepted tasks for this much"},
    {"per", SCHEMA_CHOICE, AT(draft_goal, per), .choices = PER, .fallback = "day",
        .help = "the time that budget_usd is for"},
};
static const struct schema_map GOAL_MAP = {
    KEYS_OF(GOAL_KEYS), .seen_at = offsetof(struct draft_goal, seen), .check = check_goal};

/* ---- gates, review, budget ---- */

/* Which key makes a gate one of which kind. */
static const struct {
    const char *key;
    enum policy_gate_kind kind;
} GATE_KINDS[] = {
    {"command", POLICY_GATE_COMMAND},
    {"max_files", POLICY_GATE_DIFF},
    {"max_lines", POLICY_GATE_DIFF},
    {"keep_tests", POLICY_GATE_DIFF},
    {"forbid", POLICY_GATE_DIFF},
    {"schema", POLICY_GATE_SCHEMA},
    {"pattern", POLICY_GATE_PATTERN},
    {"judge", POLICY_GATE_JUDGE},
};

static void check_gate_values(
    struct walk *walk, const struct place *place, const struct policy_gate *gate)
{
    check_id(walk, place, "name", gate->name, "-_.");
    const struct place *command = walk_find(walk, place, "command");
    if (command && walk_is_empty_list(command))
        walk_problem(walk, command, "is empty; write the program and its arguments as a list");
    struct failure failure;
    if (gate->pattern.len && !match_check_expression(gate->pattern, &failure))
        walk_problem(walk, walk_find(walk, place, "pattern"), "is not a regular expression: %s",
            failure.text);
}

static void check_repeats(struct walk *walk, const struct place *place, enum policy_gate_kind kind)
{
    static const char *const KEYS[] = {"repeat", "confirm"};
    for (size_t i = 0; i < 2 && kind != POLICY_GATE_COMMAND; i++)
        if (walk_find(walk, place, KEYS[i]))
            walk_problem(
                walk, walk_find(walk, place, KEYS[i]), "belongs to a gate with a command alone");
}

static void check_gate(struct walk *walk, const struct place *place, void *values)
{
    struct draft_gate *draft = values;
    const char *first = NULL;
    for (size_t i = 0; i < sizeof(GATE_KINDS) / sizeof(*GATE_KINDS); i++) {
        const struct place *at = walk_find(walk, place, GATE_KINDS[i].key);
        if (at && first && draft->gate.kind != GATE_KINDS[i].kind)
            walk_problem(
                walk, at, "makes the gate one of a second kind beside \"%s\"; split it", first);
        if (at && !first) {
            first = GATE_KINDS[i].key;
            draft->gate.kind = GATE_KINDS[i].kind;
        }
    }
    check_repeats(walk, place, draft->gate.kind);
    if (!first)
        walk_problem(walk, place,
            "checks nothing; give it one of command, max_files, max_lines, keep_tests, forbid, "
            "schema, pattern, judge");
    check_gate_values(walk, place, &draft->gate);
}

#define GATE(member) AT(draft_gate, gate.member)
static const struct schema_key GATE_KEYS[] = {
    {"name", SCHEMA_TEXT, .required = true, GATE(name), .help = "the name of the gate"},
    {"command", SCHEMA_LIST, GATE(command), COUNT_AT(draft_gate, gate.n_command),
        .element = &A_TEXT, .element_bytes = sizeof(struct slice), .most = 256,
        .help = "program and arguments; passes where it exits 0 (no shell is involved)"},
    {"timeout_s", SCHEMA_NUMBER, GATE(timeout_s), .above = true, .most = 86400, .fallback = "600",
        .help = "seconds after which the gate has failed"},
    {"max_files", SCHEMA_WHOLE, GATE(max_files), .least = 1, .most = 1e6,
        .help = "the change touches at most so many files"},
    {"max_lines", SCHEMA_WHOLE, GATE(max_lines), .least = 1, .most = 1e7,
        .help = "the change adds and removes at most so many lines"},
    {"keep_tests", SCHEMA_FLAG, GATE(keep_tests),
        .help = "true: the change neither deletes tests nor skips them"},
    {"forbid", SCHEMA_LIST, GATE(forbid), COUNT_AT(draft_gate, gate.n_forbid), .element = &A_TEXT,
        .element_bytes = sizeof(struct slice), .most = 1000,
        .help = "globs of paths that the change must not touch"},
    {"schema", SCHEMA_TEXT, GATE(schema),
        .help = "path of a JSON schema that the result must meet"},
    {"pattern", SCHEMA_TEXT, GATE(pattern),
        .help = "a regular expression that the result must match"},
    {"judge", SCHEMA_RUNG, GATE(judge_rung), .help = "the rung whose model judges the change"},
    {"audit", SCHEMA_FLAG, AT(draft_gate, is_audit), .fallback = "false",
        .help = "true: asked only of the accepted tasks that `audit` picks; what it says of them "
                "measures the other gates"},
    {"repeat", SCHEMA_WHOLE, GATE(repeat), .most = 5, .fallback = "0",
        .help = "a failing command is run again so often on the same change; where its verdicts "
                "differ it is recorded as flaky and the majority counts"},
    {"confirm", SCHEMA_WHOLE, GATE(confirm), .most = 1e6, .fallback = "0",
        .help = "one in so many passing verdicts is asked for again on the same change; 1: each"},
    {"environment", SCHEMA_LIST, GATE(environment), COUNT_AT(draft_gate, gate.n_environment),
        .element = &A_TEXT, .element_bytes = sizeof(struct slice), .most = 100,
        .help = "names of variables that the command sees beside PATH, HOME and the like"},
};
static const struct schema_map GATE_MAP = {
    KEYS_OF(GATE_KEYS), .seen_at = offsetof(struct draft_gate, seen), .check = check_gate};
static const struct schema_key A_GATE = {.name = "gate", .kind = SCHEMA_MAP, .map = &GATE_MAP};

static const char *const REVIEW_MODES[] = {"always", "auto", NULL};
static const struct schema_key REVIEW_KEYS[] = {
    {"when", SCHEMA_LIST, .required = true, AT(draft_review, when), COUNT_AT(draft_review, n_when),
        .element = &A_TEXT, .element_bytes = sizeof(struct slice), .most = 200,
        .help = "labels, words of the title, or \"escalated\": a finished task with one of these "
                "is reviewed"},
    {"rung", SCHEMA_RUNG, AT(draft_review, rung),
        .help = "who reviews; where missing, the top rung"},
    {"mode", SCHEMA_CHOICE, AT(draft_review, mode), .choices = REVIEW_MODES, .fallback = "always",
        .help = "auto: not where outcomes say that a review does not pay, but at the share of "
                "`explore`, to learn on"},
};
static const struct schema_map REVIEW_MAP = {
    KEYS_OF(REVIEW_KEYS), .seen_at = offsetof(struct draft_review, seen)};

static const char *const PLAN_MODES[] = {"auto", "always", "never", NULL};
static const struct schema_key PLAN_KEYS[] = {
    {"rung", SCHEMA_RUNG, .required = true, AT(draft_plan, rung), .help = "who plans"},
    {"when", SCHEMA_LIST, AT(draft_plan, when), COUNT_AT(draft_plan, n_when), .element = &A_TEXT,
        .element_bytes = sizeof(struct slice), .most = 200,
        .help = "words of labels, paths or the type of the tasks in question; where missing, all"},
    {"mode", SCHEMA_CHOICE, AT(draft_plan, mode), .choices = PLAN_MODES, .fallback = "auto",
        .help = "auto: where outcomes say that a plan raises acceptance, and at the share of "
                "`explore` to learn that; always; never"},
};
static const struct schema_map PLAN_MAP = {
    KEYS_OF(PLAN_KEYS), .seen_at = offsetof(struct draft_plan, seen)};

/* ---- agent ---- */

const char *const SCHEMA_AGENTS[] = {"claude", "codex", "opencode", "command", "api", NULL};
static const char *const PROMPTS[] = {"stdin", "file", NULL};
static const char *const RESULTS[] = {"plain", "json", NULL};

#define PATH_OF(member) AT(draft_agent_paths, paths.member)
static const struct schema_key PATH_KEYS[] = {
    {"answer", SCHEMA_TEXT, PATH_OF(answer), .help = "the final text, as in \"result.text\""},
    {"cost", SCHEMA_TEXT, PATH_OF(cost_usd), .help = "USD; where missing, tokens times prices"},
    {"model", SCHEMA_TEXT, PATH_OF(model), .help = "the id of the model that answered"},
    {"session", SCHEMA_TEXT, PATH_OF(session), .help = "the program's own id of the session"},
    {"error", SCHEMA_TEXT, PATH_OF(error), .help = "a text there means that the attempt failed"},
    {"input", SCHEMA_TEXT, PATH_OF(input),
        .help = "tokens neither read from a cache nor written to one"},
    {"output", SCHEMA_TEXT, PATH_OF(output), .help = "tokens written"},
    {"cache_read", SCHEMA_TEXT, PATH_OF(cache_read), .help = "tokens read from the prompt cache"},
    {"cache_write", SCHEMA_TEXT, PATH_OF(cache_write), .help = "tokens written to it"},
};
static const struct schema_map PATH_MAP = {
    KEYS_OF(PATH_KEYS), .seen_at = offsetof(struct draft_agent_paths, seen)};

static void check_agent(struct walk *walk, const struct place *place, void *values)
{
    const struct draft_agent *draft = values;
    bool is_command = draft->kind == POLICY_AGENT_COMMAND;
    if (is_command && draft->agent.n_command == 0)
        walk_problem(walk, place, "says nothing to start; give it command: [PROGRAM, ARGUMENT, …]");
    static const char *const OF_COMMAND[] = {"command", "prompt", "result", "paths"};
    for (size_t i = 0; i < sizeof(OF_COMMAND) / sizeof(*OF_COMMAND); i++) {
        const struct place *at = is_command ? NULL : walk_find(walk, place, OF_COMMAND[i]);
        if (at)
            walk_problem(walk, at, "belongs to {use: command}, not to {use: %s}",
                SCHEMA_AGENTS[draft->kind]);
    }
    check_id(walk, place, "permission", draft->agent.permission, "-_.");
    const struct slice program = draft->agent.program;
    if (slice_find_byte(program, '/') != SIZE_MAX && !slice_starts(program, "/"))
        walk_problem(walk, walk_find(walk, place, "program"),
            "must be a name or an absolute path: it is started in the work tree");
    const struct slice url = draft->agent.url;
    if (url.len && !slice_starts(url, "https://") && !slice_starts(url, "http://127.0.0.1") &&
        !slice_starts(url, "http://localhost"))
        walk_problem(walk, walk_find(walk, place, "url"),
            "must begin with https:// (http:// only to this machine)");
}

#define AGENT(member) AT(draft_agent, agent.member)
static const struct schema_key AGENT_KEYS[] = {
    {"use", SCHEMA_CHOICE, AT(draft_agent, kind), .choices = SCHEMA_AGENTS, .fallback = "claude",
        .help = "which agent does the work; \"agent: codex\" is short for \"agent: {use: codex}\""},
    {"program", SCHEMA_TEXT, AGENT(program), .help = "a path, where it is not found by its name"},
    {"permission", SCHEMA_TEXT, AGENT(permission),
        .help = "claude: permission mode; codex: sandbox; opencode: auto. Where missing, the "
                "program's own default: nothing is allowed that you did not allow"},
    {"allow", SCHEMA_LIST, AGENT(allow), COUNT_AT(draft_agent, agent.n_allow), .element = &A_TEXT,
        .element_bytes = sizeof(struct slice), .most = 200,
        .help = "claude: tools that it need not ask for, as in \"Bash(make *)\""},
    {"command", SCHEMA_LIST, AGENT(command), COUNT_AT(draft_agent, agent.n_command),
        .element = &A_TEXT, .element_bytes = sizeof(struct slice), .most = 256,
        .help = "program and arguments (no shell); {model}, {effort}, {rung}, {phase}, "
                "{prompt_file}, {schema_file}, {budget_usd}, {max_turns} are filled in"},
    {"prompt", SCHEMA_CHOICE, AT(draft_agent, prompt), .choices = PROMPTS, .fallback = "stdin",
        .help = "where the command finds the task's text"},
    {"result", SCHEMA_CHOICE, AT(draft_agent, result), .choices = RESULTS, .fallback = "plain",
        .help = "json: what it prints is an object, or lines of objects"},
    {"paths", SCHEMA_MAP, AT(draft_agent, where), .map = &PATH_MAP,
        .help = "where in that JSON cost, tokens and the like stand"},
    {"max_turns", SCHEMA_WHOLE, AGENT(max_turns), .most = 10000, .fallback = "0",
        .help = "turns after which an attempt ends; 0: no limit"},
    {"timeout_s", SCHEMA_NUMBER, AGENT(timeout_s), .above = true, .most = 86400, .fallback = "3600",
        .help = "seconds after which an attempt is stopped"},
    {"url", SCHEMA_TEXT, AGENT(url), .help = "api: where to ask instead of api.anthropic.com"},
    {"key_variable", SCHEMA_TEXT, AGENT(key_variable), .fallback = "ANTHROPIC_API_KEY",
        .help = "api: the environment variable that holds the key"},
    {"max_output_tokens", SCHEMA_WHOLE, AGENT(max_output_tokens), .least = 1, .most = 1e6,
        .fallback = "32000", .help = "api: the longest answer"},
};
static const struct schema_map AGENT_MAP = {KEYS_OF(AGENT_KEYS),
    .seen_at = offsetof(struct draft_agent, seen), .short_key = "use", .check = check_agent};

void schema_default_agent(struct draft_agent *agent)
{
    walk_defaults(&AGENT_MAP, agent);
}

static const struct schema_key BUDGET_KEYS[] = {
    {"task_usd", SCHEMA_NUMBER, AT(draft_budget, task_usd), .above = true, .most = 1e9,
        .help = "the most that one task may cost, all attempts together; where missing, no limit"},
    {"day_usd", SCHEMA_NUMBER, AT(draft_budget, day_usd), .above = true, .most = 1e9,
        .help = "the most that a day may cost; where missing, no limit"},
};
static const struct schema_map BUDGET_MAP = {
    KEYS_OF(BUDGET_KEYS), .seen_at = offsetof(struct draft_budget, seen)};

/* ---- the whole ---- */

static void check_ladder(struct walk *walk, const struct place *ladder, const struct draft *draft)
{
    if (walk_is_empty_list(ladder))
        walk_problem(walk, ladder, "is empty; it needs at least one rung, {rung: NAME, model: ID}");
    for (size_t i = 0; i < draft->n_ladder; i++)
        for (size_t k = 0; k < i; k++)
            if (draft->ladder[i].name.len &&
                slice_equal_caseless(draft->ladder[i].name, draft->ladder[k].name)) {
                const struct place *at = walk_find(walk, walk_item(walk, ladder, i), "rung");
                walk_problem(walk, at, "\"%.*s\" is the name of ladder[%zu] already",
                    SLICE_ARG(walk_shown(walk, draft->ladder[i].name)), k);
                break;
            }
}

static void check_gate_names(
    struct walk *walk, const struct place *gates, const struct draft *draft)
{
    for (size_t i = 0; i < draft->n_gates; i++)
        for (size_t k = 0; k < i; k++)
            if (draft->gates[i].gate.name.len &&
                slice_equal(draft->gates[i].gate.name, draft->gates[k].gate.name)) {
                walk_problem(walk, walk_find(walk, walk_item(walk, gates, i), "name"),
                    "\"%.*s\" is the name of gates[%zu] already",
                    SLICE_ARG(walk_shown(walk, draft->gates[i].gate.name)), k);
                break;
            }
}

/* Every phrase costs memory, in all as much as the matcher has room for. */
static void check_pattern_room(
    struct walk *walk, const struct place *patterns, const struct draft *draft)
{
    size_t n = 0, words = 0, expressions = 0;
    for (size_t i = 0; i < draft->n_patterns; i++) {
        n += draft->patterns[i].n_words;
        expressions += draft->patterns[i].expression.len > 0;
        for (size_t k = 0; k < draft->patterns[i].n_words; k++)
            words += match_count_words(draft->patterns[i].words[k]);
    }
    if (n + expressions > MATCH_PATTERNS_MOST || words > MATCH_ALL_WORDS_MOST)
        walk_problem(walk, patterns,
            "hold %zu phrases of %zu words in all; at most %d of %d are allowed", n, words,
            MATCH_PATTERNS_MOST, MATCH_ALL_WORDS_MOST);
    if (expressions > MATCH_EXPRESSIONS_MOST)
        walk_problem(walk, patterns, "hold %zu expressions; at most %d are allowed", expressions,
            MATCH_EXPRESSIONS_MOST);
}

static void check_policy(struct walk *walk, const struct place *place, void *values)
{
    const struct draft *draft = values;
    const struct place *at = walk_find(walk, place, "ladder");
    if (at)
        check_ladder(walk, at, draft);
    at = walk_find(walk, place, "gates");
    if (at)
        check_gate_names(walk, at, draft);
    at = walk_find(walk, place, "patterns");
    if (at)
        check_pattern_room(walk, at, draft);
    at = walk_find(walk, place, "ledger");
    if (at && draft->ledger.len &&
        (!slice_starts(draft->ledger, "sqlite:") || draft->ledger.len == strlen("sqlite:")))
        walk_problem(walk, at, "\"%.*s\" is no place for a ledger; write sqlite:PATH",
            SLICE_ARG(walk_shown(walk, draft->ledger)));
}

static const struct schema_key POLICY_KEYS[] = {
    {"ladder", SCHEMA_LIST, .required = true, AT(draft, ladder), COUNT_AT(draft, n_ladder),
        .element = &A_RUNG, .element_bytes = sizeof(struct draft_rung), .most = POLICY_RUNGS_MOST,
        .help = "every rung that may be climbed, lowest first: a list of {rung, model, effort}"},
    {"default", SCHEMA_RUNG, .required = true, AT(draft, default_rung),
        .help = "the rung for a task about which no rule speaks"},
    {"middle", SCHEMA_RUNG, AT(draft, middle),
        .help = "the rung that savings are compared with; where missing, the default"},
    {"top", SCHEMA_RUNG, AT(draft, top),
        .help = "the rung where climbing ends; where missing, the last of the ladder"},
    {"labels", SCHEMA_MAP, AT(draft, labels), .map = &LABEL_MAP, .help = "which labels decide"},
    {"patterns", SCHEMA_LIST, AT(draft, patterns), COUNT_AT(draft, n_patterns),
        .element = &A_PATTERN, .element_bytes = sizeof(struct draft_pattern),
        .help = "words that hint at a rung; the first row found decides"},
    {"assume", SCHEMA_NAMED, AT(draft, assume), COUNT_AT(draft, n_assume), .element = &AN_ASSUME,
        .element_bytes = sizeof(struct draft_assume), .most = POLICY_RUNGS_MOST,
        .help = "by rung: tokens of a whole task, until outcomes are measured"},
    {"goal", SCHEMA_MAP, AT(draft, goal), .map = &GOAL_MAP,
        .help = "what the choice is for; where missing, {tiers: true}"},
    {"explore", SCHEMA_NUMBER, AT(draft, explore), .most = 1, .fallback = "0",
        .help = "the share of run tasks that try another rung than the chosen one"},
    {"keep_text", SCHEMA_FLAG, AT(draft, keep_text), .fallback = "true",
        .help = "false: the ledger keeps hashes instead of the texts of tasks, and no notes"},
    {"gates", SCHEMA_LIST, .needs_trust = true, AT(draft, gates), COUNT_AT(draft, n_gates),
        .element = &A_GATE, .element_bytes = sizeof(struct draft_gate), .most = 100,
        .help = "checks that a change must pass, each with a name and one kind of check"},
    {"audit", SCHEMA_WHOLE, .needs_trust = true, AT(draft, audit), .most = 1e6, .fallback = "0",
        .help = "one in so many accepted tasks, by dice, is checked again: by the gates with "
                "{audit: true}, or where there is none by the top rung; 0: none"},
    {"review", SCHEMA_MAP, .needs_trust = true, AT(draft, review), .map = &REVIEW_MAP,
        .help = "which finished tasks a stronger model reviews"},
    {"plan", SCHEMA_MAP, .needs_trust = true, AT(draft, plan), .map = &PLAN_MAP,
        .help = "which tasks a rung splits into parts before they are done"},
    {"budget", SCHEMA_MAP, AT(draft, budget), .map = &BUDGET_MAP, .help = "what may be spent"},
    {"agent", SCHEMA_MAP, .needs_trust = true, AT(draft, agent), .map = &AGENT_MAP,
        .help = "the program that does the work"},
    {"ledger", SCHEMA_TEXT, .needs_trust = true, AT(draft, ledger),
        .help = "sqlite:PATH; where missing, .rung/ledger.db beside the policy"},
};
const struct schema_map SCHEMA_POLICY = {
    KEYS_OF(POLICY_KEYS), .seen_at = offsetof(struct draft, seen), .check = check_policy};

bool draft_goal_has(const struct draft_goal *goal, const char *key)
{
    return schema_has(&GOAL_MAP, goal->seen, key);
}

bool draft_rung_has(const struct draft_rung *rung, const char *key)
{
    return schema_has(&RUNG_MAP, rung->seen, key);
}

bool draft_price_has(const struct draft_price *price, const char *key)
{
    return schema_has(&PRICE_MAP, price->seen, key);
}
