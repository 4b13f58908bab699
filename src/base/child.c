#include "child.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ_BYTES = 4 * 1024 }; /* on the stack, of which a thread has little */

enum { LEADER_LOOK_MS = 20, LATE_OUTPUT_MS = 100 };

struct stream {
    int fd; /* -1: at its end */
    char *bytes;
    size_t len, room;
    bool keeps_end;
};

static void stream_make_room(struct stream *stream, size_t bytes)
{
    if (stream->room >= bytes)
        return;
    while (stream->room < bytes)
        stream->room = stream->room ? stream->room * 2 : READ_BYTES;
    stream->bytes = memory_resize(stream->bytes, stream->room);
}

/* One read; more than `most` bytes are read but not kept. False at the end of the stream. */
static bool stream_read(struct stream *stream, size_t most, bool *cut)
{
    char buffer[READ_BYTES];
    ssize_t n = read(stream->fd, buffer, sizeof(buffer));
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0)
        return false;
    size_t keep = (size_t)n;
    if (stream->keeps_end && stream->len + keep > 2 * most && stream->len > most) {
        memmove(stream->bytes, stream->bytes + stream->len - most, most);
        stream->len = most;
        *cut = true;
    }
    if (!stream->keeps_end && keep > most - stream->len) {
        keep = most - stream->len;
        *cut = true;
    }
    stream_make_room(stream, stream->len + keep);
    if (keep)
        memcpy(stream->bytes + stream->len, buffer, keep);
    stream->len += keep;
    return true;
}

static struct slice stream_kept(const struct stream *stream, size_t most, bool *cut)
{
    struct slice kept = {stream->bytes, stream->len};
    *cut = *cut || kept.len > most;
    return kept.len > most ? slice_sub(kept, kept.len - most, kept.len) : kept;
}

struct child {
    pid_t pid;
    struct stream streams[2];
    const struct child_setup *setup;
    struct child_limits limits;
    const char *const *argv;
    int64_t slow_us, end_us; /* slow_us: when it is told that this takes long; 0: not */
    bool cut;
};

/* True where the program has ended; it is not yet reaped, so its group's id is not given away. */
static bool has_ended(pid_t pid)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

static void read_ready(struct child *child, const struct pollfd polled[2])
{
    for (int i = 0; i < 2; i++)
        if (child->streams[i].fd >= 0 && polled[i].revents &&
            !stream_read(&child->streams[i], child->limits.output_bytes, &child->cut)) {
            close(child->streams[i].fd);
            child->streams[i].fd = -1;
        }
}

/* Until something has to be done even where no output comes. */
static int64_t wait_of(const struct child *child, int64_t now_us)
{
    int64_t until_us =
        child->slow_us && child->slow_us < child->end_us ? child->slow_us : child->end_us;
    int64_t wait_ms = (until_us - now_us) / 1000 + 1;
    return child->setup->whole_group && wait_ms > LEADER_LOOK_MS ? LEADER_LOOK_MS : wait_ms;
}

/* Reads both streams until both end. False when the time is up. */
static bool read_both(struct child *child)
{
    bool leader_ended = false;
    while (child->streams[0].fd >= 0 || child->streams[1].fd >= 0) {
        int64_t now_us = clock_monotonic_us();
        if (now_us >= child->end_us)
            return leader_ended;
        if (child->setup->whole_group && !leader_ended && has_ended(child->pid)) {
            leader_ended = true;
            kill(-child->pid, SIGKILL);
            int64_t late_us = now_us + (int64_t)LATE_OUTPUT_MS * 1000;
            child->end_us = child->end_us < late_us ? child->end_us : late_us;
        }
        if (child->slow_us && now_us >= child->slow_us) {
            child->setup->when_slow(child->argv);
            child->slow_us = 0;
        }
        int64_t wait_ms = wait_of(child, now_us);
        struct pollfd polled[2] = {
            {child->streams[0].fd, POLLIN, 0}, {child->streams[1].fd, POLLIN, 0}};
        if (poll(polled, 2, (int)(wait_ms < INT32_MAX ? wait_ms : INT32_MAX)) < 0)
            polled[0].revents = polled[1].revents = 0;
        read_ready(child, polled);
    }
    return true;
}

static int spawn_with_pipes(const char *const *argv, const struct child_setup *setup, int in,
    int out, int error, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    if (in >= 0)
        posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    else
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO);
    if (setup->directory)
        posix_spawn_file_actions_addchdir_np(&actions, setup->directory);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    char *const *environment =
        setup->environment ? (char *const *)setup->environment : (char *const *)environ;
    int err = posix_spawnp(pid, argv[0], &actions, &attributes, (char *const *)argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return err;
}

/* Waits for the child until `end_us`, then kills its group. False where it had to. */
static bool wait_or_kill(const struct child *child, int *status)
{
    bool in_time = true;
    while (!has_ended(child->pid)) {
        if (in_time && clock_monotonic_us() >= child->end_us) {
            kill(-child->pid, SIGKILL);
            in_time = false;
        }
        poll(NULL, 0, 1);
    }
    if (child->setup->whole_group)
        kill(-child->pid, SIGKILL);
    while (waitpid(child->pid, status, 0) < 0 && errno == EINTR)
        continue;
    return in_time;
}

/* The input as an unlinked file: whoever does not read it stops nobody. -1 for none. */
static int input_file(struct slice input)
{
    if (input.len == 0)
        return -1;
    FILE *file = tmpfile();
    if (!file)
        return -1;
    int fd = -1;
    if (fwrite(input.base, 1, input.len, file) == input.len && fflush(file) == 0)
        fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 3);
    fclose(file);
    if (fd >= 0 && lseek(fd, 0, SEEK_SET) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

struct ends { /* what the child gets, and what we read */
    int in, out, error, read_out, read_error;
};

static bool open_ends(const struct child_setup *setup, struct ends *ends)
{
    *ends = (struct ends){-1, -1, -1, -1, -1};
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) != 0)
        return false;
    ends->read_out = pair[0];
    ends->out = pair[1];
    if (setup->one_tail) {
        ends->error = fcntl(pair[1], F_DUPFD_CLOEXEC, 3);
        if (ends->error < 0)
            return false;
    } else {
        if (pipe2(pair, O_CLOEXEC) != 0)
            return false;
        ends->read_error = pair[0];
        ends->error = pair[1];
    }
    ends->in = input_file(setup->input);
    return ends->in >= 0 || setup->input.len == 0;
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool finish(struct child *child, const char *name, struct arena *arena,
    struct child_result *result, struct failure *failure)
{
    int status = 0;
    bool read_in_time = read_both(child);
    if (!read_in_time)
        kill(-child->pid, SIGKILL);
    bool ended_in_time = wait_or_kill(child, &status);
    size_t most = child->limits.output_bytes;
    result->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    result->output = arena_copy(arena, stream_kept(&child->streams[0], most, &child->cut));
    result->error = arena_copy(arena, stream_kept(&child->streams[1], most, &child->cut));
    result->cut = child->cut;
    result->timed_out = !read_in_time || !ended_in_time;
    return !result->timed_out || failure_set(failure, "%s did not end within %d ms and was stopped",
                                     name, child->limits.wait_ms);
}

bool child_run_with(struct arena *arena, const char *const *argv, const struct child_setup *setup,
    struct child_limits limits, struct child_result *result, struct failure *failure)
{
    *result = (struct child_result){.not_started = true};
    struct ends ends;
    int err = open_ends(setup, &ends) ? 0 : errno;
    int64_t now_us = clock_monotonic_us();
    struct child child = {.setup = setup,
        .limits = limits,
        .argv = argv,
        .slow_us = setup->when_slow ? now_us + (int64_t)CHILD_SLOW_MS * 1000 : 0,
        .end_us = now_us + (int64_t)limits.wait_ms * 1000,
        .streams = {{.fd = ends.read_out, .keeps_end = setup->one_tail}, {.fd = ends.read_error}}};
    if (!err)
        err = spawn_with_pipes(argv, setup, ends.in, ends.out, ends.error, &child.pid);
    close_end(&ends.in);
    close_end(&ends.out);
    close_end(&ends.error);
    bool ok = !err || failure_set(failure, "cannot start %s: %s", argv[0], strerror(err));
    if (ok) {
        result->not_started = false;
        ok = finish(&child, argv[0], arena, result, failure);
    }
    for (int i = 0; i < 2; i++) {
        close_end(&child.streams[i].fd);
        free(child.streams[i].bytes);
    }
    return ok;
}

bool child_run(struct arena *arena, const char *const *argv, struct child_limits limits,
    struct child_result *result, struct failure *failure)
{
    const struct child_setup usual = {0};
    return child_run_with(arena, argv, &usual, limits, result, failure);
}

bool child_is_installed(const char *name)
{
    struct slice rest = slice_from(getenv("PATH")), directory;
    struct arena arena = {0};
    bool found = false;
    while (!found && slice_next_field(&rest, ':', &directory))
        found = access(arena_print(&arena, "%.*s/%s", SLICE_ARG(directory), name).base, X_OK) == 0;
    arena_free(&arena);
    return found;
}
