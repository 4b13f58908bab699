#include "unit.h"

#include "base/file.h"
#include "decide/decide.h"
#include "evidence/evidence.h"

#include <stdlib.h>
#include <unistd.h>

/* A made-up world: three rungs, two labels, success and cost by a table. */
struct world {
    struct arena arena;
    struct evidence_attempt *attempts;
    size_t n;
    struct policy policy;
    struct price_table prices;
    struct evidence_view *view;
    struct dice dice;
};

static const char POLICY[] =
    "ladder:\n"
    "  - {rung: small, model: m-1, price: {input: 1, output: 1}, assume: {input: 100000}}\n"
    "  - {rung: middle, model: m-2, price: {input: 3, output: 3}, assume: {input: 100000}}\n"
    "  - {rung: large, model: m-3, price: {input: 9, output: 9}, assume: {input: 100000}}\n"
    "default: middle\nmiddle: middle\ntop: large\n";

static void parse(struct world *world, const char *goal)
{
    struct policy_problems problems = {0};
    struct slice text = arena_print(&world->arena, "%s%s", POLICY, goal);
    assert_true(policy_parse(&world->arena, NULL, text, true, &world->policy, &problems));
}

static void add(struct world *world, const char *rung, const char *model, const char *label,
    double rate, double usd)
{
    struct slice *labels = ARENA_ARRAY(&world->arena, struct slice, 1);
    labels[0] = slice_from(label);
    world->attempts[world->n] = (struct evidence_attempt){
        .rung = slice_from(rung),
        .model = slice_from(model),
        .labels = labels,
        .n_labels = 1,
        .title = arena_print(&world->arena, "task %zu", world->n),
        .success = dice_unit(&world->dice) < rate,
        .cost_usd = usd * (0.8 + 0.4 * dice_unit(&world->dice)),
        .tier = DECIDE_COMPLEXITY_LABEL,
        .at_ms = (int64_t)world->n * 60000,
    };
    world->n++;
}

enum { ROUNDS = 150 };

/* On easy tasks the small rung is as good and cheaper; on hard ones the large rung is better. */
static struct world make_world(void)
{
    struct world world = {.dice = dice_from_seed(11), .view = evidence_view_make()};
    world.attempts = ARENA_ARRAY(&world.arena, struct evidence_attempt, 10000);
    world.prices = price_builtin();
    for (int i = 0; i < ROUNDS; i++) {
        add(&world, "small", "m-1", "kind:easy", 0.90, 0.10);
        add(&world, "middle", "m-2", "kind:easy", 0.92, 0.40);
        add(&world, "large", "m-3", "kind:easy", 0.93, 1.00);
        add(&world, "small", "m-1", "kind:hard", 0.25, 0.20);
        add(&world, "middle", "m-2", "kind:hard", 0.60, 0.60);
        add(&world, "large", "m-3", "kind:hard", 0.85, 1.20);
    }
    return world;
}

static void free_world(struct world *world)
{
    policy_free(&world->policy);
    evidence_view_free(world->view);
    arena_free(&world->arena);
}

static void prepare(struct world *world, struct evidence *evidence, struct decider *decider)
{
    decide_prepare(
        &world->arena, &world->policy, &world->prices, 20000, evidence, world->view, decider);
    evidence_set_goal(evidence, world->policy.hash, decide_tune(decider, &world->arena));
    decide_prepare(
        &world->arena, &world->policy, &world->prices, 20000, evidence, world->view, decider);
}

static struct decision decide_on(
    struct world *world, const struct decider *decider, const char *label)
{
    struct slice labels[1] = {slice_from(label)};
    struct task task = {.title = slice_from("do it"), .labels = {labels, 1}, .priority = -1};
    struct decision decision;
    decide(decider, &task, &world->arena, &decision);
    return decision;
}

static void estimates_follow_labels(void **state)
{
    (void)state;
    struct world world = make_world();
    parse(&world, "");
    struct evidence *evidence = evidence_build(world.attempts, world.n);
    struct evidence_arms arms;
    struct evidence_estimate e[3];
    const struct slice easy = slice_from("kind:easy"), hard = slice_from("kind:hard"),
                       none = {"", 0};
    evidence_match(evidence, &world.policy, &arms);
    evidence_estimate(evidence, &arms, 3, none, none, &easy, 1, world.view, e);
    assert_close(e[0].success.mean, 0.90, 0.06);
    assert_close(e[0].cost_usd.mean, 0.10, 0.02);
    assert_close(e[2].cost_usd.mean, 1.00, 0.15);
    assert_true(e[0].success.low < e[0].success.mean && e[0].success.mean < e[0].success.high);
    assert_close(e[0].outcomes, 2 * ROUNDS, 0);
    evidence_estimate(evidence, &arms, 3, none, none, &hard, 1, world.view, e);
    assert_close(e[0].success.mean, 0.25, 0.08);
    assert_close(e[2].success.mean, 0.85, 0.08);
    assert_close(e[1].cost_usd.mean, 0.60, 0.10);
    evidence_close(evidence);
    free_world(&world);
}

static void a_worth_chooses_the_rung_by_its_label(void **state)
{
    (void)state;
    struct world world = make_world();
    parse(&world, "goal: {value_usd: 5}\n");
    struct evidence *evidence = evidence_build(world.attempts, world.n);
    struct decider decider;
    prepare(&world, evidence, &decider);
    struct decision easy = decide_on(&world, &decider, "kind:easy");
    struct decision hard = decide_on(&world, &decider, "kind:hard");
    assert_int_equal(easy.rung, 0);
    assert_int_equal(easy.strategy, DECIDE_LEARNED);
    assert_int_equal(easy.base_strategy, DECIDE_DEFAULT);
    assert_int_equal(hard.rung, 2);
    assert_true(easy.cost_measured);
    assert_int_equal(easy.n_climb, 0); /* no gate tells when to climb */
    assert_non_null(strstr(easy.why.base, "no gate"));
    evidence_close(evidence);
    free_world(&world);
}

static void keeping_a_rung_meets_its_success_at_less_cost(void **state)
{
    (void)state;
    struct world world = make_world();
    parse(&world, "goal: {keep: middle, within: 0.01}\n");
    struct evidence *evidence = evidence_build(world.attempts, world.n);
    struct decider decider;
    prepare(&world, evidence, &decider);
    assert_true(decider.has_goal);
    decider.dice = &world.dice;
    double success = 0, cost = 0, kept_success = 0, kept_cost = 0;
    for (int i = 0; i < 4000; i++) {
        struct decision d = decide_on(&world, &decider, i % 2 ? "kind:easy" : "kind:hard");
        success += d.options[d.rung].success.mean;
        cost += d.options[d.rung].cost_usd.mean;
        kept_success += d.options[1].success.mean;
        kept_cost += d.options[1].cost_usd.mean;
        double sum = 0;
        for (int r = 0; r < 3; r++)
            sum += d.options[r].propensity;
        assert_close(sum, 1, 1e-9);
        assert_true(d.options[d.rung].propensity > 0);
    }
    assert_close(success / 4000, kept_success / 4000 - 0.01, 0.02);
    assert_true(cost < 0.95 * kept_cost);
    evidence_close(evidence);
    free_world(&world);
}

static void a_budget_is_kept_on_average(void **state)
{
    (void)state;
    struct world world = make_world();
    /* 900 first attempts in 15 hours count as a day: 900 a day */
    parse(&world, "goal: {budget_usd: 450, per: day}\n");
    struct evidence *evidence = evidence_build(world.attempts, world.n);
    struct decider decider;
    prepare(&world, evidence, &decider);
    decider.dice = &world.dice;
    double cost = 0;
    for (int i = 0; i < 4000; i++)
        cost += decide_on(&world, &decider, i % 2 ? "kind:easy" : "kind:hard").cost_usd.mean;
    assert_close(cost / 4000, 0.5, 0.03);
    evidence_close(evidence);
    free_world(&world);
}

static void gates_let_it_climb_where_that_pays(void **state)
{
    (void)state;
    struct world world = make_world();
    parse(&world, "goal: {value_usd: 50}\ngates: [{name: t, command: [\"true\"]}]\n");
    struct evidence *evidence = evidence_build(world.attempts, world.n);
    struct decider decider;
    prepare(&world, evidence, &decider);
    struct decision easy = decide_on(&world, &decider, "kind:easy");
    assert_true(easy.n_climb > 0); /* a success worth $50 pays for a second try */
    evidence_close(evidence);
    free_world(&world);
    world = make_world();
    parse(&world, "goal: {value_usd: 0.5}\ngates: [{name: t, command: [\"true\"]}]\n");
    evidence = evidence_build(world.attempts, world.n);
    prepare(&world, evidence, &decider);
    easy = decide_on(&world, &decider, "kind:easy");
    assert_int_equal(easy.rung, 0);
    assert_int_equal(easy.n_climb, 0); /* declined, and it says from what worth it would pay */
    assert_non_null(strstr(easy.why.base, "would pay where a success is worth more than $"));
    evidence_close(evidence);
    free_world(&world);
}

static void thin_evidence_leaves_the_tiers(void **state)
{
    (void)state;
    struct world world = make_world();
    parse(&world, "goal: {value_usd: 5}\n");
    struct evidence *evidence = evidence_build(world.attempts, 60);
    struct decider decider;
    prepare(&world, evidence, &decider);
    struct decision d = decide_on(&world, &decider, "kind:easy");
    assert_int_equal(d.rung, 1);
    assert_int_equal(d.strategy, DECIDE_DEFAULT);
    assert_non_null(strstr(d.why.base, "thin"));
    evidence_close(evidence);
    free_world(&world);
}

static void wishes_are_never_moved_nor_explored(void **state)
{
    (void)state;
    struct world world = make_world();
    parse(&world, "goal: {value_usd: 5}\nexplore: 0.5\n");
    struct evidence *evidence = evidence_build(world.attempts, world.n);
    struct decider decider;
    prepare(&world, evidence, &decider);
    decider.dice = &world.dice;
    int explored = 0;
    for (int i = 0; i < 1000; i++) {
        struct decision d = decide_on(&world, &decider, "model:large");
        assert_int_equal(d.rung, 2);
        assert_close(d.confidence, 1, 0);
        assert_close(d.options[2].propensity, 1, 0);
        explored += decide_on(&world, &decider, "kind:easy").explored;
    }
    assert_in_range(explored, 430, 570);
    evidence_close(evidence);
    free_world(&world);
}

static void tiers_are_tuned_by_outcomes(void **state)
{
    (void)state;
    struct world world = make_world();
    double a = 0, b = 0;
    for (size_t i = 0; i < world.n; i++)
        world.attempts[i].success = i % 4 != 0;
    struct evidence *evidence = evidence_build(world.attempts, world.n);
    evidence_tier(evidence, DECIDE_COMPLEXITY_LABEL, 0.95, 8, &a, &b);
    assert_close(a / (a + b), 0.75, 0.01);
    evidence_tier(evidence, DECIDE_PATTERN_MATCH, 0.85, 8, &a, &b);
    assert_close(a / (a + b), 0.85, 1e-12);
    evidence_close(evidence);
    free_world(&world);
}

typedef bool open_snapshot(const char *path, struct evidence **evidence, struct failure *failure);

/* Written twice and opened, it says what was learned. `cut`: the file is cut short meanwhile. */
static void check_snapshot(open_snapshot *open_it, bool cut_short)
{
    struct world world = make_world();
    parse(&world, "");
    struct failure failure = {0};
    char directory[] = "/tmp/rung-test-XXXXXX";
    assert_non_null(mkdtemp(directory));
    const char *one = file_join(&world.arena, directory, "one"),
               *two = file_join(&world.arena, directory, "two");
    struct evidence *first = evidence_build(world.attempts, world.n);
    struct evidence *second = evidence_build(world.attempts, world.n);
    assert_true(evidence_save(first, one, &failure) && evidence_save(second, two, &failure));
    struct file_bytes a, b;
    assert_true(
        file_open_plain(one, 1 << 28, &a, &failure) && file_open_plain(two, 1 << 28, &b, &failure));
    assert_true(slice_equal(a.bytes, b.bytes)); /* to the bit */

    struct evidence *mapped = NULL;
    assert_true(open_it(one, &mapped, &failure));
    if (cut_short)
        assert_int_equal(truncate(one, 0), 0);
    struct evidence_arms arms;
    struct evidence_estimate x[3], y[3];
    const struct slice easy = slice_from("kind:easy"), none = {"", 0};
    evidence_match(mapped, &world.policy, &arms);
    evidence_estimate(first, &arms, 3, none, none, &easy, 1, world.view, x);
    evidence_estimate(mapped, &arms, 3, none, none, &easy, 1, world.view, y);
    for (int i = 0; i < 3; i++) {
        assert_close(x[i].success.mean, y[i].success.mean, 0);
        assert_close(x[i].cost_usd.mean, y[i].cost_usd.mean, 0);
    }
    /* outcomes that came later move it in memory, not in the file */
    for (int i = 0; i < 200; i++) {
        struct evidence_attempt failed = world.attempts[0];
        failed.success = false;
        evidence_add(mapped, &failed);
    }
    evidence_estimate(mapped, &arms, 3, none, none, &easy, 1, world.view, y);
    assert_true(y[0].success.mean < x[0].success.mean - 0.2);

    /* damaged files are refused, wherever they are cut */
    for (size_t cut = 0; cut < a.bytes.len; cut += 1 + a.bytes.len / 97) {
        struct evidence *none_opened = NULL;
        assert_true(file_replace(two, slice_sub(a.bytes, 0, cut), 0600, &failure));
        assert_false(open_it(two, &none_opened, &failure));
    }
    struct evidence *absent = first;
    assert_true(open_it(file_join(&world.arena, directory, "none"), &absent, &failure));
    assert_null(absent);
    file_close(&a);
    file_close(&b);
    unlink(one);
    unlink(two);
    rmdir(directory);
    evidence_close(mapped);
    evidence_close(first);
    evidence_close(second);
    free_world(&world);
}

static void a_snapshot_says_what_was_written(void **state)
{
    (void)state;
    check_snapshot(evidence_open, true);
    check_snapshot(evidence_map, false);
}

static void a_new_model_version_takes_over_a_little(void **state)
{
    (void)state;
    struct world world = make_world();
    parse(&world, "");
    for (int i = 0; i < 10; i++)
        add(&world, "small", "m-1b", "kind:easy", 0, 0.10);
    struct evidence *evidence = evidence_build(world.attempts, world.n);
    struct evidence_arms arms;
    struct evidence_estimate e[3];
    const struct slice easy = slice_from("kind:easy"), none = {"", 0};
    world.policy.rungs[0].model = slice_from("m-1b");
    evidence_match(evidence, &world.policy, &arms);
    assert_false(arms.carried[0]);
    evidence_estimate(evidence, &arms, 3, none, none, &easy, 1, world.view, e);
    assert_close(e[0].outcomes, 10 + EVIDENCE_CARRIED, 0);
    assert_in_range((int)(100 * e[0].success.mean), 45, 80); /* between 0 and the old 90 % */
    world.policy.rungs[0].model = slice_from("m-1c");
    evidence_match(evidence, &world.policy, &arms);
    assert_true(arms.carried[0]);
    evidence_close(evidence);
    free_world(&world);
}

static void steady_rates_seldom_set_off_a_watch(void **state)
{
    (void)state;
    int alarms_seen = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct world world = make_world();
        struct evidence_alarm *alarms;
        world.dice = dice_from_seed(seed);
        world.n = 0;
        for (int i = 0; i < 700; i++)
            add(&world, "small", "m-1", "kind:easy", 0.88, 0.10);
        struct evidence *evidence = evidence_build(world.attempts, world.n);
        alarms_seen += (int)evidence_alarms(evidence, &world.arena, &alarms);
        evidence_close(evidence);
        free_world(&world);
    }
    /* 40 x 500 watched tasks, by two watches that see the same: one false alarm in 2,000 tasks of
     * each kind would be 40 in all */
    assert_in_range(alarms_seen, 0, 40);
    print_message(
        "%d false alarms in 40 x 500 tasks seen by two watches of two kinds\n", alarms_seen);
}

static void a_fall_sets_off_the_watch(void **state)
{
    (void)state;
    struct world world = make_world();
    world.n = 0;
    for (int i = 0; i < 600; i++)
        add(&world, "small", "m-1", "kind:easy", 0.88, 0.10);
    struct evidence_alarm *alarms;
    struct evidence *evidence = evidence_build(world.attempts, world.n);
    assert_int_equal(evidence_alarms(evidence, &world.arena, &alarms), 0);
    evidence_close(evidence);
    for (int i = 0; i < 150; i++)
        add(&world, "small", "m-1", "kind:easy", 0.60, 0.30);
    evidence = evidence_build(world.attempts, world.n);
    size_t n = evidence_alarms(evidence, &world.arena, &alarms);
    bool of_success = false, of_cost = false;
    for (size_t i = 0; i < n; i++) {
        assert_slice(alarms[i].rung, "small");
        of_cost = of_cost || (alarms[i].of_cost && alarms[i].seen > 1.5 * alarms[i].expected);
        of_success =
            of_success || (!alarms[i].of_cost && alarms[i].seen < alarms[i].expected - 0.1);
    }
    assert_true(of_success && of_cost);
    evidence_close(evidence);
    free_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimates_follow_labels),
        cmocka_unit_test(a_worth_chooses_the_rung_by_its_label),
        cmocka_unit_test(keeping_a_rung_meets_its_success_at_less_cost),
        cmocka_unit_test(a_budget_is_kept_on_average),
        cmocka_unit_test(gates_let_it_climb_where_that_pays),
        cmocka_unit_test(thin_evidence_leaves_the_tiers),
        cmocka_unit_test(wishes_are_never_moved_nor_explored),
        cmocka_unit_test(tiers_are_tuned_by_outcomes),
        cmocka_unit_test(a_snapshot_says_what_was_written),
        cmocka_unit_test(a_new_model_version_takes_over_a_little),
        cmocka_unit_test(steady_rates_seldom_set_off_a_watch),
        cmocka_unit_test(a_fall_sets_off_the_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
