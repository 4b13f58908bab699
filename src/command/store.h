/* Where a command's ledger is, opened. */
#ifndef RUNG_COMMAND_STORE_H
#define RUNG_COMMAND_STORE_H

#include "ledger/ledger.h"
#include "workspace.h"

#define LEDGER_OPTION                                                                              \
    {                                                                                              \
        "ledger", OPTION_TEXT, "URL", "this ledger (sqlite:PATH) instead of the usual place"       \
    }

/* Where a call's ledger is. */
struct ledger_place {
    const char *url;  /* NULL: there is no such place (no home) */
    const char *path; /* of the file; NULL where the URL names none */
    bool named;       /* by --ledger or RUNG_LEDGER: then it must exist when it is read */
    bool in_project;  /* found, neither named nor in a directory of this user's own: a stranger may
                         have put it there */
};

/* --ledger, else RUNG_LEDGER, else the trusted policy's, else `.rung/ledger.db` beside the policy
 * or `.git`, else the user's data directory. */
struct ledger_place workspace_ledger_place(
    struct call *call, const struct option_value *ledger_option, const struct workspace *workspace);

/* False where `file` (the ledger there, or its evidence) lies in a project and this user neither
 * began nor accepted it: it is not to be used. What is not there is fine. */
bool workspace_is_ours(struct call *call, const struct ledger_place *place, const char *file);

/* SQLite's write-ahead log of the ledger at a path: a file that stays beside it. */
const char *workspace_ledger_log(struct arena *arena, const char *path);

/* Opens it for writing, where it is ours, making it where there is none; what is made is this
 * user's own. */
bool workspace_make_ledger(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct ledger **ledger, struct failure *failure) MUST_USE;

/* Opens it for reading, where it is ours. True with *ledger NULL where nobody named one and none
 * was begun yet. */
bool workspace_read_ledger(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct ledger **ledger, struct failure *failure) MUST_USE;

/* The value of --since or --until as a moment; false with a sentence where it is none. */
bool command_moment(const char *name, const struct option_value *option, int64_t *ms,
    struct failure *failure) MUST_USE;

#endif
