/* Receives argv and a command's option rows, hands on what was given for each; a mistyped option
 * gets the nearest name. */
#include "command.h"

#include <string.h>

/* Levenshtein's distance, of names up to this length. */
enum { NAME_BYTES_MOST = 32, NEAR = 2 };

static size_t distance(struct slice a, struct slice b)
{
    size_t row[NAME_BYTES_MOST + 1];
    if (a.len > NAME_BYTES_MOST || b.len > NAME_BYTES_MOST)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = diagonal + (a.base[i - 1] != b.base[j - 1]);
            size_t gap = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < gap ? change : gap;
        }
    }
    return row[b.len];
}

const char *nearest_name(struct slice typed, const char *(*name_at)(const void *names, size_t i),
    const void *names, size_t n)
{
    const char *nearest = NULL;
    size_t least = NEAR + 1;
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(typed, slice_from(name_at(names, i)));
        if (d < least) {
            least = d;
            nearest = name_at(names, i);
        }
    }
    return nearest;
}

static const char *option_name_at(const void *rows, size_t i)
{
    return ((const struct option_row *)rows)[i].name;
}

static bool fail_unknown(const struct call *call, struct slice name, struct failure *failure)
{
    const struct command_row *command = call->command;
    const char *nearest = nearest_name(name, option_name_at, command->options, command->n_options);
    if (nearest)
        return failure_set(
            failure, "unknown option --%.*s; did you mean --%s?", SLICE_ARG(name), nearest);
    return failure_set(failure, "unknown option --%.*s; `rung help %s` lists the options",
        SLICE_ARG(name), command->name);
}

static bool take_value(const struct option_row *row, struct call *call, struct option_value *option,
    struct slice text, struct failure *failure)
{
    int64_t whole = 0;
    option->given = true;
    option->text = text;
    switch (row->kind) {
    case OPTION_FLAG:
    case OPTION_TEXT:
        return true;
    case OPTION_NUMBER:
        if (!slice_to_double(text, &option->number))
            return failure_set(
                failure, "--%s wants a number, not \"%.*s\"", row->name, SLICE_ARG(text));
        return true;
    case OPTION_WHOLE:
        if (!slice_to_int64(text, &whole) || whole < 0)
            return failure_set(failure, "--%s wants a whole number of 0 or more, not \"%.*s\"",
                row->name, SLICE_ARG(text));
        option->number = (double)whole;
        return true;
    case OPTION_MANY:
        if (!option->many)
            option->many = ARENA_ARRAY(call->arena, struct slice, OPTION_REPEATS_MOST);
        if (option->n_many == OPTION_REPEATS_MOST)
            return failure_set(
                failure, "--%s can be given %d times at most", row->name, OPTION_REPEATS_MOST);
        option->many[option->n_many++] = text;
        return true;
    }
    return false;
}

/* One "--name", "--name=value" or "--name value"; *i moves behind a value taken from argv. */
static bool take_option(struct call *call, int argc, char **argv, int *i, struct failure *failure)
{
    struct slice rest = slice_from(argv[*i] + 2), name;
    size_t equals = slice_find_byte(rest, '=');
    name = slice_sub(rest, 0, equals);
    const struct command_row *command = call->command;
    size_t at = 0;
    while (at < command->n_options && !slice_is(name, command->options[at].name))
        at++;
    if (at == command->n_options)
        return fail_unknown(call, name, failure);
    const struct option_row *row = &command->options[at];
    struct slice text = {0};
    if (row->kind == OPTION_FLAG) {
        if (equals != SIZE_MAX)
            return failure_set(failure, "--%s takes no value", row->name);
    } else if (equals != SIZE_MAX) {
        text = slice_sub(rest, equals + 1, rest.len);
    } else if (*i + 1 < argc) {
        text = slice_from(argv[++*i]);
    } else {
        return failure_set(failure, "--%s wants a value: %s", row->name, row->value);
    }
    if (row->kind != OPTION_MANY && call->options[at].given)
        return failure_set(failure, "--%s is given twice", row->name);
    return take_value(row, call, &call->options[at], text, failure);
}

bool options_parse(const struct command_row *command, int argc, char **argv, struct call *call,
    struct failure *failure)
{
    call->command = command;
    call->options = ARENA_ARRAY(call->arena, struct option_value, command->n_options + 1);
    call->words = ARENA_ARRAY(call->arena, struct slice, (size_t)argc + 1);
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        struct slice word = slice_from(argv[i]);
        if (only_words || word.len < 2 || !slice_starts(word, "-")) {
            call->words[call->n_words++] = word;
        } else if (slice_is(word, "--")) {
            only_words = true;
            call->n_before = call->n_words;
        } else if (!slice_starts(word, "--")) {
            return failure_set(failure,
                "unknown option %s; options have long names, `rung help %s` lists them", argv[i],
                command->name);
        } else if (!take_option(call, argc, argv, &i, failure)) {
            return false;
        }
    }
    if (!only_words)
        call->n_before = call->n_words;
    if (call->n_words < command->words_least)
        return failure_set(failure, "usage: rung %s %s", command->name, command->words);
    if (call->n_words > command->words_most)
        return failure_set(failure, "one word too many: \"%.*s\"; usage: rung %s %s",
            SLICE_ARG(call->words[command->words_most]), command->name, command->words);
    return true;
}
