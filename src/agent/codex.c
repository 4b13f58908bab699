/* agent, codex: arguments of `codex exec --json` (0.169) and what the lines of its JSONL mean.
 * Knows that cached tokens are a part of its input tokens, that usage is of the whole thread, and
 * that no event names the model. */
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

static void read_usage(struct agent_reader *reader, struct json usage)
{
    double input = number_or(usage, "input_tokens", 0);
    double read = number_or(usage, "cached_input_tokens", 0);
    double written = number_or(usage, "cache_write_input_tokens", 0);
    struct own_use *use = &reader->uses[reader_model(reader, reader->setup.rung->model)];
    use->has_totals = true;
    use->tokens = (struct token_counts){
        .input = input > read + written ? input - read - written : 0,
        .cache_read = read,
        .cache_write_5m = written,
        .output = number_or(usage, "output_tokens", 0),
    };
    reader->changed = true;
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
    if (slice_is(type, "agent_message")) {
        kept_set(&reader->answer, json_get_text(item, "text"), AGENT_ANSWER_BYTES_MOST);
        reader_turn(reader);
    }
}

static void read_error(struct agent_reader *reader, struct slice words)
{
    enum agent_ending ending = ending_from_words(words);
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

void codex_end(struct agent_reader *reader, const struct agent_exit *exit)
{
    if (!reader->has_result && reader->error.len && !exit->stopped && !exit->timed_out) {
        struct kept words = reader->error;
        reader->error = (struct kept){0};
        read_error(reader, kept_slice(&words));
        kept_free(&words);
    }
}
