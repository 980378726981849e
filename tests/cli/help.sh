# Help goes to stdout with exit 0; every command has examples and a man page; completions are valid.
same() {
    "$@" >.a && "$1" help "$2" >.b && cmp .a .b && echo "same: $*"
}
bramble --help | head -3
run bramble list --help
same bramble list -h
bramble --version | sed -e 's/ [0-9][0-9.]*/ N/g' -e 's/: .*/: CORE (WHY)/'
commands=$(bramble --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z]*\).*/\1/p')
mkdir man
bramble --generate-man man
for c in $commands; do
    bramble "$c" --help | grep -c '^  bramble ' | sed 's/^[2-9]$/enough examples/' | grep -q enough ||
        echo "$c: fewer than 2 examples"
    [ -s "man/bramble-$c.1" ] || echo "$c: no man page"
    [ -e "$source/cli/cmd_$c.c" ] || echo "$c: no cmd_$c.c"
    awk 'length($0) > 80 { print FILENAME ": longer than 80 columns: " $0 }' \
        <<HELP
$(bramble "$c" --help)
HELP
done
bramble --generate-completion bash >completion.bash && bash -n completion.bash
bramble --generate-completion fish | grep -c '^complete -c bramble' | grep -q '[0-9]' && echo fish
bramble --generate-completion zsh | head -1
run bramble --generate-completion tcsh
