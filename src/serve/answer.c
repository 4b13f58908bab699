/* Receives what is to be answered, hands on the bytes of its head and its envelope. */
#include "answer.h"

#include <stdio.h>

struct status_row {
    int status;
    const char *reason, *error;
};

static const struct status_row STATUSES[] = {
    {200, "OK", ""},
    {204, "No Content", ""},
    {303, "See Other", ""},
    {400, "Bad Request", "bad-request"},
    {401, "Unauthorized", "no-token"},
    {403, "Forbidden", "forbidden"},
    {404, "Not Found", "not-found"},
    {405, "Method Not Allowed", "method-not-allowed"},
    {408, "Request Timeout", "too-slow"},
    {409, "Conflict", "conflict"},
    {411, "Length Required", "length-required"},
    {413, "Content Too Large", "too-large"},
    {414, "URI Too Long", "target-too-long"},
    {415, "Unsupported Media Type", "not-json"},
    {417, "Expectation Failed", "expectation-failed"},
    {421, "Misdirected Request", "wrong-host"},
    {422, "Unprocessable Content", "not-valid"},
    {429, "Too Many Requests", "too-many"},
    {431, "Request Header Fields Too Large", "head-too-large"},
    {500, "Internal Server Error", "broken"},
    {503, "Service Unavailable", "busy"},
    {505, "HTTP Version Not Supported", "http-version"},
};

static const struct status_row *find_status(int status)
{
    static const struct status_row OTHER = {0, "Other", "other"};
    for (size_t i = 0; i < sizeof(STATUSES) / sizeof(STATUSES[0]); i++)
        if (STATUSES[i].status == status)
            return &STATUSES[i];
    return &OTHER;
}

const char *answer_error(int status)
{
    return find_status(status)->error;
}

/* Said by every answer: what a browser may do with it. */
static const char SAFETY[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

static void say(struct emit *out, const char *name, const char *value)
{
    emit_bytes(out, slice_from(name));
    emit_bytes(out, slice_from(": "));
    emit_bytes(out, slice_from(value));
    emit_bytes(out, slice_from("\r\n"));
}

static void say_number(struct emit *out, const char *name, size_t number)
{
    char text[24];
    snprintf(text, sizeof(text), "%zu", number);
    say(out, name, text);
}

void answer_write_head(struct emit *out, const struct answer_head *head)
{
    char line[64];
    snprintf(
        line, sizeof(line), "HTTP/1.1 %d %s\r\n", head->status, find_status(head->status)->reason);
    emit_bytes(out, slice_from(line));
    if (head->status != 204 && !(head->status == 303 && head->length == 0))
        say(out, "Content-Type", head->media ? head->media : "application/json");
    if (head->status != 204 && !head->streams)
        say_number(out, "Content-Length", head->length);
    say(out, "Cache-Control", head->caching ? head->caching : "no-store");
    if (head->allow.len) {
        emit_bytes(out, slice_from("Allow: "));
        emit_bytes(out, head->allow);
        emit_bytes(out, slice_from("\r\n"));
    }
    if (head->status == 401)
        say(out, "WWW-Authenticate", "Bearer realm=\"rung\"");
    if (head->location)
        say(out, "Location", head->location);
    if (head->cookie)
        say(out, "Set-Cookie", head->cookie);
    if (head->retry_after_s > 0)
        say_number(out, "Retry-After", (size_t)head->retry_after_s);
    say(out, "Connection", head->keeps_alive ? "keep-alive" : "close");
    emit_bytes(out, slice_from(SAFETY));
    emit_bytes(out, slice_from("\r\n"));
}

void answer_write_success(struct emit *out, struct slice data, int64_t count, struct slice next)
{
    emit_open(out, '{');
    emit_member_bool(out, "success", true);
    emit_key(out, "data");
    emit_raw(out, data.len ? data : slice_from("null"));
    emit_member_int64(out, "count", count);
    if (next.len)
        emit_member_text(out, "next", next);
    else
        emit_member_null(out, "next");
    emit_close(out, '}');
    emit_bytes(out, slice_from("\n"));
}

void answer_write_refusal(struct emit *out, int status, const char *error, struct slice message)
{
    emit_open(out, '{');
    emit_member_bool(out, "success", false);
    emit_member_cstring(out, "error", error ? error : answer_error(status));
    emit_member_text(out, "message", message);
    emit_close(out, '}');
    emit_bytes(out, slice_from("\n"));
}
