/* Receives sockets, hands whole requests to dispatch and sends what it is given. Refuses to wait
 * for anyone without an end, or to keep more than is allowed. */
#include "metrics.h"
#include "server.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINGER_MS = 2000,
    THROWN_AWAY_BYTES_MOST = 1 << 20,
    CONNECTIONS_BEYOND = 32, /* that are told that the server is full */
};

static void go_on(struct connection *connection, struct slice bytes);

/* ---- the list ---- */

static void link_connection(struct server *server, struct connection *connection)
{
    connection->next = server->connections;
    if (server->connections)
        server->connections->previous = connection;
    server->connections = connection;
    server->n_connections++;
}

static void unlink_connection(struct connection *connection)
{
    struct server *server = connection->server;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    server->n_connections--;
}

static void set_counted_body(struct connection *connection, size_t bytes)
{
    connection->server->bodies_bytes += bytes - connection->counted_body;
    connection->counted_body = bytes;
}

/* ---- ending ---- */

static void free_when_over(struct connection *connection)
{
    if (!connection->is_over || connection->has_job)
        return;
    set_counted_body(connection, 0);
    request_reader_free(&connection->reader);
    arena_free(&connection->arena);
    free(connection->waiting);
    free(connection);
}

static void after_close(uv_handle_t *handle)
{
    struct connection *connection = (struct connection *)handle;
    connection->is_over = true;
    free_when_over(connection);
}

void connection_close(struct connection *connection)
{
    if (connection->at == CONNECTION_CLOSED)
        return;
    connection->at = CONNECTION_CLOSED;
    if (connection->listener)
        events_leave(connection->listener);
    unlink_connection(connection);
    uv_close((uv_handle_t *)&connection->socket, after_close);
}

void connection_end_job(struct connection *connection)
{
    connection->has_job = false;
    free_when_over(connection);
}

/* ---- reading ---- */

static void give_chunk(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct server *server = ((struct connection *)handle)->server;
    *buffer = uv_buf_init(server->chunk, SERVER_CHUNK_BYTES);
}

/* What is not to be heard: of a listener, or of a request that was refused. */
static void throw_away(struct connection *connection, size_t n)
{
    connection->thrown_away += n;
    if (connection->thrown_away > THROWN_AWAY_BYTES_MOST)
        connection_close(connection);
}

static void after_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct connection *connection = (struct connection *)stream;
    if (n < 0)
        connection_close(connection);
    else if (n > 0 && connection->at == CONNECTION_READING)
        go_on(connection, (struct slice){buffer->base, (size_t)n});
    else if (n > 0)
        throw_away(connection, (size_t)n);
}

static void start_reading(struct connection *connection)
{
    int err = uv_read_start((uv_stream_t *)&connection->socket, give_chunk, after_read);
    if (err != 0 && err != UV_EALREADY)
        connection_close(connection);
}

static void stop_reading(struct connection *connection)
{
    uv_read_stop((uv_stream_t *)&connection->socket);
}

static void keep_waiting(struct connection *connection, struct slice bytes)
{
    assert(!connection->waiting);
    if (bytes.len == 0)
        return;
    connection->waiting = memory_take(bytes.len);
    connection->waiting_len = bytes.len;
    memcpy(connection->waiting, bytes.base, bytes.len);
}

/* Bodies of all connections share one bound. */
static bool body_fits(struct connection *connection)
{
    set_counted_body(connection, connection->reader.body_room);
    return connection->server->bodies_bytes <= SERVE_BODIES_BYTES_MOST;
}

static void say_continue(struct connection *connection)
{
    char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    uv_buf_t buffer = uv_buf_init(line, sizeof(line) - 1);
    if (connection->reader.request.headers[REQUEST_EXPECT].base)
        uv_try_write((uv_stream_t *)&connection->socket, &buffer, 1);
}

static void begin_request(struct connection *connection)
{
    request_reader_begin(&connection->reader);
    arena_free(&connection->arena);
    set_counted_body(connection, 0);
    connection->at = CONNECTION_READING;
    connection->route = NULL;
    connection->asked_ns = 0;
    connection->since_ms = uv_now(&connection->server->loop);
}

/* Reads requests out of the bytes until one is whole; its answer goes on with the rest. */
static void go_on(struct connection *connection, struct slice bytes)
{
    struct request_reader *reader = &connection->reader;
    while (bytes.len > 0) {
        if (!request_reader_is_begun(reader))
            connection->since_ms = uv_now(&connection->server->loop);
        switch (request_reader_take(reader, &bytes)) {
        case READER_MORE:
        case READER_HEAD:
            if (!body_fits(connection))
                return connection_refuse(connection, 503, slice_from("too many large bodies"));
            if (reader->head_is_whole && bytes.len == 0)
                say_continue(connection);
            break;
        case READER_DONE:
            stop_reading(connection);
            keep_waiting(connection, bytes);
            connection->asked_ns = uv_hrtime();
            return dispatch_request(connection);
        case READER_REFUSED:
            return connection_refuse(connection, reader->status, slice_from(reader->why));
        }
    }
    start_reading(connection);
}

static void go_on_with_waiting(struct connection *connection)
{
    char *bytes = connection->waiting;
    size_t len = connection->waiting_len;
    connection->waiting = NULL;
    connection->waiting_len = 0;
    go_on(connection, (struct slice){bytes, len});
    free(bytes);
}

/* ---- sending ---- */

struct sending {
    uv_write_t write;
    struct connection *connection;
    struct emit head, body;
    size_t n_bytes;
};

static void begin_lingering(struct connection *connection)
{
    connection->at = CONNECTION_LINGERING;
    connection->since_ms = uv_now(&connection->server->loop);
    start_reading(connection);
}

static void after_shutdown(uv_shutdown_t *shutdown, int status)
{
    struct connection *connection = shutdown->data;
    free(shutdown);
    if (connection->at == CONNECTION_CLOSED)
        return;
    if (status == 0)
        begin_lingering(connection);
    else
        connection_close(connection);
}

/* Half closes it: a client that still sends could otherwise lose the answer to a reset. */
static void end_connection(struct connection *connection)
{
    uv_shutdown_t *shutdown = memory_take(sizeof(*shutdown));
    shutdown->data = connection;
    if (uv_shutdown(shutdown, (uv_stream_t *)&connection->socket, after_shutdown) != 0) {
        free(shutdown);
        connection_close(connection);
    }
}

static void after_sending(uv_write_t *write, int status)
{
    struct sending *sending = write->data;
    struct connection *connection = sending->connection;
    connection->server->unsent_bytes -= sending->n_bytes;
    emit_free(&sending->head);
    emit_free(&sending->body);
    free(sending);
    if (connection->at == CONNECTION_CLOSED)
        return;
    if (status != 0)
        return connection_close(connection);
    if (connection->ends_after)
        return end_connection(connection);
    begin_request(connection);
    go_on_with_waiting(connection);
}

/* 0 where the request was refused before it was whole. */
static double seconds_since(uint64_t asked_ns)
{
    return asked_ns ? (double)(uv_hrtime() - asked_ns) / 1e9 : 0;
}

void connection_answer(struct connection *connection, struct answer_head head, struct emit *body)
{
    struct server *server = connection->server;
    struct sending *sending = memory_take(sizeof(*sending));
    const char *method = connection->reader.request.method;
    bool is_head = method && strcmp(method, "HEAD") == 0;
    *sending = (struct sending){.connection = connection, .body = *body};
    *body = (struct emit){0};
    connection->ends_after =
        connection->ends_after || server->is_ending || !connection->reader.request.keeps_alive;
    head.keeps_alive = !connection->ends_after;
    head.length = sending->body.len;
    answer_write_head(&sending->head, &head);
    uv_buf_t buffers[] = {uv_buf_init(sending->head.bytes, (unsigned)sending->head.len),
        uv_buf_init(sending->body.bytes, (unsigned)sending->body.len)};
    unsigned n_buffers = is_head || sending->body.len == 0 ? 1 : 2;
    sending->write.data = sending;
    sending->n_bytes = sending->head.len + sending->body.len;
    server->unsent_bytes += sending->n_bytes;
    connection->at = CONNECTION_SENDING;
    connection->since_ms = uv_now(&server->loop);
    metrics_count_answer(
        server->place.metrics, connection->route, head.status, seconds_since(connection->asked_ns));
    uv_stream_t *stream = (uv_stream_t *)&connection->socket;
    if (uv_write(&sending->write, stream, buffers, n_buffers, after_sending) != 0) {
        server->unsent_bytes -= sending->n_bytes;
        emit_free(&sending->head);
        emit_free(&sending->body);
        free(sending);
        connection_close(connection);
    }
}

void connection_begin_stream(struct connection *connection)
{
    connection->at = CONNECTION_STREAMING;
    connection->since_ms = uv_now(&connection->server->loop);
    start_reading(connection);
}

void connection_refuse(struct connection *connection, int status, struct slice message)
{
    struct emit body = {0};
    bool cannot_go_on = connection->at == CONNECTION_READING && !connection->reader.is_whole;
    stop_reading(connection);
    connection->ends_after = connection->ends_after || cannot_go_on;
    answer_write_refusal(&body, status, NULL, message);
    struct answer_head head = {.status = status, .retry_after_s = status == 503 ? 1 : 0};
    connection_answer(connection, head, &body);
}

/* ---- accepting ---- */

/* The connection that has waited longest without asking anything, or NULL. */
static struct connection *find_idlest(struct server *server)
{
    struct connection *idlest = NULL;
    for (struct connection *c = server->connections; c; c = c->next)
        if (c->at == CONNECTION_LINGERING ||
            (c->at == CONNECTION_READING && !c->reader.head_is_whole))
            if (!idlest || c->since_ms <= idlest->since_ms)
                idlest = c;
    return idlest;
}

void connection_accept(uv_stream_t *listener, int status)
{
    struct server *server = listener->data;
    if (status != 0)
        return;
    struct connection *connection = memory_take(sizeof(*connection));
    *connection = (struct connection){.server = server};
    uv_tcp_init(&server->loop, &connection->socket);
    link_connection(server, connection);
    begin_request(connection);
    if (uv_accept(listener, (uv_stream_t *)&connection->socket) != 0)
        return connection_close(connection);
    uv_tcp_nodelay(&connection->socket, 1);
    if (server->n_connections > SERVE_CONNECTIONS_MOST) {
        struct connection *idlest = find_idlest(server);
        if (server->n_connections > SERVE_CONNECTIONS_MOST + CONNECTIONS_BEYOND)
            return connection_close(connection);
        if (!idlest || idlest == connection)
            return connection_refuse(connection, 503, slice_from("too many connections"));
        connection_close(idlest);
    }
    start_reading(connection);
}

/* ---- deadlines ---- */

/* True where a client sends its request too slowly. */
static bool is_slow(const struct connection *connection, uint64_t waited_ms)
{
    const struct request_reader *reader = &connection->reader;
    if (!reader->head_is_whole)
        return waited_ms > SERVE_HEAD_WAIT_MS;
    return waited_ms > SERVE_BODY_GRACE_MS &&
           reader->n_body_bytes <
               (waited_ms - SERVE_BODY_GRACE_MS) * SERVE_BODY_BYTES_A_SECOND / 1000;
}

static void check_sending(struct connection *connection, uint64_t now, uint64_t waited_ms)
{
    size_t unsent = uv_stream_get_write_queue_size((uv_stream_t *)&connection->socket);
    if (unsent == 0 || unsent != connection->unsent) {
        connection->unsent = unsent;
        connection->since_ms = now;
    } else if (waited_ms > SERVE_SEND_WAIT_MS) {
        connection_close(connection);
    }
}

static void check_connection(struct connection *connection)
{
    struct server *server = connection->server;
    uint64_t now = uv_now(&server->loop), waited_ms = now - connection->since_ms;
    switch (connection->at) {
    case CONNECTION_READING:
        if (server->is_ending && !connection->reader.head_is_whole) {
            connection_close(connection);
        } else if (!request_reader_is_begun(&connection->reader)) {
            if (waited_ms > SERVE_IDLE_WAIT_MS)
                connection_close(connection);
        } else if (is_slow(connection, waited_ms)) {
            connection_refuse(connection, 408, slice_from("the request comes too slowly"));
        }
        return;
    case CONNECTION_SENDING:
        return check_sending(connection, now, waited_ms);
    case CONNECTION_LINGERING:
        if (waited_ms > LINGER_MS)
            connection_close(connection);
        return;
    case CONNECTION_STREAMING:
        if (server->is_ending)
            return connection_close(connection);
        return check_sending(connection, now, waited_ms);
    case CONNECTION_ANSWERING:
    case CONNECTION_CLOSED:
        return;
    }
}

void connection_check_all(struct server *server)
{
    struct connection *next;
    for (struct connection *c = server->connections; c; c = next) {
        next = c->next;
        check_connection(c);
    }
}
