/*
 * The recordings of Tang et al. (awake macaque V1, 9500 binary patterns): ridge on the features of
 * the model `second-order` (means of blocks of the central pixels and their products), on the
 * stored random split of the shared reference data: r 0.592, 0.614 and 0.509 for neurons 75, 255
 * and 381; next to nothing with shuffled rows. The random split checks the pairing; the order of
 * the patterns is not exchangeable, and the split by blocks is the honest one.
 */
#include "linalg.h"
#include "npy.h"
#include "pictures.h"
#include "reference_file.h"
#include "ridge.h"

#include <bramble/model.h>
#include <bramble/rng.h>

enum { IMAGES = 9500, SIDE = 160, BLOCKS = 10, TRAIN = 8000 };
enum { MEANS = BLOCKS * BLOCKS, FEATURES = MEANS + MEANS * (MEANS + 1) / 2 };

struct pictures {
    bram_response *response;
    size_t found;
};

/* Puts the picture NUMBER.png in its row. */
static int put_picture(bram_ctx *cx, void *user, const char *name, const unsigned char *bytes,
                       size_t size)
{
    struct pictures *p = user;
    bram_image im = {0}, grey = {0};
    const char *last = strrchr(name, '/');
    size_t number = (size_t)strtoul(last ? last + 1 : name, NULL, 10);
    assert_true(number >= 1 && number <= IMAGES);
    BRAM_TRY(bram_image_decode(cx, &im, bytes, size, name));
    BRAM_TRY(bram_image_convert(cx, &grey, &im, 1, 1));
    int status = bram_pictures_put(cx, p->response, number - 1, &grey, name);
    bram_image_release(&im);
    bram_image_release(&grey);
    p->found++;
    return status;
}

/* The features of all pictures by the model `second-order`. */
static void read_images(bram_ctx *cx, bram_mat *out, const char *path)
{
    static char text[IMAGES][8];
    static const char *id[IMAGES];
    bram_axis *stimulus;
    bram_dataset *ds, *answer;
    bram_fitted *model;
    struct pictures p = {.found = 0};
    bram_panel panel = {.segments = 0};
    bram_query q = {.ask = BRAM_ASK_FEATURES, .panel = &panel};
    for (size_t i = 0; i < IMAGES; i++) {
        snprintf(text[i], sizeof text[i], "%zu", i + 1);
        id[i] = text[i];
    }
    assert_ok(cx, bram_axis_new(cx, &stimulus, "stimulus", IMAGES));
    assert_ok(cx, bram_axis_set_ids(cx, stimulus, id));
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_pictures_new(cx, &p.response, "pattern", stimulus, SIDE, SIDE, 1));
    assert_ok(cx, bram_dataset_add(cx, ds, "stimuli/images", p.response));
    assert_ok(cx, bram_images_each(cx, path, put_picture, &p));
    assert_int_equal(p.found, IMAGES);
    panel.public_data = ds, q.stimulus = stimulus;
    assert_ok(cx, bram_fitted_new(cx, &model, "second-order", &panel, NULL, 0));
    assert_ok(cx, bram_fitted_answer(cx, &answer, model, &q));
    const bram_response *r = bram_dataset_response(answer, "products");
    assert_int_equal(bram_response_length(r, 1), FEATURES);
    assert_ok(cx, bram_mat_new(cx, out, IMAGES, FEATURES));
    assert_ok(cx, bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){IMAGES, FEATURES},
                                     out->data, NULL));
    bram_fitted_free(model);
    bram_dataset_free(answer);
    bram_dataset_free(ds);
    bram_axis_free(stimulus);
}

static void take(bram_mat *out, const bram_mat *from, const size_t *row)
{
    for (size_t i = 0; i < out->rows; i++)
        memcpy(bram_row(out, i), bram_row(from, row[i]), out->cols * sizeof *out->data);
}

static double correlation(const bram_mat *a, const bram_mat *b, size_t j)
{
    double n = (double)a->rows, ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < a->rows; i++) ma += bram_row(a, i)[j] / n, mb += bram_row(b, i)[j] / n;
    for (size_t i = 0; i < a->rows; i++) {
        double da = bram_row(a, i)[j] - ma, db = bram_row(b, i)[j] - mb;
        aa += da * da, bb += db * db, ab += da * db;
    }
    return ab / sqrt(aa) / sqrt(bb);
}

static void second_order_features_predict_v1(void **state)
{
    (void)state;
    static const char *const neurons[] = {"neu75", "neu255", "neu381"};
    static const double published[] = {.592, .614, .509};
    char path[512], archive[512], split[512];
    test_data(archive, "vision/encoding/tang_v1_patterns/pattern-stimuli.tar.gz");
    test_data(split, "../reference/tang_split.json");
    bram_ctx *cx = bram_ctx_new();
    bram_json *file;
    bram_mat x, y, train, test, y_train, y_test, a, b, p;
    size_t *order = bram_scratch(cx, IMAGES, sizeof *order), n;
    double *list, mean[6], alpha[6] = {50, 50, 50, 50, 50, 50};
    assert_ok(cx, bram_json_read(cx, &file, split, 0));
    assert_ok(cx, bram_json_numbers(cx, &list, &n, bram_json_get(file, "order")));
    assert_int_equal(n, IMAGES);
    for (size_t i = 0; i < IMAGES; i++) order[i] = (size_t)list[i];
    bram_free(list);
    bram_json_free(file);
    assert_ok(cx, bram_mat_new(cx, &y, IMAGES, 6)); /* as recorded, and with shuffled rows */
    bram_rng g = bram_rng_new(1, "test/tang");
    size_t *other = bram_scratch(cx, IMAGES, sizeof *other);
    for (size_t i = 0; i < IMAGES; i++) other[i] = i;
    bram_rng_permutation(&g, IMAGES, other);
    for (size_t k = 0; k < 3; k++) {
        char name[96];
        snprintf(name, sizeof name, "vision/encoding/tang_v1_patterns/neurons/%s.npy", neurons[k]);
        test_data(path, name);
        bram_npy *npy;
        double *value = bram_scratch(cx, IMAGES, sizeof *value);
        assert_ok(cx, bram_npy_open(cx, &npy, path));
        assert_int_equal(bram_npy_describe(npy)->count, IMAGES);
        assert_ok(cx, bram_npy_read(cx, npy, value));
        bram_npy_close(npy);
        for (size_t i = 0; i < IMAGES; i++) {
            bram_row(&y, i)[k] = value[i];
            bram_row(&y, other[i])[3 + k] = value[i];
        }
    }
    read_images(cx, &x, archive);
    assert_ok(cx, bram_mat_new(cx, &train, TRAIN, FEATURES));
    assert_ok(cx, bram_mat_new(cx, &test, IMAGES - TRAIN, FEATURES));
    assert_ok(cx, bram_mat_scratch(cx, &y_train, TRAIN, 6));
    assert_ok(cx, bram_mat_scratch(cx, &y_test, IMAGES - TRAIN, 6));
    take(&train, &x, order), take(&y_train, &y, order);
    take(&test, &x, order + TRAIN), take(&y_test, &y, order + TRAIN);
    bram_free(x.data);
    bram_free(y.data);
    bram_ridge *ridge;
    assert_ok(cx, bram_ridge_new_at(cx, &ridge, &train, 50));
    bram_free(train.data);
    assert_ok(cx, bram_mat_scratch(cx, &b, bram_ridge_rank(ridge), 6));
    assert_ok(cx, bram_mat_new(cx, &a, test.rows, bram_ridge_rank(ridge)));
    assert_ok(cx, bram_mat_scratch(cx, &p, test.rows, 6));
    assert_ok(cx, bram_ridge_project(cx, ridge, &b, mean, &y_train));
    assert_ok(cx, bram_ridge_basis(cx, ridge, &a, &test));
    assert_ok(cx, bram_ridge_predict(cx, ridge, &p, &a, &b, mean, alpha));
    for (size_t k = 0; k < 3; k++) {
        print_message("# %s: r %.4f, shuffled %.4f\n", neurons[k], correlation(&p, &y_test, k),
                      correlation(&p, &y_test, 3 + k));
        assert_near(correlation(&p, &y_test, k), published[k], .005);
        assert_near(correlation(&p, &y_test, 3 + k), 0, .1);
    }
    bram_ridge_free(ridge);
    bram_free(test.data);
    bram_free(a.data);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(second_order_features_predict_v1)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
