/* A slice is a piece of text that somebody else owns: where it begins and how long it is. It
 * may hold any byte, NUL included, and need not end in one. */
#ifndef RUNG_BASE_SLICE_H
#define RUNG_BASE_SLICE_H

#include "attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const char *base;
    size_t len;
};

/* For printf: "%.*s" takes SLICE_ARG(slice). */
#define SLICE_ARG(s) (int)((s).len > 0x7fffffff ? 0x7fffffff : (s).len), (s).base

/* A string literal as a slice, usable in constant tables. */
#define SLICE(literal)                                                                             \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

struct slice slice_from(const char *text); /* of a C string; NULL gives an empty slice */
struct slice slice_sub(struct slice s, size_t from, size_t to); /* [from, to), clamped to s */
bool slice_is(struct slice s, const char *text);                /* the same bytes */
bool slice_equal(struct slice a, struct slice b);
bool slice_equal_caseless(struct slice a, struct slice b); /* ASCII letters only */
bool slice_is_caseless(struct slice s, const char *text);
bool slice_starts(struct slice s, const char *prefix);
bool slice_ends(struct slice s, const char *suffix);
int slice_compare(struct slice a, struct slice b); /* by bytes, as memcmp; for qsort */
struct slice slice_trim(struct slice s);           /* without leading and trailing white space */

/* Position of the first `needle` in s, or SIZE_MAX. An empty needle is at 0. */
size_t slice_find(struct slice s, const char *needle);
size_t slice_find_byte(struct slice s, char byte);

/* Takes the next line off *rest, without its "\n" or "\r\n". False when nothing is left. */
bool slice_next_line(struct slice *rest, struct slice *line);

/* Takes the next field before `separator` off *rest. False when nothing is left; "a,," gives
 * "a", "" and "". */
bool slice_next_field(struct slice *rest, char separator, struct slice *field);

/* The whole slice as a decimal number; false when there is anything else in it or it does not
 * fit. No locale has a say. */
bool slice_to_int64(struct slice s, int64_t *value) MUST_USE;
bool slice_to_double(struct slice s, double *value) MUST_USE;

/* Shell-style match with '*', '?' and '\' as escape; the pattern covers the whole slice. Linear
 * in the slice for each star, never exponential. */
bool slice_glob(struct slice s, struct slice pattern);

/* FNV-1a, 64 bits: for tables in memory, not against an adversary. */
uint64_t slice_hash(struct slice s);

/* Length in bytes of the well-formed UTF-8 character at s[0], or 0 where it is malformed. */
size_t slice_utf8_length(struct slice s);
bool slice_is_utf8(struct slice s);

static inline bool slice_ascii_is_word(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static inline char slice_ascii_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

#endif
