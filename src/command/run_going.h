/* Inside run and swarm: what their files share about one call. */
#ifndef RUNG_COMMAND_RUN_GOING_H
#define RUNG_COMMAND_RUN_GOING_H

#include "learned.h"
#include "planning.h"
#include "run/run.h"
#include "run_view.h"
#include "runs.h"
#include "store.h"

struct going {
    struct call *call;
    bool is_many;
    struct workspace workspace;
    struct policy policy; /* the workspace's, with the gates that the call adds */
    struct learned learned;
    struct decider decider;
    struct dice dice;
    struct planning planning;
    struct run_parts parts;
    struct view view;
    struct run *run;
};

static inline const struct option_value *option(const struct going *going, int row)
{
    return &going->call->options[row];
}

/* Gates that the call adds to the policy's; limits, phases and a rung that it forces. */
void wishes_add_gates(struct going *going);
bool wishes_read_limits(struct going *going, struct failure *failure) MUST_USE;
bool wishes_force_rung(struct going *going, struct failure *failure) MUST_USE;

/* Each task that the call means, from its words, a source or a template; it lives as long as
 * `take` runs. False where one cannot be read or `take` says so. */
typedef bool take_task(void *context, const struct task *task, struct failure *failure);
bool going_take_tasks(
    struct going *going, take_task *take, void *context, struct failure *failure) MUST_USE;
bool going_has_source(const struct going *going);

/* Prints what would be tried for each task, and says what all would cost. */
bool forecast_show(struct going *going, struct failure *failure) MUST_USE;
/* Before the work: what these jobs are expected to cost, and whether a swarm pays. */
void forecast_say(struct going *going, const struct run_job *const *jobs, size_t n);

#endif
