/* The tables of a ledger, version by version: what a new file is made by, and how an older one is
 * brought up to this. Refuses to know who reads them. */
#include "sqlite.h"

/* Version 1. `number` of an experiment is the order of arrival; `words` holds what is long, so
 * that walks over the narrow rows stay narrow; `rest` is JSON (record_write_rest). */
static const char VERSION_1[] =
    "CREATE TABLE name(number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE experiment(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " at_ms INTEGER NOT NULL, task TEXT NOT NULL, model_used INTEGER NOT NULL,"
    " rung INTEGER NOT NULL, strategy INTEGER NOT NULL, source INTEGER NOT NULL,"
    " project INTEGER NOT NULL, confidence REAL, success INTEGER NOT NULL, cost REAL,"
    " seconds REAL, quality REAL, cost_source INTEGER NOT NULL, outcome_source INTEGER NOT NULL,"
    " pending INTEGER NOT NULL, explored INTEGER NOT NULL) STRICT;"
    "CREATE INDEX experiment_at ON experiment(at_ms);"
    "CREATE INDEX experiment_pending ON experiment(task, at_ms) WHERE pending = 1;"
    "CREATE INDEX experiment_explored ON experiment(at_ms) WHERE explored = 1;"
    "CREATE TABLE words(number INTEGER PRIMARY KEY, description TEXT NOT NULL,"
    " notes TEXT NOT NULL, rest TEXT NOT NULL) STRICT;"
    "CREATE TABLE sums(kind INTEGER NOT NULL, key INTEGER NOT NULL, second INTEGER NOT NULL,"
    " n INTEGER NOT NULL, accepted INTEGER NOT NULL, verified INTEGER NOT NULL,"
    " verified_accepted INTEGER NOT NULL, stated INTEGER NOT NULL, confidence REAL NOT NULL,"
    " calibrated INTEGER NOT NULL, calibrated_accepted INTEGER NOT NULL,"
    " calibrated_verified INTEGER NOT NULL, calibrated_verified_accepted INTEGER NOT NULL,"
    " calibrated_confidence REAL NOT NULL, cost_n INTEGER NOT NULL, cost_usd REAL NOT NULL,"
    " cost_squares REAL NOT NULL, cost_accepted_usd REAL NOT NULL, measured_n INTEGER NOT NULL,"
    " measured_usd REAL NOT NULL, measured_squares REAL NOT NULL,"
    " measured_accepted_usd REAL NOT NULL, seconds_n INTEGER NOT NULL, seconds REAL NOT NULL,"
    " quality_n INTEGER NOT NULL, quality REAL NOT NULL, taken INTEGER NOT NULL,"
    " weight REAL NOT NULL, weight_squares REAL NOT NULL, weight_accepted REAL NOT NULL,"
    " weight_squares_accepted REAL NOT NULL, taken_measured INTEGER NOT NULL,"
    " weight_measured REAL NOT NULL, weight_squares_measured REAL NOT NULL,"
    " weight_usd REAL NOT NULL, weight_squares_usd REAL NOT NULL,"
    " weight_squares_usd_squares REAL NOT NULL, PRIMARY KEY(kind, key, second))"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE rejected(number INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE,"
    " name TEXT NOT NULL, line INTEGER NOT NULL, reason TEXT NOT NULL, bytes BLOB NOT NULL) "
    "STRICT;";

/* Version 2. `seq` numbers the changes: the last one that a row had; in an old ledger its arrival.
 * `facets` is what pages are filtered by, packed into one number (sqlite_facets): experiment_at
 * holds it, so that pages are found without the rows. Nobody looked at the labels of an old row:
 * all their bits are set. `hour` counts what is done, by hours since 1970. */
static const char VERSION_2[] =
    "ALTER TABLE experiment ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE experiment ADD COLUMN facets INTEGER NOT NULL DEFAULT 0;"
    "UPDATE experiment SET seq = number, facets = success + 4 * pending + 8 * (rung % 64)"
    " + 512 * (strategy % 16) + 8192 * (source % 16) + 131072 * (project % 256)"
    " + 33554432 * 4194303;"
    "CREATE INDEX experiment_seq ON experiment(seq);"
    "DROP INDEX experiment_at;"
    "CREATE INDEX experiment_at ON experiment(at_ms, number, facets);"
    "CREATE INDEX experiment_pending_at ON experiment(at_ms) WHERE pending = 1;"
    "CREATE TABLE hour(at INTEGER NOT NULL, rung INTEGER NOT NULL, n INTEGER NOT NULL,"
    " accepted INTEGER NOT NULL, cost_n INTEGER NOT NULL, cost_usd REAL NOT NULL,"
    " PRIMARY KEY(at, rung)) STRICT, WITHOUT ROWID;"
    "INSERT INTO hour SELECT at_ms / 3600000, rung, count(*), sum(success = 2), count(cost),"
    " coalesce(sum(cost), 0) FROM experiment WHERE pending = 0 GROUP BY 1, 2;";

/* Version 3 counts plans, judges and audits too: a row in `stale` says that the sums are to be
 * added up anew. */
static const char VERSION_3[] =
    "CREATE TABLE stale(what TEXT NOT NULL) STRICT;"
    "INSERT INTO stale(what) SELECT 'sums' FROM (SELECT 1 FROM experiment LIMIT 1);";

/* Version 4 counts what gates said. */
static const char VERSION_4[] =
    "INSERT INTO stale(what) SELECT 'sums' FROM (SELECT 1 FROM experiment LIMIT 1);";

const struct sqlite_migration SQLITE_MIGRATIONS[] = {
    {VERSION_1}, {VERSION_2}, {VERSION_3}, {VERSION_4}};
const int SQLITE_MIGRATIONS_N = sizeof(SQLITE_MIGRATIONS) / sizeof(SQLITE_MIGRATIONS[0]);
