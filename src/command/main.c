/* Receives argv, finds the row of the command table, parses its options and runs it. */
#include "command.h"

#include "base/log.h"
#include "helper.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static const char *command_name_at(const void *unused, size_t i)
{
    (void)unused;
    return COMMANDS[i]->name;
}

static int fail_unknown_command(const char *name)
{
    const char *nearest = nearest_name(slice_from(name), command_name_at, NULL, COMMANDS_COUNT);
    if (nearest)
        log_error("there is no command %s; did you mean `rung %s`?", name, nearest);
    else
        log_error("there is no command %s; `rung help` lists them", name);
    return EXIT_USAGE;
}

/* What was printed must have arrived: a full disk is an error like any other. */
static int close_output(FILE *out, int status)
{
    if (fflush(out) == 0 && !ferror(out))
        return status;
    if (errno != EPIPE)
        log_error("cannot write standard output: %s", strerror(errno));
    return EXIT_BROKEN;
}

static int run_command(const struct command_row *command, int argc, char **argv)
{
    struct arena arena = {0};
    struct failure failure = {0};
    struct call call = {.arena = &arena, .out = stdout};
    int status = EXIT_DONE;
    bool wants_help = false;
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        wants_help = wants_help || strcmp(argv[i], "--help") == 0;
    if (wants_help) {
        help_print_command(stdout, command);
    } else if (command->helper) {
        helper_become(&arena, command->helper, argv - 2);
        status = EXIT_BROKEN;
    } else if (options_parse(command, argc, argv, &call, &failure)) {
        status = command->run(&call);
    } else {
        log_error("%s", failure.text);
        status = EXIT_USAGE;
    }
    arena_free(&arena);
    status = close_output(stdout, status);
    return command->never_fails ? EXIT_DONE : status;
}

/* Names that the program goes by besides its own, and the command that each stands for. */
static const char *const ALIASES[][2] = {{"routing-report", "report"}, {"gt-smart-sling", "sling"}};

static const struct command_row *command_by_alias(const char *program)
{
    const char *slash = strrchr(program, '/');
    for (size_t i = 0; i < sizeof(ALIASES) / sizeof(ALIASES[0]); i++)
        if (strcmp(slash ? slash + 1 : program, ALIASES[i][0]) == 0)
            return command_by_name(slice_from(ALIASES[i][1]));
    return NULL;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write */
    const struct command_row *alias = argc > 0 ? command_by_alias(argv[0]) : NULL;
    if (alias)
        return run_command(alias, argc - 1, argv + 1);
    if (argc < 2) {
        help_print_all(stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0)
        name = "version";
    const struct command_row *command = command_by_name(slice_from(name));
    return command ? run_command(command, argc - 2, argv + 2) : fail_unknown_command(name);
}
