# Models against subjects: intervals, ceilings, tests; forms of files; what is refused.

# The last digits of a number depend on the processor's kernels of BLAS: ten are shown.
digits() { sed -E 's/([0-9]\.[0-9]{10})[0-9]+/\1/g'; }
cat >it.csv <<'END'
a,b,c,d,e,f
0,1,4,5,6,6
1,0,4,4,5,6
4,4,0,2,3,5
5,4,2,0,2,3
6,5,3,2,0,1
6,6,5,3,1,0
END
# three subjects: the rows above, shaken by hand
printf '1,4,5,6,6,4,4,5,6,2,3,5,2,3,1\n2,4,4,6,5,5,4,5,6,1,3,4,2,4,2\n1,5,5,6,6,3,4,6,6,2,2,5,3,3,1\n' >subjects.csv
printf '1,4,5,6,6,4,4,5,6,2,3,5,2,3,1\n6,1,3,2,5,4,1,6,3,2,5,4,3,1,2\n' >models.csv
sed 1d it.csv >one.csv
run bramble infer --form vectors -m models.csv -b subjects.csv --samples 200 --seed 7
run bramble infer --form vectors -m models.csv -b subjects.csv --samples 200 --seed 7 --table pairs --threads 2
run bramble infer --form vectors -m models.csv -b subjects.csv --bootstrap none --compare tau-a --tests ranks \
    --adjust holm --format csv | digits
run bramble infer -m one.csv -b one.csv --compare cosine_cov --bootstrap none
# a weighted sum of both, and the second alone, fitted to other subjects
tail -n 1 models.csv >second.csv
run bramble infer --form vectors -m models.csv -m second.csv -b subjects.csv --fit weighted --condition-folds 1 \
    --bootstrap none --table pairs
run bramble infer -m one.csv -b one.csv --fit weighted
bramble infer --form vectors -m models.csv -b subjects.csv --samples 100 --threads 1 --format json -q >one.json
bramble infer --form vectors -m models.csv -b subjects.csv --samples 100 --threads 2 --format json -q >two.json
run cmp one.json two.json
run grep -o '"noise": [0-9.]*' one.json

# as a figure: best first, stars, letters, the ceiling
run bramble infer --form vectors -m models.csv -b subjects.csv --samples 200 --seed 7 --figure f.svg --title "Two models" --format csv | digits
grep -oE '>(models|mean|\*|a<|b<|noise|0\.|Two)[^<]*' f.svg

# refused
run bramble infer -m one.csv -b one.csv --figure f.svg
run bramble infer -m one.csv -b one.csv --figure f.eps
run bramble infer -m one.csv -b one.csv --title T
run bramble infer -m one.csv
run bramble infer --form vectors -m models.csv -b one.csv
run bramble infer --form vectors -m models.csv -b subjects.csv --bootstrap dual --tests bootstrap
run bramble infer --form vectors -m models.csv -b subjects.csv --compare cosine_cov --sigma models.csv
run bramble infer -m one.csv -b one.csv --bootstrap both
run bramble infer --form vectors -m models.csv -b subjects.csv --level 2
run bramble infer --form vectors -m models.csv -b subjects.csv --compare tau

# groups of subjects and of conditions are drawn, and left out, as one
printf 'monkey\na\na\nb\n' >who.csv
printf 'object,image\nx,f\nx,e\ny,d\ny,c\nz,b\nz,a\n' >objects.csv
run bramble infer --form vectors -m models.csv -b subjects.csv --subject-groups who.csv --bootstrap none --format csv | digits
sed '1s/^/image,/; 2s/^/a,/; 3s/^/b,/; 4s/^/c,/; 5s/^/d,/; 6s/^/e,/; 7s/^/f,/' it.csv >named.csv
run bramble infer -m named.csv -b named.csv --ids image --condition-groups objects.csv:object --samples 50
grep -v d objects.csv >lacking.csv
run bramble infer -m named.csv -b named.csv --ids image --condition-groups lacking.csv:object
run bramble infer --form vectors -m models.csv -b subjects.csv --subject-groups objects.csv:object
run bramble infer -m one.csv -b one.csv --subject-groups monkey
