/* Other programs, started by argument vector, never through a shell, with their output kept in
 * bounds and their time limited. */
#ifndef RUNG_BASE_CHILD_H
#define RUNG_BASE_CHILD_H

#include "arena.h"
#include "failure.h"

enum { CHILD_SLOW_MS = 2000 };

struct child_limits {
    size_t output_bytes; /* of standard output and of standard error, each */
    int wait_ms;         /* then the whole process group is killed */
};

struct child_result {
    struct slice output, error;  /* in the arena */
    int exit_status;             /* 128 + signal where a signal ended it */
    bool cut;                    /* more output came than was kept */
    bool not_started, timed_out; /* why child_run was false */
};

/* What a child gets that is not the caller's own. A zeroed one is the usual. */
struct child_setup {
    const char *directory;                      /* NULL: the caller's */
    const char *const *environment;             /* complete, ends in NULL; NULL: the caller's */
    struct slice input;                         /* standard input; then it is at its end */
    void (*when_slow)(const char *const *argv); /* told once, after CHILD_SLOW_MS; may be NULL */
    bool one_tail;    /* both outputs go into `output`, and of too much the end is kept */
    bool whole_group; /* it is over when the program itself ends: the rest of its process group is
                         killed then, and nothing more is waited for */
};

/* Runs argv[0] (found on PATH) to its end, standard input empty. False where it could not be
 * started or did not end in time; an exit status other than 0 is the caller's to judge. */
bool child_run(struct arena *arena, const char *const *argv, struct child_limits limits,
    struct child_result *result, struct failure *failure) MUST_USE;

bool child_run_with(struct arena *arena, const char *const *argv, const struct child_setup *setup,
    struct child_limits limits, struct child_result *result, struct failure *failure) MUST_USE;

/* True where a program of that name is on PATH. */
bool child_is_installed(const char *name);

#endif
