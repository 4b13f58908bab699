/* Receives verdicts, writes them for a person or as JSON. */
#include "parts.h"

#include "base/table.h"

#include <math.h>

static enum table_color color_of(enum stats_verdict verdict)
{
    return verdict == STATS_SUPPORTED ? TABLE_GREEN
           : verdict == STATS_REFUTED ? TABLE_RED
                                      : TABLE_YELLOW;
}

static void print_verdict(FILE *out, struct arena *arena, const struct report_verdict *row)
{
    enum { INDENT = 14 };
    fprintf(out, "%s%-12s%s  ", table_color_code(out, color_of(row->verdict)),
        report_verdict_name(row->verdict), table_color_code(out, TABLE_PLAIN));
    fputs(table_color_code(out, TABLE_BOLD), out);
    table_print_text(out, arena_print(arena, "%s: %.*s", row->id, SLICE_ARG(row->claim)), INDENT);
    fputs(table_color_code(out, TABLE_PLAIN), out);
    fprintf(out, "%*s", INDENT, "");
    table_print_text(out, row->reason, INDENT);
    if (row->verdict != STATS_INSUFFICIENT)
        return;
    fprintf(out, "%*s", INDENT, "");
    if (row->more_needed > 0)
        table_print_text(out,
            arena_print(arena, "at the observed rate %.*s more%s would settle it",
                SLICE_ARG(report_count(arena, row->more_needed)),
                row->verified_needed ? " verified ones" : ""),
            INDENT);
    else
        table_print_text(out, slice_from("more of the same would not settle it"), INDENT);
}

void report_print_validation(
    FILE *out, struct arena *arena, const struct report_validation *validation)
{
    for (int i = 0; i < REPORT_CLAIMS; i++) {
        print_verdict(out, arena, &validation->rows[i]);
        for (size_t j = 0; i == REPORT_CHEAP_SUCCESS && j < validation->n_versions; j++)
            print_verdict(out, arena, &validation->versions[j]);
    }
    fprintf(out, "\n%s%s%s\n", table_color_code(out, color_of(validation->verdict)),
        validation->verdict == STATS_SUPPORTED ? "All claims are supported."
        : validation->verdict == STATS_REFUTED ? "A claim is refuted."
                                               : "Not every claim has evidence enough.",
        table_color_code(out, TABLE_PLAIN));
}

static void write_verdict(struct emit *emit, const struct report_verdict *row)
{
    emit_open(emit, '{');
    emit_member_cstring(emit, "id", row->id);
    emit_member_text(emit, "claim", row->claim);
    emit_key(emit, "version");
    if (row->version.len)
        emit_text(emit, row->version);
    else
        emit_null(emit);
    emit_member_cstring(emit, "verdict", report_verdict_name(row->verdict));
    emit_member_double(emit, "target", row->target);
    emit_member_double(emit, "estimate", row->estimate);
    emit_member_double(emit, "lower", row->lower);
    emit_member_double(emit, "e", row->e);
    emit_member_int64(emit, "n", row->n);
    emit_member_int64(emit, "k", row->k);
    emit_key(emit, "more_needed");
    if (row->more_needed == STATS_NEVER)
        emit_null(emit);
    else
        emit_int64(emit, row->more_needed);
    emit_member_text(emit, "reason", row->reason);
}

void report_write_validation(struct emit *emit, const struct report_validation *validation)
{
    emit_open(emit, '{');
    emit_member_cstring(emit, "verdict", report_verdict_name(validation->verdict));
    emit_key(emit, "criteria");
    emit_open(emit, '[');
    for (int i = 0; i < REPORT_CLAIMS; i++) {
        write_verdict(emit, &validation->rows[i]);
        if (i == REPORT_CHEAP_SUCCESS) {
            emit_key(emit, "versions");
            emit_open(emit, '[');
            for (size_t j = 0; j < validation->n_versions; j++) {
                write_verdict(emit, &validation->versions[j]);
                emit_close(emit, '}');
            }
            emit_close(emit, ']');
        }
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
    emit_close(emit, '}');
    emit_bytes(emit, slice_from("\n"));
}
