/* The door: receives changes, keeps sums in step with experiments in one transaction, hands on
 * what the store behind it holds. Refuses to know what kind of store that is. */
#include "ledger.h"

#include "base/file.h"
#include "store.h"
#include "sums.h"

#include <stdlib.h>
#include <string.h>

static const struct ledger_store *const STORES[] = {&LEDGER_SQLITE};

enum { RECOUNT_STEP = 10000 }; /* experiments between two words of it */

static const char HASH_PREFIX[] = "sha256:";

struct ledger {
    const struct ledger_store *as;
    void *store;
    char *url;
    bool hash_text;
    bool in_batch;
    struct sums_set changes, hours; /* of the transaction that is open */
    struct arena arena;             /* of one change */
};

struct ledger_walk {
    struct ledger *ledger;
    void *walk;
    struct ledger_filter filter;
    struct arena arena; /* of the filter */
    size_t left;        /* SIZE_MAX: no limit */
};

static bool freshen_sums(
    struct ledger *ledger, const struct ledger_recount *recount, struct failure *failure);

bool ledger_open(
    const char *url, struct ledger_options options, struct ledger **ledger, struct failure *failure)
{
    struct slice text = slice_from(url);
    for (size_t i = 0; i < sizeof(STORES) / sizeof(STORES[0]); i++) {
        if (!slice_starts(text, STORES[i]->scheme))
            continue;
        void *store = NULL;
        if (!STORES[i]->open(url + strlen(STORES[i]->scheme), &options, &store, failure))
            return false;
        *ledger = memory_take(sizeof(**ledger));
        **ledger = (struct ledger){.as = STORES[i], .store = store, .hash_text = options.hash_text};
        (*ledger)->url = memory_take(text.len + 1);
        memcpy((*ledger)->url, url, text.len + 1);
        if (freshen_sums(*ledger, &options.recount, failure))
            return true;
        ledger_close(*ledger);
        *ledger = NULL;
        return false;
    }
    return failure_set(failure, "\"%s\" is no ledger's URL: sqlite:PATH is expected", url);
}

void ledger_close(struct ledger *ledger)
{
    if (!ledger)
        return;
    ledger_rollback(ledger);
    ledger->as->close(ledger->store);
    sums_free(&ledger->changes);
    sums_free(&ledger->hours);
    arena_free(&ledger->arena);
    free(ledger->url);
    free(ledger);
}

const char *ledger_url(const struct ledger *ledger)
{
    return ledger->url;
}

const char *ledger_usual_url(struct arena *arena, const char *policy_path, const char *from)
{
    const char *place =
        policy_path ? file_directory(arena, policy_path) : file_find_upward(arena, from, ".git");
    const char *directory = place ? file_join(arena, place, ".rung") : file_data_directory(arena);
    if (!directory)
        return NULL;
    return arena_print(arena, "sqlite:%s", file_join(arena, directory, "ledger.db")).base;
}

static void clear_sums(struct ledger *ledger)
{
    sums_clear(&ledger->changes);
    sums_clear(&ledger->hours);
}

static void add_to_sums(struct ledger *ledger, const struct experiment *experiment, int sign)
{
    sums_add_experiment(&ledger->changes, experiment, sign);
    sums_add_hour(&ledger->hours, experiment, sign);
}

bool ledger_begin(struct ledger *ledger, struct failure *failure)
{
    if (ledger->in_batch)
        return failure_set(failure, "a batch is open already");
    ledger->in_batch = ledger->as->begin(ledger->store, failure);
    return ledger->in_batch;
}

void ledger_rollback(struct ledger *ledger)
{
    if (!ledger->in_batch)
        return;
    ledger->as->rollback(ledger->store);
    clear_sums(ledger);
    ledger->in_batch = false;
}

bool ledger_commit(struct ledger *ledger, struct failure *failure)
{
    const struct sums_set *changes = &ledger->changes, *hours = &ledger->hours;
    if (!ledger->in_batch)
        return failure_set(failure, "no batch is open");
    if (!ledger->as->add_sums(ledger->store, changes->items, changes->n, failure) ||
        !ledger->as->add_hours(ledger->store, hours->items, hours->n, failure) ||
        !ledger->as->commit(ledger->store, failure)) {
        ledger_rollback(ledger);
        return false;
    }
    clear_sums(ledger);
    ledger->in_batch = false;
    return true;
}

/* A change stands in the open batch, or else in one of its own: begin_change says which, and
 * end_change commits or, where it failed, undoes. */
static bool begin_change(struct ledger *ledger, bool *own, struct failure *failure)
{
    *own = !ledger->in_batch;
    arena_reset(&ledger->arena);
    return !*own || ledger_begin(ledger, failure);
}

static bool end_change(struct ledger *ledger, bool own, bool ok, struct failure *failure)
{
    if (!ok)
        ledger_rollback(ledger);
    else if (own)
        ok = ledger_commit(ledger, failure);
    return ok;
}

/* "sha256:<hex>" of a text, or the text itself where it is such a hash already. */
static struct slice hashed(struct arena *arena, struct slice text)
{
    char hex[SHA256_HEX_BYTES];
    bool is_hash = slice_starts(text, HASH_PREFIX) &&
                   text.len == sizeof(HASH_PREFIX) - 1 + SHA256_HEX_BYTES - 1;
    if (text.len == 0 || is_hash)
        return text;
    file_sha256(text, hex);
    return arena_print(arena, "%s%s", HASH_PREFIX, hex);
}

/* A task that its tracker gave no id goes by its title, which has blanks: that is text too. */
static struct slice stored_task_id(
    const struct ledger *ledger, struct arena *arena, struct slice task_id)
{
    bool is_title = slice_find_byte(task_id, ' ') != SIZE_MAX;
    return ledger->hash_text && is_title ? hashed(arena, task_id) : task_id;
}

static struct experiment as_stored(struct ledger *ledger, const struct experiment *experiment)
{
    struct experiment stored = *experiment;
    stored.task_id = stored_task_id(ledger, &ledger->arena, stored.task_id);
    if (ledger->hash_text) {
        stored.description = hashed(&ledger->arena, stored.description);
        stored.notes = (struct slice){"", 0}; /* a hash of them would serve nobody */
    }
    return stored;
}

static bool replace_stored(struct ledger *ledger, const struct experiment *before,
    const struct experiment *after, struct failure *failure)
{
    if (!ledger->as->replace(ledger->store, after, failure))
        return false;
    add_to_sums(ledger, before, -1);
    add_to_sums(ledger, after, 1);
    return true;
}

/* One of this id is there: it is completed, or stays. */
static bool add_again(struct ledger *ledger, const struct experiment *experiment,
    enum ledger_put *put, struct failure *failure)
{
    static const struct slice no_task = {"", 0};
    struct experiment before;
    bool found = false;
    if (!ledger->as->find(
            ledger->store, &ledger->arena, experiment->id, no_task, &before, &found, failure))
        return false;
    *put = LEDGER_KEPT;
    if (!found || !before.pending || experiment->pending)
        return true;
    *put = LEDGER_COMPLETED;
    return replace_stored(ledger, &before, experiment, failure);
}

static bool add_inside(struct ledger *ledger, const struct experiment *experiment,
    enum ledger_put *put, struct failure *failure)
{
    struct experiment stored = as_stored(ledger, experiment);
    bool inserted = false;
    if (!record_check(&stored, failure) ||
        !ledger->as->insert(ledger->store, &stored, &inserted, failure))
        return false;
    if (!inserted)
        return add_again(ledger, &stored, put, failure);
    *put = LEDGER_ADDED;
    add_to_sums(ledger, &stored, 1);
    return true;
}

bool ledger_add(struct ledger *ledger, const struct experiment *experiment, enum ledger_put *put,
    struct failure *failure)
{
    enum ledger_put what = LEDGER_KEPT;
    bool own = false;
    if (!begin_change(ledger, &own, failure))
        return false;
    bool ok = end_change(ledger, own, add_inside(ledger, experiment, &what, failure), failure);
    if (put)
        *put = what;
    return ok;
}

static bool replace_inside(struct ledger *ledger, const struct experiment *experiment, bool *found,
    struct failure *failure)
{
    static const struct slice no_task = {"", 0};
    struct experiment stored = as_stored(ledger, experiment), before;
    if (!record_check(&stored, failure) || !ledger->as->find(ledger->store, &ledger->arena,
                                               stored.id, no_task, &before, found, failure))
        return false;
    return !*found || replace_stored(ledger, &before, &stored, failure);
}

bool ledger_replace(struct ledger *ledger, const struct experiment *experiment, bool *found,
    struct failure *failure)
{
    bool own = false;
    *found = false;
    return begin_change(ledger, &own, failure) &&
           end_change(ledger, own, replace_inside(ledger, experiment, found, failure), failure);
}

static bool complete_inside(struct ledger *ledger, struct arena *arena, struct slice id,
    struct slice task_id, ledger_fill *fill, void *context, struct experiment *completed,
    bool *found, struct failure *failure)
{
    struct experiment before;
    task_id = stored_task_id(ledger, arena, task_id);
    if (!ledger->as->find(ledger->store, arena, id, task_id, &before, found, failure))
        return false;
    *found = *found && before.pending;
    if (!*found)
        return true;
    struct experiment after = before;
    after.pending = false;
    fill(&after, context);
    *completed = as_stored(ledger, &after);
    completed->id = before.id;
    completed->task_id = arena_copy(arena, completed->task_id);
    completed->description = arena_copy(arena, completed->description);
    return record_check(completed, failure) && replace_stored(ledger, &before, completed, failure);
}

bool ledger_complete(struct ledger *ledger, struct arena *arena, struct slice id,
    struct slice task_id, ledger_fill *fill, void *context, struct experiment *completed,
    bool *found, struct failure *failure)
{
    bool own = false;
    *found = false;
    return begin_change(ledger, &own, failure) && end_change(ledger, own,
                                                      complete_inside(ledger, arena, id, task_id,
                                                          fill, context, completed, found, failure),
                                                      failure);
}

bool ledger_get(struct ledger *ledger, struct arena *arena, struct slice id,
    struct experiment *experiment, bool *found, struct failure *failure)
{
    static const struct slice no_task = {"", 0};
    *found = false;
    return id.len == 0 ||
           ledger->as->find(ledger->store, arena, id, no_task, experiment, found, failure);
}

bool ledger_has_label(const struct experiment *experiment, struct slice label)
{
    for (size_t i = 0; i < experiment->labels.n; i++)
        if (slice_equal(experiment->labels.items[i], label))
            return true;
    return label.len == 0;
}

bool ledger_walk_open(struct ledger *ledger, const struct ledger_filter *filter,
    enum ledger_order order, size_t most, struct ledger_walk **walk, struct failure *failure)
{
    struct ledger_walk *made = memory_take(sizeof(*made));
    made->ledger = ledger;
    made->left = most ? most : SIZE_MAX;
    if (filter)
        made->filter = *filter;
    made->filter.task_id = stored_task_id(ledger, &made->arena, made->filter.task_id);
    if (!ledger->as->walk_open(ledger->store, &made->filter, order, &made->walk, failure)) {
        arena_free(&made->arena);
        free(made);
        return false;
    }
    *walk = made;
    return true;
}

enum ledger_next ledger_walk_next(struct ledger_walk *walk, struct arena *arena,
    struct experiment *experiment, struct failure *failure)
{
    const struct ledger *ledger = walk->ledger;
    while (walk->left > 0) {
        enum ledger_next next =
            ledger->as->walk_next(ledger->store, walk->walk, arena, experiment, failure);
        if (next != LEDGER_ROW)
            return next;
        if (!ledger_has_label(experiment, walk->filter.label))
            continue;
        if (walk->left != SIZE_MAX)
            walk->left--;
        return next;
    }
    return LEDGER_END;
}

void ledger_walk_close(struct ledger_walk *walk)
{
    if (!walk)
        return;
    walk->ledger->as->walk_close(walk->ledger->store, walk->walk);
    arena_free(&walk->arena);
    free(walk);
}

bool ledger_page(struct ledger *ledger, struct arena *arena, const struct ledger_filter *filter,
    const struct ledger_pages *pages, struct ledger_page *page, struct failure *failure)
{
    struct ledger_filter asked = filter ? *filter : (struct ledger_filter){0};
    asked.task_id = stored_task_id(ledger, arena, asked.task_id);
    return ledger->as->page(ledger->store, arena, &asked, pages, page, failure);
}

bool ledger_position(struct ledger *ledger, int64_t *seq, struct failure *failure)
{
    return ledger->as->position(ledger->store, seq, failure);
}

bool ledger_changes(struct ledger *ledger, struct arena *arena, int64_t after, size_t most,
    struct ledger_change **changes, size_t *n, struct failure *failure)
{
    return ledger->as->changes(ledger->store, arena, after, most, changes, n, failure);
}

bool ledger_series(struct ledger *ledger, struct arena *arena, const struct ledger_span *span,
    struct ledger_slot **slots, size_t *n, struct failure *failure)
{
    return ledger->as->read_series(ledger->store, arena, span, slots, n, failure);
}

/* Sums of what a filter lets pass, gathered by walking; `recount` may be NULL. */
static bool walk_sums(struct ledger *ledger, const struct ledger_filter *filter,
    enum ledger_order order, const struct ledger_recount *recount, struct sums_set *set,
    struct failure *failure)
{
    int64_t n_done = 0;
    struct arena arena = {0};
    struct experiment experiment;
    struct ledger_walk *walk = NULL;
    enum ledger_next next = LEDGER_END;
    if (!ledger_walk_open(ledger, filter, order, 0, &walk, failure))
        return false;
    while ((next = ledger_walk_next(walk, &arena, &experiment, failure)) == LEDGER_ROW) {
        sums_add_experiment(set, &experiment, 1);
        if (++n_done % RECOUNT_STEP == 0 && recount && recount->tell)
            recount->tell(recount->context, n_done);
        arena_reset(&arena);
    }
    ledger_walk_close(walk);
    arena_free(&arena);
    return next == LEDGER_END;
}

/* An older version counted less. Once, and all in one transaction; another program may have been
 * faster. As they came: by time, the rows of an imported ledger are all over the file. */
static bool freshen_sums(
    struct ledger *ledger, const struct ledger_recount *recount, struct failure *failure)
{
    bool stale = false;
    if (!ledger->as->sums_are_stale(ledger->store, &stale, failure))
        return false;
    if (!stale)
        return true;
    if (!ledger_begin(ledger, failure))
        return false;
    bool ok = ledger->as->sums_are_stale(ledger->store, &stale, failure);
    if (ok && stale)
        ok = ledger->as->forget_sums(ledger->store, failure) &&
             walk_sums(ledger, NULL, LEDGER_AS_THEY_CAME, recount, &ledger->changes, failure);
    return end_change(ledger, true, ok, failure);
}

/* Copies what was gathered into the arena, sorted, and frees the set. */
static void hand_over(
    struct sums_set *set, struct arena *arena, struct ledger_tally **tallies, size_t *n)
{
    *n = set->n;
    *tallies = ARENA_ARRAY(arena, struct ledger_tally, set->n);
    for (size_t i = 0; i < set->n; i++) {
        (*tallies)[i] = set->items[i];
        (*tallies)[i].key = arena_copy(arena, set->items[i].key);
        (*tallies)[i].second = arena_copy(arena, set->items[i].second);
    }
    sums_free(set);
    sums_sort(*tallies, *n);
}

bool ledger_tallies(struct ledger *ledger, struct arena *arena, const struct ledger_filter *filter,
    struct ledger_tally **tallies, size_t *n, struct failure *failure)
{
    struct sums_set set = {0};
    if (filter) {
        bool ok = walk_sums(ledger, filter, LEDGER_OLDEST, NULL, &set, failure);
        hand_over(&set, arena, tallies, n);
        return ok;
    }
    if (!ledger->as->read_sums(ledger->store, arena, tallies, n, failure))
        return false;
    sums_sort(*tallies, *n);
    return true;
}

bool ledger_tallies_latest(struct ledger *ledger, struct arena *arena,
    const struct ledger_filter *filter, const struct ledger_pages *pages,
    struct ledger_tally **tallies, size_t *n, bool *whole, struct failure *failure)
{
    struct sums_set set = {0};
    struct arena rows = {0};
    struct ledger_pages latest = {
        .order = LEDGER_NEWEST, .most = pages->most, .looks = pages->looks};
    struct ledger_page page = {0};
    bool ok = ledger_page(ledger, &rows, filter, &latest, &page, failure);
    for (size_t i = 0; ok && i < page.n; i++)
        sums_add_experiment(&set, &page.items[i], 1);
    *whole = page.is_last;
    arena_free(&rows);
    hand_over(&set, arena, tallies, n);
    return ok;
}

const struct ledger_tally *ledger_tallies_of(
    const struct ledger_tally *tallies, size_t n, enum ledger_kind kind, size_t *n_of_kind)
{
    size_t from = 0;
    while (from < n && tallies[from].kind < kind)
        from++;
    size_t to = from;
    while (to < n && tallies[to].kind == kind)
        to++;
    *n_of_kind = to - from;
    return tallies + from;
}

bool ledger_count(struct ledger *ledger, struct ledger_counts *counts, struct failure *failure)
{
    return ledger->as->count(ledger->store, counts, failure);
}

bool ledger_keep_aside(
    struct ledger *ledger, const struct ledger_reject *reject, struct failure *failure)
{
    bool own = false;
    if (!begin_change(ledger, &own, failure))
        return false;
    struct ledger_reject stored = *reject;
    if (ledger->hash_text)
        stored.bytes = hashed(&ledger->arena, stored.bytes);
    return end_change(
        ledger, own, ledger->as->keep_aside(ledger->store, &stored, failure), failure);
}

bool ledger_rejected(struct ledger *ledger, struct arena *arena, size_t most,
    struct ledger_reject **rejects, size_t *n, struct failure *failure)
{
    return ledger->as->rejected(ledger->store, arena, most, rejects, n, failure);
}
