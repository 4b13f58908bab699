/* Receives LiteLLM's model_prices_and_context_window.json (USD per token, bands told by the key's
 * name), hands on rows and one sentence for each entry that cannot be right. Refuses to guess a
 * price: an entry without input and output price is skipped. */
#include "price.h"

#include "base/json.h"
#include "base/text.h"
#include "rows.h"

#include <math.h>
#include <stddef.h>

enum { BANDS_MOST = 8, NAME_COLUMNS = 100, KINDS = 5 };

enum kind { INPUT, OUTPUT, READ, WRITE_5M, WRITE_1H };

/* The one-hour write begins with the name of the five-minute one: the longest match counts. */
static const char *const KEYS[KINDS] = {
    [INPUT] = "input_cost_per_token",
    [OUTPUT] = "output_cost_per_token",
    [READ] = "cache_read_input_token_cost",
    [WRITE_5M] = "cache_creation_input_token_cost",
    [WRITE_1H] = "cache_creation_input_token_cost_above_1hr",
};

struct band {
    double above;
    double usd[KINDS]; /* per million tokens; NAN where not given */
};

struct entry {
    struct slice model;
    struct band bands[BANDS_MOST]; /* the base band first */
    size_t n;
    double batch_input; /* USD per million tokens, NAN where not given */
    bool is_anthropic;
};

/* "_above_200k_tokens" -> 200000; "" -> 0. False for any other ending (…_batches, _priority). */
static bool read_band(struct slice rest, double *above)
{
    static const struct slice before = SLICE("_above_"), behind = SLICE("k_tokens");
    int64_t thousands = 0;
    *above = 0;
    if (rest.len == 0)
        return true;
    if (!slice_starts(rest, before.base) || !slice_ends(rest, behind.base) ||
        rest.len <= before.len + behind.len)
        return false;
    if (!slice_to_int64(slice_sub(rest, before.len, rest.len - behind.len), &thousands) ||
        thousands <= 0 || thousands > PRICE_BAND_TOKENS_MOST / 1000)
        return false;
    *above = (double)thousands * 1000;
    return true;
}

/* Which price a key names and of which band; false for keys that are not about prices. */
static bool read_key(struct slice key, enum kind *kind, double *above)
{
    for (int i = KINDS - 1; i >= 0; i--) {
        struct slice name = slice_from(KEYS[i]);
        if (slice_starts(key, KEYS[i]) && read_band(slice_sub(key, name.len, key.len), above)) {
            *kind = (enum kind)i;
            return true;
        }
    }
    return false;
}

/* A number, or a text that is one: both are found in the file. */
static bool read_number(struct json value, double *number)
{
    struct slice text = {"", 0};
    return json_double(value, number) ||
           (json_text(value, &text) && slice_to_double(slice_trim(text), number));
}

static double per_million(double per_token)
{
    return round(per_token * 1e15) / 1e9; /* what a price list would print, without binary dust */
}

static struct band *band_above(struct entry *entry, double above)
{
    for (size_t i = 0; i < entry->n; i++)
        if (entry->bands[i].above == above)
            return &entry->bands[i];
    if (entry->n == BANDS_MOST)
        return NULL;
    struct band *band = &entry->bands[entry->n++];
    band->above = above;
    for (int i = 0; i < KINDS; i++)
        band->usd[i] = NAN;
    return band;
}

static bool read_price(
    struct entry *entry, struct slice key, struct json value, struct failure *failure)
{
    static const char batch_key[] = "input_cost_per_token_batches";
    enum kind kind = INPUT;
    double above = 0, number = 0;
    bool is_batch = slice_is(key, batch_key);
    if (json_kind(value) == JSON_NULL || (!is_batch && !read_key(key, &kind, &above)))
        return true;
    if (!read_number(value, &number))
        return failure_set(failure, "%.*s: a number is expected", SLICE_ARG(key));
    if (number < 0)
        return failure_set(failure, "%.*s: %g is negative", SLICE_ARG(key), number);
    if (is_batch) {
        entry->batch_input = per_million(number);
        return true;
    }
    struct band *band = band_above(entry, above);
    if (!band)
        return failure_set(failure, "more than %d bands of prompt length", BANDS_MOST);
    if (isnan(band->usd[kind])) /* of duplicate keys the first one counts */
        band->usd[kind] = per_million(number);
    return true;
}

static bool read_entry(
    struct slice model, struct json value, struct entry *entry, struct failure *failure)
{
    *entry = (struct entry){.model = model, .batch_input = NAN};
    band_above(entry, 0);
    if (json_kind(value) != JSON_OBJECT)
        return failure_set(failure, "an object is expected");
    entry->is_anthropic = slice_is(json_get_text(value, "litellm_provider"), "anthropic");
    for (struct json_walk walk = json_walk_over(value); json_next(&walk);)
        if (!read_price(entry, walk.key, walk.value, failure))
            return false;
    return true;
}

static bool is_chat(struct json value)
{
    struct slice mode = json_get_text(value, "mode");
    return mode.len == 0 || slice_is(mode, "chat") || slice_is(mode, "responses") ||
           slice_is(mode, "completion");
}

/* What a missing price of a band is: of a longer band its base price, raised as its input price
 * is; of the base band the input price for reads and writes, and for the one-hour write that of
 * five minutes. */
static double price_or(const struct entry *entry, const struct band *band, enum kind kind)
{
    const struct band *base = &entry->bands[0];
    if (!isnan(band->usd[kind]))
        return band->usd[kind];
    if (band != base && kind == INPUT)
        return base->usd[INPUT];
    if (band != base && kind != OUTPUT && base->usd[INPUT] > 0) {
        double raised = price_or(entry, band, INPUT) / base->usd[INPUT];
        return round(price_or(entry, base, kind) * raised * 1e9) / 1e9;
    }
    if (band != base)
        return price_or(entry, base, kind);
    return price_or(entry, base, kind == WRITE_1H ? WRITE_5M : INPUT);
}

/* Anthropic's batches cost half (its file entries do not say); others' as their entry says. */
static double batch_factor(const struct entry *entry)
{
    double input = entry->bands[0].usd[INPUT];
    if (!isnan(entry->batch_input) && input > 0 && entry->batch_input > 0 &&
        entry->batch_input <= input)
        return entry->batch_input / input;
    return entry->is_anthropic ? 0.5 : 1;
}

struct rows {
    struct price_row *items;
    size_t n, room;
};

/* All bands of an entry, or none of them. */
static bool add_rows(struct arena *arena, struct rows *rows, const struct entry *entry,
    int32_t from_day, struct failure *failure)
{
    static const struct slice source = SLICE("LiteLLM, model_prices_and_context_window.json");
    size_t before = rows->n;
    for (size_t i = 0; i < entry->n; i++) {
        const struct band *band = &entry->bands[i];
        if (rows->n == PRICE_ROWS_MOST)
            return failure_set(failure, "more than %d rows", PRICE_ROWS_MOST);
        rows->items = arena_grow(arena, rows->items, rows->n, &rows->room, sizeof(*rows->items));
        struct price_row *row = &rows->items[rows->n++];
        *row = (struct price_row){.model = arena_copy(arena, entry->model),
            .from_day = from_day,
            .above_prompt_tokens = band->above,
            .input = price_or(entry, band, INPUT),
            .output = price_or(entry, band, OUTPUT),
            .cache_read = price_or(entry, band, READ),
            .cache_write_5m = price_or(entry, band, WRITE_5M),
            .cache_write_1h = price_or(entry, band, WRITE_1H),
            .batch_factor = batch_factor(entry),
            .source = source};
        if (!price_check_row(row, failure)) {
            rows->n = before;
            return false;
        }
    }
    return true;
}

/* One entry: taken, or skipped (a model that does not chat, or has no price for input or output).
 * False where it cannot be right. */
static bool take_entry(struct arena *arena, struct slice model, struct json value, int32_t from_day,
    struct rows *rows, struct price_import *report, struct failure *why)
{
    struct entry entry;
    bool is_wanted = is_chat(value);
    if (is_wanted && !read_entry(model, value, &entry, why))
        return false;
    is_wanted =
        is_wanted && !isnan(entry.bands[0].usd[INPUT]) && !isnan(entry.bands[0].usd[OUTPUT]);
    if (is_wanted && !add_rows(arena, rows, &entry, from_day, why))
        return false;
    ++*(is_wanted ? &report->taken : &report->skipped);
    return true;
}

static void name_problem(struct arena *arena, struct price_import *report, size_t *room,
    const char *name, struct slice model, const struct failure *failure)
{
    struct slice shown = text_one_line(arena, model, NAME_COLUMNS);
    report->rejected++;
    report->problems =
        arena_grow(arena, report->problems, report->n_problems, room, sizeof(*report->problems));
    report->problems[report->n_problems++] =
        arena_print(arena, "%s: %.*s: %s", name, SLICE_ARG(shown), failure->text);
}

bool price_import_litellm(struct arena *arena, const char *name, struct slice bytes,
    int32_t from_day, struct price_table *table, struct price_import *report,
    struct failure *failure)
{
    struct json_parser *parser = json_parser_make();
    struct json root;
    struct rows rows = {0};
    size_t room = 0;
    *report = (struct price_import){0};
    bool ok = json_parse(parser, bytes, &root, failure) || failure_prefix(failure, "%s", name);
    if (ok && json_kind(root) != JSON_OBJECT)
        ok = failure_set(failure, "%s: an object of models is expected", name);
    for (struct json_walk walk = json_walk_over(ok ? root : (struct json){0}); json_next(&walk);) {
        struct failure why;
        if (slice_is(walk.key, "sample_spec"))
            continue;
        report->read++;
        if (!take_entry(arena, walk.key, walk.value, from_day, &rows, report, &why))
            name_problem(arena, report, &room, name, walk.key, &why);
    }
    *table = (struct price_table){rows.items, price_sort_rows(arena, rows.items, rows.n)};
    json_parser_free(parser);
    return ok;
}
