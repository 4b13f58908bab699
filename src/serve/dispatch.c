/* Receives a whole request, hands it to what answers it: a file, a row of the API, the event
 * stream, or a refusal. Access is judged here, before anything else looks at the request. */
#include "api.h"
#include "assets.h"
#include "base/failure.h"
#include "server.h"

#include <stdio.h>
#include <string.h>

enum { COOKIE_BYTES = 160 };

static bool is_method(const struct connection *connection, const char *method)
{
    return strcmp(connection->reader.request.method, method) == 0;
}

static bool is_reading(const struct connection *connection)
{
    return is_method(connection, "GET") || is_method(connection, "HEAD");
}

static void refuse_access(struct connection *connection, struct access_refusal refusal)
{
    connection_refuse(connection, refusal.status, slice_from(refusal.why));
}

/* What other methods than the allowed are told, OPTIONS among them. */
static void answer_allow(struct connection *connection, struct slice allow)
{
    struct emit body = {0};
    struct answer_head head = {.status = 204, .allow = allow};
    if (!is_method(connection, "OPTIONS")) {
        head.status = 405;
        answer_write_refusal(&body, 405, NULL, slice_from("this path takes other methods"));
    }
    connection_answer(connection, head, &body);
}

/* Too much was answered that nobody takes: more would be memory without a bound. */
static bool is_full(const struct server *server)
{
    return server->unsent_bytes > SERVE_UNSENT_BYTES_MOST;
}

static void refuse_busy(struct connection *connection)
{
    connection_refuse(connection, 503, slice_from("busy; try again in a moment"));
}

/* ---- pages ---- */

static void answer_asset(struct connection *connection, const struct asset *asset)
{
    struct emit body = {0};
    if (!is_reading(connection))
        return answer_allow(connection, slice_from("GET, HEAD, OPTIONS"));
    if (is_full(connection->server))
        return refuse_busy(connection);
    emit_bytes(&body, (struct slice){asset->bytes, asset->len});
    struct answer_head head = {.status = 200,
        .media = asset->media,
        .caching = asset_is_immutable(asset) ? "public, max-age=31536000, immutable" : "no-cache"};
    connection_answer(connection, head, &body);
}

/* "/login?code=…": the one-time link, which gives the browser its session. */
static void answer_login(struct connection *connection, const struct target *target)
{
    struct access *access = &connection->server->access;
    struct emit body = {0};
    char cookie[COOKIE_BYTES];
    if (!is_method(connection, "GET"))
        return answer_allow(connection, slice_from("GET, OPTIONS"));
    struct slice code = {0};
    if (target->n_pairs == 1 && slice_is(target->pairs[0].name, "code"))
        code = target->pairs[0].value;
    if (!access_use_code(access, code))
        return connection_refuse(connection, 403,
            slice_from("this link was used, or is none; SIGHUP makes `rung serve` print another"));
    snprintf(cookie, sizeof(cookie),
        "rung_session=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000", access->session);
    struct answer_head head = {.status = 303, .location = "/", .cookie = cookie};
    connection_answer(connection, head, &body);
}

/* ---- the API ---- */

static void after_job(struct job *job)
{
    struct connection *connection = job->connection;
    struct server *server = connection->server;
    const struct serve_route *route = job->request.route;
    server->running[route - SERVE_ROUTES]--;
    if (connection->at == CONNECTION_ANSWERING && is_full(server)) {
        refuse_busy(connection); /* it was not when this began */
    } else if (connection->at == CONNECTION_ANSWERING) {
        struct serve_answer *answer = &job->answer;
        struct answer_head head = {.status = answer->status,
            .media = answer->status < 400 ? route->media : NULL,
            .retry_after_s = answer->retry_after_s};
        connection_answer(connection, head, &job->body);
    }
    job_free(job);
    connection_end_job(connection);
}

/* NULL: the body is as the row wants it. */
static const char *body_problem(
    const struct serve_route *route, const struct request *request, int *status)
{
    static const char JSON[] = "application/json";
    struct slice media = request->headers[REQUEST_CONTENT_TYPE];
    media = slice_trim(slice_sub(media, 0, slice_find_byte(media, ';')));
    size_t most = route->body_most ? route->body_most : SERVE_BODY_BYTES_MOST;
    *status = 400;
    if (!route->body_schema)
        return request->body.len ? "no body is taken here" : NULL;
    *status = 415;
    if (!slice_is_caseless(media, JSON))
        return "the body wants Content-Type: application/json";
    *status = 413;
    return request->body.len > most ? "the body is too large" : NULL;
}

static void start_job(struct connection *connection, const struct serve_route *route,
    const struct serve_value *params)
{
    struct server *server = connection->server;
    unsigned *running = &server->running[route - SERVE_ROUTES];
    if ((route->at_once && *running >= route->at_once) || is_full(server))
        return refuse_busy(connection);
    struct job *job = job_make(&server->workers, connection, &connection->arena);
    job->request.route = route;
    job->request.params = params;
    job->request.body = connection->reader.request.body;
    job->done = after_job;
    ++*running;
    connection->has_job = true;
    connection->at = CONNECTION_ANSWERING;
    job_start(&server->loop, job);
}

static void start_stream(struct connection *connection, const struct serve_value *last_id)
{
    struct server *server = connection->server;
    struct slice id = connection->reader.request.headers[REQUEST_LAST_EVENT_ID];
    if (server->is_ending || server->n_listeners >= SERVE_LISTENERS_MOST)
        return connection_refuse(connection, 503, slice_from("too many listen already"));
    if (is_method(connection, "HEAD")) {
        struct emit body = {0};
        struct answer_head head = {.status = 200, .media = "text/event-stream", .streams = true};
        return connection_answer(connection, head, &body);
    }
    connection_begin_stream(connection);
    /* A browser that comes back says it in the header; its address is still the first one. */
    events_join(server->events, connection, id.len ? id : last_id->text);
}

static void answer_route(
    struct connection *connection, const struct serve_route *route, const struct target *target)
{
    const struct request *request = &connection->reader.request;
    struct failure failure = {0};
    const struct serve_value *params;
    int status;
    connection->route = route;
    struct access_refusal refusal =
        access_check_right(&connection->server->access, request, route->writes);
    if (refusal.status)
        return refuse_access(connection, refusal);
    if (!routes_read_params(route, &connection->arena, target, &params, &failure))
        return connection_refuse(connection, 400, slice_from(failure.text));
    const char *problem = body_problem(route, request, &status);
    if (problem)
        return connection_refuse(connection, status, slice_from(problem));
    if (route->streams)
        return start_stream(connection, &params[EVENTS_LAST_ID]);
    start_job(connection, route, params);
}

static void answer_target(struct connection *connection, const struct target *target)
{
    const struct request *request = &connection->reader.request;
    const struct serve_route *route;
    struct slice allow;
    if (slice_is(target->path, "/login"))
        return answer_login(connection, target);
    const struct asset *asset = assets_find(target->path);
    struct access_refusal refusal = access_check_right(&connection->server->access, request, false);
    if (refusal.status)
        return refuse_access(connection, refusal);
    if (asset)
        return answer_asset(connection, asset);
    switch (routes_find(SERVE_ROUTES, SERVE_ROUTES_COUNT, &connection->arena, request->method,
        target, &route, &allow)) {
    case ROUTES_NONE:
        return connection_refuse(connection, 404, slice_from("there is nothing at this path"));
    case ROUTES_OTHER_METHOD:
        return answer_allow(connection, allow);
    case ROUTES_FOUND:
        return answer_route(connection, route, target);
    }
}

void dispatch_request(struct connection *connection)
{
    const struct request *request = &connection->reader.request;
    struct target target;
    struct failure failure = {0};
    if (slice_is(request->target, "*") && is_method(connection, "OPTIONS"))
        return answer_allow(connection, slice_from("GET, HEAD, POST, OPTIONS"));
    if (!target_parse(&connection->arena, request->target, &target, &failure))
        return connection_refuse(connection, 400, slice_from(failure.text));
    struct access_refusal refusal =
        access_check_place(&connection->server->access, request, target.authority);
    if (refusal.status)
        return refuse_access(connection, refusal);
    answer_target(connection, &target);
}
