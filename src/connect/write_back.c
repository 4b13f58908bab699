/* Receives decisions and the text of a tracker's file, hands on the text with each decision where
 * its format has a place, marked as ours, every other byte as it was; and takes them out again.
 * For GitHub, where the place is a label, asks gh. */
#include "connect.h"

#include "base/json.h"
#include "program.h"
#include "splice.h"

#include <stdlib.h>
#include <string.h>

static const char MARK[] = "rung:";

/* ---- lists of tasks in Markdown: " [rung:haiku]" at the end of the item's line ---- */

/* The mark in a line, with the blank before it; empty where there is none. */
static struct slice find_mark(struct slice line)
{
    static const char open[] = " [rung:";
    for (size_t from = 0; from < line.len;) {
        size_t at = slice_find(slice_sub(line, from, line.len), open);
        if (at == SIZE_MAX)
            break;
        size_t end = from + at + sizeof(open) - 1;
        while (end < line.len && (slice_ascii_is_word((unsigned char)line.base[end]) ||
                                     memchr("-_.", line.base[end], 3)))
            end++;
        if (end < line.len && line.base[end] == ']')
            return slice_sub(line, from + at, end + 1);
        from = end;
    }
    return (struct slice){0};
}

static struct slice change_line(
    struct arena *arena, struct slice line, const struct connect_note *note, bool undo)
{
    struct slice had = find_mark(line);
    struct slice mark =
        undo ? (struct slice){0} : arena_print(arena, " [%s%.*s]", MARK, SLICE_ARG(note->rung));
    if (had.len)
        return splice_replace(arena, line, had, mark);
    size_t end = line.len;
    while (end > 0 && strchr(" \t\r", line.base[end - 1]))
        end--;
    return splice_replace(arena, line, (struct slice){line.base + end, 0}, mark);
}

static int by_line(const void *a, const void *b)
{
    const struct connect_note *x = a, *y = b;
    return (x->line > y->line) - (x->line < y->line);
}

static bool write_markdown(struct arena *arena, struct slice text, struct connect_note *notes,
    size_t n, bool undo, struct slice *changed, struct failure *failure)
{
    struct emit out = {0};
    size_t number = 1, at = 0, from = 0;
    bool ok = true;
    qsort(notes, n, sizeof(*notes), by_line);
    while (ok && from < text.len && at < n) {
        size_t length = slice_find_byte(slice_sub(text, from, text.len), '\n');
        size_t end = length == SIZE_MAX ? text.len : from + length;
        struct slice line = slice_sub(text, from, end);
        if (notes[at].line == number) {
            ok = slice_find_byte(line, '[') != SIZE_MAX ||
                 failure_set(failure, "line %zu is no item of a list any more", number);
            line = change_line(arena, line, &notes[at++], undo);
        }
        emit_bytes(&out, line);
        if (end < text.len)
            emit_bytes(&out, slice_from("\n"));
        from = end + 1;
        number++;
    }
    if (from < text.len)
        emit_bytes(&out, slice_sub(text, from, text.len));
    if (ok && at < n)
        ok = failure_set(failure, "it has no line %zu any more", notes[at].line);
    *changed = arena_copy(arena, emit_slice(&out));
    emit_free(&out);
    return ok;
}

/* ---- Task Master: `metadata` of a task ---- */

static const char *const KEYS[] = {
    "execution_suggested_model", "execution_reasoning_effort", "rung_decision"};

static struct slice quoted(struct arena *arena, struct slice text)
{
    struct emit emit = {0};
    emit_text(&emit, text);
    struct slice json = arena_copy(arena, emit_slice(&emit));
    emit_free(&emit);
    return json;
}

/* The element of a list of tasks whose id is `id` (a number or a text); empty where none is. */
static struct slice find_in(struct slice tasks, struct slice id)
{
    struct splice_walk walk = splice_walk_over(tasks);
    while (!walk.is_object && splice_next(&walk)) {
        struct slice own = splice_get(walk.value, "id");
        if (slice_equal(own, id) || (own.len == id.len + 2 && own.base[0] == '"' &&
                                        slice_equal(slice_sub(own, 1, own.len - 1), id)))
            return walk.value;
    }
    return (struct slice){0};
}

/* The bytes of a task by the id that its reader gave it: "3", "3.2", "tag:3.2". */
static struct slice find_task(struct slice root, struct slice id)
{
    struct slice tag = slice_from("master"), tasks = root;
    size_t colon = slice_find_byte(id, ':'), dot;
    if (colon != SIZE_MAX) {
        tag = slice_sub(id, 0, colon);
        id = slice_sub(id, colon + 1, id.len);
    }
    if (root.len && root.base[0] == '{') {
        tasks = splice_get(root, "tasks");
        struct splice_walk walk = splice_walk_over(root);
        while (tasks.len == 0 && splice_next(&walk))
            if (slice_equal(walk.key, tag))
                tasks = splice_get(walk.value, "tasks");
    }
    struct slice found = find_in(tasks, id);
    dot = slice_find_byte(id, '.');
    if (found.len || dot == SIZE_MAX)
        return found;
    found = find_in(tasks, slice_sub(id, 0, dot));
    return find_in(splice_get(found, "subtasks"), slice_sub(id, dot + 1, id.len));
}

/* Metadata that we make begins with our mark; in metadata that was there it comes last. So it can
 * be told afterwards whether it was there. */
static struct slice set_metadata(
    struct arena *arena, struct slice text, const struct connect_note *note)
{
    const struct slice values[] = {note->model, note->effort, note->decision};
    struct slice task = find_task(slice_trim(text), note->id);
    if (splice_get(task, "metadata").len == 0) {
        struct slice made = arena_print(arena, "{\"%s\": %.*s, \"%s\": %.*s", KEYS[2],
            SLICE_ARG(quoted(arena, note->decision)), KEYS[0],
            SLICE_ARG(quoted(arena, note->model)));
        if (note->effort.len)
            made = arena_print(arena, "%.*s, \"%s\": %.*s", SLICE_ARG(made), KEYS[1],
                SLICE_ARG(quoted(arena, note->effort)));
        return splice_set(
            arena, text, task, "metadata", arena_print(arena, "%.*s}", SLICE_ARG(made)));
    }
    for (size_t i = 0; i < 3; i++) {
        struct slice metadata = splice_get(find_task(slice_trim(text), note->id), "metadata");
        if (values[i].len)
            text = splice_set(arena, text, metadata, KEYS[i], quoted(arena, values[i]));
    }
    return text;
}

static struct slice unset_metadata(
    struct arena *arena, struct slice text, const struct connect_note *note)
{
    struct slice metadata = splice_get(find_task(slice_trim(text), note->id), "metadata");
    struct splice_walk walk = splice_walk_over(metadata);
    bool is_made = splice_next(&walk) && slice_is(walk.key, KEYS[2]);
    for (size_t i = 0; i < 3; i++) {
        metadata = splice_get(find_task(slice_trim(text), note->id), "metadata");
        walk = splice_walk_over(metadata);
        while (splice_next(&walk))
            if (slice_is(walk.key, KEYS[i])) {
                text = splice_remove(arena, text, metadata, walk.item);
                break;
            }
    }
    struct slice task = find_task(slice_trim(text), note->id);
    walk = splice_walk_over(splice_get(task, "metadata"));
    if (!is_made || splice_next(&walk))
        return text;
    walk = splice_walk_over(task);
    while (splice_next(&walk))
        if (slice_is(walk.key, "metadata"))
            return splice_remove(arena, text, task, walk.item);
    return text;
}

static bool write_taskmaster(struct arena *arena, struct slice text, struct connect_note *notes,
    size_t n, bool undo, struct slice *changed, struct failure *failure)
{
    struct json_parser *parser = json_parser_make();
    struct json root;
    bool ok = json_parse(parser, text, &root, failure);
    *changed = text;
    for (size_t i = 0; ok && i < n; i++) {
        struct slice task = find_task(slice_trim(*changed), notes[i].id);
        struct slice metadata = splice_get(task, "metadata");
        if (task.len == 0 || task.base[0] != '{')
            ok = failure_set(failure, "task %.*s is not to be found", SLICE_ARG(notes[i].id));
        else if (metadata.len && metadata.base[0] != '{')
            ok = failure_set(
                failure, "task %.*s: \"metadata\" is no object", SLICE_ARG(notes[i].id));
        else
            *changed = undo ? unset_metadata(arena, *changed, &notes[i])
                            : set_metadata(arena, *changed, &notes[i]);
    }
    ok = ok && json_parse(parser, *changed, &root, failure);
    json_parser_free(parser);
    return ok;
}

bool connect_write_text(struct arena *arena, enum task_format format, struct slice text,
    struct connect_note *notes, size_t n, bool undo, struct slice *changed, struct failure *failure)
{
    switch (format) {
    case TASK_FORMAT_MARKDOWN:
        return write_markdown(arena, text, notes, n, undo, changed, failure);
    case TASK_FORMAT_TASKMASTER:
        return write_taskmaster(arena, text, notes, n, undo, changed, failure);
    case TASK_FORMAT_BACKLOG:
        return connect_write_front_matter(arena, text, notes, n, undo, changed, failure);
    default:
        return failure_set(failure, "%s has no place for a decision", task_format_name(format));
    }
}

/* ---- GitHub: a label ---- */

static bool write_label(
    struct arena *arena, const struct connect_note *note, bool undo, struct failure *failure)
{
    struct child_result result;
    const char *number = arena_text(arena, slice_sub(note->id, 3, note->id.len)); /* gh-12 */
    const char *label = arena_print(arena, "%s%.*s", MARK, SLICE_ARG(note->rung)).base;
    const char *had = arena_print(arena, "%s%.*s", MARK, SLICE_ARG(note->had)).base;
    if (!undo) {
        const char *const make[] = {"gh", "label", "create", label, "--force", "--color", "C5DEF5",
            "--description", "Rung's decision; not a wish", NULL};
        if (!program_run(arena, make, CONNECT_WAIT_MS, &result, failure))
            return false;
    }
    const char *argv[9] = {"gh", "issue", "edit", number};
    size_t at = 4;
    if (!undo) {
        argv[at++] = "--add-label";
        argv[at++] = label;
    }
    if (note->had.len && (undo || !slice_equal(note->had, note->rung))) {
        argv[at++] = "--remove-label";
        argv[at++] = had;
    }
    return program_run(arena, argv, CONNECT_WAIT_MS, &result, failure);
}

bool connect_write_issue(struct arena *arena, enum task_format format,
    const struct connect_note *note, bool undo, struct failure *failure)
{
    if (!connect_is_id(note->id))
        return failure_set(failure, "%.*s is no id that can be handed on", SLICE_ARG(note->id));
    if (format == TASK_FORMAT_GITHUB && slice_starts(note->id, "gh-"))
        return write_label(arena, note, undo, failure);
    const struct slice none = {0};
    const struct connect_metadata metadata[] = {{KEYS[0], undo ? none : note->model},
        {KEYS[1], undo ? none : note->effort}, {KEYS[2], undo ? none : note->decision}};
    return connect_beads_set(arena, note->id, metadata, 3, failure);
}

const char *connect_write_place(enum task_format format)
{
    switch (format) {
    case TASK_FORMAT_BEADS:
        return "metadata execution_suggested_model, execution_reasoning_effort, rung_decision";
    case TASK_FORMAT_TASKMASTER:
        return "metadata of the task";
    case TASK_FORMAT_GITHUB:
        return "label rung:…";
    case TASK_FORMAT_BACKLOG:
        return "label rung:… of the front matter";
    case TASK_FORMAT_MARKDOWN:
        return "[rung:…] at the end of the item";
    default:
        return NULL;
    }
}
