// The C library's memory and string functions on buffers of many sizes.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 1 << 16 };

static char from[SIZE + 64], to[SIZE + 64];

int main(int argc, char **argv) {
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 400;
    uint64_t sum = 0;
    for (int i = 0; i < SIZE; i++) from[i] = (char)('a' + i % 23);
    for (unsigned long r = 0; r < rounds; r++) {
        for (size_t n = 64; n <= SIZE; n *= 4) {
            size_t shift = r % 16;
            from[n + shift] = 0;
            for (size_t times = 0; times < SIZE / n; times++) {
                memcpy(to, from + shift, n + 1);
                sum += strlen(to);
                sum += (uintptr_t)memchr(to, 'z', n) != 0;
                sum += memcmp(to, from + shift, n) == 0;
                memset(to + n / 2, (int)times, n / 4);
            }
            from[n + shift] = (char)('a' + (n + shift) % 23);
        }
    }
    printf("%lu\n", sum);
    return 0;
}
