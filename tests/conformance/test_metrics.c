/*
 * Every entry of the metric table against the contract of metric.h: its flags are kept, weights act
 * as repeats, what is missing or wrong is treated alike by all.
 *
 * A new metric needs nothing here: it is found by its entry, and its kind says what it is fed.
 */
#include <bramble/rng.h>

#include "internal.h"
#include "metric_test.h"

enum { ROWS = 14, COLS = 4, ROOM = 64 };

/* Inputs of every kind; squares (graphs, RDMs) take ROWS x ROWS of the arrays. */
struct inputs {
    double model[ROWS * ROWS], brain[ROWS * ROWS], reference[ROWS * ROWS];
    uint8_t mask[ROWS * ROWS];
    bram_side other;
    struct test_scoring scoring;
};

static bool is(const bram_metric *m, unsigned flag)
{
    return (m->flags & flag) != 0;
}

static bool has_param(const bram_metric *m, const char *name)
{
    for (const bram_param *p = m->params; p && p->name; p++)
        if (strcmp(p->name, name) == 0) return true;
    return false;
}

/* The defaults, but for what takes time: fits try three penalties. */
static void make(struct inputs *in, const bram_metric *m, uint64_t sample)
{
    bram_rng g = bram_rng_at(99, "conformance/metrics", sample);
    bool graph = m->kind == BRAM_METRIC_GRAPH;
    size_t cols = graph ? ROWS : COLS;
    for (size_t i = 0; i < ROWS * ROWS; i++) {
        double shared = bram_rng_normal(&g);
        in->model[i] = shared + bram_rng_normal(&g);
        in->brain[i] = graph ? shared > 0.5 : shared + bram_rng_normal(&g);
        in->reference[i] = 3 * bram_rng_normal(&g);
        in->mask[i] = bram_rng_below(&g, 5) > 0;
        if (is(m, BRAM_METRIC_PROBABILITIES)) in->model[i] = 1 / (1 + exp(-in->model[i]));
        if (m->kind == BRAM_METRIC_DENSITY) in->model[i] = -fabs(in->model[i]);
        if (is(m, BRAM_METRIC_LABELS)) { /* three of them */
            double *sides[] = {in->model, in->brain, in->reference};
            for (size_t k = 0; k < 3; k++)
                sides[k][i] = sides[k][i] < -0.5 ? 0 : sides[k][i] < 0.5 ? 1 : 2;
        }
        if (!is(m, BRAM_METRIC_COUNTS)) continue;
        in->model[i] = 0.1 + fabs(in->model[i]);
        in->brain[i] = floor(2 * fabs(in->brain[i]));
    }
    in->other = test_side(in->reference, ROWS, cols, NULL);
    in->scoring = (struct test_scoring){
        .options = !is(m, BRAM_METRIC_FITS) ? NULL
                   : has_param(m, "alpha")  ? "alpha=0.1+1+10,folds=3"
                                            : "folds=3",
        .model = test_side(in->model, ROWS, cols, NULL),
        .brain = test_side(in->brain, ROWS, cols, NULL),
        .reference = is(m, BRAM_METRIC_REFERENCE) ? &in->other : NULL,
    };
}

/* Raw values of a scoring that must succeed; returns how many. */
static size_t score(double *raw, const bram_metric *m, const struct test_scoring *s)
{
    bram_ctx *cx = bram_ctx_new();
    size_t values = 0;
    int status = test_score(cx, m->name, raw, ROOM, &values, s);
    if (status != BRAM_OK) fail_msg("%s: status %d: %s", m->name, status, bram_ctx_message(cx));
    bram_ctx_free(cx);
    return values;
}

static void same(const bram_metric *m, const char *what, const double *a, const double *b,
                 size_t values, double tolerance)
{
    for (size_t u = 0; u < values; u++) {
        bool equal = isnan(a[u]) ? isnan(b[u]) != 0 : fabs(a[u] - b[u]) <= tolerance;
        if (!equal) fail_msg("%s: %s: value %zu is %.17g and %.17g", m->name, what, u, a[u], b[u]);
    }
}

#define each_metric(m) /* loops over the table */                                                  \
    for (const bram_metric *const *entry_ = bram_metric_table, *m = *entry_; m; m = *++entry_)

/* ---- the entry itself ----------------------------------------------------------------------- */

static void entries_are_complete(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    each_metric(m)
    {
        if (!m->name || bram_spec_name_length(m->name) != strlen(m->name))
            fail_msg("\"%s\" is not a name", m->name ? m->name : "");
        if (!m->summary || !m->summary[0] || strchr(m->summary, '\n') || !m->source ||
            !m->source[0])
            fail_msg("%s: summary and source are a line each", m->name);
        if (!m->version || !m->pair || !m->compare) fail_msg("%s: a step is missing", m->name);
        if (bram_metric_find(m->name) != m) fail_msg("%s: the name is taken", m->name);
        if (!m->prepare != !m->release) fail_msg("%s: prepare and release come together", m->name);
        bram_options *o;
        assert_ok(cx, bram_options_new(cx, &o, m->params, NULL));
        bram_options_free(o);
    }
    bram_ctx_free(cx);
}

static void values_lie_along_units(void **state)
{
    (void)state;
    each_metric(m)
    {
        struct inputs in;
        double raw[ROOM];
        make(&in, m, 1);
        size_t expected = is(m, BRAM_METRIC_PER_UNIT) ? in.scoring.brain.values.cols : 1;
        if (score(raw, m, &in.scoring) != expected) fail_msg("%s: number of values", m->name);
        for (size_t u = 0; u < expected; u++)
            if (!isfinite(raw[u])) fail_msg("%s: value %zu is %g", m->name, u, raw[u]);
    }
}

/* ---- flags ---------------------------------------------------------------------------------- */

static void identity_is_as_promised(void **state)
{
    (void)state;
    each_metric(m)
    {
        if (!is(m, BRAM_METRIC_IDENTITY_ONE | BRAM_METRIC_IDENTITY_ZERO)) continue;
        struct inputs in;
        double raw[ROOM], expected[ROOM];
        make(&in, m, 2);
        in.scoring.model = in.scoring.brain;
        size_t values = score(raw, m, &in.scoring);
        for (size_t u = 0; u < values; u++) expected[u] = is(m, BRAM_METRIC_IDENTITY_ONE);
        same(m, "identity", raw, expected, values, 1e-12);
    }
}

static void symmetry_is_as_promised(void **state)
{
    (void)state;
    each_metric(m)
    {
        if (!is(m, BRAM_METRIC_SYMMETRIC)) continue;
        struct inputs in;
        double raw[ROOM], swapped[ROOM];
        make(&in, m, 3);
        size_t values = score(raw, m, &in.scoring);
        bram_side side = in.scoring.model;
        in.scoring.model = in.scoring.brain, in.scoring.brain = side;
        score(swapped, m, &in.scoring);
        same(m, "symmetry", raw, swapped, values, 1e-12);
    }
}

/* x <- x (I - 2 v v' / v'v) */
static void reflect(bram_mat *x, bram_rng *g)
{
    double v[ROWS], square = 0;
    for (size_t k = 0; k < x->cols; k++) v[k] = bram_rng_normal(g), square += v[k] * v[k];
    for (size_t i = 0; i < x->rows; i++) {
        double along = 0;
        for (size_t k = 0; k < x->cols; k++) along += bram_row(x, i)[k] * v[k];
        for (size_t k = 0; k < x->cols; k++) bram_row(x, i)[k] -= 2 * along / square * v[k];
    }
}

static void transform(struct inputs *in, unsigned flag)
{
    bram_rng g = bram_rng_new(4, "conformance/transform");
    bram_mat *x = &in->scoring.model.values;
    if (flag == BRAM_METRIC_INV_ROTATE) reflect(x, &g), reflect(x, &g);
    for (size_t k = 0; k < x->cols; k++) {
        double shift = flag == BRAM_METRIC_INV_SHIFT ? 10 * bram_rng_normal(&g) : 0;
        double factor = flag == BRAM_METRIC_INV_SCALE ? 3.7 : 1;
        for (size_t i = 0; i < x->rows; i++) bram_row(x, i)[k] = factor * bram_row(x, i)[k] + shift;
    }
}

static void invariances_are_as_promised(void **state)
{
    (void)state;
    static const unsigned flags[] = {BRAM_METRIC_INV_SCALE, BRAM_METRIC_INV_SHIFT,
                                     BRAM_METRIC_INV_ROTATE};
    static const char *const names[] = {"scale", "shift", "rotation"};
    each_metric(m) for (size_t f = 0; f < 3; f++)
    {
        if (!is(m, flags[f])) continue;
        struct inputs in;
        double raw[ROOM], changed[ROOM];
        make(&in, m, 5);
        size_t values = score(raw, m, &in.scoring);
        transform(&in, flags[f]);
        score(changed, m, &in.scoring);
        same(m, names[f], raw, changed, values, 1e-10);
    }
}

static void the_better_direction_is_as_promised(void **state)
{
    (void)state;
    each_metric(m)
    {
        if (!is(m, BRAM_METRIC_IDENTITY_ONE | BRAM_METRIC_IDENTITY_ZERO)) continue;
        struct inputs in;
        double raw[ROOM], perfect = is(m, BRAM_METRIC_IDENTITY_ONE);
        make(&in, m, 6);
        size_t values = score(raw, m, &in.scoring);
        for (size_t u = 0; u < values; u++)
            if (is(m, BRAM_METRIC_HIGHER_BETTER) ? raw[u] >= perfect : raw[u] <= perfect)
                fail_msg("%s: noise scores %g, better than %g", m->name, raw[u], perfect);
    }
}

/* ---- weights -------------------------------------------------------------------------------- */

static void weights_of_one_change_nothing(void **state)
{
    (void)state;
    each_metric(m)
    {
        struct inputs in;
        double raw[ROOM], weighted[ROOM], ones[ROWS];
        uint32_t group[ROWS];
        for (size_t i = 0; i < ROWS; i++) ones[i] = 1, group[i] = (uint32_t)(i / 3);
        make(&in, m, 7);
        for (int grouped = 0; grouped < 2; grouped++) {
            in.scoring.weight = NULL;
            size_t values = score(raw, m, &in.scoring);
            in.scoring.weight = ones;
            score(weighted, m, &in.scoring);
            same(m, "weights of one", raw, weighted, values, 0);
            in.scoring.groups = (bram_groups){group, (ROWS + 2) / 3};
        }
    }
}

/* Everything drawn twice as often is the same sample, whatever a metric measures against. */
static void weights_have_no_unit(void **state)
{
    (void)state;
    each_metric(m)
    {
        if (is(m, BRAM_METRIC_SAMPLE_SIZE)) continue;
        struct inputs in;
        double raw[ROOM], doubled[ROOM], weight[ROWS], twice[ROWS];
        bram_rng g = bram_rng_new(98, "conformance/weights");
        for (size_t i = 0; i < ROWS; i++) twice[i] = 2 * (weight[i] = bram_rng_uniform(&g));
        make(&in, m, 19);
        in.scoring.weight = weight;
        size_t values = score(raw, m, &in.scoring);
        in.scoring.weight = twice;
        score(doubled, m, &in.scoring);
        same(m, "weights doubled", raw, doubled, values, 1e-12);
    }
}

static void nothing_drawn_is_undefined(void **state)
{
    (void)state;
    each_metric(m)
    {
        struct inputs in;
        double raw[ROOM], none[ROWS] = {0};
        make(&in, m, 8);
        in.scoring.weight = none;
        size_t values = score(raw, m, &in.scoring);
        for (size_t u = 0; u < values; u++)
            if (!isnan(raw[u])) fail_msg("%s: nothing drawn scores %g", m->name, raw[u]);
    }
}

/* Random symmetric matrices with a zero diagonal, in place of patterns. */
static void make_rdms(struct inputs *in)
{
    double *sides[] = {in->model, in->brain};
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < ROWS; i++)
            for (size_t j = i; j < ROWS; j++)
                sides[s][j * ROWS + i] = sides[s][i * ROWS + j] =
                    i == j ? 0 : fabs(sides[s][i * ROWS + j]);
    in->scoring.model = test_side(in->model, ROWS, ROWS, NULL);
    in->scoring.brain = test_side(in->brain, ROWS, ROWS, NULL);
    in->scoring.model.is_rdm = in->scoring.brain.is_rdm = true;
}

/*
 * Rows written out as often as they were drawn; things that are both rows and columns on both
 * sides, and then without the pairs of a thing with its own copies.
 */
static void weights_are_repeats(void **state)
{
    (void)state;
    each_metric(m) for (uint64_t sample = 9; sample < 12; sample++)
    {
        if (m->kind == BRAM_METRIC_MAPPED) continue;      /* fits on rows that are not drawn */
        if (is(m, BRAM_METRIC_FIXED_REFERENCE)) continue; /* see weights_have_no_unit */
        if (is(m, BRAM_METRIC_DISTINCT_ROWS)) continue;   /* their own tests */
        struct inputs in;
        double raw[ROOM], written_raw[ROOM], weight[ROWS];
        size_t times[ROWS];
        bram_rng g = bram_rng_at(99, "conformance/times", sample);
        for (size_t i = 0; i < ROWS; i++) weight[i] = (double)(times[i] = bram_rng_below(&g, 4));
        make(&in, m, sample);
        bool square = m->kind == BRAM_METRIC_GRAPH || has_param(m, "rdm");
        if (square && m->kind == BRAM_METRIC_GEOMETRY) make_rdms(&in);
        struct test_scoring s = in.scoring, written = in.scoring;
        if (!square) s.brain.present = in.mask;
        bram_side other = test_repeat(&in.other, times, false);
        written.model = test_repeat(&s.model, times, square);
        written.brain = test_repeat(&s.brain, times, square);
        if (written.reference) written.reference = &other;
        s.weight = weight;
        size_t values = score(raw, m, &s);
        score(written_raw, m, &written);
        same(m, "weights as repeats", raw, written_raw, values, 1e-12);
        test_repeat_free(&written.model);
        test_repeat_free(&written.brain);
        test_repeat_free(&other);
    }
}

/* ---- what is missing ------------------------------------------------------------------------ */

static void a_unit_that_is_missing_is_undefined(void **state)
{
    (void)state;
    each_metric(m)
    {
        if (!is(m, BRAM_METRIC_PER_UNIT)) continue;
        struct inputs in;
        double raw[ROOM], whole[ROOM];
        make(&in, m, 13);
        size_t values = score(whole, m, &in.scoring);
        for (size_t i = 0; i < ROWS * COLS; i++) in.mask[i] = i % COLS != 1;
        in.scoring.brain.present = in.mask;
        score(raw, m, &in.scoring);
        whole[1] = NAN;
        same(m, "a missing unit", raw, whole, values, 1e-12);
    }
}

static void what_is_masked_is_not_read(void **state)
{
    (void)state;
    each_metric(m)
    {
        struct inputs in;
        double raw[ROOM], again[ROOM];
        make(&in, m, 14);
        in.scoring.brain.present = in.mask;
        size_t values = score(raw, m, &in.scoring);
        for (size_t i = 0; i < in.scoring.brain.values.rows * in.scoring.brain.values.cols; i++)
            if (!in.mask[i]) in.brain[i] = NAN;
        score(again, m, &in.scoring);
        same(m, "masked NaN", raw, again, values, 0);
    }
}

/* ---- what is wrong -------------------------------------------------------------------------- */

/* Scores inputs that must be refused with a message, the output untouched. */
static void refused(const bram_metric *m, const struct test_scoring *s, const char *what,
                    int expected)
{
    bram_ctx *cx = bram_ctx_new();
    double raw[ROOM];
    for (size_t u = 0; u < ROOM; u++) raw[u] = 42;
    int status = test_score(cx, m->name, raw, ROOM, NULL, s);
    if (status != expected)
        fail_msg("%s: %s: status %d, expected %d", m->name, what, status, expected);
    if (!bram_ctx_message(cx)[0]) fail_msg("%s: %s: no message", m->name, what);
    for (size_t u = 0; u < ROOM; u++)
        if (raw[u] != 42) fail_msg("%s: %s: the output was touched", m->name, what);
    bram_ctx_free(cx);
}

static void wrong_inputs_are_refused(void **state)
{
    (void)state;
    each_metric(m)
    {
        struct inputs in;
        double weight[ROWS] = {1, -1};
        uint32_t group[ROWS] = {7};
        make(&in, m, 15);
        struct test_scoring s = in.scoring;
        s.brain.values.rows--;
        refused(m, &s, "unequal rows", BRAM_ESHAPE);
        s = in.scoring;
        s.weight = weight;
        refused(m, &s, "a negative weight", BRAM_ENUMERIC);
        s = in.scoring;
        s.groups = (bram_groups){group, 2};
        refused(m, &s, "a group out of range", BRAM_ESHAPE);
        in.model[ROWS] = NAN;
        refused(m, &in.scoring, "NaN in the model", BRAM_ENUMERIC);
        make(&in, m, 15);
        in.brain[ROWS] = NAN;
        if (m->kind != BRAM_METRIC_DENSITY) /* of which the brain's values are not read */
            refused(m, &in.scoring, "NaN in the brain", BRAM_ENUMERIC);
        make(&in, m, 15);
        s = in.scoring;
        s.reference = NULL;
        if (is(m, BRAM_METRIC_REFERENCE)) refused(m, &s, "no reference", BRAM_EUSAGE);
    }
}

static void degenerate_sizes_are_scored_or_refused(void **state)
{
    (void)state;
    each_metric(m) for (size_t rows = 0; rows < 3; rows++)
    {
        struct inputs in;
        make(&in, m, 16);
        size_t cols = m->kind == BRAM_METRIC_GRAPH ? rows : COLS;
        in.scoring.model = test_side(in.model, rows, cols, NULL);
        in.scoring.brain = test_side(in.brain, rows, cols, NULL);
        in.other = test_side(in.reference, rows, cols, NULL);
        bram_ctx *cx = bram_ctx_new();
        double raw[ROOM] = {0};
        size_t values = 0;
        int status = test_score(cx, m->name, raw, ROOM, &values, &in.scoring);
        if (rows == 0 ? status != BRAM_ESHAPE : status != BRAM_OK && status != BRAM_ESHAPE)
            fail_msg("%s: %zu rows: status %d: %s", m->name, rows, status, bram_ctx_message(cx));
        for (size_t u = 0; status == BRAM_OK && u < values; u++)
            if (isinf(raw[u])) fail_msg("%s: %zu rows: infinite", m->name, rows);
        bram_ctx_free(cx);
    }
}

static void failing_allocations_leave_nothing_behind(void **state)
{
    (void)state;
    each_metric(m)
    {
        struct inputs in;
        int status = BRAM_ENOMEM;
        make(&in, m, 17);
        for (size_t k = 1; status == BRAM_ENOMEM; k++) {
            bram_ctx *cx = bram_ctx_new();
            double raw[ROOM] = {42};
            bram_fail_allocation(k, false);
            status = test_score(cx, m->name, raw, ROOM, NULL, &in.scoring);
            bram_fail_allocation(0, false);
            if (status == BRAM_ENOMEM && raw[0] != 42)
                fail_msg("%s: the output was touched", m->name);
            if (status != BRAM_ENOMEM && status != BRAM_OK)
                fail_msg("%s: allocation %zu: status %d", m->name, k, status);
            bram_ctx_free(cx);
        }
    }
}

static void threads_do_not_change_a_bit(void **state)
{
    (void)state;
    each_metric(m)
    {
        struct inputs in;
        double raw[ROOM], threaded[ROOM];
        make(&in, m, 18);
        size_t values = score(raw, m, &in.scoring);
        bram_ctx *cx = bram_ctx_new();
        bram_ctx_set_threads(cx, 3);
        assert_ok(cx, test_score(cx, m->name, threaded, ROOM, NULL, &in.scoring));
        same(m, "threads", raw, threaded, values, 0);
        bram_ctx_free(cx);
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_complete),
        cmocka_unit_test(values_lie_along_units),
        cmocka_unit_test(identity_is_as_promised),
        cmocka_unit_test(symmetry_is_as_promised),
        cmocka_unit_test(invariances_are_as_promised),
        cmocka_unit_test(the_better_direction_is_as_promised),
        cmocka_unit_test(weights_of_one_change_nothing),
        cmocka_unit_test(weights_have_no_unit),
        cmocka_unit_test(nothing_drawn_is_undefined),
        cmocka_unit_test(weights_are_repeats),
        cmocka_unit_test(a_unit_that_is_missing_is_undefined),
        cmocka_unit_test(what_is_masked_is_not_read),
        cmocka_unit_test(wrong_inputs_are_refused),
        cmocka_unit_test(degenerate_sizes_are_scored_or_refused),
        cmocka_unit_test(failing_allocations_leave_nothing_behind),
        cmocka_unit_test(threads_do_not_change_a_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
