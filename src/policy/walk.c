/* policy, walker: receives a YAML document and a table of keys, fills the structs that the table
 * describes and notes every mistake with its place. Refuses to know what the keys are for. */
#include "walk.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- scalars ---- */

static const char *kind_of(const yaml_node_t *node)
{
    return node->type == YAML_SEQUENCE_NODE  ? "a list"
           : node->type == YAML_MAPPING_NODE ? "a map"
                                             : "a text";
}

static bool is_plain(const yaml_node_t *node)
{
    return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static bool is_null(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE || !is_plain(node))
        return false;
    struct slice text = walk_text(node);
    return text.len == 0 || slice_is(text, "~") || slice_is_caseless(text, "null");
}

/* What a number may be: "a number from 0 to 1". */
static struct slice range_of(struct walk *walk, const struct schema_key *key)
{
    const char *noun = key->kind == SCHEMA_WHOLE ? "a whole number" : "a number";
    if (isinf(key->most) || key->most >= 1e15)
        return arena_print(
            walk->arena, "%s %s %.15g", noun, key->above ? "above" : "from", key->least);
    return arena_print(walk->arena, "%s %s %.15g %s %.15g", noun, key->above ? "above" : "from",
        key->least, key->above ? "and up to" : "to", key->most);
}

static struct slice wanted(struct walk *walk, const struct schema_key *key)
{
    struct slice choices = {"one of ", 7};
    switch (key->kind) {
    case SCHEMA_TEXT:
        return slice_from("a text");
    case SCHEMA_RUNG:
        return slice_from("the name of a rung");
    case SCHEMA_FLAG:
        return slice_from("true or false");
    case SCHEMA_MAP:
        return slice_from("a map of keys and values");
    case SCHEMA_LIST:
        return slice_from("a list");
    case SCHEMA_NAMED:
        return slice_from("a map of names and values");
    case SCHEMA_CHOICE:
        for (size_t i = 0; key->choices[i]; i++)
            choices = arena_print(
                walk->arena, "%.*s%s%s", SLICE_ARG(choices), i ? ", " : "", key->choices[i]);
        return choices;
    case SCHEMA_WHOLE:
    case SCHEMA_NUMBER:
        return range_of(walk, key);
    }
    return slice_from("something else");
}

static bool complain(struct walk *walk, const struct place *place, const struct schema_key *key)
{
    const yaml_node_t *node = place->node;
    struct slice want = wanted(walk, key);
    if (is_null(node))
        walk_problem(walk, place, "is empty; it must be %.*s", SLICE_ARG(want));
    else if (node->type != YAML_SCALAR_NODE)
        walk_problem(walk, place, "must be %.*s, not %s", SLICE_ARG(want), kind_of(node));
    else
        walk_problem(walk, place, "must be %.*s, not %s\"%.*s\"", SLICE_ARG(want),
            is_plain(node) ? "" : "the quoted text ", SLICE_ARG(walk_shown(walk, walk_text(node))));
    return false;
}

static bool is_not_finite(struct slice text)
{
    if (text.len && (text.base[0] == '-' || text.base[0] == '+'))
        text = slice_sub(text, 1, text.len);
    return slice_is_caseless(text, ".inf") || slice_is_caseless(text, ".nan") ||
           slice_is_caseless(text, "inf") || slice_is_caseless(text, "infinity") ||
           slice_is_caseless(text, "nan");
}

static bool is_number(struct slice text, double *number)
{
    static const struct slice allowed = SLICE("0123456789+-.eE");
    bool digits = text.len > 0;
    for (size_t i = 0; i < text.len; i++)
        digits = digits && slice_find_byte(allowed, text.base[i]) != SIZE_MAX;
    return digits && slice_to_double(text, number);
}

static bool in_range(const struct schema_key *key, double number)
{
    return number <= key->most && (key->above ? number > key->least : number >= key->least);
}

static bool read_number(
    struct walk *walk, const struct place *place, const struct schema_key *key, double *number)
{
    struct slice text = walk_text(place->node);
    if (is_plain(place->node) && is_not_finite(text)) {
        walk_problem(walk, place, "must be %.*s, not a number without end or value",
            SLICE_ARG(range_of(walk, key)));
        return false;
    }
    if (!is_plain(place->node) || !is_number(text, number))
        return complain(walk, place, key);
    if (key->kind == SCHEMA_WHOLE && (*number != floor(*number) || fabs(*number) > INT32_MAX))
        return complain(walk, place, key);
    if (!in_range(key, *number)) {
        walk_problem(walk, place, "%.*s is out of range; it must be %.*s",
            SLICE_ARG(walk_shown(walk, text)), SLICE_ARG(range_of(walk, key)));
        return false;
    }
    return true;
}

static bool read_flag(
    struct walk *walk, const struct place *place, const struct schema_key *key, bool *flag)
{
    struct slice text = walk_text(place->node);
    *flag = slice_is_caseless(text, "true");
    if (is_plain(place->node) && (*flag || slice_is_caseless(text, "false")))
        return true;
    return complain(walk, place, key);
}

static bool read_text(
    struct walk *walk, const struct place *place, const struct schema_key *key, struct slice *text)
{
    struct slice read = walk_text(place->node);
    if (read.len == 0)
        return complain(walk, place, key);
    if (read.len > WALK_TEXT_BYTES_MOST) {
        walk_problem(
            walk, place, "is longer than the %d bytes that are allowed", WALK_TEXT_BYTES_MOST);
        return false;
    }
    for (size_t i = 0; i < read.len; i++)
        if ((unsigned char)read.base[i] < 0x20 && read.base[i] != '\n' && read.base[i] != '\t') {
            walk_problem(walk, place, "holds a control character");
            return false;
        }
    *text = arena_copy(walk->arena, read);
    return true;
}

static bool read_choice(
    struct walk *walk, const struct place *place, const struct schema_key *key, int *choice)
{
    struct slice text = walk_text(place->node);
    for (int i = 0; key->choices[i]; i++)
        if (slice_is(text, key->choices[i])) {
            *choice = i;
            return true;
        }
    return complain(walk, place, key);
}

static bool note_rung(
    struct walk *walk, const struct place *place, const struct schema_key *key, int *index)
{
    struct slice name;
    if (!read_text(walk, place, key, &name))
        return false;
    walk->rungs = arena_grow(
        walk->arena, walk->rungs, walk->n_rungs, &walk->rungs_room, sizeof(*walk->rungs));
    walk->rungs[walk->n_rungs++] = (struct walk_rung){place, name, index};
    *index = POLICY_NONE;
    return true;
}

/* ---- the table ---- */

static bool read_value(
    struct walk *walk, const struct place *place, const struct schema_key *key, char *values);
static const struct schema_key *find_key(const struct schema_map *map, struct slice name);

static bool read_scalar(
    struct walk *walk, const struct place *place, const struct schema_key *key, void *value)
{
    double number = 0;
    if (place->node->type != YAML_SCALAR_NODE || is_null(place->node))
        return complain(walk, place, key);
    switch (key->kind) {
    case SCHEMA_TEXT:
        return read_text(walk, place, key, value);
    case SCHEMA_RUNG:
        return note_rung(walk, place, key, value);
    case SCHEMA_CHOICE:
        return read_choice(walk, place, key, value);
    case SCHEMA_FLAG:
        return read_flag(walk, place, key, value);
    case SCHEMA_NUMBER:
        return read_number(walk, place, key, value);
    case SCHEMA_WHOLE:
        if (!read_number(walk, place, key, &number))
            return false;
        *(int *)value = (int)number;
        return true;
    case SCHEMA_MAP:
    case SCHEMA_LIST:
    case SCHEMA_NAMED:
        break;
    }
    assert(0 && "a scalar kind");
    return false;
}

static bool too_many(
    struct walk *walk, const struct place *place, const struct schema_key *key, size_t n)
{
    size_t most = key->most > 0 ? (size_t)key->most : WALK_ITEMS_MOST;
    if (n > most)
        walk_problem(walk, place, "has %zu entries; at most %zu are allowed", n, most);
    return n > most;
}

static void put_list(const struct schema_key *key, char *values, char *items, size_t n)
{
    memcpy(values + key->at, &items, sizeof(items));
    memcpy(values + key->count_at, &n, sizeof(n));
}

static bool read_list(
    struct walk *walk, const struct place *place, const struct schema_key *key, char *values)
{
    if (place->node->type != YAML_SEQUENCE_NODE)
        return complain(walk, place, key);
    const yaml_node_item_t *start = place->node->data.sequence.items.start;
    size_t n = (size_t)(place->node->data.sequence.items.top - start);
    if (too_many(walk, place, key, n))
        return false;
    char *items = arena_take_array(walk->arena, n, key->element_bytes);
    for (size_t i = 0; i < n; i++)
        read_value(walk, walk_item(walk, place, i), key->element, items + i * key->element_bytes);
    put_list(key, values, items, n);
    return true;
}

/* The key of a pair as a text, or an empty slice and a complaint. */
static struct slice key_text(struct walk *walk, const struct place *place, yaml_node_t *name)
{
    if (name->type == YAML_SCALAR_NODE && name->data.scalar.length)
        return arena_copy(walk->arena, walk_text(name));
    struct place at = *place;
    at.node = name;
    walk_problem(walk, &at, "a key must be a text");
    return (struct slice){"", 0};
}

static bool is_given_before(
    struct walk *walk, const struct place *place, const yaml_node_pair_t *pair, struct slice name)
{
    const yaml_node_pair_t *earlier = place->node->data.mapping.pairs.start;
    for (; earlier < pair; earlier++) {
        yaml_node_t *other = walk_node(walk, earlier->key);
        if (other->type != YAML_SCALAR_NODE || !slice_equal_caseless(walk_text(other), name))
            continue;
        walk_problem(walk, walk_below(walk, place, name, walk_node(walk, pair->key)),
            "is given twice; the first is in line %zu", other->start_mark.line + 1);
        return true;
    }
    return false;
}

static bool read_named(
    struct walk *walk, const struct place *place, const struct schema_key *key, char *values)
{
    if (place->node->type != YAML_MAPPING_NODE)
        return complain(walk, place, key);
    yaml_node_pair_t *start = place->node->data.mapping.pairs.start;
    size_t n = (size_t)(place->node->data.mapping.pairs.top - start), kept = 0;
    if (too_many(walk, place, key, n))
        return false;
    char *items = arena_take_array(walk->arena, n, key->element_bytes);
    for (size_t i = 0; i < n; i++) {
        struct slice name = key_text(walk, place, walk_node(walk, start[i].key));
        if (name.len == 0 || is_given_before(walk, place, &start[i], name))
            continue;
        char *item = items + kept++ * key->element_bytes;
        memcpy(item, &name, sizeof(name));
        read_value(walk, walk_below(walk, place, name, walk_node(walk, start[i].value)),
            key->element, item);
    }
    put_list(key, values, items, kept);
    return true;
}

/* Aliases can make a short text stand for an endless one. */
static bool is_exhausted(struct walk *walk, const struct place *place)
{
    if (++walk->n_visits == WALK_VISITS_MOST)
        walk_problem(walk, place, "more than %d values, aliases counted: reading stops here",
            WALK_VISITS_MOST);
    return walk->n_visits >= WALK_VISITS_MOST;
}

/* `agent: claude` for `agent: {use: claude}`. */
static bool read_short(
    struct walk *walk, const struct place *place, const struct schema_map *map, char *values)
{
    walk_defaults(map, values);
    const struct schema_key *key = find_key(map, slice_from(map->short_key));
    if (!read_scalar(walk, place, key, values + key->at))
        return false;
    *(uint64_t *)(void *)(values + map->seen_at) |= 1ull << (key - map->keys);
    if (map->check)
        map->check(walk, place, values);
    return true;
}

static bool read_value(
    struct walk *walk, const struct place *place, const struct schema_key *key, char *values)
{
    if (is_exhausted(walk, place))
        return false;
    if (key->kind == SCHEMA_MAP) {
        if (place->node->type == YAML_SCALAR_NODE && key->map->short_key && !is_null(place->node))
            return read_short(walk, place, key->map, values + key->at);
        if (place->node->type != YAML_MAPPING_NODE)
            return complain(walk, place, key);
        walk_map(walk, place, key->map, values + key->at);
        return true;
    }
    if (key->kind == SCHEMA_LIST)
        return read_list(walk, place, key, values);
    if (key->kind == SCHEMA_NAMED)
        return read_named(walk, place, key, values);
    return read_scalar(walk, place, key, values + key->at);
}

static void put_fallback(const struct schema_key *key, char *values)
{
    struct slice text = slice_from(key->fallback);
    double number = 0;
    char *value = values + key->at;
    if (key->kind == SCHEMA_RUNG)
        *(int *)value = POLICY_NONE;
    if (!key->fallback)
        return;
    bool is_right = true;
    switch (key->kind) {
    case SCHEMA_TEXT:
        *(struct slice *)value = text;
        break;
    case SCHEMA_NUMBER:
        is_right = slice_to_double(text, (double *)value);
        break;
    case SCHEMA_WHOLE:
        is_right = slice_to_double(text, &number);
        *(int *)value = (int)number;
        break;
    case SCHEMA_FLAG:
        *(bool *)value = slice_is(text, "true");
        break;
    case SCHEMA_CHOICE:
        for (int i = 0; key->choices[i]; i++)
            if (slice_is(text, key->choices[i]))
                *(int *)value = i;
        break;
    default:
        is_right = false;
    }
    assert(is_right);
    (void)is_right;
}

static void complain_unknown(struct walk *walk, const struct place *place, struct slice name,
    yaml_node_t *node, const struct schema_map *map)
{
    const struct place *at = walk_below(walk, place, name, node);
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    struct slice allowed = {"", 0};
    for (size_t i = 0; i < map->n_keys; i++) {
        const char *key = map->keys[i].name;
        if (walk_is_near(name, slice_from(key), &best))
            nearest = key;
        allowed = arena_print(walk->arena, "%.*s%s%s", SLICE_ARG(allowed), i ? ", " : "", key);
    }
    if (nearest)
        walk_problem(walk, at, "unknown key; did you mean \"%s\"?", nearest);
    else
        walk_problem(walk, at, "unknown key; allowed here: %.*s", SLICE_ARG(allowed));
}

static const struct schema_key *find_key(const struct schema_map *map, struct slice name)
{
    for (size_t i = 0; i < map->n_keys; i++)
        if (slice_is(name, map->keys[i].name))
            return &map->keys[i];
    return NULL;
}

static void read_pair(struct walk *walk, const struct place *place, const struct schema_map *map,
    const yaml_node_pair_t *pair, char *values)
{
    yaml_node_t *node = walk_node(walk, pair->key);
    struct slice name = key_text(walk, place, node);
    if (name.len == 0 || is_given_before(walk, place, pair, name))
        return;
    const struct schema_key *key = find_key(map, name);
    if (!key) {
        complain_unknown(walk, place, name, node, map);
        return;
    }
    uint64_t *seen = (uint64_t *)(void *)(values + map->seen_at);
    if (read_value(walk, walk_below(walk, place, name, walk_node(walk, pair->value)), key, values))
        *seen |= 1ull << (key - map->keys);
}

void walk_defaults(const struct schema_map *map, void *values)
{
    for (size_t i = 0; i < map->n_keys; i++)
        if (map->keys[i].kind < SCHEMA_MAP)
            put_fallback(&map->keys[i], values);
}

void walk_map(
    struct walk *walk, const struct place *place, const struct schema_map *map, void *values)
{
    assert(map->n_keys <= 64 && place->node->type == YAML_MAPPING_NODE);
    walk_defaults(map, values);
    const yaml_node_pair_t *pair = place->node->data.mapping.pairs.start;
    size_t n = (size_t)(place->node->data.mapping.pairs.top - pair);
    if (n > WALK_ITEMS_MOST) {
        walk_problem(walk, place, "has %zu keys", n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        read_pair(walk, place, map, &pair[i], values);
    for (size_t i = 0; i < map->n_keys; i++)
        if (map->keys[i].required && !walk_find(walk, place, map->keys[i].name))
            walk_problem(
                walk, place, "the key \"%s\" is missing: %s", map->keys[i].name, map->keys[i].help);
    if (map->check)
        map->check(walk, place, values);
}
