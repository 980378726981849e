# Responses to RDMs: designs in columns and files, noise, subjects, forms of output, what is refused.
cat >beta.csv <<'END'
stim,run,u1,u2
a,1,1,0
b,1,0,0
c,1,5,5
a,2,3,2
b,2,1,0
c,2,5,7
END
# between runs: a-b (1,0)(2,2) / 2 = 1, a-c (-4,-5)(-2,-5) / 2 = 16.5, b-c (-5,-5)(-4,-7) / 2 = 27.5
run bramble rdm beta.csv --conditions stim --folds run --method crossnobis -o d.csv
cat d.csv
# means: a (2,1), b (.5,0), c (5,6)
run bramble rdm beta.csv --conditions stim --folds run --method euclidean -o d.csv -f --vector
cat d.csv
# the same rows as an array, labels in files of their own; n-th row of a condition = n-th run
cut -d, -f3,4 beta.csv >x.csv
cut -d, -f1 beta.csv >stim.csv
run bramble rdm x.csv --conditions stim.csv --method crossnobis -o d.h5 -q
run bramble info d.h5 --format json
run bramble rdm x.csv --conditions stim.csv --method crossnobis -o s.csv -q
run bramble score --metric rsa:compare=pearson --rdm --model d.h5 --brain s.csv --brain-ids condition
# the same as a response of stimuli x neurons x repeats; one more repeat of a needs --unbalanced
make_repeats
run bramble rdm repeats.h5 --method crossnobis -o s.csv -q -f
cat s.csv
run bramble rdm repeats.h5 --method euclidean --conditions category -o s.csv -q -f
cat s.csv
run bramble rdm repeats.h5 --folds repeat -o s.csv -f
make_repeats more
run bramble rdm repeats.h5 --method crossnobis -o s.csv -q -f
run bramble rdm repeats.h5 --method crossnobis --unbalanced -o s.csv -q -f
cat s.csv
# precision (4 0; 0 1): a-b 4 * 1 * 2 / 2 = 4
printf 'p,q\n4,0\n0,1\n' >p.csv
run bramble rdm beta.csv --conditions stim --folds run --method crossnobis --precision p.csv --format json

# between runs a is (1, 0), (3, 2), b (0, 0), (1, 0), c (5, 5), (5, 7): variances over both channels (2 + 2) / 2,
# .5 / 2, 2 / 2; covariances (1 + 0) / 2, (0 + 2) / 2, 0
run bramble rdm beta.csv --conditions stim --folds run --method crossnobis -o k.csv -q --condition-covariance k.npy
printf 'a,b,c\n2,0.5,1\n0.5,0.25,0\n1,0,1\n' >k_by_hand.csv
run bramble score --metric mse --model k.npy --brain k_by_hand.csv
run bramble rdm beta.csv --conditions stim --method crossnobis -o k.csv -q --condition-covariance k.npy
# residuals (1,2), (-1,0), (0,-2): variances 1 and 4; a-b (1.5^2 / 1 + 1^2 / 4) / 2 = 1.25
printf 'p,q\n1,2\n-1,0\n0,-2\n' >e.csv
run bramble rdm beta.csv --conditions stim --drop run --method mahalanobis --noise diag --residuals e.csv --format json
# repeats: squares of u1 2+.5+0, of u2 2+0+2, 3 degrees of freedom; a-b (1.5^2 / (5/6) + 1 / (4/3)) / 2 = 1.725
run bramble rdm beta.csv --conditions stim --drop run --method mahalanobis --noise diag --format json
# a precision for each run
printf 'run,p,q\n1,1,2\n1,-1,0\n1,0,-2\n2,2,2\n2,-2,0\n2,0,-2\n' >e2.csv
run bramble rdm beta.csv --conditions stim --folds run --method crossnobis --noise diag --residuals e2.csv --residual-folds run --format json

# two subjects, one of whom never saw c; their mean on one scale
cat >who.csv <<'END'
who,stim,u1,u2
s1,a,0,0
s1,b,2,0
s1,c,0,4
s2,b,0,4
s2,a,0,0
END
run bramble rdm who.csv --subjects who --conditions stim --method euclidean -o w.csv
cat w.csv
run bramble rdm who.csv --subjects who --conditions stim --method euclidean -o w.h5 -q
run bramble export w.h5 responses/rdm -o w.npy
run bramble rdm who.csv --subjects who --conditions stim --method euclidean --mean plain --format json
run bramble rdm who.csv --subjects who --conditions stim --method euclidean --mean simple -o m.csv
# subjects that own channels: u1 alone, u2 alone
printf 'who\nleft\nright\n' >owner.csv
run bramble rdm x.csv --conditions stim.csv --method crossnobis --channel-subjects owner.csv -q -f -o w.csv
cat w.csv
run bramble rdm repeats.h5 --method crossnobis --channel-subjects nobody -o w.csv
# a constant pattern, and one that is missing but for a channel
printf 's,p,q,r\nx,1,1,1\ny,1,2,4\nz,3,1,1\nw,2,,\n' >g.csv
run bramble rdm g.csv --ids s -o g.csv.csv
cat g.csv.csv

run bramble rdm beta.csv --conditions stim --folds run --method crossnobis --unbalanced --format json
printf 'stim,run,u1\na,1,1\nb,1,2\na,2,3\n' >short.csv
run bramble rdm short.csv --conditions stim --folds run --method crossnobis -o s.csv
run bramble rdm short.csv --conditions stim --method crossnobis -o s.csv
run bramble rdm short.csv --conditions nobody -o s.csv
run bramble rdm x.csv --method crossnobis -o s.csv
run bramble rdm x.csv --conditions short.csv:stim -o s.csv
run bramble rdm beta.csv --conditions stim --method mahalanobis --noise full --residuals short.csv:u1 -o s.csv
run bramble rdm beta.csv --conditions stim --drop run --precision p.csv -o s.csv
run bramble rdm beta.csv --conditions stim --drop run --precision p.csv --noise diag -o s.csv
run bramble rdm beta.csv --conditions stim --method poisson --prior-weight few -o s.csv
run bramble rdm beta.csv --conditions stim -o s.txt
run bramble rdm beta.csv --conditions stim --vector -o s.h5
run bramble rdm beta.csv --conditions stim
run bramble rdm who.csv --subjects who -o s.csv

# figures: real text, alt text, missing pairs told; RDMs as they are
run bramble rdm who.csv --subjects who --conditions stim --method euclidean --figure f.svg --title "Two <subjects>"
grep -oE '<title id[^/]*|<desc id[^/]*|>(Two|s1|Grey|3 conditions)[^<]*|class="fg" d=' f.svg
run bramble rdm beta.csv --conditions stim --drop run --figure t.svg --figure-kind dendrogram -q
grep -oE '>(a|b|c|Average)[^<]*' t.svg
run bramble rdm beta.csv --conditions stim --drop run --figure m.svg --figure-kind mds --method euclidean -q
grep -oE '>(a|b|c|Multi)[^<]*' m.svg
run bramble rdm beta.csv --conditions stim --folds run --method euclidean -o d1.csv
run bramble rdm beta.csv --conditions stim --folds run --method crossnobis -o d2.csv -q
run bramble rdm d1.csv d2.csv --given --ids condition --figure g.svg --figure-scale rank
grep -oE '>(d1|d2|a|3 cond|rank)[^<]*' g.svg
run bramble rdm d1.csv d2.csv --given --ids condition --figure g.svg --figure-kind mds-rdms -f
run bramble rdm d1.csv --given --figure g.eps
run bramble rdm d1.csv --given --figure-scale rank
run bramble rdm d1.csv --given
run bramble rdm d1.csv --given --ids condition --method cosine --figure g.svg
run bramble rdm d1.csv d2.csv -o x.npy
run bramble rdm d1.csv --given --ids condition --figure g.svg
run bramble rdm d1.csv --given --ids condition --figure c.svg --figure-kind mds --figure-scaling classical
grep -oE '[0-9.]+ % of the positive[^<]*' c.svg
run bramble rdm d1.csv --given --ids condition --figure c.svg --figure-scaling classical

# transforms, one after the other: pairs 1, 16.5, 27.5 of crossnobis
run bramble rdm beta.csv --conditions stim --folds run --method crossnobis -q --format json --transform sqrt --transform minmax
run bramble rdm beta.csv --conditions stim --folds run --method crossnobis -q --transform rank -o ranks.csv
cat ranks.csv
run bramble rdm beta.csv --conditions stim --folds run --method crossnobis -q --transform geotopological:l=0,u=0.5 -o gt.csv
cat gt.csv
run bramble rdm beta.csv --conditions stim --folds run --method crossnobis -q --transform geodesic -o paths.csv
cat paths.csv
run bramble rdm beta.csv --conditions stim --folds run -q --transform log -o x.csv
run bramble rdm beta.csv --conditions stim --folds run -q --transform geotopological:l=0.9,u=0.1 -o x.csv
