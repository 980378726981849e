# tables.sh BRAMBLE DATA WORK - the tables of docs/anchors.md, from the published files in DATA by way of
# bramble import, run and leaderboard. WORK is a folder for the datasets and results. SAMPLES: bootstrap
# draws (the tables do not show intervals; 0 saves the time).
set -u
bramble=$1 data=$2 work=$3
source=$(cd "$(dirname "$0")/../.." && pwd)
samples=${SAMPLES:-0}

# import NAME FILE: as the manifest says
import() {
    spec=$(sed -n 's/^source: "\(.*\)"$/\1/p' "$source/datasets/$1.yaml")
    "$bramble" import "$data/$2" --source "$spec" -o "$work/$1.h5" --force -q >/dev/null || exit 1
}

# run NAME: the benchmark as it stands but for the number of draws
run() {
    sed "s/^options:/&\n  samples: $samples/" "$source/benchmarks/$1.yaml" >"$work/$1.yaml"
    "$bramble" run "$work/$1.yaml" --data "$work" --out "$work/results" --threads 2 -q >/dev/null || exit 1
}

# values BENCHMARK SCORE DIGITS: "model<tab>value" lines; -0.0000 is printed as 0
values() {
    "$bramble" leaderboard "$work/results" --benchmark "$1" --score "$2" --format tsv | awk -F'\t' -v d="$3" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { printf "%s\t%s\n", $at["model"], $at["value"] == 0 ? "0" : sprintf("%.*f", d, $at["value"]) }'
}

# table BENCHMARK "SCORE DIGITS;SCORE DIGITS..." "model label;..." - a row a model, a column a score
table() {
    : >"$work/values"
    column=0
    echo "$2" | tr ';' '\n' >"$work/columns"
    while read -r digits score; do
        column=$((column + 1))
        values "$1" "$score" "$digits" | sed "s/^/$column\t/" >>"$work/values"
    done <"$work/columns"
    echo "$3" | tr ';' '\n' | awk -F'=>' -v columns=$column -v values="$work/values" '
        BEGIN { while ((getline line < values) > 0) { split(line, f, "\t"); value[f[1], f[2]] = f[3] } }
        { printf "| %s |", $2
          for (c = 1; c <= columns; c++) printf " %s |", (c, $1) in value ? value[c, $1] : "absent"
          printf "\n" }'
}

import m1-stevenson2011 spykesML/m1_stevenson_2011.mat
import hvc-mackevicius2019 seqNMF/MackeviciusData.mat
run m1-forecast
run m1-forecast-20
run hvc-forecast
grid='var:lags=1+3+5,ridge=1+10+100+1000+10000+100000,target=value'
pearson='pearson:constant=zero@step'

echo 'M1 spike counts (171 x 15536, 50 ms; train 9321, validation 3107, test 3108), one step:'
echo
echo '| model | MSE | MAE | skill vs copy | median R2 | mean R2 | mean Pearson |'
echo '| --- | ---: | ---: | ---: | ---: | ---: | ---: |'
table m1-forecast "6 mse@step;6 mae@step;4 skill:over=pooled@step;4 median r2@step;4 r2@step;4 $pearson" \
    "copy=>copy;mean=>training mean;window:k=5=>mean of last 5;ar:lags=1,ridge=1,target=value=>AR(1), own, ridge 1;ar:lags=5,ridge=1,target=value=>AR(5);ar:lags=10,ridge=1,target=value=>AR(10);$grid=>VAR(5), ridge 1e4"
echo
echo 'M1, free runs of 16 steps:'
echo
echo '| model | MSE, all steps | skill, all steps | skill, step 1 | skill, step 16 |'
echo '| --- | ---: | ---: | ---: | ---: |'
table m1-forecast '5 mse@h1-16;4 skill:over=pooled@h1-16;4 skill:over=pooled@h1;4 skill:over=pooled@h16' \
    "$grid=>VAR(5), ridge 1e4;copy=>copy;mean=>training mean"
echo
echo 'HVC calcium (75 x 666, 30 Hz; train 399, validation 133, test 134), one step:'
echo
echo '| model | MSE | MAE | skill vs copy | median R2 | mean Pearson |'
echo '| --- | ---: | ---: | ---: | ---: | ---: |'
table hvc-forecast "6 mse@step;6 mae@step;4 skill:over=pooled@step;4 median r2@step;4 $pearson" \
    "copy=>copy;mean=>training mean;ar:lags=5,ridge=1,target=value=>AR(5);ar:lags=10,ridge=1,target=value=>AR(10);$grid=>VAR(3), ridge 10"
