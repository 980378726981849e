/*
 * axis.c - labelled axes: ids with an index for finding them, coordinates, typed columns.
 *
 * An axis is shared by counting. The count is atomic, so that tasks on several threads may take and
 * give back shares of one axis; everything else of an axis is fixed once it is shared.
 */
#include <bramble/axis.h>

#include "internal.h"
#include "names.h"
#include "text_index.h"

#include <stdatomic.h>
#include <string.h>

struct bram_axis {
    atomic_size_t shares;
    char *name;
    size_t length;
    char **ids; /* NULL without ids; one block of memory: pointers, then the text they point at */
    bram_text_index index;
    double *values; /* NULL without coordinates */
    char *unit;
    bram_column *columns;
    size_t count, room;
};

int bram_axis_new(bram_ctx *cx, bram_axis **out, const char *name, size_t n)
{
    if (!bram_name_is_identifier(name))
        return bram_fail(cx, BRAM_EUSAGE,
                         "\"%s\" cannot be the name of an axis; expected small "
                         "letters, digits and _, a letter first",
                         name ? name : "");
    bram_axis *axis = bram_alloc(cx, 1, sizeof *axis);
    if (!axis) return BRAM_ENOMEM;
    if (!(axis->name = bram_strdup(cx, name))) {
        bram_free(axis);
        return BRAM_ENOMEM;
    }
    atomic_init(&axis->shares, 1);
    axis->length = n;
    *out = axis;
    return BRAM_OK;
}

bram_axis *bram_axis_ref(const bram_axis *axis)
{
    bram_axis *shared = (bram_axis *)(uintptr_t)axis; /* the count is not part of what is const */
    atomic_fetch_add_explicit(&shared->shares, 1, memory_order_relaxed);
    return shared;
}

static void release_column(bram_column *c)
{
    bram_free((void *)(uintptr_t)c->name);
    bram_free((void *)(uintptr_t)c->unit);
    bram_free((void *)(uintptr_t)c->text);
    bram_free((void *)(uintptr_t)c->number);
    bram_free((void *)(uintptr_t)c->integer);
}

void bram_axis_free(bram_axis *axis)
{
    if (!axis || atomic_fetch_sub_explicit(&axis->shares, 1, memory_order_acq_rel) != 1) return;
    for (size_t i = 0; i < axis->count; i++) release_column(&axis->columns[i]);
    bram_text_index_release(&axis->index);
    bram_free(axis->columns);
    bram_free(axis->ids);
    bram_free(axis->values);
    bram_free(axis->unit);
    bram_free(axis->name);
    bram_free(axis);
}

const char *bram_axis_name(const bram_axis *axis)
{
    return axis->name;
}

size_t bram_axis_length(const bram_axis *axis)
{
    return axis->length;
}

/* A shared axis must not change under those who share it. */
static int check_unshared(bram_ctx *cx, const bram_axis *axis)
{
    if (atomic_load(&axis->shares) == 1) return BRAM_OK;
    return bram_fail(cx, BRAM_EUSAGE, "axis %s is in use and cannot be changed", axis->name);
}

/* Copies strings into one block, NULL as ""; index picks some of them (NULL: all in order). */
static char **copy_text(bram_ctx *cx, const char *const *text, const size_t *index, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        const char *s = text[index ? index[i] : i];
        bytes += (s ? strlen(s) : 0) + 1;
    }
    if (bram_overflows(n, sizeof(char *)) || bytes > SIZE_MAX - n * sizeof(char *)) {
        bram_fail(cx, BRAM_ENOMEM, "no memory for %zu strings", n);
        return NULL;
    }
    char **copy = bram_alloc(cx, n * sizeof *copy + bytes, 1);
    char *to = copy ? (char *)(copy + n) : NULL;
    for (size_t i = 0; to && i < n; i++) {
        const char *s = text[index ? index[i] : i];
        size_t length = s ? strlen(s) : 0;
        copy[i] = to;
        if (length) memcpy(to, s, length); /* the end is zero already */
        to += length + 1;
    }
    return copy;
}

/* Copies numbers of 8 bytes, doubles or integers; index as in copy_text. */
static void *copy_words(bram_ctx *cx, const void *words, const size_t *index, size_t n)
{
    unsigned char *copy = bram_alloc(cx, n, 8);
    for (size_t i = 0; copy && i < n; i++)
        memcpy(copy + 8 * i, (const unsigned char *)words + 8 * (index ? index[i] : i), 8);
    return copy;
}

static int put_ids(bram_ctx *cx, bram_axis *axis, const char *const *ids, const size_t *pick)
{
    char **copy = copy_text(cx, ids, pick, axis->length);
    if (!copy) return BRAM_ENOMEM;
    const char *const *strings = (const char *const *)copy;
    bram_text_index index = {0};
    if (bram_text_index_reserve(cx, &index, strings, axis->length) != BRAM_OK) {
        bram_free(copy);
        return BRAM_ENOMEM;
    }
    for (size_t i = 0; i < axis->length; i++)
        if (*copy[i]) (void)bram_text_index_add(&index, strings, i);
    bram_free(axis->ids);
    bram_text_index_release(&axis->index);
    axis->ids = copy;
    axis->index = index;
    return BRAM_OK;
}

int bram_axis_set_ids(bram_ctx *cx, bram_axis *axis, const char *const *ids)
{
    BRAM_TRY(check_unshared(cx, axis));
    return put_ids(cx, axis, ids, NULL);
}

static int put_values(bram_ctx *cx, bram_axis *axis, const double *values, const char *unit,
                      const size_t *pick)
{
    char *unit_copy = bram_strdup(cx, unit ? unit : "");
    double *copy = unit_copy ? copy_words(cx, values, pick, axis->length) : NULL;
    if (!copy) {
        bram_free(unit_copy);
        return BRAM_ENOMEM;
    }
    bram_free(axis->values);
    bram_free(axis->unit);
    axis->values = copy;
    axis->unit = unit_copy;
    return BRAM_OK;
}

int bram_axis_set_values(bram_ctx *cx, bram_axis *axis, const double *values, const char *unit)
{
    BRAM_TRY(check_unshared(cx, axis));
    return put_values(cx, axis, values, unit, NULL);
}

const char *bram_axis_id(const bram_axis *axis, size_t i)
{
    return axis->ids ? axis->ids[i] : "";
}

bool bram_axis_has_ids(const bram_axis *axis)
{
    return axis->ids;
}

const double *bram_axis_values(const bram_axis *axis)
{
    return axis->values;
}

const char *bram_axis_unit(const bram_axis *axis)
{
    return axis->unit ? axis->unit : "";
}

ptrdiff_t bram_axis_find(const bram_axis *axis, const char *id)
{
    return bram_text_index_find(&axis->index, (const char *const *)axis->ids, id);
}

static bram_column *find_column(const bram_axis *axis, const char *name)
{
    for (size_t i = 0; i < axis->count; i++)
        if (strcmp(axis->columns[i].name, name) == 0) return &axis->columns[i];
    return NULL;
}

/*
 * Adds a column made of copies of what `from` points at (its name, unit and the one array), or
 * replaces the one of that name.
 */
static int put_column(bram_ctx *cx, bram_axis *axis, bram_column from, const size_t *pick)
{
    if (!bram_name_is_step(from.name, strlen(from.name)))
        return bram_fail(cx, BRAM_EUSAGE, "\"%s\" cannot be the name of a column of axis %s",
                         from.name, axis->name);
    bram_column *old = find_column(axis, from.name);
    if (!old && axis->count == axis->room) {
        size_t room = axis->room ? 2 * axis->room : 8;
        bram_column *grown = bram_realloc(cx, axis->columns, room, sizeof *grown);
        if (!grown) return BRAM_ENOMEM;
        axis->columns = grown;
        axis->room = room;
    }
    bram_column made = {.type = from.type};
    made.name = bram_strdup(cx, from.name);
    made.unit = made.name ? bram_strdup(cx, from.unit ? from.unit : "") : NULL;
    if (made.unit && from.type == BRAM_TEXT)
        made.text = (const char *const *)copy_text(cx, from.text, pick, axis->length);
    else if (made.unit && from.type == BRAM_NUMBER)
        made.number = copy_words(cx, from.number, pick, axis->length);
    else if (made.unit) made.integer = copy_words(cx, from.integer, pick, axis->length);
    if (!made.text && !made.number && !made.integer) {
        release_column(&made);
        return BRAM_ENOMEM;
    }
    if (old) {
        release_column(old);
        *old = made;
    } else axis->columns[axis->count++] = made;
    return BRAM_OK;
}

int bram_axis_add_text(bram_ctx *cx, bram_axis *axis, const char *name, const char *const *values)
{
    BRAM_TRY(check_unshared(cx, axis));
    return put_column(cx, axis, (bram_column){name, "", BRAM_TEXT, .text = values}, NULL);
}

int bram_axis_add_number(bram_ctx *cx, bram_axis *axis, const char *name, const double *values,
                         const char *unit)
{
    BRAM_TRY(check_unshared(cx, axis));
    return put_column(cx, axis, (bram_column){name, unit, BRAM_NUMBER, .number = values}, NULL);
}

int bram_axis_add_integer(bram_ctx *cx, bram_axis *axis, const char *name, const int64_t *values)
{
    BRAM_TRY(check_unshared(cx, axis));
    return put_column(cx, axis, (bram_column){name, "", BRAM_INTEGER, .integer = values}, NULL);
}

size_t bram_axis_columns(const bram_axis *axis)
{
    return axis->count;
}

const bram_column *bram_axis_column_at(const bram_axis *axis, size_t i)
{
    return &axis->columns[i];
}

const bram_column *bram_axis_column(const bram_axis *axis, const char *name)
{
    return find_column(axis, name);
}

int bram_axis_take(bram_ctx *cx, bram_axis **out, const bram_axis *axis, const size_t *index,
                   size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (index[i] >= axis->length)
            return bram_fail(cx, BRAM_ESHAPE, "row %zu is not in axis %s, which has %zu rows",
                             index[i], axis->name, axis->length);
    bram_axis *part;
    BRAM_TRY(bram_axis_new(cx, &part, axis->name, count));
    int status = BRAM_OK;
    if (axis->ids) status = put_ids(cx, part, (const char *const *)axis->ids, index);
    if (axis->values && status == BRAM_OK)
        status = put_values(cx, part, axis->values, axis->unit, index);
    for (size_t i = 0; i < axis->count && status == BRAM_OK; i++)
        status = put_column(cx, part, axis->columns[i], index);
    if (status == BRAM_OK) *out = part;
    else bram_axis_free(part);
    return status;
}

/* Numbers are equal when they compare so or are both missing. */
static bool same_numbers(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i] && !(a[i] != a[i] && b[i] != b[i])) return false;
    return true;
}

static bool same_text(const char *const *a, const char *const *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(a[i], b[i]) != 0) return false;
    return true;
}

static bool same_column(const bram_column *a, const bram_column *b, size_t n)
{
    if (a->type != b->type || strcmp(a->unit, b->unit) != 0) return false;
    if (a->type == BRAM_TEXT) return same_text(a->text, b->text, n);
    if (a->type == BRAM_NUMBER) return same_numbers(a->number, b->number, n);
    return n == 0 || memcmp(a->integer, b->integer, n * sizeof *a->integer) == 0;
}

bool bram_axis_equal(const bram_axis *a, const bram_axis *b)
{
    if (a == b) return true;
    if (strcmp(a->name, b->name) != 0 || a->length != b->length || a->count != b->count ||
        !a->ids != !b->ids || !a->values != !b->values ||
        strcmp(bram_axis_unit(a), bram_axis_unit(b)) != 0)
        return false;
    if (a->ids && !same_text((const char *const *)a->ids, (const char *const *)b->ids, a->length))
        return false;
    if (a->values && !same_numbers(a->values, b->values, a->length)) return false;
    for (size_t i = 0; i < a->count; i++) {
        const bram_column *other = find_column(b, a->columns[i].name);
        if (!other || !same_column(&a->columns[i], other, a->length)) return false;
    }
    return true;
}
