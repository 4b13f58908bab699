/* A replayed ledger for a person's eyes. */
#ifndef RUNG_COMMAND_REPLAY_SHOW_H
#define RUNG_COMMAND_REPLAY_SHOW_H

#include "eval/eval.h"

#include <stdio.h>

/* `show`: each task that moves too. Warnings go to the log. */
void replay_print(const struct replayed *replayed, bool show, FILE *out);

#endif
