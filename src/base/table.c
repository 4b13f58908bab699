#include "table.h"

#include "arena.h"

#include <assert.h>
#include <langinfo.h>
#include <libsmartcols/libsmartcols.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum {
    WIDTH_WITHOUT_TERMINAL = 160,
    WIDTH_LEAST = 20,
    WIDTH_MOST = 1000,
    SHRUNK_LEAST = 14, /* columns that a text keeps, or its title's */
    GAP = 2,           /* between columns */
    ESCAPED = 4,       /* columns of a byte that is shown as \xHH */
};

struct cell {
    const char *text; /* NULL: empty */
    enum table_color color;
};

struct table {
    struct arena arena;
    FILE *out;
    bool color;
    const struct table_column *columns;
    size_t n_columns;
    struct cell *cells; /* row after row */
    size_t n_rows, room;
};

/* How a table is laid out. */
struct layout {
    size_t width[TABLE_COLUMNS_MOST];
    bool hidden[TABLE_COLUMNS_MOST];
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

size_t table_width(FILE *out)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    int64_t wanted = 0;
    if (columns && slice_to_int64(slice_from(columns), &wanted) && wanted >= WIDTH_LEAST &&
        wanted <= WIDTH_MOST)
        return (size_t)wanted;
    if (isatty(fileno(out)) && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 &&
        size.ws_col >= WIDTH_LEAST)
        return size.ws_col;
    return WIDTH_WITHOUT_TERMINAL;
}

/* ---- widths of text ---- */

/* Columns of the first character of a text, and its bytes. */
static size_t first_columns(struct slice text, size_t *bytes)
{
    wchar_t character;
    mbstate_t state = {0};
    *bytes = slice_utf8_length(text);
    if (*bytes == 0) {
        *bytes = 1;
        return ESCAPED;
    }
    bool read = mbrtowc(&character, text.base, *bytes, &state) == *bytes;
    int columns = read ? wcwidth(character) : -1;
    return columns >= 0 ? (size_t)columns : ESCAPED * *bytes;
}

/* Bytes of the text that fit into `most` columns; *columns says what they take. */
static size_t fitting(struct slice text, size_t most, size_t *columns)
{
    size_t at = 0, bytes;
    *columns = 0;
    while (at < text.len) {
        size_t more = first_columns(slice_sub(text, at, text.len), &bytes);
        if (*columns + more > most)
            break;
        *columns += more;
        at += bytes;
    }
    return at;
}

static size_t columns_of(struct slice text)
{
    size_t columns;
    (void)fitting(text, SIZE_MAX, &columns);
    return columns;
}

/* In the arena, with an ellipsis where it is cut. */
static const char *cut(struct arena *arena, const char *text, size_t columns)
{
    struct slice whole = slice_from(text);
    size_t taken;
    if (fitting(whole, columns, &taken) == whole.len)
        return text;
    size_t bytes = fitting(whole, columns - 1, &taken);
    return arena_print(arena, "%.*s…", (int)bytes, text).base;
}

void table_print_text(FILE *out, struct slice text, size_t indent)
{
    use_utf8();
    struct slice word;
    size_t most = table_width(out), at = indent;
    bool begun = false;
    if (most > TABLE_TEXT_COLUMNS)
        most = TABLE_TEXT_COLUMNS;
    while (slice_next_field(&text, ' ', &word)) {
        size_t columns = columns_of(word);
        if (begun && at + 1 + columns > most) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
            begun = false;
        }
        at += columns + (begun ? 1 : 0);
        fprintf(out, "%s%.*s", begun ? " " : "", SLICE_ARG(word));
        begun = true;
    }
    fputc('\n', out);
}

/* ---- cells ---- */

struct table *table_make(FILE *out, const struct table_column *columns, size_t n_columns)
{
    assert(n_columns <= TABLE_COLUMNS_MOST);
    use_utf8();
    struct table *table = memory_take(sizeof(*table));
    table->out = out;
    table->color = table_wants_color(out);
    table->columns = columns;
    table->n_columns = n_columns;
    return table;
}

void table_free(struct table *table)
{
    if (table)
        arena_free(&table->arena);
    free(table);
}

static struct cell *cell_at(const struct table *table, size_t row, size_t column)
{
    return &table->cells[row * table->n_columns + column];
}

void table_add_row(struct table *table)
{
    size_t row_bytes = table->n_columns * sizeof(*table->cells);
    table->cells = arena_grow(&table->arena, table->cells, table->n_rows, &table->room, row_bytes);
    memset(cell_at(table, table->n_rows, 0), 0, row_bytes);
    table->n_rows++;
}

void table_set(struct table *table, size_t column, struct slice text, enum table_color color)
{
    *cell_at(table, table->n_rows - 1, column) =
        (struct cell){arena_text(&table->arena, text), color};
}

/* ---- layout ---- */

static size_t width_with(const struct table *table, const struct layout *layout)
{
    size_t width = 0;
    for (size_t i = 0; i < table->n_columns; i++)
        if (!layout->hidden[i])
            width += (width ? GAP : 0) + layout->width[i];
    return width;
}

/* Widths at which everything is seen. */
static struct layout measure(const struct table *table)
{
    struct layout layout = {0};
    for (size_t i = 0; i < table->n_columns; i++) {
        layout.width[i] = columns_of(slice_from(table->columns[i].title));
        for (size_t row = 0; row < table->n_rows; row++) {
            size_t columns = columns_of(slice_from(cell_at(table, row, i)->text));
            if (columns > layout.width[i])
                layout.width[i] = columns;
        }
    }
    return layout;
}

/* The least widths that columns can do with. */
static struct layout shrink_all(const struct table *table, struct layout layout)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        size_t least = columns_of(slice_from(table->columns[i].title));
        if (least < SHRUNK_LEAST)
            least = SHRUNK_LEAST;
        if ((table->columns[i].narrow & TABLE_SHRINKS) && layout.width[i] > least)
            layout.width[i] = least;
    }
    return layout;
}

/* The widest column that is wider than its least; SIZE_MAX where there is none. */
static size_t widest(
    const struct table *table, const struct layout *layout, const struct layout *least)
{
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < table->n_columns; i++)
        if (!layout->hidden[i] && layout->width[i] > least->width[i] &&
            (found == SIZE_MAX || layout->width[i] > layout->width[found]))
            found = i;
    return found;
}

static struct layout lay_out(const struct table *table, size_t most)
{
    struct layout layout = measure(table), least = shrink_all(table, layout);
    for (unsigned spare = TABLE_SPARE; spare <= TABLE_SPARE_LAST; spare *= 2)
        for (size_t i = table->n_columns; i-- > 0 && width_with(table, &least) > most;)
            if (table->columns[i].narrow & spare)
                least.hidden[i] = layout.hidden[i] = true;
    size_t i = 0;
    while (width_with(table, &layout) > most && (i = widest(table, &layout, &least)) != SIZE_MAX)
        layout.width[i]--;
    return layout;
}

/* ---- printing ---- */

static void add_row(
    struct table *table, const struct layout *layout, size_t row, struct libscols_table *inside)
{
    struct libscols_line *line = scols_table_new_line(inside, NULL);
    if (!line)
        memory_exhausted();
    for (size_t i = 0, at = 0; i < table->n_columns; i++) {
        const struct cell *cell = cell_at(table, row, i);
        if (layout->hidden[i])
            continue;
        if (cell->text &&
            scols_line_set_data(line, at, cut(&table->arena, cell->text, layout->width[i])) != 0)
            memory_exhausted();
        if (table->color && cell->color != TABLE_PLAIN)
            scols_cell_set_color(scols_line_get_cell(line, at), COLOR_CODES[cell->color]);
        at++;
    }
}

static void name_hidden(struct table *table, const struct layout *layout)
{
    struct slice text = slice_from("not shown for want of width:");
    const char *separator = "";
    bool any = false;
    for (size_t i = 0; i < table->n_columns; i++) {
        const char *title = table->columns[i].title;
        if (!layout->hidden[i] || !title[0])
            continue;
        text = arena_print(&table->arena, "%.*s%s %s", SLICE_ARG(text), separator, title);
        separator = ",";
        any = true;
    }
    if (!any)
        return;
    fputs(table_color_code(table->out, TABLE_DIM), table->out);
    table_print_text(table->out, text, 0);
    fputs(table_color_code(table->out, TABLE_PLAIN), table->out);
}

static bool has_titles(const struct table *table)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if (table->columns[i].title[0])
            return true;
    return false;
}

void table_print(struct table *table)
{
    if (table->n_rows == 0)
        return;
    struct layout layout = lay_out(table, table_width(table->out));
    struct libscols_table *inside = scols_new_table();
    if (!inside)
        memory_exhausted();
    scols_table_set_stream(inside, table->out);
    scols_table_enable_colors(inside, table->color);
    scols_table_enable_noheadings(inside, !has_titles(table));
    scols_table_set_termwidth(inside, width_with(table, &layout) + 1); /* it is cut to measure */
    scols_table_set_termforce(inside, SCOLS_TERMFORCE_ALWAYS);
    scols_table_set_column_separator(inside, "  ");
    for (size_t i = 0; i < table->n_columns; i++)
        if (!layout.hidden[i] && !scols_table_new_column(inside, table->columns[i].title, 1,
                                     table->columns[i].right ? SCOLS_FL_RIGHT : 0))
            memory_exhausted();
    for (size_t row = 0; row < table->n_rows; row++)
        add_row(table, &layout, row, inside);
    scols_print_table(inside);
    scols_unref_table(inside);
    name_hidden(table, &layout);
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
