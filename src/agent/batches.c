/* agent, batches: receives requests that were prepared for the API, hands on the body of one
 * Message Batch, and reads what the API says of it and of each request. Builds and reads; the
 * requests are made in the library that loads libcurl. */
#include "reader.h"

#include "base/emit.h"

#include <math.h>
#include <string.h>

struct slice agent_batch_body(
    struct arena *arena, const struct agent_start *starts, const char *const *names, size_t n)
{
    struct emit out = {0};
    emit_open(&out, '{');
    emit_key(&out, "requests");
    emit_open(&out, '[');
    for (size_t i = 0; i < n; i++) {
        emit_open(&out, '{');
        emit_member_cstring(&out, "custom_id", names[i]);
        emit_key(&out, "params");
        emit_raw(&out, starts[i].input);
        emit_close(&out, '}');
    }
    emit_close(&out, ']');
    emit_close(&out, '}');
    struct slice body = arena_copy(arena, emit_slice(&out));
    emit_free(&out);
    return body;
}

/* An id stands in a URL: nothing in it may be more than a name. */
bool agent_batch_is_id(struct slice id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!slice_ascii_is_word((unsigned char)id.base[i]) && id.base[i] != '_' &&
            id.base[i] != '-')
            return false;
    return id.len > 0 && id.len <= AGENT_BATCH_ID_BYTES_MOST;
}

const char *agent_batch_url(
    struct arena *arena, const struct agent_start *start, const char *id, bool results)
{
    if (!id)
        return arena_print(arena, "%s/batches", start->url).base;
    return arena_print(arena, "%s/batches/%s%s", start->url, id, results ? "/results" : "").base;
}

/* {"type":"error","error":{"type":…,"message":…}} as a sentence. */
static bool fail(struct json root, struct slice body, struct failure *failure)
{
    struct json error = json_get(root, "error");
    struct slice words = json_get_text(error, "message");
    if (words.len)
        return failure_set(failure, "Message Batches: %.*s: %.*s",
            SLICE_ARG(slice_sub(json_get_text(error, "type"), 0, 80)),
            SLICE_ARG(slice_sub(words, 0, 300)));
    return failure_set(failure, "Message Batches: the answer of %zu bytes is no batch", body.len);
}

bool agent_batch_read(
    struct arena *arena, struct slice body, const char **id, bool *ended, struct failure *failure)
{
    struct json root;
    struct json_parser *parser = json_parser_make();
    bool ok = json_parse(parser, body, &root, failure) ||
              failure_prefix(failure, "Message Batches: the answer");
    struct slice name = ok ? json_get_text(root, "id") : (struct slice){0};
    if (ok && (!slice_is(json_get_text(root, "type"), "message_batch") || !agent_batch_is_id(name)))
        ok = fail(root, body, failure);
    if (ok) {
        *id = arena_text(arena, name);
        *ended = slice_is(json_get_text(root, "processing_status"), "ended");
    }
    json_parser_free(parser);
    return ok;
}

/* One line's result goes to the reader as the API's answer to a single request would. */
static void take_result(
    struct arena *arena, struct json result, struct agent_reader *reader, struct agent_exit *exit)
{
    struct slice type = json_get_text(result, "type");
    *exit = (struct agent_exit){.retry_after_s = NAN, .http_status = 200};
    if (slice_is(type, "succeeded")) {
        agent_reader_output(reader, json_write(arena, json_get(result, "message")));
        return;
    }
    exit->exit_status = 1;
    if (slice_is(type, "errored")) {
        exit->http_status = 500;
        agent_reader_output(reader, json_write(arena, json_get(result, "error")));
        return;
    }
    exit->not_started = true; /* canceled or expired: it was not asked, and costs nothing */
    exit->why =
        arena_print(arena, "its request in the batch was %.*s", SLICE_ARG(slice_sub(type, 0, 40)))
            .base;
}

bool agent_batch_result(struct arena *arena, struct slice results, const char *name,
    struct agent_reader *reader, struct agent_exit *exit)
{
    struct slice line;
    struct failure ignored;
    bool found = false;
    struct json_parser *parser = json_parser_make();
    while (!found && slice_next_line(&results, &line)) {
        struct json root;
        if (!json_parse(parser, line, &root, &ignored) ||
            !slice_is(json_get_text(root, "custom_id"), name))
            continue;
        take_result(arena, json_get(root, "result"), reader, exit);
        found = true;
    }
    if (!found)
        *exit = (struct agent_exit){.retry_after_s = NAN,
            .not_started = true,
            .why = "the batch has no result of its request"};
    json_parser_free(parser);
    return found;
}

/* ---- what it cost, and whose it was ---- */

static void scale(struct agent_result *result, struct arena *arena, double factor)
{
    struct agent_use *uses = ARENA_ARRAY(arena, struct agent_use, result->n_uses);
    result->own_usd *= factor;
    result->reckoned_usd *= factor;
    result->cost_usd *= factor;
    for (size_t i = 0; i < result->n_uses; i++) {
        uses[i] = result->uses[i];
        uses[i].own_usd *= factor;
        uses[i].reckoned_usd *= factor;
    }
    result->uses = uses;
}

void agent_result_discount(
    struct arena *arena, const char *batch, double factor, struct agent_result *result)
{
    scale(result, arena, factor);
    result->batch = slice_from(batch);
    result->price_factor = factor;
}

struct agent_result agent_result_share(
    struct arena *arena, const struct agent_result *whole, double share)
{
    struct agent_result part = *whole;
    scale(&part, arena, share);
    part.tokens.input *= share;
    part.tokens.output *= share;
    part.tokens.cache_read *= share;
    part.tokens.cache_write_5m *= share;
    part.tokens.cache_write_1h *= share;
    part.share = share;
    return part;
}
