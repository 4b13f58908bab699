/* Any bytes as a diff, and as the task that it was made for. */
#include "gate/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct slice forbid[] = {SLICE("*.c"), SLICE("**/x/")};
    struct policy policy = {0};
    struct policy_gate gate = {.name = SLICE("d"),
        .kind = POLICY_GATE_DIFF,
        .max_files = 2,
        .max_lines = 9,
        .keep_tests = true,
        .forbid = forbid,
        .n_forbid = 2};
    struct slice bytes = {(const char *)data, size};
    struct gate_subject subject = {
        .policy = &policy, .task = slice_sub(bytes, 0, size / 4), .diff = bytes};
    struct gate_result result;
    gate_check(&arena, &gate, &subject, &result);
    gate_check_protected(&arena, &subject, &result);
    arena_free(&arena);
    return 0;
}
