/* Tests of core/nearest.c. */
#include "nearest.h"

#include "test.h"

static void distances_by_hand(void **state)
{
    (void)state;
    assert_int_equal(bram_edit_distance("", ""), 0);
    assert_int_equal(bram_edit_distance("abc", ""), 3);
    assert_int_equal(bram_edit_distance("", "abcd"), 4);
    assert_int_equal(bram_edit_distance("kitten", "sitting"), 3);
    assert_int_equal(bram_edit_distance("ab", "ba"), 1);
    assert_int_equal(bram_edit_distance("ca", "abc"),
                     3); /* 2 without the rule of one change a place */
    assert_int_equal(bram_edit_distance("A", "a"), 1);
}

static void the_nearest_name_is_found(void **state)
{
    (void)state;
    const char *names[] = {"rsa", "cka", "encoding", "unitcorr", "rmse"};
    assert_string_equal(bram_nearest("encodign", names, 5, sizeof *names), "encoding");
    assert_string_equal(bram_nearest("ENCODING", names, 5, sizeof *names), "encoding");
    assert_string_equal(bram_nearest("unit_cor", names, 5, sizeof *names), "unitcorr");
    assert_string_equal(bram_nearest("rsa", names, 5, sizeof *names), "rsa");
    assert_string_equal(bram_nearest("rma", names, 5, sizeof *names), "rsa");
    assert_null(bram_nearest("voxelwise", names, 5, sizeof *names));
    assert_null(bram_nearest("", names, 5, sizeof *names));
    assert_null(bram_nearest("rsa", names, 0, sizeof *names));
}

static void a_field_of_a_table_is_searched(void **state)
{
    (void)state;
    const struct {
        int id;
        const char *name;
        double x;
    } table[] = {{1, "alpha", 0}, {2, "lags", 0}};
    assert_string_equal(bram_nearest("lag", &table[0].name, 2, sizeof *table), "lags");
}

static void long_words_are_cut(void **state)
{
    (void)state;
    char a[500], b[500];
    memset(a, 'a', sizeof a);
    memset(b, 'b', sizeof b);
    a[499] = b[499] = 0;
    assert_int_equal(bram_edit_distance(a, b), 63);
    assert_int_equal(bram_edit_distance(a, a), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_by_hand),
        cmocka_unit_test(the_nearest_name_is_found),
        cmocka_unit_test(a_field_of_a_table_is_searched),
        cmocka_unit_test(long_words_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
