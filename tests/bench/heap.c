// Heap sort of structures through a comparison function. Not tuned for.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct item { uint32_t key, weight; };
typedef int order(const struct item *, const struct item *);

static int by_key(const struct item *a, const struct item *b) { return a->key < b->key ? -1 : a->key > b->key; }
static int by_weight(const struct item *a, const struct item *b) { return a->weight < b->weight ? -1 : a->weight > b->weight; }

static __attribute__((noinline)) void sink(struct item *items, size_t at, size_t end, order *compare) {
    struct item moving = items[at];
    for (size_t child; (child = 2 * at + 1) < end; at = child) {
        if (child + 1 < end && compare(&items[child], &items[child + 1]) < 0) child++;
        if (compare(&moving, &items[child]) >= 0) break;
        items[at] = items[child];
    }
    items[at] = moving;
}

static void sort(struct item *items, size_t count, order *compare) {
    for (size_t i = count / 2; i-- > 0;) sink(items, i, count, compare);
    for (size_t end = count; end-- > 1;) {
        struct item first = items[0];
        items[0] = items[end];
        items[end] = first;
        sink(items, 0, end, compare);
    }
}

static struct item items[100000];

int main(int argc, char **argv) {
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 10;
    uint64_t hash = 0;
    for (unsigned long r = 0; r < rounds; r++) {
        uint32_t seed = (uint32_t)r + 7;
        for (size_t i = 0; i < 100000; i++) {
            seed = seed * 1664525 + 1013904223;
            items[i] = (struct item){seed, seed * 2654435761u};
        }
        sort(items, 100000, by_key);
        for (size_t i = 0; i < 100000; i += 89) hash = hash * 31 + items[i].key;
        sort(items, 100000, by_weight);
        for (size_t i = 0; i < 100000; i += 89) hash = hash * 31 + items[i].key;
    }
    printf("%016lx\n", (unsigned long)hash);
    return 0;
}
