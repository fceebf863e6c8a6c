// CRC-32 and Adler-32 byte by byte. Not tuned for.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t table[256];
static uint8_t data[1 << 20];

int main(int argc, char **argv) {
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 40;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
        table[i] = c;
    }
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * i >> 7);
    uint32_t crc = ~0u, a = 1, b = 0;
    for (unsigned long r = 0; r < rounds; r++) {
        for (size_t i = 0; i < sizeof data; i++) crc = crc >> 8 ^ table[(crc ^ data[i]) & 255];
        for (size_t i = 0; i < sizeof data; i++) {
            a += data[i];
            if (a >= 65521) a -= 65521;
            b += a;
            if (b >= 65521) b -= 65521;
        }
    }
    printf("%08x %08x\n", ~crc, b << 16 | a);
    return 0;
}
