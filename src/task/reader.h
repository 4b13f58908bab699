/* Inside the room: what a reader is made of, and the one pair of functions that each format is. */
#ifndef RUNG_TASK_READER_H
#define RUNG_TASK_READER_H

#include "base/json.h"
#include "task.h"

enum { MARKDOWN_HEADINGS = 6, MARKDOWN_PARENTS_MOST = 8 };

/* A source of JSON records: one document, or one on each line. A document is a record, a list of
 * records, or an envelope around either. */
struct records {
    struct json_parser *parser;
    struct slice bytes, rest;         /* rest: lines that have not been read */
    struct json root;                 /* the document at hand */
    struct json_walk walk;            /* over its list */
    struct json single;               /* or the one record that it is */
    size_t line;                      /* of the document at hand; 0 where it is the only one */
    size_t n;                         /* position of the record at hand, from 1 */
    bool by_line, only_line, waiting; /* waiting: root has been parsed and not been handed out */
};

/* False where no line and not the whole is JSON. The bytes must outlive it. */
bool records_open(struct records *records, struct slice bytes, struct failure *failure) MUST_USE;
void records_close(struct records *records);
void records_rewind(struct records *records);
/* READ_TASK for a record, END or BAD; the failure says why but not where. */
enum task_read records_next(
    struct records *records, struct json *record, struct failure *failure) MUST_USE;

struct task_score {
    struct slice id;
    int score;
};

struct taskmaster_place {
    struct json_walk tags, tasks, subtasks;
    struct json siblings; /* the list that holds the subtask at hand */
    struct slice tag, parent_id, parent_title;
    size_t task, subtask; /* positions from 1 */
    bool in_tags, in_subtasks;
};

struct markdown_place {
    struct slice headings[MARKDOWN_HEADINGS];
    struct {
        size_t indent;
        struct slice title;
    } parents[MARKDOWN_PARENTS_MOST];
    size_t n_parents;
    struct slice fence; /* the characters that opened the code block we are in, or empty */
    bool in_comment;
};

struct task_reader {
    enum task_format format;
    const char *name;
    struct arena arena; /* what lives as long as the reader */
    struct records records;
    struct slice rest; /* of Markdown and text: what has not been read */
    size_t lines_read;
    size_t line; /* where the record at hand begins, or where it is bad */
    struct taskmaster_place taskmaster;
    struct markdown_place markdown;
    struct task_score *scores;
    size_t n_scores;
};

/* A format as the reader sees it. `record` makes a task of one JSON record; a format that has
 * none goes its own way by `next`. What they leave empty reader.c fills in. */
struct format_row {
    const char *name;
    bool is_json;
    bool (*open)(struct task_reader *reader, struct failure *failure); /* may be NULL */
    enum task_read (*record)(
        struct json record, struct arena *arena, struct task *task, struct failure *failure);
    enum task_read (*next)(struct task_reader *reader, struct arena *arena, struct task *task,
        struct failure *failure);
};

const struct format_row *format_row(enum task_format format);

enum task_read beads_record(
    struct json record, struct arena *arena, struct task *task, struct failure *failure);
enum task_read github_record(
    struct json record, struct arena *arena, struct task *task, struct failure *failure);
enum task_read rows_record(
    struct json record, struct arena *arena, struct task *task, struct failure *failure);
bool taskmaster_open(struct task_reader *reader, struct failure *failure);
enum task_read taskmaster_next(
    struct task_reader *reader, struct arena *arena, struct task *task, struct failure *failure);
enum task_read backlog_record(
    struct json record, struct arena *arena, struct task *task, struct failure *failure);
enum task_read backlog_next(
    struct task_reader *reader, struct arena *arena, struct task *task, struct failure *failure);
enum task_read markdown_next(
    struct task_reader *reader, struct arena *arena, struct task *task, struct failure *failure);
enum task_read text_next(
    struct task_reader *reader, struct arena *arena, struct task *task, struct failure *failure);

/* The next line of Markdown or text, counted; it is where a record may begin. */
bool reader_next_line(struct task_reader *reader, struct slice *line);
/* Sets the sentence with its place before it; always READ_BAD. */
enum task_read reader_bad(const struct task_reader *reader, struct failure *failure);
/* The common end of every record: gives title, id and state where they are missing. False where
 * there is neither a title nor a text. */
bool reader_complete(const struct task_reader *reader, struct arena *arena, struct task *task,
    struct failure *failure) MUST_USE;

/* What the content looks like. JSON is told by its records, which are rewound afterwards. */
enum task_format detect_records(struct records *records);
enum task_format detect_text(struct slice bytes, const char *name);
bool detect_is_json(struct slice bytes, const char *name);
bool markdown_is_box(struct slice line);
bool backlog_starts(struct slice bytes);

#endif
