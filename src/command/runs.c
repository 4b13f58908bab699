/* The rows of run, swarm and clean. What they do is in the helper program rung-run, so that no
 * other command loads what runs agents. */
#include "commands.h"

#include "runs.h"
#include "store.h"

#define GO_OPTIONS(budget_help, jobs_help)                                                         \
    POLICY_OPTION, LEDGER_OPTION, JSON_OPTION,                                                     \
        {"rung", OPTION_TEXT, "RUNG", "begin on this rung, whatever labels and patterns say"},     \
        {"gate", OPTION_MANY, "COMMAND",                                                           \
            "a check beside the policy's: a program and its arguments, parted by blanks; no "      \
            "shell reads it"},                                                                     \
        {"max-attempts", OPTION_WHOLE, "N", "give a task up after so many attempts"},              \
        {"budget", OPTION_NUMBER, "USD", budget_help},                                             \
        {"day-budget", OPTION_NUMBER, "USD",                                                       \
            "what all runs that share this ledger may spend today (the policy's, if less)"},       \
        {"plan", OPTION_TEXT, "RUNG",                                                              \
            "let this rung split a task into parts first (none: whatever the policy says)"},       \
        {"review", OPTION_TEXT, "WHEN",                                                            \
            "critical (what the policy's review.when names; the default), always, never, or a "    \
            "rung that reviews: each change, or those of a swarm all together at the end"},        \
        {"jobs", OPTION_WHOLE, "N", jobs_help},                                                    \
        {"dry-run", OPTION_FLAG, NULL, "show the attempts that would be made and their cost"},     \
    {                                                                                              \
        "resume", OPTION_FLAG, NULL,                                                               \
            "go on with the run of the id that is given, or the latest unfinished one"             \
    }

static const struct option_row RUN_ROWS[] = {
    SOURCE_OPTIONS,
    GO_OPTIONS("the most that all attempts together may cost (the policy's, if less)",
        "so many parts of a plan at a time (2)"),
    {"label", OPTION_MANY, "LABEL", "a label of the task given by its title"},
    {"body", OPTION_TEXT, "TEXT", "its description"},
    {"id", OPTION_TEXT, "ID", "its id"},
    {"issue-type", OPTION_TEXT, "TYPE", "its issue type"},
    {"touches", OPTION_MANY, "PATH", "a file that it touches"},
    {"here", OPTION_FLAG, NULL,
        "work in this work tree, not in one of its own; nothing is committed"},
};

static const struct option_row SWARM_ROWS[] = {
    SOURCE_OPTIONS,
    GO_OPTIONS("the most that the whole swarm may cost",
        "so many tasks, and parts of their plans, at a time (2)"),
    {"task-budget", OPTION_NUMBER, "USD",
        "the most that one task may cost (the policy's, if less)"},
    {"stop-after", OPTION_WHOLE, "N",
        "begin nothing more after so many tasks in a row were not accepted (10; 0: never)"},
    {"rate", OPTION_NUMBER, "USD", "begin nothing more when more than this is spent a minute"},
    {"template", OPTION_TEXT, "FILE",
        "the text of every task, {file} in it being one that --each finds"},
    {"each", OPTION_TEXT, "GLOB", "a task for each tracked file that matches, ** over directories"},
    {"fresh", OPTION_FLAG, NULL, "begin anew although the same swarm was interrupted"},
};

static const struct option_row CLEAN_ROWS[] = {
    {"all", OPTION_FLAG, NULL, "give up the unfinished runs too; accepted branches stay"},
    JSON_OPTION,
};

#define N_OF(rows) (sizeof(rows) / sizeof((rows)[0]))

const struct command_row COMMAND_RUN = {
    .name = "run",
    .words = "[TASK]",
    .words_most = 1,
    .summary = "Run a task on the decided rung, check the result, climb where it fails.",
    .details =
        "TASK is a title, or with --file or --from the id of a task there. The agent works in a "
        "git work tree of its own; the policy's gates check what it changed. What they accept is "
        "committed on a branch rung/..., which stays; after a failure the next rung begins afresh, "
        "with what the check said. Every attempt's cost is in one row of the ledger.\n\n"
        "The change is refused where it touches rung.yaml, .rung/, .claude/, git's own files or a "
        "gate's script and the task does not name them. A policy that nobody has trusted runs "
        "nothing.\n\n"
        "With --plan parts that share no file and do not wait for each other are done at the same "
        "time, each in a work tree of its own, and merged in the plan's order; a part that does "
        "not "
        "merge is done again on top of the others. The gates look at the whole.\n\n"
        "Of the accepted changes one in `audit` is asked by the policy's audit gates too. What "
        "they "
        "refute is not accepted, because what is known to be wrong is not delivered: the next rung "
        "is told why. `rung report` says how often that was.\n\n"
        "Ctrl-C, or the end of this program by any signal, ends every process that an agent "
        "started; --resume goes on from the last step that was done. A limit on money is obeyed "
        "between attempts, passed to agents that know a limit of their own, and holds for judges "
        "and reviews too; an agent whose stream tells its spend is stopped at the line. What may "
        "still be spent beyond it depends on the agent and is said before the start.\n\n"
        "Ends with 0 where the task is accepted, 5 where not, 6 where the budget was the reason.",
    .examples = "  rung run \"Fix typo in README\" --gate \"make test\"\n"
                "  rung run bd-12 --from beads --budget 0.50\n"
                "  rung run \"Rename Foo to Bar\" --dry-run\n"
                "  rung run --resume\n",
    .options = RUN_ROWS,
    .n_options = N_OF(RUN_ROWS),
    .helper = "rung-run",
};

const struct command_row COMMAND_SWARM = {
    .name = "swarm",
    .words = "",
    .summary = "Run many tasks side by side, each as `rung run` does.",
    .details =
        "Tasks come as for `rung route`, or one for each file with --template and --each. A task "
        "waits for those it depends on and begins with their changes; of tasks that name the same "
        "file the later waits for the earlier. What one task says is printed whole.\n\n"
        "With --review RUNG the changes that the gates accepted are reviewed at the end, several "
        "to "
        "a prompt; where the agent is the API, as a Message Batch at half the price, which goes on "
        "while nobody waits: started again, the swarm reads its answer. What is rejected is not "
        "accepted; its branch stays for a person.\n\n"
        "The breaker begins nothing more after --stop-after failures in a row, above --rate, or "
        "where the agent cannot work at all; a rate limit's wait is obeyed by all. Interrupted and "
        "started again with the same options, a swarm goes on: what is done stays done.\n\n"
        "Ends with 0 where all are accepted, 6 where a budget was a reason, else 5.",
    .examples = "  rung swarm --from beads --jobs 4 --budget 5\n"
                "  rung swarm --template audit.md --each 'src/**/*.svelte' --review always\n"
                "  rung swarm --file tasks.jsonl --plan sonnet --review opus\n"
                "  rung swarm --file tasks.jsonl --json\n",
    .options = SWARM_ROWS,
    .n_options = N_OF(SWARM_ROWS),
    .helper = "rung-run",
};

const struct command_row COMMAND_CLEAN = {
    .name = "clean",
    .words = "",
    .summary = "Take away what dead runs left: processes, work trees, journals.",
    .details = "Runs that are unfinished are left for --resume, and named; --all gives them up. A "
               "branch with an accepted change is never taken away. Of what agents said "
               "(.rung/said) the newest 64 MiB are kept.",
    .examples = "  rung clean\n  rung clean --all\n",
    .options = CLEAN_ROWS,
    .n_options = N_OF(CLEAN_ROWS),
    .helper = "rung-run",
};
