/* Tests of metrics/searchlight.c and core/nifti.c: which voxels, by the shared reference; values
 * against estimates made one by one; a file written and read. */
#include "nifti.h"
#include "searchlight.h"

#include <bramble/rng.h>

#include <sys/stat.h>

#include "reference.h"

enum { X = 7, Y = 6, Z = 5, VOXELS = X * Y * Z, CONDITIONS = 6, ROWS = 2 * CONDITIONS };

static uint8_t mask[VOXELS];

/* 1 in [1:6, 1:5, 0:4], as in the reference */
static void make_mask(void)
{
    for (size_t x = 0; x < X; x++)
        for (size_t y = 0; y < Y; y++)
            for (size_t z = 0; z < Z; z++)
                mask[(x * Y + y) * Z + z] = x >= 1 && x < 6 && y >= 1 && y < 5 && z < 4;
}

static int by_value(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* An array of whole numbers, sorted. */
static size_t numbers(size_t *out, const bram_json *array)
{
    for (size_t i = 0; i < bram_json_count(array); i++) {
        int64_t v = -1;
        assert_true(bram_json_integer(bram_json_at(array, i), &v));
        out[i] = (size_t)v;
    }
    qsort(out, bram_json_count(array), sizeof *out, by_value);
    return bram_json_count(array);
}

static void check_reference(struct reference *r, const char *id, const bram_searchlight *s)
{
    const bram_json *value = bram_json_get(reference_case(r, id), "value");
    const bram_json *neighbours = bram_json_get(value, "neighbors");
    size_t expected[VOXELS], found[VOXELS], count, *centre;
    assert_ok(r->cx, bram_searchlight_centres(r->cx, &centre, &count, s));
    assert_int_equal(numbers(expected, bram_json_get(value, "centers")), count);
    assert_memory_equal(expected, centre, count * sizeof *centre);
    assert_true(bram_searchlight_largest(s) <= VOXELS);
    for (size_t k = 0; k < count; k++) {
        int64_t at;
        assert_true(bram_json_integer(bram_json_at(bram_json_get(value, "centers"), k), &at));
        size_t size = bram_searchlight_sphere(found, s, (size_t)at);
        assert_int_equal(numbers(expected, bram_json_at(neighbours, k)), size);
        assert_memory_equal(expected, found, size * sizeof *found);
    }
    bram_free(centre);
}

static void spheres(void **state)
{
    (void)state;
    struct reference r;
    make_mask();
    open_reference(&r);
    bram_searchlight s = {{X, Y, Z}, mask, 2, 1, false};
    check_reference(&r, "searchlight/radius=2,threshold=1,truncate=0", &s);
    s.radius = 3, s.threshold = 0.6;
    check_reference(&r, "searchlight/radius=3,threshold=0.6,truncate=0", &s);
    s.truncate = true;
    check_reference(&r, "searchlight/radius=3,threshold=0.6,truncate=1", &s);
    close_reference(&r);
}

static void sizes_of_spheres(void **state)
{
    (void)state;
    static uint8_t all[9 * 9 * 9];
    size_t sphere[9 * 9 * 9], centre = (4 * 9 + 4) * 9 + 4;
    const double radius[] = {0.5, 1, 1.5, 2, 3};
    const size_t voxels[] = {1, 1, 19, 27, 93};
    memset(all, 1, sizeof all);
    for (size_t k = 0; k < 5; k++) {
        bram_searchlight s = {{9, 9, 9}, all, radius[k], 1, false};
        assert_int_equal(bram_searchlight_sphere(sphere, &s, centre), voxels[k]);
        assert_true(bram_searchlight_largest(&s) >= voxels[k]);
    }
    bram_searchlight corner = {{9, 9, 9}, all, 2, 1, false};
    assert_int_equal(bram_searchlight_sphere(sphere, &corner, 0), 8); /* cut at the border */
}

/* Volumes of noise in which the model's distances are planted about one voxel. */
struct made {
    double data[ROWS * VOXELS], residuals[60 * VOXELS], square[2][CONDITIONS * CONDITIONS];
    uint32_t condition[ROWS], fold[ROWS];
    bram_mat rows, noise;
    bram_side model[2];
    bram_rdm_design design;
    bram_rdm_options rdm;
    bram_searchlight where;
    bram_searchlight_job job;
};

static void make(struct made *m)
{
    bram_rng g = bram_rng_new(9, "test/searchlight");
    size_t planted = (3 * Y + 3) * Z + 1, sphere[VOXELS];
    double pattern[CONDITIONS][VOXELS];
    make_mask();
    m->where = (bram_searchlight){{X, Y, Z}, mask, 2, 0.2, false};
    for (size_t i = 0; i < (size_t)ROWS * VOXELS; i++) m->data[i] = bram_rng_normal(&g);
    for (size_t i = 0; i < (size_t)60 * VOXELS; i++) m->residuals[i] = bram_rng_normal(&g);
    size_t size = bram_searchlight_sphere(sphere, &m->where, planted);
    for (size_t c = 0; c < CONDITIONS; c++)
        for (size_t k = 0; k < size; k++) pattern[c][k] = 10 * bram_rng_normal(&g);
    for (uint32_t i = 0; i < ROWS; i++) {
        m->condition[i] = i % CONDITIONS, m->fold[i] = i / CONDITIONS;
        for (size_t k = 0; k < size; k++)
            m->data[i * VOXELS + sphere[k]] += pattern[i % CONDITIONS][k];
    }
    for (size_t a = 0; a < CONDITIONS; a++)
        for (size_t b = 0; b < CONDITIONS; b++) {
            double sum = 0;
            for (size_t k = 0; k < size; k++)
                sum += (pattern[a][k] - pattern[b][k]) * (pattern[a][k] - pattern[b][k]);
            m->square[0][a * CONDITIONS + b] = sum;
            m->square[1][a * CONDITIONS + b] = a == b ? 0 : 1 + (double)((a + b) % 3);
        }
    for (size_t k = 0; k < 2; k++) {
        m->model[k] = test_side(m->square[k], CONDITIONS, CONDITIONS, NULL);
        m->model[k].is_rdm = true;
    }
    m->rows = (bram_mat){m->data, ROWS, VOXELS, VOXELS};
    m->noise = (bram_mat){m->residuals, 60, VOXELS, VOXELS};
    m->design = (bram_rdm_design){m->condition, CONDITIONS, m->fold, 2, NULL, NULL};
    m->rdm = (bram_rdm_options){.kind = BRAM_RDM_CROSSNOBIS};
    m->job = (bram_searchlight_job){.where = &m->where,
                                    .data = &m->rows,
                                    .design = &m->design,
                                    .rdm = &m->rdm,
                                    .residuals = &m->noise,
                                    .noise = BRAM_NOISE_SHRINKAGE_DIAG,
                                    .compare = "rdm=given,compare=spearman",
                                    .model = m->model,
                                    .models = 2};
}

/* The centre's comparison, made from the parts. */
static double alone(bram_ctx *cx, const struct made *m, size_t centre, size_t model)
{
    size_t sphere[VOXELS], size = bram_searchlight_sphere(sphere, &m->where, centre);
    double x[ROWS * 64], e[60 * 64], p[64 * 64], *d, square[CONDITIONS * CONDITIONS] = {0};
    assert_true(size <= 64);
    for (size_t k = 0; k < size; k++) {
        for (size_t i = 0; i < ROWS; i++) x[i * size + k] = m->data[i * VOXELS + sphere[k]];
        for (size_t i = 0; i < 60; i++) e[i * size + k] = m->residuals[i * VOXELS + sphere[k]];
    }
    bram_mat noise = {e, 60, size, size}, precision = {p, size, size, size};
    bram_side side = test_side(x, ROWS, size, NULL),
              rdm = test_side(square, CONDITIONS, CONDITIONS, NULL);
    bram_rdm_options o = m->rdm;
    o.precision = &precision, o.precisions = 1;
    assert_ok(cx, bram_noise_covariance(cx, &precision, NULL, &noise, m->job.noise, 0));
    assert_ok(cx, bram_noise_invert(cx, &precision));
    assert_ok(cx, bram_rdm_estimate(cx, &d, &side, &m->design, &o));
    for (size_t i = 0, at = 0; i < CONDITIONS; i++)
        for (size_t j = i + 1; j < CONDITIONS; j++, at++)
            square[i * CONDITIONS + j] = square[j * CONDITIONS + i] = d[at];
    bram_free(d);
    rdm.is_rdm = true;
    struct test_scoring s = {.options = m->job.compare, .model = m->model[model], .brain = rdm};
    return test_score_one("rsa", &s);
}

static void values(void **state)
{
    (void)state;
    static struct made m;
    make(&m);
    size_t *centre, count, best = 0;
    double *out[2];
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, bram_searchlight_centres(cx, &centre, &count, &m.where));
    assert_true(count > 64); /* more than one chunk */
    for (unsigned t = 0; t < 2; t++) {
        out[t] = calloc(count * 2, sizeof **out);
        bram_ctx_set_threads(cx, t + 1);
        assert_ok(cx, bram_searchlight_run(cx, out[t], centre, count, &m.job));
    }
    assert_memory_equal(out[0], out[1], count * 2 * sizeof **out);
    for (size_t k = 0; k < count; k++) {
        if (out[0][2 * k] > out[0][2 * best]) best = k;
        if (k % 7 == 0)
            for (size_t model = 0; model < 2; model++)
                assert_near(out[0][2 * k + model], alone(cx, &m, centre[k], model), 1e-14);
    }
    assert_int_equal(centre[best], (3 * Y + 3) * Z + 1); /* where it was planted */
    free(out[0]), free(out[1]);
    bram_free(centre);
    bram_ctx_free(cx);
}

/* Voxels that are not finite are missing, not an error; a sphere of nothing is undefined. */
static void missing_and_refused(void **state)
{
    (void)state;
    static struct made m;
    make(&m);
    m.job.residuals = NULL;
    m.rdm.kind = BRAM_RDM_EUCLIDEAN;
    bram_ctx *cx = bram_ctx_new();
    size_t *centre, count;
    assert_ok(cx, bram_searchlight_centres(cx, &centre, &count, &m.where));
    double *out = calloc(count * 2, sizeof *out);
    for (size_t i = 0; i < (size_t)ROWS * VOXELS; i++)
        if (i % VOXELS < VOXELS / 2) m.data[i] = NAN;
    assert_ok(cx, bram_searchlight_run(cx, out, centre, count, &m.job));
    assert_true(isnan(out[0]) && !isnan(out[2 * count - 1]));
    m.model[1].values.rows = m.model[1].values.cols = CONDITIONS - 1;
    assert_int_equal(bram_searchlight_run(cx, out, centre, count, &m.job), BRAM_ESHAPE);
    assert_non_null(strstr(bram_ctx_message(cx), "model 2 has 5 conditions, the data have 6"));
    m.rows.cols--;
    assert_int_equal(bram_searchlight_run(cx, out, centre, count, &m.job), BRAM_ESHAPE);
    bram_free(centre);
    m.where.radius = 0;
    assert_int_equal(bram_searchlight_centres(cx, &centre, &count, &m.where), BRAM_EUSAGE);
    free(out);
    bram_ctx_free(cx);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static struct made m;
    make(&m);
    size_t centre = (3 * Y + 3) * Z + 1;
    double out[2];
    int status = BRAM_ENOMEM;
    for (size_t at = 1; status != BRAM_OK; at++) {
        bram_ctx *cx = bram_ctx_new();
        bram_fail_allocation(at, at % 2);
        status = bram_searchlight_run(cx, out, &centre, 1, &m.job);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
        bram_ctx_free(cx);
    }
    assert_true(out[0] > 0.5);
}

static void a_file_comes_back(void **state)
{
    (void)state;
    if (!bram_nifti_available()) {
        print_message("# skipped: built without libniftiio\n");
        return;
    }
    bram_ctx *cx = bram_ctx_new();
    bram_volumes like = {{3, 4, 5}, 0, NULL, NULL}, found;
    double values[2 * 60];
    char path[256];
    for (size_t i = 0; i < 120; i++) values[i] = i == 7 ? NAN : 1 / (double)(i + 1);
    static const char *const names[] = {"volume.nii", "volume.nii.gz"};
    for (size_t k = 0; k < 2; k++) {
        test_temporary(path, names[k]);
        assert_ok(cx, bram_nifti_write(cx, path, true, &like, values, 2));
        assert_ok(cx, bram_nifti_read(cx, &found, path));
        assert_true(found.dims[0] == 3 && found.dims[1] == 4 && found.dims[2] == 5);
        assert_int_equal(found.count, 2);
        for (size_t i = 0; i < 120; i++) assert_same(found.values[i], values[i], 0);
        assert_int_equal(bram_nifti_write(cx, path, false, &found, values, 1), BRAM_EWRITE);
        bram_volumes_release(&found);
        if (k == 0) { /* cut short */
            assert_int_equal(truncate(path, 352 + 900), 0);
            assert_int_equal(bram_nifti_read(cx, &found, path), BRAM_EFORMAT);
            assert_int_equal(truncate(path, 100), 0);
            assert_int_equal(bram_nifti_read(cx, &found, path), BRAM_EFORMAT);
        }
        unlink(path);
        assert_int_equal(bram_nifti_read(cx, &found, path), BRAM_EREAD);
    }
    assert_int_equal(bram_nifti_write(cx, "volume.img", true, &like, values, 1), BRAM_EUSAGE);
    bram_ctx_free(cx);
}

/* The bytes of a volume of 2 x 1 x 3 small integers with a slope, made here by the format's
 * definition (nifti1.h): x runs fastest in the file, z in ours. */
static void made_by_the_definition(void **state)
{
    (void)state;
    if (!bram_nifti_available()) return;
    unsigned char bytes[352 + 12] = {0};
    const int32_t size = 348;
    const int16_t dim[8] = {3, 2, 1, 3, 1, 1, 1, 1}, type = 4, bits = 16;
    const int16_t data[6] = {1, 2, 3, 4, 5, 6};
    const float pixdim[8] = {1, 2, 2, 3, 1, 1, 1, 1}, offset = 352, slope = 0.5, intercept = 10;
    memcpy(bytes, &size, 4);
    memcpy(bytes + 40, dim, 16);
    memcpy(bytes + 70, &type, 2);
    memcpy(bytes + 72, &bits, 2);
    memcpy(bytes + 76, pixdim, 32);
    memcpy(bytes + 108, &offset, 4);
    memcpy(bytes + 112, &slope, 4);
    memcpy(bytes + 116, &intercept, 4);
    memcpy(bytes + 344, "n+1", 4);
    memcpy(bytes + 352, data, 12);
    char path[256];
    test_temporary(path, "definition.nii");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, sizeof bytes, file), sizeof bytes);
    fclose(file);
    bram_ctx *cx = bram_ctx_new();
    bram_volumes v;
    assert_ok(cx, bram_nifti_read(cx, &v, path));
    const double expected[6] = {10.5, 11.5, 12.5, 11, 12, 13};
    assert_true(v.dims[0] == 2 && v.dims[1] == 1 && v.dims[2] == 3 && v.count == 1);
    for (size_t i = 0; i < 6; i++) assert_near(v.values[i], expected[i], 0);
    bram_volumes_release(&v);
    unlink(path);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spheres),
        cmocka_unit_test(sizes_of_spheres),
        cmocka_unit_test(values),
        cmocka_unit_test(missing_and_refused),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_file_comes_back),
        cmocka_unit_test(made_by_the_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
