/* Tests of loaders/dag2023*.c: real recordings with three forms of labels, and made ones. */
#include <bramble/loader.h>

#include <hdf5.h>

#include "gz.h"
#include "internal.h"
#include "labels.h"
#include "test.h"

#define FOLDER "celegans/activity/dag2023/"

static const char *const animals[] = {"2022-07-26-31", "2022-07-27-38", "2022-07-27-45"};

/* Valid by datasets/schema.md. */
static void assert_valid(bram_ctx *cx, const bram_dataset *ds)
{
    size_t errors = 1;
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
}

/* Labels of a recording counted from the raw axis: labelled, exact, distinct. */
static void counted(const bram_dataset *ds, const char *id, double threshold, size_t found[3])
{
    char path[200];
    snprintf(path, sizeof path, "recordings/%s/raw", id);
    const bram_axis *neuron = bram_response_axis(bram_dataset_response(ds, path), 1);
    const bram_column *raw = bram_axis_column(neuron, "raw_label");
    const bram_column *confidence = bram_axis_column(neuron, "confidence");
    size_t n = bram_axis_length(neuron);
    bram_label *label = calloc(n, sizeof *label);
    bram_label_counts counts;
    for (size_t i = 0; i < n; i++)
        label[i] = bram_label_parse(raw->text[i], confidence->number[i], threshold);
    bram_labels_resolve(label, n, NULL, &counts);
    found[0] = counts.labeled, found[1] = counts.exact, found[2] = counts.distinct;
    free(label);
}

static void expect_counts(const bram_dataset *ds, const char *id, double threshold, size_t labelled,
                          size_t exact, size_t distinct)
{
    size_t found[3];
    counted(ds, id, threshold, found);
    if (found[0] != labelled || found[1] != exact || found[2] != distinct)
        fail_msg("%s above %g: %zu / %zu / %zu, expected %zu / %zu / %zu", id, threshold, found[0],
                 found[1], found[2], labelled, exact, distinct);
}

static void the_dictionaries_give_the_labels(void **state)
{
    (void)state;
    static const char *const forms[] = {"celegans/derived/dag2023_NeuroPAL_labels_dict.json",
                                        FOLDER "NeuroPAL_labels_dict.jld2"};
    static const size_t all[3][3] = {{100, 99, 99}, {94, 88, 87}, {109, 107, 107}};
    static const size_t sure[3][3] = {{92, 91, 91}, {86, 83, 82}, {101, 99, 99}};
    char path[4][512];
    for (size_t i = 0; i < 3; i++) {
        char name[200];
        snprintf(name, sizeof name, FOLDER "swf702_with_id/%s-data.h5", animals[i]);
        test_data(path[i], name);
    }
    bram_ctx *cx = bram_ctx_new();
    for (size_t f = 0; f < 2; f++) {
        bram_dataset *ds = NULL;
        test_data(path[3], forms[f]);
        const bram_input input = {(const char *const[]){path[0], path[1], path[2], path[3]}, 4};
        assert_ok(cx, bram_import(cx, &ds, "auto", &input, NULL));
        assert_int_equal(bram_dataset_groups(ds, "recordings"), 3);
        for (size_t i = 0; i < 3; i++) {
            expect_counts(ds, animals[i], -1e9, all[i][0], all[i][1], all[i][2]);
            expect_counts(ds, animals[i], 2.5, sure[i][0], sure[i][1], sure[i][2]);
        }
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

/* rules=published: every labelled trace gets some name, and 2022-07-27-45 is lost by its own. */
static void the_published_labels(void **state)
{
    (void)state;
    static const struct {
        const char *kept;
        int64_t labeled, recorded;
    } known[] = {{"kept", 100, 146}, {"kept", 94, 135}, {"no labeled neuron", -1, -1}};
    char path[4][512];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    bram_options *o = NULL;
    for (size_t i = 0; i < 3; i++) {
        char name[200];
        snprintf(name, sizeof name, FOLDER "swf702_with_id/%s-data.h5", animals[i]);
        test_data(path[i], name);
    }
    test_data(path[3], "celegans/derived/dag2023_NeuroPAL_labels_dict.json");
    const bram_input input = {(const char *const[]){path[0], path[1], path[2], path[3]}, 4};
    assert_ok(cx, bram_options_new(cx, &o, bram_import_params, "rules=published"));
    assert_ok(cx, bram_import(cx, &ds, "dag2023", &input, o));
    for (size_t i = 0; i < 3; i++) {
        char group[100];
        snprintf(group, sizeof group, "recordings/%s", animals[i]);
        const bram_attrs *attrs = bram_dataset_find_attrs(ds, group);
        assert_string_equal(bram_attrs_text(attrs, "published"), known[i].kept);
        assert_int_equal(bram_attrs_integer(attrs, "published_labeled", -1), known[i].labeled);
        assert_int_equal(bram_attrs_integer(attrs, "published_recorded", -1), known[i].recorded);
    }
    bram_options_free(o);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void the_workbooks_give_the_labels(void **state)
{
    (void)state;
    static const size_t expected[3] = {94, 87, 103};
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < 3; i++) {
        char name[200], h5[512], xlsx[512];
        size_t found[3];
        bram_dataset *ds = NULL;
        snprintf(name, sizeof name, FOLDER "swf702_with_id/%s-data.h5", animals[i]);
        test_data(h5, name);
        snprintf(name, sizeof name, FOLDER "neuron_id_xlsx/%s Neuron ID.xlsx", animals[i]);
        test_data(xlsx, name);
        const bram_input input = {(const char *const[]){h5, xlsx}, 2};
        assert_ok(cx, bram_import(cx, &ds, "dag2023", &input, NULL));
        counted(ds, animals[i], 2.5, found);
        assert_int_equal(found[0], expected[i]);
        char group[100];
        snprintf(group, sizeof group, "recordings/%s", animals[i]);
        assert_non_null(strstr(bram_attrs_text(bram_dataset_find_attrs(ds, group), "labels_from"),
                               "workbook, sheet \"labels v"));
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void a_recording_is_whole(void **state)
{
    (void)state;
    char path[512];
    test_data(path, FOLDER "swf702_with_id/2022-07-27-38-data.h5");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    assert_ok(cx,
              bram_import(cx, &ds, "auto", &(bram_input){(const char *const[]){path}, 1}, NULL));
    assert_valid(cx, ds);
    const bram_response *raw = bram_dataset_response(ds, "recordings/2022-07-27-38/raw");
    assert_int_equal(bram_response_length(raw, 0), 800);
    assert_int_equal(bram_response_length(raw, 1), 135);
    const double *time = bram_axis_values(bram_response_axis(raw, 0));
    assert_near(time[0], 0, 0);
    assert_near(time[799], 480.6, 0.1);
    const bram_attrs *attrs = bram_dataset_find_attrs(ds, "recordings/2022-07-27-38");
    assert_true(bram_attrs_number(attrs, "start", 0) > 1e6);
    assert_near(bram_attrs_number(attrs, "dt", 0), 0.6, 0.002);
    const bram_response *behaviour = bram_dataset_response(ds,
                                                           "recordings/2022-07-27-38/behaviour");
    assert_int_equal(bram_response_length(behaviour, 0), 800);
    assert_true(bram_axis_find(bram_response_axis(behaviour, 1), "velocity") >= 0);
    assert_true(bram_axis_find(bram_response_axis(behaviour, 1), "body_angle_30") >= 0);
    const bram_axis *events = bram_dataset_table(ds, "recordings/2022-07-27-38/events");
    assert_int_equal(bram_axis_length(events), 30);
    assert_near(bram_axis_column(events, "onset")->number[0], time[3], 0); /* frame 4 */
    assert_near(bram_axis_column(events, "offset")->number[0], time[9], 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Frames, traces, steps and length of the animals, as the data's provenance states them. */
static void shapes_and_steps(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        size_t frames, traces;
        double median, least, most, seconds;
    } known[] = {
        {"swf702_with_id/2022-07-26-31-data.h5", 800, 146, .600, .557, .661, 480.7},
        {"swf702_with_id/2022-07-27-38-data.h5", 800, 135, .600, .550, .675, 480.6},
        {"swf702_with_id/2022-07-27-45-data.h5", 800, 140, .600, .544, .666, 480.7},
        {"swf415_no_id/2022-01-16-01-data.h5", 799, 130, .737, .663, .805, 588.7},
    };
    bram_ctx *cx = bram_ctx_new();
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        char path[512], name[200];
        double step[800];
        bram_dataset *ds = NULL;
        snprintf(name, sizeof name, FOLDER "%s", known[k].file);
        test_data(path, name);
        const bram_input input = {(const char *const[]){path}, 1};
        assert_ok(cx, bram_import(cx, &ds, "dag2023", &input, NULL));
        snprintf(name, sizeof name, "recordings/%.13s/raw", strchr(known[k].file, '/') + 1);
        const bram_response *raw = bram_dataset_response(ds, name);
        assert_int_equal(bram_response_length(raw, 0), known[k].frames);
        assert_int_equal(bram_response_length(raw, 1), known[k].traces);
        const double *time = bram_axis_values(bram_response_axis(raw, 0));
        size_t n = known[k].frames - 1;
        for (size_t i = 0; i < n; i++) step[i] = time[i + 1] - time[i];
        qsort(step, n, sizeof *step, by_size);
        assert_near(.5 * (step[(n - 1) / 2] + step[n / 2]), known[k].median, .0005);
        assert_near(step[0], known[k].least, .0005);
        assert_near(step[n - 1], known[k].most, .0005);
        assert_near(time[n], known[k].seconds, .05);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void the_strain_without_labels(void **state)
{
    (void)state;
    char path[2][512];
    test_data(path[0], FOLDER "swf415_no_id/2022-01-16-01-data.h5");
    test_data(path[1], "celegans/derived/dag2023_NeuroPAL_labels_dict.json");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_import(cx, &ds, "auto",
                              &(bram_input){(const char *const[]){path[0], path[1]}, 2}, NULL));
    const bram_response *r = bram_dataset_response(ds, "recordings/2022-01-16-01/activity");
    assert_int_equal(bram_response_length(r, 0), 799);
    assert_int_equal(bram_response_length(r, 1), 130);
    const bram_column *certainty = bram_axis_column(bram_response_axis(r, 1), "certainty");
    for (size_t i = 0; i < 130; i++) /* its NSM is told by an index, without a side */
        assert_string_equal(certainty->text[i], i == 16 ? "class-only" : "unlabeled");
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* ---- made files ----------------------------------------------------------------------------- */

enum { FRAMES = 12, TRACES = 3, STAMPS = 20 };

struct made {
    size_t stamps, pieces;
    const long long *splits; /* 2 x pieces */
    const long long *map;    /* 2 x map_count */
    size_t map_count;
    bool mean, no_traces, text_traces, descending, nan, bad_reversal, registered;
};

static void put(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dims,
                const void *values)
{
    hid_t space = H5Screate_simple(rank, dims, NULL), links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    hid_t set = H5Dcreate2(file, name, type, space, links, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(set >= 0);
    assert_true(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(set), H5Pclose(links), H5Sclose(space);
}

static void make_file(const char *path, const struct made *m)
{
    double traces[FRAMES * TRACES], time[STAMPS];
    unlink(path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(file >= 0);
    for (int i = 0; i < FRAMES * TRACES; i++) traces[i] = m->nan ? (double)NAN : i;
    for (int i = 0; i < STAMPS; i++) time[i] = 1.2e6 + 0.6 * i;
    if (m->descending) time[4] = 0;
    const hsize_t shape[] = {FRAMES, TRACES}, stamps[] = {m->stamps};
    put(file, "gcamp/trace_array", H5T_NATIVE_DOUBLE, 2, shape, traces);
    if (m->mean) put(file, "gcamp/traces_array_F_Fmean", H5T_NATIVE_DOUBLE, 2, shape, traces);
    if (m->text_traces) {
        hid_t text = H5Tcopy(H5T_C_S1);
        H5Tset_size(text, 8);
        put(file, "gcamp/traces_array_F_F20", text, 2, shape, traces);
        H5Tclose(text);
    } else if (!m->no_traces) {
        put(file, "gcamp/traces_array_F_F20", H5T_NATIVE_DOUBLE, 2, shape, traces);
    }
    put(file, "timing/timestamp_confocal", H5T_NATIVE_DOUBLE, 1, stamps, time);
    const hsize_t splits[] = {2, m->pieces}, map[] = {2, m->map_count}, two[] = {2, 1};
    if (m->splits) put(file, "gcamp/idx_splits", H5T_NATIVE_LLONG, 2, splits, m->splits);
    if (m->map) put(file, "gcamp/match_org_to_skip", H5T_NATIVE_LLONG, 2, map, m->map);
    const long long match[] = {3, 1};
    const double sure[] = {50, 1.5};
    if (m->registered)
        put(file, "neuropal_registration/roi_match", H5T_NATIVE_LLONG, 1, two, match);
    if (m->registered)
        put(file, "neuropal_registration/roi_match_confidence", H5T_NATIVE_DOUBLE, 1, two, sure);
    const long long reversal[] = {2, m->bad_reversal ? FRAMES + 1 : 5};
    put(file, "behavior/reversal_events", H5T_NATIVE_LLONG, 2, two, reversal);
    put(file, "behavior/velocity", H5T_NATIVE_DOUBLE, 1, shape, traces);
    H5Fclose(file);
}

static int import(bram_ctx *cx, bram_dataset **ds, const char *spec, const char *path,
                  const char *labels)
{
    const char *const paths[] = {path, labels};
    *ds = NULL;
    return bram_import(cx, ds, spec, &(bram_input){paths, labels ? 2 : 1}, NULL);
}

static const char *made_path(void)
{
    static char path[200];
    test_temporary(path, "animal-data.h5");
    return path;
}

static const double *raw_time(const bram_dataset *ds)
{
    char path[300];
    snprintf(path, sizeof path, "recordings/%s/raw", bram_dataset_group_at(ds, "recordings", 0));
    return bram_axis_values(bram_response_axis(bram_dataset_response(ds, path), 0));
}

/* More stamps than frames: the pieces tell which were kept, or nothing does. */
static void frames_find_their_stamps(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    static const long long pieces[] = {1, 11, 8, 14}; /* 1..8 and 11..14 of 20 */
    make_file(made_path(), &(struct made){.stamps = STAMPS, .splits = pieces, .pieces = 2});
    assert_ok(cx, import(cx, &ds, "auto", made_path(), NULL));
    assert_near(raw_time(ds)[7], 7 * 0.6, 1e-6);
    assert_near(raw_time(ds)[8], 10 * 0.6, 1e-6);
    assert_near(raw_time(ds)[11], 13 * 0.6, 1e-6);
    assert_valid(cx, ds); /* the step of 3 frames is no gap */
    bram_dataset_free(ds);

    long long map[2 * FRAMES]; /* a map over frames: every frame but the first of 13 */
    for (int i = 0; i < FRAMES; i++) map[i] = FRAMES + 1 - i, map[FRAMES + i] = FRAMES - i;
    make_file(made_path(), &(struct made){.stamps = STAMPS, .map = map, .map_count = FRAMES});
    assert_ok(cx, import(cx, &ds, "auto", made_path(), NULL));
    char group[300];
    snprintf(group, sizeof group, "recordings/%s", bram_dataset_group_at(ds, "recordings", 0));
    assert_near(bram_attrs_number(bram_dataset_find_attrs(ds, group), "start", 0), 1.2e6 + 0.6,
                1e-6);
    bram_dataset_free(ds);

    static const long long kept[] = {1, FRAMES}; /* numbers the kept frames: tells nothing */
    make_file(made_path(), &(struct made){.stamps = STAMPS, .splits = kept, .pieces = 1});
    assert_int_equal(import(cx, &ds, "auto", made_path(), NULL), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "20 stamps for 12 frames"));
    assert_ok(cx, import(cx, &ds, "dag2023:stamps=first", made_path(), NULL));
    assert_near(raw_time(ds)[11], 11 * 0.6, 1e-6);
    assert_non_null(
        strstr(bram_attrs_text(bram_dataset_find_attrs(ds, group), "stamps"), "as asked"));
    bram_dataset_free(ds);
    unlink(made_path());
    bram_ctx_free(cx);
}

/* Files of Atanas, Kim et al. 2023 have F/Fmean. */
static void other_arrays_can_be_asked_for(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    make_file(made_path(), &(struct made){.stamps = FRAMES, .mean = true, .no_traces = true});
    assert_ok(cx, import(cx, &ds, "dag2023:traces=F_Fmean", made_path(), NULL));
    char path[300];
    snprintf(path, sizeof path, "recordings/%s/raw", bram_dataset_group_at(ds, "recordings", 0));
    const bram_response *raw = bram_dataset_response(ds, path);
    assert_string_equal(bram_attrs_text(bram_response_attrs_const(raw), "unit"), "F/Fmean");
    bram_dataset_free(ds);
    unlink(made_path());
    bram_ctx_free(cx);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(text, 1, strlen(text), file);
    fclose(file);
}

/* Labels number the traces before two of five were removed. */
static void labels_follow_the_map_of_traces(void **state)
{
    (void)state;
    char json[200], text[400], id[100];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    static const long long map[] = {2, 5, 3, 1, 3, 2}; /* 2 -> 1, 5 -> 3, 3 -> 2 */
    make_file(made_path(), &(struct made){.stamps = FRAMES, .map = map, .map_count = 3});
    snprintf(id, sizeof id, "bramble-%ld-animal", (long)getpid());
    test_temporary(json, "labels.json");
    snprintf(text, sizeof text,
             "{\"%s\": [{\"5\": {\"label\": \"AVAL\", \"confidence\": 3},"
             " \"2\": {\"label\": \"RMD?L\", \"confidence\": 1.5},"
             " \"4\": {\"label\": \"RIS\", \"confidence\": 5}}, {}]}",
             id);
    write_text(json, text);
    assert_ok(cx, import(cx, &ds, "auto", made_path(), json));
    char path[300];
    snprintf(path, sizeof path, "recordings/%s/activity", id);
    const bram_axis *neuron = bram_response_axis(bram_dataset_response(ds, path), 1);
    assert_string_equal(bram_axis_id(neuron, 2), "AVAL");
    assert_string_equal(bram_axis_column(neuron, "certainty")->text[0], "low-confidence");
    assert_string_equal(bram_axis_column(neuron, "certainty")->text[1], "unlabeled");
    bram_dataset_free(ds);

    unsigned char *packed; /* the same dictionary as gzip */
    size_t size;
    assert_ok(cx, bram_gz_deflate(cx, &packed, &size, (const unsigned char *)text, strlen(text)));
    FILE *file = fopen(json, "wb");
    assert_int_equal(fwrite(packed, 1, size, file), size);
    fclose(file);
    bram_free(packed);
    assert_ok(cx, import(cx, &ds, "auto", made_path(), json));
    neuron = bram_response_axis(bram_dataset_response(ds, path), 1);
    assert_string_equal(bram_axis_id(neuron, 2), "AVAL");
    bram_dataset_free(ds);
    unlink(json);
    unlink(made_path());
    bram_ctx_free(cx);
}

/* labels: what the dictionary holds for the recording; after a "!", the whole file. */
static void refuse(const struct made *m, const char *labels, int status, const char *words)
{
    char json[200], key[100];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    snprintf(key, sizeof key, "{\"bramble-%ld-animal\": ", (long)getpid());
    test_temporary(json, "bad-labels.json");
    make_file(made_path(), m);
    if (labels) {
        char text[500];
        snprintf(text, sizeof text, "%s%s", labels[0] == '!' ? "" : key, labels);
        write_text(json, text);
    }
    int found = import(cx, &ds, "dag2023", made_path(), labels ? json : NULL);
    if (found != status || !strstr(bram_ctx_message(cx), words))
        fail_msg("status %d, \"%s\"; expected %d, \"%s\"", found, bram_ctx_message(cx), status,
                 words);
    unlink(json);
    unlink(made_path());
    bram_ctx_free(cx);
}

static void hostile_files_are_refused(void **state)
{
    (void)state;
    refuse(&(struct made){.stamps = FRAMES - 1}, NULL, BRAM_EFORMAT, "11 stamps, expected 12");
    refuse(&(struct made){.stamps = FRAMES, .no_traces = true}, NULL, BRAM_EABSENT,
           "traces_array_F_F20");
    refuse(&(struct made){.stamps = FRAMES, .text_traces = true}, NULL, BRAM_EFORMAT,
           "traces_array_F_F20");
    refuse(&(struct made){.stamps = FRAMES, .descending = true}, NULL, BRAM_EFORMAT, "frame 5");
    refuse(&(struct made){.stamps = FRAMES, .nan = true}, NULL, BRAM_EFORMAT, "no finite value");
    refuse(&(struct made){.stamps = FRAMES, .bad_reversal = true}, NULL, BRAM_EFORMAT,
           "reversal_events");
    static const long long twice[] = {1, 1, 2, 1, 2, 3};
    refuse(&(struct made){.stamps = FRAMES, .map = twice, .map_count = 3}, NULL, BRAM_EFORMAT,
           "match_org_to_skip");
    const struct made good = {.stamps = FRAMES};
    refuse(&good, "[{\"4\": {\"label\": \"AVAL\"}}]}", BRAM_EFORMAT,
           "label for trace 4, expected 1 to 3");
    refuse(&good, "[{\"x\": {\"label\": \"AVAL\"}}]}", BRAM_EFORMAT, "key \"x\"");
    refuse(&good, "[{\"1\": {\"label\": 5}}]}", BRAM_EFORMAT, "no text \"label\"");
    refuse(&good, "7}", BRAM_EFORMAT, "expected an object");
    refuse(&good, "[", BRAM_EFORMAT, "bad-labels.json");
    refuse(&good, "! no labels", BRAM_EFORMAT, "neither a recording nor a file of labels");
}

/* The published pipeline lost an animal whose file name it mangled; a renamed file is an error
 * here. */
static void labels_are_not_lost_in_silence(void **state)
{
    (void)state;
    char json[200], path[512];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    test_temporary(json, "others.json");
    write_text(json, "{\"2022-07-27-45\": [{\"1\": {\"label\": \"AVAL\"}}, {}]}");
    make_file(made_path(), &(struct made){.stamps = FRAMES, .registered = true});
    assert_int_equal(import(cx, &ds, "dag2023", made_path(), json), BRAM_EABSENT);
    assert_non_null(strstr(bram_ctx_message(cx), "no file of labels knows the recording"));
    assert_ok(cx, import(cx, &ds, "dag2023", made_path(), NULL));
    bram_dataset_free(ds);
    make_file(made_path(), &(struct made){.stamps = FRAMES});
    assert_ok(cx, import(cx, &ds, "dag2023", made_path(), json));
    bram_dataset_free(ds);
    unlink(json);
    unlink(made_path());

    test_data(path, FOLDER "swf702_with_id/2022-07-27-45-data.h5"); /* the one it lost */
    char labels[512];
    test_data(labels, FOLDER "NeuroPAL_labels_dict.jld2");
    assert_ok(cx, import(cx, &ds, "auto", path, labels));
    expect_counts(ds, "2022-07-27-45", 2.5, 101, 99, 99);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void a_cut_file_says_so(void **state)
{
    (void)state;
    char bytes[4096];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    make_file(made_path(), &(struct made){.stamps = FRAMES});
    FILE *file = fopen(made_path(), "rb");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    file = fopen(made_path(), "wb");
    fwrite(bytes, 1, size / 2, file);
    fclose(file);
    assert_int_equal(import(cx, &ds, "auto", made_path(), NULL), BRAM_EFORMAT);
    assert_int_equal(import(cx, &ds, "dag2023", made_path(), NULL), BRAM_EFORMAT);
    unlink(made_path());
    bram_ctx_free(cx);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char json[200], text[200];
    test_temporary(json, "memory.json");
    snprintf(text, sizeof text,
             "{\"bramble-%ld-animal\": [{\"1\": {\"label\": \"AVAL\", \"confidence\": 3}}]}",
             (long)getpid());
    write_text(json, text);
    make_file(made_path(), &(struct made){.stamps = FRAMES, .registered = true});
    int status = BRAM_ENOMEM;
    size_t k = 1;
    for (; status != BRAM_OK && k < 4000; k += 1 + k / 30) {
        bram_ctx *cx = bram_ctx_new();
        bram_dataset *ds = NULL;
        bram_fail_allocation(k, false);
        status = import(cx, &ds, "dag2023", made_path(), json);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK && status != BRAM_ENOMEM)
            fail_msg("allocation %zu: %d %s", k, status, bram_ctx_message(cx));
        bram_dataset_free(ds);
        bram_ctx_free(cx);
    }
    assert_int_equal(status, BRAM_OK);
    assert_true(k > 100);
    unlink(json);
    unlink(made_path());
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_dictionaries_give_the_labels),
        cmocka_unit_test(the_published_labels),
        cmocka_unit_test(the_workbooks_give_the_labels),
        cmocka_unit_test(a_recording_is_whole),
        cmocka_unit_test(shapes_and_steps),
        cmocka_unit_test(the_strain_without_labels),
        cmocka_unit_test(frames_find_their_stamps),
        cmocka_unit_test(other_arrays_can_be_asked_for),
        cmocka_unit_test(labels_follow_the_map_of_traces),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(labels_are_not_lost_in_silence),
        cmocka_unit_test(a_cut_file_says_so),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
