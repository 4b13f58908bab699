/* Receives bytes and the name of a format, hands on tasks by the format's row. What is common to
 * all formats is done here: byte-order marks, bounds, places in messages, missing ids. */
#include "reader.h"

#include "base/text.h"
#include "fields.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct format_row FORMATS[] = {
    [TASK_FORMAT_AUTO] = {"auto", false, NULL, NULL, NULL},
    [TASK_FORMAT_BEADS] = {"beads", true, NULL, beads_record, NULL},
    [TASK_FORMAT_GITHUB] = {"github", true, NULL, github_record, NULL},
    [TASK_FORMAT_TASKMASTER] = {"taskmaster", true, taskmaster_open, NULL, taskmaster_next},
    [TASK_FORMAT_BACKLOG] = {"backlog", false, NULL, backlog_record, backlog_next},
    [TASK_FORMAT_MARKDOWN] = {"markdown", false, NULL, NULL, markdown_next},
    [TASK_FORMAT_JSONL] = {"jsonl", true, NULL, rows_record, NULL},
    [TASK_FORMAT_TEXT] = {"text", false, NULL, NULL, text_next},
};

enum { FORMATS_N = sizeof(FORMATS) / sizeof(*FORMATS) };

const struct format_row *format_row(enum task_format format)
{
    assert((size_t)format < FORMATS_N);
    return &FORMATS[format];
}

bool task_format_from_name(struct slice name, enum task_format *format)
{
    for (size_t i = 0; i < FORMATS_N; i++)
        if (slice_is(name, FORMATS[i].name)) {
            *format = (enum task_format)i;
            return true;
        }
    return false;
}

const char *task_format_name(enum task_format format)
{
    return format_row(format)->name;
}

static struct slice without_mark(struct slice bytes)
{
    return slice_starts(bytes, "\xef\xbb\xbf") ? slice_sub(bytes, 3, bytes.len) : bytes;
}

/* By its mark, or by the zero that every second byte of its ASCII is. */
static bool is_utf16(struct slice bytes)
{
    if (slice_starts(bytes, "\xff\xfe") || slice_starts(bytes, "\xfe\xff"))
        return true;
    return bytes.len >= 4 &&
           ((!bytes.base[0] && bytes.base[1] && !bytes.base[2]) ||
               (bytes.base[0] && !bytes.base[1] && bytes.base[2] && !bytes.base[3]));
}

enum task_format task_format_detect(struct slice bytes, const char *name)
{
    bytes = without_mark(bytes);
    if (!detect_is_json(bytes, name))
        return detect_text(bytes, name);
    struct records records = {0};
    enum task_format format =
        records_open(&records, bytes, NULL) ? detect_records(&records) : TASK_FORMAT_JSONL;
    records_close(&records);
    return format;
}

/* Opens the records of a JSON format; AUTO finds out which one it is. */
static bool open_json(struct task_reader *reader, struct slice bytes, struct failure *failure)
{
    if (!records_open(&reader->records, bytes, failure))
        return failure_prefix(failure, "%s", reader->name);
    if (reader->format == TASK_FORMAT_AUTO)
        reader->format = detect_records(&reader->records);
    return true;
}

static bool open_text(struct task_reader *reader, struct slice bytes, struct failure *failure)
{
    if (bytes.len > TASK_DOCUMENT_BYTES_MOST)
        return failure_set(failure, "%s: %zu bytes; the most is %d", reader->name, bytes.len,
            TASK_DOCUMENT_BYTES_MOST);
    reader->rest = text_utf8(&reader->arena, bytes, NULL);
    if (reader->format == TASK_FORMAT_AUTO)
        reader->format = detect_text(reader->rest, reader->name);
    return true;
}

static bool open_reader(struct task_reader *reader, struct slice bytes, struct failure *failure)
{
    if (bytes.len > TASK_INPUT_BYTES_MOST)
        return failure_set(failure, "%s: %zu bytes; the most is %d", reader->name, bytes.len,
            TASK_INPUT_BYTES_MOST);
    if (is_utf16(bytes))
        return failure_set(failure,
            "%s: UTF-16 text; make it UTF-8 first: iconv -f UTF-16 -t UTF-8", reader->name);
    bytes = without_mark(bytes);
    bool is_json = FORMATS[reader->format].is_json;
    if (reader->format == TASK_FORMAT_AUTO)
        is_json = detect_is_json(bytes, reader->name);
    if (reader->format == TASK_FORMAT_BACKLOG) /* its files are Markdown, its program speaks JSON */
        is_json = bytes.len && (bytes.base[0] == '{' || bytes.base[0] == '[');
    bool ok = is_json ? open_json(reader, bytes, failure) : open_text(reader, bytes, failure);
    const struct format_row *row = format_row(reader->format);
    return ok && (!row->open || row->open(reader, failure));
}

bool task_reader_open(enum task_format format, const char *name, struct slice bytes,
    struct task_reader **reader, struct failure *failure)
{
    struct task_reader *made = memory_take(sizeof(*made));
    made->format = format;
    made->name = name ? name : "input";
    if (!open_reader(made, bytes, failure)) {
        task_reader_close(made);
        return false;
    }
    *reader = made;
    return true;
}

void task_reader_close(struct task_reader *reader)
{
    if (!reader)
        return;
    records_close(&reader->records);
    arena_free(&reader->arena);
    free(reader);
}

enum task_format task_reader_format(const struct task_reader *reader)
{
    return reader->format;
}

bool reader_next_line(struct task_reader *reader, struct slice *line)
{
    if (!slice_next_line(&reader->rest, line))
        return false;
    reader->line = ++reader->lines_read;
    return true;
}

enum task_read reader_bad(const struct task_reader *reader, struct failure *failure)
{
    if (reader->line)
        failure_prefix(failure, "%s:%zu", reader->name, reader->line);
    else
        failure_prefix(failure, "%s: record %zu", reader->name, reader->records.n);
    return TASK_READ_BAD;
}

/* A title out of the text: its first line, or as many words of it as there is room for. */
static void split_title(struct task *task)
{
    struct slice rest = task->body, line;
    slice_next_line(&rest, &line);
    size_t cut = line.len;
    if (cut > TASK_TITLE_CUT_BYTES) {
        for (cut = TASK_TITLE_CUT_BYTES; cut > 0 && line.base[cut] != ' ';)
            cut--;
        if (cut == 0) /* one long word: cut it, between two characters */
            for (cut = TASK_TITLE_CUT_BYTES; cut > 1 && (line.base[cut] & 0xc0) == 0x80;)
                cut--;
    }
    task->title = slice_trim(slice_sub(task->body, 0, cut));
    task->body = slice_trim(slice_sub(task->body, cut, task->body.len));
}

/* The label rung:NAME is Rung's own mark: no label that anybody gave the task. */
static void take_own_mark(struct task *task)
{
    size_t kept = 0;
    for (size_t i = 0; i < task->labels.n; i++) {
        struct slice label = task->labels.items[i];
        if (!slice_starts(label, "rung:"))
            task->labels.items[kept++] = label;
        else if (task->rung_decision.len == 0)
            task->rung_decision = slice_sub(label, strlen("rung:"), label.len);
    }
    task->labels.n = kept;
}

bool reader_complete(const struct task_reader *reader, struct arena *arena, struct task *task,
    struct failure *failure)
{
    task->title = slice_trim(task->title);
    task->body = slice_trim(task->body);
    if (task->title.len == 0 && task->body.len == 0) {
        if (task->id.len == 0)
            return failure_set(failure, "neither a title nor a text");
        return failure_set(failure, "%.*s: neither a title nor a text", SLICE_ARG(task->id));
    }
    if (task->title.len == 0)
        split_title(task);
    task->line = reader->line;
    if (task->id.len == 0)
        task->id = reader->line ? fields_made_id(arena, 'L', reader->line)
                                : fields_made_id(arena, 'R', reader->records.n);
    take_own_mark(task);
    task->state = task_state_from_name(task->status);
    task->source = FORMATS[reader->format].name;
    return true;
}

/* The next record of a format that is JSON records one after another. */
static enum task_read next_record(
    struct task_reader *reader, struct arena *arena, struct task *task, struct failure *failure)
{
    struct json record = {0};
    enum task_read read = records_next(&reader->records, &record, failure);
    reader->line = reader->records.line;
    if (read == TASK_READ_TASK)
        read = FORMATS[reader->format].record(record, arena, task, failure);
    if (read == TASK_READ_TASK && !reader_complete(reader, arena, task, failure))
        read = TASK_READ_BAD;
    return read == TASK_READ_BAD ? reader_bad(reader, failure) : read;
}

enum task_read task_reader_next(
    struct task_reader *reader, struct arena *arena, struct task *task, struct failure *failure)
{
    const struct format_row *row = format_row(reader->format);
    *task = (struct task){.priority = -1};
    if (reader->records.parser && row->record)
        return next_record(reader, arena, task, failure);
    return row->next(reader, arena, task, failure);
}
