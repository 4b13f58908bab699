/* agent, result: receives a reader at its end and how the process ended, hands on what came of the
 * attempt and its row for the ledger. Refuses to call an attempt good: it says how it ended. */
#include "reader.h"

#include "base/emit.h"
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SENTENCE_COLUMNS = 500 };

/* In the order of `enum agent_ending`. */
static const struct {
    const char *name;
    bool may_climb, is_no_evidence;
    const char *sentence; /* where the agent gave none */
    const char *advice;
} ENDINGS[] = {
    {"done", true, false, "", ""},
    {"turn-limit", true, false, "the agent reached its limit of turns",
        "agent.max_turns of the policy is the limit"},
    {"budget", true, false, "the attempt's budget is spent",
        "--budget and the policy's budget are the limit"},
    {"not-logged-in", false, true, "the agent is not logged in, or its key is refused",
        "log in with the agent's own program or set its key, then run the task again"},
    {"rate-limited", true, true, "the model's side is at its limit of requests, or overloaded",
        "run the task again later, or fewer at a time with --jobs"},
    {"upstream", true, true, "the model's side failed", "run the task again later"},
    {"rejected", true, true, "the model's side will not take the request",
        "the rung's model and effort, and the agent's version, must be such as it knows"},
    {"refused", true, false, "the model refused to answer", ""},
    {"cut", true, false, "the answer was cut at its longest",
        "a smaller task, or --plan, needs less context"},
    {"failed", true, false, "the agent failed", ""},
    {"garbage", true, false, "the agent gave no result that can be read", ""},
    {"stopped", true, false, "the attempt was stopped", ""},
    {"timed-out", true, false, "the attempt ran out of time",
        "agent.timeout_s of the policy is the limit"},
    {"not-started", false, true, "the agent could not be started",
        "install it, or name its path in agent.program of the policy"},
    {"too-dear", false, true, "what is left of the budget does not pay for a request",
        "--budget and the policy's budget are the limit"},
};

const char *agent_ending_name(enum agent_ending ending)
{
    return ENDINGS[ending].name;
}

const char *agent_ending_advice(enum agent_ending ending)
{
    return ENDINGS[ending].advice;
}

bool agent_ending_is_no_evidence(enum agent_ending ending)
{
    return ENDINGS[ending].is_no_evidence;
}

bool agent_ending_may_climb(enum agent_ending ending)
{
    return ENDINGS[ending].may_climb;
}

void result_warn(struct arena *arena, struct agent_result *result, const char *format, ...)
{
    if (result->n_warnings == AGENT_WARNINGS_MOST)
        return;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    result->warnings[result->n_warnings++] =
        text_one_line(arena, slice_from(text), SENTENCE_COLUMNS);
}

/* ---- words and numbers that tell how it ended ---- */

static bool has_any(struct slice words, const char *const *needles)
{
    for (size_t i = 0; needles[i]; i++)
        if (slice_find(words, needles[i]) != SIZE_MAX)
            return true;
    return false;
}

enum agent_ending ending_from_words(struct slice words)
{
    static const struct {
        enum agent_ending ending;
        const char *needles[16];
    } KINDS[] = {
        {AGENT_CUT, {"rompt is too long", "context window", "context length", "context_length"}},
        {AGENT_NOT_LOGGED_IN, {"ot logged in", "/login", "nvalid API key", "nvalid x-api-key",
                                  "authentication", "nauthorized", "API key",
                                  "redit balance is too low", "billing_error", "permission_error"}},
        {AGENT_RATE_LIMITED, {"rate limit", "rate_limit", "Rate limit", "overloaded", "Overloaded",
                                 "usage limit", "429", "529", "Too Many Requests"}},
        {AGENT_REJECTED, {"invalid_request_error", "not_found_error", "model_not_found"}},
        {AGENT_UPSTREAM,
            {"API Error", "api_error", "stream disconnected", "onnection", "ECONN", "ENOTFOUND",
                "Internal server error", "server_error", "imed out", "status 5"}},
    };
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(*KINDS); i++)
        if (has_any(words, KINDS[i].needles))
            return KINDS[i].ending;
    return AGENT_FAILED;
}

enum agent_ending ending_from_status(int http_status, struct slice words)
{
    enum agent_ending told = ending_from_words(words);
    switch (http_status) {
    case 401:
    case 402:
    case 403:
        return AGENT_NOT_LOGGED_IN;
    case 429:
    case 529:
        return AGENT_RATE_LIMITED;
    case 408:
    case 409:
        return AGENT_UPSTREAM;
    default:
        if (http_status < 400)
            return told;
        if (http_status >= 500)
            return AGENT_UPSTREAM;
        return told == AGENT_CUT || told == AGENT_NOT_LOGGED_IN ? told : AGENT_REJECTED;
    }
}

/* ---- the end ---- */

static struct slice last_words(struct arena *arena, const struct agent_reader *reader)
{
    struct slice errors = slice_trim(kept_slice(&reader->errors));
    if (errors.len > SENTENCE_COLUMNS)
        errors = slice_sub(errors, errors.len - SENTENCE_COLUMNS, errors.len);
    return text_one_line(arena, errors, SENTENCE_COLUMNS);
}

/* The agent did not say how it ended: its exit status and last words must do. */
static void end_without_result(struct arena *arena, const struct agent_reader *reader,
    const struct agent_exit *exit, struct agent_result *result)
{
    struct slice words = last_words(arena, reader);
    if (exit->exit_status != 0) {
        result->ending = words.len ? ending_from_words(words) : AGENT_FAILED;
        result->error = arena_print(arena, "%s ended with status %d%s%.*s", reader->row->name,
            exit->exit_status, words.len ? ": " : " and no words", SLICE_ARG(words));
        return;
    }
    struct slice strange = text_one_line(arena, kept_slice(&reader->strange), SENTENCE_COLUMNS / 4);
    result->ending = AGENT_GARBAGE;
    result->error =
        arena_print(arena, "%s ended without a result that can be read%s%.*s%s", reader->row->name,
            strange.len ? "; it printed \"" : "", SLICE_ARG(strange), strange.len ? "\"" : "");
}

static void say_stopped(struct arena *arena, const struct agent_reader *reader,
    const struct agent_exit *exit, enum agent_ending ending, struct agent_result *result)
{
    const char *why = exit->why ? exit->why : ENDINGS[ending].sentence;
    struct slice last = slice_sub(kept_slice(&reader->error), 0, SENTENCE_COLUMNS / 2);
    result->ending = ending;
    result->error = text_one_line(arena,
        arena_print(arena, "%s%s%.*s", why, last.len ? "; it last said: " : "", SLICE_ARG(last)),
        SENTENCE_COLUMNS);
}

static void find_ending(struct arena *arena, const struct agent_reader *reader,
    const struct agent_exit *exit, struct agent_result *result)
{
    if (exit->not_started) {
        say_stopped(
            arena, reader, exit, exit->too_dear ? AGENT_TOO_DEAR : AGENT_NOT_STARTED, result);
    } else if (exit->unkept) {
        say_stopped(arena, reader, exit, AGENT_FAILED, result);
    } else if (reader->has_result) {
        struct slice error = text_one_line(arena, kept_slice(&reader->error), SENTENCE_COLUMNS);
        result->ending = reader->ending;
        result->error = error.len || reader->ending == AGENT_DONE
                            ? error
                            : slice_from(ENDINGS[reader->ending].sentence);
    } else if (exit->timed_out) {
        say_stopped(arena, reader, exit, AGENT_TIMED_OUT, result);
    } else if (exit->stopped) {
        bool is_budget = reader->progress.signal == AGENT_OVER_BUDGET;
        say_stopped(arena, reader, exit, is_budget ? AGENT_BUDGET : AGENT_STOPPED, result);
    } else {
        end_without_result(arena, reader, exit, result);
    }
}

/* An answer that is JSON though nobody said so: as a whole, or within a fence of Markdown. */
static struct slice find_json(struct arena *arena, struct slice answer)
{
    struct slice text = slice_trim(answer);
    size_t fence = slice_find(text, "```");
    if (text.len && text.base[0] != '{' && fence != SIZE_MAX) {
        struct slice rest = slice_sub(text, fence, text.len), line;
        if (slice_next_line(&rest, &line))
            text = slice_trim(slice_sub(rest, 0, slice_find(rest, "```")));
    }
    struct slice found = {"", 0};
    struct json_parser *parser = json_parser_make();
    struct json value;
    if (text.len && json_parse(parser, text, &value, NULL) && json_kind(value) == JSON_OBJECT)
        found = json_write(arena, value);
    json_parser_free(parser);
    return found;
}

static void check_served(
    struct arena *arena, const struct agent_reader *reader, struct agent_result *result)
{
    struct slice decided = reader->setup.rung->model;
    if (result->served.len == 0) {
        if (result->ending == AGENT_DONE)
            result_warn(arena, result, "%s does not tell which model answered; %.*s was asked for",
                reader->row->name, SLICE_ARG(decided));
        return;
    }
    result->is_mismatch = !agent_is_model(decided, result->served);
    if (result->is_mismatch)
        result_warn(arena, result, "MODEL MISMATCH: %.*s was decided, %.*s answered",
            SLICE_ARG(decided), SLICE_ARG(result->served));
}

static struct slice copy_printable(struct arena *arena, const struct kept *kept)
{
    return text_one_line(arena, kept_slice(kept), 0);
}

static void warn_rest(
    struct arena *arena, const struct agent_reader *reader, struct agent_result *result)
{
    if (result->denials)
        result_warn(arena, result,
            "%d tool calls were denied by the agent's permissions; what it may do is the "
            "policy's agent.permission and agent.allow",
            result->denials);
    if (reader->setup.wants_structured && result->structured.len == 0 &&
        result->ending == AGENT_DONE)
        result_warn(arena, result, "the structured answer that was asked for is missing");
    if (reader->n_strange && reader->is_lines)
        result_warn(arena, result, "%llu lines of its output could not be read",
            (unsigned long long)reader->n_strange);
}

void agent_reader_end(struct agent_reader *reader, struct arena *arena,
    const struct agent_exit *exit, struct agent_result *result)
{
    *result = (struct agent_result){.retry_after_s = reader->progress.retry_after_s};
    reader_finish_output(reader);
    if (reader->row->end)
        reader->row->end(reader, exit);
    find_ending(arena, reader, exit, result);
    if (exit->retry_after_s > 0)
        result->retry_after_s = exit->retry_after_s;
    result->answer = arena_copy(arena, kept_slice(&reader->answer));
    result->structured = arena_copy(arena, kept_slice(&reader->structured));
    if (reader->setup.wants_structured && result->structured.len == 0)
        result->structured = find_json(arena, result->answer);
    result->session = copy_printable(arena, &reader->session);
    result->version = copy_printable(arena, &reader->version);
    result->served = copy_printable(arena, &reader->served);
    result->turns = reader->turns_told >= 0 ? reader->turns_told : reader->progress.turns;
    result->denials = reader->denials;
    check_served(arena, reader, result);
    cost_reckon(reader, arena, result);
    warn_rest(arena, reader, result);
}

/* ---- the ledger's row ---- */

static void add_extra(
    struct arena *arena, struct record_extras *extras, const char *key, struct emit *value)
{
    extras->items[extras->n++] =
        (struct record_extra){slice_from(key), arena_copy(arena, emit_slice(value))};
    emit_clear(value);
}

static void add_warnings(
    struct arena *arena, const struct agent_result *result, struct record_attempt *attempt)
{
    struct emit value = {0};
    emit_open(&value, '[');
    for (size_t i = 0; i < result->n_warnings; i++)
        emit_text(&value, result->warnings[i]);
    emit_close(&value, ']');
    add_extra(arena, &attempt->extras, "warnings", &value);
    emit_free(&value);
}

static void add_extras(struct arena *arena, const struct agent_call *call,
    const struct agent_result *result, struct record_attempt *attempt)
{
    enum { EXTRAS_MOST = 12 };
    attempt->extras.items = ARENA_ARRAY(arena, struct record_extra, EXTRAS_MOST);
    struct emit value = {0};
    emit_text(&value, call->rung->model);
    add_extra(arena, &attempt->extras, "decided", &value);
    emit_cstring(&value, agent_ending_name(result->ending));
    add_extra(arena, &attempt->extras, "ending", &value);
    emit_int64(&value, result->turns);
    add_extra(arena, &attempt->extras, "turns", &value);
    if (!isnan(result->own_usd)) {
        emit_usd(&value, result->own_usd);
        add_extra(arena, &attempt->extras, "ownCost", &value);
    }
    if (!isnan(result->reckoned_usd)) {
        emit_usd(&value, result->reckoned_usd);
        add_extra(arena, &attempt->extras, "reckonedCost", &value);
    }
    if (result->band_unknown) {
        emit_cstring(&value, "unknown");
        add_extra(arena, &attempt->extras, "band", &value);
    }
    if (result->batch.len) {
        emit_text(&value, result->batch);
        add_extra(arena, &attempt->extras, "batch", &value);
        emit_double(&value, result->price_factor);
        add_extra(arena, &attempt->extras, "priceFactor", &value);
    }
    if (result->share > 0) {
        emit_double(&value, result->share);
        add_extra(arena, &attempt->extras, "share", &value);
    }
    if (result->served.len == 0 && (result->has_tokens || result->ending == AGENT_DONE)) {
        emit_cstring(&value, AGENT_SERVED_UNKNOWN);
        add_extra(arena, &attempt->extras, "served", &value);
    }
    emit_free(&value);
    if (result->n_warnings)
        add_warnings(arena, result, attempt);
}

struct record_attempt agent_attempt(struct arena *arena, const struct agent_call *call,
    const struct agent_result *result, double seconds)
{
    struct record_attempt attempt = record_blank_attempt();
    attempt.rung = call->rung->name;
    attempt.model = result->served.len ? slice_sub(result->served, 0, RECORD_NAME_BYTES_MOST)
                                       : call->rung->model;
    attempt.effort = call->rung->effort;
    attempt.phase = call->phase;
    attempt.has_tokens = result->has_tokens;
    attempt.tokens.input = result->tokens.input;
    attempt.tokens.output = result->tokens.output;
    attempt.tokens.cache_read = result->tokens.cache_read;
    attempt.tokens.cache_write_5m = result->tokens.cache_write_5m;
    attempt.tokens.cache_write_1h = result->tokens.cache_write_1h;
    attempt.cost_usd = result->cost_usd;
    attempt.prices = result->prices;
    attempt.seconds = seconds;
    attempt.session = slice_sub(result->session, 0, RECORD_NAME_BYTES_MOST);
    attempt.agent_version = slice_sub(result->version, 0, RECORD_NAME_BYTES_MOST);
    attempt.error = result->error;
    add_extras(arena, call, result, &attempt);
    return attempt;
}
