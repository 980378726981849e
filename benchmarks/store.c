/*
 * store.c - cells and plans of a results folder, by name and key.
 */
#include "store.h"

#include "buffer.h"
#include "file.h"
#include "folder.h"
#include "hash.h"
#include "linalg.h"
#include "scores.h"
#include "cell_summary.h"
#include "variation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *bram_state_name(bram_state s)
{
    static const char *const names[] = {"not run", "scored", "failed", "not applicable"};
    return names[s];
}

void bram_plan_release(bram_plan *p)
{
    for (size_t i = 0; i < p->cells; i++) {
        bram_free(p->cell[i].part);
        bram_free(p->cell[i].model);
    }
    bram_free(p->cell);
    *p = (bram_plan){0};
}

/* ---- keys ----------------------------------------------------------------------------------- */

/* The version of the code behind a metric's spec string ("median r2:..."). */
static unsigned metric_version(const char *spec)
{
    const char *space = strchr(spec, ' ');
    if (space) spec = space + 1;
    char name[128];
    size_t length = bram_spec_name_length(spec);
    if (length >= sizeof name) return 0;
    memcpy(name, spec, length);
    name[length] = 0;
    const bram_metric *metric = bram_metric_find(name);
    return metric ? metric->version : 0;
}

static int add_benchmark(bram_ctx *cx, bram_hash *h, const bram_benchmark *b)
{
    const bram_task *task = bram_task_find(b->task);
    BRAM_TRY(bram_hash_add_u64(cx, h, BRAM_SCORES_VERSION));
    BRAM_TRY(bram_hash_add_text(cx, h, b->name));
    if (b->variation) BRAM_TRY(bram_hash_add_u64(cx, h, BRAM_VARIATION_VERSION));
    BRAM_TRY(bram_hash_add_u64(cx, h, (uint64_t)b->version));
    BRAM_TRY(bram_hash_add_text(cx, h, b->task));
    BRAM_TRY(bram_hash_add_u64(cx, h, task ? task->version : 0));
    BRAM_TRY(bram_hash_add_text(cx, h, bram_options_canonical(b->options)));
    BRAM_TRY(bram_hash_add_u64(cx, h, b->metric_count));
    for (size_t i = 0; i < b->metric_count; i++) {
        BRAM_TRY(bram_hash_add_text(cx, h, b->metrics[i]));
        BRAM_TRY(bram_hash_add_u64(cx, h, metric_version(b->metrics[i])));
    }
    return BRAM_OK;
}

int bram_cell_key(bram_ctx *cx, char key[65], const bram_benchmark *b, const char *dataset_hash,
                  const char *part, const char *model, uint64_t seed)
{
    bram_entrant entrant;
    BRAM_TRY(bram_entrant_find(cx, &entrant, b, model));
    int status = bram_cell_key_of(cx, key, b, dataset_hash, part, &entrant, seed);
    bram_free(entrant.canonical);
    return status;
}

int bram_cell_key_of(bram_ctx *cx, char key[65], const bram_benchmark *b, const char *dataset_hash,
                     const char *part, const bram_entrant *entrant, uint64_t seed)
{
    bram_hash *h = NULL;
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = bram_hash_add_text(cx, h, "bramble cell 1");
    if (status == BRAM_OK) status = add_benchmark(cx, h, b);
    if (status == BRAM_OK) status = bram_hash_add_text(cx, h, dataset_hash);
    if (status == BRAM_OK) status = bram_hash_add_text(cx, h, part);
    if (status == BRAM_OK) status = bram_hash_add_text(cx, h, entrant->canonical);
    if (status == BRAM_OK) status = bram_hash_add_u64(cx, h, entrant->version);
    if (status == BRAM_OK) status = bram_hash_add_text(cx, h, entrant->content);
    if (status == BRAM_OK) status = bram_hash_add_u64(cx, h, seed);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, key);
    bram_hash_free(h);
    return status;
}

/* ---- folders -------------------------------------------------------------------------------- */

static const char *const below[] = {"cells", "plans", "summaries"};

enum { FOLDERS = sizeof below / sizeof *below };

int bram_store_make(bram_ctx *cx, const char *dir)
{
    int status = BRAM_OK;
    for (size_t i = 0; i < FOLDERS && status == BRAM_OK; i++) {
        char *path = bram_strf(cx, "%s/%s", dir, below[i]);
        status = path ? bram_folder_make(cx, path) : BRAM_ENOMEM;
        bram_free(path);
    }
    if (status == BRAM_OK) bram_store_sweep(cx, dir);
    return status;
}

void bram_store_sweep(bram_ctx *cx, const char *dir)
{
    for (size_t i = 0; i < FOLDERS; i++) {
        char *path = bram_strf(cx, "%s/%s", dir, below[i]);
        if (path) bram_file_remove_orphans(path);
        bram_free(path);
    }
}

int bram_store_summarize(bram_ctx *cx, const char *dir, const char *benchmark)
{
    return bram_store_summarize_from(cx, dir, benchmark, NULL, 0);
}

int bram_store_summarize_from(bram_ctx *cx, const char *dir, const char *benchmark,
                              const char *const *from, size_t count)
{
    int status = bram_cell_summary_write(cx, dir, benchmark, from, count);
    if (status == BRAM_OK || status == BRAM_ECANCEL) return status;
    bram_note(cx, "no summary for fast tables: %s", bram_ctx_message(cx));
    return BRAM_OK;
}

bool bram_store_has(bram_ctx *cx, const char *dir, const char *key)
{
    char *path = bram_strf(cx, "%s/cells/%s.h5", dir, key);
    bool has = path && access(path, R_OK) == 0;
    bram_free(path);
    return has;
}

/* ---- cells ---------------------------------------------------------------------------------- */

/* The versions of code that go into the key: "scores 5; task forecast 2; model ar 3; metric mse 1".
 */
static int set_versions(bram_ctx *cx, bram_attrs *a, const bram_benchmark *b, const char *spec)
{
    bram_buffer text = {0};
    const bram_task *task = bram_task_find(b->task);
    int n = (int)bram_spec_name_length(spec);
    char *name = bram_strf(cx, "%.*s", n, spec);
    const bram_model *model = name ? bram_model_find(name) : NULL;
    bram_buffer_putf(&text, "scores %d; task %s %u", (int)BRAM_SCORES_VERSION, b->task,
                     task ? task->version : 0);
    if (model) bram_buffer_putf(&text, "; model %s %u", name, model->version);
    if (b->variation) bram_buffer_putf(&text, "; variations %d", (int)BRAM_VARIATION_VERSION);
    for (size_t i = 0; i < b->metric_count; i++)
        bram_buffer_putf(&text, "; metric %s %u", b->metrics[i], metric_version(b->metrics[i]));
    int status = name ? bram_buffer_status(cx, &text) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_attrs_set_text(cx, a, "versions", bram_buffer_text(&text));
    bram_buffer_release(&text);
    bram_free(name);
    return status;
}

static int identify(bram_ctx *cx, bram_attrs *a, const bram_plan *plan, const bram_planned *cell,
                    bram_state state, const char *reason)
{
    const bram_benchmark *b = plan->benchmark;
    const char *const text[][2] = {{"content", "bramble-cell"},
                                   {"state", bram_state_name(state)},
                                   {"reason", reason},
                                   {"benchmark", b->name},
                                   {"benchmark_title", b->title},
                                   {"task", b->task},
                                   {"options", bram_options_canonical(b->options)},
                                   {"dataset", b->dataset},
                                   {"dataset_hash", plan->dataset_hash},
                                   {"part", cell->part},
                                   {"model", cell->model},
                                   {"key", cell->key},
                                   {"code_version", bram_version()},
                                   {"blas_core", bram_blas_core()}};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        BRAM_TRY(bram_attrs_set_text(cx, a, text[i][0], text[i][1]));
    BRAM_TRY(set_versions(cx, a, b, cell->model));
    BRAM_TRY(bram_attrs_set_integer(cx, a, "benchmark_version", b->version));
    return bram_attrs_set_integer(cx, a, "seed", (int64_t)cell->seed);
}

int bram_store_put(bram_ctx *cx, const char *dir, const bram_plan *plan, const bram_planned *cell,
                   bram_state state, const char *reason, bram_dataset *data)
{
    int status = BRAM_OK;
    if (!data) status = bram_dataset_new(cx, &data);
    bram_attrs *attrs = status == BRAM_OK ? bram_dataset_attrs(cx, data, "") : NULL;
    if (status == BRAM_OK && !attrs) status = BRAM_ENOMEM;
    if (status == BRAM_OK) status = identify(cx, attrs, plan, cell, state, reason);
    char *path = bram_strf(cx, "%s/cells/%s.h5", dir, cell->key);
    if (status == BRAM_OK && !path) status = BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_dataset_write(cx, data, path, true);
    bram_free(path);
    bram_dataset_free(data);
    return status;
}

/* ---- plans ---------------------------------------------------------------------------------- */

/* Two plans are of the same thing when definition and dataset are: then their cells are one list.
 */
static int plan_identity(bram_ctx *cx, char hex[65], const bram_plan *plan)
{
    bram_hash *h = NULL;
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = add_benchmark(cx, h, plan->benchmark);
    if (status == BRAM_OK) status = bram_hash_add_text(cx, h, plan->dataset_hash);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    return status;
}

/* The rows of a plan's table of cells. */
struct columns {
    const char **key, **part, **model;
    int64_t *seed;
    size_t count;
};

static int reserve(bram_ctx *cx, struct columns *c, size_t most)
{
    *c = (struct columns){0};
    c->key = bram_scratch(cx, most, sizeof *c->key);
    c->part = bram_scratch(cx, most, sizeof *c->part);
    c->model = bram_scratch(cx, most, sizeof *c->model);
    c->seed = bram_scratch(cx, most, sizeof *c->seed);
    return c->key && c->part && c->model && c->seed ? BRAM_OK : BRAM_ENOMEM;
}

static void add_row(struct columns *c, const char *key, const char *part, const char *model,
                    int64_t seed)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->key[i], key) == 0) return;
    c->key[c->count] = key;
    c->part[c->count] = part;
    c->model[c->count] = model;
    c->seed[c->count++] = seed;
}

/* Whether a plan has this cell under another key: its model's files, or code, are others now. */
static bool is_outdated(const bram_plan *plan, const char *key, const char *part, const char *model,
                        int64_t seed)
{
    for (size_t i = 0; plan && i < plan->cells; i++) {
        const bram_planned *p = &plan->cell[i];
        if ((int64_t)p->seed == seed && strcmp(p->part, part) == 0 && strcmp(p->model, model) == 0)
            return strcmp(p->key, key) != 0;
    }
    return false;
}

/* The rows of the table of an earlier plan; a table that is not one adds nothing.
 * plan: what is planned now; NULL: nothing */
static void add_table(struct columns *c, const bram_axis *table, const bram_plan *plan)
{
    const bram_column *part = bram_axis_column(table, "part");
    const bram_column *model = bram_axis_column(table, "model");
    const bram_column *seed = bram_axis_column(table, "seed");
    if (!part || !model || !seed || !part->text || !model->text || !seed->integer) return;
    for (size_t i = 0; i < bram_axis_length(table); i++)
        if (!is_outdated(plan, bram_axis_id(table, i), part->text[i], model->text[i],
                         seed->integer[i]))
            add_row(c, bram_axis_id(table, i), part->text[i], model->text[i], seed->integer[i]);
}

static int variation_words(bram_ctx *cx, bram_attrs *a, const bram_variation *v)
{
    const char *const text[][2] = {{"variation_of", v->base},
                                   {"variation_kind", v->kind},
                                   {"variation_label", v->label},
                                   {"variation_axis", v->axis ? v->axis : ""},
                                   {"variation_generator", v->generator ? v->generator : ""}};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        BRAM_TRY(bram_attrs_set_text(cx, a, text[i][0], text[i][1]));
    BRAM_TRY(bram_attrs_set_number(cx, a, "variation_amount", v->amount));
    return bram_attrs_set_integer(cx, a, "variation_draw", (int64_t)v->draw);
}

static int plan_words(bram_ctx *cx, bram_dataset *ds, const bram_plan *plan, const char *identity)
{
    const bram_benchmark *b = plan->benchmark;
    bram_attrs *a = bram_dataset_attrs(cx, ds, "");
    if (!a) return BRAM_ENOMEM;
    const char *const text[][2] = {{"content", "bramble-plan"},
                                   {"identity", identity},
                                   {"benchmark", b->name},
                                   {"title", b->title},
                                   {"task", b->task},
                                   {"dataset", b->dataset},
                                   {"dataset_hash", plan->dataset_hash},
                                   {"citation", b->citation},
                                   {"options", bram_options_canonical(b->options)}};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        BRAM_TRY(bram_attrs_set_text(cx, a, text[i][0], text[i][1]));
    BRAM_TRY(bram_attrs_set_integer(cx, a, "version", b->version));
    if (b->variation) BRAM_TRY(variation_words(cx, a, b->variation));
    bram_axis *metrics = NULL;
    BRAM_TRY(bram_axis_new(cx, &metrics, "metrics", b->metric_count));
    int status = bram_axis_set_ids(cx, metrics, (const char *const *)b->metrics);
    if (status != BRAM_OK) {
        bram_axis_free(metrics);
        return status;
    }
    return bram_dataset_add_table(cx, ds, "", metrics);
}

static int plan_table(bram_ctx *cx, bram_dataset *ds, const struct columns *c)
{
    bram_axis *table = NULL;
    BRAM_TRY(bram_axis_new(cx, &table, "cell", c->count));
    int status = bram_axis_set_ids(cx, table, c->key);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "part", c->part);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "model", c->model);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, table, "seed", c->seed);
    if (status != BRAM_OK) {
        bram_axis_free(table);
        return status;
    }
    return bram_dataset_add_table(cx, ds, "", table);
}

/* The cells of a plan file of the same definition and dataset; NULL for another's. */
static const bram_axis *cells_of(const bram_dataset *file, const char *identity)
{
    const bram_attrs *a = bram_dataset_find_attrs(file, "");
    const char *was = a ? bram_attrs_text(a, "identity") : NULL;
    return was && strcmp(was, identity) == 0 ? bram_dataset_table(file, "cell") : NULL;
}

int bram_store_put_plan(bram_ctx *cx, const char *dir, const bram_plan *plan)
{
    char identity[65];
    BRAM_TRY(plan_identity(cx, identity, plan));
    char *path = bram_strf(cx, "%s/plans/%s.h5", dir, plan->benchmark->name);
    if (!path) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    bram_dataset *old = NULL, *ds = NULL;
    int status = BRAM_OK;
    if (access(path, R_OK) == 0) status = bram_dataset_open(cx, &old, path);
    const bram_axis *before = old ? cells_of(old, identity) : NULL;
    struct columns c;
    if (status == BRAM_OK)
        status = reserve(cx, &c, plan->cells + (before ? bram_axis_length(before) : 0));
    if (status == BRAM_OK && before) add_table(&c, before, plan);
    for (size_t i = 0; status == BRAM_OK && i < plan->cells; i++)
        add_row(&c, plan->cell[i].key, plan->cell[i].part, plan->cell[i].model,
                (int64_t)plan->cell[i].seed);
    if (status == BRAM_OK) status = bram_dataset_new(cx, &ds);
    if (status == BRAM_OK) status = plan_words(cx, ds, plan, identity);
    if (status == BRAM_OK) status = plan_table(cx, ds, &c);
    if (status == BRAM_OK) status = bram_dataset_write(cx, ds, path, true);
    bram_dataset_free(ds);
    bram_dataset_free(old);
    bram_free(path);
    bram_scratch_release(cx, mark);
    return status;
}

/* A new dataset with the words of one plan file and the cells of two. */
static int join(bram_ctx *cx, bram_dataset **out, const bram_dataset *a, const bram_dataset *b,
                const char *identity)
{
    const bram_axis *cells = cells_of(a, identity), *more = cells_of(b, identity);
    if (!cells || !more)
        return bram_fail(cx, BRAM_EFORMAT, "the plans are of different definitions or datasets");
    struct columns c;
    BRAM_TRY(reserve(cx, &c, bram_axis_length(cells) + bram_axis_length(more)));
    add_table(&c, cells, NULL);
    add_table(&c, more, NULL);
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_dataset_new(cx, &ds));
    bram_attrs *to = bram_dataset_attrs(cx, ds, "");
    const bram_axis *metrics = bram_dataset_table(a, "metrics");
    int status = to ? bram_attrs_copy(cx, to, bram_dataset_find_attrs(a, "")) : BRAM_ENOMEM;
    if (status == BRAM_OK && metrics)
        status = bram_dataset_add_table(cx, ds, "", bram_axis_ref(metrics));
    if (status == BRAM_OK) status = plan_table(cx, ds, &c);
    if (status == BRAM_OK) *out = ds;
    else bram_dataset_free(ds);
    return status;
}

int bram_store_join_plans(bram_ctx *cx, const char *target, const char *source)
{
    bram_dataset *a = NULL, *b = NULL, *joined = NULL;
    size_t mark = bram_scratch_mark(cx);
    int status = bram_dataset_open(cx, &a, target);
    if (status == BRAM_OK) status = bram_dataset_open(cx, &b, source);
    const bram_attrs *words = a ? bram_dataset_find_attrs(a, "") : NULL;
    const char *identity = words ? bram_attrs_text(words, "identity") : NULL;
    if (status == BRAM_OK) status = join(cx, &joined, a, b, identity ? identity : "");
    if (status == BRAM_OK) status = bram_dataset_write(cx, joined, target, true);
    if (status != BRAM_OK) bram_fail_prefix(cx, status, "%s and %s", target, source);
    bram_dataset_free(joined);
    bram_dataset_free(a);
    bram_dataset_free(b);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- the log -------------------------------------------------------------------------------- */

void bram_store_log(bram_ctx *cx, const char *dir, const char *key, bram_state state,
                    double seconds)
{
    char host[65] = "", when[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    gethostname(host, sizeof host - 1);
    for (char *c = host; *c; c++)
        if (*c == '"' || *c == '\\') *c = '_';
    if (gmtime_r(&now, &utc)) strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    char *path = bram_strf(cx, "%s/log.jsonl", dir);
    char *line = bram_strf(cx,
                           "{\"time\":\"%s\",\"host\":\"%s\",\"key\":\"%s\",\"state\":\"%s\","
                           "\"seconds\":%.3f,\"blas\":\"%s\"}\n",
                           when, host, key, bram_state_name(state), seconds, bram_blas_core());
    int fd = path && line ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    if (fd >= 0) {
        ssize_t written = write(fd, line, strlen(line));
        (void)written;
        close(fd);
    }
    bram_free(path);
    bram_free(line);
}
