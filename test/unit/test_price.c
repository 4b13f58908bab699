#include "unit.h"

#include "base/clock.h"
#include "base/file.h"
#include "price/price.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct slice s(const char *text)
{
    return slice_from(text);
}

static int32_t day(int year, int month, int day_of_month)
{
    return clock_day_from_civil((struct civil_date){year, month, day_of_month});
}

/* The rows of PROTOCOLS §2.5: input, output, write 5 m, write 1 h, read. */
static void builtin_rows_are_the_published_ones(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        double prompt, input, output, write_5m, write_1h, read;
    } published[] = {
        {"claude-haiku-5-5", 100000, 0.10, 0.50, 0.125, 0.20, 0.01},
        {"claude-haiku-5-5", 100001, 0.50, 2.50, 0.625, 1.00, 0.05},
        {"claude-sonnet-5-5", 0, 2, 10, 2.50, 4, 0.10},
        {"claude-opus-5-5", 0, 4, 20, 5, 8, 0.20},
        {"claude-fable-5-2", 0, 8, 40, 10, 16, 0.20},
        {"claude-fable-5-1", 0, 10, 50, 12.50, 20, 0.25},
        {"claude-opus-5", 0, 5, 25, 6.25, 10, 0.50},
        {"claude-opus-4-5", 0, 5, 25, 6.25, 10, 0.50},
        {"claude-sonnet-5", 0, 2, 10, 2.50, 4, 0.20},
        {"claude-sonnet-4-5", 0, 3, 15, 3.75, 6, 0.30},
        {"claude-haiku-4-5", 0, 1, 5, 1.25, 2, 0.10},
        {"claude-haiku-4-5-20251001", 0, 1, 5, 1.25, 2, 0.10},
    };
    struct price_table table = price_builtin();
    for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++) {
        const struct price_row *row =
            price_find(&table, s(published[i].model), day(2026, 11, 20), published[i].prompt);
        assert_non_null(row);
        assert_true(row->input == published[i].input && row->output == published[i].output);
        assert_true(row->cache_write_5m == published[i].write_5m);
        assert_true(row->cache_write_1h == published[i].write_1h);
        assert_true(row->cache_read == published[i].read);
        assert_true(row->batch_factor == 0.5 && row->source.len > 0);
    }
}

static void rows_hold_from_their_day_on(void **state)
{
    (void)state;
    struct price_table table = price_builtin();
    struct slice sonnet = s("claude-sonnet-5-5"), haiku = s("claude-haiku-5-5");
    assert_null(price_find(&table, sonnet, day(2026, 9, 27), 0));
    assert_true(price_find(&table, sonnet, day(2026, 9, 28), 0)->cache_read == 0.20);
    assert_true(price_find(&table, sonnet, day(2026, 10, 6), 0)->cache_read == 0.20);
    assert_true(price_find(&table, sonnet, day(2026, 10, 7), 0)->cache_read == 0.10);
    assert_null(price_find(&table, haiku, day(2026, 10, 6), 0));
    assert_null(price_find(&table, s("claude-opus-5-5"), day(2026, 9, 21), 0));
    assert_non_null(price_find(&table, s("claude-opus-5-5"), day(2026, 9, 22), 0));
    assert_null(price_find(&table, s("claude-fable-5-2"), day(2026, 11, 8), 0));
    assert_null(price_find(&table, s("claude-opus-5"), day(2026, 7, 23), 0));
    assert_null(price_find(&table, s("gpt-9"), day(2026, 10, 8), 0));
    assert_null(price_find(&table, s(""), day(2026, 10, 8), 0));
    assert_null(price_find(&table, s("claude-haiku-5-5-2025100x"), day(2026, 11, 1), 0));
    assert_true(price_has_bands(&table, haiku, day(2026, 10, 7)));
    assert_false(price_has_bands(&table, haiku, day(2026, 10, 6)));
    assert_false(price_has_bands(&table, sonnet, day(2026, 10, 7)));
}

static void tokens_become_dollars(void **state)
{
    (void)state;
    struct price_table table = price_builtin();
    const struct price_row *haiku = price_find(&table, s("claude-haiku-5-5"), day(2026, 11, 1), 0);
    struct token_counts tokens = {.input = 8000,
        .cache_read = 90000,
        .cache_write_5m = 12000,
        .cache_write_1h = 1000,
        .output = 4000};
    /* 8000·0.10 + 90000·0.01 + 12000·0.125 + 1000·0.20 + 4000·0.50 = 800+900+1500+200+2000 */
    assert_close(price_cost_usd(haiku, &tokens), 0.0054, 1e-15);
}

static void assert_same_rows(const struct price_table *a, const struct price_table *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        const struct price_row *x = &a->rows[i], *y = &b->rows[i];
        assert_true(slice_equal(x->model, y->model) && slice_equal(x->source, y->source));
        assert_int_equal(x->from_day, y->from_day);
        assert_true(x->above_prompt_tokens == y->above_prompt_tokens);
        assert_true(x->input == y->input && x->output == y->output);
        assert_true(x->cache_read == y->cache_read && x->batch_factor == y->batch_factor);
        assert_true(x->cache_write_5m == y->cache_write_5m);
        assert_true(x->cache_write_1h == y->cache_write_1h);
    }
}

static void a_written_table_reads_back_the_same(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct failure failure = {{0}};
    struct price_table builtin = price_builtin(), again;
    assert_true(
        price_parse(&arena, "prices.json", price_write(&arena, &builtin), &again, &failure));
    assert_same_rows(&builtin, &again);
    struct price_row odd = {.model = s("x/\"y\"\n"),
        .from_day = -1,
        .above_prompt_tokens = 272000,
        .cache_read = 1e-9,
        .input = 0.1 + 0.2,
        .cache_write_5m = 1.0 / 3,
        .cache_write_1h = 12345.678901234567,
        .batch_factor = 0.1,
        .source = s("")};
    struct price_table one = {&odd, 1};
    assert_true(price_parse(&arena, "x", price_write(&arena, &one), &again, &failure));
    assert_same_rows(&one, &again);
    arena_free(&arena);
}

#define OWN_ROW(model, from, input, write_1h)                                                      \
    "{\"model\":\"" model "\",\"from\":\"" from "\",\"input\":" input                              \
    ",\"output\":9,\"cache_read\":0.5,\"cache_write_5m\":2,\"cache_write_1h\":" write_1h "}"

static void a_users_rows_stand_before_the_builtin_ones(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct failure failure = {{0}};
    struct price_table table;
    char path[] = "/tmp/rung-price-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    static const char text[] = "{\"schema\":1,\"prices\":[" OWN_ROW("mine", "2026-01-02", "1",
        "3") "," OWN_ROW("claude-opus-5-5", "2026-09-22", "1.5", "2") "]}";
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    close(fd);
    assert_true(price_load(&arena, path, &table, &failure));
    unlink(path);
    assert_int_equal(table.n, price_builtin().n + 1);
    assert_true(price_find(&table, s("mine"), day(2026, 1, 2), 0)->input == 1);
    assert_true(price_find(&table, s("mine"), day(2026, 1, 2), 0)->batch_factor == 1);
    assert_true(price_find(&table, s("claude-opus-5-5"), day(2026, 12, 1), 0)->input == 1.5);
    assert_true(price_load(&arena, path, &table, &failure)); /* absent now */
    assert_int_equal(table.n, price_builtin().n);
    arena_free(&arena);
}

static void mistakes_of_a_users_file_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *named;
    } cases[] = {
        {"", "prices.json: empty"},
        {"[]", "{\"schema\":1"},
        {"{\"schema\":2,\"prices\":[]}", "{\"schema\":1"},
        {"{\"schema\":1,\"prices\":[" OWN_ROW("m", "2026-02-30", "1", "3") "]}",
            "row 1: from: \"2026-02-30\""},
        {"{\"schema\":1,\"prices\":[" OWN_ROW("m", "2026-01-01", "1", "3") "," OWN_ROW(
             "m", "2026-01-01", "3", "4") "]}",
            "row 2: the cache write 5 m price (2 USD per million tokens) is below that of input"},
        {"{\"schema\":1,\"prices\":[" OWN_ROW("m", "2026-01-01", "-1", "3") "]}", "input: missing"},
        {"{\"schema\":1,\"prices\":[" OWN_ROW("m", "2026-01-01", "\"1\"", "3") "]}",
            "input: a number"},
        {"{\"schema\":1,\"prices\":[" OWN_ROW("", "2026-01-01", "1", "3") "]}", "name is empty"},
        {"{\"schema\":1,\"prices\":[{\"color\":1}]}", "row 1: color: no such key"},
        {"{\"schema\":1,\"prices\":[7]}", "row 1: an object"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct failure failure = {{0}};
        struct price_table table;
        assert_false(price_parse(&arena, "prices.json", s(cases[i].text), &table, &failure));
        if (!strstr(failure.text, cases[i].named))
            fail_msg("\"%s\" does not say \"%s\"", failure.text, cases[i].named);
    }
    arena_free(&arena);
}

/* Entries in LiteLLM's words, with its faults. */
static const char LITELLM[] =
    "{\"sample_spec\":{\"input_cost_per_token\":\"USD\",\"mode\":\"one of: chat, embedding\"},"
    "\"claude-sonnet-4-5\":{\"litellm_provider\":\"anthropic\",\"mode\":\"chat\","
    " \"input_cost_per_token\":3e-06,\"output_cost_per_token\":1.5e-05,"
    " \"cache_creation_input_token_cost\":3.75e-06,"
    " \"cache_creation_input_token_cost_above_1hr\":6e-06,"
    " \"cache_read_input_token_cost\":3e-07,"
    " \"input_cost_per_token_above_200k_tokens\":6e-06,"
    " \"output_cost_per_token_above_200k_tokens\":2.25e-05,"
    " \"cache_creation_input_token_cost_above_200k_tokens\":7.5e-06,"
    " \"cache_creation_input_token_cost_above_1hr_above_200k_tokens\":1.2e-05,"
    " \"cache_read_input_token_cost_above_200k_tokens\":6e-07},"
    "\"as-strings\":{\"mode\":\"chat\",\"input_cost_per_token\":\"1e-07\","
    " \"output_cost_per_token\":\" 4e-07 \",\"cache_read_input_token_cost\":null,"
    " \"input_cost_per_token_batches\":5e-08,\"input_cost_per_token_priority\":2e-07,"
    " \"input_cost_per_token_above_128k_tokens\":2e-07},"
    "\"claude-3-opus\":{\"mode\":\"chat\",\"litellm_provider\":\"anthropic\","
    " \"input_cost_per_token\":1.5e-05,\"output_cost_per_token\":7.5e-05,"
    " \"cache_creation_input_token_cost\":1.875e-05,"
    " \"cache_creation_input_token_cost_above_1hr\":6e-06,"
    " \"cache_read_input_token_cost\":1.5e-06},"
    "\"an-embedding\":{\"mode\":\"embedding\",\"input_cost_per_token\":\"free\","
    " \"output_cost_per_token\":0},"
    "\"no-price\":{\"mode\":\"chat\",\"max_tokens\":8192},"
    "\"evil\\u001b[31m\":{\"mode\":\"chat\",\"input_cost_per_token\":-1,"
    " \"output_cost_per_token\":1},"
    "\"worded\":{\"mode\":\"chat\",\"input_cost_per_token\":\"cheap\"},"
    "\"flat\":3}";

static void litellm_is_imported(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct failure failure = {{0}};
    struct price_table table;
    struct price_import report;
    assert_true(price_import_litellm(
        &arena, "f.json", s(LITELLM), day(2026, 11, 22), &table, &report, &failure));
    assert_int_equal(report.read, 8);
    assert_int_equal(report.taken, 2);
    assert_int_equal(report.skipped, 2);
    assert_int_equal(report.rejected, 4);
    assert_int_equal(report.n_problems, 4);
    assert_slice(report.problems[0],
        "f.json: claude-3-opus: the cache write 1 h price (6 USD per million tokens) is below that "
        "of cache write 5 m (18.75)");
    for (size_t i = 0; i < report.n_problems; i++)
        assert_true(slice_find_byte(report.problems[i], '\033') == SIZE_MAX);

    const struct price_row *row =
        price_find(&table, s("claude-sonnet-4-5"), day(2026, 11, 22), 200000);
    assert_true(row->input == 3 && row->output == 15 && row->cache_read == 0.3);
    assert_true(row->cache_write_5m == 3.75 && row->cache_write_1h == 6);
    assert_true(row->batch_factor == 0.5);
    row = price_find(&table, s("claude-sonnet-4-5"), day(2026, 11, 22), 200001);
    assert_true(row->above_prompt_tokens == 200000 && row->input == 6 && row->output == 22.5);
    assert_true(row->cache_write_5m == 7.5 && row->cache_write_1h == 12 && row->cache_read == 0.6);
    assert_null(price_find(&table, s("claude-sonnet-4-5"), day(2026, 11, 21), 0));

    row = price_find(&table, s("as-strings"), day(2027, 1, 1), 0);
    assert_true(row->input == 0.1 && row->output == 0.4 && row->batch_factor == 0.5);
    assert_true(row->cache_read == 0.1 && row->cache_write_5m == 0.1 && row->cache_write_1h == 0.1);
    row = price_find(&table, s("as-strings"), day(2027, 1, 1), 130000);
    assert_true(row->input == 0.2 && row->output == 0.4 && row->cache_read == 0.2);

    struct price_table again;
    assert_true(price_parse(&arena, "x", price_write(&arena, &table), &again, &failure));
    assert_same_rows(&table, &again);
    arena_free(&arena);
}

static void litellm_of_another_shape_is_refused(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct failure failure = {{0}};
    struct price_table table;
    struct price_import report;
    assert_false(price_import_litellm(&arena, "f", s("[1]"), 0, &table, &report, &failure));
    assert_string_equal(failure.text, "f: an object of models is expected");
    assert_false(price_import_litellm(&arena, "f", s("{\"a\":"), 0, &table, &report, &failure));
    assert_int_equal(table.n, 0);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builtin_rows_are_the_published_ones),
        cmocka_unit_test(rows_hold_from_their_day_on),
        cmocka_unit_test(tokens_become_dollars),
        cmocka_unit_test(a_written_table_reads_back_the_same),
        cmocka_unit_test(a_users_rows_stand_before_the_builtin_ones),
        cmocka_unit_test(mistakes_of_a_users_file_are_named),
        cmocka_unit_test(litellm_is_imported),
        cmocka_unit_test(litellm_of_another_shape_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
