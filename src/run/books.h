/* What is written down for good: the journal's lines onto the disk, the rows of tasks that are over
 * into the ledger. Many threads share one wait for the disk, many tasks one transaction. */
#ifndef RUNG_RUN_BOOKS_H
#define RUNG_RUN_BOOKS_H

#include "engine.h"

/* Every line that is in the journal now is on the disk when this returns; false where the run has
 * failed. */
bool books_sync(struct run *run);

/* From begin to end a clerk works: the rows of tasks that an earlier start left without one are in
 * the ledger when begin returns, and decisions that wait there for a task's outcome are noted in
 * its slot; the rows of all that was filed are there when end returns. */
bool books_begin(struct run *run, struct failure *failure) MUST_USE;
void books_end(struct run *run);

/* The task is over and the journal says so; its job is left alone from now on. Its line is on the
 * disk and its row in the ledger before the listener is told and before tasks that wait for it
 * begin, a moment after this has returned. */
void books_file(struct run *run, struct slot *slot);

#endif
