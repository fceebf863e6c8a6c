// The spectral norm of an infinite matrix, scalar double precision with divisions. Not tuned for.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double entry(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static __attribute__((noinline)) void times(int n, const double *v, double *to) {
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < n; j++) sum += entry(i, j) * v[j];
        to[i] = sum;
    }
}

static __attribute__((noinline)) void transposed(int n, const double *v, double *to) {
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < n; j++) sum += entry(j, i) * v[j];
        to[i] = sum;
    }
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 500;
    double *u = malloc(sizeof *u * n), *v = malloc(sizeof *v * n), *w = malloc(sizeof *w * n);
    for (int i = 0; i < n; i++) u[i] = 1;
    for (int i = 0; i < 10; i++) {
        times(n, u, w);
        transposed(n, w, v);
        times(n, v, w);
        transposed(n, w, u);
    }
    double uv = 0, vv = 0;
    for (int i = 0; i < n; i++) uv += u[i] * v[i], vv += v[i] * v[i];
    printf("%0.9f\n", sqrt(uv / vv));
    return 0;
}
