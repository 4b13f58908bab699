/* Receives changes of sums and adds them to what is stored; hands all sums on; keeps lines aside.
 * Refuses to know what is summed: the columns are a table in sums.c. */
#include "sqlite.h"

#include "base/file.h"
#include "sums.h"

#include <string.h>

enum { HOUR_MS = 3600000 };

static struct slice list_columns(
    struct arena *arena, const char *first, const char *before, const char *between, bool added)
{
    struct slice list = arena_print(arena, "%s", first);
    for (int i = 0; i < SUMS_COLUMNS; i++) {
        const char *name = SUMS_COLUMN[i].name;
        if (added)
            list = arena_print(
                arena, "%s%s%s=%s+excluded.%s", list.base, i ? between : before, name, name, name);
        else
            list = arena_print(arena, "%s%s%s", list.base, i ? between : before, name);
    }
    return list;
}

const char *sqlite_sums_sql(struct arena *arena)
{
    struct slice columns = list_columns(arena, "kind,key,second", ",", ",", false);
    struct slice changes = list_columns(arena, "", "", ",", true);
    struct slice marks = arena_print(arena, "?");
    for (int i = 1; i < SUMS_COLUMNS + 3; i++)
        marks = arena_print(arena, "%s,?", marks.base);
    return arena_print(arena,
        "INSERT INTO sums(%s) VALUES(%s) ON CONFLICT(kind,key,second) DO UPDATE SET %s",
        columns.base, marks.base, changes.base)
        .base;
}

static const void *column_of(const struct ledger_sums *sums, int i)
{
    return (const char *)sums + SUMS_COLUMN[i].at;
}

static void bind_sums(sqlite3_stmt *statement, const struct ledger_sums *sums)
{
    for (int i = 0; i < SUMS_COLUMNS; i++) {
        const void *at = column_of(sums, i);
        if (SUMS_COLUMN[i].is_real)
            sqlite3_bind_double(statement, 4 + i, *(const double *)at);
        else
            sqlite3_bind_int64(statement, 4 + i, *(const int64_t *)at);
    }
}

static void bind_key(
    sqlite3_stmt *statement, const struct ledger_tally *tally, int64_t key, int64_t second)
{
    sqlite3_bind_int(statement, 1, (int)tally->kind);
    sqlite3_bind_int64(statement, 2, key);
    sqlite3_bind_int64(statement, 3, second);
}

bool sqlite_add_sums(
    void *handle, const struct ledger_tally *changes, size_t n, struct failure *failure)
{
    struct sqlite_store *store = handle;
    for (size_t i = 0; i < n; i++) {
        int64_t key = 0, second = 0;
        sqlite3_stmt *add = sqlite_statement(store, STATEMENT_SUMS_ADD, failure);
        if (!add || !sqlite_name_number(store, changes[i].key, &key, failure) ||
            !sqlite_name_number(store, changes[i].second, &second, failure))
            return false;
        bind_key(add, &changes[i], key, second);
        bind_sums(add, &changes[i].sums);
        if (!sqlite_run(store, add, failure))
            return false;
        if (changes[i].sums.n > 0)
            continue;
        sqlite3_stmt *clean = sqlite_statement(store, STATEMENT_SUMS_CLEAN, failure);
        if (!clean)
            return false;
        bind_key(clean, &changes[i], key, second);
        if (!sqlite_run(store, clean, failure))
            return false;
    }
    return true;
}

static void read_sums(sqlite3_stmt *statement, struct ledger_sums *sums)
{
    for (int i = 0; i < SUMS_COLUMNS; i++) {
        void *at = (char *)sums + SUMS_COLUMN[i].at;
        if (SUMS_COLUMN[i].is_real)
            *(double *)at = sqlite3_column_double(statement, 3 + i);
        else
            *(int64_t *)at = sqlite3_column_int64(statement, 3 + i);
    }
}

bool sqlite_read_sums(void *handle, struct arena *arena, struct ledger_tally **tallies, size_t *n,
    struct failure *failure)
{
    struct sqlite_store *store = handle;
    sqlite3_stmt *statement = NULL;
    size_t room = 0;
    int step = SQLITE_ERROR;
    bool ok = false;
    *tallies = NULL;
    *n = 0;
    const char *sql = arena_print(arena,
        "SELECT k.text, s.text, kind, %s FROM sums JOIN name k ON k.number = key"
        " JOIN name s ON s.number = second",
        list_columns(arena, "", "", ",", false).base)
                          .base;
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return sqlite_trouble(store, "read", failure);
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        int kind = sqlite3_column_int(statement, 2);
        if (kind < 0 || kind >= LEDGER_KINDS)
            continue; /* of a version that sums by more */
        *tallies = arena_grow(arena, *tallies, *n, &room, sizeof(**tallies));
        struct ledger_tally *tally = &(*tallies)[(*n)++];
        tally->kind = (enum ledger_kind)kind;
        tally->key = arena_copy(arena, sqlite_slice(statement, 0));
        tally->second = arena_copy(arena, sqlite_slice(statement, 1));
        read_sums(statement, &tally->sums);
    }
    ok = step == SQLITE_DONE || sqlite_trouble(store, "read", failure);
    sqlite3_finalize(statement);
    return ok;
}

bool sqlite_add_hours(
    void *handle, const struct ledger_tally *changes, size_t n, struct failure *failure)
{
    struct sqlite_store *store = handle;
    for (size_t i = 0; i < n; i++) {
        const struct ledger_sums *sums = &changes[i].sums;
        int64_t hour = 0, rung = 0;
        sqlite3_stmt *add = sqlite_statement(store, STATEMENT_HOUR_ADD, failure);
        if (!add || !slice_to_int64(changes[i].key, &hour) ||
            !sqlite_name_number(store, changes[i].second, &rung, failure))
            return false;
        sqlite3_bind_int64(add, 1, hour);
        sqlite3_bind_int64(add, 2, rung);
        sqlite3_bind_int64(add, 3, sums->n);
        sqlite3_bind_int64(add, 4, sums->accepted);
        sqlite3_bind_int64(add, 5, sums->cost_n);
        sqlite3_bind_double(add, 6, sums->cost_usd);
        if (!sqlite_run(store, add, failure))
            return false;
    }
    return true;
}

bool sqlite_read_series(void *handle, struct arena *arena, const struct ledger_span *span,
    struct ledger_slot **slots, size_t *n, struct failure *failure)
{
    static const char sql[] =
        "SELECT at / ?3 * ?3 AS slot, text, sum(n), sum(accepted), sum(cost_n), sum(cost_usd)"
        " FROM hour JOIN name ON number = rung WHERE at >= ?1 AND at < ?2 GROUP BY slot, rung"
        " HAVING sum(n) > 0 ORDER BY slot, text LIMIT ?4";
    struct sqlite_store *store = handle;
    sqlite3_stmt *statement = NULL;
    size_t room = 0;
    int step;
    *slots = NULL;
    *n = 0;
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return sqlite_trouble(store, "read", failure);
    sqlite3_bind_int64(statement, 1, span->since_ms / HOUR_MS);
    sqlite3_bind_int64(
        statement, 2, span->until_ms ? (span->until_ms + HOUR_MS - 1) / HOUR_MS : INT64_MAX);
    sqlite3_bind_int64(statement, 3, span->hours);
    sqlite3_bind_int64(statement, 4, (int64_t)span->most);
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        *slots = arena_grow(arena, *slots, *n, &room, sizeof(**slots));
        (*slots)[(*n)++] =
            (struct ledger_slot){.at_ms = sqlite3_column_int64(statement, 0) * HOUR_MS,
                .rung = arena_copy(arena, sqlite_slice(statement, 1)),
                .n = sqlite3_column_int64(statement, 2),
                .accepted = sqlite3_column_int64(statement, 3),
                .cost_n = sqlite3_column_int64(statement, 4),
                .cost_usd = sqlite3_column_double(statement, 5)};
    }
    bool ok = step == SQLITE_DONE || sqlite_trouble(store, "read", failure);
    sqlite3_finalize(statement);
    return ok;
}

bool sqlite_sums_are_stale(void *handle, bool *stale, struct failure *failure)
{
    struct sqlite_store *store = handle;
    sqlite3_stmt *statement = NULL;
    bool ok = sqlite3_prepare_v2(store->db, "SELECT count(*) FROM stale", -1, &statement, NULL) ==
                  SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_ROW;
    if (ok)
        *stale = sqlite3_column_int64(statement, 0) > 0;
    else
        sqlite_trouble(store, "read", failure);
    sqlite3_finalize(statement);
    return ok;
}

bool sqlite_forget_sums(void *handle, struct failure *failure)
{
    struct sqlite_store *store = handle;
    return sqlite3_exec(store->db, "DELETE FROM sums; DELETE FROM stale", NULL, NULL, NULL) ==
               SQLITE_OK ||
           sqlite_trouble(store, "write", failure);
}

bool sqlite_count(void *handle, struct ledger_counts *counts, struct failure *failure)
{
    static const char sql[] =
        "SELECT coalesce((SELECT sum(n) FROM sums WHERE kind = 0), 0),"
        " (SELECT count(*) FROM experiment WHERE pending = 1), (SELECT count(*) FROM rejected)";
    struct sqlite_store *store = handle;
    sqlite3_stmt *statement = NULL;
    bool ok = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_ROW;
    if (ok)
        *counts = (struct ledger_counts){sqlite3_column_int64(statement, 0),
            sqlite3_column_int64(statement, 1), sqlite3_column_int64(statement, 2)};
    else
        sqlite_trouble(store, "read", failure);
    sqlite3_finalize(statement);
    return ok;
}

bool sqlite_keep_aside(void *handle, const struct ledger_reject *reject, struct failure *failure)
{
    struct sqlite_store *store = handle;
    struct slice bytes = slice_sub(reject->bytes, 0, LEDGER_REJECT_BYTES_MOST);
    char hash[SHA256_HEX_BYTES];
    sqlite3_stmt *statement = sqlite_statement(store, STATEMENT_REJECT, failure);
    if (!statement)
        return false;
    file_sha256(reject->bytes, hash);
    sqlite_bind_slice(statement, 1, slice_from(hash));
    sqlite_bind_slice(statement, 2, reject->name);
    sqlite3_bind_int64(statement, 3, reject->line);
    sqlite_bind_slice(statement, 4, reject->reason);
    sqlite3_bind_blob64(statement, 5, bytes.len ? bytes.base : "", bytes.len, SQLITE_STATIC);
    return sqlite_run(store, statement, failure);
}

bool sqlite_rejected(void *handle, struct arena *arena, size_t most, struct ledger_reject **rejects,
    size_t *n, struct failure *failure)
{
    static const char sql[] = "SELECT name, line, reason, bytes FROM rejected ORDER BY number";
    struct sqlite_store *store = handle;
    sqlite3_stmt *statement = NULL;
    size_t room = 0;
    int step = SQLITE_DONE;
    *rejects = NULL;
    *n = 0;
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return sqlite_trouble(store, "read", failure);
    while (*n < most && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(statement, 3);
        struct slice kept = {bytes ? bytes : "", (size_t)sqlite3_column_bytes(statement, 3)};
        *rejects = arena_grow(arena, *rejects, *n, &room, sizeof(**rejects));
        (*rejects)[(*n)++] =
            (struct ledger_reject){.name = arena_copy(arena, sqlite_slice(statement, 0)),
                .line = sqlite3_column_int64(statement, 1),
                .reason = arena_copy(arena, sqlite_slice(statement, 2)),
                .bytes = arena_copy(arena, kept)};
    }
    bool ok = step == SQLITE_DONE || step == SQLITE_ROW || sqlite_trouble(store, "read", failure);
    sqlite3_finalize(statement);
    return ok;
}
