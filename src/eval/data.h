/* Recorded outcomes: one JSON object a line,
 *     {"id","text","labels":[…],"models":{"<model>":{"ok":0|1 or "score":0..1,"cost":USD|null}}}
 * read into rows, and the ways in which they are split into what is learned from and what is
 * judged. A split depends on ids (or label values) and a salt alone, through SHA-256: not on the
 * order of the file, nor on a generator of random numbers. */
#ifndef RUNG_EVAL_DATA_H
#define RUNG_EVAL_DATA_H

#include "base/arena.h"
#include "base/failure.h"

enum {
    DATA_BYTES_MOST = 1 << 30, /* of one file */
    DATA_LINE_BYTES_MOST = 1 << 24,
    DATA_ROWS_MOST = 1 << 21,
    DATA_MODELS_MOST = 256,
    DATA_LABELS_MOST = 64, /* of one row */
    DATA_FILES_MOST = 4,
    DATA_FOLDS_MOST = 1000,
};

struct data_outcome {
    double score;    /* 0 … 1; NAN where the row has no outcome of this model */
    double cost_usd; /* NAN where it was not recorded */
};

struct data_row {
    struct slice id, text;
    const struct slice *labels;
    size_t n_labels;
    const struct data_outcome *outcomes; /* of the models 0 … n_outcomes-1 */
    size_t n_outcomes;
    size_t file, line; /* which file it came from, counted from 0, and where in it, from 1 */
};

/* A zeroed `struct eval_data` is ready for use; everything in it lives in its arena. */
struct eval_data {
    struct arena arena;
    struct slice *models;
    size_t n_models, models_room;
    struct data_row *rows;
    size_t n_rows, rows_room;
    size_t n_files;
};

/* Adds the rows of a file ("-": standard input). The first line that cannot be read ends it with
 * a sentence that names file, line and key: figures are not computed on a part of the data.
 * `excluded` are labels that are dropped from every row: "difficulty" that one and every
 * "difficulty:…", "diff*" all that begin so. A second row of the same id in one file is an error.
 */
bool data_read(struct eval_data *data, const char *path, const struct slice *excluded,
    size_t n_excluded, struct failure *failure) MUST_USE;
/* The same for bytes at hand; `name` goes into messages. */
bool data_add(struct eval_data *data, const char *name, struct slice bytes,
    const struct slice *excluded, size_t n_excluded, struct failure *failure) MUST_USE;
void data_free(struct eval_data *data);

/* Index of a model by name; SIZE_MAX where no row has it. */
size_t data_model(const struct eval_data *data, struct slice name);

/* What a model did on a row; score NAN where nothing is known. */
struct data_outcome data_outcome(const struct data_row *row, size_t model);

/* SHA-256 of salt followed by text, its first 64 bits as a number. */
uint64_t data_hash(const char *salt, struct slice text);

/* fold[i] of each row = data_hash(salt, id) mod n_folds. */
void data_split_folds(const struct eval_data *data, const char *salt, size_t n_folds, size_t *fold);

/* Whole groups to one fold: rows with the same label that begins with `prefix` stay together.
 * The groups, ordered by the hash of their label, go one after the other to the fold that holds
 * fewest rows so far. False where fewer than n_folds groups are found. */
bool data_split_groups(const struct eval_data *data, const char *salt, const char *prefix,
    size_t n_folds, size_t *fold, struct failure *failure) MUST_USE;

/* Fills order[] with all row numbers, sorted by data_hash(salt, id): the first N are a sample
 * of N. Another salt gives another sample. */
void data_order(const struct eval_data *data, const char *salt, size_t *order);

#endif
