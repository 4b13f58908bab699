/* gate, schema: receives a JSON schema and a value, says whether the value meets it. Knows a part
 * of the language; a keyword beyond it makes the schema unusable instead of silently true. */
#include "gate.h"

#include "base/json.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <math.h>
#include <string.h>

enum { STEPS_MOST = 1000000, PATTERN_STEPS_MOST = 100000, PATH_BYTES_MOST = 400 };

struct checking {
    struct arena arena;
    struct json root; /* of the schema, for $ref */
    struct failure *failure;
    bool is_usable;
    int depth;
    size_t steps;
};

/* The way to the value in hand. */
struct way {
    const struct way *above;
    struct slice key; /* empty: `index` of an array */
    size_t index;
};

static struct slice way_text(struct arena *arena, const struct way *way)
{
    if (!way->above)
        return (struct slice){"", 0};
    struct slice above = way_text(arena, way->above);
    if (above.len > PATH_BYTES_MOST)
        return above;
    return way->key.len ? arena_print(arena, "%.*s%s%.*s", SLICE_ARG(above), above.len ? "." : "",
                              SLICE_ARG(slice_sub(way->key, 0, 100)))
                        : arena_print(arena, "%.*s[%zu]", SLICE_ARG(above), way->index);
}

static bool wrong(struct checking *checking, const struct way *way, const char *what)
{
    struct slice path = way_text(&checking->arena, way);
    return failure_set(checking->failure, "%.*s%s%s", SLICE_ARG(path), path.len ? ": " : "", what);
}

static bool unusable(struct checking *checking, const char *what, struct slice keyword)
{
    checking->is_usable = false;
    return failure_set(
        checking->failure, "the schema %s \"%.*s\"", what, SLICE_ARG(slice_sub(keyword, 0, 100)));
}

static bool holds(
    struct checking *checking, struct json schema, struct json value, const struct way *way);

/* ---- equality of values, for enum and const ---- */

static bool same(struct arena *arena, struct json a, struct json b)
{
    double x, y;
    if (json_double(a, &x) && json_double(b, &y))
        return x == y;
    return json_kind(a) == json_kind(b) && slice_equal(json_write(arena, a), json_write(arena, b));
}

/* ---- one function a keyword ---- */

typedef bool check_keyword(struct checking *checking, struct json schema, struct json wanted,
    struct json value, const struct way *way);

static bool is_of_type(struct json value, struct slice type)
{
    static const char *const NAMES[] = {"null", "boolean", "number", "string", "array", "object"};
    double number;
    if (slice_is(type, "integer"))
        return json_double(value, &number) && number == floor(number);
    return slice_is(type, NAMES[json_kind(value)]);
}

static bool check_type(struct checking *checking, struct json schema, struct json wanted,
    struct json value, const struct way *way)
{
    (void)schema;
    static const char *const NAMES[] = {"null", "boolean", "number", "string", "array", "object"};
    struct slice type;
    if (json_text(wanted, &type)) {
        if (is_of_type(value, type))
            return true;
    } else {
        struct json_walk walk = json_walk_over(wanted);
        while (json_next(&walk))
            if (json_text(walk.value, &type) && is_of_type(value, type))
                return true;
    }
    return wrong(checking, way,
        arena_print(&checking->arena, "is of type %s, not %.*s", NAMES[json_kind(value)],
            SLICE_ARG(slice_sub(json_write(&checking->arena, wanted), 0, 100)))
            .base);
}

static bool check_enum(struct checking *checking, struct json schema, struct json wanted,
    struct json value, const struct way *way)
{
    (void)schema;
    struct json_walk walk = json_walk_over(wanted);
    while (json_next(&walk))
        if (same(&checking->arena, walk.value, value))
            return true;
    return wrong(checking, way,
        arena_print(&checking->arena, "is none of %.*s",
            SLICE_ARG(slice_sub(json_write(&checking->arena, wanted), 0, 200)))
            .base);
}

static bool check_const(struct checking *checking, struct json schema, struct json wanted,
    struct json value, const struct way *way)
{
    (void)schema;
    return same(&checking->arena, wanted, value) ||
           wrong(checking, way, "is not the one value that is allowed");
}

static bool check_properties(struct checking *checking, struct json schema, struct json wanted,
    struct json value, const struct way *way)
{
    (void)schema;
    struct json_walk walk = json_walk_over(value);
    while (json_kind(value) == JSON_OBJECT && json_next(&walk)) {
        struct json of_key = json_get(wanted, arena_text(&checking->arena, walk.key));
        struct way below = {way, walk.key, 0};
        if (of_key.document && !holds(checking, of_key, walk.value, &below))
            return false;
    }
    return true;
}

static bool check_additional(struct checking *checking, struct json schema, struct json wanted,
    struct json value, const struct way *way)
{
    struct json properties = json_get(schema, "properties");
    struct json_walk walk = json_walk_over(value);
    bool allowed;
    while (json_kind(value) == JSON_OBJECT && json_next(&walk)) {
        struct way below = {way, walk.key, 0};
        if (json_get(properties, arena_text(&checking->arena, walk.key)).document)
            continue;
        if (json_bool(wanted, &allowed)) {
            if (!allowed)
                return wrong(checking, &below, "is a member that the schema does not know");
        } else if (!holds(checking, wanted, walk.value, &below)) {
            return false;
        }
    }
    return true;
}

static bool check_required(struct checking *checking, struct json schema, struct json wanted,
    struct json value, const struct way *way)
{
    (void)schema;
    struct json_walk walk = json_walk_over(wanted);
    struct slice key;
    while (json_kind(value) == JSON_OBJECT && json_next(&walk)) {
        if (json_text(walk.value, &key) &&
            !json_get(value, arena_text(&checking->arena, key)).document) {
            struct way below = {way, key, 0};
            return wrong(checking, &below, "is missing");
        }
    }
    return true;
}

static bool check_items(struct checking *checking, struct json schema, struct json wanted,
    struct json value, const struct way *way)
{
    (void)schema;
    if (json_kind(wanted) == JSON_ARRAY)
        return unusable(checking, "has a list for", slice_from("items"));
    struct json_walk walk = json_walk_over(value);
    struct way below = {way, {"", 0}, 0};
    for (; json_kind(value) == JSON_ARRAY && json_next(&walk); below.index++)
        if (!holds(checking, wanted, walk.value, &below))
            return false;
    return true;
}

/* Characters of UTF-8, not bytes. */
static double text_length(struct slice text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.base[i] & 0xc0) != 0x80;
    return (double)n;
}

/* The size that a minX or maxX limits; false where it says nothing about such a value. */
static bool size_of(struct json value, struct slice keyword, double *size)
{
    struct slice text;
    if (slice_ends(keyword, "Items")) {
        *size = (double)json_count(value);
        return json_kind(value) == JSON_ARRAY;
    }
    if (slice_ends(keyword, "Properties")) {
        *size = (double)json_count(value);
        return json_kind(value) == JSON_OBJECT;
    }
    if (slice_ends(keyword, "Length")) {
        *size = json_text(value, &text) ? text_length(text) : 0;
        return json_kind(value) == JSON_TEXT;
    }
    return json_double(value, size);
}

static bool check_limit(struct checking *checking, struct slice keyword, struct json wanted,
    struct json value, const struct way *way)
{
    double size, limit;
    if (!json_double(wanted, &limit))
        return unusable(checking, "has no number for", keyword);
    if (!size_of(value, keyword, &size))
        return true;
    bool is_exclusive = slice_starts(keyword, "exclusive");
    bool is_least = slice_find(keyword, "in") < slice_find(keyword, "ax");
    bool is_right = is_least ? (is_exclusive ? size > limit : size >= limit)
                             : (is_exclusive ? size < limit : size <= limit);
    return is_right || wrong(checking, way,
                           arena_print(&checking->arena, "%.*s is %g, here it is %g",
                               SLICE_ARG(keyword), limit, size)
                               .base);
}

static bool check_pattern(struct checking *checking, struct json schema, struct json wanted,
    struct json value, const struct way *way)
{
    (void)schema;
    struct slice pattern, text;
    if (!json_text(wanted, &pattern))
        return unusable(checking, "has no text for", slice_from("pattern"));
    if (!json_text(value, &text))
        return true;
    int error;
    size_t error_at;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.base, pattern.len,
        PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &error_at, NULL);
    if (!code)
        return unusable(checking, "has an expression that is none:", pattern);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    if (!data || !limits)
        memory_exhausted();
    pcre2_set_match_limit(limits, PATTERN_STEPS_MOST);
    int found = pcre2_match(code, (PCRE2_SPTR)text.base, text.len, 0, 0, data, limits);
    pcre2_match_context_free(limits);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    if (found >= 0)
        return true;
    if (found != PCRE2_ERROR_NOMATCH)
        return unusable(checking, "has an expression that takes too long:", pattern);
    return wrong(checking, way,
        arena_print(&checking->arena, "does not match %.*s", SLICE_ARG(slice_sub(pattern, 0, 200)))
            .base);
}

/* How many of the schemas hold; the failure of the last that does not stays. */
static size_t count_holding(
    struct checking *checking, struct json schemas, struct json value, const struct way *way)
{
    struct json_walk walk = json_walk_over(schemas);
    size_t n = 0;
    while (checking->is_usable && json_next(&walk))
        n += holds(checking, walk.value, value, way);
    return n;
}

static bool check_any(struct checking *checking, struct json schema, struct json wanted,
    struct json value, const struct way *way)
{
    (void)schema;
    return count_holding(checking, wanted, value, way) > 0 && checking->is_usable;
}

static bool check_all(struct checking *checking, struct json schema, struct json wanted,
    struct json value, const struct way *way)
{
    (void)schema;
    return count_holding(checking, wanted, value, way) == json_count(wanted) && checking->is_usable;
}

static bool check_one(struct checking *checking, struct json schema, struct json wanted,
    struct json value, const struct way *way)
{
    (void)schema;
    size_t n = count_holding(checking, wanted, value, way);
    if (n > 1)
        return wrong(checking, way, "meets more than one of oneOf");
    return n == 1 && checking->is_usable;
}

static bool check_not(struct checking *checking, struct json schema, struct json wanted,
    struct json value, const struct way *way)
{
    (void)schema;
    bool held = holds(checking, wanted, value, way);
    return checking->is_usable && (!held || wrong(checking, way, "is what the schema excludes"));
}

/* "#/$defs/name" and "#/definitions/name", and "#" itself. */
static bool check_ref(struct checking *checking, struct json schema, struct json wanted,
    struct json value, const struct way *way)
{
    (void)schema;
    struct slice ref, part;
    struct json at = checking->root;
    if (!json_text(wanted, &ref) || !slice_starts(ref, "#"))
        return unusable(checking,
            "refers to another document:", json_text(wanted, &ref) ? ref : (struct slice){"", 0});
    struct slice rest = slice_sub(ref, 1, ref.len);
    if (slice_starts(rest, "/"))
        rest = slice_sub(rest, 1, rest.len);
    while (slice_next_field(&rest, '/', &part))
        at = json_get(at, arena_text(&checking->arena, part));
    if (!at.document)
        return unusable(checking, "refers to what is not there:", ref);
    return holds(checking, at, value, way);
}

static const struct {
    const char *name;
    check_keyword *check; /* NULL: says nothing about values */
} KEYWORDS[] = {
    {"type", check_type},
    {"enum", check_enum},
    {"const", check_const},
    {"properties", check_properties},
    {"required", check_required},
    {"additionalProperties", check_additional},
    {"items", check_items},
    {"pattern", check_pattern},
    {"anyOf", check_any},
    {"allOf", check_all},
    {"oneOf", check_one},
    {"not", check_not},
    {"$ref", check_ref},
    {"$defs", NULL},
    {"definitions", NULL},
    {"$schema", NULL},
    {"$id", NULL},
    {"$comment", NULL},
    {"title", NULL},
    {"description", NULL},
    {"default", NULL},
    {"examples", NULL},
    {"format", NULL},
};

static bool is_limit(struct slice keyword)
{
    static const char *const NAMES[] = {"minItems", "maxItems", "minLength", "maxLength", "minimum",
        "maximum", "exclusiveMinimum", "exclusiveMaximum", "minProperties", "maxProperties"};
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++)
        if (slice_is(keyword, NAMES[i]))
            return true;
    return false;
}

static bool check_one_keyword(struct checking *checking, struct json schema, struct slice keyword,
    struct json wanted, struct json value, const struct way *way)
{
    if (is_limit(keyword))
        return check_limit(checking, keyword, wanted, value, way);
    for (size_t i = 0; i < sizeof(KEYWORDS) / sizeof(*KEYWORDS); i++)
        if (slice_is(keyword, KEYWORDS[i].name))
            return !KEYWORDS[i].check || KEYWORDS[i].check(checking, schema, wanted, value, way);
    return unusable(checking, "has a keyword that is not known here:", keyword);
}

static bool holds(
    struct checking *checking, struct json schema, struct json value, const struct way *way)
{
    bool truth;
    if (json_bool(schema, &truth))
        return truth || wrong(checking, way, "is not allowed at all");
    if (json_kind(schema) != JSON_OBJECT)
        return unusable(checking, "has something that is no schema in", slice_from("it"));
    if (++checking->steps > STEPS_MOST || checking->depth == GATE_SCHEMA_DEPTH_MOST)
        return unusable(checking, "goes too", slice_from("deep"));
    checking->depth++;
    bool is_right = true;
    struct json_walk walk = json_walk_over(schema);
    while (is_right && json_next(&walk))
        is_right = check_one_keyword(checking, schema, walk.key, walk.value, value, way);
    checking->depth--;
    return is_right;
}

bool gate_schema_holds(
    struct slice schema, struct slice value, bool *is_usable, struct failure *failure)
{
    struct json_parser *of_schema = json_parser_make(), *of_value = json_parser_make();
    struct checking checking = {.failure = failure, .is_usable = true};
    struct json json;
    struct way top = {0};
    bool is_right = false;
    if (!json_parse(of_schema, schema, &checking.root, failure)) {
        checking.is_usable = false;
        failure_prefix(failure, "the schema is no JSON");
    } else if (!json_parse(of_value, value, &json, failure)) {
        failure_prefix(failure, "it is no JSON");
    } else {
        is_right = holds(&checking, checking.root, json, &top);
    }
    *is_usable = checking.is_usable;
    arena_free(&checking.arena);
    json_parser_free(of_schema);
    json_parser_free(of_value);
    return is_right && *is_usable;
}
