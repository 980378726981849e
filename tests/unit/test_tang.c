/*
 * The recordings of Tang et al. (awake macaque V1, 9500 binary patterns): ridge on the means of
 * blocks of the central pixels and their products, on the stored random split of the shared
 * reference data: r 0.592, 0.614 and 0.509 for neurons 75, 255 and 381; next to nothing with
 * shuffled rows. The random split checks the pairing; the order of the patterns is not
 * exchangeable, and the split by blocks is the honest one.
 */
#include "archivefile.h"
#include "linalg.h"
#include "npy.h"
#include "reference_file.h"
#include "ridge.h"

#include <bramble/rng.h>

#include <zlib.h>

enum { IMAGES = 9500, SIDE = 160, BLOCKS = 10, TRAIN = 8000 };
enum { MEANS = BLOCKS * BLOCKS, FEATURES = MEANS + MEANS * (MEANS + 1) / 2 };

static size_t big(const unsigned char *at)
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

static unsigned char paeth(int a, int b, int c)
{
    int pa = abs(b - c), pb = abs(a - c), pc = abs(a + b - 2 * c);
    return (unsigned char)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

/* A grey image of 1 or 8 bits of SIDE x SIDE, not interlaced: all that these are. Values 0 .. 1. */
static void decode(float *out, const unsigned char *png, size_t size)
{
    static unsigned char packed[1 << 20], raw[SIDE * (SIDE + 1)];
    size_t at = 8, count = 0, bits = 0;
    for (; at + 12 <= size; at += 12 + big(png + at)) {
        const unsigned char *data = png + at + 8;
        if (!memcmp(png + at + 4, "IHDR", 4)) {
            assert_int_equal(big(data), SIDE);
            assert_int_equal(big(data + 4), SIDE);
            bits = data[8];
            assert_true((bits == 1 || bits == 8) && data[9] == 0 && data[12] == 0);
        }
        if (memcmp(png + at + 4, "IDAT", 4) != 0) continue;
        assert_true(count + big(png + at) <= sizeof packed);
        memcpy(packed + count, data, big(png + at));
        count += big(png + at);
    }
    size_t width = SIDE * bits / 8;
    uLongf length = sizeof raw;
    assert_int_equal(uncompress(raw, &length, packed, count), Z_OK);
    assert_int_equal(length, SIDE * (width + 1));
    for (size_t y = 0; y < SIDE; y++) {
        unsigned char *row = raw + y * (width + 1), filter = row[0];
        const unsigned char *above = y ? row - width : NULL; /* the bytes of the row before */
        row++;
        for (size_t x = 0; x < width; x++) {
            int a = x ? row[x - 1] : 0, b = above ? above[x] : 0, c = x && above ? above[x - 1] : 0;
            int add = filter == 1   ? a
                      : filter == 2 ? b
                      : filter == 3 ? (a + b) / 2
                      : filter == 4 ? paeth(a, b, c)
                                    : 0;
            row[x] = (unsigned char)(row[x] + add);
        }
        for (size_t x = 0; x < SIDE; x++)
            out[y * SIDE + x] = bits == 8 ? (float)row[x] / 255
                                          : (float)(row[x / 8] >> (7 - x % 8) & 1);
    }
}

/* Means of 10 x 10 blocks of 4 x 4 of the central pixels, and products of two of them. */
static void features(double *row, const float *image)
{
    for (size_t k = 0; k < MEANS; k++) {
        size_t top = 60 + k / BLOCKS * 4, left = 60 + k % BLOCKS * 4;
        row[k] = 0;
        for (size_t y = top; y < top + 4; y++)
            for (size_t x = left; x < left + 4; x++) row[k] += (double)image[y * SIDE + x] / 16;
    }
    size_t at = MEANS;
    for (size_t k = 0; k < MEANS; k++)
        for (size_t l = k; l < MEANS; l++) row[at++] = row[k] * row[l];
}

static void read_images(bram_ctx *cx, bram_mat *out, const char *path)
{
    static float image[SIDE * SIDE];
    bram_archive *archive;
    const char *name;
    size_t found = 0;
    assert_ok(cx, bram_mat_new(cx, out, IMAGES, FEATURES));
    assert_ok(cx, bram_archive_open(cx, &archive, path));
    for (;;) {
        assert_ok(cx, bram_archive_next(cx, archive, &name));
        if (!name) break;
        const char *last = strrchr(name, '/');
        size_t number = (size_t)strtoul(last ? last + 1 : name, NULL, 10), size;
        if (!strstr(name, ".png")) continue;
        unsigned char *bytes;
        assert_true(number >= 1 && number <= IMAGES);
        assert_ok(cx, bram_archive_take(cx, archive, &bytes, &size, 1 << 20));
        decode(image, bytes, size);
        bram_free(bytes);
        features(bram_row(out, number - 1), image);
        found++;
    }
    bram_archive_close(archive);
    assert_int_equal(found, IMAGES);
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
