/* Receives a Markdown file of Backlog.md (front matter in YAML, sections between markers), several
 * of them one behind the other, or a task as its program prints it; hands on tasks. */
#include "reader.h"

#include "fields.h"

#include <string.h>
#include <yaml.h>

enum { FRONT_MATTER_LINES_MOST = 1024 };

static bool is_rule(struct slice line)
{
    return slice_is(slice_trim(line), "---");
}

/* "---" and, on the next line, "id:": nobody writes that inside a description. */
static bool begins_record(struct slice bytes)
{
    struct slice line;
    return slice_next_line(&bytes, &line) && is_rule(line) && slice_starts(bytes, "id:");
}

bool backlog_starts(struct slice bytes)
{
    struct slice line, rest = slice_trim(bytes);
    if (!slice_next_line(&rest, &line) || !is_rule(line))
        return false;
    bool has_id = false;
    for (size_t i = 0; i < FRONT_MATTER_LINES_MOST && slice_next_line(&rest, &line); i++) {
        if (is_rule(line))
            return has_id;
        has_id |= slice_starts(line, "id:");
    }
    return false;
}

/* --- front matter --- */

struct front_key {
    const char *name;
    size_t offset; /* in struct task, of a slice or a list */
    bool is_list;
};

static const struct front_key FRONT_KEYS[] = {
    {"id", offsetof(struct task, id), false},
    {"title", offsetof(struct task, title), false},
    {"status", offsetof(struct task, status), false},
    {"type", offsetof(struct task, type), false},
    {"labels", offsetof(struct task, labels), true},
    {"dependencies", offsetof(struct task, depends_on), true},
    {"modified_files", offsetof(struct task, files), true},
};

static struct slice node_text(struct arena *arena, const yaml_node_t *node)
{
    struct slice text = {"", 0};
    if (!node || node->type != YAML_SCALAR_NODE)
        return text;
    text = (struct slice){(const char *)node->data.scalar.value, node->data.scalar.length};
    bool plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (plain && (slice_is(text, "null") || slice_is(text, "~")))
        text.len = 0;
    return arena_copy(arena, slice_trim(text));
}

static struct task_list node_texts(
    struct arena *arena, yaml_document_t *document, const yaml_node_t *node)
{
    struct task_list list = {0};
    bool is_list = node->type == YAML_SEQUENCE_NODE;
    const yaml_node_item_t *item = is_list ? node->data.sequence.items.start : NULL;
    size_t n = is_list ? (size_t)(node->data.sequence.items.top - item) : 1;
    if (n > TASK_LABELS_MOST)
        n = TASK_LABELS_MOST;
    list.items = ARENA_ARRAY(arena, struct slice, n);
    for (size_t i = 0; i < n; i++) {
        struct slice text =
            node_text(arena, is_list ? yaml_document_get_node(document, item[i]) : node);
        if (text.len)
            list.items[list.n++] = text;
    }
    return list;
}

/* One pair of the front matter goes to its field; of duplicate keys the first one counts. */
static void take_pair(
    struct arena *arena, yaml_document_t *document, const yaml_node_pair_t *pair, struct task *task)
{
    struct slice key = node_text(arena, yaml_document_get_node(document, pair->key));
    const yaml_node_t *value = yaml_document_get_node(document, pair->value);
    if (!value)
        return;
    if (slice_is(key, "priority") && task->priority < 0)
        task->priority = task_priority_from_name(node_text(arena, value));
    for (size_t i = 0; i < sizeof(FRONT_KEYS) / sizeof(*FRONT_KEYS); i++) {
        if (!slice_is(key, FRONT_KEYS[i].name))
            continue;
        void *field = (char *)task + FRONT_KEYS[i].offset;
        struct task_list *list = field;
        struct slice *text = field;
        if (FRONT_KEYS[i].is_list && list->n == 0)
            *list = node_texts(arena, document, value);
        else if (!FRONT_KEYS[i].is_list && text->len == 0)
            *text = node_text(arena, value);
        return;
    }
}

/* Backlog.md itself lets people write `assignee: @ann` and `- @ann` unquoted, which is no YAML. */
static struct slice without_at_signs(struct arena *arena, struct slice front)
{
    char *copy = arena_take(arena, front.len + 1);
    size_t len = 0;
    struct slice line = {"", 0};
    while (slice_next_line(&front, &line)) {
        struct slice text = slice_trim(line);
        bool names = slice_starts(text, "assignee:") || slice_starts(text, "reporter:") ||
                     slice_starts(text, "- @");
        for (size_t i = 0; i < line.len; i++)
            copy[len++] = names && line.base[i] == '@' ? '_' : line.base[i];
        copy[len++] = '\n';
    }
    return (struct slice){copy, len};
}

static bool read_front(struct task_reader *reader, struct arena *arena, struct slice front,
    struct task *task, struct failure *failure)
{
    yaml_parser_t parser;
    yaml_document_t document;
    if (!yaml_parser_initialize(&parser))
        memory_exhausted();
    front = without_at_signs(arena, front);
    yaml_parser_set_input_string(&parser, (const unsigned char *)front.base, front.len);
    bool ok = yaml_parser_load(&parser, &document);
    if (!ok) {
        reader->line += 1 + parser.problem_mark.line;
        failure_set(failure, "the front matter is no YAML: %s",
            parser.problem ? parser.problem : "it cannot be read");
    } else {
        const yaml_node_t *root = yaml_document_get_root_node(&document);
        if (root && root->type == YAML_MAPPING_NODE)
            for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
                 pair < root->data.mapping.pairs.top; pair++)
                take_pair(arena, &document, pair, task);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return ok;
}

/* --- sections --- */

/* What stands between two markers; empty where they are not there. */
static struct slice between(struct slice text, const char *begin, const char *end)
{
    size_t from = slice_find(text, begin);
    if (from == SIZE_MAX)
        return (struct slice){"", 0};
    text = slice_sub(text, from + strlen(begin), text.len);
    return slice_trim(slice_sub(text, 0, slice_find(text, end)));
}

/* What stands under a heading of the second level, up to the next one. */
static struct slice under_heading(struct slice text, const char *heading)
{
    struct slice line;
    while (slice_next_line(&text, &line)) {
        if (!slice_is(slice_trim(line), heading))
            continue;
        size_t end = slice_starts(text, "## ") ? 0 : slice_find(text, "\n## ");
        return slice_trim(slice_sub(text, 0, end));
    }
    return (struct slice){"", 0};
}

/* "#1 The page loads" -> "The page loads" */
static struct slice without_number(struct slice s)
{
    size_t i = 1;
    while (i < s.len && s.base[i] >= '0' && s.base[i] <= '9')
        i++;
    return s.len > 1 && s.base[0] == '#' && i > 1 ? slice_trim(slice_sub(s, i, s.len)) : s;
}

static void read_sections(struct arena *arena, struct slice text, struct task *task)
{
    struct slice acceptance = between(text, "<!-- AC:BEGIN -->", "<!-- AC:END -->");
    if (acceptance.len == 0)
        acceptance = under_heading(text, "## Acceptance Criteria");
    task->acceptance = fields_lines(arena, acceptance, TASK_LIST_MOST);
    for (size_t i = 0; i < task->acceptance.n; i++)
        task->acceptance.items[i] = without_number(task->acceptance.items[i]);
    if (slice_find(text, "<!-- SECTION:") == SIZE_MAX) {
        task->body = slice_trim(text);
        return;
    }
    const struct slice parts[] = {
        between(text, "<!-- SECTION:DESCRIPTION:BEGIN -->", "<!-- SECTION:DESCRIPTION:END -->"),
        between(text, "<!-- SECTION:PLAN:BEGIN -->", "<!-- SECTION:PLAN:END -->"),
        acceptance,
        between(text, "<!-- SECTION:NOTES:BEGIN -->", "<!-- SECTION:NOTES:END -->"),
    };
    task->body = fields_join(arena, parts, sizeof(parts) / sizeof(*parts));
}

/* --- records --- */

/* What comes before the next record, which becomes the rest. */
static struct slice take_body(struct task_reader *reader)
{
    const char *begin = reader->rest.base;
    struct slice line;
    while (reader->rest.len && !begins_record(reader->rest)) {
        if (!slice_next_line(&reader->rest, &line))
            break;
        reader->lines_read++;
    }
    return (struct slice){begin, (size_t)(reader->rest.base - begin)};
}

/* The lines between the rule that has been read and the next one. False where there is none. */
static bool take_front(struct task_reader *reader, struct slice *front, struct failure *failure)
{
    const char *begin = reader->rest.base;
    struct slice line;
    while (slice_next_line(&reader->rest, &line)) {
        reader->lines_read++;
        *front = (struct slice){begin, (size_t)(line.base - begin)};
        if (front->len > TASK_FRONT_MATTER_BYTES_MOST)
            return failure_set(
                failure, "the front matter has more than %d bytes", TASK_FRONT_MATTER_BYTES_MOST);
        if (is_rule(line))
            return true;
    }
    return failure_set(failure, "the front matter is not closed by \"---\"");
}

enum task_read backlog_next(
    struct task_reader *reader, struct arena *arena, struct task *task, struct failure *failure)
{
    struct slice line, front = {"", 0};
    do {
        if (!reader_next_line(reader, &line))
            return TASK_READ_END;
    } while (slice_trim(line).len == 0);
    if (!is_rule(line)) {
        take_body(reader);
        failure_set(failure, "no front matter: this is no task of Backlog.md");
        return reader_bad(reader, failure);
    }
    bool ok = take_front(reader, &front, failure);
    struct slice body = take_body(reader);
    if (!ok || !read_front(reader, arena, front, task, failure))
        return reader_bad(reader, failure);
    read_sections(arena, body, task);
    if (!reader_complete(reader, arena, task, failure))
        return reader_bad(reader, failure);
    return TASK_READ_TASK;
}

/* --- `backlog task list --json`, `backlog task view --json` --- */

enum listed_field {
    LISTED_ID,
    LISTED_TITLE,
    LISTED_STATUS,
    LISTED_TYPE,
    LISTED_PRIORITY,
    LISTED_LABELS,
    LISTED_DEPENDENCIES,
    LISTED_FILES,
    LISTED_DESCRIPTION,
    LISTED_PLAN,
    LISTED_ACCEPTANCE,
    LISTED_NOTES,
    LISTED_FIELDS,
};

static const struct slice LISTED_KEYS[LISTED_FIELDS] = {
    [LISTED_ID] = SLICE("id"),
    [LISTED_TITLE] = SLICE("title"),
    [LISTED_STATUS] = SLICE("status"),
    [LISTED_TYPE] = SLICE("type"),
    [LISTED_PRIORITY] = SLICE("priority"),
    [LISTED_LABELS] = SLICE("labels"),
    [LISTED_DEPENDENCIES] = SLICE("dependencies"),
    [LISTED_FILES] = SLICE("modifiedFiles"),
    [LISTED_DESCRIPTION] = SLICE("description"),
    [LISTED_PLAN] = SLICE("implementationPlan"),
    [LISTED_ACCEPTANCE] = SLICE("acceptanceCriteria"),
    [LISTED_NOTES] = SLICE("implementationNotes"),
};

enum task_read backlog_record(
    struct json record, struct arena *arena, struct task *task, struct failure *failure)
{
    (void)failure;
    struct json values[LISTED_FIELDS];
    fields_collect(record, LISTED_KEYS, LISTED_FIELDS, values);
    const struct slice parts[] = {
        fields_text(arena, values[LISTED_DESCRIPTION]),
        fields_text(arena, values[LISTED_PLAN]),
        fields_text(arena, values[LISTED_NOTES]),
    };
    task->id = fields_text(arena, values[LISTED_ID]);
    task->title = fields_text(arena, values[LISTED_TITLE]);
    task->body = fields_join(arena, parts, sizeof(parts) / sizeof(*parts));
    task->status = fields_text(arena, values[LISTED_STATUS]);
    task->type = fields_text(arena, values[LISTED_TYPE]);
    task->priority = fields_priority(values[LISTED_PRIORITY]);
    task->labels = fields_texts(arena, values[LISTED_LABELS], "name", TASK_LABELS_MOST);
    task->depends_on = fields_texts(arena, values[LISTED_DEPENDENCIES], "id", TASK_LIST_MOST);
    task->files = fields_texts(arena, values[LISTED_FILES], "path", TASK_LIST_MOST);
    task->acceptance = fields_texts(arena, values[LISTED_ACCEPTANCE], "text", TASK_LIST_MOST);
    return TASK_READ_TASK;
}
