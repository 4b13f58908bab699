/* Inner header (place.c, walk.c): reading a YAML document after a declarative table of its keys.
 * The table says name, kind, default and help of every key; the walker reads, checks and reports
 * after it, and never stops at the first mistake. */
#ifndef RUNG_POLICY_WALK_H
#define RUNG_POLICY_WALK_H

#include "policy.h"

#include "base/text.h"

#include <yaml.h>

enum {
    WALK_DEPTH_MOST = 64,
    WALK_VISITS_MOST = 100000,
    WALK_TEXT_BYTES_MOST = 1000,
    WALK_ITEMS_MOST = 2000, /* of a list or a map with free keys, unless its key says otherwise */
};

enum schema_kind {
    SCHEMA_TEXT,   /* struct slice */
    SCHEMA_RUNG,   /* int: index of the named rung; resolved when all is read */
    SCHEMA_CHOICE, /* int: index of the word in `choices` */
    SCHEMA_WHOLE,  /* int */
    SCHEMA_NUMBER, /* double */
    SCHEMA_FLAG,   /* bool */
    SCHEMA_MAP,    /* the struct that `map` describes */
    SCHEMA_LIST,   /* pointer and count; the elements are what `element` says */
    SCHEMA_NAMED,  /* a map with free keys: as a list of structs that begin with `struct slice` */
};

struct walk;
struct place;
struct schema_map;

struct schema_key {
    const char *name;
    enum schema_kind kind;
    bool required;
    bool needs_trust;   /* refused where the policy is not trusted */
    size_t at;          /* offset of the value in the struct of the map */
    size_t count_at;    /* LIST, NAMED: offset of the size_t count */
    double least, most; /* WHOLE, NUMBER: range; NUMBER: `above` leaves `least` itself out */
    bool above;
    const char *const *choices; /* CHOICE: ends in NULL */
    const struct schema_map *map;
    const struct schema_key *element;
    size_t element_bytes;
    const char *fallback; /* default of a scalar, as one would write it; NULL: none, or see help */
    const char *help;
};

struct schema_map {
    const struct schema_key *keys;
    size_t n_keys;
    size_t seen_at;        /* offset of a uint64_t: bit i tells that key i was given and readable */
    const char *short_key; /* a scalar in the map's place is the value of this key; NULL: none */
    /* What no single key can tell; NULL where there is nothing. */
    void (*check)(struct walk *walk, const struct place *place, void *values);
};

/* A node of the document and the way to it. */
struct place {
    const struct place *above; /* NULL: the document itself */
    struct slice key;
    size_t index; /* of an item of a list */
    bool is_item;
    yaml_node_t *node;
};

struct walk_problem {
    struct policy_problem problem;
    size_t order;
};

/* A rung named somewhere, to be looked up when the ladder is known. */
struct walk_rung {
    const struct place *place;
    struct slice name;
    int *index;
};

struct walk {
    struct arena *arena;
    yaml_document_t *document;
    struct slice name; /* the file's, for messages */
    struct walk_problem *problems;
    size_t n_problems, problems_room, n_more;
    size_t n_visits;
    struct walk_rung *rungs;
    size_t n_rungs, rungs_room;
};

/* Notes a mistake at a place: "file:line:column: key.path: sentence". */
void walk_problem(struct walk *walk, const struct place *place, const char *format, ...)
    FORMAT(3, 4);
/* The same for a spot of the text, 1-based, without a key. */
void walk_problem_at(struct walk *walk, size_t line, size_t column, const char *format, ...)
    FORMAT(4, 5);
struct slice walk_where(struct walk *walk, const struct place *place); /* file:line:column: path */

/* Reads a map into the struct that it describes, defaults first. */
void walk_map(
    struct walk *walk, const struct place *place, const struct schema_map *map, void *values);

/* Sets what the table has a default for. */
void walk_defaults(const struct schema_map *map, void *values);

/* Places below a place: of the value of a key; the same looked up by its name, NULL where it was
 * not given; of an item of a list. */
const struct place *walk_below(
    struct walk *walk, const struct place *above, struct slice key, yaml_node_t *node);
const struct place *walk_find(struct walk *walk, const struct place *place, const char *key);
const struct place *walk_item(struct walk *walk, const struct place *above, size_t index);

/* A node of the document by its index; the text of a scalar. */
yaml_node_t *walk_node(struct walk *walk, int index);
struct slice walk_text(const yaml_node_t *node);

bool walk_is_empty_list(const struct place *place);

/* True where a name is near enough to a misspelt one to be suggested, and nearer than *best,
 * which begins as SIZE_MAX. */
bool walk_is_near(struct slice misspelt, struct slice name, size_t *best);

/* A text of the file, made fit for a message. */
struct slice walk_shown(struct walk *walk, struct slice text);

#endif
