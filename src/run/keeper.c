/* Receives how a program is to be started, hands on what it prints and how it ended. Refuses to
 * know what the program is for. */
#include "keeper.h"

#include "base/clock.h"
#include "base/file.h"
#include "keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ_BYTES = 32 * 1024, WRITE_BYTES = 64 * 1024, ENVIRON_BYTES_MOST = 256 * 1024 };

struct keepers {
    const char *program;
    int stop; /* eventfd: readable from keepers_stop on */
    pthread_mutex_t lock;
    pid_t live[KEEPER_LIVE_MOST];
    size_t n_live;
};

/* One keeper while it lives; a descriptor is -1 once closed. */
struct held {
    struct keepers *keepers;
    const struct keeper_start *start;
    const struct keeper_ear *ear;
    struct keeper_ended *ended;
    pid_t pid;
    int input, output, error, orders;
    size_t written;      /* of the input */
    uint64_t heard;      /* bytes of both streams */
    int64_t end_us;      /* when its time is up; 0: never */
    int64_t patience_us; /* when a keeper that was told to kill is killed itself; 0: not told */
    bool told, answered;
    struct keep_report report;
};

bool keepers_make(const char *program, struct keepers **made, struct failure *failure)
{
    *made = NULL;
    int stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop < 0)
        return failure_set(failure, "cannot make an event descriptor: %s", strerror(errno));
    if (access(program, X_OK) != 0) {
        close(stop);
        return failure_set(failure, "cannot find %s, which keeps agents in check", program);
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct keepers *keepers = memory_take(sizeof(*keepers));
    *keepers = (struct keepers){.program = program, .stop = stop};
    pthread_mutex_init(&keepers->lock, NULL);
    *made = keepers;
    return true;
}

void keepers_free(struct keepers *keepers)
{
    if (!keepers)
        return;
    close(keepers->stop);
    pthread_mutex_destroy(&keepers->lock);
    free(keepers);
}

void keepers_stop(struct keepers *keepers)
{
    uint64_t one = 1;
    ssize_t n = write(keepers->stop, &one, sizeof(one));
    (void)n; /* a full counter is readable too */
}

bool keepers_wait(const struct keepers *keepers, int64_t wait_ms)
{
    struct pollfd polled = {keepers->stop, POLLIN, 0};
    int64_t end_us = clock_monotonic_us() + wait_ms * 1000;
    for (;;) {
        int64_t left_ms = (end_us - clock_monotonic_us()) / 1000;
        int n = poll(&polled, 1, left_ms > 0 ? (int)left_ms : 0);
        if (n > 0)
            return false;
        if (n == 0 && left_ms <= 0)
            return true;
    }
}

bool keepers_are_stopped(const struct keepers *keepers)
{
    return !keepers_wait(keepers, 0);
}

/* ---- start ---- */

static void close_if_open(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

struct ends { /* of the keeper: what becomes its descriptors 0 to 3 */
    int input, output, error, orders;
};

static void close_ends(struct ends *ends)
{
    close_if_open(&ends->input);
    close_if_open(&ends->output);
    close_if_open(&ends->error);
    close_if_open(&ends->orders);
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

static bool open_ends(struct held *held, struct ends *ends)
{
    int sockets[2];
    if (!make_pipe(&ends->input, &held->input) || !make_pipe(&held->output, &ends->output) ||
        !make_pipe(&held->error, &ends->error) ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
        return false;
    held->orders = sockets[0];
    ends->orders = sockets[1];
    return fcntl(held->input, F_SETFL, O_NONBLOCK) == 0;
}

static int spawn_keeper(struct held *held, const struct ends *ends, char *const *argv)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends->input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends->output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends->error, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends->orders, KEEP_SOCKET);
    posix_spawn_file_actions_addchdir_np(&actions, held->start->directory);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    int err = posix_spawn(&held->pid, held->keepers->program, &actions, &attributes, argv,
        (char *const *)held->start->environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return err;
}

static char *const *keeper_argv(struct arena *arena, const struct keeper_start *start)
{
    size_t n = 0;
    while (start->argv[n])
        n++;
    const char **argv = ARENA_ARRAY(arena, const char *, n + 3);
    argv[0] = "rung-keep";
    argv[1] = arena_print(arena, "%d", KEEPER_GRACE_MS).base;
    memcpy(argv + 2, start->argv, n * sizeof(*argv));
    return (char *const *)argv;
}

/* Under the lock, so that a search for strays sees every keeper that exists. */
static int spawn_and_note(struct held *held, const struct ends *ends, char *const *argv)
{
    struct keepers *keepers = held->keepers;
    pthread_mutex_lock(&keepers->lock);
    int err = keepers->n_live == KEEPER_LIVE_MOST ? EAGAIN : spawn_keeper(held, ends, argv);
    if (err == 0)
        keepers->live[keepers->n_live++] = held->pid;
    pthread_mutex_unlock(&keepers->lock);
    return err;
}

static bool hold(struct held *held, struct arena *arena)
{
    struct ends ends = {-1, -1, -1, -1};
    int err = open_ends(held, &ends) ? spawn_and_note(held, &ends, keeper_argv(arena, held->start))
                                     : errno;
    close_ends(&ends);
    if (err == 0)
        return true;
    held->ended->not_started = arena_print(arena, "cannot start %s in %s: %s", held->start->argv[0],
        held->start->directory, strerror(err))
                                   .base;
    return false;
}

/* ---- while it works ---- */

static void tell(struct held *held, enum keep_order order)
{
    char byte = (char)order;
    ssize_t n = send(held->orders, &byte, 1, MSG_NOSIGNAL);
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
    size_t left = input.len - held->written;
    ssize_t n =
        write(held->input, input.base + held->written, left < WRITE_BYTES ? left : WRITE_BYTES);
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
    ssize_t n = recv(held->orders, &held->report, sizeof(held->report), 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    held->answered = n == (ssize_t)sizeof(held->report);
    close_if_open(&held->orders);
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
        kill(held->pid, SIGKILL); /* a keeper that somebody stopped; its brood becomes ours */
        close_if_open(&held->orders);
        return 0;
    }
    int64_t due_us = held->told ? held->patience_us : held->end_us;
    return due_us ? (int)((due_us - now_us) / 1000) + 1 : -1;
}

static void attend(struct held *held)
{
    while (held->orders >= 0) {
        int wait_ms = watch_time(held);
        struct pollfd polled[] = {{held->input, POLLOUT, 0}, {held->output, POLLIN, 0},
            {held->error, POLLIN, 0}, {held->orders, POLLIN, 0},
            {held->told ? -1 : held->keepers->stop, POLLIN, 0}};
        if (held->orders < 0 || poll(polled, 5, wait_ms) < 0)
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

/* The session and parent of a process, from /proc/PID/stat. */
static bool read_kin(const char *pid, pid_t *parent, pid_t *session)
{
    char path[300], text[512];
    snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    char *at = strrchr(text, ')');
    if (!at || strlen(at) < 4)
        return false;
    *parent = (pid_t)strtol(at + 4, &at, 10);
    strtol(at, &at, 10); /* the process group */
    *session = (pid_t)strtol(at, NULL, 10);
    return true;
}

static bool is_live_keeper(const struct keepers *keepers, pid_t pid)
{
    for (size_t i = 0; i < keepers->n_live; i++)
        if (keepers->live[i] == pid)
            return true;
    return false;
}

/* Kills children of ours that are neither keepers nor in our own session (as git is): the brood
 * of a keeper that was killed. Returns how many it saw. */
static size_t kill_brood(const struct keepers *keepers)
{
    size_t n = 0;
    DIR *directory = opendir("/proc");
    if (!directory)
        return 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        pid_t parent = 0, session = 0, pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid <= 0 || !read_kin(entry->d_name, &parent, &session) || parent != getpid() ||
            session == getsid(0) || is_live_keeper(keepers, pid))
            continue;
        kill(pid, SIGKILL);
        n += waitpid(pid, NULL, WNOHANG) >= 0;
    }
    closedir(directory);
    return n;
}

static void forget(struct held *held)
{
    struct keepers *keepers = held->keepers;
    while (waitpid(held->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    pthread_mutex_lock(&keepers->lock);
    for (size_t i = 0; i < keepers->n_live; i++)
        if (keepers->live[i] == held->pid) {
            keepers->live[i] = keepers->live[--keepers->n_live];
            break;
        }
    for (int passes = 0; !held->answered && passes < 1000 && kill_brood(keepers); passes++)
        poll(NULL, 0, 2);
    pthread_mutex_unlock(&keepers->lock);
}

static void sum_up(struct held *held, struct arena *arena)
{
    struct keeper_ended *ended = held->ended;
    if (!held->answered) {
        ended->exit_status = 128 + SIGKILL;
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
        .error = -1,
        .orders = -1};
    int64_t begun_us = clock_monotonic_us();
    if (start->timeout_s > 0)
        held.end_us = begun_us + (int64_t)(start->timeout_s * 1e6);
    if (hold(&held, arena)) {
        attend(&held);
        forget(&held);
        drain(&held, &held.output, ear->output);
        drain(&held, &held.error, ear->error);
        sum_up(&held, arena);
    }
    close_if_open(&held.input);
    close_if_open(&held.output);
    close_if_open(&held.error);
    close_if_open(&held.orders);
    ended->seconds = (double)(clock_monotonic_us() - begun_us) / 1e6;
}

/* ---- what survived an earlier rung ---- */

/* The value of RUNG_RUN in a process's environment; empty where it has none or is not ours. */
static struct slice run_of(const char *pid, char *buffer)
{
    char path[300];
    snprintf(path, sizeof(path), "/proc/%s/environ", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return (struct slice){0};
    size_t n = 0;
    for (ssize_t got;
         n < ENVIRON_BYTES_MOST && (got = read(fd, buffer + n, ENVIRON_BYTES_MOST - n)) > 0;)
        n += (size_t)got;
    close(fd);
    struct slice rest = {buffer, n}, entry;
    while (slice_next_field(&rest, '\0', &entry))
        if (slice_starts(entry, "RUNG_RUN="))
            return slice_sub(entry, strlen("RUNG_RUN="), entry.len);
    return (struct slice){0};
}

size_t keepers_kill_strays(bool (*is_dead)(void *context, struct slice run), void *context)
{
    size_t n = 0;
    char *buffer = memory_take(ENVIRON_BYTES_MOST);
    DIR *directory = opendir("/proc");
    for (struct dirent *entry; directory && (entry = readdir(directory)) != NULL;) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid <= 0 || pid == getpid())
            continue;
        struct slice run = run_of(entry->d_name, buffer);
        if (run.len && is_dead(context, run))
            n += kill(pid, SIGKILL) == 0;
    }
    if (directory)
        closedir(directory);
    free(buffer);
    return n;
}
