# One number from two files: formats, ids, RDMs, per-unit metrics, what is refused.
cat >model.csv <<'END'
stim,f1,f2,f3
a,1,2,4
b,2,1,0
c,0,3,1
d,5,1,2
e,1,1,7
END
# the brain knows c, a, d and b, in this order, and z
cat >brain.csv <<'END'
stim,u1,u2
c,1,0
a,2,3
d,0,5
z,9,9
b,1,1
END
run bramble score --metric rsa:rdm=euclidean,compare=pearson --model model.csv --brain brain.csv \
    --model-ids stim --brain-ids stim
# the same by hand: rows in order, without e and z
printf 'f1,f2,f3\n0,3,1\n1,2,4\n5,1,2\n2,1,0\n' >m.csv
printf 'u1,u2\n1,0\n2,3\n0,5\n1,1\n' >b.csv
run bramble score --metric rsa:rdm=euclidean,compare=pearson --model m.csv --brain b.csv
printf 'id\nc\na\nd\nb\n' >ids.csv
run bramble score --metric rsa:rdm=euclidean,compare=pearson --model model.csv --brain b.csv \
    --model-ids stim --brain-ids ids.csv -q

# RDMs: by way of files the same number
run bramble rdm m.csv --method euclidean -o m.npy
run bramble rdm brain.csv --ids stim --method euclidean -o rb.csv
cat rb.csv
run bramble rdm model.csv --ids stim --method euclidean -o rm.csv
run bramble score --metric rsa:compare=pearson --rdm --model rm.csv --brain rb.csv --model-ids condition \
    --brain-ids condition -q
run bramble rdm m.csv -o m.npy
run bramble rdm m.csv -o m.txt

# a metric of units: two errors of 1 in u1, a constant recording in u3; u2 is missing once
printf 'u1,u2,u3\n1,2,1\n2,,2\n3,4,3\n5,6,3\n' >p.csv
printf 'u1,u2,u3\n1,2,5\n1,1,5\n3,5,5\n4,6,5\n' >y.csv
run bramble score --metric mse --model p.csv --brain y.csv --format json
run bramble score --metric r2 --model p.csv --brain y.csv
run bramble score --metric mae --model p.csv --brain y.csv --summary median --format csv
run bramble score --metric skill:over=pooled --model p.csv --brain y.csv
run bramble score --metric skill:over=pooled --model p.csv --brain y.csv --reference y.csv

run bramble score --metric rsa --model m.csv --brain brain.csv --brain-ids stim
run bramble score --metric nothing --model m.csv --brain b.csv
run bramble score --metric rsa --model absent.npy:x --brain b.csv
run bramble score --metric rsa --model m.csv
run bramble score --metric rsa --model m.csv --brain b.csv --model-ids nobody
run bramble score --metric rsa --rdm --model m.csv --brain b.csv

# several at once: all pairs of models and brains, two metrics
printf 'x1,x2\n1,2\n2,1\n0,3\n5,1\n3,3\n2,6\n4,4\n1,1\n' >x.csv
printf 'y1,y2,y3\n1,0,2\n2,3,1\n0,5,0\n1,1,4\n2,2,2\n5,1,0\n3,3,1\n0,0,1\n' >y.csv
run bramble score --metric mutual-knn:k=2 --model x.csv --model y.csv --brain y.csv --format csv
run bramble score --metric cka --metric rv --model x.csv --model y.csv --brain y.csv
# an interval over conditions: the same draws for every pair
run bramble score --metric mutual-knn:k=2 --model x.csv --model y.csv --brain y.csv --samples 100 --seed 3
run bramble score --metric mutual-knn:k=1 --model x.csv --brain y.csv --samples 20 --format json | grep -v 'low\|high\"'
# repeats, subjects, folds
cat >trials.csv <<'END2'
stim,who,run,u,v
a,p,1,1,2
b,p,1,2,0
c,p,2,0,4
d,p,2,3,3
a,p,1,3,2
d,q,2,9,1
c,q,2,8,2
b,q,1,7,4
a,q,1,2,0
e,q,1,2,0
END2
printf 'stim,f,g\nb,1,0\na,0,2\nd,4,1\nc,1,5\n' >f.csv
run bramble score --metric mutual-knn:k=1 --model f.csv --model-ids stim --brain trials.csv --conditions stim \
    --subjects who --drop run --format json
# by hand: subject p alone, its rows of a averaged
printf 'stim,u,v\na,2,2\nb,2,0\nc,0,4\nd,3,3\n' >p.csv
run bramble score --metric mutual-knn:k=1 --model f.csv --model-ids stim --brain p.csv --brain-ids stim
printf 'fold\na\na\na\na\nb\nb\nb\nb\n' >folds.csv
run bramble score --metric pairwise-matching --model x.csv --brain y.csv --folds folds.csv | cut -c1-12
run bramble score --metric pairwise-matching:folds=2 --model x.csv --brain y.csv | cut -c1-12
# distances between measurements in different runs: those of rdm
printf 'stim,run,u1,u2\na,1,1,0\nb,1,0,0\nc,1,5,5\nd,1,2,4\na,2,3,2\nb,2,1,0\nc,2,5,7\nd,2,1,5\n' >beta.csv
printf 'stim,f1,f2,f3\nc,1,2,3\na,0,1,0\nb,2,1,1\nd,1,1,3\n' >feat.csv
run bramble score --metric rsa:rdm=crossnobis,compare=cosine,noise=diag --model feat.csv --model-ids stim \
    --brain beta.csv --conditions stim --folds run
bramble rdm beta.csv --conditions stim --folds run --method crossnobis --noise diag -o folds_rdm.csv -q
bramble rdm feat.csv --conditions stim --method euclidean -o plain_rdm.csv -q
run bramble score --metric rsa:compare=cosine --rdm --model plain_rdm.csv --model-ids condition \
    --brain folds_rdm.csv --brain-ids condition
run bramble score --metric rsa:rdm=crossnobis --model feat.csv --model-ids stim --brain feat.csv --brain-ids stim
sed '$d' beta.csv >less.csv
run bramble score --metric rsa:rdm=crossnobis --model feat.csv --model-ids stim --brain less.csv --conditions stim --folds run
run bramble score --metric encoding --model feat.csv --model-ids stim --brain beta.csv --conditions stim --folds run
run bramble score --metric rsa:rdm=crossnobis,compare=corr --model beta.csv --model-conditions stim --model-folds run \
    --brain beta.csv --conditions stim --folds run
# a response with repeats has its conditions and folds
make_repeats
printf 'stim,f1,f2\nb,1,2\na,0,1\nc,5,1\n' >three.csv
run bramble score --metric rsa:rdm=crossnobis,compare=corr --model three.csv --model-ids stim --brain repeats.h5:responses/it
# subsamples: all of the units are the score itself
run bramble score --metric cka --model y.csv --brain x.csv --subsample-units 1+2 --subsample-conditions 6 --repeats 5
run bramble score --metric cka --model y.csv --brain x.csv --subsample-model-units 2+3 --repeats 5
run bramble score --metric cka --model x.csv --brain y.csv --subsample-units 7
run bramble score --metric cka --model x.csv --brain y.csv --subsample-units ten
run bramble score --metric cka --model x.csv --brain y.csv --samples 5 --level 2
run bramble score --metric cka --model x.csv --brain trials.csv --subjects who
run bramble score --metric cka --model 'x.csv:layer*' --brain y.csv
# every layer of a file
bramble simulate simulated-vision -o v.h5 -q
run bramble score --metric mutual-knn --metric rv --model 'v.h5:stimuli/features/layer*' \
    --brain v.h5:stimuli/features/layer3 --brain v.h5:stimuli/features/layer1
run bramble score --metric ssm --model 'v.h5:stimuli/features/layer[12]' --brain v.h5:stimuli/features/layer3 \
    --subsample-units 4+16 --repeats 20
# a map to units with repeats, its ceiling, rules; the brain's own repeats are no folds
run bramble score --metric encoding:alpha=1 --model 'v.h5:stimuli/features/layer[23]' --brain v.h5:responses/area \
    --normalization r2_over_reliability --summary median
run bramble score --metric encoding:map=pls,components=4 --model v.h5:stimuli/features/layer2 --brain v.h5:responses/area \
    --normalization unitwise_r2_over_reliability --format json | grep -E 'normalization|left_out'
run bramble score --metric encoding --model v.h5:stimuli/features/layer2 --brain v.h5:stimuli/features/layer3 --normalization ratio
run bramble score --metric encoding --model v.h5:stimuli/features/layer2 --brain v.h5:responses/area --normalization best
run bramble score --metric encoding:score=r2 --model v.h5:stimuli/features/layer2 --brain v.h5:responses/area \
    --normalization squared_ratio
run bramble score --metric cka --model v.h5:stimuli/features/layer2 --brain v.h5:responses/area --normalization ratio
