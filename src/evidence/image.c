/* Blocks of plain values, one after the other. Knows nothing of what they mean. */
#include "image.h"

void image_write(struct emit *out, const void *items, size_t n, size_t size)
{
    static const char padding[IMAGE_ALIGNMENT];
    size_t bytes = n * size;
    emit_bytes(out, (struct slice){items, bytes});
    emit_bytes(out,
        (struct slice){padding, (IMAGE_ALIGNMENT - bytes % IMAGE_ALIGNMENT) % IMAGE_ALIGNMENT});
}

void *image_read(struct image_reader *reader, size_t n, size_t size)
{
    size_t bytes = 0, padded = 0;
    if (reader->broken || __builtin_mul_overflow(n, size, &bytes) ||
        __builtin_add_overflow(bytes, IMAGE_ALIGNMENT - 1, &padded)) {
        reader->broken = true;
        return NULL;
    }
    padded -= padded % IMAGE_ALIGNMENT;
    if (padded > reader->size - reader->at) {
        reader->broken = true;
        return NULL;
    }
    void *block = reader->bytes + reader->at;
    reader->at += padded;
    return block;
}
