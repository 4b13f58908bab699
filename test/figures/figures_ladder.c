/* What rules and ladders must save on the SWE-bench rows, learned on one half and judged on the
 * other. The bars are for rows of the kind, not for one split: salts are averaged. */
#include "eval/ladder.h"
#include "eval/online.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static const char SONNET[] = "claude-sonnet-4.5";
static const struct slice three[] = {
    SLICE("claude-haiku-4.5-high"), SLICE("claude-sonnet-4.5"), SLICE("claude-opus-4.5")};
static const struct slice two[] = {SLICE("gpt-5-mini"), SLICE("claude-sonnet-4.5")};

static void read_rows(struct eval_data *data, const char *excluded)
{
    const char *folder = getenv("RUNG_DATA");
    char path[4096];
    struct failure failure;
    snprintf(path, sizeof(path), "%s/swebench.jsonl", folder ? folder : "../shared/data");
    FILE *there = fopen(path, "r");
    if (!there) {
        printf("skipped: %s is not there; RUNG_DATA names its folder\n", path);
        skip();
    }
    fclose(there);
    struct slice label = slice_from(excluded);
    if (!data_read(data, path, &label, excluded ? 1 : 0, &failure))
        fail_msg("%s", failure.text);
}

struct bar {
    const char *policy;
    double lead, saving; /* at least */
};

static void check_bar(const struct eval_result *result, struct bar bar)
{
    const struct eval_policy *policy = eval_find_policy(result, bar.policy);
    assert_non_null(policy);
    for (size_t i = 0; i < result->n_paired; i++) {
        if (!slice_is(result->paired[i].a, bar.policy))
            continue;
        double lead = result->paired[i].difference.mean;
        printf("  %-10s quality %+.2f points (bar %+.2f), saving %.1f %% (bar %.1f %%), false "
               "accepts %.1f %%\n",
            bar.policy, 100 * lead, 100 * bar.lead, 100 * policy->saving.mean, 100 * bar.saving,
            100 * policy->false_accepts.mean);
        assert_true(lead >= bar.lead);
        assert_true(policy->saving.mean >= bar.saving);
        return;
    }
    fail_msg("%s is not compared with the target", bar.policy);
}

static void run(
    const char *excluded, struct eval_ladder_options options, const struct bar *bars, size_t n_bars)
{
    struct eval_data data = {0};
    struct arena arena = {0};
    struct failure failure;
    struct eval_result result;
    read_rows(&data, excluded);
    options.target = slice_from(SONNET);
    options.verifier_cost_usd = 0.02;
    options.replicates = 100;
    if (!eval_ladders(&arena, &data, &options, &result, &failure))
        fail_msg("%s", failure.text);
    printf("verifier %g\n", options.verifier);
    for (size_t i = 0; i < n_bars; i++)
        check_bar(&result, bars[i]);
    arena_free(&arena);
    data_free(&data);
}

static const double verifiers[] = {1, 0.9, 0.8};

static void test_three_claudes(void **state)
{
    (void)state;
    static const double saving[] = {0.11, 0.05, 0};
    for (size_t i = 0; i < 3; i++) {
        struct bar bars[] = {{"label-rule", -0.01, 0.12}, {"ladder", -0.005, saving[i]}};
        run(NULL,
            (struct eval_ladder_options){.ladder = three, .n_ladder = 3, .verifier = verifiers[i]},
            bars, 2);
    }
}

static void test_mini_and_sonnet(void **state)
{
    (void)state;
    static const double saving[] = {0.52, 0.44, 0.22};
    for (size_t i = 0; i < 3; i++) {
        struct bar bar = {"ladder", -0.005, saving[i]};
        run(NULL,
            (struct eval_ladder_options){.ladder = two, .n_ladder = 2, .verifier = verifiers[i]},
            &bar, 1);
    }
}

static void test_search(void **state)
{
    (void)state;
    static const double saving[] = {0.87, 0.82, 0.675};
    for (size_t i = 0; i < 3; i++) {
        struct bar bar = {"search", -0.005, saving[i]};
        run(NULL, (struct eval_ladder_options){.search = 3, .verifier = verifiers[i], .seeds = 5},
            &bar, 1);
    }
}

/* Repositories' names say nothing about which model is needed. */
static void test_labels_that_say_nothing(void **state)
{
    (void)state;
    static const struct bar bars[] = {
        {"direct", -0.01, -0.03}, {"label-rule", -0.01, -0.03}, {"ladder", -0.01, -0.03}};
    for (size_t i = 0; i < 3; i++)
        run("difficulty:",
            (struct eval_ladder_options){.ladder = three, .n_ladder = 3, .verifier = verifiers[i]},
            bars, 3);
}

/* From nothing, at $2 a success: of what the best rule that knows all outcomes would earn. */
static void test_online(void **state)
{
    (void)state;
    struct eval_data data = {0};
    struct arena arena = {0};
    struct failure failure;
    struct eval_result result;
    struct eval_online_options options = {.ladder = three, .n_ladder = 3, .value_usd = 2};
    read_rows(&data, NULL);
    if (!eval_online(&arena, &data, &options, &result, &failure))
        fail_msg("%s", failure.text);
    assert_string_equal(result.metrics[0].name, "online_share");
    assert_string_equal(result.metrics[1].name, "online_share_first");
    printf("online: %.3f of the best static value over 1,000 tasks (bar 0.97), %.3f in the first "
           "200 (bar 0.90)\n",
        result.metrics[0].value.mean, result.metrics[1].value.mean);
    assert_true(result.metrics[0].value.mean >= 0.97);
    assert_true(result.metrics[1].value.mean >= 0.90);
    arena_free(&arena);
    data_free(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_claudes),
        cmocka_unit_test(test_mini_and_sonnet),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_labels_that_say_nothing),
        cmocka_unit_test(test_online),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
