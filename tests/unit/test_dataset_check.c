/* Tests of core/dataset_check.c: one good dataset, and one that breaks each rule. */
#include <bramble/dataset.h>

#include "internal.h"
#include "test.h"

enum { TIMES = 4, NEURONS = 3 };

/* What to break. */
enum fault {
    NONE,
    NO_DATASET,
    EMPTY_LICENCE,
    NO_SOURCES,
    NO_SUBJECT,
    NO_DT,
    WRONG_DT,
    GAP_WITHOUT_SEGMENT,
    TIME_BACKWARDS,
    TIME_NAN,
    TIME_IN_MS,
    NO_TIMES,
    COORDINATE_WITHOUT_UNIT,
    ODD_CERTAINTY,
    TWICE_EXACT,
    EXACT_WITHOUT_LABEL,
    VALUE_NAN,
    NO_UNIT,
    ODD_FILTER,
    NO_FILTER,
    WRONG_AXIS,
    WRONG_RANK,
    ONSET_IN_MS,
    OFFSET_BEFORE,
    NO_ONSET,
    EDGE_TO_NOWHERE,
    EDGE_FROM_NOWHERE,
    WEIGHT_NAN,
    WEIGHT_WITHOUT_UNIT,
    NO_WEIGHT,
    NO_TYPE,
    NO_NODES,
    NODES_WITHOUT_IDS,
    NO_VALUES,
    FAULTS
};

static const struct {
    const char *path, *field, *found;
} expected[FAULTS] = {
    [NO_DATASET] = {"", "dataset", "none"},
    [EMPTY_LICENCE] = {"", "licence", "none"},
    [NO_SOURCES] = {"", "sources", "none"},
    [NO_SUBJECT] = {"recordings/w1", "subject", "none"},
    [NO_DT] = {"recordings/w1", "dt", "nan"},
    [WRONG_DT] = {"recordings/w1", "dt", "0.6 s, but the median step is 0.5 s"},
    [GAP_WITHOUT_SEGMENT] = {"recordings/w1", "dt", "step 2 is 7 s"},
    [TIME_BACKWARDS] = {"recordings/w1/activity", "time", "0.25 at row 2"},
    [TIME_NAN] = {"recordings/w1/activity", "time", "nan at row 2"},
    [TIME_IN_MS] = {"recordings/w1/activity", "time", "unit ms"},
    [NO_TIMES] = {"recordings/w1/activity", "time", "none"},
    [COORDINATE_WITHOUT_UNIT] = {"recordings/w1/activity", "neuron", "none"},
    [ODD_CERTAINTY] = {"recordings/w1/activity", "neuron.certainty", "\"sure\" at row 1"},
    [TWICE_EXACT] = {"recordings/w1/activity", "neuron.label", "\"AVAL\" at rows 0 and 1"},
    [EXACT_WITHOUT_LABEL] = {"recordings/w1/activity", "neuron.label", "none at row 1"},
    [VALUE_NAN] = {"recordings/w1/activity", "values", "1 NaN or infinite"},
    [NO_UNIT] = {"recordings/w1/activity", "unit", "none"},
    [ODD_FILTER] = {"recordings/w1/activity", "filter", "some"},
    [NO_FILTER] = {"recordings/w1/activity", "filter", "no such attribute"},
    [WRONG_AXIS] = {"recordings/w1/activity", "second axis", "unit"},
    [WRONG_RANK] = {"recordings/w1/activity", "shape", "1"},
    [ONSET_IN_MS] = {"recordings/w1/events", "onset", "unit \"ms\""},
    [OFFSET_BEFORE] = {"recordings/w1/events", "offset", "0.5, onset 1, at row 0"},
    [NO_ONSET] = {"recordings/w1/events", "onset", "no such column"},
    [EDGE_TO_NOWHERE] = {"connectome/demo/chemical", "to", "\"XX\" at row 1"},
    [EDGE_FROM_NOWHERE] = {"connectome/demo/chemical", "from", "\"\" at row 0"},
    [WEIGHT_NAN] = {"connectome/demo/chemical", "weight", "nan at row 1"},
    [WEIGHT_WITHOUT_UNIT] = {"connectome/demo/chemical", "weight", "none"},
    [NO_WEIGHT] = {"connectome/demo/chemical", "weight", "another type"},
    [NO_TYPE] = {"connectome/demo/chemical", "type", "no such column"},
    [NO_NODES] = {"connectome/demo/chemical", "nodes", "none beside the edges"},
    [NODES_WITHOUT_IDS] = {"connectome/demo/nodes", "nodes", "none"},
    [NO_VALUES] = {"empty", "shape", "no values"},
};

static void add_activity(bram_ctx *cx, bram_dataset *ds, enum fault f)
{
    double time[TIMES] = {0, 0.5, f == GAP_WITHOUT_SEGMENT ? 7.5 : 1,
                          f == GAP_WITHOUT_SEGMENT ? 8 : 1.5};
    if (f == TIME_BACKWARDS) time[2] = 0.25;
    if (f == TIME_NAN) time[2] = NAN;
    const char *certainty[NEURONS] = {"exact", f == ODD_CERTAINTY ? "sure" : "duplicate",
                                      "unlabeled"};
    const char *label[NEURONS] = {"AVAL", f == EXACT_WITHOUT_LABEL ? "" : "AVAL", ""};
    if (f == TWICE_EXACT || f == EXACT_WITHOUT_LABEL) certainty[1] = "exact";
    bram_axis *axes[2];
    bram_response *r;
    assert_ok(cx, bram_axis_new(cx, &axes[0], "time", TIMES));
    if (f != NO_TIMES)
        assert_ok(cx, bram_axis_set_values(cx, axes[0], time, f == TIME_IN_MS ? "ms" : "s"));
    assert_ok(cx, bram_axis_new(cx, &axes[1], f == WRONG_AXIS ? "unit" : "neuron", NEURONS));
    assert_ok(cx, bram_axis_add_text(cx, axes[1], "certainty", certainty));
    assert_ok(cx, bram_axis_add_text(cx, axes[1], "label", label));
    if (f == COORDINATE_WITHOUT_UNIT)
        assert_ok(cx, bram_axis_set_values(cx, axes[1], (double[]){1, 2, 3}, ""));
    assert_ok(cx, bram_response_new(cx, &r, "activity", BRAM_F32, f == WRONG_RANK ? 1 : 2,
                                    (const bram_axis *const *)axes));
    bram_axis_free(axes[0]);
    bram_axis_free(axes[1]);
    uint8_t *mask = bram_response_mask(cx, r);
    assert_non_null(mask);
    mask[3] = f == VALUE_NAN; /* a NaN where a value is missing is nobody's business */
    bram_response_f32(r)[3] = NAN;
    bram_attrs *attrs = bram_response_attrs(r);
    if (f != NO_UNIT) assert_ok(cx, bram_attrs_set_text(cx, attrs, "unit", "dF/F"));
    if (f != NO_FILTER)
        assert_ok(cx,
                  bram_attrs_set_text(cx, attrs, "filter", f == ODD_FILTER ? "some" : "causal"));
    if (f == WRONG_RANK) mask[3] = 1, bram_response_f32(r)[3] = 0;
    assert_ok(cx, bram_dataset_add(cx, ds, "recordings/w1", r));
}

static void add_recording(bram_ctx *cx, bram_dataset *ds, enum fault f)
{
    static const char *const names[] = {"session", "species", "condition", "subject"};
    bram_attrs *attrs = bram_dataset_attrs(cx, ds, "recordings/w1");
    for (size_t i = 0; i < 4 - (f == NO_SUBJECT); i++)
        assert_ok(cx, bram_attrs_set_text(cx, attrs, names[i], "x"));
    if (f != NO_DT)
        assert_ok(cx, bram_attrs_set_number(cx, attrs, "dt", f == WRONG_DT ? 0.6 : 0.5));
    if (f == TIME_BACKWARDS || f == TIME_NAN)
        assert_ok(cx, bram_attrs_set_number(cx, attrs, "dt", 0.5));
    add_activity(cx, ds, f);
    bram_axis *events;
    assert_ok(cx, bram_axis_new(cx, &events, "events", 2));
    if (f != NO_ONSET)
        assert_ok(cx, bram_axis_add_number(cx, events, "onset", (double[]){1, 2},
                                           f == ONSET_IN_MS ? "ms" : "s"));
    assert_ok(cx, bram_axis_add_number(cx, events, "offset",
                                       (double[]){f == OFFSET_BEFORE ? 0.5 : 1, NAN}, "s"));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "recordings/w1", events));
}

static void add_connectome(bram_ctx *cx, bram_dataset *ds, enum fault f)
{
    static const char *const ids[] = {"A", "B", "C"};
    const char *from[] = {f == EDGE_FROM_NOWHERE ? "" : "A", "B"};
    const char *to[] = {"C", f == EDGE_TO_NOWHERE ? "XX" : "A"};
    bram_axis *nodes, *edges;
    if (f != NO_NODES) {
        assert_ok(cx, bram_axis_new(cx, &nodes, "nodes", 3));
        if (f != NODES_WITHOUT_IDS) assert_ok(cx, bram_axis_set_ids(cx, nodes, ids));
        assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/demo", nodes));
    }
    assert_ok(cx, bram_axis_new(cx, &edges, "chemical", f == NODES_WITHOUT_IDS ? 0 : 2));
    assert_ok(cx, bram_axis_add_text(cx, edges, "from", from));
    assert_ok(cx, bram_axis_add_text(cx, edges, "to", to));
    if (f != NO_TYPE) assert_ok(cx, bram_axis_add_text(cx, edges, "type", to));
    if (f == NO_WEIGHT) assert_ok(cx, bram_axis_add_text(cx, edges, "weight", to));
    else
        assert_ok(cx, bram_axis_add_number(cx, edges, "weight",
                                           (double[]){3, f == WEIGHT_NAN ? (double)NAN : 1},
                                           f == WEIGHT_WITHOUT_UNIT ? "" : "synapses"));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/demo", edges));
}

static bram_dataset *build(bram_ctx *cx, enum fault f)
{
    bram_dataset *ds;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    bram_attrs *root = bram_dataset_attrs(cx, ds, "");
    if (f != NO_DATASET) assert_ok(cx, bram_attrs_set_text(cx, root, "dataset", "demo"));
    assert_ok(cx, bram_attrs_set_text(cx, root, "licence", f == EMPTY_LICENCE ? "" : "CC0"));
    assert_ok(cx, bram_attrs_set_text(cx, root, "citation", "nobody"));
    assert_ok(cx, bram_attrs_set_text(cx, root, "history", "made"));
    if (f != NO_SOURCES) assert_ok(cx, bram_attrs_set_text(cx, root, "sources", "none"));
    add_recording(cx, ds, f);
    add_connectome(cx, ds, f);
    if (f == NO_VALUES) {
        bram_axis *none;
        bram_response *r;
        assert_ok(cx, bram_axis_new(cx, &none, "none", 0));
        assert_ok(cx,
                  bram_response_new(cx, &r, "empty", BRAM_F64, 1, (const bram_axis *const *)&none));
        assert_ok(cx, bram_dataset_add(cx, ds, "", r));
        bram_axis_free(none);
    }
    return ds;
}

struct seen {
    enum fault fault;
    size_t all, matching;
    bram_severity severity;
    char text[400];
};

static void look(void *user, const bram_finding *f)
{
    struct seen *s = user;
    s->all++;
    snprintf(s->text, sizeof s->text, "%s: %s: found %s, expected %s", f->path, f->field, f->found,
             f->expected);
    if (s->fault == NONE || strcmp(f->path, expected[s->fault].path) != 0 ||
        strcmp(f->field, expected[s->fault].field) != 0 ||
        !strstr(f->found, expected[s->fault].found))
        return;
    s->matching++;
    s->severity = f->severity;
}

static void a_good_dataset_has_no_findings(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = build(cx, NONE);
    struct seen seen = {NONE};
    size_t errors = 9;
    assert_ok(cx, bram_dataset_check(cx, ds, look, &seen, &errors));
    if (seen.all) fail_msg("%s", seen.text);
    assert_int_equal(errors, 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void each_broken_rule_is_found(void **state)
{
    (void)state;
    for (enum fault f = NONE + 1; f < FAULTS; f++) {
        bram_ctx *cx = bram_ctx_new();
        bram_dataset *ds = build(cx, f);
        struct seen seen = {f};
        size_t errors = 0;
        assert_ok(cx, bram_dataset_check(cx, ds, look, &seen, &errors));
        bool warning = f == NO_SOURCES || f == NO_VALUES;
        if (seen.matching != 1)
            fail_msg("fault %d: %zu of %zu; %s", (int)f, seen.matching, seen.all, seen.text);
        assert_int_equal(seen.severity, warning ? BRAM_WARNING : BRAM_ERROR);
        assert_int_equal(errors, seen.all - warning);
        errors = 99;
        assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
        assert_int_equal(errors, seen.all - warning);
        assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, NULL));
        bram_dataset_free(ds);
        bram_ctx_free(cx);
    }
}

static void no_memory_and_stopping(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = build(cx, NONE);
    volatile int stop = 1;
    size_t errors = 7;
    bram_ctx_set_cancel(cx, &stop);
    assert_int_equal(bram_dataset_check(cx, ds, NULL, NULL, &errors), BRAM_ECANCEL);
    stop = 0;
    for (size_t k = 1;; k++) {
        bram_ctx *fresh = bram_ctx_new(); /* without scratch memory of an earlier round */
        bram_fail_allocation(k, false);
        int status = bram_dataset_check(fresh, ds, NULL, NULL, &errors);
        bram_fail_allocation(0, false);
        bram_ctx_free(fresh);
        if (status == BRAM_OK) break;
        assert_int_equal(status, BRAM_ENOMEM);
        assert_int_equal(errors, 7);
    }
    assert_int_equal(errors, 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_dataset_has_no_findings),
        cmocka_unit_test(each_broken_rule_is_found),
        cmocka_unit_test(no_memory_and_stopping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
