/*
 * link_score.c - asks a link predictor about the pairs of a split; see link_score.h.
 */
#include "link_score.h"

#include <math.h>

void bram_link_task_release(bram_link_task *t)
{
    bram_graph_free(t->train);
}

int bram_link_task_make(bram_ctx *cx, bram_link_task *out, const bram_link_split *s,
                        bram_link_set set, const bram_axis *nodes, const double *position)
{
    bram_link_task t = {0};
    size_t n = bram_link_split_count(s, set, 0) + bram_link_split_count(s, set, 1);
    t.from = bram_scratch(cx, n, sizeof *t.from);
    t.to = bram_scratch(cx, n, sizeof *t.to);
    t.query = bram_scratch(cx, n, sizeof *t.query);
    t.edge = bram_scratch(cx, n, sizeof *t.edge);
    if (!t.from || !t.to || !t.query || !t.edge) return BRAM_ENOMEM;
    for (size_t k = 0; k < s->pairs; k++) {
        if (s->set[k] != set) continue;
        t.from[t.pairs] = s->from[k], t.to[t.pairs] = s->to[k];
        t.query[t.pairs] = s->query[k], t.edge[t.pairs++] = s->edge[k];
    }
    BRAM_TRY(bram_link_split_graph(cx, &t.train, s));
    t.train->node = nodes;
    t.train->position = position;
    t.train->dims = position ? 3 : 0;
    t.list = (bram_pair_list){t.from, t.to, t.query, s->nodes};
    *out = t;
    return BRAM_OK;
}

static int read_scores(bram_ctx *cx, double *score, const bram_link_task *t, const bram_response *r,
                       const char *spec)
{
    if (!r || bram_response_dims(r) != 1 || bram_response_length(r, 0) != t->pairs)
        return bram_fail(cx, BRAM_ESHAPE, "%s gave no \"score\" of %zu pairs", spec, t->pairs);
    BRAM_TRY(bram_response_read(cx, r, (size_t[]){0}, (size_t[]){t->pairs}, score, NULL));
    for (size_t k = 0; k < t->pairs; k++)
        if (!isfinite(score[k]))
            return bram_fail(cx, BRAM_ENUMERIC, "%s: the score of pair (%u, %u) is %g", spec,
                             t->from[k], t->to[k], score[k]);
    return BRAM_OK;
}

int bram_link_task_ask(bram_ctx *cx, double *score, const bram_link_task *t, const char *spec,
                       uint64_t seed)
{
    const bram_model *model;
    bram_fitted *fitted = NULL;
    bram_dataset *answer = NULL;
    bram_panel panel = {.graph = t->train};
    bram_query query = {
        .ask = BRAM_ASK_LINKS, .panel = &panel, .from = t->from, .to = t->to, .pairs = t->pairs};
    BRAM_TRY(bram_model_parse(cx, &model, NULL, NULL, spec));
    if (!(model->answers & BRAM_ANSWERS(BRAM_ASK_LINKS)))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s does not answer links", model->name);
    int status = bram_fitted_new(cx, &fitted, spec, &panel, NULL, seed);
    if (status == BRAM_OK) status = bram_fitted_answer(cx, &answer, fitted, &query);
    if (status == BRAM_OK)
        status = read_scores(cx, score, t, bram_dataset_response(answer, "score"), spec);
    bram_dataset_free(answer);
    bram_fitted_free(fitted);
    return status;
}

bram_side bram_link_task_model(const bram_link_task *t, double *score)
{
    return (bram_side){.values = {score, t->pairs, 1, 1}};
}

bram_side bram_link_task_brain(const bram_link_task *t)
{
    return (bram_side){.values = {t->edge, t->pairs, 1, 1}, .pairs = &t->list};
}
