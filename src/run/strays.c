/* Receives the question which runs are dead, ends the processes that such runs have left. Refuses
 * to touch a process that no environment of ours says is of a run. */
#include "keeper.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENVIRON_BYTES_MOST = 256 * 1024 };

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
