/* policy, finding: receives a path or a working directory, hands on the policy that holds there.
 * Refuses to know what the policy is used for. */
#include "policy.h"

#include <stdlib.h>
#include <string.h>

/* The bytes of etc/rung.yaml, compiled in. */
extern const char policy_builtin_bytes[];
extern const size_t policy_builtin_bytes_len;

static const char FILE_NAME[] = "rung.yaml";

struct slice policy_builtin_text(void)
{
    return (struct slice){policy_builtin_bytes, policy_builtin_bytes_len};
}

/* The policy in the user's own config directory, NULL where there is none. */
static const char *own_policy(struct arena *arena)
{
    const char *directory = file_config_directory(arena);
    const char *path = directory ? file_join(arena, directory, FILE_NAME) : NULL;
    return path && file_exists(path) ? path : NULL;
}

static const char *choose(struct arena *arena, const char *path, const char *from, const char *own)
{
    if (path)
        return path;
    const char *directory = from ? file_find_upward(arena, from, FILE_NAME) : NULL;
    return directory ? file_join(arena, directory, FILE_NAME) : own;
}

static bool fail_with(
    const char *path, const struct policy_problems *problems, struct failure *failure)
{
    size_t n = problems->n + problems->more;
    if (n == 1)
        return failure_set(failure, "%.*s", SLICE_ARG(problems->items[0].sentence));
    return failure_set(failure, "%s has %zu problems (`rung check` lists them), the first: %.*s",
        path ? path : "the built-in policy", n, SLICE_ARG(problems->items[0].sentence));
}

/* A copy: what is hashed is what is read, whoever writes to the file meanwhile. What a person named
 * may be a pipe; what was found must not be. */
static bool read_file(
    struct arena *arena, const char *path, bool named, struct slice *text, struct failure *failure)
{
    struct file_bytes file;
    if (named ? !file_open(path, POLICY_BYTES_MOST, &file, failure)
              : !file_open_plain(path, POLICY_BYTES_MOST, &file, failure))
        return failure_prefix(failure, "policy");
    *text = arena_copy(arena, file.bytes);
    file_close(&file);
    return true;
}

static bool parse_file(struct arena *arena, const char *path, bool named, const char *own,
    struct policy *policy, struct policy_problems *problems, struct failure *failure)
{
    struct slice text = {0};
    if (!read_file(arena, path, named, &text, failure))
        return false;
    char hash[SHA256_HEX_BYTES];
    file_sha256(text, hash);
    /* by its name, not by where the name leads now: a link may have been put there meanwhile */
    bool trusted = (own && strcmp(path, own) == 0) || policy_is_trusted(arena, path, hash);
    return policy_parse(arena, path, text, trusted, policy, problems) ||
           fail_with(path, problems, failure);
}

bool policy_find(struct arena *arena, const char *path, const char *from, struct policy *policy,
    struct policy_problems *problems, struct failure *failure)
{
    struct policy_problems unread;
    problems = problems ? problems : &unread;
    *problems = (struct policy_problems){0};
    const char *own = own_policy(arena);
    const char *chosen = choose(arena, path, from, own);
    if (chosen)
        return parse_file(arena, chosen, path != NULL, own, policy, problems, failure);
    return policy_parse(arena, NULL, policy_builtin_text(), true, policy, problems) ||
           fail_with(NULL, problems, failure);
}
