/* Receives an experiment, writes a row of the twelve known fields. Refuses to alter data. */
#include "record.h"

#include <math.h>

static void bytes(struct emit *emit, const char *text)
{
    emit_bytes(emit, slice_from(text));
}

static void quoted(struct emit *emit, struct slice text)
{
    bytes(emit, "\"");
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
static void plain(struct emit *emit, struct slice text)
{
    static const char special[] = {',', '"', '\r', '\n'};
    for (size_t i = 0; i < sizeof(special); i++)
        if (slice_find_byte(text, special[i]) != SIZE_MAX) {
            quoted(emit, text);
            return;
        }
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

void record_write_csv(struct emit *emit, const struct experiment *experiment)
{
    plain(emit, experiment->id);
    bytes(emit, ",");
    emit_int64(emit, experiment->at_ms);
    bytes(emit, ",");
    plain(emit, experiment->task_id);
    bytes(emit, ",");
    quoted(emit, experiment->description);
    bytes(emit, ",");
    plain(emit, experiment->model_used);
    bytes(emit, ",");
    plain(emit, experiment->strategy);
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
    quoted(emit, experiment->notes);
    bytes(emit, "\n");
}
