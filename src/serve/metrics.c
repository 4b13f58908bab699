/* Receives what the loop counts and what the ledger maintains, hands on Prometheus' text. Adds up
 * nothing itself. */
#include "metrics.h"

#include "base/clock.h"
#include "state.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

static const double BUCKETS_S[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 20};
enum {
    N_BUCKETS = sizeof(BUCKETS_S) / sizeof(BUCKETS_S[0]),
    STATUSES_MOST = 24, /* of one row */
    LINE_BYTES = 512,
    LABEL_BYTES = 256,
};

/* The answers of one row; the last of them is of no row: pages, refusals. */
struct row_counts {
    struct {
        int status;
        uint64_t n;
    } statuses[STATUSES_MOST];
    uint64_t buckets[N_BUCKETS], n;
    double seconds;
};

struct metrics {
    uv_mutex_t lock;
    uint64_t slow_listeners;
    size_t connections, listeners;
    struct row_counts *rows; /* one more than SERVE_ROUTES has */
};

struct metrics *metrics_make(void)
{
    struct metrics *metrics = memory_take(sizeof(*metrics));
    size_t bytes = (SERVE_ROUTES_COUNT + 1) * sizeof(*metrics->rows);
    *metrics = (struct metrics){.rows = memory_take(bytes)};
    memset(metrics->rows, 0, bytes);
    uv_mutex_init(&metrics->lock);
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    uv_mutex_destroy(&metrics->lock);
    free(metrics->rows);
    free(metrics);
}

/* ---- counting ---- */

void metrics_count_answer(
    struct metrics *metrics, const struct serve_route *route, int status, double seconds)
{
    size_t at = route ? (size_t)(route - SERVE_ROUTES) : SERVE_ROUTES_COUNT, i = 0;
    uv_mutex_lock(&metrics->lock);
    struct row_counts *row = &metrics->rows[at];
    while (i < STATUSES_MOST - 1 && row->statuses[i].n && row->statuses[i].status != status)
        i++;
    row->statuses[i].status = status;
    row->statuses[i].n++;
    row->n++;
    row->seconds += seconds;
    for (size_t b = 0; b < N_BUCKETS; b++)
        row->buckets[b] += seconds <= BUCKETS_S[b];
    uv_mutex_unlock(&metrics->lock);
}

void metrics_set_connections(struct metrics *metrics, size_t connections, size_t listeners)
{
    uv_mutex_lock(&metrics->lock);
    metrics->connections = connections;
    metrics->listeners = listeners;
    uv_mutex_unlock(&metrics->lock);
}

void metrics_count_slow_listener(struct metrics *metrics)
{
    uv_mutex_lock(&metrics->lock);
    metrics->slow_listeners++;
    uv_mutex_unlock(&metrics->lock);
}

/* ---- the text ---- */

static void line(struct emit *out, const char *format, ...) FORMAT(2, 3);

static void line(struct emit *out, const char *format, ...)
{
    char text[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    emit_bytes(out, slice_from(text));
    emit_bytes(out, slice_from("\n"));
}

static void begin(struct emit *out, const char *name, const char *type, const char *help)
{
    line(out, "# HELP %s %s", name, help);
    line(out, "# TYPE %s %s", name, type);
}

/* A value of a label: quotes, backslashes and newlines escaped, cut where it is too long. */
static const char *label(struct slice text, char out[LABEL_BYTES])
{
    size_t n = 0;
    for (size_t i = 0; i < text.len;) {
        size_t len = slice_utf8_length(slice_sub(text, i, text.len));
        if (n + len + 3 > LABEL_BYTES)
            break;
        char c = text.base[i];
        if (c == '"' || c == '\\' || c == '\n')
            out[n++] = '\\';
        for (size_t j = 0; j < len; j++)
            out[n++] = text.base[i + j] == '\n' ? 'n' : text.base[i + j];
        i += len ? len : 1;
    }
    out[n] = 0;
    return out;
}

static const char *row_name(size_t at)
{
    return at < SERVE_ROUTES_COUNT ? SERVE_ROUTES[at].path : "other";
}

static const char *row_method(size_t at)
{
    return at < SERVE_ROUTES_COUNT ? SERVE_ROUTES[at].method : "";
}

static void write_answers(struct emit *out, const struct metrics *metrics)
{
    begin(out, "rung_http_requests_total", "counter", "Requests answered.");
    for (size_t at = 0; at <= SERVE_ROUTES_COUNT; at++)
        for (size_t i = 0; i < STATUSES_MOST && metrics->rows[at].statuses[i].n; i++)
            line(out, "rung_http_requests_total{route=\"%s\",method=\"%s\",code=\"%d\"} %llu",
                row_name(at), row_method(at), metrics->rows[at].statuses[i].status,
                (unsigned long long)metrics->rows[at].statuses[i].n);
    begin(out, "rung_http_request_seconds", "histogram",
        "From the last byte of a request to its answer.");
    for (size_t at = 0; at <= SERVE_ROUTES_COUNT; at++) {
        const struct row_counts *row = &metrics->rows[at];
        const char *name = row_name(at), *method = row_method(at);
        if (!row->n)
            continue;
        for (size_t b = 0; b < N_BUCKETS; b++)
            line(out, "rung_http_request_seconds_bucket{route=\"%s\",method=\"%s\",le=\"%g\"} %llu",
                name, method, BUCKETS_S[b], (unsigned long long)row->buckets[b]);
        line(out, "rung_http_request_seconds_bucket{route=\"%s\",method=\"%s\",le=\"+Inf\"} %llu",
            name, method, (unsigned long long)row->n);
        line(out, "rung_http_request_seconds_sum{route=\"%s\",method=\"%s\"} %.9g", name, method,
            row->seconds);
        line(out, "rung_http_request_seconds_count{route=\"%s\",method=\"%s\"} %llu", name, method,
            (unsigned long long)row->n);
    }
}

static void write_gauge(struct emit *out, const char *name, const char *help, double value)
{
    begin(out, name, "gauge", help);
    line(out, "%s %.15g", name, value);
}

static void write_connections(struct emit *out, const struct metrics *metrics)
{
    write_gauge(
        out, "rung_http_connections", "Connections that are open.", (double)metrics->connections);
    write_gauge(out, "rung_event_listeners", "Connections that listen to events.",
        (double)metrics->listeners);
    begin(out, "rung_event_listeners_slow_total", "counter",
        "Times a listener took less than came and was left to read on by itself.");
    line(out, "rung_event_listeners_slow_total %llu", (unsigned long long)metrics->slow_listeners);
}

/* Pages in memory, of /proc/self/statm; 0 where there is none. */
static double resident_bytes(void)
{
    char line[LINE_BYTES] = "";
    struct slice rest, field;
    int64_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    bool is_read = file && fgets(line, sizeof(line), file);
    if (file)
        fclose(file);
    rest = slice_from(line);
    if (!is_read || !slice_next_field(&rest, ' ', &field) ||
        !slice_next_field(&rest, ' ', &field) || !slice_to_int64(field, &pages))
        return 0;
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static size_t count_descriptors(void)
{
    size_t n = 0;
    DIR *directory = opendir("/proc/self/fd");
    if (!directory)
        return 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        n += entry->d_name[0] != '.';
    closedir(directory);
    return n;
}

static void write_process(struct emit *out, const struct serve_place *place)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    write_gauge(out, "process_resident_memory_bytes", "Memory in use.", resident_bytes());
    write_gauge(out, "process_start_time_seconds", "When it began, since 1970.",
        (double)place->started_ms / 1000);
    write_gauge(out, "process_open_fds", "Open file descriptors.", (double)count_descriptors());
    begin(out, "process_cpu_seconds_total", "counter", "Processor time.");
    line(out, "process_cpu_seconds_total %.6f",
        (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
            (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    begin(out, "rung_build_info", "gauge", "1, with the version as a label.");
    line(out, "rung_build_info{version=\"%s\"} 1", RUNG_VERSION);
}

/* The tallies of a rung stand together, one for each model version. */
static const struct ledger_tally *next_rung(
    const struct ledger_tally *at, const struct ledger_tally *end, struct ledger_sums *sums)
{
    struct slice rung = at->key;
    *sums = (struct ledger_sums){0};
    for (; at < end && slice_equal(at->key, rung); at++) {
        sums->n += at->sums.n;
        sums->accepted += at->sums.accepted;
        sums->cost_usd += at->sums.cost_usd;
        sums->measured_usd += at->sums.measured_usd;
    }
    return at;
}

static void write_rungs(
    struct emit *out, const struct ledger_tally *from, const struct ledger_tally *end)
{
    char name[LABEL_BYTES];
    struct ledger_sums sums;
    begin(out, "rung_experiments_total", "counter", "Experiments done, by the rung they began on.");
    for (const struct ledger_tally *at = from, *next; at < end; at = next) {
        next = next_rung(at, end, &sums);
        label(at->key, name);
        line(out, "rung_experiments_total{rung=\"%s\",outcome=\"accepted\"} %lld", name,
            (long long)sums.accepted);
        line(out, "rung_experiments_total{rung=\"%s\",outcome=\"failed\"} %lld", name,
            (long long)(sums.n - sums.accepted));
    }
    begin(out, "rung_cost_usd_total", "counter", "What they cost, measured or assumed.");
    for (const struct ledger_tally *at = from, *next; at < end; at = next) {
        next = next_rung(at, end, &sums);
        label(at->key, name);
        line(out, "rung_cost_usd_total{rung=\"%s\",basis=\"measured\"} %.9f", name,
            sums.measured_usd);
        line(out, "rung_cost_usd_total{rung=\"%s\",basis=\"assumed\"} %.9f", name,
            sums.cost_usd > sums.measured_usd ? sums.cost_usd - sums.measured_usd : 0);
    }
}

static bool write_ledger(struct emit *out, struct serve_state *state,
    const struct serve_request *request, struct failure *failure)
{
    struct ledger_tally *tallies;
    struct ledger_counts counts;
    size_t n, n_rungs;
    if (!ledger_tallies(state->ledger, request->arena, NULL, &tallies, &n, failure) ||
        !ledger_count(state->ledger, &counts, failure))
        return false;
    const struct ledger_tally *rungs = ledger_tallies_of(tallies, n, LEDGER_BY_RUNG, &n_rungs);
    write_rungs(out, rungs, rungs + n_rungs);
    write_gauge(
        out, "rung_experiments_pending", "Decided, with no outcome yet.", (double)counts.pending);
    write_gauge(out, "rung_rejected_lines", "Lines of imports that could not be read.",
        (double)counts.rejected);
    return true;
}

void metrics_answer(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    struct emit *out = &answer->data;
    struct metrics *metrics = state->place->metrics;
    struct failure failure;
    if (!write_ledger(out, state, request, &failure))
        return serve_refuse(request, answer, 500, "%s", failure.text);
    uv_mutex_lock(&metrics->lock);
    write_answers(out, metrics);
    write_connections(out, metrics);
    uv_mutex_unlock(&metrics->lock);
    write_process(out, state->place);
}
