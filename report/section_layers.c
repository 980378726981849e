/*
 * section_layers.c - for models with several layers: what each layer scores by itself, how often it
 * was chosen, and the score of the whole, for which layers are chosen without the test stimuli
 * (benchmarks/layer_choice.h). Benchmarks without such models get nothing here.
 */
#include "report_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a model's cell of one part has to say. */
struct layered {
    const bram_report_model *model;
    const char *part;
    const bram_axis *score;      /* of the cell: METRIC and METRIC@LAYER */
    const bram_response *chosen; /* fold x layer */
};

/* The first part on which a model has layers. */
static int find_layers(bram_ctx *cx, struct layered *out, bool *there, const bram_report *r,
                       const bram_board *b, const bram_board_row *row)
{
    *there = false;
    for (size_t p = 0; p < b->parts && !*there; p++) {
        size_t at;
        const bram_result *cell = bram_board_result(b, row, p, &at);
        const bram_dataset *ds = NULL;
        if (cell) BRAM_TRY(bram_results_whole(cx, &ds, r->results, cell, "layers/"));
        const bram_response *chosen = ds ? bram_dataset_response(ds, "layers/chosen") : NULL;
        if (!chosen || bram_response_dims(chosen) != 2 ||
            !bram_axis_has_ids(bram_response_axis(chosen, 1)))
            continue;
        *out = (struct layered){bram_report_model_of(r, row), bram_board_part(b, p),
                                bram_response_axis(bram_dataset_response(cell->data, "raw"), 0),
                                chosen};
        *there = true;
    }
    return BRAM_OK;
}

static double column_at(const bram_axis *score, const char *name, ptrdiff_t at)
{
    const bram_column *c = at >= 0 ? bram_axis_column(score, name) : NULL;
    return c && c->number ? c->number[at] : (double)NAN;
}

/* One line: a layer, or all of them (which: "chosen anew in each fold"). */
static int put_line(bram_ctx *cx, bram_table *t, const struct layered *l, const char *score,
                    const char *layer, size_t k, int decimals)
{
    char text[BRAM_INTERVAL_BYTES];
    char *id = layer ? bram_strf(cx, "%s@%s", score, layer) : bram_strdup(cx, score);
    if (!id) return BRAM_ENOMEM;
    ptrdiff_t at = bram_axis_find(l->score, id);
    bram_free(id);
    bram_interval_text(text, column_at(l->score, "value", at), column_at(l->score, "low", at),
                       column_at(l->score, "high", at), decimals);
    bram_table_row(t);
    bram_table_text(t, 0, l->model->name);
    bram_table_text(t, 1, layer ? layer : "chosen in each fold");
    bram_table_text(t, 2, text);
    if (!layer) return BRAM_OK;
    size_t folds = bram_response_length(l->chosen, 0), times = 0;
    for (size_t f = 0; f < folds; f++) {
        double value;
        BRAM_TRY(
            bram_response_read(cx, l->chosen, (size_t[]){f, k}, (size_t[]){1, 1}, &value, NULL));
        times += value > 0;
    }
    bram_table_textf(t, 3, "%zu of %zu", times, folds);
    return BRAM_OK;
}

static int put_model(bram_ctx *cx, bram_table *t, const struct layered *l, const bram_board *b,
                     int decimals)
{
    const bram_axis *layer = bram_response_axis(l->chosen, 1);
    BRAM_TRY(put_line(cx, t, l, b->score, NULL, 0, decimals));
    for (size_t k = 0; k < bram_axis_length(layer); k++)
        BRAM_TRY(put_line(cx, t, l, b->score, bram_axis_id(layer, k), k, decimals));
    return BRAM_OK;
}

int bram_section_layers(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    static const bram_table_column columns[] = {{"model", "model", BRAM_CELL_TEXT, .wrap = true},
                                                {"layer", "layer", BRAM_CELL_TEXT, .wrap = true},
                                                {"score", "score", BRAM_CELL_TEXT},
                                                {"chosen", "chosen in folds", BRAM_CELL_TEXT}};
    bram_table *t = NULL;
    char caption[320], title[192];
    const char *part = NULL;
    int decimals = bram_board_decimals(cx, b), status = BRAM_OK;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (size_t i = 0; i < bram_board_scored(b) && status == BRAM_OK; i++) {
        struct layered l;
        bool there;
        status = find_layers(cx, &l, &there, r, b, &b->row[i]);
        if (status != BRAM_OK || !there) continue;
        status = put_model(cx, t, &l, b, decimals);
        if (!part) part = l.part;
    }
    if (status != BRAM_OK || !part) {
        bram_table_free(t);
        return status;
    }
    bram_table_note(t,
                    "The layer that predicts a fold was chosen on the other folds; the best of the "
                    "layers' own scores would be too good, as it was found on the test stimuli.");
    bram_score_title(title, b->score);
    snprintf(caption, sizeof caption, "Layers of models that have several: %s, %s.", title, part);
    bram_page_heading(&r->page, 3, "Layers");
    return bram_report_table(cx, r, t, caption, 0);
}
