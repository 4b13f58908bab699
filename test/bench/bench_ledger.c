/* bench_ledger DIRECTORY [N]: import rate of N random experiments, what a report reads of them
 * beside the same aggregation by SQL over the rows, first pages and a year by days, and the time of
 * one durable log. */
#include "base/clock.h"
#include "ledger/ledger.h"

#include "../unit/random_experiments.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <time.h>

enum { N_OTHERWISE = 200000, LOGS = 20, PAGE_LOOKS = 50000 };

static const struct ledger_options MAKE = {.create = true};

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double ms_since(int64_t start_us)
{
    return (double)(clock_monotonic_us() - start_us) / 1e3;
}

static void expect(bool truth, const struct failure *failure)
{
    if (truth)
        return;
    fprintf(stderr, "bench_ledger: %s\n", failure->text);
    exit(1);
}

static struct emit make_lines(size_t n)
{
    struct arena arena = {0};
    struct emit lines = {0};
    struct dice dice = dice_from_seed(1);
    for (size_t i = 0; i < n; i++) {
        struct experiment experiment = random_experiment(&arena, &dice, i);
        record_write(&lines, &experiment);
        emit_bytes(&lines, slice_from("\n"));
        arena_reset(&arena);
    }
    arena_free(&arena);
    return lines;
}

static void bench_import(const char *url, size_t n)
{
    struct arena arena = {0};
    struct failure failure;
    struct ledger *ledger;
    struct ledger_import report;
    struct emit lines = make_lines(n);
    expect(ledger_open(url, MAKE, &ledger, &failure), &failure);
    int64_t start = clock_monotonic_us();
    double cpu = cpu_s();
    expect(ledger_import(ledger, &arena, "bench", emit_slice(&lines), NULL, &report, &failure),
        &failure);
    double wall_s = ms_since(start) / 1e3;
    cpu = cpu_s() - cpu;
    printf("import     %zu experiments, %.0f bytes each: %.0f/s (%.0f a second of CPU)\n",
        report.added, (double)lines.len / (double)n, (double)n / wall_s, (double)n / cpu);
    ledger_close(ledger);
    emit_free(&lines);
    arena_free(&arena);
}

/* What `rung report` needs: all sums, the counts, the ten latest. */
static void bench_report(const char *url)
{
    struct arena arena = {0};
    struct failure failure;
    struct ledger *ledger;
    struct ledger_tally *tallies;
    struct ledger_counts counts;
    struct ledger_walk *walk;
    struct experiment experiment;
    size_t n;
    int64_t start = clock_monotonic_us();
    expect(ledger_open(url, MAKE, &ledger, &failure), &failure);
    expect(ledger_tallies(ledger, &arena, NULL, &tallies, &n, &failure), &failure);
    expect(ledger_count(ledger, &counts, &failure), &failure);
    expect(ledger_walk_open(ledger, NULL, LEDGER_NEWEST, 10, &walk, &failure), &failure);
    while (ledger_walk_next(walk, &arena, &experiment, &failure) == LEDGER_ROW)
        continue;
    ledger_walk_close(walk);
    ledger_close(ledger);
    printf("report     reads %zu sums over %" PRId64 " experiments in %.2f ms\n", n, counts.done,
        ms_since(start));
    arena_free(&arena);
}

/* By one key only, of the thirteen that the sums are kept by. */
static void bench_sql(const char *path)
{
    static const char sql[] =
        "SELECT n.text, count(*), sum(success = 2), sum(cost), sum(cost * cost), avg(seconds),"
        " avg(quality) FROM experiment e JOIN name n ON n.number = e.model_used WHERE pending = 0"
        " GROUP BY e.model_used";
    sqlite3 *db = NULL;
    int64_t start = clock_monotonic_us();
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fprintf(stderr, "bench_ledger: %s\n", sqlite3_errmsg(db));
    sqlite3_close(db);
    printf("by SQL     the sums by model alone, scanned: %.2f ms\n", ms_since(start));
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static void bench_log(const char *url)
{
    struct arena arena = {0};
    struct dice dice = dice_from_seed(2);
    double ms[LOGS];
    for (size_t i = 0; i < LOGS; i++) {
        struct failure failure;
        struct ledger *ledger;
        struct experiment experiment = random_experiment(&arena, &dice, 1000000000 + i);
        int64_t start = clock_monotonic_us();
        expect(ledger_open(url, MAKE, &ledger, &failure), &failure);
        expect(ledger_add(ledger, &experiment, NULL, &failure), &failure);
        ledger_close(ledger);
        ms[i] = ms_since(start);
    }
    qsort(ms, LOGS, sizeof(*ms), compare_doubles);
    printf("log        open, add, close, on the disk: median %.2f ms, slowest of %d %.2f ms\n",
        ms[LOGS / 2], LOGS, ms[LOGS - 1]);
    arena_free(&arena);
}

/* The first page of each filter, and of one that nothing passes. */
static void bench_pages(const char *url)
{
    static const struct ledger_options small = {.cache_kib = 8 << 10};
    const struct {
        const char *name;
        struct ledger_filter filter;
    } asked[] = {
        {"all", {0}},
        {"rung", {.rung = slice_from("opus")}},
        {"four", {.rung = slice_from("opus"),
                     .outcome = RECORD_FAILED,
                     .strategy = slice_from("learned"),
                     .project = slice_from("csm")}},
        {"label", {.label = slice_from("area:ui")}},
        {"pending", {.state = LEDGER_PENDING}},
        {"explored", {.explored = true}},
        {"text", {.text = slice_from("漢字 漢字")}},
        {"no text", {.text = slice_from("nobody wrote this")}},
        {"nothing", {.rung = slice_from("haiku"), .model_used = slice_from("csm")}},
    };
    struct arena arena = {0};
    struct failure failure;
    struct ledger *ledger;
    struct ledger_pages pages = {.order = LEDGER_NEWEST, .most = 50, .looks = PAGE_LOOKS};
    struct ledger_page page;
    struct ledger_slot *slots;
    size_t n;
    expect(ledger_open(url, small, &ledger, &failure), &failure);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        int64_t start = clock_monotonic_us();
        expect(ledger_page(ledger, &arena, &asked[i].filter, &pages, &page, &failure), &failure);
        printf("page       %-8s %2zu experiments in %.2f ms\n", asked[i].name, page.n,
            ms_since(start));
    }
    struct ledger_span span = {.hours = 24, .most = 10000};
    int64_t start = clock_monotonic_us();
    expect(ledger_series(ledger, &arena, &span, &slots, &n, &failure), &failure);
    printf("series     %zu days and rungs in %.2f ms\n", n, ms_since(start));
    ledger_close(ledger);
    arena_free(&arena);
}

int main(int n_arguments, char **arguments)
{
    struct arena arena = {0};
    int64_t n = N_OTHERWISE;
    if (n_arguments < 2 || (n_arguments > 2 && !slice_to_int64(slice_from(arguments[2]), &n)) ||
        n <= 0) {
        fprintf(stderr, "usage: bench_ledger DIRECTORY [N]\n");
        return 2;
    }
    const char *path = arena_print(&arena, "%s/ledger.db", arguments[1]).base;
    const char *url = arena_print(&arena, "sqlite:%s", path).base;
    bench_import(url, (size_t)n);
    bench_report(url);
    bench_sql(path);
    bench_pages(url);
    bench_log(url);
    arena_free(&arena);
    return 0;
}
