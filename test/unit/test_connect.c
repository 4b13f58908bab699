/* The JSON splicer against texts whose bytes are known, settings in and out, and transcripts. */
#include "../../src/connect/splice.h"
#include "base/clock.h"
#include "connect/connect.h"
#include "unit.h"

#include <stdio.h>

static struct slice set(struct arena *arena, const char *text, const char *key, const char *value)
{
    struct slice s = slice_from(text);
    return splice_set(arena, s, slice_trim(s), key, slice_from(value));
}

static void test_set(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_slice(set(&arena, "{}", "a", "1"), "{\"a\": 1}");
    assert_slice(set(&arena, "{ }", "a", "1"), "{\"a\": 1}");
    assert_slice(set(&arena, "{\"a\" : [1,{}]}", "a", "2"), "{\"a\" : 2}");
    assert_slice(set(&arena, "{\"b\":\"}\\\"\"}", "a", "1"), "{\"b\":\"}\\\"\", \"a\": 1}");
    assert_slice(set(&arena, "{\n\t\"b\": 2\n}\n", "a", "1"), "{\n\t\"b\": 2,\n\t\"a\": 1\n}\n");
    assert_slice(set(&arena, "{\"a\": 1, \"a\": 2}", "a", "3"), "{\"a\": 3, \"a\": 2}");
    assert_slice(set(&arena, "{\"x\": {\"a\": 1}}", "a", "2"), "{\"x\": {\"a\": 1}, \"a\": 2}");
    assert_slice(set(&arena, "{\n}\n", "a", "1"), "{\n  \"a\": 1\n}\n");
    arena_free(&arena);
}

/* What was put last is taken out to the byte, whatever stood before. */
static void test_remove_undoes(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"b\":1}", "{\n  \"b\" : [ ]\n}\n",
        "{ \"b\":1 , \"c\":2 }", "{\"b\": {\"c\": [1, 2, {\"d\": \"]\"}]}}"};
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct slice with = set(&arena, texts[i], "new", "[true]");
        struct splice_walk walk = splice_walk_over(slice_trim(with));
        struct slice item = {0};
        while (splice_next(&walk))
            if (slice_is(walk.key, "new"))
                item = walk.item;
        assert_slice(item, "\"new\": [true]");
        assert_slice(splice_remove(&arena, with, slice_trim(with), item), texts[i]);
    }
    arena_free(&arena);
}

static void test_remove_first(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct slice text = slice_from("[1, 2, 3]");
    struct splice_walk walk = splice_walk_over(text);
    assert_true(splice_next(&walk));
    assert_slice(splice_remove(&arena, text, text, walk.item), "[2, 3]");
    assert_true(splice_next(&walk));
    assert_slice(splice_remove(&arena, text, text, walk.item), "[1, 3]");
    arena_free(&arena);
}

static void test_answer_needs_an_object(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct connect_hook hook;
    struct failure failure;
    assert_false(connect_hook_read(&arena, slice_from("[]"), &hook, &failure));
    assert_true(connect_hook_read(&arena,
        slice_from("{\"hook_event_name\":\"PreToolUse\",\"tool_name\":\"Agent\","
                   "\"tool_inpu\\u0074\":{\"prompt\":\"x\"}}"),
        &hook, &failure));
    assert_false(hook.is_agent_call); /* its bytes cannot be told: it stays as it is */
    arena_free(&arena);
}

static void test_alias(void **state)
{
    (void)state;
    assert_string_equal(connect_claude_alias(slice_from("claude-haiku-5-5")), "haiku");
    assert_string_equal(connect_claude_alias(slice_from("claude-opus-4-1-20250805")), "opus");
    assert_null(connect_claude_alias(slice_from("gpt-5-mini")));
}

/* As Claude Code notes it where the upstream tells cache writes in one number. */
static const char ANSWER[] = "{\"type\":\"assistant\",\"timestamp\":\"2026-11-22T10:00:0%d.000Z\","
                             "\"message\":{\"id\":\"m%d\","
                             "\"model\":\"%s\",\"usage\":{\"input_tokens\":%d,\"output_tokens\":%d,"
                             "\"cache_creation_input_tokens\":100,\"cache_creation\":{"
                             "\"ephemeral_5m_input_tokens\":0,"
                             "\"ephemeral_1h_input_tokens\":0}}}}\n";

static void test_transcript(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct price_table prices = price_builtin();
    struct connect_transcript transcript;
    char text[4096];
    int n = snprintf(text, sizeof(text), ANSWER, 1, 1, "claude-sonnet-5-5", 1000, 1);
    n += snprintf(text + n, sizeof(text) - (size_t)n, ANSWER, 2, 1, "claude-sonnet-5-5", 1000, 50);
    n += snprintf(text + n, sizeof(text) - (size_t)n, "{\"timestamp\": broken\n");
    n += snprintf(text + n, sizeof(text) - (size_t)n, ANSWER, 4, 2, "claude-haiku-5-5", 10, 20);
    n += snprintf(text + n, sizeof(text) - (size_t)n, ANSWER, 5, 3, "claude-haiku-5-5", 10, 20);
    n += snprintf(text + n, sizeof(text) - (size_t)n, "{\"timestamp\":\"2026-11-22T");
    connect_transcript_read(&arena, (struct slice){text, (size_t)n}, &prices, &transcript);
    assert_int_equal(transcript.requests, 3);
    assert_int_equal(transcript.n_uses, 2);
    assert_slice(transcript.served, "claude-haiku-5-5");
    assert_int_equal(transcript.bad_lines, 1);
    assert_int_equal(transcript.last_ms - transcript.first_ms, 4000);
    assert_close(transcript.uses[0].cost_usd, (1000 * 2 + 50 * 10 + 100 * 2.5) / 1e6, 1e-12);
    assert_close(transcript.uses[1].cost_usd, 2 * (10 * .1 + 20 * .5 + 100 * .125) / 1e6, 1e-12);
    arena_free(&arena);
}

static void test_many_requests(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    struct arena arena = {0};
    struct price_table prices = price_builtin();
    struct connect_transcript transcript;
    char *text = arena_take(&arena, MANY * 2 * (sizeof(ANSWER) + 64));
    size_t n = 0;
    for (int twice = 0; twice < 2; twice++)
        for (int i = 0; i < MANY; i++)
            n += (size_t)snprintf(
                text + n, sizeof(ANSWER) + 64, ANSWER, 1, i, "claude-opus-5-5", 7, 1);
    connect_transcript_read(&arena, (struct slice){text, n}, &prices, &transcript);
    assert_int_equal(transcript.requests, MANY);
    assert_close(transcript.tokens.input, 7.0 * MANY, 1e-9);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_remove_undoes),
        cmocka_unit_test(test_remove_first),
        cmocka_unit_test(test_answer_needs_an_object),
        cmocka_unit_test(test_alias),
        cmocka_unit_test(test_transcript),
        cmocka_unit_test(test_many_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
