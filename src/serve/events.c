/* Receives what the feed says, hands it to every listener. Refuses to wait for any of them. */
#include "events.h"

#include "base/log.h"
#include "feed.h"
#include "metrics.h"
#include "server.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 150 };

/* Bytes that many listeners are sent, until the last of them has them. */
struct chunk {
    unsigned references;
    struct emit text;
};

/* A listener is live, and is sent what all are sent, or behind, and reads on by itself from its own
 * place, a batch at a time as it takes them, until there is nothing that it missed. */
struct listener {
    struct connection *connection;
    struct listener *next, *previous;
    bool is_behind;
    struct feed_place place, upto; /* of one that is behind: where it is, what it reads up to */
    bool is_at_end;                /* it has read up to there */
    size_t unsent;                 /* bytes */
    unsigned alarms_told;          /* which version of them */
};

struct events {
    struct server *server;
    uv_timer_t timer, heartbeat;
    struct listener *listeners;
    struct feed_place place; /* up to where all listeners were told */
    bool is_reading, is_stopped;
    struct emit alarms; /* JSON, of the evidence that was written then */
    int64_t alarms_ns;
    unsigned alarms_version; /* 0: there never were any */
    struct failure failure;  /* the last that was said */
};

/* One read of the feed on a worker thread: for all, or for one that is behind. */
struct feed_read_job {
    uv_work_t work;
    struct events *events;
    struct connection *connection; /* of one that is behind; NULL: for all */
    struct feed_place from, upto;
    bool finds_now, has_upto, done;
    struct arena arena;
    struct feed_batch batch;
    struct emit alarms; /* where the evidence is another than that of alarms_ns */
    int64_t alarms_ns;
    struct failure failure;
};

/* ---- chunks ---- */

static struct chunk *chunk_make(struct emit *text)
{
    struct chunk *chunk = memory_take(sizeof(*chunk));
    *chunk = (struct chunk){.references = 1, .text = *text};
    *text = (struct emit){0};
    return chunk;
}

static void chunk_release(struct chunk *chunk)
{
    if (--chunk->references > 0)
        return;
    emit_free(&chunk->text);
    free(chunk);
}

struct chunk_write {
    uv_write_t write;
    struct connection *connection;
    struct chunk *chunk;
};

static void go_on_behind(struct listener *listener);

static void after_chunk(uv_write_t *write, int status)
{
    struct chunk_write *sent = write->data;
    struct connection *connection = sent->connection;
    struct listener *listener = connection->listener;
    size_t len = sent->chunk->text.len;
    chunk_release(sent->chunk);
    free(sent);
    if (!listener)
        return; /* it left */
    listener->unsent -= len;
    if (status != 0)
        return connection_close(connection);
    if (listener->is_behind && listener->unsent == 0 && !connection->has_job)
        go_on_behind(listener);
}

/* Takes a reference of its own. */
static void send_chunk(struct listener *listener, struct chunk *chunk)
{
    struct chunk_write *sent = memory_take(sizeof(*sent));
    uv_buf_t buffer = uv_buf_init(chunk->text.bytes, (unsigned)chunk->text.len);
    *sent = (struct chunk_write){.connection = listener->connection, .chunk = chunk};
    sent->write.data = sent;
    chunk->references++;
    listener->unsent += chunk->text.len;
    uv_stream_t *stream = (uv_stream_t *)&listener->connection->socket;
    if (uv_write(&sent->write, stream, &buffer, 1, after_chunk) == 0)
        return;
    listener->unsent -= chunk->text.len;
    chunk->references--; /* the caller's is left */
    free(sent);
    connection_close(listener->connection);
}

static void fall_behind(struct listener *listener, const struct feed_place *place)
{
    listener->is_behind = true;
    listener->is_at_end = false;
    listener->place = *place;
    listener->upto = listener->connection->server->events->place;
}

/* Whoever takes less than comes reads on by itself, from where the others were before this. */
static void tell(struct listener *listener, struct chunk *chunk, const struct feed_place *before)
{
    if (listener->is_behind)
        return;
    if (listener->unsent + chunk->text.len <= SERVE_LISTENER_UNSENT_BYTES_MOST)
        return send_chunk(listener, chunk);
    fall_behind(listener, before);
    metrics_count_slow_listener(listener->connection->server->place.metrics);
}

static void tell_all(struct events *events, struct emit *text, const struct feed_place *before)
{
    struct listener *next;
    if (text->len == 0)
        return;
    struct chunk *chunk = chunk_make(text);
    for (struct listener *listener = events->listeners; listener; listener = next) {
        next = listener->next;
        tell(listener, chunk, before);
    }
    chunk_release(chunk);
}

/* ---- alarms, which have no place: whoever is live knows the present ones ---- */

static void tell_alarms(struct events *events, struct listener *listener)
{
    struct emit text = {0};
    if (listener->is_behind || listener->alarms_told == events->alarms_version)
        return;
    listener->alarms_told = events->alarms_version;
    feed_write_event(&text, "alarm", &events->place, emit_slice(&events->alarms));
    struct chunk *chunk = chunk_make(&text);
    send_chunk(listener, chunk);
    chunk_release(chunk);
}

static void take_alarms(struct events *events, struct feed_read_job *job)
{
    struct listener *next;
    bool is_first = events->alarms_ns == 0, is_empty = slice_is(emit_slice(&job->alarms), "[]");
    if (job->alarms.len == 0)
        return;
    events->alarms_ns = job->alarms_ns;
    if (slice_equal(emit_slice(&job->alarms), emit_slice(&events->alarms)))
        return;
    emit_clear(&events->alarms);
    emit_bytes(&events->alarms, emit_slice(&job->alarms));
    if (is_first && is_empty)
        return;
    events->alarms_version++;
    for (struct listener *listener = events->listeners; listener; listener = next) {
        next = listener->next;
        tell_alarms(events, listener);
    }
}

/* ---- reading the feed ---- */

static void do_read(uv_work_t *work)
{
    struct feed_read_job *job = work->data;
    struct workers *workers = &job->events->server->workers;
    struct serve_state *state = workers_take(workers);
    const struct feed_place *upto = job->has_upto ? &job->upto : NULL;
    job->done =
        serve_state_refresh(state, &job->failure) &&
        (job->finds_now
                ? feed_find_now(state, &job->arena, &job->batch.place, &job->failure)
                : feed_read(state, &job->arena, &job->from, upto, &job->batch, &job->failure));
    if (job->done && !job->connection && state->evidence_stamp.changed_ns != job->alarms_ns) {
        job->alarms_ns = state->evidence_stamp.changed_ns;
        feed_write_alarms(&job->alarms, state, &job->arena);
    }
    workers_give_back(workers, state);
}

static void free_job(struct feed_read_job *job)
{
    emit_free(&job->batch.text);
    emit_free(&job->alarms);
    arena_free(&job->arena);
    free(job);
}

static void start_read(struct feed_read_job *job, uv_after_work_cb after)
{
    job->work.data = job;
    int err = uv_queue_work(&job->events->server->loop, &job->work, do_read, after);
    assert(err == 0);
    (void)err;
}

static void read_news(struct events *events);

static bool has_live_listener(const struct events *events)
{
    for (const struct listener *listener = events->listeners; listener; listener = listener->next)
        if (!listener->is_behind)
            return true;
    return false;
}

static void take_news(struct events *events, struct feed_read_job *job)
{
    /* Who joined while `now` was looked for must be told what came before it. */
    if (!job->finds_now || !has_live_listener(events)) {
        events->place = job->batch.place;
        tell_all(events, &job->batch.text, &job->from);
    }
    take_alarms(events, job);
}

static void after_news(uv_work_t *work, int status)
{
    (void)status;
    struct feed_read_job *job = work->data;
    struct events *events = job->events;
    bool goes_on = job->done && job->batch.is_more && !events->is_stopped;
    events->is_reading = false;
    if (job->done)
        take_news(events, job);
    else if (strcmp(job->failure.text, events->failure.text) != 0)
        log_error("%s", job->failure.text);
    events->failure = job->failure;
    free_job(job);
    if (goes_on)
        read_news(events);
}

/* Where nobody is live it is enough to know where things are. */
static void read_news(struct events *events)
{
    if (events->is_reading || events->is_stopped)
        return;
    struct feed_read_job *job = memory_take(sizeof(*job));
    *job = (struct feed_read_job){.events = events,
        .from = events->place,
        .alarms_ns = events->alarms_ns,
        .finds_now = !has_live_listener(events)};
    events->is_reading = true;
    start_read(job, after_news);
}

static void on_timer(uv_timer_t *timer)
{
    read_news(timer->data);
}

static void on_heartbeat(uv_timer_t *timer)
{
    struct events *events = timer->data;
    struct listener *next;
    struct emit text = {0};
    emit_bytes(&text, slice_from(": still here\n\n"));
    struct chunk *chunk = chunk_make(&text);
    for (struct listener *listener = events->listeners; listener; listener = next) {
        next = listener->next;
        if (listener->unsent == 0)
            send_chunk(listener, chunk);
    }
    chunk_release(chunk);
}

/* ---- a listener that is behind ---- */

static void after_missed(uv_work_t *work, int status);

/* All that it was sent has arrived: it reads on, or is live. */
static void go_on_behind(struct listener *listener)
{
    struct connection *connection = listener->connection;
    struct events *events = connection->server->events;
    if (listener->is_at_end && feed_is_same_place(&listener->upto, &events->place)) {
        listener->is_behind = false;
        return tell_alarms(events, listener);
    }
    if (listener->is_at_end)
        listener->upto = events->place;
    struct feed_read_job *job = memory_take(sizeof(*job));
    *job = (struct feed_read_job){.events = events,
        .connection = connection,
        .from = listener->place,
        .upto = listener->upto,
        .has_upto = true};
    connection->has_job = true;
    start_read(job, after_missed);
}

static void take_missed(struct listener *listener, struct feed_batch *batch)
{
    struct connection *connection = listener->connection;
    bool is_empty = batch->text.len == 0;
    listener->place = batch->place;
    listener->is_at_end = !batch->is_more;
    struct chunk *chunk = chunk_make(&batch->text);
    if (!is_empty)
        send_chunk(listener, chunk);
    chunk_release(chunk);
    if (is_empty && connection->listener)
        go_on_behind(listener);
}

static void after_missed(uv_work_t *work, int status)
{
    (void)status;
    struct feed_read_job *job = work->data;
    struct connection *connection = job->connection;
    struct listener *listener = connection->listener;
    bool done = job->done;
    connection_end_job(connection); /* where it was closed, it is gone now */
    if (listener && done)
        take_missed(listener, &job->batch);
    else if (listener)
        connection_close(connection);
    free_job(job);
}

/* ---- joining and leaving ---- */

/* The head, and a first event that says where the listener stands: it misses nothing that comes
 * before the second. */
static void say_hello(struct listener *listener, const struct feed_place *place)
{
    struct emit text = {0};
    struct answer_head head = {.status = 200, .media = "text/event-stream", .streams = true};
    answer_write_head(&text, &head);
    emit_bytes(&text, slice_from("retry: 1000\n"));
    feed_write_event(&text, "hello", place, slice_from("{\"version\":\"" RUNG_VERSION "\"}"));
    struct chunk *chunk = chunk_make(&text);
    send_chunk(listener, chunk);
    chunk_release(chunk);
}

void events_join(struct events *events, struct connection *connection, struct slice last_id)
{
    struct listener *listener = memory_take(sizeof(*listener));
    *listener = (struct listener){.connection = connection, .next = events->listeners};
    if (events->listeners)
        events->listeners->previous = listener;
    events->listeners = listener;
    connection->listener = listener;
    connection->server->n_listeners++;
    /* A place that the ledger has not come to is another ledger's: that listener begins now. */
    struct feed_place place;
    bool comes_back =
        last_id.len > 0 && feed_parse_place(last_id, &place) && place.seq <= events->place.seq;
    if (comes_back)
        fall_behind(listener, &place);
    say_hello(listener, comes_back ? &place : &events->place);
    if (connection->listener)
        tell_alarms(events, listener);
}

void events_leave(struct listener *listener)
{
    struct server *server = listener->connection->server;
    if (listener->previous)
        listener->previous->next = listener->next;
    else
        server->events->listeners = listener->next;
    if (listener->next)
        listener->next->previous = listener->previous;
    listener->connection->listener = NULL;
    server->n_listeners--;
    free(listener);
}

/* ---- beginning and ending ---- */

static bool find_now(struct events *events, struct failure *failure)
{
    struct workers *workers = &events->server->workers;
    struct serve_state *state = workers_take(workers);
    struct arena arena = {0};
    bool done = serve_state_refresh(state, failure) &&
                feed_find_now(state, &arena, &events->place, failure);
    arena_free(&arena);
    workers_give_back(workers, state);
    return done;
}

bool events_begin(struct server *server, struct failure *failure)
{
    struct events *events = memory_take(sizeof(*events));
    *events = (struct events){.server = server};
    server->events = events;
    if (!find_now(events, failure))
        return false;
    uv_timer_init(&server->loop, &events->timer);
    uv_timer_init(&server->loop, &events->heartbeat);
    events->timer.data = events->heartbeat.data = events;
    uv_timer_start(&events->timer, on_timer, POLL_MS, POLL_MS);
    uv_timer_start(&events->heartbeat, on_heartbeat, SERVE_HEARTBEAT_MS, SERVE_HEARTBEAT_MS);
    return true;
}

void events_stop(struct events *events)
{
    events->is_stopped = true;
    uv_close((uv_handle_t *)&events->timer, NULL);
    uv_close((uv_handle_t *)&events->heartbeat, NULL);
}

void events_free(struct events *events)
{
    if (events)
        emit_free(&events->alarms);
    free(events);
}
