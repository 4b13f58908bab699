/* agent, claude: Claude Code's arguments, and what the lines of its stream-json (or its one object
 * of json) mean. Contract as observed with 2.1.197 and 2.1.330. Refuses to believe `usage` of the
 * result: it is zero where a budget ended the run; modelUsage is right. */
#include "reader.h"

#include <math.h>
#include <string.h>

/* ---- arguments ---- */

static void add_permissions(
    struct words *words, const struct policy_agent *agent, enum record_phase phase)
{
    if (phase == RECORD_PLAN) {
        words_add(words, "--permission-mode");
        words_add(words, "plan");
        return;
    }
    if (phase != RECORD_EXECUTE) { /* who judges only reads */
        words_add(words, "--tools=Read,Grep,Glob");
        return;
    }
    if (agent->permission.len) {
        words_add(words, "--permission-mode");
        words_add_slice(words, agent->permission);
    }
    struct slice allowed = {"", 0};
    for (size_t i = 0; i < agent->n_allow; i++)
        allowed = arena_print(words->arena, "%.*s%s%.*s", SLICE_ARG(allowed), i ? "," : "",
            SLICE_ARG(agent->allow[i]));
    if (allowed.len)
        words_add(words, arena_print(words->arena, "--allowedTools=%.*s", SLICE_ARG(allowed)).base);
}

bool claude_arguments(struct words *words, const struct policy_agent *agent,
    const struct agent_call *call, struct agent_start *start, struct failure *failure)
{
    (void)start;
    (void)failure;
    static const char *const ALWAYS[] = {
        "-p", "--output-format", "stream-json", "--verbose", "--include-partial-messages"};
    for (size_t i = 0; i < sizeof(ALWAYS) / sizeof(*ALWAYS); i++)
        words_add(words, ALWAYS[i]);
    words_add(words, "--model");
    words_add_slice(words, call->rung->model);
    if (call->rung->effort.len) {
        words_add(words, "--effort");
        words_add_slice(words, call->rung->effort);
    }
    add_permissions(words, agent, call->phase);
    if (agent->max_turns > 0) {
        words_add(words, "--max-turns");
        words_add(words, arena_print(words->arena, "%d", agent->max_turns).base);
    }
    if (call->budget_usd > 0) {
        words_add(words, "--max-budget-usd");
        words_add(words, arena_print(words->arena, "%.6f", call->budget_usd).base);
    }
    if (call->session) {
        words_add(words, "--session-id");
        words_add(words, call->session);
    }
    if (call->schema.len) {
        words_add(words, "--json-schema");
        words_add_slice(words, call->schema);
    }
    return true;
}

/* ---- the stream ---- */

static struct token_counts read_usage(struct json usage)
{
    struct json creation = json_get(usage, "cache_creation");
    double writes = number_or(usage, "cache_creation_input_tokens", 0);
    double for_1h = number_or(creation, "ephemeral_1h_input_tokens", 0);
    return (struct token_counts){
        .input = number_or(usage, "input_tokens", 0),
        .output = number_or(usage, "output_tokens", 0),
        .cache_read = number_or(usage, "cache_read_input_tokens", 0),
        .cache_write_1h = for_1h,
        .cache_write_5m = writes > for_1h ? writes - for_1h : 0,
    };
}

static void read_init(struct agent_reader *reader, struct json value)
{
    struct slice version = json_get_text(value, "claude_code_version");
    if (version.len) {
        kept_set(&reader->version, version, 100);
        reader->progress.version = kept_slice(&reader->version);
    }
}

static void read_content(struct agent_reader *reader, struct json content)
{
    struct json_walk walk = json_walk_over(content);
    while (json_next(&walk)) {
        struct slice type = json_get_text(walk.value, "type");
        if (slice_is(type, "tool_use")) {
            reader_tool_call(
                reader, json_get_text(walk.value, "name"), json_get(walk.value, "input"));
        } else if (slice_is(type, "tool_result")) {
            bool is_error = false;
            if (!json_bool(json_get(walk.value, "is_error"), &is_error))
                is_error = false;
            reader_tool_end(reader, is_error);
        }
    }
}

/* One answer of the model can span several lines with the same id; what the program makes up
 * itself has the model "<synthetic>". */
static void read_assistant(struct agent_reader *reader, struct json value)
{
    struct json message = json_get(value, "message");
    struct slice model = json_get_text(message, "model"), id = json_get_text(message, "id");
    bool is_child = json_get_text(value, "parent_tool_use_id").len > 0;
    if (model.len && !slice_is(model, "<synthetic>")) {
        struct token_counts tokens = read_usage(json_get(message, "usage"));
        size_t before = reader->n_requests;
        reader_request(reader, id, model, &tokens);
        if (reader->n_requests > before && !is_child)
            reader_turn(reader);
        if (!is_child)
            reader_served(reader, model);
    }
    read_content(reader, json_get(message, "content"));
}

/* It waits and asks again by itself; others should wait with it. */
static void read_retry(struct agent_reader *reader, struct json value)
{
    double status = number_or(value, "error_status", 0);
    double wait_ms = number_or(value, "retry_delay_ms", NAN);
    struct slice error = json_get_text(value, "error");
    bool is_limit = status == 429 || status == 529 || slice_is(error, "rate_limit") ||
                    slice_is(error, "overloaded");
    if (isnan(wait_ms) || !is_limit) /* "unknown": no connection */
        return;
    reader->progress.retry_after_s = wait_ms / 1000;
    reader->progress.retries++;
    reader->changed = true;
}

/* The messages say how much was written only when they begin; their last event says it all. With
 * the next request the one before is over, and its own cap has not ended the agent. */
static void read_event(struct agent_reader *reader, struct json value)
{
    struct json event = json_get(value, "event");
    struct slice type = json_get_text(event, "type");
    if (slice_is(type, "message_start")) {
        reader->has_events = true;
        reader_check_budget(reader);
    } else if (slice_is(type, "message_delta")) {
        struct token_counts tokens = read_usage(json_get(event, "usage"));
        reader_request_again(reader, json_get_text(value, "api_message_id"), &tokens);
    }
}

static void read_tool_results(struct agent_reader *reader, struct json value)
{
    read_content(reader, json_get(json_get(value, "message"), "content"));
    bool is_child = json_get_text(value, "parent_tool_use_id").len > 0;
    if (!reader->has_events || is_child) /* a sub-agent's requests have no events */
        reader_check_budget(reader);
}

static void read_system(struct agent_reader *reader, struct json value)
{
    struct slice subtype = json_get_text(value, "subtype");
    if (slice_is(subtype, "init"))
        read_init(reader, value);
    else if (slice_is(subtype, "api_retry"))
        read_retry(reader, value);
    else if (slice_is(json_get_text(value, "status"), "requesting"))
        reader_check_budget(reader);
}

/* ---- the result ---- */

static void read_model_usage(struct agent_reader *reader, struct json usage)
{
    struct json_walk walk = json_walk_over(usage);
    while (json_next(&walk)) {
        struct own_use *use = &reader->uses[reader_model(reader, walk.key)];
        use->has_totals = true;
        double writes = number_or(walk.value, "cacheCreationInputTokens", 0);
        double for_1h = number_or(walk.value, "cacheCreationEphemeral1hInputTokens", 0);
        use->tokens = (struct token_counts){
            .input = number_or(walk.value, "inputTokens", 0),
            .output = number_or(walk.value, "outputTokens", 0),
            .cache_read = number_or(walk.value, "cacheReadInputTokens", 0),
            .cache_write_1h = for_1h,
            .cache_write_5m = writes > for_1h ? writes - for_1h : 0,
        };
        use->own_usd = number_or(walk.value, "costUSD", NAN);
    }
}

/* Without a stream the model of the main conversation is the one that wrote most. */
static void guess_served(struct agent_reader *reader)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < reader->n_uses; i++)
        if (reader->uses[i].tokens.output > 0 &&
            (best == SIZE_MAX || reader->uses[i].tokens.output > reader->uses[best].tokens.output))
            best = i;
    if (reader->served.len == 0 && best != SIZE_MAX)
        reader_served(reader, kept_slice(&reader->uses[best].model));
}

static enum agent_ending error_ending(struct json value, struct slice text)
{
    if (slice_is(json_get_text(value, "stop_reason"), "refusal"))
        return AGENT_REFUSED;
    if (slice_is(json_get_text(value, "terminal_reason"), "prompt_too_long") ||
        slice_is(json_get_text(value, "api_error"), "max_output_tokens"))
        return AGENT_CUT;
    return ending_from_status((int)number_or(value, "api_error_status", 0), text);
}

static enum agent_ending find_claude_ending(struct json value, struct slice text)
{
    static const struct {
        const char *subtype;
        enum agent_ending ending;
    } SUBTYPES[] = {
        {"error_max_turns", AGENT_TURN_LIMIT},
        {"error_max_budget_usd", AGENT_BUDGET},
        {"error_max_structured_output_retries", AGENT_GARBAGE},
    };
    struct slice subtype = json_get_text(value, "subtype");
    for (size_t i = 0; i < sizeof(SUBTYPES) / sizeof(*SUBTYPES); i++)
        if (slice_is(subtype, SUBTYPES[i].subtype))
            return SUBTYPES[i].ending;
    bool is_error = false;
    if ((json_bool(json_get(value, "is_error"), &is_error) && is_error) ||
        !slice_is(subtype, "success"))
        return error_ending(value, text);
    struct slice reason = json_get_text(value, "stop_reason");
    if (slice_is(reason, "refusal"))
        return AGENT_REFUSED;
    return slice_is(reason, "max_tokens") || slice_is(reason, "model_context_window_exceeded")
               ? AGENT_CUT
               : AGENT_DONE;
}

/* Why it failed, in the agent's words: the first of errors[], else the result's text. */
static struct slice error_text(struct json value)
{
    struct json_walk walk = json_walk_over(json_get(value, "errors"));
    struct slice text;
    if (json_next(&walk) && json_text(walk.value, &text) && text.len)
        return text;
    return json_get_text(value, "result");
}

static void read_result(struct agent_reader *reader, struct json value)
{
    struct slice error = error_text(value);
    enum agent_ending ending = find_claude_ending(value, error);
    reader_ending(reader, ending, ending == AGENT_DONE ? (struct slice){"", 0} : error);
    kept_set(&reader->answer, json_get_text(value, "result"), AGENT_ANSWER_BYTES_MOST);
    reader->own_usd = number_or(value, "total_cost_usd", NAN);
    double turns = number_or(value, "num_turns", -1);
    reader->turns_told = turns < 1e6 ? (int)turns : -1;
    reader->denials = (int)json_count(json_get(value, "permission_denials"));
    struct json structured = json_get(value, "structured_output");
    if (json_kind(structured) != JSON_NULL) {
        struct arena arena = {0};
        kept_set(&reader->structured, json_write(&arena, structured), AGENT_ANSWER_BYTES_MOST);
        arena_free(&arena);
    }
    read_model_usage(reader, json_get(value, "modelUsage"));
    guess_served(reader);
    reader->changed = true;
}

void claude_value(struct agent_reader *reader, struct json value)
{
    struct slice type = json_get_text(value, "type");
    reader_session(reader, json_get_text(value, "session_id"));
    if (slice_is(type, "system"))
        read_system(reader, value);
    else if (slice_is(type, "stream_event"))
        read_event(reader, value);
    else if (slice_is(type, "assistant"))
        read_assistant(reader, value);
    else if (slice_is(type, "user"))
        read_tool_results(reader, value);
    else if (slice_is(type, "result"))
        read_result(reader, value);
}
