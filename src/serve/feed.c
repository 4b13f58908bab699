/* Receives a place, hands on what the ledger and the journals of runs say behind it. */
#include "feed.h"

#include "base/clock.h"
#include "report/report.h"
#include "run/run.h"

#include <string.h>

enum {
    CLOCK_SLACK_MS = 100,           /* a file's time may be that much behind the clock */
    FOLLOWED_MS = 24 * 3600 * 1000, /* at the start: unfinished journals that changed since */
    JOURNAL_READ_BYTES = 256 << 10,
};

/* ---- places ---- */

static bool is_run_id(struct slice id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!slice_ascii_is_word((unsigned char)id.base[i]) && id.base[i] != '_' &&
            id.base[i] != '-')
            return false;
    return id.len > 0 && id.len < FEED_RUN_ID_BYTES;
}

static bool parse_run(struct slice text, struct feed_run *run)
{
    size_t colon = slice_find_byte(text, ':');
    struct slice id = slice_sub(text, 0, colon);
    if (colon == SIZE_MAX || !is_run_id(id))
        return false;
    memcpy(run->id, id.base, id.len);
    run->id[id.len] = 0;
    return slice_to_int64(slice_sub(text, colon + 1, text.len), &run->offset) && run->offset >= 0;
}

bool feed_parse_place(struct slice id, struct feed_place *place)
{
    struct slice field;
    *place = (struct feed_place){0};
    if (id.len > FEED_ID_BYTES_MOST || !slice_next_field(&id, ';', &field) ||
        !slice_to_int64(field, &place->seq) || place->seq < 0 ||
        !slice_next_field(&id, ';', &field) || !slice_to_int64(field, &place->at_ms) ||
        place->at_ms < 0)
        return false;
    while (slice_next_field(&id, ';', &field))
        if (place->n_runs == FEED_RUNS_MOST || !parse_run(field, &place->runs[place->n_runs++]))
            return false;
    return true;
}

static void write_number(struct emit *out, int64_t number)
{
    char digits[24];
    size_t n = sizeof(digits);
    do
        digits[--n] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    emit_bytes(out, (struct slice){digits + n, sizeof(digits) - n});
}

void feed_write_place(struct emit *out, const struct feed_place *place)
{
    write_number(out, place->seq);
    emit_bytes(out, slice_from(";"));
    write_number(out, place->at_ms);
    for (size_t i = 0; i < place->n_runs; i++) {
        emit_bytes(out, slice_from(";"));
        emit_bytes(out, slice_from(place->runs[i].id));
        emit_bytes(out, slice_from(":"));
        write_number(out, place->runs[i].offset);
    }
}

static struct feed_run *find_run(const struct feed_place *place, struct slice id)
{
    for (size_t i = 0; i < place->n_runs; i++)
        if (slice_is(id, place->runs[i].id))
            return (struct feed_run *)&place->runs[i];
    return NULL;
}

bool feed_is_same_place(const struct feed_place *a, const struct feed_place *b)
{
    bool is_same = a->seq == b->seq && a->n_runs == b->n_runs;
    for (size_t i = 0; is_same && i < a->n_runs; i++)
        is_same =
            strcmp(a->runs[i].id, b->runs[i].id) == 0 && a->runs[i].offset == b->runs[i].offset;
    return is_same;
}

/* NULL where there is no room: an older one goes on being told. */
static struct feed_run *add_run(struct feed_place *place, struct slice id)
{
    if (place->n_runs == FEED_RUNS_MOST || !is_run_id(id))
        return NULL;
    struct feed_run *run = &place->runs[place->n_runs++];
    *run = (struct feed_run){0};
    memcpy(run->id, id.base, id.len);
    return run;
}

/* ---- events ---- */

/* A line break would end the data: between the tokens of JSON it means nothing. */
static void write_one_line(struct emit *out, struct slice data)
{
    struct slice line;
    while (slice_next_line(&data, &line))
        emit_bytes(out, line);
}

void feed_write_event(
    struct emit *out, const char *kind, const struct feed_place *place, struct slice data)
{
    emit_bytes(out, slice_from("event: "));
    emit_bytes(out, slice_from(kind));
    emit_bytes(out, slice_from("\nid: "));
    feed_write_place(out, place);
    emit_bytes(out, slice_from("\ndata: "));
    write_one_line(out, data);
    emit_bytes(out, slice_from("\n\n"));
}

/* ---- the ledger ---- */

static bool read_changes(struct serve_state *state, struct arena *arena,
    const struct feed_place *upto, struct feed_batch *batch, struct failure *failure)
{
    struct ledger_change *changes;
    size_t n, i = 0;
    struct emit data = {0};
    struct feed_place *place = &batch->place;
    if (!ledger_changes(state->ledger, arena, place->seq, FEED_ROWS_MOST, &changes, &n, failure))
        return false;
    for (; i < n && batch->text.len < FEED_BATCH_BYTES; i++) {
        if (upto && changes[i].seq > upto->seq)
            break;
        const struct experiment *experiment = &changes[i].experiment;
        place->seq = changes[i].seq;
        emit_clear(&data);
        record_write(&data, experiment);
        const char *kind = experiment->pending ? "decision" : "experiment";
        feed_write_event(&batch->text, kind, place, emit_slice(&data));
    }
    bool is_behind = i < n && upto && changes[i].seq > upto->seq;
    batch->is_more = !is_behind && (i < n || n == FEED_ROWS_MOST);
    emit_free(&data);
    return true;
}

/* ---- the journals ---- */

/* What one line says happened; NULL: nothing that is told. */
static const char *step_of(struct json line)
{
    static const char *const STEPS[][2] = {{"attempting", "attempting"}, {"spend", "spending"},
        {"stop", "stopped"}, {"experiment", "attempted"}, {"run", "began"}, {"end", "ended"}};
    for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++)
        if (json_get(line, STEPS[i][0]).document)
            return strcmp(STEPS[i][1], "attempted") == 0 && json_get(line, "at").document
                       ? "queued"
                       : STEPS[i][1];
    return NULL;
}

/* {"run":…,"step":…,"task":index,"rung":…,"spent_usd":…,"why":…}, what is known of it. */
static void write_step(struct emit *data, const char *run, const char *step, struct json line)
{
    int64_t task;
    double spent_usd;
    struct slice rung = json_get_text(line, "attempting"), why = json_get_text(line, "why");
    emit_open(data, '{');
    emit_member_cstring(data, "run", run);
    emit_member_cstring(data, "step", step);
    if (json_int64(json_get(line, "task"), &task))
        emit_member_int64(data, "task", task);
    if (rung.len)
        emit_member_text(data, "rung", rung);
    if (json_double(json_get(line, "spend"), &spent_usd))
        emit_member_usd(data, "spent_usd", spent_usd);
    if (why.len)
        emit_member_text(data, "why", why);
    emit_close(data, '}');
}

static void write_lines(
    struct serve_state *state, struct slice lines, struct feed_run *run, struct feed_batch *batch)
{
    struct slice line;
    struct json json;
    struct emit data = {0};
    while (slice_next_line(&lines, &line)) {
        run->offset += (int64_t)line.len + 1;
        if (!json_parse(state->parser, line, &json, NULL))
            continue;
        const char *step = step_of(json);
        if (!step)
            continue;
        emit_clear(&data);
        write_step(&data, run->id, step, json);
        feed_write_event(&batch->text, "attempt", &batch->place, emit_slice(&data));
    }
    emit_free(&data);
}

/* A scan of the journals: which of them stay in the place, and whether all was read. */
struct scan {
    struct serve_state *state;
    struct arena *arena;
    const struct feed_place *upto;
    struct feed_batch *batch;
    int64_t at_ms; /* when it began, or of `upto` */
    bool stays[FEED_RUNS_MOST];
};

/* False where it was not read to its end. */
static bool read_journal(struct scan *scan, const struct run_journal *journal)
{
    struct feed_place *place = &scan->batch->place;
    struct feed_run *run = find_run(place, journal->id);
    const struct feed_run *last = scan->upto ? find_run(scan->upto, journal->id) : NULL;
    struct run_lines lines;
    bool is_news = scan->upto && !last && journal->changed_ms >= scan->upto->at_ms;
    if (is_news || (!run && journal->changed_ms < place->at_ms - CLOCK_SLACK_MS))
        return true;
    if (!run)
        run = add_run(place, journal->id);
    if (!run)
        return true;
    if (run->offset > journal->bytes)
        run->offset = journal->bytes; /* a torn line was cut off */
    int64_t left = (last ? last->offset : journal->bytes) - run->offset;
    size_t most = left < 0 ? 0 : left < JOURNAL_READ_BYTES ? (size_t)left : JOURNAL_READ_BYTES;
    if (!run_read_journal(scan->arena, scan->state->place->options->home, journal->id, run->offset,
            most, &lines, NULL))
        return true; /* it was tidied away meanwhile */
    write_lines(scan->state, lines.text, run, scan->batch);
    run->offset = lines.next;
    scan->stays[run - place->runs] =
        !lines.is_over || journal->changed_ms >= scan->at_ms - (int64_t)2 * CLOCK_SLACK_MS;
    return left <= JOURNAL_READ_BYTES;
}

/* Only when all was read: until then a journal that is not named would be read again. */
static void end_scan(struct scan *scan)
{
    struct feed_place *place = &scan->batch->place;
    size_t n = 0;
    for (size_t i = 0; i < place->n_runs; i++)
        if (scan->stays[i])
            place->runs[n++] = place->runs[i];
    place->n_runs = n;
    place->at_ms = scan->at_ms;
}

static bool read_journals(struct serve_state *state, struct arena *arena,
    const struct feed_place *upto, struct feed_batch *batch, struct failure *failure)
{
    const char *home = state->place->options->home;
    struct scan scan = {.state = state,
        .arena = arena,
        .upto = upto,
        .batch = batch,
        .at_ms = upto ? upto->at_ms : clock_now_ms()};
    struct run_journal *journals;
    size_t n, i = 0;
    if (!home)
        return true;
    if (!run_list_journals(arena, home, &journals, &n, failure))
        return false;
    while (i < n && batch->text.len < FEED_BATCH_BYTES && !batch->is_more)
        batch->is_more = !read_journal(&scan, &journals[i++]);
    batch->is_more = batch->is_more || i < n;
    if (!batch->is_more)
        end_scan(&scan);
    return true;
}

/* ---- both ---- */

bool feed_read(struct serve_state *state, struct arena *arena, const struct feed_place *from,
    const struct feed_place *upto, struct feed_batch *batch, struct failure *failure)
{
    *batch = (struct feed_batch){.place = *from};
    if (!read_changes(state, arena, upto, batch, failure))
        return false;
    return batch->is_more || read_journals(state, arena, upto, batch, failure);
}

bool feed_find_now(struct serve_state *state, struct arena *arena, struct feed_place *place,
    struct failure *failure)
{
    const char *home = state->place->options->home;
    struct run_journal *journals = NULL;
    size_t n = 0;
    *place = (struct feed_place){.at_ms = clock_now_ms()};
    if (!ledger_position(state->ledger, &place->seq, failure) ||
        (home && !run_list_journals(arena, home, &journals, &n, failure)))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct run_lines lines;
        int64_t from = journals[i].bytes - JOURNAL_READ_BYTES;
        if (journals[i].changed_ms < place->at_ms - FOLLOWED_MS ||
            !run_read_journal(arena, home, journals[i].id, from > 0 ? from : 0, JOURNAL_READ_BYTES,
                &lines, NULL) ||
            lines.is_over)
            continue;
        struct feed_run *run = add_run(place, journals[i].id);
        if (run)
            run->offset = lines.next;
    }
    return true;
}

void feed_write_alarms(struct emit *out, struct serve_state *state, struct arena *arena)
{
    struct evidence_alarm *alarms = NULL;
    size_t n = state->evidence ? evidence_alarms(state->evidence, arena, &alarms) : 0;
    emit_open(out, '[');
    for (size_t i = 0; i < n; i++) {
        emit_open(out, '{');
        emit_member_text(out, "rung", alarms[i].rung);
        emit_member_text(out, "text", report_alarm_text(arena, &alarms[i]));
        emit_member_int64(out, "at", alarms[i].at_ms);
        emit_close(out, '}');
    }
    emit_close(out, ']');
}
