/* Inside the room: values of JSON made into the fields of a task. */
#ifndef RUNG_TASK_FIELDS_H
#define RUNG_TASK_FIELDS_H

#include "base/json.h"
#include "task.h"

/* values[i] becomes the first value under keys[i], or no value. One walk over the record. */
void fields_collect(struct json record, const struct slice *keys, size_t n, struct json *values);

/* A text, trimmed, or a number as it would be written; else empty. */
struct slice fields_text(struct arena *arena, struct json value);

/* The texts of a list: of texts, numbers, or objects with one of them under `key`. One text alone
 * is the list of its parts between commas. Empty ones are left out; at most `most` are kept. */
struct task_list fields_texts(struct arena *arena, struct json value, const char *key, size_t most);

/* The lines of a text that are not blank, without bullets and boxes. */
struct task_list fields_lines(struct arena *arena, struct slice text, size_t most);

/* A priority as number or word, or -1. */
int fields_priority(struct json value);

/* The parts that are not empty with a blank line between them; uncopied where it is only one. */
struct slice fields_join(struct arena *arena, const struct slice *parts, size_t n);

/* Status, type and priority from labels, where the task has none. */
void fields_from_labels(struct task *task);

/* What Beads' metadata suggests about model and effort, and whether Rung wrote it itself. */
void fields_metadata(struct arena *arena, struct json metadata, struct task *task);

/* Without "- ", "* ", "1. " or a box before it. */
struct slice fields_without_bullet(struct slice line);

/* "L7" or "R7". */
struct slice fields_made_id(struct arena *arena, char letter, size_t number);

#endif
