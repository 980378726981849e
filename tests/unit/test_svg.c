/*
 * test_svg.c - figures drawn as SVG: well-formed, escaped, gaps, no data, equal bytes. With
 * BRAMBLE_TEST_FIGURES=DIR the samples are also written there, to be looked at.
 */
#include "internal.h"
#include "svg.h"
#include "test.h"

/* ---- a check of well-formedness ------------------------------------------------------------- */

static const char *skip_name(const char *s)
{
    while (*s && !strchr(" \t\n/>=", *s)) s++;
    return s;
}

/* Attributes up to > or />; NULL when they are wrong. */
static const char *skip_attributes(const char *s, bool *closed)
{
    for (;;) {
        const char *before = s;
        while (*s && strchr(" \t\n", *s)) s++;
        *closed = *s == '/';
        if (*closed) s++;
        if (*s == '>') return s + 1;
        if (*closed || s == before) return NULL;
        const char *name = s;
        s = skip_name(s);
        if (s == name || s[0] != '=' || s[1] != '"') return NULL;
        for (s += 2; *s && *s != '"'; s++)
            if (*s == '<') return NULL;
        if (!*s) return NULL;
        s++;
    }
}

static bool good_reference(const char *s)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < 5; i++)
        if (!strncmp(s, known[i], strlen(known[i]))) return true;
    return false;
}

/* Tags nest and close, attributes are quoted, references are known, ids are unique. */
static bool well_formed(const char *s)
{
    enum { DEEP = 64 };
    const char *open[DEEP];
    size_t length[DEEP], depth = 0;
    if (!strncmp(s, "<?xml", 5)) s = strstr(s, "?>") + 2;
    while (*s) {
        if (*s == '&' && !good_reference(s)) return false;
        if (*s != '<') {
            s++;
            continue;
        }
        bool closing = s[1] == '/', closed = false;
        const char *name = s + 1 + closing, *end = skip_name(name);
        s = skip_attributes(end, &closed);
        if (!s) return false;
        if (closing) {
            if (!depth || length[depth - 1] != (size_t)(end - name) ||
                strncmp(open[depth - 1], name, length[depth - 1]) != 0)
                return false;
            depth--;
        } else if (!closed) {
            if (depth == DEEP) return false;
            open[depth] = name;
            length[depth++] = (size_t)(end - name);
        }
    }
    return depth == 0;
}

static void the_checker_can_fail(void **state)
{
    (void)state;
    assert_true(well_formed("<a b=\"c\"><d/>text &amp; more</a>"));
    assert_false(well_formed("<a><b></a></b>"));
    assert_false(well_formed("<a>"));
    assert_false(well_formed("<a b=c/>"));
    assert_false(well_formed("<a>&nbsp;</a>"));
    assert_false(well_formed("<a b=\"<\"/>"));
}

/* ---- samples -------------------------------------------------------------------------------- */

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bram_figure *figure(bram_ctx *cx, const char *title)
{
    bram_figure *f = NULL;
    assert_ok(cx, bram_figure_new(cx, &f, title, "a sample"));
    return f;
}

static bram_figure *forecast(bram_ctx *cx)
{
    bram_figure *f = figure(cx, "Forecast skill by horizon");
    double x[16], y[16], low[16], high[16], z[16], zl[16], zh[16];
    for (int i = 0; i < 16; i++) {
        x[i] = i + 1;
        y[i] = 0.9 * exp(-i / 7.0), low[i] = y[i] - 0.05, high[i] = y[i] + 0.06;
        z[i] = 0.8 * exp(-i / 3.0), zl[i] = z[i] - 0.04, zh[i] = z[i] + 0.04;
    }
    y[9] = NAN;
    assert_ok(cx, bram_figure_x(cx, f, &(bram_figure_axis){.title = "horizon (steps of 0.6 s)"}));
    assert_ok(cx, bram_figure_y(cx, f, &(bram_figure_axis){.title = "R\xc2\xb2", .zero = true}));
    bram_series series[] = {
        {BRAM_MARK_BAND, "ridge autoregression", 0, 16, x, NULL, low, high},
        {BRAM_MARK_LINE, "ridge autoregression", 0, 16, x, y},
        {BRAM_MARK_BAND, "reservoir", 1, 16, x, NULL, zl, zh},
        {BRAM_MARK_LINE, "reservoir", 1, 16, x, z, .dashed = true},
        {BRAM_MARK_RULE, "ceiling", BRAM_MUTED, 1, NULL, (double[]){0.95}, .dashed = true},
        {BRAM_MARK_RULE, "chance", BRAM_MUTED, 1, NULL, (double[]){0}, .dashed = true},
        {BRAM_MARK_RULE, "persistence", 4, 1, NULL, (double[]){0.03}, .dashed = true},
    };
    for (size_t i = 0; i < COUNT(series); i++) assert_ok(cx, bram_figure_add(cx, f, &series[i]));
    return f;
}

static bram_figure *leaderboard(bram_ctx *cx)
{
    static const char *const names[] = {"ridge autoregression, 5 lags",
                                        "low-rank linear dynamics",
                                        "connectome-constrained network of leaky integrators",
                                        "reservoir",
                                        "persistence",
                                        "mean"};
    bram_figure *f = figure(cx, "Leaderboard <worm & \"co\">");
    double x[] = {0.52, 0.49, 0.47, 0.38, 0.22, 0.0}, y[] = {0, 1, 2, 3, 4, 5};
    double low[] = {0.47, 0.45, 0.40, 0.33, 0.20, -0.01},
           high[] = {0.57, 0.53, 0.55, 0.42, 0.25, 0.01};
    bram_figure_size(f, 560, bram_figure_height(6));
    assert_ok(cx,
              bram_figure_x(cx, f,
                            &(bram_figure_axis){.title = "R\xc2\xb2, 95% interval", .zero = true}));
    assert_ok(cx, bram_figure_y(cx, f, &(bram_figure_axis){.labels = names, .label_count = 6}));
    bram_series series[] = {
        {BRAM_MARK_POINTS, "all neurons", 0, 6, x, y, low, high, .horizontal = true},
        {BRAM_MARK_POINTS, "labeled neurons", 1, 6, high, y, .horizontal = true},
        {BRAM_MARK_RULE, "chance", BRAM_MUTED, 1, (double[]){0}, NULL, .horizontal = true,
         .dashed = true},
        {BRAM_MARK_RULE, "ceiling", 2, 1, (double[]){0.61}, NULL, .horizontal = true,
         .dashed = true},
        {BRAM_MARK_RULE, "other ceiling", 3, 1, (double[]){0.62}, NULL, .horizontal = true,
         .dashed = true},
    };
    for (size_t i = 0; i < COUNT(series); i++) assert_ok(cx, bram_figure_add(cx, f, &series[i]));
    return f;
}

static bram_figure *bars(bram_ctx *cx)
{
    static const char *const names[] = {"V1", "V2", "V4", "inferior temporal", "fusiform face",
                                        "PPA"};
    bram_figure *f = figure(cx, "Areas by model");
    double x[] = {0, 1, 2, 3, 4, 5}, a[] = {0.31, 0.28, 0.24, 0.2, -0.04, 0.11};
    double b[] = {0.12, 0.18, 0.29, 0.33, 0.3, 0.27}, low[6], high[6];
    for (int i = 0; i < 6; i++) low[i] = b[i] - 0.03, high[i] = b[i] + 0.03;
    assert_ok(cx, bram_figure_x(cx, f, &(bram_figure_axis){.labels = names, .label_count = 6}));
    assert_ok(cx, bram_figure_y(cx, f, &(bram_figure_axis){.title = "Spearman \xcf\x81"}));
    bram_series series[] = {{BRAM_MARK_BARS, "early layer", 0, 6, x, a},
                            {BRAM_MARK_BARS, "late layer", 1, 6, x, b, low, high}};
    for (size_t i = 0; i < COUNT(series); i++) assert_ok(cx, bram_figure_add(cx, f, &series[i]));
    return f;
}

static bram_figure *heat_map(bram_ctx *cx, size_t n, bool diverging)
{
    bram_figure *f = figure(cx, "A dissimilarity matrix");
    double *v = calloc(n * n, sizeof *v);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            v[i * n + j] = sin((double)i * 9 / (double)n) * cos((double)j * 7 / (double)n);
    v[n + 2] = NAN;
    bram_figure_size(f, 480, 400);
    assert_ok(cx, bram_figure_x(cx, f, &(bram_figure_axis){.title = "stimulus"}));
    assert_ok(cx, bram_figure_y(cx, f, &(bram_figure_axis){.title = "stimulus"}));
    bram_heat heat = {n, n, v, .diverging = diverging, .title = "dissimilarity (1 \xe2\x88\x92 r)"};
    assert_ok(cx, bram_figure_heat(cx, f, &heat));
    free(v);
    return f;
}

static bram_figure *raster(bram_ctx *cx)
{
    enum { N = 2000 };
    bram_figure *f = figure(cx, "Spikes and states");
    double x[N], y[N], rate[N];
    uint32_t g = 1;
    for (int i = 0; i < N; i++) {
        g = g * 1664525u + 1013904223u;
        x[i] = (double)(g >> 8) / 16777216 * 20;
        y[i] = i % 20;
    }
    for (int i = 0; i < N; i++) rate[i] = 22 + sin(i / 60.0);
    bram_figure_size(f, 560, 300);
    double t[N];
    for (int i = 0; i < N; i++) t[i] = i * 20.0 / N;
    assert_ok(cx, bram_figure_x(cx, f, &(bram_figure_axis){.title = "time (s)"}));
    assert_ok(cx, bram_figure_y(cx, f, &(bram_figure_axis){.title = "neuron"}));
    double begin[] = {2, 9, 15}, end[] = {5, 12, 19};
    bram_series series[] = {{BRAM_MARK_SPANS, "state 1", 1, 3, NULL, NULL, begin, end},
                            {BRAM_MARK_TICKS, "spikes", BRAM_INK, N, x, y},
                            {BRAM_MARK_STEP, "rate", 0, N, t, rate}};
    for (size_t i = 0; i < COUNT(series); i++) assert_ok(cx, bram_figure_add(cx, f, &series[i]));
    return f;
}

static bram_figure *scatter(bram_ctx *cx)
{
    bram_figure *f = figure(cx, "Connectome against activity");
    double x[] = {1, 12, 14, 150, 160, 9000, 220000}, y[] = {1e-3, 0.02, 0.021, 0.3, 0.31, 2, 50};
    static const char *const names[] = {"AVAL", "AVAR", "AVBL", "RIML", "RIMR", "SMDVR", "RID"};
    assert_ok(cx, bram_figure_x(cx, f, &(bram_figure_axis){.title = "contacts", .log = true}));
    assert_ok(cx, bram_figure_y(cx, f, &(bram_figure_axis){.title = "response", .log = true}));
    assert_ok(cx, bram_figure_add(cx, f, &(bram_series){BRAM_MARK_POINTS, "pairs", 0, 7, x, y}));
    assert_ok(cx, bram_figure_add(
                      cx, f, &(bram_series){BRAM_MARK_TEXT, "", BRAM_INK, 7, x, y, .text = names}));
    return f;
}

static bram_figure *trace(bram_ctx *cx)
{
    enum { N = 30000 };
    bram_figure *f = figure(cx, "A long trace");
    double *x = calloc(N, sizeof *x), *y = calloc(N, sizeof *y);
    for (int i = 0; i < N; i++) x[i] = i * 0.6, y[i] = 1e6 * sin(i / 900.0) + 2e5 * sin(i * 1.7);
    for (int i = 10000; i < 12000; i++) y[i] = NAN;
    assert_ok(cx, bram_figure_x(cx, f, &(bram_figure_axis){.title = "time (s)"}));
    assert_ok(cx, bram_figure_y(cx, f, &(bram_figure_axis){.title = "intensity"}));
    assert_ok(cx, bram_figure_add(cx, f, &(bram_series){BRAM_MARK_LINE, "", 0, N, x, y}));
    free(x);
    free(y);
    return f;
}

static bram_figure *nothing(bram_ctx *cx)
{
    bram_figure *f = figure(cx, "Nothing");
    double x[] = {1, 2}, y[] = {NAN, INFINITY};
    assert_ok(cx, bram_figure_add(cx, f, &(bram_series){BRAM_MARK_LINE, "", 0, 2, x, y}));
    return f;
}

/* The figure as text for free(); its own copy is freed. */
static char *drawn(bram_ctx *cx, bram_figure *f, const char *name)
{
    bram_buffer b = {0}, again = {0};
    const char *folder = getenv("BRAMBLE_TEST_FIGURES");
    if (folder) {
        char path[512];
        bram_buffer alone = {0};
        snprintf(path, sizeof path, "%s/%s.svg", folder, name);
        assert_ok(cx, bram_svg_write_file(cx, &alone, f));
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(bram_buffer_text(&alone), file);
        fclose(file);
        assert_true(well_formed(alone.text));
        bram_buffer_release(&alone);
    }
    assert_ok(cx, bram_svg_write(cx, &b, f, "fig1"));
    assert_ok(cx, bram_svg_write(cx, &again, f, "fig1"));
    assert_string_equal(b.text, again.text);
    assert_true(well_formed(b.text));
    assert_null(strstr(b.text, "nan"));
    assert_null(strstr(b.text, "inf\""));
    bram_buffer_release(&again);
    bram_figure_free(f);
    return b.text;
}

static size_t occurrences(const char *text, const char *word)
{
    size_t n = 0;
    for (; (text = strstr(text, word)); text += strlen(word)) n++;
    return n;
}

static void samples(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char *s = drawn(cx, forecast(cx), "forecast");
    assert_int_equal(occurrences(s, ">ridge autoregression<"), 1); /* one entry for line and band */
    assert_int_equal(occurrences(s, ">ceiling<"), 1);
    free(s);
    s = drawn(cx, leaderboard(cx), "leaderboard");
    assert_non_null(strstr(s, "Leaderboard &lt;worm &amp; &quot;co&quot;&gt;"));
    assert_non_null(
        strstr(s, "<title>connectome-constrained network of leaky integrators</title>"));
    free(s);
    s = drawn(cx, bars(cx), "bars");
    assert_int_equal(occurrences(s, "<rect class=\"f0\""), 7); /* six bars and the legend */
    free(s);
    free(drawn(cx, heat_map(cx, 92, false), "heat"));
    free(drawn(cx, heat_map(cx, 12, true), "heat-diverging"));
    s = drawn(cx, heat_map(cx, 1000, false), "heat-large");
    assert_true(strlen(s) < 1000000);
    free(s);
    free(drawn(cx, raster(cx), "raster"));
    s = drawn(cx, scatter(cx), "scatter");
    assert_int_equal(occurrences(s, "<circle"), 7);
    assert_int_equal(occurrences(s, ">RID<"), 1);
    free(s);
    s = drawn(cx, trace(cx), "trace");
    assert_true(strlen(s) < 120000); /* 30000 points, but no more than the screen can show */
    free(s);
    bram_ctx_free(cx);
}

static void missing_values_are_gaps(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_figure *f = figure(cx, "gap");
    double x[] = {0, 1, 2, 3, 4}, y[] = {1, 2, NAN, 2, 1};
    assert_ok(cx, bram_figure_add(cx, f, &(bram_series){BRAM_MARK_LINE, "", 3, 5, x, y}));
    char *s = drawn(cx, f, "gap");
    const char *path = strstr(s, "class=\"s3\"");
    assert_non_null(path);
    path = strstr(path, " d=\"");
    size_t moves = 0;
    for (path += 4; *path != '"'; path++) moves += *path == 'M';
    assert_int_equal(moves, 2);
    free(s);
    bram_ctx_free(cx);
}

static void empty_data_says_so(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char *s = drawn(cx, nothing(cx), "nothing");
    assert_int_equal(occurrences(s, ">no data<"), 1);
    assert_int_equal(occurrences(s, "<path"), 0);
    free(s);
    s = drawn(cx, figure(cx, "no series"), "no-series");
    assert_int_equal(occurrences(s, ">no data<"), 1);
    free(s);
    bram_figure *f = figure(cx, "heat");
    assert_ok(cx, bram_figure_heat(cx, f, &(bram_heat){1, 2, (double[]){NAN, NAN}}));
    s = drawn(cx, f, "no-heat");
    assert_int_equal(occurrences(s, ">no data<"), 1);
    free(s);
    bram_ctx_free(cx);
}

static void odd_ranges_are_drawn(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const double odd[][2] = {{5, 5}, {0, 0}, {-1e308, 1e308}, {1e-320, 2e-320}, {1e15, 1e15 + 1}};
    for (size_t i = 0; i < COUNT(odd); i++) {
        bram_figure *f = figure(cx, "odd");
        double x[] = {0, 1};
        assert_ok(cx, bram_figure_add(cx, f, &(bram_series){BRAM_MARK_LINE, "", 0, 2, x, odd[i]}));
        free(drawn(cx, f, "odd"));
    }
    bram_ctx_free(cx);
}

static void escapes(void **state)
{
    (void)state;
    bram_buffer b = {0};
    bram_xml_escape(&b, "a<b>&\"'\x01\xff\xc3\xa9");
    assert_string_equal(b.text, "a&lt;b&gt;&amp;&quot;&#39;\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9");
    bram_buffer_release(&b);
}

static void failing_allocations(void **state)
{
    (void)state;
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status; k++) {
        assert_true(k < 1000);
        bram_ctx *cx = bram_ctx_new();
        bram_figure *f = NULL;
        bram_buffer b = {0};
        double x[] = {0, 1}, y[] = {3, 4};
        static const char *const names[] = {"a", "b"};
        bram_fail_allocation(k, false);
        status = bram_figure_new(cx, &f, "t", "d");
        if (!status)
            status = bram_figure_x(cx, f, &(bram_figure_axis){.labels = names, .label_count = 2});
        if (!status)
            status = bram_figure_add(
                cx, f, &(bram_series){BRAM_MARK_LINE, "n", 0, 2, x, y, .text = names});
        if (!status) status = bram_svg_write(cx, &b, f, "f");
        bram_fail_allocation(0, false);
        if (status) assert_int_equal(status, BRAM_ENOMEM);
        bram_buffer_release(&b);
        bram_figure_free(f);
        bram_ctx_free(cx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checker_can_fail),    cmocka_unit_test(samples),
        cmocka_unit_test(missing_values_are_gaps), cmocka_unit_test(empty_data_says_so),
        cmocka_unit_test(odd_ranges_are_drawn),    cmocka_unit_test(escapes),
        cmocka_unit_test(failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
