/*
 * completion.c - completion scripts for bash, zsh and fish from the command tables.
 */
#include "help.h"

#include <string.h>

/* A |-separated list with spaces instead. */
static void words(bram_buffer *out, const char *choices)
{
    for (; *choices; choices++) bram_buffer_write(out, *choices == '|' ? " " : choices, 1);
}

/* Text within single quotes of a shell. */
static void quoted(bram_buffer *out, const char *text)
{
    for (; *text; text++)
        if (*text == '\'') bram_buffer_put(out, "'\\''");
        else bram_buffer_write(out, text, 1);
}

static void command_names(bram_buffer *out)
{
    for (size_t i = 0; bram_commands[i]; i++)
        bram_buffer_putf(out, "%s%s", i ? " " : "", bram_commands[i]->name);
}

/* ---- bash ----------------------------------------------------------------------------------- */

static void bash_names(bram_buffer *out, const bram_cli_option *o)
{
    for (; o && o->name; o++)
        if (!o->hidden) bram_buffer_putf(out, " --%s", o->name);
}

/* case labels for options whose values are known */
static void bash_values(bram_buffer *out, const char *command, const bram_cli_option *o)
{
    for (; o && o->name; o++) {
        if (o->hidden || !o->argument) continue;
        bram_buffer_putf(out, "    %s:--%s", command, o->name);
        if (o->letter) bram_buffer_putf(out, "|%s:-%c", command, o->letter);
        bram_buffer_put(out, ") ");
        if (o->choices) {
            bram_buffer_put(out, "COMPREPLY=($(compgen -W '");
            words(out, o->choices);
            bram_buffer_put(out, "' -- \"$word\"))");
        } else {
            bram_buffer_put(out, "COMPREPLY=($(compgen -f -- \"$word\"))");
        }
        bram_buffer_put(out, "; return ;;\n");
    }
}

/* A case label of the options whose next word is their value, which is no command. */
static void bash_taking_values(bram_buffer *out, const bram_cli_option *o)
{
    for (size_t n = 0; o->name; o++)
        if (!o->hidden && o->argument) bram_buffer_putf(out, "%s--%s", n++ ? "|" : "", o->name);
}

static void bash(bram_buffer *out)
{
    bram_buffer_put(out,
                    "# bash completion of bramble; generated.\n"
                    "_bramble()\n{\n"
                    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                    "    local command= names= first= i\n"
                    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                    "        case ${COMP_WORDS[i]} in\n        ");
    bash_taking_values(out, bram_cli_global_options);
    bram_buffer_put(out, ") ((i++)) ;;\n"
                         "        -*) ;;\n"
                         "        *) command=${COMP_WORDS[i]}; break ;;\n"
                         "        esac\n"
                         "    done\n"
                         "    case $command:$before in\n");
    for (size_t i = 0; bram_commands[i]; i++)
        bash_values(out, bram_commands[i]->name, bram_commands[i]->options);
    bash_values(out, "*", bram_cli_global_options);
    bram_buffer_put(out, "    esac\n    case $command in\n    '') first='");
    command_names(out);
    bram_buffer_put(out, "' ;;\n");
    for (size_t i = 0; bram_commands[i]; i++) {
        const bram_command *c = bram_commands[i];
        bram_buffer_putf(out, "    %s) names='", c->name);
        bash_names(out, c->options);
        bram_buffer_put(out, "' first='");
        if (c->words) words(out, c->words);
        bram_buffer_put(out, "' ;;\n");
    }
    bram_buffer_put(out, "    esac\n    if [[ $word == -* ]]; then\n"
                         "        COMPREPLY=($(compgen -W \"$names");
    bash_names(out, bram_cli_global_options);
    bram_buffer_put(out, "\" -- \"$word\"))\n"
                         "    elif [[ -n $first ]]; then\n"
                         "        COMPREPLY=($(compgen -W \"$first\" -- \"$word\"))\n"
                         "    else\n"
                         "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
                         "    fi\n}\n"
                         "complete -o filenames -F _bramble bramble\n");
}

/* ---- zsh ------------------------------------------------------------------------------------ */

/* Text of a description in _arguments: brackets and colons are special there. */
static void zsh_text(bram_buffer *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("[]:\\", *text)) bram_buffer_put(out, "\\");
        if (*text == '\'') bram_buffer_put(out, "'\\''");
        else bram_buffer_write(out, text, 1);
    }
}

static void zsh_options(bram_buffer *out, const bram_cli_option *o)
{
    for (; o && o->name; o++) {
        if (o->hidden) continue;
        bram_buffer_putf(out, " \\\n            '%s--%s%s[", o->repeat ? "*" : "", o->name,
                         o->argument ? "=" : "");
        zsh_text(out, o->help);
        bram_buffer_put(out, "]");
        if (o->argument) {
            bram_buffer_putf(out, ":%s:", o->argument);
            if (o->choices) {
                bram_buffer_put(out, "(");
                words(out, o->choices);
                bram_buffer_put(out, ")");
            } else {
                bram_buffer_put(out, "_files");
            }
        }
        bram_buffer_put(out, "'");
    }
}

static void zsh(bram_buffer *out)
{
    bram_buffer_put(out, "#compdef bramble\n# zsh completion of bramble; generated.\n"
                         "_bramble() {\n"
                         "    local -a commands=(\n");
    for (size_t i = 0; bram_commands[i]; i++) {
        bram_buffer_putf(out, "        '%s:", bram_commands[i]->name);
        zsh_text(out, bram_commands[i]->summary);
        bram_buffer_put(out, "'\n");
    }
    bram_buffer_put(out, "    )\n"
                         "    local context state line\n"
                         "    _arguments -C '1:command:->command' '*::argument:->argument'\n"
                         "    case $state in\n"
                         "    command) _describe command commands ;;\n"
                         "    argument)\n"
                         "        case $line[1] in\n");
    for (size_t i = 0; bram_commands[i]; i++) {
        const bram_command *c = bram_commands[i];
        bram_buffer_putf(out, "        %s) _arguments", c->name);
        zsh_options(out, c->options);
        zsh_options(out, bram_cli_global_options);
        bram_buffer_put(out, " \\\n            ");
        if (c->words) {
            bram_buffer_put(out, "'1:what:(");
            words(out, c->words);
            bram_buffer_put(out, ")' ");
        }
        bram_buffer_put(out, "'*:file:_files' ;;\n");
    }
    bram_buffer_put(out, "        esac ;;\n    esac\n}\n_bramble \"$@\"\n");
}

/* ---- fish ----------------------------------------------------------------------------------- */

static void fish_options(bram_buffer *out, const char *command, const bram_cli_option *o)
{
    for (; o && o->name; o++) {
        if (o->hidden) continue;
        bram_buffer_put(out, "complete -c bramble");
        if (command) bram_buffer_putf(out, " -n '__fish_seen_subcommand_from %s'", command);
        bram_buffer_putf(out, " -l %s", o->name);
        if (o->letter) bram_buffer_putf(out, " -s %c", o->letter);
        if (o->argument) bram_buffer_put(out, " -r");
        if (o->choices) {
            bram_buffer_put(out, " -f -a '");
            words(out, o->choices);
            bram_buffer_put(out, "'");
        }
        bram_buffer_put(out, " -d '");
        quoted(out, o->help);
        bram_buffer_put(out, "'\n");
    }
}

static void fish(bram_buffer *out)
{
    bram_buffer_put(out, "# fish completion of bramble; generated.\n");
    for (size_t i = 0; bram_commands[i]; i++) {
        const bram_command *c = bram_commands[i];
        bram_buffer_putf(out, "complete -c bramble -n __fish_use_subcommand -f -a %s -d '",
                         c->name);
        quoted(out, c->summary);
        bram_buffer_put(out, "'\n");
        if (c->words) {
            bram_buffer_putf(out, "complete -c bramble -n '__fish_seen_subcommand_from %s' -f -a '",
                             c->name);
            words(out, c->words);
            bram_buffer_put(out, "'\n");
        }
        fish_options(out, c->name, c->options);
    }
    fish_options(out, NULL, bram_cli_global_options);
}

void bram_help_completion(bram_buffer *out, const char *shell)
{
    if (!strcmp(shell, "bash")) bash(out);
    if (!strcmp(shell, "zsh")) zsh(out);
    if (!strcmp(shell, "fish")) fish(out);
}
