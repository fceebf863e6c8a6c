# Loops, arithmetic, case, functions, recursion.
fib() { if (( $1 < 2 )); then echo "$1"; else echo $(( $(fib $(($1 - 1))) + $(fib $(($1 - 2))) )); fi; }
for i in {1..5} a b; do case $i in [0-9]) echo "digit $i";; a|b) echo "letter $i";; esac; done
for ((i = 0, s = 0; i < 1000; i++)); do ((s += i * i % 7)); done; echo "sum $s"
n=27 steps=0; while ((n != 1)); do ((n = n % 2 ? 3 * n + 1 : n / 2, steps++)); done; echo "collatz $steps"
until [[ $x == aaaaa ]]; do x+=a; [[ $x == aaa ]] && continue; echo $x; done
echo "fib $(fib 4)"
echo $((16#ff + 8#17 + 2#1011)) $((7 / -2)) $((-7 % 3)) $((1 << 40)) $((5 > 3 ? 10 : 20)) $((2 ** 20))
select_one() { local -i a=$1 b=$2; (( a > b )) && return 1; return 0; }
select_one 3 4 && echo less; select_one 4 3 || echo "not less $?"
printf '%s-' "${@:-none}"; echo
while IFS=, read -r id name amount city; do [[ $id =~ ^[0-9]+$ ]] && ((t += ${amount%.*})); done < table.csv; echo "total $t"
