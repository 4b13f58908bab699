/* task: receives bytes of somebody's tracker, hands on one `struct task` after another, refuses
 * to know what will be decided about them.
 *
 * Ownership: the slices of a task live in the arena that was given to task_reader_next, or in
 * the bytes and the parser of its reader; all are good until the arena is reset, the reader's
 * next record is asked for or the reader closed, whichever comes first. */
#ifndef RUNG_TASK_TASK_H
#define RUNG_TASK_TASK_H

#include "base/arena.h"
#include "base/failure.h"

/* Most that is read of one backlog, and kept of one task. What is longer is an error named with
 * its line (input), or cut (lists) with the rest ignored. */
enum {
    TASK_INPUT_BYTES_MOST = 1 << 30,    /* a file of lines of JSON */
    TASK_DOCUMENT_BYTES_MOST = 1 << 28, /* one JSON document, a Markdown or text file */
    TASK_LINE_BYTES_MOST = 1 << 24,     /* one line of several, of JSON, Markdown or text */
    TASK_FRONT_MATTER_BYTES_MOST = 1 << 16,
    TASK_LABELS_MOST = 256,
    TASK_LIST_MOST = 1024,      /* files, dependencies, acceptance criteria */
    TASK_TITLE_CUT_BYTES = 200, /* a title that is made from the text is no longer than this */
};

enum task_state {
    TASK_STATE_NONE, /* the format knows no status */
    TASK_STATE_OPEN,
    TASK_STATE_IN_PROGRESS,
    TASK_STATE_BLOCKED,
    TASK_STATE_HOOKED,
    TASK_STATE_DEFERRED,
    TASK_STATE_PINNED,
    TASK_STATE_REVIEW,
    TASK_STATE_CLOSED,
    TASK_STATE_TOMBSTONE,
    TASK_STATE_OTHER, /* a status of the user's own */
};

struct task_list {
    struct slice *items;
    size_t n;
};

/* Texts are trimmed. A task has a title: where the tracker gave none it is the first line of the
 * text (cut at a blank before TASK_TITLE_CUT_BYTES), and the body is what follows. */
struct task {
    struct slice id, title, body; /* body: description, then design, acceptance, notes */
    struct slice context;         /* what it stands under: headings, the parent's title; or empty */
    struct slice type;            /* "bug", "task", …; empty where unknown */
    struct slice status;          /* as the tracker spells it */
    enum task_state state;
    const char *source; /* name of the format, a constant */
    struct task_list labels;
    struct task_list depends_on; /* ids of tasks that must be done before */
    struct task_list files;      /* paths that the tracker says it touches */
    struct task_list acceptance;
    int priority;   /* 0 (highest) … 4, or -1 */
    int complexity; /* Task Master's score 1 … 10, or 0 */
    /* What a person (or a program) asked for: a rung name, model id or tier; and an effort. */
    struct slice suggested_model, suggested_effort;
    struct slice rung_decision; /* not empty: Rung itself wrote the suggestion, it is no wish */
    bool parallel;              /* marked as safe to run beside others */
    bool is_bookkeeping; /* Beads: of Gas Town's own, or a step of a workflow that is thrown away */
    size_t line;         /* where it begins in its file, from 1; 0 where unknown */
};

/* Open work: open, in progress, blocked, hooked, or no status. */
bool task_is_open(const struct task *task);

/* The label's value where it begins with `prefix` (e.g. "complexity:"), from the first such
 * label at or after *at, which is moved behind it. False when there is no further one. */
bool task_label_value(const struct task *task, const char *prefix, size_t *at, struct slice *value);

/* What a tracker's word for a status means: case, '-', '_' and blanks make no difference. NONE
 * for an empty word, OTHER for one that no tracker of ours uses. */
enum task_state task_state_from_name(struct slice status);

/* 0 … 4 from "P1", "1", "critical", "high", "medium", "low"; -1 for anything else. */
int task_priority_from_name(struct slice priority);

/* What each format makes of a task's id, and where it differs from the obvious:
 *
 *   beads       the id; `parent-child` is no dependency, a tombstone is a task of that
 *               state, what is marked `_type` other than "issue" (a memory) is READ_OTHER
 *   github      "gh-12" of number 12
 *   taskmaster  "3"; its second subtask, a task of its own, "3.2" with the parent's title as
 *               context; in a tag other than master "tag:3". Complexity in words is 2 (simple),
 *               5 (moderate), 8 (complex), 10 (very-complex)
 *   backlog     the front matter's id. One Markdown file, or several one behind the other (each
 *               begins with "---" and "id:"), or what `backlog task list --json` prints
 *   markdown    every box of a checklist: "T012", "ABC-12:", "3." or, in a nested item, "3.1"
 *               before its text, else "L<line>". [P] is `parallel`, [P1] a priority, another word
 *               in brackets, or [key:value] at its end, a label; "depends on T001, T003-T005" are
 * dependencies; paths in its text are files. Boxes: blank is open, x done, '-', '/' and '~' in
 * progress. Fenced code and comments are skipped jsonl       the row's id; status, type and
 * priority from labels such as "status:open" where the row has no field of that name. A text that
 * begins with the title's line gives the rest of it as the body text        "L<line>": every line
 * that is not blank is a task, without its bullet or number
 *
 * A record of JSON without an id is "L<line>" in a file of lines, else "R<position>", from 1. */
enum task_format {
    TASK_FORMAT_AUTO, /* told from the content */
    TASK_FORMAT_BEADS,
    TASK_FORMAT_GITHUB,
    TASK_FORMAT_TASKMASTER,
    TASK_FORMAT_BACKLOG,
    TASK_FORMAT_MARKDOWN,
    TASK_FORMAT_JSONL,
    TASK_FORMAT_TEXT,
};

/* "beads" -> TASK_FORMAT_BEADS; false for a name that is no format's. */
bool task_format_from_name(struct slice name, enum task_format *format);
const char *task_format_name(enum task_format format);

/* The format that the bytes are in, never AUTO. `name` is the file's name, a further hint; NULL
 * where there is none. */
enum task_format task_format_detect(struct slice bytes, const char *name);

struct task_reader;

/* A reader over `bytes`, which must outlive it. `name` (the file's, or "standard input") goes
 * into messages. False where nothing at all can be read of them: not JSON where JSON is
 * expected, of another shape than the format's, UTF-16, too large. No bytes at all, or `null`,
 * are a backlog without tasks. Malformed UTF-8 is an error of its line in JSON and becomes
 * U+FFFD elsewhere. */
bool task_reader_open(enum task_format format, const char *name, struct slice bytes,
    struct task_reader **reader, struct failure *failure) MUST_USE;
void task_reader_close(struct task_reader *reader); /* NULL is allowed */
enum task_format task_reader_format(const struct task_reader *reader);

/* Task Master's complexity report: its scores go to the tasks of the same id that carry none.
 * A report named task-complexity-report_TAG.json speaks of that tag. */
bool task_reader_add_complexity(struct task_reader *reader, const char *name, struct slice bytes,
    struct failure *failure) MUST_USE;

enum task_read {
    TASK_READ_END,
    TASK_READ_TASK,
    TASK_READ_BAD,   /* *failure says which record, at which line, and why; go on reading */
    TASK_READ_OTHER, /* a record that is no task: a memory of Beads */
};

/* The next record. After BAD the reader stands behind the bad record. Tombstones are returned
 * as tasks of that state. */
enum task_read task_reader_next(struct task_reader *reader, struct arena *arena, struct task *task,
    struct failure *failure) MUST_USE;

#endif
