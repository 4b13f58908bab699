/* What `rung init` installs into other programs, and takes out again. */
#ifndef RUNG_COMMAND_SETUP_H
#define RUNG_COMMAND_SETUP_H

#include "workspace.h"

/* Claude Code in the working directory: hooks in .claude/settings.json, files of agents for the
 * rungs. Says on the call's output what was written. */
bool setup_claude(struct call *call, const struct workspace *workspace, bool advise,
    struct failure *failure) MUST_USE;
bool setup_claude_remove(struct call *call, struct failure *failure) MUST_USE;

/* Beads at or above the working directory: .beads/hooks/on_create and on_close. A hook of somebody
 * else's stays; then the line is said that calls Rung from it. */
bool setup_beads(struct call *call, struct failure *failure) MUST_USE;
bool setup_beads_remove(struct call *call, struct failure *failure) MUST_USE;

#endif
