/* connect: fetches bytes from the programs where the tasks are (bd, gh), by argument vector and
 * with bounds. Refuses to know what the bytes say: `task` parses them. */
#ifndef RUNG_CONNECT_CONNECT_H
#define RUNG_CONNECT_CONNECT_H

#include "base/arena.h"
#include "base/failure.h"
#include "task/task.h"

enum { CONNECT_WAIT_MS = 30000, CONNECT_OUTPUT_BYTES = 256 << 20 };

/* What a tracker's program said, or where its file lies. */
struct connect_fetched {
    const char *name;     /* goes into messages: "bd list", ".beads/issues.jsonl" */
    struct slice bytes;   /* in the arena; empty where `path` is set */
    const char *path;     /* the file or directory to read instead of a program's answer */
    struct slice warning; /* what a user should know of the detour; empty: nothing */
};

/* The backlog of the project at `directory`, as its tracker tells it: Beads from `bd list`, or
 * from .beads/issues.jsonl with a warning; GitHub from `gh issue list`; Task Master and
 * Backlog.md from their files. Where the format is AUTO, the tracker whose files are found at or
 * above `directory`; *format is set to it. */
bool connect_fetch(struct arena *arena, const char *directory, enum task_format *format,
    struct connect_fetched *fetched, struct failure *failure) MUST_USE;

#endif
