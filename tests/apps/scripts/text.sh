# Expansions, arrays, here-documents, quoting, pattern matching.
s="The quick brown fox"
echo "${#s} ${s:4:5} ${s#* } ${s##* } ${s%o*} ${s%%o*} ${s/quick/slow} ${s//o/0} ${s^^} ${s,,} ${s: -3}"
a=(one two "three four" five); a[10]=eleven; unset 'a[1]'
echo "${a[@]}" "${#a[@]}" "${!a[@]}" "${a[@]:2:2}"; printf '<%s>' "${a[@]}"; echo
declare -A m=([red]=1 [green]=2 [blue]=3); for k in $(printf '%s\n' "${!m[@]}" | sort); do echo "$k=${m[$k]}"; done
cat <<EOF
expanded: $s $((1 + 2)) $(echo nested)
EOF
cat <<'EOF'
literal: $s $((1 + 2)) \n
EOF
cat <<-EOF
	tabs removed
	  spaces kept
	EOF
read -r first rest <<< "alpha beta gamma"; echo "$rest | $first"
if [[ "key=value" =~ ^([a-z]+)=([a-z]+)$ ]]; then echo "${BASH_REMATCH[2]} ${BASH_REMATCH[1]}"; fi
shopt -s extglob nullglob; echo @(a|b).txt +([a-z]).csv nothing*; case foo.tar.gz in *.@(tar|zip).*) echo archive;; esac
echo $'tab\there \x41 \u00e9' "$(printf '%q' "it's")" "${undefined:-default}" "${s:+set}"
IFS=: read -ra parts <<< "a:b::d"; echo "${#parts[@]} ${parts[3]}"
mapfile -t lines < <(head -n 3 words.txt); echo "${#lines[@]}: ${lines[1]}"
printf -v v '%03d|%x|%5.2f' 7 255 3.14159; echo "$v"; echo {a..e}{1..2} {01..10..3}
eval 'echo evaluated $((6 * 7))'; echo "${PIPESTATUS[@]}"; (exit 3) | true | (exit 5); echo "${PIPESTATUS[@]}"
