/* Receives a target and the table of rows, hands on the row that answers and the values of its
 * parameters. Refuses to know what an answer is. */
#include "routes.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void serve_refuse(const struct serve_request *request, struct serve_answer *answer, int status,
    const char *format, ...)
{
    char text[FAILURE_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    answer->status = status;
    answer->message = arena_copy(request->arena, slice_from(text));
}

/* ---- which row ---- */

static bool is_placeholder(struct slice part)
{
    return slice_starts(part, "{");
}

/* Takes the next part of a row's path off *rest. */
static bool next_part(const char **rest, struct slice *part)
{
    if (**rest != '/')
        return false;
    const char *from = *rest + 1, *end = strchr(from, '/');
    size_t len = end ? (size_t)(end - from) : strlen(from);
    *part = (struct slice){from, len};
    *rest = from + len;
    return true;
}

static bool path_matches(const char *path, const struct target *target)
{
    struct slice part;
    size_t i = 0;
    for (; next_part(&path, &part); i++) {
        if (i == target->n_parts)
            return false;
        struct slice given = target->parts[i];
        if (is_placeholder(part) ? given.len == 0 : !slice_equal(part, given))
            return false;
    }
    return i == target->n_parts;
}

static bool method_matches(const struct serve_route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

static struct slice add_method(struct arena *arena, struct slice allow, const char *method)
{
    const char *with_head = strcmp(method, "GET") == 0 ? ", HEAD" : "";
    return arena_print(
        arena, "%.*s%s%s%s", SLICE_ARG(allow), allow.len ? ", " : "", method, with_head);
}

enum routes_found routes_find(const struct serve_route *routes, size_t n, struct arena *arena,
    const char *method, const struct target *target, const struct serve_route **route,
    struct slice *allow)
{
    *route = NULL;
    *allow = (struct slice){0};
    for (size_t i = 0; i < n; i++) {
        if (!path_matches(routes[i].path, target))
            continue;
        *allow = add_method(arena, *allow, routes[i].method);
        if (!*route && method_matches(&routes[i], method))
            *route = &routes[i];
    }
    if (allow->len == 0)
        return ROUTES_NONE;
    *allow = arena_print(arena, "%.*s, OPTIONS", SLICE_ARG(*allow));
    return *route ? ROUTES_FOUND : ROUTES_OTHER_METHOD;
}

/* ---- its parameters ---- */

static size_t count_characters(struct slice text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.base[i] & 0xc0) != 0x80;
    return n;
}

static bool read_text(
    const struct serve_param *param, struct serve_value *value, struct failure *failure)
{
    double n = (double)count_characters(value->text);
    if (n < param->least)
        return failure_set(failure, "%s wants %.0f characters or more", param->name, param->least);
    if (param->most > 0 && n > param->most)
        return failure_set(failure, "%s wants %.0f characters at most", param->name, param->most);
    return true;
}

static bool read_number(
    const struct serve_param *param, struct serve_value *value, struct failure *failure)
{
    bool whole = param->type == SERVE_WHOLE;
    if (whole) {
        if (!slice_to_int64(value->text, &value->whole))
            return failure_set(failure, "%s wants a whole number", param->name);
        value->number = (double)value->whole;
    } else if (!slice_to_double(value->text, &value->number)) {
        return failure_set(failure, "%s wants a number", param->name);
    }
    if (param->least < param->most && (value->number < param->least || value->number > param->most))
        return failure_set(
            failure, "%s wants a number from %g to %g", param->name, param->least, param->most);
    return true;
}

static bool read_choice(
    const struct serve_param *param, struct serve_value *value, struct failure *failure)
{
    struct slice rest = slice_from(param->choices), choice;
    for (int64_t i = 0; slice_next_field(&rest, '|', &choice); i++)
        if (slice_equal(choice, value->text)) {
            value->whole = i;
            return true;
        }
    return failure_set(failure, "%s wants one of %s", param->name, param->choices);
}

static bool read_value(
    const struct serve_param *param, struct serve_value *value, struct failure *failure)
{
    switch (param->type) {
    case SERVE_TEXT:
        return read_text(param, value, failure);
    case SERVE_WHOLE:
    case SERVE_NUMBER:
        return read_number(param, value, failure);
    case SERVE_BOOL:
        value->truth = slice_is(value->text, "true");
        return value->truth || slice_is(value->text, "false") ||
               failure_set(failure, "%s wants true or false", param->name);
    case SERVE_CHOICE:
        return read_choice(param, value, failure);
    case SERVE_TIME_MS:
        return clock_parse_ms(value->text, &value->whole) ||
               failure_set(failure,
                   "%s wants a date, a moment such as 2026-11-22T13:05:59Z, or milliseconds",
                   param->name);
    }
    return false;
}

static size_t find_param(const struct serve_route *route, enum serve_in in, struct slice name)
{
    size_t i = 0;
    while (i < route->n_params &&
           !(route->params[i].in == in && slice_is(name, route->params[i].name)))
        i++;
    return i;
}

static bool set_value(const struct serve_route *route, enum serve_in in, struct slice name,
    struct slice text, struct serve_value *values, struct failure *failure)
{
    size_t i = find_param(route, in, name);
    if (i == route->n_params)
        return failure_set(failure, "%s %s takes no parameter \"%.*s\"", route->method, route->path,
            SLICE_ARG(name));
    if (values[i].given)
        return failure_set(failure, "%s is given twice", route->params[i].name);
    values[i] = (struct serve_value){.given = true, .text = text};
    return read_value(&route->params[i], &values[i], failure);
}

static bool read_path_params(const struct serve_route *route, const struct target *target,
    struct serve_value *values, struct failure *failure)
{
    const char *rest = route->path;
    struct slice part;
    for (size_t i = 0; next_part(&rest, &part); i++) {
        struct slice name = slice_sub(part, 1, part.len - 1);
        if (is_placeholder(part) &&
            !set_value(route, SERVE_PATH, name, target->parts[i], values, failure))
            return false;
    }
    return true;
}

bool routes_read_params(const struct serve_route *route, struct arena *arena,
    const struct target *target, const struct serve_value **values, struct failure *failure)
{
    struct serve_value *read = ARENA_ARRAY(arena, struct serve_value, route->n_params + 1);
    *values = read;
    if (!read_path_params(route, target, read, failure))
        return false;
    for (size_t i = 0; i < target->n_pairs; i++)
        if (!set_value(
                route, SERVE_QUERY, target->pairs[i].name, target->pairs[i].value, read, failure))
            return false;
    for (size_t i = 0; i < route->n_params; i++)
        if (route->params[i].required && !read[i].given)
            return failure_set(failure, "%s is missing", route->params[i].name);
    return true;
}
