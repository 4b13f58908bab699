/* Receives a task and a planning rung, hands on a plan: its parts in order, and which of them can
 * be done at the same time. Refuses to do them. */
#include "plan.h"

#include "outcome.h"
#include "prompt.h"

#include <math.h>
#include <string.h>

/* ---- reading ---- */

static struct task_list read_list(struct arena *arena, struct json value)
{
    struct task_list list = {ARENA_ARRAY(arena, struct slice, json_count(value)), 0};
    struct json_walk walk = json_walk_over(value);
    struct slice text;
    while (json_next(&walk))
        if (json_text(walk.value, &text))
            list.items[list.n++] = arena_copy(arena, text);
    return list;
}

static struct task read_part(struct arena *arena, struct json value)
{
    struct slice *label = ARENA_ARRAY(arena, struct slice, 1);
    *label = arena_print(arena, "complexity:%.*s", SLICE_ARG(json_get_text(value, "complexity")));
    return (struct task){
        .id = arena_copy(arena, json_get_text(value, "id")),
        .title = arena_copy(arena, json_get_text(value, "title")),
        .body = arena_copy(arena, json_get_text(value, "description")),
        .labels = {label, 1},
        .files = read_list(arena, json_get(value, "files")),
        .acceptance = read_list(arena, json_get(value, "acceptance")),
        .depends_on = read_list(arena, json_get(value, "depends_on")),
        .priority = -1,
        .source = "plan",
    };
}

static bool leaves_tree(struct slice path)
{
    struct slice name;
    if (slice_starts(path, "/"))
        return true;
    while (slice_next_field(&path, '/', &name))
        if (slice_is(name, ".."))
            return true;
    return false;
}

static bool check_part(
    const struct task *parts, size_t n, const struct task *part, struct failure *failure)
{
    for (size_t i = 0; i < n; i++)
        if (slice_equal(parts[i].id, part->id))
            return failure_set(failure, "two parts are called %.*s", SLICE_ARG(part->id));
    for (size_t i = 0; i < part->files.n; i++)
        if (leaves_tree(part->files.items[i]))
            return failure_set(failure, "part %.*s names %.*s, which is outside the work tree",
                SLICE_ARG(part->id), SLICE_ARG(part->files.items[i]));
    return true;
}

static bool is_ready(const struct task *part, const struct task *placed, size_t n)
{
    for (size_t i = 0; i < part->depends_on.n; i++) {
        bool found = false;
        for (size_t k = 0; k < n && !found; k++)
            found = slice_equal(placed[k].id, part->depends_on.items[i]);
        if (!found)
            return false;
    }
    return true;
}

/* Each part behind those it depends on, otherwise in the plan's order. */
static bool put_in_order(struct task *parts, size_t n, struct failure *failure)
{
    for (size_t at = 0; at < n; at++) {
        size_t next = at;
        while (next < n && !is_ready(&parts[next], parts, at))
            next++;
        if (next == n)
            return failure_set(failure,
                "part %.*s depends on a part that is not there or on itself",
                SLICE_ARG(parts[at].id));
        struct task part = parts[next];
        memmove(&parts[at + 1], &parts[at], (next - at) * sizeof(*parts));
        parts[at] = part;
    }
    return true;
}

bool plan_read(
    struct arena *arena, struct slice json, struct task *parts, size_t *n, struct failure *failure)
{
    bool usable;
    struct json root;
    *n = 0;
    if (!gate_schema_holds(agent_plan_schema(), json, &usable, failure))
        return failure_prefix(failure, "the plan");
    struct json_parser *parser = json_parser_make();
    bool ok = json_parse(parser, json, &root, failure);
    struct json_walk walk = json_walk_over(json_get(root, "tasks"));
    while (ok && json_next(&walk)) {
        if (*n == PLAN_PARTS_MOST) {
            ok = failure_set(failure, "the plan has more than %d parts", PLAN_PARTS_MOST);
            break;
        }
        parts[*n] = read_part(arena, walk.value);
        ok = check_part(parts, *n, &parts[*n], failure);
        ++*n;
    }
    json_parser_free(parser);
    return ok && put_in_order(parts, *n, failure);
}

/* On one line, as it was read. */
static struct slice compact(struct arena *arena, struct slice json)
{
    struct json root;
    struct failure failure;
    struct json_parser *parser = json_parser_make();
    if (json_parse(parser, json, &root, &failure))
        json = json_write(arena, root);
    json_parser_free(parser);
    return json;
}

/* ---- which come next ---- */

static bool is_pattern(struct slice path)
{
    for (size_t i = 0; i < path.len; i++)
        if (strchr("*?[{", path.base[i]))
            return true;
    return false;
}

/* "src" and "src/a.c" are the same place. */
static bool is_within(struct slice path, struct slice folder)
{
    while (folder.len && folder.base[folder.len - 1] == '/')
        folder.len--;
    return path.len >= folder.len && memcmp(path.base, folder.base, folder.len) == 0 &&
           (path.len == folder.len || path.base[folder.len] == '/');
}

static bool shares_files(const struct task *a, const struct task *b)
{
    if (a->files.n == 0 || b->files.n == 0)
        return true;
    for (size_t i = 0; i < a->files.n; i++)
        for (size_t k = 0; k < b->files.n; k++) {
            struct slice left = a->files.items[i], right = b->files.items[k];
            if (is_pattern(left) || is_pattern(right) || is_within(left, right) ||
                is_within(right, left))
                return true;
        }
    return false;
}

static bool depends_on_undone(
    const struct task *parts, size_t n, const bool *is_done, const struct task *part)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; !is_done[i] && k < part->depends_on.n; k++)
            if (slice_equal(parts[i].id, part->depends_on.items[k]))
                return true;
    return false;
}

size_t plan_next(const struct task *parts, size_t n, const bool *is_done, bool together,
    size_t next[PLAN_PARTS_MOST])
{
    size_t n_next = 0;
    for (size_t i = 0; i < n; i++) {
        bool fits = !is_done[i] && !depends_on_undone(parts, n, is_done, &parts[i]);
        for (size_t k = 0; k < i && fits; k++)
            fits = is_done[k] || !shares_files(&parts[k], &parts[i]);
        if (!fits)
            continue;
        next[n_next++] = i;
        if (!together)
            break;
    }
    return n_next;
}

/* ---- asking ---- */

static struct slice prompt_plan(struct arena *arena, const struct task *task)
{
    return arena_print(arena,
        "Split the task below into parts that are checked together, as few as are useful; one part "
        "is a good answer where splitting does not help. Name for each part every file that it "
        "will touch, and the parts that must be done before it: parts that neither depend on each "
        "other nor share a file are done at the same time by different people. Change nothing. "
        "Answer with one JSON object of this schema and nothing else:\n%.*s\n\n"
        "The task:\n\n%.*s\n",
        SLICE_ARG(agent_plan_schema()), SLICE_ARG(prompt_task(arena, task)));
}

/* ---- the attempts of a planned try ---- */

double plan_left_usd(const struct attempt *whole, const struct plan *plan)
{
    if (whole->budget_usd <= 0)
        return 0;
    double cost_usd = plan_cost_usd(plan);
    return fmax(whole->budget_usd - (isnan(cost_usd) ? 0 : cost_usd), 0);
}

struct attempt *plan_begin(
    const struct attempt *whole, struct plan *plan, enum record_phase phase, int rung)
{
    double left_usd = plan_left_usd(whole, plan);
    struct attempt *attempt = &plan->done[plan->n_done];
    *attempt = (struct attempt){
        .phase = phase,
        .rung = rung,
        .number = whole->number,
        .directory = whole->directory,
        .scratch = whole->scratch,
        .budget_usd = left_usd,
    };
    plan->n_done++;
    return attempt;
}

double plan_cost_usd(const struct plan *plan)
{
    double usd = 0;
    for (size_t i = 0; i < plan->n_done; i++)
        usd += plan->done[i].result.cost_usd;
    return usd;
}

void plan_tell(
    struct run *run, struct slot *slot, const struct attempt *attempt, enum run_event_kind kind)
{
    run_tell(run, &(struct run_event){.kind = kind,
                      .job = &slot->job,
                      .index = slot->index,
                      .rung = attempt->rung,
                      .attempt = attempt->number,
                      .phase = attempt->phase,
                      .record = kind == RUN_ATTEMPT_ENDS ? &attempt->record : NULL});
}

bool plan_is_wanted(const struct slot *slot)
{
    const struct record_attempts *attempts = &slot->job.experiment.attempts;
    for (size_t i = 0; i < attempts->n; i++)
        if (attempts->items[i].phase == RECORD_PLAN && attempts->items[i].success != RECORD_OPEN)
            return false;
    return true;
}

static void note_attempting(struct run *run, struct slot *slot, int rung)
{
    struct emit *line = step_begin(run, slot);
    emit_member_text(line, "attempting", run->parts->policy->rungs[rung].name);
    emit_member_cstring(line, "phase", "plan");
    step_end(run, false);
}

/* On the disk before the first part begins: it is paid for once. */
static void note_plan(struct run *run, struct slot *slot)
{
    struct emit *line = step_begin(run, slot);
    emit_key(line, "experiment");
    record_write(line, &slot->job.experiment);
    emit_member_text(line, "plan", slot->job.plan);
    step_end(run, true);
}

static enum record_success read_answer(
    struct arena *arena, const struct agent_result *result, struct plan *plan, struct slice *json)
{
    struct task parts[PLAN_PARTS_MOST];
    struct failure failure;
    size_t n;
    struct slice answer = result->structured.len ? result->structured : slice_trim(result->answer);
    if (result->ending != AGENT_DONE) {
        plan->why = arena_print(arena, "no plan: %.*s", SLICE_ARG(result->error)).base;
        return RECORD_OPEN;
    }
    if (!plan_read(arena, answer, parts, &n, &failure)) {
        plan->why = arena_print(arena, "no plan: %s", failure.text).base;
        return RECORD_FAILED;
    }
    *json = compact(arena, answer);
    return RECORD_ACCEPTED;
}

void plan_make(struct run *run, struct slot *slot, const struct attempt *whole, struct plan *plan)
{
    struct arena *arena = &slot->job.arena;
    int rung = run->settings.plan_rung != POLICY_NONE ? run->settings.plan_rung
                                                      : run->parts->policy->plan_rung;
    struct attempt *planning = plan_begin(whole, plan, RECORD_PLAN, rung);
    planning->prompt = prompt_plan(arena, &slot->job.task);
    planning->schema = agent_plan_schema();
    note_attempting(run, slot, planning->rung);
    plan_tell(run, slot, planning, RUN_ATTEMPT_BEGINS);
    attempt_run(run, slot, planning);
    plan->interrupted = planning->interrupted;
    planning->record.success = read_answer(arena, &planning->result, plan, &slot->job.plan);
    if (plan->why)
        planning->record.error = slice_from(plan->why);
    plan->rows[plan->n_done - 1] = outcome_add(run, slot, &planning->record);
    note_plan(run, slot);
    plan_tell(run, slot, planning, RUN_ATTEMPT_ENDS);
}
