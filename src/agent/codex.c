/* agent, codex: arguments of `codex exec --json` (0.169) and what the lines of its JSONL mean.
 * Knows that cached tokens are a part of its input tokens, that usage is of the whole thread, and
 * that an event names the model only where another answered than was asked: the session's file on
 * disk (its "rollout") names the one that was asked, and each request's tokens. */
#include "reader.h"

#include <string.h>

bool codex_arguments(struct words *words, const struct policy_agent *agent,
    const struct agent_call *call, struct agent_start *start, struct failure *failure)
{
    (void)failure;
    static const char *const ALWAYS[] = {"exec", "--json", "--skip-git-repo-check"};
    for (size_t i = 0; i < sizeof(ALWAYS) / sizeof(*ALWAYS); i++)
        words_add(words, ALWAYS[i]);
    words_add(words, "-m");
    words_add_slice(words, call->rung->model);
    if (call->rung->effort.len) {
        words_add(words, "-c");
        words_add(words, arena_print(words->arena, "model_reasoning_effort=\"%.*s\"",
                             SLICE_ARG(call->rung->effort))
                             .base);
    }
    struct slice sandbox =
        call->phase == RECORD_EXECUTE ? agent->permission : slice_from("read-only");
    if (sandbox.len) {
        words_add(words, "-s");
        words_add_slice(words, sandbox);
    }
    if (call->schema.len) {
        const char *path = arena_print(words->arena, "%s/answer-schema.json", call->scratch).base;
        words_add(words, "--output-schema");
        words_add(words, start_add_file(start, path, call->schema));
    }
    words_add(words, "-C");
    words_add(words, call->directory);
    words_add(words, "-"); /* the prompt comes by standard input */
    return true;
}

static struct token_counts read_counts(struct json usage)
{
    double input = number_or(usage, "input_tokens", 0);
    double read = number_or(usage, "cached_input_tokens", 0);
    double written = number_or(usage, "cache_write_input_tokens", 0);
    return (struct token_counts){
        .input = input > read + written ? input - read - written : 0,
        .cache_read = read,
        .cache_write_5m = written,
        .output = number_or(usage, "output_tokens", 0),
    };
}

static void read_usage(struct agent_reader *reader, struct json usage)
{
    struct own_use *use = &reader->uses[reader_model(reader, reader->setup.rung->model)];
    use->has_totals = true;
    use->tokens = read_counts(usage);
    reader->changed = true;
}

/* "model rerouted: gpt-5.5 -> gpt-5.4 (Reason)" */
static void read_reroute(struct agent_reader *reader, struct slice words)
{
    size_t arrow = slice_find(words, " -> ");
    if (!slice_starts(words, "model rerouted: ") || arrow == SIZE_MAX)
        return;
    struct slice model = slice_sub(words, arrow + 4, words.len);
    reader_served(reader, slice_sub(model, 0, slice_find_byte(model, ' ')));
}

static bool has_failed(struct json item)
{
    struct slice status = json_get_text(item, "status");
    double exit_code = 0;
    return slice_is(status, "failed") ||
           (json_double(json_get(item, "exit_code"), &exit_code) && exit_code != 0);
}

static void read_item(struct agent_reader *reader, struct json item)
{
    static const char *const TOOLS[] = {
        "command_execution", "file_change", "mcp_tool_call", "web_search"};
    struct slice type = json_get_text(item, "type");
    for (size_t i = 0; i < sizeof(TOOLS) / sizeof(*TOOLS); i++)
        if (slice_is(type, TOOLS[i])) {
            /* The id differs each time and the output may: what was asked tells repetition. */
            struct json asked = json_get(item, slice_is(type, "file_change")     ? "changes"
                                               : slice_is(type, "mcp_tool_call") ? "arguments"
                                                                                 : "command");
            reader_tool_call(reader, type, asked);
            reader_tool_end(reader, has_failed(item));
            reader_turn(reader);
        }
    if (slice_is(type, "error"))
        read_reroute(reader, json_get_text(item, "message"));
    if (slice_is(type, "agent_message")) {
        kept_set(&reader->answer, json_get_text(item, "text"), AGENT_ANSWER_BYTES_MOST);
        reader_turn(reader);
    }
}

/* "unexpected status 401 Unauthorized: …", "…, last status: 429 Too Many Requests" */
static int status_in(struct slice words)
{
    int64_t status;
    size_t at = slice_find(words, "status");
    struct slice rest = slice_sub(words, at == SIZE_MAX ? words.len : at + 6, words.len);
    while (rest.len && (rest.base[0] == ':' || rest.base[0] == ' '))
        rest = slice_sub(rest, 1, rest.len);
    return slice_to_int64(slice_sub(rest, 0, 3), &status) ? (int)status : 0;
}

static void read_error(struct agent_reader *reader, struct slice words)
{
    enum agent_ending ending = ending_from_status(status_in(words), words);
    reader_ending(reader, ending == AGENT_FAILED ? AGENT_UPSTREAM : ending, words);
}

void codex_value(struct agent_reader *reader, struct json value)
{
    struct slice type = json_get_text(value, "type");
    if (slice_is(type, "thread.started")) {
        reader_session(reader, json_get_text(value, "thread_id"));
    } else if (slice_is(type, "item.completed")) {
        read_item(reader, json_get(value, "item"));
    } else if (slice_is(type, "turn.completed")) {
        read_usage(reader, json_get(value, "usage"));
        reader_ending(reader, AGENT_DONE, (struct slice){"", 0});
    } else if (slice_is(type, "turn.failed")) {
        read_error(reader, json_get_text(json_get(value, "error"), "message"));
    } else if (slice_is(type, "error")) {
        /* May be one of several retries: what it says counts only where no turn ends. */
        kept_set(&reader->error, json_get_text(value, "message"), AGENT_ERROR_BYTES_MOST);
    }
}

void codex_transcript(struct agent_reader *reader, struct json value)
{
    struct slice type = json_get_text(value, "type");
    struct json payload = json_get(value, "payload");
    if (slice_is(type, "session_meta")) {
        kept_set(&reader->version, json_get_text(payload, "cli_version"), 100);
    } else if (slice_is(type, "turn_context")) {
        if (reader->served.len == 0)
            reader_served(reader, json_get_text(payload, "model"));
    } else if (slice_is(type, "token_usage_record")) {
        struct token_counts tokens = read_counts(json_get(payload, "usage"));
        struct slice model =
            reader->served.len ? kept_slice(&reader->served) : reader->setup.rung->model;
        reader_request(reader, json_get_text(payload, "response_id"), model, &tokens);
    }
}

void codex_end(struct agent_reader *reader, const struct agent_exit *exit)
{
    if (!reader->has_result && reader->error.len && !exit->stopped && !exit->timed_out) {
        struct kept words = reader->error;
        reader->error = (struct kept){0};
        read_error(reader, kept_slice(&words));
        kept_free(&words);
    }
}
