# A shell at work without other programs: arithmetic, strings, arrays, functions.
declare -A seen
sum=0
collatz() {
    local n=$1 steps=0
    while ((n != 1)); do
        ((n % 2)) && ((n = 3 * n + 1)) || ((n /= 2))
        ((steps++))
    done
    result=$steps
}
for ((i = 1; i <= $1; i++)); do
    collatz "$i"
    ((sum += result))
    key=k$((result % 50))
    seen[$key]=$((${seen[$key]:-0} + 1))
    text="${key//k/x}-${i: -1}"
    [[ $text == x1*-[37] ]] && ((sum++))
done
echo "$sum ${#seen[@]} $text"
