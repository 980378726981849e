/*
 * Tests of baselines/network*.c: a few windows are learnt by heart, windows stay
 * within segments, a stopped fit goes on to the same bytes, any number of threads gives them, a
 * gradient that is no number is named, files hold PyTorch's names and shapes.
 */
#include "network.h"
#include "test.h"

#include <bramble/rng.h>

enum { UNITS = 3, ROWS = 40, GAP = 5, SEGMENTS = 2 };

/* Two segments with rows of NaN between them, which nobody may read. */
struct world {
    bram_ctx *cx;
    bram_axis *unit;
    bram_dataset *known; /* a connectome: the three units and others, all in a ring */
    double y[SEGMENTS * ROWS + GAP][UNITS];
    bram_segment segment[SEGMENTS + 1];
    bram_panel train, validation;
};

enum { NEURONS = 24 };

static void make_connectome(struct world *w)
{
    char name[NEURONS][8];
    const char *id[NEURONS], *from[NEURONS], *to[NEURONS], *gap[1] = {"gap"};
    double weight[NEURONS];
    bram_axis *nodes, *chemical, *between;
    for (size_t i = 0; i < NEURONS; i++) {
        snprintf(name[i], sizeof name[i], "%c", (int)('a' + i));
        id[i] = from[i] = name[i], to[(i + NEURONS - 1) % NEURONS] = name[i];
        weight[i] = i % 3 ? 1 + (double)i : -(double)i - 1;
    }
    assert_ok(w->cx, bram_dataset_new(w->cx, &w->known));
    assert_ok(w->cx, bram_axis_new(w->cx, &nodes, "nodes", NEURONS));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, nodes, id));
    assert_ok(w->cx, bram_axis_new(w->cx, &chemical, "chemical", NEURONS));
    assert_ok(w->cx, bram_axis_add_text(w->cx, chemical, "from", from));
    assert_ok(w->cx, bram_axis_add_text(w->cx, chemical, "to", to));
    assert_ok(w->cx, bram_axis_add_number(w->cx, chemical, "weight", weight, "1"));
    assert_ok(w->cx, bram_axis_new(w->cx, &between, "gap", 1));
    assert_ok(w->cx, bram_axis_add_text(w->cx, between, "from", from));
    assert_ok(w->cx, bram_axis_add_text(w->cx, between, "to", to));
    assert_ok(w->cx, bram_axis_add_number(w->cx, between, "weight", weight + 1, "1"));
    assert_ok(w->cx, bram_axis_add_text(w->cx, between, "type", gap));
    assert_ok(w->cx, bram_dataset_add_table(w->cx, w->known, "connectome/ring", nodes));
    assert_ok(w->cx, bram_dataset_add_table(w->cx, w->known, "connectome/ring", chemical));
    assert_ok(w->cx, bram_dataset_add_table(w->cx, w->known, "connectome/ring", between));
}

static void make(struct world *w, size_t rows)
{
    bram_rng g = bram_rng_new(4, "test/network");
    w->cx = bram_ctx_new();
    assert_ok(w->cx, bram_axis_new(w->cx, &w->unit, "neuron", UNITS));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, w->unit, (const char *[]){"a", "b", "c"}));
    for (size_t t = 0; t < SEGMENTS * ROWS + GAP; t++)
        for (size_t i = 0; i < UNITS; i++) {
            double turn = 0.4 * (double)(t % (ROWS + GAP)) + 2 * (double)i;
            w->y[t][i] = t % (ROWS + GAP) < ROWS ? 3 + 2 * sin(turn) + 0.1 * bram_rng_normal(&g)
                                                 : (double)NAN;
        }
    for (size_t s = 0; s < SEGMENTS; s++)
        w->segment[s] = (bram_segment){
            .id = "s", .y = {w->y[s * (ROWS + GAP)], rows, UNITS, UNITS}, .dt = 1};
    make_connectome(w);
    w->train = (bram_panel){
        .unit = w->unit, .public_data = w->known, .segment = w->segment, .segments = SEGMENTS};
    w->validation = (bram_panel){.unit = w->unit, .segment = &w->segment[1], .segments = 1};
}

static void drop(struct world *w)
{
    bram_axis_free(w->unit);
    bram_dataset_free(w->known);
    bram_ctx_free(w->cx);
}

enum { KINDS = 9 };

/* Each kind of network: the option that is its width, and those that only it has. */
static const struct {
    const char *width, *rest, *by_heart; /* by_heart: options with which it learns windows */
} kinds[KINDS] = {{"rnn:hidden=", "", "window=8,burn=0,batch=4,rate=0.01,steps=4000"},
                  {"gru:hidden=", "", "window=8,burn=0,batch=4,rate=0.01,steps=3000"},
                  {"lstm:hidden=", "", "window=8,burn=0,batch=4,rate=0.01,steps=4000"},
                  {"ctrnn:hidden=", "", "window=8,burn=0,batch=4,rate=0.01,steps=4000"},
                  {"ctrnn:form=ltc,hidden=", "", "window=8,burn=0,batch=4,rate=0.01,steps=4000"},
                  {"ctrnn:form=cfc,hidden=", "", "window=8,burn=0,batch=4,rate=0.01,steps=4000"},
                  {"lowrank:rank=5,hidden=", "", "window=8,burn=0,batch=4,rate=0.02,steps=8000"},
                  {"connectome:patience=", ",mask=dense,signs=free",
                   "window=8,burn=0,batch=4,rate=0.02,steps=4000,radius=0.9"},
                  {"encoder:width=", ",heads=2,ff=32,dropout=0",
                   "window=8,burn=0,batch=4,rate=0.005,steps=1500"}};

static bram_fitted *fit(struct world *w, const char *spec, const bram_panel *validation)
{
    bram_fitted *f = NULL;
    assert_ok(w->cx, bram_fitted_new(w->cx, &f, spec, &w->train, validation, 3));
    return f;
}

static void step_means(struct world *w, const bram_fitted *f, double *out)
{
    bram_query q = {.ask = BRAM_ASK_STEP, .panel = &w->train};
    bram_dataset *answer = NULL;
    assert_ok(w->cx, bram_fitted_answer(w->cx, &answer, f, &q));
    assert_ok(w->cx,
              bram_response_read(w->cx, bram_dataset_response(answer, "mean"), (size_t[]){0, 0},
                                 (size_t[]){w->segment[0].y.rows, UNITS}, out, NULL));
    bram_dataset_free(answer);
}

static void spec_of(char spec[512], size_t kind, int width, const char *options)
{
    snprintf(spec, 512, "%.40s%d%.40s,%.320s", kinds[kind].width, width, kinds[kind].rest, options);
}

/* 2 segments of 10 rows hold 4 windows of 8 steps: mean squared error, scaled, below 1e-4. */
static void windows_are_learnt_by_heart(void **state)
{
    (void)state;
    struct world w;
    make(&w, 10);
    for (size_t k = 0; k < KINDS; k++) {
        char spec[512];
        double mean[10 * UNITS], error = 0;
        spec_of(spec, k, 32, kinds[k].by_heart);
        bram_fitted *f = fit(&w, spec, NULL);
        step_means(&w, f, mean);
        for (size_t t = 1; t < 9; t++) /* the deviation of the traces is 1.4 */
            for (size_t i = 0; i < UNITS; i++)
                error += pow((mean[t * UNITS + i] - w.y[t][i]) / 1.4, 2) / (8 * UNITS);
        if (error > 1e-4) fail_msg("%s: %g", spec, error);
        bram_fitted_free(f);
    }
    drop(&w);
}

/* Rounded sines are foretold far better than by their last value, by values and increments. */
static void a_rhythm_is_learnt(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    static const char *const specs[] = {
        "gru:hidden=16,steps=300,batch=8,window=16,rate=0.01",
        "gru:hidden=16,steps=300,batch=8,window=16,rate=0.01,target=increment",
        "gru:hidden=16,steps=300,batch=8,window=16,rate=0.01,target=increment,feed=increment"};
    for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
        bram_fitted *f = fit(&w, specs[k], &w.validation);
        double mean[ROWS * UNITS], error = 0, copy = 0;
        step_means(&w, f, mean);
        for (size_t t = 4; t < ROWS; t++)
            for (size_t i = 0; i < UNITS; i++) {
                error += pow(mean[t * UNITS + i] - w.y[t][i], 2);
                copy += pow(w.y[t - 1][i] - w.y[t][i], 2);
            }
        assert_true(error < 0.2 * copy);
        bram_fitted_free(f);
    }
    drop(&w);
}

/* Differences by hand: three units, two windows whose rows of a time stand together; what a mask
 * says is missing has none, in its row and in the next. */
static void differences_of_rows(void **state)
{
    (void)state;
    bram_network n = {.units = 3, .masked = true};
    const float u[4][6] = {
        {1, 2, 3, 1, 1, 1}, {7, 7, 7, 1, 1, 1}, {2, 0, 1, 1, 0, 1}, {4, 7, 9, 1, 1, 1}};
    const float before[2][6] = {{0.5F, 0, 3, 1, 0, 1}, {6, 6, 6, 1, 1, 1}};
    static const float first[4][6] = {
        {0, 0, 0, 1, 1, 1}, {0, 0, 0, 1, 1, 1}, {1, 0, -2, 1, 0, 1}, {-3, 0, 2, 1, 1, 1}};
    static const float later[2][6] = {{0.5F, 0, 0, 1, 1, 1}, {1, 1, 1, 1, 1, 1}};
    float change[4][6];
    bram_network_changes(&n, change[0], u[0], 4, 2, NULL);
    assert_memory_equal(change, first, sizeof first);
    bram_network_changes(&n, change[0], u[0], 4, 2, before[0]);
    assert_memory_equal(change, later, sizeof later);
    assert_memory_equal(change[2], first[2], 2 * sizeof first[2]);
}

/* What is fed differences, and tells differences, follows an offset that training never saw. */
static void an_offset_changes_nothing(void **state)
{
    (void)state;
    static const char *const feed[] = {"value", "increment"};
    for (size_t k = 0; k < 2; k++) {
        struct world w;
        char spec[128];
        double here[ROWS * UNITS], there[ROWS * UNITS], most = 0;
        make(&w, ROWS);
        snprintf(spec, sizeof spec,
                 "lstm:hidden=6,layers=2,steps=40,batch=4,window=9,target=increment,feed=%s",
                 feed[k]);
        bram_fitted *f = fit(&w, spec, NULL);
        step_means(&w, f, here);
        for (size_t t = 0; t < ROWS; t++)
            for (size_t i = 0; i < UNITS; i++) w.y[t][i] += 8;
        step_means(&w, f, there);
        for (size_t j = UNITS; j < ROWS * UNITS; j++)
            most = fmax(most, fabs(there[j] - here[j] - 8));
        assert_true(k ? most < 1e-5 : most > 0.1);
        bram_fitted_free(f);
        drop(&w);
    }
}

struct stop {
    int flag;
    double at;
};

static void stop_at(void *user, const char *what, double done, double total)
{
    struct stop *s = user;
    (void)what, (void)total;
    if (done >= s->at) s->flag = 1;
}

/* Stopped after 20 of 50 steps and gone on, and with 4 threads: the same bytes as in one go. */
static void the_same_bytes(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    char path[256], spec[512], options[320];
    test_temporary(path, "network.h5");
    snprintf(options, sizeof options, "steps=50,check=10,batch=5,checkpoint=%s", path);
    for (size_t k = 0; k < KINDS + 2; k++) {
        double whole[ROWS * UNITS], parts[ROWS * UNITS], threads[ROWS * UNITS];
        struct stop stop = {0, 20};
        bool layers = k >= KINDS || strncmp(kinds[k].width, "connectome", 10) != 0;
        if (k < KINDS) spec_of(spec, k, 6, options);
        else
            snprintf(spec, sizeof spec, "%s:hidden=6,%s", k > KINDS ? "gru" : "lstm", options),
                strcat(spec, k > KINDS ? ",loss=gaussian" : ",dropout=0.3");
        if (layers) strcat(spec, ",layers=2");
        bram_fitted *f = fit(&w, spec, &w.validation);
        step_means(&w, f, whole);
        bram_fitted_free(f);
        assert_int_equal(access(path, F_OK), -1); /* a fit that is done leaves nothing */
        bram_ctx_set_progress(w.cx, stop_at, &stop);
        bram_ctx_set_cancel(w.cx, &stop.flag);
        assert_int_equal(bram_fitted_new(w.cx, &f, spec, &w.train, &w.validation, 3), BRAM_ECANCEL);
        assert_int_equal(access(path, F_OK), 0);
        bram_ctx_set_progress(w.cx, NULL, NULL);
        bram_ctx_set_cancel(w.cx, NULL);
        /* another seed is another fit, and so are other rows of validation */
        assert_int_equal(bram_fitted_new(w.cx, &f, spec, &w.train, &w.validation, 4), BRAM_EUSAGE);
        assert_int_equal(bram_fitted_new(w.cx, &f, spec, &w.train, NULL, 3), BRAM_EUSAGE);
        f = fit(&w, spec, &w.validation);
        step_means(&w, f, parts);
        bram_fitted_free(f);
        assert_memory_equal(whole, parts, sizeof whole);
        bram_ctx_set_threads(w.cx, 4);
        f = fit(&w, spec, &w.validation);
        step_means(&w, f, threads);
        bram_fitted_free(f);
        bram_ctx_set_threads(w.cx, 1);
        assert_memory_equal(whole, threads, sizeof whole);
    }
    drop(&w);
}

/* Stopped before the first look at validation rows, and without any such rows: nothing is known of
 * a least loss, and the fit goes on all the same. */
static void a_fit_that_was_stopped_at_once(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    char path[256], spec[512];
    test_temporary(path, "network.h5");
    snprintf(spec, sizeof spec, "gru:hidden=6,steps=50,check=20,batch=5,checkpoint=%s", path);
    for (int without = 0; without < 2; without++) {
        const bram_panel *validation = without ? NULL : &w.validation;
        double whole[ROWS * UNITS], parts[ROWS * UNITS];
        struct stop stop = {!without, 20};
        bram_fitted *f = fit(&w, spec, validation);
        step_means(&w, f, whole);
        bram_fitted_free(f);
        bram_ctx_set_progress(w.cx, stop_at, &stop);
        bram_ctx_set_finish(w.cx, &stop.flag);
        bram_fitted_free(fit(&w, spec, validation));
        bram_ctx_set_progress(w.cx, NULL, NULL);
        bram_ctx_set_finish(w.cx, NULL);
        assert_int_equal(access(path, F_OK), 0);
        f = fit(&w, spec, validation);
        step_means(&w, f, parts);
        bram_fitted_free(f);
        assert_memory_equal(whole, parts, sizeof whole);
        assert_int_equal(access(path, F_OK), -1);
    }
    drop(&w);
}

/* One tensor of a file: a name under params/, its shape; cols 0: one dimension. */
struct expected {
    const char *path;
    size_t rows, cols;
};

static void check_names(struct world *w, const char *spec, const struct expected *e, size_t n)
{
    char path[256];
    test_temporary(path, "network-saved.h5");
    bram_fitted *f = fit(w, spec, NULL);
    assert_ok(w->cx, bram_fitted_keep_data(w->cx, f, &w->train, NULL));
    assert_ok(w->cx, bram_fitted_save(w->cx, f, path, true));
    bram_dataset *ds = NULL;
    assert_ok(w->cx, bram_dataset_open(w->cx, &ds, path));
    const bram_attrs *a = bram_dataset_find_attrs(ds, "");
    assert_int_equal(bram_attrs_integer(a, "seed", 0), 3);
    assert_int_equal(strlen(bram_attrs_text(a, "data_sha256")), 64);
    assert_string_equal(bram_attrs_text(a, "program_version"), bram_version());
    for (size_t k = 0; k < n; k++) {
        char full[96];
        snprintf(full, sizeof full, "params/%s", e[k].path);
        const bram_response *r = bram_dataset_response(ds, full);
        if (!r) fail_msg("no %s", full);
        assert_int_equal(bram_response_dims(r), e[k].cols ? 2 : 1);
        assert_int_equal(bram_response_length(r, 0), e[k].rows);
        if (e[k].cols) assert_int_equal(bram_response_length(r, 1), e[k].cols);
    }
    bram_dataset_free(ds);
    bram_fitted_free(f);
    assert_int_equal(remove(path), 0);
}

static void names_and_shapes(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    static const struct expected lstm[] = {
        {"rnn/weight_ih_l0", 16, UNITS}, {"rnn/weight_hh_l0", 16, 4}, {"rnn/bias_ih_l0", 16, 0},
        {"rnn/bias_hh_l1", 16, 0},       {"rnn/weight_ih_l1", 16, 4}, {"readout/weight", UNITS, 4},
        {"readout/bias", UNITS, 0}};
    static const struct expected encoder[] = {{"embedding/weight", 4, UNITS},
                                              {"embedding/bias", 4, 0},
                                              {"position/weight", 16, 4},
                                              {"encoder/layers.0.self_attn.in_proj_weight", 12, 4},
                                              {"encoder/layers.0.self_attn.in_proj_bias", 12, 0},
                                              {"encoder/layers.1.self_attn.out_proj.weight", 4, 4},
                                              {"encoder/layers.1.self_attn.out_proj.bias", 4, 0},
                                              {"encoder/layers.1.linear1.weight", 7, 4},
                                              {"encoder/layers.1.linear2.weight", 4, 7},
                                              {"encoder/layers.1.norm2.bias", 4, 0},
                                              {"encoder/norm.weight", 4, 0},
                                              {"readout/weight", UNITS, 4}};
    check_names(&w, "lstm:hidden=4,layers=2,steps=2,check=1,batch=2", lstm,
                sizeof lstm / sizeof *lstm);
    static const struct expected lowrank[] = {{"rnn/weight_m_l0", 5, 3},
                                              {"rnn/weight_n_l1", 5, 3},
                                              {"rnn/leak_l1", 5, 0},
                                              {"rnn/weight_ih_l0", 5, UNITS}};
    check_names(&w, "lowrank:hidden=5,rank=3,layers=2,steps=2,check=1,batch=2", lowrank,
                sizeof lowrank / sizeof *lowrank);
    static const struct expected circuit[] = {{"circuit/chemical", NEURONS, 0},
                                              {"circuit/gap", 1, 0},
                                              {"circuit/leak", NEURONS, 0},
                                              {"circuit/gain", UNITS, 0},
                                              {"circuit/scale", UNITS, 0}};
    check_names(&w, "connectome:steps=2,check=1,batch=2", circuit,
                sizeof circuit / sizeof *circuit);
    check_names(&w, "encoder:width=4,heads=2,ff=7,window=16,steps=2,check=1,batch=2", encoder,
                sizeof encoder / sizeof *encoder);
    drop(&w);
}

/* ---- encoders ------------------------------------------------------------------------------- */

/* Whichever windows a row falls into, the first step of a free run is the one-step mean, and a free
 * run over rows that it tells itself goes on as one that began later. */
static void check_free_runs(const char *spec)
{
    struct world w;
    make(&w, ROWS);
    bram_fitted *f = fit(&w, spec, NULL);
    double mean[ROWS * UNITS], runs[ROWS][UNITS];
    size_t start[ROWS];
    step_means(&w, f, mean);
    for (size_t t = 0; t < ROWS; t++) start[t] = t;
    bram_query q = {
        .ask = BRAM_ASK_FREE_RUN, .panel = &w.train, .start = start, .starts = ROWS, .steps = 1};
    bram_dataset *answer = NULL;
    assert_ok(w.cx, bram_fitted_answer(w.cx, &answer, f, &q));
    assert_ok(w.cx,
              bram_response_read(w.cx, bram_dataset_response(answer, "mean"), (size_t[]){0, 0, 0},
                                 (size_t[]){ROWS, 1, UNITS}, runs[0], NULL));
    bram_dataset_free(answer);
    for (size_t t = 0; t < ROWS; t++)
        for (size_t i = 0; i < UNITS; i++) assert_near(runs[t][i], mean[t * UNITS + i], 1e-5);
    /* its own outputs put in as rows 10 .. 29 are what one-step means then see */
    double run[20][UNITS];
    q.start = (size_t[]){10}, q.starts = 1, q.steps = 20;
    assert_ok(w.cx, bram_fitted_answer(w.cx, &answer, f, &q));
    assert_ok(w.cx,
              bram_response_read(w.cx, bram_dataset_response(answer, "mean"), (size_t[]){0, 0, 0},
                                 (size_t[]){1, 20, UNITS}, run[0], NULL));
    bram_dataset_free(answer);
    memcpy(w.y[10], run, sizeof run);
    step_means(&w, f, mean);
    for (size_t t = 0; t < 20; t++)
        for (size_t i = 0; i < UNITS; i++) assert_near(mean[(10 + t) * UNITS + i], run[t][i], 1e-4);
    bram_fitted_free(f);
    drop(&w);
}

static void free_runs_begin_as_single_steps(void **state)
{
    (void)state;
    check_free_runs("encoder:width=8,heads=2,ff=8,window=7,steps=3,batch=2");
    check_free_runs("gru:hidden=8,window=7,steps=30,batch=2,rate=0.01,feed=increment");
}

/* Computing layers again on the way back saves memory and changes no bit, with dropout on. */
static void recomputing_gives_the_same_bytes(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    double mean[2][ROWS * UNITS];
    for (int again = 0; again < 2; again++) {
        char spec[160];
        snprintf(spec, sizeof spec,
                 "encoder:width=8,heads=2,layers=3,ff=8,dropout=0.2,positions=sinusoid,steps=20,"
                 "batch=4,recompute=%s",
                 again ? "yes" : "no");
        bram_fitted *f = fit(&w, spec, NULL);
        step_means(&w, f, mean[again]);
        bram_fitted_free(f);
    }
    assert_memory_equal(mean[0], mean[1], sizeof mean[0]);
    drop(&w);
}

/* Answers of a masked encoder for one unit, hidden: `rows` of them. */
static void told(struct world *w, const bram_fitted *f, size_t unit, size_t rows, double *out)
{
    double mean[ROWS * UNITS];
    uint8_t held_out[UNITS] = {0};
    bram_dataset *answer = NULL;
    held_out[unit] = 1;
    bram_query q = {.ask = BRAM_ASK_COSMOOTH, .panel = &w->train, .held_out = held_out};
    assert_ok(w->cx, bram_fitted_answer(w->cx, &answer, f, &q));
    assert_ok(w->cx, bram_response_read(w->cx, bram_dataset_response(answer, "mean"),
                                        (size_t[]){0, 0}, (size_t[]){rows, UNITS}, mean, NULL));
    for (size_t t = 0; t < rows; t++) out[t] = mean[t * UNITS + unit];
    bram_dataset_free(answer);
}

/* 2 segments of 5 rows hold 4 windows of 4: each unit is told from the others, whose noise tells
 * the row, to a scaled mean squared error below 1e-4. */
static void hidden_units_are_learnt_by_heart(void **state)
{
    (void)state;
    enum { FEW = 5 };
    struct world w;
    make(&w, FEW);
    bram_fitted *f = fit(&w,
                         "masked-encoder:width=16,heads=2,layers=1,ff=32,dropout=0,window=4,"
                         "batch=12,steps=6000,rate=0.01",
                         NULL);
    double error = 0, y[FEW];
    for (size_t i = 0; i < UNITS; i++) {
        told(&w, f, i, FEW, y);
        for (size_t t = 0; t < FEW; t++) error += pow((y[t] - w.y[t][i]) / 1.4, 2) / (FEW * UNITS);
    }
    if (!(error < 1e-4)) fail_msg("%g", error);
    bram_fitted_free(f);
    drop(&w);
}

/* As the_same_bytes, of what a masked encoder answers. */
static void masks_and_the_same_bytes(void **state)
{
    (void)state;
    struct world w;
    char path[256], spec[512];
    make(&w, ROWS);
    test_temporary(path, "masked.h5");
    snprintf(spec, sizeof spec,
             "masked-encoder:width=8,heads=2,layers=2,ff=16,dropout=0.2,window=16,batch=5,steps=50,"
             "check=10,checkpoint=%s",
             path);
    double whole[ROWS], parts[ROWS], threads[ROWS];
    struct stop stop = {0, 20};
    bram_fitted *f = fit(&w, spec, &w.validation);
    told(&w, f, 1, ROWS, whole);
    bram_fitted_free(f);
    bram_ctx_set_progress(w.cx, stop_at, &stop);
    bram_ctx_set_cancel(w.cx, &stop.flag);
    assert_int_equal(bram_fitted_new(w.cx, &f, spec, &w.train, &w.validation, 3), BRAM_ECANCEL);
    assert_int_equal(access(path, F_OK), 0);
    bram_ctx_set_progress(w.cx, NULL, NULL);
    bram_ctx_set_cancel(w.cx, NULL);
    f = fit(&w, spec, &w.validation);
    told(&w, f, 1, ROWS, parts);
    bram_fitted_free(f);
    assert_memory_equal(whole, parts, sizeof whole);
    bram_ctx_set_threads(w.cx, 4);
    f = fit(&w, spec, &w.validation);
    told(&w, f, 1, ROWS, threads);
    bram_fitted_free(f);
    assert_memory_equal(whole, threads, sizeof whole);
    drop(&w);
}

/* The third unit of three sines is told from the other two, over a segment longer than a window. */
static void hidden_units_are_told_from_the_others(void **state)
{
    (void)state;
    static const char *const hide[] = {"units", "rows"};
    struct world w;
    make(&w, ROWS);
    for (int k = 0; k < 2; k++) {
        char spec[200];
        snprintf(spec, sizeof spec,
                 "masked-encoder:width=16,heads=2,layers=1,ff=32,dropout=0,window=16,batch=8,"
                 "steps=400,rate=0.005,hide=%s",
                 hide[k]);
        bram_fitted *f = fit(&w, spec, &w.validation);
        const uint8_t held_out[UNITS] = {0, 0, 1};
        bram_query q = {.ask = BRAM_ASK_COSMOOTH, .panel = &w.train, .held_out = held_out};
        bram_dataset *answer = NULL;
        double mean[ROWS * UNITS], error = 0, spread = 0;
        uint8_t present[ROWS * UNITS];
        assert_ok(w.cx, bram_fitted_answer(w.cx, &answer, f, &q));
        assert_ok(w.cx,
                  bram_response_read(w.cx, bram_dataset_response(answer, "mean"), (size_t[]){0, 0},
                                     (size_t[]){ROWS, UNITS}, mean, present));
        for (size_t t = 0; t < ROWS; t++) {
            error += pow(mean[t * UNITS + 2] - w.y[t][2], 2), spread += pow(w.y[t][2] - 3, 2);
            for (size_t i = 0; i < UNITS; i++)
                assert_int_equal(present[t * UNITS + i], held_out[i]);
        }
        /* one trained on rows has never seen a unit hidden on its own: it need only answer */
        if (k == 0 && !(error < 0.1 * spread)) fail_msg("%g of %g", error, spread);
        bram_dataset_free(answer);
        bram_fitted_free(f);
    }
    drop(&w);
}

/* Mean log density of all values. */
static double density_of(struct world *w, const char *spec)
{
    bram_fitted *f = fit(w, spec, NULL);
    bram_query q = {.ask = BRAM_ASK_LOGLIK, .panel = &w->train};
    bram_dataset *answer = NULL;
    double value[ROWS * UNITS], sum = 0;
    assert_ok(w->cx, bram_fitted_answer(w->cx, &answer, f, &q));
    assert_ok(w->cx, bram_response_read(w->cx, bram_dataset_response(answer, "logdensity"),
                                        (size_t[]){0, 0}, (size_t[]){ROWS, UNITS}, value, NULL));
    for (size_t i = 0; i < ROWS * UNITS; i++) sum += value[i] / (ROWS * UNITS);
    bram_dataset_free(answer);
    bram_fitted_free(f);
    return sum;
}

/* Values that are a coin's throw after a large one and 0 after a small one: one variance for each
 * unit gives -log(2 pi e v) / 2 at best; a variance that is learned gives more. */
static void variances_are_learned(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    bram_rng g = bram_rng_new(6, "test/variances");
    for (size_t t = 0; t < SEGMENTS * ROWS + GAP; t++)
        for (size_t i = 0; i < UNITS; i++)
            w.y[t][i] = t % 8 < 4 ? 0.05 * bram_rng_normal(&g) : 2 * bram_rng_normal(&g);
    const char *rest = "hidden=16,steps=600,batch=8,window=16,rate=0.01";
    char even[128], each[128];
    snprintf(even, sizeof even, "gru:%s", rest);
    snprintf(each, sizeof each, "gru:loss=gaussian,%s", rest);
    double one = density_of(&w, even), other = density_of(&w, each);
    if (other < one + 0.5) fail_msg("%g, with variances %g", one, other);
    drop(&w);
}

/* A training that is asked to finish gives the best so far; what it leaves lets it go on. */
static void an_early_end_keeps_the_best(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    char path[256], spec[512], early[512];
    double stopped[ROWS * UNITS], whole[ROWS * UNITS], again[ROWS * UNITS];
    struct stop stop = {0, 20};
    test_temporary(path, "network-early.h5");
    const char *rest = "gru:hidden=6,batch=5,check=10";
    snprintf(spec, sizeof spec, "%s,steps=50,checkpoint=%s", rest, path);
    bram_ctx_set_progress(w.cx, stop_at, &stop);
    bram_ctx_set_finish(w.cx, &stop.flag);
    bram_fitted *f = fit(&w, spec, &w.validation);
    step_means(&w, f, stopped);
    bram_fitted_free(f);
    assert_int_equal(access(path, F_OK), 0);
    bram_ctx_set_finish(w.cx, NULL);
    bram_ctx_set_progress(w.cx, NULL, NULL);
    f = fit(&w, spec, &w.validation);
    step_means(&w, f, again);
    bram_fitted_free(f);
    snprintf(early, sizeof early, "%s,steps=50", rest);
    f = fit(&w, early, &w.validation);
    step_means(&w, f, whole);
    bram_fitted_free(f);
    assert_memory_equal(whole, again, sizeof whole);
    assert_memory_not_equal(whole, stopped, sizeof whole);
    drop(&w);
}

static void refusals(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    bram_fitted *f = NULL;
    w.y[20][1] = 1e39; /* beyond float32: the gradient is no number */
    assert_int_equal(
        bram_fitted_new(w.cx, &f, "gru:steps=3,hidden=3,loss=poisson", &w.train, NULL, 0),
        BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(w.cx), "step 1: the gradient of "));
    w.y[20][1] = -1;
    assert_int_equal(bram_fitted_new(w.cx, &f, "gru:steps=3,loss=poisson", &w.train, NULL, 0),
                     BRAM_ENUMERIC);
    w.y[20][1] = 1;
    assert_int_equal(
        bram_fitted_new(w.cx, &f, "gru:loss=poisson,target=increment", &w.train, NULL, 0),
        BRAM_EUSAGE);
    assert_int_equal(
        bram_fitted_new(w.cx, &f, "encoder:steps=3,width=10,heads=4", &w.train, NULL, 0),
        BRAM_EUSAGE);
    w.segment[0].y.rows = w.segment[1].y.rows = 2;
    assert_int_equal(bram_fitted_new(w.cx, &f, "rnn:steps=3", &w.train, NULL, 0),
                     BRAM_ENOTAPPLICABLE);
    drop(&w);
}

/* ---- free runs in training ------------------------------------------------------------------ */

/* What feed puts into the last rows of a window is what a free run from there answers. */
static void check_own_forecasts(const char *spec)
{
    enum { WINDOW = 12, HORIZON = 5 };
    struct world w;
    make(&w, ROWS);
    const bram_network_body *body = &bram_body_lstm;
    bram_options *o = NULL;
    const bram_model *model;
    void *fitted = NULL;
    assert_ok(w.cx, bram_model_parse(w.cx, &model, &o, NULL, spec));
    assert_ok(w.cx, bram_network_fit(w.cx, &fitted, body, o, &w.train, NULL, 3));
    const bram_network *n = fitted;
    float x[2 * WINDOW * UNITS], before[2 * WINDOW * UNITS], target[2 * WINDOW * UNITS] = {0};
    float out[UNITS];
    float *room = calloc(body->room(n, 2, WINDOW), sizeof *room);
    double value[UNITS], run[HORIZON - 1][UNITS];
    bram_pass pass = {.windows = 2, .steps = WINDOW, .most = WINDOW};
    for (size_t k = 0; k < 2; k++) /* windows that begin at rows 0 and 7 */
        for (size_t t = 0; t < WINDOW; t++)
            assert_ok(w.cx, bram_network_put(w.cx, n, x + (t * 2 + k) * UNITS, &w.segment[0],
                                             7 * k + t, NULL));
    memcpy(before, x, sizeof x);
    bram_network_feed(n, &pass, x, target, HORIZON, room, out, value);
    assert_memory_equal(x, before, (WINDOW - HORIZON + 1) * 2 * UNITS * sizeof *x);
    /* the second window has another past: its states begin at 0 in row 7 */
    bram_segment late = w.segment[0];
    late.y.data += 7 * UNITS, late.y.rows -= 7;
    for (size_t k = 0; k < 2; k++) {
        bram_panel panel = {.unit = w.unit, .segment = k ? &late : &w.segment[0], .segments = 1};
        bram_dataset *answer = NULL;
        size_t begin = WINDOW - HORIZON + 1;
        bram_query q = {.ask = BRAM_ASK_FREE_RUN,
                        .panel = &panel,
                        .start = &begin,
                        .starts = 1,
                        .steps = HORIZON - 1};
        assert_ok(w.cx, bram_dataset_new(w.cx, &answer));
        assert_ok(w.cx, bram_network_answer(w.cx, n, &q, answer));
        assert_ok(w.cx, bram_response_read(w.cx, bram_dataset_response(answer, "mean"),
                                           (size_t[]){0, 0, 0}, (size_t[]){1, HORIZON - 1, UNITS},
                                           run[0], NULL));
        for (size_t h = 0; h < HORIZON - 1; h++)
            for (size_t i = 0; i < UNITS; i++) {
                size_t at = ((begin + h) * 2 + k) * UNITS + i;
                double said = n->mean.data[i] + n->scale.data[i] * (double)x[at];
                assert_near(said, run[h][i], 1e-4);
                /* an increment of what goes in is of another size now */
                assert_near((double)target[at], (double)before[at] - (double)x[at], 1e-6);
            }
        bram_dataset_free(answer);
    }
    free(room);
    bram_network_free(fitted);
    bram_options_free(o);
    drop(&w);
}

#define FED "lstm:hidden=6,layers=2,window=12,steps=40,batch=4,rate=0.01,target=increment"

static void own_forecasts_are_those_of_free_runs(void **state)
{
    (void)state;
    check_own_forecasts(FED);
    check_own_forecasts(FED ",feed=increment");
}

/* The mean squared error eight rows ahead, over starts that leave room for it. */
static double error_ahead(struct world *w, const char *spec)
{
    enum { AHEAD = 8, STARTS = ROWS - 20 - AHEAD };
    bram_fitted *f = fit(w, spec, &w->validation);
    size_t start[STARTS];
    double run[STARTS][AHEAD][UNITS], sum = 0;
    bram_dataset *answer = NULL;
    for (size_t k = 0; k < STARTS; k++) start[k] = 20 + k;
    bram_query q = {.ask = BRAM_ASK_FREE_RUN,
                    .panel = &w->train,
                    .segment = 1,
                    .start = start,
                    .starts = STARTS,
                    .steps = AHEAD};
    assert_ok(w->cx, bram_fitted_answer(w->cx, &answer, f, &q));
    assert_ok(w->cx,
              bram_response_read(w->cx, bram_dataset_response(answer, "mean"), (size_t[]){0, 0, 0},
                                 (size_t[]){STARTS, AHEAD, UNITS}, run[0][0], NULL));
    for (size_t k = 0; k < STARTS; k++)
        for (size_t i = 0; i < UNITS; i++) {
            double d = run[k][AHEAD - 1][i] - bram_row(&w->segment[1].y, start[k] + AHEAD - 1)[i];
            sum += d * d;
        }
    bram_dataset_free(answer);
    bram_fitted_free(f);
    return sum / (STARTS * UNITS);
}

/* A rhythm under noise: a network that was trained on single steps leans on the noise that is in
 * its inputs, one that was trained on free runs does not. */
static void free_runs_are_learnt(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    bram_rng g = bram_rng_new(9, "test/noise");
    for (size_t s = 0; s < SEGMENTS; s++)
        for (size_t t = 0; t < ROWS; t++)
            for (size_t i = 0; i < UNITS; i++)
                bram_row(&w.segment[s].y, t)[i] += 0.7 * bram_rng_normal(&g);
    double plain = error_ahead(&w, "rnn:hidden=8,window=30,burn=8,batch=8,rate=0.01,steps=400,"
                                   "check=20,patience=100");
    double freed = error_ahead(&w, "rnn:hidden=8,window=30,burn=8,batch=8,rate=0.01,steps=400,"
                                   "check=20,patience=100,horizon=8");
    if (!(freed < 0.9 * plain)) fail_msg("%g with free runs, %g without", freed, plain);
    /* patience that is out ends the single steps, not the training */
    double early = error_ahead(&w, "rnn:hidden=8,window=30,burn=8,batch=8,rate=0.01,steps=400,"
                                   "check=20,patience=1,horizon=8");
    assert_true(isfinite(early));
    drop(&w);
}

/* ---- sizes ---------------------------------------------------------------------------------- */

static bram_network_sizes sizes(struct world *w, const bram_network_body *body, const char *spec,
                                size_t rows, size_t units)
{
    bram_options *o = NULL;
    const bram_model *model;
    assert_ok(w->cx, bram_model_parse(w->cx, &model, &o, NULL, spec));
    bram_network_sizes s = bram_network_sizes_of(body, o, rows, units);
    bram_options_free(o);
    return s;
}

static void sizes_follow_the_data(void **state)
{
    (void)state;
    static const struct {
        size_t rows, units, width, batch, steps;
    } want[] = {{99, 100, 32, 16, 1000},
                {100, 100, 64, 32, 2000},
                {9999, 100, 64, 32, 2000},
                {10000, 100, 128, 32, 4000},
                {40000, 100, 256, 64, 8000}};
    struct world w;
    make(&w, ROWS);
    for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
        bram_network_sizes s = sizes(&w, &bram_body_gru, "gru", want[k].rows, want[k].units);
        assert_int_equal(s.width, want[k].width);
        assert_int_equal(s.batch, want[k].batch);
        assert_int_equal(s.steps, want[k].steps);
        s = sizes(&w, &bram_body_encoder, "encoder", want[k].rows, want[k].units);
        assert_int_equal(s.width, want[k].width);
        assert_int_equal(s.ff, 4 * want[k].width);
    }
    bram_network_sizes own = sizes(&w, &bram_body_encoder, "encoder:width=24,batch=5,ff=7", 9, 9);
    assert_int_equal(own.width, 24);
    assert_int_equal(own.ff, 7);
    assert_int_equal(own.batch, 5);
    /* 80 rows of three units; and the sizes come back from a file */
    static const struct expected gru[] = {{"rnn/weight_hh_l0", 96, 32}};
    check_names(&w, "gru:steps=2,check=1", gru, 1);
    bram_fitted *f = NULL;
    assert_int_equal(bram_fitted_new(w.cx, &f, "gru:batch=1", &w.train, NULL, 3), BRAM_EUSAGE);
    drop(&w);
}

/* ---- inside --------------------------------------------------------------------------------- */

static double inside_at(struct world *w, const char *spec, const char *name, size_t count,
                        double *value)
{
    bram_fitted *f = fit(w, spec, &w->validation);
    bram_query q = {.ask = BRAM_ASK_INSIDE, .panel = &w->train};
    bram_dataset *answer = NULL;
    assert_ok(w->cx, bram_fitted_answer(w->cx, &answer, f, &q));
    const bram_response *r = bram_dataset_response(answer, name);
    if (!r) fail_msg("%s tells no %s", spec, name);
    assert_int_equal(bram_response_count(r), count);
    size_t zero[3] = {0}, length[3] = {1, 1, 1};
    for (size_t d = 0; d < bram_response_dims(r); d++) length[d] = bram_response_length(r, d);
    assert_ok(w->cx, bram_response_read(w->cx, r, zero, length, value, NULL));
    bram_dataset_free(answer);
    bram_fitted_free(f);
    return value[0];
}

static void what_is_inside(void **state)
{
    (void)state;
    enum { WINDOW = 10 };
    struct world w;
    double value[4 * WINDOW * WINDOW];
    make(&w, ROWS);
    /* four checks: steps, losses, rates */
    inside_at(&w, "gru:hidden=4,batch=2,steps=8,check=2", "history", 16, value);
    for (size_t i = 0; i < 4; i++) {
        assert_near(value[4 * i], 2 * (double)(i + 1), 0);
        assert_true(value[4 * i + 1] > 0 && value[4 * i + 2] > 0 && value[4 * i + 3] > 0);
    }
    /* rates start between 0.05 and 0.95 in their log odds, a row is a second */
    inside_at(&w, "ctrnn:hidden=4,layers=2,batch=2,steps=1", "time_constant", 8, value);
    for (size_t i = 0; i < 8; i++) assert_true(value[i] > 1 / 0.96 && value[i] < 1 / 0.049);
    /* each row attends to itself and to earlier ones, with probabilities */
    inside_at(&w, "encoder:width=8,heads=2,layers=2,ff=8,window=10,batch=2,steps=3", "attention",
              4 * WINDOW * WINDOW, value);
    for (size_t row = 0; row < 4 * WINDOW; row++) {
        double sum = 0;
        for (size_t k = 0; k < WINDOW; k++) {
            sum += value[row * WINDOW + k];
            if (k > row % WINDOW) assert_near(value[row * WINDOW + k], 0, 0);
        }
        assert_near(sum, 1, 1e-5);
    }
    drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_learnt_by_heart),
        cmocka_unit_test(a_rhythm_is_learnt),
        cmocka_unit_test(differences_of_rows),
        cmocka_unit_test(an_offset_changes_nothing),
        cmocka_unit_test(the_same_bytes),
        cmocka_unit_test(a_fit_that_was_stopped_at_once),
        cmocka_unit_test(names_and_shapes),
        cmocka_unit_test(free_runs_begin_as_single_steps),
        cmocka_unit_test(recomputing_gives_the_same_bytes),
        cmocka_unit_test(hidden_units_are_learnt_by_heart),
        cmocka_unit_test(masks_and_the_same_bytes),
        cmocka_unit_test(hidden_units_are_told_from_the_others),
        cmocka_unit_test(variances_are_learned),
        cmocka_unit_test(an_early_end_keeps_the_best),
        cmocka_unit_test(refusals),
        cmocka_unit_test(own_forecasts_are_those_of_free_runs),
        cmocka_unit_test(free_runs_are_learnt),
        cmocka_unit_test(sizes_follow_the_data),
        cmocka_unit_test(what_is_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
