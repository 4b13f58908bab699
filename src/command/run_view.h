/* What a person or a program is shown of a run: a block that moves on a terminal, plain lines
 * elsewhere, events as JSON. */
#ifndef RUNG_COMMAND_RUN_VIEW_H
#define RUNG_COMMAND_RUN_VIEW_H

#include "command.h"
#include "run/run.h"

enum { VIEW_LINES_MOST = 12 };

struct view {
    const struct policy *policy;
    FILE *out;  /* results, or events where `to_json` */
    FILE *talk; /* progress */
    bool to_json, is_many, moves;
    bool quiet; /* the result is printed by somebody else */
    size_t n_tasks, n_over, n_accepted, n_working;
    bool assumed;                 /* some of spent_usd is */
    double spent_usd, middle_usd; /* middle: what the tasks that are over were expected to cost on
                                     the middle rung */
    int64_t begun_us, drawn_us;
    int lines_drawn;
    struct view_line {
        size_t index;
        bool used;
        char text[256];
    } lines[VIEW_LINES_MOST];
    struct emit emit;
    bool broken_pipe;
};

void view_begin(struct view *view);
struct run_listener view_listener(struct view *view);
/* Says of each gate that was asked again about the same change how steady it is. */
void view_say_gates(struct run_job *const *jobs, size_t n);
void view_end(struct view *view);

/* The experiment with branch, plan and stopped_because, as `run --json` prints it. */
void view_write_experiment(struct emit *emit, const struct run_job *job);

#endif
