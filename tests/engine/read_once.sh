#!/bin/sh
# read_once.sh BRAMBLE - each array of a model's files is read once in a whole run for its hash, and once by each process that
# scores cells with it, however many benchmarks and parts there are. Counted by strace; skipped where there is none.
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
define() { # NAME TASK METRIC OPTIONS
    printf '%s\n' "name: $1" 'version: 1' 'title: Made' "task: $2" 'dataset: simulated-vision' "metrics: ['$3']" \
        "options: {samples: 0$4}" >"$1.yaml"
}
define likeness geometry 'rsa:rdm=correlation,compare=pearson' ''
define shape geometry 'cka:hsic=song' ''
define responses encoding 'pearson:constant=zero' ', folds: 3'
printf '%s\n' 'name: some' 'title: Three questions to one file' 'benchmarks: [likeness, shape, responses]' >some.yaml
export BRAMBLE_BENCHMARKS="$folder"
# the leak sanitizer, where the program is built with it, does not work below strace
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
for workers in 1 2; do
    strace -f -o trace -e trace=read,pread64 -P "$folder/model/layer1.npy" \
        "$bramble" run ./some.yaml --out "results$workers" --model files:model/layer1.npy -q --threads $workers >told 2>&1 ||
        { cat told; exit 1; }
    read=$(sed -n 's/.* = \([0-9]*\)$/\1/p' trace | awk '{n += $1} END {print n + 0}')
    scored=$("$bramble" leaderboard "results$workers" --format csv -q | grep -c 'files:path=model/layer1.npy')
    echo "$scored benchmarks scored it with $workers workers; $read bytes read of a file of $size"
    # 200: the header, in pieces
    [ "$scored" -eq 3 ] && [ "$read" -ge "$size" ] && [ "$read" -le $(((1 + workers) * (size + 200))) ] || exit 1
done
# a file that was changed is read anew
cp model/layer1.npy before.npy && printf '\001' | dd of=model/layer1.npy bs=1 seek=$((size - 3)) conv=notrunc 2>/dev/null
"$bramble" run ./some.yaml --out results1 --model files:model/layer1.npy -q --threads 1 --format csv >told || exit 1
scored=$(sed -n '2s/^[0-9]*,[0-9]*,\([0-9]*\),.*/\1/p' told)
echo "$scored cells anew after a change"
[ "$scored" -ge 3 ]
