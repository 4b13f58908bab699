/* Receives a helper's name, hands the process over to it. */
#include "helper.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

const char *helper_path(struct arena *arena, const char *name)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n > 0) {
        self[n] = 0;
        const char *beside = file_join(arena, file_directory(arena, self), name);
        if (access(beside, X_OK) == 0)
            return beside;
    }
    return file_join(arena, RUNG_LIBEXEC, name);
}

void helper_become(struct arena *arena, const char *name, char **argv)
{
    const char *path = helper_path(arena, name);
    execv(path, argv);
    log_error("cannot start %s, which is installed with rung: %s", path, strerror(errno));
}
