#!/bin/sh
# check.sh BUILD SOURCE - installs the build into a new folder and compiles programs against what is
# there alone, by pkg-config, in C and in C++: the headers are complete, the library has its symbols, and
# the installed program finds its data. meson counts exit 77 as skipped.
set -eu
build=$1 source=$2
command -v pkg-config >/dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
DESTDIR=$folder meson install -C "$build" --no-rebuild --quiet >/dev/null
pc=$(find "$folder" -name bramble.pc)
prefix=$(sed -n 's/^prefix=//p' "$pc")
library=$(dirname "$(dirname "$pc")")
PKG_CONFIG_PATH=$(dirname "$pc")
LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PKG_CONFIG_PATH LD_LIBRARY_PATH

cp "$source/outside.c" "$folder/outside.c"
cp "$source/outside.c" "$folder/outside.cc"
cd "$folder"
flags=$(pkg-config --define-variable=prefix="$folder$prefix" --cflags --libs bramble)
# shellcheck disable=SC2086  # a list of words
cc -std=c11 -Wall -Wextra -Werror outside.c -o outside-c $flags -lm
./outside-c
if command -v g++ >/dev/null; then
    # shellcheck disable=SC2086
    g++ -Wall -Wextra -Werror outside.cc -o outside-cc $flags -lm
    ./outside-cc
fi
program=$folder$prefix/bin/bramble
"$program" --version | grep -q '^bramble '
"$program" list metrics --format csv | grep -q rsa
[ -s "$folder$prefix/share/man/man1/bramble.1" ]
