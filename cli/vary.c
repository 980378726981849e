/*
 * vary.c - variations of benchmarks on the command line; see vary.h.
 */
#include "vary.h"

#include "data.h"
#include "identifiability.h"
#include "learning_curve.h"
#include "multiverse.h"
#include "output.h"
#include "recover.h"
#include "terminal.h"
#include "thin.h"
#include "universe.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_AMOUNTS = 16, MOST_BASES = 256 };

static const char *const options[] = {"learning-curve", "multiverse", "identifiability"};

bool bram_cli_varies(const bram_cli_args *args)
{
    for (size_t i = 0; i < 3; i++)
        if (bram_cli_has(args, options[i])) return true;
    return false;
}

/* ---- making them ---------------------------------------------------------------------------- */

/* "minutes" or "minutes=1+2+4". */
struct curve {
    char axis[16];
    double amount[MOST_AMOUNTS];
    size_t amounts;
};

static int read_curve(bram_ctx *cx, struct curve *out, const char *text)
{
    size_t length = strcspn(text, "=");
    *out = (struct curve){.amounts = 0};
    if (length < sizeof out->axis) memcpy(out->axis, text, length);
    for (const char *at = text + length; *at;) {
        char *end;
        double amount = strtod(at + 1, &end);
        if (end == at + 1 || (*end && *end != '+') || out->amounts == MOST_AMOUNTS)
            return bram_fail(
                cx, BRAM_EUSAGE,
                "--learning-curve is '%s', expected AXIS or AXIS=A+B+C with at most %d "
                "numbers",
                text, MOST_AMOUNTS);
        out->amount[out->amounts++] = amount;
        at = end;
    }
    return BRAM_OK;
}

static int add_curve(bram_ctx *cx, bram_variations *list, const bram_cli_args *args,
                     const bram_benchmark *b, const bram_run_settings *s, size_t draws)
{
    struct curve curve;
    bram_dataset *ds = NULL;
    BRAM_TRY(read_curve(cx, &curve, bram_cli_text(args, "learning-curve", "")));
    BRAM_TRY(bram_data_open(cx, &ds, b->dataset, s->data));
    const bram_curve_settings settings = {curve.axis, curve.amount, curve.amounts, draws};
    int status = bram_curve_add(cx, list, b, ds, &settings);
    bram_dataset_free(ds);
    return status;
}

static int add(bram_ctx *cx, bram_variations *list, const bram_cli_args *args,
               const bram_benchmark *b, const bram_run_settings *s)
{
    int64_t draws;
    BRAM_TRY(bram_cli_integer(cx, args, "draws", 1, 1000, 0, &draws));
    if (bram_cli_has(args, "learning-curve")) return add_curve(cx, list, args, b, s, (size_t)draws);
    if (bram_cli_has(args, "multiverse")) return bram_universe_add(cx, list, b);
    return bram_recover_add(cx, list, b, s->models, s->model_count, draws ? (size_t)draws : 5);
}

static void replace(bram_suite *suite, bram_variations *list)
{
    for (size_t i = 0; i < suite->benchmarks; i++) bram_benchmark_free(suite->benchmark[i]);
    bram_free(suite->benchmark);
    suite->benchmark = list->benchmark;
    suite->benchmarks = list->count;
}

int bram_cli_vary(bram_ctx *cx, const bram_cli_args *args, bram_suite *suite,
                  const bram_run_settings *settings)
{
    bram_variations list = {0};
    size_t given = 0;
    for (size_t i = 0; i < 3; i++) given += bram_cli_has(args, options[i]);
    if (given > 1)
        return bram_fail(cx, BRAM_EUSAGE,
                         "--learning-curve, --multiverse and --identifiability go one at a time");
    int status = BRAM_OK;
    for (size_t i = 0; i < suite->benchmarks && status == BRAM_OK; i++) {
        size_t before = list.count;
        status = add(cx, &list, args, suite->benchmark[i], settings);
        if (status != BRAM_ENOTAPPLICABLE || list.count != before) continue;
        if (suite->benchmarks == 1) break;
        bram_note(cx, "left out: %s", bram_ctx_message(cx));
        status = BRAM_OK;
    }
    if (status == BRAM_ENOTAPPLICABLE)
        status = bram_fail(cx, BRAM_EUSAGE, "%s", bram_ctx_message(cx));
    if (status == BRAM_OK && !list.count)
        status = bram_fail(cx, BRAM_EUSAGE, "no benchmark of %s can be varied so", suite->name);
    if (status == BRAM_OK) replace(suite, &list);
    else bram_variations_release(&list);
    return status;
}

/* ---- showing them --------------------------------------------------------------------------- */

/* The tables of one benchmark: two are read by people, `more` by machines only. */
struct shown {
    bram_table *table[3];
    const char *key[3];
};

static int make_curve(bram_ctx *cx, struct shown *out, const bram_cli_args *args,
                      const bram_results *r, const char *base)
{
    bram_learning_curve *c = NULL;
    struct curve asked;
    BRAM_TRY(read_curve(cx, &asked, bram_cli_text(args, "learning-curve", "")));
    BRAM_TRY(
        bram_learning_curve_new(cx, &c, r, base, asked.axis, bram_cli_text(args, "score", NULL)));
    int status = bram_learning_curve_table(cx, &out->table[0], c);
    if (status == BRAM_OK) status = bram_learning_curve_laws(cx, &out->table[1], c);
    out->key[0] = "points", out->key[1] = "laws";
    bram_learning_curve_free(c);
    return status;
}

static int make_multiverse(bram_ctx *cx, struct shown *out, const bram_results *r, const char *base)
{
    bram_multiverse *m = NULL;
    BRAM_TRY(bram_multiverse_new(cx, &m, r, base));
    int status = bram_multiverse_table(cx, &out->table[0], m);
    if (status == BRAM_OK) status = bram_multiverse_flips(cx, &out->table[1], m);
    if (status == BRAM_OK) status = bram_multiverse_values(cx, &out->table[2], m);
    out->key[0] = "models", out->key[1] = "flips", out->key[2] = "universes";
    bram_multiverse_free(m);
    return status;
}

static int make_recovery(bram_ctx *cx, struct shown *out, const bram_results *r, const char *base)
{
    bram_identifiability *d = NULL;
    BRAM_TRY(bram_identifiability_new(cx, &d, r, base));
    int status = bram_identifiability_table(cx, &out->table[0], d);
    out->key[0] = "models";
    bram_identifiability_free(d);
    return status;
}

static const char *kind_of(const bram_cli_args *args)
{
    for (size_t i = 0; i < 3; i++)
        if (bram_cli_has(args, options[i])) return options[i];
    return "";
}

static int make(bram_ctx *cx, struct shown *out, const bram_cli_args *args, const bram_results *r,
                const char *base)
{
    *out = (struct shown){{NULL}, {NULL}};
    if (bram_cli_has(args, "learning-curve")) return make_curve(cx, out, args, r, base);
    if (bram_cli_has(args, "multiverse")) return make_multiverse(cx, out, r, base);
    return make_recovery(cx, out, r, base);
}

/* Adds a benchmark to a JSON document, or prints its tables one below the other. Values of single
 * universes are for machines. */
static int show(bram_ctx *cx, const bram_cli_args *args, const struct shown *s, const char *base,
                bram_json_out *o)
{
    bool text = bram_cli_format(args, BRAM_TABLE_TEXT) == BRAM_TABLE_TEXT;
    if (o) {
        bram_json_out_object(o, NULL);
        bram_json_out_text(o, "benchmark", base);
    }
    for (size_t i = 0; i < 3 && s->table[i]; i++) {
        if (o) bram_table_put_json(o, s->key[i], s->table[i]);
        if (o || (text && i == 2)) continue;
        if (i) BRAM_TRY(bram_cli_print(cx, "\n", 1));
        BRAM_TRY(bram_cli_print_table(cx, args, s->table[i]));
    }
    if (o) bram_json_out_end(o);
    return BRAM_OK;
}

static int print_all(bram_ctx *cx, const bram_cli_args *args, const bram_results *r,
                     const char *const *base, size_t count, bram_json_out *o)
{
    for (size_t i = 0; i < count; i++) {
        struct shown s;
        int status = make(cx, &s, args, r, base[i]);
        if (status == BRAM_EABSENT && count > 1) continue; /* it has a curve along another axis */
        if (status == BRAM_OK && i && !o) status = bram_cli_print(cx, "\n", 1);
        if (status == BRAM_OK) status = show(cx, args, &s, base[i], o);
        for (size_t k = 0; k < 3; k++) bram_table_free(s.table[k]);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

int bram_cli_print_variations(bram_ctx *cx, const bram_cli_args *args, const bram_results *r,
                              const char *only)
{
    const char *kind = kind_of(args), *base[MOST_BASES];
    size_t count = bram_variation_bases(r, kind, base, MOST_BASES);
    if (only) base[0] = only, count = 1;
    if (!count)
        return bram_fail(cx, BRAM_EABSENT,
                         "the results hold no cells of bramble run ... --%s: run that first", kind);
    if (bram_cli_format(args, BRAM_TABLE_TEXT) != BRAM_TABLE_JSON)
        return print_all(cx, args, r, base, count, NULL);
    bram_json_out *o = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    bram_json_out_array(o, kind);
    int status = print_all(cx, args, r, base, count, o);
    bram_json_out_end(o);
    bram_json_out_end(o);
    if (status == BRAM_OK) return bram_cli_print_json(cx, o);
    bram_json_out_free(o);
    return status;
}
