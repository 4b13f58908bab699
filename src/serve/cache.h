/* Answers that took long, kept for a while and shared by all threads. */
#ifndef RUNG_SERVE_CACHE_H
#define RUNG_SERVE_CACHE_H

#include "base/arena.h"

enum {
    CACHE_ANSWERS_MOST = 32,
    CACHE_ANSWER_BYTES_MOST = 1 << 20,
};

struct cache;

struct cache *cache_make(void);
void cache_free(struct cache *cache); /* NULL is allowed */

/* The answer kept under this key that is younger than `most_us`, or was made when the ledger's last
 * change was the same; in the arena, empty where there is none. Where one is there but is too old,
 * the first who asks is told so (empty) and is to make a new one; others get the old one
 * meanwhile. A NULL cache keeps nothing. */
struct slice cache_find(
    struct cache *cache, struct arena *arena, struct slice key, int64_t seq, int64_t most_us);
void cache_keep(struct cache *cache, struct slice key, int64_t seq, struct slice data);

#endif
