/* Receives a task file of Backlog.md, hands it on with the label rung:… among the labels of its
 * front matter, or without; every other byte stays. Labels stand in brackets on the key's line, or
 * one a line below it. */
#include "connect.h"

#include "splice.h"

#include <string.h>

/* The lines of the front matter that matter here, as parts of the text. */
struct front {
    struct slice labels; /* the line "labels: …", without its line feed */
    struct slice last;   /* the last item's line below it; empty: none */
    struct slice ours;   /* the item's line that is our label */
    struct slice close;  /* the line "---" that ends the front matter */
};

static struct slice next_line(struct slice text, size_t *at)
{
    size_t length = slice_find_byte((struct slice){text.base + *at, text.len - *at}, '\n');
    size_t end = length == SIZE_MAX ? text.len : *at + length;
    struct slice line = {text.base + *at, end - *at};
    *at = end < text.len ? end + 1 : text.len;
    return line;
}

static bool is_item(struct slice line)
{
    struct slice item = slice_trim(line);
    return slice_starts(item, "- ") || slice_is(item, "-");
}

static struct slice item_text(struct slice line)
{
    struct slice item = slice_trim(slice_sub(slice_trim(line), 1, line.len));
    if (item.len >= 2 && strchr("'\"", item.base[0]) && item.base[item.len - 1] == item.base[0])
        item = slice_sub(item, 1, item.len - 1);
    return item;
}

static bool read_front(struct slice text, struct front *front, struct failure *failure)
{
    size_t at = 0;
    bool in_labels = false;
    *front = (struct front){0};
    if (text.len == 0 || !slice_is(slice_trim(next_line(text, &at)), "---"))
        return failure_set(failure, "it has no front matter");
    while (at < text.len && at < TASK_FRONT_MATTER_BYTES_MOST) {
        struct slice line = next_line(text, &at);
        if (slice_is(slice_trim(line), "---")) {
            front->close = line;
            return true;
        }
        bool is_key = slice_starts(line, "labels:");
        if (is_key && front->labels.len)
            return failure_set(failure, "its front matter has two lists of labels");
        in_labels = is_key || (in_labels && is_item(line));
        if (is_key)
            front->labels = line;
        else if (in_labels)
            front->last = line;
        if (in_labels && is_item(line) && slice_starts(item_text(line), "rung:"))
            front->ours = line;
    }
    return failure_set(failure, "its front matter does not end");
}

/* " 'rung:haiku'" in "labels: [a, 'rung:haiku']", with the comma that parts it. */
static struct slice our_inline(struct slice labels)
{
    size_t at = slice_find(labels, "rung:");
    if (at == SIZE_MAX)
        return (struct slice){0};
    size_t from = at, to = at;
    while (to < labels.len && !strchr(",]", labels.base[to]))
        to++;
    while (from > 0 && !strchr(",[", labels.base[from - 1]))
        from--;
    if (from > 0 && labels.base[from - 1] == ',')
        from--;
    else if (to < labels.len && labels.base[to] == ',')
        to++;
    return slice_sub(labels, from, to);
}

static struct slice with_line_feed(struct slice text, struct slice line)
{
    size_t end = (size_t)(line.base - text.base) + line.len;
    return (struct slice){line.base, line.len + (end < text.len)};
}

static struct slice take_out(struct arena *arena, struct slice text, const struct front *front)
{
    const struct slice none = {0};
    if (front->ours.len) {
        size_t items = 0, at = (size_t)(front->labels.base - text.base) + front->labels.len + 1;
        while (at < text.len && is_item(next_line(text, &at)))
            items++;
        struct slice changed = splice_replace(arena, text, with_line_feed(text, front->ours), none);
        struct front left;
        if (items > 1 || !read_front(changed, &left, NULL))
            return changed;
        return splice_replace(arena, changed, left.labels, slice_from("labels: []"));
    }
    struct slice ours = our_inline(front->labels);
    if (ours.len == 0)
        return text;
    /* "[ 'rung:haiku' ]": the line that we made ourselves */
    if (slice_starts(front->labels, "labels: [ 'rung:") && slice_ends(front->labels, "' ]"))
        return splice_replace(arena, text, with_line_feed(text, front->labels), none);
    return splice_replace(arena, text, ours, none);
}

static bool put_in(struct arena *arena, struct slice text, struct slice rung, struct slice *changed,
    struct failure *failure)
{
    struct front front;
    if (!read_front(text, &front, failure))
        return false;
    struct slice line = slice_trim(front.labels);
    struct slice value = slice_trim(slice_sub(line, sizeof("labels:") - 1, line.len));
    if (front.labels.len == 0) {
        *changed = splice_replace(arena, text, (struct slice){front.close.base, 0},
            arena_print(arena, "labels: [ 'rung:%.*s' ]\n", SLICE_ARG(rung)));
    } else if (slice_starts(value, "[") && slice_ends(value, "]")) {
        bool empty = slice_trim(slice_sub(value, 1, value.len - 1)).len == 0;
        *changed = splice_replace(arena, text, (struct slice){line.base + line.len - 1, 0},
            arena_print(arena, "%s'rung:%.*s'", empty ? "" : ", ", SLICE_ARG(rung)));
    } else if (value.len == 0 && front.last.len) {
        size_t indent = slice_find_byte(front.last, '-');
        *changed = splice_replace(arena, text, (struct slice){front.last.base + front.last.len, 0},
            arena_print(
                arena, "\n%.*s- 'rung:%.*s'", (int)indent, front.last.base, SLICE_ARG(rung)));
    } else {
        return failure_set(failure, "its labels are written in a way that is not known here");
    }
    return true;
}

bool connect_write_front_matter(struct arena *arena, struct slice text,
    const struct connect_note *notes, size_t n, bool undo, struct slice *changed,
    struct failure *failure)
{
    struct front front;
    if (n != 1)
        return failure_set(failure, "it holds more than one task");
    if (!read_front(text, &front, failure))
        return false;
    *changed = take_out(arena, text, &front);
    return undo || put_in(arena, *changed, notes[0].rung, changed, failure);
}
