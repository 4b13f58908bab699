/* Readers against recorded output (claude 2.1.330, opencode 1.18 and codex 0.169 without a
 * network really recorded; the files *-done of the last two are after their documented events),
 * argument vectors, costs. */
#include "unit.h"

#include "agent/agent.h"
#include "base/clock.h"
#include "base/file.h"

#include <stdio.h>

static const struct policy_rung HAIKU = {
    .name = SLICE("haiku"), .model = SLICE("claude-haiku-5-5"), .effort = SLICE("low")};
static const struct policy_rung SONNET = {
    .name = SLICE("sonnet"), .model = SLICE("claude-sonnet-5-5")};

struct fixture {
    struct arena arena;
    struct policy_agent agent;
    struct price_table prices;
    struct agent_setup setup;
    struct agent_reader *reader;
};

static void begin(
    struct fixture *fixture, enum policy_agent_kind kind, const struct policy_rung *rung)
{
    *fixture = (struct fixture){.agent = {.kind = kind,
                                    .timeout_s = 60,
                                    .key_variable = SLICE("KEY"),
                                    .max_output_tokens = 32000},
        .prices = price_builtin()};
    fixture->setup = (struct agent_setup){.agent = &fixture->agent,
        .rung = rung,
        .prices = &fixture->prices,
        .day = clock_day_from_civil((struct civil_date){2026, 11, 22}),
        .limits = agent_usual_limits(RECORD_EXECUTE)};
}

static void end(struct fixture *fixture)
{
    agent_reader_free(fixture->reader);
    arena_free(&fixture->arena);
}

static struct agent_result read_text(
    struct fixture *fixture, struct slice text, size_t piece, struct agent_exit ended)
{
    fixture->reader = agent_reader_make(&fixture->setup);
    for (size_t at = 0; at < text.len; at += piece)
        agent_reader_output(fixture->reader, slice_sub(text, at, at + piece));
    struct agent_result result;
    agent_reader_end(fixture->reader, &fixture->arena, &ended, &result);
    return result;
}

static struct agent_result read_file(
    struct fixture *fixture, const char *name, size_t piece, int exit_status)
{
    struct failure failure;
    struct file_bytes file;
    const char *path = arena_print(&fixture->arena, "test/recorded/%s", name).base;
    if (!file_open(path, 1 << 20, &file, &failure))
        fail_msg("%s", failure.text);
    struct agent_result result =
        read_text(fixture, file.bytes, piece, (struct agent_exit){.exit_status = exit_status});
    file_close(&file);
    return result;
}

static bool warns_of(const struct agent_result *result, const char *words)
{
    for (size_t i = 0; i < result->n_warnings; i++)
        if (slice_find(result->warnings[i], words) != SIZE_MAX)
            return true;
    return false;
}

/* ---- claude ---- */

static void claude_is_read_in_pieces_of_any_size(void **state)
{
    (void)state;
    const size_t PIECES[] = {1, 7, 4096, 1 << 20};
    for (size_t i = 0; i < 4; i++) {
        struct fixture fixture;
        begin(&fixture, POLICY_AGENT_CLAUDE, &HAIKU);
        struct agent_result result = read_file(&fixture, "claude-done.jsonl", PIECES[i], 0);
        assert_int_equal(result.ending, AGENT_DONE);
        assert_slice(result.answer, "All done.");
        assert_slice(result.session, "dc0e3d4b-2b0b-46f8-be82-c129f177c9ea");
        assert_slice(result.version, "2.1.330");
        assert_slice(result.served, "claude-haiku-5-5");
        assert_false(result.is_mismatch);
        assert_int_equal(result.turns, 2);
        assert_close(result.tokens.input, 1020, 0);
        assert_close(result.tokens.output, 80, 0);
        assert_close(result.tokens.cache_read, 10000, 0);
        assert_close(result.tokens.cache_write_5m, 9000, 0);
        /* (1020 × 0.10 + 80 × 0.50 + 10000 × 0.01 + 9000 × 0.125) ÷ 10^6 */
        assert_close(result.own_usd, 0.001367, 1e-12);
        assert_close(result.reckoned_usd, 0.001367, 1e-12);
        assert_false(result.costs_differ);
        assert_false(result.band_unknown);
        assert_int_equal(result.n_warnings, 0);
        const struct agent_progress *progress = agent_reader_progress(fixture.reader);
        assert_int_equal(progress->tool_calls, 1);
        assert_int_equal(progress->edits, 1);
        assert_slice(progress->doing, "Write /repo/a.txt");
        end(&fixture);
    }
}

static void claude_endings_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        enum agent_ending ending;
        const char *error;
        int denials;
    } CASES[] = {
        {"claude-turns.jsonl", AGENT_TURN_LIMIT, "Reached maximum number of turns (2)", 0},
        {"claude-budget.jsonl", AGENT_BUDGET, "Reached maximum budget ($0.000001)", 0},
        {"claude-denied.jsonl", AGENT_TURN_LIMIT, "Reached maximum number of turns (2)", 2},
        {"claude-nokey.jsonl", AGENT_NOT_LOGGED_IN, "Not logged in · Please run /login", 0},
        {"claude-e401.jsonl", AGENT_NOT_LOGGED_IN, "Invalid API key · Fix external API key", 0},
        {"claude-e500.jsonl", AGENT_UPSTREAM, NULL, 0},
        {"claude-e529.jsonl", AGENT_RATE_LIMITED, NULL, 0},
        {"claude-rejected.jsonl", AGENT_REJECTED, "API Error: 400 temperature: no", 0},
        {"claude-context.jsonl", AGENT_CUT, NULL, 0},
        {"claude-refused.jsonl", AGENT_REFUSED, NULL, 0},
        {"claude-cut.jsonl", AGENT_CUT, NULL, 0},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
        struct fixture fixture;
        begin(&fixture, POLICY_AGENT_CLAUDE, &HAIKU);
        struct agent_result result = read_file(&fixture, CASES[i].file, 512, 1);
        assert_int_equal(result.ending, CASES[i].ending);
        if (CASES[i].error)
            assert_slice(result.error, CASES[i].error);
        assert_int_equal(result.denials, CASES[i].denials);
        assert_int_equal(warns_of(&result, "denied"), CASES[i].denials > 0);
        end(&fixture);
    }
}

static void another_model_is_a_loud_mismatch(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_AGENT_CLAUDE, &HAIKU);
    struct agent_result result = read_file(&fixture, "claude-mm.jsonl", 512, 0);
    assert_int_equal(result.ending, AGENT_DONE);
    assert_true(result.is_mismatch);
    assert_slice(result.served, "claude-sonnet-5-5");
    assert_true(warns_of(&result, "MODEL MISMATCH: claude-haiku-5-5 was decided"));
    /* The program books 10 + 5 tokens at Haiku's price; Sonnet's is (10 × 2 + 5 × 10) ÷ 10^6. */
    assert_int_equal(result.n_uses, 1);
    assert_close(result.own_usd, 3.5e-6, 1e-12);
    assert_close(result.reckoned_usd, 70e-6, 1e-12);
    assert_close(result.cost_usd, 70e-6, 1e-12);
    assert_true(result.costs_differ);
    end(&fixture);
}

static void structured_answers_come_through(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_AGENT_CLAUDE, &HAIKU);
    fixture.setup.wants_structured = true;
    struct agent_result result = read_file(&fixture, "claude-st.jsonl", 100, 0);
    assert_slice(result.structured, "{\"verdict\":\"approve\",\"findings\":[]}");
    end(&fixture);
}

/* A killed agent: no result line, but the requests that were seen were paid. */
static void a_stream_without_end_still_costs(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_AGENT_CLAUDE, &HAIKU);
    struct slice text = slice_from(
        "{\"type\":\"assistant\",\"message\":{\"id\":\"m1\",\"model\":\"claude-haiku-5-5\","
        "\"content\":[],\"usage\":{\"input_tokens\":100000,\"output_tokens\":100}}}\n"
        "{\"type\":\"assistant\",\"message\":{\"id\":\"m2\",\"model\":\"claude-haiku-5-5\","
        "\"content\":[],\"usage\":{\"input_tokens\":100001,\"output_tokens\":100}}}\n");
    struct agent_result result = read_text(&fixture, text, 64,
        (struct agent_exit){.exit_status = 137, .timed_out = true, .why = "600 s are over"});
    assert_int_equal(result.ending, AGENT_TIMED_OUT);
    assert_slice(result.error, "600 s are over");
    /* The second is beyond 100k: five times as dear. */
    assert_close(
        result.cost_usd, (100000 * 0.1 + 100 * 0.5 + 100001 * 0.5 + 100 * 2.5) / 1e6, 1e-9);
    assert_false(result.band_unknown);
    assert_close(agent_reader_progress(fixture.reader)->spend_usd, result.cost_usd, 1e-12);
    end(&fixture);
}

static void totals_alone_leave_the_band_unknown(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_AGENT_CLAUDE, &HAIKU);
    struct slice text = slice_from(
        "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":\"x\","
        "\"total_cost_usd\":0.5,\"num_turns\":9,\"modelUsage\":{\"claude-haiku-5-5\":{"
        "\"inputTokens\":150000,\"outputTokens\":1000,\"costUSD\":0.5}}}");
    struct agent_result result = read_text(&fixture, text, 1000, (struct agent_exit){0});
    assert_true(result.band_unknown);
    assert_true(warns_of(&result, "band is unknown"));
    assert_close(result.cost_usd, 0.5, 0);
    assert_close(result.reckoned_usd, (150000 * 0.1 + 1000 * 0.5) / 1e6, 1e-12);
    assert_true(result.costs_differ);
    struct agent_call call = {.rung = &HAIKU};
    struct record_attempt attempt = agent_attempt(&fixture.arena, &call, &result, 3);
    struct experiment experiment = record_blank();
    experiment.id = experiment.task_id = experiment.model_used = slice_from("x");
    experiment.success = RECORD_FAILED;
    experiment.attempts = (struct record_attempts){&attempt, 1};
    struct emit out = {0};
    record_write(&out, &experiment);
    assert_true(slice_find(emit_slice(&out), "\"band\":\"unknown\"") != SIZE_MAX);
    assert_true(slice_find(emit_slice(&out), "\"ownCost\":0.5") != SIZE_MAX);
    struct json_parser *parser = json_parser_make();
    struct failure failure;
    if (!record_read(&fixture.arena, parser, emit_slice(&out), &experiment, &failure))
        fail_msg("%s", failure.text);
    json_parser_free(parser);
    emit_free(&out);
    end(&fixture);
}

/* ---- the others ---- */

static void codex_is_read(void **state)
{
    (void)state;
    static const struct policy_rung RUNG = {.name = SLICE("gpt"),
        .model = SLICE("gpt-x"),
        .has_price = true,
        .price = {.input = 1, .output = 10, .cache_read = 0.1}};
    struct fixture fixture;
    begin(&fixture, POLICY_AGENT_CODEX, &RUNG);
    struct agent_result result = read_file(&fixture, "codex-done.jsonl", 33, 0);
    assert_int_equal(result.ending, AGENT_DONE);
    assert_slice(result.answer, "Fixed.");
    assert_slice(result.session, "0199a213-81c0-7800-8aa1-bbab2a035a53");
    assert_close(result.tokens.input, 24763 - 24448, 0);
    assert_close(result.tokens.cache_read, 24448, 0);
    assert_close(result.cost_usd, (315 * 1.0 + 24448 * 0.1 + 122 * 10.0) / 1e6, 1e-12);
    assert_true(isnan(result.own_usd));
    assert_true(warns_of(&result, "does not tell which model answered"));
    assert_int_equal(agent_reader_progress(fixture.reader)->edits, 2);
    end(&fixture);
    begin(&fixture, POLICY_AGENT_CODEX, &RUNG);
    result = read_text(&fixture,
        slice_from("{\"type\":\"error\",\"message\":\"Reconnecting 1/5\"}\n"
                   "{\"type\":\"turn.failed\",\"error\":{\"message\":\"unexpected status 401 "
                   "Unauthorized\"}}\n"),
        1000, (struct agent_exit){.exit_status = 1});
    assert_int_equal(result.ending, AGENT_NOT_LOGGED_IN);
    assert_slice(result.error, "unexpected status 401 Unauthorized");
    end(&fixture);
}

static void opencode_is_read(void **state)
{
    (void)state;
    static const struct policy_rung RUNG = {
        .name = SLICE("sonnet"), .model = SLICE("anthropic/claude-sonnet-5-5")};
    struct fixture fixture;
    begin(&fixture, POLICY_AGENT_OPENCODE, &RUNG);
    struct agent_result result = read_file(&fixture, "opencode-done.jsonl", 33, 0);
    assert_int_equal(result.ending, AGENT_DONE);
    assert_slice(result.answer, "Done.");
    assert_slice(result.session, "ses_4f2");
    assert_int_equal(result.turns, 2);
    assert_close(result.tokens.output, 150, 0);
    assert_close(result.own_usd, 0.0266, 1e-12);
    /* 2 × 2050 + 10 × 150 + 0.1 × 10000 + 2.5 × 8000 */
    assert_close(result.reckoned_usd, 0.0266, 1e-12);
    assert_false(result.costs_differ);
    end(&fixture);
}

/* Really recorded; it knew no price for the model and said 0. */
static void real_opencode_is_read(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_AGENT_OPENCODE, &HAIKU);
    struct agent_result result = read_file(&fixture, "opencode-real.jsonl", 100, 0);
    assert_int_equal(result.ending, AGENT_DONE);
    assert_slice(result.answer, "All done.");
    assert_int_equal(result.turns, 2);
    assert_close(result.own_usd, 0, 0);
    assert_close(result.reckoned_usd, 0.001367, 1e-12);
    assert_close(result.cost_usd, 0.001367, 1e-12);
    assert_true(result.costs_differ);
    const struct agent_progress *progress = agent_reader_progress(fixture.reader);
    assert_int_equal(progress->edits, 1);
    assert_slice(progress->doing, "write /repo/a.txt");
    end(&fixture);
}

/* Codex waits for the network for ever: what it said goes into the reason. */
static void codex_without_network_is_read(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_AGENT_CODEX, &HAIKU);
    struct failure failure;
    struct file_bytes file;
    assert_true(file_open("test/recorded/codex-network.jsonl", 1 << 20, &file, &failure));
    struct agent_result result = read_text(&fixture, file.bytes, 50,
        (struct agent_exit){.exit_status = 143, .timed_out = true, .why = "60 s are over"});
    file_close(&file);
    assert_int_equal(result.ending, AGENT_TIMED_OUT);
    assert_true(slice_starts(result.error, "60 s are over; it last said: Reconnecting... waiting"));
    end(&fixture);
}

static void the_api_is_read(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_AGENT_API, &HAIKU);
    struct agent_result result = read_file(&fixture, "api-done.json", 10, 0);
    assert_int_equal(result.ending, AGENT_DONE);
    assert_slice(result.answer, "Forty-two.");
    assert_slice(result.served, "claude-haiku-5-5");
    assert_close(result.cost_usd, (1000 * 0.1 + 200 * 0.5) / 1e6, 1e-12);
    end(&fixture);
    begin(&fixture, POLICY_AGENT_API, &HAIKU);
    result = read_text(&fixture,
        slice_from("{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":"
                   "\"slow down\"},\"request_id\":\"req_1\"}"),
        1000, (struct agent_exit){.exit_status = 1, .http_status = 429, .retry_after_s = 7});
    assert_int_equal(result.ending, AGENT_RATE_LIMITED);
    assert_slice(result.error, "slow down");
    assert_close(result.retry_after_s, 7, 0);
    end(&fixture);
    begin(&fixture, POLICY_AGENT_API, &HAIKU);
    result = read_text(&fixture, slice_from("<html>bad gateway</html>"), 1000,
        (struct agent_exit){.exit_status = 1, .http_status = 502});
    assert_int_equal(result.ending, AGENT_UPSTREAM);
    end(&fixture);
}

static void batches_are_written_and_read(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct failure failure;
    struct agent_start starts[2] = {
        {.input = SLICE("{\"model\":\"m\"}"), .url = "https://x/v1/messages"},
        {.input = SLICE("{}")}};
    const char *const names[] = {"run_1-r0", "run_1-r1"};
    assert_slice(agent_batch_body(&arena, starts, names, 2),
        "{\"requests\":[{\"custom_id\":\"run_1-r0\",\"params\":{\"model\":\"m\"}},"
        "{\"custom_id\":\"run_1-r1\",\"params\":{}}]}");
    assert_string_equal(
        agent_batch_url(&arena, starts, NULL, false), "https://x/v1/messages/batches");
    assert_string_equal(
        agent_batch_url(&arena, starts, "b_1", true), "https://x/v1/messages/batches/b_1/results");
    const char *id;
    bool ended;
    assert_true(agent_batch_read(&arena,
        slice_from("{\"id\":\"msgbatch_1\",\"type\":\"message_batch\",\"processing_status\":"
                   "\"canceling\"}"),
        &id, &ended, &failure));
    assert_string_equal(id, "msgbatch_1");
    assert_false(ended);
    assert_false(agent_batch_read(&arena,
        slice_from("{\"id\":\"../models\",\"type\":\"message_batch\"}"), &id, &ended, &failure));
    assert_false(agent_batch_read(&arena,
        slice_from("{\"type\":\"error\",\"error\":{\"type\":\"billing_error\",\"message\":\"no "
                   "credit\"}}"),
        &id, &ended, &failure));
    assert_non_null(strstr(failure.text, "billing_error: no credit"));

    static const char results[] =
        "{\"custom_id\":\"b\",\"result\":{\"type\":\"errored\",\"error\":{\"type\":\"error\","
        "\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}}}\n"
        "nonsense\n"
        "{\"custom_id\":\"a\",\"result\":{\"type\":\"succeeded\",\"message\":{\"id\":\"m1\","
        "\"type\":"
        "\"message\",\"model\":\"claude-haiku-5-5\",\"content\":[{\"type\":\"text\",\"text\":"
        "\"Yes\"}],"
        "\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":1000,\"output_tokens\":200}}}}\n"
        "{\"custom_id\":\"c\",\"result\":{\"type\":\"expired\"}}\n";
    static const struct {
        const char *name;
        enum agent_ending ending;
    } wanted[] = {{"a", AGENT_DONE}, {"b", AGENT_RATE_LIMITED}, {"c", AGENT_NOT_STARTED},
        {"d", AGENT_NOT_STARTED}};
    for (size_t i = 0; i < 4; i++) {
        struct fixture fixture;
        struct agent_exit exit;
        struct agent_result result;
        begin(&fixture, POLICY_AGENT_API, &HAIKU);
        struct agent_reader *reader = agent_reader_make(&fixture.setup);
        assert_int_equal(
            agent_batch_result(&fixture.arena, slice_from(results), wanted[i].name, reader, &exit),
            i < 3);
        agent_reader_end(reader, &fixture.arena, &exit, &result);
        assert_int_equal(result.ending, wanted[i].ending);
        if (i == 0) {
            double usd = (1000 * 0.1 + 200 * 0.5) / 1e6;
            assert_slice(result.answer, "Yes");
            agent_result_discount(&fixture.arena, "msgbatch_1", AGENT_BATCH_FACTOR, &result);
            assert_close(result.cost_usd, usd / 2, 1e-12);
            struct agent_result part = agent_result_share(&fixture.arena, &result, 0.25);
            assert_close(part.cost_usd, usd / 8, 1e-12);
            assert_close(part.tokens.input, 250, 1e-9);
            assert_close(part.uses[0].reckoned_usd, usd / 8, 1e-12);
        }
        agent_reader_free(reader);
        end(&fixture);
    }
    arena_free(&arena);
}

static void a_declared_program_is_read(void **state)
{
    (void)state;
    static const struct policy_agent_paths PATHS = {.answer = SLICE("result.text"),
        .cost_usd = SLICE("usage.cost"),
        .model = SLICE("model"),
        .input = SLICE("usage.in"),
        .output = SLICE("usage.out"),
        .error = SLICE("error"),
        .session = SLICE("ids.1")};
    static const char *const TEXTS[] = {
        "{\"model\":\"claude-haiku-5-5\",\"result\":{\"text\":\"yes\"},\"ids\":[0,\"s\"],"
        "\"usage\":{\"in\":1000,\"out\":100,\"cost\":0.00015}}",
        "{\n  \"model\": \"claude-haiku-5-5\",\n  \"result\": {\"text\": \"yes\"},\n"
        "\"ids\":[0,\"s\"],\"usage\": {\"in\": 1000, \"out\": 100, \"cost\": 0.00015}\n}\n",
        "{\"ids\":[0,\"s\"],\"model\":\"claude-haiku-5-5\"}\nnoise\n"
        "{\"result\":{\"text\":\"yes\"},\"usage\":{\"in\":1000,\"out\":100,\"cost\":0.00015}}\n",
    };
    for (size_t i = 0; i < 3; i++) {
        struct fixture fixture;
        begin(&fixture, POLICY_AGENT_COMMAND, &HAIKU);
        fixture.agent.result_is_json = true;
        fixture.agent.paths = PATHS;
        struct agent_result result =
            read_text(&fixture, slice_from(TEXTS[i]), 11, (struct agent_exit){0});
        assert_int_equal(result.ending, AGENT_DONE);
        assert_slice(result.answer, "yes");
        assert_slice(result.session, "s");
        assert_close(result.own_usd, 0.00015, 1e-12);
        assert_close(result.reckoned_usd, 0.00015, 1e-12);
        end(&fixture);
    }
    struct fixture fixture;
    begin(&fixture, POLICY_AGENT_COMMAND, &HAIKU);
    struct agent_result result =
        read_text(&fixture, slice_from("hello\n"), 3, (struct agent_exit){0});
    assert_int_equal(result.ending, AGENT_DONE);
    assert_slice(result.answer, "hello\n");
    assert_true(isnan(result.cost_usd));
    end(&fixture);
}

static void garbage_is_called_garbage(void **state)
{
    (void)state;
    for (int kind = POLICY_AGENT_CLAUDE; kind <= POLICY_AGENT_API; kind++) {
        if (kind == POLICY_AGENT_COMMAND)
            continue;
        struct fixture fixture;
        begin(&fixture, (enum policy_agent_kind)kind, &HAIKU);
        struct agent_result result = read_text(&fixture,
            slice_from("\x1b[31mpanic\x1b[0m\n{\"type\":7}\n[[[\n"), 5, (struct agent_exit){0});
        assert_int_equal(result.ending, AGENT_GARBAGE);
        assert_true(slice_find_byte(result.error, '\x1b') == SIZE_MAX);
        end(&fixture);
    }
}

static void memory_stays_bounded(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_AGENT_CLAUDE, &HAIKU);
    fixture.reader = agent_reader_make(&fixture.setup);
    static char bytes[1 << 20];
    memset(bytes, 'x', sizeof(bytes));
    for (int i = 0; i < 64; i++) /* one line of 64 MB */
        agent_reader_output(fixture.reader, (struct slice){bytes, sizeof(bytes)});
    agent_reader_output(fixture.reader,
        slice_from("\n{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,"
                   "\"result\":\"ok\",\"total_cost_usd\":0}\n"));
    struct agent_result result;
    agent_reader_end(fixture.reader, &fixture.arena, &(struct agent_exit){0}, &result);
    assert_int_equal(result.ending, AGENT_DONE);
    assert_true(warns_of(&result, "1 lines of its output could not be read"));
    end(&fixture);
}

static void trouble_is_signalled(void **state)
{
    (void)state;
    static const char CALL[] =
        "{\"type\":\"assistant\",\"message\":{\"id\":\"m%d\",\"model\":\"claude-haiku-5-5\","
        "\"content\":[{\"type\":\"tool_use\",\"name\":\"%s\",\"input\":{\"path\":\"%d\"}}],"
        "\"usage\":{\"input_tokens\":1000}}}\n"
        "{\"type\":\"user\",\"message\":{\"content\":[{\"type\":\"tool_result\",\"is_error\":%s}]}}"
        "\n";
    static const struct {
        const char *tool, *is_error;
        int step; /* 0: the same input each time */
        struct agent_limits limits;
        enum agent_signal signal;
        int after;
    } CASES[] = {
        {"Read", "false", 0, {.same_calls = 4}, AGENT_SAME_CALL, 4},
        {"Read", "true", 1, {.errors_in_a_row = 3}, AGENT_ERRORS_IN_A_ROW, 3},
        {"Read", "false", 1, {.turns_without_change = 5}, AGENT_NOTHING_CHANGED, 5},
        {"Edit", "false", 1, {.turns_without_change = 5}, AGENT_QUIET, 20},
        /* 1000 tokens of Haiku are $0.0001 */
        {"Edit", "false", 1, {.budget_usd = 0.00065}, AGENT_OVER_BUDGET, 7},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
        struct fixture fixture;
        begin(&fixture, POLICY_AGENT_CLAUDE, &HAIKU);
        fixture.setup.limits = CASES[i].limits;
        fixture.reader = agent_reader_make(&fixture.setup);
        int n = 0;
        while (n < 20 && agent_reader_progress(fixture.reader)->signal == AGENT_QUIET) {
            char line[600];
            snprintf(
                line, sizeof(line), CALL, n, CASES[i].tool, n * CASES[i].step, CASES[i].is_error);
            agent_reader_output(fixture.reader, slice_from(line));
            n++;
        }
        assert_int_equal(agent_reader_progress(fixture.reader)->signal, CASES[i].signal);
        assert_int_equal(n, CASES[i].after);
        end(&fixture);
    }
}

/* Each request costs $0.000117, of which its beginning tells 0.0001025. It is stopped before the
 * request after the one that passed the line, and nothing of what was spent is missed. */
static void spend_is_known_when_stopped(void **state)
{
    (void)state;
    struct fixture fixture;
    struct file_bytes file;
    struct slice line;
    int requests = 0;
    begin(&fixture, POLICY_AGENT_CLAUDE, &HAIKU);
    fixture.setup.limits.budget_usd = 0.0002;
    fixture.reader = agent_reader_make(&fixture.setup);
    const struct agent_progress *progress = agent_reader_progress(fixture.reader);
    if (!file_open("test/recorded/claude-events.jsonl", 1 << 20, &file, NULL))
        fail_msg("the recording is missing");
    struct slice rest = file.bytes;
    while (progress->signal == AGENT_QUIET && slice_next_line(&rest, &line)) {
        requests += slice_find(line, "\"requesting\"") != SIZE_MAX;
        agent_reader_output(fixture.reader, arena_print(&fixture.arena, "%.*s\n", SLICE_ARG(line)));
    }
    assert_int_equal(progress->signal, AGENT_OVER_BUDGET);
    assert_int_equal(requests, 3);
    assert_close(progress->spend_usd, 0.000234, 1e-12);
    struct agent_result result;
    struct agent_exit ended = {.exit_status = 143, .stopped = true, .why = "its budget was spent"};
    agent_reader_end(fixture.reader, &fixture.arena, &ended, &result);
    assert_int_equal(result.ending, AGENT_BUDGET);
    assert_close(result.cost_usd, 0.000234, 1e-12);
    file_close(&file);
    end(&fixture);
}

/* As opencode 1.18 told it of a stand-in's answer. */
static void opencode_tells_how_long_to_wait(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_AGENT_OPENCODE, &HAIKU);
    struct agent_result result = read_text(&fixture,
        slice_from("{\"type\":\"error\",\"sessionID\":\"ses_1\",\"error\":{\"name\":\"APIError\","
                   "\"data\":{"
                   "\"message\":\"slow "
                   "down\",\"statusCode\":429,\"isRetryable\":true,\"responseHeaders\":{"
                   "\"retry-after\":\"12\"}}}}\n"),
        50, (struct agent_exit){.exit_status = 1});
    assert_int_equal(result.ending, AGENT_RATE_LIMITED);
    assert_close(result.retry_after_s, 12, 0);
    end(&fixture);
}

/* What killed the process that kept it is not believed, whatever it says at last. */
static void who_gets_away_has_failed(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_AGENT_CLAUDE, &HAIKU);
    struct agent_result result = read_text(&fixture,
        slice_from("{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,"
                   "\"result\":\"done\"}\n"),
        100, (struct agent_exit){.stopped = true, .unkept = true, .why = "its keeper was killed"});
    assert_int_equal(result.ending, AGENT_FAILED);
    assert_slice(result.error, "its keeper was killed");
    end(&fixture);
}

/* Where no price is known, a step's own figure ends the agent at its line. */
static void own_figures_hold_a_budget(void **state)
{
    (void)state;
    static const struct policy_rung UNPRICED = {.name = SLICE("r"), .model = SLICE("x/unpriced")};
    static const char STEP[] = "{\"type\":\"step_finish\",\"part\":{\"id\":\"p%d\",\"reason\":"
                               "\"tool-calls\",\"tokens\":{\"input\":5},\"cost\":0.25}}\n";
    struct fixture fixture;
    char line[200];
    begin(&fixture, POLICY_AGENT_OPENCODE, &UNPRICED);
    fixture.setup.limits.budget_usd = 0.4;
    fixture.reader = agent_reader_make(&fixture.setup);
    const struct agent_progress *progress = agent_reader_progress(fixture.reader);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(progress->signal, AGENT_QUIET);
        snprintf(line, sizeof(line), STEP, i);
        agent_reader_output(fixture.reader, slice_from(line));
    }
    assert_int_equal(progress->signal, AGENT_OVER_BUDGET);
    assert_close(progress->spend_usd, 0.5, 1e-12);
    end(&fixture);
}

/* A wait that the agent obeys by itself is told, so that others wait too; a broken line is not. */
static void waits_are_told(void **state)
{
    (void)state;
    static const char RETRY[] = "{\"type\":\"system\",\"subtype\":\"api_retry\",\"attempt\":1,"
                                "\"retry_delay_ms\":%d,\"error_status\":%s}\n";
    struct fixture fixture;
    char line[300];
    begin(&fixture, POLICY_AGENT_CLAUDE, &HAIKU);
    fixture.reader = agent_reader_make(&fixture.setup);
    const struct agent_progress *progress = agent_reader_progress(fixture.reader);
    static const char *const OTHERS[] = {"500", "null", "null,\"error\":\"unknown\""};
    for (size_t i = 0; i < 3; i++) {
        snprintf(line, sizeof(line), RETRY, 9000, OTHERS[i]);
        agent_reader_output(fixture.reader, slice_from(line));
        assert_int_equal(progress->retries, 0);
    }
    snprintf(line, sizeof(line), RETRY, 2286, "429");
    assert_true(agent_reader_output(fixture.reader, slice_from(line)));
    assert_int_equal(progress->retries, 1);
    assert_close(progress->retry_after_s, 2.286, 1e-9);
    end(&fixture);
}

/* ---- starting ---- */

static const char *const ENVIRONMENT[] = {"PATH=/bin", "GIT_DIR=/evil", "RUNG_MODEL=other",
    "CLAUDECODE=1", "ANTHROPIC_API_KEY=k", "KEY=secret", NULL};

static struct slice line_of(struct arena *arena, const char *const *words)
{
    struct slice line = {"", 0};
    for (size_t i = 0; words[i]; i++)
        line = arena_print(arena, "%.*s%s%s", SLICE_ARG(line), i ? "|" : "", words[i]);
    return line;
}

static void arguments_are_built(void **state)
{
    (void)state;
    struct fixture fixture;
    struct agent_start start;
    struct failure failure;
    struct slice allow[] = {SLICE("Edit"), SLICE("Bash(make *)")};
    struct agent_call call = {.rung = &HAIKU,
        .prompt = SLICE("--evil $(touch x)"),
        .directory = "/w",
        .scratch = "/s",
        .session = "u-1",
        .budget_usd = 0.5};
    begin(&fixture, POLICY_AGENT_CLAUDE, &HAIKU);
    assert_true(
        agent_prepare(&fixture.arena, &fixture.agent, &call, ENVIRONMENT, &start, &failure));
    assert_slice(line_of(&fixture.arena, start.argv),
        "claude|-p|--output-format|stream-json|--verbose|--include-partial-messages|--model|claude-"
        "haiku-5-5|--effort|low|"
        "--max-budget-usd|0.500000|--session-id|u-1");
    assert_slice(start.input, "--evil $(touch x)");
    assert_slice(line_of(&fixture.arena, start.environment),
        "PATH=/bin|ANTHROPIC_API_KEY=k|KEY=secret|RUNG_RUNG=haiku|RUNG_MODEL=claude-haiku-5-5|"
        "RUNG_EFFORT=low|RUNG_PHASE=execute|PWD=/w");
    fixture.agent.permission = slice_from("acceptEdits");
    fixture.agent.allow = allow;
    fixture.agent.n_allow = 2;
    fixture.agent.max_turns = 30;
    assert_true(
        agent_prepare(&fixture.arena, &fixture.agent, &call, ENVIRONMENT, &start, &failure));
    assert_true(slice_find(line_of(&fixture.arena, start.argv),
                    "|--permission-mode|acceptEdits|--allowedTools=Edit,Bash(make *)|"
                    "--max-turns|30|") != SIZE_MAX);
    call.phase = RECORD_JUDGE; /* reads only, whatever the policy allows to the worker */
    assert_true(
        agent_prepare(&fixture.arena, &fixture.agent, &call, ENVIRONMENT, &start, &failure));
    assert_true(
        slice_find(line_of(&fixture.arena, start.argv), "|--tools=Read,Grep,Glob|") != SIZE_MAX);
    assert_true(slice_find(line_of(&fixture.arena, start.argv), "acceptEdits") == SIZE_MAX);
    end(&fixture);
}

static void options_cannot_be_smuggled(void **state)
{
    (void)state;
    struct fixture fixture;
    struct agent_start start;
    struct failure failure;
    begin(&fixture, POLICY_AGENT_CLAUDE, &HAIKU);
    struct policy_rung evil = {
        .name = SLICE("e"), .model = SLICE("--dangerously-skip-permissions")};
    struct agent_call call = {.rung = &evil, .directory = "/w", .scratch = "/s"};
    assert_false(
        agent_prepare(&fixture.arena, &fixture.agent, &call, ENVIRONMENT, &start, &failure));
    evil.model = slice_from("m");
    evil.effort = slice_from("minimal");
    assert_false(
        agent_prepare(&fixture.arena, &fixture.agent, &call, ENVIRONMENT, &start, &failure));
    assert_string_equal(failure.text, "claude knows no effort \"minimal\", which rung e asks for");
    evil.effort = (struct slice){"", 0};
    call.session = "-x";
    assert_false(
        agent_prepare(&fixture.arena, &fixture.agent, &call, ENVIRONMENT, &start, &failure));
    end(&fixture);
}

static void other_agents_are_started(void **state)
{
    (void)state;
    struct fixture fixture;
    struct agent_start start;
    struct failure failure;
    struct agent_call call = {.rung = &HAIKU,
        .prompt = SLICE("do"),
        .directory = "/w",
        .scratch = "/s",
        .schema = SLICE("{}")};
    begin(&fixture, POLICY_AGENT_CODEX, &HAIKU);
    fixture.agent.permission = slice_from("workspace-write");
    assert_true(
        agent_prepare(&fixture.arena, &fixture.agent, &call, ENVIRONMENT, &start, &failure));
    assert_slice(line_of(&fixture.arena, start.argv),
        "codex|exec|--json|--skip-git-repo-check|-m|claude-haiku-5-5|-c|"
        "model_reasoning_effort=\"low\"|-s|workspace-write|--output-schema|"
        "/s/answer-schema.json|-C|/w|-");
    assert_int_equal(start.n_files, 1);
    end(&fixture);
    begin(&fixture, POLICY_AGENT_OPENCODE, &HAIKU);
    call.phase = RECORD_REVIEW_PHASE;
    assert_true(
        agent_prepare(&fixture.arena, &fixture.agent, &call, ENVIRONMENT, &start, &failure));
    assert_slice(line_of(&fixture.arena, start.argv),
        "opencode|run|--format|json|--title|rung|-m|claude-haiku-5-5|--variant|low|--agent|plan");
    end(&fixture);
    begin(&fixture, POLICY_AGENT_COMMAND, &HAIKU);
    struct slice command[] = {
        SLICE("agent"), SLICE("--model={model}"), SLICE("{prompt_file}"), SLICE("{{effort}}{x}")};
    fixture.agent.command = command;
    fixture.agent.n_command = 4;
    assert_true(
        agent_prepare(&fixture.arena, &fixture.agent, &call, ENVIRONMENT, &start, &failure));
    assert_slice(line_of(&fixture.arena, start.argv),
        "agent|--model=claude-haiku-5-5|/s/prompt.txt|{low}{x}");
    assert_int_equal(start.n_files, 1);
    assert_slice(start.files[0].bytes, "do");
    assert_int_equal(start.input.len, 0);
    end(&fixture);
}

static void the_api_keeps_its_budget(void **state)
{
    (void)state;
    struct fixture fixture;
    struct agent_start start;
    struct failure failure;
    begin(&fixture, POLICY_AGENT_API, &SONNET);
    struct agent_call call = {.rung = &SONNET,
        .prompt = SLICE("What is 6 x 7?"),
        .directory = "/w",
        .scratch = "/s",
        .budget_usd = 0.0201,
        .prices = &fixture.prices,
        .day = fixture.setup.day};
    assert_true(
        agent_prepare(&fixture.arena, &fixture.agent, &call, ENVIRONMENT, &start, &failure));
    assert_string_equal(start.url, "https://api.anthropic.com/v1/messages");
    assert_string_equal(start.headers[2], "x-api-key: secret");
    /* (0.0201 - (14 + 1000) × 2 ÷ 10^6) ÷ 10 × 10^6 */
    assert_true(slice_find(start.input, "\"max_tokens\":1807,") != SIZE_MAX);
    call.budget_usd = 0.002;
    assert_false(
        agent_prepare(&fixture.arena, &fixture.agent, &call, ENVIRONMENT, &start, &failure));
    fixture.agent.key_variable = slice_from("ABSENT");
    call.budget_usd = 0;
    assert_false(
        agent_prepare(&fixture.arena, &fixture.agent, &call, ENVIRONMENT, &start, &failure));
    end(&fixture);
}

static void models_are_compared(void **state)
{
    (void)state;
    static const struct {
        const char *decided, *served;
        bool same;
    } CASES[] = {
        {"claude-haiku-5-5", "claude-haiku-5-5", true},
        {"claude-haiku-4-5", "claude-haiku-4-5-20251001", true},
        {"haiku", "claude-haiku-5-5", true},
        {"claude-sonnet-4-5[1m]", "claude-sonnet-4-5", true},
        {"anthropic/claude-sonnet-5-5", "claude-sonnet-5-5", true},
        {"claude-haiku-5-5", "claude-sonnet-5-5", false},
        {"claude-opus-5", "claude-opus-5-5", false},
        {"haiku", "claude-sonnet-5-5", false},
        {"claude-haiku-5-5", "", false},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++)
        assert_int_equal(agent_is_model(slice_from(CASES[i].decided), slice_from(CASES[i].served)),
            CASES[i].same);
}

static void sessions_are_uuids(void **state)
{
    (void)state;
    struct dice dice = dice_from_seed(1);
    char id[AGENT_SESSION_BYTES], other[AGENT_SESSION_BYTES];
    agent_make_session(&dice, id);
    agent_make_session(&dice, other);
    assert_int_equal(strlen(id), 36);
    assert_int_equal(id[14], '4');
    assert_string_not_equal(id, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claude_is_read_in_pieces_of_any_size),
        cmocka_unit_test(claude_endings_are_told_apart),
        cmocka_unit_test(another_model_is_a_loud_mismatch),
        cmocka_unit_test(structured_answers_come_through),
        cmocka_unit_test(a_stream_without_end_still_costs),
        cmocka_unit_test(totals_alone_leave_the_band_unknown),
        cmocka_unit_test(codex_is_read),
        cmocka_unit_test(opencode_is_read),
        cmocka_unit_test(real_opencode_is_read),
        cmocka_unit_test(codex_without_network_is_read),
        cmocka_unit_test(the_api_is_read),
        cmocka_unit_test(batches_are_written_and_read),
        cmocka_unit_test(a_declared_program_is_read),
        cmocka_unit_test(garbage_is_called_garbage),
        cmocka_unit_test(memory_stays_bounded),
        cmocka_unit_test(trouble_is_signalled),
        cmocka_unit_test(spend_is_known_when_stopped),
        cmocka_unit_test(opencode_tells_how_long_to_wait),
        cmocka_unit_test(who_gets_away_has_failed),
        cmocka_unit_test(own_figures_hold_a_budget),
        cmocka_unit_test(waits_are_told),
        cmocka_unit_test(arguments_are_built),
        cmocka_unit_test(options_cannot_be_smuggled),
        cmocka_unit_test(other_agents_are_started),
        cmocka_unit_test(the_api_keeps_its_budget),
        cmocka_unit_test(models_are_compared),
        cmocka_unit_test(sessions_are_uuids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
