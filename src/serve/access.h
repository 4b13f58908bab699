/* Who may ask what: the token and its file, the one-time link, the session that it gives, and
 * where a request may come from. */
#ifndef RUNG_SERVE_ACCESS_H
#define RUNG_SERVE_ACCESS_H

#include "request.h"

enum {
    ACCESS_SECRET_BYTES = 65, /* 64 hexadecimal digits */
    ACCESS_TOKEN_BYTES_LEAST = 32,
    ACCESS_TOKEN_BYTES_MOST = 256,
    ACCESS_HOST_BYTES_MOST = 256,
};

struct access {
    char token[ACCESS_TOKEN_BYTES_MOST + 1];
    char session[ACCESS_SECRET_BYTES]; /* the cookie's value: made from the token, so that it
                                          holds until the token file is taken away */
    char code[ACCESS_SECRET_BYTES];    /* of the one-time link; empty once it was used */
    char host[ACCESS_HOST_BYTES_MOST]; /* it listens there, as in a URL: "127.0.0.1", "[::1]" */
    int port;
    bool is_private; /* only programs of this machine ask: it listens on loopback, for no proxy */
    const char *const *names; /* other host names, ended by NULL; may be NULL */
};

/* Reads the token, or makes one where the file is missing and may be made: mode 0600, no link,
 * this user's own. */
bool access_load_token(
    struct access *access, const char *path, bool must_exist, struct failure *failure) MUST_USE;

/* A new one-time code, which makes the one before void. */
void access_make_code(struct access *access);

/* True once for the code of the link. */
bool access_use_code(struct access *access, struct slice code);

/* What is wrong with a request, as a status (421, 403, 401) and a sentence; 0: nothing. */
struct access_refusal {
    int status;
    const char *why;
};

/* Host, Origin, Sec-Fetch-Site: asked of every request. */
struct access_refusal access_check_place(
    const struct access *access, const struct request *request, struct slice authority);

/* Token or session: of what writes, and of everything where others can connect. */
struct access_refusal access_check_right(
    const struct access *access, const struct request *request, bool writes);

#endif
