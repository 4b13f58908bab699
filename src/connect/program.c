/* Receives an argument vector, hands on what the program printed, or why there is nothing. */
#include "program.h"

#include "base/log.h"
#include "base/text.h"
#include "connect.h"

#include <unistd.h>

static void tell_patience(const char *const *argv)
{
    if (isatty(STDERR_FILENO))
        log_note("waiting for %s %s", argv[0], argv[1] ? argv[1] : "");
}

bool program_run(struct arena *arena, const char *const *argv, int wait_ms,
    struct child_result *result, struct failure *failure)
{
    const struct child_limits limits = {CONNECT_OUTPUT_BYTES, wait_ms};
    const struct child_setup setup = {.when_slow = tell_patience};
    if (!child_is_installed(argv[0]))
        return failure_set(failure, "%s is not installed", argv[0]);
    if (!child_run_with(arena, argv, &setup, limits, result, failure))
        return result->timed_out
                   ? failure_set(failure, "%s %s did not answer within %d s and was stopped",
                         argv[0], argv[1] ? argv[1] : "", wait_ms / 1000)
                   : false;
    if (result->exit_status != 0) {
        struct slice said = result->error.len ? result->error : result->output;
        return failure_set(failure, "%s %s exited with %d: %.*s", argv[0], argv[1] ? argv[1] : "",
            result->exit_status, SLICE_ARG(text_one_line(arena, said, 200)));
    }
    if (result->cut)
        return failure_set(
            failure, "%s printed more than %d MB", argv[0], CONNECT_OUTPUT_BYTES >> 20);
    return true;
}
