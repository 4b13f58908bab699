/* Ladders on recorded outcomes, against numbers worked out by hand. */
#include "eval/climb.h"
#include "eval/result.h"
#include "unit.h"

#include <stdlib.h>

/* Cheap solves the first task alone, middle the first two, top all but the last. */
static const char ROWS[] = "{\"id\":\"a\",\"text\":\"one\",\"labels\":[\"size:s\"],\"models\":{"
                           "\"cheap\":{\"ok\":1,\"cost\":0.1},"
                           "\"middle\":{\"ok\":1,\"cost\":0.5},\"top\":{\"ok\":1,\"cost\":1}}}\n"
                           "{\"id\":\"b\",\"text\":\"two\",\"labels\":[\"size:s\"],\"models\":{"
                           "\"cheap\":{\"ok\":0,\"cost\":0.2},"
                           "\"middle\":{\"ok\":1,\"cost\":0.6},\"top\":{\"ok\":1,\"cost\":2}}}\n"
                           "{\"id\":\"c\",\"text\":\"three\",\"labels\":[\"size:l\"],\"models\":{"
                           "\"cheap\":{\"ok\":0,\"cost\":0.3},"
                           "\"middle\":{\"ok\":0,\"cost\":0.7},\"top\":{\"ok\":1,\"cost\":3}}}\n"
                           "{\"id\":\"d\",\"text\":\"four\",\"labels\":[\"size:l\"],\"models\":{"
                           "\"cheap\":{\"ok\":0,\"cost\":0.4},"
                           "\"middle\":{\"ok\":0,\"cost\":0.8},\"top\":{\"ok\":0,\"cost\":4}}}\n";

static int read_rows(void **state)
{
    struct eval_data *data = calloc(1, sizeof(*data));
    struct failure failure;
    *state = data;
    return data_add(data, "rows", slice_from(ROWS), NULL, 0, &failure) ? 0 : -1;
}

static int free_rows(void **state)
{
    data_free(*state);
    free(*state);
    return 0;
}

static void test_climb_perfect(void **state)
{
    const struct eval_data *data = *state;
    struct ladder three = {3, {0, 1, 2}};
    struct verifier perfect = {1, 1, 0.02};
    static const double quality[] = {1, 1, 1, 0};
    static const double cost[] = {0.1 + 0.02, 0.2 + 0.02 + 0.6 + 0.02, 0.3 + 0.02 + 0.7 + 0.02 + 3,
        0.4 + 0.02 + 0.8 + 0.02 + 4};
    for (size_t i = 0; i < data->n_rows; i++) {
        struct climb climb = climb_ladder(&data->rows[i], &three, perfect);
        assert_close(climb.quality, quality[i], 1e-15);
        assert_close(climb.cost_usd, cost[i], 1e-15);
        assert_close(climb.false_accepts, 0, 0);
    }
}

/* Task b on cheap, middle, top with errors of 0.1: cheap fails and is accepted wrongly with 0.1;
 * reached 0.9, middle succeeds and is accepted with 0.9; reached 0.09, top succeeds. */
static void test_climb_with_errors(void **state)
{
    const struct eval_data *data = *state;
    struct ladder three = {3, {0, 1, 2}};
    struct verifier verifier = {0.9, 0.9, 0.02};
    struct climb climb = climb_ladder(&data->rows[1], &three, verifier);
    assert_close(climb.quality, 0.9 * 0.9 + 0.09, 1e-15);
    assert_close(climb.false_accepts, 0.1, 1e-15);
    assert_close(climb.cost_usd, 0.22 + 0.9 * 0.62 + 0.09 * 2, 1e-15);
    struct ladder single = {1, {2}};
    climb = climb_ladder(&data->rows[1], &single, verifier);
    assert_close(climb.quality, 1, 0);
    assert_close(climb.cost_usd, 2, 0);
    struct ladder unknown = {2, {1, 7}};
    assert_true(isnan(climb_ladder(&data->rows[1], &unknown, verifier).quality));
}

static void test_json_of_a_result(void **state)
{
    (void)state;
    struct eval_policy policy = {
        slice_from("direct"), {0.25, 0.5, 0.75}, {NAN, 0.125, NAN}, {NAN, NAN, NAN}, {0, 0, 0}};
    struct eval_result result = {.data = slice_from("rows.jsonl"),
        .rows = 4,
        .protocol = "halves",
        .policies = &policy,
        .n_policies = 1};
    struct emit emit = {0};
    eval_write_json(&emit, &result);
    assert_slice(emit_slice(&emit),
        "{\"data\":\"rows.jsonl\",\"rows\":4,\"protocol\":\"halves\",\"policies\":[{\"name\":"
        "\"direct\",\"quality\":[0.25,0.5,0.75],\"cost_usd\":[null,0.125,null],\"saving\":null,"
        "\"false_accepts\":[0,0,0]}],\"metrics\":{},\"paired\":[],\"notes\":[]}");
    emit_free(&emit);
    assert_non_null(eval_find_policy(&result, "direct"));
    assert_null(eval_find_policy(&result, "ladder"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_climb_perfect, read_rows, free_rows),
        cmocka_unit_test_setup_teardown(test_climb_with_errors, read_rows, free_rows),
        cmocka_unit_test(test_json_of_a_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
