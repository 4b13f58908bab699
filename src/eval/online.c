/* Receives outcome rows as a stream in random order; hands on how much of the best static policy's
 * value a policy that starts from nothing earns. Refuses to show it an outcome that it did not
 * choose. */
#include "online.h"

#include "arms.h"
#include "belief.h"

#include "base/dice.h"

#include <math.h>

enum { TRIES = 6 }; /* of every rung before beliefs are asked */

static const double LEVEL = 0.95, VALUE_USD = 2;

struct stream {
    const struct eval_data *data;
    const size_t *rows;
    size_t n_rows;
    size_t rungs[CLIMB_RUNGS_MOST], n_rungs; /* models */
    double value_usd;
    size_t n_tasks;
    struct grouping kinds[GROUPINGS_MOST + 1];
    size_t n_kinds;
    const size_t *best_rung;                     /* of every row, by the best static policy */
    struct data_outcome means[CLIMB_RUNGS_MOST]; /* of each rung over all rows */
};

struct earned { /* means over the tasks of one order */
    double online, fixed;
    double online_first, fixed_first;
    double quality, cost_usd, fixed_quality, fixed_cost;
    double random_quality, random_cost; /* the same rungs as often, to tasks at random */
};

static struct data_outcome outcome_of(const struct stream *stream, size_t row, size_t rung)
{
    return data_outcome(&stream->data->rows[row], stream->rungs[rung]);
}

static double value_of(const struct stream *stream, struct data_outcome outcome)
{
    return stream->value_usd * outcome.score - outcome.cost_usd;
}

/* The rung of greatest mean value for each group of one kind; returns its mean value over rows. */
static double fix_kind(struct arena *scratch, const struct stream *stream,
    const struct grouping *kind, size_t *rung_of_group)
{
    double *sum = ARENA_ARRAY(scratch, double, kind->n_groups * stream->n_rungs), total = 0;
    for (size_t i = 0; i < stream->n_rows; i++)
        for (size_t rung = 0; rung < stream->n_rungs; rung++)
            sum[kind->group[stream->rows[i]] * stream->n_rungs + rung] +=
                value_of(stream, outcome_of(stream, stream->rows[i], rung));
    for (size_t group = 0; group < kind->n_groups; group++) {
        const double *of_group = sum + group * stream->n_rungs;
        size_t best = 0;
        for (size_t rung = 1; rung < stream->n_rungs; rung++)
            if (of_group[rung] > of_group[best])
                best = rung;
        rung_of_group[group] = best;
        total += of_group[best];
    }
    return total / (double)stream->n_rows;
}

static double fix_best(struct arena *arena, struct stream *stream)
{
    size_t *best = ARENA_ARRAY(arena, size_t, stream->data->n_rows);
    double most = -INFINITY;
    for (size_t k = 0; k < stream->n_kinds; k++) {
        size_t of_group[GROUPS_MOST];
        double value = fix_kind(arena, stream, &stream->kinds[k], of_group);
        if (value <= most)
            continue;
        most = value;
        for (size_t row = 0; row < stream->data->n_rows; row++)
            best[row] = of_group[stream->kinds[k].group[row]];
    }
    stream->best_rung = best;
    return most;
}

/* Every rung a few times; then Thompson sampling, the posterior taken as normal on the logit scale.
 */
static size_t choose_rung(
    const struct stream *stream, const struct belief *belief, size_t group, struct dice *dice)
{
    size_t best = 0;
    double most = -INFINITY;
    for (size_t rung = 0; rung < stream->n_rungs; rung++)
        if (belief->rung_n[rung] < TRIES)
            return rung;
    for (size_t rung = 0; rung < stream->n_rungs; rung++) {
        struct belief_forecast forecast = belief_forecast(belief, group, rung);
        double p = fmin(fmax(forecast.success, 0.01), 0.99);
        double z = stats_normal_quantile(fmin(fmax(dice_unit(dice), 1e-12), 1 - 1e-12));
        double logit = log(p / (1 - p)) + z / sqrt(forecast.weight * p * (1 - p));
        double value = stream->value_usd / (1 + exp(-logit)) - forecast.cost_usd;
        if (value > most) {
            most = value;
            best = rung;
        }
    }
    return best;
}

/* The kind of label whose forecasts were best; before any, none. */
static size_t choose_kind(const struct belief *beliefs, size_t n)
{
    size_t best = 0;
    for (size_t k = 1; k < n; k++)
        if (beliefs[k].log_loss < beliefs[best].log_loss)
            best = k;
    return best;
}

static struct earned run_order(const struct stream *stream, uint64_t seed)
{
    struct arena scratch = {0};
    struct dice dice = dice_from_seed(seed);
    struct belief beliefs[GROUPINGS_MOST + 1];
    struct earned earned = {0};
    double share = 1 / (double)stream->n_tasks;
    size_t first = stream->n_tasks < EVAL_ONLINE_FIRST ? stream->n_tasks : EVAL_ONLINE_FIRST;
    for (size_t k = 0; k < stream->n_kinds; k++)
        beliefs[k] = belief_make(&scratch, stream->kinds[k].n_groups, stream->n_rungs);
    for (size_t task = 0; task < stream->n_tasks; task++) {
        size_t row = stream->rows[dice_below(&dice, stream->n_rows)];
        size_t kind = choose_kind(beliefs, stream->n_kinds);
        size_t rung = choose_rung(stream, &beliefs[kind], stream->kinds[kind].group[row], &dice);
        struct data_outcome seen = outcome_of(stream, row, rung);
        struct data_outcome fixed = outcome_of(stream, row, stream->best_rung[row]);
        for (size_t k = 0; k < stream->n_kinds; k++)
            belief_update(
                &beliefs[k], stream->kinds[k].group[row], rung, seen.score, seen.cost_usd);
        earned.online += share * value_of(stream, seen);
        earned.fixed += share * value_of(stream, fixed);
        earned.random_quality += share * stream->means[rung].score;
        earned.random_cost += share * stream->means[rung].cost_usd;
        earned.quality += share * seen.score;
        earned.cost_usd += share * seen.cost_usd;
        earned.fixed_quality += share * fixed.score;
        earned.fixed_cost += share * fixed.cost_usd;
        if (task < first) {
            earned.online_first += value_of(stream, seen) / (double)first;
            earned.fixed_first += value_of(stream, fixed) / (double)first;
        }
    }
    arena_free(&scratch);
    return earned;
}

static bool open_stream(struct arena *arena, const struct eval_data *data,
    const struct eval_online_options *options, struct stream *stream, struct failure *failure)
{
    *stream = (struct stream){.data = data,
        .value_usd = options->value_usd > 0 ? options->value_usd : VALUE_USD,
        .n_tasks = options->tasks ? options->tasks : EVAL_ONLINE_TASKS};
    if (options->n_ladder < 2 || options->n_ladder > CLIMB_RUNGS_MOST)
        return failure_set(
            failure, "--online needs --ladder with 2 to %d models", CLIMB_RUNGS_MOST);
    for (size_t i = 0; i < options->n_ladder; i++) {
        stream->rungs[i] = data_model(data, options->ladder[i]);
        if (stream->rungs[i] == SIZE_MAX)
            return failure_set(failure, "--ladder: no row has an outcome of the model \"%.*s\"",
                SLICE_ARG(options->ladder[i]));
    }
    stream->n_rungs = options->n_ladder;
    size_t *rows = ARENA_ARRAY(arena, size_t, data->n_rows);
    for (size_t row = 0; row < data->n_rows; row++) {
        bool complete = true;
        for (size_t rung = 0; rung < stream->n_rungs; rung++)
            complete = complete && !isnan(value_of(stream, outcome_of(stream, row, rung)));
        if (complete)
            rows[stream->n_rows++] = row;
    }
    stream->rows = rows;
    if (stream->n_rows == 0)
        return failure_set(failure, "no row has outcome and cost of all the models");
    for (size_t i = 0; i < stream->n_rows; i++)
        for (size_t rung = 0; rung < stream->n_rungs; rung++) {
            struct data_outcome outcome = outcome_of(stream, stream->rows[i], rung);
            stream->means[rung].score += outcome.score / (double)stream->n_rows;
            stream->means[rung].cost_usd += outcome.cost_usd / (double)stream->n_rows;
        }
    stream->n_kinds = groupings_of_labels(arena, data, stream->kinds);
    return true;
}

struct series { /* over the orders */
    double *share, *share_first, *quality, *cost_usd, *fixed_quality, *fixed_cost, *random_quality,
        *random_cost;
};

static struct series run_orders(struct arena *arena, const struct stream *stream, size_t n)
{
    double *of = ARENA_ARRAY(arena, double, 8 * n);
    struct series series = {
        of, of + n, of + 2 * n, of + 3 * n, of + 4 * n, of + 5 * n, of + 6 * n, of + 7 * n};
    for (size_t i = 0; i < n; i++) {
        struct earned earned = run_order(stream, i + 1);
        series.share[i] = earned.online / earned.fixed;
        series.share_first[i] = earned.online_first / earned.fixed_first;
        series.quality[i] = earned.quality;
        series.cost_usd[i] = earned.cost_usd;
        series.fixed_quality[i] = earned.fixed_quality;
        series.fixed_cost[i] = earned.fixed_cost;
        series.random_quality[i] = earned.random_quality;
        series.random_cost[i] = earned.random_cost;
    }
    return series;
}

static struct interval over_orders(const double *values, size_t n)
{
    struct stats_sums sums = {0};
    for (size_t i = 0; i < n; i++)
        stats_sums_add(&sums, values[i]);
    return stats_mean_interval(&sums, LEVEL);
}

/* A policy that always takes the same rung for a row. */
static void add_fixed(const struct stream *stream, struct slice name, const size_t *rung_of_row,
    struct eval_result *result)
{
    static const struct interval unknown = {NAN, NAN, NAN};
    struct stats_sums quality = {0}, cost_usd = {0};
    for (size_t i = 0; i < stream->n_rows; i++) {
        struct data_outcome outcome =
            outcome_of(stream, stream->rows[i], rung_of_row[stream->rows[i]]);
        stats_sums_add(&quality, outcome.score);
        stats_sums_add(&cost_usd, outcome.cost_usd);
    }
    result->policies[result->n_policies++] =
        (struct eval_policy){name, stats_mean_interval(&quality, LEVEL),
            stats_mean_interval(&cost_usd, LEVEL), unknown, unknown};
}

/* The rung of greatest mean value for each group. */
static void add_best_by(struct arena *arena, const struct stream *stream, const char *name,
    const struct grouping *kind, size_t *rung_of_row, struct eval_result *result)
{
    size_t of_group[GROUPS_MOST];
    (void)fix_kind(arena, stream, kind, of_group);
    for (size_t row = 0; row < stream->data->n_rows; row++)
        rung_of_row[row] = of_group[kind->group[row]];
    add_fixed(stream, slice_from(name), rung_of_row, result);
}

static size_t best_for_row(const struct stream *stream, size_t row)
{
    size_t best = 0;
    for (size_t rung = 1; rung < stream->n_rungs; rung++)
        if (value_of(stream, outcome_of(stream, row, rung)) >
            value_of(stream, outcome_of(stream, row, best)))
            best = rung;
    return best;
}

/* What knows all rows beforehand: every model alone, the best of them, the best for each length,
 * and the best for each task. */
static void add_controls(
    struct arena *arena, const struct stream *stream, struct eval_result *result)
{
    size_t *rungs = ARENA_ARRAY(arena, size_t, stream->data->n_rows);
    struct grouping length =
        grouping_of_length(arena, stream->data, (struct row_set){stream->rows, stream->n_rows});
    for (size_t rung = 0; rung < stream->n_rungs; rung++) {
        for (size_t row = 0; row < stream->data->n_rows; row++)
            rungs[row] = rung;
        struct slice model = stream->data->models[stream->rungs[rung]];
        add_fixed(stream, arena_print(arena, "always-%.*s", SLICE_ARG(model)), rungs, result);
    }
    add_best_by(arena, stream, "best-single", &stream->kinds[0], rungs, result);
    add_best_by(arena, stream, "length", &length, rungs, result);
    for (size_t i = 0; i < stream->n_rows; i++)
        rungs[stream->rows[i]] = best_for_row(stream, stream->rows[i]);
    add_fixed(stream, slice_from("oracle"), rungs, result);
}

static void fill_result(struct arena *arena, const struct stream *stream,
    const struct series *series, size_t n, struct eval_result *result)
{
    static const struct interval unknown = {NAN, NAN, NAN};
    struct dice dice = dice_from_seed(n);
    *result = (struct eval_result){
        .rows = stream->n_rows, .protocol = "online, from nothing, tasks drawn with replacement"};
    result->policies = ARENA_ARRAY(arena, struct eval_policy, stream->n_rungs + 6);
    add_controls(arena, stream, result);
    result->policies[result->n_policies++] =
        (struct eval_policy){slice_from("best-static"), over_orders(series->fixed_quality, n),
            over_orders(series->fixed_cost, n), unknown, unknown};
    result->policies[result->n_policies++] = (struct eval_policy){slice_from("random-same-share"),
        over_orders(series->random_quality, n), over_orders(series->random_cost, n), unknown,
        unknown};
    result->policies[result->n_policies++] = (struct eval_policy){slice_from("online"),
        over_orders(series->quality, n), over_orders(series->cost_usd, n),
        stats_bootstrap_saving(
            series->cost_usd, series->fixed_cost, n, (struct stats_resampling){LEVEL, 1000, &dice}),
        unknown};
    result->metrics = ARENA_ARRAY(arena, struct eval_metric, 2);
    result->metrics[result->n_metrics++] =
        (struct eval_metric){"online_share", over_orders(series->share, n)};
    result->metrics[result->n_metrics++] =
        (struct eval_metric){"online_share_first", over_orders(series->share_first, n)};
    eval_add_note(arena, result,
        "online_share: value earned over %zu tasks as a share of the best static policy's on the "
        "same tasks; online_share_first: over the first %d; a success is worth $%g; %zu orders.",
        stream->n_tasks, EVAL_ONLINE_FIRST, stream->value_usd, n);
}

bool eval_online(struct arena *arena, const struct eval_data *data,
    const struct eval_online_options *options, struct eval_result *result, struct failure *failure)
{
    struct stream stream;
    if (!open_stream(arena, data, options, &stream, failure))
        return false;
    double most = fix_best(arena, &stream);
    if (!(most > 0))
        return failure_set(failure,
            "at $%g a success no rung is worth its cost: the best static policy loses $%g a task",
            stream.value_usd, -most);
    size_t n = options->seeds ? options->seeds : EVAL_ONLINE_SEEDS;
    struct series series = run_orders(arena, &stream, n);
    fill_result(arena, &stream, &series, n, result);
    return true;
}
