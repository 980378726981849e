/*
 * site_diagram.c - the critical-difference diagram: names hang on their places along an axis, bars
 * join those that cannot be told apart. Source: Demsar 2006, JMLR 7:1, figure 1.
 */
#include "site_parts.h"

#include "digits.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 760, LEFT = 230, RIGHT = 530, TOP = 46, LINE = 22, BAR = 9 };

struct scale {
    double low, high;
    bool flipped; /* high values at the left */
};

static double at(const struct scale *s, double value)
{
    double t = s->high > s->low ? (value - s->low) / (s->high - s->low) : 0.5;
    return LEFT + (RIGHT - LEFT) * (s->flipped ? 1 - t : t);
}

static void put_line(bram_buffer *out, const char *kind, double x1, double y1, double x2, double y2)
{
    bram_buffer_putf(out, "<line class=\"%s\" x1=\"", kind);
    bram_digits_coordinate(out, x1);
    bram_buffer_put(out, "\" y1=\"");
    bram_digits_coordinate(out, y1);
    bram_buffer_put(out, "\" x2=\"");
    bram_digits_coordinate(out, x2);
    bram_buffer_put(out, "\" y2=\"");
    bram_digits_coordinate(out, y2);
    bram_buffer_put(out, "\"/>\n");
}

static void put_words(bram_buffer *out, double x, double y, const char *anchor, const char *text)
{
    bram_buffer_put(out, "<text x=\"");
    bram_digits_coordinate(out, x);
    bram_buffer_put(out, "\" y=\"");
    bram_digits_coordinate(out, y);
    bram_buffer_putf(out, "\" text-anchor=\"%s\">", anchor);
    bram_site_text(out, text);
    bram_buffer_put(out, "</text>\n");
}

/* At most 28 bytes of a name, never half a character. */
static void shorten(char text[36], const char *name)
{
    size_t n = strlen(name), cut = n > 28 ? 26 : n;
    while (cut < n && cut && ((unsigned char)name[cut] & 0xc0) == 0x80) cut--;
    memcpy(text, name, cut);
    strcpy(text + cut, cut < n ? "\xe2\x80\xa6" : "");
}

/* Bars below the axis, one a letter that several share. @return how many */
static size_t bars_by_letter(bram_buffer *out, const struct scale *s, size_t n, const double *place,
                             char (*letters)[BRAM_LETTERS_BYTES])
{
    size_t bars = 0;
    for (char c = 'a'; c <= 'z'; c++) {
        double low = INFINITY, high = -INFINITY;
        size_t count = 0;
        for (size_t i = 0; i < n; i++)
            if (strchr(letters[i], c)) {
                low = fmin(low, place[i]), high = fmax(high, place[i]);
                count++;
            }
        if (count < 2) continue;
        double y = TOP + 8 + BAR * (double)bars++;
        put_line(out, "bar", at(s, low), y, at(s, high), y);
    }
    return bars;
}

/* The longest runs of places in order whose ends are within reach. */
static size_t bars_by_reach(bram_buffer *out, const struct scale *s, size_t n, const double *place,
                            double reach)
{
    size_t bars = 0, covered = 0;
    for (size_t i = 0; i < n; i++) {
        size_t last = i;
        while (last + 1 < n && fabs(place[last + 1] - place[i]) < reach) last++;
        if (last == i || last <= covered) continue;
        covered = last;
        double y = TOP + 8 + BAR * (double)bars++;
        put_line(out, "bar", at(s, place[i]), y, at(s, place[last]), y);
    }
    return bars;
}

static void put_names(bram_buffer *out, const struct scale *s, size_t n, const char *const *name,
                      const double *place, double top, int decimals)
{
    size_t half = (n + 1) / 2;
    for (size_t i = 0; i < n; i++) { /* the left ones from the top down, the right ones back up */
        bool left = i < half;
        double y = top + LINE * (double)(left ? i : n - 1 - i), x = at(s, place[i]);
        char text[36], number[BRAM_DIGITS_BYTES];
        shorten(text, name[i]);
        put_line(out, "thin", x, TOP, x, y);
        put_line(out, "thin", x, y, left ? LEFT - 6 : RIGHT + 6, y);
        put_words(out, left ? LEFT - 10 : RIGHT + 10, y + 4, left ? "end" : "start", text);
        bram_buffer_putf(out, "<circle cx=\"%.2f\" cy=\"%d\" r=\"3\"><title>", x, TOP);
        bram_site_text(out, name[i]);
        bram_buffer_putf(out, ": %s</title></circle>\n",
                         bram_digits_fixed(number, place[i], decimals));
    }
}

void bram_site_diagram(bram_buffer *out, const char *title, const char *axis, size_t n,
                       const char *const *name, const double *place,
                       char (*letters)[BRAM_LETTERS_BYTES], double reach, bool higher_first,
                       int decimals)
{
    struct scale s = {place[0], place[0], higher_first};
    bram_buffer bars = {0};
    char low[BRAM_DIGITS_BYTES], high[BRAM_DIGITS_BYTES];
    for (size_t i = 0; i < n; i++) s.low = fmin(s.low, place[i]), s.high = fmax(s.high, place[i]);
    size_t count = letters ? bars_by_letter(&bars, &s, n, place, letters)
                           : bars_by_reach(&bars, &s, n, place, reach);
    double top = TOP + 22 + BAR * (double)count;
    double height = top + LINE * (double)((n + 1) / 2) + 4;
    bram_buffer_putf(out, "<div class=\"scroll\"><svg role=\"img\" viewBox=\"0 0 %d %.0f\"><title>",
                     WIDTH, height);
    bram_site_text(out, title);
    bram_buffer_put(out, "</title>\n<desc>");
    for (size_t i = 0; i < n; i++) {
        bram_site_text(out, name[i]);
        bram_buffer_putf(out, " %s%s", bram_digits_fixed(low, place[i], decimals),
                         i + 1 < n ? "; " : "");
    }
    bram_buffer_put(out, "</desc>\n");
    put_words(out, (LEFT + RIGHT) / 2.0, 14, "middle", axis);
    bram_digits_fixed(low, s.flipped ? s.high : s.low, decimals);
    bram_digits_fixed(high, s.flipped ? s.low : s.high, decimals);
    put_words(out, LEFT, 34, "middle", low);
    if (s.high > s.low) put_words(out, RIGHT, 34, "middle", high);
    put_line(out, "axis", LEFT, TOP, RIGHT, TOP);
    put_names(out, &s, n, name, place, top, decimals);
    bram_buffer_put(out, bram_buffer_text(&bars));
    out->failed |= bars.failed;
    bram_buffer_release(&bars);
    bram_buffer_put(out, "</svg></div>\n");
}
