/* `rung route --write` and `--undo`: decisions on their way back into the tracker. */
#ifndef RUNG_COMMAND_WRITE_H
#define RUNG_COMMAND_WRITE_H

#include "decide/decide.h"
#include "source.h"

enum write_mode { WRITE_NOTHING, WRITE_PREVIEW, WRITE_DECISIONS, WRITE_UNDO };

struct writing;

/* Decisions are gathered and written when all were made. `policy` must outlive it. */
struct writing *writing_make(enum write_mode mode, const struct policy *policy);
void writing_free(struct writing *writing); /* NULL is allowed */

/* A decision of a task that `source` has just handed on; `id` is its experiment's, or empty. Left
 * out: a task on which a person named model or effort (that stands), one that is marked so
 * already, and with WRITE_UNDO one that is not marked by us. */
void writing_add(struct writing *writing, const struct source *source, const struct task *task,
    const struct decision *decision, struct slice id);

/* Writes, or with WRITE_PREVIEW prints to `out` what would be written, and says on standard error
 * what became of it. False where anything could not be written; the rest is. */
bool writing_finish(struct writing *writing, FILE *out, struct failure *failure) MUST_USE;

#endif
