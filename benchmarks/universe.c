/*
 * universe.c - the universes of each task; see universe.h.
 */
#include "universe.h"

#include "scoring.h"

#include <string.h>

enum { MOST = 24, OPTIONS = 6 };

/* What may be chosen otherwise in a task. Settings are options "key=value,key=value". */
struct choices {
    const char *task;
    const char *comparator[MOST];
    const char *normalization[OPTIONS];
    const char *split[OPTIONS];
};

#define TIME_SPLITS                                                                                \
    "train=0.5,validation=0.2", "train=0.7,validation=0.1", "train=0.4,validation=0.3"

/* For geometry the estimator of the RDM is the normalization of patterns: "correlation" takes mean
 * and deviation out, "cosine" the length, "euclidean" nothing. */
static const struct choices table[] = {
    {"forecast",
     {"skill:over=pooled", "mse", "mae", "r2", "median r2", "pearson", "median pearson"},
     {NULL},
     {TIME_SPLITS}},
    {"cosmooth",
     {"r2", "median r2", "pearson", "mse", "mae"},
     {"scale=z", "scale=none"},
     {TIME_SPLITS}},
    {"decode", {"r2", "pearson", "mse", "mae"}, {NULL}, {TIME_SPLITS}},
    {"density", {"loglik", "median loglik"}, {NULL}, {TIME_SPLITS}},
    {"graph", {"auroc", "average-precision"}, {NULL}, {TIME_SPLITS}},
    {"states", {"ari", "nmi", "state-accuracy"}, {NULL}, {TIME_SPLITS}},
    {"encoding",
     {"pearson:constant=zero", "median pearson:constant=zero", "r2", "median r2",
      "explained-variance", "mse"},
     {"score=pooled", "score=folds"},
     {"folds=2", "folds=10", "seed=1", "seed=2"}},
    {"geometry",
     {"rsa:rdm=correlation,compare=pearson", "rsa:rdm=correlation,compare=spearman",
      "rsa:rdm=correlation,compare=cosine", "rsa:rdm=correlation,compare=tau-a",
      "rsa:rdm=correlation,compare=corr_cov", "rsa:rdm=euclidean,compare=pearson",
      "rsa:rdm=euclidean,compare=spearman", "rsa:rdm=euclidean,compare=cosine",
      "rsa:rdm=euclidean,compare=tau-a", "rsa:rdm=euclidean,compare=corr_cov",
      "rsa:rdm=cosine,compare=pearson", "rsa:rdm=cosine,compare=spearman",
      "rsa:rdm=cosine,compare=cosine", "rsa:rdm=cosine,compare=tau-a",
      "rsa:rdm=cosine,compare=corr_cov", "cka", "trsa:rdm=correlation"},
     {NULL},
     {NULL}},
    {"neurons",
     {"rsa:rdm=correlation,compare=pearson", "rsa:rdm=correlation,compare=spearman",
      "rsa:rdm=correlation,compare=cosine", "rsa:rdm=correlation,compare=tau-a",
      "rsa:rdm=euclidean,compare=pearson", "rsa:rdm=euclidean,compare=spearman",
      "rsa:rdm=euclidean,compare=cosine", "rsa:rdm=euclidean,compare=tau-a",
      "trsa:rdm=correlation"},
     {NULL},
     {NULL}},
    {"time-resolved",
     {"pearson:constant=zero", "median pearson:constant=zero", "r2", "median r2", "mse"},
     {NULL},
     {"folds=2", "folds=10", "seed=1", "seed=2"}},
    {"psth", {"r2", "median r2", "pearson", "mse", "mae"}, {NULL}, {TIME_SPLITS}},
    {"vessels",
     {"accuracy", "accuracy:balanced=yes"},
     {NULL},
     {"test=0.2", "split_seed=1", "split_seed=2"}},
    {"links",
     {"auroc", "average-precision", "mrr"},
     {NULL},
     {"scheme=random", "scheme=degree", "split_seed=1", "split_seed=2"}},
};

static const struct choices *find(const char *task)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].task, task) == 0) return &table[i];
    return NULL;
}

/* Sets "key=value,key=value". @return 1 in *other when an option is not what it was */
static int set_options(bram_ctx *cx, bram_options *o, const char *settings, bool *other)
{
    char key[64], value[64];
    for (const char *at = settings; at && *at;) {
        size_t k = strcspn(at, "="), v = strcspn(at + k + 1, ",");
        if (k >= sizeof key || v >= sizeof value) return BRAM_EINTERNAL;
        memcpy(key, at, k), key[k] = 0;
        memcpy(value, at + k + 1, v), value[v] = 0;
        char *before = bram_strdup(cx, bram_options_canonical(o));
        if (!before) return BRAM_ENOMEM;
        int status = bram_options_set(cx, o, key, value);
        if (status == BRAM_OK) *other |= strcmp(before, bram_options_canonical(o)) != 0;
        bram_free(before);
        BRAM_TRY(status);
        at += k + 1 + v;
        at += *at == ',';
    }
    return BRAM_OK;
}

/* Whether a metric of these is, in full, the one of this spec. */
static int has_metric(bram_ctx *cx, bool *out, const bram_benchmark *c, const char *spec)
{
    bram_metric_use own = {0}, other = {0};
    BRAM_TRY(bram_metric_use_parse(cx, &own, spec));
    *out = false;
    int status = BRAM_OK;
    for (size_t i = 0; i < c->metric_count && !*out && status == BRAM_OK; i++) {
        status = bram_metric_use_parse(cx, &other, c->metrics[i]);
        if (status != BRAM_OK) break;
        *out = own.median == other.median && strcmp(own.spec, other.spec) == 0;
        bram_metric_use_release(&other);
    }
    bram_metric_use_release(&own);
    return status;
}

/* The comparators of the task that the definition lacks. RDMs that are given are not estimated. */
static int add_metrics(bram_ctx *cx, bram_benchmark *c, const struct choices *t)
{
    for (size_t i = 0; i < c->metric_count; i++)
        if (strstr(c->metrics[i], "rdm=given")) return BRAM_OK;
    char **grown = bram_realloc(cx, c->metrics, c->metric_count + MOST, sizeof *grown);
    if (!grown) return BRAM_ENOMEM;
    c->metrics = grown;
    for (size_t i = 0; i < MOST && t->comparator[i]; i++) {
        bool known = false;
        BRAM_TRY(has_metric(cx, &known, c, t->comparator[i]));
        if (known) continue;
        c->metrics[c->metric_count] = bram_strdup(cx, t->comparator[i]);
        if (!c->metrics[c->metric_count]) return BRAM_ENOMEM;
        c->metric_count++;
    }
    return BRAM_OK;
}

/* One variation; a setting that is the definition's own makes none. NULL: as defined. */
static int add_one(bram_ctx *cx, bram_variations *list, const bram_benchmark *b,
                   const struct choices *t, const char *normalization, const char *split)
{
    bram_benchmark *c = NULL;
    bool other = false, differs = false;
    char *label = normalization || split
                      ? bram_strf(cx, "%s%s%s", normalization ? normalization : "",
                                  normalization && split ? ";" : "", split ? split : "")
                      : bram_strdup(cx, "as-defined");
    if (!label) return BRAM_ENOMEM;
    int status = bram_variation_new(cx, &c, b, "multiverse", label);
    bram_free(label);
    BRAM_TRY(status);
    status = add_metrics(cx, c, t);
    if (status == BRAM_OK) status = set_options(cx, c->options, normalization, &other);
    differs = !normalization || other;
    other = false;
    if (status == BRAM_OK) status = set_options(cx, c->options, split, &other);
    differs &= !split || other;
    if (status == BRAM_OK && differs) return bram_variations_add(cx, list, c);
    bram_benchmark_free(c);
    return status;
}

int bram_universe_add(bram_ctx *cx, bram_variations *list, const bram_benchmark *b)
{
    const struct choices *t = find(b->task);
    if (!t)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s: the task %s leaves no comparator, normalization or split to choose",
                         b->name, b->task);
    for (size_t n = 0; n == 0 || (n <= OPTIONS && t->normalization[n - 1]); n++)
        for (size_t s = 0; s == 0 || (s <= OPTIONS && t->split[s - 1]); s++) {
            const char *normalization = n ? t->normalization[n - 1] : NULL;
            BRAM_TRY(add_one(cx, list, b, t, normalization, s ? t->split[s - 1] : NULL));
        }
    return BRAM_OK;
}
