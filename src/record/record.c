/* The tables of an experiment's fields, reading and writing by them, and what follows from an
 * experiment alone: its implied attempt, its version, what evidence learns from it. */
#include "record.h"

#include "decide/decide.h"

#include "fields.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define LAST_MS 253402300799999.0 /* the end of the year 9999 */
#define MOST_USD 1e9
#define MOST_SECONDS 1e9
#define MOST_TOKENS 1e15

static const char *const COST_SOURCES[] = {"assumed", "measured", NULL};
static const char *const OUTCOME_SOURCES[] = {"none", "test", "review", "user", NULL};
static const char *const PHASES[] = {"execute", "plan", "review", "judge", NULL};
static const char *const CHOICES[] = {"not-asked", "chosen", "passed-over", NULL};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define KEY_NAME(name) .key = (name), .key_len = sizeof(name) - 1
#define TEXT_FIELD(type, name, member, how)                                                        \
    {                                                                                              \
        KEY_NAME(name), .kind = FIELD_TEXT, .at = offsetof(struct type, member), .flags = (how),   \
                        .high = RECORD_NAME_BYTES_MOST                                             \
    }
#define LONG_FIELD(type, name, member, how)                                                        \
    {                                                                                              \
        KEY_NAME(name), .kind = FIELD_TEXT, .at = offsetof(struct type, member), .flags = (how),   \
                        .high = RECORD_TEXT_BYTES_MOST                                             \
    }
#define REAL_FIELD(type, name, member, least, greatest, how)                                       \
    {                                                                                              \
        KEY_NAME(name), .kind = FIELD_REAL, .at = offsetof(struct type, member), .flags = (how),   \
                        .low = (least), .high = (greatest)                                         \
    }
#define NAMED_FIELD(type, name, member, table, how)                                                \
    {                                                                                              \
        KEY_NAME(name), .kind = FIELD_NAMED, .at = offsetof(struct type, member), .flags = (how),  \
                        .names = (table)                                                           \
    }
#define LIST_FIELD(type, name, member, what, most_items, how)                                      \
    {                                                                                              \
        KEY_NAME(name), .kind = (what), .at = offsetof(struct type, member), .flags = (how),       \
                        .low = 0, .high = (what) == FIELD_ACTIONS ? 1 : RECORD_NAME_BYTES_MOST,    \
                        .most = (most_items)                                                       \
    }

static void blank_gate(void *thing)
{
    *(struct record_gate *)thing = (struct record_gate){.seconds = NAN};
}

static void blank_tokens(void *thing)
{
    *(struct record_tokens *)thing = (struct record_tokens){.input = NAN,
        .output = NAN,
        .cache_read = NAN,
        .cache_write_5m = NAN,
        .cache_write_1h = NAN};
}

struct record_attempt record_blank_attempt(void)
{
    struct record_attempt attempt = {.cost_usd = NAN, .seconds = NAN};
    blank_tokens(&attempt.tokens);
    return attempt;
}

static void blank_attempt(void *thing)
{
    *(struct record_attempt *)thing = record_blank_attempt();
}

struct experiment record_blank(void)
{
    return (struct experiment){.confidence = NAN,
        .cost_usd = NAN,
        .seconds = NAN,
        .quality = NAN,
        .plan_propensity = NAN,
        .audit_propensity = NAN,
        .review_propensity = NAN,
        .schema = RECORD_SCHEMA};
}

static const struct field GATE_FIELDS[] = {
    TEXT_FIELD(record_gate, "name", name, FIELD_ALWAYS),
    TEXT_FIELD(record_gate, "verdict", verdict, FIELD_ALWAYS),
    TEXT_FIELD(record_gate, "asked", asked, 0),
    REAL_FIELD(record_gate, "seconds", seconds, 0, MOST_SECONDS, 0),
};
static const struct fields GATE = {GATE_FIELDS, COUNT(GATE_FIELDS), sizeof(struct record_gate),
    offsetof(struct record_gate, extras), blank_gate};

static const struct field TOKEN_FIELDS[] = {
    REAL_FIELD(record_tokens, "input", input, 0, MOST_TOKENS, 0),
    REAL_FIELD(record_tokens, "output", output, 0, MOST_TOKENS, 0),
    REAL_FIELD(record_tokens, "cacheRead", cache_read, 0, MOST_TOKENS, 0),
    REAL_FIELD(record_tokens, "cacheWrite5m", cache_write_5m, 0, MOST_TOKENS, 0),
    REAL_FIELD(record_tokens, "cacheWrite1h", cache_write_1h, 0, MOST_TOKENS, 0),
};
static const struct fields TOKENS = {TOKEN_FIELDS, COUNT(TOKEN_FIELDS),
    sizeof(struct record_tokens), offsetof(struct record_tokens, extras), blank_tokens};

static const struct field ATTEMPT_FIELDS[] = {
    TEXT_FIELD(record_attempt, "rung", rung, FIELD_ALWAYS),
    TEXT_FIELD(record_attempt, "model", model, 0),
    TEXT_FIELD(record_attempt, "effort", effort, 0),
    NAMED_FIELD(record_attempt, "phase", phase, PHASES, FIELD_ALWAYS),
    TEXT_FIELD(record_attempt, "part", part, 0),
    {KEY_NAME("success"), .kind = FIELD_SUCCESS, .at = offsetof(struct record_attempt, success),
        .flags = FIELD_ALWAYS},
    {KEY_NAME("gates"), .kind = FIELD_OBJECTS, .at = offsetof(struct record_attempt, gates),
        .most = RECORD_GATES_MOST, .inside = &GATE},
    {KEY_NAME("tokens"), .kind = FIELD_OBJECT, .at = offsetof(struct record_attempt, tokens),
        .present = offsetof(struct record_attempt, has_tokens), .inside = &TOKENS},
    REAL_FIELD(record_attempt, "cost", cost_usd, 0, MOST_USD, 0),
    {KEY_NAME("prices"), .kind = FIELD_RAW, .at = offsetof(struct record_attempt, prices)},
    REAL_FIELD(record_attempt, "seconds", seconds, 0, MOST_SECONDS, 0),
    TEXT_FIELD(record_attempt, "session", session, 0),
    TEXT_FIELD(record_attempt, "agentVersion", agent_version, 0),
    LONG_FIELD(record_attempt, "error", error, 0),
};
static const struct fields ATTEMPT = {ATTEMPT_FIELDS, COUNT(ATTEMPT_FIELDS),
    sizeof(struct record_attempt), offsetof(struct record_attempt, extras), blank_attempt};

enum { IN_COLUMN = FIELD_ALWAYS | FIELD_IN_COLUMN, KEY = IN_COLUMN | FIELD_REQUIRED };

static const struct field EXPERIMENT_FIELDS[] = {
    TEXT_FIELD(experiment, "id", id, KEY),
    {KEY_NAME("timestamp"), .kind = FIELD_WHOLE, .at = offsetof(struct experiment, at_ms),
        .flags = KEY, .low = 0, .high = LAST_MS},
    TEXT_FIELD(experiment, "taskId", task_id, KEY),
    LONG_FIELD(experiment, "description", description, IN_COLUMN),
    TEXT_FIELD(experiment, "modelUsed", model_used, IN_COLUMN),
    TEXT_FIELD(experiment, "routingStrategy", strategy, IN_COLUMN),
    REAL_FIELD(experiment, "routingConfidence", confidence, 0, 1, IN_COLUMN),
    {KEY_NAME("success"), .kind = FIELD_SUCCESS, .at = offsetof(struct experiment, success),
        .flags = IN_COLUMN},
    REAL_FIELD(experiment, "cost", cost_usd, 0, MOST_USD, IN_COLUMN),
    REAL_FIELD(experiment, "timeToComplete", seconds, 0, MOST_SECONDS, FIELD_IN_COLUMN),
    REAL_FIELD(experiment, "qualityScore", quality, 1, 5, FIELD_IN_COLUMN),
    LONG_FIELD(experiment, "notes", notes, IN_COLUMN),
    {KEY_NAME("schema"), .kind = FIELD_WHOLE, .at = offsetof(struct experiment, schema),
        .flags = FIELD_ALWAYS, .low = 0, .high = INT32_MAX},
    TEXT_FIELD(experiment, "source", source, FIELD_IN_COLUMN),
    TEXT_FIELD(experiment, "project", project, FIELD_IN_COLUMN),
    LIST_FIELD(experiment, "labels", labels, FIELD_TEXTS, RECORD_LABELS_MOST, FIELD_ALWAYS),
    TEXT_FIELD(experiment, "rung", rung, IN_COLUMN),
    TEXT_FIELD(experiment, "effort", effort, 0),
    TEXT_FIELD(experiment, "requested", requested, 0),
    TEXT_FIELD(experiment, "decided", decided, 0),
    TEXT_FIELD(experiment, "served", served, 0),
    LIST_FIELD(experiment, "propensities", propensities, FIELD_ACTIONS, RECORD_ACTIONS_MOST, 0),
    TEXT_FIELD(experiment, "policy", policy, 0),
    TEXT_FIELD(experiment, "evidence", evidence, 0),
    NAMED_FIELD(experiment, "costSource", cost_source, COST_SOURCES, IN_COLUMN),
    NAMED_FIELD(experiment, "outcomeSource", outcome_source, OUTCOME_SOURCES, IN_COLUMN),
    {KEY_NAME("pending"), .kind = FIELD_TRUTH, .at = offsetof(struct experiment, pending),
        .flags = IN_COLUMN},
    {KEY_NAME("attempts"), .kind = FIELD_OBJECTS, .at = offsetof(struct experiment, attempts),
        .most = RECORD_ATTEMPTS_MOST, .inside = &ATTEMPT},
    LIST_FIELD(experiment, "matched", matched, FIELD_TEXTS, RECORD_LABELS_MOST, 0),
    NAMED_FIELD(experiment, "planning", planning, CHOICES, 0),
    REAL_FIELD(experiment, "planPropensity", plan_propensity, 0, 1, 0),
    NAMED_FIELD(experiment, "auditing", auditing, CHOICES, 0),
    REAL_FIELD(experiment, "auditPropensity", audit_propensity, 0, 1, 0),
    NAMED_FIELD(experiment, "reviewing", reviewing, CHOICES, 0),
    REAL_FIELD(experiment, "reviewPropensity", review_propensity, 0, 1, 0),
    TEXT_FIELD(experiment, "pair", pair, 0),
};

static void blank_experiment(void *thing)
{
    *(struct experiment *)thing = record_blank();
}

static const struct fields EXPERIMENT = {EXPERIMENT_FIELDS, COUNT(EXPERIMENT_FIELDS),
    sizeof(struct experiment), offsetof(struct experiment, extras), blank_experiment};

const char *record_make_id(int64_t at_ms, struct dice *dice, char out[RECORD_ID_BYTES])
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    char ms[16];
    size_t at = sizeof(ms), n = 4;
    uint64_t rest = at_ms > 0 ? (uint64_t)at_ms : 0;
    do
        ms[--at] = digits[rest % 36];
    while ((rest /= 36) != 0);
    memcpy(out, "exp_", n);
    memcpy(out + n, ms + at, sizeof(ms) - at);
    n += sizeof(ms) - at;
    out[n++] = '_';
    for (int i = 0; i < 5; i++)
        out[n++] = digits[dice_below(dice, 36)];
    out[n] = '\0';
    return out;
}

const char *record_cost_source_name(enum record_cost_source source)
{
    return COST_SOURCES[source];
}

const char *record_outcome_source_name(enum record_outcome_source source)
{
    return OUTCOME_SOURCES[source];
}

bool record_outcome_source_from_name(struct slice name, enum record_outcome_source *source)
{
    for (int i = 0; OUTCOME_SOURCES[i]; i++)
        if (slice_is(name, OUTCOME_SOURCES[i])) {
            *source = (enum record_outcome_source)i;
            return true;
        }
    return false;
}

/* What no field can tell by itself. */
static bool check_whole(const struct experiment *experiment, struct failure *failure)
{
    const struct {
        const char *key;
        struct slice text;
    } needed[] = {
        {"id", experiment->id},
        {"taskId", experiment->task_id},
        {"modelUsed", experiment->model_used},
        {"rung", experiment->rung},
    };
    for (size_t i = 0; i < COUNT(needed); i++)
        if (needed[i].text.len == 0)
            return failure_set(failure, "%s: missing", needed[i].key);
    if (!experiment->pending && experiment->success == RECORD_OPEN)
        return failure_set(failure, "success: missing, and the experiment is not pending");
    if (experiment->pending && experiment->success != RECORD_OPEN)
        return failure_set(failure, "success: given, but the experiment is pending");
    return true;
}

bool record_check(const struct experiment *experiment, struct failure *failure)
{
    return fields_check(&EXPERIMENT, experiment, failure) && check_whole(experiment, failure);
}

bool record_read_json(
    struct arena *arena, struct json value, struct experiment *experiment, struct failure *failure)
{
    static const struct slice otherwise = SLICE("default");
    *experiment = record_blank();
    if (!fields_read(arena, value, &EXPERIMENT, true, experiment, failure))
        return false;
    if (experiment->strategy.len == 0)
        experiment->strategy = otherwise;
    if (experiment->rung.len == 0)
        experiment->rung = experiment->model_used;
    if (experiment->model_used.len == 0 && experiment->pending)
        experiment->model_used = experiment->rung;
    return check_whole(experiment, failure); /* the fields were checked as they were read */
}

bool record_read(struct arena *arena, struct json_parser *parser, struct slice line,
    struct experiment *experiment, struct failure *failure)
{
    struct json root;
    if (line.len > RECORD_LINE_BYTES_MOST)
        return failure_set(
            failure, "longer than the %d MB that are read of a line", RECORD_LINE_BYTES_MOST >> 20);
    return json_parse(parser, line, &root, failure) &&
           record_read_json(arena, root, experiment, failure);
}

void record_write(struct emit *emit, const struct experiment *experiment)
{
    fields_write(emit, &EXPERIMENT, true, experiment);
}

void record_write_rest(struct emit *emit, const struct experiment *experiment)
{
    fields_write(emit, &EXPERIMENT, false, experiment);
}

bool record_read_rest(struct arena *arena, struct json_parser *parser, struct slice rest,
    struct experiment *experiment, struct failure *failure)
{
    struct json root;
    return json_parse(parser, rest, &root, failure) &&
           fields_read(arena, root, &EXPERIMENT, false, experiment, failure);
}

struct slice record_model_version(const struct experiment *experiment)
{
    for (size_t i = 0; i < experiment->attempts.n; i++)
        if (experiment->attempts.items[i].phase == RECORD_EXECUTE &&
            experiment->attempts.items[i].model.len)
            return experiment->attempts.items[i].model;
    return experiment->served.len ? experiment->served : experiment->decided;
}

struct record_attempts record_attempts_of(
    const struct experiment *experiment, struct record_attempt *implied)
{
    if (experiment->pending)
        return (struct record_attempts){0};
    if (experiment->attempts.n)
        return experiment->attempts;
    *implied = record_blank_attempt();
    implied->rung = experiment->model_used;
    implied->model = record_model_version(experiment);
    if (slice_equal(experiment->rung, experiment->model_used))
        implied->effort = experiment->effort;
    implied->success = experiment->success;
    implied->cost_usd = experiment->cost_usd;
    implied->seconds = experiment->seconds;
    return (struct record_attempts){implied, 1};
}

bool record_is_verified(const struct experiment *experiment)
{
    return experiment->outcome_source == RECORD_TEST || experiment->outcome_source == RECORD_REVIEW;
}

bool record_is_calibrated(const struct experiment *experiment)
{
    return !isnan(experiment->confidence) && !slice_is(experiment->strategy, "forced") &&
           !slice_is(experiment->strategy, "explicit-label");
}

bool record_is_explored(const struct experiment *experiment)
{
    size_t possible = 0;
    for (size_t i = 0; i < experiment->propensities.n; i++)
        possible += experiment->propensities.items[i].p > 0;
    return possible > 1;
}

/* The labels that the task was judged by, and the pattern that spoke for it where one did. */
static struct record_texts labels_of(struct arena *arena, const struct experiment *experiment)
{
    struct record_texts labels = experiment->labels;
    if (!slice_is(experiment->strategy, "pattern-match") || experiment->matched.n == 0)
        return labels;
    struct slice *longer = ARENA_ARRAY(arena, struct slice, labels.n + 1);
    for (size_t i = 0; i < labels.n; i++)
        longer[i] = labels.items[i];
    longer[labels.n] = arena_print(arena, "pattern:%.*s", SLICE_ARG(experiment->matched.items[0]));
    return (struct record_texts){longer, labels.n + 1};
}

static int tier_of(const struct experiment *experiment)
{
    enum decide_strategy strategy;
    bool known = record_is_calibrated(experiment) &&
                 decide_strategy_from_name(experiment->strategy, &strategy);
    return known ? (int)strategy : -1;
}

enum record_success record_first_try(const struct experiment *experiment)
{
    const struct record_attempts *attempts = &experiment->attempts;
    for (size_t i = 0; i < attempts->n; i++)
        if (attempts->items[i].phase == RECORD_EXECUTE && attempts->items[i].success != RECORD_OPEN)
            return attempts->items[i].success;
    return RECORD_OPEN;
}

bool record_is_planned(const struct experiment *experiment)
{
    bool planned = experiment->planning == RECORD_CHOSEN;
    for (size_t i = 0; i < experiment->attempts.n; i++)
        planned = planned || experiment->attempts.items[i].phase == RECORD_PLAN;
    return planned;
}

const char RECORD_AUDIT[] = "audit:";

struct slice record_audit_verdict(const struct record_attempt *attempt, bool *others_passed)
{
    struct slice verdict = {"", 0};
    *others_passed = true;
    for (size_t i = 0; i < attempt->gates.n; i++) {
        const struct record_gate *gate = &attempt->gates.items[i];
        bool passed = slice_is(gate->verdict, "pass");
        if (!slice_starts(gate->name, RECORD_AUDIT))
            *others_passed = *others_passed && passed;
        else if (verdict.len == 0 || !passed) /* one that does not pass speaks for all */
            verdict = gate->verdict;
    }
    return verdict;
}

size_t record_attempts_judged(
    struct arena *arena, const struct experiment *experiment, struct evidence_attempt **judged)
{
    struct record_attempt *implied = arena_take(arena, sizeof(*implied));
    struct record_attempts attempts = record_attempts_of(experiment, implied);
    *judged = NULL;
    if (attempts.n == 0 || experiment->outcome_source == RECORD_NOBODY)
        return 0;
    struct record_texts labels = labels_of(arena, experiment);
    struct slice failed = {0};
    size_t n = 0;
    *judged = ARENA_ARRAY(arena, struct evidence_attempt, attempts.n);
    for (size_t i = 0; i < attempts.n; i++) {
        const struct record_attempt *attempt = &attempts.items[i];
        if (attempt->phase != RECORD_EXECUTE || attempt->success == RECORD_OPEN)
            continue;
        if (attempt->part.len) { /* what comes next comes after the try of the rung decided */
            failed = attempt->success == RECORD_FAILED ? experiment->rung : failed;
            continue;
        }
        bool measured = experiment->cost_source == RECORD_MEASURED && attempt->cost_usd > 0;
        (*judged)[n++] = (struct evidence_attempt){
            .rung = attempt->rung,
            .model = attempt->model,
            .effort = attempt->effort,
            .labels = labels.items,
            .n_labels = labels.n,
            .title = experiment->description,
            .body = {"", 0},
            .success = attempt->success == RECORD_ACCEPTED,
            .cost_usd = measured ? attempt->cost_usd : NAN,
            .tier = failed.len == 0 ? tier_of(experiment) : -1,
            .after = failed,
            .at_ms = experiment->at_ms,
        };
        failed = attempt->success == RECORD_FAILED ? attempt->rung : (struct slice){0};
    }
    return n;
}
