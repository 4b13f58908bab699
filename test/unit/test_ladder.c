/* Ladders on recorded outcomes, against numbers worked out by hand. */
#include "eval/climb.h"
#include "eval/hull.h"
#include "eval/ladder.h"
#include "eval/online.h"
#include "unit.h"

#include "base/file.h"

#include <stdlib.h>
#include <unistd.h>

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

/* Two groups of equal size. The first: 0.5 at $1, 0.9 at $2 (0.4 a dollar) and 0.6 at $3, which
 * no one should take. The second: 0.2 at $1, 0.8 at $4 (0.2 a dollar). */
static void test_hull(void **state)
{
    (void)state;
    static const double quality[] = {0.5, 0.9, 0.6, 0.2, 0.8, 0.1};
    static const double cost[] = {1, 2, 3, 1, 4, 5};
    static const double share[] = {0.5, 0.5};
    struct hull_problem problem = {2, 3, quality, cost, share};
    struct arena scratch = {0};
    struct mix mix[2];
    hull_solve(&scratch, &problem, 0.3, mix); /* the cheapest arms reach 0.35 */
    assert_int_equal(mix[0].low, 0);
    assert_int_equal(mix[1].low, 0);
    assert_close(mix[0].share_high + mix[1].share_high, 0, 0);
    hull_solve(&scratch, &problem, 0.45, mix); /* half of the step 0.5 · 0.4 of the first */
    assert_int_equal(mix[0].high, 1);
    assert_close(mix[0].share_high, 0.5, 1e-12);
    assert_close(mix[1].share_high, 0, 0);
    hull_solve(&scratch, &problem, 0.7, mix); /* all of it, and half of 0.5 · 0.6 of the second */
    assert_close(mix[0].share_high, 1, 0);
    assert_int_equal(mix[1].high, 1);
    assert_close(mix[1].share_high, 0.5, 1e-12);
    hull_solve(&scratch, &problem, 2, mix); /* out of reach: the best there is */
    assert_close(mix[0].share_high + mix[1].share_high, 2, 0);
    arena_free(&scratch);
}

static const struct slice three[] = {SLICE("cheap"), SLICE("middle"), SLICE("top")};

static void assert_policy(
    const struct eval_result *result, const char *name, double quality, double cost_usd)
{
    const struct eval_policy *policy = eval_find_policy(result, name);
    assert_non_null(policy);
    assert_close(policy->quality.mean, quality, 1e-12);
    assert_close(policy->cost_usd.mean, cost_usd, 1e-12);
}

/* Without a target the ladder climbs exactly as written. Costs by row: 0.12, 0.84, 4.04, 5.24. */
static void test_ladder_as_written(void **state)
{
    struct arena arena = {0};
    struct failure failure;
    struct eval_result result;
    struct eval_ladder_options options = {
        .ladder = three, .n_ladder = 3, .verifier_cost_usd = 0.02, .replicates = 10};
    assert_true(eval_ladders(&arena, *state, &options, &result, &failure));
    assert_int_equal(result.rows, 4);
    assert_policy(&result, "ladder", 0.75, (0.12 + 0.84 + 4.04 + 5.24) / 4);
    assert_policy(&result, "always-cheap", 0.25, 0.25);
    assert_policy(&result, "always-top", 0.75, 2.5);
    assert_policy(&result, "oracle", 0.75, (0.1 + 0.6 + 3 + 0.4) / 4);
    assert_true(isnan(eval_find_policy(&result, "ladder")->saving.mean));
    assert_null(eval_find_policy(&result, "direct"));
    /* cheap delivers one of four, middle one, top two */
    assert_policy(&result, "random-same-share", 0.25 * 0.25 + 0.25 * 0.5 + 0.5 * 0.75,
        0.25 * 0.25 + 0.25 * 0.65 + 0.5 * 2.5);
    assert_null(eval_find_policy(&result, "label")); /* four rows are too few to fit on */
    arena_free(&arena);
}

/* 40 tasks: cheap ($0.10) solves every small one and no large one; target ($1) every small one and
 * half of the large ones: 30. */
static void make_rows(struct eval_data *data, bool labels)
{
    struct failure failure;
    char lines[40 * 256];
    size_t len = 0;
    for (int i = 0; i < 40; i++)
        len += (size_t)snprintf(lines + len, sizeof(lines) - len,
            "{\"id\":\"%d\",\"text\":\"t\",\"labels\":[%s],\"models\":{\"cheap\":{\"ok\":%d,"
            "\"cost\":0.1},\"target\":{\"ok\":%d,\"cost\":1}}}\n",
            i, labels ? i % 2 ? "\"size:s\"" : "\"size:l\"" : "", i % 2, i % 4 > 0);
    assert_true(data_add(data, "rows", (struct slice){lines, len}, NULL, 0, &failure));
}

static void run_two(
    const struct eval_data *data, struct arena *arena, double verifier, struct eval_result *result)
{
    static const struct slice two[] = {SLICE("cheap"), SLICE("target")};
    struct failure failure;
    struct eval_ladder_options options = {.ladder = two,
        .n_ladder = 2,
        .target = slice_from("target"),
        .verifier = verifier,
        .verifier_cost_usd = 0.02,
        .seeds = 2,
        .replicates = 10};
    assert_true(eval_ladders(arena, data, &options, result, &failure));
}

/* The ladder as written is as good as the target on these rows, at (0.12 + 1.12) / 2. So are small
 * tasks on cheap and large ones on the target, and the target alone. Either delivers half of them:
 * at random that is right on half of the small ones and three quarters of what the target gets. */
static void test_controls_of_a_ladder_as_written(void **state)
{
    (void)state;
    static const struct slice two[] = {SLICE("cheap"), SLICE("target")};
    struct eval_data data = {0};
    struct arena arena = {0};
    struct failure failure;
    struct eval_result result;
    struct eval_ladder_options options = {
        .ladder = two, .n_ladder = 2, .verifier_cost_usd = 0.02, .seeds = 2, .replicates = 10};
    make_rows(&data, true);
    assert_true(eval_ladders(&arena, &data, &options, &result, &failure));
    assert_policy(&result, "ladder", 0.75, (0.12 + 1.12) / 2);
    assert_policy(&result, "label", 0.75, 0.55);
    assert_policy(&result, "length", 0.75, 1);
    assert_policy(&result, "best-single", 0.75, 1);
    assert_policy(&result, "random-same-share", 0.5 * 0.5 + 0.5 * 0.75, 0.55);
    assert_null(eval_find_policy(&result, "direct"));
    arena_free(&arena);
    data_free(&data);
}

/* With labels small tasks go to cheap, large ones to the target: (0.1 + 1) / 2, nothing lost.
 * Ten tasks of a size are too few for the shrunk estimates of direct to leave a target that none
 * can surpass, nor for the ladder to save its looks. */
static void test_labels_that_help(void **state)
{
    (void)state;
    struct eval_data data = {0};
    struct arena arena = {0};
    struct eval_result result;
    make_rows(&data, true);
    run_two(&data, &arena, 1, &result);
    assert_policy(&result, "label", 0.75, 0.55);
    assert_policy(&result, "label-rule", 0.75, 0.55);
    assert_policy(&result, "best-single", 0.75, 1);
    assert_policy(&result, "oracle-at-target", 0.75, (20 * 0.1 + 10 * 0.1 + 10 * 1) / 40);
    assert_close(eval_find_policy(&result, "label-rule")->saving.mean, 0.45, 1e-12);
    assert_policy(&result, "ladder", 0.75, (0.12 + 1.12) / 2);
    assert_policy(&result, "direct", 0.75, 1);
    arena_free(&arena);
    data_free(&data);
}

/* Without labels no single model but the target will do; the ladder costs 0.12 where cheap solves
 * it and 1.12 where it does not. A verifier that is a coin cannot keep the quality at all. */
static void test_without_labels(void **state)
{
    (void)state;
    struct eval_data data = {0};
    struct arena arena = {0};
    struct eval_result result;
    make_rows(&data, false);
    run_two(&data, &arena, 1, &result);
    assert_policy(&result, "direct", 0.75, 1);
    assert_policy(&result, "label-rule", 0.75, 1);
    assert_policy(&result, "ladder", 0.75, 0.62);
    assert_policy(&result, "random-same-share", 0.75, 0.62);
    run_two(&data, &arena, 0.5, &result);
    assert_policy(&result, "ladder", 0.75, 1);
    assert_close(eval_find_policy(&result, "ladder")->false_accepts.mean, 0, 0);
    arena_free(&arena);
    data_free(&data);
}

static void test_what_is_refused(void **state)
{
    struct arena arena = {0};
    struct failure failure;
    struct eval_result result;
    static const struct slice twice[] = {SLICE("cheap"), SLICE("cheap")};
    static const struct {
        struct eval_ladder_options options;
        const char *says;
    } cases[] = {
        {{0}, "--ladder or --search"},
        {{.ladder = three, .n_ladder = 3, .search = 2}, "--ladder or --search"},
        {{.ladder = twice, .n_ladder = 2}, "twice"},
        {{.ladder = three, .n_ladder = 3, .target = SLICE("best")}, "\"best\""},
        {{.ladder = three, .n_ladder = 3, .target = SLICE("top")}, "only 4 rows"},
        {{.search = 3}, "--search needs --target"},
        {{.search = 9, .target = SLICE("top")}, "at most"},
        {{.ladder = three, .n_ladder = 3, .verifier = 0.4}, "--verifier"},
        {{.ladder = three, .n_ladder = 3, .verifier_cost_usd = -1}, "--verifier-cost"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_false(eval_ladders(&arena, *state, &cases[i].options, &result, &failure));
        assert_non_null(strstr(failure.text, cases[i].says));
    }
    arena_free(&arena);
}

/* Good always succeeds at $0.1, bad never at $1: a task is worth 1.9 or -1. Six tries of each rung,
 * then good for the other 88 of 100. */
static void test_online(void **state)
{
    (void)state;
    static const char lines[] = "{\"id\":\"a\",\"text\":\"\",\"models\":{\"good\":{\"ok\":1,"
                                "\"cost\":0.1},\"bad\":{\"ok\":0,\"cost\":1}}}\n"
                                "{\"id\":\"b\",\"text\":\"\",\"models\":{\"good\":{\"ok\":1,"
                                "\"cost\":0.1},\"bad\":{\"ok\":0,\"cost\":1}}}\n";
    static const struct slice ladder[] = {SLICE("good"), SLICE("bad")};
    struct eval_data data = {0};
    struct arena arena = {0};
    struct failure failure;
    struct eval_result result;
    struct eval_online_options options = {
        .ladder = ladder, .n_ladder = 2, .value_usd = 2, .tasks = 100, .seeds = 3};
    assert_true(data_add(&data, "rows", slice_from(lines), NULL, 0, &failure));
    assert_true(eval_online(&arena, &data, &options, &result, &failure));
    assert_close(result.metrics[0].value.mean, (94 * 1.9 - 6) / (100 * 1.9), 1e-12);
    assert_policy(&result, "online", 0.94, (94 * 0.1 + 6) / 100);
    assert_policy(&result, "best-static", 1, 0.1);
    assert_policy(&result, "best-single", 1, 0.1);
    assert_policy(&result, "length", 1, 0.1);
    assert_policy(&result, "oracle", 1, 0.1);
    assert_policy(&result, "random-same-share", 0.94, (94 * 0.1 + 6) / 100);
    options.n_ladder = 1;
    assert_false(eval_online(&arena, &data, &options, &result, &failure));
    options.n_ladder = 2;
    options.value_usd = 0.05;
    assert_false(eval_online(&arena, &data, &options, &result, &failure));
    assert_non_null(strstr(failure.text, "worth its cost"));
    arena_free(&arena);
    data_free(&data);
}

/* A model's name is a stranger's: it must not end the text that it stands in. */
static void test_plot(void **state)
{
    (void)state;
    struct eval_policy policies[] = {
        {SLICE("always-</text><script>"), {0.5, 0.6, 0.7}, {1, 2, 3}, {NAN, NAN, NAN}, {0, 0, 0}},
        {SLICE("unknown"), {NAN, NAN, NAN}, {NAN, NAN, NAN}, {NAN, NAN, NAN}, {NAN, NAN, NAN}}};
    struct eval_bin bins[] = {{0.2, 0.25, 40}, {0.8, 0.7, 10}, {0.9, NAN, 0}};
    struct eval_result result = {
        .data = SLICE("rows & more"), .rows = 4, .policies = policies, .n_policies = 2};
    struct failure failure;
    struct file_bytes file = {0};
    char path[] = "/tmp/rung-plot-XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
    assert_true(eval_plot_svg(&result, path, &failure));
    assert_true(file_open(path, 1 << 20, &file, &failure));
    assert_true(slice_find(file.bytes, "<script>") == SIZE_MAX);
    assert_true(slice_find(file.bytes, "always-&lt;/text&gt;&lt;script&gt;") != SIZE_MAX);
    assert_true(slice_find(file.bytes, "rows &amp; more, 4 rows") != SIZE_MAX);
    assert_true(slice_find(file.bytes, "\"nan") == SIZE_MAX);
    file_close(&file);
    result.bins = bins;
    result.n_bins = 3;
    assert_true(eval_plot_svg(&result, path, &failure));
    assert_true(file_open(path, 1 << 20, &file, &failure));
    assert_true(slice_find(file.bytes, "n=40") != SIZE_MAX);
    assert_true(slice_find(file.bytes, "\"nan") == SIZE_MAX);
    file_close(&file);
    unlink(path);
    assert_false(eval_plot_svg(&result, "/nowhere/at/all.svg", &failure));
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
        cmocka_unit_test(test_hull),
        cmocka_unit_test_setup_teardown(test_ladder_as_written, read_rows, free_rows),
        cmocka_unit_test(test_controls_of_a_ladder_as_written),
        cmocka_unit_test(test_labels_that_help),
        cmocka_unit_test(test_without_labels),
        cmocka_unit_test_setup_teardown(test_what_is_refused, read_rows, free_rows),
        cmocka_unit_test(test_online),
        cmocka_unit_test(test_plot),
        cmocka_unit_test(test_json_of_a_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
