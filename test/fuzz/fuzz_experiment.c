/* Any bytes as a line of experiments: what is taken, written and read again is written the same. */
#include "record/record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena = {0};
    struct failure failure;
    struct experiment first, second;
    struct emit once = {0}, twice = {0};
    struct json_parser *parser = json_parser_make();
    if (record_read(&arena, parser, (struct slice){(const char *)bytes, n}, &first, &failure)) {
        record_write(&once, &first);
        if (!record_read(&arena, parser, emit_slice(&once), &second, &failure))
            abort();
        record_write(&twice, &second);
        if (!slice_equal(emit_slice(&once), emit_slice(&twice)))
            abort();
    }
    json_parser_free(parser);
    emit_free(&once);
    emit_free(&twice);
    arena_free(&arena);
    return 0;
}
