/* work: receives a bead's id; claims it, hands it to `rung run`, and closes it with what it cost or
 * gives it back with what went wrong. */
#include "bead.h"
#include "commands.h"

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "runs.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORK_POLICY, WORK_LEDGER, WORK_RUNG, WORK_GATE, WORK_BUDGET, WORK_DRY_RUN, WORK_JSON };
enum { WORK_OUTPUT_BYTES = 32 << 20, WORK_ARGUMENTS_MOST = 16 + 2 * OPTION_REPEATS_MOST };

static const struct option_row OPTIONS[] = {
    POLICY_OPTION,
    LEDGER_OPTION,
    {"rung", OPTION_TEXT, "RUNG", "begin on this rung, whatever labels and patterns say"},
    {"gate", OPTION_MANY, "COMMAND", "a check beside the policy's, as for `rung run`"},
    {"budget", OPTION_TEXT, "USD", "the most that all attempts together may cost"},
    {"dry-run", OPTION_FLAG, NULL, "show the attempts that would be made; claim nothing"},
    JSON_OPTION,
};

struct working {
    struct call *call;
    struct slice id;
    char input[64];      /* the bead's JSON, for `rung run` */
    struct slice output; /* what it printed */
    int exit_status;
};

static const struct option_value *option(const struct working *working, int row)
{
    return &working->call->options[row];
}

static bool keep_input(struct working *working, struct slice bytes, struct failure *failure)
{
    snprintf(working->input, sizeof(working->input), "/tmp/rung-work-XXXXXX");
    int fd = mkstemp(working->input);
    if (fd < 0) {
        working->input[0] = 0;
        return failure_set(failure, "cannot make a file in /tmp: %s", strerror(errno));
    }
    FILE *file = fdopen(fd, "w");
    bool ok = file && command_write(file, bytes);
    ok = file && fclose(file) == 0 && ok;
    return ok || failure_set(failure, "cannot write %s", working->input);
}

/* rung run ID --from beads --file … with the options that were given. */
static const char *const *run_argv(struct working *working)
{
    static const struct {
        int row;
        const char *name;
    } passed[] = {{WORK_POLICY, "--policy"}, {WORK_LEDGER, "--ledger"}, {WORK_RUNG, "--rung"},
        {WORK_BUDGET, "--budget"}};
    struct arena *arena = working->call->arena;
    const char **argv = ARENA_ARRAY(arena, const char *, WORK_ARGUMENTS_MOST);
    size_t n = 0;
    argv[n++] = "rung";
    argv[n++] = "run";
    argv[n++] = arena_text(arena, working->id);
    argv[n++] = "--from=beads";
    argv[n++] = arena_print(arena, "--file=%s", working->input).base;
    for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
        if (option(working, passed[i].row)->given)
            argv[n++] = arena_print(
                arena, "%s=%.*s", passed[i].name, SLICE_ARG(option(working, passed[i].row)->text))
                            .base;
    for (size_t i = 0; i < option(working, WORK_GATE)->n_many; i++)
        argv[n++] =
            arena_print(arena, "--gate=%.*s", SLICE_ARG(option(working, WORK_GATE)->many[i])).base;
    argv[n++] = option(working, WORK_DRY_RUN)->given ? "--dry-run" : "--json";
    return argv;
}

static void read_output(struct working *working, int fd)
{
    struct emit emit = {0};
    char buffer[65536];
    for (;;) {
        ssize_t n = read(fd, buffer, sizeof(buffer));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if (emit.len + (size_t)n <= WORK_OUTPUT_BYTES)
            emit_bytes(&emit, (struct slice){buffer, (size_t)n});
    }
    working->output = arena_copy(working->call->arena, emit_slice(&emit));
    emit_free(&emit);
}

/* Signals of the terminal reach the run too, which ends what it began; this program then still has
 * to give the bead back. */
static bool run_it(struct working *working, struct failure *failure)
{
    int out[2], status = 0;
    pid_t pid = 0;
    posix_spawn_file_actions_t actions;
    if (pipe(out) != 0)
        return failure_set(failure, "cannot make a pipe: %s", strerror(errno));
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, out[0]);
    posix_spawn_file_actions_addclose(&actions, out[1]);
    int err = posix_spawn(
        &pid, "/proc/self/exe", &actions, NULL, (char *const *)run_argv(working), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    if (err == 0) {
        signal(SIGINT, SIG_IGN);
        signal(SIGQUIT, SIG_IGN);
        read_output(working, out[0]);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        working->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    close(out[0]);
    return err == 0 || failure_set(failure, "cannot start rung run: %s", strerror(err));
}

/* What came of it, in a sentence for the bead; and the last line of the run's JSON to print. */
static struct slice tell(struct working *working, struct slice *last)
{
    struct arena *arena = working->call->arena;
    struct json_parser *parser = json_parser_make();
    struct json root;
    struct slice rest = working->output, line, says = {0};
    double usd = 0;
    *last = (struct slice){0};
    while (slice_next_line(&rest, &line))
        if (slice_trim(line).len)
            *last = line;
    if (last->len == 0 || !json_parse(parser, *last, &root, NULL)) {
        says = arena_print(arena, "rung run ended with %d", working->exit_status);
    } else {
        bool known = json_double(json_get(root, "cost"), &usd);
        struct slice cost = known ? arena_print(arena, ", $%.4f %.*s", usd,
                                        SLICE_ARG(json_get_text(root, "costSource")))
                                  : slice_from(", cost not known");
        struct slice branch = json_get_text(root, "branch"), why = json_get_text(root, "why");
        says = arena_print(arena, "%.*s on %.*s%.*s%s%.*s%s%.*s",
            SLICE_ARG(json_get_text(root, "stopped_because")),
            SLICE_ARG(json_get_text(root, "modelUsed")), SLICE_ARG(cost),
            branch.len ? ", branch " : "", SLICE_ARG(branch), why.len ? ": " : "",
            SLICE_ARG(text_one_line(arena, why, 300)));
    }
    json_parser_free(parser);
    return says;
}

static bool finish(struct working *working, struct failure *failure)
{
    struct call *call = working->call;
    struct slice last, says = tell(working, &last);
    bool ok = true;
    if (working->exit_status == EXIT_DONE)
        ok = connect_beads_close(call->arena, working->id,
            arena_print(call->arena, "%s%.*s", CONNECT_OWN_REASON, SLICE_ARG(says)), failure);
    else
        ok = connect_beads_give_back(call->arena, working->id,
            arena_print(call->arena, "rung work: not done: %.*s", SLICE_ARG(says)), failure);
    log_note("%.*s %s: %.*s", SLICE_ARG(working->id),
        working->exit_status == EXIT_DONE ? "closed" : "given back", SLICE_ARG(says));
    if (option(working, WORK_JSON)->given && last.len)
        fprintf(call->out, "%.*s\n", SLICE_ARG(last));
    return ok || failure_prefix(failure, "%.*s was worked on (%.*s), but bd does not know",
                     SLICE_ARG(working->id), SLICE_ARG(says));
}

static bool begin(struct working *working, struct failure *failure)
{
    struct arena *arena = working->call->arena;
    struct slice bytes = {0};
    struct bead bead = {0};
    if (!connect_beads_show(arena, working->id, &bytes, failure) ||
        !bead_read(arena, "bd show", bytes, &bead, failure))
        return false;
    /* bd lets one user claim an issue twice */
    bool taken = bead.task.state == TASK_STATE_IN_PROGRESS || bead.task.state == TASK_STATE_HOOKED;
    bool open = task_is_open(&bead.task) && !taken;
    if (!open)
        failure_set(failure, "it is %.*s%s", SLICE_ARG(bead.task.status),
            taken ? ": somebody works on it; where nobody does, set it open again" : "");
    bead_close(&bead);
    return open && keep_input(working, bytes, failure) &&
           (option(working, WORK_DRY_RUN)->given ||
               connect_beads_claim(arena, working->id, failure));
}

static int run_work_command(struct call *call)
{
    struct failure failure = {0};
    struct working working = {.call = call, .id = call->words[0]};
    int status = EXIT_BROKEN;
    if (!begin(&working, &failure)) {
        failure_prefix(&failure, "%.*s", SLICE_ARG(text_one_line(call->arena, working.id, 80)));
        goto done;
    }
    if (!run_it(&working, &failure))
        goto done;
    status = working.exit_status;
    if (option(&working, WORK_DRY_RUN)->given) {
        if (!command_write(call->out, working.output))
            status = EXIT_BROKEN;
    } else if (!finish(&working, &failure)) {
        log_error("%s", failure.text);
        status = EXIT_BROKEN;
    }
done:
    if (status == EXIT_BROKEN && failure.text[0] && !working.output.len)
        log_error("%s", failure.text);
    if (working.input[0])
        unlink(working.input);
    return status;
}

const struct command_row COMMAND_WORK = {
    .name = "work",
    .words = "ID",
    .words_least = 1,
    .words_most = 1,
    .summary = "Claim a bead, run it, close it or give it back.",
    .details =
        "Reads the bead from bd, claims it, and does what `rung run` does with it: the decided "
        "rung, gates, climbs. Accepted, it is closed with a reason that names rung, cost and "
        "branch; otherwise it is open again, with what went wrong in its notes. That is what other "
        "tools' documents call `bd work`; bd itself has no such command.\n\n"
        "The exit status is that of `rung run`: 0 accepted, 5 not, 6 where the budget was the "
        "reason; 1 also where bd could not be told.",
    .examples = "  rung work csm-4x3ek\n"
                "  rung work csm-4x3ek --gate \"make test\" --budget 0.50\n",
    .options = OPTIONS,
    .n_options = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
    .run = run_work_command,
};
