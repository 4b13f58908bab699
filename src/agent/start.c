/* agent, starting: receives a call, hands on argument vector, environment and standard input of
 * the process that answers it. Refuses to start it. */
#include "reader.h"

#include <assert.h>
#include <string.h>

static const char *const CLAUDE_EFFORTS[] = {"low", "medium", "high", "xhigh", "max", NULL};
static const char *const CODEX_EFFORTS[] = {
    "none", "minimal", "low", "medium", "high", "xhigh", NULL};

/* In the order of `enum policy_agent_kind`. */
static const struct agent_row ROWS[] = {
    {"claude", "claude", CLAUDE_EFFORTS, .has_own_cap = true, .has_spend_inside = true,
        .arguments = claude_arguments, .value = claude_value},
    {"codex", "codex", CODEX_EFFORTS, .arguments = codex_arguments, .value = codex_value,
        .end = codex_end, .transcript = codex_transcript},
    {"opencode", "opencode", NULL, .has_spend_inside = true, .arguments = opencode_arguments,
        .value = opencode_value, .end = opencode_end},
    {"command", NULL, NULL, .arguments = program_arguments, .value = program_value,
        .end = program_end},
    {"api", NULL, CLAUDE_EFFORTS, .has_own_cap = true, .is_document = true,
        .arguments = messages_arguments, .value = messages_value, .end = messages_end},
};

const struct agent_row *agent_row_of(enum policy_agent_kind kind)
{
    assert((size_t)kind < sizeof(ROWS) / sizeof(*ROWS));
    return &ROWS[kind];
}

void words_add(struct words *words, const char *word)
{
    assert(words->n < AGENT_ARGUMENTS_MOST);
    words->items[words->n++] = word;
}

void words_add_slice(struct words *words, struct slice word)
{
    words_add(words, arena_text(words->arena, word));
}

const char *start_add_file(struct agent_start *start, const char *path, struct slice bytes)
{
    assert(start->n_files < sizeof(start->files) / sizeof(*start->files));
    start->files[start->n_files++] = (struct agent_file){path, bytes};
    return path;
}

/* An id that can stand on a command line: it neither begins like an option nor holds anything that
 * a program may take apart. */
static bool is_id(struct slice id)
{
    if (id.len == 0 || id.len > 200 || !slice_ascii_is_word((unsigned char)id.base[0]))
        return false;
    for (size_t i = 0; i < id.len; i++)
        if (!slice_ascii_is_word((unsigned char)id.base[i]) && !strchr("-_.:/@[]+", id.base[i]))
            return false;
    return true;
}

static bool check_effort(
    const struct agent_row *row, const struct policy_rung *rung, struct failure *failure)
{
    if (rung->effort.len == 0 || !row->efforts)
        return true;
    for (size_t i = 0; row->efforts[i]; i++)
        if (slice_is(rung->effort, row->efforts[i]))
            return true;
    return failure_set(failure, "%s knows no effort \"%.*s\", which rung %.*s asks for", row->name,
        SLICE_ARG(rung->effort), SLICE_ARG(rung->name));
}

static bool check_call(
    const struct agent_row *row, const struct agent_call *call, struct failure *failure)
{
    const struct policy_rung *rung = call->rung;
    if (!is_id(rung->model))
        return failure_set(failure, "rung %.*s: \"%.*s\" cannot be passed as a model's id",
            SLICE_ARG(rung->name), SLICE_ARG(rung->model));
    if (rung->effort.len && !is_id(rung->effort))
        return failure_set(failure, "rung %.*s: \"%.*s\" cannot be passed as an effort",
            SLICE_ARG(rung->name), SLICE_ARG(rung->effort));
    if (call->session && !is_id(slice_from(call->session)))
        return failure_set(failure, "\"%s\" cannot be passed as a session's id", call->session);
    if (call->prompt.len > AGENT_PROMPT_BYTES_MOST)
        return failure_set(failure,
            "the prompt of %zu bytes is longer than the %d that are allowed", call->prompt.len,
            AGENT_PROMPT_BYTES_MOST);
    if (call->schema.len > AGENT_SCHEMA_BYTES_MOST)
        return failure_set(failure, "the answer's schema of %zu bytes is longer than %d",
            call->schema.len, AGENT_SCHEMA_BYTES_MOST);
    return check_effort(row, rung, failure);
}

/* ---- environment ---- */

/* Git's place in the caller's repository, what Rung says to itself, and what an enclosing agent
 * session leaves: with these an agent would work elsewhere, or on another effort. */
static const char *const WITHHELD[] = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_PREFIX",
    "GIT_NAMESPACE", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "CLAUDECODE",
    "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SSE_PORT", "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_CODE_EFFORT_LEVEL", "PWD", "OLDPWD"};

static bool is_withheld(struct slice name)
{
    if (slice_starts(name, "RUNG_"))
        return true;
    for (size_t i = 0; i < sizeof(WITHHELD) / sizeof(*WITHHELD); i++)
        if (slice_is(name, WITHHELD[i]))
            return true;
    return false;
}

static const char *const PHASES[] = {"execute", "plan", "review", "judge"};

static const char *const *make_environment(
    struct arena *arena, const struct agent_call *call, const char *const *environment)
{
    enum { OURS = 5 };
    size_t n = 0, kept = 0;
    while (environment[n] && n < AGENT_ENVIRONMENT_MOST)
        n++;
    const char **items = ARENA_ARRAY(arena, const char *, n + OURS + 1);
    for (size_t i = 0; i < n; i++) {
        struct slice rest = slice_from(environment[i]), name;
        if (slice_next_field(&rest, '=', &name) && !is_withheld(name))
            items[kept++] = environment[i];
    }
    items[kept++] = arena_print(arena, "RUNG_RUNG=%.*s", SLICE_ARG(call->rung->name)).base;
    items[kept++] = arena_print(arena, "RUNG_MODEL=%.*s", SLICE_ARG(call->rung->model)).base;
    items[kept++] = arena_print(arena, "RUNG_EFFORT=%.*s", SLICE_ARG(call->rung->effort)).base;
    items[kept++] = arena_print(arena, "RUNG_PHASE=%s", PHASES[call->phase]).base;
    items[kept++] = arena_print(arena, "PWD=%s", call->directory).base;
    return items;
}

/* The API's key, from the variable that the policy names. */
static bool add_key(struct arena *arena, const struct policy_agent *agent,
    const char *const *environment, struct agent_start *start, struct failure *failure)
{
    struct slice name;
    for (size_t i = 0; environment[i] && i < AGENT_ENVIRONMENT_MOST; i++) {
        struct slice value = slice_from(environment[i]);
        if (!slice_next_field(&value, '=', &name) || !slice_equal(name, agent->key_variable) ||
            value.len == 0)
            continue;
        for (size_t k = 0; k < value.len; k++)
            if ((unsigned char)value.base[k] <= ' ')
                return failure_set(
                    failure, "the key in %.*s holds white space or a line's end", SLICE_ARG(name));
        size_t n = 0;
        while (start->headers[n])
            n++;
        const char **headers = ARENA_ARRAY(arena, const char *, n + 2);
        memcpy(headers, start->headers, n * sizeof(*headers));
        headers[n] = arena_print(arena, "x-api-key: %.*s", SLICE_ARG(value)).base;
        start->headers = headers;
        return true;
    }
    return failure_set(failure, "the variable %.*s, which holds the API's key, is not set",
        SLICE_ARG(agent->key_variable));
}

bool agent_prepare(struct arena *arena, const struct policy_agent *agent,
    const struct agent_call *call, const char *const *environment, struct agent_start *start,
    struct failure *failure)
{
    const struct agent_row *row = agent_row_of(agent->kind);
    *start = (struct agent_start){.directory = call->directory,
        .timeout_s = agent->timeout_s,
        .input = call->prompt,
        .has_own_cap = row->has_own_cap,
        .has_spend_inside = row->has_spend_inside};
    struct words words = {.arena = arena};
    if (!check_call(row, call, failure))
        return false;
    if (row->program)
        words_add(&words, agent->program.len ? arena_text(arena, agent->program) : row->program);
    if (!row->arguments(&words, agent, call, start, failure))
        return false;
    if (start->url)
        return add_key(arena, agent, environment, start, failure);
    start->environment = make_environment(arena, call, environment);
    const char **argv = ARENA_ARRAY(arena, const char *, words.n + 1);
    memcpy(argv, words.items, words.n * sizeof(*argv));
    start->argv = argv;
    return true;
}

static bool wants_budget(const struct policy_agent *agent)
{
    for (size_t i = 0; i < agent->n_command; i++)
        if (slice_find(agent->command[i], "{budget_usd}") != SIZE_MAX)
            return true;
    return false;
}

const char *agent_overshoot(const struct policy_agent *agent)
{
    switch (agent->kind) {
    case POLICY_AGENT_CLAUDE:
        return "claude is given it as a cap of its own and is stopped before the request after the "
               "one that passed it: an attempt may be over it by that one request, or by one of "
               "each "
               "sub-agent that works at the same time";
    case POLICY_AGENT_CODEX:
        return "codex knows no cap and tells its spend only when it ends: an attempt may cost more "
               "by any amount; no further one is begun";
    case POLICY_AGENT_OPENCODE:
        return "opencode knows no cap; it is stopped when a step that passed it has ended: an "
               "attempt may be over it by that step and the beginning of the next";
    case POLICY_AGENT_API:
        return "it is hard: no request is made whose longest answer it could not pay";
    case POLICY_AGENT_COMMAND:
        break;
    }
    if (wants_budget(agent))
        return "the agent's program is given it ({budget_usd}); whether it keeps to it is its own "
               "affair, and no further attempt is begun";
    if (agent->result_is_json && agent->paths.cost_usd.len)
        return "the agent's program is not told; it is stopped where its output says a cost beyond "
               "it, and may be over it by what it spends before it says so";
    return "the agent's program is not told and tells no cost while it works: an attempt may cost "
           "more by any amount; no further one is begun";
}

const char *agent_make_session(struct dice *dice, char out[AGENT_SESSION_BYTES])
{
    static const char HEX[] = "0123456789abcdef";
    static const char FORM[] = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
    for (size_t i = 0; i < AGENT_SESSION_BYTES; i++) {
        unsigned digit = (unsigned)dice_below(dice, 16);
        out[i] = FORM[i] == 'x' ? HEX[digit] : FORM[i] == 'y' ? HEX[8 + digit % 4] : FORM[i];
    }
    return out;
}

struct slice agent_plan_schema(void)
{
    return slice_from(
        "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"tasks\"],"
        "\"properties\":{\"tasks\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":32,\"items\":{"
        "\"type\":\"object\",\"additionalProperties\":false,"
        "\"required\":[\"id\",\"title\",\"description\",\"files\",\"acceptance\",\"complexity\"],"
        "\"properties\":{\"id\":{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9][A-Za-z0-9._-]*$\","
        "\"maxLength\":40},\"title\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":200},"
        "\"description\":{\"type\":\"string\",\"maxLength\":20000},"
        "\"files\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":500},"
        "\"maxItems\":200},"
        "\"acceptance\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":2000},"
        "\"maxItems\":50},"
        "\"complexity\":{\"enum\":[\"trivial\",\"simple\",\"standard\",\"complex\"]},"
        "\"depends_on\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":40},"
        "\"maxItems\":32}}}}}}");
}
