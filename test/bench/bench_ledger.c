/* bench_ledger DIRECTORY [N]: import rate of N random experiments, what a report reads of them
 * beside the same aggregation by SQL over the rows, and the time of one durable log. */
#include "base/clock.h"
#include "ledger/ledger.h"

#include "../unit/random_experiments.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <time.h>

enum { N_OTHERWISE = 200000, LOGS = 20 };

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
    bench_log(url);
    arena_free(&arena);
    return 0;
}
