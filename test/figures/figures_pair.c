/* How well the learner must rank MMLU and GSM8K questions for a weak and a strong model. The bars
 * are for rows of the kind: eight samples or whole pools of folds, never one split's luck. */
#include "unit.h"

#include "eval/eval.h"

#include <stdio.h>
#include <stdlib.h>

struct bar {
    const char *metric;
    double least, most;
};

static double metric_of(const struct eval_result *result, const char *name)
{
    for (size_t i = 0; i < result->n_metrics; i++)
        if (strcmp(result->metrics[i].name, name) == 0)
            return result->metrics[i].value.mean;
    fail_msg("no metric %s", name);
    return NAN;
}

static void check(
    const char *file, struct eval_pair_options options, const struct bar *bars, size_t n_bars)
{
    const char *folder = getenv("RUNG_DATA");
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder ? folder : "../shared/data", file);
    FILE *there = fopen(path, "r");
    if (!there) {
        printf("skipped: %s is not there; RUNG_DATA names its folder\n", path);
        skip();
    }
    fclose(there);
    struct arena arena = {0};
    struct eval_result result;
    struct failure failure;
    options.split.data_path = path;
    options.weak = "mixtral-8x7b";
    options.strong = "gpt-4-1106";
    if (!eval_pair(&arena, &options, &result, &failure))
        fail_msg("%s", failure.text);
    printf("%s, %s, %s\n", file, result.protocol, options.use_labels ? "text and labels" : "text");
    for (size_t i = 0; i < n_bars; i++) {
        double value = metric_of(&result, bars[i].metric);
        printf(
            "  %-11s %.4f (bar %.3f … %.3f)\n", bars[i].metric, value, bars[i].least, bars[i].most);
        assert_true(value >= bars[i].least && value <= bars[i].most);
    }
    arena_free(&arena);
}

#define CHECK(file, options, ...)                                                                  \
    do {                                                                                           \
        const struct bar bars[] = {__VA_ARGS__};                                                   \
        check(file, options, bars, sizeof(bars) / sizeof(*bars));                                  \
    } while (0)

static struct eval_pair_options with(bool labels, struct eval_split split)
{
    return (struct eval_pair_options){.split = split, .use_text = true, .use_labels = labels};
}

static void mmlu_1500_outcomes(void **state)
{
    (void)state;
    struct eval_split split = {.outcomes = 1500};
    CHECK("mmlu.jsonl", with(false, split), {"apgr", 0.65, 2}, {"apgr_length", 0.57, 0.585},
        {"brier_skill", 0, 1});
    CHECK("mmlu.jsonl", with(true, split), {"apgr", 0.668, 2}, {"brier_skill", 0, 1});
}

static void mmlu_5_folds(void **state)
{
    (void)state;
    struct eval_split split = {.folds = 5};
    CHECK("mmlu.jsonl", with(false, split), {"apgr", 0.68, 2});
    CHECK("mmlu.jsonl", with(true, split), {"apgr", 0.698, 2}, {"cpt50", 0, 25.5},
        {"cpt80", 0, 55.5}, {"brier_skill", 0, 1}, {"ece", 0, 0.03});
}

static void mmlu_subjects_left_out(void **state)
{
    (void)state;
    CHECK("mmlu.jsonl", with(false, (struct eval_split){.group_by = "subject:"}),
        {"apgr", 0.615, 2}, {"brier_skill", 0, 1});
}

static void gsm8k_300_outcomes(void **state)
{
    (void)state;
    CHECK("gsm8k.jsonl", with(false, (struct eval_split){.outcomes = 300}), {"apgr", 0.61, 2},
        {"brier_skill", 0, 1});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mmlu_1500_outcomes),
        cmocka_unit_test(mmlu_5_folds),
        cmocka_unit_test(mmlu_subjects_left_out),
        cmocka_unit_test(gsm8k_300_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
