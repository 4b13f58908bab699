/* Receives the calls of run and swarm, hands their tasks to the run room and says what came of
 * it. */
#include "run_start.h"

#include "base/file.h"
#include "base/log.h"
#include "helper.h"
#include "run_going.h"
#include "run_limits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FILES_A_JOB = 16 /* descriptors */ };

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
    wishes_add_gates(going);
    learned_open(call, option(going, GO_LEDGER), workspace, &going->learned);
    decide_prepare(call->arena, &going->policy, &workspace->prices, workspace->today,
        going->learned.evidence, going->learned.view, &going->decider);
    if (!wishes_read_limits(going, failure) || !wishes_force_rung(going, failure))
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
    return (must && !going->is_many) || (must && !going_has_source(going)) ||
           going_take_tasks(going, add_task, going, failure);
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

/* What the tasks cost, as each of them says; a limit counts more where an attempt told nothing. */
static void print_totals(struct going *going, struct run_job *const *jobs, size_t n)
{
    size_t accepted = 0, before = 0;
    double usd = 0;
    bool assumed = false;
    for (size_t i = 0; i < n; i++) {
        const struct experiment *experiment = &jobs[i]->experiment;
        accepted += jobs[i]->stop == RUN_ACCEPTED;
        before += jobs[i]->was_done_before;
        usd += jobs[i]->spent_usd;
        assumed |= experiment->attempts.n > 0 && experiment->cost_source != RECORD_MEASURED;
    }
    log_note("%zu of %zu accepted, %s$%.4f spent%s", accepted, n, assumed ? "~" : "", usd,
        before ? ", earlier starts included" : "");
    double held_usd = run_spent_usd(going->run) - usd;
    if (held_usd >= 0.00005)
        log_note("the budget counts $%.4f more: an attempt that tells no cost counts as all it was "
                 "allowed",
            held_usd);
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
    print_totals(going, jobs, n);
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
        forecast_say(going, (const struct run_job *const *)jobs, n);
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
    if (!forecast_show(going, failure))
        return EXIT_BROKEN;
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
            "{\"processes\":%zu,\"worktrees\":%zu,\"journals\":%zu,\"unfinished\":%zu,"
            "\"wishes\":%zu,\"said\":%zu}\n",
            cleaned.processes, cleaned.worktrees, cleaned.journals, cleaned.unfinished,
            cleaned.wishes, cleaned.said);
    else
        fprintf(call->out,
            "%zu processes ended, %zu work trees, %zu journals, %zu wishes to stop and what was "
            "said "
            "in %zu experiments taken away\n",
            cleaned.processes, cleaned.worktrees, cleaned.journals, cleaned.wishes, cleaned.said);
    if (cleaned.unfinished)
        log_note("%zu unfinished run%s: `rung run --resume` goes on, `rung clean --all` gives up",
            cleaned.unfinished, cleaned.unfinished == 1 ? "" : "s");
    return EXIT_DONE;
}
