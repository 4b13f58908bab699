/* Any bytes as a price file and as LiteLLM's: whatever is taken survives writing and reading. */
#include "price/price.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena = {0};
    struct failure failure;
    struct slice text = {(const char *)bytes, n};
    struct price_table table, again;
    struct price_import report;
    if (price_parse(&arena, "fuzz", text, &table, &failure) ||
        price_import_litellm(&arena, "fuzz", text, 20000, &table, &report, &failure))
        if (!price_parse(&arena, "again", price_write(&arena, &table), &again, &failure) ||
            again.n != table.n)
            abort();
    arena_free(&arena);
    return 0;
}
