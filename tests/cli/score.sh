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
