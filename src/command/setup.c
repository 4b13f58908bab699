/* Receives the wish to install Rung in another program's settings or to take it out, changes those
 * files and nothing else in them. */
#include "setup.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "connect/connect.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SETUP_FILES_MOST = 10000, SETUP_REDIRECT_BYTES = 4096 };

static const char SETTINGS[] = ".claude/settings.json";
static const char AGENTS[] = ".claude/agents";

/* The text of a file; empty where there is none. *mode is its permissions. */
static bool read_text(struct arena *arena, const char *path, struct slice *text, unsigned *mode,
    struct failure *failure)
{
    struct file_bytes file = {0};
    struct stat status;
    *text = (struct slice){"", 0};
    *mode = 0644;
    if (stat(path, &status) != 0 && errno == ENOENT)
        return true;
    if (!file_open_plain(path, CONNECT_SETTINGS_BYTES, &file, failure))
        return false;
    *text = arena_copy(arena, file.bytes);
    *mode = status.st_mode & 0777;
    file_close(&file);
    return true;
}

/* A link in a stranger's project may lead to this user's own files. */
static bool refuse_links(struct failure *failure)
{
    return file_refuse_links(".", SETTINGS, failure) && file_refuse_links(".", AGENTS, failure);
}

static bool change_settings(struct call *call, bool advise, struct failure *failure)
{
    struct slice text, changed;
    unsigned mode;
    if (!read_text(call->arena, SETTINGS, &text, &mode, failure))
        return false;
    if (!connect_settings_add(call->arena, text, advise, &changed, failure))
        return failure_prefix(failure, "%s", SETTINGS);
    if (text.len && slice_equal(text, changed)) {
        fprintf(call->out, "%s has the hooks already\n", SETTINGS);
        return true;
    }
    if (!file_replace(SETTINGS, changed, mode, failure))
        return false;
    fprintf(call->out, "wrote the hooks into %s\n", SETTINGS);
    return true;
}

/* True where a file is there that somebody else wrote. */
static bool is_others(struct arena *arena, const char *path)
{
    struct failure failure;
    struct slice text;
    unsigned mode;
    return file_exists(path) &&
           (!read_text(arena, path, &text, &mode, &failure) || !connect_agent_file_is_ours(text));
}

static bool write_agents(
    struct call *call, const struct workspace *workspace, struct failure *failure)
{
    struct arena *arena = call->arena;
    for (size_t i = 0; i < workspace->policy.n_rungs; i++) {
        const struct policy_rung *rung = &workspace->policy.rungs[i];
        struct slice text = connect_agent_file(arena, rung);
        const char *path =
            arena_print(arena, "%s/rung-%.*s.md", AGENTS, SLICE_ARG(rung->name)).base;
        if (text.len == 0) {
            log_note("no agent for %.*s: Claude Code cannot be asked for %.*s",
                SLICE_ARG(rung->name), SLICE_ARG(rung->model));
            continue;
        }
        if (!file_refuse_links(".", path, failure))
            return false;
        if (is_others(arena, path)) {
            log_warning("%s is not ours and stays as it is", path);
            continue;
        }
        if (!file_replace(path, text, 0644, failure))
            return false;
        fprintf(call->out, "wrote %s\n", path);
    }
    return true;
}

bool setup_claude(
    struct call *call, const struct workspace *workspace, bool advise, struct failure *failure)
{
    if (!refuse_links(failure) || !file_make_directories(AGENTS, 0755, failure) ||
        !change_settings(call, advise, failure) || !write_agents(call, workspace, failure))
        return false;
    fputs("\nnext: start Claude Code anew in this directory (it reads hooks when it starts); after "
          "a sub-agent has run, `rung doctor` shows which model answered\n",
        call->out);
    return true;
}

static bool remove_agents(struct call *call, struct failure *failure)
{
    DIR *open = opendir(AGENTS);
    struct dirent *entry;
    bool ok = true;
    for (int n = 0; open && ok && n < SETUP_FILES_MOST && (entry = readdir(open)); n++) {
        const char *path = file_join(call->arena, AGENTS, entry->d_name);
        if (!slice_starts(slice_from(entry->d_name), "rung-") || !file_exists(path) ||
            is_others(call->arena, path))
            continue;
        if (unlink(path) != 0)
            ok = failure_set(failure, "cannot remove %s: %s", path, strerror(errno));
        else
            fprintf(call->out, "removed %s\n", path);
    }
    if (open)
        closedir(open);
    rmdir(AGENTS); /* where it is empty now */
    return ok;
}

bool setup_claude_remove(struct call *call, struct failure *failure)
{
    struct slice text, changed;
    unsigned mode;
    if (!refuse_links(failure) || !read_text(call->arena, SETTINGS, &text, &mode, failure))
        return false;
    if (text.len == 0) {
        fprintf(call->out, "there is no %s\n", SETTINGS);
    } else if (!connect_settings_remove(call->arena, text, &changed, failure)) {
        return failure_prefix(failure, "%s", SETTINGS);
    } else if (slice_equal(text, changed)) {
        fprintf(call->out, "%s has no hooks of ours\n", SETTINGS);
    } else if (!file_replace(SETTINGS, changed, mode, failure)) {
        return false;
    } else {
        fprintf(call->out, "took the hooks out of %s\n", SETTINGS);
    }
    return remove_agents(call, failure);
}

static const struct {
    const char *path, *word;
} BEADS_HOOKS[] = {
    {".beads/hooks/on_create", "created"},
    {".beads/hooks/on_close", "closed"},
};
enum { BEADS_HOOKS_COUNT = sizeof(BEADS_HOOKS) / sizeof(BEADS_HOOKS[0]) };

/* The directory whose .beads bd looks into for hooks. A .beads that only points at another one
 * (Gas Town's rigs and work trees have such) is not followed: it may point anywhere. */
static const char *beads_root(struct arena *arena, struct failure *failure)
{
    const char *here = file_working_directory(arena);
    const char *root = file_find_upward(arena, here, ".beads");
    struct file_bytes file = {0};
    if (!root) {
        failure_set(failure, "there is no .beads at or above %s; `bd init` makes one", here);
        return NULL;
    }
    const char *redirect = file_join(arena, root, ".beads/redirect");
    if (!file_open_plain(redirect, SETUP_REDIRECT_BYTES, &file, NULL))
        return root;
    failure_set(failure, "%s sends bd to %.*s: run this in the directory above that", redirect,
        SLICE_ARG(text_one_line(arena, file.bytes, 200)));
    file_close(&file);
    return NULL;
}

bool setup_beads(struct call *call, struct failure *failure)
{
    struct arena *arena = call->arena;
    const char *root = beads_root(arena, failure);
    if (!root || !file_refuse_links(root, ".beads/hooks", failure) ||
        !file_make_directories(file_join(arena, root, ".beads/hooks"), 0755, failure))
        return false;
    for (size_t i = 0; i < BEADS_HOOKS_COUNT; i++) {
        const char *path = file_join(arena, root, BEADS_HOOKS[i].path);
        struct slice text, wanted = connect_beads_hook(arena, BEADS_HOOKS[i].word);
        unsigned mode;
        if (!file_refuse_links(root, BEADS_HOOKS[i].path, failure) ||
            !read_text(arena, path, &text, &mode, failure))
            return false;
        if (text.len && !connect_beads_hook_is_ours(text)) {
            log_warning("%s is not ours and stays as it is; let it call: rung bead %s \"$1\"", path,
                BEADS_HOOKS[i].word);
        } else if (slice_equal(text, wanted)) {
            fprintf(call->out, "%s is there already\n", BEADS_HOOKS[i].path);
        } else {
            if (!file_replace(path, wanted, 0755, failure))
                return false;
            fprintf(call->out, "wrote %s\n", BEADS_HOOKS[i].path);
        }
    }
    return true;
}

bool setup_beads_remove(struct call *call, struct failure *failure)
{
    struct arena *arena = call->arena;
    const char *root = beads_root(arena, failure);
    if (!root)
        return false;
    for (size_t i = 0; i < BEADS_HOOKS_COUNT; i++) {
        const char *path = file_join(arena, root, BEADS_HOOKS[i].path);
        struct slice text;
        unsigned mode;
        if (!file_refuse_links(root, BEADS_HOOKS[i].path, failure) ||
            !read_text(arena, path, &text, &mode, failure))
            return false;
        if (!connect_beads_hook_is_ours(text))
            continue;
        if (unlink(path) != 0)
            return failure_set(failure, "cannot remove %s: %s", path, strerror(errno));
        fprintf(call->out, "removed %s\n", BEADS_HOOKS[i].path);
    }
    return true;
}
