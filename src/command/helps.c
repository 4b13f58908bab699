/* help and version. */
#include "commands.h"

#include "base/log.h"

enum { HELP_MAN, HELP_COMPLETION };

static const struct option_row HELP_OPTIONS[] = {
    {"man", OPTION_FLAG, NULL, "print the command's man page (mdoc)"},
    {"completion", OPTION_FLAG, NULL, "print completion for bash"},
};

static int run_help(struct call *call)
{
    if (call->options[HELP_COMPLETION].given) {
        help_print_completion(call->out);
        return EXIT_DONE;
    }
    if (call->n_words == 0) {
        if (call->options[HELP_MAN].given)
            help_print_man(call->out, NULL);
        else
            help_print_all(call->out);
        return EXIT_DONE;
    }
    const struct command_row *command = command_by_name(call->words[0]);
    if (!command) {
        log_error("there is no command %.*s; `rung help` lists them", SLICE_ARG(call->words[0]));
        return EXIT_USAGE;
    }
    if (call->options[HELP_MAN].given)
        help_print_man(call->out, command);
    else
        help_print_command(call->out, command);
    return EXIT_DONE;
}

const struct command_row COMMAND_HELP = {
    .name = "help",
    .words = "[COMMAND]",
    .words_most = 1,
    .summary = "List the commands, or tell what one of them does.",
    .options = HELP_OPTIONS,
    .n_options = sizeof(HELP_OPTIONS) / sizeof(HELP_OPTIONS[0]),
    .run = run_help,
};

static int run_version(struct call *call)
{
    fputs("rung " RUNG_VERSION "\n", call->out);
    return EXIT_DONE;
}

const struct command_row COMMAND_VERSION = {
    .name = "version",
    .words = "",
    .summary = "Print the version.",
    .run = run_version,
};
