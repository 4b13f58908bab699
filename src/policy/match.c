/* policy, matcher: receives the rows of `patterns` once and a title and a body many times, hands
 * on the patterns found. Refuses to know what a rung is worth.
 *
 * Every word of a phrase gets a number; a hash table leads from each inflected form of it to that
 * number. A text becomes a row of such numbers, one window after another, and only where a word
 * is known to begin a phrase is anything compared:
 *
 *     "Renamed the old file"  ->  [rename] [article] [-] [file]
 *     phrase "rename ... file"     rename     skipped  gap  file   -> found */
#include "match.h"

#include "inflect.h"

#include <assert.h>
#include <string.h>

enum {
    WINDOW_TOKENS = 512,
    /* What one phrase can cover: words, gaps, and articles in every place between. */
    SPAN_TOKENS = MATCH_WORDS_MOST + MATCH_GAPS_MOST * MATCH_GAP_WORDS_MOST +
                  MATCH_ARTICLES_MOST * (MATCH_WORDS_MOST + MATCH_GAPS_MOST * MATCH_GAP_WORDS_MOST),
    FOUND_WORDS = MATCH_PATTERNS_MOST / 64,
};

/* A word of the text: its form in the table, or MATCH_NOTHING. */
struct token {
    uint16_t form;
    bool is_article, begins_line; /* begins_line: a line break stands before it */
};

/* Every byte's part in a word: its lower case; 0 between words; 1 where a character of several
 * bytes begins that needs a closer look. */
enum { BETWEEN = 0, LOOK_CLOSER = 1 };
static const unsigned char PART[256] = {
    ['0'] = '0',
    '1',
    '2',
    '3',
    '4',
    '5',
    '6',
    '7',
    '8',
    '9',
    ['A'] = 'a',
    'b',
    'c',
    'd',
    'e',
    'f',
    'g',
    'h',
    'i',
    'j',
    'k',
    'l',
    'm',
    'n',
    'o',
    'p',
    'q',
    'r',
    's',
    't',
    'u',
    'v',
    'w',
    'x',
    'y',
    'z',
    ['a'] = 'a',
    'b',
    'c',
    'd',
    'e',
    'f',
    'g',
    'h',
    'i',
    'j',
    'k',
    'l',
    'm',
    'n',
    'o',
    'p',
    'q',
    'r',
    's',
    't',
    'u',
    'v',
    'w',
    'x',
    'y',
    'z',
    [0x80 ... 0xff] = LOOK_CLOSER,
};

/* Bytes of a character beyond ASCII that separates words: punctuation, symbols and pictures
 * (U+0080–00BF, U+2000–2BFF, U+3000–303F, U+1F000 and up); 0 where it is part of one. */
static size_t separator_length(const unsigned char *at, size_t left)
{
    if (at[0] == 0xc2 && left >= 2)
        return 2;
    if (at[0] == 0xe2 && left >= 3 && at[1] < 0xb0)
        return 3;
    if (at[0] == 0xe3 && left >= 3 && at[1] == 0x80)
        return 3;
    if (at[0] == 0xf0 && left >= 4 && at[1] == 0x9f)
        return 4;
    return 0;
}

static inline uint32_t hash_step(uint32_t hash, unsigned char byte)
{
    return (hash ^ byte) * 0x01000193u;
}
enum { HASH_START = 0x1b873593 };

static inline uint32_t hash_end(uint32_t hash)
{
    return hash ^ (hash >> 15);
}

bool match_next_word(struct match_reader *reader, struct match_word *word)
{
    const unsigned char *at = reader->at, *end = reader->end;
    bool line_broken = reader->line_broken;
    for (; at < end; at++) {
        unsigned char part = PART[*at];
        if (part > LOOK_CLOSER)
            break;
        if (part == LOOK_CLOSER) {
            size_t n = separator_length(at, (size_t)(end - at));
            if (n == 0)
                break;
            at += n - 1;
        } else if (*at == '\n') {
            line_broken = true;
        }
    }
    reader->line_broken = false;
    word->base = at;
    word->begins_line = line_broken;
    uint32_t hash = HASH_START;
    for (; at < end; at++) {
        unsigned char part = PART[*at];
        if (part == BETWEEN)
            break;
        if (part == LOOK_CLOSER) {
            if (separator_length(at, (size_t)(end - at)))
                break;
            part = *at;
        }
        hash = hash_step(hash, part);
    }
    reader->at = at;
    word->len = (size_t)(at - word->base);
    word->hash = hash_end(hash);
    return word->len > 0;
}

struct match_reader match_reader_over(struct slice text)
{
    const unsigned char *base = (const unsigned char *)text.base;
    return (struct match_reader){base, text.len ? base + text.len : base, false};
}

unsigned char match_lower_byte(unsigned char c)
{
    return PART[c] > LOOK_CLOSER ? PART[c] : c;
}

bool match_is_article(const struct match_word *word)
{
    const unsigned char *p = word->base;
    unsigned char a = match_lower_byte(p[0]);
    if (word->len == 1)
        return a == 'a';
    if (word->len == 2)
        return a == 'a' && match_lower_byte(p[1]) == 'n';
    return word->len == 3 && a == 't' && match_lower_byte(p[1]) == 'h' &&
           match_lower_byte(p[2]) == 'e';
}

static bool is_form(const struct policy_matcher *matcher, const struct match_form *form,
    const struct match_word *word)
{
    if (form->hash != word->hash || form->len != word->len)
        return false;
    const char *bytes = matcher->bytes + form->bytes_at;
    for (size_t i = 0; i < word->len; i++)
        if ((unsigned char)bytes[i] != match_lower_byte(word->base[i]))
            return false;
    return true;
}

uint16_t match_find_form(const struct policy_matcher *matcher, const struct match_word *word)
{
    for (uint32_t slot = word->hash & matcher->slot_mask; matcher->slots[slot];
         slot = (slot + 1) & matcher->slot_mask) {
        uint16_t form = (uint16_t)(matcher->slots[slot] - 1);
        if (is_form(matcher, &matcher->forms[form], word))
            return form;
    }
    return MATCH_NOTHING;
}

/* ---- finding phrases ---- */

static bool is_word(const struct policy_matcher *matcher, struct token token, uint16_t word)
{
    for (uint16_t form = token.form; form != MATCH_NOTHING; form = matcher->forms[form].next_same)
        if (matcher->forms[form].word == word)
            return true;
    return false;
}

struct window {
    struct token tokens[WINDOW_TOKENS];
    size_t n;
};

static size_t skip_articles(const struct window *window, size_t at)
{
    for (size_t i = 0; i < MATCH_ARTICLES_MOST && at < window->n && window->tokens[at].is_article;
         i++)
        at++;
    return at;
}

/* Whether the words of a pattern from number `word` on follow at a place. */
static bool follows(const struct policy_matcher *matcher, const struct match_pattern *pattern,
    size_t word, const struct window *window, size_t at)
{
    if (word == pattern->n_words)
        return true;
    size_t gap = pattern->words[word].after_gap ? MATCH_GAP_WORDS_MOST : 0;
    for (size_t skipped = 0;; skipped++) {
        size_t from = at;
        at = skip_articles(window, at);
        if (at >= window->n)
            return false;
        if (gap)
            for (size_t i = from; i <= at; i++)
                if (window->tokens[i].begins_line)
                    return false;
        if (is_word(matcher, window->tokens[at], pattern->words[word].word) &&
            follows(matcher, pattern, word + 1, window, at + 1))
            return true;
        if (skipped == gap)
            return false;
        at++;
    }
}

/* Patterns found so far, one bit each, in the title and in the body. */
struct found {
    uint64_t in_title[FOUND_WORDS], in_body[FOUND_WORDS];
};

static void try_starts(const struct policy_matcher *matcher, const struct window *window, size_t at,
    enum policy_where where, uint64_t *bits)
{
    for (uint16_t form = window->tokens[at].form; form != MATCH_NOTHING;
         form = matcher->forms[form].next_same) {
        for (uint16_t i = matcher->starts[matcher->forms[form].word]; i != MATCH_NOTHING;
             i = matcher->patterns[i].next_same_start) {
            const struct match_pattern *pattern = &matcher->patterns[i];
            bool wanted = pattern->where == POLICY_ANYWHERE || pattern->where == where;
            if (wanted && follows(matcher, pattern, 1, window, at + 1))
                bits[i / 64] |= 1ull << (i % 64);
        }
    }
}

/* Fills the window from the text; true while there is more. */
static bool fill_window(
    const struct policy_matcher *matcher, struct match_reader *reader, struct window *window)
{
    struct match_word word;
    while (window->n < WINDOW_TOKENS) {
        if (!match_next_word(reader, &word))
            return false;
        struct token *token = &window->tokens[window->n++];
        token->form =
            word.len > INFLECT_FORM_BYTES_MOST ? MATCH_NOTHING : match_find_form(matcher, &word);
        token->is_article = word.len <= 3 && match_is_article(&word);
        token->begins_line = word.begins_line;
    }
    return true;
}

static void find_phrases(const struct policy_matcher *matcher, struct slice text,
    enum policy_where where, uint64_t *bits)
{
    struct window window;
    struct match_reader reader = match_reader_over(text);
    window.n = 0;
    for (bool more = true; more;) {
        more = fill_window(matcher, &reader, &window);
        size_t safe = more ? window.n - SPAN_TOKENS : window.n;
        for (size_t at = 0; at < safe; at++)
            if (window.tokens[at].form != MATCH_NOTHING)
                try_starts(matcher, &window, at, where, bits);
        memmove(window.tokens, window.tokens + safe, (window.n - safe) * sizeof(*window.tokens));
        window.n -= safe;
    }
}

/* Where an expression is found, title first; ANYWHERE: nowhere. */
static enum policy_where find_expression(
    const struct match_pattern *pattern, struct slice title, struct slice body)
{
    if (pattern->where != POLICY_IN_BODY && match_expression_finds(pattern->expression, title))
        return POLICY_IN_TITLE;
    if (pattern->where != POLICY_IN_TITLE && match_expression_finds(pattern->expression, body))
        return POLICY_IN_BODY;
    return POLICY_ANYWHERE;
}

static bool bit_is_set(const uint64_t *bits, size_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

size_t policy_match(const struct policy *policy, struct slice title, struct slice body,
    struct policy_match *matches, size_t most)
{
    const struct policy_matcher *matcher = policy->matcher;
    size_t n = 0, words = matcher ? (matcher->n_patterns + 63) / 64 : 0;
    struct found found;
    memset(found.in_title, 0, words * sizeof(*found.in_title));
    memset(found.in_body, 0, words * sizeof(*found.in_body));
    if (words) {
        find_phrases(matcher, title, POLICY_IN_TITLE, found.in_title);
        find_phrases(matcher, body, POLICY_IN_BODY, found.in_body);
    }
    for (size_t w = 0; w < words; w++) {
        if (!matcher->has_expressions && !(found.in_title[w] | found.in_body[w]))
            continue;
        for (size_t i = w * 64; i < (w + 1) * 64 && i < matcher->n_patterns && n < most; i++) {
            const struct match_pattern *pattern = &matcher->patterns[i];
            enum policy_where where = bit_is_set(found.in_title, i)  ? POLICY_IN_TITLE
                                      : bit_is_set(found.in_body, i) ? POLICY_IN_BODY
                                                                     : POLICY_ANYWHERE;
            if (pattern->expression)
                where = find_expression(pattern, title, body);
            if (where != POLICY_ANYWHERE)
                matches[n++] =
                    (struct policy_match){pattern->text, pattern->row, pattern->rung, where};
        }
    }
    return n;
}
