/*
 * Tests of the figures of encoding benchmarks: real cells of a small made dataset with pictures,
 * stored, reported, with every figure as files whose numbers are those of the cells.
 */
#include "board.h"
#include "cell_test.h"
#include "folder.h"
#include "pictures.h"
#include "report.h"
#include "store.h"

#include <bramble/rng.h>

enum { STIMULI = 24, UNITS = 5, REPEATS = 4, FEATURES = 3, SIDE = 8, AREAS = 2, MODELS = 3 };

static const char *const area[AREAS] = {"v1", "v2"};
static const char *const model[MODELS] = {"mean", "features", "features:name=layer1"};
static char *metrics[] = {(char[]){"pearson:constant=zero"}, (char[]){"skill"}};
static char id[STIMULI][8];
static const char *ids[STIMULI];

/* v1 reads layer1, v2 both, each with noise that repeats show. */
static bram_dataset *made(bram_ctx *cx)
{
    bram_dataset *ds = NULL;
    bram_rng g = bram_rng_new(3, "figures");
    double x[2][STIMULI * FEATURES], y[STIMULI * UNITS * REPEATS];
    const char *const wide[] = {"stimulus", "feature"}, *const deep[] = {"stimulus", "neuron",
                                                                         "repeat"};
    const char *const *const named[] = {ids, NULL, NULL};
    assert_ok(cx, bram_dataset_new(cx, &ds));
    for (size_t i = 0; i < STIMULI; i++) snprintf(id[i], sizeof id[i], "s%02zu", i), ids[i] = id[i];
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < STIMULI * FEATURES; i++) x[k][i] = bram_rng_normal(&g);
        test_add(cx, ds, "stimuli/features", k ? "layer2" : "layer1", 2, wide,
                 (const size_t[]){STIMULI, FEATURES}, named, x[k], NULL);
    }
    for (size_t a = 0; a < AREAS; a++) {
        for (size_t i = 0; i < STIMULI * UNITS; i++) {
            double signal = x[0][i / UNITS * FEATURES + i % UNITS % FEATURES] +
                            (a ? x[1][i / UNITS * FEATURES] : 0);
            for (size_t k = 0; k < REPEATS; k++)
                y[i * REPEATS + k] = signal + 0.7 * bram_rng_normal(&g);
        }
        test_add(cx, ds, "responses", area[a], 3, deep, (const size_t[]){STIMULI, UNITS, REPEATS},
                 named, y, NULL);
    }
    return ds;
}

static void add_pictures(bram_ctx *cx, bram_dataset *ds)
{
    bram_axis *stimulus = NULL;
    bram_response *r = NULL;
    assert_ok(cx, bram_axis_new(cx, &stimulus, "stimulus", STIMULI));
    assert_ok(cx, bram_axis_set_ids(cx, stimulus, ids));
    assert_ok(cx, bram_pictures_new(cx, &r, "grey", stimulus, SIDE, SIDE, 1));
    bram_axis_free(stimulus);
    float value[SIDE * SIDE];
    for (size_t i = 0; i < STIMULI; i++) {
        for (size_t k = 0; k < SIDE * SIDE; k++) value[k] = (float)((i + k) % 7) / 7;
        bram_image im = {SIDE, SIDE, 1, 8, value};
        assert_ok(cx, bram_pictures_put(cx, r, i, &im, "made"));
    }
    assert_ok(cx, bram_dataset_add(cx, ds, "stimuli/images", r));
}

/* Every cell of the benchmark in a results folder; gain: of the second model on v1. */
static void run_cells(bram_ctx *cx, const char *dir, const bram_benchmark *b,
                      const bram_dataset *ds, double gain[STIMULI])
{
    bram_planned cell[AREAS * MODELS];
    bram_plan plan = {.benchmark = b, .cell = cell, .cells = AREAS * MODELS};
    memset(plan.dataset_hash, '0', 64);
    assert_ok(cx, bram_store_make(cx, dir));
    for (size_t i = 0; i < AREAS * MODELS; i++) {
        bram_dataset *result = NULL;
        cell[i] = (bram_planned){.part = (char *)(uintptr_t)area[i / MODELS],
                                 .model = (char *)(uintptr_t)model[i % MODELS]};
        assert_ok(cx, bram_cell_key(cx, cell[i].key, b, plan.dataset_hash, cell[i].part,
                                    cell[i].model, 0));
        assert_ok(cx, test_cell(cx, &result, b, ds, cell[i].part, cell[i].model));
        if (i == 1)
            assert_ok(cx, bram_response_read(cx, bram_dataset_response(result, "stimuli/gain"),
                                             (size_t[]){0}, (size_t[]){STIMULI}, gain, NULL));
        assert_ok(cx, bram_store_put(cx, dir, &plan, &cell[i], BRAM_STATE_SCORED, "", result));
    }
    assert_ok(cx, bram_store_put_plan(cx, dir, &plan));
}

static char *read_text(const char *path)
{
    enum { MOST = 1 << 20 };
    char *text = calloc(MOST, 1);
    FILE *file = fopen(path, "r");
    assert_non_null(text);
    assert_non_null(file);
    assert_true(fread(text, 1, MOST - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

/* The file of the figure with this title; its kind is csv or svg. */
static char *figure_file(const char *folder, const char *title, const char *kind)
{
    for (size_t n = 1; n < 40; n++) {
        char path[320];
        snprintf(path, sizeof path, "%s/figure-%zu.svg", folder, n);
        if (access(path, R_OK) != 0) break;
        char *text = read_text(path);
        bool is = strstr(text, title) != NULL;
        if (is && strcmp(kind, "svg") == 0) return text;
        free(text);
        if (!is) continue;
        snprintf(path, sizeof path, "%s/figure-%zu.csv", folder, n);
        return read_text(path);
    }
    fail_msg("no figure has \"%s\"", title);
    return NULL;
}

/* The numbers of a line of a figure's data: x, y, low, high; NaN for what is not there. */
static bool data_line(const char *text, const char *series, const char *mark, size_t point,
                      double out[4])
{
    char begin[128];
    snprintf(begin, sizeof begin, "%s,%s,%zu,", series, mark, point);
    for (const char *at = text; at; at = strchr(at, '\n'), at += at ? 1 : 0) {
        if (strncmp(at, begin, strlen(begin)) != 0) continue;
        at += strlen(begin);
        for (size_t k = 0; k < 4; k++, at = strchr(at, ',') + 1)
            out[k] = *at == ',' ? (double)NAN : strtod(at, NULL);
        return true;
    }
    return false;
}

static void check_areas(const char *folder, const bram_board *b)
{
    char *data = figure_file(folder, ">Predictivity by area<", "csv");
    double at[4];
    size_t seen = 0;
    for (size_t i = 0; i < 2; i++) {
        const char *name = strchr(b->row[i].model, '=') ? "features:layer1" : "features";
        for (size_t p = 0; p < AREAS; p++) {
            if (!data_line(data, name, "points", p + 1, at)) continue;
            for (size_t k = 0; k < b->rows; k++)
                if (strcmp(b->row[k].model, b->row[i].model) == 0)
                    assert_near(at[0], bram_board_value(b, &b->row[k], p), 0);
            assert_true(at[2] <= at[0] && at[0] <= at[3]);
            seen++;
        }
    }
    assert_int_equal(seen, 4);
    assert_true(data_line(data, "ceiling", "spans", 2, at));
    assert_true(at[2] < at[3]);
    free(data);
}

static void extremes(const double *gain, size_t *best, size_t *worst)
{
    *best = *worst = 0;
    for (size_t i = 1; i < STIMULI; i++) {
        if (gain[i] > gain[*best]) *best = i;
        if (gain[i] < gain[*worst]) *worst = i;
    }
}

static void check_pictures(const char *folder, const double *gain)
{
    char *data = figure_file(folder, ">Stimuli that are told best and worst<", "csv");
    char *drawn = figure_file(folder, ">Stimuli that are told best and worst<", "svg");
    size_t best, worst, images = 0;
    extremes(gain, &best, &worst);
    char text[64];
    snprintf(text, sizeof text, "  %s,", id[best]);
    assert_non_null(strstr(strstr(data, ",picture,1,"), text));
    snprintf(text, sizeof text, "  %s,", id[worst]);
    assert_non_null(strstr(strstr(data, ",picture,5,"), text));
    for (const char *at = drawn; (at = strstr(at, "data:image/png;base64,iVBORw0KGgo")); at++)
        images++;
    assert_int_equal(images, 8);
    free(data);
    free(drawn);
}

/* Without pictures they are a table: the best and the worst in its first row. */
static void check_stimuli(const char *page, const double *gain)
{
    size_t best, worst;
    char text[64];
    extremes(gain, &best, &worst);
    const char *row = strstr(page, ">told worst<");
    assert_non_null(row);
    snprintf(text, sizeof text, "<tr><td class=\"t\">%s</td>", id[best]);
    row = strstr(row, text);
    assert_non_null(row);
    snprintf(text, sizeof text, "<td class=\"t\">%s</td>", id[worst]);
    assert_true(strstr(row, text) < strstr(row, "</tr>") && strstr(row, text));
    assert_null(strstr(page, ">Stimuli that are told best and worst<"));
}

/* Shares of the figure of feature spaces add up to all together. */
static void check_spaces(const char *folder)
{
    char *data = figure_file(folder, ">Feature spaces<", "csv");
    double all[4], one[4], two[4];
    assert_true(data_line(data, "", "bars", 1, all));
    assert_true(data_line(data, "", "bars", 2, one));
    assert_true(data_line(data, "", "bars", 3, two));
    assert_near(one[0] + two[0], all[0], 1e-9);
    assert_true(one[0] > two[0] && all[2] < all[0] && all[0] < all[3]);
    free(data);
}

static void report(const char *options, bool pictures, bool banded)
{
    char root[256], dir[300], folder[300], command[300];
    double gain[STIMULI];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx);
    bram_results *results = NULL;
    bram_board *board = NULL;
    bram_buffer page = {0};
    bram_benchmark b = test_benchmark(cx, "encoding", metrics, 2, options);
    test_temporary(root, "encoding-figures");
    snprintf(dir, sizeof dir, "%s/results", root);
    snprintf(folder, sizeof folder, "%s/figures", root);
    run_cells(cx, dir, &b, ds, gain);
    if (pictures) {
        add_pictures(cx, ds);
        snprintf(command, sizeof command, "%s/made.h5", root);
        assert_ok(cx, bram_dataset_write(cx, ds, command, false));
    }
    assert_ok(cx, bram_results_open(cx, &results, dir));
    assert_ok(cx, bram_board_new(cx, &board, results, "made", NULL));
    bram_report_settings settings = {.data = root, .figures = folder};
    assert_ok(cx, bram_report_write(cx, &page, results, &settings));
    static const char *const titles[] = {">Predictivity by area<", ">Models and layers by areas<",
                                         ">Score against reliability<",
                                         ">How many units have which score<"};
    for (size_t i = 0; i < 4; i++) assert_non_null(strstr(bram_buffer_text(&page), titles[i]));
    bool paths = strstr(bram_buffer_text(&page), ">Score against penalty<") != NULL;
    assert_int_equal(paths, !banded);
    assert_int_equal(strstr(bram_buffer_text(&page), "features@layer2") != NULL, !banded);
    check_areas(folder, board);
    if (pictures) check_pictures(folder, gain);
    else check_stimuli(bram_buffer_text(&page), gain);
    if (banded) check_spaces(folder);
    snprintf(command, sizeof command, "rm -r '%s'", root);
    assert_int_equal(system(command), 0);
    bram_buffer_release(&page);
    bram_board_free(board);
    bram_results_free(results);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void penalties_layers_and_pictures(void **state)
{
    (void)state;
    report("samples=50,folds=4", true, false);
}

static void spaces_without_pictures(void **state)
{
    (void)state;
    report("samples=50,folds=4,map=banded", false, true);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(penalties_layers_and_pictures),
        cmocka_unit_test(spaces_without_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
