# Reliability of trials, ceilings over subjects, a prediction; units in a table.
# unit u: (0, 2), (4, 4), (5, 9) as in the unit tests; v is constant
cat >trials.csv <<'END'
image,t,u,v
a,1,0,.1
b,1,4,.1
c,1,5,.1
a,2,2,.1
b,2,4,.1
c,2,9,.1
END
run bramble reliability trials.csv --conditions image --drop t --splits 0
run bramble reliability trials.csv --conditions image --drop t --splits 0 -o units.csv --format csv
cat units.csv
printf 'image,u,v\nc,6,0\nb,2,0\na,1,1\n' >p.csv
run bramble reliability trials.csv --conditions image --drop t --splits 0 --prediction p.csv \
    --prediction-ids image --format csv
run bramble reliability trials.csv --conditions image --drop t --splits 0 --prediction p.csv \
    --prediction-ids image --threshold 0.95
# subjects 1 and 2 are alike, 3 is not
cat >who.csv <<'END'
image,who,u
a,1,1
b,1,2
c,1,4
a,2,10
b,2,20
c,2,40
a,3,1
b,3,0
c,3,1
END
run bramble reliability who.csv --conditions image --subjects who
run bramble reliability who.csv --conditions image --subjects who --format json
run bramble reliability trials.csv --conditions image --drop t --seed 3 --format csv
run bramble reliability trials.csv
run bramble reliability trials.csv --conditions t --drop image --prediction p.csv --prediction-ids image
run bramble reliability who.csv --conditions image --subjects who --prediction p.csv
run bramble reliability p.csv --conditions image
run bramble reliability trials.csv --conditions image --drop t --threshold low
make_repeats
run bramble reliability repeats.h5 --splits 0 --format csv
