/* agent, reading: receives what an agent prints, in pieces of any size, and hands on how far it
 * is. Splits lines, keeps memory in bounds and watches for trouble; what the values mean, the
 * agents' own files know. */
#include "reader.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ID_BYTES_MOST = 256,
    STRANGE_BYTES_MOST = 300,
    LINE_BYTES_KEPT = 64 << 10, /* a larger buffer is given back after its line */
};

/* ---- texts that are set again and again ---- */

static void kept_make_room(struct kept *kept, size_t bytes)
{
    if (kept->room >= bytes)
        return;
    size_t room = kept->room ? kept->room : 64;
    while (room < bytes)
        room *= 2;
    kept->bytes = memory_resize(kept->bytes, room);
    kept->room = room;
}

void kept_set(struct kept *kept, struct slice text, size_t most)
{
    kept->len = text.len < most ? text.len : most;
    kept_make_room(kept, kept->len);
    if (kept->len)
        memmove(kept->bytes, text.base, kept->len);
}

void kept_add_end(struct kept *kept, struct slice text, size_t most)
{
    if (text.len > most)
        text = slice_sub(text, text.len - most, text.len);
    /* Moved down only when twice as much has come: each byte is moved once at most. */
    if (kept->len + text.len > 2 * most) {
        size_t keep = most - text.len;
        memmove(kept->bytes, kept->bytes + kept->len - keep, keep);
        kept->len = keep;
    }
    kept_make_room(kept, kept->len + text.len);
    if (text.len)
        memcpy(kept->bytes + kept->len, text.base, text.len);
    kept->len += text.len;
}

struct slice kept_slice(const struct kept *kept)
{
    return (struct slice){kept->bytes ? kept->bytes : "", kept->len};
}

void kept_free(struct kept *kept)
{
    free(kept->bytes);
    *kept = (struct kept){0};
}

/* ---- making ---- */

struct agent_limits agent_usual_limits(enum record_phase phase)
{
    return (struct agent_limits){
        .same_calls = 6,
        .errors_in_a_row = 10,
        .turns_without_change = phase == RECORD_EXECUTE ? 60 : 0,
    };
}

struct agent_reader *agent_reader_make(const struct agent_setup *setup)
{
    struct agent_reader *reader = memory_take(sizeof(*reader));
    *reader = (struct agent_reader){
        .setup = *setup, .row = agent_row_of(setup->agent->kind), .own_usd = NAN, .turns_told = -1};
    reader->is_document = reader->row->is_document;
    reader->progress.retry_after_s = NAN;
    reader->progress.spend_usd = reader->row->has_spend_inside ? 0 : NAN;
    return reader;
}

void agent_reader_free(struct agent_reader *reader)
{
    if (!reader)
        return;
    kept_free(&reader->line);
    kept_free(&reader->strange);
    kept_free(&reader->errors);
    kept_free(&reader->session);
    kept_free(&reader->version);
    kept_free(&reader->served);
    kept_free(&reader->answer);
    kept_free(&reader->structured);
    kept_free(&reader->error);
    for (size_t i = 0; i < reader->n_uses; i++)
        kept_free(&reader->uses[i].model);
    free(reader->requests);
    free(reader);
}

const struct agent_progress *agent_reader_progress(const struct agent_reader *reader)
{
    return &reader->progress;
}

/* ---- what the rows tell ---- */

double number_or(struct json object, const char *key, double otherwise)
{
    double number;
    return json_double(json_get(object, key), &number) && number >= 0 && number < 1e15 ? number
                                                                                       : otherwise;
}

static void signal_once(struct agent_reader *reader, enum agent_signal signal)
{
    if (reader->progress.signal == AGENT_QUIET) {
        reader->progress.signal = signal;
        reader->changed = true;
    }
}

void reader_session(struct agent_reader *reader, struct slice id)
{
    if (id.len && !slice_equal(id, kept_slice(&reader->session))) {
        kept_set(&reader->session, id, ID_BYTES_MOST);
        reader->progress.session = kept_slice(&reader->session);
        reader->changed = true;
    }
}

void reader_served(struct agent_reader *reader, struct slice model)
{
    if (model.len && !slice_equal(model, kept_slice(&reader->served))) {
        kept_set(&reader->served, model, ID_BYTES_MOST);
        reader->progress.served = kept_slice(&reader->served);
        reader->changed = true;
    }
}

size_t reader_model(struct agent_reader *reader, struct slice model)
{
    model = slice_sub(model, 0, ID_BYTES_MOST);
    for (size_t i = 0; i < reader->n_uses; i++)
        if (agent_is_model(kept_slice(&reader->uses[i].model), model))
            return i;
    if (reader->n_uses == AGENT_MODELS_MOST)
        return AGENT_MODELS_MOST - 1;
    struct own_use *use = &reader->uses[reader->n_uses];
    *use = (struct own_use){.own_usd = NAN};
    kept_set(&use->model, model, ID_BYTES_MOST);
    return reader->n_uses++;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* The counts of one request only grow while it is told again. */
static struct token_counts merge(struct token_counts a, const struct token_counts *b)
{
    return (struct token_counts){
        .input = larger(a.input, b->input),
        .output = larger(a.output, b->output),
        .cache_read = larger(a.cache_read, b->cache_read),
        .cache_write_5m = larger(a.cache_write_5m, b->cache_write_5m),
        .cache_write_1h = larger(a.cache_write_1h, b->cache_write_1h),
    };
}

/* `model` SIZE_MAX: whichever it is. */
static struct request *find_request(struct agent_reader *reader, uint64_t id_hash, size_t model)
{
    for (size_t i = reader->n_requests; i-- > 0 && i + 64 > reader->n_requests;)
        if (reader->requests[i].id_hash == id_hash &&
            (model == SIZE_MAX || reader->requests[i].model == model))
            return &reader->requests[i];
    return NULL;
}

static struct request *add_request(struct agent_reader *reader, uint64_t id_hash, size_t model)
{
    if (reader->n_requests == AGENT_REQUESTS_MOST) {
        reader->requests_cut = true;
        return NULL;
    }
    if (reader->n_requests == reader->requests_room) {
        reader->requests_room = reader->requests_room ? reader->requests_room * 2 : 8;
        reader->requests =
            memory_resize(reader->requests, reader->requests_room * sizeof(*reader->requests));
    }
    struct request *request = &reader->requests[reader->n_requests++];
    *request = (struct request){.id_hash = id_hash, .model = model};
    return request;
}

static void update_request(
    struct agent_reader *reader, struct request *request, const struct token_counts *tokens)
{
    struct slice model = kept_slice(&reader->uses[request->model].model);
    bool is_known;
    double before = cost_of_request(&reader->setup, model, &request->tokens, &is_known);
    request->tokens = merge(request->tokens, tokens);
    double after = cost_of_request(&reader->setup, model, &request->tokens, &is_known);
    reader->progress.spend_usd += is_known ? after - before : NAN;
    reader->changed = true;
}

void reader_check_budget(struct agent_reader *reader)
{
    double budget_usd = reader->setup.limits.budget_usd;
    if (budget_usd > 0 && reader->progress.spend_usd >= budget_usd)
        signal_once(reader, AGENT_OVER_BUDGET);
}

void reader_request(struct agent_reader *reader, struct slice id, struct slice model,
    const struct token_counts *tokens)
{
    size_t index = reader_model(reader, model);
    /* Without an id every request is a new one. */
    uint64_t id_hash = id.len ? slice_hash(id) : reader->n_requests * 2 + 1;
    struct request *request = id.len ? find_request(reader, id_hash, index) : NULL;
    if (!request)
        request = add_request(reader, id_hash, index);
    if (request)
        update_request(reader, request, tokens);
}

void reader_request_again(
    struct agent_reader *reader, struct slice id, const struct token_counts *tokens)
{
    struct request *request = id.len ? find_request(reader, slice_hash(id), SIZE_MAX) : NULL;
    if (request)
        update_request(reader, request, tokens);
}

void reader_turn(struct agent_reader *reader)
{
    reader->progress.turns++;
    reader->turns_since_change++;
    reader->changed = true;
    int most = reader->setup.limits.turns_without_change;
    if (most > 0 && reader->turns_since_change >= most)
        signal_once(reader, AGENT_NOTHING_CHANGED);
}

/* Tools that change files, or may. */
static bool is_edit(struct slice name)
{
    static const char *const EDITS[] = {
        "Edit", "MultiEdit", "Write", "NotebookEdit", "patch", "apply_patch", "file_change"};
    static const char *const COMMANDS[] = {
        "Bash", "shell", "command_execution", "Agent", "Task", "mcp_tool_call"};
    for (size_t i = 0; i < sizeof(EDITS) / sizeof(*EDITS); i++)
        if (slice_is_caseless(name, EDITS[i]))
            return true;
    for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(*COMMANDS); i++)
        if (slice_is_caseless(name, COMMANDS[i]))
            return true;
    return false;
}

static void describe(struct agent_reader *reader, struct slice name, struct json input)
{
    static const char *const TELLING[] = {
        "file_path", "filePath", "path", "notebook_path", "command", "pattern", "description"};
    struct slice about = {"", 0};
    for (size_t i = 0; i < sizeof(TELLING) / sizeof(*TELLING) && about.len == 0; i++)
        about = json_get_text(input, TELLING[i]);
    struct arena arena = {0};
    struct slice line = text_one_line(&arena,
        arena_print(&arena, "%.*s %.*s", SLICE_ARG(slice_sub(name, 0, 60)),
            SLICE_ARG(slice_sub(about, 0, 400))),
        READER_DOING_BYTES / 4 - 1);
    size_t len = line.len < READER_DOING_BYTES ? line.len : READER_DOING_BYTES;
    memcpy(reader->doing, line.base, len);
    reader->progress.doing = (struct slice){reader->doing, len};
    arena_free(&arena);
}

/* How often this call stands among the last ones. An edit that is new makes a fresh start: a test
 * run again after it is no repetition. */
static int count_same(struct agent_reader *reader, uint64_t call, bool is_new_edit)
{
    if (is_new_edit)
        reader->n_calls = 0;
    if (reader->n_calls == READER_CALLS_KEPT) {
        memmove(reader->calls, reader->calls + 1, sizeof(reader->calls) - sizeof(*reader->calls));
        reader->n_calls--;
    }
    reader->calls[reader->n_calls++] = call;
    int n = 0;
    for (int i = 0; i < reader->n_calls; i++)
        n += reader->calls[i] == call;
    return n;
}

static bool is_command(struct slice name)
{
    return slice_is_caseless(name, "bash") || slice_is(name, "shell") ||
           slice_is(name, "command_execution");
}

void reader_tool_call(struct agent_reader *reader, struct slice name, struct json input)
{
    struct arena arena = {0};
    struct slice written = json_write(&arena, input);
    uint64_t call = slice_hash(name) * 31 + slice_hash(written);
    arena_free(&arena);
    bool changes = is_edit(name);
    bool is_new_edit = changes && !is_command(name) && call != reader->last_edit;
    if (changes && !is_command(name))
        reader->last_edit = call;
    if (changes) {
        reader->progress.edits++;
        reader->turns_since_change = 0;
    }
    reader->progress.tool_calls++;
    reader->changed = true;
    describe(reader, name, input);
    int same = count_same(reader, call, is_new_edit), most = reader->setup.limits.same_calls;
    if (most > 0 && same >= most)
        signal_once(reader, AGENT_SAME_CALL);
}

void reader_tool_end(struct agent_reader *reader, bool is_error)
{
    reader->errors_in_a_row = is_error ? reader->errors_in_a_row + 1 : 0;
    reader->progress.tool_errors += is_error;
    int most = reader->setup.limits.errors_in_a_row;
    if (most > 0 && reader->errors_in_a_row >= most)
        signal_once(reader, AGENT_ERRORS_IN_A_ROW);
}

void reader_ending(struct agent_reader *reader, enum agent_ending ending, struct slice error)
{
    reader->has_result = true;
    reader->ending = ending;
    kept_set(&reader->error, error, AGENT_ERROR_BYTES_MOST);
}

/* ---- bytes to values ---- */

static void take_value(struct agent_reader *reader, struct json value)
{
    if (json_kind(value) == JSON_OBJECT) {
        reader->row->value(reader, value);
    } else if (json_kind(value) == JSON_ARRAY) {
        struct json_walk walk = json_walk_over(value);
        while (json_next(&walk))
            if (json_kind(walk.value) == JSON_OBJECT)
                reader->row->value(reader, walk.value);
    }
}

/* True where the text is one JSON object, or an array of them. */
static bool take_text(struct agent_reader *reader, struct json_parser **parser, struct slice text)
{
    struct slice trimmed = slice_trim(text);
    if (trimmed.len == 0 || (trimmed.base[0] != '{' && trimmed.base[0] != '['))
        return false;
    if (!*parser)
        *parser = json_parser_make();
    struct json value;
    if (!json_parse(*parser, trimmed, &value, NULL))
        return false;
    take_value(reader, value);
    return true;
}

static void take_line(struct agent_reader *reader, struct json_parser **parser, struct slice line)
{
    reader->progress.lines++;
    if (json_is_blank(line))
        return;
    if (take_text(reader, parser, line)) {
        reader->is_lines = true;
        return;
    }
    reader->n_strange++;
    if (reader->strange.len == 0)
        kept_set(&reader->strange, line, STRANGE_BYTES_MOST);
}

static void forget_line(struct agent_reader *reader)
{
    if (reader->line.room > LINE_BYTES_KEPT)
        kept_free(&reader->line);
    reader->line.len = 0;
    reader->is_skipping = false;
}

/* Adds a piece to the line that has begun; too much of it makes the line one that is skipped. */
static void add_to_line(struct agent_reader *reader, struct slice piece)
{
    if (reader->is_skipping)
        return;
    if (reader->line.len + piece.len > AGENT_LINE_BYTES_MOST) {
        forget_line(reader);
        reader->is_skipping = true;
        reader->n_strange++;
        if (reader->strange.len == 0)
            kept_set(&reader->strange, piece, STRANGE_BYTES_MOST);
        return;
    }
    kept_add_end(&reader->line, piece, AGENT_LINE_BYTES_MOST);
}

static void split_lines(
    struct agent_reader *reader, struct json_parser **parser, struct slice bytes)
{
    for (;;) {
        size_t end = slice_find_byte(bytes, '\n');
        if (end == SIZE_MAX)
            break;
        struct slice piece = slice_sub(bytes, 0, end);
        bytes = slice_sub(bytes, end + 1, bytes.len);
        if (reader->line.len == 0 && !reader->is_skipping && piece.len <= AGENT_LINE_BYTES_MOST) {
            take_line(reader, parser, piece);
            continue;
        }
        add_to_line(reader, piece);
        if (!reader->is_skipping)
            take_line(reader, parser, kept_slice(&reader->line));
        forget_line(reader);
    }
    add_to_line(reader, bytes);
}

/* A program's JSON is lines of objects or one object over many lines: until the first line that is
 * a value of its own, all is kept for the second. */
static bool wants_document(const struct agent_reader *reader)
{
    return reader->is_document || (reader->row->value == program_value &&
                                      reader->setup.agent->result_is_json && !reader->is_lines);
}

bool agent_reader_output(struct agent_reader *reader, struct slice bytes)
{
    reader->changed = false;
    reader->progress.bytes += bytes.len;
    bool is_plain = reader->row->value == program_value && !reader->setup.agent->result_is_json;
    if (is_plain || wants_document(reader)) {
        size_t most = is_plain ? AGENT_ANSWER_BYTES_MOST : AGENT_RESULT_BYTES_MOST;
        kept_add_end(is_plain ? &reader->answer : &reader->structured, bytes, most);
    }
    if (is_plain || reader->is_document)
        return bytes.len > 0;
    struct json_parser *parser = NULL;
    split_lines(reader, &parser, bytes);
    json_parser_free(parser);
    if (reader->row->value == program_value && reader->is_lines)
        kept_free(&reader->structured);
    return reader->changed;
}

void agent_reader_error(struct agent_reader *reader, struct slice bytes)
{
    kept_add_end(&reader->errors, bytes, AGENT_ERROR_BYTES_MOST);
}

/* ---- the end ---- */

void reader_finish_output(struct agent_reader *reader)
{
    struct json_parser *parser = NULL;
    if (reader->line.len)
        take_line(reader, &parser, kept_slice(&reader->line));
    forget_line(reader);
    if (wants_document(reader)) {
        struct kept document = reader->structured;
        reader->structured = (struct kept){0};
        bool is_read = take_text(reader, &parser, kept_slice(&document));
        if (is_read)
            reader->is_lines = true;
        else if (reader->strange.len == 0)
            kept_set(&reader->strange, kept_slice(&document), STRANGE_BYTES_MOST);
        kept_free(&document);
    }
    json_parser_free(parser);
}
