/* Receives a request's head, hands on whether it may go further. Refuses to know what it asks
 * for. */
#include "access.h"

#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const char COOKIE_NAME[] = "rung_session=";

/* ---- secrets ---- */

static void make_secret(char hex[ACCESS_SECRET_BYTES])
{
    unsigned char bytes[(ACCESS_SECRET_BYTES - 1) / 2];
    ssize_t n = getrandom(bytes, sizeof(bytes), 0);
    assert(n == (ssize_t)sizeof(bytes)); /* so few bytes are never cut short */
    (void)n;
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

/* Takes as long for a wrong secret as for the right one. */
static bool is_secret(struct slice given, const char *secret)
{
    size_t len = strlen(secret);
    unsigned char difference = given.len != len || len == 0;
    for (size_t i = 0; i < len; i++)
        difference |= (unsigned char)((i < given.len ? given.base[i] : 0) ^ secret[i]);
    return difference == 0;
}

static bool write_token(const char *path, const char *token, struct failure *failure)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return failure_set(failure, "cannot make the token file %s: %s", path, strerror(errno));
    size_t len = strlen(token);
    bool done = write(fd, token, len) == (ssize_t)len && write(fd, "\n", 1) == 1 && fsync(fd) == 0;
    int err = errno;
    close(fd);
    if (!done)
        unlink(path);
    return done || failure_set(failure, "cannot write the token file %s: %s", path, strerror(err));
}

static bool check_file(int fd, const char *path, struct failure *failure)
{
    struct stat about;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        return failure_set(failure, "the token file %s is not a regular file", path);
    if (about.st_uid != geteuid())
        return failure_set(failure, "the token file %s is another user's", path);
    if (about.st_mode & 077)
        return failure_set(failure,
            "the token file %s can be read by others: chmod 600 it, or take it away and a new one "
            "is made",
            path);
    return true;
}

static bool read_token(struct access *access, int fd, const char *path, struct failure *failure)
{
    char text[ACCESS_TOKEN_BYTES_MOST + 2];
    if (!check_file(fd, path, failure))
        return false;
    ssize_t n = read(fd, text, sizeof(text));
    if (n < 0)
        return failure_set(failure, "cannot read the token file %s: %s", path, strerror(errno));
    struct slice token = slice_trim((struct slice){text, (size_t)n});
    if (token.len < ACCESS_TOKEN_BYTES_LEAST || token.len > ACCESS_TOKEN_BYTES_MOST)
        return failure_set(failure, "the token file %s wants a token of %d to %d characters", path,
            ACCESS_TOKEN_BYTES_LEAST, ACCESS_TOKEN_BYTES_MOST);
    for (size_t i = 0; i < token.len; i++)
        if (token.base[i] <= ' ' || token.base[i] > '~')
            return failure_set(failure, "the token file %s has more than one word", path);
    memcpy(access->token, token.base, token.len);
    access->token[token.len] = 0;
    return true;
}

static void make_session(struct access *access)
{
    char text[sizeof("rung session ") + ACCESS_TOKEN_BYTES_MOST];
    snprintf(text, sizeof(text), "rung session %s", access->token);
    file_sha256(slice_from(text), access->session);
}

bool access_load_token(
    struct access *access, const char *path, bool must_exist, struct failure *failure)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT && !must_exist) {
        char token[ACCESS_SECRET_BYTES];
        make_secret(token);
        if (!write_token(path, token, failure))
            return false;
        fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    }
    if (fd < 0)
        return failure_set(failure, "cannot open the token file %s: %s", path,
            errno == ELOOP ? "it is a symbolic link" : strerror(errno));
    bool done = read_token(access, fd, path, failure);
    close(fd);
    if (done)
        make_session(access);
    return done;
}

void access_make_code(struct access *access)
{
    make_secret(access->code);
}

bool access_use_code(struct access *access, struct slice code)
{
    bool is_right = is_secret(code, access->code);
    if (is_right)
        access->code[0] = 0;
    return is_right;
}

/* ---- where a request comes from ---- */

/* "name:port" of which the port may be left out where it is HTTP's own. */
static bool is_place(struct slice given, const char *name, int port)
{
    char with_port[ACCESS_HOST_BYTES_MOST + 8];
    snprintf(with_port, sizeof(with_port), "%s:%d", name, port);
    return slice_is_caseless(given, with_port) || (port == 80 && slice_is_caseless(given, name));
}

static bool is_any_address(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "[::]") == 0;
}

/* A name can be rebound to this machine's address by whoever owns it; a number cannot. */
static bool is_number(struct slice given)
{
    if (slice_starts(given, "["))
        return true;
    for (size_t i = 0; i < given.len; i++)
        if (!strchr("0123456789.:", given.base[i]))
            return false;
    return given.len > 0;
}

static bool is_own_host(const struct access *access, struct slice given)
{
    if (is_place(given, access->host, access->port) || is_place(given, "localhost", access->port) ||
        is_place(given, "127.0.0.1", access->port) || is_place(given, "[::1]", access->port))
        return true;
    if (is_any_address(access->host) && is_number(given))
        return true;
    for (const char *const *name = access->names; name && *name; name++)
        if (slice_is_caseless(given, *name) || is_place(given, *name, access->port))
            return true;
    return false;
}

static bool is_own_origin(struct slice origin, struct slice host)
{
    static const char *const SCHEMES[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof(SCHEMES) / sizeof(SCHEMES[0]); i++)
        if (slice_starts(origin, SCHEMES[i]) &&
            slice_equal_caseless(slice_sub(origin, strlen(SCHEMES[i]), origin.len), host))
            return true;
    return false;
}

struct access_refusal access_check_place(
    const struct access *access, const struct request *request, struct slice authority)
{
    struct slice host = authority.len ? authority : request->headers[REQUEST_HOST];
    if (!is_own_host(access, host))
        return (struct access_refusal){421, "this host name is not served here; `rung serve "
                                            "--name HOST` adds one"};
    struct slice origin = request->headers[REQUEST_ORIGIN];
    if (origin.base && !is_own_origin(origin, host))
        return (struct access_refusal){403, "pages of other origins may not ask here"};
    struct slice site = request->headers[REQUEST_FETCH_SITE];
    bool from_elsewhere = slice_is(site, "cross-site") || slice_is(site, "same-site");
    if (from_elsewhere && !slice_is(request->headers[REQUEST_FETCH_MODE], "navigate"))
        return (struct access_refusal){403, "pages of other sites may not ask here"};
    return (struct access_refusal){0};
}

/* ---- with what right ---- */

static bool has_token(const struct access *access, const struct request *request)
{
    static const char SCHEME[] = "bearer ";
    struct slice given = request->headers[REQUEST_AUTHORIZATION];
    size_t n = sizeof(SCHEME) - 1;
    return slice_is_caseless(slice_sub(given, 0, n), SCHEME) &&
           is_secret(slice_trim(slice_sub(given, n, given.len)), access->token);
}

static bool has_session(const struct access *access, const struct request *request)
{
    struct slice rest = request->headers[REQUEST_COOKIE], cookie;
    while (slice_next_field(&rest, ';', &cookie)) {
        cookie = slice_trim(cookie);
        if (slice_starts(cookie, COOKIE_NAME))
            return is_secret(
                slice_sub(cookie, sizeof(COOKIE_NAME) - 1, cookie.len), access->session);
    }
    return false;
}

struct access_refusal access_check_right(
    const struct access *access, const struct request *request, bool writes)
{
    /* What a proxy brings comes from elsewhere, whatever host name it was asked by. */
    bool is_private = access->is_private && !request->headers[REQUEST_FORWARDED_FOR].base;
    if ((!writes && is_private) || has_token(access, request))
        return (struct access_refusal){0};
    if (!has_session(access, request))
        return (struct access_refusal){401, "this wants the token (Authorization: Bearer TOKEN), "
                                            "or the link that `rung serve` printed"};
    /* A browser sends the cookie by itself: what writes must also be meant by the page. */
    if (writes &&
        (!request->headers[REQUEST_ORIGIN].base || !slice_is(request->headers[REQUEST_RUNG], "1")))
        return (struct access_refusal){
            403, "with a session, what writes wants the headers Origin and X-Rung: 1"};
    return (struct access_refusal){0};
}
