/*
 * Tests of benchmarks/motifs.c on the made motifs (simulate_motifs.c): when, who and which neurons
 * are found; the file is valid; recordings that do not fit together are refused.
 */
#include "motifs.h"
#include "simulate.h"
#include "test.h"

static const bram_motif_settings usual = {
    "activity", BRAM_AFFINITY_DIFFERENTIAL,        2, 1, 0, 6, 3, 0.8,
    2,          {BRAM_BLOCK_SHORTER, 0, 2, 20, 0}, 0};

static double cosine(const double *a, size_t i, size_t n, const double *b, size_t j, size_t m,
                     size_t rows)
{
    double ab = 0, aa = 0, bb = 0;
    for (size_t t = 0; t < rows; t++) {
        ab += a[t * n + i] * b[t * m + j];
        aa += a[t * n + i] * a[t * n + i], bb += b[t * m + j] * b[t * m + j];
    }
    return ab / sqrt(aa * bb);
}

/* Of pairs of neurons within a group of the truth, how many are in one community; and of one in a
 * group with one in none, how many are. */
static void shares(const bram_motifs *m, size_t r, const int64_t *group, const bram_axis *names,
                   double *together, double *mixed)
{
    double pairs[2] = {0}, same[2] = {0};
    for (size_t i = 0; i < m->neurons; i++)
        for (size_t j = i + 1; j < m->neurons; j++) {
            int64_t a = group[bram_axis_find(names, bram_axis_id(m->neuron, i))];
            int64_t b = group[bram_axis_find(names, bram_axis_id(m->neuron, j))];
            if ((!a && !b) || (a && b && a != b)) continue;
            pairs[a != b]++;
            same[a != b] += m->label[r * m->neurons + i] == m->label[r * m->neurons + j];
        }
    *together = same[0] / pairs[0], *mixed = same[1] / pairs[1];
}

static void made_motifs_are_found(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *file = NULL;
    bram_motifs m;
    size_t errors = 1;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-motifs", 1));
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
    assert_ok(cx, bram_motifs_find(cx, &m, (const bram_dataset *const *)&ds, 1, &usual));
    assert_int_equal(m.fit.rank, 3);
    assert_int_equal(m.animals, 6);
    assert_int_equal(m.pairs, m.neurons * (m.neurons - 1) / 2);
    const double *when = bram_response_f64(bram_dataset_response(ds, "truth/when"));
    const double *who = bram_response_f64(bram_dataset_response(ds, "truth/who"));
    const bram_axis *members = bram_dataset_table(ds, "truth/membership");
    for (size_t k = 0; k < 3; k++) {
        size_t best = 0;
        char name[16];
        double together, mixed;
        for (size_t r = 1; r < 3; r++)
            if (cosine(when, k, 3, m.fit.factor[0], r, 3, m.rows) >
                cosine(when, k, 3, m.fit.factor[0], best, 3, m.rows))
                best = r;
        assert_true(cosine(when, k, 3, m.fit.factor[0], best, 3, m.rows) > 0.9);
        assert_true(cosine(who, k, 3, m.fit.factor[1], best, 3, m.animals) > 0.95);
        snprintf(name, sizeof name, "motif%zu", k + 1);
        shares(&m, best, bram_axis_column(members, name)->integer, members, &together, &mixed);
        assert_true(together > 0.9);
        assert_true(mixed < 0.1);
    }
    assert_ok(cx, bram_motifs_dataset(cx, &file, &m));
    assert_ok(cx, bram_dataset_check(cx, file, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
    assert_int_equal(bram_response_length(bram_dataset_response(file, "motifs/graph"), 0), 3);
    assert_int_equal(bram_axis_length(bram_dataset_table(file, "motifs/rank")), 6);
    bram_dataset_free(file);
    bram_motifs_release(&m);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* The given rank is taken, without a table of ranks; threads change nothing. */
static void a_given_rank(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    bram_motifs a, b;
    bram_motif_settings o = usual;
    o.rank = 2, o.kernel = BRAM_AFFINITY_GAUSSIAN;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-motifs", 1));
    assert_ok(cx, bram_motifs_find(cx, &a, (const bram_dataset *const *)&ds, 1, &o));
    bram_ctx_set_threads(cx, 4);
    assert_ok(cx, bram_motifs_find(cx, &b, (const bram_dataset *const *)&ds, 1, &o));
    assert_int_equal(a.fit.rank, 2);
    assert_int_equal(a.ranks, 0);
    assert_memory_equal(a.fit.factor[0], b.fit.factor[0], a.rows * 2 * sizeof(double));
    assert_memory_equal(a.label, b.label, 2 * a.neurons * sizeof *a.label);
    bram_motifs_release(&a);
    bram_motifs_release(&b);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void refusals(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds[2] = {NULL};
    bram_motifs m;
    bram_motif_settings o = usual;
    assert_ok(cx, bram_dataset_new(cx, &ds[0]));
    assert_int_equal(bram_motifs_find(cx, &m, (const bram_dataset *const *)ds, 1, &o),
                     BRAM_EABSENT);
    bram_dataset_free(ds[0]);
    assert_ok(cx, bram_simulate(cx, &ds[0], "simulated-motifs", 1));
    o.animals = 7;
    assert_int_equal(bram_motifs_find(cx, &m, (const bram_dataset *const *)ds, 1, &o),
                     BRAM_ENOTAPPLICABLE);
    o.animals = 1;
    bram_ctx_set_memory(cx, 100000);
    assert_int_equal(bram_motifs_find(cx, &m, (const bram_dataset *const *)ds, 1, &o),
                     BRAM_EMEMORY);
    bram_ctx_set_memory(cx, 0);
    o.response = "raw";
    assert_int_equal(bram_motifs_find(cx, &m, (const bram_dataset *const *)ds, 1, &o),
                     BRAM_EABSENT);
    o.response = "activity", o.most = 0;
    assert_int_equal(bram_motifs_find(cx, &m, (const bram_dataset *const *)ds, 1, &o), BRAM_EUSAGE);
    bram_dataset_free(ds[0]);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_motifs_are_found),
        cmocka_unit_test(a_given_rank),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
