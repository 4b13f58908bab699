/* What the program says to a person while it works: on standard error, one line each, made
 * printable. Secrets and prompt text are never passed to it. */
#ifndef RUNG_BASE_LOG_H
#define RUNG_BASE_LOG_H

#include "attributes.h"

void log_note(const char *format, ...) FORMAT(1, 2);    /* "rung: …" */
void log_warning(const char *format, ...) FORMAT(1, 2); /* "rung: warning: …" */
void log_error(const char *format, ...) FORMAT(1, 2);   /* "rung: error: …" */

#endif
