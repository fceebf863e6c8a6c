// What text programs do all day: split into words, count them in a hash table, copy, compare, search, format.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096 };

struct word {
    struct word *next;
    unsigned count;
    char text[];
};

static struct word *table[BUCKETS];
static char text[1 << 18];

static unsigned bucket(const char *s) {
    unsigned h = 5381;
    while (*s) h = h * 33 ^ (unsigned char)*s++;
    return h % BUCKETS;
}

static void count(const char *s) {
    struct word **at = &table[bucket(s)];
    for (; *at; at = &(*at)->next) {
        if (strcmp((*at)->text, s) == 0) {
            (*at)->count++;
            return;
        }
    }
    size_t length = strlen(s) + 1;
    struct word *new = malloc(sizeof *new + length);
    new->next = NULL;
    new->count = 1;
    memcpy(new->text, s, length);
    *at = new;
}

int main(int argc, char **argv) {
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 30;
    uint32_t seed = 1;
    uint64_t hash = 0;
    for (unsigned long r = 0; r < rounds; r++) {
        char *out = text;
        while (out < text + sizeof text - 32) {
            seed = seed * 1664525 + 1013904223;
            unsigned length = 2 + (seed >> 28), letters = seed >> 8;
            for (unsigned i = 0; i < length; i++) *out++ = (char)('a' + (letters >> (i % 5 * 3) & 7));
            *out++ = seed & 64 ? ' ' : '\n';
        }
        *out = 0;
        for (char *word = strtok(text, " \n"); word; word = strtok(NULL, " \n")) count(word);
        for (int i = 0; i < BUCKETS; i++) {
            for (struct word *w = table[i]; w; w = w->next) {
                char line[64];
                snprintf(line, sizeof line, "%u:%s", w->count, w->text);
                char *colon = strchr(line, ':');
                hash = hash * 31 + (uint64_t)(colon - line) + (strstr(line, "ab") != NULL) + strlen(line);
                if ((seed ^ (uint32_t)i) % 8 == 0) w->count = 0;
            }
        }
    }
    printf("%016lx\n", (unsigned long)hash);
    return 0;
}
