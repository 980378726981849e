/*
 * map_readout.c - readouts of maps as models: fit, answer, save, load; see map_readout.h.
 */
#include "map_private.h"

#include "forecast.h"
#include "linalg.h"
#include "token_map.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

void bram_tokens_free(void *fitted)
{
    bram_tokens_model *m = fitted;
    if (!m) return;
    bram_free(m->place);
    bram_free(m->channel.data);
    bram_free(m->unit.data);
    bram_free(m->history.data);
    bram_free(m->w);
    bram_free(m->member);
    bram_axis_free(m->region);
    bram_free(m);
}

/* ---- standard scores ------------------------------------------------------------------------ */

static size_t place_of(const bram_tokens_model *m, size_t input)
{
    return (size_t)m->place[input];
}

int bram_tokens_tokens(bram_ctx *cx, float *out, const bram_tokens_model *m, const bram_segment *g,
                       size_t row)
{
    const double *x = bram_row(&g->x, row), *mean = bram_row(&m->channel, 0);
    const uint8_t *present = g->x_present ? g->x_present + row * m->inputs : NULL;
    const double *deviation = bram_row(&m->channel, 1);
    for (size_t i = 0; i < m->inputs; i++) {
        size_t at = place_of(m, i), c = at % m->shape.channels;
        bool there = !present || present[i];
        if (there && !isfinite(x[i]))
            return bram_fail(cx, BRAM_ENUMERIC, "input %zu of row %zu is %g", i, row, x[i]);
        out[at] = there ? (float)((x[i] - mean[c]) / deviation[c]) : 0;
    }
    return BRAM_OK;
}

/* One pass over what is present of the target rows: sums of (value - mean) to the power. */
static void add_up(const bram_tokens_model *m, const bram_panel *p, bool inputs, const double *mean,
                   double *sum, double *count)
{
    size_t cols = inputs ? m->inputs : m->shape.units;
    for (size_t s = 0; s < p->segments; s++) {
        const bram_segment *g = &p->segment[s];
        const bram_mat *from = inputs ? &g->x : &g->y;
        const uint8_t *present = inputs ? g->x_present : g->y_present;
        for (size_t i = g->first; i < g->y.rows; i++)
            for (size_t k = 0; k < cols; k++) {
                size_t c = inputs ? place_of(m, k) % m->shape.channels : k;
                double v = bram_row(from, i)[k];
                if (present && !present[i * cols + k]) continue;
                sum[c] += mean ? (v - mean[c]) * (v - mean[c]) : v;
                count[c]++;
            }
    }
}

/* Mean and standard deviation of each channel or unit; 0 and 1 where nothing is there, 1 for what
 * is constant. */
static int standardize(bram_ctx *cx, bram_mat *out, const bram_tokens_model *m, const bram_panel *p,
                       bool inputs)
{
    size_t n = inputs ? m->shape.channels : m->shape.units, mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_mat_new(cx, out, 2, n));
    double *count = bram_scratch(cx, n, 2 * sizeof *count);
    if (!count) return BRAM_ENOMEM;
    double *mean = bram_row(out, 0), *deviation = bram_row(out, 1);
    add_up(m, p, inputs, NULL, mean, count);
    for (size_t k = 0; k < n; k++) mean[k] = count[k] > 0 ? mean[k] / count[k] : 0;
    add_up(m, p, inputs, mean, deviation, count + n);
    for (size_t k = 0; k < n; k++)
        deviation[k] = deviation[k] > 0 ? sqrt(deviation[k] / count[k]) : 1;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- parts ---------------------------------------------------------------------------------- */

int bram_tokens_parts(bram_ctx *cx, bram_tokens_part part[BRAM_MAP_PARTS],
                      const bram_tokens_model *m, size_t rows, bool learn, bool attention)
{
    const bram_nn32_readout *r = m->kind->readout;
    size_t each = (rows + BRAM_MAP_PARTS - 1) / BRAM_MAP_PARTS, units = m->shape.units;
    size_t maps = m->shape.queries ? m->shape.queries : 1;
    for (size_t k = 0; k < BRAM_MAP_PARTS; k++) {
        bram_tokens_part *p = &part[k];
        *p = (bram_tokens_part){.s = m->shape};
        p->s.batch = each;
        p->x = bram_scratch(cx, each, m->inputs * sizeof *p->x);
        p->y = bram_scratch(cx, each, units * sizeof *p->y);
        p->trace = bram_scratch(cx, r->trace(&p->s) + 1, sizeof *p->trace);
        if (!p->x || !p->y || !p->trace) return BRAM_ENOMEM;
        if (attention) {
            p->attention = bram_scratch(cx, each * maps,
                                        p->s.height * p->s.width * sizeof *p->attention);
            if (!p->attention) return BRAM_ENOMEM;
        }
        if (!learn) continue;
        p->dy = bram_scratch(cx, each, units * sizeof *p->dy);
        p->grad = bram_scratch(cx, m->parameters, sizeof *p->grad);
        p->room = bram_scratch(cx, r->room(&p->s) + 1, sizeof *p->room);
        if (!p->dy || !p->grad || !p->room) return BRAM_ENOMEM;
    }
    return BRAM_OK;
}

/* ---- fitting -------------------------------------------------------------------------------- */

/* A model with its shape and memory for parameters, of whom nothing is known yet. */
static int finish_shape(bram_ctx *cx, bram_tokens_model *m)
{
    m->parameters = bram_nn32_readout_parameters(m->kind->readout, &m->shape);
    m->w = bram_alloc(cx, m->parameters, sizeof *m->w);
    return m->w ? BRAM_OK : BRAM_ENOMEM;
}

static int set_options(bram_ctx *cx, bram_tokens_model *m, const bram_options *o)
{
    const char *fault = m->kind->set(&m->shape, o);
    return fault ? bram_fail(cx, BRAM_EUSAGE, "%s", fault) : BRAM_OK;
}

/* What the input is a map of. */
static int find_map(bram_ctx *cx, bram_tokens_model *m, const bram_options *o,
                    const bram_axis *input)
{
    bram_token_map map, given = {(size_t)bram_option_integer(o, "height"),
                                 (size_t)bram_option_integer(o, "width"), 0};
    size_t mark = bram_scratch_mark(cx), *place = bram_scratch(cx, m->inputs, sizeof *place);
    m->place = bram_alloc(cx, m->inputs, sizeof *m->place);
    int status = m->place && place ? bram_token_map_find(cx, &map, place, input, &given)
                                   : BRAM_ENOMEM;
    for (size_t i = 0; i < m->inputs && status == BRAM_OK; i++) m->place[i] = (double)place[i];
    bram_scratch_release(cx, mark);
    BRAM_TRY(status);
    m->shape.height = map.height, m->shape.width = map.width, m->shape.channels = map.channels;
    return BRAM_OK;
}

/* Segments of the shape that the first one has, with at least two rows in all. */
static int check_panel(bram_ctx *cx, const bram_panel *p, const char *what, size_t least)
{
    size_t rows = 0;
    for (size_t s = 0; s < p->segments; s++) {
        const bram_segment *g = &p->segment[s], *first = &p->segment[0];
        rows += g->y.rows - g->first;
        if (g->x.cols != bram_axis_length(p->input) || g->y.cols != first->y.cols ||
            (g->x.cols && g->x.rows != g->y.rows))
            return bram_fail(cx, BRAM_ESHAPE,
                             "segment %zu of the %s panel has %zu x %zu inputs and %zu x %zu "
                             "responses, expected %zu inputs and %zu units",
                             s, what, g->x.rows, g->x.cols, g->y.rows, g->y.cols,
                             bram_axis_length(p->input), first->y.cols);
    }
    if (rows < least || (p->segments && !p->segment[0].y.cols))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%zu rows of %zu units to learn from, expected "
                         "%zu of 1 or more",
                         rows, p->segments ? p->segment[0].y.cols : 0, least);
    return BRAM_OK;
}

static int fit_all(bram_ctx *cx, bram_tokens_model *m, const bram_options *o,
                   const bram_panel *train, const bram_panel *validation, uint64_t seed)
{
    BRAM_TRY(check_panel(cx, train, "training", 2));
    if (validation) BRAM_TRY(check_panel(cx, validation, "validation", 0));
    m->inputs = train->segment[0].x.cols, m->shape.units = train->segment[0].y.cols;
    BRAM_TRY(set_options(cx, m, o));
    BRAM_TRY(find_map(cx, m, o, train->input));
    if (m->kind->regions) BRAM_TRY(bram_tokens_regions(cx, m, o, train->unit));
    BRAM_TRY(standardize(cx, &m->channel, m, train, true));
    BRAM_TRY(standardize(cx, &m->unit, m, train, false));
    BRAM_TRY(finish_shape(cx, m));
    return bram_tokens_train(cx, m, o, train, validation, seed);
}

int bram_tokens_fit(bram_ctx *cx, void **fitted, const bram_tokens_kind *kind,
                    const bram_options *o, const bram_panel *train, const bram_panel *validation,
                    uint64_t seed)
{
    bram_tokens_model *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    m->kind = kind;
    size_t mark = bram_scratch_mark(cx);
    int status = fit_all(cx, m, o, train, validation, seed);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *fitted = m;
    else bram_tokens_free(m);
    return status;
}

/* ---- answers -------------------------------------------------------------------------------- */

enum { AT_ONCE = 64 }; /* rows */

struct asking {
    const bram_tokens_model *m;
    const bram_segment *g;
    size_t first, size, shown;
    double *mean;     /* rows x units */
    float *attention; /* shown x regions x positions; NULL: none */
    bram_tokens_part part[BRAM_MAP_PARTS];
};

/* Task: a part of some rows. */
static int part_answer(bram_ctx *cx, size_t task, void *user)
{
    struct asking *a = user;
    const bram_tokens_model *m = a->m;
    bram_tokens_part *p = &a->part[task];
    size_t from = a->size * task / BRAM_MAP_PARTS, to = a->size * (task + 1) / BRAM_MAP_PARTS;
    size_t units = m->shape.units, positions = m->shape.height * m->shape.width;
    size_t each = positions * (m->shape.queries ? m->shape.queries : 1);
    p->s.batch = to - from;
    if (from == to) return BRAM_OK;
    for (size_t i = from; i < to; i++)
        BRAM_TRY(bram_tokens_tokens(cx, p->x + (i - from) * m->inputs, m, a->g,
                                    a->g->first + a->first + i));
    m->kind->readout->forward(&p->s, m->w, p->y, p->x, p->trace);
    if (p->attention) m->kind->readout->attention(&p->s, m->w, p->trace, p->attention);
    for (size_t i = from; i < to; i++) {
        double *out = a->mean + (a->first + i) * units;
        for (size_t u = 0; u < units; u++)
            out[u] = bram_row(&m->unit, 0)[u] +
                     bram_row(&m->unit, 1)[u] * (double)p->y[(i - from) * units + u];
        if (a->attention && a->first + i < a->shown)
            memcpy(a->attention + (a->first + i) * each, p->attention + (i - from) * each,
                   each * sizeof *a->attention);
    }
    return BRAM_OK;
}

static int answer_rows(bram_ctx *cx, struct asking *a)
{
    size_t rows = a->g->y.rows - a->g->first, mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_tokens_parts(cx, a->part, a->m, AT_ONCE, false, a->attention != NULL));
    for (a->first = 0; a->first < rows; a->first += a->size) {
        a->size = rows - a->first < AT_ONCE ? rows - a->first : AT_ONCE;
        BRAM_TRY(bram_parallel_for(cx, BRAM_MAP_PARTS, part_answer, a));
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* A response along axes before, if any, then rows and columns of the map. */
static int new_map(bram_ctx *cx, bram_response **out, const char *name, bram_type type,
                   const bram_tokens_model *m, const bram_axis *const *before, size_t dims)
{
    const bram_axis *axes[4] = {before[0], dims > 1 ? before[1] : NULL};
    bram_axis *row = NULL, *column = NULL;
    int status = bram_axis_new(cx, &row, "map_row", m->shape.height);
    if (status == BRAM_OK) status = bram_axis_new(cx, &column, "map_column", m->shape.width);
    axes[dims] = row, axes[dims + 1] = column;
    if (status == BRAM_OK) status = bram_response_new(cx, out, name, type, dims + 2, axes);
    bram_axis_free(row);
    bram_axis_free(column);
    return status;
}

static int add_map(bram_ctx *cx, bram_dataset *out, const bram_tokens_model *m,
                   const bram_axis *unit)
{
    bram_response *r = NULL;
    size_t n = m->shape.units * m->shape.height * m->shape.width, mark = bram_scratch_mark(cx);
    float *map = bram_scratch(cx, n, sizeof *map);
    if (!map) return BRAM_ENOMEM;
    BRAM_TRY(new_map(cx, &r, "map", BRAM_F64, m, &unit, 1));
    m->kind->readout->map(&m->shape, m->w, map);
    for (size_t i = 0; i < n; i++) bram_response_f64(r)[i] = (double)map[i];
    bram_scratch_release(cx, mark);
    return bram_dataset_add(cx, out, "", r);
}

/* The empty response "attention" of the first rows, as many as fit. */
static int new_attention(bram_ctx *cx, bram_response **out, struct asking *a)
{
    static const char *const all[] = {"mean"};
    const bram_tokens_model *m = a->m;
    size_t rows = a->g->y.rows - a->g->first, regions = m->region ? m->shape.queries : 1;
    size_t each = regions * m->shape.height * m->shape.width;
    bram_axis *shown = NULL, *region = m->region ? bram_axis_ref(m->region) : NULL;
    a->shown = rows < BRAM_MAP_ATTENTION / each ? rows : BRAM_MAP_ATTENTION / each;
    if (!a->shown) return BRAM_OK;
    int status = bram_axis_new(cx, &shown, "shown", a->shown);
    if (!region && status == BRAM_OK) {
        status = bram_axis_new(cx, &region, "region", 1);
        if (status == BRAM_OK) status = bram_axis_set_ids(cx, region, all);
    }
    if (status == BRAM_OK)
        status = new_map(cx, out, "attention", BRAM_F32, m, (const bram_axis *[]){shown, region},
                         2);
    bram_axis_free(shown);
    bram_axis_free(region);
    return status;
}

int bram_tokens_answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    struct asking a = {.m = fitted, .g = &q->panel->segment[q->segment]};
    bram_response *mean = NULL, *attention = NULL;
    if (a.g->x.cols != a.m->inputs || a.g->y.cols != a.m->shape.units)
        return bram_fail(cx, BRAM_ESHAPE, "%zu inputs and %zu units, fitted on %zu and %zu",
                         a.g->x.cols, a.g->y.cols, a.m->inputs, a.m->shape.units);
    BRAM_TRY(bram_forecast_rows(cx, &mean, "mean", a.g, q->panel->unit));
    int status = a.m->kind->readout->attention ? new_attention(cx, &attention, &a) : BRAM_OK;
    a.mean = bram_response_f64(mean);
    a.attention = attention ? bram_response_f32(attention) : NULL;
    size_t mark = bram_scratch_mark(cx);
    if (status == BRAM_OK) status = answer_rows(cx, &a);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) status = bram_dataset_add(cx, out, "", mean), mean = NULL;
    if (status == BRAM_OK && attention)
        status = bram_dataset_add(cx, out, "", attention), attention = NULL;
    bram_response_free(mean);
    bram_response_free(attention);
    if (status == BRAM_OK && a.m->kind->readout->map)
        status = add_map(cx, out, a.m, q->panel->unit);
    return status;
}

/* ---- files ---------------------------------------------------------------------------------- */

static int put_tensor(bram_ctx *cx, bram_dataset *out, const bram_tokens_model *m,
                      const bram_nn_tensor *t, const float *values)
{
    char name[2][64], group[48];
    bram_axis *axis[2] = {NULL};
    bram_response *r = NULL;
    for (size_t k = 0; k < 2; k++) {
        snprintf(name[k], sizeof name[k], "%.47s_%s", t->name, k ? "column" : "row");
        for (char *dot = name[k]; (dot = strchr(dot, '.'));) *dot = '_';
    }
    snprintf(group, sizeof group, "params/%s", m->kind->params);
    int status = bram_axis_new(cx, &axis[0], name[0], t->rows);
    if (status == BRAM_OK && t->cols) status = bram_axis_new(cx, &axis[1], name[1], t->cols);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, t->name, BRAM_F32, t->cols ? 2 : 1,
                                   (const bram_axis *const *)axis);
    for (size_t k = 0; k < 2; k++) bram_axis_free(axis[k]);
    BRAM_TRY(status);
    memcpy(bram_response_f32(r), values, bram_response_count(r) * sizeof *values);
    return bram_dataset_add(cx, out, group, r);
}

/* state/member, unit x region, with the regions' names. */
static int put_members(bram_ctx *cx, bram_dataset *out, const bram_tokens_model *m)
{
    bram_axis *unit = NULL;
    bram_response *r = NULL;
    BRAM_TRY(bram_axis_new(cx, &unit, "member_row", m->shape.units));
    int status = bram_response_new(cx, &r, "member", BRAM_U8, 2,
                                   (const bram_axis *[]){unit, m->region});
    bram_axis_free(unit);
    BRAM_TRY(status);
    memcpy(bram_response_u8(r), m->member, bram_response_count(r));
    return bram_dataset_add(cx, out, "state", r);
}

int bram_tokens_save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    const bram_tokens_model *m = fitted;
    bram_nn_tensor tensor[BRAM_NN_READOUT_TENSORS];
    size_t n = m->kind->readout->tensors(&m->shape, tensor), at = 0;
    double layout[] = {(double)m->shape.height, (double)m->shape.width, (double)m->shape.channels};
    for (size_t k = 0; k < n; k++) {
        BRAM_TRY(put_tensor(cx, out, m, &tensor[k], m->w + at));
        at += tensor[k].rows * (tensor[k].cols ? tensor[k].cols : 1);
    }
    BRAM_TRY(bram_state_put(cx, out, "layout", &(bram_mat){layout, 1, 3, 3}));
    BRAM_TRY(bram_state_put(cx, out, "place", &(bram_mat){m->place, 1, m->inputs, m->inputs}));
    BRAM_TRY(bram_state_put(cx, out, "channel", &m->channel));
    BRAM_TRY(bram_state_put(cx, out, "unit", &m->unit));
    if (m->member) BRAM_TRY(put_members(cx, out, m));
    return bram_state_put(cx, out, "history", &m->history);
}

static int get_tensor(bram_ctx *cx, float *values, const bram_tokens_model *m,
                      const bram_nn_tensor *t, const bram_dataset *in)
{
    char path[128];
    size_t count = t->rows * (t->cols ? t->cols : 1), mark = bram_scratch_mark(cx);
    snprintf(path, sizeof path, "params/%s/%.47s", m->kind->params, t->name);
    const bram_response *r = bram_dataset_response(in, path);
    if (!r) return bram_fail(cx, BRAM_EABSENT, "the fitted model has no %s", path);
    if (bram_response_dims(r) != (t->cols ? 2u : 1u) || bram_response_length(r, 0) != t->rows ||
        bram_response_count(r) != count)
        return bram_fail(cx, BRAM_EFORMAT, "%s has other dimensions than %zu x %zu", path, t->rows,
                         t->cols ? t->cols : 1);
    double *read = bram_scratch(cx, count, sizeof *read);
    if (!read) return BRAM_ENOMEM;
    int status = bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){t->rows, t->cols}, read,
                                    NULL);
    for (size_t i = 0; i < count && status == BRAM_OK; i++) {
        if (!isfinite(read[i])) status = bram_fail(cx, BRAM_EFORMAT, "%s holds %g", path, read[i]);
        values[i] = (float)read[i];
    }
    bram_scratch_release(cx, mark);
    return status;
}

static int get_members(bram_ctx *cx, bram_tokens_model *m, const bram_dataset *in)
{
    const bram_response *r = bram_dataset_response(in, "state/member");
    if (!r || bram_response_dims(r) != 2 || bram_response_length(r, 0) != m->shape.units ||
        !bram_response_length(r, 1))
        return bram_fail(cx, BRAM_EFORMAT, "state/member is not %zu units x regions",
                         m->shape.units);
    size_t n = bram_response_count(r), regions = bram_response_length(r, 1);
    size_t mark = bram_scratch_mark(cx);
    double *read = bram_scratch(cx, n, sizeof *read);
    m->member = bram_alloc(cx, n, 1);
    if (!read || !m->member) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){m->shape.units, regions}, read,
                                NULL));
    for (size_t i = 0; i < n; i++) m->member[i] = read[i] != 0;
    bram_scratch_release(cx, mark);
    m->region = bram_axis_ref(bram_response_axis(r, 1));
    m->shape.queries = regions, m->shape.member = m->member;
    return BRAM_OK;
}

static bool is_count(double v)
{
    return v >= 1 && v <= 1e9 && v == floor(v);
}

/* The map that the file tells of; every input has a place in it. */
static int get_layout(bram_ctx *cx, bram_tokens_model *m, const bram_dataset *in)
{
    bram_mat layout = {0}, place = {0};
    int status = bram_state_get(cx, &layout, in, "layout");
    if (status == BRAM_OK) status = bram_state_get(cx, &place, in, "place");
    bool right = status == BRAM_OK && layout.rows == 1 && layout.cols == 3 && place.rows == 1;
    double all = 1;
    for (size_t k = 0; k < 3 && right; k++) right = is_count(layout.data[k]), all *= layout.data[k];
    right = right && all == (double)place.cols;
    for (size_t i = 0; right && i < place.cols; i++)
        right = place.data[i] >= 0 && place.data[i] < all && place.data[i] == floor(place.data[i]);
    if (status == BRAM_OK && !right)
        status = bram_fail(cx, BRAM_EFORMAT, "state/layout and state/place are no map");
    if (status == BRAM_OK) {
        m->shape.height = (size_t)layout.data[0], m->shape.width = (size_t)layout.data[1];
        m->shape.channels = (size_t)layout.data[2];
        m->inputs = place.cols, m->place = place.data, place.data = NULL;
    }
    bram_free(layout.data);
    bram_free(place.data);
    return status;
}

static int load_all(bram_ctx *cx, bram_tokens_model *m, const bram_options *o,
                    const bram_dataset *in)
{
    bram_nn_tensor tensor[BRAM_NN_READOUT_TENSORS];
    BRAM_TRY(get_layout(cx, m, in));
    BRAM_TRY(bram_state_get(cx, &m->channel, in, "channel"));
    BRAM_TRY(bram_state_get(cx, &m->unit, in, "unit"));
    BRAM_TRY(bram_state_get(cx, &m->history, in, "history"));
    m->shape.units = m->unit.cols;
    if (m->channel.rows != 2 || m->unit.rows != 2 || m->channel.cols != m->shape.channels)
        return bram_fail(cx, BRAM_EFORMAT,
                         "state/channel and state/unit are not 2 x %zu, 2 x units",
                         m->shape.channels);
    BRAM_TRY(set_options(cx, m, o));
    if (m->kind->regions) BRAM_TRY(get_members(cx, m, in));
    BRAM_TRY(finish_shape(cx, m));
    size_t n = m->kind->readout->tensors(&m->shape, tensor), at = 0;
    for (size_t k = 0; k < n; k++) {
        BRAM_TRY(get_tensor(cx, m->w + at, m, &tensor[k], in));
        at += tensor[k].rows * (tensor[k].cols ? tensor[k].cols : 1);
    }
    return BRAM_OK;
}

int bram_tokens_load(bram_ctx *cx, void **fitted, const bram_tokens_kind *kind,
                     const bram_options *o, const bram_dataset *in)
{
    bram_tokens_model *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    m->kind = kind;
    size_t mark = bram_scratch_mark(cx);
    int status = load_all(cx, m, o, in);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *fitted = m;
    else bram_tokens_free(m);
    return status;
}

/* Rows as float32, and a guess of parameters: as many as features times units where the map does
 * not help. */
size_t bram_tokens_memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    size_t batch = (size_t)bram_option_integer(o, "batch");
    return 4 * (rows * (inputs + units) + batch * (4 * inputs + 2 * units) + 8 * units * inputs);
}
