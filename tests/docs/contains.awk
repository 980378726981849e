# contains.awk FILE EXCERPT - whether the lines of the excerpt stand in the file, one below the other.
FNR == 1 { file++ }
file == 1 { line[++lines] = $0; next }
{ wanted[++count] = $0 }
END {
    for (start = 1; start + count - 1 <= lines; start++) {
        for (i = 1; i <= count && line[start + i - 1] == wanted[i]; i++) {}
        if (i > count) exit 0
        if (i > best) { best = i; at = start + i - 1 }
    }
    print "  expected: " wanted[best ? best : 1]
    print "  found:    " line[at ? at : 1]
    exit 1
}
