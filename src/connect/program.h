/* Inside the room: other people's programs, run with their troubles told as sentences. */
#ifndef RUNG_CONNECT_PROGRAM_H
#define RUNG_CONNECT_PROGRAM_H

#include "base/child.h"

/* Runs argv[0] to its end. False where it is missing, does not end in time, prints more than is
 * kept, or exits with another status than 0; the sentence has the first line of its complaint. */
bool program_run(struct arena *arena, const char *const *argv, int wait_ms,
    struct child_result *result, struct failure *failure) MUST_USE;

#endif
