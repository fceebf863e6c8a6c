// Single-precision matrix product with a vectorised inner loop.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 512 };

static float a[N][N], b[N][N], c[N][N];

int main(int argc, char **argv) {
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 4;
    uint32_t seed = 1;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            seed = seed * 1664525 + 1013904223;
            a[i][j] = (float)(seed >> 24) / 16;
            b[i][j] = (float)(seed >> 16 & 0xff) / 8;
        }
    }
    double sum = 0;
    for (unsigned long r = 0; r < rounds; r++) {
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) c[i][j] = 0;
            for (int k = 0; k < N; k++) {
                float x = a[i][k];
                for (int j = 0; j < N; j++) c[i][j] += x * b[k][j];
            }
        }
        a[r % N][0] += c[N - 1][N - 1] / 65536;
        sum += c[r % N][N / 2];
    }
    printf("%.6e\n", sum);
    return 0;
}
