/* Writing JSON: a growing buffer that puts the commas itself. Malformed UTF-8 is written as
 * U+FFFD, so what comes out is always valid. */
#ifndef RUNG_BASE_EMIT_H
#define RUNG_BASE_EMIT_H

#include "json.h"
#include "slice.h"

enum { EMIT_DEPTH_MOST = 64 };

struct emit {
    char *bytes; /* malloc'ed; emit_free gives it back */
    size_t len, room;
    unsigned depth;
    uint64_t has_members; /* bit d: the container at depth d has a member already */
    bool after_key;
};

/* A zeroed `struct emit` is ready for use. */
void emit_free(struct emit *emit);
void emit_clear(struct emit *emit); /* keeps the buffer */
struct slice emit_slice(const struct emit *emit);

void emit_open(struct emit *emit, char bracket);  /* '{' or '[' */
void emit_close(struct emit *emit, char bracket); /* '}' or ']' */
void emit_key(struct emit *emit, const char *key);
void emit_key_slice(struct emit *emit, struct slice key);

void emit_text(struct emit *emit, struct slice text);
void emit_cstring(struct emit *emit, const char *text); /* NULL is written as null */
void emit_int64(struct emit *emit, int64_t number);
void emit_double(struct emit *emit, double number); /* shortest form; null where not finite */
void emit_usd(struct emit *emit, double usd);       /* rounded to 1e-9 */
void emit_bool(struct emit *emit, bool truth);
void emit_null(struct emit *emit);
void emit_raw(struct emit *emit, struct slice json); /* a value that is JSON already */

/* key and value in one call */
void emit_member_text(struct emit *emit, const char *key, struct slice text);
void emit_member_cstring(struct emit *emit, const char *key, const char *text);
void emit_member_int64(struct emit *emit, const char *key, int64_t number);
void emit_member_double(struct emit *emit, const char *key, double number);
void emit_member_usd(struct emit *emit, const char *key, double usd);
void emit_member_bool(struct emit *emit, const char *key, bool truth);
void emit_member_null(struct emit *emit, const char *key);

/* Bytes as they are, outside any structure: a newline between lines of JSONL. */
void emit_bytes(struct emit *emit, struct slice bytes);

#endif
