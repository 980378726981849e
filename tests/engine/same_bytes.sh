# One thread, two threads, three shards merged, a rerun: the same bytes.
. "$(dirname "$0")/lib.sh"

expect 0 "$bramble" run "$tiny" --out one --format csv
counts 10,0,10,0,0,0
expect 0 "$bramble" run "$tiny" --out two --threads 2 --format csv
counts 10,0,10,0,0,0
same one two

expect 0 "$bramble" run "$tiny" --out two --threads 2 --format csv
counts 10,10,0,0,0,0
same one two

# a model that the benchmark has already is no second cell
expect 0 "$bramble" run "$tiny" --out one --model ar:lags=2 --model copy --format csv
counts 10,10,0,0,0,0

for i in 1 2 3; do
    expect 0 "$bramble" run "$tiny" --out shard$i --shard $i/3
done
[ "$(ls shard1/cells | wc -l)" -lt 10 ] || fail 'a shard ran everything'
expect 0 "$bramble" merge all shard3 shard1 shard2
same one all
expect 0 "$bramble" merge all shard1
same one all
"$bramble" leaderboard one >a
"$bramble" leaderboard all >b
cmp a b || fail 'the leaderboards differ'

# different content under one key is refused and what was there stays
cell=$(ls all/cells | head -n 1)
printf x >>"all/cells/$cell"
cp "all/cells/$cell" before
expect 3 "$bramble" merge all one
says 'have one key and different content'
cmp before "all/cells/$cell" || fail 'the cell was replaced'
expect 3 "$bramble" merge all nowhere
expect 2 "$bramble" run "$tiny" --out shard4 --shard 4/3
[ ! -e shard4 ] || fail 'a wrong shard made a folder'
