/* Receives what the program was started with, hands handlers an open ledger. Each state is used
 * by one thread at a time. */
#include "state.h"

#include "base/json.h"

#include <stdlib.h>

struct serve_state *serve_state_make(const struct serve_place *place)
{
    struct serve_state *state = memory_take(sizeof(*state));
    *state = (struct serve_state){.place = place, .parser = json_parser_make()};
    return state;
}

void serve_state_free(struct serve_state *state)
{
    ledger_close(state->ledger);
    json_parser_free(state->parser);
    free(state);
}

bool serve_state_refresh(struct serve_state *state, struct failure *failure)
{
    struct ledger_options options = {.create = true};
    return state->ledger ||
           ledger_open(state->place->options->ledger_url, options, &state->ledger, failure);
}
