/* Tests of loaders/labels.c: single labels, and the labels of a recording together. */
#include "labels.h"
#include "test.h"

static bram_label parse(const char *raw)
{
    return bram_label_parse(raw, NAN, 2.5);
}

/* The candidates as text: "OLQDL OLQVL". */
static const char *candidates(const bram_label *label)
{
    static char text[256];
    text[0] = 0;
    for (size_t i = 0; i < label->candidates; i++) {
        if (i) strcat(text, " ");
        strcat(text, bram_neuron_at((size_t)label->candidate[i])->name);
    }
    return text;
}

static void expect(const char *raw, bram_certainty certainty, const char *what)
{
    bram_label l = parse(raw);
    const char *found = l.neuron >= 0 ? bram_neuron_at((size_t)l.neuron)->name : candidates(&l);
    if (l.certainty != certainty || strcmp(found, what) != 0)
        fail_msg("'%s' is %s \"%s\", expected %s \"%s\"", raw, bram_certainty_name(l.certainty),
                 found, bram_certainty_name(certainty), what);
    assert_int_equal(l.reason[0] == 0, certainty == BRAM_LABEL_EXACT);
}

static void exact_names(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"AVAL", "AVAL"},
        {"VB02", "VB2"},
        {"VB2", "VB2"},
        {"AS01", "AS1"},
        {"VD10", "VD10"},
        {"VA012", "VA12"},
        {"I1L", "I1L"},
        {"M1", "M1"},
        {" avfl ", "AVFL"},
        {"\"RMDDL\"", "RMDDL"},
        {"'SABD'", "SABD"},
        {"ALA", "ALA"},
        {"\xEF\xBB\xBF"
         "ADAL",
         "ADAL"},
        {"AWCL\r\n", "AWCL"},
        {"\tDVA\xC2\xA0", "DVA"},
        {"RMEV", "RMEV"},
        {"MCL", "MCL"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        expect(pairs[i][0], BRAM_LABEL_EXACT, pairs[i][1]);
    for (size_t i = 0; i < BRAM_NEURONS; i++)
        expect(bram_neuron_at(i)->name, BRAM_LABEL_EXACT, bram_neuron_at(i)->name);
    assert_string_equal(parse("VB02").class_name, "VB");
    assert_string_equal(parse("OLQVR").class_name, "OLQ");
}

static void names_that_leave_candidates(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        bram_certainty certainty;
        const char *what;
    } rows[] = {
        {"OLQ?L", BRAM_LABEL_SIDE_AMBIGUOUS, "OLQDL OLQVL"},
        {"RMD?L", BRAM_LABEL_SIDE_AMBIGUOUS, "RMDDL RMDVL"},
        {"SMD?R", BRAM_LABEL_SIDE_AMBIGUOUS, "SMDDR SMDVR"},
        {"SAAD?", BRAM_LABEL_SIDE_AMBIGUOUS, "SAADL SAADR"},
        {"CEPV?", BRAM_LABEL_SIDE_AMBIGUOUS, "CEPVL CEPVR"},
        {"AIY?", BRAM_LABEL_SIDE_AMBIGUOUS, "AIYL AIYR"},
        {"AVA?", BRAM_LABEL_SIDE_AMBIGUOUS, "AVAL AVAR"},
        {"SMB??", BRAM_LABEL_CLASS_ONLY, "SMBDL SMBDR SMBVL SMBVR"},
        {"RMD??", BRAM_LABEL_SIDE_AMBIGUOUS, "RMDDL RMDDR RMDVL RMDVR"},
        {"RMD?", BRAM_LABEL_CLASS_ONLY, "RMDDL RMDDR RMDL RMDR RMDVL RMDVR"},
        {"SAB?", BRAM_LABEL_CLASS_ONLY, "SABD SABVL SABVR"},
        {"AVA", BRAM_LABEL_CLASS_ONLY, "AVAL AVAR"},
        {"MC", BRAM_LABEL_CLASS_ONLY, "MCL MCR"},
        {"OLQL", BRAM_LABEL_SIDE_AMBIGUOUS, "OLQDL OLQVL"},
        {"SMDV", BRAM_LABEL_SIDE_AMBIGUOUS, "SMDVL SMDVR"},
        {"AWCON", BRAM_LABEL_CLASS_ONLY, "AWCL AWCR"},
        {"AWC^OFF", BRAM_LABEL_CLASS_ONLY, "AWCL AWCR"},
        {"AWC(on)", BRAM_LABEL_CLASS_ONLY, "AWCL AWCR"},
        {"DB?", BRAM_LABEL_CLASS_ONLY, "DB1 DB2 DB3 DB4 DB5 DB6 DB7"},
        {"VB1?", BRAM_LABEL_SIDE_AMBIGUOUS, "VB10 VB11"},
        {"VA?2", BRAM_LABEL_SIDE_AMBIGUOUS, "VA12"},
        {"M2?", BRAM_LABEL_SIDE_AMBIGUOUS, "M2L M2R"},
        {"?LA", BRAM_LABEL_SIDE_AMBIGUOUS, "ALA"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(rows[i].raw, rows[i].certainty, rows[i].what);
    assert_string_equal(parse("OLQ?L").class_name, "OLQ");
    bram_label unclear = parse("AV?"); /* AVG, AVL, AVM: the class itself is open */
    assert_int_equal(unclear.certainty, BRAM_LABEL_UNLABELED);
    assert_int_equal(unclear.candidates, 3);
    assert_string_equal(unclear.class_name, "");
    assert_int_equal(parse("VD?").candidates, 13);
    assert_int_equal(parse("?????").candidates, 0);
    assert_int_equal(parse("A???").candidates, 0); /* too many to mean anything */
}

static void doubtful_names(void **state)
{
    (void)state;
    expect("NSML-alt", BRAM_LABEL_LOW_CONFIDENCE, "NSML");
    expect("IL1VR-alt1", BRAM_LABEL_LOW_CONFIDENCE, "IL1VR");
    expect("AVAL---", BRAM_LABEL_LOW_CONFIDENCE, "AVAL");
    expect("VB02/2", BRAM_LABEL_LOW_CONFIDENCE, "VB2");
    expect("AVAL?", BRAM_LABEL_LOW_CONFIDENCE, "AVAL");
    expect("ALA?", BRAM_LABEL_LOW_CONFIDENCE, "ALA");
    expect("DB1?", BRAM_LABEL_LOW_CONFIDENCE, "DB1");
    expect("RMDD?-alt", BRAM_LABEL_LOW_CONFIDENCE, "RMDDL RMDDR");
    assert_int_equal(bram_label_parse("AVAL", 2.4, 2.5).certainty, BRAM_LABEL_LOW_CONFIDENCE);
    assert_int_equal(bram_label_parse("AVAL", 2.5, 2.5).certainty, BRAM_LABEL_EXACT);
    assert_int_equal(bram_label_parse("AVA?", 1, 2.5).certainty, BRAM_LABEL_LOW_CONFIDENCE);
    assert_int_equal(bram_label_parse("", 1, 2.5).certainty, BRAM_LABEL_UNLABELED);
    assert_int_equal(bram_label_parse("GLRL", 1, 2.5).certainty, BRAM_LABEL_NOT_NEURON);
}

static void no_neuron(void **state)
{
    (void)state;
    static const char *const nothing[] = {
        "",          "  ",
        "---",       "?",
        "12",        "7.0",
        "merge",     "\"\"",
        "unknown",   "nonsense",
        "AVALL",     "CEMDL",
        "VB99",      "VB0",
        "VA13",      "AVAX",
        "SMDLV",     "AVA L",
        "AWCONOFF",  "\xC3\x84VAL",
        "V",         "B02",
        "ADAL-ADAR", "a label that no laboratory would ever write beside a trace, and far too long",
    };
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        expect(nothing[i], BRAM_LABEL_UNLABELED, "");
    assert_int_equal(parse(NULL).certainty, BRAM_LABEL_UNLABELED);
    static const char *const cells[] = {"GLRDL", "CEPshVL", "AMsoL", "BWM-DL01", "pm3vl", "CANL"};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        expect(cells[i], BRAM_LABEL_NOT_NEURON, "");
}

/* Whatever the bytes, the parser ends within its buffers (run under the sanitizers). */
static void any_bytes_are_survived(void **state)
{
    (void)state;
    static const char alphabet[] = "AVBDL?R01/-\"\xEF\xBB\xBF^MISC ";
    uint32_t seed = 1;
    size_t named = 0;
    for (int round = 0; round < 20000; round++) {
        char text[48] = {0};
        size_t length = (seed >> 8) % 46;
        for (size_t i = 0; i < length; i++) {
            seed = seed * 1664525u + 1013904223u;
            text[i] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
        }
        bram_label l = parse(text);
        assert_true(l.candidates <= BRAM_LABEL_CANDIDATES);
        assert_true(l.neuron >= -1 && l.neuron < BRAM_NEURONS);
        assert_true(l.neuron < 0 || l.candidates == 0);
        named += l.certainty != BRAM_LABEL_UNLABELED;
        seed = seed * 1664525u + 1013904223u;
    }
    assert_true(named > 0);
}

static size_t parse_all(bram_label *labels, const char *const *raw, size_t n)
{
    for (size_t i = 0; i < n; i++) labels[i] = parse(raw[i]);
    return n;
}

/* Finding 4 of the published pipeline: after AVA? took AVAL, the exact AVAL became ADAL. */
static void an_exact_label_is_never_displaced(void **state)
{
    (void)state;
    bram_label l[4];
    bram_label_counts c;
    size_t n = parse_all(l, (const char *const[]){"AVA?", "AVAL", "merge", "12"}, 4);
    bram_labels_resolve(l, n, NULL, &c);
    assert_int_equal(l[0].certainty, BRAM_LABEL_SIDE_AMBIGUOUS);
    assert_int_equal(l[0].neuron, -1);
    assert_int_equal(l[1].certainty, BRAM_LABEL_EXACT);
    assert_int_equal(l[1].neuron, bram_neuron_find("AVAL"));
    assert_int_equal(c.labeled, 2);
    assert_int_equal(c.exact, 1);
    assert_int_equal(c.distinct, 1);
    assert_int_equal(c.slots, 1);
}

/* The label of a trace with further names, and what is made of it. */
static void weigh(const char *raw, const char *further, bram_certainty certainty, const char *all)
{
    bram_label l = parse(raw);
    bram_label_weigh(&l, further);
    if (l.certainty != certainty || strcmp(candidates(&l), all) != 0)
        fail_msg("'%s' beside '%s' is %s \"%s\", expected %s \"%s\"", raw, further,
                 bram_certainty_name(l.certainty), candidates(&l), bram_certainty_name(certainty),
                 all);
}

static void a_second_name_is_doubt(void **state)
{
    (void)state;
    weigh("AVAL", "", BRAM_LABEL_EXACT, "");
    weigh("VB02", "VB2", BRAM_LABEL_EXACT, "");             /* the same neuron */
    weigh("AVAL", "AVA | AVA?", BRAM_LABEL_EXACT, "");      /* its class */
    weigh("AVAL", "17 | --- | what", BRAM_LABEL_EXACT, ""); /* says nothing */
    weigh("VB02", "DB01 | VB01", BRAM_LABEL_LOW_CONFIDENCE, "VB2 DB1 VB1");
    weigh("VB02", "VB02 | DB01 | DB1", BRAM_LABEL_LOW_CONFIDENCE, "VB2 DB1");
    weigh("AVAL", "AVE", BRAM_LABEL_LOW_CONFIDENCE, "AVAL"); /* another class */
    weigh("AVAL", "GLRL", BRAM_LABEL_LOW_CONFIDENCE, "AVAL");
    weigh("AVA", "AVAL", BRAM_LABEL_LOW_CONFIDENCE, "AVAL AVAR"); /* says more than the label */
    weigh("", "AVAL", BRAM_LABEL_UNLABELED, "");
    weigh("GLRL", "AVAL", BRAM_LABEL_NOT_NEURON, "");
    weigh("AVAL", "a text that is longer than any name of a neuron | AVAR",
          BRAM_LABEL_LOW_CONFIDENCE, "AVAL AVAR");
    bram_label l[2] = {parse("VB02"), parse("AVAL")};
    bram_label_weigh(&l[0], "DB01");
    bram_labels_resolve(l, 2, &(bram_label_rules){.low_confidence = true}, NULL);
    assert_true(bram_label_is_certain(&l[0]));
    assert_int_equal(l[0].candidates, 0);
}

static void duplicates_are_kept_and_marked(void **state)
{
    (void)state;
    bram_label l[5];
    bram_label_counts c;
    size_t n = parse_all(l, (const char *const[]){"VB01", "AVAL", "VB1", "AVAR-alt", "AVAR"}, 5);
    bram_labels_resolve(l, n, NULL, &c);
    assert_int_equal(l[0].certainty, BRAM_LABEL_DUPLICATE);
    assert_int_equal(l[2].certainty, BRAM_LABEL_DUPLICATE);
    assert_int_equal(l[0].neuron, l[2].neuron);
    assert_int_equal(l[3].certainty, BRAM_LABEL_LOW_CONFIDENCE); /* a doubtful one takes nothing */
    assert_true(bram_label_is_certain(&l[4]));
    assert_false(bram_label_is_certain(&l[0]));
    assert_int_equal(c.exact, 4);
    assert_int_equal(c.distinct, 3);
    assert_int_equal(c.slots, 2);

    n = parse_all(l, (const char *const[]){"VB01", "AVAL", "VB1", "AVAR-alt", "AVAR"}, 5);
    bram_labels_resolve(l, n, &(bram_label_rules){.low_confidence = true}, &c);
    assert_int_equal(l[3].certainty, BRAM_LABEL_DUPLICATE);
    assert_int_equal(l[4].certainty, BRAM_LABEL_DUPLICATE);
    assert_int_equal(c.slots, 1);
}

static void the_last_candidate_is_given_on_request(void **state)
{
    (void)state;
    const bram_label_rules rules = {.single_candidate = true};
    bram_label l[6];
    /* OLQVL is taken, so OLQ?L is OLQDL; then OLQD? can only be OLQDR */
    size_t n = parse_all(
        l, (const char *const[]){"OLQD?", "OLQ?L", "OLQVL", "AVA?", "AIY?", "AIYL"}, 6);
    bram_labels_resolve(l, n, &rules, NULL);
    assert_int_equal(l[1].neuron, bram_neuron_find("OLQDL"));
    assert_true(l[1].resolved && bram_label_is_certain(&l[1]));
    assert_int_equal(l[0].neuron, bram_neuron_find("OLQDR"));
    assert_int_equal(l[3].certainty, BRAM_LABEL_SIDE_AMBIGUOUS); /* two are left */
    assert_int_equal(l[4].neuron, bram_neuron_find("AIYR"));

    /* two traces for one neuron: neither gets it; a doubtful claim blocks it as well */
    n = parse_all(l, (const char *const[]){"AVA?", "AVA", "AVAL", "AIY?", "AIYL", "AIYR-alt"}, 6);
    bram_labels_resolve(l, n, &rules, NULL);
    assert_int_equal(l[0].neuron, -1);
    assert_int_equal(l[1].neuron, -1);
    assert_int_equal(l[3].neuron, -1);

    /* not asked for, not done */
    n = parse_all(l, (const char *const[]){"AIY?", "AIYL"}, 2);
    bram_labels_resolve(l, n, NULL, NULL);
    assert_int_equal(l[0].neuron, -1);
}

static void duplicates_average_over_what_is_present(void **state)
{
    (void)state;
    bram_label l[3];
    size_t n = parse_all(l, (const char *const[]){"AVAL", "RIS", "AVAL"}, 3);
    bram_labels_resolve(l, n, NULL, NULL);
    double v[] = {1, 5, 3, 2, 6, 9, 0, 7, 0};
    unsigned char m[] = {1, 1, 1, 1, 1, 0, 0, 1, 0};
    bram_labels_average(l, n, v, m, 3);
    assert_near(v[0], 2, 0);
    assert_near(v[3], 2, 0); /* the second trace is missing there */
    assert_int_equal(m[6], 0);
    assert_near(v[2], 3, 0);
    assert_near(v[4], 6, 0);
    assert_int_equal(l[0].certainty, BRAM_LABEL_EXACT);
    assert_int_equal(l[2].certainty, BRAM_LABEL_DUPLICATE);

    n = parse_all(l, (const char *const[]){"AVAL", "AVAL", "AVAL"}, 3);
    bram_labels_resolve(l, n, NULL, NULL);
    double w[] = {1, 2, 6};
    bram_labels_average(l, n, w, NULL, 1);
    assert_near(w[0], 3, 0);
    bram_labels_resolve(l, 0, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_names),
        cmocka_unit_test(names_that_leave_candidates),
        cmocka_unit_test(doubtful_names),
        cmocka_unit_test(no_neuron),
        cmocka_unit_test(any_bytes_are_survived),
        cmocka_unit_test(an_exact_label_is_never_displaced),
        cmocka_unit_test(a_second_name_is_doubt),
        cmocka_unit_test(duplicates_are_kept_and_marked),
        cmocka_unit_test(the_last_candidate_is_given_on_request),
        cmocka_unit_test(duplicates_average_over_what_is_present),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
