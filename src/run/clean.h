/* The files that `rung clean` tidies in a project's home, apart from what belongs to runs. */
#ifndef RUNG_RUN_CLEAN_H
#define RUNG_RUN_CLEAN_H

#include "base/arena.h"

#include <stdint.h>

/* Of `.rung/said/` the newest files are kept that fill `keep_bytes` together; those before them are
 * removed. Returns how many. */
size_t clean_said(const char *home, int64_t keep_bytes);

/* Removes wishes to stop (`.rung/runs/<id>.stop`) for runs that no process works on. Returns how
 * many. */
size_t clean_wishes(const char *home);

#endif
