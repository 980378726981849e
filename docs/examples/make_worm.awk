# make_worm.awk - makes worm.csv: three neurons of a made worm, 1500 frames at 2 a second, each with some
# memory of its own and some of the one before it:  awk -f make_worm.awk > worm.csv
function noise(    k, sum) {
    for (k = 0; k < 12; k++) {
        x = x * 16807 % 2147483647
        sum += x / 2147483647
    }
    return sum - 6
}
BEGIN {
    x = 1
    print "time,AVAL,AVAR,RIML"
    for (i = 0; i < 1500; i++) {
        a = 0.7 * a + 0.2 * noise()
        b = 0.5 * b + 0.5 * a + 0.1 * noise()
        c = 0.6 * c - 0.5 * b + 0.1 * noise()
        printf "%g,%.3f,%.3f,%.3f\n", i / 2, a, b, c
    }
}
