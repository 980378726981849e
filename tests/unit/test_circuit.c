/*
 * Tests of baselines/circuit*.c: synapses read from a connectome by hand, the degrees and counts
 * that each null keeps, spectral radii, refusals.
 */
#include "circuit.h"
#include "linalg.h"
#include "test.h"

enum { NODES = 6, UNITS = 3 };

struct world {
    bram_ctx *cx;
    bram_dataset *ds;
    bram_axis *unit;
    bram_options *o;
};

static const bram_param params[] = {BRAM_CIRCUIT_PARAMS, {.name = NULL}};

static void add_layer(struct world *w, const char *source, const char *name, size_t edges,
                      const char *const *from, const char *const *to, const double *weight,
                      const int64_t *sign, bool gap)
{
    const char *type[16];
    bram_axis *table;
    char group[40];
    for (size_t e = 0; e < edges; e++) type[e] = gap ? "gap" : "chemical";
    snprintf(group, sizeof group, "connectome/%s", source);
    assert_ok(w->cx, bram_axis_new(w->cx, &table, name, edges));
    assert_ok(w->cx, bram_axis_add_text(w->cx, table, "from", from));
    assert_ok(w->cx, bram_axis_add_text(w->cx, table, "to", to));
    assert_ok(w->cx, bram_axis_add_number(w->cx, table, "weight", weight, "1"));
    assert_ok(w->cx, bram_axis_add_text(w->cx, table, "type", type));
    if (sign) assert_ok(w->cx, bram_axis_add_integer(w->cx, table, "sign", sign));
    assert_ok(w->cx, bram_dataset_add_table(w->cx, w->ds, group, table));
}

/*
 * A -> B twice (2 + 3) and A -> C excite; B -> C and B -> A inhibit; C -> D is not known; C -> C is
 * nobody's; D -> E excites, E was not examined. A and B share a gap junction (4), C and D, too (2).
 * Recorded are C, A and one without a name.
 */
static void make(struct world *w)
{
    static const char *const node[NODES] = {"A", "B", "C", "D", "E", "F"};
    static const int64_t examined[NODES] = {1, 1, 1, 1, 0, 1};
    static const char *const from[] = {"A", "A", "A", "B", "B", "C", "C", "D"};
    static const char *const to[] = {"B", "B", "C", "C", "A", "D", "C", "E"};
    static const double weight[] = {2, 3, 1, 4, 2, 7, 9, 1};
    static const int64_t sign[] = {1, 1, 1, -1, -1, 0, 1, 1};
    static const char *const one[] = {"A", "D"}, *const other[] = {"B", "C"};
    static const double between[] = {4, 2};
    *w = (struct world){.cx = bram_ctx_new()};
    bram_axis *nodes;
    assert_ok(w->cx, bram_dataset_new(w->cx, &w->ds));
    assert_ok(w->cx, bram_axis_new(w->cx, &nodes, "nodes", NODES));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, nodes, node));
    assert_ok(w->cx, bram_axis_add_integer(w->cx, nodes, "examined", examined));
    assert_ok(w->cx, bram_dataset_add_table(w->cx, w->ds, "connectome/made", nodes));
    add_layer(w, "made", "chemical", 8, from, to, weight, sign, false);
    add_layer(w, "made", "gap", 2, one, other, between, NULL, true);
    assert_ok(w->cx, bram_axis_new(w->cx, &w->unit, "neuron", UNITS));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, w->unit, (const char *[]){"C", "A", "#3"}));
    assert_ok(w->cx, bram_options_new(w->cx, &w->o, params, ""));
}

static void drop(struct world *w)
{
    bram_options_free(w->o);
    bram_axis_free(w->unit);
    bram_dataset_free(w->ds);
    bram_ctx_free(w->cx);
}

static void read_synapses(struct world *w, bram_synapses *s, uint32_t **neuron, bool recorded)
{
    assert_ok(w->cx, bram_synapses_read(w->cx, s, neuron, w->o, w->unit, recorded, w->ds));
}

static void by_hand(void **state)
{
    (void)state;
    struct world w;
    bram_synapses s;
    uint32_t *neuron;
    make(&w);
    read_synapses(&w, &s, &neuron, false);
    assert_int_equal(s.neurons, 6); /* A B C D F, and #3 */
    assert_int_equal(neuron[0], 2);
    assert_int_equal(neuron[1], 0);
    assert_int_equal(neuron[2], 5);
    static const uint32_t from[] = {0, 0, 1, 1, 2}, to[] = {1, 2, 0, 2, 3};
    static const int8_t sign[] = {1, 1, -1, -1, 0}, dale[] = {1, -1, 0, 0, 0, 0};
    static const double weight[] = {5, 1, 2, 4, 7};
    assert_int_equal(s.edges, 5);
    for (size_t e = 0; e < 5; e++) {
        assert_int_equal(s.from[e], from[e]);
        assert_int_equal(s.to[e], to[e]);
        assert_int_equal(s.sign[e], sign[e]);
        assert_near(s.weight[e], weight[e], 0);
    }
    for (size_t i = 0; i < 6; i++) assert_int_equal(s.dale[i], dale[i]);
    assert_int_equal(s.gaps, 2);
    assert_int_equal(s.one[0], 0);
    assert_int_equal(s.other[0], 1);
    assert_near(s.between[0], 4, 0);
    assert_int_equal(s.one[1], 2);
    assert_int_equal(s.other[1], 3);
    assert_near(s.between[1], 2, 0);
    /* of recorded neurons alone: A -> C remains */
    read_synapses(&w, &s, &neuron, true);
    assert_int_equal(s.neurons, 3);
    assert_int_equal(s.edges, 1);
    assert_int_equal(s.gaps, 0);
    drop(&w);
}

static void degrees(const bram_synapses *s, size_t *out, size_t *in, size_t *joined)
{
    memset(out, 0, s->neurons * sizeof *out);
    memset(in, 0, s->neurons * sizeof *in);
    memset(joined, 0, s->neurons * sizeof *joined);
    for (size_t e = 0; e < s->edges; e++) out[s->from[e]]++, in[s->to[e]]++;
    for (size_t e = 0; e < s->gaps; e++) joined[s->one[e]]++, joined[s->other[e]]++;
}

static void check_pairs(const bram_synapses *s)
{
    for (size_t e = 0; e < s->edges; e++) {
        assert_true(s->from[e] != s->to[e] && s->from[e] < s->neurons && s->to[e] < s->neurons);
        for (size_t f = 0; f < e; f++)
            assert_false(s->from[e] == s->from[f] && s->to[e] == s->to[f]);
    }
    for (size_t e = 0; e < s->gaps; e++) assert_true(s->one[e] != s->other[e]);
}

static void nulls(void **state)
{
    (void)state;
    struct world w;
    make(&w);
    size_t degree[6][6], moved = 0;
    for (uint64_t seed = 0; seed < 20; seed++)
        for (int mask = BRAM_MASK_SHUFFLED; mask <= BRAM_MASK_NONE; mask++) {
            bram_synapses s;
            uint32_t *neuron;
            bram_rng g = bram_rng_at(seed, "test/circuit", (uint64_t)mask);
            read_synapses(&w, &s, &neuron, false);
            degrees(&s, degree[0], degree[1], degree[2]);
            assert_ok(w.cx, bram_synapses_mask(w.cx, &s, (bram_mask)mask, &g));
            degrees(&s, degree[3], degree[4], degree[5]);
            check_pairs(&s);
            bool dense = mask == BRAM_MASK_DENSE, none = mask == BRAM_MASK_NONE;
            assert_int_equal(s.edges, dense ? 30 : none ? 0 : 5);
            assert_int_equal(s.gaps, dense ? 15 : none ? 0 : 2);
            if (mask == BRAM_MASK_SHUFFLED) {
                assert_memory_equal(degree[0], degree[3], 3 * sizeof degree[0]);
                for (size_t e = 0; e < s.edges; e++) /* what a source sends keeps its sign */
                    assert_int_equal(s.sign[e], s.from[e] == 0 ? 1 : s.from[e] == 1 ? -1 : 0);
                moved += s.to[4] != 3;
            } else
                for (size_t e = 0; e < s.edges; e++) {
                    assert_int_equal(s.sign[e], s.dale[s.from[e]]);
                    assert_true(s.weight[e] == 5 || s.weight[e] == 1 || s.weight[e] == 2 ||
                                s.weight[e] == 4 || s.weight[e] == 7);
                }
        }
    assert_true(moved > 2);
    drop(&w);
}

/* [[0, 4], [1, 0]] has the eigenvalues 2 and -2; a chain has none but 0. */
static void spectral_radius(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    uint32_t from[] = {0, 1}, to[] = {1, 0};
    double strength[] = {1, 4}, radius = -1;
    bram_synapses s = {.neurons = 2, .edges = 2, .from = from, .to = to};
    bram_mat w;
    assert_ok(cx, bram_mat_scratch(cx, &w, 2, 2));
    bram_synapses_matrix(&s, strength, &w);
    assert_near(w.data[1], 4, 0);
    assert_near(w.data[2], 1, 0);
    assert_ok(cx, bram_spectral_radius(cx, &radius, &w));
    assert_near(radius, 2, 1e-12);
    s.edges = 1;
    bram_synapses_matrix(&s, strength, &w);
    assert_ok(cx, bram_spectral_radius(cx, &radius, &w));
    assert_near(radius, 0, 1e-12);
    bram_ctx_free(cx);
}

static void refusals(void **state)
{
    (void)state;
    struct world w;
    bram_synapses s;
    uint32_t *neuron;
    make(&w);
#define READ(ds) bram_synapses_read(w.cx, &s, &neuron, w.o, w.unit, false, ds)
    assert_int_equal(READ(NULL), BRAM_ENOTAPPLICABLE);
    assert_ok(w.cx, bram_options_set(w.cx, w.o, "edges", "functional"));
    assert_int_equal(READ(w.ds), BRAM_EABSENT);
    assert_ok(w.cx, bram_options_set(w.cx, w.o, "edges", "chemical"));
    assert_ok(w.cx, bram_options_set(w.cx, w.o, "source", "other"));
    assert_int_equal(READ(w.ds), BRAM_EABSENT);
    assert_ok(w.cx, bram_options_set(w.cx, w.o, "source", "made"));
    assert_ok(w.cx, bram_options_set(w.cx, w.o, "wiring", "absent.h5"));
    assert_true(READ(w.ds) != BRAM_OK);
    assert_ok(w.cx, bram_options_set(w.cx, w.o, "wiring", ""));
    assert_ok(w.cx, bram_axis_set_ids(w.cx, w.unit, (const char *[]){"x", "y", "z"}));
    assert_int_equal(READ(w.ds), BRAM_ENOTAPPLICABLE); /* nobody is in it */
    assert_ok(w.cx, bram_axis_set_ids(w.cx, w.unit, (const char *[]){"A", "y", "z"}));
    assert_ok(w.cx, READ(w.ds));
    assert_int_equal(s.gaps, 0); /* not among the layers */
    bram_axis *nodes;
    assert_ok(w.cx, bram_axis_new(w.cx, &nodes, "nodes", 1));
    assert_ok(w.cx, bram_dataset_add_table(w.cx, w.ds, "connectome/second", nodes));
    assert_ok(w.cx, bram_options_set(w.cx, w.o, "source", ""));
    assert_int_equal(READ(w.ds), BRAM_EUSAGE); /* which one? */
#undef READ
    drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_hand), cmocka_unit_test(nulls),
                                       cmocka_unit_test(spectral_radius),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
