/* Tests of core/pictures.c: pictures in a dataset (as levels, to a file and back) and beside it. */
#include "pictures.h"

#include "archivefile.h"
#include "hash.h"
#include "test.h"

#include <sys/stat.h>

enum { N = 150, ROWS = 3, COLS = 4 };

static char path[256], archive[256];

static int set_up(void **state)
{
    bram_init();
    test_temporary(path, "pictures.h5");
    test_temporary(archive, "pictures.tar");
    *state = bram_ctx_new();
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    bram_ctx_free(*state);
    unlink(path);
    unlink(archive);
    return 0;
}

static int level(size_t i, size_t k)
{
    return (int)(7 * i + 3 * k) % 256;
}

static bram_axis *stimuli(bram_ctx *cx)
{
    static char text[N][16];
    const char *id[N];
    bram_axis *axis = NULL;
    for (size_t i = 0; i < N; i++) {
        snprintf(text[i], sizeof text[i], "s%03zu", i);
        id[i] = text[i];
    }
    assert_ok(cx, bram_axis_new(cx, &axis, "stimulus", N));
    assert_ok(cx, bram_axis_set_ids(cx, axis, id));
    return axis;
}

static void describe(bram_ctx *cx, bram_dataset *ds)
{
    static const char *const needed[] = {"dataset", "licence", "citation", "history"};
    bram_attrs *attrs = bram_dataset_attrs(cx, ds, "");
    assert_non_null(attrs);
    for (size_t i = 0; i < 4; i++) assert_ok(cx, bram_attrs_set_text(cx, attrs, needed[i], "made"));
}

static bram_dataset *made(bram_ctx *cx, size_t channels)
{
    bram_axis *axis = stimuli(cx);
    bram_dataset *ds = NULL;
    bram_response *r = NULL;
    float values[ROWS * COLS * 3];
    bram_image im = {ROWS, COLS, channels, 8, values};
    assert_ok(cx, bram_dataset_new(cx, &ds));
    describe(cx, ds);
    assert_ok(cx, bram_pictures_new(cx, &r, "shown", axis, ROWS, COLS, channels));
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < ROWS * COLS * channels; k++) values[k] = (float)level(i, k) / 255;
        assert_ok(cx, bram_pictures_put(cx, r, i, &im, "p"));
    }
    im.cols--;
    assert_int_equal(bram_pictures_put(cx, r, 0, &im, "p"), BRAM_ESHAPE);
    assert_ok(cx, bram_dataset_add(cx, ds, "stimuli/images", r));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "stimuli", axis));
    return ds;
}

struct seen {
    size_t count, calls, channels;
    size_t order[N];
};

/* Every picture is the one of its stimulus: wanted are every other one, from the last on. */
static int see(bram_ctx *cx, void *user, const bram_picture_batch *b)
{
    (void)cx;
    struct seen *s = user;
    s->calls++;
    for (size_t k = 0; k < b->count; k++) {
        const bram_image *im = &b->image[k];
        assert_int_equal(im->rows, ROWS);
        assert_int_equal(im->cols, COLS);
        assert_int_equal(im->channels, s->channels);
        for (size_t p = 0; p < ROWS * COLS * s->channels; p++)
            assert_near(im->values[p], level(N - 1 - 2 * b->at[k], p) / 255.0, 1e-7);
        s->order[s->count++] = b->at[k];
    }
    return BRAM_OK;
}

static bram_axis *every_other(bram_ctx *cx, const bram_axis *all)
{
    size_t row[N / 2];
    bram_axis *some = NULL;
    for (size_t i = 0; i < N / 2; i++) row[i] = N - 1 - 2 * i;
    assert_ok(cx, bram_axis_take(cx, &some, all, row, N / 2));
    return some;
}

static void stored_as_levels(void **state)
{
    bram_ctx *cx = *state;
    for (size_t channels = 1; channels <= 3; channels += 2) {
        bram_dataset *ds = made(cx, channels), *again = NULL;
        size_t errors = 42;
        char before[65], after[65];
        assert_ok(cx, bram_dataset_write(cx, ds, path, true));
        assert_ok(cx, bram_dataset_hash(cx, ds, before));
        assert_ok(cx, bram_dataset_open(cx, &again, path));
        assert_ok(cx, bram_dataset_hash(cx, again, after));
        assert_string_equal(before, after);
        assert_ok(cx, bram_dataset_check(cx, again, NULL, NULL, &errors));
        assert_int_equal(errors, 0);
        const bram_response *r = bram_dataset_response(again, "stimuli/images/shown");
        assert_int_equal(bram_response_type(r), BRAM_U8);
        assert_string_equal(bram_type_name(bram_response_type(r)), "uint8");
        bram_axis *some = every_other(cx, bram_dataset_table(again, "stimuli/stimulus"));
        for (int named = 0; named < 2; named++) {
            struct seen s = {.channels = channels};
            assert_ok(cx, bram_pictures_each(cx, named ? again : ds, named ? "shown" : "", "", some,
                                             see, &s));
            assert_int_equal(s.count, N / 2);
            assert_int_equal(s.calls, 2); /* 64 and 11 */
            for (size_t i = 0; i < N / 2; i++) assert_int_equal(s.order[i], i);
        }
        bram_axis_free(some);
        bram_dataset_free(again);
        bram_dataset_free(ds);
    }
}

static void what_is_not_there_is_named(void **state)
{
    bram_ctx *cx = *state;
    bram_dataset *ds = made(cx, 1), *empty = NULL;
    bram_axis *other = NULL;
    struct seen s = {.channels = 1};
    assert_ok(cx, bram_dataset_new(cx, &empty));
    assert_ok(cx, bram_axis_new(cx, &other, "stimulus", 1));
    assert_ok(cx, bram_axis_set_ids(cx, other, (const char *const[]){"elsewhere"}));
    assert_int_equal(bram_pictures_each(cx, ds, "", "", other, see, &s), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "elsewhere"));
    assert_int_equal(bram_pictures_each(cx, ds, "hidden", "", other, see, &s), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "shown"));
    assert_int_equal(bram_pictures_each(cx, empty, "", "", other, see, &s), BRAM_ENOTAPPLICABLE);
    assert_int_equal(bram_pictures_each(cx, ds, "", "/nowhere", other, see, &s),
                     BRAM_ENOTAPPLICABLE);
    bram_axis_free(other);
    bram_dataset_free(empty);
    bram_dataset_free(ds);
}

/* A float that is not 0 to 1, and axes of other names, are told by check. */
static void other_forms_are_errors(void **state)
{
    bram_ctx *cx = *state;
    bram_axis *axis = stimuli(cx), *pixel = NULL;
    bram_dataset *ds = NULL;
    bram_response *r = NULL;
    size_t errors = 0;
    assert_ok(cx, bram_axis_new(cx, &pixel, "pixel", 5));
    assert_ok(cx, bram_dataset_new(cx, &ds));
    describe(cx, ds);
    assert_ok(cx,
              bram_response_new(cx, &r, "flat", BRAM_F64, 2, (const bram_axis *[]){axis, pixel}));
    assert_ok(cx, bram_dataset_add(cx, ds, "stimuli/images", r));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "stimuli", axis));
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 2);
    assert_int_equal(bram_pictures_find(cx, &(const bram_response *){NULL}, ds, "flat", NULL),
                     BRAM_ENOTAPPLICABLE);
    bram_axis_free(pixel);
    bram_dataset_free(ds);
}

/* ---- beside the dataset --------------------------------------------------------------------- */

static void put32(unsigned char *to, size_t value)
{
    for (int i = 0; i < 4; i++) to[i] = (unsigned char)(value >> (24 - 8 * i));
}

static uint32_t crc(const unsigned char *p, size_t size)
{
    uint32_t sum = 0xffffffffU;
    for (size_t i = 0; i < size; i++) {
        sum ^= p[i];
        for (int k = 0; k < 8; k++) sum = sum >> 1 ^ (sum & 1 ? 0xedb88320U : 0);
    }
    return ~sum;
}

static size_t chunk(unsigned char *to, const char *type, const unsigned char *data, size_t size)
{
    put32(to, size);
    memcpy(to + 4, type, 4);
    if (size) memcpy(to + 8, data, size);
    put32(to + 8 + size, crc(to + 4, size + 4));
    return size + 12;
}

/* The picture of stimulus i as a grey PNG, its pixels stored without compression (RFC 1950). */
static size_t png(unsigned char *to, size_t i)
{
    unsigned char head[13] = {0}, data[100], *raw = data + 7;
    size_t n = 0;
    put32(head, COLS), put32(head + 4, ROWS), head[8] = 8;
    for (size_t r = 0; r < ROWS; r++) {
        raw[n++] = 0;
        for (size_t c = 0; c < COLS; c++) raw[n++] = (unsigned char)level(i, r * COLS + c);
    }
    unsigned a = 1, b = 0; /* Adler's sum */
    for (size_t k = 0; k < n; k++) a = (a + raw[k]) % 65521, b = (b + a) % 65521;
    data[0] = 0x78, data[1] = 1, data[2] = 1;
    data[3] = (unsigned char)n, data[4] = 0, data[5] = (unsigned char)~n, data[6] = 0xff;
    put32(raw + n, (size_t)b << 16 | a);
    memcpy(to, "\x89PNG\r\n\x1a\n", 8);
    size_t size = 8;
    size += chunk(to + size, "IHDR", head, 13);
    size += chunk(to + size, "IDAT", data, n + 11);
    return size + chunk(to + size, "IEND", NULL, 0);
}

static void make_archive(bram_ctx *cx, bool twice)
{
    unsigned char bytes[300];
    char name[64];
    bram_outfile *file = NULL;
    bram_archive_out *out = NULL;
    assert_ok(cx, bram_outfile_open(cx, &file, archive, true));
    assert_ok(cx, bram_archive_out_new(cx, &out, file));
    for (size_t i = 0; i < (twice ? N + 1 : N); i++) {
        size_t size = png(bytes, i % N);
        snprintf(name, sizeof name, "%s/%zu.png", i < N ? "set" : "other", i % N + 1);
        assert_ok(cx, bram_archive_out_add(cx, out, name, bytes, size));
    }
    assert_ok(cx, bram_archive_out_end(cx, out));
    assert_ok(cx, bram_outfile_commit(cx, file));
}

/* A table of stimuli that names files; `wrong`: one hash is another's. */
static bram_dataset *naming(bram_ctx *cx, const char *folder, bool wrong)
{
    static char name[N][32], hash[N][65];
    const char *names[N], *hashes[N];
    unsigned char bytes[300];
    bram_axis *axis = stimuli(cx);
    bram_dataset *ds = NULL;
    for (size_t i = 0; i < N; i++) {
        snprintf(name[i], sizeof name[i], "%s%zu.png", folder, i + 1);
        size_t size = png(bytes, wrong && i == 3 ? 4 : i);
        assert_ok(cx, bram_sha256(cx, hash[i], bytes, size));
        names[i] = name[i], hashes[i] = hash[i];
    }
    assert_ok(cx, bram_axis_add_text(cx, axis, "image", names));
    assert_ok(cx, bram_axis_add_text(cx, axis, "image_sha256", hashes));
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "stimuli", axis));
    return ds;
}

static void pictures_beside_the_dataset(void **state)
{
    bram_ctx *cx = *state;
    for (unsigned threads = 1; threads < 3; threads++) {
        bram_dataset *ds = naming(cx, threads == 1 ? "" : "set/", false);
        bram_axis *some = every_other(cx, bram_dataset_table(ds, "stimuli/stimulus"));
        struct seen s = {.channels = 1};
        bram_ctx_set_threads(cx, threads);
        make_archive(cx, threads == 2);
        assert_ok(cx, bram_pictures_each(cx, ds, "", archive, some, see, &s));
        assert_int_equal(s.count, N / 2);
        bram_axis_free(some);
        bram_dataset_free(ds);
    }
    bram_dataset *ds = naming(cx, "", true);
    const bram_axis *all = bram_dataset_table(ds, "stimuli/stimulus");
    struct seen s = {.channels = 1};
    size_t row = 3;
    bram_axis *one = NULL;
    assert_ok(cx, bram_axis_take(cx, &one, all, &row, 1));
    assert_int_equal(bram_pictures_each(cx, ds, "", archive, one, see, &s), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "4.png is another picture"));
    bram_axis_free(one);
    row = 0; /* set/1.png and other/1.png */
    assert_ok(cx, bram_axis_take(cx, &one, all, &row, 1));
    assert_int_equal(bram_pictures_each(cx, ds, "", archive, one, see, &s), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "two pictures are called \"1.png\""));
    bram_axis_free(one);
    bram_dataset_free(ds);
    ds = naming(cx, "elsewhere/", false);
    all = bram_dataset_table(ds, "stimuli/stimulus");
    assert_int_equal(bram_pictures_each(cx, ds, "", archive, all, see, &s), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "no picture \"elsewhere/1.png\""));
    assert_int_equal(s.count, 0);
    bram_dataset_free(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stored_as_levels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_forms_are_errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pictures_beside_the_dataset, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
