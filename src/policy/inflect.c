/* policy, inflections: receives one word of a pattern, hands on the spellings it may have in a
 * text. Refuses to know which patterns there are and what is matched. */
#include "inflect.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *word, *forms[2];
} IRREGULAR[] = {
    {"build", {"built", NULL}},
    {"make", {"made", NULL}},
    {"write", {"wrote", "written"}},
    {"rewrite", {"rewrote", "rewritten"}},
    {"run", {"ran", NULL}},
    {"find", {"found", NULL}},
    {"break", {"broke", "broken"}},
    {"index", {"indices", NULL}},
};

static bool is_vowel(char c)
{
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

/* The first `keep` bytes of the word, then `extra` (may be 0: none), then the ending. */
static void add_form(
    struct inflect_forms *forms, struct slice word, size_t keep, char extra, const char *ending)
{
    assert(forms->n < INFLECT_FORMS_MOST);
    char *form = forms->bytes[forms->n];
    memcpy(form, word.base, keep);
    size_t len = keep;
    if (extra)
        form[len++] = extra;
    while (*ending)
        form[len++] = *ending++;
    forms->len[forms->n++] = (uint8_t)len;
}

static bool is_regular_word(struct slice word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.base[i] < 'a' || word.base[i] > 'z')
            return false;
    return word.len >= 3;
}

/* Groups of vowels: about as many syllables. */
static size_t vowel_groups(struct slice word)
{
    size_t n = 0;
    for (size_t i = 0; i < word.len; i++)
        n += is_vowel(word.base[i]) && (i == 0 || !is_vowel(word.base[i - 1]));
    return n;
}

/* Consonant, vowel, consonant at the end: plan, log, format, but not fix, show or play. */
static bool may_double(struct slice word)
{
    const char *end = word.base + word.len;
    return !is_vowel(end[-1]) && !strchr("wxy", end[-1]) && is_vowel(end[-2]) && !is_vowel(end[-3]);
}

static void add_plural(struct inflect_forms *forms, struct slice word)
{
    char last = word.base[word.len - 1], before = word.base[word.len - 2];
    bool hisses = strchr("sxz", last) || (last == 'h' && (before == 'c' || before == 's'));
    if (last == 'y' && !is_vowel(before))
        add_form(forms, word, word.len - 1, 0, "ies");
    else
        add_form(forms, word, word.len, 0, hisses ? "es" : "s");
}

static void add_past_and_ing(struct inflect_forms *forms, struct slice word)
{
    char last = word.base[word.len - 1], before = word.base[word.len - 2];
    bool doubles = may_double(word);
    if (doubles) {
        add_form(forms, word, word.len, last, "ed");
        add_form(forms, word, word.len, last, "ing");
    }
    if (doubles && vowel_groups(word) == 1)
        return;
    if (last == 'e') {
        bool keeps = before == 'e' || before == 'o' || before == 'y';
        add_form(forms, word, word.len, 0, "d");
        if (before == 'i')
            add_form(forms, word, word.len - 2, 'y', "ing");
        else
            add_form(forms, word, keeps ? word.len : word.len - 1, 0, "ing");
        return;
    }
    if (last == 'y' && !is_vowel(before))
        add_form(forms, word, word.len - 1, 0, "ied");
    else
        add_form(forms, word, word.len, 0, "ed");
    add_form(forms, word, word.len, 0, "ing");
}

void inflect_word(struct slice word, struct inflect_forms *forms)
{
    assert(word.len > 0 && word.len <= INFLECT_WORD_BYTES_MOST);
    forms->n = 0;
    add_form(forms, word, word.len, 0, "");
    if (!is_regular_word(word))
        return;
    add_plural(forms, word);
    add_past_and_ing(forms, word);
    for (size_t i = 0; i < sizeof(IRREGULAR) / sizeof(*IRREGULAR); i++)
        if (slice_is(word, IRREGULAR[i].word))
            for (size_t k = 0; k < 2 && IRREGULAR[i].forms[k]; k++)
                add_form(forms, word, 0, 0, IRREGULAR[i].forms[k]);
}
