/*
 * plugins.c - opens the plugins that the environment and the command line name.
 */
#include "plugins.h"

#include <bramble/plugin.h>

#include <stdlib.h>
#include <string.h>

static int open_listed(bram_ctx *cx, const char *list)
{
    while (*list) {
        size_t length = strcspn(list, ":");
        if (length) { /* an empty entry names nothing */
            char *path = bram_strf(cx, "%.*s", (int)length, list);
            if (!path) return BRAM_ENOMEM;
            int status = bram_plugin_open(cx, path);
            bram_free(path);
            if (status != BRAM_OK) return bram_fail_prefix(cx, status, "BRAMBLE_PLUGINS");
        }
        list += length + (list[length] == ':');
    }
    return BRAM_OK;
}

int bram_cli_open_plugins(bram_ctx *cx, const bram_cli_args *args)
{
    const char *list = getenv("BRAMBLE_PLUGINS");
    if (list) BRAM_TRY(open_listed(cx, list));
    for (size_t i = 0; i < bram_cli_count(args, "plugin"); i++) {
        int status = bram_plugin_open(cx, bram_cli_value(args, "plugin", i));
        if (status != BRAM_OK) return bram_fail_prefix(cx, status, "--plugin");
    }
    return BRAM_OK;
}
