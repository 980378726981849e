/* Tests of core/blas_choice.c: the rule, and that a user's variable is left alone. */
#include "blas_choice.h"
#include "test.h"

#include <stdlib.h>

static void old_kernels_on_a_newer_processor_are_a_mistake(void **state)
{
    (void)state;
    assert_string_equal(bram_blas_better("Prescott", true, true), "SkylakeX");
    assert_string_equal(bram_blas_better("Prescott", true, false), "Haswell");
    assert_string_equal(bram_blas_better("Nehalem", true, false), "Haswell");
    assert_string_equal(bram_blas_better("Sandybridge", true, true), "SkylakeX");
    assert_null(bram_blas_better("Prescott", false, false)); /* an old processor */
}

static void a_choice_with_avx2_stands(void **state)
{
    (void)state;
    const char *const fit[] = {"Haswell",    "Zen",   "Excavator",     "SkylakeX",
                               "Cooperlake", "armv8", "SapphireRapids"};
    for (size_t i = 0; i < sizeof fit / sizeof *fit; i++)
        assert_null(bram_blas_better(fit[i], true, true));
}

static void a_variable_that_is_set_ends_the_advice(void **state)
{
    (void)state;
    assert_int_equal(setenv("OPENBLAS_CORETYPE", "Prescott", 1), 0);
    assert_null(bram_blas_advice());
    assert_int_equal(setenv("OPENBLAS_CORETYPE", "", 1), 0);
    assert_null(bram_blas_advice());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_kernels_on_a_newer_processor_are_a_mistake),
        cmocka_unit_test(a_choice_with_avx2_stands),
        cmocka_unit_test(a_variable_that_is_set_ends_the_advice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
