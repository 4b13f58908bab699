/* Receives one row of generic JSON lines, hands on a task. This is the format for everything that
 * has no format of its own. */
#include "reader.h"

#include "fields.h"

enum row_field {
    ROW_ID,
    ROW_TITLE,
    ROW_TEXT,
    ROW_BODY,
    ROW_DESCRIPTION,
    ROW_LABELS,
    ROW_TYPE,
    ROW_STATUS,
    ROW_PRIORITY,
    ROW_DEPENDS_ON,
    ROW_FILES,
    ROW_FIELDS,
};

static const struct slice KEYS[ROW_FIELDS] = {
    [ROW_ID] = SLICE("id"),
    [ROW_TITLE] = SLICE("title"),
    [ROW_TEXT] = SLICE("text"),
    [ROW_BODY] = SLICE("body"),
    [ROW_DESCRIPTION] = SLICE("description"),
    [ROW_LABELS] = SLICE("labels"),
    [ROW_TYPE] = SLICE("type"),
    [ROW_STATUS] = SLICE("status"),
    [ROW_PRIORITY] = SLICE("priority"),
    [ROW_DEPENDS_ON] = SLICE("depends_on"),
    [ROW_FILES] = SLICE("files"),
};

/* Without the title that a text begins with, where it is a line of its own. */
static struct slice without_title(struct slice text, struct slice title)
{
    if (title.len == 0 || !slice_equal(slice_sub(text, 0, title.len), title))
        return text;
    struct slice rest = slice_sub(text, title.len, text.len);
    return rest.len == 0 || rest.base[0] == '\n' || rest.base[0] == '\r' ? slice_trim(rest) : text;
}

enum task_read rows_record(
    struct json record, struct arena *arena, struct task *task, struct failure *failure)
{
    (void)failure;
    struct json values[ROW_FIELDS];
    fields_collect(record, KEYS, ROW_FIELDS, values);
    task->id = fields_text(arena, values[ROW_ID]);
    task->title = fields_text(arena, values[ROW_TITLE]);
    task->body = fields_text(arena, values[ROW_TEXT]);
    if (task->body.len == 0)
        task->body = fields_text(arena, values[ROW_BODY]);
    if (task->body.len == 0)
        task->body = fields_text(arena, values[ROW_DESCRIPTION]);
    task->body = without_title(task->body, task->title);
    task->labels = fields_texts(arena, values[ROW_LABELS], "name", TASK_LABELS_MOST);
    task->type = fields_text(arena, values[ROW_TYPE]);
    task->status = fields_text(arena, values[ROW_STATUS]);
    task->priority = fields_priority(values[ROW_PRIORITY]);
    task->depends_on = fields_texts(arena, values[ROW_DEPENDS_ON], "id", TASK_LIST_MOST);
    task->files = fields_texts(arena, values[ROW_FILES], "path", TASK_LIST_MOST);
    fields_from_labels(task);
    return TASK_READ_TASK;
}
