#include "failure.h"

#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool failure_set(struct failure *failure, const char *format, ...)
{
    if (!failure)
        return false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure->text, sizeof(failure->text), format, arguments);
    va_end(arguments);
    text_make_printable(failure->text);
    return false;
}

bool failure_prefix(struct failure *failure, const char *format, ...)
{
    if (!failure)
        return false;
    char rest[FAILURE_TEXT_BYTES];
    memcpy(rest, failure->text, sizeof(rest));
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(failure->text, sizeof(failure->text), format, arguments);
    va_end(arguments);
    size_t used = n < 0                               ? 0
                  : (size_t)n < sizeof(failure->text) ? (size_t)n
                                                      : sizeof(failure->text) - 1;
    snprintf(failure->text + used, sizeof(failure->text) - used, ": %s", rest);
    text_make_printable(failure->text);
    return false;
}
