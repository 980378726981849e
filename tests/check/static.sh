#!/bin/sh
# static.sh [FILE...] - clang-format, cppcheck and clang-tidy over the sources (or the files named),
# with BUILD/compile_commands.json (default: build). Each finding is an error. A check that is off is
# off in .clang-tidy or cppcheck.txt, with its reason.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${BUILD:-build}
folders='include core loaders metrics baselines benchmarks report cli'
if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046,SC2086  # names without blanks; a list of folders
    set -- $(find $folders -name '*.c' | sort)
fi
bad=0
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
    clang-tidy --quiet -p "$build" "$@" || bad=1
fi
exit $bad
