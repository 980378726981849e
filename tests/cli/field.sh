# The standard benchmarks of the field from files in the layouts of their sources to scores that follow
# from the files by hand (tests/made/made.h says what is in them: with a = 7 i mod 40 and b = i i mod 11
# trial k of unit u to stimulus i is (u + 1) a +- 3 b +- 4 e). Features are a, or a and b; what is
# expected is worked out by awk, without any fit: with one feature of positive weight the correlation
# of a prediction is that of the feature itself.
cat >expected.awk <<'END'
function mean_of(x, n,   i, s) { for (i = 0; i < n; i++) s += x[i]; return s / n }
function corr(x, y, n,   i, mx, my, xx, yy, xy) {
    mx = mean_of(x, n); my = mean_of(y, n)
    for (i = 0; i < n; i++) { xx += (x[i] - mx) ^ 2; yy += (y[i] - my) ^ 2; xy += (x[i] - mx) * (y[i] - my) }
    return xy / sqrt(xx * yy)
}
function trial(i, u, k,   e) {
    e = i % 2 == k ? 1 : -1
    return (u + 1) * (7 * i % 40) + (u % 2 ? -3 : 3) * (i * i % 11) + 4 * e
}
# Spearman-Brown of the two repeats over the stimuli from .. 39
function reliability(u, from,   i, x, y, r) {
    for (i = from; i < 40; i++) { x[i - from] = trial(i, u, 0); y[i - from] = trial(i, u, 1) }
    r = corr(x, y, 40 - from)
    return 2 * r / (1 + r)
}
function average(u,   i, x, y) { # r of a with the means over repeats of the last eight
    for (i = 32; i < 40; i++) { x[i - 32] = 7 * i % 40; y[i - 32] = (trial(i, u, 0) + trial(i, u, 1)) / 2 }
    return corr(x, y, 8)
}
function single(u,   i, k, x, y, n) {
    for (i = 32; i < 40; i++) for (k = 0; k < 2; k++) { x[n + 0] = 7 * i % 40; y[n++] = trial(i, u, k) }
    return corr(x, y, n)
}
# Over frames 2 to 6 of the trials of the last eight, of a f and f times the trial
function frames(u,   i, k, f, x, y, n) {
    for (i = 32; i < 40; i++) for (k = 0; k < 2; k++) for (f = 2; f < 7; f++) { x[n + 0] = f * (7 * i % 40); y[n++] = f * trial(i, u, k) }
    return corr(x, y, n)
}
function median4(a, b, c, d,   hi, lo) { # the mean of the middle two
    hi = a; if (b > hi) hi = b; if (c > hi) hi = c; if (d > hi) hi = d
    lo = a; if (b < lo) lo = b; if (c < lo) lo = c; if (d < lo) lo = d
    return (a + b + c + d - hi - lo) / 2
}
function percent(u, nc,   p) { p = 100 * average(u) ^ 2 / nc; return p > 100 ? 100 : p }
BEGIN {
    CONVFMT = OFMT = "%.17g"
    # partial least squares on a and b: every site is told exactly
    print "majajhong2015-v4", 1, 2 / (reliability(0, 0) + reliability(2, 0))
    print "majajhong2015-it", 1, 2 / (reliability(1, 0) + reliability(3, 0))
    print "freemanziemba2013-v1", 1, 2 / (reliability(0, 0) + reliability(2, 0))
    print "freemanziemba2013-v2", 1, 2 / (reliability(1, 0) + reliability(3, 0))
    print "cadena2017", 1, 1 / median4(reliability(0, 0), reliability(1, 0), reliability(2, 0), reliability(3, 0))
    for (u = 0; u < 4; u++) {
        unit[u] = average(u) ^ 2 / reliability(u, 32); root[u] = average(u) / sqrt(reliability(u, 32))
        trials += single(u) / 4; videos += frames(u) / 4; means += average(u) / 4
    }
    r = median4(average(0), average(1), average(2), average(3))
    print "nsd-shared1000", r, (unit[0] + unit[1] + unit[2] + unit[3]) / 4
    print "algonauts2021", means, (root[0] + root[1] + root[2] + root[3]) / 4
    print "algonauts2023", r, median4(percent(0, .8), percent(1, .4), percent(2, .5), 100)
    print "sensorium2022", trials, "-"
    print "sensorium2023", videos, "-"
    print "sensorium2022 pearson", means, "-"
}
END
awk -f expected.awk >expected

# import: each in the layout of its source
mkdir data
"$BRAMBLE_TEST_TOOLS/../made/make_file" field-brainio objects assembly.nc
"$BRAMBLE_TEST_TOOLS/../made/make_file" field-brainio textures textures.nc
"$BRAMBLE_TEST_TOOLS/../made/make_file" field-brainio images cadena.nc
"$BRAMBLE_TEST_TOOLS/../made/make_file" field-nsd good betas_session01.hdf5
"$BRAMBLE_TEST_TOOLS/../made/make_file" field-nsd-table good nsd_stim_info_merged.csv
"$BRAMBLE_TEST_TOOLS/../made/make_file" field-videos good V1.npy
"$BRAMBLE_TEST_TOOLS/../made/make_file" field-algonauts good subj01
"$BRAMBLE_TEST_TOOLS/../made/make_file" field-sensorium2022 good static1
"$BRAMBLE_TEST_TOOLS/../made/make_file" field-sensorium2023 good dynamic1
awk 'BEGIN { print "stimulus,set"; for (i = 0; i < 40; i++) printf "video%02d,%s\n", i, i < 32 ? "train" : "validation" }' >videos.csv
run bramble import assembly.nc -o data/majajhong2015.h5 --quiet
run bramble import textures.nc -o data/freemanziemba2013.h5 --source brainio:from=0.05,to=0.2 --quiet
run bramble import cadena.nc -o data/cadena2017.h5 --quiet
run bramble import betas_session01.hdf5 nsd_stim_info_merged.csv -o data/nsd.h5 --source nsd:subject=1 --quiet
run bramble import V1.npy videos.csv -o data/algonauts2021.h5 --source responses:axes=stimulus+repeat+neuron --quiet
run bramble import subj01 -o data/algonauts2023.h5 --quiet
run bramble import static1 -o data/sensorium2022.h5 --source sensorium2022:id=mouse --quiet
run bramble import dynamic1 -o data/sensorium2023.h5 --source sensorium2023:id=mouse --quiet

features() { # FORMAT-OF-IDS FIRST-NUMBER COLUMNS
    awk -v form="$1" -v first="$2" -v both="$3" 'BEGIN {
        print both ? "id,a,b" : "id,a"
        for (i = 0; i < 40; i++) { printf form, i + first; printf ",%d", 7 * i % 40; print both ? "," i * i % 11 : "" } }'
}
features s%02d 0 1 >objects.csv
features nsd-%05d 0 0 >nsd.csv
features video%02d 0 0 >features2021.csv
features image-%05d 100 0 >mouse.csv
score() { # BENCHMARK FEATURES
    bramble run "$1" --data data --out results --model "files:path=$2" --quiet >table || cat table
}
score majajhong2015-v4 objects.csv
score majajhong2015-it objects.csv
score freemanziemba2013-v1 objects.csv
score freemanziemba2013-v2 objects.csv
score cadena2017 objects.csv
score nsd-shared1000 nsd.csv
score algonauts2021 features2021.csv
score algonauts2023 nsd.csv
score sensorium2022 mouse.csv
# videos are called by their hash: the video of stimulus i is the i-th; frame f has the feature a (f + 1)
bramble export data/sensorium2023.h5 stimuli/stimulus -o stimuli.csv --quiet
awk -F, 'NR == 1 { print "id,f0,f1,f2,f3,f4,f5"; next }
    { printf "%s", $1; for (f = 1; f < 7; f++) printf ",%d", f * (7 * (NR - 2) % 40); print "" }' stimuli.csv >videos-features.csv
# of a video of six frames the rule's first 50 cannot be dropped; nothing else is changed
sed 's/skip: 50/skip: 1/' "$source/benchmarks/sensorium2023.yaml" >sensorium2023.yaml
bramble run ./sensorium2023.yaml --data data --out results --model files:path=videos-features.csv --quiet >table || cat table
bramble leaderboard results --format csv >board.csv
bramble leaderboard results --benchmark sensorium2022 --score pearson:constant=zero --format csv |
    sed 's/^sensorium2022,/sensorium2022 pearson,/' >>board.csv
# benchmark, score and normalized score of the features (texts in quotation marks hold commas)
awk '{ gsub(/"[^"]*files:[^"]*"/, "FILES"); gsub(/"[^"]*"/, "x") } /^benchmark,/ { n = split($0, name, ","); for (i = 1; i <= n; i++) at[name[i]] = i }
    /,FILES,/ { split($0, f, ","); print f[1], f[at["value"]], f[at["normalized"]] == "" ? "-" : f[at["normalized"]] }' board.csv >found
# NSD is kept as float32, of which a tenth is rounded; Sensorium adds 1e-8 to every deviation
awk '{ n = NF == 4 ? 2 : 1; key = n == 2 ? $1 " " $2 : $1 }
    NR == FNR { value[key] = $(n + 1); norm[key] = $(n + 2); next }
    { near = key ~ /^nsd|^sensorium2022$/ ? 1e-7 : 1e-10
      d = ($(n + 1) - value[key]) / near; e = norm[key] == "-" ? 0 : ($(n + 2) - norm[key]) / near / (1 + norm[key])
      seen[key]
      print key, d * d < 1 && e * e < 1 ? "as by hand" : "found " $0 ", expected " value[key] " " norm[key] }
    END { for (key in value) if (!(key in seen)) print key, "is missing" }' expected found

# two scans in one file: each with its own pictures
"$BRAMBLE_TEST_TOOLS/../made/make_file" field-sensorium2022 good static2
mkdir two
run bramble import static1 static2 -o two/sensorium2022.h5 --quiet
bramble info two/sensorium2022.h5 --format csv | grep -o '^stimuli/images/[^,]*\|^responses/[^,]*'
run bramble run sensorium2022 --data two --out both --quiet

# a suite runs what is there and tells of the others
rm data/nsd.h5 data/algonauts2021.h5
bramble run vision-field --data data --out dry --dry-run 2>&1 | grep -o '.* is left out: dataset [^:]*: [^.]*.h5 is not there'
