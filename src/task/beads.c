/* Receives one issue as Beads exports or prints it, hands on a task. Knows `bd list`, `bd show`
 * and export lines of all versions; refuses to know where they came from. */
#include "reader.h"

#include "fields.h"

enum beads_field {
    BEADS_ID,
    BEADS_TITLE,
    BEADS_DESCRIPTION,
    BEADS_DESIGN,
    BEADS_ACCEPTANCE,
    BEADS_NOTES,
    BEADS_STATUS,
    BEADS_PRIORITY,
    BEADS_TYPE,
    BEADS_LABELS,
    BEADS_DEPENDENCIES,
    BEADS_METADATA,
    BEADS_RECORD_TYPE,
    BEADS_EPHEMERAL,
    BEADS_FIELDS,
};

static const struct slice KEYS[BEADS_FIELDS] = {
    [BEADS_ID] = SLICE("id"),
    [BEADS_TITLE] = SLICE("title"),
    [BEADS_DESCRIPTION] = SLICE("description"),
    [BEADS_DESIGN] = SLICE("design"),
    [BEADS_ACCEPTANCE] = SLICE("acceptance_criteria"),
    [BEADS_NOTES] = SLICE("notes"),
    [BEADS_STATUS] = SLICE("status"),
    [BEADS_PRIORITY] = SLICE("priority"),
    [BEADS_TYPE] = SLICE("issue_type"),
    [BEADS_LABELS] = SLICE("labels"),
    [BEADS_DEPENDENCIES] = SLICE("dependencies"),
    [BEADS_METADATA] = SLICE("metadata"),
    [BEADS_RECORD_TYPE] = SLICE("_type"),
    [BEADS_EPHEMERAL] = SLICE("ephemeral"),
};

/* The types that keep an issue from being ready, but for parent-child: an epic is no step. An
 * edge that names no type blocks. */
static bool must_be_done_before(struct slice type)
{
    return type.len == 0 || slice_is(type, "blocks") || slice_is(type, "conditional-blocks") ||
           slice_is(type, "waits-for");
}

/* An edge is {depends_on_id, type}, in `bd show` {id, dependency_type, …}, or an id alone. */
static struct slice blocking_id(struct arena *arena, struct json edge)
{
    if (json_kind(edge) != JSON_OBJECT)
        return fields_text(arena, edge);
    struct slice type = json_get_text(edge, "type");
    struct slice id = fields_text(arena, json_get(edge, "depends_on_id"));
    if (id.len == 0) {
        type = json_get_text(edge, "dependency_type");
        id = fields_text(arena, json_get(edge, "id"));
    }
    return must_be_done_before(type) ? id : (struct slice){"", 0};
}

static struct task_list read_dependencies(struct arena *arena, struct json edges)
{
    struct task_list list = {0};
    size_t room = json_kind(edges) == JSON_ARRAY ? json_count(edges) : 0;
    if (room > TASK_LIST_MOST)
        room = TASK_LIST_MOST;
    if (room == 0)
        return list;
    list.items = ARENA_ARRAY(arena, struct slice, room);
    struct json_walk walk = json_walk_over(edges);
    while (list.n < room && json_next(&walk)) {
        struct slice id = blocking_id(arena, walk.value);
        if (id.len)
            list.items[list.n++] = id;
    }
    return list;
}

/* Agents, rigs, convoys and the like are issues too, but nobody is to do them. */
static bool is_bookkeeping(const struct task *task, struct json ephemeral)
{
    static const char *const types[] = {
        "agent", "convoy", "event", "gate", "message", "molecule", "rig", "role", "slot"};
    bool truth = false;
    if (json_bool(ephemeral, &truth) && truth)
        return true;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (slice_is(task->type, types[i]))
            return true;
    for (size_t i = 0; i < task->labels.n; i++)
        if (slice_starts(task->labels.items[i], "gt:"))
            return true;
    return false;
}

enum task_read beads_record(
    struct json record, struct arena *arena, struct task *task, struct failure *failure)
{
    (void)failure;
    struct json values[BEADS_FIELDS];
    fields_collect(record, KEYS, BEADS_FIELDS, values);
    struct slice record_type = fields_text(arena, values[BEADS_RECORD_TYPE]);
    if (record_type.len && !slice_is(record_type, "issue"))
        return TASK_READ_OTHER;
    struct slice acceptance = fields_text(arena, values[BEADS_ACCEPTANCE]);
    const struct slice parts[] = {
        fields_text(arena, values[BEADS_DESCRIPTION]),
        fields_text(arena, values[BEADS_DESIGN]),
        acceptance,
        fields_text(arena, values[BEADS_NOTES]),
    };
    task->id = fields_text(arena, values[BEADS_ID]);
    task->title = fields_text(arena, values[BEADS_TITLE]);
    task->body = fields_join(arena, parts, sizeof(parts) / sizeof(*parts));
    task->status = fields_text(arena, values[BEADS_STATUS]);
    task->type = fields_text(arena, values[BEADS_TYPE]);
    task->priority = fields_priority(values[BEADS_PRIORITY]);
    task->labels = fields_texts(arena, values[BEADS_LABELS], "name", TASK_LABELS_MOST);
    task->depends_on = read_dependencies(arena, values[BEADS_DEPENDENCIES]);
    task->acceptance = fields_lines(arena, acceptance, TASK_LIST_MOST);
    task->is_bookkeeping = is_bookkeeping(task, values[BEADS_EPHEMERAL]);
    fields_metadata(arena, values[BEADS_METADATA], task);
    return TASK_READ_TASK;
}
