/* Labels by number. A label's family is what stands before its first ':' or '/', itself
 * included ("subject:", "size/"); labels without one are of one family. */
#ifndef RUNG_EVIDENCE_LABELS_H
#define RUNG_EVIDENCE_LABELS_H

#include "base/arena.h"

enum { LABELS_UNKNOWN = UINT32_MAX };

struct labels {
    struct slice *names;
    uint32_t *families; /* of each label */
    size_t n, names_room, families_room;
    size_t n_families;
    struct slice *family_names;
    size_t family_names_room;
    uint32_t *slots; /* 1 + number, 0 where free */
    size_t n_slots;
};

/* The number of a label, or LABELS_UNKNOWN. */
uint32_t labels_find(const struct labels *labels, struct slice name);

/* The same, adding it (copied into the arena) where it is new; LABELS_UNKNOWN when `most` are
 * there already. */
uint32_t labels_add(struct labels *labels, struct arena *arena, struct slice name, size_t most);

/* A copy with the same numbers. */
void labels_copy(struct labels *to, struct arena *arena, const struct labels *from);

#endif
