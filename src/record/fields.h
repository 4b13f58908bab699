/* Inside the record room: a table of fields drives reading and writing alike, so that neither can
 * know a field that the other does not. */
#ifndef RUNG_RECORD_FIELDS_H
#define RUNG_RECORD_FIELDS_H

#include "record.h"

enum field_kind {
    FIELD_TEXT,    /* struct slice; at most `high` bytes */
    FIELD_REAL,    /* double in low … high, NAN where missing */
    FIELD_WHOLE,   /* int64_t in low … high */
    FIELD_TRUTH,   /* bool */
    FIELD_SUCCESS, /* enum record_success: true, false, null */
    FIELD_NAMED,   /* an enumeration: index into `names` */
    FIELD_TEXTS,   /* struct record_texts, at most `most` */
    FIELD_ACTIONS, /* struct record_actions */
    FIELD_RAW,     /* struct slice of JSON, any value */
    FIELD_OBJECT,  /* a struct with a table of its own; `present` says where its bool is */
    FIELD_OBJECTS, /* an array of such structs */
};

enum field_flags {
    FIELD_ALWAYS = 1,    /* written even where empty or unknown */
    FIELD_REQUIRED = 2,  /* missing, null or empty is an error */
    FIELD_IN_COLUMN = 4, /* kept by a store in a column, not in the rest */
};

struct field {
    const char *key;
    size_t key_len;
    enum field_kind kind;
    unsigned flags;
    size_t at;
    double low, high;
    size_t most, present;
    const char *const *names; /* ended by NULL */
    const struct fields *inside;
};

struct fields {
    const struct field *items;
    size_t n;
    size_t size;   /* of the struct */
    size_t extras; /* where its struct record_extras is */
    void (*blank)(void *thing);
};

/* Reads the members of an object; unknown ones go to the extras, and of duplicates the first one
 * counts. The sentence begins with the key. Fields in a column are taken for unknown where
 * `columns` is false. */
bool fields_read(struct arena *arena, struct json object, const struct fields *fields, bool columns,
    void *thing, struct failure *failure) MUST_USE;

/* Ranges and required fields of a thing that a program filled in. */
bool fields_check(const struct fields *fields, const void *thing, struct failure *failure) MUST_USE;

/* Writes the thing as an object, without the fields in a column where `columns` is false. */
void fields_write(struct emit *emit, const struct fields *fields, bool columns, const void *thing);

#endif
