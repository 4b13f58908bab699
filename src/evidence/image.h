/* Inside the evidence room: a flat file that is written block after block and, once mapped, read
 * in place. Each block is an array of plain values, aligned to IMAGE_ALIGNMENT. */
#ifndef RUNG_EVIDENCE_IMAGE_H
#define RUNG_EVIDENCE_IMAGE_H

#include "base/emit.h"
#include "base/failure.h"

enum { IMAGE_ALIGNMENT = 16 };

/* Appends n elements of `size` bytes, padded, to the bytes of `out`. */
void image_write(struct emit *out, const void *items, size_t n, size_t size);

/* Walks over mapped bytes; once a block does not fit, `broken` is set and every further answer is
 * NULL, so that a caller checks once at the end. */
struct image_reader {
    char *bytes; /* writable: a private mapping */
    size_t size, at;
    bool broken;
};
void *image_read(struct image_reader *reader, size_t n, size_t size);

#endif
