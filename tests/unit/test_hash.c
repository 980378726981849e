/* Tests of core/hash.c. Digests of "", "abc" and a million a's: FIPS 180-2, appendix B. */
#include "hash.h"

#include "internal.h"
#include "test.h"

#define EMPTY   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define MILLION "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void published_digests(void **state)
{
    (void)state;
    char hex[65];
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, bram_sha256(cx, hex, NULL, 0));
    assert_string_equal(hex, EMPTY);
    assert_ok(cx, bram_sha256(cx, hex, "abc", 3));
    assert_string_equal(hex, ABC);
    bram_ctx_free(cx);
}

static void pieces_give_the_digest_of_the_whole(void **state)
{
    (void)state;
    char hex[65], piece[1000];
    bram_hash *h = NULL;
    bram_ctx *cx = bram_ctx_new();
    memset(piece, 'a', sizeof piece);
    assert_ok(cx, bram_hash_new(cx, &h));
    for (int i = 0; i < 1000; i++) assert_ok(cx, bram_hash_add(cx, h, piece, sizeof piece));
    assert_ok(cx, bram_hash_end(cx, h, hex));
    assert_string_equal(hex, MILLION);
    assert_ok(cx, bram_hash_add(cx, h, "abc", 3)); /* it has started anew */
    assert_ok(cx, bram_hash_end(cx, h, hex));
    assert_string_equal(hex, ABC);
    bram_hash_free(h);
    bram_ctx_free(cx);
}

static void texts_and_numbers_have_one_byte_form(void **state)
{
    (void)state;
    char ours[65], plain[65];
    bram_hash *h = NULL;
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, bram_hash_new(cx, &h));
    assert_ok(cx, bram_hash_add_text(cx, h, "ab"));
    assert_ok(cx, bram_hash_add_u64(cx, h, UINT64_C(0x0102030405060708)));
    assert_ok(cx, bram_hash_end(cx, h, ours));
    assert_ok(cx, bram_sha256(cx, plain, "\2\0\0\0\0\0\0\0ab\10\7\6\5\4\3\2\1", 18));
    assert_string_equal(ours, plain);
    bram_hash_free(h);
    bram_ctx_free(cx);
}

static void a_file_has_the_digest_of_its_bytes(void **state)
{
    (void)state;
    char path[300], hex[65];
    test_temporary(path, "hash");
    FILE *f = fopen(path, "wb");
    for (int i = 0; i < 1000000; i++) fputc('a', f);
    fclose(f);
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, bram_sha256_file(cx, hex, path));
    assert_string_equal(hex, MILLION);

    const volatile int stop = 1;
    strcpy(hex, "kept");
    bram_ctx_set_cancel(cx, &stop);
    assert_int_equal(bram_sha256_file(cx, hex, path), BRAM_ECANCEL);
    assert_string_equal(hex, "kept");
    unlink(path);
    bram_ctx_free(cx);
}

static void unreadable_files_are_refused(void **state)
{
    (void)state;
    char hex[65] = "kept";
    bram_ctx *cx = bram_ctx_new();
    assert_int_equal(bram_sha256_file(cx, hex, "/nowhere/at/all"), BRAM_EREAD);
    assert_non_null(strstr(bram_ctx_message(cx), "/nowhere/at/all"));
    assert_int_equal(bram_sha256_file(cx, hex, "/tmp"), BRAM_EREAD);
    assert_int_equal(bram_sha256_file(cx, hex, "/dev/zero"), BRAM_EREAD); /* it has no end */
    assert_string_equal(hex, "kept");
    bram_ctx_free(cx);
}

static void failing_allocations_are_reported(void **state)
{
    (void)state;
    int status = BRAM_ENOMEM;
    size_t k = 0;
    char path[300];
    test_temporary(path, "empty");
    fclose(fopen(path, "wb"));
    while (status == BRAM_ENOMEM) {
        char hex[65] = "kept";
        bram_ctx *cx = bram_ctx_new();
        bram_fail_allocation(++k, false);
        status = bram_sha256_file(cx, hex, path);
        bram_fail_allocation(0, false);
        assert_string_equal(hex, status == BRAM_OK ? EMPTY : "kept");
        bram_ctx_free(cx);
    }
    unlink(path);
    assert_int_equal(status, BRAM_OK);
    assert_true(k > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_digests),
        cmocka_unit_test(pieces_give_the_digest_of_the_whole),
        cmocka_unit_test(texts_and_numbers_have_one_byte_form),
        cmocka_unit_test(a_file_has_the_digest_of_its_bytes),
        cmocka_unit_test(unreadable_files_are_refused),
        cmocka_unit_test(failing_allocations_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
