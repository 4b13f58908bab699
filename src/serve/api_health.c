/* Answers whether the server works. A ledger that cannot be read never comes so far. */
#include "api.h"

void api_health(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    struct emit *out = &answer->data;
    emit_open(out, '{');
    emit_member_cstring(out, "version", RUNG_VERSION);
    emit_member_cstring(out, "ledger", "ok"); /* it is open, or this is not called */
    emit_member_int64(out, "uptime_s", (request->now_ms - state->place->started_ms) / 1000);
    emit_close(out, '}');
}
