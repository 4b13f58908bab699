/* command: receives argv, hands it to one row of the command table. Every option is declared
 * once, in a row; parsing, help, man pages and completion are made from it. */
#ifndef RUNG_COMMAND_COMMAND_H
#define RUNG_COMMAND_COMMAND_H

#include "base/arena.h"
#include "base/failure.h"

#include <stdio.h>

enum {
    EXIT_DONE = 0,
    EXIT_BROKEN = 1,
    EXIT_USAGE = 2,
    OPTION_REPEATS_MOST = 256,
};

enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_NUMBER, /* a finite decimal number */
    OPTION_WHOLE,  /* a whole number, not negative */
    OPTION_MANY,   /* a text that may be given several times */
};

struct option_row {
    const char *name; /* without the dashes */
    enum option_kind kind;
    const char *value; /* what help calls the value: "FILE" */
    const char *help;
};

/* What was given for one row. */
struct option_value {
    bool given;
    struct slice text;
    double number;
    struct slice *many;
    size_t n_many;
};

struct command_row;

/* One call of the program. */
struct call {
    const struct command_row *command;
    struct option_value *options; /* one for each row of the command's table, in its order */
    struct slice *words;          /* what is not an option */
    size_t n_words;
    size_t n_before;     /* words that stand before "--"; all of them where there is none */
    struct arena *arena; /* lives as long as the call */
    FILE *out;
};

struct command_row {
    const char *name;
    const char *words; /* "[TITLE]": the words it takes, for the usage line */
    size_t words_least, words_most;
    const char *summary;  /* one line */
    const char *details;  /* for help and the man page; paragraphs parted by blank lines */
    const char *examples; /* lines of a shell */
    const struct option_row *options;
    size_t n_options;
    bool never_fails; /* its exit status is 0 even for wrong usage */
    int (*run)(struct call *call);
    const char *helper; /* the program that does it instead, beside rung; see helper.h */
};

/* The table, in the order in which help lists it. */
extern const struct command_row *const COMMANDS[];
extern const size_t COMMANDS_COUNT;

const struct command_row *command_by_name(struct slice name);

/* Parses what follows the command's name. False with a sentence that says what to type. */
bool options_parse(const struct command_row *command, int argc, char **argv, struct call *call,
    struct failure *failure) MUST_USE;

/* The name nearest to a mistyped one, or NULL where none is near. */
const char *nearest_name(struct slice typed, const char *(*name_at)(const void *names, size_t i),
    const void *names, size_t n);

void help_print_all(FILE *out);
void help_print_command(FILE *out, const struct command_row *command);
void help_print_man(FILE *out, const struct command_row *command); /* mdoc; NULL: rung(1) */
void help_print_completion(FILE *out);                             /* bash */

/* Writes all of `bytes` to `out`; false where that fails (a full disk, a closed pipe). */
bool command_write(FILE *out, struct slice bytes) MUST_USE;

#endif
