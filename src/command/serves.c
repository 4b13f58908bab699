/* The row of serve. What it does is in the helper program rung-serve, so that no other command
 * loads what speaks HTTP. */
#include "commands.h"

#include "serves.h"
#include "store.h"

static const struct option_row SERVE_ROWS[] = {
    [SERVE_POLICY] = POLICY_OPTION,
    [SERVE_LEDGER] = LEDGER_OPTION,
    [SERVE_LISTEN] = {"listen", OPTION_TEXT, "HOST:PORT",
        "answer there (127.0.0.1:7864; port 0: any that is free)"},
    [SERVE_NAME] = {"name", OPTION_MANY, "HOST",
        "answer requests for this host name too: the one that a proxy is asked by"},
    [SERVE_TOKEN_FILE] = {"token-file", OPTION_TEXT, "FILE",
        "the token is in this file of mode 600 (else one is made beside the ledger)"},
};

const struct command_row COMMAND_SERVE = {
    .name = "serve",
    .words = "",
    .summary = "Answer HTTP: the dashboard, the API, live events, metrics.",
    .details =
        "Prints one line with a link that gives a browser a session, once; SIGHUP prints another. "
        "/openapi.json describes the API, /api/events tells what happens as it happens, /metrics "
        "is for Prometheus. What other processes write to the ledger is seen at once.\n\n"
        "On this machine's own address, reading needs no token; what writes needs it, as "
        "`Authorization: Bearer TOKEN` or by the link. On any other address everything needs it, "
        "and --token-file must name one. TLS is a proxy's: listen on 127.0.0.1, give --name the "
        "name that it is asked by, and put `caddy reverse-proxy --from NAME --to 127.0.0.1:7864` "
        "in front. The policy on disk is never written.\n\n"
        "Ends with 0 on SIGTERM or Ctrl-C, after the answers that are under way.",
    .examples = "  rung serve\n"
                "  rung serve --listen 127.0.0.1:0 --ledger sqlite:/var/lib/rung/ledger.db\n"
                "  rung serve --name rung.example.org --token-file ~/.config/rung/token\n"
                "  curl http://127.0.0.1:7864/api/routing/summary\n"
                "  curl -N http://127.0.0.1:7864/api/events\n",
    .options = SERVE_ROWS,
    .n_options = sizeof(SERVE_ROWS) / sizeof(SERVE_ROWS[0]),
    .helper = "rung-serve",
};
