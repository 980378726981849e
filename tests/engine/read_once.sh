#!/bin/sh
# read_once.sh BRAMBLE - each array of a model's files is read once by each cell that asks for it, and the file once more in
# the whole run, for its hash, however many benchmarks and parts there are. Counted by strace; skipped where there is none.
set -u
bramble=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
command -v strace >/dev/null || { echo "skipped: no strace"; exit 77; }
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 99
strace -o /dev/null true 2>/dev/null || { echo "skipped: strace may not trace here"; exit 77; }
"$bramble" benchmark show simulated-vision-encoding --stimuli -o asked -q || exit 1
mkdir model && cp asked/stimuli/layer1.npy asked/stimuli/layer1.ids.txt model/ || exit 1
size=$(wc -c <model/layer1.npy)
printf '%s\n' 'name: some' 'title: Three questions to one file' \
    'benchmarks: [simulated-vision-encoding, simulated-vision-geometry, simulated-vision-inference]' >some.yaml
# the leak sanitizer, where the program is built with it, does not work below strace
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
strace -f -o trace -e trace=read,pread64 -P "$folder/model/layer1.npy" \
    "$bramble" run ./some.yaml --out results --model files:model/layer1.npy -q --threads 2 >told 2>&1 || { cat told; exit 1; }
read=$(sed -n 's/.* = \([0-9]*\)$/\1/p' trace | awk '{n += $1} END {print n + 0}')
scored=$("$bramble" leaderboard results --format csv | grep -c 'files:path=model/layer1.npy')
echo "$scored benchmarks scored it; $read bytes read of a file of $size"
[ "$scored" -eq 3 ] && [ "$read" -gt 0 ] && [ "$read" -le $((4 * size + 3 * 200)) ] # 200: the header, in pieces
