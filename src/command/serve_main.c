/* rung-serve: receives the argv of `rung serve`, which became this program, finds the policy and
 * the ledger that hold here and lets the serve room answer. */
#include "base/file.h"
#include "base/log.h"
#include "learned.h"
#include "serve/serve.h"
#include "serves.h"
#include "store.h"

#include <signal.h>
#include <string.h>

static const char LISTEN[] = "127.0.0.1:7864";

/* Beside the ledger, except in a project, where a stranger may have put one: then, and where the
 * ledger is no file, among the user's own data. NULL without a home. */
static const char *usual_token_path(struct call *call, const struct workspace *workspace)
{
    struct ledger_place place =
        workspace_ledger_place(call, &call->options[SERVE_LEDGER], workspace);
    const char *directory = place.path && !place.in_project
                                ? file_directory(call->arena, place.path)
                                : file_data_directory(call->arena);
    return directory ? file_join(call->arena, directory, "serve.token") : NULL;
}

static bool find_token(struct call *call, const struct workspace *workspace,
    struct serve_options *options, struct failure *failure)
{
    const struct option_value *named = &call->options[SERVE_TOKEN_FILE];
    options->token_must_exist = named->given;
    options->token_path =
        named->given ? arena_text(call->arena, named->text) : usual_token_path(call, workspace);
    if (!options->token_path)
        return failure_set(failure, "no place for a token: name one with --token-file FILE");
    const char *directory = file_directory(call->arena, options->token_path);
    return named->given || file_make_directories(directory, 0700, failure);
}

/* Makes the ledger where there is none, so that every thread finds one to open. */
static bool find_ledger(struct call *call, const struct workspace *workspace,
    struct serve_options *options, struct failure *failure)
{
    struct ledger *ledger;
    if (!workspace_make_ledger(call, &call->options[SERVE_LEDGER], workspace, &ledger, failure))
        return false;
    struct ledger_place place =
        workspace_ledger_place(call, &call->options[SERVE_LEDGER], workspace);
    options->ledger_in_project = place.in_project;
    options->ledger_path = place.path;
    options->evidence_path = learned_path(call, &place);
    options->ledger_url = arena_text(call->arena, slice_from(ledger_url(ledger)));
    ledger_close(ledger);
    return true;
}

static const char *const *copy_names(struct arena *arena, const struct option_value *option)
{
    const char **names = ARENA_ARRAY(arena, const char *, option->n_many + 1);
    for (size_t i = 0; i < option->n_many; i++)
        names[i] = arena_text(arena, option->many[i]);
    return names;
}

/* The repository's, as rung-run has it; outside of one the directory of the ledger. */
static const char *find_home(struct call *call, const struct workspace *workspace)
{
    const char *top = file_find_upward(call->arena, file_working_directory(call->arena), ".git");
    struct ledger_place place =
        workspace_ledger_place(call, &call->options[SERVE_LEDGER], workspace);
    if (top)
        return file_join(call->arena, top, ".rung");
    return place.path ? file_directory(call->arena, place.path) : NULL;
}

static bool fill_options(struct call *call, struct workspace *workspace,
    struct serve_options *options, struct failure *failure)
{
    struct arena *arena = call->arena;
    const struct option_value *given = call->options;
    if (!workspace_open(call, &given[SERVE_POLICY], workspace, failure))
        return false;
    options->listen =
        given[SERVE_LISTEN].given ? arena_text(arena, given[SERVE_LISTEN].text) : LISTEN;
    options->names = copy_names(arena, &given[SERVE_NAME]);
    options->policy_path =
        given[SERVE_POLICY].given ? arena_text(arena, given[SERVE_POLICY].text) : NULL;
    options->directory = file_working_directory(arena);
    options->home = find_home(call, workspace);
    options->price_path = workspace_price_path(arena);
    return find_ledger(call, workspace, options, failure) &&
           find_token(call, workspace, options, failure);
}

static int serve(struct call *call)
{
    struct workspace workspace = {0};
    struct serve_options options = {0};
    struct failure failure = {0};
    if (fill_options(call, &workspace, &options, &failure) && serve_run(&options, &failure))
        return EXIT_DONE;
    if (failure.text[0])
        log_error("%s", failure.text);
    return EXIT_BROKEN;
}

int main(int argc, char **argv)
{
    struct arena arena = {0};
    struct failure failure = {0};
    struct call call = {.arena = &arena, .out = stdout};
    int status = EXIT_USAGE;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write */
    const struct command_row *command = argc > 1 ? command_by_name(slice_from(argv[1])) : NULL;
    if (!command || !command->helper || strcmp(command->helper, "rung-serve") != 0)
        log_error("rung-serve is part of rung and is not called by itself");
    else if (!options_parse(command, argc - 2, argv + 2, &call, &failure))
        log_error("%s", failure.text);
    else
        status = serve(&call);
    arena_free(&arena);
    return status;
}
