/* Inner header: the compiled patterns of a policy. policy_match is declared in the door. */
#ifndef RUNG_POLICY_MATCH_H
#define RUNG_POLICY_MATCH_H

#include "policy.h"

enum {
    MATCH_PATTERNS_MOST = 2048,  /* phrases and expressions of all rows */
    MATCH_ALL_WORDS_MOST = 4096, /* of all phrases */
    MATCH_PHRASE_BYTES_MOST = 200,
    MATCH_WORDS_MOST = 8,     /* of one phrase */
    MATCH_GAPS_MOST = 3,      /* of one phrase */
    MATCH_GAP_WORDS_MOST = 5, /* that "..." stands for */
    MATCH_ARTICLES_MOST = 2,  /* skipped in one place */
    MATCH_EXPRESSIONS_MOST = 64,
    MATCH_EXPRESSION_BYTES_MOST = 1000,
    MATCH_EXPRESSION_STEPS_MOST = 10000,      /* PCRE2's match limit; beyond it: no match */
    MATCH_EXPRESSION_TEXT_BYTES_MOST = 65536, /* of a text that an expression sees */
};

/* One row of `patterns`: phrases, or one expression. */
struct match_row {
    int rung;
    enum policy_where where;
    const struct slice *words;
    size_t n_words;
    struct slice expression;
};

/* What is wrong with a phrase, or NULL. */
const char *match_check_phrase(struct slice phrase);
/* Words of a phrase that passes the check; 0 for another. */
size_t match_count_words(struct slice phrase);
/* False with PCRE2's complaint in the failure. */
bool match_check_expression(struct slice expression, struct failure *failure) MUST_USE;

/* Rows must have passed the checks, and hold at most MATCH_PATTERNS_MOST patterns. The slices of
 * the rows must live as long as the matcher. */
struct policy_matcher *match_compile(
    struct arena *arena, const struct match_row *rows, size_t n_rows);

/* Gives back what is not the arena's: the machine code of expressions. NULL is allowed. */
void match_free(struct policy_matcher *matcher);

/* ---- what compile.c builds and match.c searches ---- */

enum { MATCH_NOTHING = 0xffff };

struct match_form {
    uint32_t hash, bytes_at;
    uint16_t len;
    uint16_t word;      /* whose form it is */
    uint16_t next_same; /* a further word with the same form, or MATCH_NOTHING */
};

struct match_phrase_word {
    uint16_t word;
    bool after_gap; /* "..." stands before it */
};

struct match_pattern {
    struct slice text;
    struct match_expression *expression; /* NULL: a phrase */
    struct match_phrase_word words[MATCH_WORDS_MOST];
    uint16_t n_words;
    uint16_t next_same_start; /* a further phrase that begins with the same word */
    int row, rung;
    enum policy_where where;
};

struct policy_matcher {
    struct match_pattern *patterns;
    size_t n_patterns;
    struct match_form *forms;
    size_t n_forms, forms_room;
    char *bytes;
    size_t n_bytes, bytes_room;
    uint16_t *slots; /* open addressing, form + 1; 0 is empty */
    uint32_t slot_mask;
    uint16_t *starts; /* by word: its first phrase, or MATCH_NOTHING */
    bool has_expressions;
    size_t n_words;
};

/* Words of a text: ASCII letters and digits, and the bytes of characters beyond ASCII that are no
 * punctuation or symbol. */
struct match_reader {
    const unsigned char *at, *end;
    bool line_broken;
};

struct match_word {
    const unsigned char *base;
    size_t len;
    uint32_t hash;
    bool begins_line;
};

struct match_reader match_reader_over(struct slice text);
bool match_next_word(struct match_reader *reader, struct match_word *word);
bool match_is_article(const struct match_word *word);
unsigned char match_lower_byte(unsigned char byte); /* ASCII only */
/* The form that a word is, or MATCH_NOTHING. */
uint16_t match_find_form(const struct policy_matcher *matcher, const struct match_word *word);

/* Expressions: matcher's other half, in expression.c. */
struct match_expression;
struct match_expression *match_expression_make(struct arena *arena, struct slice text);
bool match_expression_finds(const struct match_expression *expression, struct slice text);
void match_expression_free(struct match_expression *expression);

#endif
