# Makes the inputs of the program comparison in the current folder; run by the host's own sh. The same on every machine.
set -eu
umask 022
awk 'BEGIN { s = 42; for (i = 0; i < 400; i++) { s = (s * 1103515245 + 12345) % 2147483648; printf "%d\n", s % 10000 - 2000 } }' > numbers.txt
awk 'BEGIN { split("amber birch cedar delta ember frost grove haven islet juniper kelp larch maple north olive", w, " ");
    s = 7; for (i = 0; i < 300; i++) { l = ""; n = 2 + i % 7; for (j = 0; j < n; j++) { s = (s * 1103515245 + 12345) % 2147483648;
    l = l (j ? " " : "") w[1 + int(s / 65536) % 15] } print l } }' > words.txt
awk 'BEGIN { print "id,name,amount,city"; for (i = 1; i <= 60; i++) printf "%d,name%02d,%d.%02d,%s\n", i, (i * 37) % 61, i * 13 % 97, i * 7 % 100,
    (i % 3 == 0 ? "Oslo" : i % 3 == 1 ? "Lima" : "Pune") }' > table.csv
awk 'BEGIN { for (i = 0; i < 256; i++) printf "%c", i }' > bytes.bin
awk 'BEGIN { s = 99; for (i = 0; i < 4000; i++) { s = (s * 1103515245 + 12345) % 2147483648; printf "%c%c", 1 + int(s / 256) % 127, 1 + int(s / 65536) % 127 } }' > noise.bin
sed 's/maple/MAPLE/; 5d; 17s/^/new /' words.txt > words2.txt
printf 'tabs\tand  spaces   \n\n\nthree blank above\r\nend without newline' > odd.txt
printf 'abc' > a.txt
: > empty.txt
sort words.txt > sorted.txt
sort -u words2.txt > sorted2.txt
mkdir -p tree/one/two tree/three tree/empty
cp words.txt tree/one/w.txt
cp numbers.txt tree/one/two/n.dat
cp a.txt tree/three/.hidden
ln -s one/w.txt tree/link
ln tree/one/two/n.dat tree/three/hard.dat
chmod 755 tree/one/w.txt
chmod 600 tree/three/.hidden
find . -exec touch -h -d @1700000000 {} +
