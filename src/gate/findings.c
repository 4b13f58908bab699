/* gate, findings: receives findings and outputs of programs, hands on a few printable lines. */
#include "parts.h"

#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_COLUMNS = 300 };

const char *gate_verdict_name(enum gate_verdict verdict)
{
    static const char *const NAMES[] = {"pass", "fail", "unsure"};
    return NAMES[verdict];
}

struct record_gate gate_record(const struct gate_result *result)
{
    return (struct record_gate){.name = result->name,
        .verdict = slice_from(gate_verdict_name(result->verdict)),
        .asked = result->asked,
        .seconds = result->seconds};
}

void findings_add(struct findings *findings, const char *format, ...)
{
    if (findings->n == GATE_EVIDENCE_LINES_MOST) {
        findings->more++;
        return;
    }
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    findings->lines[findings->n++] = text_one_line(findings->arena, slice_from(text), LINE_COLUMNS);
}

struct slice findings_text(struct findings *findings)
{
    struct slice text = {"", 0};
    size_t i = 0;
    for (; i < findings->n && text.len + findings->lines[i].len < GATE_EVIDENCE_BYTES_MOST; i++)
        text = arena_print(findings->arena, "%.*s%s%.*s", SLICE_ARG(text), i ? "\n" : "",
            SLICE_ARG(findings->lines[i]));
    size_t more = findings->more + (findings->n - i);
    if (more)
        text = arena_print(findings->arena, "%.*s\n… and %zu more", SLICE_ARG(text), more);
    return text;
}

/* Where the last `lines` lines begin. */
static size_t start_of_end(struct slice output, size_t lines, size_t bytes)
{
    size_t at = output.len;
    while (at > 0 && lines > 0 && output.len - at < bytes)
        if (output.base[--at] == '\n' && at + 1 < output.len)
            lines--;
    return at > 0 ? at + 1 : 0;
}

void findings_add_end_of(struct findings *findings, struct slice output)
{
    output = slice_trim(output);
    if (output.len == 0) {
        findings_add(findings, "(it printed nothing)");
        return;
    }
    size_t lines = GATE_EVIDENCE_LINES_MOST - findings->n;
    struct slice rest =
        slice_sub(output, start_of_end(output, lines, GATE_EVIDENCE_BYTES_MOST - 500), output.len);
    struct slice line;
    while (slice_next_line(&rest, &line))
        findings_add(findings, "%.*s", SLICE_ARG(slice_sub(line, 0, 1500)));
}
