/*
 * row_labels.c - labels of rows as codes; see row_labels.h.
 */
#include "row_labels.h"

#include "text_index.h"

#include <string.h>

int bram_cli_labels_code(bram_ctx *cx, bram_cli_labels *l)
{
    bram_text_index index = {0};
    const char *const *text = (const char *const *)l->text;
    uint32_t *code = bram_alloc(cx, l->rows, sizeof *code);
    char **name = bram_alloc(cx, l->rows, sizeof *name);
    size_t *code_at = bram_scratch(cx, l->rows, sizeof *code_at), names = 0;
    int status = code && name && code_at ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_text_index_reserve(cx, &index, text, l->rows);
    for (size_t i = 0; status == BRAM_OK && i < l->rows; i++) {
        if (!*text[i])
            status = bram_fail(cx, BRAM_EFORMAT, "%s: row %zu has no label", l->spec, i + 1);
        else {
            size_t first = bram_text_index_add(&index, text, i);
            if (first == i) name[names] = l->text[i], code_at[i] = names++;
            code[i] = (uint32_t)code_at[first];
        }
    }
    bram_text_index_release(&index);
    if (status != BRAM_OK) {
        bram_free(code);
        bram_free(name);
        return status;
    }
    l->code = code, l->name = name, l->names = names;
    return BRAM_OK;
}

void bram_cli_labels_release(bram_cli_labels *l)
{
    bram_free(l->text);
    bram_free(l->code);
    bram_free(l->name);
    *l = (bram_cli_labels){.spec = l->spec, .role = l->role, .set_aside = l->set_aside};
}

ptrdiff_t bram_cli_labels_find(const bram_cli_labels *l, const char *name)
{
    for (size_t k = 0; k < l->names; k++)
        if (!strcmp(l->name[k], name)) return (ptrdiff_t)k;
    return -1;
}
