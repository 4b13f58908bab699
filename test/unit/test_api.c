/* The API's handlers, called as a worker thread calls them, on a small ledger. */
#include "unit.h"

#include "base/clock.h"
#include "base/file.h"
#include "random_experiments.h"
#include "run/journal.h"
#include "serve/api.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { N = 300 };

static struct slice s(const char *text)
{
    return slice_from(text);
}

struct desk {
    struct arena arena;
    struct failure failure;
    const char *directory;
    struct serve_options options;
    struct serve_place place;
    struct serve_state *state;
    struct json_parser *parser; /* of answers */
    struct serve_answer answer;
    struct json data;
};

#define must(truth, desk)                                                                          \
    do {                                                                                           \
        if (!(truth))                                                                              \
            fail_msg("%s: %s", #truth, (desk)->failure.text);                                      \
    } while (0)

static struct experiment told(const char *id, int64_t at_ms, const char *rung, bool accepted)
{
    struct experiment e = record_blank();
    e.id = s(id);
    e.at_ms = at_ms;
    e.task_id = s(id);
    e.description = s("<img src=x onerror=alert(1)> \x1b[31m");
    e.model_used = e.rung = s(rung);
    e.strategy = s("default");
    e.confidence = 0.6;
    e.success = accepted ? RECORD_ACCEPTED : RECORD_FAILED;
    e.cost_usd = 0.25;
    return e;
}

static struct desk *open_desk(void)
{
    struct desk *desk = memory_take(sizeof(*desk));
    char directory[] = "/tmp/rung-api-XXXXXX";
    *desk = (struct desk){.parser = json_parser_make()};
    assert_non_null(mkdtemp(directory));
    desk->directory = arena_print(&desk->arena, "%s", directory).base;
    desk->options = (struct serve_options){
        .ledger_url = arena_print(&desk->arena, "sqlite:%s/ledger.db", directory).base,
        .evidence_path = arena_print(&desk->arena, "%s/ledger.db.evidence", directory).base,
        .directory = desk->directory};
    desk->place = (struct serve_place){.options = &desk->options};
    desk->state = serve_state_make(&desk->place);
    must(serve_state_refresh(desk->state, &desk->failure), desk);
    return desk;
}

static void close_desk(struct desk *desk)
{
    static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm",
        "ledger.db.evidence", "rung.yaml", "runs/run_a.jsonl", "runs/run_b.jsonl", "runs",
        "said/exp_1.jsonl", "said", ""};
    serve_state_free(desk->state);
    emit_free(&desk->answer.data);
    json_parser_free(desk->parser);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        remove(file_join(&desk->arena, desk->directory, names[i]));
    assert_false(file_is_directory(desk->directory));
    arena_free(&desk->arena);
    free(desk);
}

static void log_one(struct desk *desk, struct experiment e)
{
    must(ledger_add(desk->state->ledger, &e, NULL, &desk->failure), desk);
}

static const struct serve_route *route_of(const char *id)
{
    for (size_t i = 0; i < SERVE_ROUTES_COUNT; i++)
        if (strcmp(SERVE_ROUTES[i].id, id) == 0)
            return &SERVE_ROUTES[i];
    fail_msg("no row %s", id);
    return NULL;
}

/* Calls the row `id` as "GET /x?query" would, or with a body; the answer's data is parsed. */
static int ask(
    struct desk *desk, const char *id, const char *path_value, const char *query, const char *body)
{
    const struct serve_route *route = route_of(id);
    struct serve_request request = {.route = route,
        .arena = &desk->arena,
        .now_ms = 1767800000000,
        .body = s(body ? body : "")};
    struct target target;
    emit_clear(&desk->answer.data);
    desk->answer = (struct serve_answer){.data = desk->answer.data};
    const char *text = arena_print(&desk->arena, "/x?%s", query).base;
    must(target_parse(&desk->arena, s(text), &target, &desk->failure), desk);
    if (path_value) { /* the first parameter, as routes_find would have found it */
        struct serve_value *values = ARENA_ARRAY(&desk->arena, struct serve_value, 1);
        values[0] = (struct serve_value){.given = true, .text = s(path_value)};
        request.params = values;
    } else {
        must(routes_read_params(route, &desk->arena, &target, &request.params, &desk->failure),
            desk);
    }
    must(serve_state_refresh(desk->state, &desk->failure), desk);
    if (body)
        must(json_parse(desk->state->parser, request.body, &request.body_json, &desk->failure),
            desk);
    route->answer(desk->state, &request, &desk->answer);
    if (desk->answer.status)
        return desk->answer.status;
    must(json_parse(desk->parser, emit_slice(&desk->answer.data), &desk->data, &desk->failure),
        desk);
    return 200;
}

static struct json at(struct json array, size_t wanted)
{
    struct json_walk walk = json_walk_over(array);
    for (size_t i = 0; json_next(&walk); i++)
        if (i == wanted)
            return walk.value;
    return (struct json){0};
}

static int64_t whole(struct json object, const char *key)
{
    int64_t number = -1;
    assert_true(json_int64(json_get(object, key), &number));
    return number;
}

static void pages_are_turned_by_their_cursor(void **state)
{
    (void)state;
    struct desk *desk = open_desk();
    struct dice dice = dice_from_seed(5);
    size_t n = 0, n_opus = 0, n_seen = 0;
    for (size_t i = 0; i < N; i++) {
        struct experiment e = random_experiment(&desk->arena, &dice, i);
        n_opus += slice_is(e.rung, "opus") && e.success == RECORD_FAILED;
        log_one(desk, e);
    }
    const char *query = "limit=37&order=oldest";
    do {
        assert_int_equal(ask(desk, "experiments", NULL, query, NULL), 200);
        assert_int_equal(json_count(desk->data), desk->answer.count);
        n += json_count(desk->data);
        query =
            arena_print(&desk->arena, "limit=37&cursor=%.*s", SLICE_ARG(desk->answer.next)).base;
    } while (desk->answer.next.len);
    assert_int_equal(n, N);
    assert_int_equal(
        ask(desk, "experiments", NULL, "limit=200&rung=opus&outcome=failed", NULL), 200);
    for (struct json_walk walk = json_walk_over(desk->data); json_next(&walk); n_seen++)
        assert_slice(json_get_text(walk.value, "rung"), "opus");
    assert_int_equal(n_seen, n_opus);
    assert_int_equal(ask(desk, "experiments", NULL, "cursor=x1-1", NULL), 400);
    assert_int_equal(ask(desk, "experiments", NULL, "cursor=n1", NULL), 400);
    assert_int_equal(ask(desk, "experiments", NULL, "cursor=n1-1111111111111111", NULL), 400);
    close_desk(desk);
}

static void an_experiment_is_told_with_its_reasons(void **state)
{
    (void)state;
    struct desk *desk = open_desk();
    log_one(desk, told("exp_1", 1767700000000, "sonnet", true));
    assert_int_equal(ask(desk, "experiment", "exp_2", "", NULL), 404);
    assert_int_equal(ask(desk, "experiment", "exp_1", "", NULL), 200);
    assert_slice(json_get_text(json_get(desk->data, "experiment"), "description"),
        "<img src=x onerror=alert(1)> \x1b[31m"); /* as it is, within JSON's escapes */
    assert_null(memchr(desk->answer.data.bytes, 0x1b, desk->answer.data.len));
    struct json decision = json_get(desk->data, "decision");
    assert_slice(json_get_text(decision, "rung"), "sonnet");
    assert_true(json_get_text(decision, "note").len > 0);
    assert_int_equal(json_count(json_get(decision, "alternatives")), 3);
    assert_int_equal(json_count(json_get(desk->data, "output")), 0);
    desk->options.home = desk->directory;
    must(file_make_directories(
             file_join(&desk->arena, desk->directory, "said"), 0700, &desk->failure),
        desk);
    must(file_replace(file_join(&desk->arena, desk->directory, "said/exp_1.jsonl"),
             s("{\"attempt\":1,\"text\":\"<script>\\u001b[2J\",\"truncated\":true}\nno json\n"),
             0600, &desk->failure),
        desk);
    assert_int_equal(ask(desk, "experiment", "exp_1", "", NULL), 200);
    struct json output = at(json_get(desk->data, "output"), 0);
    assert_slice(json_get_text(output, "text"), "<script>\x1b[2J");
    assert_null(memchr(desk->answer.data.bytes, 0x1b, desk->answer.data.len));
    close_desk(desk);
}

static void a_summary_says_what_the_report_says(void **state)
{
    (void)state;
    struct desk *desk = open_desk();
    assert_int_equal(ask(desk, "summary", NULL, "", NULL), 200);
    assert_int_equal(whole(desk->data, "n"), 0);
    log_one(desk, told("exp_1", 1767700000000, "haiku", true));
    log_one(desk, told("exp_2", 1767790000000, "haiku", false));
    log_one(desk, told("exp_3", 1767790001000, "elsewhere", true));
    assert_int_equal(ask(desk, "summary", NULL, "", NULL), 200);
    assert_int_equal(whole(desk->data, "n"), 3);
    struct json rungs = json_get(desk->data, "rungs");
    assert_int_equal(json_count(rungs), 5); /* four of the ladder, and one that it has not */
    assert_int_equal(whole(at(rungs, 0), "n"), 2);
    assert_int_equal(whole(at(rungs, 0), "accepted"), 1);
    assert_int_equal(whole(at(rungs, 0), "colour_index"), 0);
    assert_int_equal(whole(at(rungs, 3), "colour_index"), 3);
    assert_slice(json_get_text(at(rungs, 4), "rung"), "elsewhere");
    assert_int_equal(json_kind(json_get(at(rungs, 4), "colour_index")), JSON_NULL);
    double spent = 0;
    assert_true(json_double(json_get(json_get(desk->data, "budget"), "spent_today_usd"), &spent));
    assert_close(spent, 0.5, 1e-9); /* of the day that is asked in */
    assert_int_equal(json_kind(json_get(desk->data, "looked")), JSON_NULL);
    struct json recent = json_get(desk->data, "recent");
    assert_int_equal(json_count(recent), 3);
    for (size_t i = 1; i < 3; i++) /* newest first, as in the report */
        assert_true(whole(at(recent, i - 1), "timestamp") > whole(at(recent, i), "timestamp"));
    assert_int_equal(ask(desk, "summary", NULL, "since=1767790000000", NULL), 200);
    assert_int_equal(whole(desk->data, "n"), 2);
    assert_int_equal(ask(desk, "summary", NULL, "project=none", NULL), 200);
    assert_int_equal(whole(desk->data, "n"), 0);
    assert_int_equal(ask(desk, "validation", NULL, "", NULL), 200);
    assert_slice(json_get_text(desk->data, "verdict"), "INSUFFICIENT");
    assert_int_equal(json_count(json_get(desk->data, "criteria")), 5);
    close_desk(desk);
}

static void a_series_has_equal_columns(void **state)
{
    (void)state;
    struct desk *desk = open_desk();
    log_one(desk, told("exp_1", 1767700000000, "haiku", true));
    log_one(desk, told("exp_2", 1767790000000, "opus", false));
    log_one(desk, told("exp_3", 1767790001000, "haiku", true));
    assert_int_equal(ask(desk, "series", NULL, "", NULL), 200);
    assert_slice(emit_slice(&desk->answer.data),
        "{\"by\":\"day\",\"at\":[1767657600000,1767744000000],\"rungs\":[{\"rung\":\"haiku\","
        "\"n\":[1,1],\"accepted\":[1,1],\"cost_usd\":[0.25,0.25]},{\"rung\":\"opus\",\"n\":[0,1],"
        "\"accepted\":[0,0],\"cost_usd\":[0,0.25]}],\"n\":[1,2],\"accepted\":[1,1],"
        "\"cost_usd\":[0.25,0.5]}");
    assert_int_equal(ask(desk, "series", NULL, "by=hour&until=1767787200000", NULL), 200);
    assert_int_equal(json_count(json_get(desk->data, "at")), 1);
    close_desk(desk);
}

static void a_typed_task_is_decided(void **state)
{
    (void)state;
    struct desk *desk = open_desk();
    assert_int_equal(ask(desk, "decide", NULL, "", "{\"title\":\"Fix typo in README\"}"), 200);
    assert_slice(json_get_text(desk->data, "rung"), "haiku");
    assert_int_equal(json_count(json_get(desk->data, "policy_problems")), 0);
    assert_int_equal(ask(desk, "decide", NULL, "",
                         "{\"title\":\"Fix typo\",\"labels\":[\"complexity:complex\"]}"),
        200);
    assert_slice(json_get_text(desk->data, "rung"), "opus");
    static const char copy[] = "ladder:\\n  - {rung: one, model: claude-haiku-5-5}\\n  - {rung: "
                               "two, model: claude-opus-5-5}\\ndefault: two\\nmiddle: two\\ntop: "
                               "two\\n";
    const char *body =
        arena_print(&desk->arena, "{\"title\":\"Fix typo\",\"policy\":\"%s\"}", copy).base;
    assert_int_equal(ask(desk, "decide", NULL, "", body), 200);
    assert_slice(json_get_text(desk->data, "rung"), "two");
    assert_int_equal(
        ask(desk, "decide", NULL, "", "{\"title\":\"Fix typo\",\"policy\":\"ladder: 3\"}"), 200);
    assert_slice(json_get_text(desk->data, "rung"), "haiku");
    struct json problem = at(json_get(desk->data, "policy_problems"), 1);
    assert_slice(json_get_text(problem, "key"), "ladder");
    assert_int_equal(whole(problem, "column"), 9);
    static const char *const bad[] = {"3", "{}", "{\"title\":\"\"}", "{\"title\":\"  \"}",
        "{\"title\":3}", "{\"title\":\"a\",\"labels\":\"b\"}", "{\"title\":\"a\",\"labels\":[3]}",
        "{\"title\":\"a\",\"what\":1}", "{\"title\":\"a\",\"rung\":\"nobody\"}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(ask(desk, "decide", NULL, "", bad[i]), 422);
    int64_t seq = -1;
    must(ledger_position(desk->state->ledger, &seq, &desk->failure), desk);
    assert_int_equal(seq, 0); /* nothing was recorded */
    close_desk(desk);
}

static void write_policy(struct desk *desk, const char *text)
{
    const char *path = file_join(&desk->arena, desk->directory, "rung.yaml");
    must(file_replace(path, s(text), 0600, &desk->failure), desk);
    desk->state->looked_us = 0; /* as if half a second had passed */
}

static void a_policy_that_changes_is_read_again(void **state)
{
    (void)state;
    struct desk *desk = open_desk();
    assert_int_equal(ask(desk, "policy", NULL, "", NULL), 200);
    assert_int_equal(json_kind(json_get(desk->data, "path")), JSON_NULL);
    write_policy(desk, "ladder:\n  - {rung: one, model: claude-haiku-5-5}\n  - {rung: two, model: "
                       "claude-opus-5-5}\ndefault: two\nmiddle: two\ntop: two\n");
    assert_int_equal(ask(desk, "policy", NULL, "", NULL), 200);
    assert_int_equal(json_count(json_get(desk->data, "ladder")), 2);
    assert_int_equal(json_count(json_get(desk->data, "problems")), 0);
    write_policy(desk, "ladder: 3\n"); /* the one before stays in use, and the page says so */
    assert_int_equal(ask(desk, "policy", NULL, "", NULL), 200);
    assert_int_equal(json_count(json_get(desk->data, "ladder")), 2);
    assert_true(json_count(json_get(desk->data, "problems")) > 0);
    assert_slice(json_get_text(desk->data, "text"), "ladder: 3\n");
    assert_int_equal(ask(desk, "checkPolicy", NULL, "", "{\"policy\":\"foo: 1\"}"), 200);
    bool ok = true;
    assert_true(json_bool(json_get(desk->data, "ok"), &ok));
    assert_false(ok);
    assert_int_equal(ask(desk, "checkPolicy", NULL, "", "{}"), 422);
    close_desk(desk);
}

static void put(struct desk *desk, const char *body, const char *expected)
{
    assert_int_equal(ask(desk, "outcomes", NULL, "", body), 200);
    assert_slice(json_get_text(desk->data, "put"), expected);
}

static void an_outcome_may_be_sent_again(void **state)
{
    (void)state;
    static const char done[] =
        "{\"id\":\"exp_1\",\"success\":true,\"cost\":0.5,\"outcomeSource\":\"test\"}";
    static const char whole[] = "{\"id\":\"exp_9\",\"timestamp\":1767700000000,\"taskId\":\"t\","
                                "\"modelUsed\":\"opus\",\"success\":false,\"x\":[1]}";
    static const char *const bad[] = {"[]", "{\"success\":true}", "{\"id\":\"exp_1\"}",
        "{\"id\":\"exp_1\",\"success\":1}", "{\"id\":\"exp_1\",\"success\":true,\"cost\":-1}",
        "{\"id\":\"exp_1\",\"success\":true,\"outcomeSource\":\"none\"}",
        "{\"id\":\"exp_9\",\"timestamp\":1,\"taskId\":\"t\",\"success\":true}"};
    struct desk *desk = open_desk();
    struct experiment decided = told("exp_1", 1767700000000, "haiku", true), kept;
    bool found = false;
    decided.pending = true;
    decided.success = RECORD_OPEN;
    decided.cost_usd = NAN;
    log_one(desk, decided);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(ask(desk, "outcomes", NULL, "", bad[i]), 422);
    put(desk, done, "completed");
    put(desk, done, "kept");
    assert_int_equal(ask(desk, "outcomes", NULL, "", "{\"id\":\"exp_1\",\"success\":false}"), 409);
    assert_int_equal(ask(desk, "outcomes", NULL, "", "{\"id\":\"exp_2\",\"success\":true}"), 404);
    must(ledger_get(desk->state->ledger, &desk->arena, s("exp_1"), &kept, &found, &desk->failure),
        desk);
    assert_true(found && !kept.pending && kept.success == RECORD_ACCEPTED);
    assert_int_equal(kept.cost_source, RECORD_MEASURED);
    assert_int_equal(kept.outcome_source, RECORD_TEST);
    assert_close(kept.cost_usd, 0.5, 1e-12);
    put(desk, whole, "added");
    put(desk, whole, "kept");
    assert_int_equal(ask(desk, "outcomes", NULL, "",
                         "{\"id\":\"exp_9\",\"timestamp\":1767700000000,\"taskId\":\"t\","
                         "\"modelUsed\":\"opus\",\"success\":true}"),
        409);
    close_desk(desk);
}

static void what_went_wrong_is_pointed_at(void **state)
{
    (void)state;
    struct desk *desk = open_desk();
    struct record_attempt attempts[2] = {record_blank_attempt(), record_blank_attempt()};
    struct experiment climbed = told("exp_1", 1767700000000, "haiku", true);
    climbed.outcome_source = RECORD_TEST;
    climbed.model_used = s("sonnet");
    climbed.attempts = (struct record_attempts){attempts, 2};
    attempts[0].rung = s("haiku");
    attempts[0].success = RECORD_FAILED;
    attempts[1].rung = s("sonnet");
    attempts[1].success = RECORD_ACCEPTED;
    log_one(desk, climbed);
    log_one(desk, told("exp_2", 1767700001000, "sonnet", true));
    assert_int_equal(ask(desk, "calibration", NULL, "", NULL), 200);
    struct json misrouted = json_get(desk->data, "misrouted");
    assert_int_equal(json_count(misrouted), 1);
    assert_slice(json_get_text(at(misrouted, 0), "id"), "exp_1");
    assert_slice(json_get_text(at(misrouted, 0), "rung"), "haiku");
    assert_int_equal(json_count(json_get(json_get(desk->data, "curve"), "points")), 3);
    assert_int_equal(whole(desk->data, "n"), 2);
    close_desk(desk);
}

static void another_policy_moves_recorded_tasks(void **state)
{
    (void)state;
    struct desk *desk = open_desk();
    for (int i = 0; i < 5; i++) {
        struct experiment e = told(arena_print(&desk->arena, "exp_%d", i).base,
            1767700000000 + i * 1000, i == 4 ? "opus" : "sonnet", true);
        log_one(desk, e);
    }
    static const char to_opus[] =
        "{\"policy\":\"ladder:\\n  - {rung: sonnet, model: claude-sonnet-5-5, effort: medium}\\n"
        "  - {rung: opus, model: claude-opus-5-5, effort: medium}\\ndefault: opus\\nmiddle: opus\\n"
        "top: opus\\n\",\"limit\":4}";
    assert_int_equal(ask(desk, "replay", NULL, "", to_opus), 200);
    assert_int_equal(whole(desk->data, "n"), 4); /* the latest */
    assert_int_equal(whole(desk->data, "moves"), 3);
    struct json row = at(json_get(desk->data, "rows"), 0);
    assert_slice(json_get_text(row, "id"), "exp_3"); /* newest first */
    assert_slice(json_get_text(row, "from"), "sonnet");
    assert_slice(json_get_text(row, "to"), "opus");
    assert_int_equal(ask(desk, "replay", NULL, "", "{\"policy\":\"ladder: 3\"}"), 422);
    assert_int_equal(ask(desk, "replay", NULL, "", "{\"policy\":\"\",\"limit\":0}"), 422);
    close_desk(desk);
}

static void write_journal(struct desk *desk, const char *id, const char *text)
{
    const char *directory = file_join(&desk->arena, desk->directory, "runs");
    must(file_make_directories(directory, 0700, &desk->failure), desk);
    must(file_replace(arena_print(&desk->arena, "%s/%s.jsonl", directory, id).base, s(text), 0600,
             &desk->failure),
        desk);
}

static void runs_are_told_from_their_journals(void **state)
{
    (void)state;
    static const char journal[] =
        "{\"run\":\"run_b\",\"at\":1767700000000,\"signature\":\"x\",\"settings\":{}}\n"
        "{\"task\":0,\"is\":{\"id\":\"t-0\",\"title\":\"<b>one</b>\"}}\n"
        "{\"task\":1,\"is\":{\"id\":\"t-1\",\"title\":\"two\"}}\n"
        "{\"task\":2,\"is\":{\"id\":\"t-2\",\"title\":\"three\"}}\n"
        "{\"task\":0,\"at\":1,\"experiment\":{\"id\":\"exp_1\",\"rung\":\"haiku\",\"cost\":9}}\n"
        "{\"task\":0,\"attempting\":\"haiku\"}\n"
        "{\"task\":0,\"spend\":0.02}\n"
        "{\"task\":0,\"experiment\":{\"id\":\"exp_1\",\"rung\":\"haiku\",\"cost\":0.03}}\n"
        "{\"task\":0,\"experiment\":{\"id\":\"exp_1\",\"rung\":\"haiku\",\"cost\":0.03},"
        "\"stop\":\"accepted\",\"branch\":\"rung/t-0\"}\n"
        "{\"task\":1,\"attempting\":\"opus\",\"phase\":\"execute\"}\n"
        "{\"task\":1,\"spend\":0.5}\n"
        "{\"task\":1,\"spen"; /* being written */
    struct desk *desk = open_desk();
    desk->options.home = desk->directory;
    write_journal(desk, "run_a", "{\"run\":\"run_a\",\"at\":5}\n{\"end\":true}\n");
    write_journal(desk, "run_b", journal);
    assert_int_equal(ask(desk, "runs", NULL, "", NULL), 200);
    assert_int_equal(desk->answer.count, 2);
    struct json run = at(desk->data, 0);
    assert_slice(json_get_text(run, "id"), "run_b");
    assert_slice(json_get_text(run, "kind"), "swarm");
    assert_int_equal(whole(run, "accepted"), 1);
    assert_int_equal(whole(run, "stopped"), 2); /* nobody works on it */
    assert_slice(json_get_text(at(desk->data, 1), "stopped_because"), "finished");
    assert_int_equal(ask(desk, "run", "run_c", "", NULL), 404);
    assert_int_equal(ask(desk, "run", "../ledger", "", NULL), 404);
    assert_int_equal(ask(desk, "run", "run_b", "", NULL), 200);
    struct json tasks = json_get(desk->data, "tasks");
    assert_int_equal(json_count(tasks), 3);
    assert_slice(json_get_text(at(tasks, 0), "title"), "<b>one</b>");
    assert_slice(json_get_text(at(tasks, 0), "branch"), "rung/t-0");
    assert_slice(json_get_text(at(tasks, 1), "rung"), "opus");
    double spent = 0;
    assert_true(json_double(json_get(json_get(desk->data, "run"), "spent_usd"), &spent));
    assert_close(spent, 0.53, 1e-9);
    assert_int_equal(ask(desk, "stopRun", "run_b", "", "{\"all\":true}"), 409);
    assert_int_equal(ask(desk, "stopRun", "run_b", "", "{}"), 422);
    assert_int_equal(ask(desk, "stopRun", "run_b", "", "{\"task\":3}"), 404);
    /* with a process at work */
    const char *path = arena_print(&desk->arena, "%s/runs/run_b.jsonl", desk->directory).base;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(ask(desk, "stopRun", "run_b", "", "{\"task\":1}"), 200);
    assert_int_equal(ask(desk, "stopRun", "run_b", "", "{\"all\":true}"), 200);
    assert_int_equal(ask(desk, "run", "run_b", "", NULL), 200);
    assert_int_equal(whole(json_get(desk->data, "run"), "running"), 1);
    assert_int_equal(whole(json_get(desk->data, "run"), "queued"), 1);
    close(fd);
    struct slice wishes;
    assert_true(run_take_wishes(&desk->arena, desk->directory, s("run_b"), &wishes));
    assert_slice(wishes, "1\nall\n");
    assert_false(run_take_wishes(&desk->arena, desk->directory, s("run_b"), &wishes));
    run_forget_wishes(&desk->arena, desk->directory, s("run_b"));
    close_desk(desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_turned_by_their_cursor),
        cmocka_unit_test(an_experiment_is_told_with_its_reasons),
        cmocka_unit_test(a_summary_says_what_the_report_says),
        cmocka_unit_test(a_series_has_equal_columns),
        cmocka_unit_test(a_typed_task_is_decided),
        cmocka_unit_test(a_policy_that_changes_is_read_again),
        cmocka_unit_test(an_outcome_may_be_sent_again),
        cmocka_unit_test(what_went_wrong_is_pointed_at),
        cmocka_unit_test(another_policy_moves_recorded_tasks),
        cmocka_unit_test(runs_are_told_from_their_journals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
