/* Receives a task and a planning rung, hands on the attempts of its parts. Refuses to judge the
 * result: the gates look at the whole. */
#include "plan.h"

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

/* ---- asking ---- */

static struct slice prompt_plan(struct arena *arena, const struct task *task)
{
    return arena_print(arena,
        "Split the task below into parts that can be done one after the other and checked "
        "together, as few as are useful; one part is a good answer where splitting does not help. "
        "Change nothing. Answer with one JSON object of this schema and nothing else:\n%.*s\n\n"
        "The task:\n\n%.*s\n",
        SLICE_ARG(agent_plan_schema()), SLICE_ARG(prompt_task(arena, task)));
}

static struct slice prompt_part(
    struct arena *arena, const struct task *whole, const struct task *part, size_t number, size_t n)
{
    return arena_print(arena,
        "%.*s\n\nThis is part %zu of %zu of a larger task; do this part only, the others are done "
        "before and after it. The larger task:\n\n%.*s\n",
        SLICE_ARG(prompt_task(arena, part)), number, n, SLICE_ARG(prompt_task(arena, whole)));
}

/* What is left of the whole attempt's allowance; 0: no limit was set. */
static double left_usd(const struct attempt *whole, const struct plan *plan)
{
    if (whole->budget_usd <= 0)
        return 0;
    double cost_usd = plan_cost_usd(plan);
    return whole->budget_usd - (isnan(cost_usd) ? 0 : cost_usd);
}

static struct attempt *begin(
    const struct attempt *whole, struct plan *plan, enum record_phase phase, int rung)
{
    struct attempt *attempt = &plan->done[plan->n_done];
    *attempt = (struct attempt){
        .phase = phase,
        .rung = rung,
        .number = whole->number,
        .directory = whole->directory,
        .scratch = whole->scratch,
        .budget_usd = left_usd(whole, plan),
    };
    plan->n_done++;
    return attempt;
}

static void tell(
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

void plan_make(struct run *run, struct slot *slot, const struct attempt *whole, struct plan *plan)
{
    struct arena *arena = &slot->job.arena;
    struct task parts[PLAN_PARTS_MOST];
    struct failure failure;
    size_t n;
    *plan = (struct plan){.done = ARENA_ARRAY(arena, struct attempt, PLAN_PARTS_MOST + 1)};
    struct attempt *planning = begin(whole, plan, RECORD_PLAN, run->settings.plan_rung);
    planning->prompt = prompt_plan(arena, &slot->job.task);
    planning->schema = agent_plan_schema();
    tell(run, slot, planning, RUN_ATTEMPT_BEGINS);
    attempt_run(run, slot, planning);
    plan->interrupted = planning->interrupted;
    const struct agent_result *result = &planning->result;
    struct slice json = result->structured.len ? result->structured : slice_trim(result->answer);
    if (result->ending != AGENT_DONE)
        plan->why = arena_print(arena, "no plan: %.*s", SLICE_ARG(result->error)).base;
    else if (!plan_read(arena, json, parts, &n, &failure))
        plan->why = arena_print(arena, "no plan: %s", failure.text).base;
    else
        plan->json = compact(arena, json);
    planning->record.success = plan->json.len                 ? RECORD_ACCEPTED
                               : result->ending == AGENT_DONE ? RECORD_FAILED
                                                              : RECORD_OPEN;
    if (plan->why)
        planning->record.error = slice_from(plan->why);
    tell(run, slot, planning, RUN_ATTEMPT_ENDS);
}

/* The rung for a part; evidence's view is shared between threads. */
static int decide_part(struct run *run, struct slot *slot, const struct task *part)
{
    struct decision decision;
    struct decider decider = *run->parts->decider;
    decider.dice = NULL; /* one throw for the task is enough */
    pthread_mutex_lock(&run->lock);
    decide(&decider, part, &slot->job.arena, &decision);
    pthread_mutex_unlock(&run->lock);
    return decision.rung;
}

void plan_execute(
    struct run *run, struct slot *slot, const struct attempt *whole, struct plan *plan)
{
    struct arena *arena = &slot->job.arena;
    struct task parts[PLAN_PARTS_MOST];
    struct failure failure;
    size_t n;
    if (!plan_read(arena, plan->json, parts, &n, &failure))
        return; /* plan_make has read it */
    for (size_t i = 0; i < n && !plan->interrupted; i++) {
        if (whole->budget_usd > 0 && left_usd(whole, plan) <= 0) {
            run_note(run, slot, slice_from("the budget was spent before the last part"));
            return;
        }
        struct attempt *attempt =
            begin(whole, plan, RECORD_EXECUTE, decide_part(run, slot, &parts[i]));
        attempt->prompt = prompt_part(arena, &slot->job.task, &parts[i], i + 1, n);
        tell(run, slot, attempt, RUN_ATTEMPT_BEGINS);
        attempt_run(run, slot, attempt);
        plan->interrupted = attempt->interrupted;
        bool last = i + 1 == n || attempt->result.ending != AGENT_DONE;
        if (!last)
            tell(run, slot, attempt, RUN_ATTEMPT_ENDS);
        if (attempt->result.ending != AGENT_DONE)
            return;
    }
}

double plan_cost_usd(const struct plan *plan)
{
    double usd = 0;
    for (size_t i = 0; i < plan->n_done; i++)
        usd += plan->done[i].result.cost_usd;
    return usd;
}
