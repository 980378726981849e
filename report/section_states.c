/*
 * section_states.c - hidden states: what the best model of the task "states" found. Spikes with the
 * true and the found states above them, the posterior, how long visits last, transitions, the
 * weights of each state, and, where a number of states was chosen, by what.
 */
#include "assignment.h"
#include "report_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_UNITS = 24, MOST_STATES = 8 };

/* A matrix of a cell, in scratch memory; rows 0: not there. */
struct matrix {
    size_t rows, cols;
    double *value;
    const bram_response *from;
};

struct found {
    const bram_report_model *model;
    const char *part;
    struct matrix posterior, truth, recorded, visits, weights, transition, choice, connections;
    size_t *label; /* of each row: the most probable state, in the truth's numbers */
    size_t colour_of[MOST_STATES]; /* of each found state: number of the true one it matches */
    size_t order[MOST_STATES];     /* found states by those numbers */
};

static int read_matrix(bram_ctx *cx, struct matrix *m, const bram_dataset *cell, const char *path)
{
    const bram_response *r = bram_dataset_response(cell, path);
    if (!r || bram_response_dims(r) != 2 || bram_response_count(r) == 0) return BRAM_OK;
    *m = (struct matrix){bram_response_length(r, 0), bram_response_length(r, 1), NULL, r};
    m->value = bram_scratch(cx, m->rows * m->cols, sizeof *m->value);
    if (!m->value) return BRAM_ENOMEM;
    return bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){m->rows, m->cols}, m->value,
                              NULL);
}

/* Found states get the colours of the true states that they share most rows with. */
static int match_states(bram_ctx *cx, struct found *f)
{
    size_t states = f->posterior.cols, rows = f->posterior.rows;
    double room[MOST_STATES * MOST_STATES] = {0};
    bram_mat cost = {room, states, MOST_STATES, MOST_STATES};
    f->label = bram_scratch(cx, rows, sizeof *f->label);
    if (!f->label) return BRAM_ENOMEM;
    for (size_t t = 0; t < rows; t++) {
        const double *p = f->posterior.value + t * states;
        for (size_t k = 1; k < states; k++)
            if (p[k] > p[f->label[t]]) f->label[t] = k;
        double truth = f->truth.value[t];
        if (truth >= 1 && truth <= MOST_STATES)
            bram_row(&cost, f->label[t])[(size_t)truth - 1] -= 1;
    }
    BRAM_TRY(bram_assignment(cx, f->colour_of, NULL, &cost));
    size_t n = 0;
    for (size_t c = 0; c < MOST_STATES; c++)
        for (size_t k = 0; k < states; k++)
            if (f->colour_of[k] == c) f->order[n++] = k;
    return BRAM_OK;
}

static const double *times_of(const struct found *f)
{
    return bram_axis_values(bram_response_axis(f->posterior.from, 0));
}

static double time_at(const struct found *f, size_t t)
{
    const double *time = times_of(f);
    return time ? time[t] : (double)t;
}

static double step_of(const struct found *f)
{
    return f->posterior.rows > 1 ? time_at(f, 1) - time_at(f, 0) : 1;
}

/* From the first row to the end of the last, in all figures over time. */
static bram_figure_axis time_axis(const struct found *f)
{
    return (bram_figure_axis){.title = times_of(f) ? "time (s)" : "row",
                              .low = time_at(f, 0),
                              .high = time_at(f, f->posterior.rows - 1) + step_of(f)};
}

/* Runs of one state as spans in row y: state(t) is a colour. */
static int add_spans(bram_ctx *cx, bram_figure *g, const struct found *f, bool truth, double y)
{
    size_t rows = f->posterior.rows;
    double *low = bram_scratch(cx, rows, 3 * sizeof *low);
    if (!low) return BRAM_ENOMEM;
    double *high = low + rows, *row = high + rows;
    double step = step_of(f);
    for (size_t c = 0; c < MOST_STATES; c++) {
        size_t n = 0;
        bool inside = false;
        for (size_t t = 0; t < rows; t++) {
            size_t state = truth ? (size_t)f->truth.value[t] - 1 : f->colour_of[f->label[t]];
            if (state == c && !inside) low[n] = time_at(f, t), row[n] = y;
            if (state == c) high[n] = time_at(f, t) + step;
            if (state != c && inside) n++;
            inside = state == c;
        }
        n += inside;
        char name[32];
        snprintf(name, sizeof name, "state %zu", c + 1);
        if (n)
            BRAM_TRY(bram_figure_add(cx, g,
                                     &(bram_series){.mark = BRAM_MARK_SPANS,
                                                    .name = truth ? name : NULL,
                                                    .colour = (int)c,
                                                    .count = n,
                                                    .y = row,
                                                    .low = low,
                                                    .high = high}));
    }
    return BRAM_OK;
}

static int add_spikes(bram_ctx *cx, bram_figure *g, const struct found *f, size_t units)
{
    size_t rows = f->recorded.rows, n = 0;
    double *x = bram_scratch(cx, rows * units, 2 * sizeof *x);
    if (!x) return BRAM_ENOMEM;
    double *y = x + rows * units;
    for (size_t u = 0; u < units; u++)
        for (size_t t = 0; t < rows; t++)
            if (f->recorded.value[t * f->recorded.cols + u] >= 1)
                x[n] = time_at(f, t), y[n++] = (double)u + 2;
    return bram_figure_add(
        cx, g,
        &(bram_series){.mark = BRAM_MARK_TICKS, .colour = BRAM_INK, .count = n, .x = x, .y = y});
}

static int figure_of_raster(bram_ctx *cx, bram_report *r, const struct found *f)
{
    size_t units = f->recorded.cols < MOST_UNITS ? f->recorded.cols : MOST_UNITS;
    const char *label[MOST_UNITS + 2] = {"true state", "found state"};
    char number[MOST_UNITS][32], caption[512];
    bram_figure *g = NULL;
    if (!f->recorded.rows) return BRAM_OK;
    for (size_t u = 0; u < units; u++) {
        label[u + 2] = bram_axis_id(bram_response_axis(f->recorded.from, 1), u);
        if (*label[u + 2]) continue;
        snprintf(number[u], sizeof number[u], "unit %zu", u + 1);
        label[u + 2] = number[u];
    }
    BRAM_TRY(bram_figure_new(cx, &g, "Spikes and states",
                             "Rows of spikes; above them two rows of coloured spans, the true and "
                             "the found state of each moment."));
    bram_figure_size(g, 760, 90 + 19 * (double)(units + 2));
    bram_figure_axis time = time_axis(f);
    int status = bram_figure_x(cx, g, &time);
    if (status == BRAM_OK)
        status = bram_figure_y(cx, g,
                               &(bram_figure_axis){.labels = label, .label_count = units + 2});
    if (status == BRAM_OK) status = add_spans(cx, g, f, true, 0);
    if (status == BRAM_OK) status = add_spans(cx, g, f, false, 1);
    if (status == BRAM_OK) status = add_spikes(cx, g, f, units);
    snprintf(
        caption, sizeof caption,
        "Bins with spikes of part %s, the first %zu rows of the test part, and the states: the "
        "true ones, and the most probable ones by %s in the colours of the true states that "
        "they match.",
        f->part, f->posterior.rows, f->model->name);
    return bram_report_figure(cx, r, g, status, caption);
}

static int figure_of_posterior(bram_ctx *cx, bram_report *r, const struct found *f)
{
    size_t rows = f->posterior.rows, states = f->posterior.cols;
    double *x = bram_scratch(cx, rows, 2 * sizeof *x);
    bram_figure *g = NULL;
    if (!x) return BRAM_ENOMEM;
    double *y = x + rows;
    BRAM_TRY(bram_figure_new(cx, &g, "Posterior of the states",
                             "One line a state: its probability given the whole recording."));
    bram_figure_size(g, 760, 240);
    bram_figure_axis time = time_axis(f);
    int status = bram_figure_x(cx, g, &time);
    if (status == BRAM_OK)
        status = bram_figure_y(cx, g,
                               &(bram_figure_axis){.title = "probability", .low = 0, .high = 1});
    for (size_t i = 0; i < states && status == BRAM_OK; i++) {
        size_t k = f->order[i];
        char name[32];
        snprintf(name, sizeof name, "state %zu", f->colour_of[k] + 1);
        for (size_t t = 0; t < rows; t++)
            x[t] = time_at(f, t), y[t] = f->posterior.value[t * states + k];
        status = bram_figure_add(cx, g,
                                 &(bram_series){.mark = BRAM_MARK_LINE,
                                                .name = name,
                                                .colour = (int)f->colour_of[k],
                                                .count = rows,
                                                .x = x,
                                                .y = y});
    }
    return bram_report_figure(cx, r, g, status,
                              "Probability of each state given all rows, over the same stretch.");
}

/* ---- visits --------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Share of the visits of a state that last longer than x bins. */
static int add_survival(bram_ctx *cx, bram_figure *g, const struct found *f, size_t state)
{
    size_t n = 0;
    double *visit = bram_scratch(cx, f->visits.rows + 1, 2 * sizeof *visit);
    if (!visit) return BRAM_ENOMEM;
    double *share = visit + f->visits.rows + 1;
    visit[n++] = 1;
    for (size_t i = 0; i < f->visits.rows; i++)
        if (f->visits.value[2 * i] == (double)state) visit[n++] = f->visits.value[2 * i + 1];
    qsort(visit, n, sizeof *visit, ascending);
    for (size_t i = 0; i < n; i++) share[i] = i ? 1 - (double)i / (double)(n - 1) : 1;
    char name[32];
    snprintf(name, sizeof name, "state %zu", f->colour_of[state] + 1);
    if (n < 2) return BRAM_OK;
    return bram_figure_add(cx, g,
                           &(bram_series){.mark = BRAM_MARK_STEP,
                                          .name = name,
                                          .colour = (int)f->colour_of[state],
                                          .count = n,
                                          .x = visit,
                                          .y = share});
}

static int figure_of_dwell(bram_ctx *cx, bram_report *r, const struct found *f)
{
    bram_figure *g = NULL;
    char bins[64] = "bins";
    if (f->visits.cols != 2) return BRAM_OK;
    if (times_of(f)) snprintf(bins, sizeof bins, "bins of %.3g s", step_of(f));
    BRAM_TRY(bram_figure_new(cx, &g, "How long visits last",
                             "One line a state: the share of its visits that last longer than so "
                             "many bins."));
    bram_figure_size(g, 640, 280);
    int status = bram_figure_x(cx, g, &(bram_figure_axis){.title = bins, .log = true});
    if (status == BRAM_OK)
        status = bram_figure_y(cx, g,
                               &(bram_figure_axis){.title = "share of visits", .zero = true});
    for (size_t i = 0; i < f->posterior.cols && status == BRAM_OK; i++)
        status = add_survival(cx, g, f, f->order[i]);
    return bram_report_figure(cx, r, g, status,
                              "Dwell times: for each state the share of its visits, in all test "
                              "rows, that last longer than so many bins.");
}

/* ---- the model ------------------------------------------------------------------------------ */

static int heat(bram_ctx *cx, bram_report *r, const char *title, const char *description, size_t n,
                const double *value, const char *const *label, const char *x, const char *y,
                bool diverging, double high, const char *scale, const char *caption)
{
    bram_figure *g = NULL;
    BRAM_TRY(bram_figure_new(cx, &g, title, description));
    bram_figure_size(g, 640, n < 8 ? 260 : 520);
    int status = bram_figure_x(cx, g,
                               &(bram_figure_axis){.title = x, .labels = label, .label_count = n});
    if (status == BRAM_OK)
        status = bram_figure_y(cx, g,
                               &(bram_figure_axis){.title = y, .labels = label, .label_count = n});
    if (status == BRAM_OK)
        status = bram_figure_heat(
            cx, g, &(bram_heat){n, n, value, diverging ? -high : 0, high, diverging, scale});
    return bram_report_figure(cx, r, g, status, caption);
}

static int figure_of_transitions(bram_ctx *cx, bram_report *r, const struct found *f)
{
    size_t states = f->transition.rows;
    char number[MOST_STATES][32];
    const char *label[MOST_STATES];
    double value[MOST_STATES * MOST_STATES];
    if (states != f->posterior.cols || f->transition.cols != states) return BRAM_OK;
    for (size_t i = 0; i < states; i++) {
        size_t k = f->order[i];
        snprintf(number[i], sizeof number[i], "state %zu", f->colour_of[k] + 1);
        label[i] = number[i];
        for (size_t j = 0; j < states; j++)
            value[i * states + j] = f->transition.value[k * states + f->order[j]];
    }
    return heat(
        cx, r, "Transitions",
        "A matrix: rows are the state of a bin, columns that of the next; colour is the "
        "probability.",
        states, value, label, "next", "from", false, 1, "probability",
        "Transition probabilities from bin to bin; states are numbered as the true ones that "
        "they match.");
}

/* What was found in a state and, right of it after a gap, the true connections there. */
static int beside(bram_ctx *cx, bram_report *r, const struct found *f, size_t state, size_t n,
                  const char *const *label, double high)
{
    size_t cols = 2 * n + 1, truth = f->colour_of[state];
    double *value = bram_scratch(cx, n * cols, sizeof *value);
    const char **to = bram_scratch(cx, cols, sizeof *to);
    bram_figure *g = NULL;
    char title[64], caption[400];
    if (!value || !to) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        memcpy(value + i * cols, f->weights.value + (state * n + i) * n, n * sizeof *value);
        value[i * cols + n] = NAN;
        memcpy(value + i * cols + n + 1, f->connections.value + (truth * n + i) * n,
               n * sizeof *value);
    }
    for (size_t i = 0; i < n; i++) to[i] = to[n + 1 + i] = label[i];
    to[n] = "";
    snprintf(title, sizeof title, "Weights and connections in state %zu", truth + 1);
    BRAM_TRY(bram_figure_new(cx, &g, title,
                             "Two matrices side by side: rows send, columns receive; colour is the "
                             "weight, two-sided. Left what was found, right what made the data."));
    bram_figure_size(g, 760, 120 + 22 * (double)(n < 8 ? 8 : n));
    int status = bram_figure_x(cx, g,
                               &(bram_figure_axis){.title = "to: found (left), true (right)",
                                                   .labels = to,
                                                   .label_count = cols});
    if (status == BRAM_OK)
        status = bram_figure_y(
            cx, g, &(bram_figure_axis){.title = "from", .labels = label, .label_count = n});
    if (status == BRAM_OK)
        status = bram_figure_heat(cx, g, &(bram_heat){n, cols, value, -high, high, true, "weight"});
    snprintf(caption, sizeof caption,
             "Weights that %s found in the state that matches state %zu (left), beside the "
             "connections that made the data in state %zu (right). One scale for all states.",
             f->model->name, truth + 1, truth + 1);
    return bram_report_figure(cx, r, g, status, caption);
}

static int alone(bram_ctx *cx, bram_report *r, const struct found *f, size_t state, size_t n,
                 const char *const *label, double high)
{
    char title[64], caption[320];
    snprintf(title, sizeof title, "Weights in state %zu", f->colour_of[state] + 1);
    snprintf(caption, sizeof caption,
             "Weights that %s found in the state that matches state %zu. One scale for all "
             "states.",
             f->model->name, f->colour_of[state] + 1);
    return heat(
        cx, r, title, "A matrix: rows send, columns receive; colour is the weight, two-sided.", n,
        f->weights.value + state * n * n, label, "to", "from", true, high, "weight", caption);
}

static double largest(const struct matrix *m)
{
    double high = 0;
    for (size_t i = 0; i < m->rows * m->cols; i++) high = fmax(high, fabs(m->value[i]));
    return high;
}

static int figures_of_weights(bram_ctx *cx, bram_report *r, const struct found *f)
{
    size_t pairs = f->weights.cols, n = (size_t)lround(sqrt((double)pairs));
    if (!f->weights.rows || n * n != pairs || f->weights.rows != f->posterior.cols ||
        n != f->recorded.cols)
        return BRAM_OK;
    bool known = f->connections.cols == pairs;
    double high = fmax(largest(&f->weights), known ? largest(&f->connections) : 0);
    const char **label = bram_scratch(cx, n, sizeof *label);
    if (!label) return BRAM_ENOMEM;
    for (size_t u = 0; u < n; u++)
        label[u] = bram_axis_id(bram_response_axis(f->recorded.from, 1), u);
    if (!(high > 0)) high = 1;
    for (size_t i = 0; i < f->weights.rows; i++) {
        size_t k = f->order[i];
        bool matched = known && f->colour_of[k] < f->connections.rows;
        BRAM_TRY(matched ? beside(cx, r, f, k, n, label, high)
                         : alone(cx, r, f, k, n, label, high));
    }
    return BRAM_OK;
}

/* An end of an interval; the point itself where there were too few rows for one. */
static double from_best(double best, double difference, double point)
{
    return isnan(difference) ? point : best + difference;
}

/* Numbers of states as categories: they need not lie close together. */
static int figure_of_choice(bram_ctx *cx, bram_report *r, const struct found *f)
{
    size_t n = f->choice.rows;
    if (n < 2 || f->choice.cols < 2) return BRAM_OK;
    size_t cols = f->choice.cols;
    double *x = bram_scratch(cx, n, 4 * sizeof *x), best = -INFINITY;
    const char **label = bram_scratch(cx, n, sizeof *label);
    bram_figure *g = NULL;
    if (!x || !label) return BRAM_ENOMEM;
    double *y = x + n, *low = y + n, *high = low + n;
    for (size_t i = 0; i < n; i++) {
        const double *row = f->choice.value + i * cols;
        char *text = bram_scratch(cx, 24, 1);
        if (!text) return BRAM_ENOMEM;
        snprintf(text, 24, "%.0f", row[0]);
        label[i] = text, x[i] = (double)i, y[i] = row[1];
        best = fmax(best, y[i]);
    }
    for (size_t i = 0; i < n && cols >= 4; i++)
        low[i] = from_best(best, f->choice.value[i * cols + 2], y[i]),
        high[i] = from_best(best, f->choice.value[i * cols + 3], y[i]);
    BRAM_TRY(
        bram_figure_new(cx, &g, "How many states",
                        "Log likelihood of the validation part against the number of states."));
    bram_figure_size(g, 640, 280);
    int status = bram_figure_x(
        cx, g, &(bram_figure_axis){.title = "number of states", .labels = label, .label_count = n});
    if (status == BRAM_OK)
        status = bram_figure_y(cx, g,
                               &(bram_figure_axis){.title = "log likelihood (nats a value)"});
    bram_series line = {
        .mark = BRAM_MARK_LINE, .colour = f->model->colour, .count = n, .x = x, .y = y};
    bram_series points = line;
    points.mark = BRAM_MARK_POINTS;
    if (cols >= 4) points.low = low, points.high = high;
    if (status == BRAM_OK) status = bram_figure_add(cx, g, &line);
    if (status == BRAM_OK) status = bram_figure_add(cx, g, &points);
    return bram_report_figure(
        cx, r, g, status,
        cols < 4 ? "Log likelihood of the validation part, by the filter, for each number of "
                   "states that was tried; the highest was taken."
                 : "Log likelihood of the validation part, by the filter, for each number of "
                   "states that was tried; the highest was taken. Bars: 95 % interval of the "
                   "difference to it.");
}

/* ---- the section ---------------------------------------------------------------------------- */

/* The first part on which a model has states. */
static int find_states(bram_ctx *cx, struct found *f, bool *there, const bram_report *r,
                       const bram_board *b, const bram_board_row *row)
{
    *there = false;
    for (size_t p = 0; p < b->parts && !*there; p++) {
        size_t at;
        const bram_result *cell = bram_board_result(b, row, p, &at);
        const bram_dataset *ds = NULL;
        if (cell) BRAM_TRY(bram_results_whole(cx, &ds, r->results, cell, "states/"));
        if (!ds) continue;
        *f = (struct found){.model = bram_report_model_of(r, row), .part = bram_board_part(b, p)};
        BRAM_TRY(read_matrix(cx, &f->posterior, ds, "states/posterior"));
        BRAM_TRY(read_matrix(cx, &f->truth, ds, "states/truth"));
        BRAM_TRY(read_matrix(cx, &f->recorded, ds, "states/recorded"));
        BRAM_TRY(read_matrix(cx, &f->visits, ds, "states/visits"));
        BRAM_TRY(read_matrix(cx, &f->weights, ds, "states/state_weights"));
        BRAM_TRY(read_matrix(cx, &f->transition, ds, "states/transition"));
        BRAM_TRY(read_matrix(cx, &f->choice, ds, "states/choice"));
        BRAM_TRY(read_matrix(cx, &f->connections, ds, "states/connections"));
        *there = f->posterior.rows > 0 && f->posterior.cols <= MOST_STATES &&
                 f->truth.rows == f->posterior.rows && f->truth.cols == 1 &&
                 (!f->recorded.rows || f->recorded.rows == f->posterior.rows);
    }
    return *there ? match_states(cx, f) : BRAM_OK;
}

static int write_figures(bram_ctx *cx, bram_report *r, const struct found *f)
{
    bram_page_heading(&r->page, 3, "States");
    BRAM_TRY(figure_of_raster(cx, r, f));
    BRAM_TRY(figure_of_posterior(cx, r, f));
    BRAM_TRY(figure_of_dwell(cx, r, f));
    BRAM_TRY(figure_of_choice(cx, r, f));
    BRAM_TRY(figure_of_transitions(cx, r, f));
    return figures_of_weights(cx, r, f);
}

/* The best model that was fitted: one that knows the truth is no find. */
int bram_section_states(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    for (size_t i = 0; i < bram_board_scored(b); i++) {
        const bram_report_model *model = bram_report_model_of(r, &b->row[i]);
        if (model->trivial || strncmp(model->spec, "true-", 5) == 0) continue;
        size_t mark = bram_scratch_mark(cx);
        struct found f;
        bool there;
        int status = find_states(cx, &f, &there, r, b, &b->row[i]);
        if (status == BRAM_OK && there) status = write_figures(cx, r, &f);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK || there) return status;
    }
    return BRAM_OK;
}
