/*
 * licence.c - see licence.h. Conditions after the deeds of Creative Commons
 * (creativecommons.org/licenses) and the texts at opensource.org and opendatacommons.org.
 */
#include "licence.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { WORDS = 128 };

static const struct known {
    const char *name; /* capitals, words parted by a space, without the version */
    bram_licence licence;
} known[] = {
    {"CC0",
     {BRAM_LICENCE_ALLOWS, "no conditions", "https://creativecommons.org/publicdomain/zero/1.0/"}},
    {"CC BY",
     {BRAM_LICENCE_ALLOWS, "name the authors, say what was changed",
      "https://creativecommons.org/licenses/by/4.0/"}},
    {"CC BY SA",
     {BRAM_LICENCE_ALLOWS, "name the authors, say what was changed, pass on under the same licence",
      "https://creativecommons.org/licenses/by-sa/4.0/"}},
    {"CC BY NC",
     {BRAM_LICENCE_ALLOWS, "name the authors, say what was changed, no commercial use",
      "https://creativecommons.org/licenses/by-nc/4.0/"}},
    {"CC BY NC SA",
     {BRAM_LICENCE_ALLOWS,
      "name the authors, say what was changed, no commercial use, pass on under the same licence",
      "https://creativecommons.org/licenses/by-nc-sa/4.0/"}},
    {"CC BY ND",
     {BRAM_LICENCE_FORBIDS, "what was made from it may not be passed on, and a homogenized file is",
      "https://creativecommons.org/licenses/by-nd/4.0/"}},
    {"CC BY NC ND",
     {BRAM_LICENCE_FORBIDS, "what was made from it may not be passed on, and a homogenized file is",
      "https://creativecommons.org/licenses/by-nc-nd/4.0/"}},
    {"PDDL",
     {BRAM_LICENCE_ALLOWS, "no conditions", "https://opendatacommons.org/licenses/pddl/1-0/"}},
    {"ODC BY",
     {BRAM_LICENCE_ALLOWS, "name the source", "https://opendatacommons.org/licenses/by/1-0/"}},
    {"MIT",
     {BRAM_LICENCE_ALLOWS, "keep the copyright notice", "https://opensource.org/license/mit"}},
    {"BSD",
     {BRAM_LICENCE_ALLOWS, "keep the copyright notice",
      "https://opensource.org/license/bsd-3-clause"}},
    {"APACHE",
     {BRAM_LICENCE_ALLOWS, "keep the notices, say what was changed",
      "https://www.apache.org/licenses/LICENSE-2.0"}},
    {"GPL",
     {BRAM_LICENCE_ALLOWS, "pass on under the same licence",
      "https://www.gnu.org/licenses/gpl-3.0.html"}},
};

/* Capitals, and one space for whatever is no letter, digit or point; no space at the ends. */
static void normalize(char out[WORDS], const char *text)
{
    size_t n = 0;
    for (; *text && n + 2 < WORDS; text++) {
        unsigned char c = (unsigned char)*text;
        if (isalnum(c) || c == '.' || c >= 0x80) out[n++] = (char)toupper(c);
        else if (n && out[n - 1] != ' ') out[n++] = ' ';
    }
    while (n && out[n - 1] == ' ') n--;
    out[n] = 0;
}

/* What may follow a licence's name: its version, and where it was found. */
static bool is_idle(const char *rest)
{
    static const char *const idle[] = {"INTERNATIONAL", "CLAUSE",     "ONLY", "OR",
                                       "LATER",         "REPOSITORY", "THE",  "REPOSITORIES",
                                       "LICENSE",       "LICENCE"};
    while (*rest) {
        size_t length = strcspn(rest, " ");
        bool fine = length == strspn(rest, "0123456789.");
        for (size_t i = 0; !fine && i < sizeof idle / sizeof *idle; i++)
            fine = length == strlen(idle[i]) && strncmp(rest, idle[i], length) == 0;
        if (!fine) return false;
        rest += length + (rest[length] == ' ');
    }
    return true;
}

bram_licence bram_licence_read(const char *text)
{
    static const char *const no[] = {"NOT TO BE PASSED ON", "BY AGREEMENT", "NO REDISTRIBUTION",
                                     "NOT BE REDISTRIBUTED", "ALL RIGHTS RESERVED"};
    char words[WORDS];
    normalize(words, text ? text : "");
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (strstr(words, no[i]))
            return (bram_licence){BRAM_LICENCE_FORBIDS, "it says that it may not be passed on",
                                  NULL};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t length = strlen(known[i].name);
        bool begins = strncmp(words, known[i].name, length) == 0;
        if (begins && !words[length]) return known[i].licence;
        if (begins && words[length] == ' ' && is_idle(words + length + 1)) return known[i].licence;
    }
    return (bram_licence){BRAM_LICENCE_UNKNOWN, "whether it may be passed on is not stated", NULL};
}
