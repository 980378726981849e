/*
 * Tests of the rules about responses/, stimuli/ and RDMs of core/dataset_check.c: a good dataset,
 * and one that breaks each rule.
 */
#include "cell_test.h"

enum { N = 3 };

enum fault { NONE, UNKNOWN_ID, NO_ID, UNEVEN, DIAGONAL, HALF_MASKED, OTHER_IDS, ODD_AXIS, FAULTS };

static const struct {
    const char *path, *field, *found;
} expected[FAULTS] = {
    [UNKNOWN_ID] = {"responses/v1", "stimulus", "\"z\" at row 2"},
    [NO_ID] = {"responses/v1", "stimulus", "\"\" at row 0"},
    [UNEVEN] = {"responses/it", "values", "RDM 1 differs at (0, 2)"},
    [DIAGONAL] = {"responses/it", "values", "RDM 1 differs at (1, 1)"},
    [HALF_MASKED] = {"responses/it", "values", "RDM 1 differs at (0, 1)"},
    [OTHER_IDS] = {"stimuli/features/net", "shape", "2 axes that do not match"},
    [ODD_AXIS] = {"stimuli/features/net", "first axis", "neuron"},
};

struct findings {
    size_t errors;
    char path[64], field[64], found[128];
};

static void note(void *user, const bram_finding *f)
{
    struct findings *all = user;
    if (f->severity != BRAM_ERROR) return;
    if (all->errors++) return;
    snprintf(all->path, sizeof all->path, "%s", f->path);
    snprintf(all->field, sizeof all->field, "%s", f->field);
    snprintf(all->found, sizeof all->found, "%s", f->found);
}

static void add_table(bram_ctx *cx, bram_dataset *ds, const char *const *ids)
{
    static const char *const words[] = {"dataset", "licence", "citation", "history", "sources"};
    bram_axis *table = NULL;
    assert_ok(cx, bram_axis_new(cx, &table, "stimulus", N));
    assert_ok(cx, bram_axis_set_ids(cx, table, ids));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "stimuli", table));
    for (size_t i = 0; i < 5; i++)
        assert_ok(cx, bram_attrs_set_text(cx, bram_dataset_attrs(cx, ds, ""), words[i], "made"));
}

static bram_dataset *made(bram_ctx *cx, enum fault fault)
{
    static const char *const ids[] = {"a", "b", "c"}, *const strange[] = {"a", "b", "z"},
                             *const lacking[] = {"", "b", "c"}, *const turned[] = {"b", "a", "c"};
    double rdm[2 * N * N] = {0, 1, 2, 1, 0, 3, 2, 3, 0, /**/ 0, 4, 5, 4, 0, 6, 5, 6, 0};
    double features[N * N] = {0}, values[N * 2] = {1, 2, 3, 4, 5, 6};
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    add_table(cx, ds, ids);
    const char *const *of_v1 = fault == UNKNOWN_ID ? strange : fault == NO_ID ? lacking : ids;
    test_add(cx, ds, "responses", "v1", 2, (const char *const[]){"stimulus", "neuron"},
             (const size_t[]){N, 2}, (const char *const *const[]){of_v1, NULL}, values, NULL);
    if (fault == UNEVEN) rdm[N * N + 2] = 5.1;
    if (fault == DIAGONAL) rdm[N * N + 4] = 0.1;
    test_add(cx, ds, "responses", "it", 3,
             (const char *const[]){"subject", "stimulus", "stimulus_2"}, (const size_t[]){2, N, N},
             (const char *const *const[]){NULL, ids, ids}, rdm, "rdm");
    if (fault == HALF_MASKED)
        bram_response_mask(cx, bram_dataset_response(ds, "responses/it"))[N * N + 1] = 0;
    bool odd = fault == ODD_AXIS;
    test_add(cx, ds, "stimuli/features", "net", 2,
             (const char *const[]){odd ? "neuron" : "stimulus", "stimulus_2"},
             (const size_t[]){N, N},
             (const char *const *const[]){ids, fault == OTHER_IDS ? turned : ids}, features,
             odd ? NULL : "rdm");
    return ds;
}

static void each_rule(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (int fault = NONE; fault < FAULTS; fault++) {
        bram_dataset *ds = made(cx, (enum fault)fault);
        struct findings found = {0};
        assert_ok(cx, bram_dataset_check(cx, ds, note, &found, NULL));
        if (fault == NONE) {
            if (found.errors) fail_msg("%s %s: %s", found.path, found.field, found.found);
        } else {
            assert_int_equal(found.errors, 1);
            assert_string_equal(found.path, expected[fault].path);
            assert_string_equal(found.field, expected[fault].field);
            assert_string_equal(found.found, expected[fault].found);
        }
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_rule)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
