/* Inside the ledger room: sums by key, gathered in memory before they are written, and the table
 * of their columns. */
#ifndef RUNG_LEDGER_SUMS_H
#define RUNG_LEDGER_SUMS_H

#include "ledger.h"

struct sums_column {
    const char *name;
    size_t at; /* in struct ledger_sums */
    bool is_real;
};
enum { SUMS_COLUMNS = 34 };
extern const struct sums_column SUMS_COLUMN[SUMS_COLUMNS];

/* A zeroed one is empty and ready for use. */
struct sums_set {
    struct arena arena;   /* of the keys */
    struct arena scratch; /* of one experiment */
    struct ledger_tally *items;
    size_t n, room;
    uint32_t *slots; /* open addressing: index into items + 1, 0 where free */
    size_t n_slots;
};

void sums_free(struct sums_set *set);
void sums_clear(struct sums_set *set);

/* Adds (sign 1) or takes back (sign -1) all that an experiment counts for; nothing while it is
 * pending. */
void sums_add_experiment(struct sums_set *set, const struct experiment *experiment, int sign);

/* The same of a set that counts by hours: key the decimal hour since 1970, second the rung. */
void sums_add_hour(struct sums_set *set, const struct experiment *experiment, int sign);

/* By kind, key, second; the set must be cleared before it is added to again. */
void sums_sort(struct ledger_tally *items, size_t n);

#endif
