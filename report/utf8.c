/*
 * utf8.c - screen widths of text by ranges of Unicode 15: see utf8.h.
 */
#include "utf8.h"

#include <string.h>

enum { REPLACEMENT = 0xfffd };

size_t bram_utf8_next(const char *text, uint32_t *point)
{
    const unsigned char *s = (const unsigned char *)text;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (!*s) return 0;
    *point = *s;
    if (*s < 0x80) return 1;
    size_t n = *s >= 0xf0 && *s < 0xf8   ? 4
               : *s >= 0xe0 && *s < 0xf0 ? 3
               : *s >= 0xc0 && *s < 0xe0 ? 2
                                         : 0;
    uint32_t value = n ? *s & (0x7fu >> n) : 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) n = 0;
        else value = value << 6 | (s[i] & 0x3f);
    }
    bool good = n && value >= least[n] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
    *point = good ? value : REPLACEMENT;
    return good ? n : 1;
}

static bool within(uint32_t point, const uint32_t (*ranges)[2], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (point >= ranges[i][0] && point <= ranges[i][1]) return true;
    return false;
}

#define IN(point, ranges) within(point, ranges, sizeof(ranges) / sizeof *(ranges))

size_t bram_utf8_point_width(uint32_t point)
{
    static const uint32_t zero[][2] = {
        {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
        {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2064},
        {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}};
    static const uint32_t wide[][2] = {{0x1100, 0x115f},   {0x2e80, 0x303e},  {0x3041, 0xa4cf},
                                       {0xac00, 0xd7a3},   {0xf900, 0xfaff},  {0xfe30, 0xfe6f},
                                       {0xff00, 0xff60},   {0xffe0, 0xffe6},  {0x1f300, 0x1f64f},
                                       {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
    if (point < 0x300) return 1;
    return IN(point, zero) ? 0 : IN(point, wide) ? 2 : 1;
}

/* What stands for a character where there is only ASCII. */
static const char *ascii(uint32_t point)
{
    static const struct {
        uint32_t point;
        const char *text;
    } likes[] = {
        {0xa0, " "},     {0xb0, "deg"},     {0xb1, "+/-"},  {0xb2, "2"},      {0xb3, "3"},
        {0xb5, "u"},     {0xb7, "."},       {0xd7, "x"},    {0x394, "Delta"}, {0x3b1, "alpha"},
        {0x3b2, "beta"}, {0x3bb, "lambda"}, {0x3bc, "u"},   {0x3c1, "rho"},   {0x3c3, "sigma"},
        {0x3c4, "tau"},  {0x2010, "-"},     {0x2011, "-"},  {0x2012, "-"},    {0x2013, "-"},
        {0x2014, "-"},   {0x2018, "'"},     {0x2019, "'"},  {0x201c, "\""},   {0x201d, "\""},
        {0x2022, "*"},   {0x2026, "..."},   {0x2190, "<-"}, {0x2192, "->"},   {0x2212, "-"},
        {0x221e, "inf"}, {0x2248, "~"},     {0x2264, "<="}, {0x2265, ">="},   {0x2500, "-"}};
    for (size_t i = 0; i < sizeof likes / sizeof *likes; i++)
        if (likes[i].point == point) return likes[i].text;
    return bram_utf8_point_width(point) ? "?" : "";
}

static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

size_t bram_utf8_width(const char *text, size_t bytes, bool utf8)
{
    size_t width = 0;
    uint32_t point;
    for (size_t at = 0, n; at < bytes && (n = bram_utf8_next(text + at, &point)); at += n) {
        if (is_control(point) || point < 0x7f) width++;
        else width += utf8 ? bram_utf8_point_width(point) : strlen(ascii(point));
    }
    return width;
}

void bram_utf8_put(bram_buffer *out, const char *text, size_t bytes, bool utf8)
{
    uint32_t point;
    for (size_t at = 0, n; at < bytes && (n = bram_utf8_next(text + at, &point)); at += n) {
        if (is_control(point)) bram_buffer_put(out, " ");
        else if (point == REPLACEMENT) bram_buffer_put(out, utf8 ? "\xef\xbf\xbd" : "?");
        else if (point < 0x80 || utf8) bram_buffer_write(out, text + at, n);
        else bram_buffer_put(out, ascii(point));
    }
}
