/* Receives answers by key, hands them on until they are too old. */
#include "cache.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { RENEWAL_US = 5000000 }; /* after which somebody else may try to make a new one */

struct kept {
    char *key, *data; /* NULL: nothing is kept */
    size_t key_len, data_len;
    int64_t seq, made_us, renewed_us;
};

struct cache {
    pthread_mutex_t lock;
    struct kept kept[CACHE_ANSWERS_MOST];
    size_t next;
};

struct cache *cache_make(void)
{
    struct cache *cache = memory_take(sizeof(*cache));
    *cache = (struct cache){.next = 0};
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

static void drop(struct kept *kept)
{
    free(kept->key);
    free(kept->data);
    *kept = (struct kept){0};
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < CACHE_ANSWERS_MOST; i++)
        drop(&cache->kept[i]);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static struct kept *find(struct cache *cache, struct slice key)
{
    for (size_t i = 0; i < CACHE_ANSWERS_MOST; i++)
        if (cache->kept[i].key &&
            slice_equal((struct slice){cache->kept[i].key, cache->kept[i].key_len}, key))
            return &cache->kept[i];
    return NULL;
}

struct slice cache_find(
    struct cache *cache, struct arena *arena, struct slice key, int64_t seq, int64_t most_us)
{
    struct slice data = {0};
    int64_t now_us = clock_monotonic_us();
    if (!cache)
        return data;
    pthread_mutex_lock(&cache->lock);
    struct kept *kept = find(cache, key);
    if (kept) {
        bool fresh = kept->seq == seq || now_us - kept->made_us < most_us;
        bool is_renewed = now_us - kept->renewed_us < RENEWAL_US;
        if (fresh || is_renewed)
            data = arena_copy(arena, (struct slice){kept->data, kept->data_len});
        else
            kept->renewed_us = now_us;
    }
    pthread_mutex_unlock(&cache->lock);
    return data;
}

static char *copy_of(struct slice text)
{
    char *copy = memory_take(text.len + 1);
    memcpy(copy, text.base, text.len);
    return copy;
}

void cache_keep(struct cache *cache, struct slice key, int64_t seq, struct slice data)
{
    if (!cache || data.len == 0 || data.len > CACHE_ANSWER_BYTES_MOST)
        return;
    pthread_mutex_lock(&cache->lock);
    struct kept *kept = find(cache, key);
    if (!kept) {
        kept = &cache->kept[cache->next];
        cache->next = (cache->next + 1) % CACHE_ANSWERS_MOST;
    }
    drop(kept);
    *kept =
        (struct kept){copy_of(key), copy_of(data), key.len, data.len, seq, clock_monotonic_us(), 0};
    pthread_mutex_unlock(&cache->lock);
}
