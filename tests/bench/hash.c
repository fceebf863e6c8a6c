// A tight loop over bytes: FNV-1a, the table-driven CRC and Adler sums of a buffer.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint8_t data[1 << 20];
static uint32_t table[256];

int main(int argc, char **argv) {
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 120;
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
        table[i] = c;
    }
    uint64_t fnv = 0xcbf29ce484222325;
    uint32_t crc = ~0u, a = 1, b = 0;
    for (unsigned long r = 0; r < rounds; r++) {
        for (size_t i = 0; i < sizeof data; i++) fnv = (fnv ^ data[i]) * 0x100000001b3;
        for (size_t i = 0; i < sizeof data; i++) crc = crc >> 8 ^ table[(crc ^ data[i]) & 255];
        for (size_t i = 0; i < sizeof data; i++) {
            a += data[i];
            b += a;
            if ((i & 4095) == 4095) a %= 65521, b %= 65521;
        }
    }
    printf("%016lx %08x %08x\n", (unsigned long)fnv, ~crc, b << 16 | a);
    return 0;
}
