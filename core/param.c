/*
 * param.c - one value of an option: reading, limits, canonical form, and what it takes in words.
 */
#include "param.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "nearest.h"
#include "number.h"

enum { MOST_ITEMS = 10000, LONGEST_ITEM = 63, LONGEST_TEXT = 4096, MOST_CHOICES = 64 };

void bram_value_release(struct bram_value *value)
{
    bram_free(value->text);
    bram_free(value->reals);
    bram_free(value->integers);
    *value = (struct bram_value){.text = NULL};
}

static bool has_limits(const bram_param *p)
{
    return p->low != 0 || p->high != 0;
}

static bool within(const bram_param *p, double x)
{
    return !has_limits(p) || (x >= p->low && x <= p->high);
}

/* "found "x", expected integer 1..64 in option lags" */
static int unfit(bram_ctx *cx, const bram_param *p, const char *text)
{
    char *expected = bram_param_values(cx, p);
    if (!expected) return BRAM_ENOMEM;
    int status = bram_fail(cx, BRAM_EUSAGE, "option %s: found \"%.80s\", expected %s", p->name,
                           text, expected);
    bram_free(expected);
    return status;
}

/* ---- words ---------------------------------------------------------------------------------- */

static bool is_choice(const char *choices, const char *text)
{
    size_t length = strlen(text);
    while (choices) {
        size_t n = strcspn(choices, "|");
        if (n == length && memcmp(choices, text, n) == 0) return true;
        choices = choices[n] ? choices + n + 1 : NULL;
    }
    return false;
}

static int unfit_choice(bram_ctx *cx, const bram_param *p, const char *text)
{
    char *words = bram_strdup(cx, p->choices);
    if (!words) return BRAM_ENOMEM;
    const char *list[MOST_CHOICES];
    size_t count = 0;
    for (char *word = words, *bar; word && count < MOST_CHOICES; word = bar ? bar + 1 : NULL) {
        bar = strchr(word, '|');
        if (bar) *bar = 0;
        list[count++] = word;
    }
    const char *near = bram_nearest(text, list, count, sizeof *list);
    int status = unfit(cx, p, text);
    if (near && status == BRAM_EUSAGE)
        status = bram_fail(cx, status, "%s; did you mean \"%s\"?", bram_ctx_message(cx), near);
    bram_free(words);
    return status;
}

static int check_text(bram_ctx *cx, const bram_param *p, const char *text)
{
    size_t length = strlen(text);
    if (length > LONGEST_TEXT)
        return bram_fail(cx, BRAM_EUSAGE,
                         "option %s: found a text of %zu bytes, expected %d at most", p->name,
                         length, LONGEST_TEXT);
    for (size_t i = 0; i < length; i++)
        if (strchr(",=\n\r\t", text[i]) || (unsigned char)text[i] < ' ') return unfit(cx, p, text);
    return BRAM_OK;
}

/* ---- lists ---------------------------------------------------------------------------------- */

/* A list under construction; reals also hold integers that a range has made, below 2^53. */
struct list {
    const bram_param *param;
    struct bram_value *value;
    bool integers;
};

static int add_item(bram_ctx *cx, struct list *list, double real, int64_t integer)
{
    struct bram_value *v = list->value;
    char shown[BRAM_NUMBER_BYTES];
    if (list->integers) snprintf(shown, sizeof shown, "%" PRId64, integer);
    else bram_number_format(shown, real);
    if (!within(list->param, list->integers ? (double)integer : real))
        return unfit(cx, list->param, shown);
    if (v->count == MOST_ITEMS)
        return bram_fail(cx, BRAM_EUSAGE, "option %s: found a list of more than %d items",
                         list->param->name, MOST_ITEMS);
    if ((v->count & (v->count - 1)) == 0) { /* full at powers of two */
        size_t room = v->count ? 2 * v->count : 1;
        void *grown = list->integers ? bram_realloc(cx, v->integers, room, sizeof *v->integers)
                                     : bram_realloc(cx, v->reals, room, sizeof *v->reals);
        if (!grown) return BRAM_ENOMEM;
        if (list->integers) v->integers = grown;
        else v->reals = grown;
    }
    if (list->integers) v->integers[v->count++] = integer;
    else v->reals[v->count++] = real;
    return BRAM_OK;
}

static int add_integers(bram_ctx *cx, struct list *list, char *item)
{
    int64_t first, last;
    char *dots = strstr(item, "..");
    if (dots) *dots = 0;
    bool good = bram_integer_parse(item, &first);
    if (!dots) last = first = good ? first : 0;
    else good = good && bram_integer_parse(dots + 2, &last) && first <= last;
    if (dots) *dots = '.';
    if (!good) return unfit(cx, list->param, item);
    for (int64_t i = first;; i++) {
        BRAM_TRY(add_item(cx, list, 0, i));
        if (i == last) return BRAM_OK;
    }
}

/* first, 10 first, ... up to last. Each is read from decimal text, so 0.001..1 has 0.01 exactly. */
static int add_decades(bram_ctx *cx, struct list *list, double first, double last, const char *item)
{
    char text[BRAM_NUMBER_BYTES], shifted[BRAM_NUMBER_BYTES + 8];
    bram_number_format(text, first);
    char *e = strchr(text, 'e');
    int64_t exponent = 0;
    if (e) {
        *e = 0;
        bram_integer_parse(e + 1, &exponent);
    }
    double x = first;
    while (x < last * (1 - 1e-12)) {
        BRAM_TRY(add_item(cx, list, x, 0));
        snprintf(shifted, sizeof shifted, "%se%d", text, (int)++exponent);
        if (!bram_number_parse(shifted, 0, &x)) x = INFINITY;
    }
    return x <= last * (1 + 1e-12) ? add_item(cx, list, last, 0) : unfit(cx, list->param, item);
}

static int add_range(bram_ctx *cx, struct list *list, double first, double last, int64_t points)
{
    double low = log(first), step = (log(last) - low) / (double)(points - 1);
    BRAM_TRY(add_item(cx, list, first, 0));
    for (int64_t i = 1; i < points - 1; i++)
        BRAM_TRY(add_item(cx, list, exp(low + (double)i * step), 0));
    return add_item(cx, list, last, 0);
}

static int add_reals(bram_ctx *cx, struct list *list, char *item)
{
    double first, last = 0;
    int64_t points = 0;
    char *dots = strstr(item, ".."), *slash = dots ? strchr(dots, '/') : NULL;
    if (dots) *dots = 0;
    if (slash) *slash = 0;
    bool good = bram_number_parse(item, 0, &first);
    if (dots) good = good && bram_number_parse(dots + 2, 0, &last) && first > 0 && first < last;
    if (slash)
        good = good && bram_integer_parse(slash + 1, &points) && points >= 2 &&
               points <= MOST_ITEMS;
    if (dots) *dots = '.';
    if (slash) *slash = '/';
    if (!good) return unfit(cx, list->param, item);
    if (slash) return add_range(cx, list, first, last, points);
    return dots ? add_decades(cx, list, first, last, item) : add_item(cx, list, first, 0);
}

/* @return the '+' that ends an item: not that of an exponent (1e+5) */
static const char *item_end(const char *p)
{
    const char *start = p;
    while (*p && !(*p == '+' && p > start && p[-1] != 'e' && p[-1] != 'E')) p++;
    return p;
}

static int join_list(bram_ctx *cx, const struct list *list)
{
    struct bram_value *v = list->value;
    char *p = v->text = bram_alloc(cx, v->count + 1, BRAM_NUMBER_BYTES);
    if (!p) return BRAM_ENOMEM;
    for (size_t i = 0; i < v->count; i++) {
        if (i) *p++ = '+';
        if (list->integers) snprintf(p, BRAM_NUMBER_BYTES, "%" PRId64, v->integers[i]);
        else bram_number_format(p, v->reals[i]);
        p += strlen(p);
    }
    return BRAM_OK;
}

static int read_list(bram_ctx *cx, struct list *list, const char *text)
{
    for (const char *p = text, *end; *text; p = end + 1) {
        char item[LONGEST_ITEM + 1];
        end = item_end(p);
        size_t length = (size_t)(end - p);
        if (length > LONGEST_ITEM) return unfit(cx, list->param, p);
        memcpy(item, p, length);
        item[length] = 0;
        BRAM_TRY(list->integers ? add_integers(cx, list, item) : add_reals(cx, list, item));
        if (!*end) break;
    }
    return join_list(cx, list);
}

/* ---- all types ------------------------------------------------------------------------------ */

/* A number that is left open: empty or "auto", where the default says so. */
static bool is_open(const bram_param *p, const char *text)
{
    return strcmp(text, p->fallback) == 0 && (!*text || strcmp(text, "auto") == 0);
}

static int read_number(bram_ctx *cx, struct bram_value *v, const bram_param *p, const char *text)
{
    char canonical[BRAM_NUMBER_BYTES] = "";
    if (is_open(p, text)) {
        assert(p->type == BRAM_PARAM_REAL || p->low >= 0); /* else -1 would have two meanings */
        v->real = NAN;
        v->integer = -1;
        strcpy(canonical, text);
    } else if (p->type == BRAM_PARAM_REAL) {
        if (!bram_number_parse(text, 0, &v->real) || !within(p, v->real)) return unfit(cx, p, text);
        v->real += 0.0; /* -0 is 0 */
        bram_number_format(canonical, v->real);
    } else {
        if (!bram_integer_parse(text, &v->integer) || !within(p, (double)v->integer))
            return unfit(cx, p, text);
        snprintf(canonical, sizeof canonical, "%" PRId64, v->integer);
    }
    v->text = bram_strdup(cx, canonical);
    return v->text ? BRAM_OK : BRAM_ENOMEM;
}

static int read_word(bram_ctx *cx, struct bram_value *v, const bram_param *p, const char *text)
{
    bool yes = strcmp(text, "yes") == 0, none = !*text && !*p->fallback;
    if (p->type == BRAM_PARAM_TEXT) BRAM_TRY(check_text(cx, p, text));
    else if (p->type == BRAM_PARAM_FLAG && !yes && strcmp(text, "no") != 0)
        return unfit(cx, p, text);
    else if (p->type == BRAM_PARAM_CHOICE && !none && !is_choice(p->choices, text))
        return unfit_choice(cx, p, text);
    v->integer = yes;
    v->text = bram_strdup(cx, text);
    return v->text ? BRAM_OK : BRAM_ENOMEM;
}

int bram_value_read(bram_ctx *cx, struct bram_value *out, const bram_param *param, const char *text)
{
    struct bram_value value = {.text = NULL};
    struct list list = {param, &value, param->type == BRAM_PARAM_INTEGERS};
    int status = BRAM_OK;
    if (param->type == BRAM_PARAM_INTEGER || param->type == BRAM_PARAM_REAL)
        status = read_number(cx, &value, param, text);
    else if (param->type == BRAM_PARAM_INTEGERS || param->type == BRAM_PARAM_REALS)
        status = *text || !*param->fallback ? read_list(cx, &list, text) : unfit(cx, param, text);
    else status = read_word(cx, &value, param, text);
    if (status != BRAM_OK) {
        bram_value_release(&value);
        return status;
    }
    *out = value;
    return BRAM_OK;
}

/* "1..64", ">= 1", "<= 64" or nothing */
static void show_limits(char *buffer, size_t bytes, const bram_param *p)
{
    char low[BRAM_NUMBER_BYTES], high[BRAM_NUMBER_BYTES];
    bram_number_format(low, p->low);
    bram_number_format(high, p->high);
    if (!has_limits(p)) *buffer = 0;
    else if (!isfinite(p->high)) snprintf(buffer, bytes, " >= %s", low);
    else if (!isfinite(p->low)) snprintf(buffer, bytes, " <= %s", high);
    else snprintf(buffer, bytes, " %s..%s", low, high);
}

char *bram_param_values(bram_ctx *cx, const bram_param *p)
{
    char limits[3 * BRAM_NUMBER_BYTES];
    const char *open = strcmp(p->fallback, "auto") == 0 ? "|auto" : "";
    show_limits(limits, sizeof limits, p);
    switch (p->type) {
    case BRAM_PARAM_CHOICE:
        return bram_strdup(cx, p->choices);
    case BRAM_PARAM_INTEGER:
        return bram_strf(cx, "integer%s%s", limits, open);
    case BRAM_PARAM_REAL:
        return bram_strf(cx, "number%s%s", limits, open);
    case BRAM_PARAM_TEXT:
        return bram_strdup(cx, "text (no , and =)");
    case BRAM_PARAM_FLAG:
        return bram_strdup(cx, "yes|no");
    case BRAM_PARAM_INTEGERS:
        return bram_strf(cx, "integers%s (1+2+4, 1..4)", limits);
    case BRAM_PARAM_REALS:
        return bram_strf(cx, "numbers%s (0.1+1, 0.1..10, 1..9/5)", limits);
    }
    return bram_strdup(cx, "a value");
}
