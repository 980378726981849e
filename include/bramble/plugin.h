/*
 * plugin.h - models, metrics and loaders of one's own in a shared object.
 *
 * The object exports one symbol, `const bram_plugin bram_plugin_entry`. It is loaded by
 * bram_plugin_open (the program's --plugin FILE, or the colon-separated list BRAMBLE_PLUGINS) and
 * stays loaded.
 */
#ifndef BRAMBLE_PLUGIN_H
#define BRAMBLE_PLUGIN_H

#include <bramble/loader.h>
#include <bramble/metric.h>
#include <bramble/model.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BRAM_PLUGIN_ABI 5

typedef struct bram_plugin {
    unsigned abi; /* BRAM_PLUGIN_ABI of the headers it was built with */
    const char *name;
    const bram_loader *const *loaders; /* NULL-terminated lists; NULL: none */
    const bram_metric *const *metrics;
    const bram_model *const *models;
} bram_plugin;

/**
 * Loads a shared object and adds its entries to what bram_model_find and its kin find. Names that
 * exist are refused. Not to be called while other threads use the library.
 *
 * @return BRAM_OK; BRAM_EREAD; BRAM_EFORMAT (no symbol, another ABI: found and expected)
 */
int bram_plugin_open(bram_ctx *cx, const char *path) BRAM_MUST_CHECK;

/** How many entries plugins have added, and each of them; used by listings. */
const bram_model *bram_plugin_model(size_t i);
const bram_metric *bram_plugin_metric(size_t i);
const bram_loader *bram_plugin_loader(size_t i);

#ifdef __cplusplus
}
#endif
#endif
