/* The evidence that a command's decisions rest on: the snapshot beside the ledger, brought up to
 * date with what was recorded since. */
#ifndef RUNG_COMMAND_LEARNED_H
#define RUNG_COMMAND_LEARNED_H

#include "store.h"

struct learned {
    struct evidence *evidence; /* NULL: nothing was learned yet */
    struct evidence_view *view;
};

/* Where the snapshot lies: beside the ledger. NULL where the ledger has no place. */
const char *learned_path(struct call *call, const struct ledger_place *place);

/* Opens the snapshot. One that cannot be read, or lies in a project and is not this user's own, is
 * no reason to stop: it is left out with a warning. Close it after the last decision. */
void learned_open(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct learned *learned);
/* The same for a hook, which has no milliseconds to lose and ends quietly on SIGBUS. */
void learned_open_in_haste(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct learned *learned);
void learned_close(struct learned *learned);

#endif
