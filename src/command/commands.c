/* The command table, in the order in which help lists it. */
#include "commands.h"

const struct command_row *const COMMANDS[] = {
    &COMMAND_ROUTE,
    &COMMAND_LOG,
    &COMMAND_IMPORT,
    &COMMAND_EXPORT,
    &COMMAND_REPORT,
    &COMMAND_VALIDATE,
    &COMMAND_LEARN,
    &COMMAND_EVAL,
    &COMMAND_HOOK,
    &COMMAND_INIT,
    &COMMAND_CHECK,
    &COMMAND_TRUST,
    &COMMAND_DOCTOR,
    &COMMAND_PRICES,
    &COMMAND_HELP,
    &COMMAND_VERSION,
};

const size_t COMMANDS_COUNT = sizeof(COMMANDS) / sizeof(COMMANDS[0]);
