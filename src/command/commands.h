/* The rows of the command table, each defined in the file of its name. */
#ifndef RUNG_COMMAND_COMMANDS_H
#define RUNG_COMMAND_COMMANDS_H

#include "command.h"

extern const struct command_row COMMAND_BEAD;
extern const struct command_row COMMAND_CHECK;
extern const struct command_row COMMAND_CLEAN;
extern const struct command_row COMMAND_DOCTOR;
extern const struct command_row COMMAND_EVAL;
extern const struct command_row COMMAND_EXPORT;
extern const struct command_row COMMAND_HELP;
extern const struct command_row COMMAND_HOOK;
extern const struct command_row COMMAND_IMPORT;
extern const struct command_row COMMAND_INIT;
extern const struct command_row COMMAND_LEARN;
extern const struct command_row COMMAND_LOG;
extern const struct command_row COMMAND_PRICES;
extern const struct command_row COMMAND_REPLAY;
extern const struct command_row COMMAND_REPORT;
extern const struct command_row COMMAND_ROUTE;
extern const struct command_row COMMAND_RUN;
extern const struct command_row COMMAND_SERVE;
extern const struct command_row COMMAND_SLING;
extern const struct command_row COMMAND_SWARM;
extern const struct command_row COMMAND_TRUST;
extern const struct command_row COMMAND_VALIDATE;
extern const struct command_row COMMAND_VERSION;
extern const struct command_row COMMAND_WORK;

#endif
