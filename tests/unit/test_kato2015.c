/* Tests of loaders/zimmer.c on files of Kato et al. 2015, and of import.c and import_recording.c on
 * its recordings. */
#include <bramble/loader.h>

#include <matio.h>

#include "internal.h"
#include "neurons.h"
#include "test.h"

/* Imports one file; the dataset is NULL on failure. */
static int import(bram_ctx *cx, bram_dataset **ds, const char *spec, const char *path,
                  const char *options)
{
    bram_options *o = NULL;
    *ds = NULL;
    assert_ok(cx, bram_options_new(cx, &o, bram_import_params, options));
    int status = bram_import(cx, ds, spec, &(bram_input){&path, 1}, o);
    bram_options_free(o);
    return status;
}

/* Valid by datasets/schema.md. */
static void assert_valid(bram_ctx *cx, const bram_dataset *ds)
{
    size_t errors = 1;
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
}

static double sum_of(bram_ctx *cx, const bram_response *r)
{
    size_t rows = bram_response_length(r, 0), cols = bram_response_length(r, 1);
    double *values = malloc(rows * cols * sizeof *values), sum = 0;
    assert_ok(cx,
              bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){rows, cols}, values, NULL));
    for (size_t k = 0; k < rows * cols; k++) sum += values[k];
    free(values);
    return sum;
}

/* How many rows of a text column hold this word. */
static size_t count_words(const bram_axis *axis, const char *column, const char *word)
{
    const bram_column *c = bram_axis_column(axis, column);
    size_t count = 0;
    assert_non_null(c);
    for (size_t i = 0; i < bram_axis_length(axis); i++) count += strcmp(c->text[i], word) == 0;
    return count;
}

static void check_worm(bram_ctx *cx, const bram_dataset *ds)
{
    assert_valid(cx, ds);
    assert_int_equal(bram_dataset_groups(ds, "recordings"), 1);
    const char *id = bram_dataset_group_at(ds, "recordings", 0);
    char path[200];
    snprintf(path, sizeof path, "recordings/%s/raw", id);
    const bram_response *raw = bram_dataset_response(ds, path);
    assert_non_null(raw);
    assert_int_equal(bram_response_length(raw, 0), 3137);
    assert_int_equal(bram_response_length(raw, 1), 103);
    assert_near(sum_of(cx, raw), 68446.78787002146, 1e-7);
    assert_near(bram_axis_values(bram_response_axis(raw, 0))[3136], 3136 / 2.9046296, 1e-3);

    snprintf(path, sizeof path, "recordings/%s/activity", id);
    bram_response *activity = bram_dataset_response(ds, path);
    assert_non_null(activity);
    assert_int_equal(bram_response_type(activity), BRAM_F32);
    assert_near(sum_of(cx, activity), 68446.78787002146, 0.01); /* float32 */
    const bram_axis *neuron = bram_response_axis(activity, 1);
    assert_int_equal(count_words(neuron, "certainty", "exact"), 32);
    assert_int_equal(count_words(neuron, "certainty", "unlabeled"), 71);
    ptrdiff_t vb2 = bram_axis_find(neuron, "VB2");
    assert_true(vb2 >= 0);
    assert_string_equal(bram_axis_column(neuron, "raw_label")->text[vb2], "VB02");
    assert_string_equal(bram_axis_column(neuron, "class")->text[vb2], "VB");
    assert_int_equal(bram_axis_column(neuron, "trace")->integer[vb2], vb2 + 1);
    assert_string_equal(bram_attrs_text(bram_response_attrs(activity), "filter"), "none");

    const bram_axis *report = bram_dataset_table(ds, "import_report");
    assert_int_equal(bram_axis_length(report), 103);
    assert_int_equal(count_words(report, "reason", "no label"), 71);
    assert_int_equal(bram_axis_length(bram_dataset_table(ds, "neurons")), BRAM_NEURONS);
    snprintf(path, sizeof path, "recordings/%s/events", id);
    assert_true(bram_axis_length(bram_dataset_table(ds, path)) > 50);
    assert_string_equal(bram_attrs_text(bram_dataset_find_attrs(ds, ""), "dataset"), "kato2015");
}

static void both_versions_give_the_recording(void **state)
{
    (void)state;
    static const char *const names[] = {"celegans/derived/kato2015_WT_NoStim_worm1_v5.mat",
                                        "celegans/derived/kato2015_WT_NoStim_worm1_v73.mat"};
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < 2; i++) {
        char path[512];
        bram_dataset *ds;
        test_data(path, names[i]);
        assert_ok(cx, import(cx, &ds, "auto", path, NULL));
        check_worm(cx, ds);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void a_struct_array_gives_its_worms(void **state)
{
    (void)state;
    char path[512];
    bram_dataset *ds;
    bram_ctx *cx = bram_ctx_new();
    test_data(path, "celegans/derived/kato2015_NoStim_Data_structarray_v73.mat");
    assert_ok(cx, import(cx, &ds, "kato2015", path, NULL));
    assert_int_equal(bram_dataset_groups(ds, "recordings"), 2);
    size_t rows = 0;
    for (size_t i = 0; i < 2; i++) {
        char name[200];
        snprintf(name, sizeof name, "recordings/%s/activity",
                 bram_dataset_group_at(ds, "recordings", i));
        const bram_response *r = bram_dataset_response(ds, name);
        rows += bram_response_length(r, 0);
        assert_int_equal(bram_response_length(r, 1), 40);
        assert_int_equal(count_words(bram_response_axis(r, 1), "certainty", "exact"), 32);
    }
    assert_int_equal(rows, 3137);
    assert_int_equal(bram_axis_length(bram_dataset_table(ds, "import_report")), 80);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Of 103 traces 32 have names, four with zeros; of the halves 40, eight of them digits. */
static void published_rules_count_as_published(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t recorded;
    } files[] = {{"celegans/derived/kato2015_WT_NoStim_worm1_v5.mat", 103},
                 {"celegans/derived/kato2015_NoStim_Data_structarray_v73.mat", 40}};
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < 2; i++) {
        char path[512], group[300];
        bram_dataset *ds;
        test_data(path, files[i].name);
        assert_ok(cx, import(cx, &ds, "kato2015", path, "rules=published"));
        assert_valid(cx, ds);
        snprintf(group, sizeof group, "recordings/%s", bram_dataset_group_at(ds, "recordings", 0));
        const bram_attrs *attrs = bram_dataset_find_attrs(ds, group);
        assert_string_equal(bram_attrs_text(attrs, "published"), "kept");
        assert_int_equal(bram_attrs_integer(attrs, "published_labeled", 0), 32);
        assert_int_equal(bram_attrs_integer(attrs, "published_recorded", 0), files[i].recorded);
        snprintf(group, sizeof group, "recordings/%s/activity",
                 bram_dataset_group_at(ds, "recordings", 0));
        const bram_axis *neuron = bram_response_axis(bram_dataset_response(ds, group), 1);
        assert_true(bram_axis_find(neuron, "VB2") >= 0);
        assert_int_equal(count_words(neuron, "reason", "published rules"), 32);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void published_rules_go_alone(void **state)
{
    (void)state;
    static const char *const options[] = {
        "rules=published,doubtful=use", "rules=published,ambiguous=single",
        "rules=published,duplicates=average", "rules=published,confidence=1",
        "rules=published,identities=given"};
    char path[512];
    bram_dataset *ds;
    bram_ctx *cx = bram_ctx_new();
    test_data(path, "celegans/derived/kato2015_NoStim_Data_structarray_v73.mat");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        assert_int_equal(import(cx, &ds, "kato2015", path, options[i]), BRAM_EUSAGE);
        assert_non_null(strstr(bram_ctx_message(cx), "rules=published"));
    }
    bram_ctx_free(cx);
}

static void the_steps_are_applied_and_recorded(void **state)
{
    (void)state;
    char path[512], name[200];
    bram_dataset *ds;
    bram_ctx *cx = bram_ctx_new();
    test_data(path, "celegans/derived/kato2015_WT_NoStim_worm1_v5.mat");
    assert_ok(cx,
              import(cx, &ds, "auto", path, "dt=1,smooth=exponential,smooth_s=2,normalize=causal"));
    assert_valid(cx, ds);
    const char *id = bram_dataset_group_at(ds, "recordings", 0);
    snprintf(name, sizeof name, "recordings/%s/activity", id);
    bram_response *r = bram_dataset_response(ds, name);
    assert_int_equal(bram_response_length(r, 0), 1080); /* 3137 frames of 0.344 s */
    assert_string_equal(bram_attrs_text(bram_response_attrs(r), "filter"), "causal");
    assert_string_equal(bram_attrs_text(bram_response_attrs(r), "unit"), "z");
    const char *history = bram_attrs_text(bram_response_attrs(r), "history");
    assert_non_null(
        strstr(history, "smoothed: exponential, 2 s (causal); resampled: from a step of"));
    assert_non_null(strstr(history, "burn-in 60 s"));
    assert_true(bram_response_has_mask(r));
    snprintf(name, sizeof name, "recordings/%s", id);
    assert_near(bram_attrs_number(bram_dataset_find_attrs(ds, name), "dt", 0), 1, 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* ---- made files: worms in a struct of cells, with all that may be wrong --------------------- */

enum { FRAMES = 20, TRACES = 6 };

struct made {
    size_t stamps;
    bool descending, all_nan, text_traces, no_time, few_names, struct_states;
};

static matvar_t *matrix(const char *name, size_t rows, size_t cols, double *values)
{
    return Mat_VarCreate(name, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, (size_t[]){rows, cols}, values, 0);
}

static matvar_t *chars(const char *text)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%s", text);
    return Mat_VarCreate(NULL, MAT_C_CHAR, MAT_T_UINT8, 2, (size_t[]){1, strlen(text)}, copy, 0);
}

static matvar_t *cell_of(size_t n, matvar_t **items)
{
    return Mat_VarCreate(NULL, MAT_C_CELL, MAT_T_CELL, 2, (size_t[]){1, n}, items, 0);
}

static matvar_t *made_names(const struct made *m)
{
    matvar_t *candidates[3] = {chars("VB02"), chars("DB01"), chars("VB01")};
    matvar_t *names[TRACES] = {chars("AVAL"), cell_of(3, candidates),   chars("AVAL"),
                               chars("17"),   matrix(NULL, 0, 0, NULL), chars("OLQ?L")};
    if (!m->few_names) return cell_of(TRACES, names);
    Mat_VarFree(names[5]);
    return cell_of(TRACES - 1, names);
}

static matvar_t *made_states(const struct made *m)
{
    double codes[FRAMES], on[FRAMES];
    for (int i = 0; i < FRAMES; i++) codes[i] = i < 8 ? 0 : i < 15 ? 1 : 0;
    if (!m->struct_states) return matrix(NULL, 1, FRAMES, codes);
    static const char *const fields[] = {"fwd", "rev1"};
    matvar_t *s = Mat_VarCreateStruct(NULL, 2, (size_t[]){1, 1}, (const char **)(uintptr_t)fields,
                                      2);
    for (int i = 0; i < FRAMES; i++) on[i] = 1 - codes[i];
    Mat_VarSetStructFieldByName(s, "fwd", 0, matrix(NULL, 1, FRAMES, on));
    Mat_VarSetStructFieldByName(s, "rev1", 0, matrix(NULL, 1, FRAMES, codes));
    return s;
}

static void make_file(const char *path, const struct made *m)
{
    static const char *const fields[] = {"IDs", "traces", "timeVectorSeconds", "States"};
    double traces[FRAMES * TRACES], time[FRAMES + 1];
    for (int i = 0; i < FRAMES * TRACES; i++) traces[i] = m->all_nan ? (double)NAN : i;
    for (int i = 0; i <= FRAMES; i++) time[i] = 100 + 0.5 * i;
    if (m->descending) time[7] = 3;
    matvar_t *worms = Mat_VarCreateStruct("WT_Stim", 2, (size_t[]){1, 1},
                                          (const char **)(uintptr_t)fields, m->no_time ? 2 : 4);
    matvar_t *one[1];
    one[0] = made_names(m);
    Mat_VarSetStructFieldByName(worms, "IDs", 0, cell_of(1, one));
    one[0] = m->text_traces ? chars("no numbers") : matrix(NULL, FRAMES, TRACES, traces);
    Mat_VarSetStructFieldByName(worms, "traces", 0, cell_of(1, one));
    if (!m->no_time) {
        one[0] = matrix(NULL, m->stamps, 1, time);
        Mat_VarSetStructFieldByName(worms, "timeVectorSeconds", 0, cell_of(1, one));
        one[0] = made_states(m);
        Mat_VarSetStructFieldByName(worms, "States", 0, cell_of(1, one));
    }
    unlink(path);
    mat_t *file = Mat_CreateVer(path, NULL, MAT_FT_MAT5);
    assert_non_null(file);
    assert_int_equal(Mat_VarWrite(file, worms, MAT_COMPRESSION_NONE), 0);
    Mat_Close(file);
    Mat_VarFree(worms);
}

static void candidates_duplicates_and_states(void **state)
{
    (void)state;
    char path[200];
    bram_dataset *ds;
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "kato.mat");
    make_file(path, &(struct made){.stamps = FRAMES});
    assert_ok(cx, import(cx, &ds, "kato2015:states=fwd+rev", path, NULL));
    const bram_response *r = bram_dataset_response(ds, "recordings/WT_Stim_1/activity");
    const bram_axis *neuron = bram_response_axis(r, 1);
    const bram_column *certainty = bram_axis_column(neuron, "certainty");
    static const char *const expected[TRACES] = {"duplicate", "low-confidence", "duplicate",
                                                 "unlabeled", "unlabeled",      "side-ambiguous"};
    for (size_t i = 0; i < TRACES; i++) assert_string_equal(certainty->text[i], expected[i]);
    assert_string_equal(bram_axis_id(neuron, 1), "2"); /* other names were considered */
    assert_string_equal(bram_axis_column(neuron, "candidates")->text[1], "VB2 DB1 VB1");
    assert_string_equal(bram_axis_id(neuron, 0), "1"); /* a duplicate fills no slot */
    assert_string_equal(bram_axis_column(neuron, "candidates")->text[5], "OLQDL OLQVL");
    const bram_axis *raw = bram_response_axis(bram_dataset_response(ds, "recordings/WT_Stim_1/raw"),
                                              1);
    assert_string_equal(bram_axis_column(raw, "further_labels")->text[1], "DB01 | VB01");

    const bram_axis *events = bram_dataset_table(ds, "recordings/WT_Stim_1/events");
    assert_int_equal(bram_axis_length(events), 3);
    assert_string_equal(bram_axis_id(events, 1), "rev");
    assert_near(bram_axis_column(events, "onset")->number[1], 4, 0);
    assert_near(bram_axis_column(events, "offset")->number[1], 7.5, 0);
    assert_near(bram_attrs_number(bram_dataset_find_attrs(ds, "recordings/WT_Stim_1"), "start", 0),
                100, 0);
    bram_dataset_free(ds);

    make_file(path, &(struct made){.stamps = FRAMES, .struct_states = true});
    assert_ok(cx,
              import(cx, &ds, "auto", path, "duplicates=average,ambiguous=single,doubtful=use"));
    events = bram_dataset_table(ds, "recordings/WT_Stim_1/events");
    assert_int_equal(bram_axis_length(events), 3);
    assert_int_equal(bram_axis_find(events, "rev1") >= 0, 1);
    r = bram_dataset_response(ds, "recordings/WT_Stim_1/activity");
    assert_int_equal(bram_axis_find(bram_response_axis(r, 1), "AVAL"), 0);
    assert_int_equal(bram_axis_find(bram_response_axis(r, 1), "VB2"), 1);
    double first;
    assert_ok(cx, bram_response_read(cx, r, (size_t[]){3, 0}, (size_t[]){1, 1}, &first, NULL));
    assert_near(first, 3 + FRAMES, 0); /* the mean of columns 0 and 2 */
    bram_dataset_free(ds);
    unlink(path);
    bram_ctx_free(cx);
}

static void refuse(const struct made *m, int status, const char *words)
{
    char path[200];
    bram_dataset *ds;
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "kato-bad.mat");
    make_file(path, m);
    int found = import(cx, &ds, "kato2015", path, NULL);
    if (found != status || !strstr(bram_ctx_message(cx), words))
        fail_msg("status %d, \"%s\"; expected %d, \"%s\"", found, bram_ctx_message(cx), status,
                 words);
    unlink(path);
    bram_ctx_free(cx);
}

static void hostile_files_are_refused(void **state)
{
    (void)state;
    refuse(&(struct made){.stamps = FRAMES + 1}, BRAM_EFORMAT, "21 stamps, expected 20");
    refuse(&(struct made){.stamps = FRAMES, .descending = true}, BRAM_EFORMAT, "frame 8");
    refuse(&(struct made){.stamps = FRAMES, .all_nan = true}, BRAM_EFORMAT, "no finite value");
    refuse(&(struct made){.stamps = FRAMES, .text_traces = true}, BRAM_EFORMAT,
           "expected a matrix");
    refuse(&(struct made){.no_time = true}, BRAM_EFORMAT,
           "neither timeVectorSeconds nor tv nor time_vector nor fps");
    refuse(&(struct made){.stamps = FRAMES, .few_names = true}, BRAM_EFORMAT,
           "5 elements, expected a cell");
}

static void files_that_are_none(void **state)
{
    (void)state;
    static const char lfs[] =
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n";
    static const struct {
        const char *bytes, *words;
        size_t size;
        int status;
    } files[] = {
        {"", "empty", 0, BRAM_EFORMAT},
        {lfs, "LFS", sizeof lfs - 1, BRAM_EFORMAT},
        {"MATLAB 5.0 MAT-file, cut", "no loader knows", 24, BRAM_EFORMAT},
    };
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    char path[200];
    test_temporary(path, "kato-none.mat");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        FILE *file = fopen(path, "wb");
        fwrite(files[i].bytes, 1, files[i].size, file);
        fclose(file);
        assert_int_equal(import(cx, &ds, "auto", path, NULL), files[i].status);
        assert_non_null(strstr(bram_ctx_message(cx), files[i].words));
    }
    unlink(path);
    assert_int_equal(import(cx, &ds, "auto", path, NULL), BRAM_EREAD);
    assert_int_equal(import(cx, &ds, "kato2015", path, NULL), BRAM_EREAD);
    assert_int_equal(import(cx, &ds, "nosuch", path, NULL), BRAM_EUSAGE);
    assert_int_equal(import(cx, &ds, "9", path, NULL), BRAM_EUSAGE);
    assert_int_equal(import(cx, &ds, "kato2015:nosuch=1", path, NULL), BRAM_EUSAGE);
    assert_int_equal(bram_import(cx, &ds, "auto", &(bram_input){NULL, 0}, NULL), BRAM_EUSAGE);
    bram_ctx_free(cx);
}

/* A file cut anywhere gives an error or less data, never a crash. */
static void cut_files_are_survived(void **state)
{
    (void)state;
    char path[200], cut[200];
    test_temporary(path, "kato-whole.mat");
    test_temporary(cut, "kato-cut.mat");
    make_file(path, &(struct made){.stamps = FRAMES});
    FILE *file = fopen(path, "rb");
    unsigned char bytes[8192];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_true(size > 1000 && size < sizeof bytes);
    bram_ctx *cx = bram_ctx_new();
    for (size_t keep = 1; keep < size; keep += 37) {
        bram_dataset *ds;
        file = fopen(cut, "wb");
        fwrite(bytes, 1, keep, file);
        fclose(file);
        assert_int_not_equal(import(cx, &ds, "kato2015", cut, NULL), BRAM_OK);
    }
    unlink(cut);
    unlink(path);
    bram_ctx_free(cx);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char path[200];
    test_temporary(path, "kato-memory.mat");
    make_file(path, &(struct made){.stamps = FRAMES});
    int status = BRAM_ENOMEM;
    size_t k = 1;
    for (; status != BRAM_OK && k < 4000; k += 1 + k / 40) {
        bram_ctx *cx = bram_ctx_new();
        bram_dataset *ds = NULL;
        bram_fail_allocation(k, false);
        status = bram_import(cx, &ds, "kato2015", &(bram_input){(const char *const[]){path}, 1},
                             NULL);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK && status != BRAM_ENOMEM)
            fail_msg("allocation %zu: %d %s", k, status, bram_ctx_message(cx));
        bram_dataset_free(ds);
        bram_ctx_free(cx);
    }
    assert_int_equal(status, BRAM_OK);
    assert_true(k > 100);
    unlink(path);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_versions_give_the_recording),
        cmocka_unit_test(a_struct_array_gives_its_worms),
        cmocka_unit_test(published_rules_count_as_published),
        cmocka_unit_test(published_rules_go_alone),
        cmocka_unit_test(the_steps_are_applied_and_recorded),
        cmocka_unit_test(candidates_duplicates_and_states),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(files_that_are_none),
        cmocka_unit_test(cut_files_are_survived),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
