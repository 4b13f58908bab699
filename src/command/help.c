/* Receives the command table, hands on what a person reads of it: help, man pages, completion. */
#include "command.h"

#include "base/table.h"

#include <string.h>

static const char *label_of(struct arena *arena, const struct option_row *row)
{
    if (row->kind == OPTION_FLAG)
        return arena_print(arena, "--%s", row->name).base;
    return arena_print(arena, "--%s %s", row->name, row->value).base;
}

/* Every letter of help takes one column, whatever its bytes. */
static int columns_of(struct slice text)
{
    int columns = 0;
    for (size_t i = 0; i < text.len; i++)
        columns += ((unsigned char)text.base[i] & 0xc0) != 0x80;
    return columns;
}

/* Text broken at blanks so that lines stay within 79 columns, each after `indent` blanks; a
 * newline in the text is kept. The first line begins at the column `at`. */
static void print_wrapped(FILE *out, const char *text, int indent, int at)
{
    enum { COLUMNS = 79 };
    struct slice rest = slice_from(text), line, word;
    for (bool first = true; slice_next_line(&rest, &line); first = false) {
        if (!first) {
            fputc('\n', out);
            at = 0;
        }
        bool begun = false;
        while (slice_next_field(&line, ' ', &word)) {
            if (word.len == 0)
                continue;
            if (begun && at + 1 + columns_of(word) > COLUMNS) {
                fputc('\n', out);
                at = 0;
                begun = false;
            }
            int blanks = begun ? 1 : at < indent ? indent - at : 0;
            fprintf(out, "%*s%.*s", blanks, "", SLICE_ARG(word));
            at += blanks + columns_of(word);
            begun = true;
        }
    }
    fputc('\n', out);
}

void help_print_all(FILE *out)
{
    fprintf(out,
        "%srung%s picks the lowest rung of the model ladder that will hold, for every\n"
        "task, and says why.\n\nusage: rung COMMAND [OPTION …]\n\n",
        table_color_code(out, TABLE_BOLD), table_color_code(out, TABLE_PLAIN));
    for (size_t i = 0; i < COMMANDS_COUNT; i++) {
        int at = fprintf(out, "  %s", COMMANDS[i]->name);
        print_wrapped(out, COMMANDS[i]->summary, 14, at);
    }
    fputs("\n`rung help COMMAND` tells the rest.\n", out);
}

void help_print_command(FILE *out, const struct command_row *command)
{
    struct arena arena = {0};
    fprintf(out, "usage: rung %s%s%s%s\n\n", command->name, command->words[0] ? " " : "",
        command->words, command->n_options ? " [OPTION …]" : "");
    print_wrapped(out, command->summary, 0, 0);
    if (command->details) {
        fputc('\n', out);
        print_wrapped(out, command->details, 0, 0);
    }
    if (command->n_options)
        fputc('\n', out);
    for (size_t i = 0; i < command->n_options; i++) {
        const char *label = label_of(&arena, &command->options[i]);
        int at = 2 + columns_of(slice_from(label));
        fprintf(out, "  %s", label);
        if (at > 24) {
            fputc('\n', out);
            at = 0;
        }
        print_wrapped(out, command->options[i].help, 26, at);
    }
    if (command->examples)
        fprintf(out, "\nexamples:\n%s", command->examples);
    arena_free(&arena);
}

/* Text for mdoc: a backslash and a control character at the start of a line are escaped. */
static void print_roff(FILE *out, const char *text)
{
    bool start = true;
    for (const char *c = text; *c; c++) {
        if (start && (*c == '.' || *c == '\''))
            fputs("\\&", out);
        if (start && *c == '\n') {
            fputs(".Pp\n", out);
            continue;
        }
        if (*c == '\\')
            fputs("\\e", out);
        else if (*c == '-')
            fputs("\\-", out);
        else
            fputc(*c, out);
        start = *c == '\n';
    }
    fputc('\n', out);
}

/* The page rung(1): every command with its summary. */
static void print_man_overview(FILE *out)
{
    fputs(".Dd $Mdocdate$\n.Dt RUNG 1\n.Os\n.Sh NAME\n.Nm rung\n.Nd pick the lowest rung of the "
          "model ladder that will hold\n.Sh SYNOPSIS\n.Nm\n.Ar COMMAND\n.Op Ar OPTION ...\n"
          ".Sh COMMANDS\n.Bl -tag -width validate\n",
        out);
    for (size_t i = 0; i < COMMANDS_COUNT; i++) {
        fprintf(out, ".It Xr rung-%s 1\n", COMMANDS[i]->name);
        print_roff(out, COMMANDS[i]->summary);
    }
    fputs(".El\n.Sh FILES\n.Bl -tag -width Ds\n.It Pa rung.yaml\nThe policy, found at or above the "
          "working directory, else in the user's config directory, else built in.\n"
          ".It Pa .rung/ledger.db\nThe ledger, beside the policy.\n.El\n"
          ".Sh EXIT STATUS\n0 done, 1 broken, 2 wrong usage; commands that judge say more.\n",
        out);
}

void help_print_man(FILE *out, const struct command_row *command)
{
    if (!command) {
        print_man_overview(out);
        return;
    }
    fprintf(out, ".Dd $Mdocdate$\n.Dt RUNG-%s 1\n.Os\n.Sh NAME\n.Nm rung-%s\n.Nd ", command->name,
        command->name);
    print_roff(out, command->summary);
    fprintf(out, ".Sh SYNOPSIS\n.Nm rung %s\n", command->name);
    fputs(command->n_options ? ".Op Ar OPTION ...\n" : "", out);
    if (command->words[0])
        fprintf(out, ".Ar %s\n", command->words);
    fputs(".Sh DESCRIPTION\n", out);
    print_roff(out, command->details ? command->details : command->summary);
    if (command->n_options)
        fputs(".Bl -tag -width Ds\n", out);
    for (size_t i = 0; i < command->n_options; i++) {
        const struct option_row *row = &command->options[i];
        fprintf(out, ".It Fl -%s", row->name);
        if (row->kind != OPTION_FLAG)
            fprintf(out, " Ar %s", row->value);
        fputc('\n', out);
        print_roff(out, row->help);
    }
    if (command->n_options)
        fputs(".El\n", out);
    if (command->examples) {
        fputs(".Sh EXAMPLES\n.Bd -literal\n", out);
        print_roff(out, command->examples);
        fputs(".Ed\n", out);
    }
    fputs(".Sh SEE ALSO\n.Xr rung 1\n", out);
}

void help_print_completion(FILE *out)
{
    fputs("# bash completion for rung: . <(rung help --completion)\n_rung() {\n"
          "  local word=${COMP_WORDS[COMP_CWORD]}\n  if [ \"$COMP_CWORD\" = 1 ]; then\n"
          "    COMPREPLY=($(compgen -W \"",
        out);
    for (size_t i = 0; i < COMMANDS_COUNT; i++)
        fprintf(out, "%s%s", i ? " " : "", COMMANDS[i]->name);
    fputs("\" -- \"$word\"))\n    return\n  fi\n  case ${COMP_WORDS[1]} in\n", out);
    for (size_t i = 0; i < COMMANDS_COUNT; i++) {
        fprintf(out, "  %s) COMPREPLY=($(compgen -f -W \"", COMMANDS[i]->name);
        for (size_t j = 0; j < COMMANDS[i]->n_options; j++)
            fprintf(out, "%s--%s", j ? " " : "", COMMANDS[i]->options[j].name);
        fputs("\" -- \"$word\")) ;;\n", out);
    }
    fputs("  esac\n}\ncomplete -F _rung rung\n", out);
}
