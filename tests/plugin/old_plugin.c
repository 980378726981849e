/* old_plugin.c - a plugin that says it was built with headers of another ABI. */
#include <bramble/plugin.h>

extern const bram_plugin bram_plugin_entry;
const bram_plugin bram_plugin_entry = {.abi = BRAM_PLUGIN_ABI + 1, .name = "old"};
