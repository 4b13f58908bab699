#include "text.h"

#include <string.h>

static const char REPLACEMENT[] = "\xef\xbf\xbd";

/* C1 controls (U+0080–9F), the marks that reorder what a reader sees (U+061C, U+200E, U+200F,
 * U+202A–202E, U+2066–2069) and the separators that break a line (U+2028, U+2029). */
static bool is_treacherous(const unsigned char *p, size_t n)
{
    if (n == 2)
        return (p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xd8 && p[1] == 0x9c);
    if (n != 3 || p[0] != 0xe2)
        return false;
    return (p[1] == 0x80 && ((p[2] >= 0xa8 && p[2] <= 0xae) || p[2] == 0x8e || p[2] == 0x8f)) ||
           (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

void text_make_printable(char *text)
{
    struct slice rest = slice_from(text);
    while (rest.len) {
        size_t n = slice_utf8_length(rest);
        unsigned char c = (unsigned char)rest.base[0];
        bool bad =
            n == 0 || c < 0x20 || c == 0x7f || is_treacherous((const unsigned char *)rest.base, n);
        if (n == 0)
            n = 1;
        if (bad)
            memset(text + (rest.base - text), '?', n);
        rest = slice_sub(rest, n, rest.len);
    }
}

struct slice text_one_line(struct arena *arena, struct slice s, size_t columns)
{
    size_t most = s.len;
    if (columns && most > columns * 4) /* one character is at most four bytes */
        most = columns * 4;
    char *out = arena_take(arena, most * 3 + 8);
    size_t len = 0, characters = 0, last_start = 0;
    bool blank_due = false;
    while (s.len) {
        unsigned char c = (unsigned char)s.base[0];
        size_t n = slice_utf8_length(s);
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            blank_due = len > 0;
            s = slice_sub(s, 1, s.len);
            continue;
        }
        if (c < 0x20 || c == 0x7f) {
            s = slice_sub(s, 1, s.len);
            continue;
        }
        size_t wanted = characters + (size_t)blank_due + 1;
        if (columns && wanted > columns) {
            if (characters == columns)
                len = last_start;
            memcpy(out + len, "…", 3);
            len += 3;
            break;
        }
        if (blank_due) {
            out[len++] = ' ';
            blank_due = false;
        }
        last_start = len;
        if (n == 0 || is_treacherous((const unsigned char *)s.base, n)) {
            memcpy(out + len, REPLACEMENT, 3);
            len += 3;
        } else {
            memcpy(out + len, s.base, n);
            len += n;
        }
        characters = wanted;
        s = slice_sub(s, n ? n : 1, s.len);
    }
    out[len] = '\0';
    return (struct slice){out, len};
}

struct slice text_utf8(struct arena *arena, struct slice s, size_t *replaced)
{
    size_t bad = 0;
    for (struct slice rest = s; rest.len;) {
        size_t n = slice_utf8_length(rest);
        bad += n == 0;
        rest = slice_sub(rest, n ? n : 1, rest.len);
    }
    if (replaced)
        *replaced += bad;
    if (bad == 0)
        return s;
    char *out = arena_take(arena, s.len + 2 * bad + 1);
    size_t len = 0;
    for (struct slice rest = s; rest.len;) {
        size_t n = slice_utf8_length(rest);
        memcpy(out + len, n ? rest.base : REPLACEMENT, n ? n : 3);
        len += n ? n : 3;
        rest = slice_sub(rest, n ? n : 1, rest.len);
    }
    return (struct slice){out, len};
}
