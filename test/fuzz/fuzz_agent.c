/* Any bytes as the output of an agent, in two pieces, and as what it leaves on disk; the kind of
 * agent is given at compile time. */
#include "agent/agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct policy_rung RUNG = {.name = SLICE("r"), .model = SLICE("claude-haiku-5-5")};
    struct policy_agent agent = {.kind = FUZZ_KIND,
        .result_is_json = size % 2,
        .paths = {.answer = SLICE("a.0.b"), .cost_usd = SLICE("c"), .input = SLICE("d")}};
    struct price_table prices = price_builtin();
    struct agent_setup setup = {&agent, &RUNG, &prices, 20780, agent_usual_limits(0), size % 3};
    struct agent_reader *reader = agent_reader_make(&setup);
    struct slice bytes = {(const char *)data, size};
    agent_reader_output(reader, slice_sub(bytes, 0, size / 3));
    agent_reader_output(reader, slice_sub(bytes, size / 3, size));
    if (size % 2)
        agent_reader_transcript(reader, bytes);
    struct arena arena = {0};
    struct agent_result result;
    agent_reader_end(reader, &arena, &(struct agent_exit){.exit_status = size % 5 == 0}, &result);
    struct agent_call call = {.rung = &RUNG};
    agent_attempt(&arena, &call, &result, 1);
    agent_reader_free(reader);
    arena_free(&arena);
    return 0;
}
