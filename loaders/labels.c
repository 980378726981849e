/*
 * labels.c - the label parser and what the labels of a recording say together.
 *
 * The forms are those found in the published recordings: leading zeros in Zimmer-laboratory files,
 * "?" for an unknown side or dorsal/ventral in the NeuroPAL sheets (one or two of them), "-alt" for
 * second choices, AWCON and AWCOFF where the cell is known by function.
 */
#include "labels.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { TEXT = 32 };

const char *bram_certainty_name(bram_certainty certainty)
{
    static const char *const names[] = {"unlabeled",   "exact",     "side-ambiguous",
                                        "class-only",  "duplicate", "low-confidence",
                                        "not-a-neuron"};
    return names[certainty];
}

bool bram_label_is_certain(const bram_label *label)
{
    return label->certainty == BRAM_LABEL_EXACT;
}

/* ---- reading the text ----------------------------------------------------------------------- */

/* Bytes of blank at the start: white space, quotes, the byte order mark, the no-break space. */
static size_t blank(const char *at, size_t length)
{
    if (length && (isspace((unsigned char)*at) || *at == '"' || *at == '\'')) return 1;
    if (length >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0) return 3;
    if (length >= 2 && memcmp(at, "\xC2\xA0", 2) == 0) return 2;
    return 0;
}

/* Copies the label in upper case without what surrounds it. @return false: longer than any name */
static bool clean(char text[TEXT], const char *raw)
{
    size_t length = strlen(raw), skip;
    while ((skip = blank(raw, length))) raw += skip, length -= skip;
    for (bool more = true; more && length;) {
        more = blank(raw + length - 1, 1) || (length >= 2 && blank(raw + length - 2, 2) == 2);
        if (more) length -= blank(raw + length - 1, 1) ? 1 : 2;
    }
    if (length >= TEXT) return false;
    for (size_t i = 0; i < length; i++) text[i] = (char)toupper((unsigned char)raw[i]);
    text[length] = 0;
    return true;
}

static bool says_nothing(const char *text)
{
    static const char *const words[] = {"", "MERGE", "NONE", "NAN", "NULL", "UNKNOWN", "[]", "N/A"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0) return true;
    return text[strspn(text, "0123456789.-?_*")] == 0;
}

/* Takes a mark of doubt off the end: "-ALT", "-ALT1", "---", "/2". @return true when there was one
 */
static bool take_doubt(char *text)
{
    size_t length = strlen(text), bare = length;
    while (bare && isdigit((unsigned char)text[bare - 1])) bare--;
    if (bare > 4 &&
        (memcmp(text + bare - 4, "-ALT", 4) == 0 || memcmp(text + bare - 4, " ALT", 4) == 0)) {
        text[bare - 4] = 0;
        return true;
    }
    size_t keep = length;
    while (keep && (text[keep - 1] == '-' || text[keep - 1] == '*')) keep--;
    if (keep < length) {
        text[keep] = 0;
        return true;
    }
    char *slash = strchr(text, '/');
    if (slash && slash[1] && slash[1 + strspn(slash + 1, "0123456789")] == 0) {
        *slash = 0;
        return true;
    }
    return false;
}

/* VB02 to VB2: of a numbered class, digits only, at most two after the zeros. */
static void drop_leading_zeros(char *text)
{
    if (!bram_neuron_class_is_numbered(text, 2)) return;
    size_t zeros = strspn(text + 2, "0"), digits = strspn(text + 2, "0123456789");
    if (zeros && digits > zeros && digits - zeros <= 2 && text[2 + digits] == 0)
        memmove(text + 2, text + 2 + zeros, strlen(text + 2 + zeros) + 1);
}

/* AWCON, AWC^OFF, AWC(ON), AWC-OFF: the letters behind AWC spell ON or OFF. */
static bool is_awc_by_function(const char *text)
{
    if (strncmp(text, "AWC", 3) != 0) return false;
    char rest[TEXT];
    size_t length = 0;
    for (const char *at = text + 3; *at; at++)
        if (isalpha((unsigned char)*at)) rest[length++] = *at;
        else if (!strchr("^()_- ", *at)) return false;
    rest[length] = 0;
    return strcmp(rest, "ON") == 0 || strcmp(rest, "OFF") == 0;
}

/* ---- candidates ----------------------------------------------------------------------------- */

/* true when the letters of `known`, "?" left out, appear in this order in `place` */
static bool fits_place(const char *known, const char *place)
{
    for (; *known; known++) {
        if (*known == '?') continue;
        place = strchr(place, *known);
        if (!place) return false;
        place++;
    }
    return true;
}

static bool fits_pattern(const char *pattern, const char *name)
{
    for (; *pattern && *name; pattern++, name++)
        if (*pattern != '?' && *pattern != *name) return false;
    return *pattern == *name;
}

static void add_candidate(bram_label *label, size_t i)
{
    const char *class_name = bram_neuron_at(i)->class_name;
    if (label->candidates == 0) strcpy(label->class_name, class_name);
    else if (strcmp(label->class_name, class_name) != 0) label->class_name[0] = 0;
    if (label->candidates < BRAM_LABEL_CANDIDATES) label->candidate[label->candidates] = (short)i;
    label->candidates++;
}

/* A class stands at the start of the text and what follows tells part of a place: AVA, OLQL, SMDV.
 */
static void match_class(bram_label *label, const char *text)
{
    for (size_t length = 3; length >= 2 && !label->candidates; length--) {
        size_t first = 0, count;
        if (strlen(text) < length || strcspn(text, "?") < length) continue;
        if (bram_neuron_class_is_numbered(text, length) &&
            text[length + strspn(text + length, "?")])
            continue; /* a number is not told in parts */
        count = bram_neuron_class_members(text, length, &first);
        for (size_t i = first; i < first + count; i++)
            if (fits_place(text + length, bram_neuron_at(i)->name + length))
                add_candidate(label, i);
    }
}

/* @return the length of the class that the text consists of but for "?"s behind it, else 0 */
static size_t class_before_marks(const char *text)
{
    size_t length = strcspn(text, "?"), first;
    bool only_marks = text[length + strspn(text + length, "?")] == 0;
    return only_marks && bram_neuron_class_members(text, length, &first) ? length : 0;
}

static void match_names(bram_label *label, const char *pattern)
{
    for (size_t i = 0; i < BRAM_NEURONS; i++)
        if (fits_pattern(pattern, bram_neuron_at(i)->name)) add_candidate(label, i);
}

/*
 * A "?" stands for one character. But one behind a class says that the place is not known, and
 * places have one or two characters: RMD? may be RMDL or RMDVL. Where no name has the text's
 * length, the "?" stands for whatever is missing.
 */
static void match_pattern(bram_label *label, const char *text)
{
    size_t class_length = class_before_marks(text);
    bool any_place = class_length && (text[class_length + 1] == 0 ||
                                      bram_neuron_class_is_numbered(text, class_length));
    if (!any_place) match_names(label, text);
    if (!label->candidates) match_class(label, text);
}

/* Settles the certainty of a label that names no neuron, from its candidates. */
static void judge_candidates(bram_label *label, const char *text)
{
    if (label->candidates == 0) {
        label->reason = "no neuron has this name";
        return;
    }
    if (!label->class_name[0]) { /* several classes: nothing is known that could be used */
        if (label->candidates > BRAM_LABEL_CANDIDATES) label->candidates = 0;
        label->reason = "the class is not certain";
        return;
    }
    size_t length = strlen(label->class_name), first;
    size_t members = bram_neuron_class_members(label->class_name, length, &first);
    bool side_asked = members <= 2 && strchr(text, '?'); /* AVA? tells that the side is missing */
    label->certainty = label->candidates < members || side_asked ? BRAM_LABEL_SIDE_AMBIGUOUS
                                                                 : BRAM_LABEL_CLASS_ONLY;
    label->reason = label->certainty == BRAM_LABEL_CLASS_ONLY ? "only the class is told"
                                                              : "the place is told in part";
}

static void name_neuron(bram_label *label, int neuron)
{
    label->certainty = BRAM_LABEL_EXACT;
    label->neuron = neuron;
    strcpy(label->class_name, bram_neuron_at((size_t)neuron)->class_name);
}

/* A full name with "?" behind it (AVAL?) names the neuron with doubt; but VB1? may be VB10. */
static bool is_doubtful_name(bram_label *label, const char *text)
{
    char name[TEXT];
    size_t length = strcspn(text, "?");
    memcpy(name, text, length);
    name[length] = 0;
    int neuron = bram_neuron_find(name);
    if (neuron < 0 || !text[length] || text[length + strspn(text + length, "?")] != 0) return false;
    for (size_t i = 0; i < BRAM_NEURONS; i++)
        if (fits_pattern(text, bram_neuron_at(i)->name)) return false;
    name_neuron(label, neuron);
    return true;
}

static bool is_other_cell(const char *text)
{
    char known[TEXT];
    size_t length = 0;
    for (; *text; text++)
        if (*text != '?') known[length++] = *text;
    known[length] = 0;
    return bram_cell_recognize(known) != BRAM_CELL_UNKNOWN;
}

static void read_name(bram_label *label, char *text, bool *doubtful)
{
    drop_leading_zeros(text);
    int neuron = bram_neuron_find(text);
    if (neuron >= 0) {
        name_neuron(label, neuron);
    } else if (is_awc_by_function(text)) {
        match_class(label, "AWC");
        label->certainty = BRAM_LABEL_CLASS_ONLY;
        label->reason = "AWC told by function; its side differs between animals";
    } else if (is_other_cell(text)) {
        label->certainty = BRAM_LABEL_NOT_NEURON;
        label->reason = "a cell that is not one of the 300 neurons";
    } else if (is_doubtful_name(label, text)) {
        *doubtful = true;
    } else {
        if (strchr(text, '?')) match_pattern(label, text);
        else match_class(label, text);
        judge_candidates(label, text);
    }
}

static bool says_something(const bram_label *label)
{
    return label->certainty != BRAM_LABEL_UNLABELED && label->certainty != BRAM_LABEL_NOT_NEURON;
}

void bram_label_doubt(bram_label *label, const char *reason)
{
    if (!says_something(label)) return;
    label->certainty = BRAM_LABEL_LOW_CONFIDENCE;
    label->reason = reason;
}

bram_label bram_label_parse(const char *raw, double confidence, double threshold)
{
    bram_label label = {.neuron = -1, .reason = "no label"};
    char text[TEXT] = "";
    if (!raw) return label;
    if (!clean(text, raw)) {
        label.reason = "no neuron has this name";
        return label;
    }
    if (says_nothing(text)) return label;

    bool doubtful = take_doubt(text);
    label.reason = "";
    read_name(&label, text, &doubtful);
    if (doubtful || confidence < threshold)
        bram_label_doubt(&label,
                         doubtful ? "marked as doubtful" : "confidence below the threshold");
    return label;
}

/* ---- further names of a trace --------------------------------------------------------------- */

/* Whether another reading of a trace contradicts its label. */
static bool contradicts(const bram_label *other, const bram_label *label)
{
    if (other->certainty == BRAM_LABEL_UNLABELED) return false;
    if (other->certainty == BRAM_LABEL_NOT_NEURON) return true;
    if (other->neuron >= 0) return other->neuron != label->neuron;
    for (size_t k = 0; k < other->candidates && k < BRAM_LABEL_CANDIDATES; k++)
        if (other->candidate[k] == label->neuron) return false;
    return label->neuron >= 0 || strcmp(other->class_name, label->class_name) != 0;
}

static void list_candidate(bram_label *label, int neuron)
{
    for (size_t k = 0; k < label->candidates; k++)
        if (label->candidate[k] == neuron) return;
    if (neuron >= 0 && label->candidates < BRAM_LABEL_CANDIDATES)
        label->candidate[label->candidates++] = (short)neuron;
}

void bram_label_weigh(bram_label *label, const char *further)
{
    static const char between[] = " | ";
    bram_label first = *label;
    if (!says_something(label)) return;
    for (const char *at = further; *at;) {
        char name[TEXT] = "";
        const char *end = strstr(at, between);
        size_t length = end ? (size_t)(end - at) : strlen(at);
        if (length < sizeof name) memcpy(name, at, length);
        at = end ? end + sizeof between - 1 : at + length;
        bram_label other = bram_label_parse(name, (double)NAN, 0);
        if (!contradicts(&other, &first)) continue;
        bram_label_doubt(label, "another name was considered");
        list_candidate(label, label->neuron);
        list_candidate(label, other.neuron);
    }
}

/* ---- a recording's labels together ---------------------------------------------------------- */

/* How often each neuron is named for certain, and by doubtful labels. */
struct census {
    unsigned certain[BRAM_NEURONS], doubtful[BRAM_NEURONS];
};

static void take_census(struct census *c, const bram_label *labels, size_t n)
{
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < n; i++) {
        if (labels[i].neuron < 0) continue;
        if (labels[i].certainty == BRAM_LABEL_EXACT) c->certain[labels[i].neuron]++;
        else if (labels[i].certainty == BRAM_LABEL_LOW_CONFIDENCE) c->doubtful[labels[i].neuron]++;
    }
}

/* @return the one candidate that no certain label has taken; -1 when there are more or none */
static int last_candidate(const bram_label *label, const struct census *c)
{
    int last = -1;
    if (label->certainty != BRAM_LABEL_SIDE_AMBIGUOUS && label->certainty != BRAM_LABEL_CLASS_ONLY)
        return -1;
    for (size_t k = 0; k < label->candidates; k++) {
        if (c->certain[label->candidate[k]]) continue;
        if (last >= 0) return -1;
        last = label->candidate[k];
    }
    return last >= 0 && !c->doubtful[last] ? last : -1;
}

static bool wanted_by_another(const bram_label *labels, size_t n, size_t self, int neuron,
                              const struct census *c)
{
    for (size_t i = 0; i < n; i++)
        if (i != self && last_candidate(&labels[i], c) == neuron) return true;
    return false;
}

/* One round of giving the last candidate. @return whether a label changed */
static bool resolve_some(bram_label *labels, size_t n)
{
    struct census c;
    bool changed = false;
    take_census(&c, labels, n);
    for (size_t i = 0; i < n; i++) {
        int neuron = last_candidate(&labels[i], &c);
        if (neuron < 0 || wanted_by_another(labels, n, i, neuron, &c)) continue;
        name_neuron(&labels[i], neuron);
        labels[i].candidates = 0;
        labels[i].resolved = true;
        labels[i].reason = "the only candidate left";
        changed = true;
        take_census(&c, labels, n);
    }
    return changed;
}

static void count_labels(const bram_label *labels, size_t n, bram_label_counts *out)
{
    struct census c;
    *out = (bram_label_counts){0};
    take_census(&c, labels, n);
    for (size_t i = 0; i < n; i++) {
        out->exact += labels[i].certainty == BRAM_LABEL_EXACT;
        out->labeled += labels[i].certainty == BRAM_LABEL_EXACT ||
                        labels[i].certainty == BRAM_LABEL_SIDE_AMBIGUOUS ||
                        labels[i].certainty == BRAM_LABEL_CLASS_ONLY;
    }
    for (size_t i = 0; i < BRAM_NEURONS; i++) {
        out->distinct += c.certain[i] > 0;
        out->slots += c.certain[i] == 1;
    }
}

void bram_labels_resolve(bram_label *labels, size_t n, const bram_label_rules *rules,
                         bram_label_counts *counts)
{
    bram_label_counts found;
    for (size_t i = 0; rules && rules->low_confidence && i < n; i++)
        if (labels[i].certainty == BRAM_LABEL_LOW_CONFIDENCE && labels[i].neuron >= 0) {
            labels[i].certainty = BRAM_LABEL_EXACT;
            labels[i].candidates = 0;
            labels[i].reason = "doubtful, taken as asked";
        }
    while (rules && rules->single_candidate && resolve_some(labels, n)) continue;
    count_labels(labels, n, &found);

    struct census c;
    take_census(&c, labels, n);
    for (size_t i = 0; i < n; i++)
        if (labels[i].certainty == BRAM_LABEL_EXACT && c.certain[labels[i].neuron] > 1) {
            labels[i].certainty = BRAM_LABEL_DUPLICATE;
            labels[i].reason = "several traces have this name";
        }
    if (counts) *counts = found;
}

/* The mean over the traces of one name, row by row, into the first of them. */
static void average_into(const bram_label *labels, size_t n, size_t first, double *values,
                         unsigned char *mask, size_t rows)
{
    for (size_t t = 0; t < rows; t++) {
        double sum = 0;
        size_t present = 0;
        for (size_t k = first; k < n; k++) {
            bool same = labels[k].certainty == BRAM_LABEL_DUPLICATE &&
                        labels[k].neuron == labels[first].neuron;
            if (!same || (mask && !mask[t * n + k])) continue;
            sum += values[t * n + k];
            present++;
        }
        values[t * n + first] = present ? sum / (double)present : 0;
        if (mask) mask[t * n + first] = present > 0;
    }
}

void bram_labels_average(bram_label *labels, size_t n, double *values, unsigned char *mask,
                         size_t rows)
{
    bool done[BRAM_NEURONS] = {false};
    for (size_t i = 0; i < n; i++) {
        if (labels[i].certainty != BRAM_LABEL_DUPLICATE || done[labels[i].neuron]) continue;
        done[labels[i].neuron] = true;
        average_into(labels, n, i, values, mask, rows);
        labels[i].certainty = BRAM_LABEL_EXACT;
        labels[i].reason = "the mean of the traces of this name";
    }
}
