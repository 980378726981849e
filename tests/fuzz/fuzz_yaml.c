/* fuzz_yaml.c - core/yaml.c: the input as a benchmark definition, a suite and a manifest. */
#include "fuzz.h"
#include "yaml.h"

#include <string.h>

static bool table_of(void *user, const char *task, const bram_param **table)
{
    static const bram_param params[] = {
        {"horizons", BRAM_PARAM_INTEGERS, "1", NULL, 1, 100, "steps ahead"},
        {"split", BRAM_PARAM_CHOICE, "blocks", "blocks|animals", 0, 0, "what is held out"},
        {.name = NULL}};
    (void)user;
    *table = strcmp(task, "plain") == 0 ? NULL : params;
    return strcmp(task, "forecast") == 0 || strcmp(task, "plain") == 0;
}

void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size)
{
    const char *path = fuzz_file(bytes, size);
    bram_yaml_benchmark *benchmark = NULL;
    bram_yaml_suite *suite = NULL;
    bram_yaml_manifest *manifest = NULL;
    if (fuzz_ok(cx, bram_yaml_benchmark_read(cx, &benchmark, path, table_of, NULL))) {
        fuzz_need(benchmark->name && benchmark->title && benchmark->task && benchmark->dataset);
        fuzz_need(benchmark->metric_count > 0);
    }
    if (fuzz_ok(cx, bram_yaml_suite_read(cx, &suite, path))) fuzz_need(suite->benchmark_count > 0);
    if (fuzz_ok(cx, bram_yaml_manifest_read(cx, &manifest, path)))
        for (size_t i = 0; i < manifest->file_count; i++)
            fuzz_need(strlen(manifest->files[i].sha256) == 64 && manifest->files[i].bytes > 0);
    bram_yaml_benchmark_free(benchmark);
    bram_yaml_suite_free(suite);
    bram_yaml_manifest_free(manifest);
}
