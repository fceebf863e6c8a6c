# Round trips of every compressor at several levels; the compressed files are compared too.
set -eu
awk 'BEGIN { s = 5; for (i = 0; i < 60000; i++) { s = (s * 1103515245 + 12345) % 2147483648; printf "%d %s %d\n", i, substr("abcdefghijklmnopqrstuvwxyz", 1 + int(s / 65536) % 20, 6), s % 1000 } }' > large.txt
for i in 1 2; do cat noise.bin bytes.bin large.txt words.txt; done | head -c 2000000 > mixed
case $1 in
xz) levels='-0 -3 -6 -9e --format=lzma' ;;
gzip) levels='-n1 -n6 -n9' ;; # no time in the header
zstd) levels='-1 -3 -9 -15 --fast=3' ;;
*) levels='-1 -6 -9' ;;
esac
for level in $levels; do
    "$1" $level -c < mixed > packed
    cksum < packed
    "$1" -d -c < packed | cmp - mixed
done
