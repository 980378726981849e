/*
 * convcore.c - a convolutional network that learns its features from the recordings: two to four
 * layers (core/nn_stack.h) on the pictures of the stimuli, grey and brought to one size, and a
 * readout for each unit: factorized (Klindt et al. 2017) or Gaussian (Lurz et al. 2021). Response-
 * optimised, beside features that know nothing of the recordings. Training: conv_train.c.
 *
 * Rows are stimuli, by the ids of their axis; the pictures are those of the public data (or a
 * folder or archive), as the model `pixels` has them. Beside `mean` the answer has `map` (unit x
 * row x column of the last layer): where each unit looks.
 */
#include "conv_model.h"

#include "forecast.h"
#include "linalg.h"

#include <math.h>
#include <string.h>

enum { MOST_SIDE = 31, AT_ONCE = 256 };

static const bram_param params[] = {
    {"readout", BRAM_PARAM_CHOICE, "gaussian", "gaussian|factorized", 0, 0,
     "how units read the last layer"},
    {"layers", BRAM_PARAM_INTEGER, "3", NULL, 2, BRAM_STACK_LAYERS, "convolutions"},
    {"channels", BRAM_PARAM_INTEGER, "16", NULL, 1, 256, "of each layer"},
    {"first", BRAM_PARAM_INTEGER, "7", NULL, 1, MOST_SIDE, "rows and columns of the first kernels"},
    {"side", BRAM_PARAM_INTEGER, "3", NULL, 1, MOST_SIDE, "rows and columns of the others"},
    {"size", BRAM_PARAM_INTEGER, "24", NULL, 1, 512, "rows and columns of the pictures"},
    {"field", BRAM_PARAM_REAL, "1", NULL, 0.001, 1, "share of width and height that is seen"},
    {"set", BRAM_PARAM_TEXT, "", NULL, 0, 0, "pictures below stimuli/images; empty: the only"},
    {"images", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a folder or archive instead"},
    {"space", BRAM_PARAM_REAL, "0.02", NULL, 0, 1e6, "L1 penalty of a unit's map (factorized)"},
    {"weights", BRAM_PARAM_REAL, "0.02", NULL, 0, 1e6, "L1 penalty of a unit's weights"},
    {"range", BRAM_PARAM_REAL, "0.3", NULL, 0, 1, "places begin within +- (gaussian)"},
    {"deviation", BRAM_PARAM_REAL, "0.5", NULL, 0, 10, "the spread begins within +- (gaussian)"},
    {"epochs", BRAM_PARAM_INTEGER, "40", NULL, 1, 100000, "passes over the training rows"},
    {"batch", BRAM_PARAM_INTEGER, "64", NULL, 1, 65536, "rows of a step"},
    {"rate", BRAM_PARAM_REAL, "0.005", NULL, 1e-8, 10, "highest learning rate"},
    {"decay", BRAM_PARAM_REAL, "0.0001", NULL, 0, 1, "weight decay of AdamW"},
    {"clip", BRAM_PARAM_REAL, "10", NULL, 1e-6, 1e9, "largest norm of a gradient"},
    {"validation", BRAM_PARAM_REAL, "0.1", NULL, 0, 0.5,
     "share of the training rows that tells when to stop; 0: all epochs"},
    {"patience", BRAM_PARAM_INTEGER, "8", NULL, 1, 100000, "epochs without a better one"},
    {.name = NULL},
};

static const bram_state_part state[] = {
    {"parameters", offsetof(bram_conv_model, w)},
    {"picture", offsetof(bram_conv_model, picture)},
    {"unit", offsetof(bram_conv_model, unit)},
    {"history", offsetof(bram_conv_model, history)},
    {NULL, 0},
};

static void release(void *fitted)
{
    bram_conv_model *m = fitted;
    if (m) bram_free(m->pictures);
    bram_state_free(m, state);
}

/* ---- pictures ------------------------------------------------------------------------------- */

static int ask_pixels(bram_ctx *cx, bram_dataset **answer, const bram_conv_model *m,
                      const bram_dataset *known, const bram_axis *stimulus)
{
    bram_panel panel = {.public_data = known};
    bram_query query = {.ask = BRAM_ASK_FEATURES, .panel = &panel, .stimulus = stimulus};
    bram_fitted *pixels = NULL;
    BRAM_TRY(bram_fitted_new(cx, &pixels, m->pictures, &panel, NULL, 0));
    int status = bram_fitted_answer(cx, answer, pixels, &query);
    bram_fitted_free(pixels);
    return status;
}

int bram_conv_pictures(bram_ctx *cx, float **out, const bram_conv_model *m,
                       const bram_dataset *known, const bram_axis *row, size_t first, size_t rows)
{
    size_t pixels = m->size * m->size;
    double mean = m->picture.data[0], deviation = m->picture.data[1];
    *out = bram_scratch(cx, rows, pixels * sizeof **out);
    size_t mark = bram_scratch_mark(cx), *index = bram_scratch(cx, rows, sizeof *index);
    bram_axis *stimulus = NULL;
    bram_dataset *answer = NULL;
    if (!*out || !index) return BRAM_ENOMEM;
    if (!known || !row || !bram_axis_has_ids(row))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "convcore wants rows that are named stimuli");
    for (size_t i = 0; i < rows; i++) index[i] = first + i;
    BRAM_TRY(bram_axis_take(cx, &stimulus, row, index, rows));
    int status = ask_pixels(cx, &answer, m, known, stimulus);
    const bram_response *r = status == BRAM_OK ? bram_dataset_response(
                                                     answer, bram_dataset_response_path(answer, 0))
                                               : NULL;
    double *line = r ? bram_scratch(cx, pixels, sizeof *line) : NULL;
    if (r && !line) status = BRAM_ENOMEM;
    for (size_t i = 0; i < rows && status == BRAM_OK; i++) {
        status = bram_response_read(cx, r, (size_t[]){i, 0}, (size_t[]){1, pixels}, line, NULL);
        for (size_t k = 0; k < pixels; k++)
            (*out)[i * pixels + k] = (float)((line[k] - mean) / deviation);
    }
    bram_dataset_free(answer);
    bram_axis_free(stimulus);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- the network ---------------------------------------------------------------------------- */

static int plan(bram_ctx *cx, bram_conv_model *m, const bram_options *o, size_t units,
                uint64_t seed)
{
    bool gaussian = bram_option_is(o, "readout", "gaussian");
    m->size = (size_t)bram_option_integer(o, "size");
    m->stack = (bram_nn32_stack){.layers = (size_t)bram_option_integer(o, "layers"),
                                 .readout = gaussian ? &bram_nn32_readout_gaussian
                                                     : &bram_nn32_readout_factorized,
                                 .shape = {.units = units,
                                           .terms = 1,
                                           .mask = BRAM_MASK_NONNEGATIVE,
                                           .l1_space = bram_option_real(o, "space"),
                                           .l1_features = bram_option_real(o, "weights"),
                                           .spread = BRAM_SPREAD_FULL,
                                           .place_range = bram_option_real(o, "range"),
                                           .deviation = bram_option_real(o, "deviation"),
                                           .seed = seed}};
    for (size_t l = 0; l < m->stack.layers; l++)
        m->stack.conv[l] = (bram_nn_conv){
            .out = (size_t)bram_option_integer(o, "channels"),
            .side = (size_t)bram_option_integer(o, l ? "side" : "first"),
        };
    m->stack.conv[0].height = m->stack.conv[0].width = m->size, m->stack.conv[0].in = 1;
    if (!bram_nn32_stack_plan(&m->stack))
        return bram_fail(
            cx, BRAM_EUSAGE,
            "nothing is left of pictures of %zu x %zu after %zu layers (size=, first=, "
            "side=)",
            m->size, m->size, m->stack.layers);
    m->pictures = bram_strf(cx, "pixels:size=%zu,field=%.17g,set=%s,images=%s", m->size,
                            bram_option_real(o, "field"), bram_option_text(o, "set"),
                            bram_option_text(o, "images"));
    return m->pictures ? BRAM_OK : BRAM_ENOMEM;
}

float *bram_conv_parameters(bram_ctx *cx, const bram_conv_model *m)
{
    float *w = bram_scratch(cx, m->w.cols, sizeof *w);
    for (size_t i = 0; w && i < m->w.cols; i++) w[i] = (float)m->w.data[i];
    return w;
}

static int fit_all(bram_ctx *cx, bram_conv_model *m, const bram_options *o, const bram_panel *train,
                   const bram_panel *validation, uint64_t seed)
{
    size_t units = bram_axis_length(train->unit);
    if (!train->segments)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no rows to learn from, expected 2 or more");
    BRAM_TRY(plan(cx, m, o, units, seed));
    BRAM_TRY(bram_mat_new(cx, &m->w, 1, m->stack.parameters + m->stack.running));
    BRAM_TRY(bram_mat_new(cx, &m->picture, 1, 2));
    BRAM_TRY(bram_mat_new(cx, &m->unit, 2, units));
    m->picture.data[1] = 1;
    return bram_conv_train(cx, m, o, train, validation, seed);
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    bram_conv_model *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    int status = fit_all(cx, m, o, train, validation, seed);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

/* ---- answers -------------------------------------------------------------------------------- */

static int predict(bram_ctx *cx, double *out, const bram_conv_model *m, const bram_panel *panel,
                   const bram_segment *g)
{
    const bram_nn32_stack *s = &m->stack;
    size_t units = s->shape.units, rows = g->y.rows - g->first, pixels = m->size * m->size;
    size_t most = rows < AT_ONCE ? rows : AT_ONCE;
    float *x, *w = bram_conv_parameters(cx, m);
    float *y = bram_scratch(cx, most, units * sizeof *y);
    float *room = bram_scratch(cx, bram_nn32_stack_room(s, most), sizeof *room);
    if (!w || !y || !room) return BRAM_ENOMEM;
    BRAM_TRY(bram_conv_pictures(cx, &x, m, panel->public_data, g->row, g->first, rows));
    for (size_t first = 0; first < rows; first += most) {
        size_t count = rows - first < most ? rows - first : most;
        BRAM_TRY(bram_nn32_stack_predict(cx, s, w, w + s->parameters, y, x + first * pixels, count,
                                         room));
        for (size_t i = 0; i < count * units; i++)
            out[first * units + i] = bram_row(&m->unit, 0)[i % units] +
                                     (double)y[i] * bram_row(&m->unit, 1)[i % units];
    }
    return BRAM_OK;
}

/* Where each unit looks in the last layer. */
static int add_map(bram_ctx *cx, bram_dataset *out, const bram_conv_model *m, const bram_axis *unit)
{
    const bram_nn32_stack *s = &m->stack;
    bram_axis *row = NULL, *column = NULL;
    bram_response *r = NULL;
    float *w = bram_conv_parameters(cx, m);
    float *map = bram_scratch(cx, s->shape.units, s->shape.height * s->shape.width * sizeof *map);
    if (!w || !map) return BRAM_ENOMEM;
    int status = bram_axis_new(cx, &row, "map_row", s->shape.height);
    if (status == BRAM_OK) status = bram_axis_new(cx, &column, "map_column", s->shape.width);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "map", BRAM_F64, 3,
                                   (const bram_axis *[]){unit, row, column});
    bram_axis_free(row);
    bram_axis_free(column);
    BRAM_TRY(status);
    s->readout->map(&s->shape, w + s->head, map);
    for (size_t i = 0; i < bram_response_count(r); i++) bram_response_f64(r)[i] = (double)map[i];
    return bram_dataset_add(cx, out, "", r);
}

static int answer_all(bram_ctx *cx, const bram_conv_model *m, const bram_query *q,
                      bram_dataset *out)
{
    const bram_segment *g = &q->panel->segment[q->segment];
    size_t units = m->stack.shape.units;
    bram_axis *row = NULL;
    bram_response *r = NULL;
    if (bram_axis_length(q->panel->unit) != units || g->y.cols != units)
        return bram_fail(cx, BRAM_ESHAPE, "%zu units, fitted on %zu",
                         bram_axis_length(q->panel->unit), units);
    BRAM_TRY(bram_axis_new(cx, &row, "row", g->y.rows - g->first));
    int status = bram_response_new(cx, &r, "mean", BRAM_F64, 2,
                                   (const bram_axis *[]){row, q->panel->unit});
    bram_axis_free(row);
    if (status == BRAM_OK) status = predict(cx, bram_response_f64(r), m, q->panel, g);
    if (status != BRAM_OK) {
        bram_response_free(r);
        return status;
    }
    BRAM_TRY(bram_dataset_add(cx, out, "", r));
    return add_map(cx, out, m, q->panel->unit);
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    size_t mark = bram_scratch_mark(cx);
    int status = answer_all(cx, fitted, q, out);
    bram_scratch_release(cx, mark);
    return status;
}

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    return bram_state_save(cx, fitted, state, out);
}

static bool fits(const void *loaded)
{
    const bram_conv_model *m = loaded;
    return m->w.rows == 1 && m->picture.rows == 1 && m->picture.cols == 2 &&
           m->picture.data[1] > 0 && m->unit.rows == 2 && m->unit.cols > 0;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    void *loaded = NULL;
    BRAM_TRY(bram_state_load(cx, &loaded, sizeof(bram_conv_model), state, fits, in));
    bram_conv_model *m = loaded;
    int status = plan(cx, m, o, m->unit.cols, 0);
    if (status == BRAM_OK && m->w.cols != m->stack.parameters + m->stack.running)
        status = bram_fail(cx, BRAM_EFORMAT, "%zu parameters, expected %zu", m->w.cols,
                           m->stack.parameters + m->stack.running);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

static int content(bram_ctx *cx, char hex[65], const bram_options *o)
{
    char *spec = bram_strf(cx, "pixels:images=%s", bram_option_text(o, "images"));
    int status = spec ? bram_model_content(cx, hex, spec) : BRAM_ENOMEM;
    bram_free(spec);
    return status;
}

/* Pictures as numbers of the model pixels and as float32; the maps of a batch. */
static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    size_t size = (size_t)bram_option_integer(o, "size"), pixels = size * size;
    size_t batch = (size_t)bram_option_integer(o, "batch");
    size_t channels = (size_t)bram_option_integer(o, "channels");
    (void)inputs;
    if (batch < AT_ONCE) batch = AT_ONCE;
    return rows * (12 * pixels + 5 * units) +
           4 * batch * pixels * channels * (2 * (size_t)bram_option_integer(o, "layers") + 4) +
           64 * units * (channels + pixels);
}

const bram_model bram_model_convcore = {
    .name = "convcore",
    .summary = "responses from pictures by a convolutional network trained on the recordings",
    .source = "Klindt, Ecker, Euler & Bethge 2017 (NeurIPS); Lurz et al. 2021 (ICLR)",
    .missing = "missing responses are no targets; not applicable where a stimulus has no picture",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_RESPOND),
    .flags = BRAM_MODEL_STOCHASTIC | BRAM_MODEL_FINISHES,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
    .content = content,
    .memory = memory,
};
