/*
 * args.c - reads the command line by the option tables: see args.h.
 */
#include "args.h"
#include "nearest.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct given {
    const bram_cli_option *option;
    const char *value;
};

struct bram_cli_args {
    const bram_command *command;
    struct given *given;
    size_t given_count;
    const char **arguments;
    size_t argument_count;
};

/* ---- misspelt words ------------------------------------------------------------------------- */

enum { WORD_BYTES = 64 };

const char *bram_cli_nearest(const char *word, const char *choices, size_t *length)
{
    const char *best = NULL;
    size_t fewest = SIZE_MAX, word_length = strlen(word);
    for (const char *at = choices; *at;) {
        size_t n = strcspn(at, "|");
        char choice[WORD_BYTES];
        snprintf(choice, sizeof choice, "%.*s", (int)n, at);
        size_t distance = bram_edit_distance(word, choice);
        if (word_length >= 3 && word_length < n && !memcmp(word, at, word_length)) distance = 1;
        if (distance < fewest) fewest = distance, best = at, *length = n;
        at += n + (at[n] == '|');
    }
    return fewest <= 1 + word_length / 4 ? best : NULL;
}

bool bram_cli_is_choice(const char *word, const char *choices)
{
    size_t word_length = strlen(word);
    for (const char *at = choices; *at;) {
        size_t n = strcspn(at, "|");
        if (n == word_length && !memcmp(word, at, n)) return true;
        at += n + (at[n] == '|');
    }
    return false;
}

/* ---- options -------------------------------------------------------------------------------- */

/* The option tables that hold for a command: its own and the global one. */
static const bram_cli_option *table_at(const bram_command *command, size_t i)
{
    static const bram_cli_option none[] = {{NULL}};
    if (i == 0) return command && command->options ? command->options : none;
    return i == 1 ? bram_cli_global_options : NULL;
}

static const bram_cli_option *find_option(const bram_command *command, const char *name,
                                          size_t length)
{
    const bram_cli_option *o;
    for (size_t t = 0; (o = table_at(command, t)); t++)
        for (; o->name; o++)
            if (strlen(o->name) == length && !memcmp(o->name, name, length)) return o;
    return NULL;
}

static const bram_cli_option *find_letter(const bram_command *command, char letter)
{
    const bram_cli_option *o;
    for (size_t t = 0; (o = table_at(command, t)); t++)
        for (; o->name; o++)
            if (o->letter == letter) return o;
    return NULL;
}

static int unknown_option(bram_ctx *cx, const bram_command *command, const char *name,
                          size_t length)
{
    char word[WORD_BYTES];
    snprintf(word, sizeof word, "%.*s", (int)length, name);
    const char *best = NULL;
    size_t fewest = SIZE_MAX;
    const bram_cli_option *o;
    for (size_t t = 0; (o = table_at(command, t)); t++)
        for (; o->name; o++) {
            size_t n, distance = bram_edit_distance(word, o->name);
            if (o->hidden || !bram_cli_nearest(word, o->name, &n)) continue;
            if (distance < fewest) best = o->name, fewest = distance;
        }
    if (best)
        return bram_fail(cx, BRAM_EUSAGE, "unknown option '--%s'; did you mean '--%s'?", word,
                         best);
    return bram_fail(cx, BRAM_EUSAGE, "unknown option '--%s'", word);
}

static int check_choice(bram_ctx *cx, const bram_cli_option *o, const char *value)
{
    size_t n = 0;
    if (!o->choices || bram_cli_is_choice(value, o->choices)) return BRAM_OK;
    const char *near = bram_cli_nearest(value, o->choices, &n);
    if (near)
        return bram_fail(cx, BRAM_EUSAGE, "--%s is '%s'; did you mean '%.*s'? (one of %s)", o->name,
                         value, (int)n, near, o->choices);
    return bram_fail(cx, BRAM_EUSAGE, "--%s is '%s', expected one of %s", o->name, value,
                     o->choices);
}

static int add(bram_ctx *cx, bram_cli_args *args, const bram_cli_option *o, const char *value)
{
    if (!o->repeat)
        for (size_t i = 0; i < args->given_count; i++)
            if (args->given[i].option == o && o->argument &&
                strcmp(args->given[i].value, value) != 0)
                return bram_fail(cx, BRAM_EUSAGE, "--%s was given twice: '%s' and '%s'", o->name,
                                 args->given[i].value, value);
    BRAM_TRY(check_choice(cx, o, value));
    args->given[args->given_count++] = (struct given){o, value};
    return BRAM_OK;
}

/* `--name`, `--name=value`, `--name value`; at is moved past a value that is a word of its own. */
static int long_option(bram_ctx *cx, bram_cli_args *args, size_t argc, char *const *argv,
                       size_t *at)
{
    const char *name = argv[*at] + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    const bram_cli_option *o = find_option(args->command, name, length);
    if (!o) return unknown_option(cx, args->command, name, length);
    if (!o->argument) {
        if (value)
            return bram_fail(cx, BRAM_EUSAGE, "--%s takes no value, found '%s'", o->name, value);
        return add(cx, args, o, "");
    }
    if (!value) {
        if (*at + 1 >= argc)
            return bram_fail(cx, BRAM_EUSAGE, "--%s needs a value: --%s %s", o->name, o->name,
                             o->argument);
        value = argv[++*at];
    }
    return add(cx, args, o, value);
}

/* `-x`, `-xyz` (switches), `-xvalue`, `-x value` */
static int short_options(bram_ctx *cx, bram_cli_args *args, size_t argc, char *const *argv,
                         size_t *at)
{
    for (const char *letter = argv[*at] + 1; *letter; letter++) {
        const bram_cli_option *o = find_letter(args->command, *letter);
        if (!o) {
            if (!isprint((unsigned char)*letter))
                return bram_fail(cx, BRAM_EUSAGE, "unknown option '%s'", argv[*at]);
            return bram_fail(cx, BRAM_EUSAGE, "unknown option '-%c'", *letter);
        }
        if (!o->argument) {
            BRAM_TRY(add(cx, args, o, ""));
            continue;
        }
        if (letter[1]) return add(cx, args, o, letter + 1);
        if (*at + 1 >= argc)
            return bram_fail(cx, BRAM_EUSAGE, "-%c needs a value: -%c %s", o->letter, o->letter,
                             o->argument);
        return add(cx, args, o, argv[++*at]);
    }
    return BRAM_OK;
}

static int read_all(bram_ctx *cx, bram_cli_args *args, size_t argc, char *const *argv, size_t *used)
{
    bool options = true;
    size_t i = 0;
    for (; i < argc; i++) {
        const char *word = argv[i];
        if (options && !strcmp(word, "--")) {
            options = false;
        } else if (options && word[0] == '-' && word[1] == '-') {
            BRAM_TRY(long_option(cx, args, argc, argv, &i));
        } else if (options && word[0] == '-' && word[1]) {
            BRAM_TRY(short_options(cx, args, argc, argv, &i));
        } else if (args->command) {
            args->arguments[args->argument_count++] = word;
        } else {
            break;
        }
    }
    if (used) *used = i;
    return BRAM_OK;
}

int bram_cli_args_new(bram_ctx *cx, bram_cli_args **out, const bram_command *command, size_t argc,
                      char *const *argv, size_t *used)
{
    size_t letters = 0; /* switches may stand together: at most one option for each letter */
    for (size_t i = 0; i < argc; i++) letters += strlen(argv[i]) + 1;
    bram_cli_args *args = bram_alloc(cx, 1, sizeof *args);
    if (!args) return BRAM_ENOMEM;
    args->command = command;
    args->given = bram_alloc(cx, letters, sizeof *args->given);
    args->arguments = bram_alloc(cx, argc, sizeof *args->arguments);
    int status = args->given && args->arguments ? read_all(cx, args, argc, argv, used)
                                                : BRAM_ENOMEM;
    if (status) bram_cli_args_free(args);
    else *out = args;
    return status;
}

void bram_cli_args_free(bram_cli_args *args)
{
    if (!args) return;
    bram_free(args->given);
    bram_free(args->arguments);
    bram_free(args);
}

int bram_cli_args_prepend(bram_ctx *cx, bram_cli_args *args, const bram_cli_args *first)
{
    size_t n = first->given_count, total = n + args->given_count;
    struct given *all = bram_alloc(cx, total, sizeof *all);
    if (!all) return BRAM_ENOMEM;
    if (n) memcpy(all, first->given, n * sizeof *all);
    if (args->given_count) memcpy(all + n, args->given, args->given_count * sizeof *all);
    bram_free(args->given);
    args->given = all;
    args->given_count = total;
    return BRAM_OK;
}

int bram_cli_args_check(bram_ctx *cx, const bram_cli_args *args)
{
    const bram_command *c = args->command;
    size_t n = args->argument_count, length = 0;
    if (n < c->least)
        return bram_fail(cx, BRAM_EUSAGE, "%s needs %s; found %zu argument%s", c->name,
                         c->arguments, n, n == 1 ? "" : "s");
    if (n > c->most)
        return bram_fail(cx, BRAM_EUSAGE, "%s takes no argument '%s'", c->name,
                         args->arguments[c->most]);
    if (!n || !c->words || bram_cli_is_choice(args->arguments[0], c->words)) return BRAM_OK;
    const char *near = bram_cli_nearest(args->arguments[0], c->words, &length);
    if (near)
        return bram_fail(cx, BRAM_EUSAGE, "%s does not know '%s'; did you mean '%.*s'? (one of %s)",
                         c->name, args->arguments[0], (int)length, near, c->words);
    return bram_fail(cx, BRAM_EUSAGE, "%s does not know '%s', expected one of %s", c->name,
                     args->arguments[0], c->words);
}

/* ---- what was given ------------------------------------------------------------------------- */

size_t bram_cli_arguments(const bram_cli_args *args)
{
    return args->argument_count;
}

const char *bram_cli_argument(const bram_cli_args *args, size_t i)
{
    assert(i < args->argument_count);
    return args->arguments[i];
}

size_t bram_cli_count(const bram_cli_args *args, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < args->given_count; i++) n += !strcmp(args->given[i].option->name, name);
    return n;
}

const char *bram_cli_value(const bram_cli_args *args, const char *name, size_t i)
{
    for (size_t k = 0; k < args->given_count; k++)
        if (!strcmp(args->given[k].option->name, name) && i-- == 0) return args->given[k].value;
    assert(!"an option's value beyond how often it was given");
    return "";
}

const char *bram_cli_text(const bram_cli_args *args, const char *name, const char *fallback)
{
    size_t n = bram_cli_count(args, name);
    return n ? bram_cli_value(args, name, n - 1) : fallback;
}

bool bram_cli_has(const bram_cli_args *args, const char *name)
{
    return bram_cli_count(args, name) > 0;
}

int bram_cli_integer(bram_ctx *cx, const bram_cli_args *args, const char *name, int64_t low,
                     int64_t high, int64_t fallback, int64_t *out)
{
    const char *text = bram_cli_text(args, name, NULL);
    if (!text) {
        *out = fallback;
        return BRAM_OK;
    }
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < low || value > high)
        return bram_fail(cx, BRAM_EUSAGE, "--%s is '%s', expected a whole number from %lld to %lld",
                         name, text, (long long)low, (long long)high);
    *out = value;
    return BRAM_OK;
}

int bram_cli_bytes(bram_ctx *cx, const bram_cli_args *args, const char *name, size_t fallback,
                   size_t *out)
{
    static const char units[] = "KMGT";
    const char *text = bram_cli_text(args, name, NULL);
    if (!text) {
        *out = fallback;
        return BRAM_OK;
    }
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    bool good = isdigit((unsigned char)*text) && !errno;
    if (good && *end) {
        const char *unit = strchr(units, toupper((unsigned char)*end));
        unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
        good = unit && !end[1] && value <= SIZE_MAX >> shift;
        value <<= shift;
    }
    if (!good || value == 0)
        return bram_fail(cx, BRAM_EUSAGE, "--%s is '%s', expected a size such as 512M, 8G or 1T",
                         name, text);
    *out = value;
    return BRAM_OK;
}
