/* Judges routing between a weak and a strong model. Receives recorded outcomes and a split, hands
 * on metrics with intervals beside the controls; refuses to show the learner a row it is judged
 * on. */
#include "data.h"
#include "eval.h"
#include "evidence/evidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WEAK, STRONG, SIDES };
enum { GROUP_FOLDS = 5, FOLDS = 5, SEEDS = 8, ROWS_LEAST = 2 };

/* How the tasks are ranked: high goes to the strong model. */
enum ranking { DIRECT, LENGTH, LABEL, RANKINGS };

struct pair {
    const struct eval_pair_options *options;
    struct arena *arena;
    struct eval_data data;
    struct evidence_corpus *corpus;
    size_t model[SIDES];
    size_t *order; /* rows that have both outcomes, by hash of their id */
    size_t n;
    size_t *train, *test; /* row numbers */
    size_t n_train, n_test;
    /* the judged rows so far, in step */
    size_t n_judged;
    double *score[RANKINGS], *outcome[SIDES], *cost[SIDES], *forecast;
    struct dice dice;
};

static void pair_free(struct pair *pair)
{
    evidence_corpus_free(pair->corpus);
    data_free(&pair->data);
}

static bool find_models(struct pair *pair, struct failure *failure)
{
    const char *names[SIDES] = {pair->options->weak, pair->options->strong};
    for (int side = 0; side < SIDES; side++) {
        pair->model[side] = data_model(&pair->data, slice_from(names[side]));
        if (pair->model[side] == SIZE_MAX)
            return failure_set(failure, "%s: no row has an outcome of the model \"%s\"",
                pair->options->split.data_path, names[side]);
    }
    if (pair->model[WEAK] == pair->model[STRONG])
        return failure_set(failure, "--pair: \"%s\" twice", names[WEAK]);
    return true;
}

static bool has_both(const struct pair *pair, const struct data_row *row)
{
    return !isnan(data_outcome(row, pair->model[WEAK]).score) &&
           !isnan(data_outcome(row, pair->model[STRONG]).score);
}

static bool pair_open(struct pair *pair, struct failure *failure)
{
    const struct eval_pair_options *options = pair->options;
    if (!data_read(
            &pair->data, options->split.data_path, options->excluded, options->n_excluded, failure))
        return false;
    if (options->split.test_path && !data_read(&pair->data, options->split.test_path,
                                        options->excluded, options->n_excluded, failure))
        return false;
    if (!find_models(pair, failure))
        return false;
    size_t n = pair->data.n_rows;
    pair->corpus = evidence_corpus_make();
    for (size_t i = 0; i < n; i++)
        evidence_corpus_add(pair->corpus, (struct slice){0}, pair->data.rows[i].text,
            pair->data.rows[i].labels, pair->data.rows[i].n_labels);
    pair->order = ARENA_ARRAY(pair->arena, size_t, n);
    pair->train = ARENA_ARRAY(pair->arena, size_t, n);
    pair->test = ARENA_ARRAY(pair->arena, size_t, n);
    data_order(&pair->data, "order:", pair->order);
    for (size_t i = 0; i < n; i++)
        if (has_both(pair, &pair->data.rows[pair->order[i]]))
            pair->order[pair->n++] = pair->order[i];
    for (int k = 0; k < RANKINGS; k++)
        pair->score[k] = ARENA_ARRAY(pair->arena, double, n);
    for (int side = 0; side < SIDES; side++) {
        pair->outcome[side] = ARENA_ARRAY(pair->arena, double, n);
        pair->cost[side] = ARENA_ARRAY(pair->arena, double, n);
    }
    pair->forecast = ARENA_ARRAY(pair->arena, double, n);
    return true;
}

/* ---- learning and predicting one side of a split ---- */

static struct evidence_learner *learn(const struct pair *pair, bool use_text, bool use_labels)
{
    struct evidence_outcome *outcomes =
        memory_take((pair->n_train + 1) * SIDES * sizeof(*outcomes));
    size_t n = 0;
    for (size_t i = 0; i < pair->n_train; i++)
        for (size_t side = 0; side < SIDES; side++) {
            const struct data_row *row = &pair->data.rows[pair->train[i]];
            outcomes[n++] = (struct evidence_outcome){
                pair->train[i], side, data_outcome(row, pair->model[side]).score};
        }
    struct evidence_learner *learner = evidence_learn(pair->corpus, outcomes, n,
        (struct evidence_options){
            .n_rungs = SIDES, .use_text = use_text, .use_labels = use_labels});
    free(outcomes);
    return learner;
}

static double before_calibration(struct evidence_prediction prediction)
{
    return 1 / (1 + exp(-(prediction.base + prediction.labels + prediction.text)));
}

/* What the strong model would add. The small difference of two large numbers is taken before
 * they are calibrated, each on its own: calibration makes each truer and their order noisier. */
static double gain_of(
    const struct pair *pair, const struct evidence_learner *learner, size_t row, double *weak)
{
    struct evidence_prediction predictions[SIDES];
    for (size_t side = 0; side < SIDES; side++)
        predictions[side] = evidence_predict_task(learner, pair->corpus, row, side);
    *weak = predictions[WEAK].success;
    return before_calibration(predictions[STRONG]) - before_calibration(predictions[WEAK]);
}

/* Learns from `train` and adds the rows of `test` to those judged. */
static bool judge_split(struct pair *pair, struct failure *failure)
{
    if (pair->n_train < ROWS_LEAST || pair->n_test < ROWS_LEAST)
        return failure_set(failure,
            "%s: a split leaves %zu rows to learn from and %zu to judge, %d are needed of each",
            pair->options->split.data_path, pair->n_train, pair->n_test, ROWS_LEAST);
    struct evidence_learner *router =
        learn(pair, pair->options->use_text, pair->options->use_labels);
    struct evidence_learner *label = learn(pair, false, true);
    for (size_t i = 0; i < pair->n_test; i++) {
        size_t row = pair->test[i], at = pair->n_judged++;
        double ignored;
        pair->score[DIRECT][at] = gain_of(pair, router, row, &pair->forecast[at]);
        pair->score[LABEL][at] = gain_of(pair, label, row, &ignored);
        pair->score[LENGTH][at] = (double)pair->data.rows[row].text.len;
        for (size_t side = 0; side < SIDES; side++) {
            struct data_outcome outcome = data_outcome(&pair->data.rows[row], pair->model[side]);
            pair->outcome[side][at] = outcome.score;
            pair->cost[side][at] = outcome.cost_usd;
        }
    }
    evidence_learner_free(router);
    evidence_learner_free(label);
    return true;
}

static bool judge_folds(
    struct pair *pair, const size_t *fold, size_t n_folds, struct failure *failure)
{
    for (size_t f = 0; f < n_folds; f++) {
        pair->n_train = pair->n_test = 0;
        for (size_t i = 0; i < pair->n; i++)
            if (fold[pair->order[i]] == f)
                pair->test[pair->n_test++] = pair->order[i];
            else
                pair->train[pair->n_train++] = pair->order[i];
        if (!judge_split(pair, failure))
            return false;
    }
    return true;
}

/* ---- measuring what was judged ---- */

static struct stats_resampling resampling(struct pair *pair, size_t runs)
{
    return (struct stats_resampling){
        .level = 0.95, .rounds = pair->options->replicates / runs, .dice = &pair->dice};
}

/* Adds 1/runs of an interval to a mean over runs. */
static void add_interval(struct interval *mean, struct interval one, size_t runs)
{
    mean->low += one.low / (double)runs;
    mean->mean += one.mean / (double)runs;
    mean->high += one.high / (double)runs;
}

static struct interval in_percent(struct interval share)
{
    return (struct interval){100 * share.low, 100 * share.mean, 100 * share.high};
}

enum metric {
    METRIC_APGR,
    METRIC_CPT50,
    METRIC_CPT80,
    METRIC_AUC,
    METRIC_BRIER,
    METRIC_BRIER_SKILL,
    METRIC_LOGLOSS,
    METRIC_ECE,
    METRIC_ECE_NULL,
    METRIC_APGR_LENGTH,
    METRIC_APGR_LABEL,
    METRICS
};

static const char *const metric_names[METRICS] = {
    [METRIC_APGR] = "apgr",
    [METRIC_CPT50] = "cpt50",
    [METRIC_CPT80] = "cpt80",
    [METRIC_AUC] = "auc",
    [METRIC_BRIER] = "brier",
    [METRIC_BRIER_SKILL] = "brier_skill",
    [METRIC_LOGLOSS] = "logloss",
    [METRIC_ECE] = "ece",
    [METRIC_ECE_NULL] = "ece_null",
    [METRIC_APGR_LENGTH] = "apgr_length",
    [METRIC_APGR_LABEL] = "apgr_label",
};

static void add_metric(
    struct eval_result *result, enum metric metric, struct interval value, size_t runs)
{
    add_interval(&result->metrics[metric].value, value, runs);
}

static struct stats_routing_intervals measure_ranking(
    struct pair *pair, size_t runs, enum ranking ranking)
{
    return stats_routing_bootstrap(pair->score[ranking], pair->outcome[WEAK], pair->outcome[STRONG],
        pair->n_judged, resampling(pair, runs));
}

static void measure_metrics(struct pair *pair, size_t runs, struct eval_result *result)
{
    struct stats_resampling how = resampling(pair, runs);
    struct stats_routing_intervals routing = measure_ranking(pair, runs, DIRECT);
    struct stats_forecast_intervals forecast =
        stats_forecast_bootstrap(pair->forecast, pair->outcome[WEAK], pair->n_judged, how);
    add_metric(result, METRIC_APGR, routing.apgr, runs);
    add_metric(result, METRIC_CPT50, in_percent(routing.cpt50), runs);
    add_metric(result, METRIC_CPT80, in_percent(routing.cpt80), runs);
    add_metric(result, METRIC_AUC, forecast.auc, runs);
    add_metric(result, METRIC_BRIER, forecast.brier, runs);
    add_metric(result, METRIC_BRIER_SKILL, forecast.brier_skill, runs);
    add_metric(result, METRIC_LOGLOSS, forecast.log_loss, runs);
    add_metric(result, METRIC_ECE, forecast.ece, runs);
    add_metric(result, METRIC_ECE_NULL, stats_ece_null(pair->forecast, pair->n_judged, how), runs);
    add_metric(result, METRIC_APGR_LENGTH, measure_ranking(pair, runs, LENGTH).apgr, runs);
    add_metric(result, METRIC_APGR_LABEL, measure_ranking(pair, runs, LABEL).apgr, runs);
}

static void fill_bins(struct pair *pair, struct eval_result *result)
{
    struct stats_reliability bins[STATS_BINS];
    result->n_bins = stats_reliability(pair->forecast, pair->outcome[WEAK], pair->n_judged, bins);
    for (size_t i = 0; i < result->n_bins; i++)
        result->bins[i] =
            (struct eval_bin){bins[i].forecast, bins[i].observed.mean, (size_t)bins[i].n};
}

struct ranked {
    double score;
    size_t row;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    if (left->score != right->score)
        return left->score > right->score ? -1 : 1;
    return (left->row > right->row) - (left->row < right->row);
}

/* share[i] = 1 where row i is in the better half by score. Rows that tie at the border share what
 * is left of the half: a ranking that says nothing is the random one. */
static void strong_half(const double *score, size_t n, double *share)
{
    struct ranked *ranked = memory_take((n + 1) * sizeof(*ranked));
    for (size_t i = 0; i < n; i++)
        ranked[i] = (struct ranked){score[i], i};
    qsort(ranked, n, sizeof(*ranked), compare_ranked);
    double left = (double)n / 2;
    for (size_t i = 0; i < n;) {
        size_t end = i;
        while (end < n && ranked[end].score == ranked[i].score)
            end++;
        double part = fmin(fmax(left / (double)(end - i), 0), 1);
        left -= part * (double)(end - i);
        for (; i < end; i++)
            share[ranked[i].row] = part;
    }
    free(ranked);
}

/* The policies in the order of the report; the first three are those that rank. */
enum pair_policy {
    POLICY_DIRECT,
    POLICY_LENGTH,
    POLICY_LABEL,
    POLICY_RANDOM,
    POLICY_WEAK,
    POLICY_STRONG,
    POLICY_BEST,
    POLICY_ORACLE,
    POLICIES
};

static double mean_of(const double *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum / (double)n;
}

/* share[i]: of row i's calls that go to the strong model. */
static void find_shares(const struct pair *pair, enum pair_policy policy, double *share)
{
    const double *weak = pair->outcome[WEAK], *strong = pair->outcome[STRONG];
    size_t n = pair->n_judged;
    bool strong_is_best = mean_of(strong, n) > mean_of(weak, n);
    if (policy <= POLICY_LABEL) {
        strong_half(pair->score[policy], n, share);
        return;
    }
    for (size_t i = 0; i < n; i++)
        switch (policy) {
        case POLICY_RANDOM:
            share[i] = 0.5;
            break;
        case POLICY_STRONG:
            share[i] = 1;
            break;
        case POLICY_BEST:
            share[i] = strong_is_best;
            break;
        case POLICY_ORACLE:
            share[i] = strong[i] > weak[i];
            break;
        default:
            share[i] = 0;
        }
}

static void mix(
    const double *weak, const double *strong, const double *share, size_t n, double *mixed)
{
    for (size_t i = 0; i < n; i++)
        mixed[i] = share[i] <= 0   ? weak[i]
                   : share[i] >= 1 ? strong[i]
                                   : weak[i] + share[i] * (strong[i] - weak[i]);
}

static void measure_policies(struct pair *pair, size_t runs, struct eval_result *result)
{
    size_t n = pair->n_judged;
    double *share = memory_take((n + 1) * 4 * sizeof(*share));
    double *quality = share + n, *cost = quality + n, *direct = cost + n;
    struct stats_resampling how = resampling(pair, runs);
    for (enum pair_policy policy = 0; policy < POLICIES; policy++) {
        struct eval_policy *row = &result->policies[policy];
        find_shares(pair, policy, share);
        mix(pair->outcome[WEAK], pair->outcome[STRONG], share, n, quality);
        mix(pair->cost[WEAK], pair->cost[STRONG], share, n, cost);
        add_interval(&row->quality, stats_bootstrap_mean(quality, n, how), runs);
        add_interval(&row->cost_usd, stats_bootstrap_mean(cost, n, how), runs);
        add_interval(&row->saving, stats_bootstrap_saving(cost, pair->cost[STRONG], n, how), runs);
        if (policy == POLICY_DIRECT)
            memcpy(direct, quality, n * sizeof(*direct));
        else
            add_interval(&result->paired[policy - 1].difference,
                stats_bootstrap_difference(direct, quality, n, how), runs);
    }
    free(share);
}

static void measure(struct pair *pair, size_t runs, struct eval_result *result)
{
    measure_metrics(pair, runs, result);
    measure_policies(pair, runs, result);
    fill_bins(pair, result);
    result->rows += pair->n_judged;
    pair->n_judged = 0;
}

/* ---- the protocols ---- */

static bool run_seeds(
    struct pair *pair, size_t seeds, struct eval_result *result, struct failure *failure)
{
    size_t wanted = pair->options->split.outcomes;
    size_t *order = ARENA_ARRAY(pair->arena, size_t, pair->data.n_rows);
    for (size_t seed = 0; seed < seeds; seed++) {
        const char *salt = arena_text(pair->arena, arena_print(pair->arena, "seed:%zu:", seed));
        data_order(&pair->data, salt, order);
        pair->n_train = pair->n_test = 0;
        for (size_t i = 0; i < pair->data.n_rows; i++) {
            if (!has_both(pair, &pair->data.rows[order[i]]))
                continue;
            if (pair->n_train < wanted)
                pair->train[pair->n_train++] = order[i];
            else
                pair->test[pair->n_test++] = order[i];
        }
        if (!judge_split(pair, failure))
            return false;
        measure(pair, seeds, result);
    }
    return true;
}

static bool run_folds(struct pair *pair, struct eval_result *result, struct failure *failure)
{
    const struct eval_split *split = &pair->options->split;
    size_t *fold = ARENA_ARRAY(pair->arena, size_t, pair->data.n_rows);
    size_t n_folds = split->group_by ? GROUP_FOLDS : split->folds ? split->folds : FOLDS;
    if (n_folds < 2 || n_folds > DATA_FOLDS_MOST)
        return failure_set(
            failure, "--folds: %zu is not between 2 and %d", n_folds, DATA_FOLDS_MOST);
    if (!split->group_by)
        data_split_folds(&pair->data, "fold:", n_folds, fold);
    else if (!data_split_groups(&pair->data, "group:", split->group_by, n_folds, fold, failure))
        return false;
    if (!judge_folds(pair, fold, n_folds, failure))
        return false;
    measure(pair, 1, result);
    return true;
}

static bool run_files(struct pair *pair, struct eval_result *result, struct failure *failure)
{
    pair->n_train = pair->n_test = 0;
    for (size_t i = 0; i < pair->n; i++)
        if (pair->data.rows[pair->order[i]].file == 0)
            pair->train[pair->n_train++] = pair->order[i];
        else
            pair->test[pair->n_test++] = pair->order[i];
    if (!judge_split(pair, failure))
        return false;
    measure(pair, 1, result);
    return true;
}

static const char *describe(struct arena *arena, const struct eval_split *split)
{
    struct slice text;
    if (split->test_path)
        text = arena_print(arena, "learned from one file, judged on %s", split->test_path);
    else if (split->outcomes)
        text = arena_print(arena, "%zu outcomes, %zu seeds, judged on the rest", split->outcomes,
            split->seeds ? split->seeds : SEEDS);
    else if (split->group_by)
        text = arena_print(
            arena, "groups of %s left out, %d folds, pooled", split->group_by, GROUP_FOLDS);
    else
        text = arena_print(arena, "%zu folds, pooled", split->folds ? split->folds : (size_t)FOLDS);
    return arena_text(arena, text);
}

static void open_result(
    struct arena *arena, const struct eval_pair_options *options, struct eval_result *result)
{
    struct slice names[POLICIES] = {
        [POLICY_DIRECT] = SLICE("direct"),
        [POLICY_LENGTH] = SLICE("length"),
        [POLICY_LABEL] = SLICE("label"),
        [POLICY_RANDOM] = SLICE("random-same-share"),
        [POLICY_BEST] = SLICE("best-single"),
        [POLICY_ORACLE] = SLICE("oracle"),
    };
    names[POLICY_WEAK] = arena_print(arena, "always-%s", options->weak);
    names[POLICY_STRONG] = arena_print(arena, "always-%s", options->strong);
    *result = (struct eval_result){
        .data = arena_copy(arena, slice_from(options->split.data_path)),
        .protocol = describe(arena, &options->split),
        .n_policies = POLICIES,
        .n_paired = POLICIES - 1,
        .n_metrics = METRICS,
    };
    result->policies = ARENA_ARRAY(arena, struct eval_policy, POLICIES);
    result->paired = ARENA_ARRAY(arena, struct eval_paired, POLICIES);
    result->metrics = ARENA_ARRAY(arena, struct eval_metric, METRICS);
    result->bins = ARENA_ARRAY(arena, struct eval_bin, STATS_BINS);
    for (size_t i = 0; i < POLICIES; i++) {
        result->policies[i].name = names[i];
        result->policies[i].false_accepts = (struct interval){NAN, NAN, NAN};
    }
    for (size_t i = 1; i < POLICIES; i++)
        result->paired[i - 1] = (struct eval_paired){.a = names[0], .b = names[i]};
    for (size_t i = 0; i < METRICS; i++)
        result->metrics[i].name = metric_names[i];
    eval_add_note(arena, result,
        "direct, length and label send half of the calls to %s, those that they rank highest; "
        "random-same-share sends any half.",
        options->strong);
}

bool eval_pair(struct arena *arena, const struct eval_pair_options *options,
    struct eval_result *result, struct failure *failure)
{
    struct pair pair = {.options = options, .arena = arena, .dice = dice_from_seed(options->seed)};
    const struct eval_split *split = &options->split;
    open_result(arena, options, result);
    bool good = pair_open(&pair, failure);
    if (good && pair.n < pair.data.n_rows)
        eval_add_note(arena, result, "%zu rows without an outcome of both models were left out.",
            pair.data.n_rows - pair.n);
    if (good && split->test_path)
        good = run_files(&pair, result, failure);
    else if (good && split->outcomes)
        good = run_seeds(&pair, split->seeds ? split->seeds : SEEDS, result, failure);
    else if (good)
        good = run_folds(&pair, result, failure);
    pair_free(&pair);
    return good;
}
