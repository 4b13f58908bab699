/* Receives a filter, hands on all experiments that it lets pass, in the order of exports. Refuses
 * to know what is in a row. */
#include "sqlite.h"

static const char *walk_sql(
    struct arena *arena, const struct ledger_filter *filter, enum ledger_order order)
{
    static const char *const state[] = {[LEDGER_ANY] = "",
        [LEDGER_DONE] = " AND e.pending = 0",
        [LEDGER_PENDING] = " AND e.pending = 1"};
    static const char name_is[] = " AND e.%s = (SELECT number FROM name WHERE text = ?%d)";
    const struct {
        struct slice text;
        const char *column;
        int at;
    } names[] = {
        {filter->rung, "rung", 3},
        {filter->model_used, "model_used", 4},
        {filter->strategy, "strategy", 5},
        {filter->project, "project", 6},
        {filter->source, "source", 7},
    };
    struct slice sql =
        arena_print(arena, "SELECT %s FROM experiment e JOIN words w USING(number) WHERE 1%s%s%s%s",
            SQLITE_ROW_COLUMNS, filter->since_ms ? " AND e.at_ms >= ?1" : "",
            filter->until_ms ? " AND e.at_ms < ?2" : "", state[filter->state],
            filter->explored ? " AND e.explored = 1" : "");
    if (filter->outcome != RECORD_OPEN)
        sql = arena_print(arena, "%s AND e.success = %d", sql.base, (int)filter->outcome);
    if (filter->text.len)
        sql = arena_print(arena, "%s AND %s", sql.base, SQLITE_TEXT_LIKE);
    for (size_t i = 0; i < 5; i++)
        if (names[i].text.len) {
            struct slice part = arena_print(arena, name_is, names[i].column, names[i].at);
            sql = arena_print(arena, "%s%s", sql.base, part.base);
        }
    static const struct {
        const char *by, *behind;
    } orders[] = {
        [LEDGER_OLDEST] = {"e.at_ms, e.id",
            " AND (e.at_ms, e.id) > (SELECT at_ms, id FROM experiment WHERE id = ?9)"},
        [LEDGER_NEWEST] = {"e.at_ms DESC, e.id DESC",
            " AND (e.at_ms, e.id) < (SELECT at_ms, id FROM experiment WHERE id = ?9)"},
        [LEDGER_AS_THEY_CAME] = {"e.number",
            " AND e.number > (SELECT number FROM experiment WHERE id = ?9)"},
    };
    return arena_print(arena, "%s%s%s ORDER BY %s", sql.base,
        filter->task_id.len ? " AND e.task = ?8" : "",
        filter->after.len ? orders[order].behind : "", orders[order].by)
        .base;
}

/* Binding a parameter that this walk's SQL does not have is harmless. */
static void bind_filter(sqlite3_stmt *statement, const struct ledger_filter *filter)
{
    struct arena arena = {0};
    struct slice like = sqlite_like(&arena, filter->text);
    const struct slice texts[] = {filter->rung, filter->model_used, filter->strategy,
        filter->project, filter->source, filter->task_id, filter->after};
    sqlite3_bind_int64(statement, 1, filter->since_ms);
    sqlite3_bind_int64(statement, 2, filter->until_ms);
    for (int i = 0; i < 7; i++)
        sqlite_bind_slice(statement, 3 + i, texts[i]);
    sqlite3_bind_text64(statement, 10, like.base, like.len, SQLITE_TRANSIENT, SQLITE_UTF8);
    arena_free(&arena);
}

bool sqlite_walk_open(void *handle, const struct ledger_filter *filter, enum ledger_order order,
    void **walk, struct failure *failure)
{
    struct sqlite_store *store = handle;
    struct arena arena = {0};
    sqlite3_stmt *statement = NULL;
    int made = sqlite3_prepare_v2(store->db, walk_sql(&arena, filter, order), -1, &statement, NULL);
    arena_free(&arena);
    if (made != SQLITE_OK)
        return sqlite_trouble(store, "read", failure);
    bind_filter(statement, filter);
    *walk = statement;
    return true;
}

enum ledger_next sqlite_walk_next(void *handle, void *walk, struct arena *arena,
    struct experiment *experiment, struct failure *failure)
{
    struct sqlite_store *store = handle;
    sqlite3_stmt *statement = walk;
    int step = sqlite3_step(statement);
    if (step == SQLITE_DONE)
        return LEDGER_END;
    if (step != SQLITE_ROW) {
        sqlite_trouble(store, "read", failure);
        return LEDGER_BROKEN;
    }
    return sqlite_read_row(store, arena, statement, experiment, failure) ? LEDGER_ROW
                                                                         : LEDGER_BROKEN;
}

void sqlite_walk_close(void *handle, void *walk)
{
    (void)handle;
    sqlite3_finalize(walk);
}
