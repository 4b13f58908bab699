/* A task as the journal keeps it, so that a run can go on without its source. */
#ifndef RUNG_RUN_TASKS_H
#define RUNG_RUN_TASKS_H

#include "base/emit.h"
#include "base/json.h"
#include "task/task.h"

void tasks_write(struct emit *emit, const struct task *task);

/* The texts are copied into the arena. */
void tasks_read(struct arena *arena, struct json value, struct task *task);
struct task tasks_copy(struct arena *arena, const struct task *task);

/* The same id, title and text. */
bool tasks_are_same(const struct task *a, const struct task *b);

#endif
