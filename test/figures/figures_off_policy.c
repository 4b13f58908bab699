/* What another policy would have done, from a log of one policy's choices: on rows where the truth
 * is known the doubly robust estimate must be unbiased and its interval honest. The log: easy tasks
 * to Haiku, middling to Sonnet, the others to Opus, and one time in ten any of them (METHODS §3).
 */
#include "eval/data.h"
#include "stats/stats.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARMS = 3, GROUPS = 3, LOGGED = 1000, REPLICATES = 300, ROUNDS = 400, FOLDS = 2, STEPS = 12 };

static const double EXPLORE = 0.1;

static const char *const models[ARMS] = {
    "claude-haiku-4.5-high", "claude-sonnet-4.5", "claude-opus-4.5"};

/* Which arm a policy takes for easy, middling and hard tasks. */
struct target {
    const char *name;
    size_t arm[GROUPS];
};

static const struct target logging = {"the log", {0, 1, 2}};
static const struct target targets[] = {
    {"always Haiku", {0, 0, 0}},
    {"always Sonnet", {1, 1, 1}},
    {"always Opus", {2, 2, 2}},
    {"Haiku if easy, else Sonnet", {0, 1, 1}},
};
enum { TARGETS = sizeof(targets) / sizeof(*targets) };

struct world {
    size_t n;
    size_t *group;
    double (*success)[ARMS];
};

struct choice {
    size_t group, arm;
    double reward;
};

static size_t group_of(const struct data_row *row)
{
    for (size_t i = 0; i < row->n_labels; i++) {
        if (slice_is(row->labels[i], "difficulty:<15 min fix"))
            return 0;
        if (slice_is(row->labels[i], "difficulty:15 min - 1 hour"))
            return 1;
    }
    return 2;
}

static void read_world(struct eval_data *data, struct world *world)
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
    if (!data_read(data, path, NULL, 0, &failure))
        fail_msg("%s", failure.text);
    world->n = data->n_rows;
    world->group = ARENA_ARRAY(&data->arena, size_t, world->n);
    world->success = arena_take_array(&data->arena, world->n, sizeof(*world->success));
    for (size_t row = 0; row < world->n; row++) {
        world->group[row] = group_of(&data->rows[row]);
        for (size_t arm = 0; arm < ARMS; arm++)
            world->success[row][arm] =
                data_outcome(&data->rows[row], data_model(data, slice_from(models[arm]))).score;
    }
}

static double truth_of(const struct world *world, const struct target *target)
{
    double sum = 0;
    for (size_t row = 0; row < world->n; row++)
        sum += world->success[row][target->arm[world->group[row]]];
    return sum / (double)world->n;
}

static void draw_log(const struct world *world, struct dice *dice, struct choice log[LOGGED])
{
    for (size_t i = 0; i < LOGGED; i++) {
        size_t row = dice_below(dice, world->n), arm = logging.arm[world->group[row]];
        if (dice_unit(dice) < EXPLORE)
            arm = dice_below(dice, ARMS);
        log[i] = (struct choice){world->group[row], arm, world->success[row][arm]};
    }
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* θ_arm − b_group on the rows outside the fold: Newton along one coordinate after the other. */
static void fit_additive(const struct choice log[LOGGED], size_t fold, double model[GROUPS][ARMS])
{
    double n[GROUPS][ARMS] = {{0}}, good[GROUPS][ARMS] = {{0}};
    double ability[ARMS] = {0}, difficulty[GROUPS] = {0};
    for (size_t i = 0; i < LOGGED; i++)
        if (i % FOLDS != fold) {
            n[log[i].group][log[i].arm]++;
            good[log[i].group][log[i].arm] += log[i].reward;
        }
    for (int step = 0; step < STEPS; step++)
        for (size_t k = 0; k < ARMS + GROUPS; k++) {
            double *at = k < ARMS ? &ability[k] : &difficulty[k - ARMS];
            double gradient = -0.1 * *at, curvature = 0.1, sign = k < ARMS ? 1 : -1;
            for (size_t g = 0; g < GROUPS; g++)
                for (size_t a = 0; a < ARMS; a++)
                    if (k < ARMS ? a == k : g == k - ARMS) {
                        double p = logistic(ability[a] - difficulty[g]);
                        gradient += sign * (good[g][a] - n[g][a] * p);
                        curvature += n[g][a] * p * (1 - p);
                    }
            *at += gradient / curvature;
        }
    for (size_t g = 0; g < GROUPS; g++)
        for (size_t a = 0; a < ARMS; a++)
            model[g][a] = logistic(ability[a] - difficulty[g]);
}

static void see_as(const struct choice log[LOGGED], double model[FOLDS][GROUPS][ARMS],
    const struct target *target, struct stats_logged rows[LOGGED])
{
    for (size_t i = 0; i < LOGGED; i++) {
        size_t group = log[i].group, arm = log[i].arm;
        double greedy = arm == logging.arm[group] ? 1 - EXPLORE : 0;
        rows[i] = (struct stats_logged){.reward = log[i].reward,
            .propensity = greedy + EXPLORE / ARMS,
            .target = arm == target->arm[group],
            .model_taken = model[i % FOLDS][group][arm],
            .model_target = model[i % FOLDS][group][target->arm[group]]};
    }
}

struct tally {
    double bias, naive_bias, covered, effective_n; /* means over the replicates */
};

static void run_replicate(
    const struct world *world, uint64_t seed, const double *truth, struct tally *tallies)
{
    static struct choice log[LOGGED];
    static struct stats_logged rows[LOGGED];
    double model[FOLDS][GROUPS][ARMS];
    struct dice dice = dice_from_seed(seed);
    struct failure failure;
    draw_log(world, &dice, log);
    for (size_t fold = 0; fold < FOLDS; fold++)
        fit_additive(log, fold, model[fold]);
    for (size_t t = 0; t < TARGETS; t++) {
        struct stats_off_policy estimate;
        see_as(log, model, &targets[t], rows);
        if (!stats_off_policy(
                rows, LOGGED, (struct stats_resampling){0.95, ROUNDS, &dice}, &estimate, &failure))
            fail_msg("%s", failure.text);
        struct interval robust = estimate.doubly_robust;
        tallies[t].bias += (robust.mean - truth[t]) / REPLICATES;
        tallies[t].naive_bias += (estimate.naive.mean - truth[t]) / REPLICATES;
        tallies[t].covered +=
            (robust.low <= truth[t] && truth[t] <= robust.high) / (double)REPLICATES;
        tallies[t].effective_n += estimate.effective_n / REPLICATES;
    }
}

static void test_doubly_robust(void **state)
{
    (void)state;
    struct eval_data data = {0};
    struct world world;
    struct tally tallies[TARGETS] = {{0}};
    double truth[TARGETS];
    read_world(&data, &world);
    for (size_t t = 0; t < TARGETS; t++)
        truth[t] = truth_of(&world, &targets[t]);
    for (uint64_t seed = 1; seed <= REPLICATES; seed++)
        run_replicate(&world, seed, truth, tallies);
    for (size_t t = 0; t < TARGETS; t++) {
        printf("  %-26s truth %.3f, bias %+.2f points (naive %+.2f), covered %.1f %%, effective n "
               "%.0f\n",
            targets[t].name, truth[t], 100 * tallies[t].bias, 100 * tallies[t].naive_bias,
            100 * tallies[t].covered, tallies[t].effective_n);
    }
    for (size_t t = 0; t < TARGETS; t++) {
        assert_true(fabs(tallies[t].bias) <= 0.01);
        assert_true(tallies[t].covered >= 0.89);
    }
    /* Always Haiku looks far better than it is where only its easy tasks are counted. */
    assert_true(tallies[0].naive_bias > 0.08);
    data_free(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubly_robust),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
