/* Where a command's ledger is, opened. */
#ifndef RUNG_COMMAND_STORE_H
#define RUNG_COMMAND_STORE_H

#include "ledger/ledger.h"
#include "workspace.h"

#define LEDGER_OPTION                                                                              \
    {                                                                                              \
        "ledger", OPTION_TEXT, "URL", "this ledger (sqlite:PATH) instead of the usual place"       \
    }

/* --ledger, else RUNG_LEDGER, else the trusted policy's, else `.rung/ledger.db` beside the policy
 * or `.git`, else the user's data directory. NULL where there is no such place (no home). *named:
 * somebody said which, so that it must exist when it is read. */
const char *workspace_ledger_url(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, bool *named);

/* Opens it for writing, making it where there is none. */
bool workspace_make_ledger(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct ledger **ledger, struct failure *failure) MUST_USE;

/* Opens it for reading. True with *ledger NULL where nobody named one and none was begun yet. */
bool workspace_read_ledger(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct ledger **ledger, struct failure *failure) MUST_USE;

/* The value of --since or --until as a moment; false with a sentence where it is none. */
bool command_moment(const char *name, const struct option_value *option, int64_t *ms,
    struct failure *failure) MUST_USE;

#endif
