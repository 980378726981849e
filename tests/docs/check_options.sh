#!/bin/sh
# check_options.sh BRAMBLE SOURCE - what documents say of the program: every --option behind "bramble COMMAND"
# is one of that command, every other --option is one of some command, every command has a section in
# docs/program.md or stands in README.md, the table of exit codes names those of cli/terminal.c, and every
# link to a file leads to one.
set -u
bramble=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$2" || exit 99
wrong=0
complain() {
    echo "$*"
    wrong=$((wrong + 1))
}

commands=$("$bramble" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z]*\).*/\1/p')
options=$(mktemp -d) || exit 99 # the options of each command, a file each
trap 'rm -rf "$options"' EXIT
for c in $commands; do
    "$bramble" "$c" --help | grep -oE '(^|[ ,])--[a-z][a-z-]*' | tr -d ' ,' | sort -u >"$options/$c"
done
# options of other programs that documents name
others='--benchmark --cflags --libs --git-common-dir --setup'

for document in README.md docs/*.md; do
    for option in $(grep -oE '(^|[ `(])--[a-z][a-z-]+' "$document" | grep -oE -e '--[a-z-]+' | sort -u); do
        grep -qxh -e "$option" "$options"/* || printf '%s\n' $others | grep -qx -e "$option" ||
            complain "$document: no command has the option $option"
    done
    for c in $commands; do
        grep -q "bramble $c" "$document" || continue
        for option in $(grep -E "bramble $c( |\$)" "$document" | sed "s/.*bramble $c//; s/[|#;\`].*//" |
            grep -oE ' --[a-z][a-z-]+' | sort -u); do
            grep -qx -e "$option" "$options/$c" ||
                complain "$document: bramble $c has no option $option"
        done
    done
    for c in $(grep -oE '(^|[`$] ?)bramble [a-z]+' "$document" | sed 's/.*bramble //' | sort -u); do
        [ "$c" = help ] || printf '%s\n' $commands | grep -qx "$c" ||
            complain "$document: there is no command $c"
    done
    for link in $(grep -oE '\]\([^)#:]+' "$document" | sed 's/^](//'); do
        [ -e "$(dirname "$document")/$link" ] || complain "$document: the link $link leads nowhere"
    done
done
for c in $commands; do
    grep -q "bramble $c" README.md docs/*.md || complain "no document names bramble $c"
done

# enum { OK, NO, USAGE ..., INTERRUPTED = 130 }: as many rows as codes
codes=$(sed -n 's/^ *enum { OK, \(.*\) };$/\1/p' cli/terminal.c | tr -cd ,)
rows=$(grep -cE '^\| [0-9]+ \|' docs/program.md)
[ "$rows" -eq $((${#codes} + 2)) ] || complain "docs/program.md has $rows exit codes, cli/terminal.c $((${#codes} + 2))"
[ $wrong -eq 0 ]
