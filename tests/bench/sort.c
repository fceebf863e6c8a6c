// The C library's idiom of sorting: a quicksort that compares through a function pointer.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int compare(const void *, const void *);

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int by_digits(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a * 2654435761u, y = *(const uint32_t *)b * 2654435761u;
    return (x > y) - (x < y);
}

static void swap(uint32_t *a, uint32_t *b) {
    uint32_t t = *a;
    *a = *b;
    *b = t;
}

static __attribute__((noinline)) void sort(uint32_t *lo, uint32_t *hi, compare *order) {
    while (hi - lo > 12) {
        uint32_t *mid = lo + (hi - lo) / 2, *i = lo, *j = hi - 1;
        if (order(mid, lo) < 0) swap(mid, lo);
        if (order(hi - 1, lo) < 0) swap(hi - 1, lo);
        if (order(hi - 1, mid) < 0) swap(hi - 1, mid);
        uint32_t pivot = *mid;
        while (i <= j) {
            while (order(i, &pivot) < 0) i++;
            while (order(&pivot, j) < 0) j--;
            if (i <= j) swap(i++, j--);
        }
        if (j - lo < hi - i) {
            sort(lo, j + 1, order);
            lo = i;
        } else {
            sort(i, hi, order);
            hi = j + 1;
        }
    }
    for (uint32_t *i = lo + 1; i < hi; i++) {
        for (uint32_t *j = i; j > lo && order(j, j - 1) < 0; j--) swap(j, j - 1);
    }
}

static uint32_t words[200000];

int main(int argc, char **argv) {
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 12;
    size_t count = sizeof words / sizeof *words;
    uint64_t hash = 0;
    for (unsigned long r = 0; r < rounds; r++) {
        uint32_t seed = (uint32_t)r + 1;
        for (size_t i = 0; i < count; i++) words[i] = seed = seed * 1664525 + 1013904223;
        sort(words, words + count, by_value);
        for (size_t i = 0; i < count; i += 97) hash = hash * 31 + words[i];
        sort(words, words + count, by_digits);
        for (size_t i = 0; i < count; i += 97) hash = hash * 31 + words[i];
    }
    printf("%016lx\n", (unsigned long)hash);
    return 0;
}
