/* Receives a path, hands on an open SQLite database of this version with its prepared statements
 * and transactions. Refuses to know what is in the rows. */
#include "sqlite.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CACHE_KIB = 64 << 10,
    LENGTH_MOST = 64 << 20, /* of any value or row: a stranger's file is read too */
    STEPS_MOST = 1000,
};

/* The database itself, and what SQLite keeps beside it. */
static const char *const SIDE_SUFFIXES[] = {"", "-wal", "-shm", "-journal"};
enum { SIDE_FILES = sizeof(SIDE_SUFFIXES) / sizeof(SIDE_SUFFIXES[0]) };

static const char *const SQL[STATEMENTS] = {
    [STATEMENT_NAME_BY_TEXT] = "SELECT number FROM name WHERE text = ?1",
    [STATEMENT_NAME_BY_NUMBER] = "SELECT text FROM name WHERE number = ?1",
    [STATEMENT_NAME_ADD] = "INSERT INTO name(text) VALUES(?1)",
    [STATEMENT_INSERT] =
        "INSERT INTO experiment(id, at_ms, task, model_used, rung, strategy, source, project,"
        " confidence, success, cost, seconds, quality, cost_source, outcome_source, pending,"
        " explored, seq, facets)"
        " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)"
        " ON CONFLICT(id) DO NOTHING",
    [STATEMENT_INSERT_WORDS] =
        "INSERT INTO words(number, description, notes, rest) VALUES(?1,?2,?3,?4)",
    [STATEMENT_UPDATE] =
        "UPDATE experiment SET at_ms=?2, task=?3, model_used=?4, rung=?5, strategy=?6, source=?7,"
        " project=?8, confidence=?9, success=?10, cost=?11, seconds=?12, quality=?13,"
        " cost_source=?14, outcome_source=?15, pending=?16, explored=?17, seq=?18, facets=?19"
        " WHERE id=?1",
    [STATEMENT_UPDATE_WORDS] = "UPDATE words SET description=?2, notes=?3, rest=?4"
                               " WHERE number=(SELECT number FROM experiment WHERE id=?1)",
    [STATEMENT_LAST_SEQ] = "SELECT coalesce(max(seq), 0) FROM experiment",
    [STATEMENT_HOUR_ADD] =
        "INSERT INTO hour(at, rung, n, accepted, cost_n, cost_usd) VALUES(?1,?2,?3,?4,?5,?6)"
        " ON CONFLICT(at, rung) DO UPDATE SET n=n+excluded.n,"
        " accepted=accepted+excluded.accepted, cost_n=cost_n+excluded.cost_n,"
        " cost_usd=cost_usd+excluded.cost_usd",
    [STATEMENT_SUMS_CLEAN] = "DELETE FROM sums WHERE kind=?1 AND key=?2 AND second=?3 AND n=0",
    [STATEMENT_REJECT] =
        "INSERT INTO rejected(hash, name, line, reason, bytes) VALUES(?1,?2,?3,?4,?5)"
        " ON CONFLICT(hash) DO NOTHING",
};

/* Those whose text is made from tables elsewhere. */
static const char *statement_sql(struct sqlite_store *store, enum statement which)
{
    static const char from[] = "SELECT %s FROM experiment e JOIN words w USING(number) WHERE %s";
    if (which == STATEMENT_BY_ID)
        return arena_print(&store->arena, from, SQLITE_ROW_COLUMNS, "e.id = ?1").base;
    if (which == STATEMENT_BY_NUMBER)
        return arena_print(&store->arena, from, SQLITE_ROW_COLUMNS, "e.number = ?1").base;
    if (which == STATEMENT_CHANGES)
        return arena_print(&store->arena,
            "SELECT %s, e.seq FROM experiment e INDEXED BY experiment_seq JOIN words w"
            " USING(number) WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2",
            SQLITE_ROW_COLUMNS)
            .base;
    if (which == STATEMENT_PENDING)
        return arena_print(&store->arena, from, SQLITE_ROW_COLUMNS,
            "e.pending = 1 AND e.task = ?1 ORDER BY e.at_ms DESC, e.number DESC LIMIT 1")
            .base;
    return which == STATEMENT_SUMS_ADD ? sqlite_sums_sql(&store->arena) : SQL[which];
}

/* Why a write failed, as far as the system tells; "" where it was something else. A limit on the
 * size of files often shows only as a write that came out short. */
static const char *write_obstacle(sqlite3 *db)
{
    struct rlimit limit;
    int code = sqlite3_extended_errcode(db), why = sqlite3_system_errno(db);
    if (sqlite3_errcode(db) == SQLITE_FULL || (code == SQLITE_IOERR_WRITE && why == ENOSPC))
        return "the disk is full";
    if (code == SQLITE_IOERR_WRITE && getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY)
        return "the limit on the size of files is reached";
    return "";
}

static bool trouble(sqlite3 *db, const char *path, const char *doing, struct failure *failure)
{
    int code = sqlite3_errcode(db);
    const char *said = sqlite3_errmsg(db), *obstacle = write_obstacle(db);
    if (obstacle[0])
        return failure_set(failure, "cannot %s the ledger %s: %s; what was stored before is whole",
            doing, path, obstacle);
    if (code == SQLITE_BUSY)
        return failure_set(failure,
            "cannot %s the ledger %s: another program has been writing to it for %d s", doing, path,
            LEDGER_WAIT_MS / 1000);
    if (code == SQLITE_NOTADB)
        return failure_set(failure, "%s is not a ledger of Rung", path);
    if (code == SQLITE_CORRUPT)
        return failure_set(
            failure, "cannot %s the ledger %s: it is damaged (%s)", doing, path, said);
    return failure_set(failure, "cannot %s the ledger %s: %s", doing, path, said);
}

bool sqlite_trouble(struct sqlite_store *store, const char *doing, struct failure *failure)
{
    return trouble(store->db, store->path, doing, failure);
}

sqlite3_stmt *sqlite_statement(
    struct sqlite_store *store, enum statement which, struct failure *failure)
{
    sqlite3_stmt **statement = &store->statements[which];
    if (!*statement && sqlite3_prepare_v3(store->db, statement_sql(store, which), -1,
                           SQLITE_PREPARE_PERSISTENT, statement, NULL) != SQLITE_OK)
        sqlite_trouble(store, "use", failure);
    return *statement;
}

bool sqlite_run(struct sqlite_store *store, sqlite3_stmt *statement, struct failure *failure)
{
    if (sqlite3_step(statement) != SQLITE_DONE) {
        sqlite_trouble(store, "write", failure); /* before the reset, which may say less */
        sqlite3_reset(statement);
        return false;
    }
    sqlite3_reset(statement);
    return true;
}

void sqlite_bind_slice(sqlite3_stmt *statement, int at, struct slice text)
{
    sqlite3_bind_text64(
        statement, at, text.len ? text.base : "", text.len, SQLITE_STATIC, SQLITE_UTF8);
}

struct slice sqlite_slice(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return (struct slice){
        text ? text : "", text ? (size_t)sqlite3_column_bytes(statement, column) : 0};
}

static bool run_sql(sqlite3 *db, const char *path, const char *sql, struct failure *failure)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ||
           trouble(db, path, "use", failure);
}

static bool read_number(
    sqlite3 *db, const char *path, const char *sql, int *number, struct failure *failure)
{
    sqlite3_stmt *statement = NULL;
    bool ok = sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_ROW;
    if (ok)
        *number = sqlite3_column_int(statement, 0);
    else
        trouble(db, path, "read", failure);
    sqlite3_finalize(statement);
    return ok;
}

/* True where the file is a ledger of this version or an older one, or has nothing in it yet. */
static bool check_version(
    sqlite3 *db, const char *path, int newest, int *version, struct failure *failure)
{
    int application = 0, tables = 0;
    if (!read_number(db, path, "PRAGMA application_id", &application, failure) ||
        !read_number(db, path, "PRAGMA user_version", version, failure) ||
        !read_number(db, path, "SELECT count(*) FROM sqlite_schema", &tables, failure))
        return false;
    if (application != SQLITE_APPLICATION_ID && (application || *version || tables))
        return failure_set(failure, "%s is a database, but not a ledger of Rung", path);
    if (*version > newest)
        return failure_set(failure,
            "the ledger %s is of version %d, this rung knows versions up to %d: use a newer rung "
            "(nothing was changed)",
            path, *version, newest);
    return true;
}

/* The same of one moment: between two questions another program may be making the ledger. */
static bool check_version_at_once(
    sqlite3 *db, const char *path, int newest, int *version, struct failure *failure)
{
    if (!run_sql(db, path, "BEGIN", failure))
        return false;
    bool ok = check_version(db, path, newest, version, failure);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* nothing was written */
    return ok;
}

bool sqlite_migrate(sqlite3 *db, const char *path, const struct sqlite_migration *migrations, int n,
    struct failure *failure)
{
    int version = 0;
    if (!check_version_at_once(db, path, n, &version, failure))
        return false;
    if (version == n)
        return true;
    if (!run_sql(db, path, "BEGIN IMMEDIATE", failure))
        return false;
    bool ok = check_version(db, path, n, &version, failure); /* others may have been faster */
    for (int i = version; ok && i < n; i++)
        ok = run_sql(db, path, migrations[i].sql, failure);
    if (ok) {
        char stamp[96];
        snprintf(stamp, sizeof(stamp), "PRAGMA application_id=%d;PRAGMA user_version=%d;COMMIT",
            SQLITE_APPLICATION_ID, n);
        ok = run_sql(db, path, stamp, failure);
    }
    if (!ok && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

/* The log is cut to this when it is used anew, and to nothing when the last one closes it. */
static const char SETTINGS[] = "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
                               "PRAGMA journal_size_limit=67108864;"
                               "PRAGMA temp_store=MEMORY;PRAGMA cell_size_check=ON";

static void sync_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd); /* some file systems cannot; the file is there all the same */
    close(fd);
}

/* An empty ledger of its own name, finished and closed. */
static bool make_draft(const char *draft, struct failure *failure)
{
    sqlite3 *db = NULL;
    int fd = open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return failure_set(failure, "cannot make the ledger %s: %s", draft, strerror(errno));
    close(fd);
    bool ok = sqlite3_open_v2(draft, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
                  SQLITE_OK ||
              trouble(db, draft, "open", failure);
    ok = ok && run_sql(db, draft, SETTINGS, failure) &&
         sqlite_migrate(db, draft, SQLITE_MIGRATIONS, SQLITE_MIGRATIONS_N, failure);
    sqlite3_close(db);
    return ok;
}

/* One at a time makes a ledger there. A file system that cannot lock a directory has no say: the
 * link of the ledger to its place decides then. */
static int lock_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)flock(fd, LOCK_EX);
    return fd;
}

/* Beside a ledger that is not there yet lies no log with anything in it: SQLite would read a
 * stranger's into the new one. */
static bool refuse_leftovers(struct arena *arena, const char *path, struct failure *failure)
{
    struct stat status;
    const char *log = arena_print(arena, "%s-wal", path).base;
    if (lstat(log, &status) == 0 && (!S_ISREG(status.st_mode) || status.st_size > 0))
        return failure_set(failure,
            "%s is there, but its ledger is not: look where it comes from and remove it", log);
    return true;
}

/* Makes the ledger beside its place and links it there when it is whole, so that no other program
 * ever opens half of one. Who was faster wins. */
static bool make_file(struct arena *arena, const char *path, const struct ledger_begun *begun,
    struct failure *failure)
{
    const char *directory = file_directory(arena, path);
    if (!file_make_directories(directory, 0700, failure))
        return false;
    int lock = lock_directory(directory);
    const char *draft = arena_print(arena, "%s%s.new-%ld-%lld", path[0] == '/' ? "" : "./", path,
        (long)getpid(), (long long)clock_monotonic_us())
                            .base;
    bool ok = file_exists(path);
    if (ok || !refuse_leftovers(arena, path, failure))
        goto done;
    ok = make_draft(draft, failure) &&
         (!begun->tell || begun->tell(begun->context, draft, path, failure));
    if (ok && link(draft, path) != 0 && errno != EEXIST &&
        (file_exists(path) || rename(draft, path) != 0)) /* a file system without links */
        ok = failure_set(failure, "cannot make the ledger %s: %s", path, strerror(errno));
    for (size_t i = 0; i < SIDE_FILES; i++)
        unlink(arena_print(arena, "%s%s", draft, SIDE_SUFFIXES[i]).base);
    if (ok)
        sync_directory(directory);
done:
    if (lock >= 0)
        close(lock);
    return ok;
}

/* A ledger may lie in a stranger's repository: no trigger, view or function of its schema runs. */
static void distrust(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LENGTH_MOST);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
}

/* The log stays when the last one closes the ledger, so that its owner knows it again: another one
 * in its place, which a checkout may bring, would be read into the ledger. */
static void keep_log(sqlite3 *db)
{
    int on = 1;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
}

static void sqlite_close_store(void *handle)
{
    struct sqlite_store *store = handle;
    if (!store)
        return;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->db);
    sqlite_names_forget(store);
    free(store->names.texts);
    free(store->names.slots);
    json_parser_free(store->parser);
    emit_free(&store->emit);
    arena_free(&store->arena);
    free(store);
}

/* The version is looked at before anything is set: a newer ledger is left as it is. */
static bool prepare(struct sqlite_store *store, int cache_kib, struct failure *failure)
{
    int version = 0;
    const char *cache = arena_print(&store->arena, "PRAGMA cache_size=-%d", cache_kib).base;
    sqlite3_busy_timeout(store->db, LEDGER_WAIT_MS);
    distrust(store->db);
    keep_log(store->db);
    return check_version_at_once(store->db, store->path, SQLITE_MIGRATIONS_N, &version, failure) &&
           run_sql(store->db, store->path, SETTINGS, failure) &&
           run_sql(store->db, store->path, cache, failure) &&
           sqlite_migrate(store->db, store->path, SQLITE_MIGRATIONS, SQLITE_MIGRATIONS_N, failure);
}

/* A project's ledger lies in the project. */
static bool refuse_linked_directory(struct arena *arena, const char *place, struct failure *failure)
{
    struct stat status;
    const char *directory = file_directory(arena, place);
    if (slice_ends(slice_from(directory), ".rung") && lstat(directory, &status) == 0 &&
        S_ISLNK(status.st_mode))
        return failure_set(failure,
            "%s is a link: a project's ledger lies in the project; name another with --ledger",
            directory);
    return true;
}

/* A ledger of ours is no link, and has a write-ahead log and never a rollback journal. A journal
 * that a stranger put beside it would make SQLite delete the file that it names. */
static bool refuse_strange_files(struct arena *arena, const char *place, struct failure *failure)
{
    struct stat status;
    const char *journal = arena_print(arena, "%s-journal", place).base;
    if (lstat(place, &status) != 0 || !S_ISREG(status.st_mode))
        return failure_set(failure, "%s is a link or no plain file: not used as a ledger", place);
    if (lstat(journal, &status) == 0)
        return failure_set(failure,
            "%s is there, which no ledger of Rung leaves behind: look where it comes from and "
            "remove it",
            journal);
    return true;
}

static bool sqlite_open_store(
    const char *place, const struct ledger_options *options, void **opened, struct failure *failure)
{
    struct sqlite_store *store = memory_take(sizeof(*store));
    *store = (struct sqlite_store){.parser = json_parser_make()};
    store->path = arena_text(&store->arena, slice_from(place));
    if (place[0] == '\0') {
        failure_set(failure, "the ledger's URL names no path: sqlite:PATH is expected");
        goto failed;
    }
    if (!refuse_linked_directory(&store->arena, place, failure))
        goto failed;
    if (options->create && !file_exists(place) &&
        !make_file(&store->arena, place, &options->begun, failure))
        goto failed;
    if (!file_exists(place)) {
        failure_set(failure, "there is no ledger %s", place);
        goto failed;
    }
    if (!refuse_strange_files(&store->arena, place, failure))
        goto failed;
    /* an absolute or ./ path, so that none is taken for a URI or ":memory:" */
    const char *name = place[0] == '/' ? place : file_join(&store->arena, ".", place);
    if (sqlite3_open_v2(name, &store->db,
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
            NULL) != SQLITE_OK) {
        trouble(store->db, store->path, "open", failure);
        goto failed;
    }
    if (!prepare(store, options->cache_kib ? options->cache_kib : CACHE_KIB, failure))
        goto failed;
    *opened = store;
    return true;
failed:
    sqlite_close_store(store);
    return false;
}

static bool sqlite_begin(void *handle, struct failure *failure)
{
    struct sqlite_store *store = handle;
    store->next_seq = 0;
    return sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK ||
           sqlite_trouble(store, "write", failure);
}

static bool sqlite_commit(void *handle, struct failure *failure)
{
    struct sqlite_store *store = handle;
    return sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ||
           sqlite_trouble(store, "write", failure);
}

static void sqlite_rollback(void *handle)
{
    struct sqlite_store *store = handle;
    if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    sqlite_names_forget(store); /* numbers given in it may become somebody else's */
}

const struct ledger_store LEDGER_SQLITE = {
    .scheme = "sqlite:",
    .open = sqlite_open_store,
    .close = sqlite_close_store,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .insert = sqlite_insert,
    .replace = sqlite_replace,
    .find = sqlite_find,
    .add_sums = sqlite_add_sums,
    .read_sums = sqlite_read_sums,
    .add_hours = sqlite_add_hours,
    .read_series = sqlite_read_series,
    .page = sqlite_page,
    .position = sqlite_position,
    .changes = sqlite_changes,
    .walk_open = sqlite_walk_open,
    .walk_next = sqlite_walk_next,
    .walk_close = sqlite_walk_close,
    .sums_are_stale = sqlite_sums_are_stale,
    .forget_sums = sqlite_forget_sums,
    .count = sqlite_count,
    .keep_aside = sqlite_keep_aside,
    .rejected = sqlite_rejected,
};
