/* The reader of outcome rows and its splits. */
#include "unit.h"

#include "base/file.h"
#include "eval/data.h"

#include <stdlib.h>
#include <unistd.h>

static const char *write_temporary(const char *text)
{
    static char path[64];
    memcpy(path, "/tmp/rung-test-data-XXXXXX", 27);
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    return path;
}

static bool read_text(const char *text, struct eval_data *data, struct failure *failure)
{
    const char *path = write_temporary(text);
    struct slice excluded[] = {SLICE("bench:"), SLICE("size:small")};
    bool good = data_read(data, path, excluded, 2, failure);
    unlink(path);
    return good;
}

static void test_rows(void **state)
{
    (void)state;
    struct eval_data data = {0};
    struct failure failure;
    assert_true(read_text("{\"id\":\"a\",\"text\":\"x\\ny\",\"labels\":[\"bench:m\",\"repo:r\"],"
                          "\"models\":{\"m\":{\"ok\":1,\"cost\":null}}}\r\n\n"
                          "{\"id\":\"b\",\"text\":\"\",\"models\":{\"n\":{\"score\":0.25,\"cost\":"
                          "0.5},\"m\":{\"ok\":false}}}",
        &data, &failure));
    assert_int_equal(data.n_rows, 2);
    assert_int_equal(data.n_models, 2);
    assert_slice(data.rows[0].text, "x\ny");
    assert_int_equal(data.rows[0].n_labels, 1);
    assert_slice(data.rows[0].labels[0], "repo:r");
    assert_int_equal(data.rows[1].line, 3);
    assert_int_equal(data_model(&data, slice_from("n")), 1);
    assert_true(isnan(data_outcome(&data.rows[0], 1).score));
    assert_true(isnan(data_outcome(&data.rows[0], 0).cost_usd));
    assert_close(data_outcome(&data.rows[1], 1).score, 0.25, 0);
    assert_close(data_outcome(&data.rows[1], 1).cost_usd, 0.5, 0);
    assert_close(data_outcome(&data.rows[1], 0).score, 0, 0);
    data_free(&data);
}

static void test_errors_name_line_and_key(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says[2];
    } cases[] = {
        {"", {"no outcome rows", ""}},
        {"{\"id\":\"a\",\"text\":\"t\",\"models\":{\"m\":{\"ok\":1}}}\n[]", {":2:", "object"}},
        {"{\"id\":\"a\",\"text\":\"t\",\"models\":{\"m\":{}}}", {":1:", "m has neither"}},
        {"{\"id\":\"a\",\"text\":\"t\",\"models\":{\"m\":{\"ok\":2}}}", {":1:", "2 is not"}},
        {"{\"id\":\"a\",\"text\":\"t\",\"models\":{\"m\":{\"ok\":1,\"cost\":-1}}}",
            {":1:", "\"cost\""}},
        {"{\"id\":\"a\",\"text\":\"t\",\"models\":{}}", {":1:", "\"models\""}},
        {"{\"text\":\"t\",\"models\":{\"m\":{\"ok\":1}}}", {":1:", "\"id\""}},
        {"{\"id\":\"a\",\"models\":{\"m\":{\"ok\":1}}}", {":1:", "\"text\""}},
        {"{\"id\":\"a\",\"text\":\"t\",\"labels\":[1],\"models\":{\"m\":{\"ok\":1}}}",
            {":1:", "\"labels\""}},
        {"{\"id\":\"a\",\"text\":\"t\",\"models\":{\"m\":{\"ok\":1}}}\n"
         "{\"id\":\"a\",\"text\":\"t\",\"models\":{\"m\":{\"ok\":1}}}",
            {"line 2", "was on line 1"}},
        {"{\"id\":\"a\"", {":1", ""}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct eval_data data = {0};
        struct failure failure = {0};
        assert_false(read_text(cases[i].text, &data, &failure));
        assert_non_null(strstr(failure.text, cases[i].says[0]));
        assert_non_null(strstr(failure.text, cases[i].says[1]));
        data_free(&data);
    }
}

/* printf 'saltx' | sha256sum */
static void test_hash(void **state)
{
    (void)state;
    assert_true(data_hash("salt", slice_from("x")) == 0xc9ef43a03d58f2cb);
}

static struct eval_data make_rows(size_t n)
{
    struct eval_data data = {0};
    data.rows = ARENA_ARRAY(&data.arena, struct data_row, n);
    data.n_rows = n;
    for (size_t i = 0; i < n; i++) {
        struct slice *label = ARENA_ARRAY(&data.arena, struct slice, 1);
        *label = arena_print(&data.arena, "group:%zu", i % 23);
        data.rows[i] = (struct data_row){
            .id = arena_print(&data.arena, "row-%zu", i), .labels = label, .n_labels = 1};
    }
    return data;
}

static void test_splits(void **state)
{
    (void)state;
    enum { ROWS = 2000 };
    struct eval_data data = make_rows(ROWS);
    struct failure failure = {0};
    static size_t fold[ROWS], order[ROWS], other[ROWS];
    size_t held[5] = {0};
    data_split_folds(&data, "s", 5, fold);
    for (size_t i = 0; i < ROWS; i++)
        held[fold[i]]++;
    for (size_t f = 0; f < 5; f++)
        assert_in_range(held[f], 320, 480);

    assert_true(data_split_groups(&data, "s", "group:", 5, fold, &failure));
    memset(held, 0, sizeof(held));
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(fold[i], fold[i % 23]);
        held[fold[i]]++;
    }
    for (size_t f = 0; f < 5; f++)
        assert_in_range(held[f], 300, 500);
    assert_false(data_split_groups(&data, "s", "subject:", 5, fold, &failure));
    assert_non_null(strstr(failure.text, "subject:"));

    data_order(&data, "s1", order);
    data_order(&data, "s2", other);
    size_t same = 0;
    static bool seen[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        same += order[i] == other[i];
        assert_false(seen[order[i]]);
        seen[order[i]] = true;
    }
    assert_true(same < 20);
    data_free(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_errors_name_line_and_key),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_splits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
