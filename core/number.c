/*
 * number.c - text to number and back, the same in every locale.
 *
 * strtod and printf follow the locale of the calling thread, and a host program (an interpreter
 * with a plug-in) may have set one with a decimal comma. So the thread is put into the C locale for
 * the length of the call.
 */
#include "number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t c_locale;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* Puts the thread into the C locale; the result goes to uselocale() afterwards. */
static locale_t enter_c_locale(void)
{
    pthread_once(&once, make_c_locale);
    return c_locale ? uselocale(c_locale) : (locale_t)0;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_missing_word(const char *text, size_t length)
{
    static const char *const words[] = {"nan", "na", "n/a", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == length && !strncasecmp(words[i], text, length)) return true;
    return false;
}

/* The text without its sign is inf or infinity. */
static bool is_infinite_word(const char *text, size_t length)
{
    if (length && (*text == '-' || *text == '+')) text++, length--;
    return (length == 3 && !strncasecmp(text, "inf", 3)) ||
           (length == 8 && !strncasecmp(text, "infinity", 8));
}

bool bram_number_parse(const char *text, int flags, double *value)
{
    while (blank(*text)) text++;
    size_t length = strlen(text);
    while (length && blank(text[length - 1])) length--;
    if (!length || is_missing_word(text, length)) {
        if (!(flags & (length ? BRAM_NUMBER_NAN : BRAM_NUMBER_EMPTY))) return false;
        *value = NAN;
        return true;
    }
    if (is_infinite_word(text, length)) {
        if (!(flags & BRAM_NUMBER_INFINITE)) return false;
        *value = *text == '-' ? -INFINITY : INFINITY;
        return true;
    }
    if (strspn(text, "+-.0123456789eE") < length) return false; /* no hexadecimal, no words */

    locale_t before = enter_c_locale();
    char *end;
    double number = strtod(text, &end);
    if (before) uselocale(before);
    if (end != text + length || isinf(number)) return false;
    *value = number;
    return true;
}

bool bram_integer_parse(const char *text, int64_t *value)
{
    while (blank(*text)) text++;
    if (*text != '-' && *text != '+' && (*text < '0' || *text > '9')) return false;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text) return false;
    while (blank(*end)) end++;
    if (*end) return false;
    *value = number;
    return true;
}

const char *bram_number_format(char *text, double value)
{
    if (isnan(value)) return strcpy(text, "nan");
    if (isinf(value)) return strcpy(text, value > 0 ? "inf" : "-inf");
    locale_t before = enter_c_locale();
    for (int digits = 15; digits <= 17; digits++) { /* 17 digits always suffice */
        snprintf(text, BRAM_NUMBER_BYTES, "%.*g", digits, value);
        if (digits == 17 || strtod(text, NULL) == value) break;
    }
    if (before) uselocale(before);
    return text;
}
