/* Tables for a person's eyes, on libsmartcols: no wider than the terminal, in colour where that is
 * wanted, with control characters of untrusted text made visible. */
#ifndef RUNG_BASE_TABLE_H
#define RUNG_BASE_TABLE_H

#include "slice.h"

#include <stdio.h>

enum table_color {
    TABLE_PLAIN,
    TABLE_DIM,
    TABLE_BOLD,
    TABLE_BLUE,
    TABLE_PURPLE,
    TABLE_YELLOW,
    TABLE_GREEN,
    TABLE_RED,
};

/* What becomes of a column where the terminal is too narrow for all. Long texts shrink and end in
 * an ellipsis; a number that is cut would be another number. Where that does not help, columns are
 * left out, the last first, and a line under the table names them. */
enum table_narrow {
    TABLE_KEEPS = 0, /* stays as it is, beyond the edge if need be */
    TABLE_SHRINKS = 1,
    TABLE_SPARE = 2, /* may be left out … */
    TABLE_SHRINKS_SPARE = TABLE_SHRINKS | TABLE_SPARE,
    TABLE_SPARE_LAST = 4, /* … when no TABLE_SPARE is left */
};

struct table_column {
    const char *title;
    bool right; /* numbers stand to the right */
    enum table_narrow narrow;
};

enum { TABLE_COLUMNS_MOST = 16 };
struct table;

/* True where `out` is a terminal that takes colour (NO_COLOR is unset, TERM is not "dumb"). */
bool table_wants_color(FILE *out);

/* The columns stay the caller's (a constant table). */
struct table *table_make(FILE *out, const struct table_column *columns, size_t n_columns);
void table_free(struct table *table);
void table_add_row(struct table *table);
/* The text is copied. */
void table_set(struct table *table, size_t column, struct slice text, enum table_color color);
void table_print(struct table *table);

/* Columns that `out` has: $COLUMNS, else the terminal's; for a pipe or a file 160. */
size_t table_width(FILE *out);

/* Text on as many lines as it needs, broken at blanks, those after the first begun by `indent`
 * blanks; the first one stands at `indent` already. Never wider than TABLE_TEXT_COLUMNS. */
enum { TABLE_TEXT_COLUMNS = 98 };
void table_print_text(FILE *out, struct slice text, size_t indent);

/* Escape sequence that begins a colour on `out`, or "" where colour is not wanted; end it with
 * TABLE_PLAIN. For lines that stand beside a table. */
const char *table_color_code(FILE *out, enum table_color color);

/* A bar of eighth blocks, `columns` wide at fraction 1, without trailing blanks. */
enum { TABLE_BAR_BYTES = 128, TABLE_BAR_COLUMNS_MOST = 40 };
const char *table_bar(double fraction, unsigned columns, char out[TABLE_BAR_BYTES]);

#endif
