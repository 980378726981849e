#!/bin/sh
# static.sh [FILE...] - clang-format, cppcheck and clang-tidy over the sources (or the files named),
# with BUILD/compile_commands.json (default: build). Each finding is an error. A check that is off is
# off in .clang-tidy or cppcheck.txt, with its reason; analyzer.h tells clang what it cannot see. Tools that
# are absent are left out; 77 when all are.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${BUILD:-build}
folders='include core loaders metrics baselines benchmarks report cli'
if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046,SC2086  # names without blanks; a list of folders
    set -- $(find $folders -name '*.c' | sort)
fi
bad=0
for tool in clang-format cppcheck clang-tidy none; do
    if command -v $tool >/dev/null; then break; fi
done
[ "$tool" != none ] || exit 77
if command -v clang-format >/dev/null; then
    clang-format --dry-run -Werror "$@" || bad=1
fi
if command -v cppcheck >/dev/null; then
    cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
        --suppressions-list=tests/check/cppcheck.txt -Iinclude -Icore -D_POSIX_C_SOURCE=200809L "$@" ||
        bad=1
fi
if command -v clang-tidy >/dev/null; then
    [ -f "$build/compile_commands.json" ] || { echo "static.sh: no $build/compile_commands.json" >&2; exit 2; }
    # of all but the file that defines what analyzer.h is about; some at a time, as many as processors
    tidy="clang-tidy --quiet -p $build"
    analyzer="--extra-arg=-include --extra-arg=$PWD/tests/check/analyzer.h"
    # shellcheck disable=SC2086  # lists of words
    printf '%s\n' "$@" | grep -v '^core/context.c$' | xargs -r -P "$(nproc)" -n 6 $tidy $analyzer || bad=1
    # shellcheck disable=SC2086
    case " $* " in *' core/context.c '*) $tidy core/context.c || bad=1 ;; esac
fi
exit $bad
