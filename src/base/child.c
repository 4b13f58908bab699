#include "child.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024 };

struct stream {
    int fd;
    char *bytes;
    size_t len, room;
};

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
    if (keep > most - stream->len) {
        keep = most - stream->len;
        *cut = true;
    }
    while (stream->room - stream->len < keep) {
        stream->room = stream->room ? stream->room * 2 : READ_BYTES;
        stream->bytes = memory_resize(stream->bytes, stream->room);
    }
    if (keep)
        memcpy(stream->bytes + stream->len, buffer, keep);
    stream->len += keep;
    return true;
}

/* Reads both streams until both end. False when the time is up. */
static bool read_both(struct stream streams[2], struct child_limits limits, bool *cut)
{
    int64_t end_us = clock_monotonic_us() + (int64_t)limits.wait_ms * 1000;
    while (streams[0].fd >= 0 || streams[1].fd >= 0) {
        int64_t left_us = end_us - clock_monotonic_us();
        if (left_us <= 0)
            return false;
        struct pollfd polled[2] = {{streams[0].fd, POLLIN, 0}, {streams[1].fd, POLLIN, 0}};
        if (poll(polled, 2, (int)(left_us / 1000) + 1) < 0 && errno != EINTR)
            return false;
        for (int i = 0; i < 2; i++)
            if (polled[i].revents && !stream_read(&streams[i], limits.output_bytes, cut)) {
                close(streams[i].fd);
                streams[i].fd = -1;
            }
    }
    return true;
}

static int spawn_with_pipes(const char *const *argv, int out, int error, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    int err = posix_spawnp(pid, argv[0], &actions, &attributes, (char *const *)argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return err;
}

/* Waits for the child until `end_us`, then kills its group. False where it had to. */
static bool wait_or_kill(pid_t pid, int64_t end_us, int *status)
{
    bool in_time = true;
    for (;;) {
        pid_t ended = waitpid(pid, status, in_time ? WNOHANG : 0);
        if (ended == pid || (ended < 0 && errno != EINTR))
            return in_time;
        if (in_time && clock_monotonic_us() >= end_us) {
            kill(-pid, SIGKILL);
            in_time = false;
        } else if (in_time) {
            poll(NULL, 0, 1);
        }
    }
}

bool child_run(struct arena *arena, const char *const *argv, struct child_limits limits,
    struct child_result *result, struct failure *failure)
{
    *result = (struct child_result){0};
    int out[2], error[2];
    if (pipe2(out, O_CLOEXEC) != 0)
        return failure_set(failure, "cannot start %s: %s", argv[0], strerror(errno));
    if (pipe2(error, O_CLOEXEC) != 0) {
        close(out[0]);
        close(out[1]);
        return failure_set(failure, "cannot start %s: %s", argv[0], strerror(errno));
    }
    struct stream streams[2] = {{.fd = out[0]}, {.fd = error[0]}};
    int64_t end_us = clock_monotonic_us() + (int64_t)limits.wait_ms * 1000;
    pid_t pid = 0;
    int err = spawn_with_pipes(argv, out[1], error[1], &pid);
    close(out[1]);
    close(error[1]);
    bool ok = err == 0;
    if (!ok) {
        failure_set(failure, "cannot start %s: %s", argv[0], strerror(err));
        goto done;
    }
    int status = 0;
    bool read_in_time = read_both(streams, limits, &result->cut);
    if (!read_in_time)
        kill(-pid, SIGKILL);
    bool ended_in_time = wait_or_kill(pid, end_us, &status);
    ok = read_in_time && ended_in_time;
    if (!ok)
        failure_set(
            failure, "%s did not end within %d ms and was stopped", argv[0], limits.wait_ms);
    result->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    result->output = arena_copy(arena, (struct slice){streams[0].bytes, streams[0].len});
    result->error = arena_copy(arena, (struct slice){streams[1].bytes, streams[1].len});
done:
    for (int i = 0; i < 2; i++) {
        if (streams[i].fd >= 0)
            close(streams[i].fd);
        free(streams[i].bytes);
    }
    return ok;
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
