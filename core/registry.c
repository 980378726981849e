/*
 * registry.c - entries by name: the built-in tables, then what plugins have added.
 */
#include <bramble/plugin.h>

#include <dlfcn.h>
#include <string.h>

enum { MAX_PLUGIN_ENTRIES = 256 };

static const bram_model *models[MAX_PLUGIN_ENTRIES];
static const bram_metric *metrics[MAX_PLUGIN_ENTRIES];
static const bram_loader *loaders[MAX_PLUGIN_ENTRIES];
static size_t model_count, metric_count, loader_count;

#define FIND(kind)                                                                                 \
    const bram_##kind *bram_##kind##_find(const char *name)                                        \
    {                                                                                              \
        for (size_t i = 0; bram_##kind##_table[i]; i++)                                            \
            if (strcmp(bram_##kind##_table[i]->name, name) == 0) return bram_##kind##_table[i];    \
        for (size_t i = 0; i < kind##_count; i++)                                                  \
            if (strcmp(kind##s[i]->name, name) == 0) return kind##s[i];                            \
        return NULL;                                                                               \
    }                                                                                              \
    const bram_##kind *bram_plugin_##kind(size_t i)                                                \
    {                                                                                              \
        return i < kind##_count ? kind##s[i] : NULL;                                               \
    }                                                                                              \
    static int add_##kind##s(bram_ctx *cx, const char *path, const bram_##kind *const *list)       \
    {                                                                                              \
        for (; list && *list; list++) {                                                            \
            if (bram_##kind##_find((*list)->name))                                                 \
                return bram_fail(cx, BRAM_EFORMAT, "%s: a " #kind " named %s exists already",      \
                                 path, (*list)->name);                                             \
            if (kind##_count == MAX_PLUGIN_ENTRIES)                                                \
                return bram_fail(cx, BRAM_EFORMAT, "%s: more than %d " #kind "s from plugins",     \
                                 path, MAX_PLUGIN_ENTRIES);                                        \
            kind##s[kind##_count++] = *list;                                                       \
        }                                                                                          \
        return BRAM_OK;                                                                            \
    }

FIND(model)
FIND(metric)
FIND(loader)

int bram_plugin_open(bram_ctx *cx, const char *path)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object)
        return bram_fail(cx, BRAM_EREAD, "%s: not a loadable shared object: %s", path, dlerror());
    const bram_plugin *plugin = dlsym(object, "bram_plugin_entry");
    int status = BRAM_OK;
    if (!plugin) status = bram_fail(cx, BRAM_EFORMAT, "%s: has no symbol bram_plugin_entry", path);
    else if (plugin->abi != BRAM_PLUGIN_ABI)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: plugin ABI %u, expected %d: build it again", path,
                           plugin->abi, BRAM_PLUGIN_ABI);
    if (status == BRAM_OK) status = add_loaders(cx, path, plugin->loaders);
    if (status == BRAM_OK) status = add_metrics(cx, path, plugin->metrics);
    if (status == BRAM_OK) status = add_models(cx, path, plugin->models);
    if (status != BRAM_OK && loader_count + metric_count + model_count == 0) dlclose(object);
    return status;
}
