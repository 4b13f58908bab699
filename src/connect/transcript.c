/* Receives a Claude Code transcript (JSONL), hands on which models answered, what they used and
 * what that costs at our dated prices, request by request, so that prompt-length bands are exact.
 * Refuses to know what the conversation says. */
#include "connect.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "transcript.h"

#include <math.h>
#include <string.h>

/* One response of the API; a transcript has a line for each block of it, all with its id. */
struct request {
    struct slice id, model;
    struct token_counts tokens;
    int64_t at_ms;
};

struct reading {
    struct arena *arena;
    struct connect_transcript *transcript;
    struct request *requests;
    size_t n, room;
    size_t *slots; /* of the table by id: index + 1, or 0 */
    size_t n_slots;
};

static double count_of(struct json usage, const char *key)
{
    double n = 0;
    return json_double(json_get(usage, key), &n) && n > 0 ? n : 0;
}

static struct token_counts tokens_of(struct json usage)
{
    struct json creation = json_get(usage, "cache_creation");
    double all = count_of(usage, "cache_creation_input_tokens");
    double long_lived = count_of(creation, "ephemeral_1h_input_tokens");
    return (struct token_counts){
        .input = count_of(usage, "input_tokens"),
        .output = count_of(usage, "output_tokens"),
        .cache_read = count_of(usage, "cache_read_input_tokens"),
        /* where the upstream does not split them, the parts are noted as 0 */
        .cache_write_5m = fmax(all - long_lived, count_of(creation, "ephemeral_5m_input_tokens")),
        .cache_write_1h = long_lived,
    };
}

/* Where the id's index stands or should stand. */
static size_t *slot_of(struct reading *reading, struct slice id)
{
    size_t at = (size_t)slice_hash(id) & (reading->n_slots - 1);
    while (reading->slots[at] && !slice_equal(reading->requests[reading->slots[at] - 1].id, id))
        at = (at + 1) & (reading->n_slots - 1);
    return &reading->slots[at];
}

static void grow_slots(struct reading *reading)
{
    if (reading->n * 2 < reading->n_slots)
        return;
    reading->n_slots = reading->n_slots ? reading->n_slots * 4 : 256;
    reading->slots = ARENA_ARRAY(reading->arena, size_t, reading->n_slots);
    for (size_t i = 0; i < reading->n; i++)
        *slot_of(reading, reading->requests[i].id) = i + 1;
}

/* The request of an id, new where it was not seen; NULL beyond the most that are kept. */
static struct request *request_of(struct reading *reading, struct slice id)
{
    grow_slots(reading);
    size_t *slot = slot_of(reading, id);
    if (*slot)
        return &reading->requests[*slot - 1];
    if (reading->n >= CONNECT_REQUESTS_MOST)
        return NULL;
    reading->requests = arena_grow(
        reading->arena, reading->requests, reading->n, &reading->room, sizeof(*reading->requests));
    reading->requests[reading->n] = (struct request){.id = arena_copy(reading->arena, id)};
    *slot = ++reading->n;
    return &reading->requests[reading->n - 1];
}

static void keep_text(struct arena *arena, struct slice *field, struct slice text)
{
    if (text.len && !slice_equal(*field, text))
        *field = arena_copy(arena, text);
}

static void read_error(struct reading *reading, struct json line)
{
    bool truth = false;
    struct connect_transcript *transcript = reading->transcript;
    transcript->ended_in_error = json_bool(json_get(line, "isApiErrorMessage"), &truth) && truth;
}

/* A line of the assistant: the last one of an id has the whole usage. */
static void read_answer(struct reading *reading, struct json line, int64_t at_ms)
{
    struct connect_transcript *transcript = reading->transcript;
    struct json message = json_get(line, "message"), usage = json_get(message, "usage");
    struct slice id = json_get_text(message, "id"), model = json_get_text(message, "model");
    read_error(reading, line);
    if (json_kind(usage) != JSON_OBJECT || slice_is(model, "<synthetic>"))
        return;
    if (id.len == 0)
        id = json_get_text(line, "uuid");
    struct request *request = request_of(reading, id);
    if (!request) {
        transcript->cut = true;
        return;
    }
    keep_text(reading->arena, &request->model, model);
    request->tokens = tokens_of(usage);
    request->at_ms = at_ms;
    keep_text(reading->arena, &transcript->effort, json_get_text(line, "effort"));
    keep_text(reading->arena, &transcript->requested, json_get_text(line, "requestedModel"));
}

static void read_line(struct reading *reading, struct json line)
{
    struct connect_transcript *transcript = reading->transcript;
    struct slice type = json_get_text(line, "type");
    int64_t at_ms = 0;
    if (clock_parse_ms(json_get_text(line, "timestamp"), &at_ms)) {
        if (transcript->first_ms == 0)
            transcript->first_ms = at_ms;
        transcript->last_ms = at_ms;
    }
    keep_text(reading->arena, &transcript->session, json_get_text(line, "sessionId"));
    keep_text(reading->arena, &transcript->version, json_get_text(line, "version"));
    if (slice_is(type, "assistant"))
        read_answer(reading, line, at_ms);
    else if (slice_is(type, "cost-state") &&
             !json_double(json_get(line, "totalCostUSD"), &transcript->session_usd))
        transcript->session_usd = NAN;
}

static struct connect_use *use_of(struct connect_transcript *transcript, struct slice model)
{
    for (size_t i = 0; i < transcript->n_uses; i++)
        if (slice_equal(transcript->uses[i].model, model))
            return &transcript->uses[i];
    if (transcript->n_uses == CONNECT_MODELS_MOST) {
        transcript->cut = true;
        return NULL;
    }
    struct connect_use *use = &transcript->uses[transcript->n_uses++];
    *use = (struct connect_use){.model = model};
    return use;
}

static void add_tokens(struct token_counts *sum, const struct token_counts *tokens)
{
    sum->input += tokens->input;
    sum->output += tokens->output;
    sum->cache_read += tokens->cache_read;
    sum->cache_write_5m += tokens->cache_write_5m;
    sum->cache_write_1h += tokens->cache_write_1h;
}

void transcript_add(struct connect_transcript *sum, const struct connect_transcript *transcript)
{
    add_tokens(&sum->tokens, &transcript->tokens);
    sum->cost_usd += transcript->cost_usd;
    sum->requests += transcript->requests;
    sum->cut = sum->cut || transcript->cut;
}

/* Adds up by model what each request costs in the band of its own prompt. */
static void add_up(struct reading *reading, const struct price_table *prices)
{
    struct connect_transcript *transcript = reading->transcript;
    for (size_t i = 0; i < reading->n; i++) {
        const struct request *request = &reading->requests[i];
        const struct token_counts *tokens = &request->tokens;
        struct connect_use *use = use_of(transcript, request->model);
        if (!use)
            continue;
        double prompt =
            tokens->input + tokens->cache_read + tokens->cache_write_5m + tokens->cache_write_1h;
        const struct price_row *row =
            price_find(prices, request->model, clock_day_from_ms(request->at_ms), prompt);
        add_tokens(&use->tokens, tokens);
        add_tokens(&transcript->tokens, tokens);
        use->requests++;
        use->cost_usd += row ? price_cost_usd(row, tokens) : NAN;
        transcript->cost_usd += row ? price_cost_usd(row, tokens) : NAN;
        if (!transcript->served.len || use->requests > transcript->served_requests) {
            transcript->served = use->model;
            transcript->served_requests = use->requests;
        }
    }
    transcript->requests = reading->n;
}

/* Lines without any of these words say nothing that is wanted here; most bytes are in such. */
static bool is_wanted(struct slice line)
{
    return slice_find(line, "\"timestamp\"") != SIZE_MAX ||
           slice_find(line, "\"cost-state\"") != SIZE_MAX;
}

void connect_transcript_read(struct arena *arena, struct slice bytes,
    const struct price_table *prices, struct connect_transcript *transcript)
{
    *transcript = (struct connect_transcript){.session_usd = NAN};
    struct reading reading = {.arena = arena, .transcript = transcript};
    struct json_parser *parser = json_parser_make();
    struct slice rest = bytes, line;
    struct json root;
    while (slice_next_line(&rest, &line)) {
        if (!is_wanted(line))
            continue;
        if (json_parse(parser, line, &root, NULL))
            read_line(&reading, root);
        else if (rest.len)
            transcript->bad_lines++; /* the last line may still be on its way */
    }
    add_up(&reading, prices);
    json_parser_free(parser);
}

bool connect_transcript_open(struct arena *arena, const char *path,
    const struct price_table *prices, struct connect_transcript *transcript,
    struct failure *failure)
{
    struct file_bytes file = {0};
    if (!file_open(path, CONNECT_TRANSCRIPT_BYTES, &file, failure))
        return false;
    connect_transcript_read(arena, file.bytes, prices, transcript);
    file_close(&file);
    return true;
}

/* "…/agent-a1.meta.json" of "…/agent-a1.jsonl". */
static const char *meta_path(struct arena *arena, const char *transcript)
{
    struct slice path = slice_from(transcript);
    if (!slice_ends(path, ".jsonl"))
        return NULL;
    return arena_print(arena, "%.*s.meta.json", (int)path.len - 6, path.base).base;
}

bool connect_agent_meta(
    struct arena *arena, const char *agent_transcript, struct connect_agent_meta *meta)
{
    *meta = (struct connect_agent_meta){0};
    const char *path = meta_path(arena, agent_transcript);
    struct file_bytes file = {0};
    struct json root;
    if (!path || !file_open(path, CONNECT_AGENT_FILE_BYTES, &file, NULL))
        return false;
    struct json_parser *parser = json_parser_make();
    bool ok = json_parse(parser, file.bytes, &root, NULL);
    if (ok) {
        meta->call_id = arena_copy(arena, json_get_text(root, "toolUseId"));
        meta->description = arena_copy(arena, json_get_text(root, "description"));
        meta->agent_type = arena_copy(arena, json_get_text(root, "agentType"));
        meta->model = arena_copy(arena, json_get_text(root, "model"));
    }
    json_parser_free(parser);
    file_close(&file);
    return ok && meta->call_id.len > 0;
}
