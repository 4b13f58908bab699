/* What a text looks like to the learner: hashed words and word pairs, and a few figures about
 * its surface. No text is kept: only bucket numbers, which cannot be turned back into words. */
#ifndef RUNG_EVIDENCE_FEATURES_H
#define RUNG_EVIDENCE_FEATURES_H

#include "base/slice.h"

enum {
    FEATURES_BUCKET_BITS = 17,
    FEATURES_BUCKETS = 1 << FEATURES_BUCKET_BITS,
    FEATURES_MOST = 2048,          /* different words and pairs of one text; the rest is not seen */
    FEATURES_BYTES_MOST = 1 << 16, /* of one text; what follows is not seen */
    FEATURES_SURFACE = 28,
    FEATURES_FIRST_WORDS = 4, /* also seen with their place: "how many", "implement the" */
};

/* A text is the set of its words, word pairs, first words and rounded surface figures: presence
 * tells more than counts do, so each bucket stands for 1 / sqrt(n). */
struct features {
    size_t n;
    uint32_t bucket[FEATURES_MOST]; /* each different, in order of appearance */
    float surface[FEATURES_SURFACE];
};

/* Name of a surface feature, for tests and explanations. */
const char *features_surface_name(size_t feature);

/* Scratch memory of the extraction, so that a decision allocates nothing. A zeroed one is ready;
 * each extraction leaves it zeroed. */
enum { FEATURES_SLOTS = 2 * FEATURES_MOST };
struct features_scratch {
    uint16_t slot[FEATURES_SLOTS]; /* 1 + position in bucket[], 0 where free */
    uint16_t used[FEATURES_MOST];
};

/* Words are runs of ASCII letters and bytes beyond ASCII, lower-cased, or runs of digits; pairs
 * are words that follow each other. Title and body are read as two lines of one text. */
void features_extract(struct slice title, struct slice body, struct features_scratch *scratch,
    struct features *features);

#endif
