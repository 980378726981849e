/*
 * Tests of core/image.c, image_files.c and image_form.c. PNG: samples are known by a formula. JPEG
 * and other sizes: values of Pillow 13.0.0 (mode F for sizes) and, for areas, of OpenCV 5.0.0.
 */
#include "image.h"

#include "archivefile.h"
#include "image_bytes.h"
#include "internal.h"
#include "testzip.h"

#include <sys/stat.h>

static int set_up(void **state)
{
    *state = bram_ctx_new();
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    bram_ctx_free(*state);
    return 0;
}

struct bytes {
    unsigned char at[2048];
    size_t size;
};

static struct bytes from_hex(const char *hex)
{
    struct bytes b = {.size = strlen(hex) / 2};
    assert_true(b.size <= sizeof b.at);
    for (size_t i = 0; i < b.size; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        b.at[i] = (unsigned char)byte;
    }
    return b;
}

static bram_image decode(bram_ctx *cx, const char *hex)
{
    struct bytes b = from_hex(hex);
    bram_image im = {0};
    assert_true(bram_image_is(b.at, b.size));
    assert_ok(cx, bram_image_decode(cx, &im, b.at, b.size, "picture"));
    return im;
}

static unsigned sample(size_t i, size_t j, size_t c, unsigned bits)
{
    return (unsigned)(37 * i + 91 * j + 53 * c + 17 * i * j) % (1U << bits);
}

/* ---- PNG ------------------------------------------------------------------------------------ */

static void every_form_of_png(void **state)
{
    static const struct {
        const char *hex;
        unsigned bits, channels, kept;
    } forms[] = {{png_grey1, 1, 1, 8},           {png_grey2, 2, 1, 8},
                 {png_grey4, 4, 1, 8},           {png_grey8, 8, 1, 8},
                 {png_grey16, 16, 1, 16},        {png_rgb8, 8, 3, 8},
                 {png_rgb16, 16, 3, 16},         {png_grey_alpha8, 8, 2, 8},
                 {png_grey_alpha16, 16, 2, 16},  {png_rgb_alpha8, 8, 4, 8},
                 {png_rgb_alpha16, 16, 4, 16},   {png_rgb8_interlaced, 8, 3, 8},
                 {png_grey1_interlaced, 1, 1, 8}};
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
        bram_image im = decode(*state, forms[f].hex);
        assert_int_equal(im.rows, 3);
        assert_int_equal(im.cols, 5);
        assert_int_equal(im.channels, forms[f].channels);
        assert_int_equal(im.bits, forms[f].kept);
        for (size_t i = 0, k = 0; i < 3; i++)
            for (size_t j = 0; j < 5; j++)
                for (size_t c = 0; c < im.channels; c++, k++)
                    assert_near(im.values[k],
                                (float)sample(i, j, c, forms[f].bits) /
                                    (float)((1U << forms[f].bits) - 1),
                                1e-7);
        bram_image_release(&im);
    }
}

static void palettes_and_transparent_values(void **state)
{
    for (int alpha = 0; alpha < 2; alpha++) {
        bram_image im = decode(*state, alpha ? png_palette2_alpha : png_palette2);
        assert_int_equal(im.channels, 3 + alpha);
        for (size_t i = 0, at = 0; i < 3; i++)
            for (size_t j = 0; j < 5; j++, at += im.channels) {
                unsigned k = sample(i, j, 0, 2);
                assert_near(im.values[at] * 255, 10 * k, 1e-4);
                assert_near(im.values[at + 1] * 255, 255 - 20 * k, 1e-4);
                assert_near(im.values[at + 2] * 255, k * k, 1e-4);
                if (alpha)
                    assert_near(im.values[at + 3] * 255, k == 0 ? 0 : k == 1 ? 128 : 255, 1e-4);
            }
        bram_image_release(&im);
    }
    bram_image im = decode(*state, png_grey8_key);
    assert_int_equal(im.channels, 2);
    for (size_t i = 0; i < 15; i++)
        assert_near(im.values[2 * i + 1], sample(i / 5, i % 5, 0, 8) != sample(1, 2, 0, 8), 0);
    bram_image_release(&im);
}

/* ---- JPEG ----------------------------------------------------------------------------------- */

static const size_t points[6][2] = {{0, 0}, {3, 5}, {7, 11}, {11, 16}, {5, 0}, {0, 16}};

static void jpeg_as_pillow_reads_it(void **state)
{
    static const struct {
        const char *hex;
        size_t channels;
        int value[6][3], sum;
    } pictures[] = {
        {jpeg_colour,
         3,
         {{0, 1, 5}, {80, 59, 76}, {163, 141, 179}, {232, 202, 148}, {6, 97, 56}, {225, 8, 141}},
         73443},
        {jpeg_progressive,
         3,
         {{0, 1, 3}, {79, 56, 82}, {168, 137, 178}, {233, 232, 2}, {0, 101, 53}, {234, 3, 141}},
         73530},
        {jpeg_grey, 1, {{0}, {77}, {178}, {7}, {55}, {144}}, 26526}};
    for (size_t p = 0; p < sizeof pictures / sizeof *pictures; p++) {
        bram_image im = decode(*state, pictures[p].hex);
        double sum = 0;
        assert_int_equal(im.rows, 12);
        assert_int_equal(im.cols, 17);
        assert_int_equal(im.channels, pictures[p].channels);
        for (size_t k = 0; k < 12 * 17 * im.channels; k++) sum += 255 * (double)im.values[k];
        assert_near(sum, pictures[p].sum, 0.01);
        for (size_t k = 0; k < 6; k++)
            for (size_t c = 0; c < im.channels; c++)
                assert_near(255 * im.values[(points[k][0] * 17 + points[k][1]) * im.channels + c],
                            pictures[p].value[k][c], 1e-4);
        bram_image_release(&im);
    }
}

/* ---- hostile -------------------------------------------------------------------------------- */

static void refuse(bram_ctx *cx, const struct bytes *b, int status, const char *word)
{
    bram_image im = {.rows = 42};
    assert_int_equal(bram_image_decode(cx, &im, b->at, b->size, "picture.x"), status);
    assert_int_equal(im.rows, 42);
    assert_null(im.values);
    assert_non_null(strstr(bram_ctx_message(cx), "picture.x"));
    if (!strstr(bram_ctx_message(cx), word))
        fail_msg("\"%s\" is not in \"%s\"", word, bram_ctx_message(cx));
}

static void every_truncation_is_told(void **state)
{
    static const char *const all[] = {png_grey1,          png_rgb16,   png_rgb8_interlaced,
                                      png_palette2_alpha, jpeg_colour, jpeg_progressive,
                                      jpeg_grey};
    for (size_t f = 0; f < sizeof all / sizeof *all; f++) {
        struct bytes b = from_hex(all[f]);
        while (b.size--) refuse(*state, &b, BRAM_EFORMAT, "picture");
    }
}

/* Any byte may be wrong: an answer or an error, and of a PNG, whose chunks have sums, an error. */
static void damage_is_never_a_crash(void **state)
{
    static const char *const all[] = {png_grey1, png_rgb8_interlaced, jpeg_colour,
                                      jpeg_progressive};
    for (size_t f = 0; f < sizeof all / sizeof *all; f++) {
        struct bytes b = from_hex(all[f]);
        for (size_t i = 0; i < 8 * b.size; i++) {
            bram_image im = {0};
            b.at[i / 8] ^= (unsigned char)(1 << i % 8);
            int status = bram_image_decode(*state, &im, b.at, b.size, "damaged");
            if (f < 2) assert_int_not_equal(status, BRAM_OK);
            if (status != BRAM_OK) assert_int_equal(status, BRAM_EFORMAT);
            bram_image_release(&im);
            b.at[i / 8] ^= (unsigned char)(1 << i % 8);
        }
    }
}

static void put32(unsigned char *to, size_t value)
{
    for (int i = 0; i < 4; i++) to[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* A PNG of one bit a pixel that claims a size, and has as many bytes as asked. */
static void claim(unsigned char *file, size_t bytes, size_t side)
{
    struct bytes b = from_hex(png_grey1);
    memset(file, 0, bytes);
    memcpy(file, b.at, b.size);
    put32(file + 16, side), put32(file + 20, side);
    put32(file + 29, testzip_crc(file + 12, 17));
    put32(file + 33, bytes - 57);
}

static void lying_sizes_and_bombs(void **state)
{
    bram_ctx *cx = *state;
    struct bytes b = from_hex(png_lying);
    refuse(cx, &b, BRAM_EFORMAT, "cannot hold the 60000 x 60000 pixels");

    static unsigned char big[40000]; /* could hold 17000 x 17000 bits */
    bram_image im = {0};
    claim(big, sizeof big, 17000);
    assert_int_equal(bram_image_decode(cx, &im, big, sizeof big, "big.png"), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "17000 x 17000 pixels of 1 values, at most"));
    claim(big, sizeof big, 70000);
    assert_int_equal(bram_image_decode(cx, &im, big, sizeof big, "big.png"), BRAM_EFORMAT);

    b = from_hex(jpeg_grey); /* its frame header: marker, length, bits, rows, columns */
    for (size_t i = 0; i + 9 < b.size; i++)
        if (b.at[i] == 0xff && b.at[i + 1] == 0xc0) memset(b.at + i + 5, 0xfe, 4);
    refuse(cx, &b, BRAM_EFORMAT, "cannot hold the 65278 x 65278 pixels");

    b = from_hex(png_rgb8);
    bram_ctx_set_memory(cx, 100);
    refuse(cx, &b, BRAM_EMEMORY, "the budget is 100");
    bram_ctx_set_memory(cx, 0);
}

static void other_files_are_named(void **state)
{
    bram_ctx *cx = *state;
    struct bytes b = from_hex(jpeg_cmyk);
    refuse(cx, &b, BRAM_EFORMAT, "4 components (CMYK), expected grey or RGB");
    b = (struct bytes){.at = "GIF89a", .size = 6};
    refuse(cx, &b, BRAM_EFORMAT, "neither a PNG nor a JPEG");
    b.size = 0;
    refuse(cx, &b, BRAM_EFORMAT, "neither a PNG nor a JPEG");
    b = (struct bytes){.at = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"};
    b.size = strlen((char *)b.at);
    refuse(cx, &b, BRAM_EFORMAT, "git-LFS");
    bram_image im = {0};
    assert_int_equal(bram_image_read(cx, &im, "/nowhere/a.png"), BRAM_EREAD);
}

static void failing_allocations(void **state)
{
    (void)state;
    static const char *const all[] = {png_rgb8_interlaced, jpeg_colour};
    for (size_t f = 0; f < 2; f++) {
        struct bytes b = from_hex(all[f]);
        int status = BRAM_ENOMEM;
        for (size_t k = 1; status != BRAM_OK; k++) {
            bram_ctx *cx = bram_ctx_new();
            bram_image im = {0}, small = {0};
            bram_fail_allocation(k, k % 2);
            status = bram_image_decode(cx, &im, b.at, b.size, "picture");
            if (status == BRAM_OK)
                status = bram_image_resize(cx, &small, &im, 2, 2, BRAM_RESIZE_AREA);
            bram_fail_allocation(0, false);
            if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
            bram_image_release(&im);
            bram_image_release(&small);
            bram_ctx_free(cx);
            assert_true(k < 1000);
        }
    }
}

/* ---- many pictures -------------------------------------------------------------------------- */

struct seen {
    char names[200];
    size_t bytes;
};

static int see(bram_ctx *cx, void *user, const char *name, const unsigned char *bytes, size_t size)
{
    struct seen *s = user;
    bram_image im;
    BRAM_TRY(bram_image_decode(cx, &im, bytes, size, name));
    bram_image_release(&im);
    strcat(strcat(s->names, name), " ");
    s->bytes += size;
    return BRAM_OK;
}

static void put(const char *path, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void pictures_of_folders_and_archives(void **state)
{
    bram_ctx *cx = *state;
    struct bytes png = from_hex(png_grey8), jpeg = from_hex(jpeg_grey);
    char zip[256], tar[256], folder[256], path[300];
    test_temporary(zip, "images.zip");
    test_temporary(tar, "images.tar");
    test_temporary(folder, "images");
    struct testzip *z = calloc(1, sizeof *z);
    testzip_add(z, "set/b.PNG", png.at, png.size);
    testzip_add(z, "set/readme.txt", "hello", 5);
    testzip_add(z, "set/._b.png", "hello", 5);
    testzip_add(z, "set/a.jpeg", jpeg.at, jpeg.size);
    testzip_write(z, zip);
    free(z);
    struct seen s = {.bytes = 0};
    assert_ok(cx, bram_images_each(cx, zip, see, &s));
    assert_string_equal(s.names, "set/b.PNG set/a.jpeg ");
    assert_int_equal(s.bytes, png.size + jpeg.size);

    bram_outfile *file = NULL;
    bram_archive_out *out = NULL;
    assert_ok(cx, bram_outfile_open(cx, &file, tar, true));
    assert_ok(cx, bram_archive_out_new(cx, &out, file));
    assert_ok(cx, bram_archive_out_add(cx, out, "2.png", png.at, png.size));
    assert_ok(cx, bram_archive_out_add(cx, out, "1.png", "no picture", 10));
    assert_ok(cx, bram_archive_out_end(cx, out));
    assert_ok(cx, bram_outfile_commit(cx, file));
    s = (struct seen){.bytes = 0};
    assert_int_equal(bram_images_each(cx, tar, see, &s), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "1.png: neither a PNG nor a JPEG"));
    assert_string_equal(s.names, "2.png ");

    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(bram_images_each(cx, folder, see, &s), BRAM_EABSENT);
    snprintf(path, sizeof path, "%s/z.png", folder);
    put(path, png.at, png.size);
    s = (struct seen){.bytes = 0};
    assert_ok(cx, bram_images_each(cx, folder, see, &s));
    assert_string_equal(s.names, "z.png ");
    bram_image im = {0};
    assert_ok(cx, bram_image_read(cx, &im, path));
    assert_int_equal(im.cols, 5);
    bram_image_release(&im);
    assert_int_equal(bram_images_each(cx, "/nowhere", see, &s), BRAM_EREAD);
    unlink(path);
    rmdir(folder);
    unlink(zip);
    unlink(tar);
}

/* ---- forms and sizes ------------------------------------------------------------------------ */

static void grey_and_alpha_by_hand(void **state)
{
    bram_ctx *cx = *state;
    float rgba[] = {1, 0, 0.5F, 0.25F, 0, 1, 1, 1}, grey[] = {0.5F, 0.5F};
    bram_image in = {1, 2, 4, 8, rgba}, one = {1, 1, 2, 8, grey}, out = {0};
    assert_ok(cx, bram_image_convert(cx, &out, &in, 3, 0.5F));
    float rgb[] = {0.625F, 0.375F, 0.5F, 0, 1, 1};
    assert_memory_equal(out.values, rgb, sizeof rgb);
    bram_image_release(&out);
    assert_ok(cx, bram_image_convert(cx, &out, &in, 1, 0.5F));
    assert_near(out.values[0], 0.299 * 0.625 + 0.587 * 0.375 + 0.114 * 0.5, 1e-7);
    assert_near(out.values[1], 0.587 + 0.114, 1e-7);
    bram_image_release(&out);
    assert_ok(cx, bram_image_convert(cx, &out, &one, 3, 0));
    for (size_t c = 0; c < 3; c++) assert_near(out.values[c], 0.25, 0);
    bram_image_release(&out);
    assert_int_equal(bram_image_convert(cx, &out, &in, 2, 0), BRAM_EUSAGE);
}

/* The picture of 5 x 7 samples of 8 bits. */
static bram_image pattern(float *values)
{
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < 7; j++) values[i * 7 + j] = (float)sample(i, j, 0, 8) / 255;
    return (bram_image){5, 7, 1, 8, values};
}

static void expect(bram_ctx *cx, size_t rows, size_t cols, bram_resize how, const double *values)
{
    float room[35];
    bram_image in = pattern(room), out = {0};
    assert_ok(cx, bram_image_resize(cx, &out, &in, rows, cols, how));
    assert_int_equal(out.rows, rows);
    assert_int_equal(out.cols, cols);
    for (size_t k = 0; k < rows * cols; k++) assert_near(out.values[k], values[k], 1.5e-7);
    bram_image_release(&out);
}

static void sizes_as_other_tools_make_them(void **state)
{
    static const double bilinear_small[] = {0.3564426,  0.43344867, 0.48725492, 0.50275445,
                                            0.59492505, 0.49481794, 0.61321199, 0.44636679,
                                            0.47847807, 0.5264706,  0.43068051, 0.43823531};
    static const double bicubic_small[] = {0.32916456, 0.45484611, 0.47429267, 0.48859259,
                                           0.63643211, 0.48778677, 0.62867737, 0.42439428,
                                           0.48008254, 0.53238988, 0.42680436, 0.42619741};
    static const double area_small[] = {0.29344541, 0.42252105, 0.46554625, 0.46733898,
                                        0.60717088, 0.48885155, 0.61254907, 0.4189356,
                                        0.48347342, 0.49960789, 0.43148464, 0.44941181};
    static const double bilinear_large[] = {
        0,          0.2379085,  0.51546842, 0.56993467, 0.06666667, 0.34422657, 0.62178648,
        0.56470591, 0.13333334, 0.10882354, 0.38006538, 0.69651419, 0.78986931, 0.32549021,
        0.64193898, 0.54008716, 0.43823531, 0.54215688, 0.22973858, 0.53801745, 0.63740015,
        0.57875818, 0.61307192, 0.51724768, 0.51437908, 0.49291942, 0.41078433, 0.35065359,
        0.69596952, 0.65265071, 0.40482935, 0.48235294, 0.42973858, 0.4700799,  0.49183008,
        0.44673204, 0.47156864, 0.68660134, 0.71437907, 0.51906323, 0.18431373, 0.43518519,
        0.40718955, 0.43496734, 0.65000004, 0.58039218, 0.3267974,  0.47712418, 0.73899782,
        0.44313726, 0.1472767,  0.40915033, 0.55947715, 0.30588236};
    static const double bicubic_large[] = {
        -0.022132389, 0.2098166,   0.56164277,  0.6073094,  0.053928152, 0.30780354, 0.69771361,
        0.60706532,   0.080711573, 0.083875224, 0.34348369, 0.77541727,  0.88658375, 0.31165993,
        0.71955931,   0.53941733,  0.38712555,  0.60116094, 0.20784895,  0.55377507, 0.65460622,
        0.56672227,   0.68424112,  0.50384504,  0.51726007, 0.50770438,  0.38269308, 0.32372776,
        0.7800563,    0.68612438,  0.30603203,  0.50268704, 0.40747988,  0.47575018, 0.50992197,
        0.42127064,   0.46062818,  0.73224705,  0.79436797, 0.51740164,  0.12917228, 0.48733228,
        0.39006454,   0.3939915,   0.72060418,  0.60539258, 0.25678802,  0.44862601, 0.82050377,
        0.45587578,   0.061357744, 0.42403474,  0.61790603, 0.26930147};
    expect(*state, 4, 3, BRAM_RESIZE_BILINEAR, bilinear_small);
    expect(*state, 4, 3, BRAM_RESIZE_BICUBIC, bicubic_small);
    expect(*state, 4, 3, BRAM_RESIZE_AREA, area_small);
    expect(*state, 6, 9, BRAM_RESIZE_BILINEAR, bilinear_large);
    expect(*state, 6, 9, BRAM_RESIZE_BICUBIC, bicubic_large);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    uint8_t level[] = {0, 1, 127, 128, 254, 255, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 200, 100};
    for (size_t channels = 1; channels <= 3; channels += 2) {
        bram_buffer file = {0};
        bram_image im = {0};
        size_t cols = 6 / channels;
        assert_ok(cx, bram_image_png(cx, &file, level, 3, cols, channels));
        assert_ok(cx, bram_image_decode(cx, &im, bram_buffer_text(&file), file.length, "made"));
        assert_int_equal(im.rows, 3);
        assert_int_equal(im.cols, cols);
        assert_int_equal(im.channels, channels);
        for (size_t i = 0; i < 18; i++) assert_near(im.values[i], (float)(level[i] / 255.), 1e-7);
        bram_image_release(&im);
        for (size_t k = 1, status = 1; status; k++) {
            bram_buffer other = {0};
            bram_fail_allocation(k, false);
            status = (size_t)(bram_image_png(cx, &other, level, 3, cols, channels) != BRAM_OK);
            bram_fail_allocation(0, false);
            bram_buffer_release(&other);
            assert_true(k < 100);
        }
        assert_int_equal(bram_image_png(cx, &file, level, 3, 0, channels), BRAM_EUSAGE);
        bram_buffer_release(&file);
    }
    bram_ctx_free(cx);
}

static void sizes_by_hand(void **state)
{
    bram_ctx *cx = *state;
    float room[35], rgb[] = {0, 1, 2, 4, 5, 6};
    bram_image in = pattern(room), out = {0}, pair = {1, 2, 3, 8, rgb};
    for (int how = BRAM_RESIZE_AREA; how <= BRAM_RESIZE_BICUBIC;
         how++) { /* the same size: the same */
        assert_ok(cx, bram_image_resize(cx, &out, &in, 5, 7, (bram_resize)how));
        for (size_t k = 0; k < 35; k++) assert_near(out.values[k], room[k], 1e-7);
        bram_image_release(&out);
    }
    assert_ok(cx, bram_image_resize(cx, &out, &pair, 1, 1, BRAM_RESIZE_AREA));
    for (size_t c = 0; c < 3; c++) assert_near(out.values[c], 2 + (double)c, 1e-7);
    bram_image_release(&out);
    assert_int_equal(bram_image_resize(cx, &out, &in, 0, 7, BRAM_RESIZE_AREA), BRAM_EUSAGE);
    assert_int_equal(bram_image_resize(cx, &out, &in, 1 << 20, 1 << 20, BRAM_RESIZE_AREA),
                     BRAM_EFORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_form_of_png, set_up, tear_down),
        cmocka_unit_test_setup_teardown(palettes_and_transparent_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(jpeg_as_pillow_reads_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_truncation_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_is_never_a_crash, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lying_sizes_and_bombs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_files_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failing_allocations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pictures_of_folders_and_archives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(grey_and_alpha_by_hand, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sizes_as_other_tools_make_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sizes_by_hand, set_up, tear_down),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
