/*
 * multiverse_show.c - tables and figure of a multiverse; see multiverse.h.
 */
#include "multiverse.h"

#include "leaderboard.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int bram_multiverse_table(bram_ctx *cx, bram_table **out, const bram_multiverse *m)
{
    enum { BENCHMARK, MODEL, DEFINED, MEAN, BEST, WORST, FIRST, UNIVERSES, COLUMNS };
    static const bram_table_column columns[COLUMNS] = {
        [BENCHMARK] = {"benchmark", "", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
        [MODEL] = {"model", "model", BRAM_CELL_TEXT, .wrap = true},
        [DEFINED] = {"rank", "rank as defined", BRAM_CELL_NUMBER, -1},
        [MEAN] = {"mean_rank", "mean rank", BRAM_CELL_NUMBER, 2},
        [BEST] = {"best_rank", "best", BRAM_CELL_NUMBER, -1},
        [WORST] = {"worst_rank", "worst", BRAM_CELL_NUMBER, -1},
        [FIRST] = {"first", "first in", BRAM_CELL_INTEGER},
        [UNIVERSES] = {"universes", "of", BRAM_CELL_INTEGER}};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, m->title, columns, COLUMNS));
    for (size_t i = 0; i < m->models; i++) {
        double best = INFINITY, worst = 0;
        int64_t first = 0, n = 0;
        for (size_t u = 0; u < m->universes; u++) {
            double rank = m->universe[u].rank[i];
            if (isnan(rank)) continue;
            best = fmin(best, rank), worst = fmax(worst, rank);
            first += rank == 1;
            n++;
        }
        bram_table_row(t);
        bram_table_text(t, BENCHMARK, m->base);
        bram_table_text(t, MODEL, m->name[i]);
        bram_table_number(t, DEFINED, m->universe[0].rank[i]);
        bram_table_number(t, MEAN, m->mean_rank[i]);
        bram_table_number(t, BEST, n ? best : (double)NAN);
        bram_table_number(t, WORST, n ? worst : (double)NAN);
        bram_table_integer(t, FIRST, first);
        bram_table_integer(t, UNIVERSES, n);
    }
    if (isnan(m->kendall_w))
        bram_table_note(t, "No Kendall's W: fewer than 2 models have a score in every universe.");
    else
        bram_table_note(
            t,
            "Kendall's W = %.3f over %zu universes, %zu models: 1 the same order in all, "
            "0 none.",
            m->kendall_w, m->universes, m->complete);
    int status = bram_table_status(cx, t);
    if (status == BRAM_OK) *out = t;
    else bram_table_free(t);
    return status;
}

int bram_multiverse_flips(bram_ctx *cx, bram_table **out, const bram_multiverse *m)
{
    enum { BENCHMARK, ABOVE, BELOW, FLIPPED, BEYOND, COLUMNS };
    static const bram_table_column columns[COLUMNS] = {
        [BENCHMARK] = {"benchmark", "", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
        [ABOVE] = {"above", "above as defined", BRAM_CELL_TEXT, .wrap = true},
        [BELOW] = {"below", "below", BRAM_CELL_TEXT, .wrap = true},
        [FLIPPED] = {"flipped", "flipped in", BRAM_CELL_INTEGER},
        [BEYOND] = {"beyond", "beyond the interval in", BRAM_CELL_INTEGER}};
    bram_table *t = NULL;
    size_t flipped = 0, pairs = 0;
    BRAM_TRY(bram_table_new(cx, &t, "Rank flips", columns, COLUMNS));
    for (size_t i = 0; i < m->flips; i++) {
        bram_table_row(t);
        bram_table_text(t, BENCHMARK, m->base);
        bram_table_text(t, ABOVE, m->name[m->flip[i].a]);
        bram_table_text(t, BELOW, m->name[m->flip[i].b]);
        bram_table_integer(t, FLIPPED, (int64_t)m->flip[i].universes);
        bram_table_integer(t, BEYOND, (int64_t)m->flip[i].beyond);
        flipped += m->flip[i].universes;
    }
    for (size_t u = 1; u < m->universes; u++)
        for (size_t a = 0; a < m->models; a++)
            for (size_t b = 0; b < m->models; b++)
                pairs += m->universe[0].rank[a] < m->universe[0].rank[b] &&
                         isfinite(m->universe[u].rank[a]) && isfinite(m->universe[u].rank[b]);
    bram_table_note(t,
                    "%zu of %zu pairs of models in other universes (%.1f %%) stand in the other "
                    "order.",
                    flipped, pairs, pairs ? 100.0 * (double)flipped / (double)pairs : 0);
    int status = bram_table_status(cx, t);
    if (status == BRAM_OK) *out = t;
    else bram_table_free(t);
    return status;
}

int bram_multiverse_values(bram_ctx *cx, bram_table **out, const bram_multiverse *m)
{
    enum { BENCHMARK, UNIVERSE, SCORE, MODEL, VALUE, RANK, COLUMNS };
    static const bram_table_column columns[COLUMNS] = {
        [BENCHMARK] = {"benchmark", "benchmark", BRAM_CELL_TEXT},
        [UNIVERSE] = {"universe", "universe", BRAM_CELL_TEXT},
        [SCORE] = {"score", "score", BRAM_CELL_TEXT},
        [MODEL] = {"model", "model", BRAM_CELL_TEXT},
        [VALUE] = {"value", "value", BRAM_CELL_NUMBER, -1},
        [RANK] = {"rank", "rank", BRAM_CELL_NUMBER, -1}};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, COLUMNS));
    for (size_t u = 0; u < m->universes; u++)
        for (size_t i = 0; i < m->models; i++) {
            bram_table_row(t);
            bram_table_text(t, BENCHMARK, m->base);
            bram_table_text(t, UNIVERSE, m->universe[u].label);
            bram_table_text(t, SCORE, m->universe[u].score);
            bram_table_text(t, MODEL, m->name[i]);
            bram_table_number(t, VALUE, m->universe[u].value[i]);
            bram_table_number(t, RANK, m->universe[u].rank[i]);
        }
    int status = bram_table_status(cx, t);
    if (status == BRAM_OK) *out = t;
    else bram_table_free(t);
    return status;
}

int bram_multiverse_figure(bram_ctx *cx, bram_figure **out, const bram_multiverse *m)
{
    char words[400];
    bram_figure *f = NULL;
    size_t mark = bram_scratch_mark(cx);
    double *rank = bram_scratch(cx, m->models * m->universes, sizeof *rank);
    if (!rank) return BRAM_ENOMEM;
    for (size_t i = 0; i < m->models; i++)
        for (size_t u = 0; u < m->universes; u++)
            rank[i * m->universes + u] = m->universe[u].rank[i];
    snprintf(words, sizeof words,
             "Rank of %zu models of %.80s (rows) in %zu universes (columns; 0: as defined): "
             "a row of one colour is a model whose rank does not depend on how one asks.",
             m->models, m->base, m->universes);
    BRAM_TRY(bram_figure_new(cx, &f, "Ranks in every universe", words));
    bram_figure_size(f, 640, bram_figure_height(m->models) + 60);
    int status = bram_figure_x(cx, f,
                               &(bram_figure_axis){.title = "universe (0: as defined)",
                                                   .low = 0.5,
                                                   .high = (double)m->universes + 0.5});
    if (status == BRAM_OK)
        status = bram_figure_y(
            cx, f,
            &(bram_figure_axis){.labels = (const char *const *)m->name, .label_count = m->models});
    if (status == BRAM_OK)
        status = bram_figure_heat(cx, f,
                                  &(bram_heat){.rows = m->models,
                                               .cols = m->universes,
                                               .values = rank,
                                               .low = 1,
                                               .high = (double)m->models,
                                               .title = "rank"});
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = f;
    else bram_figure_free(f);
    return status;
}
