/* The programs beside rung that do its long work, as git has them. */
#ifndef RUNG_COMMAND_HELPER_H
#define RUNG_COMMAND_HELPER_H

#include "base/arena.h"

/* The path of a program of that name: in the directory of the running program, else where it was
 * installed. */
const char *helper_path(struct arena *arena, const char *name);

/* Becomes the helper, with the same arguments; returns only where it cannot. */
void helper_become(struct arena *arena, const char *name, char **argv);

#endif
