/* Receives options, hands a listening socket to the loop and stays until it is told to end. */
#include "serve.h"

#include "base/clock.h"
#include "base/log.h"
#include "metrics.h"
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BACKLOG = 511, HOST_BYTES = 128, PORT_MOST = 65535 };

/* ---- where to listen ---- */

/* "HOST:PORT", "[::1]:PORT", "HOST", ":PORT". */
static bool parse_listen(
    const char *text, char host[HOST_BYTES], int *port, struct failure *failure)
{
    struct slice whole = slice_from(text), digits = {0}, name = whole;
    const char *colon = strrchr(text, ':'), *bracket = strrchr(text, ']');
    int64_t number = SERVE_PORT;
    if (colon && (!bracket || colon > bracket)) {
        name = slice_sub(whole, 0, (size_t)(colon - text));
        digits = slice_from(colon + 1);
        if (!slice_to_int64(digits, &number) || number < 0 || number > PORT_MOST)
            return failure_set(failure, "--listen %s: the port is a number from 0 to 65535", text);
    }
    if (slice_starts(name, "[") && slice_ends(name, "]"))
        name = slice_sub(name, 1, name.len - 1);
    if (name.len == 0 || slice_is(name, "localhost"))
        name = slice_from("127.0.0.1");
    if (name.len >= HOST_BYTES)
        return failure_set(failure, "--listen %s: the host is too long", text);
    snprintf(host, HOST_BYTES, "%.*s", SLICE_ARG(name));
    *port = (int)number;
    return true;
}

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

static bool read_address(
    const char *host, int port, union address *address, struct failure *failure)
{
    if (uv_ip4_addr(host, port, &address->four) == 0 || uv_ip6_addr(host, port, &address->six) == 0)
        return true;
    return failure_set(
        failure, "--listen wants a numeric address such as 127.0.0.1 or ::1, not %s", host);
}

static bool is_loopback(const union address *address)
{
    static const unsigned char SIX[16] = {[15] = 1};
    if (address->any.sa_family == AF_INET)
        return (ntohl(address->four.sin_addr.s_addr) >> 24) == 127;
    return memcmp(&address->six.sin6_addr, SIX, sizeof(SIX)) == 0;
}

static bool fail_uv(struct failure *failure, const char *what, int err)
{
    return failure_set(failure, "%s: %s", what, uv_strerror(err));
}

static bool listen_at(struct server *server, const union address *address, struct failure *failure)
{
    union address bound;
    int len = sizeof(bound);
    uv_tcp_init(&server->loop, &server->listener);
    server->listener.data = server;
    int err = uv_tcp_bind(&server->listener, &address->any, 0);
    if (err == 0)
        err = uv_listen((uv_stream_t *)&server->listener, BACKLOG, connection_accept);
    if (err == 0)
        err = uv_tcp_getsockname(&server->listener, &bound.any, &len);
    if (err != 0)
        return failure_set(
            failure, "cannot listen on %s: %s", server->place.options->listen, uv_strerror(err));
    bool is_four = bound.any.sa_family == AF_INET;
    server->access.port = ntohs(is_four ? bound.four.sin_port : bound.six.sin6_port);
    return true;
}

static bool open_access(
    struct server *server, const union address *address, const char *host, struct failure *failure)
{
    const struct serve_options *options = server->place.options;
    struct access *access = &server->access;
    bool is_open = !is_loopback(address);
    access->is_private = !is_open && !options->names[0];
    access->names = options->names;
    bool is_four = address->any.sa_family == AF_INET;
    snprintf(access->host, sizeof(access->host), is_four ? "%s" : "[%s]", host);
    if (is_open && !options->token_must_exist)
        return failure_set(failure,
            "on %s others could connect: that wants a token that you chose, with --token-file "
            "FILE (mode 600)",
            options->listen);
    return access_load_token(access, options->token_path, options->token_must_exist, failure);
}

/* ---- what is said ---- */

/* The one line on standard output, with a fresh one-time link. */
static void print_link(struct server *server)
{
    struct access *access = &server->access;
    access_make_code(access);
    printf("rung serve: http://%s:%d/login?code=%s\n", access->host, access->port, access->code);
    fflush(stdout);
    if (access->names[0])
        log_note("through the proxy: https://%s/login with the same code", access->names[0]);
}

static void say_access(const struct server *server)
{
    const struct access *access = &server->access;
    log_note("the token for programs is in %s; the link gives a browser a session, once",
        server->place.options->token_path);
    if (access->is_private)
        return;
    log_warning("what is sent here is not encrypted; put TLS in front of it: listen on 127.0.0.1 "
                "with --name HOST and let `caddy reverse-proxy --from HOST --to 127.0.0.1:%d`, or "
                "nginx's `proxy_pass http://127.0.0.1:%d; proxy_set_header Host $host;`, do it",
        access->port, access->port);
}

/* ---- the loop ---- */

static void after_walk(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* Stops listening at once, and all else when what is under way was answered. */
static void begin_end(struct server *server)
{
    server->is_ending = true;
    server->end_at_ms = uv_now(&server->loop) + SERVE_END_WAIT_MS;
    uv_close((uv_handle_t *)&server->listener, NULL);
    events_stop(server->events);
    connection_check_all(server);
}

static void end_when_done(struct server *server)
{
    if (server->connections && uv_now(&server->loop) < server->end_at_ms)
        return;
    while (server->connections)
        connection_close(server->connections);
    uv_close((uv_handle_t *)&server->tick, NULL);
    uv_close((uv_handle_t *)&server->terminate, NULL);
    uv_close((uv_handle_t *)&server->interrupt, NULL);
    uv_close((uv_handle_t *)&server->hangup, NULL);
}

static void on_tick(uv_timer_t *timer)
{
    struct server *server = timer->data;
    connection_check_all(server);
    metrics_set_connections(server->place.metrics, server->n_connections, server->n_listeners);
    if (server->is_ending)
        end_when_done(server);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct server *server = signal->data;
    if (number == SIGHUP)
        print_link(server);
    else if (!server->is_ending)
        begin_end(server);
}

static void watch_signal(struct server *server, uv_signal_t *signal, int number)
{
    uv_signal_init(&server->loop, signal);
    signal->data = server;
    uv_signal_start(signal, on_signal, number);
}

static void start_watching(struct server *server)
{
    watch_signal(server, &server->terminate, SIGTERM);
    watch_signal(server, &server->interrupt, SIGINT);
    watch_signal(server, &server->hangup, SIGHUP);
    uv_timer_init(&server->loop, &server->tick);
    server->tick.data = server;
    uv_timer_start(&server->tick, on_tick, SERVER_TICK_MS, SERVER_TICK_MS);
}

static bool begin(struct server *server, struct failure *failure)
{
    char host[HOST_BYTES];
    int port = SERVE_PORT;
    union address address = {0};
    return parse_listen(server->place.options->listen, host, &port, failure) &&
           read_address(host, port, &address, failure) &&
           open_access(server, &address, host, failure) && events_begin(server, failure) &&
           listen_at(server, &address, failure);
}

static void end(struct server *server)
{
    uv_walk(&server->loop, after_walk, NULL);
    uv_run(&server->loop, UV_RUN_DEFAULT);
    uv_loop_close(&server->loop);
    workers_end(&server->workers);
    events_free(server->events);
    metrics_free(server->place.metrics);
    cache_free(server->place.cache);
    free(server->running);
    free(server);
}

bool serve_run(const struct serve_options *options, struct failure *failure)
{
    struct server *server = memory_take(sizeof(*server));
    *server = (struct server){.place = {.options = options,
                                  .started_ms = clock_now_ms(),
                                  .metrics = metrics_make(),
                                  .cache = cache_make()}};
    server->running = memory_take(SERVE_ROUTES_COUNT * sizeof(*server->running));
    memset(server->running, 0, SERVE_ROUTES_COUNT * sizeof(*server->running));
    int err = uv_loop_init(&server->loop);
    if (err != 0 || !workers_begin(&server->workers, &server->place, failure)) {
        metrics_free(server->place.metrics);
        cache_free(server->place.cache);
        free(server->running);
        free(server);
        return err == 0 ? false : fail_uv(failure, "cannot make an event loop", err);
    }
    server->place.ledger_stamp = serve_state_stamp(options->ledger_path);
    bool done = begin(server, failure);
    if (done) {
        start_watching(server);
        print_link(server);
        say_access(server);
        uv_run(&server->loop, UV_RUN_DEFAULT);
    }
    end(server);
    return done;
}
