/*
 * spike-transformer: densities by hand where nothing is learned, windows learned by heart, a
 * coupling and an input that are known, runs and their seeds, what it is like inside, checkpoints,
 * files, refusals; the same network tuned
 * to tell behaviour; both on the made circuit.
 */
#include "cell_test.h"
#include "simulate.h"

#include <bramble/model.h>
#include <bramble/rng.h>

enum { ROWS = 400, UNITS = 3 };

struct world {
    bram_ctx *cx;
    bram_axis *unit, *input;
    double y[2][ROWS][UNITS], x[2][ROWS][1];
    bram_segment segment[2];
    bram_panel train, test;
};

/* Unit 0 fires by chance; unit 1 when it did a bin before; unit 2 when the input is high. */
static void make(struct world *w, size_t rows)
{
    memset(w, 0, sizeof *w);
    w->cx = bram_ctx_new();
    assert_ok(w->cx, bram_axis_new(w->cx, &w->unit, "neuron", UNITS));
    assert_ok(w->cx, bram_axis_new(w->cx, &w->input, "input", 1));
    for (size_t s = 0; s < 2; s++) {
        bram_rng g = bram_rng_at(1, "test/tokens", s);
        for (size_t t = 0; t < ROWS; t++) {
            w->x[s][t][0] = bram_rng_normal(&g);
            w->y[s][t][0] = bram_rng_uniform(&g) < 0.3;
            w->y[s][t][1] = t && w->y[s][t - 1][0] > 0 ? bram_rng_uniform(&g) < 0.9
                                                       : bram_rng_uniform(&g) < 0.1;
            w->y[s][t][2] = (double)bram_rng_poisson(&g, w->x[s][t][0] > 0 ? 2 : 0.05);
        }
        w->segment[s] = (bram_segment){.id = "a", .y = {w->y[s][0], rows, UNITS, UNITS}, .dt = 1};
    }
    w->segment[1].first = 10;
    w->train = (bram_panel){.unit = w->unit, .segment = &w->segment[0], .segments = 1};
    w->test = (bram_panel){.unit = w->unit, .segment = &w->segment[1], .segments = 1};
}

static void give_inputs(struct world *w)
{
    for (size_t s = 0; s < 2; s++)
        w->segment[s].x = (bram_mat){w->x[s][0], w->segment[s].y.rows, 1, 1};
    w->train.input = w->test.input = w->input;
}

static void drop(struct world *w)
{
    bram_axis_free(w->unit);
    bram_axis_free(w->input);
    bram_ctx_free(w->cx);
}

static bram_fitted *fit(struct world *w, const char *spec, bool validates)
{
    bram_fitted *f = NULL;
    assert_ok(w->cx, bram_fitted_new(w->cx, &f, spec, &w->train, validates ? &w->test : NULL, 3));
    return f;
}

/* The named response of an answer, for the caller to free with the dataset. */
static bram_response *ask(struct world *w, const bram_fitted *f, bram_query q, const char *name,
                          bram_dataset **keep)
{
    q.panel = &w->test;
    assert_ok(w->cx, bram_fitted_answer(w->cx, keep, f, &q));
    bram_response *r = bram_dataset_response(*keep, name);
    assert_non_null(r);
    return r;
}

static double mean_density(struct world *w, const bram_fitted *f)
{
    bram_dataset *keep;
    bram_response *r = ask(w, f, (bram_query){.ask = BRAM_ASK_LOGLIK}, "logdensity", &keep);
    double sum = 0;
    for (size_t i = 0; i < bram_response_count(r); i++) sum += bram_response_f64(r)[i];
    sum /= (double)bram_response_count(r);
    bram_dataset_free(keep);
    return sum;
}

/* ---- what is known by hand ------------------------------------------------------------------ */

/* With a rate of learning of zero rates are those of training: a Poisson density, exact means. */
static void where_nothing_is_learned(void **state)
{
    (void)state;
    struct world w;
    make(&w, 101);
    bram_fitted *f = fit(&w, "spike-transformer:steps=1,rate=0,span=4,width=8,samples=2", false);
    double mean[UNITS] = {0};
    for (size_t t = 0; t < 101; t++)
        for (size_t u = 0; u < UNITS; u++) mean[u] += w.y[0][t][u] / 101;
    bram_dataset *keep;
    bram_response *r = ask(&w, f, (bram_query){.ask = BRAM_ASK_LOGLIK}, "logdensity", &keep);
    for (size_t t = 10; t < 101; t++)
        for (size_t u = 0; u < UNITS; u++) {
            double y = w.y[1][t][u], expected = y * log(mean[u]) - mean[u] - lgamma(y + 1);
            assert_near(bram_response_f64(r)[(t - 10) * UNITS + u], expected, 1e-6);
        }
    bram_dataset_free(keep);
    r = ask(&w, f, (bram_query){.ask = BRAM_ASK_STEP}, "mean", &keep);
    for (size_t i = 0; i < 91 * UNITS; i++)
        assert_near(bram_response_f64(r)[i], mean[i % UNITS], 1e-6);
    bram_dataset_free(keep);
    bram_fitted_free(f);
    drop(&w);
}

/* A recording of four windows that no other says anything of: all that Poisson counts leave open is
 * one nat a spike, 1 - log 1, and nothing where there is none. */
static void four_windows_by_heart(void **state)
{
    (void)state;
    static const double y[8][UNITS] = {{1, 0, 0}, {0, 1, 1}, {0, 0, 1}, {1, 1, 0},
                                       {0, 1, 0}, {1, 0, 1}, {0, 0, 0}, {1, 1, 1}};
    struct world w;
    make(&w, 8);
    double spikes = 0;
    for (size_t t = 0; t < 8; t++)
        for (size_t u = 0; u < UNITS; u++) w.y[0][t][u] = w.y[1][t][u] = y[t][u], spikes += y[t][u];
    w.segment[1].first = 0;
    bram_fitted *f = fit(&w,
                         "spike-transformer:span=2,context=6,dropout=0,width=32,steps=600,"
                         "batch=8,rate=0.005",
                         false);
    assert_near(mean_density(&w, f), -spikes / (8 * UNITS), 1e-3);
    bram_fitted_free(f);
    drop(&w);
}

/* ---- what is known by construction ---------------------------------------------------------- */

static double weight_of(struct world *w, const bram_fitted *f, const char *name, size_t from,
                        size_t to)
{
    bram_dataset *keep;
    bram_response *r = ask(w, f, (bram_query){.ask = BRAM_ASK_WEIGHTS}, name, &keep);
    double value = bram_response_f64(r)[from * UNITS + to];
    bram_dataset_free(keep);
    return value;
}

static void a_known_coupling(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    bram_fitted *f = fit(&w,
                         "spike-transformer:width=16,heads=2,ff=16,context=3,steps=200,"
                         "rate=0.01",
                         true);
    bram_fitted *constant = fit(&w, "glm:coupling=none,ridge=1", false);
    double most = weight_of(&w, f, "weights", 0, 1);
    /* the rate of unit 1 is 0.9 after a spike of unit 0 and 0.1 without; the readout's straight way
     * is a part of log 9 */
    if (!(most > 0.3 && most < log(9) + 1)) fail_msg("the coupling is %g", most);
    for (size_t i = 0; i < UNITS; i++)
        for (size_t j = 0; j < UNITS; j++)
            if (i != 0 || j != 1) assert_true(fabs(weight_of(&w, f, "weights", i, j)) < most);
    assert_true(weight_of(&w, f, "attention", 0, 1) > 0);
    /* of unit 1's entropy, 0.62 nats, 0.325 remain; a third of that over all units */
    assert_true(mean_density(&w, f) > mean_density(&w, constant) + 0.03);
    bram_fitted_free(f);
    bram_fitted_free(constant);
    drop(&w);
}

/* Attention to the last row: a twentieth of the spikes of unit 0 come with two rows between. */
static void where_it_looks(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    bram_fitted *f = fit(&w,
                         "spike-transformer:width=16,heads=2,ff=16,context=3,steps=200,"
                         "rate=0.01",
                         true);
    bram_dataset *keep;
    bram_response *r = ask(&w, f, (bram_query){.ask = BRAM_ASK_WEIGHTS}, "attention_lag", &keep);
    assert_int_equal(bram_response_length(r, 0), 2);
    assert_int_equal(bram_response_length(r, 1), 5);
    for (size_t h = 0; h < 2; h++) {
        const double *lag = bram_response_f64(r) + 5 * h;
        assert_near(lag[0] + lag[1] + lag[2] + lag[3] + lag[4], 1, 1e-5);
        assert_near(lag[1], 0, 0); /* there are no inputs */
        assert_true(lag[2] > lag[3] && lag[2] > lag[4]);
    }
    bram_dataset_free(keep);
    bram_fitted_free(f);
    drop(&w);
}

static void a_known_input(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    give_inputs(&w);
    const char *spec = "spike-transformer:width=16,heads=2,ff=16,context=2,steps=200,rate=0.01";
    char without[160];
    snprintf(without, sizeof without, "%s,inputs=no", spec);
    bram_fitted *f = fit(&w, spec, true), *blind = fit(&w, without, true);
    assert_true(mean_density(&w, f) > mean_density(&w, blind) + 0.1);
    bram_fitted_free(f);
    bram_fitted_free(blind);
    drop(&w);
}

/* One step ahead the mean of unit 1 follows what unit 0 did; a run of samples does so by itself. */
static void runs(void **state)
{
    (void)state;
    enum { STEPS = 200 };
    struct world w;
    make(&w, ROWS);
    bram_fitted *f = fit(&w,
                         "spike-transformer:width=16,heads=2,ff=16,context=3,span=2,steps=300,"
                         "rate=0.01,samples=4",
                         true);
    bram_dataset *keep;
    bram_response *r = ask(&w, f, (bram_query){.ask = BRAM_ASK_STEP}, "mean", &keep);
    double after[2] = {0}, count[2] = {0};
    for (size_t t = 10; t < ROWS; t++) {
        size_t fired = w.y[1][t - 1][0] > 0;
        after[fired] += bram_response_f64(r)[(t - 10) * UNITS + 1], count[fired]++;
    }
    assert_near(after[1] / count[1], 0.9, 0.15);
    assert_near(after[0] / count[0], 0.1, 0.1);
    bram_dataset_free(keep);

    const size_t start = 150;
    bram_query q = {.ask = BRAM_ASK_FREE_RUN, .start = &start, .starts = 1, .steps = STEPS};
    r = ask(&w, f, q, "sample", &keep);
    const double *y = bram_response_f64(r);
    double hits = 0, times = 0;
    for (size_t t = 0; t < STEPS; t++) {
        for (size_t u = 0; u < UNITS; u++) {
            double most = 1;
            for (size_t k = 0; k < ROWS; k++) most = fmax(most, w.y[0][k][u]);
            assert_true(y[t * UNITS + u] >= 0 && y[t * UNITS + u] <= most);
            assert_near(y[t * UNITS + u], floor(y[t * UNITS + u]), 0);
        }
        if (!t || !(y[(t - 1) * UNITS] > 0)) continue;
        hits += y[t * UNITS + 1] > 0, times++;
    }
    assert_true(times > 30); /* Poisson counts of mean 0.9 are 0 in 0.41 of all cases */
    assert_near(hits / times, 0.59, 0.2);
    bram_dataset_free(keep);
    /* the same recording as another segment of a panel is drawn anew */
    bram_segment both[2] = {w.segment[1], w.segment[1]};
    double first[STEPS * UNITS], other[STEPS * UNITS];
    w.test.segment = both, w.test.segments = 2;
    r = ask(&w, f, q, "sample", &keep);
    memcpy(first, bram_response_f64(r), sizeof first);
    bram_dataset_free(keep);
    q.segment = 1;
    r = ask(&w, f, q, "sample", &keep);
    memcpy(other, bram_response_f64(r), sizeof other);
    bram_dataset_free(keep);
    assert_memory_not_equal(first, other, sizeof first);
    bram_fitted_free(f);
    drop(&w);
}

/* A query may say the seed of what is drawn: the fit's own changes nothing. */
static void seeds_of_runs(void **state)
{
    (void)state;
    static const size_t start = 30;
    static const uint64_t seed[] = {3, 4, 4};
    enum { STEPS = 40 };
    double drawn[4][STEPS * UNITS], mean[4][STEPS * UNITS];
    struct world w;
    make(&w, 100);
    bram_fitted *f = fit(&w, "spike-transformer:width=8,ff=8,steps=20,samples=2", false);
    for (size_t k = 0; k < 4; k++) {
        bram_dataset *keep;
        bram_query q = {.ask = BRAM_ASK_FREE_RUN,
                        .start = &start,
                        .starts = 1,
                        .steps = STEPS,
                        .seed = k ? &seed[k - 1] : NULL};
        bram_response *r = ask(&w, f, q, "sample", &keep);
        memcpy(drawn[k], bram_response_f64(r), sizeof drawn[k]);
        memcpy(mean[k], bram_response_f64(bram_dataset_response(keep, "mean")), sizeof mean[k]);
        bram_dataset_free(keep);
    }
    assert_memory_equal(drawn[0], drawn[1], sizeof *drawn); /* 3 is the seed of the fit */
    assert_memory_equal(mean[0], mean[1], sizeof *mean);
    assert_memory_not_equal(drawn[1], drawn[2], sizeof *drawn);
    assert_memory_not_equal(mean[1], mean[2], sizeof *mean);
    assert_memory_equal(drawn[2], drawn[3], sizeof *drawn);
    assert_memory_equal(mean[2], mean[3], sizeof *mean);
    bram_fitted_free(f);
    drop(&w);
}

/* The window with most tokens: its rows of memory and tokens by name, and what it looks at. */
static void a_window_from_inside(void **state)
{
    (void)state;
    static const double busy[7][UNITS] = {{0, 1, 0}, {1, 0, 0}, {0, 0, 0}, {2, 0, 1},
                                          {1, 1, 0}, {0, 0, 3}, {0, 0, 0}};
    struct world w;
    make(&w, 60);
    give_inputs(&w);
    memset(w.y[1], 0, sizeof w.y[1]);
    memcpy(w.y[1][17], busy, sizeof busy); /* windows begin at even rows: row 20 is busy[3] */
    bram_fitted *f = fit(&w,
                         "spike-transformer:span=2,context=3,width=8,heads=2,ff=8,layers=2,"
                         "steps=30,check=10",
                         true);
    bram_dataset *keep;
    bram_response *r = ask(&w, f, (bram_query){.ask = BRAM_ASK_INSIDE}, "window_attention", &keep);
    static const char *const token[] = {"start", "0 +0", "2 +0", "0 +1", "1 +1"};
    static const char *const memory[] = {"rest",     "input -3", "input -2", "input -1",
                                         "input -0", "1 -3",     "0 -2"};
    enum { HEADS = 4, TOKENS = 5, MEMORY = 7, KEYS = TOKENS + MEMORY };
    assert_int_equal(bram_response_dims(r), 3);
    assert_int_equal(bram_response_length(r, 0), HEADS);
    assert_int_equal(bram_response_length(r, 1), TOKENS);
    assert_int_equal(bram_response_length(r, 2), KEYS);
    for (size_t k = 0; k < KEYS; k++)
        assert_string_equal(bram_axis_id(bram_response_axis(r, 2), k),
                            k < MEMORY ? memory[k] : token[k - MEMORY]);
    for (size_t i = 0; i < HEADS * TOKENS; i++) {
        const float *p = bram_response_f32(r) + i * KEYS;
        double cross = 0, own = 0;
        for (size_t k = 0; k < MEMORY; k++) assert_true(p[k] > 0), cross += (double)p[k];
        for (size_t k = 0; k < TOKENS; k++) {
            assert_true(k <= i % TOKENS ? p[MEMORY + k] > 0 : !(p[MEMORY + k] > 0));
            own += (double)p[MEMORY + k];
        }
        assert_near(cross, 1, 1e-6);
        assert_near(own, 1, 1e-6);
    }
    const bram_response *history = bram_dataset_response(keep, "history");
    assert_int_equal(bram_response_length(history, 0), 3);
    assert_int_equal(bram_response_length(history, 1), 4);
    bram_dataset_free(keep);
    bram_fitted_free(f);
    drop(&w);
}

/* ---- training, files ------------------------------------------------------------------------ */

struct stop {
    volatile int flag;
    double at;
};

static void stop_at(void *user, const char *what, double done, double total)
{
    struct stop *s = user;
    (void)what;
    (void)total;
    if (done >= s->at) s->flag = 1;
}

static void step_means(struct world *w, const bram_fitted *f, double *out, size_t n)
{
    bram_dataset *keep;
    bram_response *r = ask(w, f, (bram_query){.ask = BRAM_ASK_STEP}, "mean", &keep);
    assert_int_equal(bram_response_count(r), n);
    memcpy(out, bram_response_f64(r), n * sizeof *out);
    bram_dataset_free(keep);
}

static void a_stopped_training_goes_on_to_the_same_bits(void **state)
{
    (void)state;
    enum { N = 50 * UNITS };
    struct world w;
    char path[256], spec[512];
    double whole[N], parts[N], threads[N];
    struct stop stop = {0, 20};
    make(&w, 60);
    test_temporary(path, "tokens.h5");
    snprintf(spec, sizeof spec,
             "spike-transformer:width=8,heads=2,ff=8,steps=50,check=10,batch=5,dropout=0.3,"
             "samples=2,checkpoint=%s",
             path);
    bram_fitted *f = fit(&w, spec, true);
    step_means(&w, f, whole, N);
    bram_fitted_free(f);
    assert_int_equal(access(path, F_OK), -1); /* a fit that is done leaves nothing */
    bram_ctx_set_progress(w.cx, stop_at, &stop);
    bram_ctx_set_cancel(w.cx, &stop.flag);
    assert_int_equal(bram_fitted_new(w.cx, &f, spec, &w.train, &w.test, 3), BRAM_ECANCEL);
    assert_int_equal(access(path, F_OK), 0);
    bram_ctx_set_progress(w.cx, NULL, NULL);
    bram_ctx_set_cancel(w.cx, NULL);
    /* another seed is another fit */
    assert_int_equal(bram_fitted_new(w.cx, &f, spec, &w.train, &w.test, 4), BRAM_EUSAGE);
    f = fit(&w, spec, true);
    step_means(&w, f, parts, N);
    bram_fitted_free(f);
    assert_memory_equal(whole, parts, sizeof whole);
    bram_ctx_set_threads(w.cx, 4);
    f = fit(&w, spec, true);
    step_means(&w, f, threads, N);
    bram_fitted_free(f);
    assert_memory_equal(whole, threads, sizeof whole);
    drop(&w);
}

/* Parameters bear PyTorch's names, with its shapes. */
static void a_file(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        size_t rows, cols;
    } tensor[] = {{"params/embedding/unit.weight", UNITS + 1, 8},
                  {"params/embedding/lag.weight", 5, 8},
                  {"params/decoder/layers.1.multihead_attn.in_proj_weight", 24, 8},
                  {"params/decoder/layers.1.linear1.weight", 6, 8},
                  {"params/decoder/norm.weight", 8, 0},
                  {"params/readout/unit.weight", UNITS, 8},
                  {"state/coupling", UNITS, UNITS},
                  {"state/attention", UNITS, UNITS},
                  {"state/attention_lag", 4, 7}};
    struct world w;
    char path[256];
    bram_fitted *f, *loaded = NULL;
    bram_dataset *ds = NULL;
    double before[50 * UNITS], after[50 * UNITS];
    make(&w, 60);
    test_temporary(path, "tokens-file.h5");
    f = fit(&w, "spike-transformer:width=8,heads=2,ff=6,layers=2,steps=4,batch=3,samples=2", false);
    assert_ok(w.cx, bram_fitted_save(w.cx, f, path, true));
    assert_ok(w.cx, bram_dataset_open(w.cx, &ds, path));
    for (size_t k = 0; k < sizeof tensor / sizeof *tensor; k++) {
        const bram_response *r = bram_dataset_response(ds, tensor[k].path);
        if (!r) fail_msg("no %s", tensor[k].path);
        assert_int_equal(bram_response_dims(r), tensor[k].cols ? 2 : 1);
        assert_int_equal(bram_response_length(r, 0), tensor[k].rows);
        if (tensor[k].cols) assert_int_equal(bram_response_length(r, 1), tensor[k].cols);
    }
    bram_dataset_free(ds);
    assert_ok(w.cx, bram_fitted_load(w.cx, &loaded, path));
    step_means(&w, f, before, 50 * UNITS);
    step_means(&w, loaded, after, 50 * UNITS);
    assert_memory_equal(before, after, sizeof before);
    bram_fitted_free(loaded);
    bram_fitted_free(f);
    drop(&w);
}

static void refusals(void **state)
{
    (void)state;
    struct world w;
    bram_fitted *f = NULL;
    make(&w, 60);
    assert_int_equal(bram_fitted_new(w.cx, &f, "spike-transformer:width=10", &w.train, NULL, 0),
                     BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(w.cx), "no multiple of 4 heads"));
    assert_int_equal(bram_fitted_new(w.cx, &f,
                                     "spike-transformer:steps=3,rate=10,clip=1e12,dropout=0",
                                     &w.train, NULL, 0) == BRAM_OK,
                     true); /* rates are bounded: even this stays finite */
    bram_fitted_free(f);
    w.y[0][20][1] = 0.5;
    assert_int_equal(bram_fitted_new(w.cx, &f, "spike-transformer", &w.train, NULL, 0),
                     BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(w.cx), "row 20 of unit 1 is 0.5, not a count"));
    w.y[0][20][1] = -1;
    assert_int_equal(bram_fitted_new(w.cx, &f, "spike-transformer", &w.train, NULL, 0),
                     BRAM_ENOTAPPLICABLE);
    w.y[0][20][1] = NAN;
    assert_int_equal(bram_fitted_new(w.cx, &f, "spike-transformer", &w.train, NULL, 0),
                     BRAM_ENUMERIC);
    w.y[0][20][1] = 0;
    f = fit(&w, "spike-transformer:steps=1,width=8", false);
    const size_t start = 61;
    bram_query q = {
        .ask = BRAM_ASK_FREE_RUN, .panel = &w.test, .start = &start, .starts = 1, .steps = 2};
    bram_dataset *keep = NULL;
    assert_int_equal(bram_fitted_answer(w.cx, &keep, f, &q), BRAM_ESHAPE);
    bram_fitted_free(f);
    drop(&w);
}

/* ---- behaviour ------------------------------------------------------------------------------ */

/* The counts as inputs; two variables, of which the first is what unit 0 did in this row and the
 * last, the second noise. */
static void turn_around(struct world *w, double behaviour[2][ROWS][2], bram_axis **variable)
{
    bram_rng g = bram_rng_new(5, "test/tokens");
    assert_ok(w->cx, bram_axis_new(w->cx, variable, "variable", 2));
    for (size_t s = 0; s < 2; s++) {
        size_t rows = w->segment[s].y.rows;
        for (size_t t = 0; t < rows; t++) {
            behaviour[s][t][0] = 3 + w->y[s][t][0] + (t ? 2 * w->y[s][t - 1][0] : 0);
            behaviour[s][t][1] = bram_rng_normal(&g);
        }
        w->segment[s].x = w->segment[s].y;
        w->segment[s].y = (bram_mat){behaviour[s][0], rows, 2, 2};
    }
    w->train.input = w->test.input = w->unit;
    w->train.unit = w->test.unit = *variable;
}

static double error_of(struct world *w, const bram_fitted *f, double behaviour[ROWS][2],
                       size_t variable)
{
    bram_dataset *keep;
    bram_response *r = ask(w, f, (bram_query){.ask = BRAM_ASK_RESPOND}, "mean", &keep);
    size_t first = w->segment[1].first, rows = bram_response_length(r, 0);
    double sum = 0;
    for (size_t t = 0; t < rows; t++) {
        double d = bram_response_f64(r)[2 * t + variable] - behaviour[first + t][variable];
        sum += d * d / (double)rows;
    }
    bram_dataset_free(keep);
    return sum;
}

static void four_rows_of_behaviour_by_heart(void **state)
{
    (void)state;
    static double behaviour[2][ROWS][2];
    struct world w;
    bram_axis *variable;
    make(&w, 40);
    w.segment[0].first = 36, w.segment[1].first = 36;
    memcpy(w.y[1], w.y[0], sizeof w.y[0]);
    turn_around(&w, behaviour, &variable);
    memcpy(behaviour[1], behaviour[0], sizeof behaviour[0]);
    bram_fitted *f = fit(&w,
                         "spike-transformer-behaviour:pretrain=no,dropout=0,width=32,batch=8,"
                         "tune_steps=300,decay=0",
                         false);
    double most = fmax(error_of(&w, f, behaviour[1], 0), error_of(&w, f, behaviour[1], 1));
    if (!(most < 1e-4)) fail_msg("mean squared error %g", most);
    bram_fitted_free(f);
    bram_axis_free(variable);
    drop(&w);
}

/* The tuning is stopped and goes on: the same bits as in one go. The end of the first training
 * stays in its own file until all is done. */
static void a_stopped_tuning_goes_on_to_the_same_bits(void **state)
{
    (void)state;
    static double behaviour[2][ROWS][2];
    struct world w;
    bram_axis *variable;
    char path[256], tuning[300], spec[512];
    struct stop stop = {0, 30}; /* the first training has 20 steps */
    double whole[2], parts[2];
    make(&w, 60);
    turn_around(&w, behaviour, &variable);
    test_temporary(path, "behaviour.h5");
    snprintf(tuning, sizeof tuning, "%s.tuning", path);
    snprintf(spec, sizeof spec,
             "spike-transformer-behaviour:width=8,ff=8,steps=20,tune_steps=50,check=10,batch=4,"
             "checkpoint=%s",
             path);
    bram_fitted *f = fit(&w, spec, true);
    for (size_t k = 0; k < 2; k++) whole[k] = error_of(&w, f, behaviour[1], k);
    bram_fitted_free(f);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(tuning, F_OK), -1);
    bram_ctx_set_progress(w.cx, stop_at, &stop);
    bram_ctx_set_cancel(w.cx, &stop.flag);
    assert_int_equal(bram_fitted_new(w.cx, &f, spec, &w.train, &w.test, 3), BRAM_ECANCEL);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(access(tuning, F_OK), 0);
    bram_ctx_set_cancel(w.cx, NULL);
    bram_ctx_set_progress(w.cx, NULL, NULL);
    bram_ctx_set_cancel(w.cx, NULL);
    f = fit(&w, spec, true);
    for (size_t k = 0; k < 2; k++) parts[k] = error_of(&w, f, behaviour[1], k);
    bram_fitted_free(f);
    assert_memory_equal(whole, parts, sizeof whole);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(tuning, F_OK), -1);
    bram_axis_free(variable);
    drop(&w);
}

/* Labels of 40 rows are enough for what hangs on two rows of one unit; the others are not looked
 * at. */
static void behaviour_from_few_labels(void **state)
{
    (void)state;
    static double behaviour[2][ROWS][2];
    static uint8_t labelled[ROWS * 2];
    struct world w;
    bram_axis *variable;
    make(&w, ROWS);
    turn_around(&w, behaviour, &variable);
    for (size_t t = 0; t < ROWS; t++)
        for (size_t v = 0; v < 2; v++)
            if (!(labelled[2 * t + v] = t % 10 == 0)) behaviour[0][t][v] = NAN;
    w.segment[0].y_present = labelled;
    bram_fitted *f = fit(&w,
                         "spike-transformer-behaviour:width=16,heads=2,ff=16,context=2,steps=100,"
                         "rate=0.01,tune_steps=200",
                         false);
    /* its variance is 5 * 0.3 * 0.7 */
    double error = error_of(&w, f, behaviour[1], 0);
    if (!(error < 0.3 * 1.05)) fail_msg("mean squared error %g", error);
    bram_fitted_free(f);
    bram_axis_free(variable);
    drop(&w);
}

/* tune=head leaves the network as it was trained on counts. */
static void tuning_the_head_alone(void **state)
{
    (void)state;
    static double behaviour[2][ROWS][2];
    static const char *const specs[] = {"head,tune_steps=1", "head,tune_steps=9",
                                        "all,tune_steps=9"};
    struct world w;
    bram_axis *variable;
    char path[256], spec[256];
    double value[3][4 * 8], head[3];
    make(&w, 60);
    turn_around(&w, behaviour, &variable);
    test_temporary(path, "tokens-head.h5");
    for (size_t k = 0; k < 3; k++) {
        bram_dataset *ds;
        snprintf(spec, sizeof spec,
                 "spike-transformer-behaviour:width=8,heads=2,ff=6,steps=4,batch=3,tune=%s",
                 specs[k]);
        bram_fitted *f = fit(&w, spec, false);
        assert_ok(w.cx, bram_fitted_save(w.cx, f, path, true));
        assert_ok(w.cx, bram_dataset_open(w.cx, &ds, path));
        const bram_response *r = bram_dataset_response(ds, "params/embedding/unit.weight");
        assert_ok(w.cx,
                  bram_response_read(w.cx, r, (size_t[]){0, 0}, (size_t[]){4, 8}, value[k], NULL));
        r = bram_dataset_response(ds, "params/head/weight");
        assert_ok(w.cx,
                  bram_response_read(w.cx, r, (size_t[]){0, 0}, (size_t[]){1, 1}, &head[k], NULL));
        bram_dataset_free(ds);
        bram_fitted_free(f);
    }
    assert_memory_equal(value[0], value[1], sizeof value[0]);
    assert_memory_not_equal(value[0], value[2], sizeof value[0]);
    assert_true(head[0] != head[1]);
    bram_axis_free(variable);
    drop(&w);
}

static void counts_are_needed(void **state)
{
    (void)state;
    static double behaviour[2][ROWS][2];
    struct world w;
    bram_axis *variable;
    bram_fitted *f = NULL;
    make(&w, 60);
    turn_around(&w, behaviour, &variable);
    w.y[0][7][2] = 0.25;
    assert_int_equal(bram_fitted_new(w.cx, &f, "spike-transformer-behaviour", &w.train, NULL, 0),
                     BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(w.cx), "row 7 of unit 2 is 0.25, not a count"));
    bram_axis_free(variable);
    drop(&w);
}

/* ---- the made circuit ----------------------------------------------------------------------- */

static double score(const bram_dataset *ds, const char *benchmark, const char *model,
                    const char *id, const char *option, const char *setting)
{
    bram_ctx *cx = bram_ctx_new();
    bram_benchmark *b;
    bram_dataset *result = NULL;
    char path[256];
    snprintf(path, sizeof path, "benchmarks/simulated-circuit-%s.yaml", benchmark);
    assert_ok(cx, bram_benchmark_read(cx, &b, path));
    assert_ok(cx, bram_options_set(cx, b->options, "samples", "20"));
    if (option) assert_ok(cx, bram_options_set(cx, b->options, option, setting));
    assert_ok(cx, test_cell(cx, &result, b, ds, "network01", model));
    double value = test_number(result, id, "value");
    bram_dataset_free(result);
    bram_benchmark_free(b);
    bram_ctx_free(cx);
    return value;
}

#define SMALL "width=16,heads=2,ff=16,steps=500,rate=0.003"

static void the_made_circuit(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-circuit", 1));
    const char *truth = "true-spikes:states=1,neurons=16", *small = "spike-transformer:" SMALL;
    double constant = score(ds, "density", "glm:coupling=none,ridge=1", "loglik", NULL, NULL);
    double known = score(ds, "density", truth, "loglik", NULL, NULL);
    double found = score(ds, "density", small, "loglik", NULL, NULL);
    if (!(known > found && found > constant)) fail_msg("%g %g %g", known, found, constant);
    assert_near(score(ds, "connections", truth, "auroc", NULL, NULL), 1, 1e-12);
    assert_true(score(ds, "connections", "correlation:lag=1", "auroc", NULL, NULL) > 0.9);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Behaviour is a weighted sum of five bins with noise, of which 0.8 can be read: with all labels
 * the linear model reaches that, with few it does not. What looks back by itself is given counts,
 * not their roots. */
static void behaviour_of_the_made_circuit(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-circuit", 1));
    double all = score(ds, "velocity", "ridge:alpha=100", "r2", "labelled", "1");
    double few = score(ds, "velocity", "ridge:alpha=100", "r2", "labelled", "0.02");
    assert_near(all, 0.8, 0.03);
    assert_true(few < all - 0.05);
    const char *tuned = "spike-transformer-behaviour:" SMALL ",context=4,tune_steps=300";
    double r2 = score(ds, "velocity", tuned, "r2", "transform", "sqrt");
    if (!(r2 > 0.1)) fail_msg("R2 %g", r2);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_nothing_is_learned),
        cmocka_unit_test(four_windows_by_heart),
        cmocka_unit_test(a_known_coupling),
        cmocka_unit_test(where_it_looks),
        cmocka_unit_test(a_known_input),
        cmocka_unit_test(runs),
        cmocka_unit_test(seeds_of_runs),
        cmocka_unit_test(a_window_from_inside),
        cmocka_unit_test(a_stopped_training_goes_on_to_the_same_bits),
        cmocka_unit_test(a_file),
        cmocka_unit_test(refusals),
        cmocka_unit_test(four_rows_of_behaviour_by_heart),
        cmocka_unit_test(a_stopped_tuning_goes_on_to_the_same_bits),
        cmocka_unit_test(behaviour_from_few_labels),
        cmocka_unit_test(tuning_the_head_alone),
        cmocka_unit_test(counts_are_needed),
        cmocka_unit_test(the_made_circuit),
        cmocka_unit_test(behaviour_of_the_made_circuit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
