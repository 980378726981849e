/* Tests of loaders/zimmer.c and zimmer_sources.c on made files: see made_zimmer.c for what is
 * documented of their layouts and what is assumed. */
#include "made_import.h"
#include "mat5_values.h"

static const char *const sources[] = {"nichols2017", "skora2018", "kaplan2020", "uzel2022"};

/* By made_zimmer.c: worm k has 30 + 10 k frames of 0.4 s; trace j is j + 0.01 frame + 100 k. */
static void check_worm(bram_ctx *cx, const bram_dataset *ds, size_t worm)
{
    static const char *const certainty[] = {"exact", "exact", "low-confidence", "unlabeled",
                                            "exact"};
    static const char *const label[] = {"AVAL", "VB2", "", "", "RIS"};
    const bram_response *raw = made_response(ds, worm, "raw"),
                        *activity = made_response(ds, worm, "activity");
    size_t rows = 30 + 10 * worm;
    assert_int_equal(bram_response_length(raw, 0), rows);
    assert_int_equal(bram_response_length(raw, 1), 5);
    for (size_t j = 0; j < 5; j++)
        assert_near(made_value(cx, raw, rows - 1, j),
                    (double)j + 0.01 * (double)(rows - 1) + 100 * (double)worm, 1e-12);
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
        assert_ok(cx, made_import(cx, &ds, sources[i], "good", "auto"));
        assert_string_equal(bram_attrs_text(bram_dataset_find_attrs(ds, ""), "dataset"),
                            sources[i]);
        assert_int_equal(bram_dataset_groups(ds, "recordings"), 2);
        for (size_t worm = 0; worm < 2; worm++) check_worm(cx, ds, worm);
        made_check(cx, ds);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void only_one_loader_is_sure(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        made_known_by(sources[i], sources[i], "traces and neuron names of 2 worms");
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
        assert_ok(cx, made_import(cx, &ds, expected[i][0], "good", "auto"));
        const char *found = made_attribute(ds, 0, expected[i][1]);
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
            assert_ok(cx, made_import(cx, &ds, sources[s], odd[i], "auto"));
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
        assert_ok(cx, made_import(cx, &ds, "nichols2017", cases[i].defect, cases[i].spec));
        assert_near(bram_axis_values(bram_response_axis(made_response(ds, 0, "raw"), 0))[1],
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
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t s = 0; s < sizeof sources / sizeof *sources; s++)
            made_refused(sources[s], sources[s], cases[i][0], cases[i][1]);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    made_survives("nichols2017", "nichols2017");
    made_survives("kaplan2020", "kaplan2020");
}

/* ---- worms as fields of a struct, and as elements of a cell --------------------------------- */

/* Three frames of two traces, the worm's number in the first value. */
static matvar_t *one_worm(double number)
{
    static const char *const fields[] = {"NeuronNames", "deltaFOverF_bc", "tv"};
    const double traces[] = {number, 2, 3, 4, 5, 6}, time[] = {0, 0.5, 1};
    matvar_t *names[] = {made_chars(NULL, "AVAL"), made_matrix(NULL, 0, 0, NULL)};
    matvar_t *worm = made_struct(NULL, 3, fields);
    Mat_VarSetStructFieldByName(worm, "NeuronNames", 0, made_cell(NULL, 1, 2, names));
    Mat_VarSetStructFieldByName(worm, "deltaFOverF_bc", 0, made_matrix(NULL, 3, 2, traces));
    Mat_VarSetStructFieldByName(worm, "tv", 0, made_matrix(NULL, 3, 1, time));
    return worm;
}

static void write_worms(const char *path, bool as_fields)
{
    static const char *const fields[] = {"N1", "N2"};
    matvar_t *worms[] = {one_worm(7), one_worm(8)};
    matvar_t *all = as_fields ? made_struct("WT_data", 2, fields) : made_cell("worms", 1, 2, worms);
    for (size_t k = 0; as_fields && k < 2; k++)
        Mat_VarSetStructFieldByName(all, fields[k], 0, worms[k]);
    assert_true(made_mat5(path, 1, &all));
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
            const bram_response *r = made_response(ds, worm, "activity");
            assert_near(made_value(cx, r, 0, 0), 7 + (double)worm, 0);
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
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(worms_may_be_fields_or_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
