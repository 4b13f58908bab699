/* A connection's bytes through the reader of requests, then what a request asks for through the
 * rows: first all at once, then byte by byte, which must come to the same. */
#include "serve/request.h"
#include "serve/routes.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum reader_step read_all(struct request_reader *reader, struct slice bytes, size_t step)
{
    enum reader_step said = READER_MORE;
    request_reader_begin(reader);
    for (size_t at = 0; at < bytes.len && (said == READER_MORE || said == READER_HEAD);) {
        struct slice piece = slice_sub(bytes, at, at + step);
        size_t len = piece.len;
        said = request_reader_take(reader, &piece);
        at += len - piece.len;
    }
    return said == READER_HEAD ? READER_MORE : said;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request_reader whole = {0}, pieces = {0};
    struct slice bytes = {(const char *)data, size}, allow;
    struct arena arena = {0};
    struct failure failure;
    struct target target;
    const struct serve_route *route;
    const struct serve_value *values;
    enum reader_step said = read_all(&whole, bytes, size);
    if (said != read_all(&pieces, bytes, 1) ||
        (said == READER_DONE && !slice_equal(whole.request.body, pieces.request.body)))
        abort();
    if (said == READER_DONE && target_parse(&arena, whole.request.target, &target, &failure) &&
        routes_find(SERVE_ROUTES, SERVE_ROUTES_COUNT, &arena, whole.request.method, &target, &route,
            &allow) == ROUTES_FOUND &&
        !routes_read_params(route, &arena, &target, &values, &failure) && !failure.text[0])
        abort();
    request_reader_free(&whole);
    request_reader_free(&pieces);
    arena_free(&arena);
    return 0;
}
