/*
 * section_training.c - networks from inside: the course of their training, the time constants that
 * they learned, what their rows (or the tokens of a window) attend to. All of the first part and
 * seed on which each was scored.
 */
#include "report_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LINES = 8, MOST_LAYERS = 4 };

/* A network of the board and its responses below inside/. */
struct network {
    const bram_report_model *model;
    const char *spec, *part;
    const bram_response *history, *constants, *attention, *window; /* all but the first: or NULL */
};

/* The first part on which a row has something to tell. */
static int look_inside(bram_ctx *cx, struct network *n, bool *found, const bram_report *r,
                       const bram_board *b, const bram_board_row *row)
{
    *found = false;
    for (size_t p = 0; p < b->parts && !*found; p++) {
        size_t at;
        const bram_result *cell = bram_board_result(b, row, p, &at);
        const bram_dataset *ds = NULL;
        if (cell) BRAM_TRY(bram_results_whole(cx, &ds, r->results, cell, "inside/"));
        if (!ds) continue;
        *n = (struct network){.model = bram_report_model_of(r, row),
                              .spec = row->model,
                              .part = bram_board_part(b, p),
                              .history = bram_dataset_response(ds, "inside/history"),
                              .constants = bram_dataset_response(ds, "inside/time_constant"),
                              .attention = bram_dataset_response(ds, "inside/attention"),
                              .window = bram_dataset_response(ds, "inside/window_attention")};
        *found = n->history && bram_response_dims(n->history) == 2 &&
                 bram_response_length(n->history, 1) == 4 && bram_response_length(n->history, 0);
    }
    return BRAM_OK;
}

static int read_all(bram_ctx *cx, double **out, const bram_response *r)
{
    size_t zero[BRAM_MAX_DIMS] = {0}, length[BRAM_MAX_DIMS];
    for (size_t d = 0; d < bram_response_dims(r); d++) length[d] = bram_response_length(r, d);
    *out = bram_scratch(cx, bram_response_count(r), sizeof **out);
    return *out ? bram_response_read(cx, r, zero, length, *out, NULL) : BRAM_ENOMEM;
}

/* ---- the course of the training ------------------------------------------------------------- */

static int add_course(bram_ctx *cx, bram_figure *f, const struct network *n)
{
    size_t checks = bram_response_length(n->history, 0);
    double *h, *x = bram_scratch(cx, checks, 2 * sizeof *x), *y = x + checks;
    if (!x) return BRAM_ENOMEM;
    BRAM_TRY(read_all(cx, &h, n->history));
    for (size_t i = 0; i < checks; i++) x[i] = h[4 * i], y[i] = h[4 * i + 2];
    return bram_figure_add(cx, f,
                           &(bram_series){.mark = BRAM_MARK_LINE,
                                          .name = n->model->name,
                                          .colour = n->model->colour,
                                          .dashed = n->model->dashed,
                                          .count = checks,
                                          .x = x,
                                          .y = y});
}

/* What a network's training makes small; losses of different kinds cannot share an axis. */
static const char *const losses[][2] = {
    {"mse", "squared error, standardized"},
    {"poisson", "Poisson loss (nats)"},
    {"gaussian", "Gaussian loss (nats)"},
    {"", "loss (nats a bin and neuron)"}, /* networks that have no choice: of spikes as tokens */
};

static bool has_loss(const struct network *n, const char *loss)
{
    char value[32] = "";
    const char *options = strchr(n->spec, ':');
    if (!options || !bram_option_of(options + 1, "loss", value, sizeof value)) return !*loss;
    return strcmp(value, loss) == 0;
}

static int figure_of_courses(bram_ctx *cx, bram_report *r, const struct network *all, size_t count,
                             const char *const loss[2])
{
    bram_figure *f = NULL;
    size_t lines = 0;
    char caption[400];
    for (size_t i = 0; i < count; i++) lines += has_loss(&all[i], loss[0]);
    if (!lines) return BRAM_OK;
    BRAM_TRY(bram_figure_new(cx, &f, "Courses of training",
                             "The loss on the validation rows against the step of the training, "
                             "one line a network."));
    int status = bram_figure_x(cx, f, &(bram_figure_axis){.title = "step", .zero = true});
    if (status == BRAM_OK) status = bram_figure_y(cx, f, &(bram_figure_axis){.title = loss[1]});
    for (size_t i = 0, k = 0; i < count && k < MOST_LINES && status == BRAM_OK; i++)
        if (has_loss(&all[i], loss[0])) status = add_course(cx, f, &all[i]), k++;
    snprintf(caption, sizeof caption,
             "Loss on the validation rows in the course of the training, part %s, first seed%s. "
             "The parameters of the lowest point are kept; with horizon above 1 the last fifth is "
             "the loss of free runs, and its lowest point counts.",
             all[0].part, lines > MOST_LINES ? ", the eight best" : "");
    return bram_report_figure(cx, r, f, status, caption);
}

/* ---- time constants ------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The share of units at or below each time constant. */
static int add_constants(bram_ctx *cx, bram_figure *f, const struct network *n)
{
    size_t units = bram_response_count(n->constants);
    double *x, *y = bram_scratch(cx, units, sizeof *y);
    if (!y) return BRAM_ENOMEM;
    BRAM_TRY(read_all(cx, &x, n->constants));
    qsort(x, units, sizeof *x, ascending);
    for (size_t i = 0; i < units; i++) y[i] = (double)(i + 1) / (double)units;
    return bram_figure_add(cx, f,
                           &(bram_series){.mark = BRAM_MARK_STEP,
                                          .name = n->model->name,
                                          .colour = n->model->colour,
                                          .dashed = n->model->dashed,
                                          .count = units,
                                          .x = x,
                                          .y = y});
}

static int figure_of_constants(bram_ctx *cx, bram_report *r, const struct network *all,
                               size_t count)
{
    const struct network *first = NULL;
    char axis[64];
    for (size_t i = count; i-- > 0;)
        if (all[i].constants) first = &all[i];
    if (!first) return BRAM_OK;
    const char *unit = bram_attrs_text(bram_response_attrs_const(first->constants), "unit");
    snprintf(axis, sizeof axis, "time constant (%s)", unit ? unit : "rows");
    bram_figure *f = NULL;
    BRAM_TRY(bram_figure_new(cx, &f, "Learned time constants",
                             "Rising steps, one line a network: the share of its units whose time "
                             "constant is at most that long."));
    int status = bram_figure_x(cx, f, &(bram_figure_axis){.title = axis, .log = true});
    if (status == BRAM_OK)
        status = bram_figure_y(cx, f,
                               &(bram_figure_axis){.title = "share of units", .low = 0, .high = 1});
    for (size_t i = 0, k = 0; i < count && k < MOST_LINES && status == BRAM_OK; i++)
        if (all[i].constants) status = add_constants(cx, f, &all[i]), k++;
    char caption[256];
    snprintf(caption, sizeof caption,
             "Time constants that units of networks in continuous time learned (dt over the leak), "
             "part %s, first seed: share of units at or below.",
             first->part);
    return bram_report_figure(cx, r, f, status, caption);
}

/* ---- attention ------------------------------------------------------------------------------ */

/* The mean over the heads of a layer, over what each row would give to all that it sees alike: the
 * first rows see little and would outshine all others. The future of a row is left blank. */
static void average_heads(double *out, const double *p, size_t heads, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < rows; j++) {
            double sum = 0;
            for (size_t h = 0; h < heads; h++) sum += p[(h * rows + i) * rows + j];
            double share = sum / (double)heads * (double)(i + 1);
            out[i * rows + j] = j <= i ? share : (double)NAN;
        }
}

static int figure_of_layer(bram_ctx *cx, bram_report *r, const struct network *n, const double *p,
                           size_t layer, size_t layers)
{
    size_t rows = bram_response_length(n->attention, 1);
    size_t heads = bram_response_length(n->attention, 0) / layers;
    double *mean = bram_scratch(cx, rows * rows, sizeof *mean);
    char title[96], caption[400];
    bram_figure *f = NULL;
    if (!mean) return BRAM_ENOMEM;
    average_heads(mean, p + layer * heads * rows * rows, heads, rows);
    snprintf(title, sizeof title, "Attention of layer %zu", layer + 1);
    BRAM_TRY(bram_figure_new(cx, &f, title,
                             "A triangle of colours: a row of the picture is a row of time, and "
                             "its colours say how much it attends to each row up to itself."));
    bram_figure_size(f, 460, 400);
    int status = bram_figure_x(cx, f, &(bram_figure_axis){.title = "attends to row"});
    if (status == BRAM_OK) status = bram_figure_y(cx, f, &(bram_figure_axis){.title = "row"});
    if (status == BRAM_OK)
        status = bram_figure_heat(cx, f,
                                  &(bram_heat){.rows = rows,
                                               .cols = rows,
                                               .values = mean,
                                               .title = "probability over an even share"});
    snprintf(caption, sizeof caption,
             "Attention of layer %zu of %zu of %s, mean over %zu heads, times the number of rows "
             "that a row sees (1: all alike): the first %zu rows that it was asked about, part %s, "
             "first seed.",
             layer + 1, layers, n->model->name, heads, rows, n->part);
    return bram_report_figure(cx, r, f, status, caption);
}

/* The maps of the best network that has any. */
static int figures_of_attention(bram_ctx *cx, bram_report *r, const struct network *all,
                                size_t count)
{
    char text[32] = "";
    for (size_t i = 0; i < count; i++) {
        const struct network *n = &all[i];
        double *p;
        const char *options = strchr(n->spec, ':');
        if (!n->attention || bram_response_dims(n->attention) != 3 || !options ||
            !bram_option_of(options + 1, "layers", text, sizeof text))
            continue;
        size_t layers = (size_t)strtoul(text, NULL, 10);
        if (!layers || bram_response_length(n->attention, 0) % layers) continue;
        BRAM_TRY(read_all(cx, &p, n->attention));
        for (size_t k = 0; k < layers && k < MOST_LAYERS; k++)
            BRAM_TRY(figure_of_layer(cx, r, n, p, k, layers));
        return BRAM_OK;
    }
    return BRAM_OK;
}

/* ---- attention of a window of tokens -------------------------------------------------------- */

enum { MOST_NAMES = 64 }; /* along an axis */

static int name_axis(bram_ctx *cx, bram_figure_axis *out, const char *title, const bram_axis *axis)
{
    size_t n = bram_axis_length(axis);
    *out = (bram_figure_axis){.title = title};
    if (n > MOST_NAMES) return BRAM_OK;
    const char **label = bram_scratch(cx, n, sizeof *label);
    if (!label) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) label[i] = bram_axis_id(axis, i);
    out->labels = label, out->label_count = n;
    return BRAM_OK;
}

/* The mean over all heads; NaN where a token does not see: those after it. */
static int mean_of_heads(bram_ctx *cx, double **out, const bram_response *r)
{
    size_t heads = bram_response_length(r, 0), tokens = bram_response_length(r, 1);
    size_t keys = bram_response_length(r, 2), before = keys - tokens;
    double *p;
    BRAM_TRY(read_all(cx, &p, r));
    *out = bram_scratch(cx, tokens * keys, sizeof **out);
    if (!*out) return BRAM_ENOMEM;
    for (size_t i = 0; i < tokens * keys; i++) {
        bool later = i % keys > before + i / keys;
        for (size_t h = 0; h < heads; h++)
            (*out)[i] += later ? (double)NAN : p[h * tokens * keys + i] / (double)heads;
    }
    return BRAM_OK;
}

static int figure_of_window(bram_ctx *cx, bram_report *r, const struct network *n)
{
    const bram_response *w = n->window;
    size_t tokens = bram_response_length(w, 1), keys = bram_response_length(w, 2);
    bram_figure_axis x, y;
    bram_figure *f = NULL;
    double *mean;
    char caption[500];
    BRAM_TRY(mean_of_heads(cx, &mean, w));
    BRAM_TRY(name_axis(cx, &x, "looks at", bram_response_axis(w, 2)));
    BRAM_TRY(name_axis(cx, &y, "token", bram_response_axis(w, 1)));
    BRAM_TRY(bram_figure_new(cx, &f, "Attention of one window",
                             "A table of colours: how much each token of a window attends to each "
                             "row of its memory and to each token up to itself."));
    bram_figure_size(f, 560, 400);
    int status = bram_figure_x(cx, f, &x);
    if (status == BRAM_OK) status = bram_figure_y(cx, f, &y);
    if (status == BRAM_OK)
        status = bram_figure_heat(
            cx, f,
            &(bram_heat){.rows = tokens, .cols = keys, .values = mean, .title = "probability"});
    snprintf(
        caption, sizeof caption,
        "What each of the %zu tokens of one window looks at in %s, mean over %zu heads of all "
        "layers: first the %zu rows of memory (-1: one row before the window), then the tokens "
        "of the window up to itself; either part sums to 1. Part %s, first seed.",
        tokens, n->model->name, bram_response_length(w, 0), keys - tokens, n->part);
    return bram_report_figure(cx, r, f, status, caption);
}

/* Of the best network that has one. */
static int figure_of_tokens(bram_ctx *cx, bram_report *r, const struct network *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const bram_response *w = all[i].window;
        if (w && bram_response_dims(w) == 3 && bram_response_length(w, 0) &&
            bram_response_length(w, 1) && bram_response_length(w, 2) > bram_response_length(w, 1))
            return figure_of_window(cx, r, &all[i]);
    }
    return BRAM_OK;
}

/* ---- the section ---------------------------------------------------------------------------- */

int bram_section_training(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    size_t mark = bram_scratch_mark(cx), count = 0;
    struct network *all = bram_scratch(cx, b->rows + 1, sizeof *all);
    if (!all) return BRAM_ENOMEM;
    for (size_t i = 0; i < bram_board_scored(b); i++) {
        bool found;
        BRAM_TRY(look_inside(cx, &all[count], &found, r, b, &b->row[i]));
        count += found;
    }
    int status = BRAM_OK;
    if (count) bram_page_heading(&r->page, 3, "Networks from inside");
    for (size_t k = 0; k < sizeof losses / sizeof *losses && status == BRAM_OK; k++)
        status = figure_of_courses(cx, r, all, count, losses[k]);
    if (status == BRAM_OK) status = figure_of_constants(cx, r, all, count);
    if (status == BRAM_OK) status = figures_of_attention(cx, r, all, count);
    if (status == BRAM_OK) status = figure_of_tokens(cx, r, all, count);
    bram_scratch_release(cx, mark);
    return status;
}
