/* What codex leaves on disk: found by its session, read beside what it printed. */
#include "unit.h"

#include "agent/agent.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"

#include <stdlib.h>

static const struct policy_rung HAIKU = {
    .name = SLICE("haiku"), .model = SLICE("claude-haiku-5-5")};
static const struct policy_agent CODEX = {.kind = POLICY_AGENT_CODEX};

struct fixture {
    struct arena arena;
    struct price_table prices;
    struct agent_setup setup;
    struct agent_reader *reader;
};

static void begin(struct fixture *fixture)
{
    *fixture = (struct fixture){.prices = price_builtin()};
    fixture->setup = (struct agent_setup){.agent = &CODEX,
        .rung = &HAIKU,
        .prices = &fixture->prices,
        .day = clock_day_from_civil((struct civil_date){2026, 11, 22})};
    fixture->reader = agent_reader_make(&fixture->setup);
}

static void end(struct fixture *fixture)
{
    agent_reader_free(fixture->reader);
    arena_free(&fixture->arena);
}

/* What codex leaves on disk: which model it asked and each request, of which one is beyond the
 * limit of the longer prompts' price. Of what it was killed at, that is all that is known. */
static const char ROLLOUT[] =
    "{\"type\":\"session_meta\",\"payload\":{\"cli_version\":\"0.169.0\"}}\n"
    "no JSON\n"
    "{\"type\":\"turn_context\",\"payload\":{\"model\":\"claude-haiku-5-5\"}}\n"
    "{\"type\":\"token_usage_record\",\"payload\":{\"response_id\":\"r1\",\"usage\":{"
    "\"input_tokens\":150000,\"cached_input_tokens\":0,\"output_tokens\":100}}}\n"
    "{\"type\":\"token_usage_record\",\"payload\":{\"response_id\":\"r2\",\"usage\":{"
    "\"input_tokens\":1000,\"cached_input_tokens\":600,\"output_tokens\":50}}}";

static void codex_is_read_from_disk(void **state)
{
    (void)state;
    static const char STREAM[] = "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":151000,"
                                 "\"cached_input_tokens\":600,\"output_tokens\":150}}\n";
    double cost_usd = (150000 * 0.5 + 100 * 2.5 + 400 * 0.1 + 600 * 0.01 + 50 * 0.5) / 1e6;
    for (int killed = 0; killed < 2; killed++) {
        struct fixture fixture;
        begin(&fixture);
        if (!killed)
            agent_reader_output(fixture.reader, slice_from(STREAM));
        agent_reader_transcript(fixture.reader, slice_from(ROLLOUT));
        struct agent_result result;
        struct agent_exit ended = {.exit_status = killed ? 143 : 0, .timed_out = killed};
        agent_reader_end(fixture.reader, &fixture.arena, &ended, &result);
        assert_int_equal(result.ending, killed ? AGENT_TIMED_OUT : AGENT_DONE);
        assert_slice(result.served, "claude-haiku-5-5");
        assert_slice(result.version, "0.169.0");
        assert_close(result.cost_usd, cost_usd, 1e-12);
        assert_false(result.band_unknown);
        assert_int_equal(result.n_warnings, 0);
        end(&fixture);
    }
}

static void codex_tells_who_answered_instead(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    agent_reader_output(fixture.reader,
        slice_from("{\"type\":\"item.completed\",\"item\":{\"type\":\"error\",\"message\":"
                   "\"model rerouted: claude-haiku-5-5 -> claude-opus-5-5 (Reason)\"}}\n"));
    agent_reader_transcript(fixture.reader, slice_from(ROLLOUT));
    struct agent_result result;
    agent_reader_end(fixture.reader, &fixture.arena, &(struct agent_exit){0}, &result);
    assert_slice(result.served, "claude-opus-5-5");
    assert_true(result.is_mismatch);
    end(&fixture);
}

/* The day stands in the session's id; nothing but an id of that form is looked for. */
static void transcripts_are_found(void **state)
{
    (void)state;
    static const char ID[] = "01a20449-67cc-72c1-9b06-fa2814a884c0"; /* 2026-11-22T17:24 UTC */
    static const char *const STRANGE[] = {"../../etc/passwd",
        "01a20449-67cc-72c1-9b06-fa2814a884c/", "01A20449-67cc-72c1-9b06-fa2814a884c0", "x"};
    struct fixture fixture;
    struct failure failure;
    char home[] = "/tmp/rung-transcript-XXXXXX";
    begin(&fixture);
    assert_non_null(mkdtemp(home));
    const char *environment[] = {"X=1", arena_print(&fixture.arena, "HOME=%s", home).base, NULL};
    const char *folder = arena_print(&fixture.arena, "%s/.codex/sessions/2026/11/23", home).base;
    const char *path =
        arena_print(&fixture.arena, "%s/rollout-2026-11-23T01-24-25-%s.jsonl", folder, ID).base;
    if (!file_make_directories(folder, 0700, &failure) ||
        !file_replace(path, slice_from(ROLLOUT), 0600, &failure))
        fail_msg("%s", failure.text);
    assert_null(agent_transcript_path(&fixture.arena, fixture.reader, environment));
    for (size_t i = 0; i < 5; i++) {
        const char *id = i < 4 ? STRANGE[i] : ID;
        agent_reader_output(
            fixture.reader, arena_print(&fixture.arena,
                                "{\"type\":\"thread.started\",\"thread_id\":\"%s\"}\n", id));
        const char *found = agent_transcript_path(&fixture.arena, fixture.reader, environment);
        if (i < 4)
            assert_null(found);
        else
            assert_string_equal(found, path);
    }
    const char *const argv[] = {"rm", "-rf", home, NULL};
    struct child_result result;
    assert_true(
        child_run(&fixture.arena, argv, (struct child_limits){1000, 10000}, &result, &failure));
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codex_is_read_from_disk),
        cmocka_unit_test(codex_tells_who_answered_instead),
        cmocka_unit_test(transcripts_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
