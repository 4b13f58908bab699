/* Where a command's tasks come from: a file, a directory of files, standard input, or the
 * tracker's own program; one task after another, filtered, with everything left out counted. */
#ifndef RUNG_COMMAND_SOURCE_H
#define RUNG_COMMAND_SOURCE_H

#include "command.h"
#include "task/task.h"

enum { SOURCE_BAD_SHOWN = 20, SOURCE_FILES_MOST = 100000 };

/* The option rows that choose and filter tasks, for every command that takes many. */
#define SOURCE_OPTIONS                                                                             \
    {"from", OPTION_TEXT, "FORMAT",                                                                \
        "beads, github, taskmaster, backlog, markdown, jsonl, text, or auto: told from the "       \
        "content (the default)"},                                                                  \
        {"file", OPTION_TEXT, "FILE", "read this file or directory; - is standard input"},         \
        {"complexity", OPTION_TEXT, "FILE",                                                        \
            "Task Master's complexity report (found by itself where it lies in its usual place)"}, \
        {"all", OPTION_FLAG, NULL, "everything but tombstones and memories, not open work alone"}, \
        {"status", OPTION_TEXT, "A,B", "only these statuses"},                                     \
        {"type", OPTION_TEXT, "A,B", "only these issue types"},                                    \
        {"priority", OPTION_TEXT, "P1,P2", "only these priorities"},                               \
    {                                                                                              \
        "where", OPTION_MANY, "FIELD=GLOB",                                                        \
            "only tasks with a label (or id, title, type, status, file) that matches; several "    \
            "must all hold"                                                                        \
    }

/* Their places in a table that begins with them. */
enum {
    SOURCE_FROM,
    SOURCE_FILE,
    SOURCE_COMPLEXITY,
    SOURCE_ALL,
    SOURCE_STATUS,
    SOURCE_TYPE,
    SOURCE_PRIORITY,
    SOURCE_WHERE,
    SOURCE_OPTIONS_COUNT,
};

struct source_counts {
    size_t read, not_open, filtered, tombstone, memory, bad;
    size_t with_label; /* records that have any label */
};

struct source;

/* Whether the options make sense, before anything is opened: a failure is wrong usage. */
bool source_check(const struct call *call, struct failure *failure) MUST_USE;
/* True where the call chose or filtered a backlog by any of these options. */
bool source_is_chosen(const struct call *call);

/* Opens what the call's options name; its messages name the file. Bad records are named on
 * standard error as they come, the first SOURCE_BAD_SHOWN of them. */
bool source_open(struct call *call, struct source **source, struct failure *failure) MUST_USE;

/* The next task that passes the filters; false at the end. The arena is the task's own. */
bool source_next(struct source *source, struct arena *arena, struct task *task);

/* Of the task that was handed on last: its format, and its file, NULL where a program or standard
 * input told it. */
enum task_format source_format(const struct source *source);
const char *source_path(const struct source *source);

const struct source_counts *source_counted(const struct source *source);
/* Says what a user should know once all is read: bad records not shown, labels that were lost. */
void source_finish(const struct source *source);
void source_close(struct source *source); /* NULL is allowed */

#endif
