/* What an agent is asked. */
#ifndef RUNG_RUN_PROMPT_H
#define RUNG_RUN_PROMPT_H

#include "gate/gate.h"
#include "task/task.h"

/* Title, text, files and acceptance criteria: what a judge is shown too. */
struct slice prompt_task(struct arena *arena, const struct task *task);

/* The task, and what the checks said of the attempt before this one; `n` 0: it is the first. */
struct slice prompt_execute(struct arena *arena, const struct task *task,
    const struct gate_result *failed, size_t n, struct slice error);

#endif
