// Integer code of everyday programs: records, short strings, a search tree, switches and procedure calls.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { NONE, COUNT, NAME, PAIR, KINDS };

struct record {
    struct record *left, *right;
    enum kind kind;
    int32_t count;
    uint32_t key;
    char name[28];
};

static struct record pool[128];
static size_t used;

static __attribute__((noinline)) struct record *make(uint32_t key, enum kind kind) {
    struct record *r = &pool[used++];
    memset(r, 0, sizeof *r);
    r->key = key;
    r->kind = kind;
    return r;
}

static __attribute__((noinline)) void name(struct record *r, uint32_t key) {
    static const char letters[] = "etaoinshrdlucmfw";
    char *to = r->name;
    for (int i = 0; i < 8; i++, key >>= 4) *to++ = letters[key & 15];
    *to = 0;
}

static __attribute__((noinline)) struct record *insert(struct record **root, uint32_t key, enum kind kind) {
    while (*root) {
        if ((*root)->key == key) return *root;
        root = key < (*root)->key ? &(*root)->left : &(*root)->right;
    }
    return *root = make(key, kind);
}

static __attribute__((noinline)) int32_t weigh(const struct record *r, int32_t depth) {
    switch (r->kind) {
    case NONE: return 1;
    case COUNT: return r->count % 7 + depth;
    case NAME: return (int32_t)strlen(r->name) * 3 - (strcmp(r->name, "shrdlu") > 0);
    case PAIR: return r->count / 3 + (r->left && r->right ? 2 : depth);
    default: return 0;
    }
}

static int64_t walk(const struct record *r, int32_t depth) {
    return r ? walk(r->left, depth + 1) + weigh(r, depth) + walk(r->right, depth + 1) : 0;
}

int main(int argc, char **argv) {
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
    int64_t sum = 0;
    for (unsigned long round = 0; round < rounds; round++) {
        struct record *root = NULL;
        uint32_t seed = (uint32_t)(round % 8);
        used = 0;
        for (int i = 0; i < 40; i++) {
            seed = seed * 1664525 + 1013904223;
            struct record *r = insert(&root, seed >> 18, (enum kind)(seed >> 8 & 3));
            if (r->kind == NAME) name(r, seed);
            r->count += i;
        }
        sum += walk(root, 0);
    }
    printf("%ld\n", (long)sum);
    return 0;
}
