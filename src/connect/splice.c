/* Receives well-formed JSON text and one change, hands on the text with that change and nothing
 * else changed. Refuses to know what the text is for. */
#include "splice.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static size_t skip_blanks(struct slice s, size_t at)
{
    while (at < s.len && is_blank(s.base[at]))
        at++;
    return at;
}

/* Behind the closing quote of the text that begins at `at`. */
static size_t skip_text(struct slice s, size_t at)
{
    for (at++; at < s.len && s.base[at] != '"'; at++)
        if (s.base[at] == '\\')
            at++;
    return at < s.len ? at + 1 : s.len;
}

/* Behind the value that begins at `at`. */
static size_t skip_value(struct slice s, size_t at)
{
    size_t depth = 0;
    while (at < s.len) {
        char c = s.base[at];
        if (c == '"') {
            at = skip_text(s, at);
        } else if (c == '{' || c == '[') {
            depth++;
            at++;
        } else if (depth > 0 && (c == '}' || c == ']')) {
            depth--;
            at++;
        } else if (depth > 0) {
            at++;
            continue;
        } else {
            while (at < s.len && !is_blank(s.base[at]) && !strchr(",]}", s.base[at]))
                at++;
        }
        if (depth == 0)
            break;
    }
    return at;
}

struct splice_walk splice_walk_over(struct slice container)
{
    struct splice_walk walk = {0};
    if (container.len >= 2 && (container.base[0] == '{' || container.base[0] == '[')) {
        walk.is_object = container.base[0] == '{';
        walk.rest = slice_sub(container, 1, container.len - 1);
    }
    return walk;
}

bool splice_next(struct splice_walk *walk)
{
    struct slice rest = walk->rest;
    size_t begin = skip_blanks(rest, 0);
    if (begin < rest.len && rest.base[begin] == ',')
        begin = skip_blanks(rest, begin + 1);
    if (begin >= rest.len)
        return false;
    size_t at = begin;
    walk->key = (struct slice){0};
    if (walk->is_object) {
        size_t end = skip_text(rest, begin);
        walk->key = slice_sub(rest, begin + 1, end > begin + 1 ? end - 1 : begin + 1);
        at = skip_blanks(rest, end);
        at = skip_blanks(rest, at < rest.len ? at + 1 : at); /* the colon */
    }
    size_t end = skip_value(rest, at);
    if (end <= at)
        return false;
    walk->value = slice_sub(rest, at, end);
    walk->item = slice_sub(rest, begin, end);
    walk->rest = slice_sub(rest, end, rest.len);
    return true;
}

struct slice splice_get(struct slice object, const char *key)
{
    struct splice_walk walk = splice_walk_over(object);
    while (walk.is_object && splice_next(&walk))
        if (slice_is(walk.key, key))
            return walk.value;
    return (struct slice){0};
}

struct slice splice_replace(
    struct arena *arena, struct slice text, struct slice part, struct slice with)
{
    size_t from = (size_t)(part.base - text.base);
    struct slice before = slice_sub(text, 0, from),
                 after = slice_sub(text, from + part.len, text.len);
    char *bytes = arena_take(arena, before.len + with.len + after.len + 1);
    memcpy(bytes, before.base, before.len);
    if (with.len)
        memcpy(bytes + before.len, with.base, with.len);
    if (after.len)
        memcpy(bytes + before.len + with.len, after.base, after.len);
    return (struct slice){bytes, before.len + with.len + after.len};
}

/* The blanks between the last line feed before `at` and what stands first on that line. */
static struct slice indent_at(struct slice text, size_t at)
{
    size_t line = at;
    while (line > 0 && text.base[line - 1] != '\n')
        line--;
    size_t end = line;
    while (end < text.len && (text.base[end] == ' ' || text.base[end] == '\t'))
        end++;
    return slice_sub(text, line, end);
}

/* One step of indentation, as the text's first indented line has it; empty for text on one line. */
static struct slice indent_step(struct slice text)
{
    size_t at = slice_find_byte(slice_trim(text), '\n');
    if (at == SIZE_MAX)
        return (struct slice){0};
    struct slice indent = indent_at(slice_trim(text), at + 1);
    return indent.len ? indent : slice_from("  ");
}

/* A container with its first item: in lines of their own where the text has lines at all. */
static struct slice fill_empty(
    struct arena *arena, struct slice text, struct slice container, struct slice item)
{
    struct slice step = indent_step(text);
    char open = container.base[0], close = container.base[container.len - 1];
    if (step.len == 0)
        return arena_print(arena, "%c%.*s%c", open, SLICE_ARG(item), close);
    struct slice indent = indent_at(text, (size_t)(container.base - text.base));
    return arena_print(arena, "%c\n%.*s%.*s%.*s\n%.*s%c", open, SLICE_ARG(indent), SLICE_ARG(step),
        SLICE_ARG(item), SLICE_ARG(indent), close);
}

static struct slice add_item(
    struct arena *arena, struct slice text, struct slice container, struct slice item)
{
    struct splice_walk walk = splice_walk_over(container);
    struct slice last = {0}, before_first = {0};
    while (splice_next(&walk)) {
        if (!last.base)
            before_first = slice_sub(container, 1, (size_t)(walk.item.base - container.base));
        last = walk.item;
    }
    if (!last.base)
        return splice_replace(arena, text, container, fill_empty(arena, text, container, item));
    struct slice gap =
        slice_find_byte(before_first, '\n') != SIZE_MAX ? before_first : slice_from(" ");
    return splice_replace(arena, text, (struct slice){last.base + last.len, 0},
        arena_print(arena, ",%.*s%.*s", SLICE_ARG(gap), SLICE_ARG(item)));
}

struct slice splice_set(struct arena *arena, struct slice text, struct slice object,
    const char *key, struct slice value)
{
    struct slice now = splice_get(object, key);
    if (now.len)
        return splice_replace(arena, text, now, value);
    return add_item(arena, text, object, arena_print(arena, "\"%s\": %.*s", key, SLICE_ARG(value)));
}

struct slice splice_append(
    struct arena *arena, struct slice text, struct slice array, struct slice value)
{
    return add_item(arena, text, array, value);
}

struct slice splice_remove(
    struct arena *arena, struct slice text, struct slice container, struct slice item)
{
    struct splice_walk walk = splice_walk_over(container);
    const char *end_before = NULL, *begin_after = NULL;
    while (splice_next(&walk)) {
        if (walk.item.base < item.base)
            end_before = walk.item.base + walk.item.len;
        if (walk.item.base > item.base && !begin_after)
            begin_after = walk.item.base;
    }
    const char *from = item.base, *to = item.base + item.len;
    if (end_before) {
        from = end_before;
    } else if (begin_after) {
        to = begin_after;
    } else {
        from = container.base + 1;
        to = container.base + container.len - 1;
    }
    return splice_replace(
        arena, text, (struct slice){from, (size_t)(to - from)}, (struct slice){0});
}
