/*
 * text_matrix.h - numbers in lines of text, separated by blanks, as numpy.savetxt writes them.
 */
#ifndef BRAMBLE_LOADERS_TEXT_MATRIX_H
#define BRAMBLE_LOADERS_TEXT_MATRIX_H

#include <bramble/context.h>

/**
 * Reads a file (gzip as well) of lines with the same number of numbers each; "nan" is NaN. Empty
 * lines and those that begin with # are skipped.
 *
 * @param values  rows x cols; the caller frees them
 * @return BRAM_OK; BRAM_EREAD; BRAM_EFORMAT: no number, a word that is none, a line of another
 *         length (file, line, found, expected); BRAM_ENOMEM
 */
int bram_text_matrix(bram_ctx *cx, double **values, size_t *rows, size_t *cols,
                     const char *path) BRAM_MUST_CHECK;

/** Lines of text without their ends, blanks at both ends cut off; the last needs no line end. */
typedef struct bram_text_lines {
    char **line; /* count texts in one block; the caller frees it */
    size_t count;
} bram_text_lines;

/** Reads all lines of a file, empty ones as well. @return also BRAM_EFORMAT for a zero byte */
int bram_text_lines_read(bram_ctx *cx, bram_text_lines *out, const char *path) BRAM_MUST_CHECK;

/**
 * Reads numbers in one text in brackets, separated by blanks, commas or line ends: "[0.1 0.2 0.3]",
 * "[0.1, nan]".
 *
 * @return BRAM_EFORMAT: no brackets, a word that is no number, or "..." in place of numbers that
 *         were left out when the text was written; the message does not name the place
 */
int bram_text_list(bram_ctx *cx, double **values, size_t *count, const char *text) BRAM_MUST_CHECK;

#endif
