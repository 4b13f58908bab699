/* Inner header: the forms in which a word of a pattern may stand in a text. */
#ifndef RUNG_POLICY_INFLECT_H
#define RUNG_POLICY_INFLECT_H

#include "base/slice.h"

enum {
    INFLECT_WORD_BYTES_MOST = 32,
    INFLECT_FORM_BYTES_MOST = 40,
    INFLECT_FORMS_MOST = 8,
};

struct inflect_forms {
    char bytes[INFLECT_FORMS_MOST][INFLECT_FORM_BYTES_MOST];
    uint8_t len[INFLECT_FORMS_MOST];
    size_t n; /* at least 1: the word itself comes first */
};

/* The word (lower case, 1 … INFLECT_WORD_BYTES_MOST bytes) with its plural or third person,
 * past and -ing forms after the rules of English spelling, and the irregular pasts of common
 * verbs. A rule that cannot tell (edit, edited; format, formatted) gives both spellings: a form
 * that nobody writes does no harm. A word that is shorter than three letters or is not of ASCII
 * letters stands for itself. */
void inflect_word(struct slice word, struct inflect_forms *forms);

#endif
