/* What a request asks for: "/path/of/parts?name=value&…", taken apart and decoded. */
#ifndef RUNG_SERVE_TARGET_H
#define RUNG_SERVE_TARGET_H

#include "base/arena.h"
#include "base/failure.h"

enum { TARGET_PARTS_MOST = 16, TARGET_PAIRS_MOST = 64 };

struct target_pair {
    struct slice name, value;
};

struct target {
    struct slice authority;                /* of "http://HOST:PORT/…"; else empty */
    struct slice path;                     /* as it came, without the query */
    struct slice parts[TARGET_PARTS_MOST]; /* "/a/b" is "a", "b"; "/" is one empty part */
    size_t n_parts;
    struct target_pair pairs[TARGET_PAIRS_MOST];
    size_t n_pairs;
};

/* False with a sentence where it has no path, is badly encoded, or has too many of something.
 * What was decoded is well-formed UTF-8 without control characters. */
bool target_parse(struct arena *arena, struct slice text, struct target *target,
    struct failure *failure) MUST_USE;

#endif
