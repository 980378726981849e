/*
 * presented.c - responses to stimuli as loaders put them into a dataset; see presented.h.
 */
#include "presented.h"

#include "buffer.h"
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- axes ----------------------------------------------------------------------------------- */

static int add_field(bram_ctx *cx, bram_axis *axis, const bram_field *f)
{
    if (f->text) return bram_axis_add_text(cx, axis, f->name, f->text);
    if (f->number)
        return bram_axis_add_number(cx, axis, f->name, f->number, f->unit ? f->unit : "");
    return f->integer ? bram_axis_add_integer(cx, axis, f->name, f->integer) : BRAM_OK;
}

int bram_presented_axis(bram_ctx *cx, bram_axis **out, const char *name, size_t n,
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

const char **bram_presented_numbers(bram_ctx *cx, size_t n, const char *prefix, int digits,
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

const char **bram_presented_ids(bram_ctx *cx, size_t n, const char *prefix, int digits,
                                size_t first)
{
    int64_t *number = bram_scratch(cx, n, sizeof *number);
    for (size_t i = 0; number && i < n; i++) number[i] = (int64_t)(first + i);
    return number ? bram_presented_numbers(cx, n, prefix, digits, number) : NULL;
}

/* ---- presentations -------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

size_t bram_presented_distinct(int64_t *distinct, size_t *index, const int64_t *number, size_t n)
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

size_t bram_presented_repeats(bram_ctx *cx, size_t *repeat, const size_t *stimulus, size_t trials,
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
        return bram_fail(cx, BRAM_EFORMAT,
                         "found no %s of the units, which the option %s=%s needs", r->what, r->what,
                         number);
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

int bram_presented_filter(bram_ctx *cx, size_t *kept, size_t *count, char **words,
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

int bram_presented_say(bram_ctx *cx, bram_attrs *attrs, const char *const *pairs)
{
    for (; pairs[0]; pairs += 2)
        if (pairs[1] && pairs[1][0]) BRAM_TRY(bram_attrs_set_text(cx, attrs, pairs[0], pairs[1]));
    return BRAM_OK;
}

static int put(bram_ctx *cx, bram_dataset *ds, const char *group, bram_fill *f,
               const char *const *pairs)
{
    bram_response *r = NULL;
    BRAM_TRY(bram_fill_end(cx, f, &r));
    int status = bram_presented_say(cx, bram_response_attrs(r), pairs);
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, group, r);
    bram_response_free(r);
    return status;
}

int bram_presented_put(bram_ctx *cx, bram_dataset *ds, bram_fill *f, const char *const *pairs)
{
    return put(cx, ds, "responses", f, pairs);
}

int bram_presented_put_features(bram_ctx *cx, bram_dataset *ds, bram_fill *f,
                                const char *const *pairs)
{
    return put(cx, ds, "stimuli/features", f, pairs);
}
