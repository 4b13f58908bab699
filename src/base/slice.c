#include "slice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct slice slice_from(const char *text)
{
    return (struct slice){text, text ? strlen(text) : 0};
}

struct slice slice_sub(struct slice s, size_t from, size_t to)
{
    if (to > s.len)
        to = s.len;
    if (from >= to)
        return (struct slice){s.base, 0};
    return (struct slice){s.base + from, to - from};
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.base, b.base, a.len) == 0);
}

bool slice_is(struct slice s, const char *text)
{
    return slice_equal(s, slice_from(text));
}

bool slice_equal_caseless(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (slice_ascii_lower(a.base[i]) != slice_ascii_lower(b.base[i]))
            return false;
    return true;
}

bool slice_is_caseless(struct slice s, const char *text)
{
    return slice_equal_caseless(s, slice_from(text));
}

bool slice_starts(struct slice s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.len >= n && (n == 0 || memcmp(s.base, prefix, n) == 0);
}

bool slice_ends(struct slice s, const char *suffix)
{
    size_t n = strlen(suffix);
    return s.len >= n && (n == 0 || memcmp(s.base + s.len - n, suffix, n) == 0);
}

int slice_compare(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.base, b.base, n) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

struct slice slice_trim(struct slice s)
{
    while (s.len && is_space(s.base[0]))
        s = slice_sub(s, 1, s.len);
    while (s.len && is_space(s.base[s.len - 1]))
        s.len--;
    return s;
}

size_t slice_find(struct slice s, const char *needle)
{
    size_t n = strlen(needle);
    if (n == 0)
        return 0;
    if (s.len < n)
        return SIZE_MAX;
    const char *at = memmem(s.base, s.len, needle, n);
    return at ? (size_t)(at - s.base) : SIZE_MAX;
}

size_t slice_find_byte(struct slice s, char byte)
{
    const char *at = s.len ? memchr(s.base, byte, s.len) : NULL;
    return at ? (size_t)(at - s.base) : SIZE_MAX;
}

bool slice_next_line(struct slice *rest, struct slice *line)
{
    if (rest->len == 0)
        return false;
    size_t end = slice_find_byte(*rest, '\n');
    *line = slice_sub(*rest, 0, end);
    *rest = end == SIZE_MAX ? (struct slice){rest->base + rest->len, 0}
                            : (struct slice){rest->base + end + 1, rest->len - end - 1};
    if (line->len && line->base[line->len - 1] == '\r')
        line->len--;
    return true;
}

bool slice_next_field(struct slice *rest, char separator, struct slice *field)
{
    if (rest->base == NULL)
        return false;
    size_t end = slice_find_byte(*rest, separator);
    *field = slice_sub(*rest, 0, end);
    *rest = end == SIZE_MAX ? (struct slice){NULL, 0}
                            : (struct slice){rest->base + end + 1, rest->len - end - 1};
    return true;
}

bool slice_to_int64(struct slice s, int64_t *value)
{
    bool negative = s.len && s.base[0] == '-';
    size_t i = negative || (s.len && s.base[0] == '+');
    if (i >= s.len)
        return false;
    int64_t sum = 0; /* kept negative: the negative range is the larger one */
    for (; i < s.len; i++) {
        if (s.base[i] < '0' || s.base[i] > '9')
            return false;
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_sub_overflow(sum, s.base[i] - '0', &sum))
            return false;
    }
    if (!negative && sum == INT64_MIN)
        return false;
    *value = negative ? sum : -sum;
    return true;
}

bool slice_to_double(struct slice s, double *value)
{
    char text[64];
    if (s.len == 0 || s.len >= sizeof(text) || is_space(s.base[0]))
        return false;
    memcpy(text, s.base, s.len);
    text[s.len] = '\0';
    char *end = NULL;
    errno = 0;
    *value = strtod(text, &end);
    bool finite = *value - *value == 0;
    return end == text + s.len && finite && strpbrk(text, "xXnN") == NULL;
}

bool slice_glob(struct slice s, struct slice pattern)
{
    size_t i = 0, p = 0, star = SIZE_MAX, star_at = 0;
    while (i < s.len) {
        if (p < pattern.len && pattern.base[p] == '*') {
            star = p++;
            star_at = i;
            continue;
        }
        bool escaped = p + 1 < pattern.len && pattern.base[p] == '\\';
        if (p < pattern.len && !escaped && pattern.base[p] == '?') {
            p++;
            i++;
            continue;
        }
        if (p < pattern.len && s.base[i] == pattern.base[p + escaped]) {
            p += 1 + (size_t)escaped;
            i++;
            continue;
        }
        if (star == SIZE_MAX)
            return false;
        p = star + 1;
        i = ++star_at;
    }
    while (p < pattern.len && pattern.base[p] == '*')
        p++;
    return p == pattern.len;
}

uint64_t slice_hash(struct slice s)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.base[i]) * 0x100000001b3u;
    return hash;
}

size_t slice_utf8_length(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.base;
    if (s.len == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || s.len < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xed && p[1] > 0x9f;
    bool beyond = p[0] == 0xf4 && p[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : n;
}

bool slice_is_utf8(struct slice s)
{
    while (s.len) {
        size_t n = slice_utf8_length(s);
        if (n == 0)
            return false;
        s = slice_sub(s, n, s.len);
    }
    return true;
}
