// SHA-256 in plain C: rotations, additions and a table.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t k[64];

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void block(uint32_t state[8], const uint32_t words[16]) {
    uint32_t w[64], s[8];
    for (int t = 0; t < 16; t++) w[t] = words[t];
    for (int t = 16; t < 64; t++) {
        uint32_t x = w[t - 15], y = w[t - 2];
        w[t] = w[t - 16] + (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) + w[t - 7] +
               (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
    }
    for (int i = 0; i < 8; i++) s[i] = state[i];
    for (int t = 0; t < 64; t++) {
        uint32_t e = s[4], a = s[0];
        uint32_t first = s[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
                         ((e & s[5]) ^ (~e & s[6])) + k[t] + w[t];
        uint32_t second =
            (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        for (int i = 7; i > 0; i--) s[i] = s[i - 1];
        s[4] += first;
        s[0] = first + second;
    }
    for (int i = 0; i < 8; i++) state[i] += s[i];
}

int main(int argc, char **argv) {
    unsigned long blocks = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    uint32_t state[8], words[16];
    // Any constants do for measuring; these are those of a linear congruence.
    uint32_t seed = 7;
    for (int t = 0; t < 64; t++) k[t] = seed = seed * 1664525 + 1013904223;
    for (int i = 0; i < 8; i++) state[i] = seed = seed * 1664525 + 1013904223;
    for (unsigned long n = 0; n < blocks; n++) {
        for (int i = 0; i < 16; i++) words[i] = seed = seed * 1664525 + 1013904223;
        block(state, words);
    }
    for (int i = 0; i < 8; i++) printf("%08x", state[i]);
    printf("\n");
    return 0;
}
