/* Tests of benchmarks/copies.c: copies made by code, in all the ways that deposits make them, and
 * recordings that are none. */
#include "copies.h"

#include "test.h"

enum { MOST_UNITS = 12 };

/* Uniform on (-0.5, 0.5) x sqrt(12): mean 0, variance 1. */
static double draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return ((double)(*state >> 11) / 9007199254740992.0 - 0.5) * sqrt(12.0);
}

/*
 * Rows of units: slow latent signals (time constant 8 s) that units share with weights of their
 * own, and as much that is each unit's own. `shared` is the seed of the latent signals: recordings
 * with the same one have seen the same stimulus.
 */
static bram_recording make(size_t rows, size_t units, double dt, uint64_t seed, uint64_t shared)
{
    enum { LATENTS = 3 };
    bram_ctx *cx = bram_ctx_new();
    bram_recording r = {.id = "made", .rows = rows, .units = units, .dt = dt};
    double weight[MOST_UNITS][LATENTS], own[MOST_UNITS] = {0}, latent[LATENTS] = {0};
    double keep = exp(-dt / 8), *time = calloc(rows, sizeof *time);
    r.values = calloc(rows * units, sizeof *r.values);
    r.present = malloc(rows * units);
    memset(r.present, 1, rows * units);
    for (size_t u = 0; u < units; u++)
        for (size_t k = 0; k < LATENTS; k++) weight[u][k] = draw(&seed);
    for (size_t t = 0; t < rows; t++) {
        time[t] = (double)t * dt;
        for (size_t k = 0; k < LATENTS; k++)
            latent[k] = keep * latent[k] + sqrt(1 - keep * keep) * draw(&shared);
        for (size_t u = 0; u < units; u++) {
            own[u] = keep * own[u] + sqrt(1 - keep * keep) * draw(&seed);
            double x = own[u];
            for (size_t k = 0; k < LATENTS; k++) x += weight[u][k] * latent[k];
            r.values[t * units + u] = x;
        }
    }
    assert_ok(cx, bram_axis_new(cx, &r.time, "time", rows));
    assert_ok(cx, bram_axis_set_values(cx, r.time, time, "s"));
    free(time);
    bram_ctx_free(cx);
    return r;
}

static void drop(bram_recording *r)
{
    bram_axis_free(r->time);
    free(r->values);
    free(r->present);
}

/* Rows first .. first + rows - 1 at steps of `ratio` old steps, columns turned round, scaled (some
 * by a negative number), with noise of a share of each column's scale; times begin at `start`. */
struct change {
    size_t first, rows, units;
    double ratio, noise, start;
    bool reorder;
};

static bram_recording change(const bram_recording *from, struct change c)
{
    bram_ctx *cx = bram_ctx_new();
    uint64_t seed = 99;
    bram_recording r = {
        .id = "changed", .rows = c.rows, .units = c.units, .dt = from->dt * c.ratio};
    double *time = calloc(c.rows, sizeof *time);
    r.values = calloc(c.rows * c.units, sizeof *r.values);
    r.present = malloc(c.rows * c.units);
    memset(r.present, 1, c.rows * c.units);
    for (size_t t = 0; t < c.rows; t++) {
        double at = (double)c.first + (double)t * c.ratio;
        size_t i = (size_t)at;
        assert_true(i + 1 < from->rows);
        time[t] = c.start + (double)t * r.dt;
        for (size_t u = 0; u < c.units; u++) {
            size_t v = c.reorder ? from->units - 1 - u : u;
            double x = from->values[i * from->units + v],
                   y = from->values[(i + 1) * from->units + v];
            double z = x + (at - (double)i) * (y - x) + c.noise * 2 * draw(&seed);
            r.values[t * c.units + u] = c.reorder ? (u % 3 ? 7 : -0.01) * z + 100 * (double)u : z;
        }
    }
    assert_ok(cx, bram_axis_new(cx, &r.time, "time", c.rows));
    assert_ok(cx, bram_axis_set_values(cx, r.time, time, "s"));
    free(time);
    bram_ctx_free(cx);
    return r;
}

static bool are_copies(const bram_recording *a, const bram_recording *b, bram_copy *copy)
{
    bram_ctx *cx = bram_ctx_new();
    bool are = false;
    *copy = (bram_copy){.a = 0};
    assert_ok(cx, bram_copies_compare(cx, &are, copy, a, b));
    bram_ctx_free(cx);
    return are;
}

static void a_copy_in_any_form_is_found(void **state)
{
    (void)state;
    bram_recording a = make(1600, 12, 0.5, 1, 2);
    const struct {
        struct change how;
        double r, lag; /* at least; the true one */
    } cases[] = {
        {{0, 1599, 12, 1, 0, 0, false}, 0.999999, 0},
        {{0, 1599, 12, 1, 0, 0, true}, 0.999999, 0},             /* order, scale, sign */
        {{300, 1000, 12, 1, 0, 0, false}, 0.999999, -150},       /* both ends cut */
        {{0, 1100, 12, 1.37, 0, 0, false}, 0.95, 0},             /* resampled */
        {{0, 1599, 12, 1, 0.3, 0, false}, 0.9, 0},               /* noise */
        {{0, 1599, 7, 1, 0, 5000, true}, 0.999999, 5000},        /* fewer columns, another clock */
        {{100, 950, 8, 1.37, 0.15, 1234, true}, 0.9, 1234 - 50}, /* all of it */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bram_copy copy, back;
        bram_recording b = change(&a, cases[i].how);
        if (!are_copies(&a, &b, &copy)) fail_msg("case %zu is not found", i);
        assert_true(are_copies(&b, &a, &back));
        if (copy.r < cases[i].r) fail_msg("case %zu: r is %g", i, copy.r);
        if (fabs(copy.lag - cases[i].lag) > 0.5) fail_msg("case %zu: lag is %g", i, copy.lag);
        assert_near(back.lag, -copy.lag, 0.5);
        assert_int_equal(copy.columns, cases[i].how.units);
        assert_true(2 * copy.matched >= copy.columns);
        drop(&b);
    }
    drop(&a);
}

static void other_recordings_are_no_copies(void **state)
{
    (void)state;
    bram_copy copy;
    bram_recording a = make(1600, 12, 0.5, 1, 2);
    for (uint64_t seed = 10; seed < 30; seed++) {
        bram_recording other = make(1600, 12, 0.5, seed, seed + 1000);
        bram_recording same_stimulus = make(1600, 12, 0.5, seed, 2);
        if (are_copies(&a, &other, &copy)) fail_msg("seed %d, another recording", (int)seed);
        if (are_copies(&a, &same_stimulus, &copy)) fail_msg("seed %d, one stimulus", (int)seed);
        drop(&other);
        drop(&same_stimulus);
    }
    drop(&a);
}

static void degenerate_recordings_are_no_copies(void **state)
{
    (void)state;
    bram_copy copy;
    bram_recording a = make(400, 3, 0.5, 1, 2), still = make(400, 3, 0.5, 1, 2);
    bram_recording brief = make(10, 3, 0.5, 1, 2), one = make(400, 1, 0.5, 1, 2);
    bram_recording same = change(&one, (struct change){0, 399, 1, 1, 0, 0, false});
    bram_recording near = change(&one, (struct change){0, 399, 1, 1, 0.2, 0, false});
    for (size_t i = 0; i < still.rows * still.units; i++) still.values[i] = 0.1;
    assert_false(are_copies(&a, &still, &copy));
    assert_false(are_copies(&still, &still, &copy)); /* nothing to tell them by */
    assert_false(are_copies(&brief, &brief, &copy));
    assert_true(are_copies(&one, &same, &copy));
    assert_false(are_copies(&one, &near, &copy)); /* one trace alone must be the very same */
    memset(same.present, 0, same.rows);
    assert_false(are_copies(&one, &same, &copy));
    drop(&a), drop(&still), drop(&brief), drop(&one), drop(&same), drop(&near);
}

static void missing_values_do_no_harm(void **state)
{
    (void)state;
    bram_copy copy;
    bram_recording a = make(1000, 8, 0.5, 5, 6);
    bram_recording b = change(&a, (struct change){0, 999, 8, 1, 0, 0, true});
    for (size_t t = 200; t < 260; t++)
        for (size_t u = 0; u < 8; u++) {
            b.present[t * 8 + u] = 0;
            b.values[t * 8 + u] = 1e9; /* must not be read */
        }
    memset(b.present + 500 * 8, 0, 8); /* one frame of all */
    assert_true(are_copies(&a, &b, &copy));
    assert_true(copy.r > 0.95);
    drop(&a), drop(&b);
}

/* ---- datasets ------------------------------------------------------------------------------- */

static void add_recording(bram_ctx *cx, bram_dataset *ds, const char *id, const bram_recording *r)
{
    char group[64];
    bram_axis *axis[2] = {NULL, NULL};
    bram_response *raw = NULL;
    snprintf(group, sizeof group, "recordings/%s", id);
    axis[0] = bram_axis_ref(r->time);
    assert_ok(cx, bram_axis_new(cx, &axis[1], "neuron", r->units));
    assert_ok(cx, bram_response_new(cx, &raw, "raw", BRAM_F64, 2,
                                    (const bram_axis *const[]){axis[0], axis[1]}));
    memcpy(bram_response_f64(raw), r->values, r->rows * r->units * sizeof(double));
    assert_ok(cx, bram_dataset_add(cx, ds, group, raw));
    bram_axis_free(axis[0]);
    bram_axis_free(axis[1]);
}

static void pairs_are_found_across_datasets(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *x = NULL, *y = NULL;
    assert_ok(cx, bram_dataset_new(cx, &x));
    assert_ok(cx, bram_dataset_new(cx, &y));
    bram_recording a = make(900, 6, 0.5, 1, 2), b = make(900, 6, 0.5, 3, 4),
                   c = make(5, 6, 0.5, 3, 4);
    bram_recording copy_b = change(&b, (struct change){50, 800, 6, 1, 0, 0, true});
    add_recording(cx, x, "a", &a);
    add_recording(cx, x, "b", &b);
    add_recording(cx, x, "short", &c);
    add_recording(cx, y, "other", &copy_b);
    const bram_copy_source source[] = {
        {x, "a"}, {x, "b"}, {x, "short"}, {x, "absent"}, {y, "other"}};
    bram_copy *found = NULL;
    size_t count = 99;
    assert_ok(cx, bram_copies_find(cx, &found, &count, source, 5));
    assert_int_equal(count, 1);
    assert_int_equal(found[0].a, 1);
    assert_int_equal(found[0].b, 4);
    assert_int_equal(found[0].matched, 6);
    bram_free(found);
    assert_ok(cx, bram_copies_find(cx, &found, &count, source, 0));
    assert_int_equal(count, 0);
    const volatile int stop = 1;
    bram_ctx_set_cancel(cx, &stop);
    count = 99;
    assert_int_equal(bram_copies_find(cx, &found, &count, source, 5), BRAM_ECANCEL);
    assert_int_equal(count, 99);
    bram_dataset_free(x);
    bram_dataset_free(y);
    drop(&a), drop(&b), drop(&c), drop(&copy_b);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_in_any_form_is_found),
        cmocka_unit_test(other_recordings_are_no_copies),
        cmocka_unit_test(degenerate_recordings_are_no_copies),
        cmocka_unit_test(missing_values_do_no_harm),
        cmocka_unit_test(pairs_are_found_across_datasets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
