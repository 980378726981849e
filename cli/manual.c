/*
 * manual.c - man pages in man(7) macros from the command tables.
 */
#include "help.h"

#include <string.h>

/* Text with roff's special characters made harmless; a paragraph break becomes .PP */
static void roff(bram_buffer *out, const char *text)
{
    bool line_start = true;
    for (; *text; text++) {
        if (!strncmp(text, "\n\n", 2)) {
            bram_buffer_put(out, "\n.PP\n");
            text++;
            line_start = true;
            continue;
        }
        if (line_start && (*text == '.' || *text == '\'')) bram_buffer_put(out, "\\&");
        if (*text == '\\') bram_buffer_put(out, "\\e");
        else if (*text == '-') bram_buffer_put(out, "\\-");
        else if (*text == '\'') bram_buffer_put(out, "\\(aq");
        else bram_buffer_write(out, text, 1);
        line_start = *text == '\n';
    }
}

static void option(bram_buffer *out, const bram_cli_option *o)
{
    bram_buffer_put(out, ".TP\n");
    if (o->letter) bram_buffer_putf(out, "\\fB\\-%c\\fR, ", o->letter);
    bram_buffer_put(out, "\\fB");
    roff(out, "--");
    roff(out, o->name);
    bram_buffer_put(out, "\\fR");
    if (o->argument) bram_buffer_putf(out, " \\fI%s\\fR", o->argument);
    bram_buffer_put(out, "\n");
    roff(out, o->help);
    if (o->choices) {
        bram_buffer_put(out, ": ");
        roff(out, o->choices);
    }
    bram_buffer_put(out, o->repeat ? "; may be repeated.\n" : ".\n");
}

static void options(bram_buffer *out, const char *heading, const bram_cli_option *o)
{
    if (!o || !o->name) return;
    bram_buffer_putf(out, ".SH %s\n", heading);
    for (; o->name; o++)
        if (!o->hidden) option(out, o);
}

static void examples(bram_buffer *out, const bram_cli_example *e)
{
    if (!e || !e->line) return;
    bram_buffer_put(out, ".SH EXAMPLES\n");
    for (; e->line; e++) {
        bram_buffer_put(out, ".PP\n");
        roff(out, e->says);
        bram_buffer_put(out, ":\n.PP\n.RS 4\n.nf\n");
        roff(out, e->line);
        bram_buffer_put(out, "\n.fi\n.RE\n");
    }
}

static void exit_codes(bram_buffer *out)
{
    static const char *const codes[][2] = {
        {"0", "All went well."},
        {"1", "A check said no, or some cell of a run failed."},
        {"2", "The command line is wrong, or names what does not exist."},
        {"3", "An input cannot be read or is not what it should be."},
        {"4", "An internal failure."},
        {"5", "An output cannot be written."},
        {"130", "Interrupted."},
    };
    bram_buffer_put(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        bram_buffer_putf(out, ".TP\n.B %s\n%s\n", codes[i][0], codes[i][1]);
}

static void heading(bram_buffer *out, const bram_command *c)
{
    bram_buffer_put(out, ".TH \"BRAMBLE");
    if (c) bram_buffer_put(out, "\\-");
    for (const char *p = c ? c->name : ""; *p; p++) {
        char upper = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
        bram_buffer_write(out, &upper, 1);
    }
    bram_buffer_putf(
        out, "\" 1 \"\" \"bramble %s\" \"bramble manual\"\n.SH NAME\nbramble%s%s \\- %s\n",
        bram_version(), c ? "\\-" : "", c ? c->name : "", c ? c->summary : bram_cli_summary);
    bram_buffer_put(out, ".SH SYNOPSIS\n");
    if (c)
        bram_buffer_putf(out, "\\fBbramble %s\\fR %s [\\fIOPTIONS\\fR]\n", c->name, c->arguments);
    else
        bram_buffer_put(out,
                        "\\fBbramble\\fR \\fICOMMAND\\fR [\\fIARGUMENTS\\fR] [\\fIOPTIONS\\fR]\n");
    bram_buffer_put(out, ".SH DESCRIPTION\n");
    roff(out, c ? c->about : bram_cli_about);
    bram_buffer_put(out, "\n");
}

void bram_help_manual(bram_buffer *out, const bram_command *command)
{
    heading(out, command);
    if (!command) {
        bram_buffer_put(out, ".SH COMMANDS\n");
        for (size_t i = 0; bram_commands[i]; i++) {
            bram_buffer_putf(out, ".TP\n\\fB%s\\fR\n", bram_commands[i]->name);
            roff(out, bram_commands[i]->summary);
            bram_buffer_put(out, ".\n");
        }
    }
    examples(out, command ? command->examples : bram_cli_examples);
    if (command) options(out, "OPTIONS", command->options);
    options(out, "GLOBAL OPTIONS", bram_cli_global_options);
    exit_codes(out);
    bram_buffer_put(out, ".SH SEE ALSO\n");
    if (command) bram_buffer_put(out, ".BR bramble (1)");
    for (size_t i = 0, n = command ? 1 : 0; bram_commands[i]; i++) {
        if (bram_commands[i] == command) continue;
        bram_buffer_putf(out, "%s.BR bramble\\-%s (1)", n++ ? ",\n" : "", bram_commands[i]->name);
    }
    bram_buffer_put(out, "\n");
}
