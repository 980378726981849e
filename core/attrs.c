/*
 * attrs.c - attributes: an ordered list of name = value with text, number or integer values.
 *
 * Lists are short (tens of entries), so names are looked for one after the other.
 */
#include "attrs.h"

#include "names.h"

#include <string.h>

struct attr {
    char *name;
    bram_column_type type;
    char *text;
    double number;
    int64_t integer;
};

struct bram_attrs {
    struct attr *list;
    size_t count, room;
};

bram_attrs *bram_attrs_new(bram_ctx *cx)
{
    return bram_alloc(cx, 1, sizeof(bram_attrs));
}

static void release(struct attr *a)
{
    bram_free(a->name);
    bram_free(a->text);
}

void bram_attrs_free(bram_attrs *attrs)
{
    if (!attrs) return;
    for (size_t i = 0; i < attrs->count; i++) release(&attrs->list[i]);
    bram_free(attrs->list);
    bram_free(attrs);
}

static struct attr *find(const bram_attrs *attrs, const char *name)
{
    for (size_t i = 0; i < attrs->count; i++)
        if (strcmp(attrs->list[i].name, name) == 0) return &attrs->list[i];
    return NULL;
}

/* Puts a value in, in place of an older one of that name; takes value.text over, also on failure.
 */
static int put(bram_ctx *cx, bram_attrs *attrs, const char *name, struct attr value)
{
    int status = BRAM_ENOMEM;
    if (!bram_name_is_step(name, strlen(name))) {
        status = bram_fail(cx, BRAM_EUSAGE, "\"%s\" cannot be the name of an attribute", name);
        goto failed;
    }
    struct attr *old = find(attrs, name);
    if (old) {
        bram_free(old->text);
        value.name = old->name;
        *old = value;
        return BRAM_OK;
    }
    if (attrs->count == attrs->room) {
        size_t room = attrs->room ? 2 * attrs->room : 8;
        struct attr *list = bram_realloc(cx, attrs->list, room, sizeof *list);
        if (!list) goto failed;
        attrs->list = list;
        attrs->room = room;
    }
    if (!(value.name = bram_strdup(cx, name))) goto failed;
    attrs->list[attrs->count++] = value;
    return BRAM_OK;
failed:
    bram_free(value.text);
    return status;
}

int bram_attrs_set_text(bram_ctx *cx, bram_attrs *attrs, const char *name, const char *value)
{
    char *text = bram_strdup(cx, value);
    if (!text) return BRAM_ENOMEM;
    return put(cx, attrs, name, (struct attr){.type = BRAM_TEXT, .text = text});
}

int bram_attrs_set_number(bram_ctx *cx, bram_attrs *attrs, const char *name, double value)
{
    return put(cx, attrs, name, (struct attr){.type = BRAM_NUMBER, .number = value});
}

int bram_attrs_set_integer(bram_ctx *cx, bram_attrs *attrs, const char *name, int64_t value)
{
    return put(cx, attrs, name, (struct attr){.type = BRAM_INTEGER, .integer = value});
}

int bram_attrs_copy(bram_ctx *cx, bram_attrs *attrs, const bram_attrs *from)
{
    for (size_t i = 0; from != attrs && i < from->count; i++) {
        const struct attr *a = &from->list[i];
        if (a->type == BRAM_TEXT) BRAM_TRY(bram_attrs_set_text(cx, attrs, a->name, a->text));
        else
            BRAM_TRY(
                put(cx, attrs, a->name,
                    (struct attr){.type = a->type, .number = a->number, .integer = a->integer}));
    }
    return BRAM_OK;
}

size_t bram_attrs_count(const bram_attrs *attrs)
{
    return attrs->count;
}

const char *bram_attrs_name_at(const bram_attrs *attrs, size_t i)
{
    return attrs->list[i].name;
}

bram_column_type bram_attrs_type_at(const bram_attrs *attrs, size_t i)
{
    return attrs->list[i].type;
}

const char *bram_attrs_text(const bram_attrs *attrs, const char *name)
{
    const struct attr *a = find(attrs, name);
    return a && a->type == BRAM_TEXT ? a->text : NULL;
}

double bram_attrs_number(const bram_attrs *attrs, const char *name, double fallback)
{
    const struct attr *a = find(attrs, name);
    return a && a->type == BRAM_NUMBER ? a->number : fallback;
}

int64_t bram_attrs_integer(const bram_attrs *attrs, const char *name, int64_t fallback)
{
    const struct attr *a = find(attrs, name);
    return a && a->type == BRAM_INTEGER ? a->integer : fallback;
}
