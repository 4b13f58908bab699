/* Tables for a person's eyes, on libsmartcols: as wide as the terminal, in colour where that is
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

struct table_column {
    const char *title;
    bool right;   /* numbers stand to the right */
    bool shrinks; /* gives up width, and is cut, where the terminal is narrow */
};

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

/* Escape sequence that begins a colour on `out`, or "" where colour is not wanted; end it with
 * TABLE_PLAIN. For lines that stand beside a table. */
const char *table_color_code(FILE *out, enum table_color color);

/* A bar of eighth blocks, `columns` wide at fraction 1, without trailing blanks. */
enum { TABLE_BAR_BYTES = 128, TABLE_BAR_COLUMNS_MOST = 40 };
const char *table_bar(double fraction, unsigned columns, char out[TABLE_BAR_BYTES]);

#endif
