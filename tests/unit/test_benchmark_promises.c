/*
 * What the benchmarks promise in which no model of a user's competes, by the options of every
 * definition that ships, on made data: where everything can be told the interval reaches the best
 * value, where nothing can it holds chance, and the order of neurons changes nothing. What is
 * answered from files is in tests/interop/test_benchmarks.py.
 */
#include "cell_test.h"
#include "definition.h"
#include "internal.h"

#include <bramble/rng.h>

enum { MOVIES = 5, FRAMES = 6, STIMULI = MOVIES * FRAMES, UNITS = 12, REPEATS = 5, AREAS = 3 };
enum { TOLD, NOTHING, TURNED }; /* TURNED: TOLD with the units in another order */

/* ---- populations ---------------------------------------------------------------------------- */

/* Five units tell the movie, two the category, five the stimulus; areas b and c mix those of a. */
static double signal(size_t stimulus, size_t unit)
{
    size_t of = unit < MOVIES ? stimulus / FRAMES : STIMULI + stimulus;
    bram_rng g = bram_rng_at(1, "test/promises/stimulus", of * UNITS + unit);
    if (unit >= MOVIES && unit < MOVIES + 2) return (stimulus + unit) % 2 ? 10 : -10;
    return (unit < MOVIES ? 5 : 3) * bram_rng_normal(&g);
}

static double response(size_t area, size_t stimulus, size_t unit, int kind, bram_rng *g)
{
    size_t at = kind == TURNED ? UNITS - 1 - unit : unit;
    double noise = bram_rng_normal(g);
    if (kind == NOTHING) return noise;
    double told = signal(stimulus, at);
    if (area) told = 0.8 * signal(stimulus, (at + area) % UNITS) - 0.6 * told;
    return told + 0.05 * noise;
}

static void add_area(bram_ctx *cx, bram_dataset *ds, size_t area, const bram_axis *stimulus,
                     int kind)
{
    static const char *const name[AREAS] = {"a", "b", "c"}, *const subject[AREAS] = {"m1", "m2",
                                                                                     "m2"};
    bram_axis *axis[2] = {NULL};
    bram_response *r = NULL;
    assert_ok(cx, bram_axis_new(cx, &axis[0], "neuron", UNITS));
    assert_ok(cx, bram_axis_new(cx, &axis[1], "repeat", REPEATS));
    assert_ok(cx, bram_response_new(cx, &r, name[area], BRAM_F64, 3,
                                    (const bram_axis *[]){stimulus, axis[0], axis[1]}));
    bram_axis_free(axis[0]), bram_axis_free(axis[1]);
    for (size_t i = 0; i < STIMULI; i++)
        for (size_t u = 0; u < UNITS; u++) {
            size_t of = kind == TURNED ? UNITS - 1 - u : u;
            bram_rng g = bram_rng_at(2, "test/promises/trials", (area * STIMULI + i) * UNITS + of);
            for (size_t k = 0; k < REPEATS; k++)
                bram_response_f64(r)[(i * UNITS + u) * REPEATS + k] = response(area, i, u, kind,
                                                                               &g);
        }
    assert_ok(cx, bram_attrs_set_text(cx, bram_response_attrs(r), "subject", subject[area]));
    assert_ok(cx, bram_dataset_add(cx, ds, "responses", r));
}

static bram_dataset *populations(bram_ctx *cx, int kind)
{
    static const char *const categories[] = {"natural", "synthetic"};
    char text[STIMULI][8], movie_text[STIMULI][8];
    const char *id[STIMULI], *category[STIMULI], *movie[STIMULI];
    bram_axis *stimulus = NULL;
    bram_dataset *ds = NULL;
    for (size_t i = 0; i < STIMULI; i++) {
        snprintf(text[i], sizeof text[i], "s%zu", i);
        snprintf(movie_text[i], sizeof movie_text[i], "m%zu", i / FRAMES);
        id[i] = text[i], movie[i] = movie_text[i], category[i] = categories[i % 2];
    }
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &stimulus, "stimulus", STIMULI));
    assert_ok(cx, bram_axis_set_ids(cx, stimulus, id));
    assert_ok(cx, bram_axis_add_text(cx, stimulus, "category", category));
    assert_ok(cx, bram_axis_add_text(cx, stimulus, "movie", movie));
    for (size_t k = 0; k < AREAS; k++) add_area(cx, ds, k, stimulus, kind);
    bram_axis_free(stimulus);
    return ds;
}

/* ---- definitions ---------------------------------------------------------------------------- */

/* A definition's options with other values of some: fewer draws and steps, and wide intervals, as
 * many are looked at. */
static bram_options *lighter(bram_ctx *cx, const bram_benchmark *b)
{
    static const char *const other[][2] = {{"permutations", "2"},
                                           {"samples", "200"},
                                           {"steps", "20"},
                                           {"penalty", "10"},
                                           {"level", "0.999"}};
    char *text = bram_strdup(cx, bram_options_canonical(b->options)), *save = NULL;
    char *all = bram_strdup(cx, "");
    bram_options *o = NULL;
    for (char *word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        size_t length = strcspn(word, "=");
        const char *value = word + length + 1;
        for (size_t i = 0; i < sizeof other / sizeof *other; i++)
            if (strlen(other[i][0]) == length && strncmp(other[i][0], word, length) == 0)
                value = other[i][1];
        char *more = bram_strf(cx, "%s%s%.*s=%s", all, *all ? "," : "", (int)length, word, value);
        bram_free(all);
        all = more;
    }
    assert_ok(cx, bram_options_new(cx, &o, bram_task_find(b->task)->params, all));
    bram_free(all);
    bram_free(text);
    return o;
}

/* The pair of areas that a definition of the task transfer would ask about, or one area. */
static const char *part_of(const bram_benchmark *b)
{
    if (strcmp(b->task, "transfer") != 0) return "a";
    return bram_option_is(b->options, "between", "sessions") ? "b_to_c" : "a_to_b";
}

struct score {
    double value, low, high, chance;
};

static struct score score_of(bram_ctx *cx, const bram_benchmark *b, const bram_dataset *ds,
                             const char *part, const char *model, const char *id)
{
    bram_dataset *result = NULL;
    if (test_cell(cx, &result, b, ds, part, model) != BRAM_OK)
        fail_msg("%s, %s: %s", b->name, model, bram_ctx_message(cx));
    struct score s = {test_number(result, id, "value"), test_number(result, id, "low"),
                      test_number(result, id, "high"), test_number(result, id, "chance")};
    bram_dataset_free(result);
    return s;
}

static void expect(const bram_benchmark *b, const char *model, const char *what, bool fine,
                   struct score s)
{
    if (!fine)
        fail_msg("%s, %s, %s: %g [%g, %g], chance %g", b->name, model, what, s.value, s.low, s.high,
                 s.chance);
}

/* ---- readers -------------------------------------------------------------------------------- */

static void readers_tell_what_is_told_and_nothing_else(void **state)
{
    (void)state;
    static const char *const names[] = {"antolik2016-images",
                                        "henaff2021-category",
                                        "henaff2021-movie",
                                        "antolik2016-transfer",
                                        "henaff2021-transfer-monkeys",
                                        "henaff2021-transfer-"
                                        "penetrations"};
    static const char id[] = "balanced-accuracy";
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *told = populations(cx, TOLD), *nothing = populations(cx, NOTHING);
    bram_dataset *turned = populations(cx, TURNED);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        bram_benchmark *b = NULL;
        assert_ok(cx, bram_benchmark_read(cx, &b, names[k]));
        bram_benchmark light = *b;
        light.options = lighter(cx, b);
        light.part_count = 0; /* those are names of the recorded areas */
        const char *label = bram_option_text(b->options, "label");
        double classes = !*label ? STIMULI : strcmp(label, "movie") == 0 ? MOVIES : 2;
        const char *part = part_of(b);
        for (size_t m = 0; m < b->model_count; m++) {
            const char *model = b->models[m];
            /* networks learn in more steps than there are here: test_task_classify, _transfer */
            bool network = strcmp(model, "refit") == 0 || strcmp(model, "mlp") == 0;
            struct score s;
            if (!network) {
                s = score_of(cx, &light, told, part, model, id);
                expect(b, model, "told", s.value >= 0.99 && s.low > s.chance, s);
                struct score t = score_of(cx, &light, turned, part, model, id);
                expect(b, model, "turned", t.value == s.value && t.low == s.low, t);
            }
            s = score_of(cx, &light, nothing, part, model, id);
            bool chance = s.low <= 1 / classes && 1 / classes <= s.high;
            expect(b, model, "nothing", chance && fabs(s.chance - 1 / classes) < 0.15, s);
        }
        bram_options_free(light.options);
        bram_benchmark_free(b);
    }
    bram_dataset_free(told);
    bram_dataset_free(nothing);
    bram_dataset_free(turned);
    bram_ctx_free(cx);
}

/* ---- arrangements of neurons ---------------------------------------------------------------- */

enum { NEURONS = 10, ROWS = 100, ANIMALS = 4 };

static const char *const neuron_name[NEURONS] = {"ADAL", "ADAR", "ADEL", "ADER", "AIAL",
                                                 "AIAR", "AVAL", "AVAR", "AVBL", "AVBR"};

/* Noise; told: each column is made orthogonal to the ones before and to the constant. */
static void noise(double z[NEURONS][ROWS], size_t animal, bool told)
{
    for (size_t u = 0; u < NEURONS; u++) {
        bram_rng g = bram_rng_at(3, "test/promises/animal", animal * NEURONS + u);
        double mean = 0, square = 0;
        for (size_t t = 0; t < ROWS; t++) mean += (z[u][t] = bram_rng_normal(&g)) / ROWS;
        for (size_t t = 0; t < ROWS; t++) z[u][t] -= mean;
        for (size_t k = 0; k < u && told; k++) {
            double dot = 0;
            for (size_t t = 0; t < ROWS; t++) dot += z[u][t] * z[k][t];
            for (size_t t = 0; t < ROWS; t++) z[u][t] -= dot * z[k][t];
        }
        for (size_t t = 0; t < ROWS; t++) square += z[u][t] * z[u][t];
        for (size_t t = 0; t < ROWS; t++) z[u][t] /= sqrt(square);
    }
}

/* TOLD: neighbours in the chain of the connectome correlate by 0.8, others by powers of it. */
static void add_animal(bram_ctx *cx, bram_dataset *ds, size_t animal, int kind)
{
    static double z[NEURONS][ROWS];
    double seconds[ROWS], values[ROWS * NEURONS];
    char group[32];
    const char *id[NEURONS], *certainty[NEURONS];
    bram_axis *time = NULL, *neuron = NULL;
    bram_response *r = NULL;
    noise(z, animal, kind != NOTHING);
    for (size_t u = 1; u < NEURONS && kind != NOTHING; u++)
        for (size_t t = 0; t < ROWS; t++) z[u][t] = 0.8 * z[u - 1][t] + 0.6 * z[u][t];
    for (size_t u = 0; u < NEURONS; u++) {
        size_t of = kind == TURNED ? NEURONS - 1 - u : u;
        id[u] = neuron_name[of], certainty[u] = "exact";
        for (size_t t = 0; t < ROWS; t++) values[t * NEURONS + u] = z[of][t];
    }
    for (size_t t = 0; t < ROWS; t++) seconds[t] = (double)t;
    snprintf(group, sizeof group, "recordings/w%zu", animal);
    assert_ok(cx, bram_axis_new(cx, &time, "time", ROWS));
    assert_ok(cx, bram_axis_set_values(cx, time, seconds, "s"));
    assert_ok(cx, bram_axis_new(cx, &neuron, "neuron", NEURONS));
    assert_ok(cx, bram_axis_set_ids(cx, neuron, id));
    assert_ok(cx, bram_axis_add_text(cx, neuron, "certainty", certainty));
    assert_ok(cx, bram_response_new(cx, &r, "activity", BRAM_F64, 2,
                                    (const bram_axis *[]){time, neuron}));
    memcpy(bram_response_f64(r), values, sizeof values);
    bram_axis_free(time);
    bram_axis_free(neuron);
    assert_ok(cx, bram_dataset_add(cx, ds, group, r));
}

/* A chain of synapses; bodies lie anywhere, and classes are pairs. */
static bram_dataset *worms(bram_ctx *cx, int kind)
{
    bram_dataset *ds = NULL;
    bram_axis *nodes = NULL, *edges = NULL;
    const char *class_name[NEURONS], *type[NEURONS];
    double place[3][NEURONS], weight[NEURONS];
    bram_rng g = bram_rng_new(4, "test/promises/places");
    for (size_t u = 0; u < NEURONS; u++) {
        class_name[u] = neuron_name[u / 2 * 2], type[u] = "chemical", weight[u] = 1;
        for (size_t d = 0; d < 3; d++) place[d][u] = bram_rng_normal(&g);
    }
    assert_ok(cx, bram_dataset_new(cx, &ds));
    for (size_t a = 0; a < ANIMALS; a++) add_animal(cx, ds, a, kind);
    assert_ok(cx, bram_axis_new(cx, &nodes, "nodes", NEURONS));
    assert_ok(cx, bram_axis_set_ids(cx, nodes, (const char **)(uintptr_t)neuron_name));
    assert_ok(cx, bram_axis_add_text(cx, nodes, "class", class_name));
    assert_ok(cx, bram_axis_add_number(cx, nodes, "x", place[0], "um"));
    assert_ok(cx, bram_axis_add_number(cx, nodes, "y", place[1], "um"));
    assert_ok(cx, bram_axis_add_number(cx, nodes, "z", place[2], "um"));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/made", nodes));
    assert_ok(cx, bram_axis_new(cx, &edges, "chemical", NEURONS - 1));
    assert_ok(cx, bram_axis_add_text(cx, edges, "from", (const char **)(uintptr_t)neuron_name));
    assert_ok(cx, bram_axis_add_text(cx, edges, "to", (const char **)(uintptr_t)(neuron_name + 1)));
    assert_ok(cx, bram_axis_add_number(cx, edges, "weight", weight, "1"));
    assert_ok(cx, bram_axis_add_text(cx, edges, "type", type));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/made", edges));
    return ds;
}

/* Steps along the chain are the arrangement of the traces: all but ties that rounding breaks. */
static void wiring_tells_activity_where_it_does(void **state)
{
    (void)state;
    static const char *const names[] = {"dag2023-neurons", "simulated-worm-neurons"};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *told = worms(cx, TOLD), *nothing = worms(cx, NOTHING),
                 *turned = worms(cx, TURNED);
    for (size_t k = 0; k < 2; k++) {
        bram_benchmark *b = NULL;
        assert_ok(cx, bram_benchmark_read(cx, &b, names[k]));
        bram_benchmark light = *b;
        light.options = lighter(cx, b);
        light.part_count = 0;
        for (size_t m = 0; m < b->model_count; m++)
            for (size_t i = 0; i < b->metric_count; i++) {
                const char *model = b->models[m], *id = b->metrics[i];
                struct score s = score_of(cx, &light, told, "made", model, id);
                struct score t = score_of(cx, &light, turned, "made", model, id);
                /* undefined: profiles of an end of the chain, topology of two classes alike */
                bool none = isnan(s.value) && isnan(t.value);
                bool always = strcmp(model, "paths") == 0 || strcmp(model, "distance") == 0;
                expect(b, model, id, !none || !always, s);
                if (none) continue;
                expect(b, model, "turned", t.value == s.value && t.low == s.low, t);
                if (strcmp(model, "paths") == 0)
                    expect(b, model, "told", s.value > 0.95 && s.low > s.chance, s);
                s = score_of(cx, &light, nothing, "made", model, id);
                expect(b, model, "nothing", s.low <= s.chance && s.chance <= s.high, s);
            }
        bram_options_free(light.options);
        bram_benchmark_free(b);
    }
    bram_dataset_free(told);
    bram_dataset_free(nothing);
    bram_dataset_free(turned);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_tell_what_is_told_and_nothing_else),
        cmocka_unit_test(wiring_tells_activity_where_it_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
