/* Receives values of JSON and pieces of text, hands on the fields of a task. Knows no tracker. */
#include "fields.h"

#include <string.h>

void fields_collect(struct json record, const struct slice *keys, size_t n, struct json *values)
{
    memset(values, 0, n * sizeof(*values));
    struct json_walk walk = json_walk_over(record);
    while (json_next(&walk))
        for (size_t i = 0; i < n; i++)
            if (walk.key.len == keys[i].len &&
                memcmp(walk.key.base, keys[i].base, keys[i].len) == 0) {
                if (!values[i].document)
                    values[i] = walk.value;
                break;
            }
}

struct slice fields_text(struct arena *arena, struct json value)
{
    struct slice text = {"", 0};
    if (json_text(value, &text))
        return slice_trim(text);
    if (json_kind(value) == JSON_NUMBER)
        return json_write(arena, value);
    return text;
}

static struct task_list parts_of(
    struct arena *arena, struct slice text, char separator, size_t most)
{
    struct task_list list = {0};
    size_t room = 1;
    for (size_t i = 0; i < text.len && room < most; i++)
        room += text.base[i] == separator;
    if (slice_trim(text).len == 0)
        return list;
    list.items = ARENA_ARRAY(arena, struct slice, room);
    struct slice part;
    while (list.n < room && slice_next_field(&text, separator, &part)) {
        part = slice_trim(part);
        if (part.len)
            list.items[list.n++] = part;
    }
    return list;
}

struct task_list fields_texts(struct arena *arena, struct json value, const char *key, size_t most)
{
    struct task_list list = {0};
    struct slice text;
    if (json_text(value, &text))
        return parts_of(arena, text, ',', most);
    size_t room = json_kind(value) == JSON_ARRAY ? json_count(value) : 0;
    if (room > most)
        room = most;
    if (room == 0)
        return list;
    list.items = ARENA_ARRAY(arena, struct slice, room);
    struct json_walk walk = json_walk_over(value);
    while (list.n < room && json_next(&walk)) {
        bool is_object = json_kind(walk.value) == JSON_OBJECT;
        text = fields_text(arena, is_object ? json_get(walk.value, key) : walk.value);
        if (text.len)
            list.items[list.n++] = text;
    }
    return list;
}

/* What stands behind "[ ] " or "[x] ". */
static struct slice without_box(struct slice s)
{
    if (s.len >= 4 && s.base[0] == '[' && s.base[2] == ']' && s.base[3] == ' ')
        return slice_trim(slice_sub(s, 4, s.len));
    return s;
}

struct slice fields_without_bullet(struct slice line)
{
    line = slice_trim(line);
    size_t digits = 0;
    while (digits < line.len && digits < 4 && line.base[digits] >= '0' && line.base[digits] <= '9')
        digits++;
    size_t mark = 0;
    if (digits && digits < line.len && (line.base[digits] == '.' || line.base[digits] == ')'))
        mark = digits + 1;
    else if (line.len && (line.base[0] == '-' || line.base[0] == '*' || line.base[0] == '+'))
        mark = 1;
    if (mark && mark < line.len && (line.base[mark] == ' ' || line.base[mark] == '\t'))
        line = slice_trim(slice_sub(line, mark, line.len));
    return without_box(line);
}

struct task_list fields_lines(struct arena *arena, struct slice text, size_t most)
{
    struct task_list lines = parts_of(arena, text, '\n', most), list = {lines.items, 0};
    for (size_t i = 0; i < lines.n; i++) {
        struct slice line = fields_without_bullet(lines.items[i]);
        if (line.len)
            list.items[list.n++] = line;
    }
    return list;
}

int fields_priority(struct json value)
{
    int64_t number = 0;
    struct slice word;
    if (json_text(value, &word))
        return task_priority_from_name(word);
    if (json_int64(value, &number) && number >= 0 && number <= 4)
        return (int)number;
    return -1;
}

struct slice fields_join(struct arena *arena, const struct slice *parts, size_t n)
{
    struct slice only = {"", 0};
    size_t filled = 0, len = 0;
    for (size_t i = 0; i < n; i++)
        if (parts[i].len) {
            only = parts[i];
            filled++;
            len += parts[i].len + 2;
        }
    if (filled <= 1)
        return only;
    char *out = arena_take(arena, len);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (parts[i].len == 0)
            continue;
        if (at) {
            out[at++] = '\n';
            out[at++] = '\n';
        }
        memcpy(out + at, parts[i].base, parts[i].len);
        at += parts[i].len;
    }
    return (struct slice){out, at};
}

/* "status:open", "status: open", "status/open" -> "open"; "none" and "null" are nothing. */
static bool label_says(struct slice label, const char *what, struct slice *value)
{
    size_t n = strlen(what);
    if (label.len <= n + 1 || (label.base[n] != ':' && label.base[n] != '/') ||
        !slice_equal_caseless(slice_sub(label, 0, n), slice_from(what)))
        return false;
    *value = slice_trim(slice_sub(label, n + 1, label.len));
    return value->len && !slice_is_caseless(*value, "none") && !slice_is_caseless(*value, "null");
}

void fields_from_labels(struct task *task)
{
    for (size_t i = 0; i < task->labels.n; i++) {
        struct slice label = task->labels.items[i], value;
        if (task->type.len == 0 &&
            (label_says(label, "type", &value) || label_says(label, "kind", &value)))
            task->type = value;
        else if (task->status.len == 0 && label_says(label, "status", &value))
            task->status = value;
        else if (task->priority < 0 && label_says(label, "priority", &value))
            task->priority = task_priority_from_name(value);
        else if (task->priority < 0 && label.len == 2 && label.base[0] == 'P')
            task->priority = task_priority_from_name(label);
    }
}

struct slice fields_made_id(struct arena *arena, char letter, size_t number)
{
    return arena_print(arena, "%c%zu", letter, number);
}

void fields_metadata(struct arena *arena, struct json metadata, struct task *task)
{
    if (json_kind(metadata) != JSON_OBJECT)
        return;
    task->suggested_model = fields_text(arena, json_get(metadata, "execution_suggested_model"));
    task->suggested_effort = fields_text(arena, json_get(metadata, "execution_reasoning_effort"));
    task->rung_decision = fields_text(arena, json_get(metadata, "rung_decision"));
}
