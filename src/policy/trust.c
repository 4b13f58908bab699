/* policy, trust: receives paths and hashes of policies, and files that this user began, keeps which
 * of them this user trusts in a file of the user's own. Refuses to know what is in them. */
#include "policy.h"

#include "base/emit.h"
#include "base/json.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RECORD_BYTES_MOST = 4 << 20,
    RECORD_ENTRIES_MOST = 4096, /* the oldest give way */
};

/* What an entry says about its path, and the key that says it. */
enum kind { POLICY_HASH, FILE_MARK, KINDS };
static const char *const KIND_KEYS[KINDS] = {[POLICY_HASH] = "sha256", [FILE_MARK] = "file"};

struct trusted {
    enum kind kind;
    struct slice path, mark;
};

struct record {
    const char *file; /* NULL: this user has no data directory */
    struct trusted *items;
    size_t n;
};

/* The path as the file system knows it, so that a link to a policy is that policy. */
static struct slice real_path(struct arena *arena, const char *path)
{
    char *real = realpath(path, NULL);
    struct slice copy = arena_copy(arena, slice_from(real ? real : path));
    free(real);
    return copy;
}

/* Of a file that may not be there yet, in a directory that is. */
static struct slice real_place(struct arena *arena, const char *path)
{
    const char *name = strrchr(path, '/');
    const char *directory = arena_text(arena, real_path(arena, file_directory(arena, path)));
    return slice_from(file_join(arena, directory, name ? name + 1 : path));
}

static bool read_entry(
    struct json_parser *parser, struct arena *arena, struct slice line, struct trusted *entry)
{
    struct json root;
    if (!json_parse(parser, line, &root, NULL))
        return false;
    entry->path = arena_copy(arena, json_get_text(root, "path"));
    entry->mark = (struct slice){0};
    for (enum kind kind = 0; kind < KINDS && entry->mark.len == 0; kind++) {
        entry->kind = kind;
        entry->mark = arena_copy(arena, json_get_text(root, KIND_KEYS[kind]));
    }
    return entry->path.len && entry->mark.len;
}

/* Lines that cannot be read trust nothing and go away with the next change. */
static void read_lines(struct arena *arena, struct slice text, struct record *record)
{
    struct json_parser *parser = json_parser_make();
    struct slice line;
    size_t room = 0;
    while (slice_next_line(&text, &line)) {
        struct trusted entry;
        if (!read_entry(parser, arena, line, &entry))
            continue;
        record->items = arena_grow(arena, record->items, record->n, &room, sizeof(*record->items));
        record->items[record->n++] = entry;
    }
    json_parser_free(parser);
}

static bool read_record(struct arena *arena, struct record *record, struct failure *failure)
{
    *record = (struct record){0};
    const char *directory = file_data_directory(arena);
    if (!directory)
        return failure_set(failure, "no home directory, so there is no record of what you trust");
    record->file = file_join(arena, directory, "trust.jsonl");
    if (!file_exists(record->file))
        return true;
    struct file_bytes file;
    if (!file_open_plain(record->file, RECORD_BYTES_MOST, &file, failure))
        return false;
    read_lines(arena, file.bytes, record);
    file_close(&file);
    return true;
}

static bool write_record(const struct record *record, struct failure *failure)
{
    struct emit emit = {0};
    size_t first = record->n > RECORD_ENTRIES_MOST ? record->n - RECORD_ENTRIES_MOST : 0;
    for (size_t i = first; i < record->n; i++) {
        emit_open(&emit, '{');
        emit_member_text(&emit, "path", record->items[i].path);
        emit_member_text(&emit, KIND_KEYS[record->items[i].kind], record->items[i].mark);
        emit_close(&emit, '}');
        emit_bytes(&emit, slice_from("\n"));
    }
    bool ok = file_replace(record->file, emit_slice(&emit), 0600, failure);
    emit_free(&emit);
    return ok;
}

/* True where an entry of that kind was there for the path. */
static bool forget(struct record *record, enum kind kind, struct slice path)
{
    size_t kept = 0, before = record->n;
    for (size_t i = 0; i < record->n; i++)
        if (record->items[i].kind != kind || !slice_equal(record->items[i].path, path))
            record->items[kept++] = record->items[i];
    record->n = kept;
    return kept < before;
}

static void append(struct arena *arena, struct record *record, struct trusted entry)
{
    struct trusted *items = ARENA_ARRAY(arena, struct trusted, record->n + 1);
    if (record->n)
        memcpy(items, record->items, record->n * sizeof(*items));
    items[record->n++] = entry;
    record->items = items;
}

/* Reads the record for a change of it. One program at a time: what another has added meanwhile is
 * not lost. close(*lock) when it is done. */
static bool open_record(
    struct arena *arena, struct record *record, int *lock, struct failure *failure)
{
    const char *directory = file_data_directory(arena);
    *lock = -1;
    if (directory && (!file_make_directories(directory, 0700, failure) ||
                         !file_lock(file_join(arena, directory, "trust.lock"), lock, failure)))
        return false;
    if (read_record(arena, record, failure))
        return true;
    if (*lock >= 0)
        close(*lock);
    return false;
}

/* Replaces what the record says about the entry's path; an empty mark only forgets. */
static bool change(struct arena *arena, struct trusted entry, struct failure *failure)
{
    struct record record;
    int lock;
    if (!slice_is_utf8(entry.path))
        return failure_set(
            failure, "%.*s cannot be trusted: its path is not UTF-8", SLICE_ARG(entry.path));
    if (!open_record(arena, &record, &lock, failure))
        return false;
    bool was_there = forget(&record, entry.kind, entry.path);
    if (entry.mark.len)
        append(arena, &record, entry);
    bool ok = (!was_there && entry.mark.len == 0) || write_record(&record, failure);
    close(lock);
    return ok;
}

bool policy_is_trusted(struct arena *arena, const char *path, const char *hash)
{
    struct record record;
    if (!read_record(arena, &record, NULL))
        return false;
    struct slice real = real_path(arena, path);
    for (size_t i = 0; i < record.n; i++)
        if (record.items[i].kind == POLICY_HASH && slice_equal(record.items[i].path, real) &&
            slice_is(record.items[i].mark, hash))
            return true;
    return false;
}

bool policy_trust(struct arena *arena, const char *path, const char *hash, struct failure *failure)
{
    return change(
        arena, (struct trusted){POLICY_HASH, real_path(arena, path), slice_from(hash)}, failure);
}

bool policy_distrust(struct arena *arena, const char *path, struct failure *failure)
{
    return change(
        arena, (struct trusted){POLICY_HASH, real_path(arena, path), (struct slice){0}}, failure);
}

/* ---- files that this user began ---- */

/* "inode:birth in ns". Without a time of birth "inode" alone, which is good for its path only. */
static bool mark_of(struct arena *arena, const char *path, struct slice *mark)
{
    struct file_identity is;
    if (!file_identify(path, &is))
        return false;
    *mark = is.birth_ns ? arena_print(arena, "%" PRIu64 ":%" PRId64, is.inode, is.birth_ns)
                        : arena_print(arena, "%" PRIu64, is.inode);
    return true;
}

static bool is_listed(
    struct arena *arena, const struct record *record, const char *path, struct slice mark)
{
    bool anywhere = slice_find_byte(mark, ':') != SIZE_MAX;
    struct slice place = anywhere ? (struct slice){0} : real_place(arena, path);
    for (size_t i = 0; i < record->n; i++)
        if (record->items[i].kind == FILE_MARK && slice_equal(record->items[i].mark, mark) &&
            (anywhere || slice_equal(record->items[i].path, place)))
            return true;
    return false;
}

bool policy_owns_file(struct arena *arena, const char *path)
{
    struct record record;
    struct slice mark;
    return mark_of(arena, path, &mark) && read_record(arena, &record, NULL) &&
           is_listed(arena, &record, path, mark);
}

/* Makes an empty file; false where there is one of that name, of whatever kind. */
static bool make_empty(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

bool policy_begin_file(struct arena *arena, const char *path, struct failure *failure)
{
    struct record record;
    struct trusted entry = {.kind = FILE_MARK, .path = real_place(arena, path)};
    int lock;
    if (!open_record(arena, &record, &lock, failure))
        return false;
    bool ok = false, made = make_empty(path);
    if (mark_of(arena, path, &entry.mark) && made) {
        (void)forget(&record, FILE_MARK, entry.path);
        append(arena, &record, entry);
        ok = write_record(&record, failure);
    } else if (entry.mark.len && is_listed(arena, &record, path, entry.mark)) {
        ok = true;
    } else {
        failure_set(
            failure, "%s was not put there by you: look where it comes from and remove it", path);
    }
    close(lock);
    return ok;
}

bool policy_own_file(
    struct arena *arena, const char *file, const char *place, struct failure *failure)
{
    struct trusted entry = {.kind = FILE_MARK, .path = real_place(arena, place)};
    if (!mark_of(arena, file, &entry.mark))
        return failure_set(failure, "%s is no plain file", file);
    return change(arena, entry, failure);
}

bool policy_disown_file(struct arena *arena, const char *place, struct failure *failure)
{
    struct trusted entry = {.kind = FILE_MARK, .path = real_place(arena, place)};
    return change(arena, entry, failure);
}
