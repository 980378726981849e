/*
 * digits.c - numbers for people: see digits.h.
 */
#include "digits.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Puts a point where the locale has something else between two digits. */
static void mend_point(char *text)
{
    char *at = text + strspn(text, "-0123456789");
    if (!*at || *at == '.' || *at == 'e' || *at == 'i' || *at == 'n') return;
    char *rest = at + strcspn(at, "0123456789");
    *at = '.';
    memmove(at + 1, rest, strlen(rest) + 1);
}

static void drop_sign_of_zero(char *text)
{
    if (text[0] == '-' && strspn(text + 1, "0.") == strlen(text + 1))
        memmove(text, text + 1, strlen(text));
}

static const char *not_finite(char *text, double value)
{
    return strcpy(text, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
}

const char *bram_digits_fixed(char *text, double value, int decimals)
{
    if (!isfinite(value)) return not_finite(text, value);
    if (fabs(value) >= 1e15) return bram_digits_short(text, value, 4);
    int places = decimals < 0 ? 0 : decimals > 15 ? 15 : decimals;
    snprintf(text, BRAM_DIGITS_BYTES, "%.*f", places, value);
    mend_point(text);
    drop_sign_of_zero(text);
    return text;
}

const char *bram_digits_short(char *text, double value, int significant)
{
    if (!isfinite(value)) return not_finite(text, value);
    snprintf(text, BRAM_DIGITS_BYTES, "%.*g", significant < 15 ? significant : 15, value);
    mend_point(text);
    drop_sign_of_zero(text);
    return text;
}

void bram_digits_coordinate(bram_buffer *out, double value)
{
    char text[BRAM_DIGITS_BYTES];
    bram_digits_fixed(text, value, 2);
    char *point = strchr(text, '.');
    if (point) {
        char *end = text + strlen(text);
        while (end[-1] == '0') *--end = 0;
        if (end[-1] == '.') end[-1] = 0;
    }
    bram_buffer_put(out, !strcmp(text, "-0") ? "0" : text);
}
