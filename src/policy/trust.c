/* policy, trust: receives paths and hashes of policies, keeps which of them this user trusts in a
 * file of the user's own. Refuses to know what is in a policy. */
#include "policy.h"

#include "base/emit.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORD_BYTES_MOST = 4 << 20,
    RECORD_ENTRIES_MOST = 4096, /* the oldest give way */
};

struct trusted {
    struct slice path, hash;
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

static bool read_entry(
    struct json_parser *parser, struct arena *arena, struct slice line, struct trusted *entry)
{
    struct json root;
    if (!json_parse(parser, line, &root, NULL))
        return false;
    entry->path = arena_copy(arena, json_get_text(root, "path"));
    entry->hash = arena_copy(arena, json_get_text(root, "sha256"));
    return entry->path.len && entry->hash.len;
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
        return failure_set(failure, "no home directory, so there is no record of trusted policies");
    record->file = file_join(arena, directory, "trust.jsonl");
    if (!file_exists(record->file))
        return true;
    struct file_bytes file;
    if (!file_open(record->file, RECORD_BYTES_MOST, &file, failure))
        return false;
    read_lines(arena, file.bytes, record);
    file_close(&file);
    return true;
}

static bool write_record(struct arena *arena, const struct record *record, struct failure *failure)
{
    if (!file_make_directories(file_directory(arena, record->file), 0700, failure))
        return false;
    struct emit emit = {0};
    size_t first = record->n > RECORD_ENTRIES_MOST ? record->n - RECORD_ENTRIES_MOST : 0;
    for (size_t i = first; i < record->n; i++) {
        emit_open(&emit, '{');
        emit_member_text(&emit, "path", record->items[i].path);
        emit_member_text(&emit, "sha256", record->items[i].hash);
        emit_close(&emit, '}');
        emit_bytes(&emit, slice_from("\n"));
    }
    bool ok = file_replace(record->file, emit_slice(&emit), 0600, failure);
    emit_free(&emit);
    return ok;
}

bool policy_is_trusted(struct arena *arena, const char *path, const char *hash)
{
    struct record record;
    if (!read_record(arena, &record, NULL))
        return false;
    struct slice real = real_path(arena, path);
    for (size_t i = 0; i < record.n; i++)
        if (slice_equal(record.items[i].path, real) && slice_is(record.items[i].hash, hash))
            return true;
    return false;
}

static void forget(struct record *record, struct slice path)
{
    size_t kept = 0;
    for (size_t i = 0; i < record->n; i++)
        if (!slice_equal(record->items[i].path, path))
            record->items[kept++] = record->items[i];
    record->n = kept;
}

bool policy_trust(struct arena *arena, const char *path, const char *hash, struct failure *failure)
{
    struct record record;
    if (!read_record(arena, &record, failure))
        return false;
    struct slice real = real_path(arena, path);
    if (!slice_is_utf8(real))
        return failure_set(failure, "%s cannot be trusted: its path is not UTF-8", path);
    forget(&record, real);
    struct trusted *items = ARENA_ARRAY(arena, struct trusted, record.n + 1);
    if (record.n)
        memcpy(items, record.items, record.n * sizeof(*items));
    items[record.n++] = (struct trusted){real, slice_from(hash)};
    record.items = items;
    return write_record(arena, &record, failure);
}

bool policy_distrust(struct arena *arena, const char *path, struct failure *failure)
{
    struct record record;
    if (!read_record(arena, &record, failure))
        return false;
    size_t before = record.n;
    forget(&record, real_path(arena, path));
    return record.n == before || write_record(arena, &record, failure);
}
