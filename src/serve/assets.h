/* The dashboard's files, built into the program. */
#ifndef RUNG_SERVE_ASSETS_H
#define RUNG_SERVE_ASSETS_H

#include "base/slice.h"

struct asset {
    const char *path; /* "/assets/index-3f9c.js"; the page itself is "/index.html" */
    const char *media;
    const char *bytes;
    size_t len;
};

/* Made by tools/embed-assets from web/dist, or from the page that says how to build it. */
extern const struct asset ASSETS[];
extern const size_t ASSETS_COUNT;

/* The file that answers a path; NULL: none. The paths of the dashboard's pages are all its one
 * page, which looks at the path itself. */
const struct asset *assets_find(struct slice path);

/* True where its name changes with its bytes. */
bool asset_is_immutable(const struct asset *asset);

#endif
