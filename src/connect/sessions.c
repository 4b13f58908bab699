/* Receives a project's directory, a session's id or a Gas Town worker, finds the transcripts that
 * Claude Code keeps of them. Refuses to know what a transcript's lines mean. */
#include "connect.h"

#include "base/file.h"
#include "transcript.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *projects_directory(struct arena *arena)
{
    const char *config = getenv("CLAUDE_CONFIG_DIR"), *home = getenv("HOME");
    if (!config && !home)
        return NULL;
    return file_join(arena, config ? config : file_join(arena, home, ".claude"), "projects");
}

/* How Claude Code names the directory of a project: every byte that is no letter or digit is '-'.
 */
static const char *project_directory(struct arena *arena, const char *directory)
{
    const char *projects = projects_directory(arena);
    if (!projects)
        return NULL;
    char *name = arena_take(arena, strlen(directory) + 1);
    for (size_t i = 0; directory[i]; i++)
        name[i] = slice_ascii_is_word((unsigned char)directory[i]) ? directory[i] : '-';
    return file_join(arena, projects, name);
}

struct dated_path {
    const char *path;
    int64_t at_s;
};

/* Keeps the newest `most`, newest first. */
static void keep_newest(struct dated_path *kept, size_t *n, size_t most, struct dated_path one)
{
    size_t at = *n;
    while (at > 0 && kept[at - 1].at_s < one.at_s)
        at--;
    if (at == most)
        return;
    size_t moved = *n == most ? most - 1 - at : *n - at;
    memmove(kept + at + 1, kept + at, moved * sizeof(*kept));
    kept[at] = one;
    *n += *n < most;
}

static void look_into_session(
    struct arena *arena, const char *directory, struct dated_path *kept, size_t *n, size_t most)
{
    DIR *open = opendir(directory);
    struct dirent *entry;
    struct stat status;
    for (int i = 0; open && i < CONNECT_FILES_MOST && (entry = readdir(open)); i++) {
        const char *path = file_join(arena, directory, entry->d_name);
        if (slice_starts(slice_from(entry->d_name), "agent-") &&
            slice_ends(slice_from(entry->d_name), ".jsonl") && stat(path, &status) == 0 &&
            S_ISREG(status.st_mode))
            keep_newest(kept, n, most, (struct dated_path){path, status.st_mtime});
    }
    if (open)
        closedir(open);
}

size_t connect_agent_transcripts(
    struct arena *arena, const char *directory, const char **paths, size_t most)
{
    const char *project = project_directory(arena, directory);
    struct dated_path *kept = ARENA_ARRAY(arena, struct dated_path, most + 1);
    size_t n = 0;
    DIR *open = project ? opendir(project) : NULL;
    struct dirent *entry;
    for (int i = 0; open && i < CONNECT_FILES_MOST && (entry = readdir(open)); i++)
        if (entry->d_name[0] != '.')
            look_into_session(arena,
                file_join(arena, file_join(arena, project, entry->d_name), "subagents"), kept, &n,
                most);
    if (open)
        closedir(open);
    for (size_t i = 0; i < n; i++)
        paths[i] = kept[i].path;
    return n;
}

static void add_agents(struct arena *arena, const char *directory, const struct price_table *prices,
    struct connect_transcript *sum)
{
    struct connect_transcript *one = arena_take(arena, sizeof(*one));
    DIR *open = opendir(directory);
    struct dirent *entry;
    for (int i = 0; open && i < CONNECT_FILES_MOST && (entry = readdir(open)); i++)
        if (slice_starts(slice_from(entry->d_name), "agent-") &&
            slice_ends(slice_from(entry->d_name), ".jsonl") &&
            connect_transcript_open(
                arena, file_join(arena, directory, entry->d_name), prices, one, NULL))
            transcript_add(sum, one);
    if (open)
        closedir(open);
}

/* The sessions that worked on a bead: those of the directory that began since then and speak of it.
 * Other sessions of the same worker are other beads'. */
static bool add_sessions(struct arena *arena, const char *directory,
    const struct price_table *prices, const struct connect_worker *worker,
    struct connect_transcript *sum)
{
    const char *project = project_directory(arena, directory);
    struct connect_transcript *one = arena_take(arena, sizeof(*one));
    DIR *open = project ? opendir(project) : NULL;
    struct dirent *entry;
    bool found = false;
    for (int i = 0; open && i < CONNECT_FILES_MOST && (entry = readdir(open)); i++) {
        struct slice name = slice_from(entry->d_name);
        struct file_bytes file = {0};
        const char *path = file_join(arena, project, entry->d_name);
        if (!slice_ends(name, ".jsonl") || !file_open(path, CONNECT_TRANSCRIPT_BYTES, &file, NULL))
            continue;
        bool speaks = slice_find(file.bytes, arena_text(arena, worker->bead)) != SIZE_MAX;
        if (speaks)
            connect_transcript_read(arena, file.bytes, prices, one);
        file_close(&file);
        if (!speaks || one->requests == 0 || one->first_ms < worker->since_ms)
            continue;
        if (found)
            transcript_add(sum, one);
        else
            *sum = *one;
        found = true;
        const char *base = arena_text(arena, slice_sub(name, 0, name.len - strlen(".jsonl")));
        add_agents(
            arena, file_join(arena, file_join(arena, project, base), "subagents"), prices, sum);
    }
    if (open)
        closedir(open);
    return found;
}

/* "RIG/polecats/NAME", each part a plain name. */
static bool read_assignee(struct slice assignee, struct slice *rig, struct slice *name)
{
    struct slice kind;
    return slice_next_field(&assignee, '/', rig) && slice_next_field(&assignee, '/', &kind) &&
           slice_next_field(&assignee, '/', name) && assignee.len == 0 &&
           slice_is(kind, "polecats") && connect_is_id(*rig) && connect_is_id(*name);
}

bool connect_worker_transcript(struct arena *arena, const struct connect_worker *worker,
    const struct price_table *prices, struct connect_transcript *transcript)
{
    struct slice rig, name;
    const char *town = file_find_upward(arena, file_working_directory(arena), "mayor/town.json");
    if (!town || worker->bead.len == 0 || !read_assignee(worker->assignee, &rig, &name))
        return false;
    const char *home =
        arena_print(arena, "%s/%.*s/polecats/%.*s", town, SLICE_ARG(rig), SLICE_ARG(name)).base;
    return add_sessions(
               arena, file_join(arena, home, arena_text(arena, rig)), prices, worker, transcript) ||
           add_sessions(arena, home, prices, worker, transcript);
}

static bool is_session_id(struct slice session)
{
    for (size_t i = 0; i < session.len; i++)
        if (!slice_ascii_is_word((unsigned char)session.base[i]) && session.base[i] != '-')
            return false;
    return session.len >= 8 && session.len <= CONNECT_AGENT_NAME_BYTES;
}

bool connect_session_transcript(struct arena *arena, struct slice session,
    const struct price_table *prices, struct connect_transcript *transcript)
{
    const char *projects = projects_directory(arena);
    if (!is_session_id(session) || !projects)
        return false;
    DIR *open = opendir(projects);
    struct dirent *entry;
    bool found = false;
    for (int i = 0; open && !found && i < CONNECT_FILES_MOST && (entry = readdir(open)); i++) {
        if (entry->d_name[0] == '.')
            continue;
        const char *base =
            arena_print(arena, "%s/%s/%.*s", projects, entry->d_name, SLICE_ARG(session)).base;
        const char *path = arena_print(arena, "%s.jsonl", base).base;
        found = file_exists(path) && connect_transcript_open(arena, path, prices, transcript, NULL);
        if (found)
            add_agents(arena, file_join(arena, base, "subagents"), prices, transcript);
    }
    if (open)
        closedir(open);
    return found;
}
