/* policy, compiling: receives the rows of `patterns`, hands on the tables that match.c searches
 * with. Refuses to know any text but the phrases. */
#include "match.h"

#include "inflect.h"

#include <assert.h>
#include <string.h>

struct phrase_part {
    struct match_word word;
    bool exact, after_gap;
};

/* Splits a phrase into its words, without articles; returns what is wrong with it, or NULL. */
static const char *split_phrase(
    struct slice phrase, struct phrase_part parts[MATCH_WORDS_MOST], size_t *n)
{
    struct match_reader reader = match_reader_over(phrase);
    const unsigned char *before = reader.at;
    size_t gaps = 0;
    bool gap = false;
    *n = 0;
    struct match_word word;
    if (phrase.len > MATCH_PHRASE_BYTES_MOST)
        return "is longer than 200 bytes";
    while (match_next_word(&reader, &word)) {
        struct slice between = {(const char *)before, (size_t)(word.base - before)};
        gap = gap || slice_find(between, "...") != SIZE_MAX || slice_find(between, "…") != SIZE_MAX;
        before = reader.at;
        bool exact = slice_ends(between, "=");
        if (match_is_article(&word))
            continue;
        if (*n == MATCH_WORDS_MOST)
            return "has more than 8 words";
        if (word.len > INFLECT_WORD_BYTES_MOST)
            return "has a word of more than 32 bytes";
        if (gap && *n == 0)
            return "begins with \"...\", which must stand between two words";
        if (gap && ++gaps > MATCH_GAPS_MOST)
            return "has more than three \"...\"";
        parts[(*n)++] = (struct phrase_part){word, exact, gap};
        gap = false;
    }
    struct slice rest = {(const char *)before, (size_t)(reader.end - before)};
    if (*n && (slice_find(rest, "...") != SIZE_MAX || slice_find(rest, "…") != SIZE_MAX))
        return "ends with \"...\", which must stand between two words";
    return *n ? NULL : "has no word in it (articles alone do not count)";
}

const char *match_check_phrase(struct slice phrase)
{
    struct phrase_part parts[MATCH_WORDS_MOST];
    size_t n = 0;
    return split_phrase(phrase, parts, &n);
}

size_t match_count_words(struct slice phrase)
{
    struct phrase_part parts[MATCH_WORDS_MOST];
    size_t n = 0;
    return split_phrase(phrase, parts, &n) ? 0 : n;
}

/* Words of the phrases by their spelling, while compiling: "=page" is another word than "page". */
struct word_list {
    struct {
        char bytes[INFLECT_WORD_BYTES_MOST];
        size_t len;
        uint32_t hash;
        bool exact;
    } * items;
    size_t n;
    uint16_t *slots;
    uint32_t slot_mask;
};

static void add_form(struct policy_matcher *matcher, const char *bytes, size_t len, uint16_t word)
{
    struct match_word raw;
    struct match_reader reader = match_reader_over((struct slice){bytes, len});
    bool is_word = match_next_word(&reader, &raw);
    assert(is_word && raw.len == len && len <= UINT16_MAX);
    (void)is_word;
    assert(matcher->n_forms < matcher->forms_room && matcher->n_bytes + len <= matcher->bytes_room);
    uint16_t made = (uint16_t)matcher->n_forms++;
    struct match_form *form = &matcher->forms[made];
    *form = (struct match_form){
        raw.hash, (uint32_t)matcher->n_bytes, (uint16_t)len, word, MATCH_NOTHING};
    uint16_t same = match_find_form(matcher, &raw);
    if (same != MATCH_NOTHING) {
        form->next_same = matcher->forms[same].next_same;
        form->bytes_at = matcher->forms[same].bytes_at;
        matcher->forms[same].next_same = made;
        return;
    }
    memcpy(matcher->bytes + matcher->n_bytes, bytes, len);
    matcher->n_bytes += len;
    uint32_t slot = raw.hash & matcher->slot_mask;
    while (matcher->slots[slot])
        slot = (slot + 1) & matcher->slot_mask;
    matcher->slots[slot] = (uint16_t)(made + 1);
}

static void add_forms(struct policy_matcher *matcher, struct slice word, bool exact, uint16_t id)
{
    struct inflect_forms forms;
    if (exact) {
        add_form(matcher, word.base, word.len, id);
        return;
    }
    inflect_word(word, &forms);
    for (size_t i = 0; i < forms.n; i++)
        add_form(matcher, forms.bytes[i], forms.len[i], id);
}

/* The number of a word; its forms are added when it is seen first. */
static uint16_t word_number(
    struct policy_matcher *matcher, struct word_list *list, const struct phrase_part *part)
{
    char lower[INFLECT_WORD_BYTES_MOST];
    for (size_t i = 0; i < part->word.len; i++)
        lower[i] = (char)match_lower_byte(part->word.base[i]);
    uint32_t slot = part->word.hash & list->slot_mask;
    for (; list->slots[slot]; slot = (slot + 1) & list->slot_mask) {
        size_t i = list->slots[slot] - 1u;
        if (list->items[i].hash == part->word.hash && list->items[i].exact == part->exact &&
            list->items[i].len == part->word.len &&
            memcmp(list->items[i].bytes, lower, part->word.len) == 0)
            return (uint16_t)i;
    }
    uint16_t id = (uint16_t)list->n++;
    list->slots[slot] = (uint16_t)(id + 1);
    memcpy(list->items[id].bytes, lower, part->word.len);
    list->items[id].len = part->word.len;
    list->items[id].hash = part->word.hash;
    list->items[id].exact = part->exact;
    matcher->starts[id] = MATCH_NOTHING;
    add_forms(matcher, (struct slice){lower, part->word.len}, part->exact, id);
    return id;
}

static void compile_phrase(
    struct policy_matcher *matcher, struct word_list *list, struct match_pattern *pattern)
{
    struct phrase_part parts[MATCH_WORDS_MOST];
    size_t n = 0;
    const char *wrong = split_phrase(pattern->text, parts, &n);
    assert(wrong == NULL);
    (void)wrong;
    for (size_t i = 0; i < n; i++)
        pattern->words[i] =
            (struct match_phrase_word){word_number(matcher, list, &parts[i]), parts[i].after_gap};
    pattern->n_words = (uint16_t)n;
    uint16_t *start = &matcher->starts[pattern->words[0].word];
    pattern->next_same_start = *start;
    *start = (uint16_t)(pattern - matcher->patterns);
}

static uint32_t slots_for(size_t n)
{
    uint32_t slots = 16;
    while (slots < 2 * n)
        slots *= 2;
    return slots;
}

/* What the phrases will need at most. */
struct needs {
    size_t patterns, words, word_bytes;
};

static struct needs count_needs(const struct match_row *rows, size_t n_rows)
{
    struct needs needs = {0};
    for (size_t i = 0; i < n_rows; i++) {
        needs.patterns += rows[i].expression.len ? 1 : rows[i].n_words;
        for (size_t k = 0; k < rows[i].n_words; k++) {
            struct phrase_part parts[MATCH_WORDS_MOST];
            size_t n = 0;
            split_phrase(rows[i].words[k], parts, &n);
            needs.words += n;
            for (size_t w = 0; w < n; w++)
                needs.word_bytes += parts[w].word.len;
        }
    }
    assert(needs.patterns <= MATCH_PATTERNS_MOST && needs.words <= MATCH_ALL_WORDS_MOST);
    return needs;
}

static void make_room(struct arena *arena, struct policy_matcher *matcher, struct word_list *list,
    const struct needs *needs)
{
    enum { ENDING_BYTES_MOST = 5 };
    matcher->patterns = ARENA_ARRAY(arena, struct match_pattern, needs->patterns);
    matcher->forms_room = needs->words * INFLECT_FORMS_MOST;
    matcher->forms = ARENA_ARRAY(arena, struct match_form, matcher->forms_room);
    matcher->bytes_room =
        (needs->word_bytes + needs->words * ENDING_BYTES_MOST) * INFLECT_FORMS_MOST;
    matcher->bytes = arena_take(arena, matcher->bytes_room);
    uint32_t slots = slots_for(matcher->forms_room);
    matcher->slots = ARENA_ARRAY(arena, uint16_t, slots);
    matcher->slot_mask = slots - 1;
    matcher->starts = ARENA_ARRAY(arena, uint16_t, needs->words);
    list->items = arena_take_array(arena, needs->words, sizeof(*list->items));
    slots = slots_for(needs->words);
    list->slots = ARENA_ARRAY(arena, uint16_t, slots);
    list->slot_mask = slots - 1;
}

static struct match_pattern *add_pattern(
    struct policy_matcher *matcher, const struct match_row *row, size_t row_number)
{
    struct match_pattern *pattern = &matcher->patterns[matcher->n_patterns++];
    pattern->row = (int)row_number;
    pattern->rung = row->rung;
    pattern->where = row->where;
    return pattern;
}

struct policy_matcher *match_compile(
    struct arena *arena, const struct match_row *rows, size_t n_rows)
{
    struct policy_matcher *matcher = arena_take(arena, sizeof(*matcher));
    struct word_list list = {0};
    struct needs needs = count_needs(rows, n_rows);
    make_room(arena, matcher, &list, &needs);
    for (size_t i = 0; i < n_rows; i++) {
        if (rows[i].expression.len) {
            struct match_pattern *pattern = add_pattern(matcher, &rows[i], i);
            pattern->text = rows[i].expression;
            pattern->expression = match_expression_make(arena, rows[i].expression);
            matcher->has_expressions = true;
        }
        for (size_t k = 0; k < rows[i].n_words; k++) {
            struct match_pattern *pattern = add_pattern(matcher, &rows[i], i);
            pattern->text = rows[i].words[k];
            compile_phrase(matcher, &list, pattern);
        }
    }
    return matcher;
}

void match_free(struct policy_matcher *matcher)
{
    if (!matcher)
        return;
    for (size_t i = 0; i < matcher->n_patterns; i++) {
        match_expression_free(matcher->patterns[i].expression);
        matcher->patterns[i].expression = NULL;
    }
}
