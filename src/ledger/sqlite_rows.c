/* Receives experiments and puts them into rows, narrow ones and long ones, and makes experiments
 * of rows again. Refuses to know transactions and sums. */
#include "sqlite.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MOST = 1 << 20, NAME_SLOTS = 1024 };

/* ---- names ---- */

void sqlite_names_forget(struct sqlite_store *store)
{
    struct name_cache *names = &store->names;
    arena_free(&names->arena);
    if (names->texts)
        memset(names->texts, 0, names->room * sizeof(*names->texts));
    if (names->slots)
        memset(names->slots, 0, names->n_slots * sizeof(*names->slots));
    names->n = 0;
}

static size_t slot_of(const struct name_cache *names, struct slice text)
{
    size_t at = slice_hash(text) & (names->n_slots - 1);
    while (names->slots[at] && !slice_equal(names->texts[names->slots[at]], text))
        at = (at + 1) & (names->n_slots - 1);
    return at;
}

static void more_slots(struct name_cache *names)
{
    size_t before = names->n_slots;
    uint32_t *old = names->slots;
    names->n_slots = before ? before * 2 : NAME_SLOTS;
    names->slots = memory_take(names->n_slots * sizeof(*names->slots));
    memset(names->slots, 0, names->n_slots * sizeof(*names->slots));
    for (size_t i = 0; i < before; i++)
        if (old[i])
            names->slots[slot_of(names, names->texts[old[i]])] = old[i];
    free(old);
}

/* Remembers a name, unless its number is beyond what is worth remembering. */
static void remember(struct name_cache *names, struct slice text, int64_t number)
{
    size_t at = (size_t)number;
    if (number <= 0 || number > NAMES_MOST)
        return;
    if (at >= names->room) {
        size_t room = names->room ? names->room : NAME_SLOTS;
        while (room <= at)
            room *= 2;
        names->texts = memory_resize(names->texts, room * sizeof(*names->texts));
        memset(names->texts + names->room, 0, (room - names->room) * sizeof(*names->texts));
        names->room = room;
    }
    if (names->texts[at].base)
        return;
    names->texts[at] = arena_copy(&names->arena, text);
    if (2 * (names->n + 1) > names->n_slots)
        more_slots(names);
    names->slots[slot_of(names, text)] = (uint32_t)at;
    names->n++;
}

bool sqlite_name_find(
    struct sqlite_store *store, struct slice text, int64_t *number, struct failure *failure)
{
    struct name_cache *names = &store->names;
    if (names->n_slots) {
        *number = names->slots[slot_of(names, text)];
        if (*number)
            return true;
    }
    sqlite3_stmt *statement = sqlite_statement(store, STATEMENT_NAME_BY_TEXT, failure);
    if (!statement)
        return false;
    sqlite_bind_slice(statement, 1, text);
    int step = sqlite3_step(statement);
    *number = step == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    if (step == SQLITE_ROW)
        remember(names, text, *number);
    return step == SQLITE_ROW || step == SQLITE_DONE || sqlite_trouble(store, "read", failure);
}

bool sqlite_name_number(
    struct sqlite_store *store, struct slice text, int64_t *number, struct failure *failure)
{
    if (!sqlite_name_find(store, text, number, failure))
        return false;
    if (*number)
        return true;
    sqlite3_stmt *statement = sqlite_statement(store, STATEMENT_NAME_ADD, failure);
    if (!statement)
        return false;
    sqlite_bind_slice(statement, 1, text);
    if (!sqlite_run(store, statement, failure))
        return false;
    *number = sqlite3_last_insert_rowid(store->db);
    remember(&store->names, text, *number);
    return true;
}

bool sqlite_name_text(struct sqlite_store *store, struct arena *arena, int64_t number,
    struct slice *text, struct failure *failure)
{
    struct name_cache *names = &store->names;
    if (number > 0 && (size_t)number < names->room && names->texts[number].base) {
        *text = arena_copy(arena, names->texts[number]);
        return true;
    }
    sqlite3_stmt *statement = sqlite_statement(store, STATEMENT_NAME_BY_NUMBER, failure);
    *text = (struct slice){"", 0};
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, number);
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW) {
        *text = arena_copy(arena, sqlite_slice(statement, 0));
        remember(names, *text, number);
    }
    sqlite3_reset(statement);
    if (step == SQLITE_ROW)
        return true;
    if (step != SQLITE_DONE)
        return sqlite_trouble(store, "read", failure);
    return failure_set(
        failure, "the ledger %s is damaged: it has no name %lld", store->path, (long long)number);
}

/* ---- writing ---- */

static void bind_real(sqlite3_stmt *statement, int at, double number)
{
    sqlite3_bind_double(statement, at, number); /* NAN becomes NULL */
}

/* The number of the change that is being made. */
static bool next_seq(struct sqlite_store *store, int64_t *seq, struct failure *failure)
{
    if (!store->next_seq) {
        if (!sqlite_position(store, &store->next_seq, failure))
            return false;
        store->next_seq++;
    }
    *seq = store->next_seq;
    return true;
}

/* Parameters 1 … 19 of INSERT and UPDATE. */
static bool bind_columns(struct sqlite_store *store, sqlite3_stmt *statement,
    const struct experiment *experiment, struct failure *failure)
{
    const struct slice names[] = {experiment->model_used, experiment->rung, experiment->strategy,
        experiment->source, experiment->project};
    int64_t seq = 0;
    if (!next_seq(store, &seq, failure))
        return false;
    sqlite_bind_slice(statement, 1, experiment->id);
    sqlite3_bind_int64(statement, 2, experiment->at_ms);
    sqlite_bind_slice(statement, 3, experiment->task_id);
    int64_t numbers[5];
    for (int i = 0; i < 5; i++) {
        if (!sqlite_name_number(store, names[i], &numbers[i], failure))
            return false;
        sqlite3_bind_int64(statement, 4 + i, numbers[i]);
    }
    struct sqlite_facets facets = {(int64_t)experiment->success, experiment->pending, numbers[1],
        numbers[2], numbers[3], numbers[4], experiment->labels};
    bind_real(statement, 9, experiment->confidence);
    sqlite3_bind_int(statement, 10, (int)experiment->success);
    bind_real(statement, 11, experiment->cost_usd);
    bind_real(statement, 12, experiment->seconds);
    bind_real(statement, 13, experiment->quality);
    sqlite3_bind_int(statement, 14, (int)experiment->cost_source);
    sqlite3_bind_int(statement, 15, (int)experiment->outcome_source);
    sqlite3_bind_int(statement, 16, experiment->pending);
    sqlite3_bind_int(statement, 17, record_is_explored(experiment));
    sqlite3_bind_int64(statement, 18, seq);
    sqlite3_bind_int64(statement, 19, sqlite_pack_facets(&facets));
    return true;
}

static void bind_words(
    struct sqlite_store *store, sqlite3_stmt *statement, const struct experiment *experiment)
{
    emit_clear(&store->emit);
    record_write_rest(&store->emit, experiment);
    sqlite_bind_slice(statement, 2, experiment->description);
    sqlite_bind_slice(statement, 3, experiment->notes);
    sqlite_bind_slice(statement, 4, emit_slice(&store->emit));
}

bool sqlite_insert(
    void *handle, const struct experiment *experiment, bool *inserted, struct failure *failure)
{
    struct sqlite_store *store = handle;
    sqlite3_stmt *row = sqlite_statement(store, STATEMENT_INSERT, failure);
    sqlite3_stmt *words = sqlite_statement(store, STATEMENT_INSERT_WORDS, failure);
    if (!row || !words || !bind_columns(store, row, experiment, failure) ||
        !sqlite_run(store, row, failure))
        return false;
    *inserted = sqlite3_changes(store->db) > 0;
    if (!*inserted)
        return true;
    store->next_seq++;
    sqlite3_bind_int64(words, 1, sqlite3_last_insert_rowid(store->db));
    bind_words(store, words, experiment);
    return sqlite_run(store, words, failure);
}

bool sqlite_replace(void *handle, const struct experiment *experiment, struct failure *failure)
{
    struct sqlite_store *store = handle;
    sqlite3_stmt *row = sqlite_statement(store, STATEMENT_UPDATE, failure);
    sqlite3_stmt *words = sqlite_statement(store, STATEMENT_UPDATE_WORDS, failure);
    if (!row || !words || !bind_columns(store, row, experiment, failure) ||
        !sqlite_run(store, row, failure))
        return false;
    store->next_seq++;
    sqlite_bind_slice(words, 1, experiment->id);
    bind_words(store, words, experiment);
    return sqlite_run(store, words, failure);
}

/* ---- reading ---- */

const char SQLITE_ROW_COLUMNS[] =
    "e.id, e.at_ms, e.task, e.model_used, e.rung, e.strategy, e.source, e.project, e.confidence,"
    " e.success, e.cost, e.seconds, e.quality, e.cost_source, e.outcome_source, e.pending,"
    " w.description, w.notes, w.rest";

static double real_or_nan(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? NAN
               : sqlite3_column_double(statement, column);
}

/* An enumeration's value; false where a damaged file says what none is. */
static bool read_choice(sqlite3_stmt *statement, int column, int last, int *choice)
{
    *choice = sqlite3_column_int(statement, column);
    return *choice >= 0 && *choice <= last;
}

static bool read_names(struct sqlite_store *store, struct arena *arena, sqlite3_stmt *statement,
    struct experiment *experiment, struct failure *failure)
{
    struct slice *const names[] = {&experiment->model_used, &experiment->rung,
        &experiment->strategy, &experiment->source, &experiment->project};
    for (int i = 0; i < 5; i++) {
        int64_t number = sqlite3_column_int64(statement, 3 + i);
        if (!sqlite_name_text(store, arena, number, names[i], failure))
            return false;
    }
    return true;
}

bool sqlite_read_row(struct sqlite_store *store, struct arena *arena, sqlite3_stmt *statement,
    struct experiment *experiment, struct failure *failure)
{
    int success = 0, cost_source = 0, outcome_source = 0;
    *experiment = record_blank();
    experiment->id = arena_copy(arena, sqlite_slice(statement, 0));
    experiment->at_ms = sqlite3_column_int64(statement, 1);
    experiment->task_id = arena_copy(arena, sqlite_slice(statement, 2));
    if (!read_names(store, arena, statement, experiment, failure))
        return false;
    experiment->confidence = real_or_nan(statement, 8);
    experiment->cost_usd = real_or_nan(statement, 10);
    experiment->seconds = real_or_nan(statement, 11);
    experiment->quality = real_or_nan(statement, 12);
    experiment->pending = sqlite3_column_int(statement, 15) != 0;
    experiment->description = arena_copy(arena, sqlite_slice(statement, 16));
    experiment->notes = arena_copy(arena, sqlite_slice(statement, 17));
    bool ok = read_choice(statement, 9, RECORD_ACCEPTED, &success) &&
              read_choice(statement, 13, RECORD_MEASURED, &cost_source) &&
              read_choice(statement, 14, RECORD_USER, &outcome_source);
    if (!ok)
        failure_set(failure, "a value of another version");
    experiment->success = (enum record_success)success;
    experiment->cost_source = (enum record_cost_source)cost_source;
    experiment->outcome_source = (enum record_outcome_source)outcome_source;
    ok = ok &&
         record_read_rest(arena, store->parser, sqlite_slice(statement, 18), experiment, failure);
    ok = ok && record_check(experiment, failure);
    return ok || failure_prefix(failure, "the ledger %s is damaged at experiment %.*s", store->path,
                     SLICE_ARG(slice_sub(experiment->id, 0, 64)));
}

bool sqlite_find(void *handle, struct arena *arena, struct slice id, struct slice task_id,
    struct experiment *experiment, bool *found, struct failure *failure)
{
    struct sqlite_store *store = handle;
    sqlite3_stmt *statement =
        sqlite_statement(store, id.len ? STATEMENT_BY_ID : STATEMENT_PENDING, failure);
    *found = false;
    if (!statement)
        return false;
    sqlite_bind_slice(statement, 1, id.len ? id : task_id);
    int step = sqlite3_step(statement);
    bool ok = step == SQLITE_DONE;
    if (step == SQLITE_ROW)
        *found = ok = sqlite_read_row(store, arena, statement, experiment, failure);
    else if (!ok)
        sqlite_trouble(store, "read", failure);
    sqlite3_reset(statement);
    return ok;
}
