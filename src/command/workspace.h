/* What most commands need before they begin: the policy that holds here, prices, today. */
#ifndef RUNG_COMMAND_WORKSPACE_H
#define RUNG_COMMAND_WORKSPACE_H

#include "command.h"
#include "decide/decide.h"

struct workspace {
    struct policy policy;
    struct price_table prices;
    int64_t now_ms;
    int32_t today;
};

/* Finds and reads the policy (--policy's value, or empty), and this user's prices. A policy with
 * mistakes is an error: all of them are printed to standard error. What an untrusted policy was
 * refused is said there too. */
bool workspace_open(struct call *call, const struct option_value *policy_option,
    struct workspace *workspace, struct failure *failure) MUST_USE;

/* Where this user's own prices are kept; NULL without a home directory. */
const char *workspace_price_path(struct arena *arena);

#define POLICY_OPTION                                                                              \
    {                                                                                              \
        "policy", OPTION_TEXT, "FILE", "this policy instead of the rung.yaml that is found"        \
    }
#define JSON_OPTION                                                                                \
    {                                                                                              \
        "json", OPTION_FLAG, NULL, "print JSON, one object a line"                                 \
    }

#endif
