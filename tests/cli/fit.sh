# A made dataset, a model fitted on one of its animals, its forecasts; and what a benchmark is.
run bramble simulate simulated-worm -o worm.h5
run bramble simulate simulated-worm -o worm.h5
run bramble simulate worm -o w.h5
run bramble simulate simulated-worm --seed 2 -o other.h5
cmp -s worm.h5 other.h5 && echo 'another seed gives the same'
run bramble fit --model ar:lags=2+5 --data worm.h5 -o ar.h5
run bramble fit --model ar:lags=2+5 --data worm.h5 --recording worm01 -o ar.h5
run bramble fit --model ar:lags=2+5 --data worm.h5 --recording worm01 --train 1 --validation 0 -o ar2.h5
run bramble fit --model ar:lags=2 --data worm.h5 --recording worm01 --train 0.5x -o ar3.h5
run bramble fit --model ar:lags=2 --data worm.h5 --recording worm99 -o ar3.h5
run bramble predict --model ar.h5 --data worm.h5 --recording worm01 -o step.h5
run bramble predict --model ar.h5 --data worm.h5 --recording worm01 --first 500 --steps 8 --stride 20 -o runs.h5
run bramble predict --model worm.h5 --data worm.h5 --recording worm01 -o x.h5
run bramble predict --model ar.h5 --data worm.h5 --recording worm01 --first 600 -o x.h5
# what was forecast one step ahead can be scored against the recording: better than 0, the mean
bramble score --metric r2 --model step.h5:prediction --brain worm.h5:recordings/worm01/activity >r2 &&
    awk '{ print ($1 > 0.2 && $1 < 1) ? "a good forecast" : "r2 is " $1 }' r2
bramble info runs.h5 >info && grep -c prediction info
# a search that goes on where it was ends as one in one go; another seed is another search
quick='rnn:steps=20,check=10,window=16,batch=4,burn=2,layers=1'
run bramble fit -q --model $quick --search 2 --data worm.h5 --recording worm01 -o one.h5
run bramble fit -q --model $quick --search 4 --data worm.h5 --recording worm01 -o one.h5 --force
run bramble fit -q --model $quick --search 4 --data worm.h5 --recording worm01 -o two.h5
cmp one.h5.search.csv two.h5.search.csv && cmp one.h5 two.h5 && wc -l <two.h5.search.csv | tr -d ' '
run bramble fit -q --model $quick --search 4 --seed 5 --data worm.h5 --recording worm01 -o one.h5 --force
run bramble fit -q --model copy --search 4 --data worm.h5 --recording worm01 -o copy.h5
run bramble fit -q --model $quick --search 4 --train 1 --validation 0 --data worm.h5 --recording worm01 -o x.h5
# held-out units from the others; seeds of what is drawn, which only some models do
small='masked-encoder:width=8,heads=1,layers=1,ff=8,steps=20,check=10,window=16,batch=4'
run bramble fit -q --model $small --search 2 --data worm.h5 --recording worm01 -o masked.h5
run bramble predict --model masked.h5 --data worm.h5 --recording worm01 --held-out S01L,S02R -o told.h5
bramble info told.h5 >info && grep -c prediction info
run bramble predict --model masked.h5 --data worm.h5 --recording worm01 -o x.h5
run bramble predict --model masked.h5 --data worm.h5 --recording worm01 --held-out S01L,AVAL -o x.h5
run bramble predict --model masked.h5 --data worm.h5 --recording worm01 --held-out S01L --steps 3 -o x.h5
run bramble predict --model ar.h5 --data worm.h5 --recording worm01 --seed 3 -o x.h5
run bramble simulate simulated-circuit -o circuit.h5
tiny='spike-transformer:width=8,ff=8,steps=20,check=10,batch=8,samples=2'
run bramble fit -q --model $tiny --data circuit.h5 --recording network01 -o tokens.h5
draw='bramble predict -q --model tokens.h5 --data circuit.h5 --recording network01 --steps 40 --stride 2000'
$draw -o a.h5 && $draw --seed 0 -o b.h5 && $draw --seed 7 -o c.h5 && $draw --seed 7 -o d.h5
cmp a.h5 b.h5 >/dev/null || echo "files differ in whether they tell the seed"
cmp c.h5 d.h5 && echo 'the same seed, the same bytes'
# progress for programs
bramble fit --progress jsonl --model $quick --data worm.h5 --recording worm01 -o json.h5 2>&1 |
    sed 's/"seconds": [0-9.]*/"seconds": S/; s/\("loss"\|"validation"\): [0-9.]*/\1: L/g'
