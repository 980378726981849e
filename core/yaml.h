/*
 * yaml.h - the kinds of YAML files of the product, read against their schemas: benchmark
 * definitions, suites, dataset manifests, cards of models.
 *
 * A key that the schema does not have, a missing key, a key given twice and a value of another kind
 * are errors that say file, line, key, what was found and what was expected. Files are 1 MiB at
 * most; aliases and second documents are refused.
 */
#ifndef BRAMBLE_CORE_YAML_H
#define BRAMBLE_CORE_YAML_H

#include <bramble/spec.h>

/** One option of a benchmark as written. */
typedef struct bram_yaml_option {
    char *key, *value;
} bram_yaml_option;

/**
 * name: worm_forecast            required, as are version, title, task, dataset and metrics
 * version: 1
 * title: Forecast of neurons
 * task: forecast
 * dataset: kato2015
 * citation: Kato et al. 2015
 * parts: [worm1, worm2]
 * metrics: ["r2:average=units", pearson]
 * models: [persistence, "ar:lags=5"]
 * truth: true-worm               of made data: the model that is right by construction
 * no_truth: no model is right    or why there is none
 * public_sha256: 0f3a...         of a challenge: the content hashes of its two datasets
 * truth_sha256: 91bc...
 * options:                       keys by the task's table; lists as in spec strings
 *   horizons: 1+2+4
 */
typedef struct bram_yaml_benchmark {
    int64_t version;
    char *name, *title, *task, *dataset;
    char *citation, *truth, *no_truth;  /* NULL when absent */
    char *public_sha256, *truth_sha256; /* the same */
    char **parts, **metrics, **models;
    size_t part_count, metric_count, model_count;
    bram_yaml_option *options; /* those that the file states, in the order of the table */
    size_t option_count;
} bram_yaml_benchmark;

/**
 * Finds the options of a task. @return false for an unknown task; *table may be NULL: no options
 */
typedef bool bram_yaml_table_fn(void *user, const char *task, const bram_param **table);

/**
 * Reads a benchmark definition. The values of options are not checked: bram_options_set does that.
 *
 * @return BRAM_OK; BRAM_EREAD; BRAM_EFORMAT; BRAM_ENOMEM
 */
int bram_yaml_benchmark_read(bram_ctx *cx, bram_yaml_benchmark **out, const char *path,
                             bram_yaml_table_fn *table_of, void *user) BRAM_MUST_CHECK;
void bram_yaml_benchmark_free(bram_yaml_benchmark *b);

/** name: worm, title: ..., benchmarks: [worm_forecast, worm_identity]; all required */
typedef struct bram_yaml_suite {
    char *name, *title;
    char **benchmarks;
    size_t benchmark_count;
} bram_yaml_suite;

int bram_yaml_suite_read(bram_ctx *cx, bram_yaml_suite **out, const char *path) BRAM_MUST_CHECK;
void bram_yaml_suite_free(bram_yaml_suite *s);

/**
 * One file of a manifest: a relative path without ".."; 64 hex digits, its size and its address,
 * each of which may be unknown: NULL, 0, NULL.
 */
typedef struct bram_yaml_file {
    char *name, *sha256, *url;
    int64_t bytes;
} bram_yaml_file;

/** What an import of the files gives; 0 where the manifest says nothing. */
typedef struct bram_yaml_expect {
    int64_t recordings, responses, tables, neurons, stimuli;
    int64_t mean_labeled,
        mean_recorded; /* traces of a recording, as published figures count them */
} bram_yaml_expect;

/** name, title, version, licence, files are required; the other texts are NULL when absent. */
typedef struct bram_yaml_manifest {
    char *name, *title, *version, *doi, *licence, *citation, *url;
    char *source;   /* the loader's spec string */
    char *tried_on; /* what the loader was tried on of these files, where that is less than what it
                       was tried on at all: "described files"; NULL */
    bram_yaml_file *files;
    size_t file_count;
    bram_yaml_expect expect;
} bram_yaml_manifest;

int bram_yaml_manifest_read(bram_ctx *cx, bram_yaml_manifest **out,
                            const char *path) BRAM_MUST_CHECK;
void bram_yaml_manifest_free(bram_yaml_manifest *m);

/** What the authors of a submitted model say of it; description and citation may be NULL. */
typedef struct bram_yaml_card {
    char *name, *licence, *training_data, *link, *description, *citation;
    char **authors;
    size_t author_count;
} bram_yaml_card;

/** From a text with its final zero, and checked; name stands in messages. */
int bram_yaml_card_parse(bram_ctx *cx, bram_yaml_card **out, const char *name,
                         const char *text) BRAM_MUST_CHECK;
void bram_yaml_card_free(bram_yaml_card *card);

/**
 * Whether its texts can be shown: none is blank or holds control characters (line ends but in
 * training_data, description and citation), the link is one of the web.
 *
 * @return BRAM_OK; BRAM_EFORMAT
 */
int bram_yaml_card_check(bram_ctx *cx, const bram_yaml_card *card,
                         const char *name) BRAM_MUST_CHECK;

#endif
