/*
 * shown.c - responses to stimuli as loaders put them into a dataset; see shown.h.
 */
#include "shown.h"

#include "buffer.h"
#include "intake_responses.h"
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_VALUES = 1 << 22 }; /* read at a time: 32 MiB */

/* ---- axes ----------------------------------------------------------------------------------- */

static int add_field(bram_ctx *cx, bram_axis *axis, const bram_field *f)
{
    if (f->text) return bram_axis_add_text(cx, axis, f->name, f->text);
    if (f->number)
        return bram_axis_add_number(cx, axis, f->name, f->number, f->unit ? f->unit : "");
    return f->integer ? bram_axis_add_integer(cx, axis, f->name, f->integer) : BRAM_OK;
}

int bram_shown_axis(bram_ctx *cx, bram_axis **out, const char *name, size_t n,
                    const char *const *ids, const bram_field *fields)
{
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, name, n));
    int status = ids ? bram_axis_set_ids(cx, axis, ids) : BRAM_OK;
    for (; status == BRAM_OK && fields && fields->name; fields++)
        status = add_field(cx, axis, fields);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

const char **bram_shown_numbers(bram_ctx *cx, size_t n, const char *prefix, int digits,
                                const int64_t *number)
{
    size_t room = strlen(prefix) + 24 + (size_t)digits;
    const char **id = bram_scratch(cx, n, sizeof *id);
    char *text = id ? bram_scratch(cx, n, room) : NULL;
    if (!text) return NULL;
    for (size_t i = 0; i < n; i++) {
        snprintf(text + i * room, room, "%s%0*lld", prefix, digits, (long long)number[i]);
        id[i] = text + i * room;
    }
    return id;
}

const char **bram_shown_ids(bram_ctx *cx, size_t n, const char *prefix, int digits, size_t first)
{
    int64_t *number = bram_scratch(cx, n, sizeof *number);
    for (size_t i = 0; number && i < n; i++) number[i] = (int64_t)(first + i);
    return number ? bram_shown_numbers(cx, n, prefix, digits, number) : NULL;
}

/* ---- presentations -------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

size_t bram_shown_distinct(int64_t *distinct, size_t *index, const int64_t *number, size_t n)
{
    size_t kept = 0;
    memcpy(distinct, number, n * sizeof *number);
    if (n) qsort(distinct, n, sizeof *distinct, by_number);
    for (size_t i = 0; i < n; i++)
        if (!kept || distinct[kept - 1] != distinct[i]) distinct[kept++] = distinct[i];
    for (size_t i = 0; i < n; i++) {
        const int64_t *at = bsearch(&number[i], distinct, kept, sizeof *distinct, by_number);
        index[i] = (size_t)(at - distinct);
    }
    return kept;
}

size_t bram_shown_repeats(bram_ctx *cx, size_t *repeat, const size_t *stimulus, size_t trials,
                          size_t stimuli)
{
    size_t most = 1, mark = bram_scratch_mark(cx);
    size_t *shown = bram_scratch(cx, stimuli, sizeof *shown);
    if (!shown) return 0;
    for (size_t t = 0; t < trials; t++) {
        repeat[t] = shown[stimulus[t]]++;
        if (repeat[t] + 1 > most) most = repeat[t] + 1;
    }
    bram_scratch_release(cx, mark);
    return most;
}

/* ---- units ---------------------------------------------------------------------------------- */

static bool passes(const bram_unit_rule *r, size_t unit)
{
    return r->above ? r->value[unit] > r->limit : r->value[unit] < r->limit;
}

static int apply(bram_ctx *cx, size_t *kept, size_t *count, bram_buffer *words,
                 const bram_unit_rule *r)
{
    char number[BRAM_NUMBER_BYTES];
    size_t left = 0;
    bram_number_format(number, r->limit);
    if (!r->value)
        return bram_fail(cx, BRAM_EFORMAT, "found no %s of the units, which the option %s=%s needs",
                         r->what, r->what, number);
    for (size_t k = 0; k < *count; k++)
        if (passes(r, kept[k])) kept[left++] = kept[k];
    if (*count && !left)
        return bram_fail(cx, BRAM_EFORMAT, "none of %zu units has %s %c %s", *count, r->what,
                         r->above ? '>' : '<', number);
    *count = left;
    bram_buffer_putf(words, "%s%s %c %s", bram_buffer_text(words)[0] ? ", " : "", r->what,
                     r->above ? '>' : '<', number);
    return bram_buffer_status(cx, words);
}

int bram_shown_filter(bram_ctx *cx, size_t *kept, size_t *count, char **words,
                      const bram_unit_rule *rules)
{
    bram_buffer text = {0};
    int status = BRAM_OK;
    for (const bram_unit_rule *r = rules; status == BRAM_OK && r->what; r++)
        if (!isnan(r->limit)) status = apply(cx, kept, count, &text, r);
    const char *said = bram_buffer_text(&text);
    char *copy = status == BRAM_OK ? bram_strdup(cx, said[0] ? said : "none") : NULL;
    if (status == BRAM_OK && !copy) status = BRAM_ENOMEM;
    if (status == BRAM_OK) *words = copy;
    bram_buffer_release(&text);
    return status;
}

/* ---- putting -------------------------------------------------------------------------------- */

int bram_shown_say(bram_ctx *cx, bram_attrs *attrs, const char *const *pairs)
{
    for (; pairs[0]; pairs += 2)
        if (pairs[1] && pairs[1][0]) BRAM_TRY(bram_attrs_set_text(cx, attrs, pairs[0], pairs[1]));
    return BRAM_OK;
}

/* Both measures of units from .. from + n - 1, whose values are stimulus x unit x repeat. */
static int measure_units(bram_ctx *cx, const bram_fill *f, size_t from, size_t n,
                         double *reliability, double *ncsnr)
{
    size_t stimuli = bram_axis_length(bram_fill_axis(f, 0)),
           repeats = bram_axis_length(bram_fill_axis(f, 2)), mark = bram_scratch_mark(cx);
    double *values = bram_scratch(cx, stimuli * n * repeats, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    int status = bram_fill_read(cx, f, (size_t[]){0, from, 0}, (size_t[]){stimuli, n, repeats},
                                values);
    for (size_t u = 0; status == BRAM_OK && u < n; u++) {
        reliability[from + u] = bram_intake_reliability(values + u * repeats, stimuli, n * repeats,
                                                        repeats);
        ncsnr[from + u] = bram_intake_ncsnr(values + u * repeats, stimuli, n * repeats, repeats);
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* The units with the columns added. */
static int measured_axis(bram_ctx *cx, bram_axis **out, const bram_axis *unit,
                         const double *reliability, const double *ncsnr)
{
    size_t n = bram_axis_length(unit), *all = bram_scratch(cx, n, sizeof *all);
    bram_axis *axis = NULL;
    if (!all) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) all[i] = i;
    BRAM_TRY(bram_axis_take(cx, &axis, unit, all, n));
    int status = BRAM_OK;
    if (!bram_axis_column(axis, "reliability"))
        status = bram_axis_add_number(cx, axis, "reliability", reliability, "");
    if (status == BRAM_OK && !bram_axis_column(axis, "ncsnr"))
        status = bram_axis_add_number(cx, axis, "ncsnr", ncsnr, "");
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* In blocks of units, a few million values at a time. */
static int add_reliability(bram_ctx *cx, bram_fill *f)
{
    size_t n = bram_axis_length(bram_fill_axis(f, 1)), mark = bram_scratch_mark(cx),
           each = bram_axis_length(bram_fill_axis(f, 0)) * bram_axis_length(bram_fill_axis(f, 2)),
           block = each && each < BLOCK_VALUES ? BLOCK_VALUES / each : 1;
    double *reliability = bram_scratch(cx, n, sizeof *reliability),
           *ncsnr = bram_scratch(cx, n, sizeof *ncsnr);
    bram_axis *axis = NULL;
    int status = reliability && ncsnr ? BRAM_OK : BRAM_ENOMEM;
    for (size_t from = 0; status == BRAM_OK && from < n; from += block)
        status = measure_units(cx, f, from, n - from < block ? n - from : block, reliability,
                               ncsnr);
    if (status == BRAM_OK)
        status = measured_axis(cx, &axis, bram_fill_axis(f, 1), reliability, ncsnr);
    if (status == BRAM_OK) bram_fill_set_axis(f, 1, axis);
    bram_axis_free(axis);
    bram_scratch_release(cx, mark);
    return status;
}

static int set_window(bram_ctx *cx, bram_attrs *attrs, const double window[2])
{
    static const char *const name[2] = {"window_from", "window_to"};
    for (size_t k = 0; window && k < 2; k++)
        if (isfinite(window[k])) BRAM_TRY(bram_attrs_set_number(cx, attrs, name[k], window[k]));
    return BRAM_OK;
}

int bram_shown_put(bram_ctx *cx, bram_dataset *ds, bram_fill *f, const double window[2],
                   const char *const *pairs)
{
    bram_response *r = NULL;
    bool repeated = bram_fill_dims(f) == 3 && bram_axis_length(bram_fill_axis(f, 2)) > 1 &&
                    strcmp(bram_axis_name(bram_fill_axis(f, 2)), "repeat") == 0;
    int status = repeated ? add_reliability(cx, f) : BRAM_OK;
    if (status != BRAM_OK) {
        bram_fill_free(f);
        return status;
    }
    BRAM_TRY(bram_fill_end(cx, f, BRAM_F32, &r));
    status = bram_shown_say(cx, bram_response_attrs(r), pairs);
    if (status == BRAM_OK) status = set_window(cx, bram_response_attrs(r), window);
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, "responses", r);
    bram_response_free(r);
    return status;
}

int bram_shown_put_pictures(bram_ctx *cx, bram_dataset *ds, bram_fill *f, bram_type type)
{
    bram_response *r = NULL;
    BRAM_TRY(bram_fill_end(cx, f, type, &r));
    return bram_dataset_add(cx, ds, "stimuli/images", r);
}
