/* Receives a filter and a place, hands on the next page of experiments, or the changes behind a
 * number. Looks through the index first and counts its looks, so that no question costs more than
 * was allowed. Refuses to know what is in a row. */
#include "sqlite.h"

enum {
    /* beside one of the index: a row of which a column or the words are read, one read whole */
    LOOKS_A_TEXT = 20,
    LOOKS_A_ROW = 30,
    LABEL_BITS = 22,
};

struct slice sqlite_like(struct arena *arena, struct slice text)
{
    char *pattern = ARENA_ARRAY(arena, char, 2 * text.len + 2);
    size_t n = 0;
    pattern[n++] = '%';
    for (size_t i = 0; i < text.len; i++) {
        char c = text.base[i];
        if (c == '%' || c == '_' || c == '\\')
            pattern[n++] = '\\';
        pattern[n++] = c;
    }
    pattern[n++] = '%';
    return (struct slice){pattern, n};
}

int64_t sqlite_pack_facets(const struct sqlite_facets *facets)
{
    const struct {
        int64_t value;
        unsigned width;
    } parts[] = {{facets->success, 2}, {facets->pending, 1}, {facets->rung, 6},
        {facets->strategy, 4}, {facets->source, 4}, {facets->project, 8}};
    uint64_t packed = 0;
    unsigned at = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        packed |= ((uint64_t)parts[i].value & (((uint64_t)1 << parts[i].width) - 1)) << at;
        at += parts[i].width;
    }
    for (size_t i = 0; i < facets->labels.n; i++)
        packed |= (uint64_t)1 << (at + slice_hash(facets->labels.items[i]) % LABEL_BITS);
    return (int64_t)packed;
}

/* Rows can pass the filter only where their facets, masked, are `value`. *none: it asks for a name
 * that no row has. */
struct sieve {
    int64_t value, mask;
};
static bool make_sieve(struct sqlite_store *store, const struct ledger_filter *filter,
    struct sieve *sieve, bool *none, struct failure *failure)
{
    struct slice label = filter->label;
    struct sqlite_facets value = {.success = (int64_t)filter->outcome,
        .pending = filter->state == LEDGER_PENDING,
        .labels = {&label, label.len ? 1 : 0}};
    struct sqlite_facets mask = {.success = filter->outcome == RECORD_OPEN ? 0 : -1,
        .pending = filter->state == LEDGER_ANY ? 0 : -1,
        .labels = value.labels};
    const struct {
        struct slice text;
        int64_t *value, *mask;
    } names[] = {{filter->rung, &value.rung, &mask.rung},
        {filter->strategy, &value.strategy, &mask.strategy},
        {filter->source, &value.source, &mask.source},
        {filter->project, &value.project, &mask.project}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!names[i].text.len)
            continue;
        if (!sqlite_name_find(store, names[i].text, names[i].value, failure))
            return false;
        *names[i].mask = -1;
        *none = *none || *names[i].value == 0;
    }
    *sieve = (struct sieve){sqlite_pack_facets(&value), sqlite_pack_facets(&mask)};
    return true;
}

/* The last column is 0 where the facets tell that a row does not pass, else 1 where its words do,
 * and 3 where nothing speaks against it. */
static const char *page_sql(
    struct arena *arena, const struct ledger_filter *filter, enum ledger_order order)
{
    static const char may_pass[] = "3 * (e.facets & ?6 = ?5)",
                      may_pass_with_text[] =
                          "CASE WHEN e.facets & ?6 = ?5 THEN 1 + 2 * (SELECT " SQLITE_TEXT_LIKE
                          " FROM words w WHERE w.number = e.number) ELSE 0 END";
    bool oldest = order == LEDGER_OLDEST, pending = filter->state == LEDGER_PENDING;
    const char *index = pending            ? "experiment_pending_at"
                        : filter->explored ? "experiment_explored"
                                           : "experiment_at";
    const char *direction = oldest ? "ASC" : "DESC";
    return arena_print(arena,
        "SELECT e.at_ms, e.number, %s FROM experiment e INDEXED BY %s WHERE"
        " (e.at_ms, e.number) %s (?1, ?2) AND e.at_ms >= ?3 AND e.at_ms < ?4%s%s"
        " ORDER BY e.at_ms %s, e.number %s",
        filter->text.len ? may_pass_with_text : may_pass, index, oldest ? ">" : "<",
        pending ? " AND e.pending = 1" : "", filter->explored ? " AND e.explored = 1" : "",
        direction, direction)
        .base;
}

/* Where the walk through the index begins: at the filter's own end of time where the page before
 * did not come so far. SQLite would step over all that lies beyond it. */
static struct ledger_mark first_mark(
    const struct ledger_filter *filter, const struct ledger_pages *pages)
{
    struct ledger_mark from = pages->from;
    bool oldest = pages->order == LEDGER_OLDEST, is_first = from.number == 0;
    if (oldest && (is_first || from.at_ms < filter->since_ms))
        return (struct ledger_mark){filter->since_ms - 1, INT64_MAX};
    if (oldest || (!is_first && (!filter->until_ms || from.at_ms < filter->until_ms)))
        return from;
    return filter->until_ms ? (struct ledger_mark){filter->until_ms, -1}
                            : (struct ledger_mark){INT64_MAX, INT64_MAX};
}

static void bind_page(sqlite3_stmt *statement, const struct ledger_filter *filter,
    const struct ledger_pages *pages, struct sieve sieve, struct slice like)
{
    struct ledger_mark from = first_mark(filter, pages);
    sqlite3_bind_int64(statement, 1, from.at_ms);
    sqlite3_bind_int64(statement, 2, from.number);
    sqlite3_bind_int64(statement, 3, filter->since_ms);
    sqlite3_bind_int64(statement, 4, filter->until_ms ? filter->until_ms : INT64_MAX);
    sqlite3_bind_int64(statement, 5, sieve.value);
    sqlite3_bind_int64(statement, 6, sieve.mask);
    sqlite_bind_slice(statement, 10, like);
}

static bool read_by_number(struct sqlite_store *store, struct arena *arena, int64_t number,
    struct experiment *experiment, struct failure *failure)
{
    sqlite3_stmt *statement = sqlite_statement(store, STATEMENT_BY_NUMBER, failure);
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, number);
    int step = sqlite3_step(statement);
    bool ok = step == SQLITE_ROW && sqlite_read_row(store, arena, statement, experiment, failure);
    if (step == SQLITE_DONE)
        failure_set(failure, "the ledger %s is damaged: its index names a row that is not there",
            store->path);
    else if (step != SQLITE_ROW)
        sqlite_trouble(store, "read", failure);
    sqlite3_reset(statement);
    return ok;
}

static bool is_or_any(struct slice asked, struct slice is)
{
    return asked.len == 0 || slice_equal(asked, is);
}

/* What the facets tell only nearly, or not at all. */
static bool passes(const struct experiment *item, const struct ledger_filter *filter)
{
    return is_or_any(filter->rung, item->rung) && is_or_any(filter->strategy, item->strategy) &&
           is_or_any(filter->source, item->source) && is_or_any(filter->project, item->project) &&
           is_or_any(filter->model_used, item->model_used) &&
           is_or_any(filter->task_id, item->task_id) && ledger_has_label(item, filter->label);
}

/* Steps through the index until the page is full or enough was looked at. */
static bool fill_page(struct sqlite_store *store, sqlite3_stmt *statement, struct arena *arena,
    const struct ledger_filter *filter, const struct ledger_pages *pages, struct ledger_page *page,
    struct failure *failure)
{
    size_t looked = 0;
    while (page->n < pages->most && looked < pages->looks) {
        int step = sqlite3_step(statement);
        if (step == SQLITE_DONE)
            page->is_last = true;
        if (step != SQLITE_ROW)
            return step == SQLITE_DONE || sqlite_trouble(store, "read", failure);
        int holds = sqlite3_column_int(statement, 2);
        page->next = (struct ledger_mark){
            sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1)};
        looked += holds && filter->text.len ? LOOKS_A_TEXT : 1;
        if (!(holds & 2))
            continue;
        struct experiment *item = &page->items[page->n];
        if (!read_by_number(store, arena, page->next.number, item, failure))
            return false;
        looked += LOOKS_A_ROW;
        page->n += passes(item, filter);
    }
    return true;
}

bool sqlite_page(void *handle, struct arena *arena, const struct ledger_filter *filter,
    const struct ledger_pages *pages, struct ledger_page *page, struct failure *failure)
{
    struct sqlite_store *store = handle;
    struct sieve sieve;
    sqlite3_stmt *statement = NULL;
    *page = (struct ledger_page){.items = ARENA_ARRAY(arena, struct experiment, pages->most)};
    if (!make_sieve(store, filter, &sieve, &page->is_last, failure))
        return false;
    if (page->is_last)
        return true;
    const char *sql = page_sql(arena, filter, pages->order);
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return sqlite_trouble(store, "read", failure);
    bind_page(statement, filter, pages, sieve, sqlite_like(arena, filter->text));
    bool ok = fill_page(store, statement, arena, filter, pages, page, failure);
    sqlite3_finalize(statement);
    return ok;
}

bool sqlite_position(void *handle, int64_t *seq, struct failure *failure)
{
    struct sqlite_store *store = handle;
    sqlite3_stmt *statement = sqlite_statement(store, STATEMENT_LAST_SEQ, failure);
    if (!statement)
        return false;
    bool ok = sqlite3_step(statement) == SQLITE_ROW;
    if (ok)
        *seq = sqlite3_column_int64(statement, 0);
    else
        sqlite_trouble(store, "read", failure);
    sqlite3_reset(statement);
    return ok;
}

enum { SEQ_COLUMN = 19 }; /* behind SQLITE_ROW_COLUMNS */

bool sqlite_changes(void *handle, struct arena *arena, int64_t after, size_t most,
    struct ledger_change **changes, size_t *n, struct failure *failure)
{
    struct sqlite_store *store = handle;
    size_t room = 0;
    bool ok = true;
    int step = SQLITE_DONE;
    sqlite3_stmt *statement = sqlite_statement(store, STATEMENT_CHANGES, failure);
    *changes = NULL;
    *n = 0;
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, after);
    sqlite3_bind_int64(statement, 2, (int64_t)most);
    while (ok && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        *changes = arena_grow(arena, *changes, *n, &room, sizeof(**changes));
        struct ledger_change *change = &(*changes)[(*n)++];
        change->seq = sqlite3_column_int64(statement, SEQ_COLUMN);
        ok = sqlite_read_row(store, arena, statement, &change->experiment, failure);
    }
    if (ok && step != SQLITE_DONE)
        ok = sqlite_trouble(store, "read", failure);
    sqlite3_reset(statement);
    return ok;
}
