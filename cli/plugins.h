/*
 * plugins.h - the plugins that --plugin and BRAMBLE_PLUGINS name.
 */
#ifndef BRAMBLE_CLI_PLUGINS_H
#define BRAMBLE_CLI_PLUGINS_H

#include "args.h"

/**
 * Opens the shared objects of the colon-separated list BRAMBLE_PLUGINS, then those of --plugin.
 *
 * @return BRAM_OK; statuses of bram_plugin_open, the message saying where the file was named
 */
int bram_cli_open_plugins(bram_ctx *cx, const bram_cli_args *args) BRAM_MUST_CHECK;

#endif
