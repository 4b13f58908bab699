/* Receives the target of a request line, hands on its parts and pairs, decoded. Refuses to know
 * which of them mean something. */
#include "target.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = slice_ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of `s` at *i, which moves on; -1 where an escape is broken. */
static int decode_byte(struct slice s, size_t *i, bool plus_is_blank)
{
    char c = s.base[(*i)++];
    if (c == '+' && plus_is_blank)
        return ' ';
    if (c != '%')
        return (unsigned char)c;
    if (s.len - *i < 2)
        return -1;
    int high = hex_value(s.base[*i]), low = hex_value(s.base[*i + 1]);
    *i += 2;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool decode(struct arena *arena, struct slice s, bool plus_is_blank, struct slice *out,
    struct failure *failure)
{
    char *text = arena_take(arena, s.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.len;) {
        int byte = decode_byte(s, &i, plus_is_blank);
        if (byte < 0)
            return failure_set(failure, "the target has a broken %%-escape");
        if (byte < ' ' || byte == 0x7f)
            return failure_set(failure, "the target has a control character");
        text[n++] = (char)byte;
    }
    *out = (struct slice){text, n};
    return slice_is_utf8(*out) || failure_set(failure, "the target is not well-formed UTF-8");
}

static bool parse_path(
    struct arena *arena, struct slice path, struct target *target, struct failure *failure)
{
    struct slice rest = slice_sub(path, 1, path.len);
    for (;;) {
        size_t slash = slice_find_byte(rest, '/');
        if (target->n_parts == TARGET_PARTS_MOST)
            return failure_set(failure, "the path has more than %d parts", TARGET_PARTS_MOST);
        struct slice *part = &target->parts[target->n_parts++];
        if (!decode(arena, slice_sub(rest, 0, slash), false, part, failure))
            return false;
        if (slash == SIZE_MAX)
            return true;
        rest = slice_sub(rest, slash + 1, rest.len);
    }
}

static bool parse_query(
    struct arena *arena, struct slice query, struct target *target, struct failure *failure)
{
    struct slice field;
    while (slice_next_field(&query, '&', &field)) {
        if (field.len == 0)
            continue;
        if (target->n_pairs == TARGET_PAIRS_MOST)
            return failure_set(failure, "the query has more than %d values", TARGET_PAIRS_MOST);
        struct target_pair *pair = &target->pairs[target->n_pairs++];
        size_t equals = slice_find_byte(field, '=');
        struct slice value = {0};
        if (equals != SIZE_MAX)
            value = slice_sub(field, equals + 1, field.len);
        if (!decode(arena, slice_sub(field, 0, equals), true, &pair->name, failure) ||
            !decode(arena, value, true, &pair->value, failure))
            return false;
    }
    return true;
}

/* "http://HOST/path", as a proxy is asked: the host is taken off. */
static struct slice take_authority(struct slice text, struct target *target)
{
    static const char SCHEME[] = "http://";
    size_t n = sizeof(SCHEME) - 1;
    if (!slice_is_caseless(slice_sub(text, 0, n), SCHEME))
        return text;
    struct slice rest = slice_sub(text, n, text.len);
    size_t slash = slice_find_byte(rest, '/');
    target->authority = slice_sub(rest, 0, slash);
    return slash == SIZE_MAX ? slice_from("/") : slice_sub(rest, slash, rest.len);
}

bool target_parse(
    struct arena *arena, struct slice text, struct target *target, struct failure *failure)
{
    *target = (struct target){0};
    text = take_authority(text, target);
    if (!slice_starts(text, "/"))
        return failure_set(failure, "the target does not begin with a slash");
    size_t hash = slice_find_byte(text, '#'), question;
    text = slice_sub(text, 0, hash);
    question = slice_find_byte(text, '?');
    target->path = slice_sub(text, 0, question);
    if (!parse_path(arena, target->path, target, failure))
        return false;
    return question == SIZE_MAX ||
           parse_query(arena, slice_sub(text, question + 1, text.len), target, failure);
}
