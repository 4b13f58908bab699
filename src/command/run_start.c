/* Receives the calls of run and swarm, hands their tasks to the run room and says what came of
 * it. */
#include "run_start.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/git.h"
#include "base/log.h"
#include "base/table.h"
#include "base/text.h"
#include "helper.h"
#include "learned.h"
#include "planning.h"
#include "run/run.h"
#include "run_limits.h"
#include "run_view.h"
#include "runs.h"
#include "store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    GATE_TIMEOUT_S = 600,
    GATE_WORDS_MOST = 64,
    JOBS_USUAL = 2,
    FILES_A_JOB = 16, /* descriptors */
    TEMPLATE_BYTES_MOST = 1 << 20,
};

struct going {
    struct call *call;
    bool is_many;
    struct workspace workspace;
    struct policy policy; /* the workspace's, with the gates that the call adds */
    struct learned learned;
    struct decider decider;
    struct dice dice;
    struct planning planning;
    struct run_parts parts;
    struct view view;
    struct run *run;
};

static const struct option_value *option(const struct going *going, int row)
{
    return &going->call->options[row];
}

/* ---- what the call says ---- */

/* One word of a --gate, up to a blank; quotes of either kind keep blanks together. */
static bool next_word(struct arena *arena, struct slice *rest, struct slice *word)
{
    *rest = slice_trim(*rest);
    char *text = arena_take(arena, rest->len + 1), quote = 0;
    size_t n = 0, i = 0;
    for (; i < rest->len && (quote || (rest->base[i] != ' ' && rest->base[i] != '\t')); i++) {
        char c = rest->base[i];
        if (quote ? c == quote : c == '"' || c == '\'')
            quote = quote ? 0 : c;
        else
            text[n++] = c;
    }
    *word = (struct slice){text, n};
    bool found = rest->len > 0;
    *rest = slice_sub(*rest, i, rest->len);
    return found;
}

static struct policy_gate read_gate(struct arena *arena, struct slice text, size_t number)
{
    struct policy_gate gate = {.kind = POLICY_GATE_COMMAND,
        .name = arena_print(arena, "gate %zu", number),
        .judge_rung = POLICY_NONE,
        .timeout_s = GATE_TIMEOUT_S,
        .command = ARENA_ARRAY(arena, struct slice, GATE_WORDS_MOST)};
    while (
        gate.n_command < GATE_WORDS_MOST && next_word(arena, &text, &gate.command[gate.n_command]))
        gate.n_command++;
    return gate;
}

static void add_gates(struct going *going)
{
    const struct option_value *given = option(going, GO_GATE);
    struct arena *arena = going->call->arena;
    struct policy *policy = &going->policy;
    struct policy_gate *gates =
        ARENA_ARRAY(arena, struct policy_gate, policy->n_gates + given->n_many);
    if (policy->n_gates)
        memcpy(gates, policy->gates, policy->n_gates * sizeof(*gates));
    for (size_t i = 0; i < given->n_many; i++)
        gates[policy->n_gates++] = read_gate(arena, given->many[i], i + 1);
    policy->gates = gates;
}

/* The lower of two limits, 0 being none. */
static double lower(double policy_usd, const struct option_value *given)
{
    if (!given->given)
        return policy_usd;
    return policy_usd > 0 && policy_usd < given->number ? policy_usd : given->number;
}

/* A rung's name: it reviews each task's change, or, of a swarm, all of them together at the end. */
static bool read_review(struct going *going, struct failure *failure)
{
    struct run_settings *settings = &going->parts.settings;
    const struct option_value *review = option(going, GO_REVIEW);
    if (!review->given || run_review_from_name(review->text, &settings->review))
        return true;
    int rung = policy_rung_by_wish(&going->policy, review->text, (struct slice){0});
    if (rung == POLICY_NONE)
        return failure_set(failure,
            "--review is critical, always, never or a rung of the ladder, not \"%.*s\"",
            SLICE_ARG(review->text));
    settings->review = going->is_many ? RUN_REVIEW_AT_END : RUN_REVIEW_ALWAYS;
    settings->review_rung = going->policy.review_rung = rung;
    return true;
}

static bool read_limits(struct going *going, struct failure *failure)
{
    static const int money[] = {GO_BUDGET, GO_DAY_BUDGET};
    struct run_settings *settings = &going->parts.settings;
    const struct policy *policy = &going->policy;
    for (size_t i = 0; i < 2; i++)
        if (option(going, money[i])->given && !(option(going, money[i])->number > 0))
            return failure_set(failure, "a budget is more than 0 dollars");
    const struct option_value *jobs = option(going, GO_JOBS);
    settings->jobs = jobs->given ? (int)fmin(jobs->number, 1e6) : JOBS_USUAL;
    settings->max_attempts = (int)option(going, GO_MAX_ATTEMPTS)->number;
    settings->day_usd = lower(policy->budget_day_usd, option(going, GO_DAY_BUDGET));
    if (going->is_many) {
        settings->total_usd = option(going, GO_BUDGET)->number;
        settings->task_usd = lower(policy->budget_task_usd, option(going, GO_TASK_BUDGET));
        settings->stop_after = option(going, GO_STOP_AFTER)->given
                                   ? (int)fmin(option(going, GO_STOP_AFTER)->number, 1e6)
                                   : RUN_STOP_AFTER;
        settings->usd_per_minute = option(going, GO_RATE)->number;
    } else {
        settings->task_usd = lower(policy->budget_task_usd, option(going, GO_BUDGET));
        settings->here = option(going, GO_HERE)->given;
    }
    if (settings->jobs < 1 || settings->jobs > RUN_JOBS_MOST)
        return failure_set(failure, "--jobs is 1 to %d", RUN_JOBS_MOST);
    const struct option_value *plan = option(going, GO_PLAN);
    settings->no_plan = plan->given && slice_is(plan->text, "none");
    settings->plan_rung =
        plan->given ? policy_rung_by_wish(policy, plan->text, (struct slice){0}) : POLICY_NONE;
    if (plan->given && settings->plan_rung == POLICY_NONE && !settings->no_plan)
        return failure_set(
            failure, "--plan %.*s names no rung of the ladder", SLICE_ARG(plan->text));
    if (!read_review(going, failure))
        return false;
    if (settings->review == RUN_REVIEW_ALWAYS && policy->review_rung == POLICY_NONE)
        going->policy.review_rung = policy->top;
    return true;
}

static bool force_rung(struct going *going, struct failure *failure)
{
    const struct option_value *rung = option(going, GO_RUNG);
    if (!rung->given)
        return true;
    going->decider.forced = policy_rung_by_wish(&going->policy, rung->text, (struct slice){0});
    return going->decider.forced != POLICY_NONE ||
           failure_set(failure, "--rung %.*s names no rung of the ladder", SLICE_ARG(rung->text));
}

/* A stranger's ladder, rules and budgets choose what is bought: nothing is run by them either. */
static bool is_trusted(const struct going *going, struct failure *failure)
{
    const struct policy *policy = &going->workspace.policy;
    return policy->trusted ||
           failure_set(failure,
               "nothing is run: %s says which agents and models are started and you have not "
               "trusted it; read it, then type `rung trust`, or name another with --policy",
               policy->path);
}

/* ---- parts ---- */

static const char *spend_path(struct going *going)
{
    struct ledger_place place =
        workspace_ledger_place(going->call, option(going, GO_LEDGER), &going->workspace);
    return arena_print(going->call->arena, "%s.spend", place.path ? place.path : "").base;
}

/* Git's own variables would send it elsewhere; nobody is there to answer a question. */
static void scrub_environment(void)
{
    for (char **entry = environ; entry && *entry;) {
        struct slice name = slice_from(*entry);
        name = slice_sub(name, 0, slice_find_byte(name, '='));
        struct arena arena = {0};
        if (slice_starts(name, "GIT_") || slice_is(name, "RUNG_RUN")) {
            unsetenv(arena_text(&arena, name));
            entry = environ;
        } else {
            entry++;
        }
        arena_free(&arena);
    }
    setenv("GIT_TERMINAL_PROMPT", "0", 1);
}

static void allow_descriptors(int jobs)
{
    struct rlimit limit;
    rlim_t wanted = 256 + (rlim_t)jobs * FILES_A_JOB;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int prepare(struct going *going, struct failure *failure)
{
    struct call *call = going->call;
    struct workspace *workspace = &going->workspace;
    if (!workspace_open(call, option(going, GO_POLICY), workspace, failure) ||
        !is_trusted(going, failure))
        return EXIT_BROKEN;
    going->policy = workspace->policy;
    add_gates(going);
    learned_open(call, option(going, GO_LEDGER), workspace, &going->learned);
    decide_prepare(call->arena, &going->policy, &workspace->prices, workspace->today,
        going->learned.evidence, going->learned.view, &going->decider);
    if (!read_limits(going, failure) || !force_rung(going, failure))
        return EXIT_USAGE;
    if (!option(going, GO_DRY_RUN)->given) { /* what is not run is not explored */
        going->dice = dice_from_system();
        going->decider.dice = &going->dice;
    }
    going->view = (struct view){.policy = &going->policy,
        .out = call->out,
        .talk = stderr,
        .to_json = going->is_many && option(going, GO_JSON)->given,
        .is_many = going->is_many};
    if (!planning_open(call, option(going, GO_LEDGER), workspace, &going->planning, failure))
        return EXIT_BROKEN;
    going->parts.plan_chance = planning_chance;
    going->parts.review_chance = planning_review_chance;
    going->parts.plan_context = &going->planning;
    going->parts.policy = &going->policy;
    going->parts.prices = &workspace->prices;
    going->parts.decider = &going->decider;
    going->parts.environment = (const char *const *)environ;
    going->parts.directory = file_working_directory(call->arena);
    going->parts.keep_program = helper_path(call->arena, "rung-keep");
    going->parts.spend_path = spend_path(going);
    going->parts.today = workspace->today;
    going->parts.listener = view_listener(&going->view);
    return EXIT_DONE;
}

/* ---- tasks ---- */

typedef bool take_task(void *context, const struct task *task, struct failure *failure);

/* A title's own words make the id of a task that has none. */
static struct task task_from_words(struct going *going)
{
    struct call *call = going->call;
    struct slice title = call->words[0];
    const struct option_value *labels = option(going, GO_LABEL), *files = option(going, GO_TOUCHES);
    return (struct task){
        .title = title,
        .body = option(going, GO_BODY)->text,
        .id = option(going, GO_ID)->given ? option(going, GO_ID)->text
                                          : text_one_line(call->arena, title, 32),
        .type = option(going, GO_TYPE)->text,
        .labels = {labels->many, labels->n_many},
        .files = {files->many, files->n_many},
        .priority = -1,
        .source = "command line",
    };
}

static bool has_source(const struct going *going)
{
    return option(going, SOURCE_FROM)->given || option(going, SOURCE_FILE)->given;
}

static bool take_from_source(
    struct going *going, struct slice id, take_task *take, void *context, struct failure *failure)
{
    struct source *source = NULL;
    struct arena arena = {0};
    struct task task;
    size_t n = 0;
    if (!source_open(going->call, &source, failure))
        return false;
    bool ok = true;
    while (ok && source_next(source, &arena, &task)) {
        if (id.len && !slice_equal(task.id, id))
            continue;
        n++;
        ok = take(context, &task, failure);
    }
    source_finish(source);
    source_close(source);
    arena_free(&arena);
    if (ok && n == 0 && id.len)
        ok = failure_set(failure, "there is no open task %.*s", SLICE_ARG(id));
    return ok;
}

/* '**' of a path is the glob's '*', which passes over '/'; a single '*' does not. */
static bool path_matches(struct slice path, struct slice glob)
{
    size_t i = 0, g = 0;
    while (g < glob.len && glob.base[g] != '*' && i < path.len && glob.base[g] == path.base[i]) {
        g++;
        i++;
    }
    if (g == glob.len || glob.base[g] != '*')
        return g == glob.len && i == path.len;
    bool deep = g + 1 < glob.len && glob.base[g + 1] == '*';
    struct slice rest = slice_sub(glob, g + (deep ? 2 : 1), glob.len);
    if (deep && rest.len && rest.base[0] == '/' &&
        path_matches(slice_sub(path, i, path.len), slice_sub(rest, 1, rest.len)))
        return true;
    for (; i <= path.len; i++) {
        if (path_matches(slice_sub(path, i, path.len), rest))
            return true;
        if (!deep && i < path.len && path.base[i] == '/')
            return false;
    }
    return false;
}

static struct slice fill_in(struct arena *arena, struct slice text, struct slice path)
{
    struct slice filled = {0};
    for (size_t at; (at = slice_find(text, "{file}")) != SIZE_MAX;
         text = slice_sub(text, at + strlen("{file}"), text.len))
        filled = arena_print(arena, "%.*s%.*s%.*s", SLICE_ARG(filled),
            SLICE_ARG(slice_sub(text, 0, at)), SLICE_ARG(path));
    return arena_print(arena, "%.*s%.*s", SLICE_ARG(filled), SLICE_ARG(text));
}

static bool take_file(struct going *going, struct slice template, struct slice path,
    take_task *take, void *context, struct failure *failure)
{
    struct arena arena = {0};
    struct slice text = fill_in(&arena, template, path), title = {0};
    if (slice_find(template, "{file}") == SIZE_MAX)
        text = arena_print(&arena, "%.*s\n\nFile: %.*s", SLICE_ARG(text), SLICE_ARG(path));
    while (slice_next_line(&text, &title) && slice_trim(title).len == 0)
        ;
    while (slice_starts(title, "#"))
        title = slice_sub(title, 1, title.len);
    struct task task = {
        .id = path,
        .title = arena_print(&arena, "%.*s: %.*s", SLICE_ARG(slice_trim(title)), SLICE_ARG(path)),
        .body = slice_trim(text),
        .files = {&path, 1},
        .priority = -1,
        .source = "template",
    };
    (void)going;
    bool ok = take(context, &task, failure);
    arena_free(&arena);
    return ok;
}

/* One task for each file that git tracks and the glob matches. */
static bool take_from_template(
    struct going *going, take_task *take, void *context, struct failure *failure)
{
    struct arena *arena = going->call->arena;
    struct file_bytes file = {0};
    struct child_result listed;
    struct slice path, glob = option(going, GO_EACH)->text;
    size_t n = 0;
    const char *name = arena_text(arena, option(going, GO_TEMPLATE)->text);
    if (!file_open(name, TEMPLATE_BYTES_MOST, &file, failure))
        return false;
    bool ok = git_run(arena, ".", (const char *[]){"ls-files", "-z", NULL},
                  (struct child_limits){64 << 20, 60000}, &listed, failure) &&
              (listed.exit_status == 0 ||
                  failure_set(failure, "git ls-files: %.*s", SLICE_ARG(listed.error)));
    while (ok && slice_next_field(&listed.output, '\0', &path))
        if (path.len && path_matches(path, glob)) {
            n++;
            ok = take_file(going, slice_trim(file.bytes), path, take, context, failure);
        }
    file_close(&file);
    if (ok && n == 0)
        ok = failure_set(failure, "--each %.*s matches no tracked file", SLICE_ARG(glob));
    return ok;
}

static bool take_all(struct going *going, take_task *take, void *context, struct failure *failure)
{
    if (!going->is_many && !has_source(going)) {
        struct task task = task_from_words(going);
        return take(context, &task, failure);
    }
    if (going->is_many && option(going, GO_TEMPLATE)->given)
        return take_from_template(going, take, context, failure);
    struct slice id = going->is_many ? (struct slice){0} : going->call->words[0];
    return take_from_source(going, id, take, context, failure);
}

/* ---- before: what it would cost ---- */

struct forecast {
    struct going *going;
    size_t n;
    double start_usd, middle_usd, worst_usd;
};

static struct slice dollars(const struct going *going, double usd)
{
    return isnan(usd) ? slice_from("not known") : arena_print(going->call->arena, "$%.4f", usd);
}

static void say_sums(const struct going *going, const struct forecast *sum)
{
    log_note("%zu task%s, %d at a time: expected cost %.*s where every first attempt holds, %.*s "
             "where only the last does; all on %.*s %.*s",
        sum->n, sum->n == 1 ? "" : "s", going->parts.settings.jobs,
        SLICE_ARG(dollars(going, sum->start_usd)), SLICE_ARG(dollars(going, sum->worst_usd)),
        SLICE_ARG(going->policy.rungs[going->policy.middle].name),
        SLICE_ARG(dollars(going, sum->middle_usd)));
}

static void add_forecast(struct forecast *sum, const struct decision *decision)
{
    const struct run_settings *settings = &sum->going->parts.settings;
    size_t n_climb = decision->n_climb;
    if (settings->max_attempts && n_climb + 1 > (size_t)settings->max_attempts)
        n_climb = (size_t)settings->max_attempts - 1;
    sum->n++;
    sum->start_usd += decision->cost_usd.mean;
    sum->worst_usd += decision->cost_usd.mean;
    sum->middle_usd += decision->options[sum->going->policy.middle].cost_usd.mean;
    for (size_t i = 0; i < n_climb; i++)
        sum->worst_usd += decision->options[decision->climb[i]].cost_usd.mean;
}

static struct run_chance plan_chance(const struct going *going, const struct task *task,
    const struct decision *decision, struct arena *arena)
{
    const struct run_settings *settings = &going->parts.settings;
    if (settings->no_plan)
        return (struct run_chance){.rung = POLICY_NONE};
    if (settings->plan_rung != POLICY_NONE)
        return (struct run_chance){settings->plan_rung, 1, slice_from("planned first, as asked")};
    return planning_chance(&going->planning, task, decision, arena);
}

static void print_plan(struct forecast *forecast, const struct task *task,
    const struct decision *decision, struct arena *arena)
{
    FILE *out = forecast->going->call->out;
    const struct policy *policy = &forecast->going->policy;
    fprintf(out, "%.*s\n", SLICE_ARG(text_one_line(arena, task->title, 76)));
    for (size_t i = 0; i <= decision->n_climb; i++) {
        int rung = i == 0 ? decision->rung : decision->climb[i - 1];
        double usd = decision->options[rung].cost_usd.mean;
        struct slice cost =
            isnan(usd) ? slice_from("cost not known")
                       : arena_print(arena, "%s$%.4f", decision->cost_measured ? "" : "~", usd);
        fprintf(out, "  %zu. %.*s (%.*s %.*s), %.*s%s\n", i + 1,
            SLICE_ARG(policy->rungs[rung].name), SLICE_ARG(policy->rungs[rung].model),
            SLICE_ARG(policy->rungs[rung].effort), SLICE_ARG(cost),
            i == 0 ? "" : ", where a check fails before");
    }
    fprintf(out, "  why: %.*s\n", SLICE_ARG(text_one_line(arena, decision->why, 0)));
    struct run_chance chance = plan_chance(forecast->going, task, decision, arena);
    if (chance.rung != POLICY_NONE)
        fprintf(out, "  plan: %.*s\n", SLICE_ARG(text_one_line(arena, chance.why, 0)));
}

static bool foresee(void *context, const struct task *task, struct failure *failure)
{
    struct forecast *forecast = context;
    struct arena arena = {0};
    struct decision decision;
    (void)failure;
    const struct run_settings *settings = &forecast->going->parts.settings;
    decide(&forecast->going->decider, task, &arena, &decision);
    add_forecast(forecast, &decision);
    if (settings->max_attempts && decision.n_climb + 1 > (size_t)settings->max_attempts)
        decision.n_climb = (size_t)settings->max_attempts - 1;
    if (option(forecast->going, GO_JSON)->given) {
        struct emit emit = {0};
        decide_write_json(&forecast->going->decider, task, &decision, &emit);
        fprintf(forecast->going->call->out, "%.*s\n", SLICE_ARG(emit_slice(&emit)));
        emit_free(&emit);
    } else {
        print_plan(forecast, task, &decision, &arena);
    }
    arena_free(&arena);
    return true;
}

static void say_forecast(struct going *going, const struct run_job *const *jobs, size_t n)
{
    struct forecast sum = {.going = going};
    for (size_t i = 0; i < n; i++)
        if (!jobs[i]->was_done_before)
            add_forecast(&sum, &jobs[i]->decision);
    say_sums(going, &sum);
    if (sum.start_usd > sum.middle_usd)
        log_note("fan-out is not worth it for the cost: all on %.*s is expected to be cheaper",
            SLICE_ARG(going->policy.rungs[going->policy.middle].name));
    if (sum.n == 1)
        log_note("one task needs no swarm: `rung run` does the same");
    if (going->parts.settings.total_usd > 0 && sum.start_usd > going->parts.settings.total_usd)
        log_note("the budget of $%.2f will not pay for all of it", going->parts.settings.total_usd);
}

/* ---- the work ---- */

static bool add_task(void *context, const struct task *task, struct failure *failure)
{
    return run_add(((struct going *)context)->run, task, failure);
}

/* What makes two starts the same swarm: where its tasks come from and where it runs. */
static struct slice signature(const struct going *going)
{
    static const int rows[] = {SOURCE_FROM, SOURCE_FILE, SOURCE_ALL, SOURCE_STATUS, SOURCE_TYPE,
        SOURCE_PRIORITY, GO_RUNG, GO_TEMPLATE, GO_EACH};
    struct arena *arena = going->call->arena;
    struct slice text = slice_from(going->parts.directory);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        text = arena_print(
            arena, "%.*s\n%.*s", SLICE_ARG(text), SLICE_ARG(option(going, rows[i])->text));
    for (size_t i = 0; i < option(going, SOURCE_WHERE)->n_many; i++)
        text = arena_print(
            arena, "%.*s\n%.*s", SLICE_ARG(text), SLICE_ARG(option(going, SOURCE_WHERE)->many[i]));
    char *hex = arena_take(arena, SHA256_HEX_BYTES);
    file_sha256(text, hex);
    return slice_sub(slice_from(hex), 0, 16);
}

/* Which run to go on with; NULL: none. */
static const char *wanted_run(const struct going *going)
{
    if (option(going, GO_RESUME)->given)
        return going->call->n_words ? arena_text(going->call->arena, going->call->words[0]) : "";
    return going->is_many && !option(going, GO_FRESH)->given ? "" : NULL;
}

static bool open_run(struct going *going, struct failure *failure)
{
    bool resumed, must = option(going, GO_RESUME)->given;
    going->parts.signature = going->is_many && !must ? signature(going) : (struct slice){0};
    const char *wanted = wanted_run(going);
    if (!run_open(&going->parts, wanted, must, &resumed, &going->run, failure))
        return false;
    if (resumed)
        log_note("going on with %s", run_id(going->run));
    return (must && !going->is_many) || (must && !has_source(going)) ||
           take_all(going, add_task, going, failure);
}

/* 0, 6 or 5 for what became of the tasks. */
static int judge_jobs(struct run_job *const *jobs, size_t n)
{
    int status = EXIT_DONE;
    for (size_t i = 0; i < n; i++) {
        if (jobs[i]->stop == RUN_ACCEPTED)
            continue;
        status =
            jobs[i]->stop == RUN_BUDGET || status == EXIT_BUDGET ? EXIT_BUDGET : EXIT_NOT_ACCEPTED;
    }
    return status;
}

static void print_result(struct going *going, struct run_job *const *jobs, size_t n)
{
    if (!going->is_many && option(going, GO_JSON)->given) {
        struct emit emit = {0};
        for (size_t i = 0; i < n; i++)
            if (jobs[i]->experiment.id.len) {
                view_write_experiment(&emit, jobs[i]);
                emit_bytes(&emit, slice_from("\n"));
            }
        if (!command_write(going->call->out, emit_slice(&emit)))
            log_error("cannot write the result");
        emit_free(&emit);
    }
    if (!going->is_many)
        return;
    size_t accepted = 0, before = 0;
    for (size_t i = 0; i < n; i++) {
        accepted += jobs[i]->stop == RUN_ACCEPTED;
        before += jobs[i]->was_done_before;
    }
    log_note("%zu of %zu accepted, $%.4f spent%s", accepted, n, run_spent_usd(going->run),
        before ? ", earlier starts included" : "");
    view_say_gates(jobs, n);
}

static int work(struct going *going, struct failure *failure)
{
    struct ledger *ledger = NULL;
    int status = EXIT_BROKEN;
    if (!workspace_make_ledger(
            going->call, option(going, GO_LEDGER), &going->workspace, &ledger, failure))
        return EXIT_BROKEN;
    going->parts.ledger = ledger;
    allow_descriptors(going->parts.settings.jobs);
    if (!open_run(going, failure))
        goto done;
    size_t n;
    struct run_job **jobs = run_jobs(going->run, &n);
    if (going->is_many)
        say_forecast(going, (const struct run_job *const *)jobs, n);
    going->view.n_tasks = n;
    if (!going->is_many && option(going, GO_JSON)->given)
        going->view.quiet = true;
    limits_say(&going->policy, &going->parts.settings, going->is_many);
    view_begin(&going->view);
    bool ok = run_work(going->run, failure);
    view_end(&going->view);
    if (!ok)
        goto done;
    print_result(going, jobs, n);
    status = judge_jobs(jobs, n);
    if (run_is_stopped(going->run)) {
        status = EXIT_INTERRUPTED;
        log_note("stopped; `rung %s --resume` goes on with %s", going->call->command->name,
            run_id(going->run));
    }
done:
    run_close(going->run);
    ledger_close(ledger);
    return status;
}

static int dry_run(struct going *going, struct failure *failure)
{
    struct forecast forecast = {.going = going};
    if (!take_all(going, foresee, &forecast, failure))
        return EXIT_BROKEN;
    say_sums(going, &forecast);
    limits_say(&going->policy, &going->parts.settings, going->is_many);
    return EXIT_DONE;
}

int run_start(struct call *call, bool is_many)
{
    struct going going = {.call = call, .is_many = is_many};
    struct failure failure = {0};
    int status = EXIT_USAGE;
    if (!is_many && call->n_words == 0 && !option(&going, GO_RESUME)->given)
        failure_set(&failure, "say which task: rung run TASK, or --resume");
    else if (is_many && option(&going, GO_TEMPLATE)->given != option(&going, GO_EACH)->given)
        failure_set(&failure, "--template FILE and --each GLOB belong together");
    else {
        scrub_environment();
        status = prepare(&going, &failure);
        if (status == EXIT_DONE)
            status = option(&going, GO_DRY_RUN)->given ? dry_run(&going, &failure)
                                                       : work(&going, &failure);
    }
    if (failure.text[0] && (status == EXIT_BROKEN || status == EXIT_USAGE))
        log_error("%s", failure.text);
    learned_close(&going.learned);
    return status;
}

int run_start_clean(struct call *call)
{
    struct failure failure = {0};
    struct run_cleaned cleaned;
    scrub_environment();
    if (!run_clean(file_working_directory(call->arena), call->options[CLEAN_ALL].given, &cleaned,
            &failure)) {
        log_error("%s", failure.text);
        return EXIT_BROKEN;
    }
    if (call->options[CLEAN_JSON].given)
        fprintf(call->out,
            "{\"processes\":%zu,\"worktrees\":%zu,\"journals\":%zu,\"unfinished\":%zu}\n",
            cleaned.processes, cleaned.worktrees, cleaned.journals, cleaned.unfinished);
    else
        fprintf(call->out, "%zu processes ended, %zu work trees and %zu journals taken away\n",
            cleaned.processes, cleaned.worktrees, cleaned.journals);
    if (cleaned.unfinished)
        log_note("%zu unfinished run%s: `rung run --resume` goes on, `rung clean --all` gives up",
            cleaned.unfinished, cleaned.unfinished == 1 ? "" : "s");
    return EXIT_DONE;
}
