/* The few words between rung-run and rung-keep, on the socket that is descriptor KEEP_SOCKET of
 * the keeper. When the socket closes, because rung-run ended however it ended, the keeper kills
 * everything below it. */
#ifndef RUNG_RUN_KEEP_H
#define RUNG_RUN_KEEP_H

#include <stdint.h>

enum { KEEP_SOCKET = 3 };

/* rung-run says one byte. */
enum keep_order {
    KEEP_END = 'T',  /* SIGTERM now, SIGKILL to all that is left after the grace */
    KEEP_KILL = 'K', /* SIGKILL to all, now */
};

/* The keeper answers once, when nothing lives below it any more. */
struct keep_report {
    int32_t started_errno; /* not 0: the program could not be started, and why */
    int32_t exit_status;   /* of the program; 128 + signal where a signal ended it */
    int32_t leftovers;     /* processes that outlived it and were killed */
};

#endif
