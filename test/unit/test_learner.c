/* The learner: features against values counted by hand, fits against scikit-learn and scipy
 * (test/oracle/evidence_oracle.py), and what the whole must never do. */
#include "unit.h"

#include "../oracle/evidence_values.h"
#include "base/dice.h"
#include "evidence/calibrate.h"
#include "evidence/cell.h"
#include "evidence/evidence.h"
#include "evidence/features.h"
#include "evidence/labels.h"
#include "evidence/text.h"

/* As generator() of the oracle. */
static double oracle_next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 16) / 65536.0;
}

static double sigmoid(double z)
{
    return 1 / (1 + exp(-z));
}

static double surface_of(const struct features *features, const char *name)
{
    for (size_t i = 0; i < FEATURES_SURFACE; i++)
        if (strcmp(features_surface_name(i), name) == 0)
            return features->surface[i];
    fail_msg("no surface feature %s", name);
    return NAN;
}

static void surface_figures_are_those_counted_by_hand(void **state)
{
    (void)state;
    static struct features features;
    static struct features_scratch scratch;
    /* 12 words, "the" and "a" twice; the list begins behind "run `a`" */
    features_extract(slice_from("Fix the THE bug?"),
        slice_from("run `a`\nA. make 12\nB. go, (x)\n"), &scratch, &features);
    assert_close(surface_of(&features, "log_chars"), log(1 + 16 + 30), 1e-6);
    assert_close(surface_of(&features, "log_words"), log(1 + 12), 1e-6);
    assert_close(surface_of(&features, "log_lines"), log(1 + 4), 1e-6);
    assert_close(surface_of(&features, "log_digits"), log(1 + 2), 1e-6);
    assert_close(surface_of(&features, "log_capitals"), log(1 + 6), 1e-6);
    assert_close(surface_of(&features, "digit_share"), 2.0 / 46, 1e-6);
    assert_close(surface_of(&features, "log_questions"), log(2), 1e-6);
    assert_close(surface_of(&features, "log_backticks"), log(3), 1e-6);
    assert_close(surface_of(&features, "log_items"), log(3), 1e-6);
    assert_close(surface_of(&features, "log_item_length"), log(1 + 10), 1e-6);
    assert_close(surface_of(&features, "item_digit_share"), 0.5, 1e-6);
    assert_close(surface_of(&features, "log_head"), log(1 + 16 + 7), 1e-6);
    assert_close(surface_of(&features, "distinct_share"), 10.0 / 12, 1e-6);
}

static bool has_bucket(const struct features *features, uint32_t bucket)
{
    for (size_t i = 0; i < features->n; i++)
        if (features->bucket[i] == bucket)
            return true;
    return false;
}

static void words_are_hashed_whole_and_caseless(void **state)
{
    (void)state;
    static struct features one, other, third;
    static struct features_scratch scratch;
    struct slice none = {0};
    features_extract(slice_from("Rename the field"), none, &scratch, &one);
    features_extract(slice_from("rename THE field"), none, &scratch, &other);
    /* 3 words, 2 pairs, 3 first words, 28 rounded figures */
    assert_int_equal(one.n, 3 + 2 + 3 + FEATURES_SURFACE);
    size_t shared = 0;
    for (size_t i = 0; i < one.n; i++)
        shared += has_bucket(&other, one.bucket[i]);
    assert_true(shared >= one.n - 3); /* figures of capitals alone differ */
    for (size_t i = 0; i < 8; i++)
        assert_true(has_bucket(&other, one.bucket[i]));
    features_extract(slice_from("Renamed a fielder"), none, &scratch, &third);
    for (size_t i = 0; i < 8; i++)
        assert_false(has_bucket(&third, one.bucket[i]));
    for (size_t i = 0; i < FEATURES_SLOTS; i++)
        assert_int_equal(scratch.slot[i], 0);
}

static void a_text_of_any_length_is_bounded(void **state)
{
    (void)state;
    static struct features features;
    static struct features_scratch scratch;
    static char text[3 * FEATURES_BYTES_MOST];
    struct dice dice = dice_from_seed(3);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)dice_below(&dice, 256);
    features_extract((struct slice){text, sizeof(text)}, slice_from("body"), &scratch, &features);
    assert_int_equal(features.n, FEATURES_MOST);
    assert_close(surface_of(&features, "log_chars"), log(1 + FEATURES_BYTES_MOST), 1e-5);
    features_extract((struct slice){0}, (struct slice){0}, &scratch, &features);
    assert_in_range(features.n, 1, FEATURES_SURFACE);
    for (size_t i = 0; i < FEATURES_SURFACE; i++)
        assert_close(features.surface[i], 0, 0);
}

static void the_surface_fit_is_that_of_scikit_learn(void **state)
{
    (void)state;
    enum { ROWS = 200 };
    static float rows[ROWS][FEATURES_SURFACE];
    struct text_case cases[ROWS];
    uint32_t draw = 7;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t k = 0; k < FEATURES_SURFACE; k++)
            rows[i][k] = (float)oracle_next(&draw);
    for (size_t i = 0; i < ROWS; i++) {
        double border = 0.9 * oracle_next(&draw);
        bool hit = (double)rows[i][0] + (double)rows[i][1] - (double)rows[i][2] > border;
        cases[i] = (struct text_case){.view = {.surface = rows[i]}, .success = hit};
    }
    struct text_scale scale;
    double weights[FEATURES_SURFACE + 1];
    text_fit_scale(cases, ROWS, &scale);
    text_fit_surface(cases, ROWS, &scale, 3, weights);
    for (size_t k = 0; k <= FEATURES_SURFACE; k++)
        assert_close(weights[k], oracle_surface[k], 1e-4);
}

static void the_additive_prior_is_the_optimum_of_scipy(void **state)
{
    (void)state;
    enum { ROWS = 300, RUNGS = 3, LABELS = 7 };
    static uint32_t labels[ROWS][2];
    static struct cell_outcome outcomes[ROWS];
    uint32_t draw = 11;
    for (size_t i = 0; i < ROWS; i++)
        outcomes[i].rung = (size_t)(oracle_next(&draw) * RUNGS);
    for (size_t i = 0; i < ROWS; i++)
        labels[i][0] = (uint32_t)(oracle_next(&draw) * 4);
    for (size_t i = 0; i < ROWS; i++)
        labels[i][1] = 4 + (uint32_t)(oracle_next(&draw) * 3);
    for (size_t i = 0; i < ROWS; i++)
        outcomes[i].weight = oracle_next(&draw) < 0.5 ? 0.5 : 1;
    for (size_t i = 0; i < ROWS; i++) {
        double p = sigmoid(0.5 * (double)outcomes[i].rung + 0.7 - 0.5 * (double)labels[i][0]);
        outcomes[i].success = oracle_next(&draw) < p;
        outcomes[i].labels = (struct cell_labels){labels[i], 2};
    }
    double ability[RUNGS] = {0}, difficulty[LABELS] = {0};
    double precision[LABELS] = {1, 1, 1, 1, 2.5, 2.5, 2.5};
    struct cell_model model = {.n_rungs = RUNGS,
        .n_labels = LABELS,
        .ability = ability,
        .difficulty = difficulty,
        .precision = precision};
    cell_fit_prior(outcomes, ROWS, &model);
    for (size_t m = 0; m < RUNGS; m++)
        assert_close(ability[m], oracle_prior[m], 1e-5);
    for (size_t l = 0; l < LABELS; l++)
        assert_close(difficulty[l], oracle_prior[RUNGS + l], 1e-5);
}

static void the_calibration_is_the_optimum_of_scipy(void **state)
{
    (void)state;
    enum { ROWS = 400 };
    static struct calibration_case cases[ROWS];
    uint32_t draw = 13;
    for (size_t i = 0; i < ROWS; i++)
        cases[i].logit = 6 * oracle_next(&draw) - 3;
    for (size_t i = 0; i < ROWS; i++)
        cases[i].success = oracle_next(&draw) < sigmoid(0.5 * cases[i].logit + 0.3);
    struct calibration fit = calibration_fit(cases, ROWS, 2);
    assert_close(fit.a, oracle_calibration[0], 1e-4);
    assert_close(fit.b, oracle_calibration[1], 1e-4);
    assert_close(fit.c, oracle_calibration[2], 1e-4);
    assert_close(calibration_apply(calibration_identity, 1.25), sigmoid(1.25), 1e-15);
    struct calibration chosen = calibration_choose(cases, ROWS);
    assert_true(chosen.a < 0.8 && chosen.b < 0.8);
    for (size_t i = 0; i < ROWS; i++) /* forecasts that are true already are left alone or nearly */
        cases[i].success = oracle_next(&draw) < sigmoid(cases[i].logit);
    chosen = calibration_choose(cases, ROWS);
    assert_close(chosen.a, 1, 0.25);
    assert_close(chosen.b, 1, 0.25);
}

static void labels_have_numbers_and_families(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct labels labels = {0}, copy;
    assert_int_equal(labels_find(&labels, slice_from("x")), LABELS_UNKNOWN);
    for (int i = 0; i < 500; i++)
        assert_int_equal(labels_add(&labels, &arena, arena_print(&arena, "repo:%d", i), 502), i);
    assert_int_equal(labels_add(&labels, &arena, slice_from("bug"), 502), 500);
    assert_int_equal(labels_add(&labels, &arena, slice_from("repo:7"), 502), 7);
    assert_int_equal(labels_add(&labels, &arena, slice_from("size/XS"), 502), 501);
    assert_int_equal(labels_add(&labels, &arena, slice_from("late"), 502), LABELS_UNKNOWN);
    assert_int_equal(labels.n_families, 3);
    assert_int_equal(labels.families[7], labels.families[0]);
    assert_int_not_equal(labels.families[500], labels.families[501]);
    labels_copy(&copy, &arena, &labels);
    assert_int_equal(labels_find(&copy, slice_from("repo:499")), 499);
    arena_free(&arena);
}

/* ---- the whole learner on made-up tasks ---- */

enum { TASKS = 1200, RUNGS = 2 };

struct world {
    struct evidence_corpus *corpus;
    struct evidence_outcome outcomes[TASKS * RUNGS];
};

/* Tasks labelled kind:0 … 3, of which kind:0 is easy, and easy where the text says "simple"; in
 * repositories that tell nothing. `shuffled`: outcomes by the toss of a coin. */
static void make_world(struct world *world, bool shuffled)
{
    static const char *const words[] = {"parser", "cache", "button", "query", "test", "loop"};
    struct dice dice = dice_from_seed(5);
    struct arena arena = {0};
    world->corpus = evidence_corpus_make();
    for (size_t i = 0; i < TASKS; i++) {
        size_t kind = (size_t)dice_below(&dice, 4);
        bool simple = dice_unit(&dice) < 0.5;
        struct slice text = arena_print(&arena, "%s %s in the %s", simple ? "simple" : "intricate",
            words[dice_below(&dice, 6)], words[dice_below(&dice, 6)]);
        struct slice labels[2] = {arena_print(&arena, "kind:%zu", kind),
            arena_print(&arena, "repo:%d", (int)dice_below(&dice, 12))};
        size_t task = evidence_corpus_add(world->corpus, text, (struct slice){0}, labels, 2);
        for (size_t rung = 0; rung < RUNGS; rung++) {
            double z = (double)rung + (kind == 0 ? 1.5 : -0.5) + (simple ? 1 : -1);
            double p = shuffled ? 0.6 : sigmoid(z);
            world->outcomes[task * RUNGS + rung] =
                (struct evidence_outcome){task, rung, dice_unit(&dice) < p};
        }
        arena_reset(&arena);
    }
    arena_free(&arena);
}

static struct evidence_learner *learn(const struct world *world, bool text, bool labels)
{
    return evidence_learn(world->corpus, world->outcomes, TASKS * RUNGS,
        (struct evidence_options){.n_rungs = RUNGS, .use_text = text, .use_labels = labels});
}

static struct evidence_prediction ask(
    const struct evidence_learner *learner, const char *text, const char *label, size_t rung)
{
    struct evidence_view *view = evidence_view_make();
    struct slice labels[] = {slice_from(label)};
    evidence_view_task(view, learner, slice_from(text), (struct slice){0}, labels, 1);
    struct evidence_prediction prediction = evidence_predict_view(learner, view, rung);
    evidence_view_free(view);
    return prediction;
}

static void what_holds_is_learned(void **state)
{
    (void)state;
    static struct world world;
    make_world(&world, false);
    struct evidence_learner *learner = learn(&world, true, true);
    struct evidence_summary summary = evidence_summarise(learner);
    assert_true(summary.text_gate > 0.5 && summary.text_gate <= 1);
    assert_true(summary.label_gate > 0.5 && summary.label_gate <= 1);
    assert_true(summary.gain > 10);
    double easy = ask(learner, "simple loop in the test", "kind:0", 0).success;
    double hard = ask(learner, "intricate loop in the test", "kind:1", 0).success;
    assert_close(easy, sigmoid(2.5), 0.08);
    assert_close(hard, sigmoid(-1.5), 0.08);
    assert_true(ask(learner, "simple loop in the test", "kind:1", 1).success >
                ask(learner, "simple loop in the test", "kind:1", 0).success);
    /* a label never seen is a tie: the base and the text */
    struct evidence_prediction unseen = ask(learner, "simple loop in the test", "kind:9", 0);
    assert_close(unseen.labels, 0, 0);
    /* repositories tell nothing, and a family that tells nothing is shrunk */
    assert_true(fabs(ask(learner, "simple loop", "repo:3", 0).labels -
                     ask(learner, "simple loop", "repo:4", 0).labels) < 0.15);
    evidence_learner_free(learner);
    evidence_corpus_free(world.corpus);
}

static void the_text_gate_closes_on_outcomes_of_chance(void **state)
{
    (void)state;
    static struct world world;
    make_world(&world, true);
    struct evidence_learner *learner = learn(&world, true, true);
    assert_true(evidence_summarise(learner).text_gate < 0.1);
    assert_close(ask(learner, "simple loop in the test", "kind:0", 0).success, 0.6, 0.06);
    evidence_learner_free(learner);
    evidence_corpus_free(world.corpus);
}

static void two_rebuilds_agree_to_the_bit(void **state)
{
    (void)state;
    static struct world world, again;
    make_world(&world, false);
    make_world(&again, false);
    struct evidence_learner *one = learn(&world, true, true), *other = learn(&again, true, true);
    for (size_t task = 0; task < TASKS; task++) {
        struct evidence_prediction a = evidence_predict_task(one, world.corpus, task, task % RUNGS);
        struct evidence_prediction b =
            evidence_predict_task(other, again.corpus, task, task % RUNGS);
        assert_memory_equal(&a, &b, sizeof(a));
    }
    evidence_learner_free(one);
    evidence_learner_free(other);
    evidence_corpus_free(world.corpus);
    evidence_corpus_free(again.corpus);
}

static void an_update_moves_towards_what_came(void **state)
{
    (void)state;
    static struct world world;
    make_world(&world, false);
    struct evidence_learner *learner = learn(&world, true, true);
    struct evidence_view *view = evidence_view_make();
    struct slice labels[] = {SLICE("kind:1")};
    evidence_view_task(view, learner, slice_from("intricate query"), (struct slice){0}, labels, 1);
    struct evidence_prediction before = evidence_predict_view(learner, view, 0);
    struct evidence_prediction other = evidence_predict_view(learner, view, 1);
    for (int i = 0; i < 50; i++)
        evidence_update(learner, view, 0, 1);
    struct evidence_prediction after = evidence_predict_view(learner, view, 0);
    assert_true(after.success > before.success + 0.05 && after.success < 1);
    assert_true(after.labels > before.labels && after.text > before.text);
    assert_close(after.weight, before.weight + 50, 1e-9);
    assert_close(evidence_predict_view(learner, view, 1).success, other.success, 0);
    evidence_view_free(view);
    evidence_learner_free(learner);
    evidence_corpus_free(world.corpus);
}

static void next_to_nothing_is_learned_from_without_fuss(void **state)
{
    (void)state;
    struct evidence_corpus *corpus = evidence_corpus_make();
    struct slice labels[] = {SLICE("kind:1"), SLICE("kind:1")};
    size_t task = evidence_corpus_add(corpus, slice_from("a"), slice_from("b"), labels, 2);
    struct evidence_options options = {.n_rungs = 3, .use_text = true, .use_labels = true};
    struct evidence_learner *nothing = evidence_learn(corpus, NULL, 0, options);
    assert_close(evidence_predict_task(nothing, corpus, task, 2).success, 0.5, 1e-12);
    assert_close(evidence_predict_task(nothing, corpus, task, 2).weight, 0, 0);
    struct evidence_outcome outcome = {task, 1, 1};
    struct evidence_learner *one = evidence_learn(corpus, &outcome, 1, options);
    double p = evidence_predict_task(one, corpus, task, 1).success;
    assert_true(p > 0.5 && p < 0.95);
    assert_close(evidence_summarise(one).text_gate, 0, 0);
    evidence_learner_free(nothing);
    evidence_learner_free(one);
    evidence_corpus_free(corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(surface_figures_are_those_counted_by_hand),
        cmocka_unit_test(words_are_hashed_whole_and_caseless),
        cmocka_unit_test(a_text_of_any_length_is_bounded),
        cmocka_unit_test(the_surface_fit_is_that_of_scikit_learn),
        cmocka_unit_test(the_additive_prior_is_the_optimum_of_scipy),
        cmocka_unit_test(the_calibration_is_the_optimum_of_scipy),
        cmocka_unit_test(labels_have_numbers_and_families),
        cmocka_unit_test(what_holds_is_learned),
        cmocka_unit_test(the_text_gate_closes_on_outcomes_of_chance),
        cmocka_unit_test(two_rebuilds_agree_to_the_bit),
        cmocka_unit_test(an_update_moves_towards_what_came),
        cmocka_unit_test(next_to_nothing_is_learned_from_without_fuss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
