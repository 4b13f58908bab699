/* When the world is not as it should be, a function returns false and leaves a sentence here
 * that a user can act on: it names the file, line, task, model or key. */
#ifndef RUNG_BASE_FAILURE_H
#define RUNG_BASE_FAILURE_H

#include "attributes.h"

#include <stdbool.h>

enum { FAILURE_TEXT_BYTES = 1024 };

struct failure {
    char text[FAILURE_TEXT_BYTES]; /* printable: control characters have been made visible */
};

/* Writes the sentence, cut to fit, and returns false so that a caller can `return` it. A NULL
 * failure is allowed where nobody will read it. */
bool failure_set(struct failure *failure, const char *format, ...) FORMAT(2, 3);

/* Puts "prefix: " before the sentence that is there; returns false. */
bool failure_prefix(struct failure *failure, const char *format, ...) FORMAT(2, 3);

#endif
