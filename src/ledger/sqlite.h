/* Inside the ledger room: what the files of the SQLite store share. */
#ifndef RUNG_LEDGER_SQLITE_H
#define RUNG_LEDGER_SQLITE_H

#include "store.h"

#include <sqlite3.h>

enum { SQLITE_APPLICATION_ID = 0x52756e67 }; /* "Rung" */

/* Texts that come again and again are numbers in narrow rows; this remembers both ways. */
struct name_cache {
    struct arena arena;
    struct slice *texts; /* by number; base NULL where not asked for yet */
    size_t room;
    uint32_t *slots; /* by text: its number, 0 where free */
    size_t n_slots, n;
};

enum statement {
    STATEMENT_NAME_BY_TEXT,
    STATEMENT_NAME_BY_NUMBER,
    STATEMENT_NAME_ADD,
    STATEMENT_INSERT,
    STATEMENT_INSERT_WORDS,
    STATEMENT_UPDATE,
    STATEMENT_UPDATE_WORDS,
    STATEMENT_BY_ID,
    STATEMENT_BY_NUMBER,
    STATEMENT_CHANGES,
    STATEMENT_PENDING,
    STATEMENT_LAST_SEQ,
    STATEMENT_HOUR_ADD,
    STATEMENT_SUMS_ADD,
    STATEMENT_SUMS_CLEAN,
    STATEMENT_REJECT,
    STATEMENTS,
};

struct sqlite_store {
    sqlite3 *db;
    struct arena arena; /* path and generated SQL */
    const char *path;
    sqlite3_stmt *statements[STATEMENTS]; /* prepared when first asked for */
    struct name_cache names;
    int64_t next_seq; /* of the transaction's next change; 0: not asked for yet */
    struct json_parser *parser;
    struct emit emit;
};

/* The sentence for what SQLite says went wrong; returns false. `doing`: "write", "read". */
bool sqlite_trouble(struct sqlite_store *store, const char *doing, struct failure *failure);

/* A statement ready for binding, or NULL with a sentence. */
sqlite3_stmt *sqlite_statement(
    struct sqlite_store *store, enum statement which, struct failure *failure) MUST_USE;

/* Runs a statement that gives no rows, and resets it. */
bool sqlite_run(
    struct sqlite_store *store, sqlite3_stmt *statement, struct failure *failure) MUST_USE;

void sqlite_bind_slice(sqlite3_stmt *statement, int at, struct slice text);
struct slice sqlite_slice(sqlite3_stmt *statement, int column); /* lives until the next step */

/* The number of a text, given one where it has none (inside a transaction only); and back. */
bool sqlite_name_number(struct sqlite_store *store, struct slice text, int64_t *number,
    struct failure *failure) MUST_USE;
/* Gives none: *number 0 where the text has none. */
bool sqlite_name_find(struct sqlite_store *store, struct slice text, int64_t *number,
    struct failure *failure) MUST_USE;
bool sqlite_name_text(struct sqlite_store *store, struct arena *arena, int64_t number,
    struct slice *text, struct failure *failure) MUST_USE;
void sqlite_names_forget(struct sqlite_store *store);

/* Versions: step i brings a database of version i to i + 1, all in one transaction. */
struct sqlite_migration {
    const char *sql;
};
extern const struct sqlite_migration SQLITE_MIGRATIONS[];
extern const int SQLITE_MIGRATIONS_N;
bool sqlite_migrate(sqlite3 *db, const char *path, const struct sqlite_migration *migrations, int n,
    struct failure *failure) MUST_USE;

/* sqlite_rows.c and sqlite_sums.c: the functions of the store's table. */
bool sqlite_insert(
    void *store, const struct experiment *experiment, bool *inserted, struct failure *failure);
bool sqlite_replace(void *store, const struct experiment *experiment, struct failure *failure);
bool sqlite_find(void *store, struct arena *arena, struct slice id, struct slice task_id,
    struct experiment *experiment, bool *found, struct failure *failure);
bool sqlite_walk_open(void *store, const struct ledger_filter *filter, enum ledger_order order,
    void **walk, struct failure *failure);
enum ledger_next sqlite_walk_next(void *store, void *walk, struct arena *arena,
    struct experiment *experiment, struct failure *failure);
void sqlite_walk_close(void *store, void *walk);

/* sqlite_pages.c */
bool sqlite_page(void *store, struct arena *arena, const struct ledger_filter *filter,
    const struct ledger_pages *pages, struct ledger_page *page, struct failure *failure);
bool sqlite_position(void *store, int64_t *seq, struct failure *failure);
bool sqlite_changes(void *store, struct arena *arena, int64_t after, size_t most,
    struct ledger_change **changes, size_t *n, struct failure *failure);

/* What sqlite_rows.c selects as SQLITE_ROW_COLUMNS, as an experiment. */
bool sqlite_read_row(struct sqlite_store *store, struct arena *arena, sqlite3_stmt *statement,
    struct experiment *experiment, struct failure *failure);

/* What pages are filtered by, names as their numbers, and packed: experiments that differ in one
 * of them nearly always differ packed. */
struct sqlite_facets {
    int64_t success, pending, rung, strategy, source, project;
    struct record_texts labels;
};
int64_t sqlite_pack_facets(const struct sqlite_facets *facets);

/* "%text%" for LIKE … ESCAPE '\\'. */
struct slice sqlite_like(struct arena *arena, struct slice text);
#define SQLITE_TEXT_LIKE                                                                           \
    "(e.task LIKE ?10 ESCAPE '\\' OR w.description LIKE ?10 ESCAPE '\\'"                           \
    " OR w.notes LIKE ?10 ESCAPE '\\')"

bool sqlite_add_sums(
    void *store, const struct ledger_tally *changes, size_t n, struct failure *failure);
bool sqlite_add_hours(
    void *store, const struct ledger_tally *changes, size_t n, struct failure *failure);
bool sqlite_read_series(void *store, struct arena *arena, const struct ledger_span *span,
    struct ledger_slot **slots, size_t *n, struct failure *failure);
bool sqlite_read_sums(void *store, struct arena *arena, struct ledger_tally **tallies, size_t *n,
    struct failure *failure);
bool sqlite_sums_are_stale(void *store, bool *stale, struct failure *failure);
bool sqlite_forget_sums(void *store, struct failure *failure);
bool sqlite_count(void *store, struct ledger_counts *counts, struct failure *failure);
bool sqlite_keep_aside(void *store, const struct ledger_reject *reject, struct failure *failure);
bool sqlite_rejected(void *store, struct arena *arena, size_t most, struct ledger_reject **rejects,
    size_t *n, struct failure *failure);

/* sqlite_sums.c: the generated SQL of the sums' columns. */
const char *sqlite_sums_sql(struct arena *arena);

extern const char SQLITE_ROW_COLUMNS[]; /* what sqlite_rows.c selects */

#endif
