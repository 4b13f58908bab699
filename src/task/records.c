/* Receives bytes that hold JSON, as one document or as one on each line; hands on records, one at
 * a time, and goes on behind a bad one. Knows no field of any tracker but the envelopes that are
 * put around lists. */
#include "reader.h"

#include <string.h>

/* How many lines at the beginning may be broken before the whole is given up. */
enum { BROKEN_LINES_MOST = 1024 };

struct envelope {
    const char *mark, *content; /* an object with both, and without a title, is one */
};

static const struct envelope ENVELOPES[] = {
    {"schema_version", "data"},                     /* Beads */
    {"schemaVersion", "tasks"},                     /* Backlog.md */
    {"schemaVersion", "task"}, {"success", "data"}, /* Rung's own answers */
};

static struct json unwrap(struct json root)
{
    if (json_kind(root) != JSON_OBJECT || json_get(root, "title").document)
        return root;
    for (size_t i = 0; i < sizeof(ENVELOPES) / sizeof(*ENVELOPES); i++) {
        struct json content = json_get(root, ENVELOPES[i].content);
        enum json_kind kind = json_kind(content);
        bool holds = kind == JSON_ARRAY || kind == JSON_OBJECT ||
                     (kind == JSON_NULL && content.document != NULL);
        if (holds && json_get(root, ENVELOPES[i].mark).document)
            return content;
    }
    return root;
}

/* Makes the document at hand ready to be walked. */
static void begin_document(struct records *records)
{
    struct json content = unwrap(records->root);
    records->walk = (struct json_walk){0};
    records->single = (struct json){0};
    if (json_kind(content) == JSON_ARRAY)
        records->walk = json_walk_over(content);
    else if (json_kind(content) != JSON_NULL)
        records->single = content;
    records->waiting = false;
}

static bool parse_line(struct records *records, struct slice line, struct failure *failure)
{
    if (!records->only_line && line.len > TASK_LINE_BYTES_MOST)
        return failure_set(
            failure, "a line of %zu bytes; the most is %d", line.len, TASK_LINE_BYTES_MOST);
    return json_parse(records->parser, line, &records->root, failure);
}

/* Whether some line near the beginning is an object by itself: then the lines are documents. */
static bool has_object_line(struct records *records)
{
    struct slice rest = records->bytes, line;
    for (size_t i = 0; i < BROKEN_LINES_MOST && slice_next_line(&rest, &line); i++) {
        line = slice_trim(line);
        if (line.len > 2 && line.base[0] == '{' && parse_line(records, line, NULL) &&
            json_kind(records->root) == JSON_OBJECT)
            return true;
    }
    return false;
}

static bool open_whole(struct records *records, struct failure *failure)
{
    if (records->bytes.len > TASK_DOCUMENT_BYTES_MOST)
        return failure_set(failure, "one JSON document of %zu bytes; the most is %d",
            records->bytes.len, TASK_DOCUMENT_BYTES_MOST);
    if (!json_parse(records->parser, records->bytes, &records->root, failure))
        return false;
    enum json_kind kind = json_kind(records->root);
    if (kind != JSON_OBJECT && kind != JSON_ARRAY && kind != JSON_NULL)
        return failure_set(failure, "neither a list nor an object of JSON");
    records->waiting = true;
    return true;
}

bool records_open(struct records *records, struct slice bytes, struct failure *failure)
{
    records->parser = json_parser_make();
    records->bytes = bytes;
    struct slice rest = slice_trim(bytes), line;
    if (rest.len == 0)
        return true; /* waiting for nothing: no records */
    slice_next_line(&rest, &line);
    records->only_line = slice_trim(rest).len == 0;
    bool object = line.base[0] == '{' && line.len <= TASK_DOCUMENT_BYTES_MOST;
    if (object && parse_line(records, line, NULL))
        records->by_line = true;
    else if (open_whole(records, failure))
        return true;
    else
        records->by_line = !records->only_line && has_object_line(records);
    records_rewind(records);
    return records->by_line;
}

void records_close(struct records *records)
{
    json_parser_free(records->parser);
}

void records_rewind(struct records *records)
{
    records->n = 0;
    records->line = 0;
    records->walk = (struct json_walk){0};
    records->single = (struct json){0};
    if (records->by_line)
        records->rest = records->bytes;
    else
        records->waiting = records->root.document != NULL;
}

/* The next document becomes the one at hand: READ_TASK, END or BAD. */
static enum task_read next_document(struct records *records, struct failure *failure)
{
    struct slice line;
    if (records->waiting) {
        begin_document(records);
        return TASK_READ_TASK;
    }
    while (slice_next_line(&records->rest, &line)) {
        records->line++;
        line = slice_trim(line);
        if (line.len == 0)
            continue;
        if (!parse_line(records, line, failure))
            return TASK_READ_BAD;
        begin_document(records);
        return TASK_READ_TASK;
    }
    return TASK_READ_END;
}

enum task_read records_next(struct records *records, struct json *record, struct failure *failure)
{
    for (;;) {
        if (json_next(&records->walk))
            *record = records->walk.value;
        else
            *record = records->single;
        records->single = (struct json){0};
        if (record->document)
            break;
        enum task_read read = next_document(records, failure);
        if (read != TASK_READ_TASK)
            return read;
    }
    records->n++;
    if (json_kind(*record) == JSON_OBJECT)
        return TASK_READ_TASK;
    failure_set(failure, "not an object");
    return TASK_READ_BAD;
}
