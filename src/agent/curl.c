/* agent, api: makes the one request that messages.c built and feeds the answer to the reader, or
 * those of a batch.
 * Stands in a library of its own, so that only the long-running programs load libcurl. Refuses to
 * repeat a request: whoever pays decides that. */
#include "agent.h"

#include <curl/curl.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_WAIT_MS = 20000 };

struct transfer {
    struct agent_reader *reader; /* NULL: the bytes are kept */
    struct agent_exit *exit;
    const atomic_bool *stop;
    size_t n_bytes, most;
    char *bytes;
    size_t room;
};

static size_t take_body(char *bytes, size_t size, size_t n, void *context)
{
    struct transfer *transfer = context;
    size_t at = transfer->n_bytes;
    transfer->n_bytes += size * n;
    if (transfer->n_bytes > transfer->most)
        return 0; /* ends the transfer */
    if (transfer->reader) {
        agent_reader_output(transfer->reader, (struct slice){bytes, size * n});
        return size * n;
    }
    if (transfer->n_bytes > transfer->room) {
        transfer->room = 2 * transfer->n_bytes;
        transfer->bytes = memory_resize(transfer->bytes, transfer->room);
    }
    memcpy(transfer->bytes + at, bytes, size * n);
    return size * n;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *context)
{
    struct transfer *transfer = context;
    struct slice value = {bytes, size * n}, name;
    double seconds;
    if (slice_next_field(&value, ':', &name) && slice_is_caseless(name, "retry-after") &&
        slice_to_double(slice_trim(value), &seconds) && seconds >= 0 && seconds < 1e6)
        transfer->exit->retry_after_s = seconds;
    return size * n;
}

static int look_at_stop(
    void *context, curl_off_t down, curl_off_t downed, curl_off_t up, curl_off_t upped)
{
    (void)down;
    (void)downed;
    (void)up;
    (void)upped;
    const struct transfer *transfer = context;
    return transfer->stop && atomic_load(transfer->stop);
}

static void set_options(CURL *curl, const char *url, struct slice body, double timeout_ms,
    struct transfer *transfer, struct curl_slist *headers, char error[CURL_ERROR_SIZE])
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (body.base) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.base);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    }
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_at_stop);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L); /* the key goes nowhere else */
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_WAIT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms < 1e9 ? (long)timeout_ms : 1000000000L);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
}

static void say_failure(struct arena *arena, const struct transfer *transfer, CURLcode code,
    const char *words, struct agent_exit *exit)
{
    const char *why = *words ? words : curl_easy_strerror(code);
    exit->timed_out = code == CURLE_OPERATION_TIMEDOUT;
    exit->stopped = code == CURLE_ABORTED_BY_CALLBACK;
    if (exit->stopped)
        why = "the request was stopped";
    else if (transfer->n_bytes > transfer->most)
        why = "the answer is longer than is read";
    exit->exit_status = 1;
    exit->why = arena_print(arena, "%s", why).base;
    if (!exit->timed_out && !exit->stopped && transfer->reader)
        agent_reader_error(
            transfer->reader, arena_print(arena, "API Error: no connection or answer: %s", why));
}

static void request(struct arena *arena, const struct agent_start *start, const char *url,
    struct slice body, struct transfer *transfer)
{
    struct agent_exit *exit = transfer->exit;
    struct curl_slist *headers = NULL;
    char words[CURL_ERROR_SIZE] = "";
    *exit = (struct agent_exit){.retry_after_s = NAN};
    CURL *curl = curl_easy_init(); /* curl_global_init is safe to repeat since 7.84 */
    if (!curl)
        memory_exhausted();
    for (size_t i = 0; start->headers[i]; i++) {
        struct curl_slist *longer = curl_slist_append(headers, start->headers[i]);
        if (!longer)
            memory_exhausted();
        headers = longer;
    }
    set_options(curl, url, body, start->timeout_s * 1000, transfer, headers, words);
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    exit->http_status = (int)status;
    if (code != CURLE_OK)
        say_failure(arena, transfer, code, words, exit);
    else if (status >= 400)
        exit->exit_status = 1;
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

void agent_api_call(struct arena *arena, const struct agent_start *start, const atomic_bool *stop,
    struct agent_reader *reader, struct agent_exit *exit)
{
    struct transfer transfer = {
        .reader = reader, .exit = exit, .stop = stop, .most = AGENT_RESULT_BYTES_MOST};
    request(arena, start, start->url, start->input, &transfer);
}

void agent_api_fetch(struct arena *arena, const struct agent_start *start, const char *url,
    struct slice body, const atomic_bool *stop, struct slice *answer, struct agent_exit *exit)
{
    struct transfer transfer = {.exit = exit, .stop = stop, .most = AGENT_BATCH_BYTES_MOST};
    request(arena, start, url, body, &transfer);
    size_t n = transfer.n_bytes < transfer.most ? transfer.n_bytes : 0;
    *answer = arena_copy(arena, (struct slice){transfer.bytes ? transfer.bytes : "", n});
    free(transfer.bytes);
}
