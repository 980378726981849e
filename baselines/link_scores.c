/*
 * link_scores.c - the model `link-scores`: scores of pairs of nodes that the user has computed,
 * from a table with the columns from, to (ids of the nodes) and score. Every pair that is asked
 * about must be there; of an undirected graph in either direction.
 */
#include "csvfile.h"
#include "hash.h"
#include "links.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const bram_param params[] = {
    {"path", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a table (CSV) with from, to and score"},
    {.name = NULL}};

struct scored {
    uint32_t from, to;
    double score;
};

struct link_scores {
    char *path;
    struct scored *pair; /* ascending */
    size_t count;
};

static void release(void *fitted)
{
    struct link_scores *m = fitted;
    if (!m) return;
    bram_free(m->path);
    bram_free(m->pair);
    bram_free(m);
}

static int by_ends(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return x->to < y->to ? -1 : x->to > y->to;
}

static int read_row(bram_ctx *cx, struct link_scores *m, const bram_csv *t, const size_t col[3],
                    size_t row, const bram_axis *node)
{
    uint32_t end[2] = {0};
    for (size_t k = 0; k < 2; k++) {
        const char *id = bram_csv_text(t, row, col[k]);
        ptrdiff_t at = bram_axis_find(node, id);
        if (at < 0)
            return bram_fail(cx, BRAM_EFORMAT, "%s, line %zu: \"%s\" is no node of the graph",
                             m->path, bram_csv_line(t, row), id);
        end[k] = (uint32_t)at;
    }
    m->pair[m->count].from = end[0], m->pair[m->count].to = end[1];
    return bram_csv_number(cx, t, row, col[2], 0, &m->pair[m->count++].score);
}

static int read_table(bram_ctx *cx, struct link_scores *m, const bram_axis *node)
{
    static const char *const names[] = {"from", "to", "score"};
    bram_csv *t = NULL;
    size_t col[3];
    BRAM_TRY(bram_csv_read(cx, &t, m->path, &(bram_csv_options){.header = true}));
    int status = BRAM_OK;
    for (size_t k = 0; k < 3 && status == BRAM_OK; k++)
        status = bram_csv_column(cx, t, names[k], &col[k]);
    if (status == BRAM_OK) {
        m->pair = bram_alloc(cx, bram_csv_rows(t), sizeof *m->pair);
        if (!m->pair) status = BRAM_ENOMEM;
    }
    for (size_t row = 0; status == BRAM_OK && row < bram_csv_rows(t); row++)
        status = read_row(cx, m, t, col, row, node);
    bram_csv_free(t);
    if (status == BRAM_OK && m->count) qsort(m->pair, m->count, sizeof *m->pair, by_ends);
    return status;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)validation;
    (void)seed;
    const char *path = bram_option_text(o, "path");
    if (!*path) return bram_fail(cx, BRAM_EUSAGE, "link-scores needs a path");
    if (!train->graph->node)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the nodes of the graph have no ids");
    struct link_scores *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    m->path = bram_strdup(cx, path);
    int status = m->path ? read_table(cx, m, train->graph->node) : BRAM_ENOMEM;
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

static const struct scored *find(const struct link_scores *m, uint32_t from, uint32_t to)
{
    struct scored key = {from, to, 0};
    return m->count ? bsearch(&key, m->pair, m->count, sizeof key, by_ends) : NULL;
}

static int score(bram_ctx *cx, double *out, const void *fitted, const bram_graph *g,
                 const uint32_t *from, const uint32_t *to, size_t count)
{
    const struct link_scores *m = fitted;
    for (size_t k = 0; k < count; k++) {
        const struct scored *found = find(m, from[k], to[k]);
        if (!found && !g->directed) found = find(m, to[k], from[k]);
        if (!found)
            return bram_fail(cx, BRAM_EABSENT, "%s has no score from %s to %s", m->path,
                             g->node ? bram_axis_id(g->node, from[k]) : "?",
                             g->node ? bram_axis_id(g->node, to[k]) : "?");
        out[k] = found->score;
    }
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    return bram_links_answer(cx, out, query, fitted, score);
}

static int content(bram_ctx *cx, char hex[65], const bram_options *o)
{
    return bram_sha256_file(cx, hex, bram_option_text(o, "path"));
}

const bram_model bram_model_link_scores = {
    .name = "link-scores",
    .summary = "link prediction: scores that you have computed, from a table",
    .source = "the user",
    .missing = "a pair that is asked about and has no score is an error",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_LINKS),
    .flags = BRAM_MODEL_GRAPH | BRAM_MODEL_OUTSIDE,
    .params = params,
    .fit = fit,
    .answer = answer,
    .release = release,
    .content = content,
};
