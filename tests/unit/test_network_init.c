/*
 * Tests of baselines/network_init.c and network_learning.c: what the first recurrent weights are,
 * by their definitions; a training that does not move is as lazy as can be; measuring changes no
 * bit of a fit.
 */
#include "network_init.h"

#include "circuit.h"
#include "linalg.h"
#include "test.h"

#include <math.h>

enum { H = 12 };

static void draw(bram_ctx *cx, bram_mat *w, bram_start_kind kind, double gain, size_t rank,
                 const double *guide)
{
    float out[H * H];
    bram_rng g = bram_rng_new(5, "test/init");
    assert_ok(cx, bram_init_matrix(cx, out, H, kind, gain, rank, guide, &g));
    assert_ok(cx, bram_mat_scratch(cx, w, H, H));
    for (size_t i = 0; i < H * H; i++) w->data[i] = (double)out[i];
}

static double norm_of(const bram_mat *w)
{
    double sum = 0;
    for (size_t i = 0; i < H * H; i++) sum += w->data[i] * w->data[i];
    return sqrt(sum);
}

static void singular_values(bram_ctx *cx, double s[H], const bram_mat *w)
{
    assert_ok(cx, bram_svd(cx, NULL, s, NULL, w));
}

static void by_their_definitions(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_mat w, low;
    double s[H], rank;
    draw(cx, &w, BRAM_INIT_ORTHOGONAL, 0.7, 1, NULL);
    singular_values(cx, s, &w);
    for (size_t k = 0; k < H; k++) assert_near(s[k], 0.7, 1e-6);
    assert_ok(cx, bram_rank_of_weights(cx, &rank, &w));
    assert_near(rank, H, 1e-5);
    draw(cx, &w, BRAM_INIT_GAUSSIAN, 1.5, 1, NULL); /* its expected squared norm is 1.5^2 H */
    assert_near(norm_of(&w) / (1.5 * sqrt(H)), 1, 0.25);
    for (size_t r = 1; r <= 3; r++) {
        draw(cx, &low, BRAM_INIT_LOWRANK, 1.5, r, NULL);
        singular_values(cx, s, &low);
        assert_true(s[r - 1] > 0.1);
        assert_near(s[r], 0, 1e-5);
        assert_near(norm_of(&low), norm_of(&w), 1e-5); /* that of the same draw */
    }
    draw(cx, &low, BRAM_INIT_LOWRANK, 1.5, 1, NULL);
    assert_ok(cx, bram_rank_of_weights(cx, &rank, &low));
    assert_near(rank, 1, 1e-4);
    bram_ctx_free(cx);
}

/* Aligned with diag(3, 1, 0 ...): the first direction alone, as long as a Gaussian matrix. */
static void aligned(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double guide[H * H] = {3};
    bram_mat w, gaussian;
    guide[H + 1] = 1;
    draw(cx, &gaussian, BRAM_INIT_GAUSSIAN, 1, 1, NULL);
    draw(cx, &w, BRAM_INIT_ALIGNED, 1, 1, guide);
    assert_near(w.data[0], norm_of(&gaussian), 1e-5);
    for (size_t i = 1; i < H * H; i++) assert_near(w.data[i], 0, 1e-6);
    bram_ctx_free(cx);
}

static const bram_param params[] = {BRAM_CIRCUIT_PARAMS, {.name = NULL}};

/* A and B inhibit and excite each other (4 and 1): eigenvalues +-2i; C is wired to nobody. */
static bram_dataset *make_connectome(bram_ctx *cx)
{
    static const char *const node[] = {"C", "A", "B"}, *const from[] = {"A", "B"},
                             *const to[] = {"B", "A"};
    static const double weight[] = {4, -1};
    bram_dataset *ds;
    bram_axis *nodes, *chemical;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &nodes, "nodes", 3));
    assert_ok(cx, bram_axis_set_ids(cx, nodes, node));
    assert_ok(cx, bram_axis_new(cx, &chemical, "chemical", 2));
    assert_ok(cx, bram_axis_add_text(cx, chemical, "from", from));
    assert_ok(cx, bram_axis_add_text(cx, chemical, "to", to));
    assert_ok(cx, bram_axis_add_number(cx, chemical, "weight", weight, "1"));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/two", nodes));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/two", chemical));
    return ds;
}

static void a_connectome(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make_connectome(cx);
    bram_options *o;
    bram_rng g = bram_rng_new(1, "test/init");
    double *guide = NULL;
    assert_ok(cx, bram_options_new(cx, &o, params, "edges=chemical"));
    assert_ok(cx, bram_init_connectome(cx, &guide, o, 2, false, ds, &g)); /* the two strongest */
    assert_near(guide[0], 0, 0);
    assert_near(guide[2], 2, 1e-12); /* A -> B, of the spectral radius 1 */
    assert_near(guide[1], -0.5, 1e-12);
    bram_free(guide);
    assert_ok(cx, bram_init_connectome(cx, &guide, o, 3, true, ds, &g));
    bram_free(guide);
    assert_int_equal(bram_init_connectome(cx, &guide, o, 4, false, ds, &g), BRAM_EUSAGE);
    assert_int_equal(bram_init_connectome(cx, &guide, o, 1, false, ds, &g), BRAM_ENOTAPPLICABLE);
    assert_int_equal(bram_init_connectome(cx, &guide, o, 2, false, NULL, &g), BRAM_ENOTAPPLICABLE);
    bram_options_free(o);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* ---- learning ------------------------------------------------------------------------------- */

enum { ROWS = 60, UNITS = 2 };

struct world {
    bram_ctx *cx;
    bram_axis *unit;
    double y[ROWS * UNITS];
    bram_segment segment;
    bram_panel panel;
};

static void make(struct world *w)
{
    w->cx = bram_ctx_new();
    assert_ok(w->cx, bram_axis_new(w->cx, &w->unit, "neuron", UNITS));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, w->unit, (const char *[]){"a", "b"}));
    for (size_t t = 0; t < ROWS; t++)
        for (size_t i = 0; i < UNITS; i++) w->y[t * UNITS + i] = sin(0.3 * (double)(t + 4 * i));
    w->segment = (bram_segment){.id = "s", .y = {w->y, ROWS, UNITS, UNITS}, .dt = 1};
    w->panel = (bram_panel){.unit = w->unit, .segment = &w->segment, .segments = 1};
}

static void drop(struct world *w)
{
    bram_axis_free(w->unit);
    bram_ctx_free(w->cx);
}

static bram_dataset *ask(struct world *w, const char *spec, bram_ask what)
{
    bram_fitted *f = NULL;
    bram_dataset *answer = NULL;
    assert_ok(w->cx, bram_fitted_new(w->cx, &f, spec, &w->panel, NULL, 2));
    assert_ok(w->cx, bram_fitted_answer(w->cx, &answer, f,
                                        &(bram_query){.ask = what, .panel = &w->panel}));
    bram_fitted_free(f);
    return answer;
}

static void measures_of(struct world *w, const char *spec, double out[5])
{
    bram_dataset *answer = ask(w, spec, BRAM_ASK_LEARNING);
    const bram_response *r = bram_dataset_response(answer, "learning");
    assert_int_equal(bram_response_length(r, 0), 5);
    assert_string_equal(bram_axis_id(bram_response_axis(r, 0), 0), "kernel_alignment");
    assert_ok(w->cx, bram_response_read(w->cx, r, (size_t[]){0}, (size_t[]){5}, out, NULL));
    bram_dataset_free(answer);
}

#define TINY "hidden=8,window=16,burn=2,batch=4,steps=30,check=10,learning=yes"

static void who_does_not_move_is_lazy(void **state)
{
    (void)state;
    static const char *const specs[] = {"rnn:" TINY ",rate=0", "gru:" TINY ",rate=0,layers=2",
                                        "lowrank:" TINY ",rate=0"};
    struct world w;
    make(&w);
    for (size_t k = 0; k < 3; k++) {
        double m[5];
        measures_of(&w, specs[k], m);
        assert_near(m[0], 1, 1e-9);
        assert_near(m[1], 0, 0);
        assert_near(m[2], 0, 0);
        assert_near(m[3], m[4], 0);
        if (k == 2) assert_true(m[3] <= 2 + 1e-6); /* of rank 2 */
    }
    drop(&w);
}

/* With the norm held, one dimension of weights moves the kernel more than all do. */
static void lower_rank_is_richer(void **state)
{
    (void)state;
    struct world w;
    double full[5], low[5];
    make(&w);
    measures_of(&w, "rnn:" TINY ",rate=0.003,init=gaussian", full);
    measures_of(&w, "rnn:" TINY ",rate=0.003,init=lowrank", low);
    assert_true(low[0] < full[0] && full[0] < 1);
    assert_near(low[3], 1, 1e-4);
    assert_true(full[3] > 4 && low[4] > 1);
    assert_true(full[1] > 0 && full[2] > 0);
    drop(&w);
}

static void measuring_changes_nothing(void **state)
{
    (void)state;
    struct world w;
    char hex[2][65];
    make(&w);
    for (int k = 0; k < 2; k++) {
        bram_dataset *answer = ask(&w,
                                   k ? "gru:hidden=5,window=16,burn=2,batch=4,steps=20,learning=yes"
                                     : "gru:hidden=5,window=16,burn=2,batch=4,steps=20",
                                   BRAM_ASK_STEP);
        assert_ok(w.cx, bram_dataset_hash(w.cx, answer, hex[k]));
        bram_dataset_free(answer);
    }
    assert_string_equal(hex[0], hex[1]);
    drop(&w);
}

static void refusals(void **state)
{
    (void)state;
    struct world w;
    bram_fitted *f = NULL;
    bram_dataset *answer = NULL;
    make(&w);
    assert_int_equal(
        bram_fitted_new(w.cx, &f, "rnn:hidden=4,init=lowrank,init_rank=5", &w.panel, NULL, 1),
        BRAM_EUSAGE);
    assert_int_equal(bram_fitted_new(w.cx, &f, "rnn:hidden=4,init=connectome", &w.panel, NULL, 1),
                     BRAM_ENOTAPPLICABLE); /* there is none */
    assert_ok(w.cx, bram_fitted_new(w.cx, &f, "rnn:hidden=4,steps=2,batch=2", &w.panel, NULL, 1));
    assert_int_equal(bram_fitted_answer(w.cx, &answer, f,
                                        &(bram_query){.ask = BRAM_ASK_LEARNING, .panel = &w.panel}),
                     BRAM_ENOTAPPLICABLE);
    bram_fitted_free(f);
    drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_their_definitions),
                                       cmocka_unit_test(aligned),
                                       cmocka_unit_test(a_connectome),
                                       cmocka_unit_test(who_does_not_move_is_lazy),
                                       cmocka_unit_test(lower_rank_is_richer),
                                       cmocka_unit_test(measuring_changes_nothing),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
