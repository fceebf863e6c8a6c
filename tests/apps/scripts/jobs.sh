# Pipes, subshells, background jobs, wait, traps, signals, redirections. (bash tells of jobs by their numbers.)
exec 2> /dev/null
x=1; (x=2; echo "inside $x"); echo "outside $x"
seq 1 100 | grep 7 | wc -l; { echo b; echo a; } | sort; ! false && echo negated
(sleep 0.05; exit 3) & p=$!; (exit 4) & q=$!; wait $p; echo "first $?"; wait $q; echo "second $?"; wait
pids=(); for i in 3 1 2; do (sleep 0.0$i; exit $i) & pids+=($!); done; n=0; for p in "${pids[@]}"; do wait $p; ((n += $?)); done; echo "all $n"
trap 'echo "on exit $?"' EXIT; trap 'echo got USR1' USR1; kill -USR1 $$; echo after
trap '' TERM; kill -TERM $$; echo survived; trap - TERM
{ bash -c 'kill -KILL $$'; } 2>/dev/null; echo "killed $?"; bash -c 'exit 300'; echo "modulo $?"; nonexistent_command 2>/dev/null; echo "missing $?"
exec 3> out.txt; echo to three >&3; exec 3>&-; cat out.txt; echo err >&2 2>/dev/null; { echo o; echo e >&2; } 2>&1 | sort
diff <(sort words.txt) <(sort -r words.txt) | head -n 2; cat < <(echo substituted)
mkfifo pipe; (echo through > pipe) & read -r line < pipe; echo "$line"; wait
coproc { while read -r l; do echo "echo: $l"; done; }; echo hello >&"${COPROC[1]}"; read -r answer <&"${COPROC[0]}"; echo "$answer"; exec {COPROC[1]}>&-; wait
sleep 5 & sleep 0.2; kill $!; wait $! 2>/dev/null; echo "terminated $?"
set -o pipefail; false | true; echo "pipefail $?"; set -e; (false; echo never) || echo "stopped"; timeout 0.1 sleep 5 || echo "timeout $?"
f() { trap 'echo returned' RETURN; local IFS=-; echo "$*"; }; f a b c; umask 027; umask; ulimit -n > /dev/null; cd /; pwd; cd - > /dev/null
exit 9
