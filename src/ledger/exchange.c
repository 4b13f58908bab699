/* JSONL in, JSONL and CSV out: receives bytes and adds what they hold to a ledger, or writes what
 * a ledger holds. Refuses to know what an experiment is made of. */
#include "ledger.h"

#include "base/json.h"

#include <errno.h>
#include <string.h>

enum { FLUSH_BYTES = 1 << 20 };

struct import {
    struct ledger *ledger;
    struct arena *arena; /* of the report */
    const char *name;
    struct slice bytes;
    const struct ledger_progress *progress;
    struct ledger_import *report;
    struct ledger_import safe; /* the report as of the last batch that was committed */
    struct arena line;         /* of one experiment */
    struct json_parser *parser;
    size_t in_batch, problems_room;
};

static bool close_batch(struct import *import, size_t done_bytes, struct failure *failure)
{
    import->in_batch = 0;
    if (!ledger_commit(import->ledger, failure))
        return false;
    import->safe = *import->report;
    if (import->progress)
        import->progress->tell(import->progress->context, done_bytes, import->bytes.len);
    return true;
}

static bool open_batch(struct import *import, struct failure *failure)
{
    if (import->in_batch++ == 0)
        return ledger_begin(import->ledger, failure);
    return true;
}

/* Names what cannot be an experiment and keeps it aside. */
static bool put_aside(struct import *import, size_t line, struct slice bytes,
    const struct failure *why, struct failure *failure)
{
    struct ledger_import *report = import->report;
    report->bad++;
    if (report->n_problems < LEDGER_PROBLEMS_MOST) {
        report->problems = arena_grow(import->arena, report->problems, report->n_problems,
            &import->problems_room, sizeof(*report->problems));
        report->problems[report->n_problems++] =
            arena_print(import->arena, "%s:%zu: %s", import->name, line, why->text);
    }
    struct ledger_reject reject = {
        slice_from(import->name), (int64_t)line, slice_from(why->text), bytes};
    return ledger_keep_aside(import->ledger, &reject, failure);
}

static bool add(struct import *import, const struct experiment *experiment, struct failure *failure)
{
    struct ledger_import *report = import->report;
    enum ledger_put put = LEDGER_KEPT;
    if (!ledger_add(import->ledger, experiment, &put, failure))
        return false;
    report->added += put == LEDGER_ADDED;
    report->completed += put == LEDGER_COMPLETED;
    report->kept += put == LEDGER_KEPT;
    return true;
}

static bool import_lines(struct import *import, struct failure *failure)
{
    struct slice rest = import->bytes, line;
    for (size_t number = 1; slice_next_line(&rest, &line); number++) {
        struct experiment experiment;
        struct failure why;
        if (json_is_blank(line))
            continue;
        if (!open_batch(import, failure))
            return false;
        import->report->read++;
        arena_reset(&import->line);
        bool ok = record_read(&import->line, import->parser, line, &experiment, &why)
                      ? add(import, &experiment, failure)
                      : put_aside(import, number, line, &why, failure);
        if (!ok || (import->in_batch >= LEDGER_BATCH &&
                       !close_batch(import, import->bytes.len - rest.len, failure)))
            return false;
    }
    return import->in_batch == 0 || close_batch(import, import->bytes.len, failure);
}

static bool import_array(struct import *import, struct failure *failure)
{
    struct json root;
    size_t number = 1;
    if (!json_parse(import->parser, import->bytes, &root, failure))
        return failure_prefix(failure, "%s", import->name);
    for (struct json_walk walk = json_walk_over(root); json_next(&walk); number++) {
        struct experiment experiment;
        struct failure why;
        if (!open_batch(import, failure))
            return false;
        import->report->read++;
        arena_reset(&import->line);
        bool ok =
            record_read_json(&import->line, walk.value, &experiment, &why)
                ? add(import, &experiment, failure)
                : put_aside(import, number, json_write(&import->line, walk.value), &why, failure);
        if (!ok || (import->in_batch >= LEDGER_BATCH && !close_batch(import, 0, failure)))
            return false;
    }
    return import->in_batch == 0 || close_batch(import, import->bytes.len, failure);
}

bool ledger_import(struct ledger *ledger, struct arena *arena, const char *name, struct slice bytes,
    const struct ledger_progress *progress, struct ledger_import *report, struct failure *failure)
{
    struct import import = {.ledger = ledger,
        .arena = arena,
        .name = name,
        .bytes = bytes,
        .progress = progress,
        .report = report,
        .parser = json_parser_make()};
    *report = (struct ledger_import){0};
    bool is_array = slice_starts(slice_trim(bytes), "[");
    bool ok = is_array ? import_array(&import, failure) : import_lines(&import, failure);
    if (!ok) {
        ledger_rollback(ledger);
        *report = import.safe;
    }
    json_parser_free(import.parser);
    arena_free(&import.line);
    return ok;
}

static bool flush(struct emit *emit, FILE *out, struct failure *failure)
{
    struct slice bytes = emit_slice(emit);
    if (bytes.len && fwrite(bytes.base, 1, bytes.len, out) != bytes.len)
        return failure_set(failure, "cannot write the export: %s", strerror(errno));
    emit_clear(emit);
    return true;
}

static void write_one(
    struct emit *emit, enum ledger_format format, const struct experiment *experiment)
{
    static const struct slice newline = SLICE("\n");
    if (format != LEDGER_JSONL) {
        record_write_csv(emit, experiment,
            format == LEDGER_SPREADSHEET ? RECORD_CSV_SPREADSHEET : RECORD_CSV_EXACT);
        return;
    }
    record_write(emit, experiment);
    emit_bytes(emit, newline);
}

bool ledger_export(struct ledger *ledger, const struct ledger_filter *filter,
    enum ledger_format format, FILE *out, size_t *n, struct failure *failure)
{
    struct arena arena = {0};
    struct emit emit = {0};
    struct ledger_walk *walk = NULL;
    enum ledger_next next = LEDGER_END;
    bool ok = ledger_walk_open(ledger, filter, LEDGER_OLDEST, 0, &walk, failure);
    *n = 0;
    if (format != LEDGER_JSONL)
        record_write_csv_header(&emit);
    while (ok) {
        struct experiment experiment;
        next = ledger_walk_next(walk, &arena, &experiment, failure);
        if (next != LEDGER_ROW)
            break;
        write_one(&emit, format, &experiment);
        arena_reset(&arena);
        ++*n;
        if (emit.len >= FLUSH_BYTES)
            ok = flush(&emit, out, failure);
    }
    ok = ok && next != LEDGER_BROKEN && flush(&emit, out, failure);
    if (ok && fflush(out) != 0)
        ok = failure_set(failure, "cannot write the export: %s", strerror(errno));
    ledger_walk_close(walk);
    emit_free(&emit);
    arena_free(&arena);
    return ok;
}
