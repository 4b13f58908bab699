/* A plan, as an agent answers it. */
#include "run/plan.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena = {0};
    struct task parts[PLAN_PARTS_MOST];
    struct failure failure;
    size_t n_parts;
    if (plan_read(&arena, (struct slice){(const char *)bytes, n}, parts, &n_parts, &failure))
        for (size_t i = 0; i < n_parts; i++)
            if (parts[i].id.len == 0)
                __builtin_trap();
    arena_free(&arena);
    return 0;
}
