/* Receives a table of fields and JSON, fills a struct; or a struct, and writes JSON. Refuses to
 * know what any field means. */
#include "fields.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { FIELDS_MOST = 64, KEY_SHOWN = 80 };

static const void *const_at(const void *thing, const struct field *field)
{
    return (const char *)thing + field->at;
}

static void *field_at(void *thing, const struct field *field)
{
    return (char *)thing + field->at;
}

static bool check_text(const struct field *field, struct slice text, struct failure *failure)
{
    if ((double)text.len > field->high)
        return failure_set(
            failure, "%s: longer than the %.0f bytes that are kept", field->key, field->high);
    return true;
}

static bool check_number(const struct field *field, double number, struct failure *failure)
{
    if (!(number >= field->low && number <= field->high))
        return failure_set(
            failure, "%s: %g is not in %g … %g", field->key, number, field->low, field->high);
    return true;
}

static bool wrong_type(const struct field *field, const char *expected, struct failure *failure)
{
    return failure_set(failure, "%s: %s is expected", field->key, expected);
}

static bool read_text(struct arena *arena, const struct field *field, struct json value,
    struct slice *text, struct failure *failure)
{
    if (!json_text(value, text))
        return wrong_type(field, "a text", failure);
    if (!check_text(field, *text, failure))
        return false;
    *text = arena_copy(arena, *text);
    return true;
}

static bool read_texts(struct arena *arena, const struct field *field, struct json value,
    struct record_texts *texts, struct failure *failure)
{
    size_t room = 0;
    if (json_kind(value) != JSON_ARRAY)
        return wrong_type(field, "an array of texts", failure);
    for (struct json_walk walk = json_walk_over(value); json_next(&walk);) {
        if (texts->n == field->most)
            return failure_set(failure, "%s: more than %zu", field->key, field->most);
        texts->items = arena_grow(arena, texts->items, texts->n, &room, sizeof(*texts->items));
        if (!read_text(arena, field, walk.value, &texts->items[texts->n], failure))
            return false;
        texts->n++;
    }
    return true;
}

static bool read_actions(struct arena *arena, const struct field *field, struct json value,
    struct record_actions *actions, struct failure *failure)
{
    size_t room = 0;
    if (json_kind(value) != JSON_OBJECT)
        return wrong_type(field, "an object of probabilities", failure);
    for (struct json_walk walk = json_walk_over(value); json_next(&walk);) {
        struct record_action action = {arena_copy(arena, walk.key), 0};
        if (actions->n == field->most)
            return failure_set(failure, "%s: more than %zu", field->key, field->most);
        if (walk.key.len > RECORD_NAME_BYTES_MOST || !json_double(walk.value, &action.p))
            return wrong_type(field, "an object of probabilities", failure);
        if (!check_number(field, action.p, failure))
            return false;
        actions->items =
            arena_grow(arena, actions->items, actions->n, &room, sizeof(*actions->items));
        actions->items[actions->n++] = action;
    }
    return true;
}

/* An array of structs, seen without their type; copied in and out, for its pointer is of another
 * type than void's. */
struct things {
    void *items;
    size_t n;
};

static struct things things_at(const void *at)
{
    struct things things;
    memcpy(&things, at, sizeof(things));
    return things;
}

static bool read_objects(struct arena *arena, const struct field *field, struct json value,
    void *at, struct failure *failure)
{
    struct things things = {0};
    size_t room = 0, size = field->inside->size;
    if (json_kind(value) != JSON_ARRAY)
        return wrong_type(field, "an array of objects", failure);
    for (struct json_walk walk = json_walk_over(value); json_next(&walk);) {
        if (things.n == field->most)
            return failure_set(failure, "%s: more than %zu", field->key, field->most);
        things.items = arena_grow(arena, things.items, things.n, &room, size);
        void *item = (char *)things.items + things.n * size;
        field->inside->blank(item);
        if (!fields_read(arena, walk.value, field->inside, true, item, failure))
            return failure_prefix(failure, "%s[%zu]", field->key, things.n);
        things.n++;
    }
    memcpy(at, &things, sizeof(things));
    return true;
}

static bool read_named(
    const struct field *field, struct json value, int *named, struct failure *failure)
{
    struct slice text = {"", 0};
    if (!json_text(value, &text))
        return wrong_type(field, "a text", failure);
    for (int i = 0; field->names[i]; i++)
        if (slice_is(text, field->names[i])) {
            *named = i;
            return true;
        }
    return failure_set(
        failure, "%s: \"%.*s\" is not known", field->key, SLICE_ARG(slice_sub(text, 0, KEY_SHOWN)));
}

static bool read_success(const struct field *field, struct json value, enum record_success *success,
    struct failure *failure)
{
    bool truth = false;
    if (!json_bool(value, &truth))
        return wrong_type(field, "true or false", failure);
    *success = truth ? RECORD_ACCEPTED : RECORD_FAILED;
    return true;
}

static bool read_number(
    const struct field *field, struct json value, void *at, struct failure *failure)
{
    double *real = at;
    int64_t *whole = at;
    if (field->kind == FIELD_REAL)
        return (json_double(value, real) || wrong_type(field, "a number", failure)) &&
               check_number(field, *real, failure);
    return (json_int64(value, whole) || wrong_type(field, "a whole number", failure)) &&
           check_number(field, (double)*whole, failure);
}

static bool read_object(struct arena *arena, const struct field *field, struct json value,
    void *thing, struct failure *failure)
{
    *(bool *)(void *)((char *)thing + field->present) = true;
    return fields_read(arena, value, field->inside, true, field_at(thing, field), failure) ||
           failure_prefix(failure, "%s", field->key);
}

static bool read_field(struct arena *arena, const struct field *field, struct json value,
    void *thing, struct failure *failure)
{
    void *at = field_at(thing, field);
    switch (field->kind) {
    case FIELD_TEXT:
        return read_text(arena, field, value, at, failure);
    case FIELD_REAL:
    case FIELD_WHOLE:
        return read_number(field, value, at, failure);
    case FIELD_TRUTH:
        return json_bool(value, at) || wrong_type(field, "true or false", failure);
    case FIELD_SUCCESS:
        return read_success(field, value, at, failure);
    case FIELD_NAMED:
        return read_named(field, value, at, failure);
    case FIELD_TEXTS:
        return read_texts(arena, field, value, at, failure);
    case FIELD_ACTIONS:
        return read_actions(arena, field, value, at, failure);
    case FIELD_RAW:
        *(struct slice *)at = json_write(arena, value);
        return true;
    case FIELD_OBJECT:
        return read_object(arena, field, value, thing, failure);
    case FIELD_OBJECTS:
        return read_objects(arena, field, value, at, failure);
    }
    return false;
}

/* The table is walked from where the last key was found: members mostly come in its order. */
static const struct field *find_field(
    const struct fields *fields, bool columns, struct slice key, size_t *hint)
{
    for (size_t i = 0; i < fields->n; i++) {
        size_t at = (*hint + i) % fields->n;
        const struct field *field = &fields->items[at];
        if (key.len == field->key_len && memcmp(key.base, field->key, key.len) == 0) {
            *hint = at + 1;
            return columns || !(field->flags & FIELD_IN_COLUMN) ? field : NULL;
        }
    }
    return NULL;
}

static bool keep_extra(struct arena *arena, struct slice key, struct json value,
    struct record_extras *extras, size_t *room, struct failure *failure)
{
    if (extras->n == RECORD_EXTRAS_MOST)
        return failure_set(failure, "%.*s: more than %d unknown fields",
            SLICE_ARG(slice_sub(key, 0, KEY_SHOWN)), RECORD_EXTRAS_MOST);
    extras->items = arena_grow(arena, extras->items, extras->n, room, sizeof(*extras->items));
    extras->items[extras->n++] =
        (struct record_extra){arena_copy(arena, key), json_write(arena, value)};
    return true;
}

bool fields_read(struct arena *arena, struct json object, const struct fields *fields, bool columns,
    void *thing, struct failure *failure)
{
    assert(fields->n <= FIELDS_MOST);
    struct record_extras *extras = (void *)((char *)thing + fields->extras);
    uint64_t seen = 0, given = 0;
    size_t hint = 0, room = 0;
    if (json_kind(object) != JSON_OBJECT)
        return failure_set(failure, "a JSON object is expected");
    for (struct json_walk walk = json_walk_over(object); json_next(&walk);) {
        const struct field *field = find_field(fields, columns, walk.key, &hint);
        if (!field) {
            if (!keep_extra(arena, walk.key, walk.value, extras, &room, failure))
                return false;
            continue;
        }
        uint64_t bit = (uint64_t)1 << (field - fields->items);
        if (seen & bit)
            continue;
        seen |= bit;
        if (json_kind(walk.value) == JSON_NULL)
            continue; /* as if it were missing */
        given |= bit;
        if (!read_field(arena, field, walk.value, thing, failure))
            return false;
    }
    for (size_t i = 0; columns && i < fields->n; i++)
        if ((fields->items[i].flags & FIELD_REQUIRED) && !(given & ((uint64_t)1 << i)))
            return failure_set(failure, "%s: missing", fields->items[i].key);
    return true;
}

static bool check_texts(
    const struct field *field, const struct record_texts *texts, struct failure *failure)
{
    if (texts->n > field->most)
        return failure_set(failure, "%s: more than %zu", field->key, field->most);
    for (size_t i = 0; i < texts->n; i++)
        if (!check_text(field, texts->items[i], failure))
            return false;
    return true;
}

static bool check_actions(
    const struct field *field, const struct record_actions *actions, struct failure *failure)
{
    if (actions->n > field->most)
        return failure_set(failure, "%s: more than %zu", field->key, field->most);
    for (size_t i = 0; i < actions->n; i++)
        if (actions->items[i].rung.len > RECORD_NAME_BYTES_MOST ||
            !check_number(field, actions->items[i].p, failure))
            return failure_prefix(failure, "%s", field->key);
    return true;
}

static bool check_objects(const struct field *field, struct things things, struct failure *failure)
{
    if (things.n > field->most)
        return failure_set(failure, "%s: more than %zu", field->key, field->most);
    for (size_t i = 0; i < things.n; i++)
        if (!fields_check(
                field->inside, (const char *)things.items + i * field->inside->size, failure))
            return failure_prefix(failure, "%s[%zu]", field->key, i);
    return true;
}

static bool check_field(const struct field *field, const void *thing, struct failure *failure)
{
    const void *at = const_at(thing, field);
    switch (field->kind) {
    case FIELD_TEXT:
        return check_text(field, *(const struct slice *)at, failure);
    case FIELD_REAL:
        return isnan(*(const double *)at) || check_number(field, *(const double *)at, failure);
    case FIELD_WHOLE:
        return check_number(field, (double)*(const int64_t *)at, failure);
    case FIELD_TEXTS:
        return check_texts(field, at, failure);
    case FIELD_ACTIONS:
        return check_actions(field, at, failure);
    case FIELD_OBJECTS:
        return check_objects(field, things_at(at), failure);
    case FIELD_OBJECT:
        return fields_check(field->inside, at, failure) ||
               failure_prefix(failure, "%s", field->key);
    case FIELD_TRUTH:
    case FIELD_SUCCESS:
    case FIELD_NAMED:
    case FIELD_RAW:
        break;
    }
    return true;
}

bool fields_check(const struct fields *fields, const void *thing, struct failure *failure)
{
    const struct record_extras *extras = (const void *)((const char *)thing + fields->extras);
    for (size_t i = 0; i < fields->n; i++)
        if (!check_field(&fields->items[i], thing, failure))
            return false;
    return extras->n <= RECORD_EXTRAS_MOST || failure_set(failure, "too many unknown fields");
}

static bool is_absent(const struct field *field, const void *thing)
{
    const void *at = const_at(thing, field);
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_RAW:
        return ((const struct slice *)at)->len == 0;
    case FIELD_REAL:
        return isnan(*(const double *)at);
    case FIELD_SUCCESS:
        return *(const enum record_success *)at == RECORD_OPEN;
    case FIELD_TEXTS:
        return ((const struct record_texts *)at)->n == 0;
    case FIELD_ACTIONS:
        return ((const struct record_actions *)at)->n == 0;
    case FIELD_OBJECTS:
        return things_at(at).n == 0;
    case FIELD_OBJECT:
        return !*(const bool *)(const void *)((const char *)thing + field->present);
    case FIELD_NAMED:
        return *(const int *)at == 0;
    case FIELD_WHOLE:
    case FIELD_TRUTH:
        break;
    }
    return false;
}

static void write_texts(struct emit *emit, const struct record_texts *texts)
{
    emit_open(emit, '[');
    for (size_t i = 0; i < texts->n; i++)
        emit_text(emit, texts->items[i]);
    emit_close(emit, ']');
}

static void write_actions(struct emit *emit, const struct record_actions *actions)
{
    emit_open(emit, '{');
    for (size_t i = 0; i < actions->n; i++) {
        emit_key_slice(emit, actions->items[i].rung);
        emit_double(emit, actions->items[i].p);
    }
    emit_close(emit, '}');
}

static void write_objects(struct emit *emit, const struct field *field, struct things things)
{
    emit_open(emit, '[');
    for (size_t i = 0; i < things.n; i++)
        fields_write(
            emit, field->inside, true, (const char *)things.items + i * field->inside->size);
    emit_close(emit, ']');
}

static void write_success(struct emit *emit, enum record_success success)
{
    if (success == RECORD_OPEN)
        emit_null(emit);
    else
        emit_bool(emit, success == RECORD_ACCEPTED);
}

static void write_field(struct emit *emit, const struct field *field, const void *thing)
{
    const void *at = const_at(thing, field);
    switch (field->kind) {
    case FIELD_TEXT:
        emit_text(emit, *(const struct slice *)at);
        break;
    case FIELD_REAL:
        emit_double(emit, *(const double *)at);
        break;
    case FIELD_WHOLE:
        emit_int64(emit, *(const int64_t *)at);
        break;
    case FIELD_TRUTH:
        emit_bool(emit, *(const bool *)at);
        break;
    case FIELD_SUCCESS:
        write_success(emit, *(const enum record_success *)at);
        break;
    case FIELD_NAMED:
        emit_cstring(emit, field->names[*(const int *)at]);
        break;
    case FIELD_TEXTS:
        write_texts(emit, at);
        break;
    case FIELD_ACTIONS:
        write_actions(emit, at);
        break;
    case FIELD_RAW:
        emit_raw(emit, *(const struct slice *)at);
        break;
    case FIELD_OBJECT:
        fields_write(emit, field->inside, true, at);
        break;
    case FIELD_OBJECTS:
        write_objects(emit, field, things_at(at));
        break;
    }
}

void fields_write(struct emit *emit, const struct fields *fields, bool columns, const void *thing)
{
    const struct record_extras *extras = (const void *)((const char *)thing + fields->extras);
    emit_open(emit, '{');
    for (size_t i = 0; i < fields->n; i++) {
        const struct field *field = &fields->items[i];
        if (!columns && (field->flags & FIELD_IN_COLUMN))
            continue;
        if (is_absent(field, thing) && !(field->flags & FIELD_ALWAYS))
            continue;
        emit_key_slice(emit, (struct slice){field->key, field->key_len});
        write_field(emit, field, thing);
    }
    for (size_t i = 0; i < extras->n; i++) {
        emit_key_slice(emit, extras->items[i].key);
        emit_raw(emit, extras->items[i].json);
    }
    emit_close(emit, '}');
}
