/* Receives an interval, writes it as the JSON formats have it. */
#include "stats.h"

#include <math.h>

void stats_write_interval(struct emit *emit, const char *key, struct interval interval)
{
    emit_key(emit, key);
    if (isnan(interval.mean)) {
        emit_null(emit);
        return;
    }
    emit_open(emit, '[');
    emit_usd(emit, interval.low);
    emit_usd(emit, interval.mean);
    emit_usd(emit, interval.high);
    emit_close(emit, ']');
}
