/*
 * scale.c - ranges, ticks and tick labels: see scale.h.
 */
#include "scale.h"

#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

bram_range bram_range_empty(void)
{
    return (bram_range){INFINITY, -INFINITY};
}

void bram_range_take(bram_range *r, double value, bool log)
{
    if (!isfinite(value) || (log && value <= 0)) return;
    if (value < r->low) r->low = value;
    if (value > r->high) r->high = value;
}

bool bram_range_is_empty(const bram_range *r)
{
    return !(r->low <= r->high);
}

bram_range bram_range_widen(bram_range r, bool log, bool air_low, bool air_high)
{
    const double air = 0.05;
    if (bram_range_is_empty(&r)) return log ? (bram_range){1, 10} : (bram_range){0, 1};
    if (log) {
        double a = log10(r.low), b = log10(r.high), more = a < b ? air * (b - a) : 0.5;
        return (bram_range){pow(10, air_low || a == b ? a - more : a),
                            pow(10, air_high || a == b ? b + more : b)};
    }
    double width = r.high / 2 - r.low / 2; /* halves: no overflow */
    double least = fmax(fabs(r.low), fabs(r.high)) * 1e-12;
    if (!(width > least)) {
        double more = r.low != 0 ? fabs(r.low) * 0.1 : 1;
        return (bram_range){r.low - more, r.high + more};
    }
    if (air_low) r.low -= 2 * air * width;
    if (air_high) r.high += 2 * air * width;
    return r;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

bool bram_range_focus(bram_range *range, double *value, size_t n)
{
    size_t count = 0, first = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(value[i])) value[count++] = value[i];
    if (count < 4) return false;
    qsort(value, count, sizeof *value, ascending);
    double lower = value[(count - 1) / 4], upper = value[count - 1 - (count - 1) / 4];
    double reach = 3 * (upper - lower);
    size_t last = count - 1;
    while (value[first] < lower - reach) first++;
    while (value[last] > upper + reach) last--;
    double whole = value[count - 1] - value[0], inner = value[last] - value[first];
    if (4 * (last + 1 - first) < 3 * count || !(inner > 0) || 4 * inner >= whole) return false;
    *range = bram_range_widen((bram_range){value[first], value[last]}, false, true, true);
    return true;
}

double bram_scale_place(const bram_scale *s, double value)
{
    if (!isfinite(value) || (s->log && value <= 0)) return NAN;
    double low = s->low, high = s->high;
    if (s->log) value = log10(value), low = log10(low), high = log10(high);
    return s->from + (s->to - s->from) * ((value / 2 - low / 2) / (high / 2 - low / 2));
}

/* ---- labels --------------------------------------------------------------------------------- */

static void append(char *label, const char *text)
{
    size_t n = strlen(label);
    snprintf(label + n, BRAM_DIGITS_BYTES - n, "%s", text);
}

/* "10" with n raised */
static void put_power(char *label, int n)
{
    static const char *const raised[] = {
        "\xe2\x81\xb0", "\xc2\xb9",     "\xc2\xb2",     "\xc2\xb3",     "\xe2\x81\xb4",
        "\xe2\x81\xb5", "\xe2\x81\xb6", "\xe2\x81\xb7", "\xe2\x81\xb8", "\xe2\x81\xb9"};
    char digits[12];
    snprintf(digits, sizeof digits, "%d", n < 0 ? -n : n);
    append(label, "10");
    if (n < 0) append(label, "\xe2\x81\xbb");
    for (const char *d = digits; *d; d++) append(label, raised[*d - '0']);
}

/* A minus sign in place of the hyphen. */
static void put_plain(char *label, const char *text)
{
    if (*text == '-') append(label, "\xe2\x88\x92"), text++;
    append(label, text);
}

/* A number of a scale whose steps have so many decimals; big and tiny ones as m x 10^n. */
static void put_label(char *label, double value, int decimals, bool powers)
{
    char text[BRAM_DIGITS_BYTES];
    label[0] = 0;
    if (!powers || value == 0) {
        put_plain(label, bram_digits_fixed(text, value, decimals));
        return;
    }
    int n = (int)floor(log10(fabs(value)) + 1e-9);
    double mantissa = value / pow(10, n);
    bram_digits_short(text, mantissa, 4);
    if (strcmp(text, "1") == 0 || strcmp(text, "-1") == 0) {
        if (*text == '-') append(label, "\xe2\x88\x92");
    } else {
        put_plain(label, text);
        append(label, "\xc3\x97");
    }
    put_power(label, n);
}

/* ---- ticks ---------------------------------------------------------------------------------- */

static void linear_ticks(double low, double high, size_t wanted, bram_ticks *out)
{
    double rough = (high / 2 - low / 2) / (double)(wanted > 1 ? wanted : 2) * 2;
    int power = (int)floor(log10(rough));
    double unit = pow(10, power), ratio = rough / unit;
    double step = (ratio < 1.2 ? 1 : ratio < 2.5 ? 2 : ratio < 6 ? 5 : 10) * unit;
    if (ratio >= 6) power++;
    double largest = fmax(fabs(low), fabs(high));
    bool powers = largest >= 1e5 || power < -5;
    double first = ceil(low / step - 1e-9);
    for (size_t i = 0; i < BRAM_MAX_TICKS; i++) {
        double value = (first + (double)i) * step;
        if (!(value <= high + 1e-9 * step)) break;
        out->at[out->count] = value;
        put_label(out->label[out->count++], value, power < 0 ? -power : 0, powers);
    }
}

static void log_ticks(double low, double high, size_t wanted, bram_ticks *out)
{
    static const double steps[] = {1, 2, 5};
    double a = log10(low), b = log10(high);
    size_t within = b - a < 1.2 ? 3 : 1;
    int every = (int)ceil((b - a) / (double)(wanted > 1 ? wanted : 2));
    if (every < 1) every = 1;
    bool powers = high >= 1e5 || low < 1e-4;
    for (int n = (int)floor(a); n <= (int)ceil(b); n++) {
        if (within == 1 && n % every) continue;
        for (size_t k = 0; k < within && out->count < BRAM_MAX_TICKS; k++) {
            double value = steps[k] * pow(10, n);
            if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
            out->at[out->count] = value;
            put_label(out->label[out->count++], value, n < 0 ? -n : 0, powers);
        }
    }
}

void bram_scale_ticks(const bram_scale *s, size_t wanted, bram_ticks *out)
{
    out->count = 0;
    if (!(s->low < s->high)) return;
    if (s->log) log_ticks(s->low, s->high, wanted, out);
    if (out->count < 2) {
        out->count = 0;
        linear_ticks(s->low, s->high, wanted, out);
    }
}
