/* Receives an argument vector, hands on what the program printed, or why there is nothing. */
#include "program.h"

#include "base/text.h"
#include "connect.h"

bool program_run(struct arena *arena, const char *const *argv, int wait_ms,
    struct child_result *result, struct failure *failure)
{
    const struct child_limits limits = {CONNECT_OUTPUT_BYTES, wait_ms};
    if (!child_is_installed(argv[0]))
        return failure_set(failure, "%s is not installed", argv[0]);
    if (!child_run(arena, argv, limits, result, failure))
        return false;
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
