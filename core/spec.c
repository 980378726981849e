/*
 * spec.c - options by table: splitting spec strings, setting and getting values, canonical form,
 * help. What a single value may be is in param.c.
 */
#include <bramble/spec.h>

#include <assert.h>
#include <string.h>

#include "internal.h"
#include "nearest.h"
#include "param.h"

struct bram_options {
    const bram_param *table;
    size_t count;
    struct bram_value *values; /* one for each entry of the table */
    char *canonical;
};

static const bram_param no_params[] = {{.name = NULL}};

static size_t table_length(const bram_param *table)
{
    size_t n = 0;
    while (table[n].name) n++;
    return n;
}

/* @return the place of an option by the first `length` bytes of name, or count */
static size_t place_of(const bram_options *o, const char *name, size_t length)
{
    size_t i = 0;
    while (i < o->count &&
           !(strncmp(o->table[i].name, name, length) == 0 && o->table[i].name[length] == 0))
        i++;
    return i;
}

static int unknown(bram_ctx *cx, const bram_options *o, const char *name)
{
    if (o->count == 0)
        return bram_fail(cx, BRAM_EUSAGE, "unknown option \"%s\": there are none here", name);
    const char *near = bram_nearest(name, &o->table[0].name, o->count, sizeof *o->table);
    if (near)
        return bram_fail(cx, BRAM_EUSAGE, "unknown option \"%s\"; did you mean \"%s\"?", name,
                         near);
    char known[400] = "";
    for (size_t i = 0, used = 0; i < o->count; i++) {
        size_t length = strlen(o->table[i].name);
        if (used + length + 6 > sizeof known) {
            strcpy(known + used, " ...");
            break;
        }
        if (used) known[used++] = ' ';
        memcpy(known + used, o->table[i].name, length + 1);
        used += length;
    }
    return bram_fail(cx, BRAM_EUSAGE, "unknown option \"%s\"; known are: %s", name, known);
}

/* Joins name=value of all options. @return NULL without memory */
static char *join(bram_ctx *cx, const bram_options *o)
{
    size_t bytes = 1, used = 0;
    for (size_t i = 0; i < o->count; i++)
        bytes += strlen(o->table[i].name) + strlen(o->values[i].text) + 2;
    char *text = bram_alloc(cx, bytes, 1);
    if (!text) return NULL;
    for (size_t i = 0; i < o->count; i++) {
        const char *parts[] = {i ? "," : "", o->table[i].name, "=", o->values[i].text};
        for (size_t k = 0; k < 4; k++) {
            size_t length = strlen(parts[k]);
            memcpy(text + used, parts[k], length);
            used += length;
        }
    }
    return text;
}

static int set_at(bram_ctx *cx, bram_options *o, size_t i, const char *text)
{
    struct bram_value fresh, before = o->values[i];
    BRAM_TRY(bram_value_read(cx, &fresh, &o->table[i], text));
    o->values[i] = fresh;
    char *canonical = join(cx, o);
    if (!canonical) {
        o->values[i] = before;
        bram_value_release(&fresh);
        return BRAM_ENOMEM;
    }
    bram_value_release(&before);
    bram_free(o->canonical);
    o->canonical = canonical;
    return BRAM_OK;
}

int bram_options_set(bram_ctx *cx, bram_options *o, const char *name, const char *value)
{
    size_t i = place_of(o, name, strlen(name));
    return i < o->count ? set_at(cx, o, i, value) : unknown(cx, o, name);
}

static int set_defaults(bram_ctx *cx, bram_options *o)
{
    for (size_t i = 0; i < o->count; i++) {
        int status = bram_value_read(cx, &o->values[i], &o->table[i], o->table[i].fallback);
        if (status == BRAM_EUSAGE) status = bram_fail_prefix(cx, BRAM_EINTERNAL, "default");
        BRAM_TRY(status);
    }
    o->canonical = join(cx, o);
    return o->canonical ? BRAM_OK : BRAM_ENOMEM;
}

/* Sets one "key=value", or the first option's "value" where that is allowed. item may
 * be changed. */
static int set_item(bram_ctx *cx, bram_options *o, char *item, bool first, bool *given)
{
    char *equals = strchr(item, '=');
    size_t i = 0;
    if (equals) {
        *equals = 0;
        i = place_of(o, item, strlen(item));
        if (i == o->count) return unknown(cx, o, item);
    } else if (!first || o->count == 0 || o->table[0].type != BRAM_PARAM_TEXT) {
        if (o->count == 0) return unknown(cx, o, item);
        return bram_fail(cx, BRAM_EUSAGE, "found \"%s\", expected key=value", item);
    }
    if (given[i])
        return bram_fail(cx, BRAM_EUSAGE, "option \"%s\" is given twice", o->table[i].name);
    given[i] = true;
    return set_at(cx, o, i, equals ? equals + 1 : item);
}

static int set_items(bram_ctx *cx, bram_options *o, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = bram_scratch(cx, bytes, 1);
    bool *given = copy ? bram_scratch(cx, o->count + 1, sizeof *given) : NULL;
    if (!given) return BRAM_ENOMEM;
    memcpy(copy, text, bytes);
    for (char *item = copy, *next; item; item = next) {
        next = strchr(item, ',');
        if (next) *next++ = 0;
        BRAM_TRY(set_item(cx, o, item, item == copy, given));
    }
    return BRAM_OK;
}

int bram_options_new(bram_ctx *cx, bram_options **out, const bram_param *table, const char *text)
{
    bram_options *o = bram_alloc(cx, 1, sizeof *o);
    if (!o) return BRAM_ENOMEM;
    o->table = table ? table : no_params;
    o->values = bram_alloc(cx, table_length(o->table), sizeof *o->values);
    if (o->values) o->count = table_length(o->table);
    int status = o->values ? set_defaults(cx, o) : BRAM_ENOMEM;
    if (status == BRAM_OK && text && *text) {
        size_t mark = bram_scratch_mark(cx);
        status = set_items(cx, o, text);
        bram_scratch_release(cx, mark);
    }
    if (status != BRAM_OK) {
        bram_options_free(o);
        return status;
    }
    *out = o;
    return BRAM_OK;
}

void bram_options_free(bram_options *o)
{
    if (!o) return;
    for (size_t i = 0; i < o->count; i++) bram_value_release(&o->values[i]);
    bram_free(o->values);
    bram_free(o->canonical);
    bram_free(o);
}

const char *bram_options_canonical(const bram_options *o)
{
    return o->canonical;
}

char *bram_options_brief(bram_ctx *cx, const bram_options *o)
{
    char *brief = bram_strdup(cx, "");
    for (size_t i = 0; brief && i < o->count; i++) {
        struct bram_value usual;
        if (bram_value_read(cx, &usual, &o->table[i], o->table[i].fallback) != BRAM_OK) {
            bram_free(brief);
            return NULL;
        }
        char *longer = brief;
        if (strcmp(usual.text, o->values[i].text) != 0) {
            bool alone = i == 0 && o->table[i].type == BRAM_PARAM_TEXT && *o->values[i].text;
            longer = bram_strf(cx, "%s%s%s%s%s", brief, *brief ? "," : "",
                               alone ? "" : o->table[i].name, alone ? "" : "=", o->values[i].text);
            bram_free(brief);
        }
        bram_value_release(&usual);
        brief = longer;
    }
    return brief;
}

/* ---- values --------------------------------------------------------------------------------- */

static const struct bram_value *value_of(const bram_options *o, const char *name,
                                         bram_param_type type, bram_param_type other)
{
    size_t i = place_of(o, name, strlen(name));
    assert(i < o->count);
    assert(o->table[i].type == type || o->table[i].type == other);
    (void)type, (void)other;
    return &o->values[i];
}

const char *bram_option_text(const bram_options *o, const char *name)
{
    return value_of(o, name, BRAM_PARAM_TEXT, BRAM_PARAM_CHOICE)->text;
}

bool bram_option_is(const bram_options *o, const char *name, const char *choice)
{
    return strcmp(value_of(o, name, BRAM_PARAM_CHOICE, BRAM_PARAM_TEXT)->text, choice) == 0;
}

int64_t bram_option_integer(const bram_options *o, const char *name)
{
    return value_of(o, name, BRAM_PARAM_INTEGER, BRAM_PARAM_INTEGER)->integer;
}

double bram_option_real(const bram_options *o, const char *name)
{
    return value_of(o, name, BRAM_PARAM_REAL, BRAM_PARAM_REAL)->real;
}

bool bram_option_flag(const bram_options *o, const char *name)
{
    return value_of(o, name, BRAM_PARAM_FLAG, BRAM_PARAM_FLAG)->integer != 0;
}

const double *bram_option_reals(const bram_options *o, const char *name, size_t *count)
{
    const struct bram_value *v = value_of(o, name, BRAM_PARAM_REALS, BRAM_PARAM_REALS);
    *count = v->count;
    return v->reals;
}

const int64_t *bram_option_integers(const bram_options *o, const char *name, size_t *count)
{
    const struct bram_value *v = value_of(o, name, BRAM_PARAM_INTEGERS, BRAM_PARAM_INTEGERS);
    *count = v->count;
    return v->integers;
}

/* ---- spec strings and help ------------------------------------------------------------------ */

static bool is_small(char c)
{
    return c >= 'a' && c <= 'z';
}

size_t bram_spec_name_length(const char *spec)
{
    size_t n = 0;
    if (!is_small(spec[0])) return 0;
    while (is_small(spec[n]) || (spec[n] >= '0' && spec[n] <= '9') || spec[n] == '_' ||
           spec[n] == '-')
        n++;
    return spec[n] == 0 || spec[n] == ':' ? n : 0;
}

static int spaces(size_t width, const char *text)
{
    size_t length = strlen(text);
    return length < width ? (int)(width - length) : 0;
}

char *bram_param_help(bram_ctx *cx, const bram_param *table)
{
    enum { WIDE = 36 };
    char *all = bram_strdup(cx, "");
    for (const bram_param *p = table ? table : no_params; all && p->name; p++) {
        char *values = bram_param_values(cx, p), *left = NULL, *longer = NULL;
        if (values) left = bram_strf(cx, "  %s=%s", p->name, values);
        if (left)
            longer = bram_strf(cx, "%s%s%*s  %s%s%s%s\n", all, left, spaces(WIDE, left), "",
                               p->help ? p->help : "", *p->fallback ? " (default " : "",
                               p->fallback, *p->fallback ? ")" : "");
        bram_free(values);
        bram_free(left);
        bram_free(all);
        all = longer;
    }
    return all;
}
