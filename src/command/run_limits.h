/* What a run may cost, said before it begins. */
#ifndef RUNG_COMMAND_RUN_LIMITS_H
#define RUNG_COMMAND_RUN_LIMITS_H

#include "run/run.h"

/* Nothing where no limit is set. */
void limits_say(const struct policy *policy, const struct run_settings *settings, bool is_many);

#endif
