/*
 * help.c - help texts from the command tables. Examples come first: they are what one looks for.
 */
#include "help.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 80, INDENT = 2, MOST_TERM = 24 };

/*
 * Words of text, broken at WIDTH, lines after the first set in by `indent`; the first begins in
 * column `column`. An empty line stays.
 */
static void wrap(bram_buffer *out, const char *text, size_t indent, size_t column)
{
    while (*text) {
        if (!strncmp(text, "\n\n", 2)) {
            bram_buffer_put(out, "\n\n");
            bram_buffer_fill(out, ' ', indent);
            column = indent;
            text += 2;
            continue;
        }
        size_t n = strcspn(text, " \n");
        bool fresh = column == indent;
        if (!fresh && column + 1 + n > WIDTH) {
            bram_buffer_put(out, "\n");
            bram_buffer_fill(out, ' ', indent);
            column = indent;
            fresh = true;
        }
        if (!fresh && n) bram_buffer_put(out, " ");
        bram_buffer_write(out, text, n);
        column += n + (!fresh && n);
        text += n;
        if (*text == ' ' || (*text == '\n' && text[1] != '\n')) text++;
    }
    bram_buffer_put(out, "\n");
}

/* A term and what it means, in two columns; a long term stands on a line of its own. */
static void entry(bram_buffer *out, const char *term, const char *text, size_t indent)
{
    size_t length = INDENT + strlen(term);
    bram_buffer_fill(out, ' ', INDENT);
    bram_buffer_put(out, term);
    if (length + 2 > indent) {
        bram_buffer_put(out, "\n");
        length = 0;
    }
    bram_buffer_fill(out, ' ', indent - length);
    wrap(out, text, indent, indent);
}

static void option_term(char *term, size_t room, const bram_cli_option *o)
{
    char letter[8] = "    ";
    if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(term, room, "%s--%s%s%s", letter, o->name, o->argument ? " " : "",
             o->argument ? o->argument : "");
}

static void option_entry(bram_buffer *out, const bram_cli_option *o)
{
    char term[80], text[512];
    option_term(term, sizeof term, o);
    snprintf(text, sizeof text, "%s%s%s%s%s", o->help, o->choices ? ": " : "",
             o->choices ? o->choices : "", o->repeat ? "; may be repeated" : "", "");
    entry(out, term, text, MOST_TERM + INDENT);
}

static const char *group_of(const bram_cli_option *o)
{
    return o->group ? o->group : "Options";
}

/* The options under their headings, in the order in which headings first appear. */
static void options(bram_buffer *out, const bram_cli_option *table)
{
    for (const bram_cli_option *o = table; o && o->name; o++) {
        bool seen = o->hidden;
        for (const bram_cli_option *p = table; p < o && !seen; p++)
            seen = !p->hidden && !strcmp(group_of(p), group_of(o));
        if (seen) continue;
        bram_buffer_putf(out, "\n%s:\n", group_of(o));
        for (const bram_cli_option *p = o; p->name; p++)
            if (!p->hidden && !strcmp(group_of(p), group_of(o))) option_entry(out, p);
    }
}

static void examples(bram_buffer *out, const bram_cli_example *e)
{
    if (!e || !e->line) return;
    bram_buffer_put(out, "\nExamples:\n");
    for (; e->line; e++) {
        bram_buffer_putf(out, "  %s\n", e->line);
        bram_buffer_fill(out, ' ', 6);
        wrap(out, e->says, 6, 6);
    }
}

static void command_help(bram_buffer *out, const bram_command *c)
{
    bram_buffer_putf(out, "Usage: bramble %s%s%s [OPTIONS]\n\n", c->name, *c->arguments ? " " : "",
                     c->arguments);
    wrap(out, c->about, 0, 0);
    examples(out, c->examples);
    options(out, c->options);
    options(out, bram_cli_global_options);
}

void bram_help_text(bram_buffer *out, const bram_command *command)
{
    if (command) {
        command_help(out, command);
        return;
    }
    bram_buffer_putf(out, "bramble - %s\n\nUsage: bramble COMMAND [ARGUMENTS] [OPTIONS]\n\n",
                     bram_cli_summary);
    wrap(out, bram_cli_about, 0, 0);
    examples(out, bram_cli_examples);
    bram_buffer_put(out, "\nCommands:\n");
    for (size_t i = 0; bram_commands[i]; i++)
        entry(out, bram_commands[i]->name, bram_commands[i]->summary, 15);
    options(out, bram_cli_global_options);
    bram_buffer_put(out, "\n'bramble COMMAND --help' shows a command with its examples.\n");
}
