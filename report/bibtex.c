/*
 * bibtex.c - see bibtex.h.
 */
#include "bibtex.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { PART = 512, KEY = 64 };

/* What is known of one source; "" for what is not. */
struct source {
    char note[PART], authors[PART], year[5], journal[PART], volume[32], pages[64], arxiv[64],
        doi[128];
};

/* The first number of four digits that can be a year. */
static const char *find_year(const char *text)
{
    for (const char *at = text; (at = strpbrk(at, "12")); at++) {
        bool begins = at > text && (at[-1] == ' ' || at[-1] == '(');
        size_t digits = strspn(at, "0123456789");
        if (begins && digits == 4 &&
            (!strncmp(at, "18", 2) || !strncmp(at, "19", 2) || !strncmp(at, "20", 2)) &&
            at[4] != ':' && at[4] != '.')
            return at;
        if (digits) at += digits - 1;
    }
    return NULL;
}

/* Appends to a field of `room` bytes. */
static void append(char *field, size_t room, const char *text, size_t length)
{
    size_t used = strlen(field);
    if (used + length >= room) length = room - 1 - used;
    memcpy(field + used, text, length);
    field[used + length] = 0;
}

/* "A, B & C et al." as "A and B and C and others"; what stands before the first name goes. */
static void take_authors(struct source *s, const char *text, const char *end)
{
    for (const char *at = text; at + 1 < end; at++)
        if (at[0] == ':' && at[1] == ' ') text = at + 2; /* "ridge: Hoerl and Kennard" */
    while (text < end && !isupper((unsigned char)*text) && !((unsigned char)*text & 0x80)) {
        const char *space = memchr(text, ' ', (size_t)(end - text)); /* "recorded by Akrami" */
        text = space ? space + 1 : end;
    }
    while (end > text && strchr(" (,", end[-1])) end--;
    static const char *const from[] = {", & ", " & ", ", and ", " et al.", ", "},
                             *const to[] = {" and ", " and ", " and ", " and others", " and "};
    while (text < end) {
        size_t k = 0;
        while (k < 5 && strncmp(text, from[k], strlen(from[k])) != 0) k++;
        if (k < 5) {
            append(s->authors, sizeof s->authors, to[k], strlen(to[k]));
            text += strlen(from[k]);
        } else append(s->authors, sizeof s->authors, text++, 1);
    }
}

/* The number behind a word ("arXiv 2301.1", "arXiv:2301.1", "doi 10.1/x"). */
static void take_behind(char *field, size_t room, const char *text, const char *word)
{
    const char *at = strstr(text, word);
    if (!at) return;
    at += strlen(word);
    at += strspn(at, " :");
    size_t length = strcspn(at, " ,;)");
    if (length && isdigit((unsigned char)*at)) append(field, room, at, length);
}

/* "Cell 163:656", "Phil Trans R Soc B 314:1". */
static void take_journal(struct source *s, const char *text)
{
    text += strspn(text, "), ");
    for (const char *colon = text; (colon = strchr(colon, ':')); colon++) {
        const char *volume = colon;
        while (volume > text && isdigit((unsigned char)volume[-1])) volume--;
        size_t pages = strcspn(colon + 1, " ,;)(");
        if (volume == colon || volume <= text + 1 || volume[-1] != ' ' || !pages) continue;
        append(s->journal, sizeof s->journal, text, (size_t)(volume - 1 - text));
        append(s->volume, sizeof s->volume, volume, (size_t)(colon - volume));
        append(s->pages, sizeof s->pages, colon + 1, pages);
        return;
    }
}

static bool read_source(struct source *s, const char *text, size_t length)
{
    *s = (struct source){{0}};
    while (length && isspace((unsigned char)*text)) text++, length--;
    append(s->note, sizeof s->note, text, length);
    const char *year = find_year(s->note);
    if (!year) return false;
    memcpy(s->year, year, 4);
    take_authors(s, s->note, year);
    take_behind(s->arxiv, sizeof s->arxiv, s->note, "arXiv");
    take_behind(s->doi, sizeof s->doi, s->note, "doi");
    take_journal(s, year + 4);
    return *s->authors != 0;
}

/* Text within braces: what TeX would take for its own is marked. */
static void put_field(bram_buffer *out, const char *name, const char *text)
{
    if (!*text) return;
    bram_buffer_putf(out, "  %s = {", name);
    for (; *text; text++) {
        if (strchr("&%$#_", *text)) bram_buffer_put(out, "\\");
        if (!strchr("{}\\", *text)) bram_buffer_write(out, text, 1);
    }
    bram_buffer_put(out, "},\n");
}

/* "Nili2014", and a letter where that is taken by another source. */
static void make_key(char key[KEY], const struct source *s, const bram_buffer *out)
{
    size_t n = 0;
    for (const char *c = s->authors; *c && *c != ' ' && n < 40; c++)
        if (isalpha((unsigned char)*c)) key[n++] = *c;
    for (char letter = 'a' - 1; letter <= 'z'; letter++) {
        char found[KEY + 4];
        snprintf(key + n, KEY - n, "%s%.1s", s->year, letter < 'a' ? "" : &letter);
        snprintf(found, sizeof found, "{%s,", key);
        if (!strstr(bram_buffer_text(out), found)) return;
    }
}

/* Whether the place that a source names is one that is there: the same paper in other words. */
static bool has_place(const bram_buffer *out, const struct source *s)
{
    bram_buffer place = {0};
    put_field(&place, "journal", s->journal);
    put_field(&place, "volume", s->volume);
    put_field(&place, "pages", s->pages);
    bool has = *s->journal && *s->pages && !place.failed &&
               strstr(bram_buffer_text(out), bram_buffer_text(&place));
    bram_buffer_release(&place);
    return has;
}

static void put_source(bram_buffer *out, const struct source *s)
{
    char key[KEY], again[PART + 16];
    bram_buffer note = {0};
    put_field(&note, "note", s->note);
    snprintf(again, sizeof again, "%.*s", (int)sizeof again - 1, bram_buffer_text(&note));
    bool known = strstr(bram_buffer_text(out), again) != NULL || has_place(out, s);
    if (!known && !note.failed) {
        make_key(key, s, out);
        bram_buffer_putf(out, "@%s{%s,\n", *s->journal ? "article" : "misc", key);
        put_field(out, "author", s->authors);
        put_field(out, "year", s->year);
        put_field(out, "journal", s->journal);
        put_field(out, "volume", s->volume);
        put_field(out, "pages", s->pages);
        put_field(out, "eprint", s->arxiv);
        if (*s->arxiv) put_field(out, "archiveprefix", "arXiv");
        put_field(out, "doi", s->doi);
        bram_buffer_put(out, bram_buffer_text(&note));
        bram_buffer_put(out, "}\n\n");
    }
    bram_buffer_release(&note);
}

void bram_bibtex_put(bram_buffer *out, const char *text)
{
    for (;;) {
        struct source s;
        size_t length = strcspn(text, ";");
        if (read_source(&s, text, length)) put_source(out, &s);
        if (!text[length]) return;
        text += length + 1;
    }
}

void bram_bibtex_put_program(bram_buffer *out)
{
    bram_buffer_putf(out,
                     "@software{bramble,\n  title = {bramble: BRAin-Model Benchmarks and "
                     "LEaderboards},\n  version = {%s},\n}\n\n",
                     bram_version());
}
