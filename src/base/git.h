/* Git in a repository whose configuration an agent or a stranger may have written. */
#ifndef RUNG_BASE_GIT_H
#define RUNG_BASE_GIT_H

#include "child.h"

enum { GIT_KEYS_MOST = 256 }; /* of the repository's configuration that are overruled */

/* git -C directory ARGUMENTS…, ended by NULL. No hook, no fsmonitor and no filter or merge driver
 * that the repository's own configuration names is started; the user's own (git-lfs) are. The
 * caller's GIT_* variables are withheld. False as child_run, or where there are more such keys than
 * are overruled; the exit status is the caller's to judge. */
bool git_run(struct arena *arena, const char *directory, const char *const *arguments,
    struct child_limits limits, struct child_result *result, struct failure *failure) MUST_USE;

#endif
