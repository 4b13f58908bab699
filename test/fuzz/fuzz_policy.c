/* Any bytes as a policy, and as the texts that its patterns are looked for in. */
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct policy policy;
    struct policy_problems problems;
    struct policy_match matches[4];
    struct slice text = {(const char *)data, size};
    if (policy_parse(&arena, "rung.yaml", text, size % 2, &policy, &problems)) {
        policy_match(&policy, slice_sub(text, 0, 200), text, matches, 4);
        policy_rung_by_wish(&policy, slice_sub(text, 0, 20), slice_sub(text, 20, 26));
        policy_free(&policy);
    }
    if (policy_parse(&arena, NULL, policy_builtin_text(), true, &policy, NULL))
        policy_match(&policy, slice_sub(text, 0, 200), text, matches, 4);
    arena_free(&arena);
    return 0;
}
