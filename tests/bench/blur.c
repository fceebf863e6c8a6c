// A blur of an image in single precision, vectorised by the compiler. Not tuned for.
#include <stdio.h>
#include <stdlib.h>

enum { W = 1024, H = 512 };

static float image[H][W], other[H][W];

static __attribute__((noinline)) void blur(float (*restrict to)[W], float (*restrict from)[W]) {
    for (int y = 1; y < H - 1; y++) {
        for (int x = 1; x < W - 1; x++) {
            to[y][x] = from[y][x] * 0.25f + (from[y][x - 1] + from[y][x + 1] + from[y - 1][x] + from[y + 1][x]) * 0.125f +
                       (from[y - 1][x - 1] + from[y - 1][x + 1] + from[y + 1][x - 1] + from[y + 1][x + 1]) * 0.0625f;
        }
    }
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 50;
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) image[y][x] = (float)((x * 31 + y * 17) % 256);
    }
    for (int i = 0; i < rounds; i++) {
        blur(other, image);
        blur(image, other);
    }
    double sum = 0;
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) sum += image[y][x];
    }
    printf("%.6f %.6f\n", sum, image[H / 2][W / 3]);
    return 0;
}
