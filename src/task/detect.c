/* Receives bytes, hands on the name of the format that they look like. Reads no task. */
#include "reader.h"

#include "fields.h"

/* How much is looked at before a guess is made. */
enum { RECORDS_LOOKED_AT = 16, LINES_LOOKED_AT = 4096, JSON_LINES_LOOKED_AT = 16 };

enum detect_field {
    SEEN_RECORD_TYPE,
    SEEN_ISSUE_TYPE,
    SEEN_SCHEMA_VERSION,
    SEEN_ACCEPTANCE,
    SEEN_CREATED,
    SEEN_NUMBER,
    SEEN_DETAILS,
    SEEN_TEST_STRATEGY,
    SEEN_SUBTASKS,
    SEEN_STATUS,
    SEEN_PRIORITY,
    SEEN_TITLE,
    SEEN_ACCEPTANCE_COUNT,
    SEEN_PARENT_TASK,
    SEEN_FIELDS,
};

static const struct slice KEYS[SEEN_FIELDS] = {
    [SEEN_RECORD_TYPE] = SLICE("_type"),
    [SEEN_ISSUE_TYPE] = SLICE("issue_type"),
    [SEEN_SCHEMA_VERSION] = SLICE("schema_version"),
    [SEEN_ACCEPTANCE] = SLICE("acceptance_criteria"),
    [SEEN_CREATED] = SLICE("created_at"),
    [SEEN_NUMBER] = SLICE("number"),
    [SEEN_DETAILS] = SLICE("details"),
    [SEEN_TEST_STRATEGY] = SLICE("testStrategy"),
    [SEEN_SUBTASKS] = SLICE("subtasks"),
    [SEEN_STATUS] = SLICE("status"),
    [SEEN_PRIORITY] = SLICE("priority"),
    [SEEN_TITLE] = SLICE("title"),
    [SEEN_ACCEPTANCE_COUNT] = SLICE("acceptanceCriteriaCount"),
    [SEEN_PARENT_TASK] = SLICE("parentTaskId"),
};

/* The format that a record belongs to; AUTO where it could be of any. */
static enum task_format format_of_record(struct json record)
{
    struct json seen[SEEN_FIELDS];
    fields_collect(record, KEYS, SEEN_FIELDS, seen);
    if (seen[SEEN_RECORD_TYPE].document || seen[SEEN_ISSUE_TYPE].document ||
        seen[SEEN_SCHEMA_VERSION].document || seen[SEEN_ACCEPTANCE].document)
        return TASK_FORMAT_BEADS;
    bool priority_is_number = json_kind(seen[SEEN_PRIORITY]) == JSON_NUMBER;
    if (priority_is_number && seen[SEEN_CREATED].document && seen[SEEN_STATUS].document)
        return TASK_FORMAT_BEADS;
    if (json_kind(seen[SEEN_NUMBER]) == JSON_NUMBER && seen[SEEN_TITLE].document)
        return TASK_FORMAT_GITHUB;
    if (seen[SEEN_ACCEPTANCE_COUNT].document || seen[SEEN_PARENT_TASK].document)
        return TASK_FORMAT_BACKLOG;
    if (seen[SEEN_DETAILS].document || seen[SEEN_TEST_STRATEGY].document ||
        seen[SEEN_SUBTASKS].document)
        return TASK_FORMAT_TASKMASTER;
    return TASK_FORMAT_AUTO;
}

/* Formats that are told by what stands around their records. */
static enum task_format format_of_root(struct json root)
{
    if (json_kind(root) != JSON_OBJECT)
        return TASK_FORMAT_AUTO;
    struct json kind = json_get(root, "kind");
    struct slice text;
    if (json_text(kind, &text) && slice_starts(text, "task-") &&
        json_get(root, "schemaVersion").document)
        return TASK_FORMAT_BACKLOG;
    if (json_get(root, "schema_version").document && json_get(root, "data").document)
        return TASK_FORMAT_BEADS;
    if (json_get(root, "title").document)
        return TASK_FORMAT_AUTO;
    if (json_kind(json_get(root, "tasks")) == JSON_ARRAY)
        return TASK_FORMAT_TASKMASTER;
    struct json_walk walk = json_walk_over(root);
    for (size_t i = 0; i < RECORDS_LOOKED_AT && json_next(&walk); i++)
        if (json_kind(json_get(walk.value, "tasks")) == JSON_ARRAY)
            return TASK_FORMAT_TASKMASTER;
    return TASK_FORMAT_AUTO;
}

enum task_format detect_records(struct records *records)
{
    enum task_format format = TASK_FORMAT_AUTO;
    if (!records->by_line || records->only_line)
        format = format_of_root(records->root);
    for (size_t i = 0; i < RECORDS_LOOKED_AT && format == TASK_FORMAT_AUTO; i++) {
        struct json record;
        enum task_read read = records_next(records, &record, NULL);
        if (read == TASK_READ_END)
            break;
        if (read == TASK_READ_TASK)
            format = format_of_record(record);
    }
    records_rewind(records);
    return format == TASK_FORMAT_AUTO ? TASK_FORMAT_JSONL : format;
}

static bool name_ends(const char *name, const char *suffix)
{
    return name && slice_ends(slice_from(name), suffix);
}

/* A list of JSON begins with "[" and one of these; "[WIP] fix it" and "[ ] fix it" do not. */
static bool begins_list(struct slice bytes)
{
    struct slice rest = slice_trim(slice_sub(bytes, 1, bytes.len));
    if (rest.len == 0)
        return true;
    char c = rest.base[0];
    return c == '{' || c == '"' || (c == ']' && rest.base == bytes.base + 1 && rest.len == 1);
}

bool detect_is_json(struct slice bytes, const char *name)
{
    if (name_ends(name, ".json") || name_ends(name, ".jsonl") || name_ends(name, ".ndjson"))
        return true;
    struct slice text = slice_trim(bytes), line;
    if (text.len && text.base[0] == '{')
        return true;
    if (text.len && text.base[0] == '[')
        return begins_list(text);
    if (slice_is(text, "null"))
        return true;
    for (size_t i = 0; i < JSON_LINES_LOOKED_AT && slice_next_line(&text, &line); i++)
        if (slice_starts(line, "{\"") && slice_ends(slice_trim(line), "}"))
            return true;
    return false;
}

enum task_format detect_text(struct slice bytes, const char *name)
{
    if (backlog_starts(bytes))
        return TASK_FORMAT_BACKLOG;
    struct slice line;
    for (size_t i = 0; i < LINES_LOOKED_AT && slice_next_line(&bytes, &line); i++)
        if (markdown_is_box(line))
            return TASK_FORMAT_MARKDOWN;
    bool is_markdown = name_ends(name, ".md") || name_ends(name, ".markdown");
    return is_markdown ? TASK_FORMAT_MARKDOWN : TASK_FORMAT_TEXT;
}
