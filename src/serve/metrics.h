/* What Prometheus is told: the server's own counts, and what the ledger maintains. */
#ifndef RUNG_SERVE_METRICS_H
#define RUNG_SERVE_METRICS_H

#include "routes.h"

struct metrics; /* counted on the loop, read by workers: it has a lock */

struct metrics *metrics_make(void);
void metrics_free(struct metrics *metrics); /* NULL is allowed */

/* One answer, and how long it took from the request's last byte; `route` NULL: no row answered. */
void metrics_count_answer(
    struct metrics *metrics, const struct serve_route *route, int status, double seconds);
void metrics_set_connections(struct metrics *metrics, size_t connections, size_t listeners);
void metrics_count_slow_listener(struct metrics *metrics);

/* The text format, version 0.0.4. */
serve_handler metrics_answer;

#endif
