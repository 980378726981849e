/* Tests of loaders/zimmer.c and zimmer_sources.c on made files: see made_zimmer.c for what is
 * documented of their layouts and what is assumed. */
#include <bramble/loader.h>

#include "made.h"
#include "test.h"

#include <matio.h>

static const char *const sources[] = {"nichols2017", "skora2018", "kaplan2020", "uzel2022"};

static int import(bram_ctx *cx, bram_dataset **ds, const char *source, const char *defect,
                  const char *spec)
{
    char path[200];
    test_temporary(path, "zimmer.mat");
    assert_true(made_zimmer(path, source, defect));
    *ds = NULL;
    int status = bram_import(cx, ds, spec, &(bram_input){(const char *const[]){path}, 1}, NULL);
    unlink(path);
    return status;
}

static const bram_response *response(const bram_dataset *ds, size_t worm, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "recordings/%s/%s", bram_dataset_group_at(ds, "recordings", worm),
             name);
    const bram_response *r = bram_dataset_response(ds, path);
    assert_non_null(r);
    return r;
}

/* By made_zimmer.c: worm k has 30 + 10 k frames of 0.4 s; trace j is j + 0.01 frame + 100 k. */
static void check_worm(bram_ctx *cx, const bram_dataset *ds, size_t worm)
{
    static const char *const certainty[] = {"exact", "exact", "low-confidence", "unlabeled",
                                            "exact"};
    static const char *const label[] = {"AVAL", "VB2", "", "", "RIS"};
    const bram_response *raw = response(ds, worm, "raw"),
                        *activity = response(ds, worm, "activity");
    size_t rows = 30 + 10 * worm;
    assert_int_equal(bram_response_length(raw, 0), rows);
    assert_int_equal(bram_response_length(raw, 1), 5);
    for (size_t j = 0; j < 5; j++) {
        double value;
        assert_ok(cx, bram_response_read(cx, raw, (size_t[]){rows - 1, j}, (size_t[]){1, 1}, &value,
                                         NULL));
        assert_near(value, (double)j + 0.01 * (double)(rows - 1) + 100 * (double)worm, 1e-12);
    }
    assert_near(bram_axis_values(bram_response_axis(raw, 0))[rows - 1], 0.4 * (double)(rows - 1),
                1e-9);
    const bram_axis *neuron = bram_response_axis(activity, 1);
    for (size_t j = 0; j < 5; j++) {
        assert_string_equal(bram_axis_column(neuron, "certainty")->text[j], certainty[j]);
        assert_string_equal(bram_axis_column(neuron, "label")->text[j], label[j]);
    }
    assert_string_equal(bram_axis_column(neuron, "reason")->text[2], "another name was considered");
    assert_string_equal(bram_axis_column(neuron, "candidates")->text[2], "DB1 VB1");
    assert_string_equal(bram_axis_column(bram_response_axis(raw, 1), "further_labels")->text[2],
                        "VB01");
}

static void each_source_is_recognised_and_read(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        bram_dataset *ds;
        size_t errors = 1;
        assert_ok(cx, import(cx, &ds, sources[i], "good", "auto"));
        assert_string_equal(bram_attrs_text(bram_dataset_find_attrs(ds, ""), "dataset"),
                            sources[i]);
        assert_int_equal(bram_dataset_groups(ds, "recordings"), 2);
        for (size_t worm = 0; worm < 2; worm++) check_worm(cx, ds, worm);
        assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
        assert_int_equal(errors, 0);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void only_one_loader_is_sure(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "zimmer-one.mat");
    const bram_input input = {(const char *const[]){path}, 1};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        assert_true(made_zimmer(path, sources[i], "good"));
        for (size_t k = 0; bram_loader_table[k]; k++) {
            bram_recognition r = {.verdict = BRAM_NOT_MINE};
            assert_ok(cx, bram_loader_table[k]->recognise(cx, &input, &r));
            if ((r.verdict == BRAM_MINE) != !strcmp(bram_loader_table[k]->name, sources[i]))
                fail_msg("%s on %s: %s", bram_loader_table[k]->name, sources[i], r.reason);
            if (r.verdict == BRAM_MINE)
                assert_non_null(strstr(r.reason, "traces and neuron names of 2 worms"));
        }
    }
    unlink(path);
    bram_ctx_free(cx);
}

static void conditions_are_fields(void **state)
{
    (void)state;
    static const char *const expected[][3] = {{"nichols2017", "strain", "npr-1"},
                                              {"nichols2017", "stage", "lethargus"},
                                              {"nichols2017", "condition", "npr1_let"},
                                              {"nichols2017", "session", "AN20140101_nichols2017"},
                                              {"skora2018", "feeding", "starved"},
                                              {"skora2018", "session", "WT_starved_1"},
                                              {"kaplan2020", "silenced", "SMD, RIS"},
                                              {"uzel2022", "silenced", NULL},
                                              {"uzel2022", "strain", NULL}};
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        bram_dataset *ds;
        char path[300];
        assert_ok(cx, import(cx, &ds, expected[i][0], "good", "auto"));
        snprintf(path, sizeof path, "recordings/%s", bram_dataset_group_at(ds, "recordings", 0));
        const char *found = bram_attrs_text(bram_dataset_find_attrs(ds, path), expected[i][1]);
        if (expected[i][2]) assert_string_equal(found, expected[i][2]);
        else assert_null(found);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

/* The oddities that are read give what the plain file gives. */
static void oddities_give_the_same_worms(void **state)
{
    (void)state;
    static const char *const odd[] = {"nested", "surplus", "minutes", "fps-only"};
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        for (size_t s = 0; s < sizeof sources / sizeof *sources; s++) {
            bram_dataset *ds;
            assert_ok(cx, import(cx, &ds, sources[s], odd[i], "auto"));
            for (size_t worm = 0; worm < 2; worm++) check_worm(cx, ds, worm);
            bram_dataset_free(ds);
        }
    bram_ctx_free(cx);
}

static void the_unit_of_time_may_be_told(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static const struct {
        const char *defect, *spec;
        double second; /* stamp */
    } cases[] = {{"disagree", "nichols2017:time=seconds", 0.4},
                 {"good", "nichols2017:time=minutes", 24},
                 {"minutes", "nichols2017:time=seconds", 0.4 / 60}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bram_dataset *ds;
        assert_ok(cx, import(cx, &ds, "nichols2017", cases[i].defect, cases[i].spec));
        assert_near(bram_axis_values(bram_response_axis(response(ds, 0, "raw"), 0))[1],
                    cases[i].second, 1e-12);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void hostile_files_are_refused(void **state)
{
    (void)state;
    /* file, field, found, expected */
    static const char *const cases[][2] = {
        {"no-names", "found no struct with traces and names of neurons"},
        {"class", "found char of 10 elements, expected a matrix time x neuron"},
        {"stamps", " has 31 stamps, expected 30: the traces are 30 frames x 5 neurons"},
        {"nan-time", "time of frame 4 is nan, expected seconds"},
        {"empty", "found double of 0 elements, expected a matrix time x neuron"},
        {"huge", "claims 5497558138880 elements of 8 bytes, but the file stores 0"},
        {"names", "found cell of 4 elements, expected a cell of 5 names, one for each trace"},
        {"surplus-name", "{7}: found a name behind the last of 5 traces"},
        {"fps-zero", " is 0, expected frames a second"},
        {"no-time", "worm 1 has neither timeVectorSeconds nor tv nor time_vector nor fps"},
        {"disagree", "found a mean step of 0.4, expected 0.04 s by the fps of 25"}};
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t s = 0; s < sizeof sources / sizeof *sources; s++) {
            bram_dataset *ds;
            int status = import(cx, &ds, sources[s], cases[i][0], "auto");
            const char *message = bram_ctx_message(cx);
            if (status != BRAM_EFORMAT || !strstr(message, cases[i][1]) ||
                !strstr(message, "zimmer.mat") || !strstr(message, sources[s]) ||
                strchr(message, '\n'))
                fail_msg("%s, %s: status %d, %s", sources[s], cases[i][0], status, message);
            assert_null(ds);
        }
    bram_ctx_free(cx);
}

/* ---- worms as fields of a struct, and as elements of a cell --------------------------------- */

static matvar_t *matrix(size_t rows, size_t cols, double *values)
{
    return Mat_VarCreate(NULL, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, (size_t[]){rows, cols}, values, 0);
}

static matvar_t *cell_of(const char *name, size_t n, matvar_t **items)
{
    return Mat_VarCreate(name, MAT_C_CELL, MAT_T_CELL, 2, (size_t[]){1, n}, items, 0);
}

/* Three frames of two traces, the worm's number in the first value. */
static matvar_t *one_worm(double number)
{
    static const char *const fields[] = {"NeuronNames", "deltaFOverF_bc", "tv"};
    double traces[] = {number, 2, 3, 4, 5, 6}, time[] = {0, 0.5, 1};
    char aval[] = "AVAL";
    matvar_t *names[] = {Mat_VarCreate(NULL, MAT_C_CHAR, MAT_T_UINT8, 2, (size_t[]){1, 4}, aval, 0),
                         matrix(0, 0, NULL)};
    matvar_t *worm = Mat_VarCreateStruct(NULL, 2, (size_t[]){1, 1},
                                         (const char **)(uintptr_t)fields, 3);
    Mat_VarSetStructFieldByName(worm, "NeuronNames", 0, cell_of(NULL, 2, names));
    Mat_VarSetStructFieldByName(worm, "deltaFOverF_bc", 0, matrix(3, 2, traces));
    Mat_VarSetStructFieldByName(worm, "tv", 0, matrix(3, 1, time));
    return worm;
}

static void write_worms(const char *path, bool as_fields)
{
    static const char *const fields[] = {"N1", "N2"};
    matvar_t *worms[] = {one_worm(7), one_worm(8)}, *all;
    if (as_fields) {
        all = Mat_VarCreateStruct("WT_data", 2, (size_t[]){1, 1}, (const char **)(uintptr_t)fields,
                                  2);
        for (size_t k = 0; k < 2; k++) Mat_VarSetStructFieldByName(all, fields[k], 0, worms[k]);
    } else {
        all = cell_of("worms", 2, worms);
    }
    unlink(path);
    mat_t *file = Mat_CreateVer(path, NULL, MAT_FT_MAT5);
    assert_non_null(file);
    assert_int_equal(Mat_VarWrite(file, all, MAT_COMPRESSION_NONE), 0);
    Mat_Close(file);
    Mat_VarFree(all);
}

static void worms_may_be_fields_or_elements(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "zimmer-forms.mat");
    for (int as_fields = 0; as_fields < 2; as_fields++) {
        bram_dataset *ds = NULL;
        write_worms(path, as_fields);
        assert_ok(cx, bram_import(cx, &ds, "kato2015",
                                  &(bram_input){(const char *const[]){path}, 1}, NULL));
        assert_int_equal(bram_dataset_groups(ds, "recordings"), 2);
        assert_string_equal(bram_dataset_group_at(ds, "recordings", 1),
                            as_fields ? "WT_data_2" : "worms_2");
        for (size_t worm = 0; worm < 2; worm++) {
            double first;
            const bram_response *r = response(ds, worm, "activity");
            assert_ok(cx,
                      bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){1, 1}, &first, NULL));
            assert_near(first, 7 + (double)worm, 0);
            assert_string_equal(bram_axis_id(bram_response_axis(r, 1), 0), "AVAL");
        }
        bram_dataset_free(ds);
    }
    unlink(path);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_source_is_recognised_and_read),
        cmocka_unit_test(only_one_loader_is_sure),
        cmocka_unit_test(conditions_are_fields),
        cmocka_unit_test(oddities_give_the_same_worms),
        cmocka_unit_test(the_unit_of_time_may_be_told),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(worms_may_be_fields_or_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
