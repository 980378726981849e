#!/bin/sh
# check.sh SOURCE COMPILER LANGUAGE HEADER... - each public header compiles alone, and twice.
set -u
source=$1 compiler=$2 language=$3
shift 3
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
[ "$language" = c ] && standard=-std=c11 || standard=-std=c++11
for header; do
    name=$(basename "$header")
    printf '#include <bramble/%s>\n#include <bramble/%s>\nint main(void) { return 0; }\n' "$name" "$name" \
        >"$folder/$name.$language"
done
# shellcheck disable=SC2086  # a compiler may come with arguments
$compiler $standard -fsyntax-only -Wall -Wextra -Wpedantic -Werror -I"$source/include" "$folder"/*."$language"
