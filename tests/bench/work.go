// Maps, sorting, goroutines and channels, strings and floating point of an ordinary Go program.
package main

import (
	"fmt"
	"math"
	"os"
	"sort"
	"strconv"
	"strings"
)

type row struct {
	id    int
	name  string
	value float64
}

func work(seed int) float64 {
	rows := make([]row, 0, 20000)
	for i := 0; i < 20000; i++ {
		rows = append(rows, row{(i*7919 + seed) % 10007, "row " + strconv.Itoa(i%97), float64(i) * 0.25})
	}
	sort.Slice(rows, func(a, b int) bool {
		return rows[a].id < rows[b].id || rows[a].id == rows[b].id && rows[a].value < rows[b].value
	})
	groups := map[string]float64{}
	for _, r := range rows {
		groups[r.name] += r.value
	}
	total := 0.0
	names := make([]string, 0, len(groups))
	for name, value := range groups {
		names = append(names, strings.ToUpper(name))
		total += math.Floor(math.Sqrt(value))
	}
	sort.Strings(names)
	flags := make([]bool, 100000)
	for i := 2; i < len(flags); i++ {
		if !flags[i] {
			total++
			for j := 2 * i; j < len(flags); j += i {
				flags[j] = true
			}
		}
	}
	return total + float64(len(strings.Join(names, ",")))
}

func main() {
	rounds, _ := strconv.Atoi(os.Args[1])
	results := make(chan float64)
	for i := 0; i < rounds; i++ {
		go func(seed int) { results <- work(seed) }(i)
	}
	total := 0.0
	for i := 0; i < rounds; i++ {
		total += <-results
	}
	fmt.Printf("%.3f\n", total)
}
