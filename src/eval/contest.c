/* Receives outcome rows and options, hands on which models take part and which rows are complete.
 * Refuses to judge. */
#include "contest.h"

#include <math.h>
#include <string.h>

/* A model counts as "with costs" if so many of the rows have its outcome and cost. */
static const double KNOWN_SHARE = 0.95;

static bool find_model(
    const struct contest *contest, struct slice name, uint8_t *model, struct failure *failure)
{
    size_t found = data_model(contest->data, name);
    if (found == SIZE_MAX)
        return failure_set(failure, "no row has an outcome of the model \"%.*s\"", SLICE_ARG(name));
    *model = (uint8_t)found;
    return true;
}

static bool is_known(const struct data_row *row, uint8_t model)
{
    struct data_outcome outcome = data_outcome(row, model);
    return !isnan(outcome.score) && !isnan(outcome.cost_usd);
}

static void add_model(struct contest *contest, uint8_t model)
{
    if (!memchr(contest->models, model, contest->n_models))
        contest->models[contest->n_models++] = model;
}

static void add_models_with_costs(struct contest *contest)
{
    for (size_t model = 0; model < contest->data->n_models; model++) {
        size_t known = 0;
        for (size_t row = 0; row < contest->data->n_rows; row++)
            known += is_known(&contest->data->rows[row], (uint8_t)model);
        if ((double)known >= KNOWN_SHARE * (double)contest->data->n_rows)
            add_model(contest, (uint8_t)model);
    }
}

static bool read_models(struct contest *contest, struct failure *failure)
{
    const struct eval_ladder_options *options = contest->options;
    if (!options->search == !options->n_ladder)
        return failure_set(failure, "either --ladder or --search says what may be climbed");
    if (options->n_ladder > EVAL_RUNGS_MOST)
        return failure_set(failure, "--ladder: more than %d rungs", EVAL_RUNGS_MOST);
    if (options->search > EVAL_SEARCH_MOST)
        return failure_set(failure, "--search: at most %d rungs", EVAL_SEARCH_MOST);
    contest->has_target = options->target.len != 0;
    if (options->search && !contest->has_target)
        return failure_set(failure, "--search needs --target, the model whose quality is kept");
    for (size_t i = 0; i < options->n_ladder; i++) {
        uint8_t model = 0;
        if (!find_model(contest, options->ladder[i], &model, failure))
            return failure_prefix(failure, "--ladder");
        if (memchr(contest->whole.models, model, contest->whole.n))
            return failure_set(
                failure, "--ladder: \"%.*s\" is on it twice", SLICE_ARG(options->ladder[i]));
        contest->whole.models[contest->whole.n++] = model;
        add_model(contest, model);
    }
    if (options->search)
        add_models_with_costs(contest);
    if (contest->has_target && !find_model(contest, options->target, &contest->target, failure))
        return failure_prefix(failure, "--target");
    if (contest->has_target)
        add_model(contest, contest->target);
    return true;
}

static bool read_verifier(struct contest *contest, struct failure *failure)
{
    double p = contest->options->verifier == 0 ? 1 : contest->options->verifier;
    double cost_usd = contest->options->verifier_cost_usd;
    if (!(p >= 0.5 && p <= 1))
        return failure_set(failure, "--verifier %g: must be from 0.5 (a coin) to 1 (perfect)", p);
    if (!(cost_usd >= 0 && cost_usd < 1e6))
        return failure_set(failure, "--verifier-cost %g: must be dollars from 0 on", cost_usd);
    contest->verifier = (struct verifier){p, p, cost_usd};
    return true;
}

/* Rows with everything that may be needed; of file `file`, or of all where it is SIZE_MAX. */
static struct row_set find_complete(const struct contest *contest, size_t file)
{
    size_t *rows = ARENA_ARRAY(contest->arena, size_t, contest->data->n_rows), n = 0;
    for (size_t i = 0; i < contest->data->n_rows; i++) {
        const struct data_row *row = &contest->data->rows[i];
        bool complete = file == SIZE_MAX || row->file == file;
        for (size_t m = 0; m < contest->n_models && complete; m++)
            complete = is_known(row, contest->models[m]);
        if (complete)
            rows[n++] = i;
    }
    return (struct row_set){rows, n};
}

bool contest_prepare(struct contest *contest, struct failure *failure)
{
    if (!read_models(contest, failure) || !read_verifier(contest, failure))
        return false;
    bool two_files = contest->data->n_files > 1;
    contest->complete = find_complete(contest, SIZE_MAX);
    contest->learned = two_files ? find_complete(contest, 0) : contest->complete;
    contest->judged = two_files ? find_complete(contest, 1) : contest->complete;
    size_t least = contest->has_target ? CONTEST_ROWS_LEAST : 1;
    size_t learned = contest->learned.n;
    if (contest->judged.n < least || learned < least)
        return failure_set(failure,
            "only %zu rows have outcome and cost of all the models; %zu are needed",
            learned < contest->judged.n ? learned : contest->judged.n, least);
    contest->tracks = ARENA_ARRAY(contest->arena, struct track, contest->n_models + FITTED + 4);
    contest->n_groupings = groupings_of_labels(contest->arena, contest->data, contest->groupings);
    if (contest->options->search) {
        struct ladder *all;
        bool good = arms_enumerate(contest->arena, contest->models, contest->n_models,
            contest->options->search, &all, &contest->n_parts, failure);
        contest->parts = all;
        return good;
    }
    contest->parts =
        arms_of_ladder(contest->arena, &contest->whole, contest->target, true, &contest->n_parts);
    return true;
}
