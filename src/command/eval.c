/* eval: receives recorded outcomes and a protocol, hands on how routing would have done on them. */
#include "commands.h"

#include "base/log.h"
#include "eval/eval.h"
#include "workspace.h"

#include <string.h>

enum { LADDER_MOST = 8 };

enum {
    EVAL_TRAIN,
    EVAL_TEST,
    EVAL_PAIR,
    EVAL_LADDER,
    EVAL_SEARCH,
    EVAL_TARGET,
    EVAL_VERIFIER,
    EVAL_VERIFIER_COST,
    EVAL_ONLINE,
    EVAL_VALUE,
    EVAL_FOLDS,
    EVAL_GROUP_BY,
    EVAL_OUTCOMES,
    EVAL_SEEDS,
    EVAL_USE,
    EVAL_EXCLUDE,
    EVAL_PLOT,
    EVAL_JSON,
    EVAL_POLICY,
};

static const struct option_row OPTIONS[] = {
    {"train", OPTION_TEXT, "FILE", "learn from these rows …"},
    {"test", OPTION_TEXT, "FILE", "… and judge on these"},
    {"pair", OPTION_TEXT, "WEAK,STRONG",
        "send each task to the weak or the strong model: APGR, CPT50, CPT80, AUC, Brier, log-loss, "
        "ECE"},
    {"ladder", OPTION_TEXT, "A,B,C",
        "climb these models while a verifier rejects; without --target exactly as written"},
    {"search", OPTION_WHOLE, "N", "the best ladder of up to N rungs among all models with costs"},
    {"target", OPTION_TEXT, "MODEL", "keep this model's success; savings are against it"},
    {"verifier", OPTION_NUMBER, "P", "sensitivity and specificity of the check (1)"},
    {"verifier-cost", OPTION_NUMBER, "USD", "cost of one check, at every rung but the last (0)"},
    {"online", OPTION_FLAG, NULL,
        "from nothing, task after task, only the chosen rung's outcome revealed (with --ladder)"},
    {"value", OPTION_NUMBER, "USD", "what a success is worth, with --online (2)"},
    {"folds", OPTION_WHOLE, "K", "cross-validation by hash of the id (5)"},
    {"group-by", OPTION_TEXT, "PREFIX", "leave out whole groups of this label prefix"},
    {"outcomes", OPTION_WHOLE, "N", "learn from N rows, judge on the others"},
    {"seeds", OPTION_WHOLE, "S", "so many splits or orders, averaged"},
    {"use", OPTION_TEXT, "text,label", "what the router may look at (both)"},
    {"exclude-label", OPTION_MANY, "LABEL",
        "nobody sees this label, nor those of its kind (difficulty: difficulty:easy …)"},
    {"plot", OPTION_TEXT, "FILE.svg",
        "draw the cost-quality curve, or with --pair the reliability diagram"},
    JSON_OPTION,
    {"policy", OPTION_TEXT, "FILE",
        "the ladder of this policy, its middle rung the target; the data names rungs or models"},
};

struct evaluation {
    struct call *call;
    struct arena *arena;
    struct slice ladder[LADDER_MOST];
    size_t n_ladder;
    struct eval_result result;
    bool misused; /* what failed is how it was called */
};

/* For a sentence about options: the call was wrong, not the data. */
static bool misuse(struct evaluation *evaluation, bool said)
{
    evaluation->misused = true;
    return said;
}

static const struct option_value *option(const struct evaluation *evaluation, int row)
{
    return &evaluation->call->options[row];
}

static const char *text_or_null(const struct evaluation *evaluation, int row)
{
    const struct option_value *given = option(evaluation, row);
    return given->given ? arena_text(evaluation->arena, given->text) : NULL;
}

static size_t whole(const struct evaluation *evaluation, int row)
{
    return (size_t)option(evaluation, row)->number;
}

/* Where the rows come from: DATA, or --train with --test. */
static bool find_data(
    struct evaluation *evaluation, const char **data, const char **test, struct failure *failure)
{
    const struct call *call = evaluation->call;
    *data = call->n_words ? arena_text(evaluation->arena, call->words[0]) : NULL;
    *test = text_or_null(evaluation, EVAL_TEST);
    const char *train = text_or_null(evaluation, EVAL_TRAIN);
    if (!train != !*test)
        return misuse(evaluation, failure_set(failure, "--train and --test go together"));
    if (!*data == !train)
        return misuse(evaluation,
            failure_set(failure, "name one file of recorded outcomes, or --train F --test F"));
    if (train)
        *data = train;
    return true;
}

static bool read_models(
    struct evaluation *evaluation, int row, size_t least, size_t most, struct failure *failure)
{
    struct slice rest = option(evaluation, row)->text, name;
    evaluation->n_ladder = 0;
    while (slice_next_field(&rest, ',', &name)) {
        if (evaluation->n_ladder == most || slice_trim(name).len == 0)
            return misuse(evaluation,
                failure_set(failure, "--%s wants %zu to %zu names of models, parted by commas",
                    OPTIONS[row].name, least, most));
        evaluation->ladder[evaluation->n_ladder++] = slice_trim(name);
    }
    if (evaluation->n_ladder < least)
        return failure_set(
            failure, "--%s wants %zu names of models, parted by commas", OPTIONS[row].name, least);
    return true;
}

/* A rung of the policy as the data calls it: by its own name or by its model's. */
static struct slice name_in_data(const struct eval_data *data, const struct policy_rung *rung)
{
    return data_model(data, rung->name) != SIZE_MAX ? rung->name : rung->model;
}

/* The policy's rungs as a ladder, each model once. *middle is the middle one's name. */
static bool read_policy(struct evaluation *evaluation, const struct eval_data *data,
    struct slice *middle, struct failure *failure)
{
    struct policy policy;
    if (!policy_find(
            evaluation->arena, text_or_null(evaluation, EVAL_POLICY), NULL, &policy, NULL, failure))
        return false;
    *middle = name_in_data(data, &policy.rungs[policy.middle]);
    for (size_t i = 0; i < policy.n_rungs; i++) {
        struct slice name = name_in_data(data, &policy.rungs[i]);
        bool again = false;
        for (size_t k = 0; k < evaluation->n_ladder; k++)
            again = again || slice_equal(evaluation->ladder[k], name);
        if (again)
            continue;
        if (evaluation->n_ladder == LADDER_MOST)
            return failure_set(failure,
                "%s has more than the %d models that a ladder here may have", policy.path,
                LADDER_MOST);
        evaluation->ladder[evaluation->n_ladder++] = name;
    }
    return true;
}

static bool read_use(
    struct evaluation *evaluation, struct eval_pair_options *options, struct failure *failure)
{
    const struct option_value *use = option(evaluation, EVAL_USE);
    struct slice rest = use->text, word;
    options->use_text = options->use_labels = !use->given;
    while (use->given && slice_next_field(&rest, ',', &word)) {
        if (slice_is(word, "text"))
            options->use_text = true;
        else if (slice_is(word, "label") || slice_is(word, "labels"))
            options->use_labels = true;
        else
            return misuse(
                evaluation, failure_set(failure, "--use takes text, label or both: text,label"));
    }
    return true;
}

static bool judge_pair(
    struct evaluation *evaluation, const char *data, const char *test, struct failure *failure)
{
    struct eval_pair_options options = {
        .split =
            {
                .data_path = data,
                .test_path = test,
                .folds = whole(evaluation, EVAL_FOLDS),
                .group_by = text_or_null(evaluation, EVAL_GROUP_BY),
                .outcomes = whole(evaluation, EVAL_OUTCOMES),
                .seeds = whole(evaluation, EVAL_SEEDS),
            },
        .excluded = option(evaluation, EVAL_EXCLUDE)->many,
        .n_excluded = option(evaluation, EVAL_EXCLUDE)->n_many,
        .replicates = EVAL_REPLICATES,
        .seed = 1,
    };
    int ways = (test != NULL) + (options.split.folds > 0) + (options.split.group_by != NULL) +
               (options.split.outcomes > 0);
    if (ways > 1)
        return misuse(evaluation,
            failure_set(failure, "--test, --folds, --group-by and --outcomes are four ways to "
                                 "split the rows: choose one"));
    if (!read_models(evaluation, EVAL_PAIR, 2, 2, failure) ||
        !read_use(evaluation, &options, failure))
        return false;
    options.weak = arena_text(evaluation->arena, evaluation->ladder[0]);
    options.strong = arena_text(evaluation->arena, evaluation->ladder[1]);
    return eval_pair(evaluation->arena, &options, &evaluation->result, failure);
}

static bool read_rows(struct evaluation *evaluation, const char *path, const char *test,
    struct eval_data *data, struct failure *failure)
{
    const struct option_value *excluded = option(evaluation, EVAL_EXCLUDE);
    return data_read(data, path, excluded->many, excluded->n_many, failure) &&
           (!test || data_read(data, test, excluded->many, excluded->n_many, failure));
}

static bool judge_ladder(struct evaluation *evaluation, const struct eval_data *data,
    struct slice target, struct failure *failure)
{
    const struct option_value *verifier = option(evaluation, EVAL_VERIFIER);
    struct eval_ladder_options options = {
        .ladder = evaluation->ladder,
        .n_ladder = evaluation->n_ladder,
        .search = whole(evaluation, EVAL_SEARCH),
        .target = target,
        .verifier = verifier->given ? verifier->number : 1,
        .verifier_cost_usd = option(evaluation, EVAL_VERIFIER_COST)->number,
        .seeds = whole(evaluation, EVAL_SEEDS),
    };
    if (!(options.verifier >= 0.5 && options.verifier <= 1))
        return misuse(evaluation,
            failure_set(failure, "--verifier wants a number from 0.5 (a coin) to 1 (never wrong)"));
    if (!(options.verifier_cost_usd >= 0))
        return misuse(evaluation, failure_set(failure, "--verifier-cost wants 0 or more USD"));
    return eval_ladders(evaluation->arena, data, &options, &evaluation->result, failure);
}

static bool judge_online(
    struct evaluation *evaluation, const struct eval_data *data, struct failure *failure)
{
    struct eval_online_options options = {
        .ladder = evaluation->ladder,
        .n_ladder = evaluation->n_ladder,
        .value_usd = option(evaluation, EVAL_VALUE)->number,
        .tasks = whole(evaluation, EVAL_OUTCOMES),
        .seeds = whole(evaluation, EVAL_SEEDS),
    };
    if (evaluation->n_ladder < 2)
        return misuse(evaluation,
            failure_set(failure, "--online chooses among the models of --ladder A,B,C"));
    return eval_online(evaluation->arena, data, &options, &evaluation->result, failure);
}

static bool judge(struct evaluation *evaluation, struct eval_data *data, struct failure *failure)
{
    const char *path, *test;
    struct slice target = option(evaluation, EVAL_TARGET)->text, middle = {0};
    bool has_ladder = option(evaluation, EVAL_LADDER)->given,
         has_policy = option(evaluation, EVAL_POLICY)->given;
    int protocols = option(evaluation, EVAL_PAIR)->given + has_ladder + has_policy +
                    option(evaluation, EVAL_SEARCH)->given;
    if (protocols != 1)
        return misuse(evaluation,
            failure_set(failure, "choose one of --pair WEAK,STRONG, --ladder A,B,C, --search N and "
                                 "--policy FILE"));
    if (!find_data(evaluation, &path, &test, failure))
        return false;
    if (option(evaluation, EVAL_PAIR)->given)
        return judge_pair(evaluation, path, test, failure);
    if (has_ladder && !read_models(evaluation, EVAL_LADDER, 1, LADDER_MOST, failure))
        return false;
    if (!read_rows(evaluation, path, test, data, failure))
        return false;
    if (has_policy && !read_policy(evaluation, data, &middle, failure))
        return false;
    bool ok = option(evaluation, EVAL_ONLINE)->given
                  ? judge_online(evaluation, data, failure)
                  : judge_ladder(evaluation, data, target.len ? target : middle, failure);
    evaluation->result.data = slice_from(path);
    return ok;
}

static bool show(struct evaluation *evaluation, struct failure *failure)
{
    struct call *call = evaluation->call;
    const char *plot = text_or_null(evaluation, EVAL_PLOT);
    struct emit emit = {0};
    if (plot && !eval_plot_svg(&evaluation->result, plot, failure))
        return false;
    if (!option(evaluation, EVAL_JSON)->given) {
        eval_print_table(call->out, &evaluation->result);
        return true;
    }
    eval_write_json(&emit, &evaluation->result);
    emit_bytes(&emit, slice_from("\n"));
    bool ok = command_write(call->out, emit_slice(&emit));
    emit_free(&emit);
    return ok || failure_set(failure, "cannot write to standard output");
}

static int run_eval(struct call *call)
{
    struct failure failure = {0};
    struct evaluation evaluation = {.call = call, .arena = call->arena};
    struct eval_data data = {0};
    bool ok = judge(&evaluation, &data, &failure) && show(&evaluation, &failure);
    if (!ok)
        log_error("%s", failure.text);
    data_free(&data);
    return ok ? EXIT_DONE : evaluation.misused ? EXIT_USAGE : EXIT_BROKEN;
}

const struct command_row COMMAND_EVAL = {
    .name = "eval",
    .words = "[DATA]",
    .words_most = 1,
    .summary = "Judge routing on recorded outcomes, beside the controls that would show it up.",
    .details =
        "DATA holds one JSON object a line: {\"id\",\"text\",\"labels\":[…],\"models\":{\"NAME\":"
        "{\"ok\":0|1 or \"score\":0..1,\"cost\":USD|null}}}. What is learned is learned on other "
        "rows than it is judged by; splits go by the hash of the id.\n\n"
        "Beside the router stand always-<model>, random at the same shares, length alone, labels "
        "alone, the best single model and an oracle. Intervals are 95 %, by bootstrap over tasks.",
    .examples =
        "  rung eval outcomes.jsonl --pair small,large --outcomes 1500 --seeds 8 --use text\n"
        "  rung eval outcomes.jsonl --ladder small,middle,large --target middle --verifier 0.9 "
        "--verifier-cost 0.02\n"
        "  rung eval outcomes.jsonl --search 3 --target middle --plot curve.svg\n"
        "  rung eval outcomes.jsonl --ladder small,middle,large --online --value 2\n",
    .options = OPTIONS,
    .n_options = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
    .run = run_eval,
};
