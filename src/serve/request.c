/* Receives bytes of a connection, hands on one request. Refuses what is ambiguous: folded headers,
 * blanks before a colon, bare line feeds, a header that counts given twice, trailers. */
#include "request.h"

#include "base/arena.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const HEADER_NAMES[REQUEST_HEADERS] = {
    [REQUEST_HOST] = "host",
    [REQUEST_ORIGIN] = "origin",
    [REQUEST_AUTHORIZATION] = "authorization",
    [REQUEST_COOKIE] = "cookie",
    [REQUEST_CONTENT_TYPE] = "content-type",
    [REQUEST_CONTENT_ENCODING] = "content-encoding",
    [REQUEST_EXPECT] = "expect",
    [REQUEST_LAST_EVENT_ID] = "last-event-id",
    [REQUEST_FETCH_SITE] = "sec-fetch-site",
    [REQUEST_FETCH_MODE] = "sec-fetch-mode",
    [REQUEST_FORWARDED_FOR] = "x-forwarded-for",
    [REQUEST_RUNG] = "x-rung",
};

static int refuse(struct request_reader *reader, int status, const char *why)
{
    if (!reader->status) {
        reader->status = status;
        reader->why = why;
    }
    return HPE_USER;
}

/* ---- the head, before llhttp sees it ---- */

/* One byte of the head; false where it is refused. */
static bool check_byte(struct request_reader *reader, char c)
{
    bool line_ends = c == '\n';
    if (line_ends && !reader->last_was_return)
        return refuse(reader, 400, "a line of the head ends without a carriage return") == HPE_OK;
    reader->last_was_return = c == '\r';
    switch (reader->at) {
    case HEAD_BEFORE:
        if (c != '\r' && c != '\n')
            reader->at = HEAD_REQUEST_LINE;
        return true;
    case HEAD_LINE:
        if (c == ' ' || c == '\t')
            return refuse(reader, 400, "a header is folded over lines") == HPE_OK;
        reader->at = c == '\r' ? HEAD_LAST_LINE : HEAD_NAME;
        return true;
    case HEAD_NAME:
        if (c == ' ' || c == '\t')
            return refuse(reader, 400, "a header's name has a blank") == HPE_OK;
        if (line_ends)
            return refuse(reader, 400, "a header has no colon") == HPE_OK;
        if (c == ':')
            reader->at = HEAD_VALUE;
        return true;
    case HEAD_REQUEST_LINE:
    case HEAD_VALUE:
        if (line_ends)
            reader->at = HEAD_LINE;
        return true;
    case HEAD_LAST_LINE:
        reader->head_is_whole = line_ends;
        return line_ends || refuse(reader, 400, "the head does not end in an empty line") == HPE_OK;
    }
    return false;
}

/* How many of the bytes belong to the head and are well. */
static size_t check_head(struct request_reader *reader, struct slice bytes)
{
    size_t n = 0;
    while (n < bytes.len && !reader->head_is_whole) {
        if (++reader->n_head_bytes > SERVE_HEAD_BYTES_MOST) {
            refuse(reader, 431, "the head of the request is too large");
            break;
        }
        if (!check_byte(reader, bytes.base[n]))
            break;
        n++;
    }
    return n;
}

/* ---- what llhttp tells ---- */

static struct request_reader *reader_of(llhttp_t *parser)
{
    return parser->data;
}

/* The head was counted before: what is kept of it always fits. */
static void keep_head(struct request_reader *reader, const char *from, size_t n)
{
    assert(reader->head_len + n <= SERVE_HEAD_BYTES_MOST);
    memcpy(reader->head + reader->head_len, from, n);
    reader->head_len += n;
}

static int take_target(llhttp_t *parser, const char *at, size_t n)
{
    struct request_reader *reader = reader_of(parser);
    if (reader->head_len + n > SERVE_TARGET_BYTES_MOST)
        return refuse(reader, 414, "the target of the request is too long");
    keep_head(reader, at, n);
    reader->request.target = (struct slice){reader->head, reader->head_len};
    reader->header_at = reader->head_len;
    return HPE_OK;
}

static int take_name(llhttp_t *parser, const char *at, size_t n)
{
    struct request_reader *reader = reader_of(parser);
    if (reader->request.method)
        return refuse(reader, 400, "headers after a body are not taken");
    keep_head(reader, at, n);
    return HPE_OK;
}

static int end_name(llhttp_t *parser)
{
    struct request_reader *reader = reader_of(parser);
    struct slice name = {reader->head + reader->header_at, reader->head_len - reader->header_at};
    int header = 0;
    while (header < REQUEST_HEADERS && !slice_is_caseless(name, HEADER_NAMES[header]))
        header++;
    if (header < REQUEST_HEADERS && reader->request.headers[header].base)
        return refuse(reader, 400, "a header that may be there once is there twice");
    reader->header = header;
    reader->head_len = reader->header_at;
    return HPE_OK;
}

static int take_value(llhttp_t *parser, const char *at, size_t n)
{
    struct request_reader *reader = reader_of(parser);
    if (reader->header < REQUEST_HEADERS)
        keep_head(reader, at, n);
    return HPE_OK;
}

static int end_value(llhttp_t *parser)
{
    struct request_reader *reader = reader_of(parser);
    if (reader->header < REQUEST_HEADERS)
        reader->request.headers[reader->header] = slice_trim(
            (struct slice){reader->head + reader->header_at, reader->head_len - reader->header_at});
    reader->header_at = reader->head_len;
    return HPE_OK;
}

static int end_head(llhttp_t *parser)
{
    struct request_reader *reader = reader_of(parser);
    struct request *request = &reader->request;
    request->method = llhttp_method_name((llhttp_method_t)parser->method);
    request->keeps_alive = llhttp_should_keep_alive(parser);
    parser->upgrade = 0; /* no other protocol is spoken here: an offer is let pass */
    if (parser->http_major != 1 || parser->http_minor > 1)
        return refuse(reader, 505, "HTTP/1.0 and HTTP/1.1 are spoken here");
    if (!request->headers[REQUEST_HOST].base)
        return refuse(reader, 400, "the request names no host");
    if (request->headers[REQUEST_CONTENT_ENCODING].base)
        return refuse(reader, 415, "a body is taken as it is, not compressed");
    struct slice expect = request->headers[REQUEST_EXPECT];
    if (expect.base && !slice_is_caseless(expect, "100-continue"))
        return refuse(reader, 417, "only 100-continue can be expected");
    if (parser->content_length > SERVE_BODY_BYTES_MOST)
        return refuse(reader, 413, "the body is too large");
    return HPE_OK;
}

static int take_body(llhttp_t *parser, const char *at, size_t n)
{
    struct request_reader *reader = reader_of(parser);
    if (reader->body_len + n > SERVE_BODY_BYTES_MOST)
        return refuse(reader, 413, "the body is too large");
    if (reader->body_len + n > reader->body_room) {
        size_t doubled = reader->body_room ? reader->body_room * 2 : 4096;
        reader->body_room = doubled > reader->body_len + n ? doubled : reader->body_len + n;
        reader->body = memory_resize(reader->body, reader->body_room);
    }
    memcpy(reader->body + reader->body_len, at, n);
    reader->body_len += n;
    return HPE_OK;
}

static int end_request(llhttp_t *parser)
{
    struct request_reader *reader = reader_of(parser);
    reader->is_whole = true;
    reader->request.body = (struct slice){reader->body, reader->body_len};
    return HPE_PAUSED;
}

static const llhttp_settings_t SETTINGS = {
    .on_url = take_target,
    .on_header_field = take_name,
    .on_header_field_complete = end_name,
    .on_header_value = take_value,
    .on_header_value_complete = end_value,
    .on_headers_complete = end_head,
    .on_body = take_body,
    .on_message_complete = end_request,
};

/* ---- both together ---- */

void request_reader_free(struct request_reader *reader)
{
    free(reader->head);
    free(reader->body);
    *reader = (struct request_reader){0};
}

void request_reader_begin(struct request_reader *reader)
{
    request_reader_free(reader);
    llhttp_init(&reader->parser, HTTP_REQUEST, &SETTINGS);
    reader->parser.data = reader;
}

bool request_reader_is_begun(const struct request_reader *reader)
{
    return reader->n_head_bytes > 0;
}

/* Lets llhttp read the first n bytes; returns how many it took. */
static size_t execute(struct request_reader *reader, struct slice bytes, size_t n)
{
    llhttp_errno_t err = llhttp_execute(&reader->parser, bytes.base, n);
    if (err == HPE_OK)
        return n;
    if (reader->is_whole)
        return (size_t)(llhttp_get_error_pos(&reader->parser) - bytes.base);
    refuse(reader, 400, "this is not a well-formed HTTP request");
    return n;
}

static size_t take_head(struct request_reader *reader, struct slice bytes)
{
    if (!reader->head)
        reader->head = memory_take(SERVE_HEAD_BYTES_MOST);
    size_t n = check_head(reader, bytes);
    if (reader->status == 0 && n > 0)
        execute(reader, bytes, n);
    if (reader->status == 0 && reader->head_is_whole && !reader->request.method)
        refuse(reader, 400, "this is not a well-formed HTTP request");
    return n;
}

/* Chunks have frames: they are bounded as what they hold is. */
static size_t take_rest(struct request_reader *reader, struct slice bytes)
{
    size_t n = execute(reader, bytes, bytes.len);
    reader->n_body_bytes += n;
    if (reader->n_body_bytes > 2 * (size_t)SERVE_BODY_BYTES_MOST + SERVE_HEAD_BYTES_MOST)
        refuse(reader, 413, "the body is too large");
    return n;
}

enum reader_step request_reader_take(struct request_reader *reader, struct slice *bytes)
{
    bool had_head = reader->head_is_whole;
    size_t n = had_head ? take_rest(reader, *bytes) : take_head(reader, *bytes);
    *bytes = slice_sub(*bytes, n, bytes->len);
    if (reader->status)
        return READER_REFUSED;
    if (reader->is_whole)
        return READER_DONE;
    return reader->head_is_whole && !had_head ? READER_HEAD : READER_MORE;
}
