/* Receives one issue as `gh issue list --json` or `gh issue view --json` prints it, hands on a
 * task. */
#include "reader.h"

#include "fields.h"

enum github_field {
    GITHUB_NUMBER,
    GITHUB_TITLE,
    GITHUB_BODY,
    GITHUB_STATE,
    GITHUB_LABELS,
    GITHUB_TYPE,
    GITHUB_BLOCKED_BY,
    GITHUB_FIELDS,
};

static const struct slice KEYS[GITHUB_FIELDS] = {
    [GITHUB_NUMBER] = SLICE("number"),
    [GITHUB_TITLE] = SLICE("title"),
    [GITHUB_BODY] = SLICE("body"),
    [GITHUB_STATE] = SLICE("state"),
    [GITHUB_LABELS] = SLICE("labels"),
    [GITHUB_TYPE] = SLICE("issueType"),
    [GITHUB_BLOCKED_BY] = SLICE("blockedBy"),
};

/* What GitHub's own labels, which every repository is born with, say about the type. */
struct type_label {
    const char *label, *type;
};

static const struct type_label TYPE_LABELS[] = {
    {"bug", "bug"},
    {"enhancement", "feature"},
    {"feature", "feature"},
};

static void type_from_labels(struct task *task)
{
    for (size_t i = 0; i < task->labels.n && task->type.len == 0; i++)
        for (size_t t = 0; t < sizeof(TYPE_LABELS) / sizeof(*TYPE_LABELS); t++)
            if (slice_is_caseless(task->labels.items[i], TYPE_LABELS[t].label))
                task->type = slice_from(TYPE_LABELS[t].type);
}

static struct slice issue_id(struct arena *arena, struct slice number)
{
    if (number.len == 0)
        return number;
    return arena_print(arena, "gh-%.*s", SLICE_ARG(number));
}

enum task_read github_record(
    struct json record, struct arena *arena, struct task *task, struct failure *failure)
{
    (void)failure;
    struct json values[GITHUB_FIELDS];
    fields_collect(record, KEYS, GITHUB_FIELDS, values);
    task->id = issue_id(arena, fields_text(arena, values[GITHUB_NUMBER]));
    task->title = fields_text(arena, values[GITHUB_TITLE]);
    task->body = fields_text(arena, values[GITHUB_BODY]);
    task->status = fields_text(arena, values[GITHUB_STATE]);
    task->labels = fields_texts(arena, values[GITHUB_LABELS], "name", TASK_LABELS_MOST);
    struct json type = values[GITHUB_TYPE];
    task->type = fields_text(arena, json_kind(type) == JSON_OBJECT ? json_get(type, "name") : type);
    struct json blockers = values[GITHUB_BLOCKED_BY];
    if (json_kind(blockers) == JSON_OBJECT)
        blockers = json_get(blockers, "nodes");
    task->depends_on = fields_texts(arena, blockers, "number", TASK_LIST_MOST);
    for (size_t i = 0; i < task->depends_on.n; i++)
        task->depends_on.items[i] = issue_id(arena, task->depends_on.items[i]);
    fields_from_labels(task);
    type_from_labels(task);
    return TASK_READ_TASK;
}
