/* What the agent and the gates said of an attempt, in short, kept for a person who asks later:
 * `.rung/said/<experiment>.jsonl`, a line an attempt {"attempt":1,"text":…,"truncated":false}. */
#ifndef RUNG_RUN_SAID_H
#define RUNG_RUN_SAID_H

#include "check.h"

/* Appends a line for the attempt, unless the policy keeps no texts; `check` NULL: nothing judged
 * it. What cannot be written is let go: it proves nothing. */
void said_keep(struct run *run, const struct slot *slot, const struct attempt *attempt,
    const struct check *check);

#endif
