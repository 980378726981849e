/*
 * token_map.c - features that are maps; see token_map.h.
 */
#include "token_map.h"

#include <string.h>

/* An axis "feature" with these columns. */
static int make_axis(bram_ctx *cx, bram_axis **out, const int64_t *row, const int64_t *column,
                     const int64_t *channel, size_t n)
{
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "feature", n));
    int status = bram_axis_add_integer(cx, axis, "row", row);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, axis, "column", column);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, axis, "channel", channel);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* Tokens at these rows and columns. */
static int make_tokens(bram_ctx *cx, bram_axis **out, const int64_t *row, const int64_t *column,
                       size_t tokens, size_t channels, bool first)
{
    size_t n, mark = bram_scratch_mark(cx);
    if (__builtin_mul_overflow(tokens, channels, &n))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu tokens of %zu channels", tokens,
                         channels);
    int64_t *at = bram_scratch(cx, n, 3 * sizeof *at);
    if (!at) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        size_t token = first ? i % tokens : i / channels;
        at[i] = row[token];
        at[n + i] = column[token];
        at[2 * n + i] = (int64_t)(first ? i / tokens : i % channels);
    }
    int status = make_axis(cx, out, at, at + n, at + 2 * n, n);
    bram_scratch_release(cx, mark);
    return status;
}

/* Rows and columns of tokens that lie row after row. */
static int64_t *raster(bram_ctx *cx, size_t tokens, size_t width)
{
    int64_t *at = bram_scratch(cx, tokens, 2 * sizeof *at);
    for (size_t i = 0; at && i < tokens; i++) {
        at[i] = (int64_t)(i / width);
        at[tokens + i] = (int64_t)(i % width);
    }
    return at;
}

/* Of a square, or all of them. */
static size_t width_of(size_t tokens)
{
    size_t side = 0;
    while (side * side < tokens) side++;
    return side * side == tokens ? side : tokens;
}

static const int64_t *integers(const bram_axis *axis, const char *name)
{
    const bram_column *c = axis ? bram_axis_column(axis, name) : NULL;
    return c && c->type == BRAM_INTEGER ? c->integer : NULL;
}

int bram_token_axis_of(bram_ctx *cx, bram_axis **out, size_t dims, const size_t *length, bool first,
                       const bram_axis *token)
{
    size_t at_tokens = first ? 2 : 1, channels = length[first ? 1 : dims - 1];
    size_t width = dims == 4 ? length[at_tokens + 1] : width_of(length[at_tokens]);
    size_t tokens = dims == 4 ? length[at_tokens] * width : length[at_tokens];
    size_t mark = bram_scratch_mark(cx);
    const int64_t *row = integers(token, "row"), *column = integers(token, "column");
    bool known = dims == 3 && row && column;
    int64_t *at = known ? NULL : raster(cx, tokens, width);
    if (!known && !at) return BRAM_ENOMEM;
    if (at) row = at, column = at + tokens;
    int status = make_tokens(cx, out, row, column, tokens, channels, first);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- what an axis says ---------------------------------------------------------------------- */

static int64_t most_of(const int64_t *value, size_t n)
{
    int64_t most = -1;
    for (size_t i = 0; i < n; i++) {
        if (value[i] < 0) return -1;
        if (value[i] > most) most = value[i];
    }
    return most;
}

/* Whether each of n places is there once. */
static bool is_permutation(const size_t *place, uint8_t *seen, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (place[i] >= n || seen[place[i]]) return false;
        seen[place[i]] = 1;
    }
    return true;
}

static int find_columns(bram_ctx *cx, bram_token_map *out, size_t *place, const bram_axis *feature,
                        const int64_t *const at[3])
{
    size_t n = bram_axis_length(feature), length[3], all, mark = bram_scratch_mark(cx);
    for (size_t k = 0; k < 3; k++) length[k] = (size_t)(most_of(at[k], n) + 1);
    uint8_t *seen = bram_scratch(cx, n, 1);
    if (!seen) return BRAM_ENOMEM;
    bool whole = !__builtin_mul_overflow(length[0], length[1], &all) &&
                 !__builtin_mul_overflow(all, length[2], &all) && all == n;
    for (size_t i = 0; i < n && whole; i++)
        place[i] = ((size_t)at[0][i] * length[1] + (size_t)at[1][i]) * length[2] + (size_t)at[2][i];
    if (whole) whole = is_permutation(place, seen, n);
    bram_scratch_release(cx, mark);
    if (!whole)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%zu features name %zu rows, %zu columns and %zu channels: expected each "
                         "place of the map once",
                         n, length[0], length[1], length[2]);
    *out = (bram_token_map){length[0], length[1], length[2]};
    return BRAM_OK;
}

int bram_token_map_find(bram_ctx *cx, bram_token_map *out, size_t *place, const bram_axis *feature,
                        const bram_token_map *given)
{
    const int64_t *const at[3] = {integers(feature, "row"), integers(feature, "column"),
                                  integers(feature, "channel")};
    size_t n = bram_axis_length(feature), positions = given->height * given->width;
    if (at[0] && at[1] && at[2] && n) return find_columns(cx, out, place, feature, at);
    if (!given->height || !given->width)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "the %zu features are no map: expected stimulus x row x column x channel, "
                         "or height and width named",
                         n);
    if (!n || n % positions)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%zu features are no map of %zu x %zu positions",
                         n, given->height, given->width);
    for (size_t i = 0; i < n; i++) place[i] = i;
    *out = (bram_token_map){given->height, given->width, n / positions};
    return BRAM_OK;
}
