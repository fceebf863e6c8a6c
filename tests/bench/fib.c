// Calls and returns: the naive Fibonacci recursion.
#include <stdio.h>
#include <stdlib.h>

static __attribute__((noinline)) unsigned long fib(unsigned long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

int main(int argc, char **argv) {
    printf("%lu\n", fib(argc > 1 ? strtoul(argv[1], NULL, 10) : 38));
    return 0;
}
