/* Inside the price room: what its files share about rows. */
#ifndef RUNG_PRICE_ROWS_H
#define RUNG_PRICE_ROWS_H

#include "price.h"

/* Sorts rows by model, day and band and drops all but the first given of those that agree in all
 * three; returns how many are left. */
size_t price_sort_rows(struct arena *arena, struct price_row *rows, size_t n);

/* Whether a row can be one of a table: named, finite, not negative, and with
 * read <= input <= write 5 m <= write 1 h. The sentence names neither file nor model. */
bool price_check_row(const struct price_row *row, struct failure *failure) MUST_USE;

#endif
