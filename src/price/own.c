/* Receives the bytes of the user's own price file, hands on rows, and writes such a file. Refuses
 * to know anybody else's format. */
#include "price.h"

#include "base/clock.h"
#include "base/emit.h"
#include "base/file.h"
#include "base/json.h"
#include "rows.h"

#include <stddef.h>

enum { OWN_SCHEMA = 1 };

/* The members of a row that are numbers; `otherwise` is what a missing one reads as, less than
 * zero where it must be there. */
static const struct number_key {
    const char *key;
    size_t at;
    double otherwise;
} NUMBERS[] = {
    {"above_prompt_tokens", offsetof(struct price_row, above_prompt_tokens), 0},
    {"input", offsetof(struct price_row, input), -1},
    {"output", offsetof(struct price_row, output), -1},
    {"cache_read", offsetof(struct price_row, cache_read), -1},
    {"cache_write_5m", offsetof(struct price_row, cache_write_5m), -1},
    {"cache_write_1h", offsetof(struct price_row, cache_write_1h), -1},
    {"batch_factor", offsetof(struct price_row, batch_factor), 1},
};
enum { N_NUMBERS = sizeof(NUMBERS) / sizeof(NUMBERS[0]) };

static double *number_at(struct price_row *row, const struct number_key *number)
{
    return (double *)(void *)((char *)row + number->at);
}

/* One member; a key that no row has is a mistake worth naming. */
static bool read_member(struct arena *arena, struct slice key, struct json value,
    struct price_row *row, struct failure *failure)
{
    struct slice text = {"", 0};
    for (size_t i = 0; i < N_NUMBERS; i++)
        if (slice_is(key, NUMBERS[i].key))
            return json_double(value, number_at(row, &NUMBERS[i])) ||
                   failure_set(failure, "%s: a number is expected", NUMBERS[i].key);
    if (!slice_is(key, "model") && !slice_is(key, "from") && !slice_is(key, "source"))
        return failure_set(failure, "%.*s: no such key", SLICE_ARG(slice_sub(key, 0, 64)));
    if (!json_text(value, &text))
        return failure_set(failure, "%.*s: a text is expected", SLICE_ARG(key));
    if (slice_is(key, "from"))
        return clock_parse_day(text, &row->from_day) ||
               failure_set(failure, "from: \"%.*s\" is no date such as 2026-10-07",
                   SLICE_ARG(slice_sub(text, 0, 64)));
    *(slice_is(key, "model") ? &row->model : &row->source) = arena_copy(arena, text);
    return true;
}

static bool read_row(
    struct arena *arena, struct json value, struct price_row *row, struct failure *failure)
{
    *row = (struct price_row){.from_day = INT32_MIN};
    for (size_t i = 0; i < N_NUMBERS; i++)
        *number_at(row, &NUMBERS[i]) = NUMBERS[i].otherwise;
    if (json_kind(value) != JSON_OBJECT)
        return failure_set(failure, "an object is expected");
    for (struct json_walk walk = json_walk_over(value); json_next(&walk);)
        if (!read_member(arena, walk.key, walk.value, row, failure))
            return false;
    if (row->from_day == INT32_MIN)
        return failure_set(failure, "from: missing");
    for (size_t i = 0; i < N_NUMBERS; i++)
        if (*number_at(row, &NUMBERS[i]) < 0)
            return failure_set(failure, "%s: missing or negative", NUMBERS[i].key);
    return price_check_row(row, failure);
}

bool price_parse(struct arena *arena, const char *name, struct slice bytes,
    struct price_table *table, struct failure *failure)
{
    struct json_parser *parser = json_parser_make();
    struct json root, list;
    struct price_row *rows = NULL;
    size_t n = 0, room = 0;
    int64_t schema = 0;
    bool ok = false;
    if (!json_parse(parser, bytes, &root, failure)) {
        failure_prefix(failure, "%s", name);
        goto done;
    }
    list = json_get(root, "prices");
    if (!json_int64(json_get(root, "schema"), &schema) || schema != OWN_SCHEMA ||
        json_kind(list) != JSON_ARRAY) {
        failure_set(
            failure, "%s: a price file is {\"schema\":%d,\"prices\":[…]}", name, OWN_SCHEMA);
        goto done;
    }
    for (struct json_walk walk = json_walk_over(list); json_next(&walk);) {
        if (n == PRICE_ROWS_MOST) {
            failure_set(failure, "%s: more than %d rows", name, PRICE_ROWS_MOST);
            goto done;
        }
        rows = arena_grow(arena, rows, n, &room, sizeof(*rows));
        if (!read_row(arena, walk.value, &rows[n], failure)) {
            failure_prefix(failure, "%s: row %zu", name, n + 1);
            goto done;
        }
        n++;
    }
    *table = (struct price_table){rows, rows ? price_sort_rows(arena, rows, n) : 0};
    ok = true;
done:
    json_parser_free(parser);
    return ok;
}

struct price_table price_merge(
    struct arena *arena, const struct price_table *first, const struct price_table *second)
{
    struct price_row *rows = ARENA_ARRAY(arena, struct price_row, first->n + second->n);
    for (size_t i = 0; i < first->n; i++)
        rows[i] = first->rows[i];
    for (size_t i = 0; i < second->n; i++)
        rows[first->n + i] = second->rows[i];
    return (struct price_table){rows, price_sort_rows(arena, rows, first->n + second->n)};
}

bool price_load_own(
    struct arena *arena, const char *path, struct price_table *table, struct failure *failure)
{
    struct file_bytes file;
    *table = (struct price_table){0};
    if (!path || !file_exists(path))
        return true;
    if (!file_open(path, PRICE_FILE_BYTES_MOST, &file, failure))
        return false;
    bool ok = price_parse(arena, path, file.bytes, table, failure);
    file_close(&file);
    return ok;
}

bool price_load(
    struct arena *arena, const char *path, struct price_table *table, struct failure *failure)
{
    struct price_table builtin = price_builtin(), own;
    *table = builtin;
    if (!price_load_own(arena, path, &own, failure))
        return false;
    if (own.n > 0)
        *table = price_merge(arena, &own, &builtin);
    return true;
}

struct slice price_write(struct arena *arena, const struct price_table *table)
{
    static const struct slice newline = SLICE("\n");
    struct emit emit = {0};
    emit_open(&emit, '{');
    emit_member_int64(&emit, "schema", OWN_SCHEMA);
    emit_key(&emit, "prices");
    emit_open(&emit, '[');
    for (size_t i = 0; i < table->n; i++) {
        struct price_row row = table->rows[i];
        char day[CLOCK_DAY_BYTES];
        emit_open(&emit, '{');
        emit_member_text(&emit, "model", row.model);
        emit_member_cstring(&emit, "from", clock_format_day(row.from_day, day));
        for (size_t k = 0; k < N_NUMBERS; k++)
            emit_member_double(&emit, NUMBERS[k].key, *number_at(&row, &NUMBERS[k]));
        emit_member_text(&emit, "source", row.source);
        emit_close(&emit, '}');
        emit_bytes(&emit, newline); /* a row a line, for diffs */
    }
    emit_close(&emit, ']');
    emit_close(&emit, '}');
    emit_bytes(&emit, newline);
    struct slice text = arena_copy(arena, emit_slice(&emit));
    emit_free(&emit);
    return text;
}
