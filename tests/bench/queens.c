// Recursion with work in each call: the placements of queens on a board. Not tuned for.
#include <stdio.h>
#include <stdlib.h>

static __attribute__((noinline)) unsigned long place(unsigned all, unsigned columns, unsigned left, unsigned right) {
    if (columns == all) return 1;
    unsigned long found = 0;
    for (unsigned free = all & ~(columns | left | right); free; free &= free - 1) {
        unsigned queen = free & -free;
        found += place(all, columns | queen, (left | queen) << 1, (right | queen) >> 1);
    }
    return found;
}

int main(int argc, char **argv) {
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 12;
    printf("%lu\n", place((1u << n) - 1, 0, 0, 0));
    return 0;
}
