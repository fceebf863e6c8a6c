# What POSIX asks of a shell; for dash.
set -- a 'b c' d; echo "$# $2 $*"; shift; echo "$1"; IFS=:; set -- x:y:z; echo $1; unset IFS
i=0; while [ $i -lt 3 ]; do i=$((i + 1)); [ $i -eq 2 ] && continue; echo $i; done
f() { local v=$1; echo "in $v"; return 5; }; f arg; echo $?
case abc in a*) echo starts;; *) echo other;; esac
x=${y:-default}; echo "$x ${x#de} ${x%t} ${#x} ${y-unset}"; : "${z:=assigned}"; echo $z
cat <<EOF | tr a-z A-Z
here $x `echo ticks`
EOF
(trap 'echo bye' EXIT; exit 2); echo "sub $?"; trap 'echo hup' HUP; kill -HUP $$; trap - HUP
while getopts ab:c o -a -b val -c rest; do echo "$o ${OPTARG-}"; done
echo one two three | { read -r a b; echo "$b-$a"; }; printf '%s %d %x\n' str 42 255
sleep 0.02 & wait $!; echo "waited $?"; (exit 7) & wait $!; echo $?
for w in $(head -n 2 words.txt); do printf '%s,' "$w"; done; echo; set -f; echo *; set +f; echo *.csv
test -d tree -a ! -f tree && echo directory; command -v test >/dev/null && echo found; eval "e=5"; echo $((e * 2 + 0x10))
exec 4< words.txt; read -r line <&4; echo "$line"; exec 4<&-; umask 022; [ -t 0 ] || echo no terminal
