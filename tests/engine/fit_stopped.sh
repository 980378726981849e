# A fit with hidden states that is stopped: progress for each iteration, exit 130, the best so far in
# the checkpoint; the same command goes on from there to the same bytes.
. "$(dirname "$0")/lib.sh"

model=hmm:emission=poisson,states=4,starts=2,iterations=200,tolerance=0,checkpoint=c.h5
expect 0 "$bramble" simulate simulated-spikes -o spikes.h5
expect 0 "$bramble" fit -m $model -d spikes.h5 -o whole.h5 --progress plain
says 'EM, start 1 of 2: log posterior'
says 'EM, start 2 of 2: log posterior'
[ "$(grep -c 'EM, start' said)" -gt 20 ] || fail 'not every iteration was told'
[ ! -e c.h5 ] || fail 'the checkpoint of a fit that is done was left'

rm said # it is of the first fit
"$bramble" fit -m $model -d spikes.h5 -o cut.h5 --progress plain >said 2>&1 </dev/null &
run=$!
i=0
while [ $i -lt 300 ] && ! grep -q 'EM, start' said; do
    sleep 0.05
    i=$((i + 1))
done
kill -INT $run
wait $run
code=$?
[ $code -eq 130 ] || fail "exit $code after SIGINT, expected 130"
says 'the best so far is in c.h5, and the same command goes on from there'
[ -e c.h5 ] && [ ! -e cut.h5 ] || fail 'a stopped fit leaves a checkpoint, and nothing else'
expect 0 "$bramble" fit -m $model -d spikes.h5 -o cut.h5
cmp whole.h5 cut.h5 || fail 'a fit that was stopped ends otherwise'
[ ! -e c.h5 ] || fail 'the checkpoint was left'
