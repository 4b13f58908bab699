/* Numbers labels. Receives label texts, hands on numbers and families; refuses to know tasks. */
#include "labels.h"

#include <string.h>

static size_t find_slot(const struct labels *labels, struct slice name)
{
    size_t at = (size_t)slice_hash(name) & (labels->n_slots - 1);
    while (labels->slots[at] && !slice_equal(labels->names[labels->slots[at] - 1], name))
        at = (at + 1) & (labels->n_slots - 1);
    return at;
}

uint32_t labels_find(const struct labels *labels, struct slice name)
{
    if (!labels->n)
        return LABELS_UNKNOWN;
    uint32_t slot = labels->slots[find_slot(labels, name)];
    return slot ? slot - 1 : LABELS_UNKNOWN;
}

static void grow_slots(struct labels *labels, struct arena *arena)
{
    labels->n_slots = labels->n_slots ? labels->n_slots * 2 : 64;
    labels->slots = ARENA_ARRAY(arena, uint32_t, labels->n_slots);
    for (size_t i = 0; i < labels->n; i++)
        labels->slots[find_slot(labels, labels->names[i])] = (uint32_t)i + 1;
}

static uint32_t family_of(struct labels *labels, struct arena *arena, struct slice name)
{
    size_t end = 0;
    while (end < name.len && name.base[end] != ':' && name.base[end] != '/')
        end++;
    struct slice family = end < name.len ? slice_sub(name, 0, end + 1) : (struct slice){0};
    for (size_t i = 0; i < labels->n_families; i++)
        if (slice_equal(labels->family_names[i], family))
            return (uint32_t)i;
    labels->family_names = arena_grow(arena, labels->family_names, labels->n_families,
        &labels->family_names_room, sizeof(*labels->family_names));
    labels->family_names[labels->n_families] = family;
    return (uint32_t)labels->n_families++;
}

uint32_t labels_add(struct labels *labels, struct arena *arena, struct slice name, size_t most)
{
    uint32_t known = labels_find(labels, name);
    if (known != LABELS_UNKNOWN || labels->n == most)
        return known;
    name = arena_copy(arena, name);
    labels->names =
        arena_grow(arena, labels->names, labels->n, &labels->names_room, sizeof(*labels->names));
    labels->families = arena_grow(
        arena, labels->families, labels->n, &labels->families_room, sizeof(*labels->families));
    labels->names[labels->n] = name;
    labels->families[labels->n] = family_of(labels, arena, name);
    labels->n++;
    if (labels->n * 2 > labels->n_slots)
        grow_slots(labels, arena);
    else
        labels->slots[find_slot(labels, name)] = (uint32_t)labels->n;
    return (uint32_t)labels->n - 1;
}

void labels_copy(struct labels *to, struct arena *arena, const struct labels *from)
{
    *to = (struct labels){0};
    for (size_t i = 0; i < from->n; i++)
        labels_add(to, arena, from->names[i], from->n);
}
