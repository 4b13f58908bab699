/* Any bytes as a policy, and as the texts that patterns are looked for in. */
#include "policy/policy.h"

static const char SMALL[] =
    "ladder: [{rung: a, model: b}]\ndefault: a\npatterns:\n"
    "- {rung: a, words: [fix ... typo, add the page, =é, memory ... leak]}\n"
    "- {rung: a, expression: \"(a|b)+c\"}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct slice text = {(const char *)data, size}, policies[] = {text, slice_from(SMALL)};
    for (size_t i = 0; i < 2; i++) {
        struct policy policy;
        struct policy_problems problems;
        struct policy_match matches[4];
        if (!policy_parse(&arena, "rung.yaml", policies[i], size % 2, &policy, &problems))
            continue;
        policy_match(&policy, slice_sub(text, 0, 200), text, matches, 4);
        policy_rung_by_wish(&policy, slice_sub(text, 0, 20), slice_sub(text, 20, 26));
        policy_free(&policy);
    }
    arena_free(&arena);
    return 0;
}
