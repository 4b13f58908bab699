/* An arena hands out memory that is given back all at once. Everything made for one task lives
 * in the task's arena and dies with it. Running out of memory ends the program. */
#ifndef RUNG_BASE_ARENA_H
#define RUNG_BASE_ARENA_H

#include "slice.h"

struct arena_block;

struct arena {
    struct arena_block *first, *current;
    size_t used; /* bytes used of the current block */
};

/* A zeroed `struct arena` is ready for use. */
void *arena_take(
    struct arena *arena, size_t bytes) NEVER_NULL; /* zeroed, aligned for any type; never NULL */
void arena_reset(struct arena *arena);             /* forgets all, keeps the blocks for reuse */
void arena_free(struct arena *arena);              /* gives every block back */

/* An array of n elements of the size of `type`; the multiplication is checked. */
#define ARENA_ARRAY(arena, type, n) ((type *)arena_take_array((arena), (n), sizeof(type)))
void *arena_take_array(struct arena *arena, size_t n, size_t size) NEVER_NULL;

/* Copies that end in a NUL which is not counted in their length. */
struct slice arena_copy(struct arena *arena, struct slice s);
const char *arena_text(struct arena *arena, struct slice s); /* as a C string, cut at a NUL */
struct slice arena_print(struct arena *arena, const char *format, ...) FORMAT(2, 3);

/* Makes room for element number `n` in an array that grows by doubling:
 *     items = arena_grow(arena, items, n, &room, sizeof(*items)); items[n++] = x; */
void *arena_grow(struct arena *arena, void *items, size_t n, size_t *room, size_t size);

/* For the few things that outlive every task: malloc and realloc that never return NULL. */
void *memory_take(size_t bytes) NEVER_NULL;
void *memory_resize(void *memory, size_t bytes) NEVER_NULL;
NEVER_RETURNS void memory_exhausted(void);

#endif
