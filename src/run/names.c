/* What the run room calls its kinds, and back: for programs that start no run, too. */
#include "run.h"

static const char *const STOPS[RUN_STOPS] = {
    [RUN_NOT_OVER] = "interrupted",
    [RUN_ACCEPTED] = "accepted",
    [RUN_UNCHECKED] = "unchecked",
    [RUN_NO_RUNG_LEFT] = "no-rung-left",
    [RUN_MAX_ATTEMPTS] = "max-attempts",
    [RUN_BUDGET] = "budget",
    [RUN_NOT_WORTH_IT] = "not-worth-it",
    [RUN_AGENT_UNUSABLE] = "agent-unusable",
    [RUN_UPSTREAM] = "upstream",
    [RUN_DEPENDENCY] = "dependency",
    [RUN_BREAKER] = "breaker",
    [RUN_REJECTED] = "rejected",
    [RUN_UNWANTED] = "stopped",
    [RUN_TROUBLE] = "trouble",
};

static const char *const REVIEWS[] = {"critical", "always", "never"};

bool run_is_id(struct slice id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!slice_ascii_is_word((unsigned char)id.base[i]) && id.base[i] != '_' &&
            id.base[i] != '-')
            return false;
    return id.len > 0 && id.len < RUN_ID_BYTES;
}

const char *run_stop_name(enum run_stop stop)
{
    return STOPS[stop];
}

bool run_review_from_name(struct slice name, enum run_review *review)
{
    for (size_t i = 0; i < sizeof(REVIEWS) / sizeof(REVIEWS[0]); i++)
        if (slice_is(name, REVIEWS[i])) {
            *review = (enum run_review)i;
            return true;
        }
    return false;
}
