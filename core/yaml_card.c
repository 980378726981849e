/*
 * yaml_card.c - what a card may say, whoever wrote it: programs print its texts and pages show
 * them, so that no control character may stand in them.
 */
#include "names.h"
#include "yaml.h"

#include <string.h>

/* lines: whether it may have several */
static int check_card_text(bram_ctx *cx, const char *name, const char *key, const char *text,
                           bool lines)
{
    bool blank = true;
    for (const char *at = text; *at;) {
        size_t n = lines ? strcspn(at, "\n") : strlen(at);
        if (!bram_name_is_line(at, n))
            return bram_fail(cx, BRAM_EFORMAT, "%s: %s holds a control character, expected %stext",
                             name, key, lines ? "" : "one line of ");
        blank = blank && strspn(at, " ") >= n;
        at += n + (at[n] == '\n');
    }
    return blank ? bram_fail(cx, BRAM_EFORMAT, "%s: %s is blank, expected text", name, key)
                 : BRAM_OK;
}

int bram_yaml_card_check(bram_ctx *cx, const bram_yaml_card *card, const char *name)
{
    const struct {
        const char *key, *text;
        bool lines;
    } text[] = {{"name", card->name, false},
                {"licence", card->licence, false},
                {"training_data", card->training_data, true},
                {"link", card->link, false},
                {"description", card->description, true},
                {"citation", card->citation, true}};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        if (text[i].text && *text[i].text) /* the schema has those that are needed */
            BRAM_TRY(check_card_text(cx, name, text[i].key, text[i].text, text[i].lines));
    for (size_t i = 0; i < card->author_count; i++)
        BRAM_TRY(check_card_text(cx, name, "authors", card->authors[i], false));
    if (strncmp(card->link, "https://", 8) == 0 || strncmp(card->link, "http://", 7) == 0)
        return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT, "%s: link is \"%s\", expected http:// or https://", name,
                     card->link);
}
