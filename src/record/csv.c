/* Receives an experiment, writes a row of the twelve known fields. Refuses to alter data where it
 * is not asked to. */
#include "record.h"

#include <math.h>
#include <string.h>

static void bytes(struct emit *emit, const char *text)
{
    emit_bytes(emit, slice_from(text));
}

static bool begins_formula(struct slice text)
{
    static const char first[] = {'=', '+', '-', '@', '\t', '\r'};
    return text.len && memchr(first, text.base[0], sizeof(first));
}

static void quoted(struct emit *emit, struct slice text, enum record_csv how)
{
    bytes(emit, how == RECORD_CSV_SPREADSHEET && begins_formula(text) ? "\"'" : "\"");
    for (;;) {
        size_t at = slice_find_byte(text, '"');
        emit_bytes(emit, slice_sub(text, 0, at));
        if (at >= text.len)
            break;
        bytes(emit, "\"\"");
        text = slice_sub(text, at + 1, text.len);
    }
    bytes(emit, "\"");
}

/* Quoted where a reader would take it apart otherwise. */
static void plain(struct emit *emit, struct slice text, enum record_csv how)
{
    static const char special[] = {',', '"', '\r', '\n'};
    bool marked = how == RECORD_CSV_SPREADSHEET && begins_formula(text);
    for (size_t i = 0; i < sizeof(special); i++)
        marked = marked || slice_find_byte(text, special[i]) != SIZE_MAX;
    if (marked)
        quoted(emit, text, how);
    else
        emit_bytes(emit, text);
}

static void number(struct emit *emit, double number)
{
    char text[JSON_NUMBER_BYTES];
    if (!isnan(number))
        emit_bytes(emit, (struct slice){text, json_format_double(number, text)});
}

void record_write_csv_header(struct emit *emit)
{
    bytes(emit, "id,timestamp,taskId,description,modelUsed,routingStrategy,routingConfidence,"
                "success,cost,timeToComplete,qualityScore,notes\n");
}

void record_write_csv(struct emit *emit, const struct experiment *experiment, enum record_csv how)
{
    plain(emit, experiment->id, how);
    bytes(emit, ",");
    emit_int64(emit, experiment->at_ms);
    bytes(emit, ",");
    plain(emit, experiment->task_id, how);
    bytes(emit, ",");
    quoted(emit, experiment->description, how);
    bytes(emit, ",");
    plain(emit, experiment->model_used, how);
    bytes(emit, ",");
    plain(emit, experiment->strategy, how);
    bytes(emit, ",");
    number(emit, experiment->confidence);
    if (experiment->success == RECORD_OPEN)
        bytes(emit, ",,");
    else
        bytes(emit, experiment->success == RECORD_ACCEPTED ? ",true," : ",false,");
    number(emit, experiment->cost_usd);
    bytes(emit, ",");
    number(emit, experiment->seconds);
    bytes(emit, ",");
    number(emit, experiment->quality);
    bytes(emit, ",");
    quoted(emit, experiment->notes, how);
    bytes(emit, "\n");
}
