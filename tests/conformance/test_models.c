/*
 * Every entry of the model table against the contract of model.h: the answers bits are honest,
 * nothing depends on the future, on masked values, on the number of threads or on a trip through a
 * file, and every failing allocation is survived.
 *
 * A new model needs nothing here: it is found by its entry. All are fitted on one small panel with
 * recordings, inputs, known features of stimuli and a graph over the units; two animals, each
 * lacking a unit. Models whose
 * answers come from the user (BRAM_MODEL_OUTSIDE) cannot be fitted without his files and have tests
 * of their own; their entries are checked.
 */
#include "internal.h"
#include "pictures.h"
#include "test.h"

#include <bramble/model.h>
#include <bramble/rng.h>

enum { SEGMENTS = 4, ROWS = 48, UNITS = 5, INPUTS = 3, STIMULI = 6, CUT = 30, CONTEXT = 8 };

/* Segments 0 and 1 are for training, 2 for validation, 3 for questions. */
struct world {
    bram_ctx *cx;
    bram_axis *unit, *input, *stimulus, *frame; /* frame: rows of segments, which have pictures */
    bram_dataset *known;
    bram_graph *graph;
    double position[UNITS];
    double y[SEGMENTS][ROWS * UNITS], x[SEGMENTS][ROWS * INPUTS];
    uint8_t y_present[SEGMENTS][ROWS * UNITS], x_present[SEGMENTS][ROWS * INPUTS];
    bram_segment segment[SEGMENTS];
    bram_panel train, validation, test;
    const uint64_t *seed; /* of questions */
};

static const char *const unit_ids[UNITS] = {"S01L", "S01R", "S02L", "S02R", "S03L"};
static const char *const stimulus_ids[STIMULI] = {"a", "b", "c", "d", "e", "f"};

/* Units that hang together in time: an autoregression driven by noise and by the inputs, its size
 * and the inputs rounded to whole numbers, so that models of counts can be fitted, too. What is
 * masked holds NaN, which a model must not look at. */
static void fill(struct world *w, size_t s)
{
    bram_rng g = bram_rng_at(7, "conformance/models", s);
    double state[UNITS] = {0};
    for (size_t t = 0; t < ROWS; t++) {
        double *x = w->x[s] + t * INPUTS, last[UNITS];
        memcpy(last, state, sizeof last);
        for (size_t k = 0; k < INPUTS; k++) x[k] = bram_rng_normal(&g);
        for (size_t u = 0; u < UNITS; u++) {
            state[u] = 0.6 * last[u] + 0.3 * last[(u + 1) % UNITS] + 0.5 * x[u % INPUTS] +
                       0.3 * bram_rng_normal(&g);
            bool there = bram_rng_below(&g, 20) > 0 && (s == 3 || u != s);
            w->y[s][t * UNITS + u] = there ? floor(fabs(2 * state[u]) + 0.5) + (double)u
                                           : (double)NAN;
            w->y_present[s][t * UNITS + u] = there;
        }
        for (size_t k = 0; k < INPUTS; k++) {
            x[k] = floor(fabs(2 * x[k]));
            w->x_present[s][t * INPUTS + k] = bram_rng_below(&g, 20) > 0;
            if (!w->x_present[s][t * INPUTS + k]) x[k] = (double)NAN;
        }
    }
}

static void make_axes(struct world *w)
{
    const char *input_ids[INPUTS] = {"p", "q", "r"};
    double one[UNITS], zero[UNITS] = {0};
    int64_t number[UNITS];
    for (size_t u = 0; u < UNITS; u++) one[u] = 1, number[u] = (int64_t)u + 1;
    assert_ok(w->cx, bram_axis_new(w->cx, &w->unit, "neuron", UNITS));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, w->unit, unit_ids));
    assert_ok(w->cx, bram_axis_add_text(w->cx, w->unit, "truth", unit_ids));
    assert_ok(w->cx, bram_axis_add_integer(w->cx, w->unit, "true_neuron", number));
    assert_ok(w->cx, bram_axis_add_number(w->cx, w->unit, "true_scale", one, "1"));
    assert_ok(w->cx, bram_axis_add_number(w->cx, w->unit, "true_offset", zero, "1"));
    assert_ok(w->cx, bram_axis_new(w->cx, &w->input, "input", INPUTS));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, w->input, input_ids));
    assert_ok(w->cx, bram_axis_new(w->cx, &w->stimulus, "stimulus", STIMULI));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, w->stimulus, stimulus_ids));
    static char id[ROWS][8];
    const char *ids[ROWS];
    for (size_t i = 0; i < ROWS; i++) snprintf(id[i], sizeof id[i], "f%zu", i), ids[i] = id[i];
    assert_ok(w->cx, bram_axis_new(w->cx, &w->frame, "stimulus", ROWS));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, w->frame, ids));
}

static void make_features(struct world *w)
{
    bram_response *r;
    assert_ok(w->cx, bram_dataset_new(w->cx, &w->known));
    assert_ok(w->cx, bram_response_new(w->cx, &r, "layer", BRAM_F64, 2,
                                       (const bram_axis *[]){w->stimulus, w->input}));
    for (size_t i = 0; i < STIMULI * INPUTS; i++) bram_response_f64(r)[i] = (double)(i * i % 11);
    assert_ok(w->cx, bram_dataset_add(w->cx, w->known, "stimuli/features", r));
    assert_ok(w->cx, bram_response_new(w->cx, &r, "other", BRAM_F64, 2,
                                       (const bram_axis *[]){w->stimulus, w->unit}));
    for (size_t i = 0; i < STIMULI * UNITS; i++) bram_response_f64(r)[i] = (double)(i * i % 7);
    assert_ok(w->cx, bram_dataset_add(w->cx, w->known, "responses", r));
    bram_axis *shown;
    const char *ids[STIMULI + ROWS];
    for (size_t i = 0; i < STIMULI; i++) ids[i] = bram_axis_id(w->stimulus, i);
    for (size_t i = 0; i < ROWS; i++) ids[STIMULI + i] = bram_axis_id(w->frame, i);
    assert_ok(w->cx, bram_axis_new(w->cx, &shown, "stimulus", STIMULI + ROWS));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, shown, ids));
    assert_ok(w->cx, bram_pictures_new(w->cx, &r, "shown", shown, 9, 9, 3));
    bram_axis_free(shown);
    for (size_t i = 0; i < bram_response_count(r); i++)
        bram_response_u8(r)[i] = (uint8_t)(i * i % 251);
    assert_ok(w->cx, bram_dataset_add(w->cx, w->known, "stimuli/images", r));
}

/* Two synapses and a gap junction between three of four neurons, the last not recorded. */
static void make_connectome(struct world *w)
{
    static const char *const node[] = {"S01L", "S01R", "S02L", "X"};
    static const char *const from[] = {"S01L", "X"}, *const to[] = {"S01R", "S02L"};
    static const char *const type[] = {"gap"}, *const one[] = {"S01L"}, *const other[] = {"S02L"};
    const double weight[] = {2, -1};
    bram_axis *nodes, *chemical, *gap;
    assert_ok(w->cx, bram_axis_new(w->cx, &nodes, "nodes", 4));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, nodes, node));
    assert_ok(w->cx, bram_axis_new(w->cx, &chemical, "chemical", 2));
    assert_ok(w->cx, bram_axis_add_text(w->cx, chemical, "from", from));
    assert_ok(w->cx, bram_axis_add_text(w->cx, chemical, "to", to));
    assert_ok(w->cx, bram_axis_add_number(w->cx, chemical, "weight", weight, "1"));
    assert_ok(w->cx, bram_axis_new(w->cx, &gap, "gap", 1));
    assert_ok(w->cx, bram_axis_add_text(w->cx, gap, "from", one));
    assert_ok(w->cx, bram_axis_add_text(w->cx, gap, "to", other));
    assert_ok(w->cx, bram_axis_add_number(w->cx, gap, "weight", weight, "1"));
    assert_ok(w->cx, bram_axis_add_text(w->cx, gap, "type", type));
    assert_ok(w->cx, bram_dataset_add_table(w->cx, w->known, "connectome/made", nodes));
    assert_ok(w->cx, bram_dataset_add_table(w->cx, w->known, "connectome/made", chemical));
    assert_ok(w->cx, bram_dataset_add_table(w->cx, w->known, "connectome/made", gap));
}

/* A ring with a chord, undirected. */
static void make_graph(struct world *w)
{
    const uint32_t from[] = {0, 1, 2, 3, 4, 0}, to[] = {1, 2, 3, 4, 0, 2};
    assert_ok(w->cx, bram_graph_new(w->cx, &w->graph, UNITS, false, from, to, NULL, 6));
    for (size_t u = 0; u < UNITS; u++) w->position[u] = (double)(u * u);
    w->graph->node = w->unit, w->graph->position = w->position, w->graph->dims = 1;
}

static struct world *make(void)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->cx = bram_ctx_new();
    make_axes(w);
    make_features(w);
    make_connectome(w);
    make_graph(w);
    for (size_t s = 0; s < SEGMENTS; s++) {
        fill(w, s);
        w->segment[s] = (bram_segment){.id = s % 2 ? "odd" : "even",
                                       .y = {w->y[s], ROWS, UNITS, UNITS},
                                       .y_present = w->y_present[s],
                                       .x = {w->x[s], ROWS, INPUTS, INPUTS},
                                       .x_present = w->x_present[s],
                                       .first = s < 2 ? 0 : CONTEXT,
                                       .row = w->frame,
                                       .dt = 0.5};
    }
    w->train = (bram_panel){w->unit, w->input, w->known, &w->segment[0], 2, w->graph};
    w->validation = (bram_panel){w->unit, w->input, w->known, &w->segment[2], 1, w->graph};
    w->test = (bram_panel){w->unit, w->input, w->known, &w->segment[3], 1, w->graph};
    return w;
}

static void drop(struct world *w)
{
    bram_graph_free(w->graph);
    bram_axis_free(w->unit);
    bram_axis_free(w->input);
    bram_axis_free(w->stimulus);
    bram_axis_free(w->frame);
    bram_dataset_free(w->known);
    bram_ctx_free(w->cx);
    free(w);
}

#define each_model(m) /* loops over the table */                                                   \
    for (const bram_model *const *entry_ = bram_model_table, *m = *entry_; m; m = *++entry_)

#define each_fitted(m) each_model(m) if (!(m->flags & BRAM_MODEL_OUTSIDE))

static bool answers(const bram_model *m, bram_ask ask)
{
    return (m->answers & BRAM_ANSWERS(ask)) != 0;
}

/* The spec that a model is fitted by: its name, made smaller where the default is large. */
static const char *spec_of(const bram_model *m)
{
    static const char *const smaller[][2] = {
        {"area", "area:name=other"},
        {"convcore", "convcore:size=9,first=3,channels=3,layers=2,epochs=2,batch=20"},
        {"esn", "esn:size=30"},
        {"readout-factorized", "readout-factorized:height=1,width=3,epochs=3,terms=2"},
        {"readout-gaussian", "readout-gaussian:height=1,width=3,epochs=3,batch=7"},
        {"readout-roi", "readout-roi:height=1,width=3,epochs=2,inner=8,heads=2,ff=6,layers=2"},
        {"readout-spatial-transformer",
         "readout-spatial-transformer:height=3,width=1,epochs=2,reduced=2,hidden=3"},
        {"gabor", "gabor:size=32,frequencies=1+2"},
        {"gist", "gist:size=32,orientations=2"},
        {"hmax", "hmax:size=76,bands=2,prototypes=2"},
        {"random-cnn", "random-cnn:size=16,width=4,depth=2"},
        {"steerable", "steerable:size=16,scales=1"},
        {"lds", "lds:states=2,steps=3"},
        {"rnn", "rnn:hidden=5,steps=8,check=4,batch=3,init=aligned,learning=yes"},
        {"gru", "gru:hidden=4,layers=2,steps=8,batch=3,horizon=3,init=shuffled,learning=yes"},
        {"lstm", "lstm:hidden=3,steps=8,check=3,batch=3,init=lowrank,learning=yes"},
        {"fa", "fa:factors=1+2,steps=4"},
        {"pca-ar", "pca-ar:components=2,lags=1+2"},
        {"ctrnn", "ctrnn:form=ltc,hidden=4,steps=8,batch=3,init=orthogonal,learning=yes"},
        {"connectome", "connectome:steps=8,check=4,batch=3,window=12,burn=2,learning=yes"},
        {"force", "force:neurons=6,steps=5"},
        {"lowrank",
         "lowrank:hidden=5,layers=2,target=increment,horizon=4,steps=8,batch=3,learning=yes"},
        {"encoder", "encoder:width=8,heads=2,ff=9,window=16,"
                    "steps=8,check=4,batch=3"},
        {"spike-transformer", "spike-transformer:span=3,context=4,width=8,heads=2,layers=2,ff=9,"
                              "steps=6,check=3,batch=3,samples=3"},
        {"spike-transformer-behaviour",
         "spike-transformer-behaviour:span=2,context=3,width=8,heads=2,ff=9,steps=6,check=3,"
         "batch=3,tune_steps=4"},
        {"masked-encoder", "masked-encoder:width=6,heads=3,layers=1,ff=8,"
                           "window=16,steps=8,batch=3"}};
    for (size_t k = 0; k < sizeof smaller / sizeof *smaller; k++)
        if (strcmp(m->name, smaller[k][0]) == 0) return smaller[k][1];
    return m->name;
}

static bram_fitted *fit(struct world *w, const bram_model *m, uint64_t seed)
{
    bram_fitted *f = NULL;
    int status = bram_fitted_new(w->cx, &f, spec_of(m), &w->train, &w->validation, seed);
    if (status != BRAM_OK)
        fail_msg("%s: fit: status %d: %s", m->name, status, bram_ctx_message(w->cx));
    return f;
}

static const size_t starts[] = {CONTEXT, 15, CUT};
static const uint8_t held_out[UNITS] = {0, 1, 0, 0, 1};
static const uint32_t pair_from[] = {0, 1, 4}, pair_to[] = {3, 3, 1};

static bram_query question(const struct world *w, bram_ask ask)
{
    bram_query q = {.ask = ask, .panel = &w->test, .seed = w->seed};
    if (ask == BRAM_ASK_FREE_RUN) q.start = starts, q.starts = 3, q.steps = 4;
    if (ask == BRAM_ASK_COSMOOTH) q.held_out = held_out;
    if (ask == BRAM_ASK_FEATURES) q.stimulus = w->stimulus;
    if (ask == BRAM_ASK_LINKS) q.from = pair_from, q.to = pair_to, q.pairs = 3;
    return q;
}

static bram_dataset *ask(struct world *w, const bram_fitted *f, bram_ask what)
{
    bram_query q = question(w, what);
    bram_dataset *answer = NULL;
    int status = bram_fitted_answer(w->cx, &answer, f, &q);
    if (status != BRAM_OK)
        fail_msg("%s: question %d: status %d: %s", bram_fitted_spec(f), (int)what, status,
                 bram_ctx_message(w->cx));
    return answer;
}

/* The names of the answers; NULL where the model names them. */
static const char *const names[BRAM_ASKS] = {"mean",       "mean",      "mean",    "mean",
                                             "logdensity", "posterior", "weights", NULL,
                                             "learning",   "score",     "history"};

/* All answers to all questions as hashes, to compare two fits at a glance. */
struct digest {
    char hex[BRAM_ASKS][65];
};

static struct digest digest(struct world *w, const bram_fitted *f)
{
    struct digest d;
    memset(&d, 0, sizeof d);
    for (int a = 0; a < BRAM_ASKS; a++) {
        if (!answers(bram_fitted_model(f), (bram_ask)a)) continue;
        bram_dataset *answer = ask(w, f, (bram_ask)a);
        assert_ok(w->cx, bram_dataset_hash(w->cx, answer, d.hex[a]));
        bram_dataset_free(answer);
    }
    return d;
}

static void same(const char *what, const bram_model *m, const struct digest *a,
                 const struct digest *b)
{
    for (int k = 0; k < BRAM_ASKS; k++)
        if (strcmp(a->hex[k], b->hex[k]) != 0)
            fail_msg("%s: question %d: the answer changes with %s", m->name, k, what);
}

/* ---- the entry itself ----------------------------------------------------------------------- */

static void a_line(const bram_model *m, const char *what, const char *text)
{
    if (!text || !text[0] || strchr(text, '\n')) fail_msg("%s: %s is a line", m->name, what);
}

static void entries_are_complete(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    each_model(m)
    {
        if (!m->name || bram_spec_name_length(m->name) != strlen(m->name))
            fail_msg("\"%s\" is not a name", m->name ? m->name : "");
        a_line(m, "summary", m->summary);
        a_line(m, "source", m->source);
        a_line(m, "missing", m->missing);
        if (!m->version || !m->answers || m->answers >> BRAM_ASKS || !m->fit || !m->answer ||
            !m->release)
            fail_msg("%s: version, answers, fit, answer and release are needed", m->name);
        if (!m->save != !m->load) fail_msg("%s: save and load come together", m->name);
        if (bram_model_find(m->name) != m) fail_msg("%s: the name is taken", m->name);
        if (m->flags & BRAM_MODEL_OUTSIDE) continue; /* its options may have no defaults */
        char *canonical = NULL;
        const bram_model *found;
        assert_ok(cx, bram_model_parse(cx, &found, NULL, &canonical, m->name));
        bram_free(canonical);
    }
    bram_ctx_free(cx);
}

/* ---- answers -------------------------------------------------------------------------------- */

static void check_shape(const bram_model *m, bram_ask what, const bram_dataset *answer)
{
    const size_t rows = ROWS - CONTEXT;
    const size_t shape[BRAM_ASKS][3] = {{rows, UNITS}, {3, 4, UNITS}, {rows, UNITS},  {rows, UNITS},
                                        {rows, UNITS}, {rows, 0},     {UNITS, UNITS}, {STIMULI, 0},
                                        {0},           {3, 0},        {0, 4}};
    if (bram_dataset_responses(answer) == 0) fail_msg("%s: an empty answer", m->name);
    for (size_t i = 0; i < bram_dataset_responses(answer); i++) {
        const bram_response *r = bram_dataset_response(answer,
                                                       bram_dataset_response_path(answer, i));
        if (names[what] && strcmp(bram_response_name(r), names[what]) != 0) continue;
        bool list = what == BRAM_ASK_LINKS || what == BRAM_ASK_LEARNING;
        size_t dims = what == BRAM_ASK_FREE_RUN ? 3 : list ? 1 : 2;
        if (bram_response_dims(r) != dims)
            fail_msg("%s: question %d: %zu axes", m->name, (int)what, bram_response_dims(r));
        for (size_t d = 0; d < bram_response_dims(r); d++)
            if (shape[what][d] && bram_response_length(r, d) != shape[what][d])
                fail_msg("%s: question %d: %zu along axis %zu, expected %zu", m->name, (int)what,
                         bram_response_length(r, d), d, shape[what][d]);
    }
    if (names[what] && !bram_dataset_response(answer, names[what]))
        fail_msg("%s: question %d: no response \"%s\"", m->name, (int)what, names[what]);
}

static void what_is_promised_is_answered_and_nothing_else(void **state)
{
    (void)state;
    struct world *w = make();
    each_fitted(m)
    {
        bram_fitted *f = fit(w, m, 1);
        for (int a = 0; a < BRAM_ASKS; a++) {
            bram_query q = question(w, (bram_ask)a);
            bram_dataset *answer = NULL;
            int status = bram_fitted_answer(w->cx, &answer, f, &q);
            int expected = answers(m, (bram_ask)a) ? BRAM_OK : BRAM_ENOTAPPLICABLE;
            if (status != expected)
                fail_msg("%s: question %d: status %d, expected %d", m->name, a, status, expected);
            if (status == BRAM_OK) check_shape(m, (bram_ask)a, answer);
            bram_dataset_free(answer);
        }
        bram_fitted_free(f);
    }
    drop(w);
}

/* Values and mask of an answer, rows x width. */
struct table {
    size_t rows, width;
    double *value;
    uint8_t *present;
};

static struct table table_of(struct world *w, const bram_fitted *f, bram_ask what)
{
    bram_dataset *answer = ask(w, f, what);
    const bram_response *r = bram_dataset_response(answer, names[what]);
    size_t shape[3] = {1, 1, 1}, zero[3] = {0};
    for (size_t d = 0; d < bram_response_dims(r); d++) shape[d] = bram_response_length(r, d);
    struct table t = {shape[0], shape[1] * shape[2], NULL, NULL};
    t.value = calloc(t.rows * t.width, sizeof *t.value);
    t.present = calloc(t.rows * t.width, 1);
    assert_ok(w->cx, bram_response_read(w->cx, r, zero, shape, t.value, t.present));
    bram_dataset_free(answer);
    return t;
}

/* The answers about the first `rows` rows are the same, but for rounding in other blocks. */
static void same_rows(const char *what, const bram_model *m, struct table *a, struct table *b,
                      size_t rows)
{
    for (size_t i = 0; i < rows * a->width; i++) {
        bool equal = a->present[i] == b->present[i] &&
                     (!a->present[i] || fabs(a->value[i] - b->value[i]) <= 1e-12);
        if (!equal)
            fail_msg("%s: %s: row %zu, column %zu is %.17g and %.17g", m->name, what, i / a->width,
                     i % a->width, a->value[i], b->value[i]);
    }
    free(a->value), free(a->present), free(b->value), free(b->present);
}

/* Row CUT and all after it become something else. */
static void alter_future(struct world *w)
{
    for (size_t i = CUT * UNITS; i < ROWS * UNITS; i++)
        w->y[3][i] = 1e3 - 50 * (double)(i % 7), w->y_present[3][i] = i % 3 > 0;
    for (size_t i = (CUT + 1) * INPUTS; i < ROWS * INPUTS; i++)
        w->x[3][i] = 1e3, w->x_present[3][i] = i % 2;
}

static void no_answer_depends_on_the_future(void **state)
{
    (void)state;
    const struct {
        bram_ask ask;
        size_t rows; /* target rows (starts) whose past is not altered */
    } causal[] = {{BRAM_ASK_STEP, CUT - CONTEXT + 1},
                  {BRAM_ASK_LOGLIK, CUT - CONTEXT}, /* the density of row CUT is of its value */
                  {BRAM_ASK_FREE_RUN, 3}};
    each_fitted(m)
    {
        for (size_t k = 0; k < 3; k++) {
            if (!answers(m, causal[k].ask)) continue;
            struct world *w = make();
            bram_fitted *f = fit(w, m, 1);
            struct table before = table_of(w, f, causal[k].ask);
            alter_future(w);
            struct table after = table_of(w, f, causal[k].ask);
            same_rows("the future leaks", m, &before, &after, causal[k].rows);
            bram_fitted_free(f);
            drop(w);
        }
    }
}

/* Other inputs change a forecast if and only if the entry says that it takes them. */
static void the_flag_of_inputs_is_honest(void **state)
{
    (void)state;
    each_fitted(m)
    {
        bram_ask what = answers(m, BRAM_ASK_STEP) ? BRAM_ASK_STEP : BRAM_ASK_LOGLIK;
        if (!answers(m, what)) continue;
        struct world *w = make();
        bram_fitted *f = fit(w, m, 1);
        struct digest before = digest(w, f);
        for (size_t i = 0; i < ROWS * INPUTS; i++) w->x[3][i] *= 2;
        struct digest after = digest(w, f);
        bool differs = strcmp(before.hex[what], after.hex[what]) != 0;
        bool takes = m->flags & (BRAM_MODEL_TAKES_INPUT | BRAM_MODEL_NEEDS_INPUT);
        if (differs != takes)
            fail_msg("%s: forecasts %s with the inputs", m->name, differs ? "change" : "stay");
        bram_fitted_free(f);
        drop(w);
    }
}

/* true where the answers differ in row `row` */
static bool differs_in(const struct table *a, const struct table *b, size_t row)
{
    return memcmp(a->value + row * a->width, b->value + row * a->width,
                  a->width * sizeof *a->value) != 0;
}

/* Inputs alone are altered, those of row CUT and before or those after it: a model that takes them
 * tells later rows and free runs from CUT otherwise in the first case, and in the second rows up to
 * CUT and those free runs as before. */
static void inputs_are_seen_when_they_are_known_and_not_before(void **state)
{
    (void)state;
    static const bram_ask asks[] = {BRAM_ASK_STEP, BRAM_ASK_LOGLIK, BRAM_ASK_FREE_RUN};
    each_fitted(m)
    {
        if (!(m->flags & BRAM_MODEL_TAKES_INPUT)) continue;
        struct world *w = make();
        bram_fitted *f = fit(w, m, 1);
        double kept[ROWS * INPUTS];
        memcpy(kept, w->x[3], sizeof kept);
        for (size_t k = 0; k < 3; k++) {
            if (!answers(m, asks[k])) continue;
            bool run = asks[k] == BRAM_ASK_FREE_RUN;
            size_t row = run ? 2 : CUT - CONTEXT; /* of the answer: what is told of row CUT */
            struct table before = table_of(w, f, asks[k]);
            for (size_t i = 0; i < (CUT + 1) * INPUTS; i++) w->x[3][i] += 3;
            struct table past = table_of(w, f, asks[k]);
            if (!differs_in(&before, &past, row))
                fail_msg("%s: question %d: inputs that are known do not matter", m->name, asks[k]);
            memcpy(w->x[3], kept, sizeof kept);
            for (size_t i = (CUT + 1) * INPUTS; i < ROWS * INPUTS; i++) w->x[3][i] += 3;
            struct table future = table_of(w, f, asks[k]);
            memcpy(w->x[3], kept, sizeof kept);
            free(past.value), free(past.present);
            same_rows("inputs are seen too early", m, &before, &future, row + 1);
        }
        bram_fitted_free(f);
        drop(w);
    }
}

static void what_is_asked_for_is_not_looked_at(void **state)
{
    (void)state;
    each_fitted(m)
    {
        for (int a = BRAM_ASK_RESPOND; a <= BRAM_ASK_COSMOOTH; a++) {
            if (!answers(m, (bram_ask)a)) continue;
            struct world *w = make();
            bram_fitted *f = fit(w, m, 1);
            struct table before = table_of(w, f, (bram_ask)a);
            for (size_t i = 0; i < ROWS * UNITS; i++)
                if (a == BRAM_ASK_RESPOND || held_out[i % UNITS]) w->y[3][i] = 1e3;
            struct table after = table_of(w, f, (bram_ask)a);
            same_rows("it looks at what it should tell", m, &before, &after, before.rows);
            bram_fitted_free(f);
            drop(w);
        }
    }
}

/* ---- what must not matter ------------------------------------------------------------------- */

static void masked_values_do_not_matter(void **state)
{
    (void)state;
    each_fitted(m)
    {
        struct world *w = make();
        bram_fitted *f = fit(w, m, 1);
        struct digest before = digest(w, f);
        bram_fitted_free(f);
        for (size_t s = 0; s < SEGMENTS; s++) {
            for (size_t i = 0; i < ROWS * UNITS; i++)
                if (!w->y_present[s][i]) w->y[s][i] = 1e6;
            for (size_t i = 0; i < ROWS * INPUTS; i++)
                if (!w->x_present[s][i]) w->x[s][i] = -1e6;
        }
        f = fit(w, m, 1);
        struct digest after = digest(w, f);
        same("masked values", m, &before, &after);
        bram_fitted_free(f);
        drop(w);
    }
}

static void threads_and_seeds_do_not_matter(void **state)
{
    (void)state;
    each_fitted(m)
    {
        struct world *w = make();
        bram_fitted *f = fit(w, m, 1);
        struct digest one = digest(w, f);
        bram_fitted_free(f);
        bram_ctx_set_threads(w->cx, 2);
        f = fit(w, m, m->flags & BRAM_MODEL_STOCHASTIC ? 1 : 2);
        struct digest two = digest(w, f);
        same("threads or with the seed of a model that draws nothing", m, &one, &two);
        w->seed = &(uint64_t){12}; /* of the answers */
        struct digest other = digest(w, f);
        if (!(m->flags & BRAM_MODEL_DRAWS)) same("the seed of a question", m, &one, &other);
        else if (strcmp(one.hex[BRAM_ASK_FREE_RUN], other.hex[BRAM_ASK_FREE_RUN]) == 0)
            fail_msg("%s: another seed draws the same free runs", m->name);
        bram_fitted_free(f);
        drop(w);
    }
}

static void a_trip_through_a_file_does_not_matter(void **state)
{
    (void)state;
    char path[256];
    test_temporary(path, "model.h5");
    struct world *w = make();
    each_fitted(m)
    {
        bram_fitted *f = fit(w, m, 1), *again = NULL;
        if (!m->save) {
            assert_int_equal(bram_fitted_save(w->cx, f, path, true), BRAM_ENOTAPPLICABLE);
            bram_fitted_free(f);
            continue;
        }
        assert_ok(w->cx, bram_fitted_save(w->cx, f, path, true));
        assert_ok(w->cx, bram_fitted_load(w->cx, &again, path));
        struct digest before = digest(w, f), after = digest(w, again);
        same("a trip through a file", m, &before, &after);
        assert_string_equal(bram_fitted_spec(f), bram_fitted_spec(again));
        bram_fitted_free(f);
        bram_fitted_free(again);
    }
    unlink(path);
    drop(w);
}

/* ---- what cannot be done -------------------------------------------------------------------- */

/* From recordings. */
static bool learns(const bram_model *m)
{
    return m->answers != BRAM_ANSWERS(BRAM_ASK_FEATURES) && !(m->flags & BRAM_MODEL_GRAPH);
}

static void too_few_rows_are_not_applicable(void **state)
{
    (void)state;
    struct world *w = make();
    each_fitted(m)
    {
        if (!learns(m)) continue;
        bram_fitted *f = NULL;
        bram_panel none = w->train;
        none.segments = 0;
        int status = bram_fitted_new(w->cx, &f, spec_of(m), &none, &w->validation, 1);
        if (status != BRAM_ENOTAPPLICABLE) fail_msg("%s: no segment: status %d", m->name, status);
        bram_segment context = w->segment[0];
        context.first = context.y.rows;
        none.segment = &context;
        none.segments = 1;
        status = bram_fitted_new(w->cx, &f, spec_of(m), &none, &w->validation, 1);
        if (status != BRAM_ENOTAPPLICABLE)
            fail_msg("%s: no target row: status %d", m->name, status);
        assert_null(f);
    }
    drop(w);
}

static void other_units_are_refused(void **state)
{
    (void)state;
    struct world *w = make();
    bram_axis *fewer = NULL;
    const size_t index[] = {0, 1, 2};
    assert_ok(w->cx, bram_axis_take(w->cx, &fewer, w->unit, index, 3));
    each_fitted(m)
    {
        if (!learns(m)) continue;
        bram_fitted *f = fit(w, m, 1);
        bram_segment segment = w->segment[3];
        segment.y.cols = 3;
        segment.y_present = NULL;
        bram_panel panel = w->test;
        panel.unit = fewer;
        panel.segment = &segment;
        for (int a = 0; a < BRAM_ASKS; a++) {
            if (!answers(m, (bram_ask)a) || a == BRAM_ASK_FEATURES) continue;
            if (a == BRAM_ASK_LEARNING) continue; /* it is about the fit, not about a panel */
            bram_query q = question(w, (bram_ask)a);
            bram_dataset *answer = NULL;
            q.panel = &panel;
            int status = bram_fitted_answer(w->cx, &answer, f, &q);
            if (status != BRAM_ESHAPE)
                fail_msg("%s: question %d about 3 of %d units: status %d", m->name, a, UNITS,
                         status);
        }
        bram_fitted_free(f);
    }
    bram_axis_free(fewer);
    drop(w);
}

static void a_present_nan_is_an_error(void **state)
{
    (void)state;
    struct world *w = make();
    size_t at = 20 * UNITS + 3;
    w->y[0][at] = (double)NAN;
    w->y_present[0][at] = 1;
    each_fitted(m)
    {
        if (!learns(m)) continue;
        bram_fitted *f = NULL;
        int status = bram_fitted_new(w->cx, &f, spec_of(m), &w->train, &w->validation, 1);
        if (status != BRAM_ENUMERIC) fail_msg("%s: NaN in training: status %d", m->name, status);
    }
    drop(w);
}

/* Fitting, or answering all questions, with the k-th allocation failing. */
static int survive(struct world *w, const bram_model *m, const bram_fitted *fitted, size_t k)
{
    bram_fitted *f = NULL;
    bram_ctx *cx = bram_ctx_new(); /* its scratch memory is not there yet */
    int status = BRAM_OK;
    bram_fail_allocation(k, false);
    if (!fitted) status = bram_fitted_new(cx, &f, spec_of(m), &w->train, &w->validation, 1);
    for (int a = 0; a < BRAM_ASKS && status == BRAM_OK && fitted; a++) {
        if (!answers(m, (bram_ask)a)) continue;
        bram_query q = question(w, (bram_ask)a);
        bram_dataset *answer = NULL;
        status = bram_fitted_answer(cx, &answer, fitted, &q);
        bram_dataset_free(answer);
    }
    bram_fail_allocation(0, false);
    bram_fitted_free(f);
    bram_ctx_free(cx);
    return status;
}

/* k = 1, 2, ... until nothing fails */
static void survive_all(struct world *w, const bram_model *m, const bram_fitted *fitted)
{
    enum { MOST = 3000 };
    size_t k = 1;
    int status;
    while ((status = survive(w, m, fitted, k)) != BRAM_OK && k < MOST) {
        if (status != BRAM_ENOMEM)
            fail_msg("%s: allocation %zu fails: status %d", m->name, k, status);
        k++;
    }
    if (k < 3 || k == MOST) fail_msg("%s: %zu allocations", m->name, k);
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    struct world *w = make();
    each_fitted(m)
    {
        bram_fitted *f = fit(w, m, 1);
        survive_all(w, m, NULL);
        survive_all(w, m, f);
        bram_fitted_free(f);
    }
    drop(w);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_complete),
        cmocka_unit_test(what_is_promised_is_answered_and_nothing_else),
        cmocka_unit_test(no_answer_depends_on_the_future),
        cmocka_unit_test(the_flag_of_inputs_is_honest),
        cmocka_unit_test(inputs_are_seen_when_they_are_known_and_not_before),
        cmocka_unit_test(what_is_asked_for_is_not_looked_at),
        cmocka_unit_test(masked_values_do_not_matter),
        cmocka_unit_test(threads_and_seeds_do_not_matter),
        cmocka_unit_test(a_trip_through_a_file_does_not_matter),
        cmocka_unit_test(too_few_rows_are_not_applicable),
        cmocka_unit_test(other_units_are_refused),
        cmocka_unit_test(a_present_nan_is_an_error),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
