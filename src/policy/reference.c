/* policy, reference: hands on the table of keys as text for people. */
#include "schema.h"

#include "base/emit.h"

static const char *kind_name(const struct schema_key *key)
{
    static const char *const NAMES[] = {
        "text", "rung", "one of", "whole number", "number", "true or false", "map", "list", "map"};
    return NAMES[key->kind];
}

static void say_key(
    struct arena *arena, struct emit *out, const char *above, const struct schema_key *key);

static void say_map(
    struct arena *arena, struct emit *out, const char *above, const struct schema_map *map)
{
    for (size_t i = 0; i < map->n_keys; i++)
        say_key(arena, out, above, &map->keys[i]);
}

/* "  ladder[].effort  one of none, low …; default …: help". */
static void say_key(
    struct arena *arena, struct emit *out, const char *above, const struct schema_key *key)
{
    struct slice kind = slice_from(kind_name(key));
    if (key->kind == SCHEMA_CHOICE)
        for (size_t i = 0; key->choices[i]; i++)
            kind = arena_print(arena, "%.*s%s%s", SLICE_ARG(kind), i ? ", " : " ", key->choices[i]);
    const char *path = arena_print(arena, "%s%s%s", above, *above ? "." : "", key->name).base;
    const char *default_is = key->fallback ? key->fallback : "";
    emit_bytes(
        out, arena_print(arena, "%s (%.*s%s%s%s%s)\n    %s\n", path, SLICE_ARG(kind),
                 key->required ? ", required" : "", key->fallback ? ", default " : "", default_is,
                 key->needs_trust ? ", only of a trusted policy" : "", key->help));
    if (key->map)
        say_map(arena, out, path, key->map);
    if (key->element && key->element->map)
        say_map(arena, out,
            arena_print(arena, "%s%s", path, key->kind == SCHEMA_LIST ? "[]" : ".NAME").base,
            key->element->map);
}

struct slice policy_reference(struct arena *arena)
{
    struct emit out = {0};
    say_map(arena, &out, "", &SCHEMA_POLICY);
    struct slice text = arena_copy(arena, emit_slice(&out));
    emit_free(&out);
    return text;
}
