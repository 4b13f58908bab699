/* Receives the name of a tracker, hands on its bytes or the path of its file. Programs are asked
 * first; where one is missing, fails or is slow, the file that it leaves behind serves, with a
 * warning. */
#include "connect.h"

#include "base/file.h"
#include "program.h"

static bool ask_program(struct arena *arena, const char *const *argv, int wait_ms,
    struct connect_fetched *fetched, struct failure *failure)
{
    struct child_result result;
    if (!program_run(arena, argv, wait_ms, &result, failure))
        return false;
    fetched->bytes = result.output;
    return true;
}

static bool fetch_beads(struct arena *arena, const char *directory, struct connect_fetched *fetched,
    struct failure *failure)
{
    const char *root = file_find_upward(arena, directory, ".beads");
    const char *const argv[] = {
        "bd", "list", "--json", "--limit", "0", "--all", "-C", root ? root : directory, NULL};
    const char *const plain[] = {"bd", "list", "--json", "--limit", "0", NULL};
    fetched->name = "bd list";
    if (ask_program(arena, root ? argv : plain, CONNECT_WAIT_MS, fetched, failure))
        return true;
    bool is_old = slice_find(slice_from(failure->text), "unknown") != SIZE_MAX; /* knows no -C */
    if (root && is_old && ask_program(arena, plain, CONNECT_WAIT_MS, fetched, failure))
        return true;
    const char *path = root ? file_join(arena, root, ".beads/issues.jsonl") : NULL;
    if (!path || !file_exists(path))
        return failure_prefix(failure,
            "no Beads backlog to be had: there is no .beads/issues.jsonl at or above %s, and bd "
            "did not help",
            directory);
    fetched->name = fetched->path = path;
    fetched->warning = arena_print(arena,
        "%s; reading %s instead, which may be older than the tracker and without labels",
        failure->text, path);
    return true;
}

static bool fetch_github(struct arena *arena, const char *directory,
    struct connect_fetched *fetched, struct failure *failure)
{
    (void)directory;
    const char *const argv[] = {"gh", "issue", "list", "--state", "all", "--limit", "10000",
        "--json", "number,title,body,labels,state,url", NULL};
    fetched->name = "gh issue list";
    if (ask_program(arena, argv, CONNECT_LIST_WAIT_MS, fetched, failure))
        return true;
    return failure_prefix(failure,
        "no GitHub issues to be had (save them with `gh issue list --state all --limit 10000 "
        "--json number,title,body,labels,state` and use --file)");
}

static bool fetch_file(struct arena *arena, const char *directory, const char *relative,
    const char *what, struct connect_fetched *fetched, struct failure *failure)
{
    const char *root = file_find_upward(arena, directory, relative);
    if (!root)
        return failure_set(failure, "no %s backlog: there is no %s at or above %s; use --file",
            what, relative, directory);
    fetched->name = fetched->path = file_join(arena, root, relative);
    return true;
}

static const struct {
    enum task_format format;
    const char *leaves; /* the path by which its presence is told */
} TRACKERS[] = {
    {TASK_FORMAT_BEADS, ".beads"},
    {TASK_FORMAT_TASKMASTER, ".taskmaster/tasks/tasks.json"},
    {TASK_FORMAT_BACKLOG, "backlog/tasks"},
};

static bool find_tracker(
    struct arena *arena, const char *directory, enum task_format *format, struct failure *failure)
{
    for (size_t i = 0; i < sizeof(TRACKERS) / sizeof(TRACKERS[0]); i++)
        if (file_find_upward(arena, directory, TRACKERS[i].leaves)) {
            *format = TRACKERS[i].format;
            return true;
        }
    return failure_set(failure,
        "no task given and no tracker found here: type `rung route \"what is to be done\"`, or "
        "name a backlog with --file F or --from github");
}

bool connect_fetch(struct arena *arena, const char *directory, enum task_format *format,
    struct connect_fetched *fetched, struct failure *failure)
{
    *fetched = (struct connect_fetched){0};
    if (*format == TASK_FORMAT_AUTO && !find_tracker(arena, directory, format, failure))
        return false;
    switch (*format) {
    case TASK_FORMAT_BEADS:
        return fetch_beads(arena, directory, fetched, failure);
    case TASK_FORMAT_GITHUB:
        return fetch_github(arena, directory, fetched, failure);
    case TASK_FORMAT_TASKMASTER:
        return fetch_file(
            arena, directory, ".taskmaster/tasks/tasks.json", "Task Master", fetched, failure);
    case TASK_FORMAT_BACKLOG:
        return fetch_file(arena, directory, "backlog/tasks", "Backlog.md", fetched, failure);
    default:
        return failure_set(failure,
            "--from %s reads a file: name it with --file F, or - for "
            "standard input",
            task_format_name(*format));
    }
}
