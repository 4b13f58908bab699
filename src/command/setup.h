/* What `rung init` installs into other programs, and takes out again. */
#ifndef RUNG_COMMAND_SETUP_H
#define RUNG_COMMAND_SETUP_H

#include "workspace.h"

/* Claude Code in the working directory: hooks in .claude/settings.json, files of agents for the
 * rungs. Says on the call's output what was written. */
bool setup_claude(struct call *call, const struct workspace *workspace, bool advise,
    struct failure *failure) MUST_USE;
bool setup_claude_remove(struct call *call, struct failure *failure) MUST_USE;

#endif
