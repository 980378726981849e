# A searchlight over a made volume: the model is planted at voxel (2, 2, 1); what is refused.
make_volumes || exit $?
printf 'c,a,b,c,d\na,0,1,4,9\nb,1,0,1,4\nc,4,1,0,1\nd,9,4,1,0\n' >model.csv
printf 'p,q,r,s\n0,2,1,3\n2,0,2,1\n1,2,0,2\n3,1,2,0\n' >other.csv
run bramble searchlight betas.nii.gz --mask mask.nii --model model.csv --model-ids c --method euclidean \
    --compare pearson --radius 2 --threshold 0.5 -o map.nii --format csv
run bramble searchlight betas.nii.gz --mask mask.nii --model other.csv --method euclidean --truncate \
    --radius 2 -o map.csv
head -3 map.csv
# the map as data of its own: one volume of the same grid
run bramble searchlight map.nii --mask mask.nii --model other.csv
# names of volumes, in another order than the model's: the same as at first
printf 'name\na\nb\nc\nd\n' >names.csv
printf 'c,d,b,a,c2\nd,0,4,9,1\nb,4,0,1,1\na,9,1,0,4\nc,1,1,4,0\n' >turned.csv
run bramble searchlight betas.nii.gz --mask mask.nii --model turned.csv --model-ids c --method euclidean \
    --compare pearson --radius 2 --threshold 0.5 --conditions names.csv --format csv
printf 'name\na\nb\nc\n' >names.csv
run bramble searchlight betas.nii.gz --mask mask.nii --model model.csv --model-ids c --conditions names.csv
printf 'name\na\nb\nc\ne\n' >names.csv
run bramble searchlight betas.nii.gz --mask mask.nii --model model.csv --model-ids c --conditions names.csv
run bramble searchlight betas.nii.gz --mask mask.nii --model other.csv --radius 9
run bramble searchlight betas.nii.gz --mask mask.nii --model other.csv -o map.nii
run bramble searchlight betas.nii.gz --model other.csv
run bramble searchlight model.csv --mask mask.nii --model other.csv
run bramble searchlight betas.nii.gz --mask mask.nii
