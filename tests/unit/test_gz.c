/* Tests of core/gz.c. */
#include "file.h"
#include "gz.h"
#include "internal.h"
#include "test.h"

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

/* What `printf hello | gzip -n` gives. */
static const unsigned char hello[] = {0x1f, 0x8b, 8,    0,    0,    0,    0,    0, 0,
                                      3,    0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0, 0x86,
                                      0xa6, 0x10, 0x36, 5,    0,    0,    0};

static void fails(bram_ctx *cx, const unsigned char *in, size_t size, size_t limit,
                  const char *words)
{
    unsigned char *out = NULL;
    size_t out_size = 42;
    assert_int_equal(bram_gz_inflate(cx, &out, &out_size, in, size, limit), BRAM_EFORMAT);
    assert_null(out);
    assert_int_equal(out_size, 42);
    if (!strstr(bram_ctx_message(cx), words))
        fail_msg("found \"%s\", expected \"%s\"", bram_ctx_message(cx), words);
}

static void a_stream_of_gzip(void **state)
{
    bram_ctx *cx = *state;
    unsigned char *out = NULL;
    size_t size;
    assert_true(bram_gz_is(hello, sizeof hello));
    assert_ok(cx, bram_gz_inflate(cx, &out, &size, hello, sizeof hello, 5));
    assert_int_equal(size, 5);
    assert_string_equal((char *)out, "hello");
    bram_free(out);
    fails(cx, hello, sizeof hello, 4, "more than 4 bytes");
    assert_false(bram_gz_is((const unsigned char *)"\x1f\x8b", 2));
}

static void members_and_padding(void **state)
{
    bram_ctx *cx = *state;
    unsigned char two[2 * sizeof hello + 7] = {0}, *out = NULL;
    memcpy(two, hello, sizeof hello);
    memcpy(two + sizeof hello, hello, sizeof hello);
    size_t size;
    assert_ok(cx, bram_gz_inflate(cx, &out, &size, two, sizeof two, 0));
    assert_int_equal(size, 10);
    assert_string_equal((char *)out, "hellohello");
    bram_free(out);
    two[sizeof two - 1] = 'x';
    fails(cx, two, sizeof two, 0, "behind the end");
}

static void every_truncation_and_every_flipped_byte(void **state)
{
    bram_ctx *cx = *state;
    for (size_t n = 0; n < sizeof hello; n++) fails(cx, hello, n, 0, "gzip:");
    fails(cx, hello, sizeof hello - 1, 0, "cut off");
    for (size_t i = 0; i < sizeof hello; i++) {
        unsigned char bad[sizeof hello], *out = NULL;
        size_t size;
        memcpy(bad, hello, sizeof bad);
        bad[i] ^= 0x10;
        int status = bram_gz_inflate(cx, &out, &size, bad, sizeof bad, 100);
        if (status == BRAM_OK) { /* the time, the system, bits that fill up the last byte */
            assert_int_equal(size, 5);
            assert_memory_equal(out, "hello", 5);
        } else assert_int_equal(status, BRAM_EFORMAT);
        bram_free(out);
    }
}

static void there_and_back(void **state)
{
    bram_ctx *cx = *state;
    enum { N = 300000 };
    unsigned char *in = malloc(N), *small = NULL, *out = NULL, *again = NULL;
    size_t small_size, size, again_size;
    unsigned x = 1;
    for (int i = 0; i < N; i++) in[i] = (unsigned char)((x = x * 1103515245U + 12345U) >> 28);
    assert_ok(cx, bram_gz_deflate(cx, &small, &small_size, in, N));
    assert_true(small_size < N * 6 / 10);
    assert_ok(cx, bram_gz_inflate(cx, &out, &size, small, small_size, N));
    assert_int_equal(size, N);
    assert_memory_equal(out, in, N);
    assert_ok(cx, bram_gz_deflate(cx, &again, &again_size, in, N));
    assert_int_equal(again_size, small_size);
    assert_memory_equal(again, small, small_size);
    fails(cx, small, small_size, N - 1, "more than");
    fails(cx, small, small_size / 2, 0, "cut off");
    bram_free(small), bram_free(out), bram_free(again);
    free(in);
}

/* 300 MiB of zeros, 1000 : 1, written as 300 members of the same bytes. */
static void a_bomb_is_refused(void **state)
{
    bram_ctx *cx = *state;
    enum { BLOCK = 1 << 24, BLOCKS = 20 };
    unsigned char *zeros = calloc(BLOCK, 1), *member = NULL, *bomb;
    size_t size;
    assert_ok(cx, bram_gz_deflate(cx, &member, &size, zeros, BLOCK));
    bomb = malloc(BLOCKS * size);
    for (size_t i = 0; i < BLOCKS; i++) memcpy(bomb + i * size, member, size);
    fails(cx, bomb, BLOCKS * size, 1000000, "more than 1000000 bytes");
    fails(cx, bomb, BLOCKS * size, 0, "attack");
    free(bomb);
    free(zeros);
    bram_free(member);
}

static void files_plain_or_not(void **state)
{
    bram_ctx *cx = *state;
    char path[256];
    test_temporary(path, "gz.csv");
    for (int plain = 0; plain < 2; plain++) {
        bram_outfile *o;
        assert_ok(cx, bram_outfile_open(cx, &o, path, true));
        assert_ok(cx, plain ? bram_outfile_write(cx, o, "hello", 5)
                            : bram_outfile_write(cx, o, hello, sizeof hello));
        assert_ok(cx, bram_outfile_commit(cx, o));
        unsigned char *bytes;
        size_t size;
        assert_ok(cx, bram_gz_read_file(cx, &bytes, &size, path, 0));
        assert_int_equal(size, 5);
        assert_string_equal((char *)bytes, "hello");
        bram_free(bytes);
    }
    unsigned char *bytes = NULL;
    size_t size;
    bram_outfile *o;
    assert_ok(cx, bram_outfile_open(cx, &o, path, true));
    assert_ok(cx, bram_outfile_write(cx, o, hello, 12));
    assert_ok(cx, bram_outfile_commit(cx, o));
    assert_int_equal(bram_gz_read_file(cx, &bytes, &size, path, 0), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), path));
    assert_non_null(strstr(bram_ctx_message(cx), "cut off"));
    unlink(path);
    assert_int_equal(bram_gz_read_file(cx, &bytes, &size, path, 0), BRAM_EREAD);
    assert_null(bytes);
}

/* "hello" in a stored block, with its Adler-32 (RFC 1950, 1951). */
static void the_head_of_a_zlib_stream(void **state)
{
    static const unsigned char stream[] = {0x78, 1,   1,   5,   0,    0xfa, 0xff, 'h',
                                           'e',  'l', 'l', 'o', 0x06, 0x2c, 0x02, 0x15};
    bram_ctx *cx = *state;
    char head[8] = "";
    for (size_t room = 1; room <= sizeof head; room++) {
        size_t n = room;
        assert_ok(cx, bram_zlib_head(cx, head, &n, stream, sizeof stream));
        assert_int_equal(n, room < 5 ? room : 5);
        assert_memory_equal(head, "hello", n);
    }
    for (size_t given = 0; given < sizeof stream; given++) { /* a part gives a part */
        size_t n = sizeof head;
        assert_ok(cx, bram_zlib_head(cx, head, &n, stream, given));
        assert_int_equal(n, given < 8 ? 0 : given < 12 ? given - 7 : 5);
    }
    size_t n = sizeof head;
    assert_ok(cx, bram_zlib_head(cx, head, &n, hello, sizeof hello)); /* gzip is another form */
    assert_int_equal(n, 0);
    n = sizeof head;
    bram_fail_allocation(1, true);
    assert_int_equal(bram_zlib_head(cx, head, &n, stream, sizeof stream), BRAM_ENOMEM);
    bram_fail_allocation(0, false);
}

static void failing_allocations(void **state)
{
    bram_ctx *cx = *state;
    int status = BRAM_ENOMEM;
    size_t k;
    for (k = 1; status; k++) {
        unsigned char *out = NULL, *back = NULL;
        size_t size, back_size;
        bram_fail_allocation(k, true);
        status = bram_gz_inflate(cx, &out, &size, hello, sizeof hello, 0);
        if (!status) status = bram_gz_deflate(cx, &back, &back_size, out, size);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
        bram_free(out), bram_free(back);
    }
    assert_true(k > 3);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_stream_of_gzip),
        T(members_and_padding),
        T(every_truncation_and_every_flipped_byte),
        T(there_and_back),
        T(a_bomb_is_refused),
        T(files_plain_or_not),
        T(the_head_of_a_zlib_stream),
        T(failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
