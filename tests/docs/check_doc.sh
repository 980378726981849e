#!/bin/sh
# check_doc.sh BRAMBLE PYTHON DOCUMENT - runs the examples of a document, in its order, in one empty folder.
#
#   ```console     each line "$ COMMAND" (going on in the next line after a \) is run in one shell; the lines
#                  below it are its output, stdout and stderr together. In them "..." stands for any text,
#                  and a line of "..." alone for any lines. No lines: the output is not looked at. A command
#                  must end with 0; one that should not ends with "; echo exit $?".
#   ```python      run by PYTHON ("none": left out); a ```text directly below it is what it prints
#   ```c from=F    stands word for word in the file F of the project
#   any other      is not looked at: ```sh for what needs a laboratory's files or root
#
# "python3" in a console block is PYTHON; such a block has the word "python" and is left out where there is none.
# "needs=F" behind the language leaves a block out where the project's folder has no F.
set -u
program=$(cd "$(dirname "$1")" && pwd)
python=$2
document=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
source=$(cd "$(dirname "$0")/../.." && pwd)
tools=$(cd "$(dirname "$0")" && pwd)
PATH=$program:$PATH
LC_ALL=C.UTF-8 TZ=UTC COLUMNS=80
export PATH LC_ALL TZ COLUMNS
unset NO_COLOR BRAMBLE_DATA BRAMBLE_PLUGINS BRAMBLE_BENCHMARKS
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
trap 'exit 99' INT TERM
mkdir "$folder/work" "$folder/blocks"
awk -v to="$folder/blocks" -f "$tools/blocks.awk" "$document" || exit 99
cd "$folder/work" || exit 99
if [ "$python" != none ]; then
    mkdir "$folder/bin"
    ln -s "$python" "$folder/bin/python3"
    PATH=$folder/bin:$PATH
fi
ln -s "$source/docs" docs # examples lie in docs/examples
[ -z "${PLUGIN_FOLDER:-}" ] || ln -s "$PLUGIN_FOLDER"/*.so . # plugins that documents build by hand

failed=0 ran=0 skipped=0
complain() {
    echo "$(basename "$document"), line $line: $*"
    failed=$((failed + 1))
}

# The commands of a console block, in this shell so that cd and export last. $block.N is the command,
# $block.N.out what it should write.
run_console() {
    n=1
    while [ -f "$block.$n" ]; do
        line=$(cat "$block.$n.line")
        . "$block.$n" >"$folder/found" 2>&1 </dev/null
        code=$?
        [ $code -eq 0 ] || complain "exit $code from: $(cat "$block.$n")$(echo && cat "$folder/found")"
        if [ -s "$block.$n.out" ]; then
            awk -f "$tools/match.awk" "$block.$n.out" "$folder/found" >"$folder/why" ||
                complain "$(cat "$block.$n")$(echo && cat "$folder/why")"
        fi
        n=$((n + 1)) ran=$((ran + 1))
    done
}

run_python() {
    "$python" "$block.body" >"$folder/found" 2>&1 || complain "python failed$(echo && cat "$folder/found")"
    if [ -f "$block.prints" ]; then
        awk -f "$tools/match.awk" "$block.prints" "$folder/found" >"$folder/why" ||
            complain "$(cat "$folder/why")"
    fi
    ran=$((ran + 1))
}

for block in "$folder"/blocks/*.block; do
    [ -f "$block" ] || break
    read -r line language words <"$block"
    from= need= lacks=
    for word in $words; do
        case $word in
        from=*) from=${word#from=} ;;
        needs=*) need=${word#needs=} ;;
        python) [ "$python" != none ] || lacks="python with h5py and xarray" ;;
        esac
    done
    [ -z "$need" ] || [ -e "$source/$need" ] || lacks=$need
    if [ -n "$lacks" ]; then
        echo "line $line: left out, no $lacks"
        skipped=$((skipped + 1))
        continue
    fi
    case $language in
    console) run_console ;;
    python)
        if [ "$python" = none ]; then skipped=$((skipped + 1)); else run_python; fi
        ;;
    c)
        [ -n "$from" ] || continue
        awk -f "$tools/contains.awk" "$source/$from" "$block.body" || complain "not in $from"
        ran=$((ran + 1))
        ;;
    esac
done
echo "$(basename "$document"): $ran examples run, $skipped left out, $failed wrong"
[ $failed -eq 0 ]
