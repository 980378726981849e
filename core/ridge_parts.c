/*
 * ridge_parts.c - which rows the folds of a search use, and which of them are always in the same
 * folds; see ridge_private.h.
 */
#include "ridge_private.h"

#include <string.h>

/* ---- which rows ----------------------------------------------------------------------------- */

int bram_ridge_check_folds(bram_ctx *cx, const bram_fold *folds, size_t n, size_t rows)
{
    if (!n) return bram_fail(cx, BRAM_ESHAPE, "cross-validation without folds");
    for (size_t f = 0; f < n; f++) {
        if (!folds[f].trains || !folds[f].tests)
            return bram_fail(cx, BRAM_ESHAPE, "fold %zu has %zu training and %zu test rows", f,
                             folds[f].trains, folds[f].tests);
        for (size_t i = 0; i < folds[f].trains + folds[f].tests; i++) {
            size_t at = i < folds[f].trains ? folds[f].train[i]
                                            : folds[f].test[i - folds[f].trains];
            if (at >= rows)
                return bram_fail(cx, BRAM_ESHAPE, "fold %zu names row %zu of %zu", f, at, rows);
        }
    }
    return BRAM_OK;
}

static const size_t *renumbered(bram_ctx *cx, const size_t *row, size_t n, const size_t *number)
{
    size_t *out = bram_scratch(cx, n, sizeof *out);
    for (size_t i = 0; out && i < n; i++) out[i] = number[row[i]];
    return out;
}

int bram_ridge_rows_of(bram_ctx *cx, bram_ridge_rows *out, const bram_ridge_search *s, size_t rows)
{
    size_t *number = bram_scratch(cx, rows, sizeof *number);
    out->row = number ? bram_scratch(cx, rows, sizeof *out->row) : NULL;
    out->fold = out->row ? bram_scratch(cx, s->folds, sizeof *out->fold) : NULL;
    if (!out->fold) return BRAM_ENOMEM;
    out->folds = s->folds;
    for (size_t f = 0; f < s->folds; f++) {
        for (size_t i = 0; i < s->fold[f].trains; i++) number[s->fold[f].train[i]] = 1;
        for (size_t i = 0; i < s->fold[f].tests; i++) number[s->fold[f].test[i]] = 1;
    }
    for (size_t i = 0; i < rows; i++)
        if (number[i]) {
            out->row[out->n] = i;
            number[i] = out->n++;
        }
    for (size_t f = 0; f < s->folds; f++) {
        bram_fold *to = &out->fold[f];
        *to = s->fold[f];
        to->train = renumbered(cx, s->fold[f].train, to->trains, number);
        to->test = to->train ? renumbered(cx, s->fold[f].test, to->tests, number) : NULL;
        if (!to->test) return BRAM_ENOMEM;
    }
    return BRAM_OK;
}

/* ---- parts ---------------------------------------------------------------------------------- */

static void each_fold(bram_ridge_parts *out, const bram_ridge_rows *rows)
{
    for (size_t f = 0; f < rows->folds; f++) {
        const bram_fold *fold = &rows->fold[f];
        out->row[2 * f] = (size_t *)(uintptr_t)fold->train, out->rows[2 * f] = fold->trains;
        out->row[2 * f + 1] = (size_t *)(uintptr_t)fold->test, out->rows[2 * f + 1] = fold->tests;
        out->train[f][0] = 2 * f, out->trains[f] = 1;
        out->test[f][0] = 2 * f + 1, out->tests[f] = 1;
    }
    out->count = 2 * rows->folds;
}

/* The part of each row: rows whose roles in all folds are equal; SIZE_MAX where there are more than
 * `most` parts, or a row is in a fold twice. role is rows x folds. */
static size_t number_parts(size_t *part, const uint8_t *role, size_t rows, size_t folds,
                           size_t most, size_t *like)
{
    size_t count = 0;
    for (size_t i = 0; i < rows; i++) {
        size_t p = 0;
        while (p < count && memcmp(role + i * folds, role + like[p] * folds, folds) != 0) p++;
        if (p == most) return SIZE_MAX;
        if (p == count) like[count++] = i;
        part[i] = p;
    }
    return count;
}

static bool mark_roles(uint8_t *role, const bram_ridge_rows *rows)
{
    for (size_t f = 0; f < rows->folds; f++)
        for (size_t i = 0; i < rows->fold[f].trains + rows->fold[f].tests; i++) {
            bool train = i < rows->fold[f].trains;
            size_t row = train ? rows->fold[f].train[i]
                               : rows->fold[f].test[i - rows->fold[f].trains];
            uint8_t *at = &role[row * rows->folds + f];
            if (*at) return false;
            *at = train ? 1 : 2;
        }
    return true;
}

static int take_lists(bram_ctx *cx, bram_ridge_parts *out, size_t folds, size_t most)
{
    out->row = bram_scratch(cx, most, sizeof *out->row);
    out->rows = bram_scratch(cx, most, sizeof *out->rows);
    out->train = bram_scratch(cx, folds, sizeof *out->train);
    out->test = bram_scratch(cx, folds, sizeof *out->test);
    out->trains = bram_scratch(cx, folds, sizeof *out->trains);
    out->tests = bram_scratch(cx, folds, sizeof *out->tests);
    if (!out->row || !out->rows || !out->train || !out->test || !out->trains || !out->tests)
        return BRAM_ENOMEM;
    for (size_t f = 0; f < folds; f++) {
        out->train[f] = bram_scratch(cx, most, sizeof *out->train[f]);
        out->test[f] = out->train[f] ? bram_scratch(cx, most, sizeof *out->test[f]) : NULL;
        if (!out->test[f]) return BRAM_ENOMEM;
    }
    return BRAM_OK;
}

int bram_ridge_parts_of(bram_ctx *cx, bram_ridge_parts *out, const bram_ridge_rows *rows)
{
    size_t folds = rows->folds, most = 2 * folds, n = rows->n;
    uint8_t *role = bram_scratch(cx, n * folds, 1);
    size_t *part = role ? bram_scratch(cx, n, sizeof *part) : NULL;
    size_t *like = part ? bram_scratch(cx, most, sizeof *like) : NULL;
    if (!like) return BRAM_ENOMEM;
    BRAM_TRY(take_lists(cx, out, folds, most));
    size_t count = mark_roles(role, rows) ? number_parts(part, role, n, folds, most, like)
                                          : SIZE_MAX;
    if (count == SIZE_MAX) {
        each_fold(out, rows);
        return BRAM_OK;
    }
    out->count = count;
    for (size_t p = 0; p < count; p++) {
        if (!(out->row[p] = bram_scratch(cx, n, sizeof *out->row[p]))) return BRAM_ENOMEM;
        for (size_t i = 0; i < n; i++)
            if (part[i] == p) out->row[p][out->rows[p]++] = i;
        for (size_t f = 0; f < folds; f++) {
            uint8_t is = role[like[p] * folds + f];
            if (is == 1) out->train[f][out->trains[f]++] = p;
            if (is == 2) out->test[f][out->tests[f]++] = p;
        }
    }
    return BRAM_OK;
}
