/*
 * Gradients of whole networks, compiled in double (network_double.h): every tensor of every kind,
 * embedding, positions, norms, attention, cells, rates, factors, synapses and readout, against
 * central differences of h = 1e-6 |w| + 1e-6 at 50 entries each, to 1e-6; with dropout, missing
 * values, hidden units and recomputed layers.
 */
#include "circuit.h"
#include "network_double.h"
#include "network_init.h"
#include "nn_loss.h"
#include "test.h"

enum { UNITS = 3, STEPS = 7, WINDOWS = 2, ROWS = WINDOWS * STEPS, ENTRIES = 50 };

/* Three recorded neurons and two others. */
static bram_dataset *make_connectome(bram_ctx *cx)
{
    static const char *const node[] = {"a", "b", "c", "d", "e"};
    static const char *const from[] = {"a", "b", "c", "d", "e", "a"};
    static const char *const to[] = {"b", "c", "d", "e", "a", "d"}, *const one[] = {"b", "d"};
    static const char *const other[] = {"e", "a"}, *const type[] = {"gap", "gap"};
    static const double weight[] = {1, -2, 3, 1, -1, 2}, between[] = {1, 2};
    bram_dataset *ds;
    bram_axis *nodes, *chemical, *gap;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &nodes, "nodes", 5));
    assert_ok(cx, bram_axis_set_ids(cx, nodes, node));
    assert_ok(cx, bram_axis_new(cx, &chemical, "chemical", 6));
    assert_ok(cx, bram_axis_add_text(cx, chemical, "from", from));
    assert_ok(cx, bram_axis_add_text(cx, chemical, "to", to));
    assert_ok(cx, bram_axis_add_number(cx, chemical, "weight", weight, "1"));
    assert_ok(cx, bram_axis_new(cx, &gap, "gap", 2));
    assert_ok(cx, bram_axis_add_text(cx, gap, "from", one));
    assert_ok(cx, bram_axis_add_text(cx, gap, "to", other));
    assert_ok(cx, bram_axis_add_text(cx, gap, "type", type));
    assert_ok(cx, bram_axis_add_number(cx, gap, "weight", between, "1"));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/made", nodes));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/made", chemical));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/made", gap));
    return ds;
}

struct problem {
    bram_ctx *cx;
    bram_axis *unit;
    bram_dataset *known;
    bram_network *n;
    bram_pass pass;
    double *room, *out, *dout, *dtop, *gradient, *target;
    uint8_t *mask;
    double *x;
};

static void *take(struct problem *p, size_t count, size_t size)
{
    void *at = bram_scratch(p->cx, count, size);
    assert_non_null(at);
    return at;
}

/* Rows with missing values, and targets of which a share counts. */
static void fill_rows(struct problem *p, bram_rng *g)
{
    bram_network *n = p->n;
    size_t inputs = bram_network_inputs(n);
    for (size_t r = 0; r < ROWS; r++) {
        double y[UNITS];
        uint8_t present[UNITS], hidden[UNITS];
        for (size_t i = 0; i < UNITS; i++) {
            y[i] = bram_rng_normal(g);
            present[i] = !n->masked || bram_rng_uniform(g) < 0.8;
            hidden[i] = n->hides && bram_rng_uniform(g) < 0.4;
            p->target[r * UNITS + i] = bram_rng_normal(g);
            p->mask[r * UNITS + i] = n->hides ? hidden[i] : bram_rng_uniform(g) < 0.9;
        }
        bram_network_input(n, p->x + r * inputs, y, present, n->hides ? hidden : NULL);
    }
}

static void set_up(struct problem *p, const char *spec, const bram_network_body *body, bool masked)
{
    const bram_model *model;
    bram_options *o;
    *p = (struct problem){.cx = bram_ctx_new()};
    bram_rng g = bram_rng_new(3, "test/gradients");
    assert_ok(p->cx, bram_axis_new(p->cx, &p->unit, "neuron", UNITS));
    assert_ok(p->cx, bram_axis_set_ids(p->cx, p->unit, (const char *[]){"a", "b", "c"}));
    p->known = make_connectome(p->cx);
    bram_panel panel = {.unit = p->unit, .public_data = p->known};
    assert_ok(p->cx, bram_model_parse(p->cx, &model, &o, NULL, spec));
    assert_ok(p->cx, bram_network_new(p->cx, &p->n, body, o,
                                      &(bram_network_origin){
                                          .units = UNITS,
                                          .sizes = bram_network_sizes_of(body, o, STEPS, UNITS),
                                          .masked = masked || !body->causal,
                                          .longest = STEPS,
                                          .train = &panel,
                                          .seed = 1}));
    bram_network *n = p->n;
    assert_ok(p->cx, bram_mat_new(p->cx, &n->mean, 1, UNITS));
    assert_ok(p->cx, bram_mat_new(p->cx, &n->scale, 1, UNITS));
    for (size_t i = 0; i < UNITS; i++) n->scale.data[i] = 1;
    assert_ok(p->cx, body->start(p->cx, n, &g));
    for (size_t k = 0; k < n->parameters; k++) /* away from zeros, ones and ties */
        n->parameter[k] += 0.3 * bram_rng_normal(&g);
    size_t outputs = bram_network_outputs(n);
    p->x = take(p, ROWS * bram_network_inputs(n), sizeof(double));
    p->room = take(p, body->room(n, WINDOWS, STEPS), sizeof(double));
    p->out = take(p, ROWS * outputs, sizeof(double));
    p->dout = take(p, ROWS * outputs, sizeof(double));
    p->dtop = take(p, ROWS * n->width, sizeof(double));
    p->target = take(p, ROWS * UNITS, sizeof(double));
    p->mask = take(p, ROWS * UNITS, 1);
    p->gradient = take(p, n->parameters, sizeof(double));
    p->pass = (bram_pass){.windows = WINDOWS,
                          .steps = STEPS,
                          .most = STEPS,
                          .x = p->x,
                          .training = true,
                          .seed = 5,
                          .step = 9};
    fill_rows(p, &g);
    bram_options_free(o);
}

static void drop(struct problem *p)
{
    bram_network_free(p->n);
    bram_dataset_free(p->known);
    bram_axis_free(p->unit);
    bram_ctx_free(p->cx);
}

/* The loss of a training step, and its gradient where `back`. */
static double loss_of(struct problem *p, bool back)
{
    bram_network *n = p->n;
    if (n->body->rewind) n->body->rewind(n, &p->pass, p->room);
    const double *top = n->body->forward(n, &p->pass, p->room);
    bram_network_read(n, p->out, top, ROWS);
    double loss = n->spread
                      ? bram_nn32_gaussian_loss(p->dout, p->out, p->target, p->mask, ROWS, UNITS, 1)
                      : bram_nn32_loss(p->dout, p->out, p->target, p->mask, ROWS * UNITS,
                                       n->counts ? BRAM_LOSS_POISSON_RATE : BRAM_LOSS_MSE, 1, 1);
    if (!back) return loss;
    memset(p->gradient, 0, n->parameters * sizeof *p->gradient);
    bram_network_read_back(n, p->dtop, p->gradient, p->dout, top, ROWS);
    n->body->backward(n, &p->pass, p->room, p->gradient, p->dtop);
    return loss;
}

static void check_tensor(struct problem *p, const char *spec, const bram_tensor *t, bram_rng *g)
{
    size_t count = t->rows * (t->cols ? t->cols : 1);
    for (size_t k = 0; k < (count < ENTRIES ? count : ENTRIES); k++) {
        size_t at = t->at + (count <= ENTRIES ? k : bram_rng_below(g, count));
        double keep = p->n->parameter[at], h = 1e-6 * fabs(keep) + 1e-6;
        p->n->parameter[at] = keep + h;
        double up = loss_of(p, false);
        p->n->parameter[at] = keep - h;
        double slope = (up - loss_of(p, false)) / (2 * h);
        p->n->parameter[at] = keep;
        if (!(fabs(slope - p->gradient[at]) <= 1e-6 * fmax(1, fabs(slope))))
            fail_msg("%s: %s.%s[%zu]: gradient %.12g, difference %.12g", spec, t->group, t->name,
                     at - t->at, p->gradient[at], slope);
    }
}

static void every_tensor(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        const bram_network_body *body;
        bool masked;
    } kinds[] = {
        {"rnn:hidden=5,layers=2", &bram_body_rnn, false},
        {"gru:hidden=4,layers=2,loss=poisson", &bram_body_gru, true},
        {"lstm:hidden=4,layers=2", &bram_body_lstm, true},
        {"lstm:hidden=4,layers=2,dropout=0.3", &bram_body_lstm, false},
        {"gru:hidden=4,loss=gaussian", &bram_body_gru, false},
        {"ctrnn:hidden=5,layers=2", &bram_body_ctrnn, false},
        {"ctrnn:hidden=5,form=ltc", &bram_body_ltc, true},
        {"ctrnn:hidden=5,form=cfc,layers=2", &bram_body_cfc, false},
        {"lowrank:hidden=6,rank=2,layers=2", &bram_body_lowrank, true},
        {"connectome", &bram_body_circuit, true},
        {"connectome:signs=free,mask=dense", &bram_body_circuit, false},
        {"encoder:width=8,heads=2,ff=9,layers=2,window=7,dropout=0.2", &bram_body_encoder, false},
        {"encoder:width=8,heads=4,ff=5,layers=2,window=7,positions=sinusoid,recompute=yes",
         &bram_body_encoder, true},
        {"masked-encoder:width=8,heads=2,ff=9,layers=2,window=7,dropout=0.1",
         &bram_body_masked_encoder, true},
    };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct problem p;
        set_up(&p, kinds[k].spec, kinds[k].body, kinds[k].masked);
        bram_rng g = bram_rng_new(k, "test/gradients/entries");
        loss_of(&p, true);
        double *gradient = take(&p, p.n->parameters, sizeof *gradient), largest = 0;
        memcpy(gradient, p.gradient, p.n->parameters * sizeof *gradient);
        for (size_t t = 0; t < p.n->tensors; t++) {
            const bram_tensor *x = &p.n->tensor[t];
            memcpy(p.gradient, gradient, p.n->parameters * sizeof *gradient);
            check_tensor(&p, kinds[k].spec, x, &g);
            for (size_t i = 0; i < x->rows * (x->cols ? x->cols : 1); i++)
                largest = fmax(largest, fabs(gradient[x->at + i]));
        }
        assert_true(largest > 1e-3); /* something was compared */
        drop(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_tensor)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
