/* What rung-run does for run, swarm and clean. */
#ifndef RUNG_COMMAND_RUN_START_H
#define RUNG_COMMAND_RUN_START_H

#include "command.h"

int run_start(struct call *call, bool is_many);
int run_start_clean(struct call *call);

#endif
