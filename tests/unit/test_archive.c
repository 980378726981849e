/* Tests of core/archive.c. */
#include "archivefile.h"
#include "gz.h"
#include "internal.h"
#include "testzip.h"

static char path[256];

static int set_up(void **state)
{
    test_temporary(path, "archive");
    *state = bram_ctx_new();
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    bram_ctx_free(*state);
    unlink(path);
    return 0;
}

static void put(const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void put_zip(void)
{
    struct testzip *z = calloc(1, sizeof *z);
    testzip_add(z, "a.txt", "hello", 5);
    testzip_add(z, "folder/", "", 0);
    testzip_add(z, "folder/../b", "", 0);
    testzip_add(z, "a.txt", "second", 6);
    testzip_write(z, path);
    free(z);
}

/* A tar header: name, mode, size and checksum in octal. */
static void tar_header(unsigned char *h, const char *name, size_t size)
{
    memset(h, 0, 512);
    snprintf((char *)h, 100, "%s", name);
    snprintf((char *)h + 100, 8, "0000644");
    snprintf((char *)h + 124, 12, "%011o", (unsigned)size);
    h[156] = '0';
    memcpy(h + 257, "ustar\00000", 8);
    memset(h + 148, ' ', 8);
    unsigned sum = 0;
    for (int i = 0; i < 512; i++) sum += h[i];
    snprintf((char *)h + 148, 7, "%06o", sum);
}

static void members_of_a_zip(void **state)
{
    bram_ctx *cx = *state;
    put_zip();
    char **names;
    size_t count;
    assert_ok(cx, bram_archive_list(cx, path, &names, &count));
    assert_int_equal(count, 3);
    assert_string_equal(names[0], "a.txt");
    assert_string_equal(names[1], "folder/../b");
    assert_string_equal(names[2], "a.txt");
    bram_free(names);

    unsigned char *bytes = NULL;
    size_t size = 42;
    assert_ok(cx, bram_archive_read(cx, path, "a.txt", &bytes, &size, 5));
    assert_int_equal(size, 5);
    assert_string_equal((char *)bytes, "hello");
    bram_free(bytes);
    assert_ok(cx, bram_archive_read(cx, path, "folder/../b", &bytes, &size, 0));
    assert_int_equal(size, 0);
    bram_free(bytes);
    bytes = NULL;
    assert_int_equal(bram_archive_read(cx, path, "a.txt", &bytes, &size, 4), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "a.txt has 5 bytes, expected at most 4"));
    assert_int_equal(bram_archive_read(cx, path, "c", &bytes, &size, 0), BRAM_EABSENT);
    assert_null(bytes);
}

static void a_member_is_taken_once(void **state)
{
    bram_ctx *cx = *state;
    put_zip();
    bram_archive *a;
    const char *name;
    unsigned char *bytes;
    size_t size;
    assert_ok(cx, bram_archive_open(cx, &a, path));
    assert_int_equal(bram_archive_take(cx, a, &bytes, &size, 0), BRAM_EUSAGE);
    assert_ok(cx, bram_archive_next(cx, a, &name));
    assert_ok(cx, bram_archive_take(cx, a, &bytes, &size, 0));
    bram_free(bytes);
    assert_int_equal(bram_archive_take(cx, a, &bytes, &size, 0), BRAM_EUSAGE);
    assert_ok(cx, bram_archive_next(cx, a, &name));
    assert_string_equal(name, "folder/../b");
    assert_ok(cx, bram_archive_next(cx, a, &name));
    assert_ok(cx, bram_archive_next(cx, a, &name));
    assert_null(name);
    bram_archive_close(a);
    bram_archive_close(NULL);
}

static void a_tar_in_gzip(void **state)
{
    bram_ctx *cx = *state;
    unsigned char tar[512 * 4] = {0}, *small, *bytes;
    size_t size;
    tar_header(tar, "x/y", 5);
    memcpy(tar + 512, "hello", 5);
    assert_ok(cx, bram_gz_deflate(cx, &small, &size, tar, sizeof tar));
    put(small, size);
    assert_ok(cx, bram_archive_read(cx, path, "x/y", &bytes, &size, 0));
    assert_string_equal((char *)bytes, "hello");
    bram_free(bytes);
    bram_free(small);
}

/* A tar member of 336 MiB of zeros in 350 kB. */
static void a_bomb_is_refused(void **state)
{
    bram_ctx *cx = *state;
    enum { BLOCK = 1 << 24, BLOCKS = 21 };
    unsigned char header[512], *zeros = calloc(BLOCK, 1), *first = NULL, *rest = NULL,
                               *bytes = NULL;
    size_t first_size, rest_size, size;
    tar_header(header, "bomb", (size_t)BLOCK * BLOCKS);
    assert_ok(cx, bram_gz_deflate(cx, &first, &first_size, header, sizeof header));
    assert_ok(cx, bram_gz_deflate(cx, &rest, &rest_size, zeros, BLOCK));
    FILE *f = fopen(path, "wb");
    fwrite(first, 1, first_size, f);
    for (int i = 0; i < BLOCKS; i++) fwrite(rest, 1, rest_size, f);
    fclose(f);
    assert_int_equal(bram_archive_read(cx, path, "bomb", &bytes, &size, 0), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "attack"));
    assert_null(bytes);
    bram_free(first), bram_free(rest);
    free(zeros);
}

static void files_that_are_no_archives(void **state)
{
    bram_ctx *cx = *state;
    bram_archive *a = NULL;
    char **names;
    size_t count;
    assert_int_equal(bram_archive_open(cx, &a, "/nonexistent.zip"), BRAM_EREAD);
    put("", 0);
    assert_int_equal(bram_archive_open(cx, &a, path), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "empty"));
    put("just text, and not a little of it", 33);
    assert_int_equal(bram_archive_list(cx, path, &names, &count), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), path));
    const char *pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    put(pointer, strlen(pointer));
    assert_int_equal(bram_archive_open(cx, &a, path), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "git-LFS"));
    assert_null(a);
}

/* Cut off or with a byte changed anywhere, an archive gives its content or a message. */
static void damaged_archives(void **state)
{
    bram_ctx *cx = *state;
    put_zip();
    unsigned char whole[2048], *bytes = NULL;
    FILE *f = fopen(path, "rb");
    size_t total = fread(whole, 1, sizeof whole, f), size;
    fclose(f);
    assert_true(total > 100 && total < sizeof whole);
    size_t good = 0, bad = 0;
    for (size_t i = 0; i < 2 * total; i++) {
        size_t at = i % total;
        unsigned char kept = whole[at];
        if (i >= total) whole[at] ^= 0x41;
        put(whole, i < total ? i : total);
        whole[at] = kept;
        bytes = NULL;
        int status = bram_archive_read(cx, path, "a.txt", &bytes, &size, 1000);
        if (status == BRAM_OK) {
            assert_true(size == 5 || size == 6 || size == 0);
            good++;
        } else {
            assert_true(status == BRAM_EFORMAT || status == BRAM_EABSENT || status == BRAM_EREAD);
            assert_null(bytes);
            bad++;
        }
        bram_free(bytes);
    }
    /* the zip reader also takes members that no directory lists, so a cut at the end costs nothing
     */
    assert_true(good > 100 && bad > 100);
}

static void failing_allocations(void **state)
{
    bram_ctx *cx = *state;
    put_zip();
    int status = BRAM_ENOMEM;
    size_t k;
    for (k = 1; status; k++) {
        unsigned char *bytes = NULL;
        char **names = NULL;
        size_t size, count;
        bram_fail_allocation(k, true);
        status = bram_archive_read(cx, path, "folder/../b", &bytes, &size, 0);
        if (!status) status = bram_archive_list(cx, path, &names, &count);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
        bram_free(bytes), bram_free(names);
    }
    assert_true(k > 8);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(members_of_a_zip),    T(a_member_is_taken_once),     T(a_tar_in_gzip),
        T(a_bomb_is_refused),   T(files_that_are_no_archives), T(damaged_archives),
        T(failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
