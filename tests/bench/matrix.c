// Loops over memory in two directions: integer matrix product, and the floating-point one beside it.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 160 };

static int64_t a[N][N], b[N][N], c[N][N];
static double x[N][N], y[N][N], z[N][N];

int main(int argc, char **argv) {
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 25;
    const char *kind = argc > 2 ? argv[2] : "int";
    uint32_t seed = 1;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            seed = seed * 1664525 + 1013904223;
            a[i][j] = (int32_t)seed >> 8;
            b[i][j] = (int32_t)seed >> 12;
            x[i][j] = (double)((int32_t)seed >> 8) / 65536;
            y[i][j] = (double)((int32_t)seed >> 12) / 65536;
        }
    }
    uint64_t hash = 0;
    for (unsigned long r = 0; r < rounds; r++) {
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) {
                if (*kind == 'i') {
                    int64_t sum = 0;
                    for (int k = 0; k < N; k++) sum += a[i][k] * b[k][j];
                    c[i][j] = sum;
                } else {
                    double sum = 0;
                    for (int k = 0; k < N; k++) sum += x[i][k] * y[k][j];
                    z[i][j] = sum;
                }
            }
        }
        for (int i = 0; i < N; i++) {
            uint64_t bits;
            memcpy(&bits, &z[i][i], 8);
            hash = hash * 31 + (uint64_t)c[i][N - 1 - i] + bits;
            a[i][0] ^= (int64_t)(hash & 0xff);
            x[i][0] += (double)(hash & 0xff);
        }
    }
    printf("%016lx\n", (unsigned long)hash);
    return 0;
}
