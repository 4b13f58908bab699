/* The serve room without sockets: requests byte by byte, targets, rows and parameters, access,
 * the envelope. */
#include "unit.h"

#include "base/arena.h"
#include "serve/access.h"
#include "serve/answer.h"
#include "serve/feed.h"
#include "serve/request.h"
#include "serve/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- requests ---- */

/* Reads `text` in pieces of `step` bytes; the last step's answer. */
static enum reader_step read_in_steps(
    struct request_reader *reader, const char *text, size_t step, struct slice *rest)
{
    struct slice all = slice_from(text);
    enum reader_step said = READER_MORE;
    request_reader_begin(reader);
    while (all.len && said != READER_DONE && said != READER_REFUSED) {
        struct slice piece = slice_sub(all, 0, step);
        size_t before = piece.len;
        said = request_reader_take(reader, &piece);
        all = slice_sub(all, before - piece.len, all.len);
    }
    *rest = all;
    return said;
}

static void requests_are_read_in_any_pieces(void **state)
{
    (void)state;
    struct request_reader reader = {0};
    struct slice rest;
    for (size_t step = 1; step < 200; step++) {
        enum reader_step said = read_in_steps(&reader,
            "\r\nPOST /a?b=c HTTP/1.1\r\nhOST:  here:1 \r\nX-Other: y\r\nContent-Type: "
            "application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
            "GET / HTTP/1.1\r\n",
            step, &rest);
        assert_int_equal(said, READER_DONE);
        assert_string_equal(reader.request.method, "POST");
        assert_slice(reader.request.target, "/a?b=c");
        assert_slice(reader.request.headers[REQUEST_HOST], "here:1");
        assert_slice(reader.request.headers[REQUEST_CONTENT_TYPE], "application/json");
        assert_null(reader.request.headers[REQUEST_ORIGIN].base);
        assert_slice(reader.request.body, "abcde");
        assert_slice(rest, "GET / HTTP/1.1\r\n");
        assert_true(reader.request.keeps_alive);
    }
    request_reader_free(&reader);
}

static void ambiguous_requests_are_refused(void **state)
{
    (void)state;
    static const char *const REFUSED[] = {
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    };
    struct request_reader reader = {0};
    struct slice rest;
    for (size_t i = 0; i < sizeof(REFUSED) / sizeof(REFUSED[0]); i++)
        for (size_t step = 1; step < 100; step += 7) {
            assert_int_equal(read_in_steps(&reader, REFUSED[i], step, &rest), READER_REFUSED);
            assert_int_equal(reader.status, 400);
            assert_non_null(reader.why);
        }
    request_reader_free(&reader);
}

static void heads_and_bodies_are_bounded(void **state)
{
    (void)state;
    struct request_reader reader = {0};
    struct slice rest;
    char *text = malloc(SERVE_HEAD_BYTES_MOST + 100);
    int n = sprintf(text, "GET /%0*d HTTP/1.1\r\nHost: a\r\n\r\n", SERVE_TARGET_BYTES_MOST, 0);
    assert_true(n > 0);
    assert_int_equal(read_in_steps(&reader, text, 1000, &rest), READER_REFUSED);
    assert_int_equal(reader.status, 414);
    n = sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\nX: %0*d\r\n\r\n", SERVE_HEAD_BYTES_MOST, 0);
    assert_int_equal(read_in_steps(&reader, text, 1000, &rest), READER_REFUSED);
    assert_int_equal(reader.status, 431);
    sprintf(text, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
        SERVE_BODY_BYTES_MOST + 1);
    assert_int_equal(read_in_steps(&reader, text, 1000, &rest), READER_REFUSED);
    assert_int_equal(reader.status, 413);
    free(text);
    request_reader_free(&reader);
}

/* ---- targets, rows, parameters ---- */

static const struct serve_param PARAMS[] = {
    {"id", SERVE_PATH, SERVE_TEXT, NULL, 0, 20, true, "an id", NULL},
    {"limit", SERVE_QUERY, SERVE_WHOLE, NULL, 1, 200, false, "rows", NULL},
    {"order", SERVE_QUERY, SERVE_CHOICE, "newest|oldest", 0, 0, false, "order", NULL},
    {"since", SERVE_QUERY, SERVE_TIME_MS, NULL, 0, 0, false, "since", NULL},
    {"live", SERVE_QUERY, SERVE_BOOL, NULL, 0, 0, false, "live", NULL},
    {"share", SERVE_QUERY, SERVE_NUMBER, NULL, 0, 1, false, "share", NULL},
};
static const struct serve_route ROWS[] = {
    {.method = "GET", .path = "/things/{id}", .params = PARAMS, .n_params = 6},
    {.method = "POST", .path = "/things/{id}/stop", .params = PARAMS, .n_params = 1},
    {.method = "GET", .path = "/things"},
    {.method = "POST", .path = "/things"},
};

static enum routes_found find(
    struct arena *arena, const char *method, const char *text, const struct serve_route **route)
{
    struct target target;
    struct slice allow;
    struct failure failure;
    assert_true(target_parse(arena, slice_from(text), &target, &failure));
    enum routes_found found = routes_find(ROWS, 4, arena, method, &target, route, &allow);
    if (found == ROUTES_OTHER_METHOD)
        assert_slice(allow, slice_is(slice_sub(target.path, 0, SIZE_MAX), "/things")
                                ? "GET, HEAD, POST, OPTIONS"
                                : "POST, OPTIONS");
    return found;
}

static void rows_are_found_by_method_and_path(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct serve_route *route;
    assert_int_equal(find(&arena, "GET", "/things/7", &route), ROUTES_FOUND);
    assert_ptr_equal(route, &ROWS[0]);
    assert_int_equal(find(&arena, "HEAD", "/things/a%2Fb?x", &route), ROUTES_FOUND);
    assert_ptr_equal(route, &ROWS[0]);
    assert_int_equal(find(&arena, "POST", "/things/7/stop", &route), ROUTES_FOUND);
    assert_ptr_equal(route, &ROWS[1]);
    assert_int_equal(find(&arena, "POST", "/things", &route), ROUTES_FOUND);
    assert_ptr_equal(route, &ROWS[3]);
    assert_int_equal(find(&arena, "DELETE", "/things", &route), ROUTES_OTHER_METHOD);
    assert_int_equal(find(&arena, "GET", "/things/7/stop", &route), ROUTES_OTHER_METHOD);
    assert_int_equal(find(&arena, "GET", "/things/", &route), ROUTES_NONE);
    assert_int_equal(find(&arena, "GET", "/", &route), ROUTES_NONE);
    assert_int_equal(find(&arena, "GET", "/things/7/stop/now", &route), ROUTES_NONE);
    arena_free(&arena);
}

static bool read_params(struct arena *arena, const char *text, const struct serve_value **values,
    struct failure *failure)
{
    struct target target;
    return target_parse(arena, slice_from(text), &target, failure) &&
           routes_read_params(&ROWS[0], arena, &target, values, failure);
}

static void parameters_are_what_their_row_says(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct failure failure;
    const struct serve_value *values;
    assert_true(read_params(&arena,
        "/things/a%20b?limit=200&order=oldest&since=2026-11-22&live=true&share=0.5", &values,
        &failure));
    assert_slice(values[0].text, "a b");
    assert_int_equal(values[1].whole, 200);
    assert_int_equal(values[2].whole, 1);
    assert_int_equal(values[3].whole, 1795305600000);
    assert_true(values[4].truth);
    assert_close(values[5].number, 0.5, 0);
    static const char *const BAD[][2] = {
        {"/things/a?limit=0", "limit wants a number from 1 to 200"},
        {"/things/a?limit=1.5", "limit wants a whole number"},
        {"/things/a?limit=", "limit wants a whole number"},
        {"/things/a?order=best", "order wants one of newest|oldest"},
        {"/things/a?since=soon", "since wants a date"},
        {"/things/a?live=1", "live wants true or false"},
        {"/things/a?share=nan", "share wants a number"},
        {"/things/a?share=2", "share wants a number from 0 to 1"},
        {"/things/a?limit=1&limit=2", "limit is given twice"},
        {"/things/a?id=b", "takes no parameter \"id\""},
        {"/things/a?x=b", "takes no parameter \"x\""},
        {"/things/123456789012345678901", "id wants 20 characters at most"},
        {"/things/%ff", "not well-formed UTF-8"},
        {"/things/%1", "broken %-escape"},
        {"/things/%0a", "control character"},
        {"things", "does not begin with a slash"},
    };
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        assert_false(read_params(&arena, BAD[i][0], &values, &failure));
        if (!strstr(failure.text, BAD[i][1]))
            fail_msg("%s: \"%s\"", BAD[i][0], failure.text);
    }
    arena_free(&arena);
}

/* ---- access ---- */

static struct request asked(const char *host, const char *origin)
{
    struct request request = {.method = "POST", .target = slice_from("/")};
    request.headers[REQUEST_HOST] = slice_from(host);
    if (origin)
        request.headers[REQUEST_ORIGIN] = slice_from(origin);
    return request;
}

static int place_of(const struct access *access, const char *host, const char *origin)
{
    struct request request = asked(host, origin);
    return access_check_place(access, &request, (struct slice){0}).status;
}

static void requests_come_from_here(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"rung.example", NULL};
    struct access access = {.host = "127.0.0.1", .port = 7864, .names = NAMES};
    assert_int_equal(place_of(&access, "127.0.0.1:7864", NULL), 0);
    assert_int_equal(place_of(&access, "LOCALHOST:7864", "http://localhost:7864"), 0);
    assert_int_equal(place_of(&access, "rung.example", "https://rung.example"), 0);
    assert_int_equal(place_of(&access, "localhost", NULL), 421);
    assert_int_equal(place_of(&access, "evil:7864", NULL), 421);
    assert_int_equal(place_of(&access, "", NULL), 421);
    assert_int_equal(place_of(&access, "localhost:7864", "http://127.0.0.1:7864"), 403);
    assert_int_equal(place_of(&access, "localhost:7864", "null"), 403);
    assert_int_equal(place_of(&access, "localhost:7864", ""), 403);
}

static void writing_wants_the_token_or_the_page(void **state)
{
    (void)state;
    struct access access = {.token = "0123456789", .session = "abcdef", .is_private = true};
    struct request request = asked("localhost", "http://localhost");
    assert_int_equal(access_check_right(&access, &request, false).status, 0);
    assert_int_equal(access_check_right(&access, &request, true).status, 401);
    request.headers[REQUEST_AUTHORIZATION] = slice_from("bearer 0123456789");
    assert_int_equal(access_check_right(&access, &request, true).status, 0);
    request.headers[REQUEST_AUTHORIZATION] = slice_from("Bearer 012345678");
    assert_int_equal(access_check_right(&access, &request, true).status, 401);
    request.headers[REQUEST_AUTHORIZATION] = slice_from("Bearer 01234567890");
    assert_int_equal(access_check_right(&access, &request, true).status, 401);
    request.headers[REQUEST_COOKIE] = slice_from("a=b; rung_session=abcdef");
    assert_int_equal(access_check_right(&access, &request, true).status, 403);
    request.headers[REQUEST_RUNG] = slice_from("1");
    assert_int_equal(access_check_right(&access, &request, true).status, 0);
    request.headers[REQUEST_ORIGIN] = (struct slice){0};
    assert_int_equal(access_check_right(&access, &request, true).status, 403);
    access.is_private = false;
    assert_int_equal(access_check_right(&access, &request, false).status, 0);
    request.headers[REQUEST_COOKIE] = slice_from("rung_session=");
    access.session[0] = 0; /* no secret is no way in */
    assert_int_equal(access_check_right(&access, &request, false).status, 401);
}

static void codes_are_good_once(void **state)
{
    (void)state;
    struct access access = {0};
    char code[ACCESS_SECRET_BYTES];
    assert_false(access_use_code(&access, slice_from("")));
    access_make_code(&access);
    memcpy(code, access.code, sizeof(code));
    assert_int_equal(strlen(code), ACCESS_SECRET_BYTES - 1);
    assert_false(access_use_code(&access, slice_from("guess")));
    assert_true(access_use_code(&access, slice_from(code)));
    assert_false(access_use_code(&access, slice_from(code)));
    assert_false(access_use_code(&access, slice_from("")));
}

static void tokens_are_made_once_and_kept(void **state)
{
    (void)state;
    char directory[] = "/tmp/rung-test-XXXXXX", path[64];
    struct access first = {0}, second = {0};
    struct failure failure;
    struct stat about;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/token", directory);
    assert_false(access_load_token(&first, path, true, &failure));
    assert_true(access_load_token(&first, path, false, &failure));
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_true(access_load_token(&second, path, true, &failure));
    assert_string_equal(first.token, second.token);
    assert_string_equal(first.session, second.session);
    assert_string_not_equal(first.session, first.token);
    assert_int_equal(chmod(path, 0640), 0);
    assert_false(access_load_token(&second, path, false, &failure));
    assert_non_null(strstr(failure.text, "chmod 600"));
    unlink(path);
    rmdir(directory);
}

/* ---- the envelope ---- */

static void answers_have_one_envelope(void **state)
{
    (void)state;
    struct emit out = {0};
    answer_write_success(&out, slice_from("[1]"), 1, slice_from("c"));
    assert_slice(emit_slice(&out), "{\"success\":true,\"data\":[1],\"count\":1,\"next\":\"c\"}\n");
    emit_clear(&out);
    answer_write_success(&out, (struct slice){0}, 0, (struct slice){0});
    assert_slice(emit_slice(&out), "{\"success\":true,\"data\":null,\"count\":0,\"next\":null}\n");
    emit_clear(&out);
    answer_write_refusal(&out, 404, NULL, slice_from("no <x>"));
    assert_slice(
        emit_slice(&out), "{\"success\":false,\"error\":\"not-found\",\"message\":\"no <x>\"}\n");
    emit_free(&out);
}

/* ---- places in the event stream ---- */

static void places_are_read_back(void **state)
{
    (void)state;
    static const char *const GOOD[] = {"0;0", "12;1795369576407",
        "9223372036854775807;1;run_mws4owfe_x6d0p:0;run_a-b:9223372036854775807"};
    static const char *const BAD[] = {"", "1", "1;", ";1", "-1;1", "1;-1", "x;1", "1;2;", "1;2;a",
        "1;2;a:", "1;2;a:-1", "1;2;../a:1", "1;2;a.b:1", "1;2;:1", "1;2;a b:1",
        "1;2;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:1"};
    struct feed_place place;
    struct emit out = {0};
    for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
        assert_true(feed_parse_place(slice_from(GOOD[i]), &place));
        emit_clear(&out);
        feed_write_place(&out, &place);
        assert_slice(emit_slice(&out), GOOD[i]);
    }
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
        if (feed_parse_place(slice_from(BAD[i]), &place))
            fail_msg("\"%s\" is taken for a place", BAD[i]);
    emit_clear(&out);
    emit_bytes(&out, slice_from("1;2"));
    for (int i = 0; i <= FEED_RUNS_MOST; i++)
        emit_bytes(&out, slice_from(";a:1"));
    assert_false(feed_parse_place(emit_slice(&out), &place)); /* one more than are followed */
    emit_free(&out);
}

static void an_event_is_one_line_of_data(void **state)
{
    (void)state;
    struct feed_place place = {.seq = 7, .at_ms = 8};
    struct emit out = {0};
    feed_write_event(&out, "experiment", &place, slice_from("{\n\"a\":\r\n1}"));
    assert_slice(emit_slice(&out), "event: experiment\nid: 7;8\ndata: {\"a\":1}\n\n");
    emit_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read_in_any_pieces),
        cmocka_unit_test(ambiguous_requests_are_refused),
        cmocka_unit_test(heads_and_bodies_are_bounded),
        cmocka_unit_test(rows_are_found_by_method_and_path),
        cmocka_unit_test(parameters_are_what_their_row_says),
        cmocka_unit_test(requests_come_from_here),
        cmocka_unit_test(writing_wants_the_token_or_the_page),
        cmocka_unit_test(codes_are_good_once),
        cmocka_unit_test(tokens_are_made_once_and_kept),
        cmocka_unit_test(answers_have_one_envelope),
        cmocka_unit_test(places_are_read_back),
        cmocka_unit_test(an_event_is_one_line_of_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
