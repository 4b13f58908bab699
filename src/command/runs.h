/* The options of run and swarm: declared in runs.c for help and man pages, obeyed in rung-run. */
#ifndef RUNG_COMMAND_RUNS_H
#define RUNG_COMMAND_RUNS_H

#include "source.h"

/* Behind the SOURCE_OPTIONS, the same for both. */
enum {
    GO_POLICY = SOURCE_OPTIONS_COUNT,
    GO_LEDGER,
    GO_JSON,
    GO_RUNG,
    GO_GATE,
    GO_MAX_ATTEMPTS,
    GO_BUDGET,
    GO_DAY_BUDGET,
    GO_PLAN,
    GO_REVIEW,
    GO_JOBS,
    GO_DRY_RUN,
    GO_RESUME,
    GO_COMMON,
    /* run */
    GO_LABEL = GO_COMMON,
    GO_BODY,
    GO_ID,
    GO_TYPE,
    GO_TOUCHES,
    GO_HERE,
    /* swarm */
    GO_TASK_BUDGET = GO_COMMON,
    GO_STOP_AFTER,
    GO_RATE,
    GO_TEMPLATE,
    GO_EACH,
    GO_FRESH,
};

enum { CLEAN_ALL, CLEAN_JSON };

enum { EXIT_NOT_ACCEPTED = 5, EXIT_BUDGET = 6, EXIT_INTERRUPTED = 130 };

#endif
