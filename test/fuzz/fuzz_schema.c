/* Any bytes as a schema and a value, parted at the first newline; as a judge's answer too. */
#include "gate/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice value = {(const char *)data, size}, schema;
    struct arena arena = {0};
    struct failure failure;
    bool is_usable;
    if (slice_next_line(&value, &schema) &&
        gate_schema_holds(schema, value, &is_usable, &failure) && !is_usable)
        __builtin_trap();
    struct agent_result answer = {.ending = AGENT_DONE, .structured = value};
    struct gate_result result;
    gate_judge_read(&arena, slice_from("judge"), &answer, 1, &result);
    arena_free(&arena);
    return 0;
}
