#include "log.h"

#include "text.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE_BYTES = 2048 };

static void say(const char *kind, const char *format, va_list arguments)
{
    char line[LINE_BYTES];
    vsnprintf(line, sizeof(line), format, arguments);
    text_make_printable(line);
    fprintf(stderr, "rung: %s%s\n", kind, line);
}

void log_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("", format, arguments);
    va_end(arguments);
}

void log_warning(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("warning: ", format, arguments);
    va_end(arguments);
}

void log_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("error: ", format, arguments);
    va_end(arguments);
}
