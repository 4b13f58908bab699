/* Receives the wish for a keeper, hands on one that waits or a new one, and takes it back. Refuses
 * to know what it keeps. */
#include "keepers.h"

#include "base/clock.h"

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
#include <sys/wait.h>
#include <unistd.h>

struct keepers {
    const char *program;
    int stop; /* eventfd */
    pthread_mutex_t lock;
    pid_t live[KEEPER_LIVE_MOST]; /* the idle ones among them */
    size_t n_live;
    struct hired idle[KEEPER_LIVE_MOST];
    size_t n_idle;
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

static void wait_for(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

void keepers_free(struct keepers *keepers)
{
    if (!keepers)
        return;
    for (size_t i = 0; i < keepers->n_idle; i++)
        close(keepers->idle[i].orders); /* at that it ends */
    for (size_t i = 0; i < keepers->n_idle; i++)
        wait_for(keepers->idle[i].pid);
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

int keepers_stop_descriptor(const struct keepers *keepers)
{
    return keepers->stop;
}

/* ---- hire ---- */

/* Which run a keeper is of, for a later start that looks for strays, and whose. */
static void pick_environment(const char *const *environment, const char *own[3])
{
    size_t n = 0;
    for (; *environment && n < 2; environment++)
        if (strncmp(*environment, "RUNG_RUN=", strlen("RUNG_RUN=")) == 0 ||
            strncmp(*environment, "HOME=", strlen("HOME=")) == 0)
            own[n++] = *environment;
    own[n] = NULL;
}

static int spawn_keeper(const char *program, const char *const *environment, int orders, pid_t *pid)
{
    static char name[] = "rung-keep";
    char *argv[] = {name, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    const char *own[3];
    sigset_t none;
    sigemptyset(&none);
    pick_environment(environment, own);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, orders, KEEP_SOCKET);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions, "/");
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    int err = posix_spawn(pid, program, &actions, &attributes, argv, (char *const *)own);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return err;
}

/* Under the lock, so that a search for a brood sees every keeper that exists. */
static int spawn_and_note(
    struct keepers *keepers, const char *const *environment, struct hired *hired)
{
    int sockets[2];
    const struct timeval patience = {.tv_sec = KEEPER_PATIENCE_MS / 1000};
    if (keepers->n_live == KEEPER_LIVE_MOST)
        return EAGAIN;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        return errno;
    setsockopt(sockets[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    int err = spawn_keeper(keepers->program, environment, sockets[1], &hired->pid);
    close(sockets[1]);
    if (err) {
        close(sockets[0]);
        return err;
    }
    hired->orders = sockets[0];
    keepers->live[keepers->n_live++] = hired->pid;
    return 0;
}

int keepers_hire(struct keepers *keepers, const char *const *environment, struct hired *hired)
{
    int err = 0;
    pthread_mutex_lock(&keepers->lock);
    if (keepers->n_idle)
        *hired = keepers->idle[--keepers->n_idle];
    else
        err = spawn_and_note(keepers, environment, hired);
    pthread_mutex_unlock(&keepers->lock);
    return err;
}

/* ---- release ---- */

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

static void dismiss(struct keepers *keepers, struct hired *hired, bool answered)
{
    close(hired->orders);
    wait_for(hired->pid);
    pthread_mutex_lock(&keepers->lock);
    for (size_t i = 0; i < keepers->n_live; i++)
        if (keepers->live[i] == hired->pid) {
            keepers->live[i] = keepers->live[--keepers->n_live];
            break;
        }
    for (int passes = 0; !answered && passes < 1000 && kill_brood(keepers); passes++)
        poll(NULL, 0, 2);
    pthread_mutex_unlock(&keepers->lock);
}

void keepers_release(struct keepers *keepers, struct hired *hired, bool idle, bool answered)
{
    if (!idle) {
        dismiss(keepers, hired, answered);
        return;
    }
    pthread_mutex_lock(&keepers->lock);
    keepers->idle[keepers->n_idle++] = *hired;
    pthread_mutex_unlock(&keepers->lock);
}
