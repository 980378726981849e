/* Tests of loaders/responses.c: anybody's array with the table of its rows. */
#include "made.h"
#include "npy.h"
#include "test.h"

#include <bramble/loader.h>

static const double array[6 * 2] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static const char rows[] =
    "stimulus,category,image,trial\nb,animal,b.png,1\na,thing,a.png,2\n"
    "b,animal,b.png,3\nc,animal,c.png,4\na,thing,a.png,5\nb,animal,b.png,6\n";

struct files {
    char array[200], rows[200], units[200];
};

static void write_files(bram_ctx *cx, struct files *f)
{
    test_temporary(f->array, "mine.npy");
    test_temporary(f->rows, "mine.csv");
    test_temporary(f->units, "units.csv");
    assert_ok(cx, bram_npy_write(cx, f->array, true, BRAM_NPY_F64, 2, (size_t[]){6, 2}, array));
    assert_true(made_text(f->rows, rows));
    assert_true(made_text(f->units, "neuron,area,depth\nn1,V1,120\nn2,V2,\n"));
}

static void remove_files(const struct files *f)
{
    unlink(f->array), unlink(f->rows), unlink(f->units);
}

static double value_of(bram_ctx *cx, const bram_response *r, size_t i, size_t u, size_t k)
{
    double value;
    uint8_t present;
    assert_ok(
        cx, bram_response_read(cx, r, (size_t[]){i, u, k}, (size_t[]){1, 1, 1}, &value, &present));
    return present ? value : (double)NAN;
}

static void presentations_become_repeats(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct files f;
    bram_dataset *ds = NULL;
    size_t errors = 1;
    write_files(cx, &f);
    const char *const paths[] = {f.array, f.rows, f.units};
    assert_ok(cx, bram_import(cx, &ds, "responses:unit=count,id=V1,from=0.05,to=0.2",
                              &(bram_input){paths, 3}, NULL));
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
    const bram_response *r = bram_dataset_response(ds, "responses/V1");
    const bram_axis *stimulus = bram_response_axis(r, 0), *unit = bram_response_axis(r, 1);
    assert_int_equal(bram_response_length(r, 0), 3);
    assert_int_equal(bram_response_length(r, 2), 3);
    assert_string_equal(bram_axis_id(stimulus, 1), "a");
    assert_string_equal(bram_axis_column(stimulus, "category")->text[1], "thing");
    assert_string_equal(bram_axis_column(stimulus, "image")->text[0], "b.png");
    assert_null(bram_axis_column(stimulus, "trial")); /* differs between repeats */
    assert_string_equal(bram_axis_id(unit, 1), "n2");
    assert_near(bram_axis_column(unit, "depth")->number[0], 120, 0);
    assert_near(value_of(cx, r, 0, 1, 2), 12, 0); /* b for the third time */
    assert_near(value_of(cx, r, 1, 0, 1), 9, 0);
    assert_true(isnan(value_of(cx, r, 2, 0, 1)));
    const bram_attrs *about = bram_response_attrs_const(r);
    assert_string_equal(bram_attrs_text(about, "unit"), "count");
    assert_near(bram_attrs_number(about, "window_to", NAN), 0.2, 0);
    bram_dataset_free(ds);
    remove_files(&f);
    bram_ctx_free(cx);
}

static void axes_in_any_order(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct files f;
    bram_dataset *ds = NULL;
    write_files(cx, &f);
    const char *const paths[] = {f.array, f.rows};
    assert_true(made_text(f.rows, "stimulus\nx\ny\n"));
    assert_ok(cx, bram_npy_write(cx, f.array, true, BRAM_NPY_F64, 3, (size_t[]){3, 2, 2}, array));
    assert_ok(cx, bram_import(cx, &ds, "responses:axes=repeat+stimulus+neuron,id=r",
                              &(bram_input){paths, 2}, NULL));
    const bram_response *r = bram_dataset_response(ds, "responses/r");
    assert_int_equal(bram_response_length(r, 2), 3);
    assert_near(value_of(cx, r, 1, 0, 2), 11, 0); /* repeat 3 of y: 2 4 + 1 2 + 0, from 0 */
    bram_dataset_free(ds);
    assert_true(made_text(f.array, "u1,u2\n1,2\n3,4\n")); /* a table names its units */
    assert_ok(cx, bram_import(cx, &ds, "responses:id=r", &(bram_input){paths, 2}, NULL));
    r = bram_dataset_response(ds, "responses/r");
    assert_int_equal(bram_response_dims(r), 2);
    assert_string_equal(bram_axis_id(bram_response_axis(r, 1), 1), "u2");
    bram_dataset_free(ds);
    remove_files(&f);
    bram_ctx_free(cx);
}

static void refuses(const struct files *f, size_t count, const char *spec, int status,
                    const char *words)
{
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    const char *const paths[] = {f->array, f->rows, f->units};
    int got = bram_import(cx, &ds, spec, &(bram_input){paths, count}, NULL);
    if (got != status || !strstr(bram_ctx_message(cx), words))
        fail_msg("%s: %d %s; expected %s", spec, got, bram_ctx_message(cx), words);
    assert_null(ds);
    bram_ctx_free(cx);
}

static void refusals(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct files f;
    write_files(cx, &f);
    refuses(&f, 1, "responses", BRAM_EUSAGE, "no table with the column stimulus");
    refuses(&f, 3, "responses:axes=stimulus+unit", BRAM_EUSAGE, "expected stimulus, neuron");
    refuses(&f, 3, "responses:axes=neuron+stimulus", BRAM_EFORMAT, "6 lines, expected 2");
    refuses(&f, 2, "responses:axes=stimulus", BRAM_EUSAGE, "does not name");
    assert_true(made_text(f.units, "neuron\nonly\n"));
    refuses(&f, 3, "responses", BRAM_EFORMAT, "units has 1 lines, expected 2");
    assert_true(made_text(f.units, "depth\n1\n2\n"));
    refuses(&f, 3, "responses", BRAM_EFORMAT, "at most one with the column neuron");
    assert_true(made_text(f.rows, "stimulus,x\na,1\n\"\",2\nc,1\nd,1\ne,1\nf,1\n"));
    refuses(&f, 2, "responses", BRAM_EFORMAT, "line 3 of the table of stimuli names none");
    assert_true(made_text(f.rows, "stimulus\na\na\n"));
    assert_ok(cx, bram_npy_write(cx, f.array, true, BRAM_NPY_F64, 3, (size_t[]){2, 2, 3}, array));
    refuses(&f, 2, "responses", BRAM_EFORMAT,
            "several rows of an array that has an axis of repeats");
    assert_ok(cx, bram_npy_write(cx, f.array, true, BRAM_NPY_F64, 1, (size_t[]){12}, array));
    refuses(&f, 2, "responses", BRAM_EFORMAT, "has 1 axes, expected 2 or 3");
    remove_files(&f);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(presentations_become_repeats),
                                       cmocka_unit_test(axes_in_any_order),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
