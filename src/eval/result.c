/* Receives what an evaluation found; hands on the JSON of `eval --json` and a table for people.
 * Refuses to compute anything but percentages. */
#include "result.h"

#include "base/table.h"
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

const struct eval_policy *eval_find_policy(const struct eval_result *result, const char *name)
{
    for (size_t i = 0; i < result->n_policies; i++)
        if (slice_is(result->policies[i].name, name))
            return &result->policies[i];
    return NULL;
}

void eval_add_note(struct arena *arena, struct eval_result *result, const char *format, ...)
{
    if (result->n_notes == EVAL_NOTES_MOST)
        return;
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    result->notes[result->n_notes++] = text_one_line(arena, slice_from(text), 0);
}

static void write_policies(struct emit *emit, const struct eval_result *result)
{
    emit_key(emit, "policies");
    emit_open(emit, '[');
    for (size_t i = 0; i < result->n_policies; i++) {
        const struct eval_policy *policy = &result->policies[i];
        emit_open(emit, '{');
        emit_member_text(emit, "name", policy->name);
        stats_write_interval(emit, "quality", policy->quality);
        stats_write_interval(emit, "cost_usd", policy->cost_usd);
        stats_write_interval(emit, "saving", policy->saving);
        stats_write_interval(emit, "false_accepts", policy->false_accepts);
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
}

static void write_paired(struct emit *emit, const struct eval_result *result)
{
    emit_key(emit, "paired");
    emit_open(emit, '[');
    for (size_t i = 0; i < result->n_paired; i++) {
        emit_open(emit, '{');
        emit_member_text(emit, "a", result->paired[i].a);
        emit_member_text(emit, "b", result->paired[i].b);
        stats_write_interval(emit, "difference", result->paired[i].difference);
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
}

void eval_write_json(struct emit *emit, const struct eval_result *result)
{
    emit_open(emit, '{');
    emit_member_text(emit, "data", result->data);
    emit_member_int64(emit, "rows", (int64_t)result->rows);
    emit_member_cstring(emit, "protocol", result->protocol);
    write_policies(emit, result);
    emit_key(emit, "metrics");
    emit_open(emit, '{');
    for (size_t i = 0; i < result->n_metrics; i++)
        stats_write_interval(emit, result->metrics[i].name, result->metrics[i].value);
    emit_close(emit, '}');
    write_paired(emit, result);
    emit_key(emit, "notes");
    emit_open(emit, '[');
    for (size_t i = 0; i < result->n_notes; i++)
        emit_text(emit, result->notes[i]);
    emit_close(emit, ']');
    emit_close(emit, '}');
}

/* "71.2 [66.3, 75.8]" of a fraction times `scale`. */
static void set_interval(struct table *table, size_t column, struct interval value, double scale,
    int digits, enum table_color color)
{
    char text[96] = "–";
    if (!isnan(value.mean) && isnan(value.low))
        snprintf(text, sizeof(text), "%.*f", digits, value.mean * scale);
    else if (!isnan(value.mean))
        snprintf(text, sizeof(text), "%.*f [%.*f, %.*f]", digits, value.mean * scale, digits,
            value.low * scale, digits, value.high * scale);
    table_set(table, column, slice_from(text), color);
}

static void print_policies(FILE *out, const struct eval_result *result)
{
    static const struct table_column columns[] = {{"POLICY", false, TABLE_SHRINKS},
        {"QUALITY %", true, TABLE_KEEPS}, {"COST $/TASK", true, TABLE_KEEPS},
        {"SAVING %", true, TABLE_SPARE}, {"FALSE ACCEPTS %", true, TABLE_SPARE}};
    struct table *table = table_make(out, columns, sizeof(columns) / sizeof(*columns));
    for (size_t i = 0; i < result->n_policies; i++) {
        const struct eval_policy *policy = &result->policies[i];
        bool saves = policy->saving.low > 0, loses = policy->saving.high < 0;
        table_add_row(table);
        table_set(table, 0, policy->name, TABLE_PLAIN);
        set_interval(table, 1, policy->quality, 100, 1, TABLE_PLAIN);
        set_interval(table, 2, policy->cost_usd, 1, 4, TABLE_PLAIN);
        set_interval(table, 3, policy->saving, 100, 1,
            saves   ? TABLE_GREEN
            : loses ? TABLE_RED
                    : TABLE_PLAIN);
        set_interval(table, 4, policy->false_accepts, 100, 1, TABLE_PLAIN);
    }
    table_print(table);
    table_free(table);
}

static void print_paired(FILE *out, const struct eval_result *result)
{
    static const struct table_column columns[] = {{"PAIRED", false, TABLE_SHRINKS},
        {"AGAINST", false, TABLE_SHRINKS}, {"QUALITY, POINTS", true, TABLE_KEEPS}};
    struct table *table = table_make(out, columns, sizeof(columns) / sizeof(*columns));
    for (size_t i = 0; i < result->n_paired; i++) {
        table_add_row(table);
        table_set(table, 0, result->paired[i].a, TABLE_PLAIN);
        table_set(table, 1, result->paired[i].b, TABLE_PLAIN);
        set_interval(table, 2, result->paired[i].difference, 100, 2, TABLE_PLAIN);
    }
    table_print(table);
    table_free(table);
}

static void print_metrics(FILE *out, const struct eval_result *result)
{
    static const struct table_column columns[] = {{"METRIC", false, false}, {"VALUE", true, false}};
    struct table *table = table_make(out, columns, sizeof(columns) / sizeof(*columns));
    for (size_t i = 0; i < result->n_metrics; i++) {
        table_add_row(table);
        table_set(table, 0, slice_from(result->metrics[i].name), TABLE_PLAIN);
        set_interval(table, 1, result->metrics[i].value, 1, 4, TABLE_PLAIN);
    }
    table_print(table);
    table_free(table);
}

void eval_print_table(FILE *out, const struct eval_result *result)
{
    struct arena arena = {0};
    struct slice data = text_one_line(&arena, result->data, 0);
    fprintf(out, "%.*s: %zu rows judged, %s\n\n", SLICE_ARG(data), result->rows, result->protocol);
    print_policies(out, result);
    if (result->n_metrics) {
        fputc('\n', out);
        print_metrics(out, result);
    }
    if (result->n_paired) {
        fputc('\n', out);
        print_paired(out, result);
    }
    if (result->n_notes)
        fputc('\n', out);
    for (size_t i = 0; i < result->n_notes; i++)
        table_print_text(out, result->notes[i], 0);
    arena_free(&arena);
}
