# Ctrl-C while a network is trained: exit 130, and the best so far is the model, which can be used;
# with a checkpoint the same command then goes on to the bytes of a run in one go.
. "$(dirname "$0")/lib.sh"

model=gru:hidden=8,steps=600,batch=4,window=16,check=10,patience=1000,checkpoint=c.h5
expect 0 "$bramble" simulate simulated-worm -o worm.h5
expect 0 "$bramble" fit -m $model -d worm.h5 --recording worm01 -o whole.h5
[ ! -e c.h5 ] || fail 'the checkpoint of a fit that is done was left'

rm -f said
"$bramble" fit -m $model -d worm.h5 --recording worm01 -o early.h5 --progress plain >said 2>&1 </dev/null &
run=$!
i=0
while [ $i -lt 300 ] && ! grep -q 'training' said; do
    sleep 0.02
    i=$((i + 1))
done
kill -INT $run
wait $run
code=$?
[ $code -eq 130 ] || fail "exit $code after SIGINT, expected 130"
says 'training was stopped: early.h5 holds the best up to then'
[ -e c.h5 ] || fail 'no checkpoint of the training that was stopped'
expect 0 "$bramble" predict -m early.h5 -d worm.h5 --recording worm01 -o told.h5
expect 0 "$bramble" fit -m $model -d worm.h5 --recording worm01 -o gone_on.h5
cmp whole.h5 gone_on.h5 || fail 'a training that was stopped ends otherwise'
[ ! -e c.h5 ] || fail 'the checkpoint was left'
