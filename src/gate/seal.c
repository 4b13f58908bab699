/* gate, seal: receives a work tree and the git directory behind it, hands on the hashes of what no
 * diff shows but git or an agent's next session would obey. */
#include "gate.h"

#include "base/text.h"
#include "parts.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MOST = 12, FILE_BYTES_MOST = 16 << 20, LINK_BYTES_MOST = 4096 };

const char *const SEALED_OF_GIT[] = {"hooks", "config", "config.worktree", "info/attributes",
    "info/exclude", "info/grafts", "objects/info/alternates", NULL};

struct sealing {
    struct arena *arena;
    struct arena passing; /* a seal lives long, and there may be hundreds */
    struct gate_seal *seal;
    size_t room;
};

static void add(struct sealing *sealing, const char *name, struct slice content)
{
    struct gate_seal *seal = sealing->seal;
    if (seal->n == GATE_SEAL_FILES_MOST) {
        seal->is_cut = true;
        return;
    }
    seal->items =
        arena_grow(&sealing->passing, seal->items, seal->n, &sealing->room, sizeof(*seal->items));
    struct gate_sealed *item = &seal->items[seal->n++];
    item->path = name;
    file_sha256(content, item->hash);
}

static void add_file(struct sealing *sealing, const char *path, const char *name)
{
    struct file_bytes file;
    if (!file_open_plain(path, FILE_BYTES_MOST, &file, NULL)) {
        sealing->seal->is_cut = true;
        return;
    }
    add(sealing, name, file.bytes);
    file_close(&file);
}

static void add_link(struct sealing *sealing, const char *path, const char *name)
{
    char *target = arena_take(&sealing->passing, LINK_BYTES_MOST);
    ssize_t n = readlink(path, target, LINK_BYTES_MOST);
    if (n >= 0)
        add(sealing, name, arena_print(sealing->arena, "link to %.*s", (int)n, target));
}

static void add_below(struct sealing *sealing, const char *path, const char *name, int depth);

static void add_entries(struct sealing *sealing, const char *path, const char *name, int depth)
{
    DIR *directory = opendir(path);
    if (!directory)
        return;
    struct dirent *entry;
    while ((entry = readdir(directory)) && !sealing->seal->is_cut)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            add_below(sealing, file_join(&sealing->passing, path, entry->d_name),
                file_join(sealing->arena, name, entry->d_name), depth + 1);
    closedir(directory);
}

/* What stands there, links not followed; nothing where there is nothing. */
static void add_below(struct sealing *sealing, const char *path, const char *name, int depth)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return;
    if (S_ISLNK(status.st_mode))
        add_link(sealing, path, name);
    else if (S_ISREG(status.st_mode))
        add_file(sealing, path, name);
    else if (S_ISDIR(status.st_mode) && depth < DEPTH_MOST)
        add_entries(sealing, path, name, depth);
    else
        add(sealing, name, slice_from("neither file nor directory"));
}

static int compare_paths(const void *a, const void *b)
{
    const struct gate_sealed *x = a, *y = b;
    return strcmp(x->path, y->path);
}

bool gate_seal_take(struct arena *arena, const struct gate_tree *tree, struct gate_seal *seal,
    struct failure *failure)
{
    static const char *const OF_TREE[] = {".claude", ".git", "rung.yaml"};
    *seal = (struct gate_seal){0};
    struct sealing sealing = {.arena = arena, .seal = seal};
    struct stat status;
    if (stat(tree->common, &status) != 0)
        return failure_set(failure, "cannot read %s: %s", tree->common, strerror(errno));
    for (const char *const *name = SEALED_OF_GIT; *name; name++)
        add_below(&sealing, file_join(&sealing.passing, tree->common, *name),
            file_join(arena, ".git", *name), 0);
    for (size_t i = 0; i < sizeof(OF_TREE) / sizeof(*OF_TREE); i++) {
        const char *path = file_join(&sealing.passing, tree->directory, OF_TREE[i]);
        /* Of a worktree, .git is a file that says where the rest is; else it was looked at. */
        bool is_git_directory = strcmp(OF_TREE[i], ".git") == 0 && file_is_directory(path);
        if (!is_git_directory)
            add_below(&sealing, path, OF_TREE[i], 0);
    }
    struct gate_sealed *items = ARENA_ARRAY(arena, struct gate_sealed, seal->n);
    if (seal->n) {
        memcpy(items, seal->items, seal->n * sizeof(*items));
        qsort(items, seal->n, sizeof(*items), compare_paths);
    }
    seal->items = items;
    arena_free(&sealing.passing);
    return true;
}

static void compare(
    const struct gate_seal *before, const struct gate_seal *after, struct findings *findings)
{
    size_t i = 0, k = 0;
    while (i < before->n || k < after->n) {
        int order = i == before->n  ? 1
                    : k == after->n ? -1
                                    : strcmp(before->items[i].path, after->items[k].path);
        if (order < 0)
            findings_add(findings, "%s was deleted", before->items[i].path);
        else if (order > 0)
            findings_add(findings, "%s was added", after->items[k].path);
        else if (strcmp(before->items[i].hash, after->items[k].hash) != 0)
            findings_add(findings, "%s was changed", after->items[k].path);
        i += order <= 0;
        k += order >= 0;
    }
}

void gate_seal_check(struct arena *arena, const struct gate_seal *before,
    const struct gate_seal *after, struct gate_result *result)
{
    struct findings findings = {.arena = arena};
    compare(before, after, &findings);
    *result = (struct gate_result){.name = slice_from("seal"),
        .kind = POLICY_GATE_DIFF,
        .verdict = findings.n ? GATE_FAIL : GATE_PASS,
        .confidence = NAN};
    if (findings.n == 0 && (before->is_cut || after->is_cut)) {
        result->verdict = GATE_UNSURE;
        findings_add(&findings, "more files under .claude/ or git's hooks than are looked at");
    }
    result->evidence = findings_text(&findings);
}
