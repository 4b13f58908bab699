#include "arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK_BYTES = 4 * 1024 - 64, LARGEST_BLOCK_BYTES = 4 * 1024 * 1024, ALIGNMENT = 16 };

struct arena_block {
    struct arena_block *next;
    size_t size;
    _Alignas(ALIGNMENT) char bytes[];
};

void memory_exhausted(void)
{
    fputs("rung: out of memory\n", stderr);
    abort();
}

void *memory_take(size_t bytes)
{
    void *memory = calloc(1, bytes ? bytes : 1);
    if (!memory)
        memory_exhausted();
    return memory;
}

void *memory_resize(void *memory, size_t bytes)
{
    memory = realloc(memory, bytes ? bytes : 1);
    if (!memory)
        memory_exhausted();
    return memory;
}

/* Moves on to a block with room for `bytes`: the next kept one, or a new one twice as large. */
static void next_block(struct arena *arena, size_t bytes)
{
    struct arena_block *now = arena->current;
    struct arena_block *next = now ? now->next : arena->first;
    if (!next || next->size < bytes) {
        size_t size = now ? now->size * 2 : FIRST_BLOCK_BYTES;
        if (size > LARGEST_BLOCK_BYTES)
            size = LARGEST_BLOCK_BYTES;
        if (size < bytes)
            size = bytes;
        struct arena_block *block = malloc(sizeof(*block) + size);
        if (!block)
            memory_exhausted();
        block->size = size;
        block->next = next;
        if (now)
            now->next = block;
        else
            arena->first = block;
        next = block;
    }
    arena->current = next;
    arena->used = 0;
}

void *arena_take(struct arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX - (size_t)2 * ALIGNMENT)
        memory_exhausted();
    bytes = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (!arena->current || arena->current->size - arena->used < bytes)
        next_block(arena, bytes);
    void *memory = arena->current->bytes + arena->used;
    arena->used += bytes;
    return memset(memory, 0, bytes);
}

void *arena_take_array(struct arena *arena, size_t n, size_t size)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(n, size, &bytes))
        memory_exhausted();
    return arena_take(arena, bytes);
}

void arena_reset(struct arena *arena)
{
    arena->current = arena->first;
    arena->used = 0;
}

void arena_free(struct arena *arena)
{
    for (struct arena_block *block = arena->first, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (struct arena){0};
}

struct slice arena_copy(struct arena *arena, struct slice s)
{
    char *bytes = arena_take(arena, s.len + 1);
    if (s.len)
        memcpy(bytes, s.base, s.len);
    return (struct slice){bytes, s.len};
}

const char *arena_text(struct arena *arena, struct slice s)
{
    return arena_copy(arena, s).base;
}

struct slice arena_print(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int n = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    size_t len = n > 0 ? (size_t)n : 0;
    char *bytes = arena_take(arena, len + 1);
    vsnprintf(bytes, len + 1, format, again);
    va_end(again);
    return (struct slice){bytes, len};
}

void *arena_grow(struct arena *arena, void *items, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return items;
    size_t wanted = *room ? *room * 2 : 8;
    void *grown = arena_take_array(arena, wanted, size);
    if (n)
        memcpy(grown, items, n * size);
    *room = wanted;
    return grown;
}
