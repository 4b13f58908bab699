/* Sub-agents of Claude Code that have ended: their cost and how they ended, into the ledger. */
#ifndef RUNG_COMMAND_SETTLE_H
#define RUNG_COMMAND_SETTLE_H

#include "connect/connect.h"
#include "store.h"

enum { SETTLE_FILES_MOST = 10000, SETTLE_RECENT_S = 900 };

/* What a transcript tells of an experiment: cost, time, the model that answered, one attempt. Its
 * success must be set before. */
void settle_fill(struct arena *arena, const struct policy *policy,
    const struct connect_transcript *transcript, struct experiment *e);

/* Completes the experiment of the call that this transcript of a sub-agent belongs to, or, where
 * that is complete already, brings its cost up to date. The outcome is nobody's judgement: success
 * means only that it came to its end. True with nothing done where the call was not ours. */
bool settle_agent(struct ledger *ledger, struct arena *arena, const struct workspace *workspace,
    const char *transcript, struct failure *failure) MUST_USE;

/* The same for every sub-agent of a session whose transcript changed in the last SETTLE_RECENT_S
 * seconds. `session` is the path of the session's own transcript. */
bool settle_session(struct ledger *ledger, struct arena *arena, const struct workspace *workspace,
    const char *session, struct failure *failure) MUST_USE;

#endif
