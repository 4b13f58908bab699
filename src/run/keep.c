/* rung-keep: receives one program after another, starts each in a session of its own and outlives
 * it: adopts what it leaves behind, kills all of it when the program ends, when it is told to, or
 * when rung-run is gone. Refuses to know what the program does. */
#include "keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    STACK_BYTES = 64 * 1024, /* of a child that is no program yet */
    PROCESSES_MOST = 16384,  /* looked at in one pass; the next pass sees the rest */
    STOP_PASSES = 8,
    PASS_WAIT_MS = 1,
    PASS_WAIT_MS_MOST = 64,
};

/* What is to be started. Its texts, and the stack until it is a program, are in pages that are
 * given back once it has begun: there is one of us for every agent. */
struct program {
    void *pages;
    size_t pages_bytes;
    const char *directory;
    char **argv, **environment; /* both end in NULL */
    int streams[KEEP_STREAMS];
    pid_t keeper;
    volatile int err; /* why it could not be started */
};

struct process {
    pid_t pid, parent;
    bool below; /* a descendant of ours */
};

enum { PROCESSES_BYTES = PROCESSES_MOST * sizeof(struct process) };

/* One program while it is kept. */
struct keeper {
    pid_t leader;
    int signals;               /* signalfd */
    struct process *processes; /* room for PROCESSES_MOST */
    bool leader_ended;
    struct keep_report report;
    int64_t kill_at_ms; /* 0: nobody asked for an end */
    int grace_ms;
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
static size_t signal_descendants(struct process *processes, int signal)
{
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
        size_t n = signal_descendants(keeper->processes, SIGSTOP);
        if (n == before)
            break;
        before = n;
    }
    if (keeper->leader_ended)
        keeper->report.leftovers = (int32_t)before;
    int wait_ms = PASS_WAIT_MS;
    do {
        signal_descendants(keeper->processes, SIGKILL);
        poll(NULL, 0, wait_ms);
        wait_ms = wait_ms < PASS_WAIT_MS_MOST ? wait_ms * 2 : wait_ms;
    } while (reap(keeper));
}

/* In the child: returns only with what went wrong. */
static int become_program(const struct program *program)
{
    sigset_t none;
    sigemptyset(&none);
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != program->keeper)
        return ECHILD;
    for (int fd = 0; fd < KEEP_STREAMS; fd++)
        if (dup2(program->streams[fd], fd) < 0)
            return errno;
    if (chdir(program->directory) != 0)
        return errno;
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(program->argv[0], program->argv);
    return errno;
}

static int in_child(void *context)
{
    struct program *program = context;
    program->err = become_program(program);
    return 127;
}

/* The child works on our memory, on a stack of its own, and we stand still until it is another
 * program: a copy of even this little memory costs as much as starting a small program. Its streams
 * are its own: were they open here, nobody would see it close them. */
static void start(struct keeper *keeper, struct program *program)
{
    static char *const nothing[] = {NULL};
    program->keeper = getpid();
    environ = program->environment; /* the program is looked for on its own PATH */
    keeper->leader = clone(in_child, (char *)program->pages + program->pages_bytes,
        CLONE_VM | CLONE_VFORK | SIGCHLD, program);
    keeper->report.started_errno = keeper->leader < 0 ? errno : program->err;
    environ = (char **)nothing;
    for (int i = 0; i < KEEP_STREAMS; i++)
        close(program->streams[i]);
}

/* SIGTERM to the group and to what left it; the grace begins. */
static void begin_end(struct keeper *keeper)
{
    if (keeper->kill_at_ms)
        return;
    keeper->kill_at_ms = now_ms() + keeper->grace_ms;
    signal_descendants(keeper->processes, SIGTERM);
}

/* False when the program is to be killed at once. */
static bool hear_order(struct keeper *keeper)
{
    struct keep_order order;
    ssize_t n = read(KEEP_SOCKET, &order, sizeof(order));
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n != (ssize_t)sizeof(order) || order.kind != KEEP_END)
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

/* ---- one program after another ---- */

static bool read_all(char *bytes, size_t len)
{
    while (len) {
        ssize_t n = read(KEEP_SOCKET, bytes, len);
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* The head of an order and its descriptors. False where there is none to come. */
static bool receive(struct keep_order *order, int streams[KEEP_STREAMS])
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(KEEP_STREAMS * sizeof(int))];
    } control;
    struct iovec part = {order, sizeof(*order)};
    struct msghdr message = {.msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(KEEP_SOCKET, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (n != (ssize_t)sizeof(*order) || order->kind != KEEP_START || !head ||
        head->cmsg_len != CMSG_LEN(KEEP_STREAMS * sizeof(int)))
        return false;
    memcpy(streams, CMSG_DATA(head), KEEP_STREAMS * sizeof(int));
    return true;
}

/* Pages of zeros, which cost nothing until they are written to; NULL where there are none. */
static void *take(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

/* Room for the lists, each with its NULL, for the texts that they point to, and for the stack. */
static bool take_pages(struct program *program, const struct keep_order *order)
{
    if (order->n_words == 0 || order->n_words >= order->n_texts ||
        order->n_texts > order->n_bytes || order->n_bytes > KEEP_ORDER_BYTES_MOST)
        return false;
    program->pages_bytes = (order->n_texts + 1) * sizeof(char *) + order->n_bytes + 1;
    program->pages_bytes = (program->pages_bytes + STACK_BYTES + 15) / 16 * 16;
    program->pages = take(program->pages_bytes);
    return program->pages != NULL;
}

/* Directory, arguments and environment. */
static bool read_texts(struct program *program, const struct keep_order *order)
{
    char **texts = program->pages, *bytes = (char *)(texts + order->n_texts + 1);
    const char *end = bytes + order->n_bytes;
    if (!read_all(bytes, order->n_bytes))
        return false;
    program->directory = bytes;
    program->argv = texts;
    program->environment = texts + order->n_words + 1;
    for (size_t i = 1, at = 0; i < order->n_texts && bytes < end; i++) {
        bytes += strlen(bytes) + 1;
        at += i == order->n_words + 1;
        texts[at++] = bytes;
    }
    return true;
}

static void keep_program(struct keeper *keeper, struct program *program)
{
    start(keeper, program);
    munmap(program->pages, program->pages_bytes);
    if (keeper->leader > 0 && !keeper->report.started_errno)
        keep(keeper);
    kill_all(keeper);
}

/* One program from its start to the end of all it left behind. False when it was the last. */
static bool serve(int signals, struct process *processes)
{
    struct keep_order order;
    struct program program = {0};
    if (!receive(&order, program.streams) || !take_pages(&program, &order) ||
        !read_texts(&program, &order))
        return false;
    struct keeper keeper = {.signals = signals, .processes = processes, .grace_ms = order.grace_ms};
    keep_program(&keeper, &program);
    madvise(processes, PROCESSES_BYTES, MADV_DONTNEED);
    return write(KEEP_SOCKET, &keeper.report, sizeof(keeper.report)) ==
           (ssize_t)sizeof(keeper.report);
}

/* False when rung-run is gone or somebody wants us to end. */
static bool wait_for_order(int signals)
{
    struct pollfd polled[2] = {{KEEP_SOCKET, POLLIN, 0}, {signals, POLLIN, 0}};
    struct signalfd_siginfo info;
    for (;;) {
        if (poll(polled, 2, -1) < 0 && errno != EINTR)
            return false;
        while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
            if (info.ssi_signo != SIGCHLD)
                return false;
        if (polled[0].revents)
            return true;
    }
}

int main(void)
{
    int type;
    socklen_t len = sizeof(type);
    if (getsockopt(KEEP_SOCKET, SOL_SOCKET, SO_TYPE, &type, &len) != 0) {
        static const char text[] = "rung-keep is part of rung run and is not called by itself\n";
        return write(STDERR_FILENO, text, sizeof(text) - 1) > 0 ? 2 : 1;
    }
    sigset_t heard;
    sigemptyset(&heard);
    sigaddset(&heard, SIGCHLD);
    sigaddset(&heard, SIGTERM);
    sigaddset(&heard, SIGINT);
    sigaddset(&heard, SIGHUP);
    sigprocmask(SIG_BLOCK, &heard, NULL);
    signal(SIGPIPE, SIG_IGN);
    fcntl(KEEP_SOCKET, F_SETFD, FD_CLOEXEC);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int signals = signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
    struct process *processes = take(PROCESSES_BYTES); /* while it can be had */
    while (processes && wait_for_order(signals) && serve(signals, processes))
        ;
    return 0;
}
