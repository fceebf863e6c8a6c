// A cold program: 4,096 different functions, each called once, as a large program does when it starts.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct { uint64_t a, b; uint32_t table[16]; } state;

// Loads, stores, branches, a short loop and a call in each; no two the same.
#define FUNCTION(n)                                                                             \
    static __attribute__((noinline)) uint64_t f##n(state *s, uint64_t x) {                      \
        uint64_t y = x ^ (0x9e3779b97f4a7c15u * (n + 1u));                                      \
        if (y & (1u << (n & 15))) s->a += y >> (n % 31); else s->b ^= y << (n % 29);            \
        for (unsigned i = 0; i < (y & 3); i++) s->table[(i + n) & 15] += (uint32_t)(y >> i);    \
        if (s->a > s->b + n) { s->table[n & 15] ^= (uint32_t)s->b; y += s->table[(n >> 4) & 15]; } \
        else if (s->table[(n + 7) & 15] < n * 77u) y -= s->a;                                   \
        switch (y % 5) {                                                                        \
        case 0: s->b += n; break;                                                               \
        case 1: s->a ^= n * 3; break;                                                           \
        case 2: y = y * 31 + n; break;                                                          \
        case 3: s->table[n % 13] = (uint32_t)y; break;                                          \
        default: s->a = s->a << 7 | s->a >> 57;                                                 \
        }                                                                                       \
        return y + s->a;                                                                        \
    }
#define CALL(n) x = f##n(&s, x);

#define FOUR(m, n) m(n##0) m(n##1) m(n##2) m(n##3)
#define SIXTEEN(m, n) FOUR(m, n##0) FOUR(m, n##1) FOUR(m, n##2) FOUR(m, n##3)
#define S64(m, n) SIXTEEN(m, n##0) SIXTEEN(m, n##1) SIXTEEN(m, n##2) SIXTEEN(m, n##3)
#define S256(m, n) S64(m, n##0) S64(m, n##1) S64(m, n##2) S64(m, n##3)
#define S1024(m, n) S256(m, n##0) S256(m, n##1) S256(m, n##2) S256(m, n##3)
// Digits 0 to 3 behind a 1 read as decimal numbers: all different.
#define ALL(m) S1024(m, 10) S1024(m, 11) S1024(m, 12) S1024(m, 13)

ALL(FUNCTION)

int main(void) {
    state s = {1, 2, {3}};
    uint64_t x = 42;
    ALL(CALL)
    printf("%016lx %016lx\n", (unsigned long)x, (unsigned long)(s.a ^ s.b));
    return 0;
}
