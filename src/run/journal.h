/* The journal of a run: `.rung/runs/<id>.jsonl`, one step a line, appended before the next step
 * begins. The process that works on a run holds a lock on its file, which the kernel takes back
 * when the process dies: an unfinished journal without a lock is a run to go on with.
 *
 *   {"run":ID,"at":ms,"signature":…,"base":commit,"policy":hash,"settings":{…}}   the first line
 *   {"task":0,"is":{…}}                      a task, whole, so that its source is not needed again
 *   {"task":0,"at":ms,"experiment":{…}}      it was begun
 *   {"task":0,"attempting":"haiku","phase":"execute"}   an attempt was begun
 *   {"task":0,"spend":0.02}                  what its stream told of the cost so far
 *   {"task":0,"experiment":{…},"plan":JSON}  the plan is there: it is never asked for again
 *   {"task":0,"part":"a","attempting":…}     a part of it was begun; "part" stands by its spend too
 *   {"task":0,"part":"a","experiment":{…},"change":commit,"whole":true}   the part is over
 *   {"task":0,"experiment":{…},"commit":…}   the attempt is over; the commit where it was accepted
 *   {"task":0,"experiment":{…},"stop":…,"branch":…,"why":…}   the task is over
 *   {"task":0,"unwanted":true}               a person wants nothing more begun for it
 *   {"task":0,"recorded":true}               its row is in the ledger
 *   {"batch":ID,"groups":[[0,2],[5]]}        a Message Batch that reviews these tasks is in flight
 *   {"end":true} */
#ifndef RUNG_RUN_JOURNAL_H
#define RUNG_RUN_JOURNAL_H

#include "base/arena.h"
#include "base/emit.h"
#include "base/failure.h"
#include "base/json.h"

enum { JOURNAL_BYTES_MOST = 1 << 30, JOURNAL_FILES_MOST = 10000 };

struct journal {
    int fd; /* -1: closed */
    const char *path;
};

/* A new journal, locked. */
bool journal_make(struct arena *arena, const char *home, const char *id, struct journal *journal,
    struct failure *failure) MUST_USE;
/* One that exists, locked; *held: another process works on it. What a crash left of a last line
 * is cut off. */
bool journal_take(struct arena *arena, const char *path, struct journal *journal, bool *held,
    struct failure *failure) MUST_USE;
void journal_close(struct journal *journal);

/* Appends the emitter's text as one line and clears it; `sync`: it is on the disk when this
 * returns. */
bool journal_write(
    struct journal *journal, struct emit *line, bool sync, struct failure *failure) MUST_USE;

/* All that was appended is on the disk when this returns. */
bool journal_sync(const struct journal *journal, struct failure *failure) MUST_USE;

/* Paths of the journals in a home, newest id first. */
bool journal_list(struct arena *arena, const char *home, const char ***paths, size_t *n,
    struct failure *failure) MUST_USE;

/* What a look at a journal tells without reading all of it. */
struct journal_head {
    struct slice id, signature;
    bool is_finished, is_held;
};
bool journal_look(struct arena *arena, const char *path, struct journal_head *head,
    struct failure *failure) MUST_USE;

/* True where a run has a journal in this home and no process works on it. */
bool journal_is_dead(const char *home, struct slice id);

/* What run_ask_to_stop left for a run since the last call: lines, each "all" or a task's index.
 * False where there is nothing. */
enum { RUN_WISHES_BYTES_MOST = 4096 };
bool run_take_wishes(
    struct arena *arena, const char *home, struct slice id, struct slice *wishes) MUST_USE;
void run_forget_wishes(struct arena *arena, const char *home, struct slice id);

#endif
