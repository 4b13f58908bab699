/* Answers which experiments there are, a page at a time, and the whole story of one. */
#include "api.h"
#include "eval/eval.h"
#include "run/run.h"

#include <stdio.h>

enum {
    LIMIT = 50,
    LIMIT_MOST = 200,
    LOOKS = 20000,
    CURSOR_DIGITS_MOST = 15, /* hexadecimal: they fit an int64_t */
};

const struct serve_param API_EXPERIMENTS_PARAMS[EXPERIMENTS_PARAMS] = {
    [EXPERIMENTS_RUNG] = {"rung", .type = SERVE_TEXT, .least = 1, .most = 512,
        .help = "only those that started on this rung"},
    [EXPERIMENTS_STRATEGY] = {"strategy", .type = SERVE_TEXT, .least = 1, .most = 512,
        .help = "only of this strategy, such as default or complexity-label"},
    [EXPERIMENTS_LABEL] = {"label", .type = SERVE_TEXT, .least = 1, .most = 512,
        .help = "only of tasks with this label"},
    [EXPERIMENTS_PROJECT] = {"project", .type = SERVE_TEXT, .least = 1, .most = 512,
        .help = "only of this project"},
    [EXPERIMENTS_SOURCE] = {"source", .type = SERVE_TEXT, .least = 1, .most = 512,
        .help = "only from this tracker"},
    [EXPERIMENTS_OUTCOME] = {"outcome", .type = SERVE_CHOICE, .choices = "accepted|failed|pending",
        .help = "only of this outcome"},
    [EXPERIMENTS_EXPLORED] = {"explored", .type = SERVE_BOOL,
        .help = "true: only those in which more than one rung was possible"},
    [EXPERIMENTS_SINCE] = {"since", .type = SERVE_TIME_MS, .help = "only from then on"},
    [EXPERIMENTS_UNTIL] = {"until", .type = SERVE_TIME_MS, .help = "only before then"},
    [EXPERIMENTS_TEXT] = {"text", .type = SERVE_TEXT, .least = 1, .most = 200,
        .help = "only with this in the task's id, description or notes"},
    [EXPERIMENTS_LIMIT] = {"limit", .type = SERVE_WHOLE, .least = 1, .most = LIMIT_MOST,
        .help = "rows a page (50); a page may hold fewer and yet not be the last"},
    [EXPERIMENTS_CURSOR] = {"cursor", .type = SERVE_TEXT, .least = 1, .most = 64,
        .help = "`next` of the page before; it knows its order",
        .pattern = "^[no][0-9a-f]{1,15}-[0-9a-f]{1,15}$"},
    [EXPERIMENTS_ORDER] = {"order", .type = SERVE_CHOICE, .choices = "newest|oldest",
        .help = "which comes first (newest)"},
};

const struct serve_param API_ID_PARAMS[1] = {
    {"id", .in = SERVE_PATH, .type = SERVE_TEXT, .least = 1, .most = 512, .help = "its id"}};

/* ---- cursors: "n19b8f0e5c28-1f" is newest first, from that time and row on ---- */

static bool read_hex(struct slice text, int64_t *number)
{
    *number = 0;
    if (text.len == 0 || text.len > CURSOR_DIGITS_MOST)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.base[i];
        bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && !(c >= 'a' && c <= 'f'))
            return false;
        *number = *number * 16 + (is_digit ? c - '0' : c - 'a' + 10);
    }
    return true;
}

static bool read_cursor(struct slice cursor, struct ledger_pages *pages)
{
    size_t dash = slice_find_byte(cursor, '-');
    if (cursor.len == 0 || dash == SIZE_MAX || (cursor.base[0] != 'n' && cursor.base[0] != 'o'))
        return false;
    pages->order = cursor.base[0] == 'n' ? LEDGER_NEWEST : LEDGER_OLDEST;
    return read_hex(slice_sub(cursor, 1, dash), &pages->from.at_ms) &&
           read_hex(slice_sub(cursor, dash + 1, cursor.len), &pages->from.number);
}

static struct slice write_cursor(
    struct arena *arena, enum ledger_order order, struct ledger_mark mark)
{
    return arena_print(arena, "%c%llx-%llx", order == LEDGER_NEWEST ? 'n' : 'o',
        (unsigned long long)mark.at_ms, (unsigned long long)mark.number);
}

/* ---- the list ---- */

static struct ledger_filter filter_of(const struct serve_value *params)
{
    struct ledger_filter filter = {.rung = params[EXPERIMENTS_RUNG].text,
        .strategy = params[EXPERIMENTS_STRATEGY].text,
        .label = params[EXPERIMENTS_LABEL].text,
        .project = params[EXPERIMENTS_PROJECT].text,
        .source = params[EXPERIMENTS_SOURCE].text,
        .text = params[EXPERIMENTS_TEXT].text,
        .explored = params[EXPERIMENTS_EXPLORED].truth,
        .since_ms = params[EXPERIMENTS_SINCE].whole,
        .until_ms = params[EXPERIMENTS_UNTIL].whole};
    static const enum record_success outcomes[] = {RECORD_ACCEPTED, RECORD_FAILED, RECORD_OPEN};
    if (params[EXPERIMENTS_OUTCOME].given) {
        filter.outcome = outcomes[params[EXPERIMENTS_OUTCOME].whole];
        filter.state = filter.outcome == RECORD_OPEN ? LEDGER_PENDING : LEDGER_DONE;
    }
    return filter;
}

void api_experiments(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    const struct serve_value *params = request->params;
    struct ledger_filter filter = filter_of(params);
    struct ledger_pages pages = {
        .order = params[EXPERIMENTS_ORDER].whole ? LEDGER_OLDEST : LEDGER_NEWEST,
        .most = params[EXPERIMENTS_LIMIT].given ? (size_t)params[EXPERIMENTS_LIMIT].whole : LIMIT,
        .looks = LOOKS};
    struct ledger_page page;
    struct failure failure;
    if (params[EXPERIMENTS_CURSOR].given && !read_cursor(params[EXPERIMENTS_CURSOR].text, &pages)) {
        serve_refuse(request, answer, 400, "cursor wants what `next` of a page was");
        return;
    }
    if (!ledger_page(state->ledger, request->arena, &filter, &pages, &page, &failure)) {
        api_fail(request, answer, &failure);
        return;
    }
    emit_open(&answer->data, '[');
    for (size_t i = 0; i < page.n; i++)
        record_write(&answer->data, &page.items[i]);
    emit_close(&answer->data, ']');
    answer->count = (int64_t)page.n;
    if (!page.is_last)
        answer->next = write_cursor(request->arena, pages.order, page.next);
}

/* ---- one ---- */

/* What would be decided now: the reasons of then are not in the record. */
static void write_decision(struct emit *out, struct serve_state *state, struct arena *arena,
    const struct experiment *experiment)
{
    struct task task = eval_task_of(experiment);
    struct decision decision;
    struct emit decided = {0}, note = {0};
    bool is_hashed = slice_starts(experiment->description, "sha256:");
    bool is_same = slice_is(experiment->policy, state->policy.hash);
    decide(&state->decider, &task, arena, &decision);
    decide_write_json(&state->decider, &task, &decision, &decided);
    emit_open(&note, '{');
    emit_member_text(&note, "note",
        arena_print(arena, "decided anew, by the %s policy and today's evidence%s",
            is_same ? "same" : "present",
            is_hashed ? "; the task's text is not kept, so its words could not speak" : ""));
    emit_close(&note, '}');
    api_emit_joined(out, emit_slice(&decided), emit_slice(&note));
    emit_free(&decided);
    emit_free(&note);
}

static void write_output(
    struct emit *out, const struct serve_state *state, struct arena *arena, struct slice id)
{
    const char *home = state->place->options->home;
    struct run_said *said = NULL;
    size_t n = home ? run_read_said(arena, home, id, &said) : 0;
    emit_key(out, "output");
    emit_open(out, '[');
    for (size_t i = 0; i < n; i++) {
        emit_open(out, '{');
        emit_member_int64(out, "attempt", said[i].attempt);
        emit_member_text(out, "text", said[i].text);
        emit_member_bool(out, "truncated", said[i].is_cut);
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

void api_experiment(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    struct experiment experiment;
    struct failure failure;
    struct emit *out = &answer->data;
    bool found = false;
    if (!ledger_get(state->ledger, request->arena, request->params[0].text, &experiment, &found,
            &failure)) {
        api_fail(request, answer, &failure);
        return;
    }
    if (!found) {
        serve_refuse(request, answer, 404, "no experiment has this id");
        return;
    }
    emit_open(out, '{');
    emit_key(out, "experiment");
    record_write(out, &experiment);
    emit_key(out, "decision");
    write_decision(out, state, request->arena, &experiment);
    write_output(out, state, request->arena, experiment.id);
    emit_close(out, '}');
}
