/* Receives the events of a run, hands them to eyes and programs. Refuses to act on them. All
 * texts of tasks and agents are made printable first. */
#include "run_view.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/table.h"
#include "base/text.h"
#include "report/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REDRAW_US = 200000, TITLE_COLUMNS = 60 };

void view_write_experiment(struct emit *emit, const struct run_job *job)
{
    record_write(emit, &job->experiment);
    emit->len--; /* the closing bracket: three members more */
    struct emit more = {0};
    emit_open(&more, '{');
    emit_member_cstring(&more, "branch", job->branch);
    emit_key(&more, "plan");
    if (job->plan.len)
        emit_raw(&more, job->plan);
    else
        emit_null(&more);
    emit_member_cstring(&more, "stopped_because", run_stop_name(job->stop));
    emit_member_text(&more, "why", job->why);
    emit_close(&more, '}');
    struct slice members = emit_slice(&more);
    emit_bytes(emit, slice_from(","));
    emit_bytes(emit, slice_sub(members, 1, members.len));
    emit_free(&more);
}

/* ---- JSON ---- */

static const char *const PHASES[] = {"execute", "plan", "review", "judge"};

static void write_attempt(struct emit *emit, const struct run_event *event)
{
    const struct record_attempt *attempt = event->record;
    emit_member_bool(emit, "accepted", attempt->success == RECORD_ACCEPTED);
    emit_member_usd(emit, "cost", attempt->cost_usd);
    emit_member_text(emit, "error", attempt->error);
    emit_key(emit, "gates");
    emit_open(emit, '{');
    for (size_t i = 0; i < attempt->gates.n; i++) {
        emit_key_slice(emit, attempt->gates.items[i].name);
        emit_text(emit, attempt->gates.items[i].verdict);
    }
    emit_close(emit, '}');
}

static void write_event(struct view *view, const struct run_event *event)
{
    static const char *const names[] = {[RUN_TASK_BEGINS] = "task-begins",
        [RUN_ATTEMPT_BEGINS] = "attempt-begins",
        [RUN_ATTEMPT_ENDS] = "attempt-ends",
        [RUN_TASK_ENDS] = "task-ends",
        [RUN_NOTE] = "note"};
    struct emit *emit = &view->emit;
    if (event->kind == RUN_PROGRESS || event->kind == RUN_TICK)
        return;
    emit_open(emit, '{');
    emit_member_cstring(emit, "event", names[event->kind]);
    if (event->job)
        emit_member_text(emit, "task", event->job->task.id);
    if (event->kind == RUN_ATTEMPT_BEGINS || event->kind == RUN_ATTEMPT_ENDS) {
        emit_member_int64(emit, "attempt", event->attempt);
        emit_member_text(emit, "rung", view->policy->rungs[event->rung].name);
        emit_member_cstring(emit, "phase", PHASES[event->phase]);
    }
    if (event->kind == RUN_ATTEMPT_ENDS)
        write_attempt(emit, event);
    if (event->kind == RUN_NOTE)
        emit_member_text(emit, "text", event->text);
    if (event->kind == RUN_TASK_ENDS) {
        emit_key(emit, "experiment");
        if (event->job->experiment.id.len)
            view_write_experiment(emit, event->job);
        else
            emit_null(emit);
        emit_member_cstring(emit, "stopped_because", run_stop_name(event->job->stop));
        emit_member_usd(emit, "spent", event->job->spent_usd);
    }
    emit_close(emit, '}');
    emit_bytes(emit, slice_from("\n"));
    view->broken_pipe = !command_write(view->out, emit_slice(emit)) || fflush(view->out) != 0;
    emit_clear(emit);
}

/* ---- a terminal ---- */

static void erase(struct view *view)
{
    if (view->lines_drawn)
        fprintf(view->talk, "\033[%dA\033[J", view->lines_drawn);
    view->lines_drawn = 0;
}

static void draw(struct view *view)
{
    double seconds = (double)(clock_monotonic_us() - view->begun_us) / 1e6;
    if (!view->moves)
        return;
    erase(view);
    fprintf(view->talk, "%zu of %zu done, %zu accepted, %s$%.4f spent", view->n_over, view->n_tasks,
        view->n_accepted, view->assumed ? "~" : "", view->spent_usd);
    if (view->middle_usd > view->spent_usd)
        fprintf(view->talk, ", ~$%.4f less than all on %.*s", view->middle_usd - view->spent_usd,
            SLICE_ARG(view->policy->rungs[view->policy->middle].name));
    if (view->n_over > 0 && view->n_over < view->n_tasks)
        fprintf(view->talk, ", about %.0f s left",
            seconds / (double)view->n_over * (double)(view->n_tasks - view->n_over));
    fputc('\n', view->talk);
    view->lines_drawn = 1;
    for (size_t i = 0; i < VIEW_LINES_MOST; i++)
        if (view->lines[i].used) {
            fprintf(view->talk, "  %.100s\n", view->lines[i].text);
            view->lines_drawn++;
        }
    fflush(view->talk);
    view->drawn_us = clock_monotonic_us();
}

static struct view_line *line_of(struct view *view, size_t index, bool make)
{
    struct view_line *free_line = NULL;
    for (size_t i = 0; i < VIEW_LINES_MOST; i++) {
        if (view->lines[i].used && view->lines[i].index == index)
            return &view->lines[i];
        if (!view->lines[i].used && !free_line)
            free_line = &view->lines[i];
    }
    if (!make || !free_line)
        return NULL;
    *free_line = (struct view_line){.index = index, .used = true};
    return free_line;
}

static void set_line(struct view *view, const struct run_event *event)
{
    struct view_line *line = line_of(view, event->index, true);
    struct arena arena = {0};
    if (!line)
        return;
    struct slice id = text_one_line(&arena, event->job->task.id, 20);
    struct slice doing = event->progress ? event->progress->doing : (struct slice){0};
    snprintf(line->text, sizeof(line->text), "%.*s  %.*s, attempt %d  %.*s", SLICE_ARG(id),
        SLICE_ARG(view->policy->rungs[event->rung].name), event->attempt,
        SLICE_ARG(text_one_line(&arena, doing, 50)));
    arena_free(&arena);
}

/* ---- words ---- */

static const char *mark_of(const struct run_job *job)
{
    return job->stop == RUN_ACCEPTED ? "accepted" : run_stop_name(job->stop);
}

static void print_gate(FILE *out, const struct record_gate *gate)
{
    fprintf(out, ", %.*s %.*s", SLICE_ARG(gate->name), SLICE_ARG(gate->verdict));
    if (gate->asked.len)
        fprintf(out, " (asked again: %.*s)", SLICE_ARG(gate->asked));
}

static void print_attempts(FILE *out, const struct experiment *e)
{
    for (size_t i = 0; i < e->attempts.n; i++) {
        const struct record_attempt *attempt = &e->attempts.items[i];
        fprintf(
            out, "  %zu. %.*s (%.*s)", i + 1, SLICE_ARG(attempt->rung), SLICE_ARG(attempt->model));
        if (isnan(attempt->cost_usd))
            fputs(", cost not known", out);
        else
            fprintf(out, ", $%.4f", attempt->cost_usd);
        for (size_t k = 0; k < attempt->gates.n; k++)
            if (!slice_is(attempt->gates.items[k].name, "protected") &&
                !slice_is(attempt->gates.items[k].name, "seal"))
                print_gate(out, &attempt->gates.items[k]);
        fputc('\n', out);
    }
}

/* One task, whole. */
static void print_task(struct view *view, const struct run_job *job)
{
    struct arena arena = {0};
    FILE *out = view->out;
    const char *color = table_color_code(out, job->stop == RUN_ACCEPTED ? TABLE_GREEN : TABLE_RED);
    fprintf(out, "%s%s%s", color, mark_of(job), table_color_code(out, TABLE_PLAIN));
    if (!slice_equal(job->task.id, job->task.title)) /* a task given by its title has no other id */
        fprintf(out, "  %.*s", SLICE_ARG(text_one_line(&arena, job->task.id, 40)));
    fprintf(out, "  %.*s\n", SLICE_ARG(text_one_line(&arena, job->task.title, TITLE_COLUMNS)));
    print_attempts(out, &job->experiment);
    if (job->why.len && job->stop != RUN_ACCEPTED)
        fprintf(out, "  why: %.*s\n", SLICE_ARG(text_one_line(&arena, job->why, 300)));
    if (job->branch)
        fprintf(out, "  branch: %s\n", job->branch);
    if (job->experiment.attempts.n > 0)
        fprintf(out, "  cost: %s$%.4f\n", job->experiment.cost_source == RECORD_MEASURED ? "" : "~",
            job->spent_usd);
    view->broken_pipe = fflush(out) != 0;
    arena_free(&arena);
}

static const char *word_for(const struct record_attempt *attempt)
{
    return attempt->success == RECORD_ACCEPTED ? "accepted"
           : attempt->success == RECORD_FAILED ? "not accepted"
                                               : "ended, not judged";
}

/* The agent's own trouble, else the gates that did not pass. */
static struct slice why_not_accepted(struct arena *arena, const struct record_attempt *attempt)
{
    struct slice why = text_one_line(arena, attempt->error, 200);
    for (size_t i = 0; i < attempt->gates.n && attempt->error.len == 0; i++)
        if (!slice_is(attempt->gates.items[i].verdict, "pass")) {
            struct slice name = text_one_line(arena, attempt->gates.items[i].name, 40);
            why = arena_print(
                arena, "%.*s%s%.*s", SLICE_ARG(why), why.len ? ", " : "gates: ", SLICE_ARG(name));
        }
    return why;
}

static void say(struct view *view, const struct run_event *event)
{
    struct arena arena = {0};
    struct slice id = {0};
    if (event->job)
        id = text_one_line(&arena, event->job->task.id, 40);
    fprintf(view->talk, "rung: ");
    if (event->kind == RUN_NOTE)
        fprintf(view->talk, "%.*s%s%.*s", SLICE_ARG(id), id.len ? ": " : "",
            SLICE_ARG(text_one_line(&arena, event->text, 0)));
    else if (event->kind == RUN_ATTEMPT_BEGINS)
        fprintf(view->talk, "%.*s: attempt %d: %s on %.*s", SLICE_ARG(id), event->attempt,
            PHASES[event->phase], SLICE_ARG(view->policy->rungs[event->rung].name));
    else if (event->kind == RUN_ATTEMPT_ENDS) {
        struct slice why = why_not_accepted(&arena, event->record);
        fprintf(view->talk, "%.*s: attempt %d: %s %s%s%.*s", SLICE_ARG(id), event->attempt,
            PHASES[event->phase], word_for(event->record), why.len ? ": " : "", SLICE_ARG(why));
    }
    fputc('\n', view->talk);
    arena_free(&arena);
}

/* ---- events ---- */

static void count(struct view *view, const struct run_event *event)
{
    const struct run_job *job = event->job;
    double middle = run_expected_usd(job, view->policy->middle);
    view->n_over++;
    view->n_accepted += job->stop == RUN_ACCEPTED;
    view->spent_usd += job->spent_usd;
    view->assumed |=
        job->experiment.attempts.n > 0 && job->experiment.cost_source != RECORD_MEASURED;
    view->middle_usd += isnan(middle) || job->experiment.attempts.n == 0 ? 0 : middle;
    struct view_line *line = line_of(view, event->index, false);
    if (line)
        line->used = false;
}

static bool is_said(const struct run_event *event)
{
    return event->kind == RUN_NOTE || event->kind == RUN_ATTEMPT_BEGINS ||
           event->kind == RUN_ATTEMPT_ENDS;
}

static void hear(void *context, const struct run_event *event)
{
    struct view *view = context;
    if (event->kind == RUN_TASK_ENDS)
        count(view, event);
    if (view->moves && (event->kind == RUN_PROGRESS || event->kind == RUN_ATTEMPT_BEGINS))
        set_line(view, event);
    bool prints =
        event->kind == RUN_TASK_ENDS || (is_said(event) && !view->moves) || event->kind == RUN_NOTE;
    if (prints)
        erase(view);
    if (view->to_json)
        write_event(view, event);
    else if (event->kind == RUN_TASK_ENDS && !view->quiet)
        print_task(view, event->job);
    else if (is_said(event) && (!view->moves || event->kind == RUN_NOTE))
        say(view, event);
    if (prints || clock_monotonic_us() - view->drawn_us > REDRAW_US)
        draw(view);
}

struct run_listener view_listener(struct view *view)
{
    return (struct run_listener){hear, view};
}

void view_begin(struct view *view)
{
    const char *term = getenv("TERM");
    view->begun_us = clock_monotonic_us();
    view->moves = view->is_many && isatty(fileno(view->talk)) && term && strcmp(term, "dumb") != 0;
}

void view_say_gates(struct run_job *const *jobs, size_t n)
{
    struct report_gate gates[RECORD_GATES_MOST];
    struct arena arena = {0};
    size_t n_gates = 0;
    for (size_t i = 0; i < n; i++)
        report_count_gates(&jobs[i]->experiment, gates, &n_gates);
    for (size_t i = 0; i < n_gates; i++) {
        report_settle_gate(&gates[i]);
        struct slice text = text_one_line(&arena, report_gate_text(&arena, &gates[i]), 0);
        if (text.len)
            log_note("%.*s", SLICE_ARG(text));
    }
    arena_free(&arena);
}

void view_end(struct view *view)
{
    erase(view);
    fflush(view->talk);
    emit_free(&view->emit);
}
