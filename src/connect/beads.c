/* Receives ids and values, hands them to `bd` by argument vector; says what its closing reasons
 * mean. Refuses to parse issues: `task` does. */
#include "connect.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/emit.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "program.h"
#include "splice.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool connect_is_id(struct slice id)
{
    bool is_right =
        id.len > 0 && id.len <= CONNECT_ID_BYTES && slice_ascii_is_word((unsigned char)id.base[0]);
    for (size_t i = 0; i < id.len && is_right; i++)
        is_right = slice_ascii_is_word((unsigned char)id.base[i]) || strchr("-_./", id.base[i]);
    return is_right;
}

static bool check_id(struct arena *arena, struct slice id, struct failure *failure)
{
    return connect_is_id(id) || failure_set(failure, "\"%.*s\" is no id that bd can have given",
                                    SLICE_ARG(text_one_line(arena, id, 80)));
}

bool connect_beads_show(
    struct arena *arena, struct slice id, struct slice *bytes, struct failure *failure)
{
    struct child_result result;
    const char *const argv[] = {"bd", "show", arena_text(arena, id), "--json", NULL};
    if (!check_id(arena, id, failure) ||
        !program_run(arena, argv, CONNECT_WAIT_MS, &result, failure))
        return false;
    *bytes = result.output;
    return true;
}

static bool update(struct arena *arena, struct slice id, const char *option,
    const struct slice *words, size_t n, struct failure *failure)
{
    const char *argv[4 + 2 * CONNECT_METADATA_MOST] = {"bd", "update", arena_text(arena, id)};
    struct child_result result;
    size_t at = 3;
    for (size_t i = 0; i < n; i++) {
        argv[at++] = option;
        argv[at++] = arena_text(arena, words[i]);
    }
    return program_run(arena, argv, CONNECT_WAIT_MS, &result, failure);
}

/* The metadata's own bytes in what `bd show` printed: an array, an object, or either in an
 * envelope. "{}" where there are none; empty where the bytes are of another shape. */
static struct slice metadata_of(struct arena *arena, struct slice shown)
{
    struct json_parser *parser = json_parser_make();
    struct json root;
    struct slice issue = slice_trim(shown), metadata = {0};
    if (json_parse(parser, shown, &root, NULL)) {
        struct slice data = splice_get(issue, "data");
        issue = data.len ? data : issue;
        struct splice_walk walk = splice_walk_over(issue);
        if (!walk.is_object && splice_next(&walk))
            issue = walk.value;
        metadata = splice_get(issue, "metadata");
        if (metadata.len == 0 || metadata.base[0] != '{')
            metadata = arena_copy(arena, slice_from("{}"));
    }
    json_parser_free(parser);
    return metadata;
}

static struct slice quoted(struct arena *arena, struct slice text)
{
    struct emit emit = {0};
    emit_text(&emit, text);
    struct slice json = arena_copy(arena, emit_slice(&emit));
    emit_free(&emit);
    return json;
}

/* For versions that take metadata only whole (before --set-metadata): read, changed, put back. */
static bool put_back(struct arena *arena, struct slice id, const struct connect_metadata *metadata,
    size_t n, struct failure *failure)
{
    struct slice shown = {0};
    if (!connect_beads_show(arena, id, &shown, failure))
        return false;
    struct slice text = metadata_of(arena, shown);
    if (text.len == 0)
        return failure_set(failure, "bd show printed no JSON");
    for (size_t i = 0; i < n; i++) {
        struct splice_walk walk = splice_walk_over(text);
        if (metadata[i].value.len) {
            text = splice_set(arena, text, text, metadata[i].key, quoted(arena, metadata[i].value));
            continue;
        }
        while (splice_next(&walk))
            if (slice_is(walk.key, metadata[i].key)) {
                text = splice_remove(arena, text, text, walk.item);
                break;
            }
    }
    return update(arena, id, "--metadata", &text, 1, failure);
}

bool connect_beads_set(struct arena *arena, struct slice id,
    const struct connect_metadata *metadata, size_t n, struct failure *failure)
{
    struct slice set[CONNECT_METADATA_MOST], unset[CONNECT_METADATA_MOST];
    size_t n_set = 0, n_unset = 0;
    assert(n <= CONNECT_METADATA_MOST);
    if (!check_id(arena, id, failure))
        return false;
    for (size_t i = 0; i < n; i++)
        if (metadata[i].value.len)
            set[n_set++] =
                arena_print(arena, "%s=%.*s", metadata[i].key, SLICE_ARG(metadata[i].value));
        else
            unset[n_unset++] = slice_from(metadata[i].key);
    struct failure why = {0};
    if ((n_set == 0 || update(arena, id, "--set-metadata", set, n_set, &why)) &&
        (n_unset == 0 || update(arena, id, "--unset-metadata", unset, n_unset, &why)))
        return true;
    if (slice_find(slice_from(why.text), "unknown flag") == SIZE_MAX)
        return failure_set(failure, "%s", why.text);
    return put_back(arena, id, metadata, n, failure);
}

static bool tell(
    struct arena *arena, struct slice id, const char *const *argv, struct failure *failure)
{
    struct child_result result;
    return check_id(arena, id, failure) &&
           program_run(arena, argv, CONNECT_WAIT_MS, &result, failure);
}

bool connect_beads_claim(struct arena *arena, struct slice id, struct failure *failure)
{
    const char *const argv[] = {"bd", "update", arena_text(arena, id), "--claim", NULL};
    return tell(arena, id, argv, failure);
}

bool connect_beads_close(
    struct arena *arena, struct slice id, struct slice reason, struct failure *failure)
{
    const char *const argv[] = {
        "bd", "close", arena_text(arena, id), "--reason", arena_text(arena, reason), NULL};
    return tell(arena, id, argv, failure);
}

bool connect_beads_give_back(
    struct arena *arena, struct slice id, struct slice note, struct failure *failure)
{
    const char *const argv[] = {"bd", "update", arena_text(arena, id), "--status", "open",
        "--append-notes", arena_text(arena, note), NULL};
    return tell(arena, id, argv, failure);
}

static bool has_word(struct slice text, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= text.len; i++) {
        bool begins = i == 0 || !slice_ascii_is_word((unsigned char)text.base[i - 1]);
        bool ends = i + n == text.len || !slice_ascii_is_word((unsigned char)text.base[i + n]);
        if (begins && ends && slice_is_caseless(slice_sub(text, i, i + n), word))
            return true;
    }
    return false;
}

bool connect_reason_is_failure(struct slice reason)
{
    static const char *const done[] = {
        "fixed", "done", "completed", "implemented", "resolved", "merged", "added", "shipped"};
    static const char *const failed[] = {"failed", "rejected", "wontfix", "won't fix", "canceled",
        "cancelled", "abandoned", "blocked", "error", "timeout", "aborted"};
    struct slice text = slice_trim(reason);
    for (size_t i = 0; i < sizeof(done) / sizeof(done[0]); i++)
        if (slice_is_caseless(slice_sub(text, 0, strlen(done[i])), done[i]))
            return false;
    for (size_t i = 0; i < sizeof(failed) / sizeof(failed[0]); i++)
        if (has_word(text, failed[i]))
            return true;
    return false;
}

bool connect_beads_closing(struct arena *arena, struct slice bytes, struct connect_closing *closing,
    struct failure *failure)
{
    struct json_parser *parser = json_parser_make();
    struct json root;
    bool ok = json_parse(parser, bytes, &root, failure);
    if (ok) {
        if (json_get(root, "data").document)
            root = json_get(root, "data");
        struct json_walk walk = json_walk_over(root);
        if (!walk.is_object && json_next(&walk))
            root = walk.value;
        closing->closed = slice_is(json_get_text(root, "status"), "closed");
        closing->reason = arena_copy(arena, json_get_text(root, "close_reason"));
        closing->session = arena_copy(arena, json_get_text(root, "closed_by_session"));
        closing->assignee = arena_copy(arena, json_get_text(root, "assignee"));
    }
    json_parser_free(parser);
    return ok;
}

bool connect_beads_list_new(struct arena *arena, struct slice *bytes, struct failure *failure)
{
    static const char name[] = ".beads/hooks/on_create";
    const char *root = file_find_upward(arena, file_working_directory(arena), name);
    struct file_bytes file = {0};
    struct child_result result;
    struct stat status;
    char since[CLOCK_MS_BYTES];
    *bytes = (struct slice){0};
    const char *path = root ? file_join(arena, root, name) : NULL;
    if (!path || stat(path, &status) != 0)
        return true;
    if (!file_open_plain(path, CONNECT_AGENT_FILE_BYTES, &file, failure))
        return false;
    bool is_ours = connect_beads_hook_is_ours(file.bytes);
    file_close(&file);
    if (!is_ours)
        return true;
    const char *const argv[] = {"bd", "list", "--json", "--limit", "0", "--created-after",
        clock_format_ms(((int64_t)status.st_mtime - 1) * 1000, since),
        NULL}; /* "after", to the s */
    if (!program_run(arena, argv, CONNECT_WAIT_MS, &result, failure))
        return false;
    *bytes = result.output;
    return true;
}

bool connect_append_experiment(
    struct arena *arena, const struct experiment *experiment, struct failure *failure)
{
    const char *root = file_find_upward(arena, file_working_directory(arena), ".beads");
    if (!root)
        return true;
    const char *path = file_join(arena, root, ".beads/routing-experiments.jsonl");
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return failure_set(failure, "cannot write %s: %s", path, strerror(errno));
    struct emit emit = {0};
    record_write(&emit, experiment);
    emit_bytes(&emit, slice_from("\n"));
    bool ok =
        write(fd, emit.bytes, emit.len) == (ssize_t)emit.len; /* one write: lines stay whole */
    if (!ok)
        failure_set(failure, "cannot write %s: %s", path, strerror(errno));
    emit_free(&emit);
    close(fd);
    return ok;
}

static const char HOOK_MARK[] = "# written by `rung init --beads`; `--remove` takes it out again";

struct slice connect_beads_hook(struct arena *arena, const char *word)
{
    return arena_print(arena,
        "#!/bin/sh\n%s\n# bd gives the issue's id as $1 and its JSON on standard input.\n"
        "cd \"$(dirname \"$0\")/../..\" && exec rung bead %s \"$1\"\n",
        HOOK_MARK, word);
}

bool connect_beads_hook_is_ours(struct slice text)
{
    return slice_find(text, HOOK_MARK) != SIZE_MAX;
}
