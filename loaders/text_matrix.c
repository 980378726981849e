/*
 * text_matrix.c - numbers in text: lines separated by blanks, and lists in brackets.
 */
#include "text_matrix.h"

#include "gz.h"
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WORD = 64 };

/* Numbers that grow as they come. */
struct numbers {
    double *value;
    size_t count, room;
};

static int append(bram_ctx *cx, struct numbers *n, double value)
{
    if (n->count == n->room) {
        size_t room = n->room ? 2 * n->room : 256;
        double *more = bram_realloc(cx, n->value, room, sizeof *more);
        if (!more) return BRAM_ENOMEM;
        n->value = more;
        n->room = room;
    }
    n->value[n->count++] = value;
    return BRAM_OK;
}

/* Takes the word at text[0 .. length): BRAM_EFORMAT when it is no number. */
static int take(bram_ctx *cx, struct numbers *n, const char *text, size_t length)
{
    char word[WORD];
    double value = (double)NAN;
    size_t kept = length < WORD ? length : WORD - 1;
    memcpy(word, text, kept);
    word[kept] = 0;
    if (length >= WORD || !bram_number_parse(word, BRAM_NUMBER_NAN | BRAM_NUMBER_INFINITE, &value))
        return bram_fail(cx, BRAM_EFORMAT, "found \"%s\", expected a number", word);
    return append(cx, n, value);
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* The numbers of a line. */
static int take_line(bram_ctx *cx, struct numbers *n, const char *line, size_t length)
{
    static const char blanks[] = " \t\r";
    for (size_t at = 0; at < length;) {
        size_t word = 0;
        while (at < length && strchr(blanks, line[at])) at++;
        while (at + word < length && !strchr(blanks, line[at + word])) word++;
        if (word) BRAM_TRY(take(cx, n, line + at, word));
        at += word;
    }
    return BRAM_OK;
}

static int read_lines(bram_ctx *cx, struct numbers *n, size_t *rows, size_t *cols, const char *text,
                      const char *path)
{
    for (size_t number = 1; *text; number++) {
        size_t length = strcspn(text, "\n"), before = n->count;
        int status = text[0] == '#' ? BRAM_OK : take_line(cx, n, text, length);
        if (status != BRAM_OK) return bram_fail_prefix(cx, status, "%s: line %zu", path, number);
        size_t found = n->count - before;
        if (found && *rows == 0) *cols = found;
        if (found && found != *cols)
            return bram_fail(cx, BRAM_EFORMAT, "%s: line %zu: found %zu numbers, expected %zu",
                             path, number, found, *cols);
        *rows += found > 0;
        text += length + (text[length] == '\n');
    }
    return *rows ? BRAM_OK
                 : bram_fail(cx, BRAM_EFORMAT, "%s: found no number, expected lines of them", path);
}

/* The text of a file; one that has a zero byte is no text. */
static int read_text(bram_ctx *cx, char **out, const char *path)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    BRAM_TRY(bram_gz_read_file(cx, &bytes, &size, path, 0));
    const unsigned char *zero = memchr(bytes, 0, size);
    if (zero) {
        int status = bram_fail(cx, BRAM_EFORMAT, "%s: found a zero byte at %zu, expected text",
                               path, (size_t)(zero - bytes));
        bram_free(bytes);
        return status;
    }
    *out = (char *)bytes;
    return BRAM_OK;
}

int bram_text_matrix(bram_ctx *cx, double **values, size_t *rows, size_t *cols, const char *path)
{
    struct numbers n = {.count = 0};
    size_t found = 0, width = 0;
    char *text = NULL;
    BRAM_TRY(read_text(cx, &text, path));
    int status = read_lines(cx, &n, &found, &width, text, path);
    bram_free(text);
    if (status != BRAM_OK) {
        bram_free(n.value);
        return status;
    }
    *values = n.value;
    *rows = found;
    *cols = width;
    return BRAM_OK;
}

int bram_text_lines_read(bram_ctx *cx, bram_text_lines *out, const char *path)
{
    char *text = NULL;
    BRAM_TRY(read_text(cx, &text, path));
    size_t count = 0, length = strlen(text);
    for (const char *at = text; *at; at++) count += *at == '\n' || !at[1];
    char **line = bram_alloc(cx, 1, count * sizeof *line + length + 1);
    if (!line) {
        bram_free(text);
        return BRAM_ENOMEM;
    }
    char *to = memcpy((char *)(line + count), text, length + 1);
    bram_free(text);
    for (size_t i = 0; i < count; i++) {
        char *end = to + strcspn(to, "\n"), *next = end + (*end == '\n');
        while (to < end && strchr(" \t\r", *to)) to++;
        while (end > to && strchr(" \t\r", end[-1])) end--;
        line[i] = to;
        *end = 0;
        to = next;
    }
    *out = (bram_text_lines){line, count};
    return BRAM_OK;
}

/* ---- lists ---------------------------------------------------------------------------------- */

static int take_list(bram_ctx *cx, struct numbers *n, const char *text)
{
    static const char between[] = " \t\r\n,";
    text += strspn(text, between);
    if (*text != '[')
        return bram_fail(cx, BRAM_EFORMAT, "found \"%.20s\", expected numbers in brackets", text);
    for (text++, text += strspn(text, between); *text && *text != ']';
         text += strspn(text, between)) {
        size_t word = strcspn(text, " \t\r\n,]");
        if (strncmp(text, "...", 3) == 0)
            return bram_fail(cx, BRAM_EFORMAT,
                             "found \"...\" after %zu numbers: the array was abbreviated when it "
                             "was written, its values are not in the file",
                             n->count);
        BRAM_TRY(take(cx, n, text, word));
        text += word;
    }
    return *text ? BRAM_OK
                 : bram_fail(cx, BRAM_EFORMAT, "found no \"]\" after %zu numbers", n->count);
}

int bram_text_list(bram_ctx *cx, double **values, size_t *count, const char *text)
{
    struct numbers n = {.count = 0};
    int status = take_list(cx, &n, text);
    if (status != BRAM_OK) {
        bram_free(n.value);
        return status;
    }
    *values = n.value;
    *count = n.count;
    return BRAM_OK;
}
