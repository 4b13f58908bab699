/* Receives tasks, hands on their JSON, and back. One table of fields does both. */
#include "tasks.h"

#include <stddef.h>

enum { TASK_TEXT, TASK_TEXTS, TASK_NUMBER, TASK_FLAG };

#define FIELD(name, kind, member)                                                                  \
    {                                                                                              \
        name, kind, offsetof(struct task, member)                                                  \
    }

static const struct field {
    const char *name;
    int kind;
    size_t at;
} FIELDS[] = {
    FIELD("id", TASK_TEXT, id),
    FIELD("title", TASK_TEXT, title),
    FIELD("body", TASK_TEXT, body),
    FIELD("context", TASK_TEXT, context),
    FIELD("type", TASK_TEXT, type),
    FIELD("status", TASK_TEXT, status),
    FIELD("labels", TASK_TEXTS, labels),
    FIELD("dependsOn", TASK_TEXTS, depends_on),
    FIELD("files", TASK_TEXTS, files),
    FIELD("acceptance", TASK_TEXTS, acceptance),
    FIELD("priority", TASK_NUMBER, priority),
    FIELD("complexity", TASK_NUMBER, complexity),
    FIELD("suggestedModel", TASK_TEXT, suggested_model),
    FIELD("suggestedEffort", TASK_TEXT, suggested_effort),
    FIELD("rungDecision", TASK_TEXT, rung_decision),
    FIELD("parallel", TASK_FLAG, parallel),
};

enum { FIELDS_COUNT = sizeof(FIELDS) / sizeof(FIELDS[0]) };

static void write_texts(struct emit *emit, const char *name, const struct task_list *list)
{
    emit_key(emit, name);
    emit_open(emit, '[');
    for (size_t i = 0; i < list->n; i++)
        emit_text(emit, list->items[i]);
    emit_close(emit, ']');
}

void tasks_write(struct emit *emit, const struct task *task)
{
    emit_open(emit, '{');
    emit_member_cstring(emit, "source", task->source);
    for (size_t i = 0; i < FIELDS_COUNT; i++) {
        const struct field *field = &FIELDS[i];
        const void *at = (const char *)task + field->at;
        if (field->kind == TASK_TEXT)
            emit_member_text(emit, field->name, *(const struct slice *)at);
        else if (field->kind == TASK_TEXTS)
            write_texts(emit, field->name, at);
        else if (field->kind == TASK_NUMBER)
            emit_member_int64(emit, field->name, *(const int *)at);
        else
            emit_member_bool(emit, field->name, *(const bool *)at);
    }
    emit_close(emit, '}');
}

static struct task_list read_texts(struct arena *arena, struct json value)
{
    struct task_list list = {ARENA_ARRAY(arena, struct slice, json_count(value)), 0};
    struct json_walk walk = json_walk_over(value);
    struct slice text;
    while (json_next(&walk))
        if (json_text(walk.value, &text))
            list.items[list.n++] = arena_copy(arena, text);
    return list;
}

void tasks_read(struct arena *arena, struct json value, struct task *task)
{
    *task =
        (struct task){.priority = -1, .source = arena_text(arena, json_get_text(value, "source"))};
    for (size_t i = 0; i < FIELDS_COUNT; i++) {
        const struct field *field = &FIELDS[i];
        void *at = (char *)task + field->at;
        struct json member = json_get(value, field->name);
        int64_t number = 0;
        if (field->kind == TASK_TEXT)
            *(struct slice *)at = arena_copy(arena, json_get_text(value, field->name));
        else if (field->kind == TASK_TEXTS)
            *(struct task_list *)at = read_texts(arena, member);
        else if (field->kind == TASK_FLAG)
            json_bool(member, at);
        else if (json_int64(member, &number))
            *(int *)at = (int)number;
    }
}

static struct task_list copy_texts(struct arena *arena, const struct task_list *list)
{
    struct task_list copy = {ARENA_ARRAY(arena, struct slice, list->n), list->n};
    for (size_t i = 0; i < list->n; i++)
        copy.items[i] = arena_copy(arena, list->items[i]);
    return copy;
}

struct task tasks_copy(struct arena *arena, const struct task *task)
{
    struct task copy = *task;
    copy.source = arena_text(arena, slice_from(task->source));
    for (size_t i = 0; i < FIELDS_COUNT; i++) {
        void *to = (char *)&copy + FIELDS[i].at;
        if (FIELDS[i].kind == TASK_TEXT)
            *(struct slice *)to = arena_copy(arena, *(struct slice *)to);
        else if (FIELDS[i].kind == TASK_TEXTS)
            *(struct task_list *)to = copy_texts(arena, to);
    }
    return copy;
}

bool tasks_are_same(const struct task *a, const struct task *b)
{
    return slice_equal(a->id, b->id) && slice_equal(a->title, b->title) &&
           slice_equal(a->body, b->body);
}
