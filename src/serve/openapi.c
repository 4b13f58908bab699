/* Receives the table of rows, hands on its description as OpenAPI 3.1. */
#include "api.h"

#include <string.h>

/* What an operation may be refused with, besides its success. */
static const struct {
    const char *status, *description;
} REFUSALS[] = {
    {"400", "The request is not well-formed, or a parameter is unknown or bad."},
    {"401", "The token is missing or wrong."},
    {"403", "The request comes from a page of another origin."},
    {"404", "There is no such thing."},
    {"409", "It contradicts what is there."},
    {"413", "The body is too large."},
    {"415", "The body is not application/json."},
    {"421", "The host name is not served here."},
    {"422", "The body is JSON and does not mean what this operation takes."},
    {"500", "The ledger cannot be read."},
    {"503", "Too much is asked at once; Retry-After says when to come again."},
};

static void write_number_schema(struct emit *out, const struct serve_param *param, const char *type)
{
    emit_member_cstring(out, "type", type);
    if (param->least < param->most) {
        emit_member_double(out, "minimum", param->least);
        emit_member_double(out, "maximum", param->most);
    }
}

static void write_choices(struct emit *out, const char *choices)
{
    struct slice rest = slice_from(choices), choice;
    emit_key(out, "enum");
    emit_open(out, '[');
    while (slice_next_field(&rest, '|', &choice))
        emit_text(out, choice);
    emit_close(out, ']');
}

static void write_param_schema(struct emit *out, const struct serve_param *param)
{
    emit_open(out, '{');
    switch (param->type) {
    case SERVE_TEXT:
        emit_member_cstring(out, "type", "string");
        if (param->least > 0 || param->in == SERVE_PATH)
            emit_member_double(out, "minLength", param->least > 1 ? param->least : 1);
        if (param->most > 0)
            emit_member_double(out, "maxLength", param->most);
        emit_member_cstring(
            out, "pattern", param->pattern ? param->pattern : "^[^\\u0000-\\u001f\\u007f]*$");
        break;
    case SERVE_WHOLE:
        write_number_schema(out, param, "integer");
        break;
    case SERVE_NUMBER:
        write_number_schema(out, param, "number");
        break;
    case SERVE_BOOL:
        emit_member_cstring(out, "type", "boolean");
        break;
    case SERVE_CHOICE:
        write_choices(out, param->choices);
        break;
    case SERVE_TIME_MS:
        emit_member_cstring(out, "type", "integer");
        emit_member_int64(out, "minimum", 0);
        emit_member_int64(out, "maximum", INT64_C(4102444800000));
        break;
    }
    emit_close(out, '}');
}

static void write_params(struct emit *out, const struct serve_route *route)
{
    emit_key(out, "parameters");
    emit_open(out, '[');
    for (size_t i = 0; i < route->n_params; i++) {
        const struct serve_param *param = &route->params[i];
        emit_open(out, '{');
        emit_member_cstring(out, "name", param->name);
        emit_member_cstring(out, "in", param->in == SERVE_PATH ? "path" : "query");
        emit_member_bool(out, "required", param->required || param->in == SERVE_PATH);
        emit_member_cstring(out, "description", param->help);
        emit_key(out, "schema");
        write_param_schema(out, param);
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

static void write_content(struct emit *out, const char *media, const char *schema)
{
    emit_key(out, "content");
    emit_open(out, '{');
    emit_key(out, media);
    emit_open(out, '{');
    emit_key(out, "schema");
    emit_raw(out, slice_from(schema));
    emit_close(out, '}');
    emit_close(out, '}');
}

static void write_envelope(struct emit *out, const struct serve_route *route)
{
    emit_key(out, "content");
    emit_open(out, '{');
    emit_key(out, "application/json");
    emit_open(out, '{');
    emit_key(out, "schema");
    emit_open(out, '{');
    emit_member_cstring(out, "type", "object");
    emit_key(out, "required");
    emit_raw(out, slice_from("[\"success\",\"data\",\"count\",\"next\"]"));
    emit_member_bool(out, "additionalProperties", false);
    emit_key(out, "properties");
    emit_open(out, '{');
    emit_key(out, "success");
    emit_raw(out, slice_from("{\"const\":true}"));
    emit_key(out, "count");
    emit_raw(out, slice_from("{\"type\":\"integer\",\"minimum\":0}"));
    emit_key(out, "next");
    emit_raw(out, slice_from("{\"type\":[\"string\",\"null\"]}"));
    emit_key(out, "data");
    emit_raw(out, slice_from(route->data_schema));
    emit_close(out, '}');
    emit_close(out, '}');
    emit_close(out, '}');
    emit_close(out, '}');
}

static void write_responses(struct emit *out, const struct serve_route *route)
{
    emit_key(out, "responses");
    emit_open(out, '{');
    emit_key(out, "200");
    emit_open(out, '{');
    emit_member_cstring(out, "description", "What was asked for.");
    if (route->media)
        write_content(out, route->media,
            strstr(route->media, "json") ? "{\"type\":\"object\"}" : "{\"type\":\"string\"}");
    else
        write_envelope(out, route);
    emit_close(out, '}');
    for (size_t i = 0; i < sizeof(REFUSALS) / sizeof(REFUSALS[0]); i++) {
        emit_key(out, REFUSALS[i].status);
        emit_open(out, '{');
        emit_member_cstring(out, "description", REFUSALS[i].description);
        write_content(out, "application/json", "{\"$ref\":\"#/components/schemas/Refusal\"}");
        emit_close(out, '}');
    }
    emit_close(out, '}');
}

static void write_operation(struct emit *out, const struct serve_route *route)
{
    char lower[16] = {0};
    for (size_t i = 0; route->method[i] && i < sizeof(lower) - 1; i++)
        lower[i] = slice_ascii_lower(route->method[i]);
    emit_key(out, lower);
    emit_open(out, '{');
    emit_member_cstring(out, "operationId", route->id);
    emit_member_cstring(out, "summary", route->summary);
    write_params(out, route);
    if (route->body_schema) {
        emit_key(out, "requestBody");
        emit_open(out, '{');
        emit_member_bool(out, "required", true);
        write_content(out, "application/json", route->body_schema);
        emit_close(out, '}');
    }
    if (route->writes) {
        emit_key(out, "security");
        emit_raw(out, slice_from("[{\"token\":[]}]"));
    }
    write_responses(out, route);
    emit_close(out, '}');
}

/* A path is described once, with the methods of all its rows. */
static bool is_first_of_path(size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(SERVE_ROUTES[i].path, SERVE_ROUTES[at].path) == 0)
            return false;
    return true;
}

static void write_path(struct emit *out, const char *path)
{
    emit_key(out, path);
    emit_open(out, '{');
    for (size_t i = 0; i < SERVE_ROUTES_COUNT; i++)
        if (strcmp(SERVE_ROUTES[i].path, path) == 0)
            write_operation(out, &SERVE_ROUTES[i]);
    emit_close(out, '}');
}

void openapi_answer(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    (void)state;
    (void)request;
    struct emit *out = &answer->data;
    emit_open(out, '{');
    emit_member_cstring(out, "openapi", "3.1.0");
    emit_key(out, "info");
    emit_raw(out, slice_from("{\"title\":\"Rung\",\"version\":\"" RUNG_VERSION "\",\"description\":"
                             "\"Routing decisions, outcomes and what they prove.\"}"));
    emit_key(out, "components");
    emit_raw(out,
        slice_from("{\"securitySchemes\":{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}},"
                   "\"schemas\":{\"Refusal\":{\"type\":\"object\",\"required\":[\"success\","
                   "\"error\",\"message\"],\"additionalProperties\":false,\"properties\":{"
                   "\"success\":{\"const\":false},\"error\":{\"type\":\"string\"},"
                   "\"message\":{\"type\":\"string\"}}}}}"));
    emit_key(out, "paths");
    emit_open(out, '{');
    for (size_t i = 0; i < SERVE_ROUTES_COUNT; i++)
        if (is_first_of_path(i))
            write_path(out, SERVE_ROUTES[i].path);
    emit_close(out, '}');
    emit_close(out, '}');
}
