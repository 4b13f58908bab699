#include "table.h"

#include "arena.h"

#include <langinfo.h>
#include <libsmartcols/libsmartcols.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_WITHOUT_TERMINAL = 160 };

struct table {
    struct libscols_table *inside;
    struct libscols_line *row;
    FILE *out;
    bool color;
};

static const char *const COLOR_CODES[] = {
    [TABLE_PLAIN] = "\033[0m",
    [TABLE_DIM] = "\033[2m",
    [TABLE_BOLD] = "\033[1m",
    [TABLE_BLUE] = "\033[94m",
    [TABLE_PURPLE] = "\033[95m",
    [TABLE_YELLOW] = "\033[93m",
    [TABLE_GREEN] = "\033[32m",
    [TABLE_RED] = "\033[31m",
};

bool table_wants_color(FILE *out)
{
    const char *none = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return isatty(fileno(out)) && !(none && none[0]) && terminal && strcmp(terminal, "dumb") != 0;
}

const char *table_color_code(FILE *out, enum table_color color)
{
    return table_wants_color(out) ? COLOR_CODES[color] : "";
}

/* Widths need a UTF-8 locale; "C" would escape every letter beyond ASCII. */
static void use_utf8(void)
{
    if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
}

static size_t width_of(FILE *out)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    int64_t wanted = 0;
    if (columns && slice_to_int64(slice_from(columns), &wanted) && wanted >= 20 && wanted <= 1000)
        return (size_t)wanted;
    if (isatty(fileno(out)) && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col;
    return WIDTH_WITHOUT_TERMINAL;
}

struct table *table_make(FILE *out, const struct table_column *columns, size_t n_columns)
{
    use_utf8();
    struct table *table = memory_take(sizeof(*table));
    table->out = out;
    table->color = table_wants_color(out);
    table->inside = scols_new_table();
    if (!table->inside)
        memory_exhausted();
    scols_table_set_stream(table->inside, out);
    scols_table_enable_colors(table->inside, table->color);
    scols_table_set_termwidth(table->inside, width_of(out));
    scols_table_set_termforce(table->inside, SCOLS_TERMFORCE_ALWAYS);
    scols_table_set_column_separator(table->inside, "  ");
    for (size_t i = 0; i < n_columns; i++) {
        int flags =
            (columns[i].right ? SCOLS_FL_RIGHT : 0) | (columns[i].shrinks ? SCOLS_FL_TRUNC : 0);
        double width = columns[i].shrinks ? 0.1 : 1;
        if (!scols_table_new_column(table->inside, columns[i].title, width, flags))
            memory_exhausted();
    }
    return table;
}

void table_free(struct table *table)
{
    if (table)
        scols_unref_table(table->inside);
    free(table);
}

void table_add_row(struct table *table)
{
    table->row = scols_table_new_line(table->inside, NULL);
    if (!table->row)
        memory_exhausted();
}

void table_set(struct table *table, size_t column, struct slice text, enum table_color color)
{
    char *copy = memory_take(text.len + 1);
    if (text.len)
        memcpy(copy, text.base, text.len);
    if (scols_line_refer_data(table->row, column, copy) != 0)
        memory_exhausted();
    if (table->color && color != TABLE_PLAIN)
        scols_cell_set_color(scols_line_get_cell(table->row, column), COLOR_CODES[color]);
}

void table_print(struct table *table)
{
    if (scols_table_get_nlines(table->inside) == 0)
        return;
    scols_print_table(table->inside);
}

const char *table_bar(double fraction, unsigned columns, char out[TABLE_BAR_BYTES])
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (columns > TABLE_BAR_COLUMNS_MOST)
        columns = TABLE_BAR_COLUMNS_MOST;
    double kept = fraction > 0 ? (fraction < 1 ? fraction : 1) : 0;
    unsigned units = (unsigned)(kept * columns * 8 + 0.5);
    size_t len = 0;
    for (unsigned i = 0; i < units / 8; i++, len += 3)
        memcpy(out + len, "█", 3);
    const char *rest = eighths[units % 8];
    memcpy(out + len, rest, strlen(rest) + 1);
    return out;
}
