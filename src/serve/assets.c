/* Receives a path, hands on the file of the dashboard that it means. */
#include "assets.h"

static const char *const PAGES[] = {
    "/", "/experiments", "/experiments/*", "/routing", "/swarm", "/swarm/*", "/try"};

static bool is_page(struct slice path)
{
    for (size_t i = 0; i < sizeof(PAGES) / sizeof(PAGES[0]); i++)
        if (slice_glob(path, slice_from(PAGES[i])))
            return true;
    return false;
}

const struct asset *assets_find(struct slice path)
{
    if (is_page(path))
        path = slice_from("/index.html");
    for (size_t i = 0; i < ASSETS_COUNT; i++)
        if (slice_is(path, ASSETS[i].path))
            return &ASSETS[i];
    return NULL;
}

bool asset_is_immutable(const struct asset *asset)
{
    return slice_starts(slice_from(asset->path), "/assets/");
}
