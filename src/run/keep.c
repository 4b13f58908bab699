/* rung-keep GRACE_MS PROGRAM [ARGUMENT]...: receives one program, starts it in a session of its
 * own and outlives it: adopts what it leaves behind, kills all of it when the program ends, when
 * it is told to, or when rung-run is gone. Refuses to know what the program does. */
#include "keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PROCESSES_MOST = 16384, /* looked at in one pass; the next pass sees the rest */
    STOP_PASSES = 8,
    PASS_WAIT_MS = 1,
    PASS_WAIT_MS_MOST = 64,
};

struct keeper {
    pid_t leader;
    int signals; /* signalfd */
    bool leader_ended;
    struct keep_report report;
    int64_t kill_at_ms; /* 0: nobody asked for an end */
    int grace_ms;
};

struct process {
    pid_t pid, parent;
    bool below; /* a descendant of ours */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The parent of a process from /proc/PID/stat: the second field behind the last ')'. */
static pid_t parent_of(const char *pid)
{
    char path[300], text[512];
    snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n <= 0)
        return 0;
    text[n] = 0;
    const char *name_end = strrchr(text, ')');
    return name_end && strlen(name_end) > 4 ? (pid_t)strtol(name_end + 4, NULL, 10) : 0;
}

static size_t list_processes(struct process *processes)
{
    size_t n = 0;
    DIR *directory = opendir("/proc");
    if (!directory)
        return 0;
    for (struct dirent *entry; n < PROCESSES_MOST && (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
            continue;
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        processes[n++] = (struct process){pid, parent_of(entry->d_name), false};
    }
    closedir(directory);
    return n;
}

static bool is_below(const struct process *processes, size_t n, pid_t parent)
{
    if (parent == getpid())
        return true;
    for (size_t i = 0; i < n; i++)
        if (processes[i].pid == parent)
            return processes[i].below;
    return false;
}

/* Sends a signal to every descendant; returns how many there are. Children are found below
 * parents in any order, so marking goes on until nothing new is found. */
static size_t signal_descendants(int signal)
{
    static struct process processes[PROCESSES_MOST];
    size_t n = list_processes(processes), found = 0;
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < n; i++)
            if (!processes[i].below && is_below(processes, n, processes[i].parent)) {
                processes[i].below = more = true;
                found++;
            }
    }
    for (size_t i = 0; i < n; i++)
        if (processes[i].below)
            kill(processes[i].pid, signal);
    return found;
}

static int exit_status_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Takes note of everything that has ended. False when there is no child left. */
static bool reap(struct keeper *keeper)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == keeper->leader) {
            keeper->leader_ended = true;
            keeper->report.exit_status = exit_status_of(status);
        }
    return pid == 0;
}

/* Stops all first, so that what forks while it is being killed cannot run away, then kills until
 * nothing is left: as a parent dies, its children become ours. */
static void kill_all(struct keeper *keeper)
{
    if (!reap(keeper))
        return;
    size_t before = 0;
    for (int i = 0; i < STOP_PASSES; i++) {
        size_t n = signal_descendants(SIGSTOP);
        if (n == before)
            break;
        before = n;
    }
    if (keeper->leader_ended)
        keeper->report.leftovers = (int32_t)before;
    int wait_ms = PASS_WAIT_MS;
    do {
        signal_descendants(SIGKILL);
        poll(NULL, 0, wait_ms);
        wait_ms = wait_ms < PASS_WAIT_MS_MOST ? wait_ms * 2 : wait_ms;
    } while (reap(keeper));
}

/* In the child: never returns. What went wrong goes through the pipe, which exec closes. */
static void become_program(char **argv, int error_pipe, pid_t keeper)
{
    sigset_t none;
    sigemptyset(&none);
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper)
        _exit(127);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(argv[0], argv);
    int32_t err = errno;
    ssize_t written = write(error_pipe, &err, sizeof(err));
    _exit(written > 0 ? 127 : 126);
}

/* The program's descriptors are its own: were they open here, nobody would see it close them. */
static void let_go_of_streams(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd <= 2; fd++)
        dup2(null, fd);
}

static void start(struct keeper *keeper, char **argv)
{
    int errors[2];
    int32_t err = 0;
    pid_t self = getpid();
    if (pipe2(errors, O_CLOEXEC) != 0 || (keeper->leader = fork()) < 0) {
        keeper->report.started_errno = errno;
        return;
    }
    if (keeper->leader == 0)
        become_program(argv, errors[1], self);
    close(errors[1]);
    let_go_of_streams();
    if (read(errors[0], &err, sizeof(err)) == (ssize_t)sizeof(err))
        keeper->report.started_errno = err;
    close(errors[0]);
}

/* SIGTERM to the group and to what left it; the grace begins. */
static void begin_end(struct keeper *keeper)
{
    if (keeper->kill_at_ms)
        return;
    keeper->kill_at_ms = now_ms() + keeper->grace_ms;
    signal_descendants(SIGTERM);
}

/* False when the program is to be killed at once. */
static bool hear_order(struct keeper *keeper)
{
    char order;
    ssize_t n = read(KEEP_SOCKET, &order, 1);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0 || order == KEEP_KILL)
        return false;
    begin_end(keeper);
    return true;
}

static void hear_signals(struct keeper *keeper)
{
    struct signalfd_siginfo info;
    while (read(keeper->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        if (info.ssi_signo != SIGCHLD)
            begin_end(keeper);
}

static void keep(struct keeper *keeper)
{
    while (!keeper->leader_ended) {
        int64_t left_ms = keeper->kill_at_ms ? keeper->kill_at_ms - now_ms() : -1;
        if (keeper->kill_at_ms && left_ms <= 0)
            return;
        struct pollfd polled[2] = {{KEEP_SOCKET, POLLIN, 0}, {keeper->signals, POLLIN, 0}};
        poll(polled, 2, (int)left_ms);
        if (polled[0].revents && !hear_order(keeper))
            return;
        if (polled[1].revents)
            hear_signals(keeper);
        reap(keeper);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("rung-keep is part of rung run and is not called by itself\n", stderr);
        return 2;
    }
    sigset_t heard;
    sigemptyset(&heard);
    sigaddset(&heard, SIGCHLD);
    sigaddset(&heard, SIGTERM);
    sigaddset(&heard, SIGINT);
    sigaddset(&heard, SIGHUP);
    sigprocmask(SIG_BLOCK, &heard, NULL);
    fcntl(KEEP_SOCKET, F_SETFD, FD_CLOEXEC);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct keeper keeper = {.signals = signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK),
        .grace_ms = (int)strtol(argv[1], NULL, 10)};
    start(&keeper, argv + 2);
    if (keeper.leader > 0 && !keeper.report.started_errno)
        keep(&keeper);
    kill_all(&keeper);
    ssize_t said = write(KEEP_SOCKET, &keeper.report, sizeof(keeper.report));
    return said == (ssize_t)sizeof(keeper.report) ? 0 : 1;
}
