/* The options of serve: declared in serves.c for help and man pages, obeyed in rung-serve. */
#ifndef RUNG_COMMAND_SERVES_H
#define RUNG_COMMAND_SERVES_H

enum { SERVE_POLICY, SERVE_LEDGER, SERVE_LISTEN, SERVE_NAME, SERVE_TOKEN_FILE };

#endif
