/* What the API may say of a batch, and what of its requests; as one review of several changes too.
 */
#include "gate/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = {(const char *)data, size};
    struct arena arena = {0};
    struct failure failure;
    const char *id;
    bool ended;
    if (agent_batch_read(&arena, bytes, &id, &ended, &failure) &&
        !agent_batch_is_id(slice_from(id)))
        __builtin_trap();
    struct policy_agent agent = {.kind = POLICY_AGENT_API};
    struct policy_rung rung = {.model = {"m", 1}, .name = {"m", 1}};
    struct agent_setup setup = {.agent = &agent, .rung = &rung};
    struct agent_reader *reader = agent_reader_make(&setup);
    struct agent_exit exit;
    agent_batch_result(&arena, bytes, "a", reader, &exit);
    agent_reader_free(reader);
    struct agent_result answer = {.ending = AGENT_DONE, .structured = bytes};
    struct gate_result results[3];
    gate_reviews_read(&arena, &answer, 1, results, 3);
    arena_free(&arena);
    return 0;
}
