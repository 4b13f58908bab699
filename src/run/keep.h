/* The words between rung-run and rung-keep, on the socket that is descriptor KEEP_SOCKET of the
 * keeper. It keeps one program at a time, as many one after the other as it is told to. When the
 * socket closes, because rung-run ended however it ended, the keeper kills everything below it. */
#ifndef RUNG_RUN_KEEP_H
#define RUNG_RUN_KEEP_H

#include <stdint.h>

enum {
    KEEP_SOCKET = 3,
    KEEP_STREAMS = 3,                /* standard input, output, error */
    KEEP_ORDER_BYTES_MOST = 8 << 20, /* the kernel takes less of arguments and environment */
};

enum keep_kind {
    KEEP_START = 'S', /* with KEEP_STREAMS descriptors that the program gets */
    KEEP_END = 'T',   /* SIGTERM now, SIGKILL to all that is left after the grace */
    KEEP_KILL = 'K',  /* SIGKILL to all, now */
};

/* What rung-run says. */
struct keep_order {
    int32_t kind;
    int32_t grace_ms; /* between SIGTERM and SIGKILL */
    uint32_t n_texts; /* directory, arguments, environment */
    uint32_t n_words; /* of them: arguments */
    uint32_t n_bytes; /* of the texts, each with its NUL; they follow */
};

/* The keeper answers each start once, when nothing lives below it any more. */
struct keep_report {
    int32_t started_errno; /* not 0: the program could not be started, and why */
    int32_t exit_status;   /* of the program; 128 + signal where a signal ended it */
    int32_t leftovers;     /* processes that outlived it and were killed */
};

#endif
