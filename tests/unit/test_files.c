/*
 * Tests of the models whose answers come from files: features (baselines/files.c), forecasts and
 * predictions (baselines/reported.c). The files are written with core/npy.h and by hand.
 */
#include "internal.h"
#include "npy.h"
#include "test.h"

#include <bramble/model.h>

#include <sys/stat.h>

struct setting {
    bram_ctx *cx;
    char folder[256];
    bram_axis *stimulus, *unit;
    bram_panel panel;
};

static void set_up(struct setting *s)
{
    const char *ids[] = {"cat", "ant", "bee"};
    memset(s, 0, sizeof *s);
    s->cx = bram_ctx_new();
    test_temporary(s->folder, "files");
    assert_int_equal(mkdir(s->folder, 0700), 0);
    assert_ok(s->cx, bram_axis_new(s->cx, &s->stimulus, "stimulus", 3));
    assert_ok(s->cx, bram_axis_set_ids(s->cx, s->stimulus, ids));
    assert_ok(s->cx, bram_axis_new(s->cx, &s->unit, "neuron", 3));
    assert_ok(s->cx, bram_axis_set_ids(s->cx, s->unit, ids));
    s->panel.unit = s->unit;
}

static void tear_down(struct setting *s)
{
    char line[300];
    bram_axis_free(s->stimulus);
    bram_axis_free(s->unit);
    bram_ctx_free(s->cx);
    snprintf(line, sizeof line, "rm -r '%s'", s->folder);
    assert_int_equal(system(line), 0);
}

static const char *at(const struct setting *s, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    return path;
}

static void write_text(const struct setting *s, const char *name, const char *text)
{
    FILE *file = fopen(at(s, name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* Rows of the stimuli ant, bee, cat, dog: 10 i + k. */
static void write_features(const struct setting *s, const char *name)
{
    double values[8];
    for (int i = 0; i < 8; i++) values[i] = 10 * (i / 2) + i % 2;
    assert_ok(s->cx, bram_npy_write(s->cx, at(s, name), true, BRAM_NPY_F64, 3, (size_t[]){4, 1, 2},
                                    values));
}

/* Fits and asks; returns the status of what failed first. */
static int ask(struct setting *s, const char *spec, bram_dataset **answer)
{
    bram_fitted *f = NULL;
    bram_query q = {.ask = BRAM_ASK_FEATURES, .panel = &s->panel, .stimulus = s->stimulus};
    int status = bram_fitted_new(s->cx, &f, spec, &s->panel, NULL, 0);
    if (status == BRAM_OK) status = bram_fitted_answer(s->cx, answer, f, &q);
    bram_fitted_free(f);
    return status;
}

static const char *spec_of(const struct setting *s, const char *name)
{
    static char spec[600];
    snprintf(spec, sizeof spec, "files:%s", at(s, name));
    return spec;
}

static void has_features(struct setting *s, const char *name, const char *layer)
{
    static const double want[] = {20, 21, 0, 1, 10, 11}; /* cat, ant, bee */
    bram_dataset *answer = NULL;
    assert_ok(s->cx, ask(s, spec_of(s, name), &answer));
    bram_response *r = bram_dataset_response(answer, layer);
    assert_non_null(r);
    assert_int_equal(bram_response_length(r, 1), 2);
    for (int i = 0; i < 6; i++) assert_near(bram_response_f64(r)[i], want[i], 0);
    bram_dataset_free(answer);
}

static void fails(struct setting *s, const char *name, int expected, const char *says)
{
    bram_dataset *answer = NULL;
    int status = ask(s, spec_of(s, name), &answer);
    if (status != expected || !strstr(bram_ctx_message(s->cx), says))
        fail_msg("%s: status %d: %s", name, status, bram_ctx_message(s->cx));
}

static void features_are_matched_by_id(void **state)
{
    (void)state;
    struct setting s;
    const char *ids[] = {"ant", "bee", "cat", "dog"};
    set_up(&s);
    write_text(&s, "table.csv", "stimulus,x,y\nant,0,1\nbee,10,11\ndog,30,31\ncat,20,21\n");
    has_features(&s, "table.csv", "table");
    write_features(&s, "conv1.npy");
    fails(&s, "conv1.npy", BRAM_EFORMAT, "expected ids");
    write_text(&s, "conv1.ids.txt", "ant\nbee\r\ncat\ndog");
    has_features(&s, "conv1.npy", "conv1");
    write_features(&s, "conv2.npy");
    assert_ok(s.cx, bram_npy_write_texts(s.cx, at(&s, "ids.npy"), true, 4, ids));
    has_features(&s, "conv2.npy", "conv2");
    has_features(&s, "", "conv1"); /* the folder: all of them */
    has_features(&s, "", "conv2");
    has_features(&s, "", "table");
    has_features(&s, ",layer=conv2", "conv2");
    tear_down(&s);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    struct setting s;
    bram_dataset *answer = NULL;
    double values[] = {1, 2, (double)NAN, 4};
    set_up(&s);
    assert_int_equal(ask(&s, "files", &answer), BRAM_EUSAGE);
    fails(&s, "", BRAM_EREAD, "holds no");
    fails(&s, "absent.npy", BRAM_EREAD, "is not there");
    write_text(&s, "other.txt", "ant\n");
    fails(&s, "other.txt", BRAM_EUSAGE, "expected a folder or");
    write_text(&s, "few.csv", "id,x\nant,1\nbee,2\n");
    fails(&s, "few.csv", BRAM_ENOTAPPLICABLE, "\"cat\"");
    write_text(&s, "twice.csv", "id,x\nant,1\nbee,2\nant,3\ncat,1\n");
    fails(&s, "twice.csv", BRAM_EFORMAT, "row 3 has the id \"ant\" of another row");
    write_text(&s, "word.csv", "id,x\nant,one\n");
    fails(&s, "word.csv", BRAM_EFORMAT, "one");
    write_features(&s, "conv.npy");
    write_text(&s, "conv.ids.txt", "ant\nbee\n");
    fails(&s, "conv.npy", BRAM_EFORMAT, "4 rows and 2 ids");
    assert_ok(s.cx, bram_npy_write(s.cx, at(&s, "conv.npy"), true, BRAM_NPY_F64, 2,
                                   (size_t[]){4, 1}, values));
    write_text(&s, "conv.ids.txt", "ant\ncat\nbee\ndog\n");
    fails(&s, "conv.npy", BRAM_ENUMERIC, "feature 0 of bee");
    fails(&s, "few.csv,layer=none", BRAM_ENOTAPPLICABLE, "none");
    tear_down(&s);
}

static void the_content_is_that_of_the_files(void **state)
{
    (void)state;
    struct setting s;
    char hex[4][65];
    set_up(&s);
    write_text(&s, "a.csv", "id,x\ncat,1\n");
    assert_ok(s.cx, bram_model_content(s.cx, hex[0], spec_of(&s, "a.csv")));
    assert_ok(s.cx, bram_model_content(s.cx, hex[1], spec_of(&s, "")));
    write_text(&s, "ids.txt", "cat\n");
    assert_ok(s.cx, bram_model_content(s.cx, hex[2], spec_of(&s, "")));
    write_text(&s, "a.csv", "id,x\ncat,2\n");
    assert_ok(s.cx, bram_model_content(s.cx, hex[3], spec_of(&s, "a.csv")));
    assert_string_not_equal(hex[0], hex[3]);
    assert_string_not_equal(hex[1], hex[2]);
    assert_int_equal(bram_model_content(s.cx, hex[0], spec_of(&s, "b.csv")), BRAM_EREAD);
    tear_down(&s);
}

/* ---- forecasts ------------------------------------------------------------------------------ */

/* FOLDER/w.npz from Python-free parts: three .npy files, stored in a zip by the system's tool. */
static bool write_npz(const struct setting *s, size_t rows, const double *time, const double *mean)
{
    const char *ids[] = {"bee", "cat"};
    char line[900];
    assert_ok(s->cx, bram_npy_write(s->cx, at(s, "time.npy"), true, BRAM_NPY_F64, 1,
                                    (size_t[]){rows}, time));
    assert_ok(s->cx, bram_npy_write(s->cx, at(s, "mean.npy"), true, BRAM_NPY_F64, 2,
                                    (size_t[]){rows, 2}, mean));
    assert_ok(s->cx, bram_npy_write_texts(s->cx, at(s, "unit.npy"), true, 2, ids));
    snprintf(line, sizeof line,
             "cd '%s' && rm -f w.npz && python3 -c \"import zipfile; z = zipfile.ZipFile('w.npz', "
             "'w'); [z.write(n + '.npy') for n in ('time', 'mean', 'unit')]; z.close()\" "
             "2>/dev/null",
             s->folder);
    if (system(line) == 0) return true;
    print_message("# skipped: no python3\n");
    return false;
}

static void forecasts_are_matched_by_time_and_name(void **state)
{
    (void)state;
    struct setting s;
    double y[12] = {0}, times[] = {0, .5, 1, 1.5}, own[] = {.4, 1, 1.500001},
           mean[] = {1, 2, 3, 4, 5, 6};
    bram_axis *time;
    bram_fitted *f;
    bram_dataset *answer;
    char spec[600];
    set_up(&s);
    assert_ok(s.cx, bram_axis_new(s.cx, &time, "time", 4));
    assert_ok(s.cx, bram_axis_set_values(s.cx, time, times, "s"));
    bram_segment g = {.id = "w", .row = time, .y = {y, 4, 3, 3}, .first = 2, .dt = .5};
    s.panel.segment = &g;
    s.panel.segments = 1;
    snprintf(spec, sizeof spec, "forecasts:%s", s.folder);
    assert_ok(s.cx, bram_fitted_new(s.cx, &f, spec, &s.panel, NULL, 0));
    assert_true(bram_fitted_model(f)->flags & BRAM_MODEL_SELF_REPORTED);
    bram_query q = {.ask = BRAM_ASK_STEP, .panel = &s.panel};
    assert_int_equal(bram_fitted_answer(s.cx, &answer, f, &q), BRAM_EREAD); /* no w.npz */
    if (write_npz(&s, 3, own, mean)) {
        assert_ok(s.cx, bram_fitted_answer(s.cx, &answer, f, &q));
        bram_response *r = bram_dataset_response(answer, "mean");
        const double *got = bram_response_f64(r);
        const uint8_t want[] = {1, 0, 1, 1, 0, 1}; /* cat, ant, bee: nothing is said of ant */
        assert_memory_equal(bram_response_mask(s.cx, r), want, 6);
        assert_near(got[0], 4, 0);
        assert_near(got[2], 3, 0);
        assert_near(got[3], 6, 0);
        assert_near(got[5], 5, 0);
        bram_dataset_free(answer);
        g.first = 1; /* .5 s: the nearest forecast is for .4 s */
        assert_int_equal(bram_fitted_answer(s.cx, &answer, f, &q), BRAM_ENOTAPPLICABLE);
        own[1] = .3;
        write_npz(&s, 3, own, mean);
        assert_int_equal(bram_fitted_answer(s.cx, &answer, f, &q), BRAM_EFORMAT);
    }
    bram_fitted_free(f);
    bram_axis_free(time);
    tear_down(&s);
}

/* ---- predictions ---------------------------------------------------------------------------- */

/* A recording "w" of three units (cat, ant, bee) at 0, 0.5 and 1 s; the last two are targets. */
struct recorded {
    struct setting s;
    double y[9];
    bram_axis *time;
    bram_segment segment;
    bram_fitted *model;
};

static void record(struct recorded *r)
{
    double seconds[] = {0, .5, 1};
    char spec[300];
    *r = (struct recorded){.y = {0, 0, 0, 1, 2, 3, 4, 5, 6}};
    set_up(&r->s);
    bram_ctx *cx = r->s.cx;
    assert_ok(cx, bram_axis_new(cx, &r->time, "time", 3));
    assert_ok(cx, bram_axis_set_values(cx, r->time, seconds, "s"));
    r->segment = (bram_segment){
        .id = "w", .row = r->time, .y = {r->y, 3, 3, 3}, .first = 1, .dt = .5};
    r->s.panel.segment = &r->segment;
    r->s.panel.segments = 1;
    snprintf(spec, sizeof spec, "predictions:%s", r->s.folder);
    assert_ok(cx, bram_fitted_new(cx, &r->model, spec, &r->s.panel, NULL, 0));
    assert_true(bram_fitted_model(r->model)->flags & BRAM_MODEL_SELF_REPORTED);
}

static void erase(struct recorded *r)
{
    bram_fitted_free(r->model);
    bram_axis_free(r->time);
    tear_down(&r->s);
}

/* The answer that a table gives, which must have `count` values. */
static bram_dataset *told(struct recorded *r, const char *table, bram_ask ask, const char *name,
                          size_t count, double *values)
{
    bram_dataset *answer = NULL;
    bram_query q = {.ask = ask, .panel = &r->s.panel};
    write_text(&r->s, "w.csv", table);
    assert_ok(r->s.cx, bram_fitted_answer(r->s.cx, &answer, r->model, &q));
    const bram_response *response = bram_dataset_response(answer, name);
    assert_non_null(response);
    assert_int_equal(bram_response_count(response), count);
    size_t shape[] = {bram_response_length(response, 0), bram_response_length(response, 1)};
    assert_ok(r->s.cx,
              bram_response_read(r->s.cx, response, (size_t[]){0, 0}, shape, values, NULL));
    return answer;
}

/* A table that is refused, with a word of the reason. */
static void refused(struct recorded *r, const char *table, bram_ask ask, int expected,
                    const char *said)
{
    bram_dataset *answer = NULL;
    bram_query q = {.ask = ask, .panel = &r->s.panel};
    write_text(&r->s, "w.csv", table);
    int status = bram_fitted_answer(r->s.cx, &answer, r->model, &q);
    if (status != expected || !strstr(bram_ctx_message(r->s.cx), said))
        fail_msg("status %d, expected %d: %s; expected: %s", status, expected,
                 bram_ctx_message(r->s.cx), said);
    assert_null(answer);
}

static void tables_answer_what_they_hold(void **state)
{
    (void)state;
    struct recorded r;
    double v[9];
    record(&r);
    /* held-out units: columns by name, rows by time, one more of each */
    bram_dataset *a = told(&r, "time,dog,bee,cat,ant\n0.25,9,9,9,9\n0.5,9,3,1,2\n1,9,30,10,20\n",
                           BRAM_ASK_COSMOOTH, "mean", 6, v);
    double mean[] = {1, 2, 3, 10, 20, 30};
    for (size_t i = 0; i < 6; i++) assert_near(v[i], mean[i], 0);
    bram_dataset_free(a);
    /* nats of the true values; none at all is a density */
    a = told(&r, "time,cat,ant,bee\n0.5,-1,-2,-3\n1,-4,-inf,-6\n", BRAM_ASK_LOGLIK, "logdensity", 6,
             v);
    assert_near(v[3], -4, 0);
    assert_true(v[4] == -(double)INFINITY);
    bram_dataset_free(a);
    /* states as probabilities, and as a path */
    a = told(&r, "time,first,second\n0,1,0\n0.5,.25,.75\n1,.5,.5\n", BRAM_ASK_STATES, "posterior",
             4, v);
    assert_near(v[1], .75, 0);
    bram_dataset_free(a);
    a = told(&r, "time,state\n0.5,2\n1,0\n", BRAM_ASK_STATES, "posterior", 6, v);
    double path[] = {0, 0, 1, 1, 0, 0};
    for (size_t i = 0; i < 6; i++) assert_near(v[i], path[i], 0);
    bram_dataset_free(a);
    /* weights from the row's unit to the column's */
    a = told(&r, "unit,ant,bee,cat\nant,1,2,3\nbee,4,5,6\ncat,7,8,9\n", BRAM_ASK_WEIGHTS, "weights",
             9, v);
    double weights[] = {9, 7, 8, 3, 1, 2, 6, 4, 5};
    for (size_t i = 0; i < 9; i++) assert_near(v[i], weights[i], 0);
    bram_dataset_free(a);
    erase(&r);
}

static void tables_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct recorded r;
    record(&r);
    refused(&r, "time,cat,ant,bee\n1,1,2,3\n", BRAM_ASK_RESPOND, BRAM_ENOTAPPLICABLE, "0.5 s");
    refused(&r, "row,cat,ant,bee\na,1,2,3\n", BRAM_ASK_RESPOND, BRAM_ENOTAPPLICABLE, "no ids");
    refused(&r, "time,cat,ant,bee\n1,1,2,3\n0.5,1,2,3\n", BRAM_ASK_RESPOND, BRAM_EFORMAT,
            "ascending");
    refused(&r, "time,cat,cat,bee\n0.5,1,2,3\n1,1,2,3\n", BRAM_ASK_RESPOND, BRAM_EFORMAT,
            "\"cat\" stands there twice");
    refused(&r, "time,cat,ant,bee\n0.5,1,nan,3\n1,1,2,3\n", BRAM_ASK_RESPOND, BRAM_ENUMERIC,
            "row 1 of unit ant");
    refused(&r, "time,cat,ant,bee\n0.5,1,inf,3\n1,1,2,3\n", BRAM_ASK_LOGLIK, BRAM_ENUMERIC,
            "row 1 of unit ant");
    refused(&r, "time,state\n0.5,1\n1,1.5\n", BRAM_ASK_STATES, BRAM_EFORMAT, "row 2 is 1.5");
    refused(&r, "time,state\n0.5,1\n1,-1\n", BRAM_ASK_STATES, BRAM_EFORMAT, "row 2 is -1");
    refused(&r, "time,a,b\n0.5,1,nan\n1,1,0\n", BRAM_ASK_STATES, BRAM_ENUMERIC, "row 1 of state 2");
    refused(&r, "unit,ant,cat\nant,1,2\ncat,3,4\n", BRAM_ASK_WEIGHTS, BRAM_ENOTAPPLICABLE,
            "\"bee\"");
    refused(&r, "unit,ant,bee,cat\nbee,1,2,3\nant,4,5,6\ncat,7,8,9\n", BRAM_ASK_WEIGHTS,
            BRAM_EFORMAT, "one order");
    refused(&r, "unit,ant,bee,cat\nant,1,2,3\nbee,4,5,6\n", BRAM_ASK_WEIGHTS, BRAM_EFORMAT,
            "2 rows and 3 columns");
    refused(&r, "unit,ant,bee,cat\nant,1,2,3\nbee,4,nan,6\ncat,7,8,9\n", BRAM_ASK_WEIGHTS,
            BRAM_ENUMERIC, "from bee to bee");
    refused(&r, "time,state\n0.5,1\n1,1\n", BRAM_ASK_WEIGHTS, BRAM_ENOTAPPLICABLE, "unit");
    refused(&r, "cat,ant,bee\n1,2,3\n1,2,3\n", BRAM_ASK_RESPOND, BRAM_ENOTAPPLICABLE, "time");
    erase(&r);
}

/* Every allocation fails once: the status is that of memory, and nothing is given or leaks. */
static void answers_survive_failing_allocations(void **state)
{
    (void)state;
    static const struct {
        bram_ask ask;
        const char *table;
    } each[] = {{BRAM_ASK_RESPOND, "time,cat,ant,bee\n0.5,1,2,3\n1,1,2,3\n"},
                {BRAM_ASK_LOGLIK, "time,cat,ant,bee\n0.5,1,2,3\n1,1,2,3\n"},
                {BRAM_ASK_STATES, "time,state\n0.5,1\n1,0\n"},
                {BRAM_ASK_WEIGHTS, "unit,cat,ant,bee\ncat,1,2,3\nant,4,5,6\nbee,7,8,9\n"}};
    struct recorded r;
    record(&r);
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        bram_query q = {.ask = each[i].ask, .panel = &r.s.panel};
        write_text(&r.s, "w.csv", each[i].table);
        int status = BRAM_ENOMEM;
        for (size_t k = 1; status != BRAM_OK; k++) {
            bram_dataset *answer = NULL;
            bram_ctx *cx = bram_ctx_new();
            bram_fail_allocation(k, k % 2);
            status = bram_fitted_answer(cx, &answer, r.model, &q);
            bram_fail_allocation(0, false);
            if (status != BRAM_OK && (status != BRAM_ENOMEM || answer))
                fail_msg("question %d, allocation %zu: status %d: %s", (int)each[i].ask, k, status,
                         bram_ctx_message(cx));
            bram_dataset_free(answer);
            bram_ctx_free(cx);
        }
    }
    erase(&r);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_are_matched_by_id),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(the_content_is_that_of_the_files),
        cmocka_unit_test(forecasts_are_matched_by_time_and_name),
        cmocka_unit_test(tables_answer_what_they_hold),
        cmocka_unit_test(tables_that_cannot_be_are_refused),
        cmocka_unit_test(answers_survive_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
