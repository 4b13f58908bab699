/* Reading JSON: a C door to simdjson. A document lives in its parser until the parser's next
 * document; values are small and passed by value. Strict: well-formed UTF-8 only, one document
 * and nothing behind it, bounded depth. Of duplicate keys the first one counts. */
#ifndef RUNG_BASE_JSON_H
#define RUNG_BASE_JSON_H

#include "arena.h"
#include "failure.h"

enum { JSON_DEPTH_MOST = 128 };

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

struct json_parser;

struct json {
    const void *document; /* NULL: no value; every question about it answers "no" or "null" */
    size_t index;
};

struct json_parser *json_parser_make(void);
void json_parser_free(struct json_parser *parser); /* NULL is allowed */

/* Parses the whole of `bytes`, which are copied: they may go away. The sentence in *failure
 * names neither file nor line; the caller puts that before it. */
bool json_parse(struct json_parser *parser, struct slice bytes, struct json *root,
    struct failure *failure) MUST_USE;

/* True for white space and nothing else before the end: an empty document. */
bool json_is_blank(struct slice bytes);

enum json_kind json_kind(struct json value);

/* The value under a key of an object; {NULL, 0} where there is none or it is no object. */
struct json json_get(struct json object, const char *key);

/* What a value holds, or false where it is of another kind. Texts live in the parser. */
bool json_text(struct json value, struct slice *text);
bool json_double(struct json value, double *number); /* any number */
bool json_int64(struct json value, int64_t *number); /* a whole number that fits */
bool json_bool(struct json value, bool *truth);

/* The same for a key of an object, in one call; where the key is missing or of another kind the
 * empty slice. */
struct slice json_get_text(struct json object, const char *key);

/* Number of elements of an array or members of an object, 0 for anything else. */
size_t json_count(struct json value);

/* Walks an array or an object in the order of the text:
 *     struct json_walk walk = json_walk_over(value);
 *     while (json_next(&walk)) use(walk.key, walk.value); */
struct json_walk {
    struct slice key; /* empty in an array */
    struct json value;
    struct json at;
    size_t end;
    bool is_object;
};

struct json_walk json_walk_over(struct json value);
bool json_next(struct json_walk *walk);

/* The value written as compact JSON into the arena; numbers in their shortest form. */
struct slice json_write(struct arena *arena, struct json value);

/* Shortest decimal that reads back as the same number; returns its length. Not a finite number:
 * "null". `out` has room for JSON_NUMBER_BYTES. */
enum { JSON_NUMBER_BYTES = 32 };
size_t json_format_double(double number, char *out);

#endif
