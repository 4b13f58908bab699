/* Receives how a program is to be started, hands on what it prints and how it ended. Refuses to
 * know what the program is for. */
#include "keeper.h"

#include "base/clock.h"
#include "keepers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 4 * 1024, WRITE_BYTES = 64 * 1024 };

/* One keeper while it lives; a descriptor is -1 once closed. */
struct held {
    struct keepers *keepers;
    const struct keeper_start *start;
    const struct keeper_ear *ear;
    struct keeper_ended *ended;
    struct hired keeper;
    int input, output, error;
    size_t written;      /* of the input */
    uint64_t heard;      /* bytes of both streams */
    int64_t end_us;      /* when its time is up; 0: never */
    int64_t patience_us; /* when a keeper that was told to kill is killed itself; 0: not told */
    bool told, answered, is_over;
    struct keep_report report;
};

/* ---- start ---- */

static void close_if_open(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool make_pipe(int *reads, int *writes)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    *reads = ends[0];
    *writes = ends[1];
    return true;
}

static size_t bytes_of(const char *const *texts, uint32_t *n)
{
    size_t bytes = 0;
    for (; *texts; texts++, ++*n)
        bytes += strlen(*texts) + 1;
    return bytes;
}

static char *put_texts(char *at, const char *const *texts)
{
    for (; *texts; texts++)
        at = stpcpy(at, *texts) + 1;
    return at;
}

/* Head and texts as keep.h says; empty where that is more than a keeper takes. */
static struct slice make_order(struct arena *arena, const struct keeper_start *start)
{
    struct keep_order head = {.kind = KEEP_START, .grace_ms = KEEPER_GRACE_MS};
    const char *const directory[] = {start->directory, NULL};
    size_t bytes = bytes_of(directory, &head.n_texts) + bytes_of(start->argv, &head.n_words) +
                   bytes_of(start->environment, &head.n_texts);
    head.n_texts += head.n_words;
    if (bytes > KEEP_ORDER_BYTES_MOST)
        return (struct slice){0};
    head.n_bytes = (uint32_t)bytes;
    char *order = arena_take(arena, sizeof(head) + bytes);
    memcpy(order, &head, sizeof(head));
    put_texts(
        put_texts(put_texts(order + sizeof(head), directory), start->argv), start->environment);
    return (struct slice){order, sizeof(head) + bytes};
}

/* The first part of an order brings the descriptors with it. */
static ssize_t send_part(int socket, struct slice part, const int *streams)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(KEEP_STREAMS * sizeof(int))];
    } control = {.head = {.cmsg_level = SOL_SOCKET,
                     .cmsg_type = SCM_RIGHTS,
                     .cmsg_len = CMSG_LEN(KEEP_STREAMS * sizeof(int))}};
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): drops a const that is not written through */
    struct iovec bytes = {(void *)(uintptr_t)part.base, part.len};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    if (streams) {
        memcpy(CMSG_DATA(&control.head), streams, KEEP_STREAMS * sizeof(int));
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

static int send_order(int socket, struct slice order, const int *streams)
{
    while (order.len) {
        ssize_t n = send_part(socket, order, streams);
        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0) {
            order = slice_sub(order, (size_t)n, order.len);
            streams = NULL;
        }
    }
    return 0;
}

/* A keeper that was idle may have been killed meanwhile: then another one is asked. */
static int give_order(struct held *held, struct slice order, const int streams[KEEP_STREAMS])
{
    if (order.len == 0)
        return E2BIG;
    for (;;) {
        int err = keepers_hire(held->keepers, held->start->environment, &held->keeper);
        if (err)
            return err;
        err = send_order(held->keeper.orders, order, streams);
        if (!err)
            return 0;
        keepers_release(held->keepers, &held->keeper, false, false);
        if (err != EPIPE && err != ECONNRESET)
            return err;
    }
}

static bool hold(struct held *held, struct arena *arena)
{
    int streams[KEEP_STREAMS] = {-1, -1, -1};
    struct arena passing = {0};
    int err = make_pipe(&streams[0], &held->input) && make_pipe(&held->output, &streams[1]) &&
                      make_pipe(&held->error, &streams[2]) &&
                      fcntl(held->input, F_SETFL, O_NONBLOCK) == 0
                  ? give_order(held, make_order(&passing, held->start), streams)
                  : errno;
    for (int i = 0; i < KEEP_STREAMS; i++)
        close_if_open(&streams[i]);
    arena_free(&passing);
    if (err == 0)
        return true;
    held->ended->not_started = arena_print(arena, "cannot start %s in %s: %s", held->start->argv[0],
        held->start->directory, strerror(err))
                                   .base;
    return false;
}

/* ---- while it works ---- */

static void tell(struct held *held, enum keep_kind order)
{
    struct keep_order word = {.kind = (int32_t)order};
    ssize_t n = send(held->keeper.orders, &word, sizeof(word), MSG_NOSIGNAL);
    (void)n; /* a keeper that is gone needs no order */
    if (!held->told)
        held->patience_us =
            clock_monotonic_us() + (int64_t)(KEEPER_GRACE_MS + KEEPER_PATIENCE_MS) * 1000;
    held->told = true;
}

static void stop(struct held *held, const char *why)
{
    if (held->told)
        return;
    held->ended->stopped = why;
    tell(held, KEEP_END);
}

static void feed(struct held *held)
{
    struct slice input = held->start->input;
    struct slice next = slice_sub(input, held->written, held->written + WRITE_BYTES);
    ssize_t n = next.len ? write(held->input, next.base, next.len) : 0;
    if (n > 0)
        held->written += (size_t)n;
    if (held->written == input.len || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_if_open(&held->input);
}

static void listen_to(
    struct held *held, int *fd, const char *(*ear)(void *context, struct slice bytes))
{
    char buffer[READ_BYTES];
    ssize_t n = read(*fd, buffer, sizeof(buffer));
    if (n <= 0) {
        if (n == 0 || (errno != EINTR && errno != EAGAIN))
            close_if_open(fd);
        return;
    }
    held->heard += (uint64_t)n;
    const char *why =
        held->told ? NULL : ear(held->ear->context, (struct slice){buffer, (size_t)n});
    if (!why && held->heard > KEEPER_OUTPUT_BYTES_MOST)
        why = "it printed more than 256 MB";
    if (why)
        stop(held, why);
}

static void hear_report(struct held *held)
{
    ssize_t n = recv(held->keeper.orders, &held->report, sizeof(held->report), MSG_WAITALL);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    held->answered = n == (ssize_t)sizeof(held->report);
    held->is_over = true;
}

/* How long poll may sleep; acts on what is due. */
static int watch_time(struct held *held)
{
    int64_t now_us = clock_monotonic_us();
    if (!held->told && held->end_us && now_us >= held->end_us) {
        held->ended->timed_out = true;
        stop(held, "its time was up");
    }
    if (held->told && now_us >= held->patience_us) {
        kill(held->keeper.pid, SIGKILL); /* somebody stopped it; its brood becomes ours */
        held->is_over = true;
        return 0;
    }
    int64_t due_us = held->told ? held->patience_us : held->end_us;
    return due_us ? (int)((due_us - now_us) / 1000) + 1 : -1;
}

static void attend(struct held *held)
{
    while (!held->is_over) {
        int wait_ms = watch_time(held);
        struct pollfd polled[] = {{held->input, POLLOUT, 0}, {held->output, POLLIN, 0},
            {held->error, POLLIN, 0}, {held->keeper.orders, POLLIN, 0},
            {held->told ? -1 : keepers_stop_descriptor(held->keepers), POLLIN, 0}};
        if (held->is_over || poll(polled, 5, wait_ms) < 0)
            continue;
        if (polled[0].revents)
            feed(held);
        if (polled[1].revents)
            listen_to(held, &held->output, held->ear->output);
        if (polled[2].revents)
            listen_to(held, &held->error, held->ear->error);
        if (polled[4].revents) {
            held->ended->interrupted = true;
            stop(held, "rung was told to stop");
        }
        if (polled[3].revents)
            hear_report(held);
    }
}

/* What is still in the pipes: everybody who could write is gone. */
static void drain(struct held *held, int *fd, const char *(*ear)(void *, struct slice))
{
    if (*fd >= 0 && fcntl(*fd, F_SETFL, O_NONBLOCK) == 0)
        for (int turns = 0; *fd >= 0 && turns < 64; turns++) {
            struct pollfd polled = {*fd, POLLIN, 0};
            if (poll(&polled, 1, 0) <= 0)
                break;
            listen_to(held, fd, ear);
        }
    close_if_open(fd);
}

/* ---- after ---- */

static void sum_up(struct held *held, struct arena *arena)
{
    struct keeper_ended *ended = held->ended;
    if (!held->answered) {
        ended->exit_status = 128 + SIGKILL;
        ended->unkept = true;
        if (!ended->stopped)
            ended->stopped = "its keeper was killed";
    } else if (held->report.started_errno) {
        ended->not_started = arena_print(arena, "cannot start %s: %s", held->start->argv[0],
            strerror(held->report.started_errno))
                                 .base;
    } else {
        ended->exit_status = held->report.exit_status;
        ended->leftovers = held->report.leftovers;
    }
}

void keeper_run(struct keepers *keepers, struct arena *arena, const struct keeper_start *start,
    const struct keeper_ear *ear, struct keeper_ended *ended)
{
    *ended = (struct keeper_ended){0};
    struct held held = {.keepers = keepers,
        .start = start,
        .ear = ear,
        .ended = ended,
        .input = -1,
        .output = -1,
        .error = -1};
    int64_t begun_us = clock_monotonic_us();
    if (start->timeout_s > 0)
        held.end_us = begun_us + (int64_t)(start->timeout_s * 1e6);
    if (hold(&held, arena)) {
        feed(&held); /* most prompts fit into the pipe at once */
        attend(&held);
        keepers_release(keepers, &held.keeper, held.answered && !held.told, held.answered);
        drain(&held, &held.output, ear->output);
        drain(&held, &held.error, ear->error);
        sum_up(&held, arena);
    }
    close_if_open(&held.input);
    close_if_open(&held.output);
    close_if_open(&held.error);
    ended->seconds = (double)(clock_monotonic_us() - begun_us) / 1e6;
}
