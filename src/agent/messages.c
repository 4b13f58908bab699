/* agent, api: one request of the Messages API as an attempt without tools, and what its answer
 * means. Builds and reads; the request itself is made in the library that loads libcurl. The
 * budget is hard: the longest answer is cut to what it can pay for. */
#include "reader.h"

#include "base/emit.h"

#include <math.h>
#include <string.h>

enum { OUTPUT_TOKENS_LEAST = 256 };

/* Tokens that the budget leaves for the answer. A token is at least a byte, so the prompt's bytes
 * are more than its tokens; the price is that of the band which so long a prompt has. */
static bool limit_output(const struct policy_agent *agent, const struct agent_call *call,
    struct agent_start *start, int *max_tokens, struct failure *failure)
{
    *max_tokens = agent->max_output_tokens;
    if (call->budget_usd <= 0)
        return true;
    double most_input = (double)(call->prompt.len + call->schema.len) + 1000;
    const struct price_row *row =
        call->rung->has_price ? &call->rung->price
                              : price_find(call->prices, call->rung->model, call->day, most_input);
    if (!row)
        return failure_set(failure,
            "no price is known for model %.*s, so the budget of $%.4f cannot be kept",
            SLICE_ARG(call->rung->model), call->budget_usd);
    struct token_counts input = {.input = most_input};
    double left_usd = call->budget_usd - price_cost_usd(row, &input);
    double most = row->output > 0 ? left_usd / row->output * 1e6 : 1e9;
    start->too_dear = most < OUTPUT_TOKENS_LEAST;
    if (start->too_dear)
        return failure_set(failure,
            "rung %.*s: $%.4f is left, which does not pay for the prompt of %zu bytes and an "
            "answer of %d tokens",
            SLICE_ARG(call->rung->name), call->budget_usd, call->prompt.len, OUTPUT_TOKENS_LEAST);
    if (most < *max_tokens)
        *max_tokens = (int)most;
    return true;
}

static struct slice write_body(struct arena *arena, const struct agent_call *call, int max_tokens)
{
    struct emit out = {0};
    emit_open(&out, '{');
    emit_member_text(&out, "model", call->rung->model);
    emit_member_int64(&out, "max_tokens", max_tokens);
    emit_key(&out, "messages");
    emit_open(&out, '[');
    emit_open(&out, '{');
    emit_member_cstring(&out, "role", "user");
    emit_member_text(&out, "content", call->prompt);
    emit_close(&out, '}');
    emit_close(&out, ']');
    if (call->rung->effort.len || call->schema.len) {
        emit_key(&out, "output_config");
        emit_open(&out, '{');
        if (call->rung->effort.len)
            emit_member_text(&out, "effort", call->rung->effort);
        if (call->schema.len) {
            emit_key(&out, "format");
            emit_open(&out, '{');
            emit_member_cstring(&out, "type", "json_schema");
            emit_key(&out, "schema");
            emit_raw(&out, call->schema);
            emit_close(&out, '}');
        }
        emit_close(&out, '}');
    }
    emit_close(&out, '}');
    struct slice body = arena_copy(arena, emit_slice(&out));
    emit_free(&out);
    return body;
}

/* The key's header is added by agent_prepare. */
bool messages_arguments(struct words *words, const struct policy_agent *agent,
    const struct agent_call *call, struct agent_start *start, struct failure *failure)
{
    struct arena *arena = words->arena;
    int max_tokens;
    if (!limit_output(agent, call, start, &max_tokens, failure))
        return false;
    start->input = write_body(arena, call, max_tokens);
    struct slice url = agent->url.len ? agent->url : slice_from("https://api.anthropic.com");
    while (url.len && url.base[url.len - 1] == '/')
        url.len--;
    start->url = arena_print(arena, "%.*s/v1/messages", SLICE_ARG(url)).base;
    const char **headers = ARENA_ARRAY(arena, const char *, 3);
    headers[0] = "content-type: application/json";
    headers[1] = "anthropic-version: 2023-06-01";
    start->headers = headers;
    return true;
}

/* ---- the answer ---- */

static void read_usage(struct agent_reader *reader, struct json value, struct slice model)
{
    struct json usage = json_get(value, "usage");
    struct json creation = json_get(usage, "cache_creation");
    double writes = number_or(usage, "cache_creation_input_tokens", 0);
    double for_1h = number_or(creation, "ephemeral_1h_input_tokens", 0);
    struct token_counts tokens = {
        .input = number_or(usage, "input_tokens", 0),
        .output = number_or(usage, "output_tokens", 0),
        .cache_read = number_or(usage, "cache_read_input_tokens", 0),
        .cache_write_1h = for_1h,
        .cache_write_5m = writes > for_1h ? writes - for_1h : 0,
    };
    reader_request(reader, json_get_text(value, "id"), model, &tokens);
}

static void read_texts(struct agent_reader *reader, struct json content)
{
    struct json_walk walk = json_walk_over(content);
    while (json_next(&walk))
        if (slice_is(json_get_text(walk.value, "type"), "text"))
            kept_add_end(
                &reader->answer, json_get_text(walk.value, "text"), AGENT_ANSWER_BYTES_MOST);
}

static void read_message(struct agent_reader *reader, struct json value)
{
    struct slice model = json_get_text(value, "model");
    struct slice reason = json_get_text(value, "stop_reason");
    reader_served(reader, model);
    read_usage(reader, value, model);
    reader_turn(reader);
    read_texts(reader, json_get(value, "content"));
    reader_ending(reader,
        slice_is(reason, "refusal") ? AGENT_REFUSED
        : slice_is(reason, "max_tokens") || slice_is(reason, "model_context_window_exceeded")
            ? AGENT_CUT
            : AGENT_DONE,
        (struct slice){"", 0});
}

void messages_value(struct agent_reader *reader, struct json value)
{
    struct slice type = json_get_text(value, "type");
    reader_session(reader, json_get_text(value, "id"));
    if (slice_is(type, "message")) {
        read_message(reader, value);
    } else if (slice_is(type, "error")) {
        struct json error = json_get(value, "error");
        struct slice words = json_get_text(error, "message");
        enum agent_ending ending = ending_from_words(json_get_text(error, "type"));
        if (ending == AGENT_FAILED)
            ending = ending_from_words(words);
        reader_session(reader, json_get_text(value, "request_id"));
        reader_ending(reader, ending == AGENT_FAILED ? AGENT_UPSTREAM : ending, words);
    }
}

void messages_end(struct agent_reader *reader, const struct agent_exit *exit)
{
    if (exit->http_status >= 400 && (!reader->has_result || reader->ending == AGENT_UPSTREAM)) {
        struct kept words = reader->error;
        reader->error = (struct kept){0};
        reader_ending(
            reader, ending_from_status(exit->http_status, kept_slice(&words)), kept_slice(&words));
        kept_free(&words);
    }
}
