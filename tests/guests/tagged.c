// Top-byte ignore: data accesses and branches through addresses whose top byte is a tag, hot enough to be compiled.
//@ run: => exit 0
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
    struct node *next;
    uint64_t value;
};

static void *tag(const void *p, unsigned t) {
    return (void *)((uintptr_t)p | (uintptr_t)t << 56);
}

__attribute__((noinline)) static uint64_t sum(struct node *n, int count) {
    uint64_t total = 0;
    while (count--) {
        total += n->value;
        n->value ^= 1;
        n = n->next;
    }
    return total;
}

__attribute__((noinline)) static int twice(int x) { return 2 * x; }

int main(void) {
    // A ring whose links are tagged, one of them to itself, walked long.
    enum { LENGTH = 7 };
    struct node *ring = malloc(LENGTH * sizeof *ring);
    for (int i = 0; i < LENGTH; i++) {
        ring[i].next = tag(&ring[(i + 1) % LENGTH], 0x11 * i);
        ring[i].value = 100 + 2 * i;
    }
    printf("%lu\n", sum(tag(ring, 0xab), 1000000));

    struct node self = {.value = 3};
    self.next = &self;
    printf("%lu\n", sum(tag(&self, 0x5a), 1000001));
    printf("%lu\n", sum(tag(&self, 0xff), 1000001));

    // Bytes, vectors (memcpy) and atomics.
    static char from[4096], to[4096];
    for (int i = 0; i < 4096; i++)
        ((char *)tag(from, i & 0x7f))[i] = (char)(i * 7);
    for (int i = 0; i < 2000; i++)
        memcpy(tag(to, 0x80), tag(from, 0x01), sizeof to);
    printf("%d\n", memcmp(from, to, sizeof to));
    static uint64_t counter;
    for (int i = 0; i < 100000; i++)
        __atomic_fetch_add((uint64_t *)tag(&counter, 0x33), i, __ATOMIC_SEQ_CST);
    printf("%lu\n", counter);

    // Branches.
    int (*volatile f)(int) = (int (*)(int))tag((void *)twice, 0x7e);
    int x = 0;
    for (int i = 0; i < 300000; i++)
        x = f(x) + i & 0xffff;
    printf("%d\n", x);
    return 0;
}
