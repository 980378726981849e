/* Tests of core/bundle.c: the same arrays from a folder and from an archive. */
#include "bundle.h"
#include "internal.h"
#include "made_zip.h"
#include "test.h"

#include <sys/stat.h>

static const char *make(bool folder)
{
    static char path[200];
    char command[300];
    const double value[] = {1, 2, 3};
    made_bundle b;
    test_temporary(path, "bundle");
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
    assert_true(made_bundle_begin(&b, path, folder));
    made_bundle_npy(&b, "z/b.npy", "<f8", "(2,)", value, 16);
    made_bundle_npy(&b, "a.npy", "<f8", "(1,)", value, 8);
    made_bundle_put(&b, "z/note.txt", "words", 5);
    assert_true(made_bundle_end(&b));
    return path;
}

struct seen {
    const bram_bundle *b;
    size_t arrays, values;
};

static bool is_array(void *user, size_t file)
{
    const struct seen *s = user;
    return strstr(bram_bundle_name(s->b, file), ".npy") != NULL;
}

static int take(bram_ctx *cx, void *user, size_t file, const bram_npy *a)
{
    struct seen *s = user;
    (void)cx;
    s->arrays++;
    s->values += bram_npy_describe(a)->count * (file + 1);
    return BRAM_OK;
}

static void folder_and_archive_are_alike(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (int folder = 0; folder < 2; folder++) {
        bram_bundle *b = NULL;
        bram_npy *a = NULL;
        assert_ok(cx, bram_bundle_open(cx, &b, make(folder)));
        assert_int_equal(bram_bundle_count(b), 3);
        assert_string_equal(bram_bundle_name(b, 0), "a.npy");
        assert_string_equal(bram_bundle_name(b, 2), "z/note.txt");
        assert_int_equal(bram_bundle_find(b, "z/b.npy"), 1);
        assert_int_equal(bram_bundle_find(b, "z/c.npy"), -1);
        assert_ok(cx, bram_bundle_npy(cx, &a, b, "z/b.npy"));
        assert_int_equal(bram_npy_describe(a)->count, 2);
        bram_npy_close(a);
        struct seen s = {.b = b};
        assert_ok(cx, bram_bundle_each(cx, b, is_array, take, &s));
        assert_int_equal(s.arrays, 2);
        assert_int_equal(s.values, 1 * 1 + 2 * 2);
        assert_int_equal(bram_bundle_npy(cx, &a, b, "c.npy"), BRAM_EFORMAT);
        assert_non_null(strstr(bram_ctx_message(cx), "no c.npy"));
        assert_int_equal(bram_bundle_npy(cx, &a, b, "z/note.txt"), BRAM_EFORMAT);
        assert_non_null(strstr(bram_ctx_message(cx), "z/note.txt"));
        bram_bundle_close(b);
    }
    bram_ctx_free(cx);
}

/* The hash is that of names and bytes, and of nothing else. */
static void the_hash_of_a_folder_is_of_its_content(void **state)
{
    (void)state;
    char hex[3][65], path[300];
    bram_ctx *cx = bram_ctx_new();
    for (int i = 0; i < 3; i++) {
        bram_bundle *b = NULL;
        const char *folder = make(true);
        snprintf(path, sizeof path, "%s/z/note.txt", folder);
        if (i == 2) {
            FILE *f = fopen(path, "w");
            fputs("wordS", f);
            fclose(f);
        }
        assert_ok(cx, bram_bundle_open(cx, &b, folder));
        assert_ok(cx, bram_bundle_hash(cx, hex[i], b));
        assert_true(bram_bundle_bytes(b) == 128 + 16 + 128 + 8 + 5);
        bram_bundle_close(b);
    }
    assert_string_equal(hex[0], hex[1]);
    assert_string_not_equal(hex[0], hex[2]);
    snprintf(path, sizeof path, "rm -rf '%s'", make(true));
    assert_int_equal(system(path), 0);
    bram_ctx_free(cx);
}

static void what_is_neither_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_bundle *b = NULL;
    assert_int_equal(bram_bundle_open(cx, &b, "/no/such/thing"), BRAM_EREAD);
    assert_int_equal(bram_bundle_open(cx, &b, "meson.build"), BRAM_EFORMAT);
    assert_null(b);
    bram_bundle_close(NULL);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder_and_archive_are_alike),
        cmocka_unit_test(the_hash_of_a_folder_is_of_its_content),
        cmocka_unit_test(what_is_neither_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
