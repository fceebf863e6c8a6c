// Scalar double precision in registers: how long each point of a picture takes to escape.
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    int size = argc > 1 ? atoi(argv[1]) : 400;
    unsigned long total = 0;
    for (int row = 0; row < size; row++) {
        for (int column = 0; column < size; column++) {
            double a = 3.0 * column / size - 2.25, b = 2.5 * row / size - 1.25, x = 0, y = 0;
            int n = 0;
            for (; n < 200 && x * x + y * y < 4; n++) {
                double next = x * x - y * y + a;
                y = 2 * x * y + b;
                x = next;
            }
            total += n;
        }
    }
    printf("%lu\n", total);
    return 0;
}
