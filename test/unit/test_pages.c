/* Pages, changes and counts by the hour, each against a plain look at all experiments. */
#include "unit.h"

#include "base/clock.h"
#include "base/file.h"
#include "ledger/ledger.h"
#include "ledger/sqlite.h"
#include "random_experiments.h"

#include <stdlib.h>

enum { N = 3000, HOUR_MS = 3600000 };

static struct slice s(const char *text)
{
    return slice_from(text);
}

struct place {
    struct arena arena;
    struct failure failure;
    const char *path;
    struct ledger *ledger;
    struct experiment items[N]; /* what the ledger should hold */
};

#define must(truth, place)                                                                         \
    do {                                                                                           \
        if (!(truth))                                                                              \
            fail_msg("%s: %s", #truth, (place)->failure.text);                                     \
    } while (0)

static void open_ledger(struct place *place)
{
    static const struct ledger_options make = {.create = true, .cache_kib = 1024};
    const char *url = arena_print(&place->arena, "sqlite:%s", place->path).base;
    must(ledger_open(url, make, &place->ledger, &place->failure), place);
}

static struct place *make_place(void)
{
    struct place *place = memory_take(sizeof(*place));
    char directory[] = "/tmp/rung-pages-XXXXXX";
    assert_non_null(mkdtemp(directory));
    place->path = arena_print(&place->arena, "%s/ledger.db", directory).base;
    return place;
}

static void remove_place(struct place *place)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    ledger_close(place->ledger);
    for (size_t i = 0; i < 3; i++)
        remove(arena_print(&place->arena, "%s%s", place->path, ends[i]).base);
    assert_int_equal(remove(file_directory(&place->arena, place->path)), 0);
    arena_free(&place->arena);
    free(place);
}

/* Hours apart, so that slots are few and times are the same now and then. */
static void fill(struct place *place)
{
    struct dice dice = dice_from_seed(7);
    must(ledger_begin(place->ledger, &place->failure), place);
    for (size_t i = 0; i < N; i++) {
        place->items[i] = random_experiment(&place->arena, &dice, i);
        place->items[i].at_ms = 1767225600000 + (int64_t)dice_below(&dice, 500) * 600000;
        must(ledger_add(place->ledger, &place->items[i], NULL, &place->failure), place);
    }
    must(ledger_commit(place->ledger, &place->failure), place);
}

static bool has_text(struct slice in, struct slice text)
{
    for (size_t at = 0; at + text.len <= in.len; at++)
        if (slice_equal_caseless(slice_sub(in, at, at + text.len), text))
            return true;
    return false;
}

static bool passes(const struct experiment *item, const struct ledger_filter *filter)
{
    const struct {
        struct slice asked, is;
    } names[] = {{filter->rung, item->rung}, {filter->strategy, item->strategy},
        {filter->project, item->project}, {filter->source, item->source},
        {filter->model_used, item->model_used}, {filter->task_id, item->task_id}};
    for (size_t i = 0; i < 6; i++)
        if (names[i].asked.len && !slice_equal(names[i].asked, names[i].is))
            return false;
    bool has_label = filter->label.len == 0;
    for (size_t i = 0; i < item->labels.n; i++)
        has_label = has_label || slice_equal(item->labels.items[i], filter->label);
    return has_label &&
           (filter->state == LEDGER_ANY || item->pending == (filter->state == LEDGER_PENDING)) &&
           (filter->outcome == RECORD_OPEN || item->success == filter->outcome) &&
           (!filter->explored || record_is_explored(item)) && item->at_ms >= filter->since_ms &&
           (!filter->until_ms || item->at_ms < filter->until_ms) &&
           (has_text(item->task_id, filter->text) || has_text(item->description, filter->text) ||
               has_text(item->notes, filter->text));
}

/* Turns all pages; each id comes once, in the order asked for. */
static size_t turn_pages(struct place *place, const struct ledger_filter *filter,
    enum ledger_order order, size_t most, size_t looks)
{
    struct ledger_pages pages = {.order = order, .most = most, .looks = looks};
    struct ledger_page page = {0};
    int64_t last_ms = order == LEDGER_OLDEST ? 0 : INT64_MAX;
    char *seen = memory_take(N);
    size_t n = 0;
    while (!page.is_last) {
        must(ledger_page(place->ledger, &place->arena, filter, &pages, &page, &place->failure),
            place);
        assert_true(page.n <= most);
        for (size_t i = 0; i < page.n; i++) {
            const struct experiment *item = &page.items[i];
            assert_true(order == LEDGER_OLDEST ? item->at_ms >= last_ms : item->at_ms <= last_ms);
            last_ms = item->at_ms;
            assert_true(passes(item, filter));
            for (size_t at = 0; at < N; at++)
                if (slice_equal(place->items[at].id, item->id)) {
                    assert_false(seen[at]);
                    seen[at] = 1;
                    break;
                }
            n++;
        }
        pages.from = page.next;
    }
    free(seen);
    return n;
}

static void pages_miss_nothing_whatever_is_asked(void **state)
{
    (void)state;
    struct place *place = make_place();
    open_ledger(place);
    fill(place);
    const int64_t mid = 1767225600000 + (int64_t)250 * 600000;
    const struct ledger_filter filters[] = {
        {0},
        {.rung = s("opus")},
        {.strategy = s("forced"), .project = s("csm"), .source = s("beads")},
        {.label = s("area:ui")},
        {.label = s("complexity:simple"), .rung = s("haiku"), .outcome = RECORD_FAILED},
        {.label = s("nobody's")},
        {.rung = s("nobody's")},
        {.outcome = RECORD_ACCEPTED, .since_ms = mid},
        {.outcome = RECORD_FAILED, .until_ms = mid},
        {.state = LEDGER_PENDING},
        {.state = LEDGER_PENDING, .rung = s("sonnet"), .since_ms = mid},
        {.state = LEDGER_DONE, .explored = true},
        {.explored = true, .until_ms = mid + 1, .since_ms = mid},
        {.text = s("ROUTER")},
        {.text = s("task-4"), .state = LEDGER_DONE},
        {.text = s("%")},
        {.text = s("漢字"), .label = s("bug")},
        {.task_id = s("task-17")},
        {.model_used = s("opus"), .rung = s("haiku")},
    };
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        size_t expected = 0;
        for (size_t at = 0; at < N; at++)
            expected += passes(&place->items[at], &filters[i]);
        assert_int_equal(turn_pages(place, &filters[i], LEDGER_NEWEST, 50, 100000), expected);
        assert_int_equal(turn_pages(place, &filters[i], LEDGER_NEWEST, 7, 90), expected);
        assert_int_equal(turn_pages(place, &filters[i], LEDGER_OLDEST, 50, 200), expected);
        struct ledger_walk *walk;
        struct experiment item;
        size_t walked = 0;
        must(ledger_walk_open(place->ledger, &filters[i], LEDGER_NEWEST, 0, &walk, &place->failure),
            place);
        while (ledger_walk_next(walk, &place->arena, &item, &place->failure) == LEDGER_ROW)
            walked++;
        ledger_walk_close(walk);
        assert_int_equal(walked, expected);
    }
    remove_place(place);
}

static void assert_same(struct place *place, const struct experiment *a, const struct experiment *b)
{
    struct emit left = {0}, right = {0};
    record_write(&left, a);
    record_write(&right, b);
    if (!slice_equal(emit_slice(&left), emit_slice(&right)))
        fail_msg("%.*s is not %.*s", SLICE_ARG(emit_slice(&left)), SLICE_ARG(emit_slice(&right)));
    emit_free(&left);
    emit_free(&right);
    (void)place;
}

/* A follower that reads the changes in small helpings always ends with what the ledger holds. */
static void a_follower_of_changes_misses_nothing(void **state)
{
    (void)state;
    struct place *place = make_place();
    struct dice dice = dice_from_seed(11);
    struct experiment *seen = memory_take(N * sizeof(*seen));
    int64_t position = 0, after = 0;
    open_ledger(place);
    must(ledger_position(place->ledger, &position, &place->failure), place);
    assert_int_equal(position, 0);
    size_t n_items = 0;
    for (size_t step = 0; step < 2000; step++) {
        bool found = true;
        if (n_items == 0 || random_is(&dice, 0.5)) {
            place->items[n_items] = random_experiment(&place->arena, &dice, n_items);
            must(ledger_add(place->ledger, &place->items[n_items++], NULL, &place->failure), place);
        } else { /* changes one; what is done may be replaced too */
            struct experiment *item = &place->items[dice_below(&dice, n_items)];
            item->pending = false;
            item->success = RECORD_ACCEPTED;
            item->notes = arena_print(&place->arena, "changed in step %zu", step);
            must(ledger_replace(place->ledger, item, &found, &place->failure), place);
        }
        assert_true(found);
        must(ledger_position(place->ledger, &position, &place->failure), place);
        assert_int_equal(position, step + 1);
        struct ledger_change *changes;
        size_t n;
        if (random_is(&dice, 0.3)) {
            must(ledger_changes(
                     place->ledger, &place->arena, after, 3, &changes, &n, &place->failure),
                place);
            for (size_t i = 0; i < n; i++) {
                assert_true(changes[i].seq > after);
                after = changes[i].seq;
                for (size_t at = 0; at < n_items; at++)
                    if (slice_equal(place->items[at].id, changes[i].experiment.id))
                        seen[at] = changes[i].experiment;
            }
        }
    }
    struct ledger_change *rest;
    size_t n_rest;
    must(ledger_changes(place->ledger, &place->arena, after, N, &rest, &n_rest, &place->failure),
        place);
    for (size_t i = 0; i < n_rest; i++)
        for (size_t at = 0; at < n_items; at++)
            if (slice_equal(place->items[at].id, rest[i].experiment.id))
                seen[at] = rest[i].experiment;
    for (size_t at = 0; at < n_items; at++)
        assert_same(place, &seen[at], &place->items[at]);
    /* adding what is there changes nothing */
    must(ledger_add(place->ledger, &place->items[0], NULL, &place->failure), place);
    must(ledger_position(place->ledger, &after, &place->failure), place);
    assert_int_equal(after, position);
    free(seen);
    remove_place(place);
}

static void assert_series(struct place *place, int64_t hours, int64_t since_ms, int64_t until_ms)
{
    struct ledger_span span = {since_ms, until_ms, hours, 100000};
    struct ledger_slot *slots;
    size_t n, n_there = 0;
    must(ledger_series(place->ledger, &place->arena, &span, &slots, &n, &place->failure), place);
    for (size_t i = 0; i < n; i++) {
        int64_t n_done = 0, accepted = 0, cost_n = 0;
        double cost_usd = 0;
        for (size_t at = 0; at < N; at++) {
            const struct experiment *item = &place->items[at];
            if (item->pending ||
                item->at_ms / (hours * HOUR_MS) * hours * HOUR_MS != slots[i].at_ms ||
                !slice_equal(item->rung, slots[i].rung) || item->at_ms < since_ms ||
                (until_ms && item->at_ms >= until_ms))
                continue;
            n_done++;
            accepted += item->success == RECORD_ACCEPTED;
            cost_n += !isnan(item->cost_usd);
            cost_usd += isnan(item->cost_usd) ? 0 : item->cost_usd;
        }
        assert_int_equal(slots[i].n, n_done);
        assert_int_equal(slots[i].accepted, accepted);
        assert_int_equal(slots[i].cost_n, cost_n);
        assert_close(slots[i].cost_usd, cost_usd, 1e-9);
        assert_true(i == 0 || slots[i - 1].at_ms <= slots[i].at_ms);
        n_there += (size_t)n_done;
    }
    for (size_t at = 0; at < N; at++)
        n_there -= !place->items[at].pending && place->items[at].at_ms >= since_ms &&
                   (!until_ms || place->items[at].at_ms < until_ms);
    assert_int_equal(n_there, 0);
}

static void a_series_counts_what_is_done(void **state)
{
    (void)state;
    struct place *place = make_place();
    struct dice dice = dice_from_seed(3);
    open_ledger(place);
    fill(place);
    for (size_t i = 0; i < 300; i++) { /* counts follow changes of rung, time and outcome */
        struct experiment *item = &place->items[dice_below(&dice, N)];
        bool found;
        item->pending = false;
        item->rung = s("opus");
        item->success = RECORD_FAILED;
        item->at_ms += HOUR_MS;
        must(ledger_replace(place->ledger, item, &found, &place->failure), place);
    }
    assert_series(place, 24, 0, 0);
    assert_series(place, 1, 1767225600000, 1767225600000 + (int64_t)20 * HOUR_MS);
    remove_place(place);
}

/* Version 1 knew neither changes, hours nor bits of labels. */
static void an_old_ledger_gets_changes_and_hours(void **state)
{
    (void)state;
    struct place *place = make_place();
    struct file_bytes file;
    sqlite3 *db = NULL;
    must(file_open("test/unit/ledger_v1.sql", 1 << 20, &file, &place->failure), place);
    const char *sql = arena_text(&place->arena, file.bytes);
    file_close(&file);
    assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    open_ledger(place);
    struct ledger_change *changes;
    size_t n;
    must(ledger_changes(place->ledger, &place->arena, 0, 10, &changes, &n, &place->failure), place);
    assert_int_equal(n, 2);
    assert_int_equal(changes[1].seq, 2);
    assert_slice(changes[1].experiment.id, "exp_2_bbbbb");
    struct ledger_filter filter = {.label = s("bug")};
    struct ledger_pages pages = {.most = 5, .looks = 1000};
    struct ledger_page page;
    must(ledger_page(place->ledger, &place->arena, &filter, &pages, &page, &place->failure), place);
    assert_int_equal(page.n, 1);
    assert_true(page.is_last);
    struct ledger_span span = {.hours = 24, .most = 10};
    struct ledger_slot *slots;
    must(ledger_series(place->ledger, &place->arena, &span, &slots, &n, &place->failure), place);
    assert_int_equal(n, 1);
    assert_int_equal(slots[0].n, 1);
    assert_int_equal(slots[0].accepted, 0);
    assert_close(slots[0].cost_usd, 0.25, 1e-12);
    remove_place(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_miss_nothing_whatever_is_asked),
        cmocka_unit_test(a_follower_of_changes_misses_nothing),
        cmocka_unit_test(a_series_counts_what_is_done),
        cmocka_unit_test(an_old_ledger_gets_changes_and_hours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
