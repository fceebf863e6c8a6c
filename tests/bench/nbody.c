// Scalar double precision: planets that attract each other, stepped by the leapfrog method.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BODIES = 6 };

struct body {
    double at[3], speed[3], mass;
};

static struct body bodies[BODIES];

static void step(double dt) {
    for (int i = 0; i < BODIES; i++) {
        for (int j = i + 1; j < BODIES; j++) {
            double d[3], square = 1e-3;
            for (int k = 0; k < 3; k++) {
                d[k] = bodies[i].at[k] - bodies[j].at[k];
                square += d[k] * d[k];
            }
            double pull = dt / (square * sqrt(square));
            for (int k = 0; k < 3; k++) {
                bodies[i].speed[k] -= d[k] * bodies[j].mass * pull;
                bodies[j].speed[k] += d[k] * bodies[i].mass * pull;
            }
        }
    }
    for (int i = 0; i < BODIES; i++)
        for (int k = 0; k < 3; k++) bodies[i].at[k] += dt * bodies[i].speed[k];
}

int main(int argc, char **argv) {
    unsigned long steps = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    for (int i = 0; i < BODIES; i++) {
        bodies[i].mass = i ? 0.02 / i : 30;
        bodies[i].at[0] = 3.0 * i;
        bodies[i].at[1] = i % 2 ? 0.5 * i : -0.25 * i;
        bodies[i].at[2] = 0.1 * i * i;
        bodies[i].speed[1] = i ? 3.0 / sqrt(i) : 0;
    }
    for (unsigned long n = 0; n < steps; n++) step(1e-3);
    for (int i = 0; i < BODIES; i++) printf("%.12f %.12f\n", bodies[i].at[0], bodies[i].speed[2]);
    return 0;
}
