/* The command table, in the order in which help lists it. */
#include "commands.h"

const struct command_row *const COMMANDS[] = {
    &COMMAND_ROUTE,
    &COMMAND_RUN,
    &COMMAND_SWARM,
    &COMMAND_CLEAN,
    &COMMAND_LOG,
    &COMMAND_IMPORT,
    &COMMAND_EXPORT,
    &COMMAND_REPORT,
    &COMMAND_VALIDATE,
    &COMMAND_LEARN,
    &COMMAND_EVAL,
    &COMMAND_REPLAY,
    &COMMAND_SERVE,
    &COMMAND_HOOK,
    &COMMAND_WORK,
    &COMMAND_SLING,
    &COMMAND_BEAD,
    &COMMAND_INIT,
    &COMMAND_CHECK,
    &COMMAND_TRUST,
    &COMMAND_DOCTOR,
    &COMMAND_PRICES,
    &COMMAND_HELP,
    &COMMAND_VERSION,
};

const size_t COMMANDS_COUNT = sizeof(COMMANDS) / sizeof(COMMANDS[0]);

const struct command_row *command_by_name(struct slice name)
{
    for (size_t i = 0; i < COMMANDS_COUNT; i++)
        if (slice_is(name, COMMANDS[i]->name))
            return COMMANDS[i];
    return NULL;
}

bool command_write(FILE *out, struct slice bytes)
{
    return bytes.len == 0 || fwrite(bytes.base, 1, bytes.len, out) == bytes.len;
}
