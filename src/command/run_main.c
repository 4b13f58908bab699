/* rung-run: receives the argv of `rung run`, `rung swarm` and `rung clean`, which became this
 * program, and does what they say. */
#include "base/log.h"
#include "run_start.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>

static int start(struct call *call)
{
    if (strcmp(call->command->name, "clean") == 0)
        return run_start_clean(call);
    return run_start(call, strcmp(call->command->name, "swarm") == 0);
}

int main(int argc, char **argv)
{
    struct arena arena = {0};
    struct failure failure = {0};
    struct call call = {.arena = &arena, .out = stdout};
    int status = EXIT_USAGE;
    mallopt(M_ARENA_MAX, 2); /* hundreds of threads that wait need no memory of their own */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write */
    const struct command_row *command = argc > 1 ? command_by_name(slice_from(argv[1])) : NULL;
    if (!command || !command->helper || strcmp(command->helper, "rung-run") != 0)
        log_error("rung-run is part of rung and is not called by itself");
    else if (!options_parse(command, argc - 2, argv + 2, &call, &failure))
        log_error("%s", failure.text);
    else
        status = start(&call);
    arena_free(&arena);
    return fflush(stdout) == 0 ? status : EXIT_BROKEN;
}
