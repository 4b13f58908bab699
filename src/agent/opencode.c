/* agent, opencode: arguments of `opencode run --format json` (1.18) and what its lines mean. Knows
 * that a step is a request, with its own cost, and that no event names the model. */
#include "reader.h"

#include <math.h>
#include <string.h>

bool opencode_arguments(struct words *words, const struct policy_agent *agent,
    const struct agent_call *call, struct agent_start *start, struct failure *failure)
{
    (void)start;
    if (agent->permission.len && !slice_is(agent->permission, "auto"))
        return failure_set(failure,
            "agent.permission: opencode knows only \"auto\", not \"%.*s\"; its own configuration "
            "says more",
            SLICE_ARG(agent->permission));
    /* A title of ours: for one of its own it would ask another model, which its events hide. */
    static const char *const ALWAYS[] = {"run", "--format", "json", "--title", "rung"};
    for (size_t i = 0; i < sizeof(ALWAYS) / sizeof(*ALWAYS); i++)
        words_add(words, ALWAYS[i]);
    words_add(words, "-m");
    words_add_slice(words, call->rung->model);
    if (call->rung->effort.len) {
        words_add(words, "--variant");
        words_add_slice(words, call->rung->effort);
    }
    if (call->phase != RECORD_EXECUTE) { /* its agent that only reads */
        words_add(words, "--agent");
        words_add(words, "plan");
    } else if (agent->permission.len) {
        words_add(words, "--auto");
    }
    return true;
}

static void read_step(struct agent_reader *reader, struct json part)
{
    struct json counts = json_get(part, "tokens"), cache = json_get(counts, "cache");
    struct token_counts tokens = {
        .input = number_or(counts, "input", 0),
        .output = number_or(counts, "output", 0) + number_or(counts, "reasoning", 0),
        .cache_read = number_or(cache, "read", 0),
        .cache_write_5m = number_or(cache, "write", 0),
    };
    reader_turn(reader);
    reader_request(reader, json_get_text(part, "id"), reader->setup.rung->model, &tokens);
    double cost_usd = number_or(part, "cost", NAN);
    if (!isnan(cost_usd))
        reader->own_usd = (isnan(reader->own_usd) ? 0 : reader->own_usd) + cost_usd;
    if (isnan(reader->progress.spend_usd)) /* no price is known here: its own figure */
        reader->progress.spend_usd = reader->own_usd;
    reader_check_budget(reader);
    if (slice_is(json_get_text(part, "reason"), "length"))
        reader_ending(reader, AGENT_CUT, (struct slice){"", 0});
    else if (!slice_is(json_get_text(part, "reason"), "tool-calls"))
        reader_ending(reader, AGENT_DONE, (struct slice){"", 0});
    else
        reader->has_result = false;
}

static void read_error(struct agent_reader *reader, struct json error)
{
    struct json data = json_get(error, "data");
    struct slice words = json_get_text(data, "message"), name = json_get_text(error, "name");
    if (words.len == 0)
        words = json_get_text(error, "message").len ? json_get_text(error, "message") : name;
    double status = number_or(data, "statusCode", 0), wait_s;
    struct slice wait = json_get_text(json_get(data, "responseHeaders"), "retry-after");
    if (slice_to_double(wait, &wait_s) && wait_s >= 0 && wait_s < 1e6)
        reader->progress.retry_after_s = wait_s;
    enum agent_ending ending = slice_is(name, "ProviderAuthError")
                                   ? AGENT_NOT_LOGGED_IN
                                   : ending_from_status((int)status, words);
    reader_ending(reader, ending == AGENT_FAILED ? AGENT_UPSTREAM : ending, words);
}

void opencode_value(struct agent_reader *reader, struct json value)
{
    struct slice type = json_get_text(value, "type");
    struct json part = json_get(value, "part");
    reader_session(reader, json_get_text(value, "sessionID"));
    if (slice_is(type, "text")) {
        kept_set(&reader->answer, json_get_text(part, "text"), AGENT_ANSWER_BYTES_MOST);
    } else if (slice_is(type, "tool_use")) {
        struct json state = json_get(part, "state");
        reader_tool_call(reader, json_get_text(part, "tool"), json_get(state, "input"));
        reader_tool_end(reader, slice_is(json_get_text(state, "status"), "error"));
    } else if (slice_is(type, "step_finish")) {
        read_step(reader, part);
    } else if (slice_is(type, "error")) {
        read_error(reader, json_get(value, "error"));
    }
}

void opencode_end(struct agent_reader *reader, const struct agent_exit *exit)
{
    /* It exits 0 after some errors, and may fail after a last step. */
    if (reader->has_result && reader->ending == AGENT_DONE && exit->exit_status != 0 &&
        !exit->stopped && !exit->timed_out)
        reader_ending(reader, AGENT_FAILED, slice_from("opencode failed after its last step"));
}
