/*
 * yaml.c - YAML through libcyaml; the only file that touches it. The schemas are tables; libcyaml
 * fills the structs of yaml.h by them. Its log is taken apart for the message.
 */
#include "yaml.h"

#include <assert.h>
#include <cyaml/cyaml.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "internal.h"
#include "names.h"
#include "nearest.h"

enum {
    FILE_LIMIT = 1 << 20,
    TEXT = 4096,
    ITEMS = 10000,
    MOST_KEYS = 200,
    SAID = 200,
    DEEPEST = 20
};

/* ---- schemas -------------------------------------------------------------------------------- */

#define NEEDED   CYAML_FLAG_POINTER
#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_value_t text_item = {CYAML_VALUE_STRING(NEEDED, char, 1, TEXT)};

static const cyaml_schema_field_t task_fields[] = {
    CYAML_FIELD_STRING_PTR("task", NEEDED, bram_yaml_benchmark, task, 1, TEXT), CYAML_FIELD_END};

static const cyaml_schema_field_t benchmark_fields[] = {
    CYAML_FIELD_STRING_PTR("name", NEEDED, bram_yaml_benchmark, name, 1, TEXT),
    CYAML_FIELD_INT("version", CYAML_FLAG_DEFAULT, bram_yaml_benchmark, version),
    CYAML_FIELD_STRING_PTR("title", NEEDED, bram_yaml_benchmark, title, 1, TEXT),
    CYAML_FIELD_STRING_PTR("task", NEEDED, bram_yaml_benchmark, task, 1, TEXT),
    CYAML_FIELD_STRING_PTR("dataset", NEEDED, bram_yaml_benchmark, dataset, 1, TEXT),
    CYAML_FIELD_STRING_PTR("citation", OPTIONAL, bram_yaml_benchmark, citation, 0, TEXT),
    CYAML_FIELD_STRING_PTR("truth", OPTIONAL, bram_yaml_benchmark, truth, 1, TEXT),
    CYAML_FIELD_STRING_PTR("no_truth", OPTIONAL, bram_yaml_benchmark, no_truth, 1, TEXT),
    CYAML_FIELD_STRING_PTR("public_sha256", OPTIONAL, bram_yaml_benchmark, public_sha256, 64, 64),
    CYAML_FIELD_STRING_PTR("truth_sha256", OPTIONAL, bram_yaml_benchmark, truth_sha256, 64, 64),
    CYAML_FIELD_SEQUENCE_COUNT("parts", OPTIONAL, bram_yaml_benchmark, parts, part_count,
                               &text_item, 0, ITEMS),
    CYAML_FIELD_SEQUENCE_COUNT("metrics", NEEDED, bram_yaml_benchmark, metrics, metric_count,
                               &text_item, 1, ITEMS),
    CYAML_FIELD_SEQUENCE_COUNT("models", OPTIONAL, bram_yaml_benchmark, models, model_count,
                               &text_item, 0, ITEMS),
    CYAML_FIELD_END};

static const cyaml_schema_field_t suite_fields[] = {
    CYAML_FIELD_STRING_PTR("name", NEEDED, bram_yaml_suite, name, 1, TEXT),
    CYAML_FIELD_STRING_PTR("title", NEEDED, bram_yaml_suite, title, 1, TEXT),
    CYAML_FIELD_SEQUENCE_COUNT("benchmarks", NEEDED, bram_yaml_suite, benchmarks, benchmark_count,
                               &text_item, 1, ITEMS),
    CYAML_FIELD_END};

static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_STRING_PTR("name", NEEDED, bram_yaml_file, name, 1, TEXT),
    CYAML_FIELD_STRING_PTR("sha256", OPTIONAL, bram_yaml_file, sha256, 64, 64),
    CYAML_FIELD_INT("bytes", CYAML_FLAG_OPTIONAL, bram_yaml_file, bytes),
    CYAML_FIELD_STRING_PTR("url", OPTIONAL, bram_yaml_file, url, 0, TEXT), CYAML_FIELD_END};

static const cyaml_schema_value_t file_item = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, bram_yaml_file, file_fields)};

static const cyaml_schema_field_t expect_fields[] = {
    CYAML_FIELD_INT("recordings", CYAML_FLAG_OPTIONAL, bram_yaml_expect, recordings),
    CYAML_FIELD_INT("responses", CYAML_FLAG_OPTIONAL, bram_yaml_expect, responses),
    CYAML_FIELD_INT("tables", CYAML_FLAG_OPTIONAL, bram_yaml_expect, tables),
    CYAML_FIELD_INT("neurons", CYAML_FLAG_OPTIONAL, bram_yaml_expect, neurons),
    CYAML_FIELD_INT("stimuli", CYAML_FLAG_OPTIONAL, bram_yaml_expect, stimuli),
    CYAML_FIELD_INT("mean_labeled", CYAML_FLAG_OPTIONAL, bram_yaml_expect, mean_labeled),
    CYAML_FIELD_INT("mean_recorded", CYAML_FLAG_OPTIONAL, bram_yaml_expect, mean_recorded),
    CYAML_FIELD_END};

static const cyaml_schema_field_t manifest_fields[] = {
    CYAML_FIELD_STRING_PTR("name", NEEDED, bram_yaml_manifest, name, 1, TEXT),
    CYAML_FIELD_STRING_PTR("title", NEEDED, bram_yaml_manifest, title, 1, TEXT),
    CYAML_FIELD_STRING_PTR("version", NEEDED, bram_yaml_manifest, version, 1, TEXT),
    CYAML_FIELD_STRING_PTR("doi", OPTIONAL, bram_yaml_manifest, doi, 0, TEXT),
    CYAML_FIELD_STRING_PTR("licence", NEEDED, bram_yaml_manifest, licence, 1, TEXT),
    CYAML_FIELD_STRING_PTR("citation", OPTIONAL, bram_yaml_manifest, citation, 0, TEXT),
    CYAML_FIELD_STRING_PTR("url", OPTIONAL, bram_yaml_manifest, url, 0, TEXT),
    CYAML_FIELD_STRING_PTR("source", OPTIONAL, bram_yaml_manifest, source, 0, TEXT),
    CYAML_FIELD_STRING_PTR("tried_on", OPTIONAL, bram_yaml_manifest, tried_on, 0, TEXT),
    CYAML_FIELD_SEQUENCE_COUNT("files", NEEDED, bram_yaml_manifest, files, file_count, &file_item,
                               0, ITEMS),
    CYAML_FIELD_MAPPING("expect", CYAML_FLAG_OPTIONAL, bram_yaml_manifest, expect, expect_fields),
    CYAML_FIELD_END};

static const cyaml_schema_field_t card_fields[] = {
    CYAML_FIELD_STRING_PTR("name", NEEDED, bram_yaml_card, name, 1, TEXT),
    CYAML_FIELD_SEQUENCE_COUNT("authors", NEEDED, bram_yaml_card, authors, author_count, &text_item,
                               1, ITEMS),
    CYAML_FIELD_STRING_PTR("licence", NEEDED, bram_yaml_card, licence, 1, TEXT),
    CYAML_FIELD_STRING_PTR("training_data", NEEDED, bram_yaml_card, training_data, 1, TEXT),
    CYAML_FIELD_STRING_PTR("link", NEEDED, bram_yaml_card, link, 1, TEXT),
    CYAML_FIELD_STRING_PTR("description", OPTIONAL, bram_yaml_card, description, 0, TEXT),
    CYAML_FIELD_STRING_PTR("citation", OPTIONAL, bram_yaml_card, citation, 0, TEXT),
    CYAML_FIELD_END};

static const cyaml_schema_value_t card_schema = {
    CYAML_VALUE_MAPPING(NEEDED, bram_yaml_card, card_fields)};

static const cyaml_schema_value_t task_schema = {
    CYAML_VALUE_MAPPING(NEEDED, bram_yaml_benchmark, task_fields)};
static const cyaml_schema_value_t suite_schema = {
    CYAML_VALUE_MAPPING(NEEDED, bram_yaml_suite, suite_fields)};
static const cyaml_schema_value_t manifest_schema = {
    CYAML_VALUE_MAPPING(NEEDED, bram_yaml_manifest, manifest_fields)};

/* ---- messages ------------------------------------------------------------------------------- */

/* What libcyaml said: its first complaint, and where it was. */
struct complaint {
    char what[SAID], field[64];
    long line;
    bool warned;
};

static void listen_to(cyaml_log_t level, void *user, const char *format, va_list args)
{
    struct complaint *c = user;
    char said[SAID];
    vsnprintf(said, sizeof said, format, args);
    said[strcspn(said, "\n")] = 0;
    const char *what = strncmp(said, "Load: ", 6) == 0 ? said + 6 : said;
    const char *line = strstr(said, "(line: "), *field = strstr(said, "in mapping field '");
    if (level == CYAML_LOG_WARNING) c->warned = true;
    if (strncmp(said, "  in ", 5) == 0) {
        if (line && !c->line) sscanf(line, "(line: %9ld", &c->line);
        if (field && !c->field[0]) sscanf(field, "in mapping field '%63[^']", c->field);
    } else if (!c->what[0] && strncmp(what, "Backtrace", 9) != 0) {
        memcpy(c->what, what, strlen(what) + 1);
    }
}

static void *allocate(void *user, void *memory, size_t bytes)
{
    (void)user;
    if (bytes) return bram_remalloc(memory, bytes);
    bram_free(memory);
    return NULL;
}

/* Adds the keys of a schema and of the mappings below it. */
static size_t gather_keys(const cyaml_schema_field_t *fields, const char **keys, size_t count)
{
    for (; fields->key && count < MOST_KEYS; fields++) {
        keys[count++] = fields->key;
        const cyaml_schema_value_t *v = &fields->value;
        if (v->type == CYAML_SEQUENCE) v = v->sequence.entry;
        if (v->type == CYAML_MAPPING) count = gather_keys(v->mapping.fields, keys, count);
    }
    return count;
}

/* Whether a line of `width` bytes has this key: as a whole word before a colon. */
static bool has_key(const char *line, size_t width, const char *key)
{
    size_t length = strlen(key);
    for (const char *hit = strstr(line, key); hit && hit < line + width;
         hit = strstr(hit + 1, key)) {
        char before = hit > line ? hit[-1] : ' ';
        if (strchr(" \t{,\"'", before) && hit[length] && strchr(": \t\"'", hit[length]))
            return true;
    }
    return false;
}

/* The line of a key, at or after the one that libcyaml names (where the value before it ended). */
static long line_of_key(const char *text, const char *key, long from)
{
    long line = 1;
    for (const char *p = text; *p; line++) {
        size_t width = strcspn(p, "\n");
        if (line >= from && has_key(p, width, key)) return line;
        p += width + (p[width] == '\n');
    }
    return from;
}

static int explain(bram_ctx *cx, const char *path, const char *text, const struct complaint *c,
                   const cyaml_schema_value_t *schema, cyaml_err_t error)
{
    static const char unexpected[] = "Unexpected key: ";
    if (error == CYAML_ERR_OOM) return bram_fail(cx, BRAM_ENOMEM, "%s: no memory", path);
    if (error == CYAML_ERR_INVALID_KEY &&
        strncmp(c->what, unexpected, sizeof unexpected - 1) == 0) {
        const char *keys[MOST_KEYS], *key = c->what + sizeof unexpected - 1;
        size_t count = gather_keys(schema->mapping.fields, keys, 0);
        const char *near = bram_nearest(key, keys, count, sizeof *keys);
        return bram_fail(cx, BRAM_EFORMAT, "%s: line %ld: unknown key \"%s\"%s%s%s", path,
                         line_of_key(text, key, c->line), key, near ? "; did you mean \"" : "",
                         near ? near : "", near ? "\"?" : "");
    }
    if (c->warned)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found more than one YAML document", path);
    bool list = strstr(c->what, "Expecting STRING, got event: SEQUENCE") != NULL;
    bool placed = c->line > 0, named = c->field[0] != 0 && error != CYAML_ERR_MAPPING_FIELD_MISSING;
    char where[40] = "";
    if (placed) snprintf(where, sizeof where, ": line %ld", c->line);
    return bram_fail(cx, BRAM_EFORMAT, "%s%s%s%s: %s%s", path, where, named ? ", key " : "",
                     named ? c->field : "", c->what[0] ? c->what : cyaml_strerror(error),
                     list ? " (a list of numbers is written 1+2+4)" : "");
}

/* ---- loading -------------------------------------------------------------------------------- */

static cyaml_config_t configure(struct complaint *c, bool lenient)
{
    return (cyaml_config_t){
        .log_fn = c ? listen_to : NULL,
        .log_ctx = c,
        .log_level = CYAML_LOG_WARNING,
        .mem_fn = allocate,
        .flags = (cyaml_cfg_flags_t)(CYAML_CFG_NO_ALIAS |
                                     (lenient ? CYAML_CFG_IGNORE_UNKNOWN_KEYS : 0))};
}

static void release(const cyaml_schema_value_t *schema, void *data)
{
    cyaml_config_t config = configure(NULL, false);
    if (data) cyaml_free(&config, schema, data, 0);
}

/* How deep brackets and the indicators of nested blocks ("- - -") go, quotes not heeded. The time
 * that libyaml takes grows with the square of it. */
static size_t depth_of(const unsigned char *text, size_t bytes)
{
    size_t depth = 0, blocks = 0, deepest = 0;
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = text[i];
        if (c == '[' || c == '{') depth++;
        else if ((c == ']' || c == '}') && depth) depth--;
        else if (c == '\n') blocks = 0;
        else if ((c == '-' || c == '?' || c == ':') && i + 1 < bytes && strchr(" \t", text[i + 1]))
            blocks++;
        if (depth + blocks > deepest) deepest = depth + blocks;
    }
    return deepest;
}

/* Loads text (with its final zero) into a new struct of the schema. */
static int load(bram_ctx *cx, void **out, const char *path, const unsigned char *text, size_t bytes,
                const cyaml_schema_value_t *schema, bool lenient)
{
    struct complaint c = {.line = 0};
    cyaml_config_t config = configure(&c, lenient);
    cyaml_data_t *data = NULL;
    if (memchr(text, 0, bytes)) return bram_fail(cx, BRAM_EFORMAT, "%s: found a zero byte", path);
    if (depth_of(text, bytes) > DEEPEST)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found nesting more than %d deep", path, DEEPEST);
    cyaml_err_t error = cyaml_load_data(text, bytes, &config, schema, &data, NULL);
    if (error == CYAML_OK && data && !c.warned) {
        *out = data;
        return BRAM_OK;
    }
    if (error == CYAML_OK) release(schema, data);
    if (error == CYAML_OK && !c.warned)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found no YAML document", path);
    return explain(cx, path, (const char *)text, &c, schema, error);
}

static int load_file(bram_ctx *cx, void **out, const char *path, const cyaml_schema_value_t *schema)
{
    unsigned char *text = NULL;
    size_t bytes = 0;
    BRAM_TRY(bram_file_read(cx, &text, &bytes, path, FILE_LIMIT));
    int status = load(cx, out, path, text, bytes, schema, false);
    bram_free(text);
    return status;
}

/* ---- benchmarks ----------------------------------------------------------------------------- */

/* A benchmark with the place that libcyaml puts the options into: a text or NULL for each in a
 * table. */
struct loaded {
    bram_yaml_benchmark benchmark;
    char **values;
};

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; texts && i < count; i++) bram_free(texts[i]);
    bram_free(texts);
}

void bram_yaml_benchmark_free(bram_yaml_benchmark *b)
{
    if (!b) return;
    char *texts[] = {b->name,  b->title,    b->task,          b->dataset,     b->citation,
                     b->truth, b->no_truth, b->public_sha256, b->truth_sha256};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) bram_free(texts[i]);
    free_texts(b->parts, b->part_count);
    free_texts(b->metrics, b->metric_count);
    free_texts(b->models, b->model_count);
    for (size_t i = 0; i < b->option_count; i++) {
        bram_free(b->options[i].key);
        bram_free(b->options[i].value);
    }
    bram_free(b->options);
    bram_free(b);
}

/* Moves the texts of the options into pairs. */
static int take_options(bram_ctx *cx, struct loaded *l, const bram_param *table, size_t count)
{
    bram_yaml_benchmark *b = &l->benchmark;
    if (!l->values) return BRAM_OK;
    b->options = bram_alloc(cx, count, sizeof *b->options);
    if (!b->options) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        if (!l->values[i]) continue;
        bram_yaml_option *o = &b->options[b->option_count];
        o->key = bram_strdup(cx, table[i].name);
        if (!o->key) return BRAM_ENOMEM;
        o->value = l->values[i];
        l->values[i] = NULL;
        b->option_count++;
    }
    return BRAM_OK;
}

/* The schema of the options of a task: one optional text for each entry of its table, then
 * the end. */
static void make_option_fields(cyaml_schema_field_t *fields, const bram_param *table, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fields[i] = (cyaml_schema_field_t){.key = table[i].name,
                                           .data_offset = (uint32_t)(i * sizeof(char *)),
                                           .value = {CYAML_VALUE_STRING(OPTIONAL, char, 0, TEXT)}};
}

static int load_benchmark(bram_ctx *cx, bram_yaml_benchmark **out, const char *path,
                          const unsigned char *text, size_t bytes, const bram_param *table)
{
    enum { FIXED = sizeof benchmark_fields / sizeof *benchmark_fields };
    size_t count = 0;
    while (table && table[count].name) count++;
    cyaml_schema_field_t *options = bram_scratch(cx, count + 1, sizeof *options);
    cyaml_schema_field_t *fields = bram_scratch(cx, FIXED + 1, sizeof *fields);
    if (!options || !fields) return BRAM_ENOMEM;
    make_option_fields(options, table, count);
    memcpy(fields, benchmark_fields, sizeof benchmark_fields);
    fields[FIXED - 1] = (cyaml_schema_field_t){
        .key = "options",
        .data_offset = offsetof(struct loaded, values),
        .value = {.type = CYAML_MAPPING,
                  .flags = (enum cyaml_flag)OPTIONAL,
                  .data_size = (uint32_t)((count + 1) * sizeof(char *)),
                  .mapping = {options}}};
    cyaml_schema_value_t schema = {CYAML_VALUE_MAPPING(NEEDED, struct loaded, fields)};

    void *data = NULL;
    BRAM_TRY(load(cx, &data, path, text, bytes, &schema, false));
    struct loaded *l = data;
    assert(l);
    int status = take_options(cx, l, table, count);
    free_texts(l->values, count);
    l->values = NULL;
    if (status != BRAM_OK) bram_yaml_benchmark_free(&l->benchmark);
    else *out = &l->benchmark;
    return status;
}

static int find_table(bram_ctx *cx, const bram_param **table, const char *path,
                      const unsigned char *text, size_t bytes, bram_yaml_table_fn *table_of,
                      void *user)
{
    void *data = NULL;
    BRAM_TRY(load(cx, &data, path, text, bytes, &task_schema, true));
    assert(data);
    const char *task = ((bram_yaml_benchmark *)data)->task;
    int status = BRAM_OK;
    if (!table_of(user, task, table))
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s: line %ld, key task: found \"%s\", expected a known task", path,
                           line_of_key((const char *)text, "task", 1), task);
    release(&task_schema, data);
    return status;
}

int bram_yaml_benchmark_read(bram_ctx *cx, bram_yaml_benchmark **out, const char *path,
                             bram_yaml_table_fn *table_of, void *user)
{
    unsigned char *text = NULL;
    size_t bytes = 0, mark = bram_scratch_mark(cx);
    const bram_param *table = NULL;
    BRAM_TRY(bram_file_read(cx, &text, &bytes, path, FILE_LIMIT));
    int status = find_table(cx, &table, path, text, bytes, table_of, user);
    if (status == BRAM_OK) status = load_benchmark(cx, out, path, text, bytes, table);
    bram_free(text);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- suites and manifests ------------------------------------------------------------------- */

int bram_yaml_suite_read(bram_ctx *cx, bram_yaml_suite **out, const char *path)
{
    void *data = NULL;
    BRAM_TRY(load_file(cx, &data, path, &suite_schema));
    *out = data;
    return BRAM_OK;
}

void bram_yaml_suite_free(bram_yaml_suite *s)
{
    release(&suite_schema, s);
}

static int check_file(bram_ctx *cx, const char *path, const bram_yaml_file *f)
{
    if (!bram_name_stays_inside(f->name))
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: files: found name \"%s\", expected a path below the folder", path,
                         f->name);
    if (f->sha256 && strspn(f->sha256, "0123456789abcdef") != 64)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: file %s: found sha256 \"%s\", expected 64 small hex digits", path,
                         f->name, f->sha256);
    if (f->bytes < 0)
        return bram_fail(cx, BRAM_EFORMAT, "%s: file %s: found %lld bytes, expected 1 or more",
                         path, f->name, (long long)f->bytes);
    return BRAM_OK;
}

int bram_yaml_manifest_read(bram_ctx *cx, bram_yaml_manifest **out, const char *path)
{
    void *data = NULL;
    BRAM_TRY(load_file(cx, &data, path, &manifest_schema));
    bram_yaml_manifest *m = data;
    assert(m);
    int status = BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < m->file_count; i++)
        status = check_file(cx, path, &m->files[i]);
    if (status != BRAM_OK) bram_yaml_manifest_free(m);
    else *out = m;
    return status;
}

void bram_yaml_manifest_free(bram_yaml_manifest *m)
{
    release(&manifest_schema, m);
}

/* ---- cards ---------------------------------------------------------------------------------- */

int bram_yaml_card_parse(bram_ctx *cx, bram_yaml_card **out, const char *name, const char *text)
{
    void *data = NULL;
    size_t bytes = strlen(text);
    if (bytes > FILE_LIMIT)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %zu bytes, expected at most %d", name, bytes,
                         (int)FILE_LIMIT);
    BRAM_TRY(load(cx, &data, name, (const unsigned char *)text, bytes, &card_schema, false));
    int status = bram_yaml_card_check(cx, data, name);
    if (status == BRAM_OK) *out = data;
    else bram_yaml_card_free(data);
    return status;
}

void bram_yaml_card_free(bram_yaml_card *card)
{
    release(&card_schema, card);
}
