/* Receives outcome rows of several models and a ladder; hands on what each policy would have
 * delivered and cost, beside its controls. Refuses to judge a policy on a row that it was fitted
 * on. */
#include "contest.h"

#include <math.h>
#include <stdlib.h>

enum { DEFAULT_REPLICATES = 1000, RESAMPLING_SEED = 20260101 };

static const char *const FITTED_NAMES[FITTED] = {
    [LENGTH] = "length",
    [LABEL] = "label",
    [BEST_SINGLE] = "best-single",
    [DIRECT] = "direct",
    [LABEL_RULE] = "label-rule",
    [CLIMBING] = "ladder",
};

static const double LEVEL = 0.95;
/* Standard errors of the saving. Nothing checks what a single model answers, so the target stays
 * unless moving away from it clearly pays; a climb that is checked goes ahead unless it clearly
 * does not. */
static const double DIRECT_DOUBT = 1, CLIMB_DOUBT = -1;

/* ---- tracks ---- */

static struct track *add_track(struct contest *contest, struct slice name, bool is_kept)
{
    struct track *track = &contest->tracks[contest->n_tracks++];
    *track = (struct track){
        name, ARENA_ARRAY(contest->arena, struct climb, contest->data->n_rows), is_kept};
    return track;
}

static void add_climb(struct track *track, size_t row, struct climb climb, double share)
{
    track->climbs[row].quality += share * climb.quality;
    track->climbs[row].cost_usd += share * climb.cost_usd;
    track->climbs[row].false_accepts += share * climb.false_accepts;
}

static void follow(const struct contest *contest, struct track *track, struct row_set rows,
    const struct ladder *ladder, double share)
{
    for (size_t i = 0; i < rows.n && share > 0; i++)
        add_climb(track, rows.rows[i],
            climb_ladder(&contest->data->rows[rows.rows[i]], ladder, contest->verifier), share);
}

/* Sends the judged rows where the policy says; `share` is that of this split among the seeds. */
static void follow_chosen(const struct contest *contest, struct track *track, struct row_set rows,
    const struct arms *arms, const struct chosen *chosen, double share)
{
    for (size_t i = 0; i < rows.n; i++) {
        const struct mix *mix = &chosen->mix[chosen->by->group[rows.rows[i]]];
        struct row_set one = {rows.rows + i, 1};
        follow(contest, track, one, &arms->ladders[mix->low], share * (1 - mix->share_high));
        follow(contest, track, one, &arms->ladders[mix->high], share * mix->share_high);
    }
}

/* The same arms as often, but to tasks at random: what the choice of tasks is worth. */
static void follow_at_random(struct contest *contest, struct row_set rows, const struct arms *arms,
    const struct chosen *chosen, double share)
{
    double *taken = ARENA_ARRAY(contest->arena, double, arms->n);
    for (size_t i = 0; i < rows.n; i++) {
        const struct mix *mix = &chosen->mix[chosen->by->group[rows.rows[i]]];
        taken[mix->low] += (1 - mix->share_high) / (double)rows.n;
        taken[mix->high] += mix->share_high / (double)rows.n;
    }
    for (size_t arm = 0; arm < arms->n; arm++)
        follow(contest, contest->shared, rows, &arms->ladders[arm], share * taken[arm]);
}

/* ---- fitting on one side, judging on the other ---- */

struct side {
    struct row_set learned, judged;
    double share;
    struct dice *dice;
};

static struct arms measure(
    const struct contest *contest, const struct side *side, const struct ladder *ladders, size_t n)
{
    return arms_measure(contest->arena, contest->data, side->learned, ladders, n, contest->target,
        contest->verifier);
}

/* Every model alone, the models being one set of rungs. */
static struct arms measure_singles(const struct contest *contest, const struct side *side)
{
    struct ladder *singles = ARENA_ARRAY(contest->arena, struct ladder, contest->n_models);
    for (size_t i = 0; i < contest->n_models; i++)
        singles[i] = (struct ladder){1, {contest->models[i]}};
    return measure(contest, side, singles, contest->n_models);
}

static double mean_of(const double *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum / (double)n;
}

static double quality_of(const struct arms *arms, size_t arm)
{
    return mean_of(arms->quality + arm * arms->n_rows, arms->n_rows);
}

static double cost_of(const struct arms *arms, size_t arm)
{
    return mean_of(arms->cost_usd + arm * arms->n_rows, arms->n_rows);
}

/* The cheapest model that was as good on the rows learned from as it must be; where none was, the
 * best. */
static size_t find_best_single(const struct arms *arms)
{
    double need = isnan(arms->need) ? quality_of(arms, arms->target) : arms->need;
    size_t best = 0;
    for (size_t arm = 1; arm < arms->n; arm++) {
        double quality = quality_of(arms, arm), before = quality_of(arms, best);
        bool both = quality >= need && before >= need;
        if (both ? cost_of(arms, arm) < cost_of(arms, best) : quality > before)
            best = arm;
    }
    return best;
}

static struct chosen choose_from(
    struct contest *contest, const struct side *side, const struct arms *arms, double doubt)
{
    return choose_policy(contest->arena, arms, side->learned.rows, contest->groupings,
        contest->n_groupings, doubt, side->dice);
}

static struct chosen rule_from(
    struct contest *contest, const struct side *side, const struct arms *singles)
{
    return choose_rule(
        contest->arena, singles, side->learned.rows, contest->groupings, contest->n_groupings);
}

static void follow_fitted(struct contest *contest, enum fitted which, const struct side *side,
    const struct arms *arms, struct chosen chosen)
{
    follow_chosen(contest, contest->fitted[which], side->judged, arms, &chosen, side->share);
}

/* What needs no router: one model, or one for each length or label, as good as what is judged at
 * the least cost. */
static void judge_controls(
    struct contest *contest, const struct side *side, const struct arms *singles)
{
    struct arena *arena = contest->arena;
    const size_t *learned = side->learned.rows;
    struct grouping length = grouping_of_length(arena, contest->data, side->learned);
    follow_fitted(
        contest, LENGTH, side, singles, choose_plainly(arena, singles, learned, &length, 1));
    follow_fitted(contest, LABEL, side, singles,
        choose_plainly(arena, singles, learned, contest->groupings, contest->n_groupings));
    follow(contest, contest->fitted[BEST_SINGLE], side->judged,
        &singles->ladders[find_best_single(singles)], side->share);
}

/* The controls of a ladder that is climbed as written are as good as it is. */
static void judge_written_side(struct contest *contest, const struct side *side)
{
    struct arms singles = measure_singles(contest, side);
    singles.target = 0; /* any: `need` says what is asked for */
    singles.need = 0;
    for (size_t i = 0; i < side->learned.n; i++)
        singles.need += climb_ladder(&contest->data->rows[side->learned.rows[i]], &contest->whole,
                            contest->verifier)
                            .quality /
                        (double)side->learned.n;
    judge_controls(contest, side, &singles);
}

static void judge_side(struct contest *contest, const struct side *side)
{
    if (!contest->has_target) {
        judge_written_side(contest, side);
        return;
    }
    struct arms singles = measure_singles(contest, side);
    judge_controls(contest, side, &singles);
    follow_fitted(contest, LABEL_RULE, side, &singles, rule_from(contest, side, &singles));
    follow_fitted(
        contest, DIRECT, side, &singles, choose_from(contest, side, &singles, DIRECT_DOUBT));
    struct arms parts = measure(contest, side, contest->parts, contest->n_parts);
    struct chosen climbing = choose_from(contest, side, &parts, CLIMB_DOUBT);
    follow_fitted(contest, CLIMBING, side, &parts, climbing);
    follow_at_random(contest, side->judged, &parts, &climbing, side->share);
}

/* Both halves of each split by hash of the id; or the first file and the second. */
static void judge_splits(struct contest *contest)
{
    size_t seeds = contest->options->seeds ? contest->options->seeds : EVAL_LADDER_SEEDS;
    size_t n = contest->data->n_rows;
    size_t *fold = ARENA_ARRAY(contest->arena, size_t, n);
    size_t *rows = ARENA_ARRAY(contest->arena, size_t, 2 * n);
    for (size_t seed = 0; seed < seeds; seed++) {
        char salt[32];
        snprintf(salt, sizeof(salt), "ladder-%zu", seed);
        data_split_folds(contest->data, salt, 2, fold);
        struct dice dice = dice_from_seed(seed);
        for (size_t half = 0; half < 2; half++) {
            struct row_set learned = {rows, 0}, judged = {rows + n, 0};
            for (size_t i = 0; i < contest->complete.n; i++) {
                size_t row = contest->complete.rows[i];
                if (fold[row] == half)
                    rows[learned.n++] = row;
                else
                    rows[n + judged.n++] = row;
            }
            struct arena scratch = {0};
            struct contest here = *contest;
            here.arena = &scratch;
            judge_side(&here, &(struct side){learned, judged, 1 / (double)seeds, &dice});
            arena_free(&scratch);
        }
    }
}

static void judge_second_file(struct contest *contest)
{
    struct dice dice = dice_from_seed(0);
    struct arena scratch = {0};
    struct contest here = *contest;
    here.arena = &scratch;
    judge_side(&here, &(struct side){contest->learned, contest->judged, 1, &dice});
    arena_free(&scratch);
}

static void judge_all(struct contest *contest)
{
    if (contest->data->n_files > 1)
        judge_second_file(contest);
    else
        judge_splits(contest);
}

/* ---- what was fitted, in words ---- */

static struct slice name_ladder(
    struct arena *arena, const struct eval_data *data, const struct ladder *ladder)
{
    struct slice name = data->models[ladder->models[0]];
    for (size_t i = 1; i < ladder->n; i++)
        name = arena_print(
            arena, "%.*s > %.*s", SLICE_ARG(name), SLICE_ARG(data->models[ladder->models[i]]));
    return name;
}

static void note_chosen(struct contest *contest, struct eval_result *result, const char *name,
    const struct arms *arms, const struct chosen *chosen)
{
    if (chosen->declined) {
        eval_add_note(contest->arena, result,
            "%s, on all rows: nothing pays; every task goes to %.*s.", name,
            SLICE_ARG(contest->data->models[contest->target]));
        return;
    }
    struct slice text = arena_print(contest->arena, "%s, on all rows:", name);
    for (size_t group = 0; group < chosen->by->n_groups; group++) {
        bool is_empty = true;
        for (size_t i = 0; i < contest->complete.n && is_empty; i++)
            is_empty = chosen->by->group[contest->complete.rows[i]] != group;
        if (is_empty)
            continue;
        const struct mix *mix = &chosen->mix[group];
        struct slice low = name_ladder(contest->arena, contest->data, &arms->ladders[mix->low]);
        struct slice high = name_ladder(contest->arena, contest->data, &arms->ladders[mix->high]);
        struct slice value = chosen->by->values[group];
        if (mix->share_high <= 0 || mix->share_high >= 1)
            text = arena_print(contest->arena, "%.*s [%.*s] %.*s;", SLICE_ARG(text),
                SLICE_ARG(value), SLICE_ARG(mix->share_high > 0 ? high : low));
        else
            text = arena_print(contest->arena, "%.*s [%.*s] %.0f %% %.*s, %.0f %% %.*s;",
                SLICE_ARG(text), SLICE_ARG(value), 100 * (1 - mix->share_high), SLICE_ARG(low),
                100 * mix->share_high, SLICE_ARG(high));
    }
    if (chosen->margin > 0)
        text = arena_print(contest->arena, "%.*s asked for %.2f points above the target.",
            SLICE_ARG(text), 100 * chosen->margin);
    eval_add_note(contest->arena, result, "%.*s", SLICE_ARG(text));
}

/* Fitted once more on everything that may be learned from, to say what comes out. */
static void note_policies(struct contest *contest, struct eval_result *result)
{
    struct dice dice = dice_from_seed(0);
    struct side all = {contest->learned, {0}, 1, &dice};
    struct arms singles = measure_singles(contest, &all);
    struct chosen rule = rule_from(contest, &all, &singles);
    note_chosen(contest, result, "label-rule", &singles, &rule);
    struct arms parts = measure(contest, &all, contest->parts, contest->n_parts);
    struct chosen climbing = choose_from(contest, &all, &parts, CLIMB_DOUBT);
    note_chosen(contest, result, contest->options->search ? "search" : "ladder", &parts, &climbing);
}

/* ---- the result ---- */

struct columns { /* one policy over the judged rows */
    double *quality, *cost_usd, *false_accepts;
};

static struct columns spread(const struct contest *contest, const struct track *track)
{
    size_t n = contest->judged.n;
    struct columns columns = {ARENA_ARRAY(contest->arena, double, n),
        ARENA_ARRAY(contest->arena, double, n), ARENA_ARRAY(contest->arena, double, n)};
    for (size_t i = 0; i < n; i++) {
        const struct climb *climb = &track->climbs[contest->judged.rows[i]];
        columns.quality[i] = climb->quality;
        columns.cost_usd[i] = climb->cost_usd;
        columns.false_accepts[i] = climb->false_accepts;
    }
    return columns;
}

/* Each interval throws the same dice, so all policies are resampled alike. */
static struct stats_resampling resampling(const struct contest *contest, struct dice *dice)
{
    size_t rounds = contest->options->replicates;
    *dice = dice_from_seed(RESAMPLING_SEED);
    return (struct stats_resampling){LEVEL, rounds ? rounds : DEFAULT_REPLICATES, dice};
}

static struct interval mean_interval(const struct contest *contest, const double *values)
{
    struct dice dice;
    return stats_bootstrap_mean(values, contest->judged.n, resampling(contest, &dice));
}

static void fill_result(const struct contest *contest, struct eval_result *result)
{
    static const struct interval unknown = {NAN, NAN, NAN};
    size_t n = contest->judged.n;
    struct dice dice;
    struct columns target = {0};
    struct slice target_name = {0};
    for (size_t i = 0; i < contest->n_models && contest->has_target; i++)
        if (contest->models[i] == contest->target) {
            target = spread(contest, &contest->tracks[i]);
            target_name = contest->tracks[i].name;
        }
    result->policies = ARENA_ARRAY(contest->arena, struct eval_policy, contest->n_tracks);
    result->paired = ARENA_ARRAY(contest->arena, struct eval_paired, contest->n_tracks);
    for (size_t i = 0; i < contest->n_tracks; i++) {
        const struct track *track = &contest->tracks[i];
        struct columns columns = spread(contest, track);
        result->policies[result->n_policies++] = (struct eval_policy){track->name,
            mean_interval(contest, columns.quality), mean_interval(contest, columns.cost_usd),
            target.cost_usd ? stats_bootstrap_saving(
                                  columns.cost_usd, target.cost_usd, n, resampling(contest, &dice))
                            : unknown,
            mean_interval(contest, columns.false_accepts)};
        if (target.quality && track->is_kept)
            result->paired[result->n_paired++] = (struct eval_paired){track->name, target_name,
                stats_bootstrap_difference(
                    columns.quality, target.quality, n, resampling(contest, &dice))};
    }
}

/* ---- in order ---- */

static void add_constants(struct contest *contest)
{
    for (size_t i = 0; i < contest->n_models; i++) {
        struct slice model = contest->data->models[contest->models[i]];
        struct ladder single = {1, {contest->models[i]}};
        follow(contest,
            add_track(contest, arena_print(contest->arena, "always-%.*s", SLICE_ARG(model)), true),
            contest->judged, &single, 1);
    }
}

static void add_oracles(struct contest *contest)
{
    struct track *oracle = add_track(contest, slice_from("oracle"), true);
    control_oracle(contest->data, contest->judged, contest->models, contest->n_models, oracle);
    if (!contest->has_target)
        return;
    double need = 0;
    for (size_t i = 0; i < contest->judged.n; i++)
        need += data_outcome(&contest->data->rows[contest->judged.rows[i]], contest->target).score /
                (double)contest->judged.n;
    control_oracle_at(contest->arena, contest->data, contest->judged, contest->models,
        contest->n_models, need, add_track(contest, slice_from("oracle-at-target"), true));
}

static void add_fitted(struct contest *contest, struct eval_result *result)
{
    contest->shared = add_track(contest, slice_from("random-same-share"), true);
    for (size_t i = 0; i < FITTED; i++) {
        bool searched = i == CLIMBING && contest->options->search;
        contest->fitted[i] =
            add_track(contest, slice_from(searched ? "search" : FITTED_NAMES[i]), true);
    }
    judge_all(contest);
    note_policies(contest, result);
}

/* The rungs that deliver as often, each alone and to tasks at random: what the checks are worth. */
static void follow_shares(struct contest *contest, struct track *track)
{
    const struct ladder *whole = &contest->whole;
    double share[CLIMB_RUNGS_MOST] = {0};
    for (size_t i = 0; i < contest->judged.n; i++)
        climb_add_shares(
            &contest->data->rows[contest->judged.rows[i]], whole, contest->verifier, share);
    for (size_t j = 0; j < whole->n; j++) {
        struct ladder single = {1, {whole->models[j]}};
        follow(contest, track, contest->judged, &single, share[j] / (double)contest->judged.n);
    }
}

static void add_written(struct contest *contest, struct eval_result *result)
{
    follow_shares(contest, add_track(contest, slice_from("random-same-share"), true));
    follow(contest, add_track(contest, slice_from("ladder"), true), contest->judged,
        &contest->whole, 1);
    if (contest->judged.n < CONTEST_ROWS_LEAST || contest->learned.n < CONTEST_ROWS_LEAST) {
        eval_add_note(contest->arena, result,
            "length, label and best-single are left out: they are fitted on rows of their own, and "
            "%d are needed.",
            CONTEST_ROWS_LEAST);
        return;
    }
    for (enum fitted i = 0; i <= BEST_SINGLE; i++)
        contest->fitted[i] = add_track(contest, slice_from(FITTED_NAMES[i]), true);
    judge_all(contest);
}

bool eval_ladders(struct arena *arena, const struct eval_data *data,
    const struct eval_ladder_options *options, struct eval_result *result, struct failure *failure)
{
    struct contest contest = {.arena = arena, .data = data, .options = options};
    if (!contest_prepare(&contest, failure))
        return false;
    *result = (struct eval_result){.rows = contest.judged.n};
    add_constants(&contest);
    add_oracles(&contest);
    if (contest.has_target) {
        add_fitted(&contest, result);
        result->protocol = data->n_files > 1 ? "fitted on the first file, judged on the second"
                                             : "fitted on halves by hash, judged on the others";
    } else {
        add_written(&contest, result);
        result->protocol = data->n_files > 1
                               ? "climbed as written; its controls fitted on the first file"
                               : "climbed as written; its controls fitted on halves by hash";
    }
    size_t left_out = data->n_rows - contest.complete.n;
    if (left_out)
        eval_add_note(arena, result,
            "%zu rows left out: outcome or cost of one of the models is not recorded.", left_out);
    fill_result(&contest, result);
    return true;
}
