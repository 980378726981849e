/*
 * Tests of report/report.c and its sections, and of leaderboards as text, on results folders made
 * by hand: whole, empty, all failed, with holes, one model, one part, undefined scores. With
 * BRAMBLE_TEST_FIGURES=DIR the pages are also written there, to be looked at.
 */
#include "cairo_sheet.h"
#include "internal.h"
#include "leaderboard.h"
#include "report.h"
#include "resample.h"
#include "store.h"
#include "test.h"

enum { DRAWS = 100, UNITS = 5, ROWS = 20, SCORES = 4 };

static const char *const ids[SCORES] = {"skill:over=pooled@step", "pearson:constant=nan@step",
                                        "pearson:constant=nan@h1", "pearson:constant=nan@h4"};

struct made {
    const char *part, *model;
    bram_state state;
    double value;
};

/* ---- made results --------------------------------------------------------------------------- */

static bram_axis *score_axis(bram_ctx *cx, double value, bool interval)
{
    bram_axis *a = NULL;
    double v[SCORES], nothing[SCORES], low[SCORES], high[SCORES], copy[SCORES], ceiling[SCORES];
    for (size_t i = 0; i < SCORES; i++) {
        v[i] = value / (double)(i + 1), nothing[i] = NAN, copy[i] = 0.25, ceiling[i] = 0.9;
        low[i] = interval ? v[i] - 0.01 : (double)NAN,
        high[i] = interval ? v[i] + 0.01 : (double)NAN;
    }
    assert_ok(cx, bram_axis_new(cx, &a, "score", SCORES));
    assert_ok(cx, bram_axis_set_ids(cx, a, ids));
    assert_ok(
        cx, bram_axis_add_text(cx, a, "summary", (const char *[]){"mean", "mean", "mean", "mean"}));
    const char *blocks = interval ? "9 time blocks of 4 rows" : "3 time blocks of 4 rows";
    assert_ok(cx, bram_axis_add_text(cx, a, "resampled",
                                     (const char *[]){blocks, blocks, blocks, blocks}));
    assert_ok(cx, bram_axis_add_number(cx, a, "value", v, ""));
    assert_ok(cx, bram_axis_add_number(cx, a, "low", low, ""));
    assert_ok(cx, bram_axis_add_number(cx, a, "high", high, ""));
    assert_ok(cx, bram_axis_add_number(cx, a, "floor_copy", copy, ""));
    assert_ok(cx, bram_axis_add_number(cx, a, "chance", copy, ""));
    assert_ok(cx, bram_axis_add_number(cx, a, "ceiling", ceiling, ""));
    assert_ok(cx, bram_axis_add_number(cx, a, "ceiling_low", nothing, ""));
    assert_ok(cx, bram_axis_add_integer(cx, a, "higher_better", (const int64_t[]){1, 1, 1, 1}));
    assert_ok(cx, bram_axis_add_integer(cx, a, "units", (const int64_t[]){1, UNITS, UNITS, UNITS}));
    assert_ok(cx, bram_axis_add_integer(cx, a, "groups", (const int64_t[]){9, 9, 9, 9}));
    assert_ok(cx, bram_axis_add_integer(cx, a, "bias_corrected", (const int64_t[]){1, 1, 1, 1}));
    assert_ok(cx, bram_axis_add_integer(cx, a, "undefined", (const int64_t[]){0, 1, 0, 0}));
    return a;
}

static bram_axis *unit_axis(bram_ctx *cx)
{
    bram_axis *a = NULL;
    assert_ok(cx, bram_axis_new(cx, &a, "neuron", UNITS));
    assert_ok(cx, bram_axis_set_ids(cx, a, (const char *[]){"AVAL", "AVAR", "RIM<L>", "#4", "#5"}));
    assert_ok(cx, bram_axis_add_text(
                      cx, a, "certainty",
                      (const char *[]){"exact", "exact", "exact", "unlabeled", "class-only"}));
    return a;
}

/* Values around `middle`, number `hole` missing unless it is 0. */
static void add(bram_ctx *cx, bram_dataset *ds, const char *group, const char *name,
                const bram_axis *row, const bram_axis *column, double middle, size_t hole)
{
    bram_response *r = NULL;
    assert_ok(cx, bram_response_new(cx, &r, name, BRAM_F64, 2, (const bram_axis *[]){row, column}));
    for (size_t i = 0; i < bram_response_count(r); i++)
        bram_response_f64(r)[i] = middle + 0.05 * sin((double)i * 1.7);
    if (hole) bram_response_mask(cx, r)[hole] = 0;
    assert_ok(cx, bram_dataset_add(cx, ds, group, r));
}

static bram_dataset *scored(bram_ctx *cx, double value, bool interval)
{
    bram_dataset *ds = NULL;
    bram_axis *score = score_axis(cx, value, interval), *unit = unit_axis(cx), *sample = NULL,
              *time = NULL;
    double seconds[ROWS];
    for (size_t i = 0; i < ROWS; i++) seconds[i] = 0.5 * (double)i;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &sample, "sample", interval ? DRAWS : 0));
    assert_ok(cx, bram_axis_new(cx, &time, "time", ROWS));
    assert_ok(cx, bram_axis_set_values(cx, time, seconds, "s"));
    add(cx, ds, "", "raw", score, unit, value, UNITS + 1);
    if (interval) add(cx, ds, "", "draw", score, sample, value, 0);
    add(cx, ds, "example", "recorded", time, unit, 0, 1);
    add(cx, ds, "example", "predicted", time, unit, 0.01, 0);
    assert_ok(cx, bram_attrs_set_number(cx, bram_dataset_attrs(cx, ds, ""), "interval_level", 0.9));
    bram_axis_free(score);
    bram_axis_free(unit);
    bram_axis_free(sample);
    bram_axis_free(time);
    return ds;
}

static bram_results *make(bram_ctx *cx, const struct made *made, size_t count, bool interval)
{
    char dir[256];
    char *metrics[] = {(char[]){"skill:over=pooled"}, (char[]){"pearson"}};
    bram_benchmark b = {.name = (char[]){"made"},
                        .title = (char[]){"Made & <escaped>"},
                        .task = (char[]){"forecast"},
                        .dataset = (char[]){"none"},
                        .citation = (char[]){"Somebody 2020"},
                        .version = 1,
                        .metrics = metrics,
                        .metric_count = 2};
    bram_planned cell[16];
    bram_plan plan = {.benchmark = &b, .cell = cell, .cells = count};
    bram_results *results = NULL;
    test_temporary(dir, "report");
    memset(plan.dataset_hash, '0', 64);
    assert_ok(cx, bram_options_new(cx, &b.options, bram_task_find("forecast")->params, ""));
    assert_ok(cx, bram_store_make(cx, dir));
    for (size_t i = 0; i < count; i++) {
        cell[i] = (bram_planned){.part = (char *)(uintptr_t)made[i].part,
                                 .model = (char *)(uintptr_t)made[i].model};
        assert_ok(cx, bram_cell_key(cx, cell[i].key, &b, plan.dataset_hash, made[i].part,
                                    made[i].model, 0));
        bool good = made[i].state == BRAM_STATE_SCORED;
        if (made[i].state != BRAM_STATE_NOT_RUN)
            assert_ok(cx, bram_store_put(cx, dir, &plan, &cell[i], made[i].state,
                                         good ? "" : "the matrix <X> is singular",
                                         good ? scored(cx, made[i].value, interval) : NULL));
    }
    if (count) assert_ok(cx, bram_store_put_plan(cx, dir, &plan));
    assert_ok(cx, bram_results_open(cx, &results, dir));
    bram_options_free(b.options);
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
    return results;
}

/* ---- what a page must be -------------------------------------------------------------------- */

/* Every element is closed in its order, every attribute quoted, no stray < or &. */
static void check_form(const char *html)
{
    static const char *const single[] = {"meta", "!doctype"};
    char open[64][16];
    size_t depth = 0;
    for (const char *at = html; *at; at++) {
        if (*at == '&') assert_true(strcspn(at, ";") < 8);
        if (*at != '<') continue;
        bool closes = at[1] == '/';
        const char *name = at + 1 + closes;
        size_t length = strcspn(name, " >/\n");
        char word[16];
        assert_true(length > 0 && length < sizeof word);
        snprintf(word, sizeof word, "%.*s", (int)length, name);
        const char *end = name + length;
        for (bool quoted = false; *end != '>' || quoted; end++) {
            assert_true(*end != 0 && (quoted || *end != '<'));
            if (*end == '"') quoted = !quoted;
            if (*end == '=' && !quoted) assert_int_equal(end[1], '"');
        }
        bool alone = end[-1] == '/';
        for (size_t i = 0; i < 2; i++) alone = alone || strcmp(word, single[i]) == 0;
        if (closes) {
            assert_true(depth > 0);
            assert_string_equal(open[--depth], word);
        } else if (!alone) {
            assert_true(depth < 64);
            strcpy(open[depth++], word);
        }
        if (strcmp(word, "style") == 0 && !closes) end = strstr(end, "</style>") - 1;
        at = end;
    }
    assert_int_equal(depth, 0);
}

static void write_to_look_at(const char *name, const bram_buffer *page)
{
    const char *folder = getenv("BRAMBLE_TEST_FIGURES");
    char path[512];
    if (!folder) return;
    snprintf(path, sizeof path, "%s/%s.html", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(page->text, 1, page->length, file);
    assert_int_equal(fclose(file), 0);
}

/* The page of these cells: well formed, nothing fetched, the same twice. The caller frees it. */
static char *page_of(const char *name, const struct made *made, size_t count, bool interval)
{
    bram_ctx *cx = bram_ctx_new();
    bram_results *r = make(cx, made, count, interval);
    bram_buffer page = {0}, again = {0};
    const bram_report_settings settings = {.data = "/nowhere"};
    assert_ok(cx, bram_report_write(cx, &page, r, &settings));
    assert_ok(cx, bram_report_write(cx, &again, r, &settings));
    assert_string_equal(page.text, again.text);
    write_to_look_at(name, &page);
    check_form(page.text);
    static const char *const fetched[] = {"src=",     "<script", "@import",
                                          "url(http", "<link",   "nan,"};
    for (size_t i = 0; i < sizeof fetched / sizeof *fetched; i++)
        assert_null(strstr(page.text, fetched[i]));
    char *text = bram_strdup(cx, page.text);
    bram_buffer_release(&page);
    bram_buffer_release(&again);
    bram_results_free(r);
    bram_ctx_free(cx);
    return text;
}

#define assert_says(page, words)                                                                   \
    do {                                                                                           \
        if (!strstr(page, words)) fail_msg("the page does not say: %s", words);                    \
    } while (0)

/* ---- tests ---------------------------------------------------------------------------------- */

static const struct made whole[] = {{"w1", "copy", BRAM_STATE_SCORED, 0.25},
                                    {"w2", "copy", BRAM_STATE_SCORED, 0.25},
                                    {"w1", "ar:lags=5,ridge=1", BRAM_STATE_SCORED, 0.5},
                                    {"w2", "ar:lags=5,ridge=1", BRAM_STATE_SCORED, 0.7},
                                    {"w1", "ar:lags=7,ridge=1", BRAM_STATE_SCORED, -0.125},
                                    {"w2", "ar:lags=7,ridge=1", BRAM_STATE_SCORED, -0.25}};

static void a_whole_page_has_every_model_and_value(void **state)
{
    (void)state;
    char *page = page_of("whole", whole, 6, true);
    assert_says(page, "<h1>Made &amp; &lt;escaped&gt;</h1>");
    assert_says(page, "ar leads in skill, one step ahead, with 0.600 [");
    assert_says(page, "It is ahead of every other model");
    assert_says(page, ">ar:lags=7</td>"); /* the option that is not a default */
    assert_says(page, "ar:lags=7,ridge=1");
    assert_says(page, "1 benchmark, 3 models, 6 cells: 6 scored");
    assert_says(page, "<td class=\"r\">0.500</td>"); /* single parts */
    assert_says(page, "<td class=\"r\">\xe2\x88\x92"
                      "0.125</td>");
    assert_says(page, ">4 steps</th>");
    assert_says(page, "Nothing is imputed");
    assert_says(page, "ceiling</text>");
    assert_says(page, "Example traces");
    assert_says(page, "RIM&lt;L&gt;");
    assert_says(page, "class-only");
    assert_says(page, "The first 60\xc2\xa0% of its rows");
    assert_says(page, "Benchmark: Somebody 2020");
    assert_says(page, "Murphy 1988");
    assert_says(page, "bramble run ./made.yaml --data DIR");
    assert_says(page, "6 scores of units are undefined");
    bram_free(page);
}

static void an_empty_folder_gives_a_page(void **state)
{
    (void)state;
    char *page = page_of("empty", NULL, 0, true);
    assert_says(page, "This results folder holds no cells");
    bram_free(page);
}

static void failures_are_told_with_their_reasons(void **state)
{
    (void)state;
    const struct made made[] = {{"w1", "mean", BRAM_STATE_FAILED, 0},
                                {"w2", "mean", BRAM_STATE_NOT_APPLICABLE, 0},
                                {"w1", "copy", BRAM_STATE_FAILED, 0},
                                {"w2", "copy", BRAM_STATE_FAILED, 0}};
    char *page = page_of("failed", made, 4, true);
    assert_says(page, "Nothing was scored.");
    assert_says(page, "the matrix &lt;X&gt; is singular");
    assert_says(page, "3 failed, 1 not applicable");
    assert_says(page, "w1, w2");
    bram_free(page);
}

static void holes_stay_holes(void **state)
{
    (void)state;
    const struct made made[] = {{"w1", "copy", BRAM_STATE_SCORED, 0.25},
                                {"w2", "copy", BRAM_STATE_SCORED, 0.9},
                                {"w1", "mean", BRAM_STATE_SCORED, 0.5},
                                {"w2", "mean", BRAM_STATE_NOT_RUN, 0}};
    char *page = page_of("holes", made, 4, true);
    assert_says(page, "mean leads in"); /* on the part that both have, whatever the means say */
    assert_says(page, "1 of the models was not scored on every part");
    assert_says(page, "1/2 not run");
    assert_says(page, "It is a trivial baseline");
    bram_free(page);
}

static void one_model_on_one_part(void **state)
{
    (void)state;
    const struct made made[] = {{"w1", "ar:lags=5,ridge=1", BRAM_STATE_SCORED, 0.5}};
    char *page = page_of("one", made, 1, true);
    assert_says(page, "Only ar was scored: skill, one step ahead 0.500");
    bram_free(page);
}

static void too_short_for_an_interval_is_said(void **state)
{
    (void)state;
    char *page = page_of("short", whole, 6, false);
    assert_says(page, "too short for an interval (3 time blocks of 4 rows)");
    assert_says(page, "nothing is claimed about the order");
    bram_free(page);
}

static void an_undefined_score_is_no_number(void **state)
{
    (void)state;
    const struct made made[] = {{"w1", "copy", BRAM_STATE_SCORED, 0.25},
                                {"w1", "mean", BRAM_STATE_SCORED, (double)NAN}};
    char *page = page_of("undefined", made, 2, true);
    assert_says(page, "Only copy was scored");
    assert_null(strstr(page, ">nan"));
    bram_free(page);
}

static void the_leaderboard_as_text(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_results *r = make(cx, whole, 6, true);
    bram_board *b = NULL;
    bram_table *t = NULL;
    bram_buffer text = {0};
    assert_ok(cx, bram_board_new(cx, &b, r, "made", NULL));
    assert_ok(cx, bram_leaderboard_table(cx, &t, b));
    assert_ok(cx, bram_table_write(cx, &text, t, BRAM_TABLE_TEXT, (bram_table_style){80, false}));
    assert_string_equal(
        bram_buffer_text(&text),
        "Made & <escaped>\n"
        "\n"
        "#  model      score                     copy  chance  ceiling  parts\n"
        "-  ---------  -----------------------  -----  ------  -------  -----\n"
        "1  ar          0.600 [0.546, 0.656]    0.250   0.250    0.900    2/2\n"
        "2  copy        0.250 [0.196, 0.306]    0.250   0.250    0.900    2/2\n"
        "3  ar:lags=7  -0.188 [-0.242, -0.131]  0.250   0.250    0.900    2/2\n"
        "\n"
        "score: skill at step; higher is better.\n"
        "90 % interval: bootstrap over 9 time blocks of 4 rows, 100 draws; rank: 1 +\n"
        "models whose paired difference is better beyond it.\n"
        "mean over 2 parts; the interval is for these parts, not for others.\n");
    bram_buffer_release(&text);
    bram_table_free(t);
    bram_board_free(b);
    bram_results_free(r);
    bram_ctx_free(cx);
}

/* The same report on paper: a PDF of some pages, the same bytes twice. */
static void a_report_on_paper(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_results *r = make(cx, whole, 6, true);
    bram_buffer pdf = {0}, again = {0};
    const bram_report_settings settings = {.data = "/nowhere", .pdf = true};
    if (bram_cairo_available()) {
        assert_ok(cx, bram_report_write(cx, &pdf, r, &settings));
        assert_ok(cx, bram_report_write(cx, &again, r, &settings));
        assert_int_equal(pdf.length, again.length);
        assert_memory_equal(pdf.text, again.text, pdf.length);
        assert_memory_equal(pdf.text, "%PDF-1.", 7);
        assert_true(pdf.length > 20000);
    } else {
        print_message("# skipped: no cairo\n");
        assert_int_equal(bram_report_write(cx, &pdf, r, &settings), BRAM_EUSAGE);
    }
    bram_buffer_release(&pdf);
    bram_buffer_release(&again);
    bram_results_free(r);
    bram_ctx_free(cx);
}

/* The numbers of figure 1 are those of the board: value, low, high of the models in their order. */
static void figures_as_files(void **state)
{
    (void)state;
    char folder[256], path[300], line[400], command[300];
    bram_ctx *cx = bram_ctx_new();
    bram_results *r = make(cx, whole, 6, true);
    bram_board *b = NULL;
    bram_buffer page = {0};
    test_temporary(folder, "figures");
    const bram_report_settings settings = {.data = "/nowhere", .figures = folder};
    assert_ok(cx, bram_report_write(cx, &page, r, &settings));
    assert_ok(cx, bram_board_new(cx, &b, r, "made", NULL));
    snprintf(path, sizeof path, "%s/figure-1.csv", folder);
    FILE *file = fopen(path, "r");
    size_t points = 0;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        size_t n;
        double x, y, low, high;
        if (sscanf(line, ",points,%zu,%lf,%lf,%lf,%lf", &n, &x, &y, &low, &high) != 5) continue;
        assert_near(x, b->row[n - 1].value, 0);
        assert_near(low, b->row[n - 1].low, 0);
        assert_near(high, b->row[n - 1].high, 0);
        points++;
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(points, 3);
    snprintf(path, sizeof path, "%s/figure-1.svg", folder);
    assert_int_equal(access(path, R_OK), 0);
    snprintf(path, sizeof path, "%s/figure-1.pdf", folder);
    assert_int_equal(access(path, R_OK) == 0, bram_cairo_available());
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    assert_int_equal(system(command), 0);
    bram_buffer_release(&page);
    bram_board_free(b);
    bram_results_free(r);
    bram_ctx_free(cx);
}

static void failing_allocations_are_reported(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_results *r = make(cx, whole, 4, true);
    const bram_report_settings settings = {.data = "/nowhere"};
    for (size_t k = 1, step = 1;; k += step, step = k / 16 + 1) {
        bram_buffer page = {0};
        bram_fail_allocation(k, true);
        int status = bram_report_write(cx, &page, r, &settings);
        bool reached = bram_allocations() >= k;
        bram_fail_allocation(0, false);
        bram_buffer_release(&page);
        if (!reached) break;
        assert_int_equal(status, BRAM_ENOMEM);
    }
    bram_results_free(r);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_page_has_every_model_and_value),
        cmocka_unit_test(an_empty_folder_gives_a_page),
        cmocka_unit_test(failures_are_told_with_their_reasons),
        cmocka_unit_test(holes_stay_holes),
        cmocka_unit_test(one_model_on_one_part),
        cmocka_unit_test(too_short_for_an_interval_is_said),
        cmocka_unit_test(an_undefined_score_is_no_number),
        cmocka_unit_test(the_leaderboard_as_text),
        cmocka_unit_test(a_report_on_paper),
        cmocka_unit_test(figures_as_files),
        cmocka_unit_test(failing_allocations_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
