/*
 * main.c - the program: reads the global options, finds the command, runs it, and turns its status
 * into a message and an exit code.
 */
#include "args.h"
#include "help.h"
#include "kernels.h"
#include "output.h"
#include "plugins.h"
#include "terminal.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static char *const *command_line; /* argv, to execute the program again */

/* ---- what the global options alone can ask for ---------------------------------------------- */

static int print_help(bram_ctx *cx, const bram_command *command)
{
    bram_buffer b = {0};
    bram_help_text(&b, command);
    return bram_cli_print_buffer(cx, &b);
}

static int print_version(bram_ctx *cx)
{
    bram_buffer b = {0};
    bram_buffer_putf(&b, "bramble %s\n%s\n", bram_version(), BRAM_BUILT_WITH);
    bram_cli_describe_kernels(&b);
    return bram_cli_print_buffer(cx, &b);
}

static int write_manual(bram_ctx *cx, const char *folder, const bram_command *command)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/bramble%s%s.1", folder, command ? "-" : "",
             command ? command->name : "");
    bram_buffer b = {0};
    bram_help_manual(&b, command);
    int status = bram_buffer_status(cx, &b);
    FILE *file = status ? NULL : fopen(path, "w");
    if (!status && !file)
        status = bram_fail(cx, BRAM_EWRITE, "cannot write %s: %s", path, strerror(errno));
    if (file) {
        bool written = fwrite(bram_buffer_text(&b), 1, b.length, file) == b.length;
        if (fclose(file) != 0 || !written)
            status = bram_fail(cx, BRAM_EWRITE, "cannot write %s", path);
    }
    bram_buffer_release(&b);
    return status;
}

static int generate(bram_ctx *cx, const bram_cli_args *global)
{
    const char *folder = bram_cli_text(global, "generate-man", NULL);
    const char *shell = bram_cli_text(global, "generate-completion", NULL);
    if (folder) {
        BRAM_TRY(write_manual(cx, folder, NULL));
        for (size_t i = 0; bram_commands[i]; i++)
            BRAM_TRY(write_manual(cx, folder, bram_commands[i]));
    }
    if (shell) {
        bram_buffer b = {0};
        bram_help_completion(&b, shell);
        return bram_cli_print_buffer(cx, &b);
    }
    return BRAM_OK;
}

/* ---- commands ------------------------------------------------------------------------------- */

static int unknown_command(bram_ctx *cx, const char *name)
{
    bram_buffer names = {0};
    for (size_t i = 0; bram_commands[i]; i++)
        bram_buffer_putf(&names, "%s%s", i ? "|" : "", bram_commands[i]->name);
    size_t length = 0;
    const char *near = bram_cli_nearest(name, bram_buffer_text(&names), &length);
    int status = near ? bram_fail(cx, BRAM_EUSAGE, "unknown command '%s'; did you mean '%.*s'?",
                                  name, (int)length, near)
                      : bram_fail(cx, BRAM_EUSAGE, "unknown command '%s'", name);
    bram_buffer_release(&names);
    return status;
}

static int apply_settings(bram_ctx *cx, const bram_cli_args *args)
{
    int64_t threads;
    size_t memory;
    BRAM_TRY(bram_cli_integer(cx, args, "threads", 0, 4096, 1, &threads));
    BRAM_TRY(bram_cli_bytes(cx, args, "memory", 0, &memory));
    bram_ctx_set_threads(cx, (unsigned)threads);
    bram_ctx_set_memory(cx, memory);
    return BRAM_OK;
}

static int run_command(bram_ctx *cx, const bram_command *command, const bram_cli_args *args)
{
    if (bram_cli_has(args, "help")) return print_help(cx, command);
    if (bram_cli_has(args, "version")) return print_version(cx);
    BRAM_TRY(apply_settings(cx, args));
    BRAM_TRY(bram_cli_args_check(cx, args));
    if (command->computes) bram_cli_choose_kernels(command_line);
    bram_cli_terminal_start(cx, args);
    bram_init();
    int status = bram_cli_open_plugins(cx, args);
    if (status == BRAM_OK) status = command->run(cx, args);
    bram_cli_terminal_end();
    return status;
}

/* `bramble help COMMAND` is `bramble COMMAND --help`. */
static int help_command(bram_ctx *cx, size_t argc, char *const *argv)
{
    if (!argc) return print_help(cx, NULL);
    const bram_command *command = bram_command_find(argv[0]);
    return command ? print_help(cx, command) : unknown_command(cx, argv[0]);
}

/* *about is the command that a hint on wrong usage points to. */
static int dispatch(bram_ctx *cx, const bram_cli_args *global, size_t argc, char *const *argv,
                    const char **about)
{
    if (bram_cli_has(global, "generate-man") || bram_cli_has(global, "generate-completion"))
        return generate(cx, global);
    if (bram_cli_has(global, "version")) return print_version(cx);
    if (!argc && bram_cli_has(global, "help")) return print_help(cx, NULL);
    if (!argc) return bram_fail(cx, BRAM_EUSAGE, "no command given");
    if (!strcmp(argv[0], "help")) return help_command(cx, argc - 1, argv + 1);
    const bram_command *command = bram_command_find(argv[0]);
    if (!command) return unknown_command(cx, argv[0]);
    *about = command->name;

    bram_cli_args *args = NULL;
    BRAM_TRY(bram_cli_args_new(cx, &args, command, argc - 1, argv + 1, NULL));
    int status = bram_cli_args_prepend(cx, args, global);
    if (!status) status = run_command(cx, command, args);
    bram_cli_args_free(args);
    return status;
}

int main(int argc, char **argv)
{
    command_line = argv;
    setlocale(LC_CTYPE, ""); /* numbers keep the C locale */
    bram_ctx *cx = bram_ctx_new();
    if (!cx) {
        fputs("bramble: out of memory\n", stderr);
        return bram_cli_exit_code(BRAM_ENOMEM);
    }
    size_t count = argc > 0 ? (size_t)argc - 1 : 0, used = 0;
    bram_cli_args *global = NULL;
    const char *about = NULL;
    int status = bram_cli_args_new(cx, &global, NULL, count, argv + 1, &used);
    if (!status) status = dispatch(cx, global, count - used, argv + 1 + used, &about);
    if (status >= 0) {
        int closed = bram_cli_close_output(cx);
        if (closed) status = closed;
    }
    if (status < 0 && !bram_cli_pipe_closed()) bram_cli_say("%s", bram_ctx_message(cx));
    if (status == BRAM_EUSAGE)
        fprintf(stderr, "Try 'bramble%s%s --help'.\n", about ? " " : "", about ? about : "");
    bram_cli_args_free(global);
    bram_ctx_free(cx);
    return bram_cli_exit_code(status);
}
