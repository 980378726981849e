# Two made connectomes put together; what is refused; on real files, the published table to the byte.
printf 'pre,post,type,synapses\nAVAL,AVAR,chemical,1\nAVAR,AVAL,chemical,3\nAVAL,AVBL,electrical,2\n' >a.csv
printf 'pre,post,type,synapses\nAVAL,AVAR,chemical,20\nAVAL,AVBL,chemical,5\n' >b.csv
bramble import a.csv -o a.h5 --quiet --source nemanode:name=a
bramble import b.csv -o b.h5 --quiet --source nemanode:name=b
run bramble consensus a.h5 b.h5 -o both.csv
cat both.csv
run bramble consensus a.h5 b.h5 -o both.h5 --at-least 2 --format csv
bramble check both.h5
run bramble export both.h5 connectome/consensus -o agreed.csv
cat agreed.csv
run bramble consensus a.h5 b.h5 -o both.csv
run bramble consensus a.h5 a.h5
run bramble consensus a.h5 b.h5 -o both.xls
run bramble consensus a.h5 b.h5 --rules published -o both.h5
run bramble consensus a.h5 b.h5 --rules published
run bramble consensus a.csv absent.csv
printf 'pre,post,type,synapses\nAVAL,AVAR,chemical,many\n' >bad.csv
run bramble consensus a.csv bad.csv -o bad-out.csv
run bramble consensus a.h5 b.h5 --compare -o c.csv
ls
