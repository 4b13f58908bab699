/* One call of an agent, from its argument vector to its record. */
#ifndef RUNG_RUN_ATTEMPT_H
#define RUNG_RUN_ATTEMPT_H

#include "engine.h"

struct attempt {
    /* what is asked */
    enum record_phase phase;
    int rung, number; /* number: from 1, of the task */
    struct slice prompt, schema;
    const char *directory, *scratch;
    double budget_usd; /* 0: none */
    double left_usd;   /* for those who judge it; NAN: no limit */
    struct slice part; /* of a plan; empty: the whole task */
    /* what came of it, in the job's arena */
    struct agent_result result;
    struct record_attempt record; /* its success and gates are the caller's to say */
    int leftovers;                /* processes that it left behind and that were killed */
    bool interrupted;             /* rung was told to stop */
};

/* Blocks until nothing of the agent lives any more. Never fails otherwise than in the result. */
void attempt_run(struct run *run, struct slot *slot, struct attempt *attempt);

/* The environment of a child: `environment` and the mark of this run. */
const char *const *attempt_environment(
    struct run *run, struct arena *arena, const char *const *environment);

#endif
