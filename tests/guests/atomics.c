// Exclusives and acquire/release of every width, between threads and between processes that share memory.
//@ cflags: -pthread -mno-outline-atomics
//@ run: => exit 0
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct shared {
    atomic_uchar byte;
    atomic_ushort half;
    atomic_uint word;
    atomic_ulong xword;
    _Alignas(16) uint64_t pair[2];
};

enum { ROUNDS = 30000 };

// 128 bits by LDXP/STXP: both halves move together.
static void add_pair(uint64_t *pair, uint64_t low, uint64_t high) {
    uint64_t a, b;
    uint32_t failed;
    asm volatile("1:\tldaxp %0, %1, [%3]\n\tadd %0, %0, %4\n\tadd %1, %1, %5\n\tstlxp %w2, %0, %1, [%3]\n\tcbnz %w2, 1b"
                 : "=&r"(a), "=&r"(b), "=&r"(failed)
                 : "r"(pair), "r"(low), "r"(high)
                 : "memory");
}

static void *work(void *arg) {
    struct shared *s = arg;
    for (int i = 0; i < ROUNDS; i++) {
        atomic_fetch_add(&s->byte, 1);
        atomic_fetch_add(&s->half, 3);
        atomic_fetch_xor(&s->word, 1u << (i & 31));
        unsigned long old = atomic_load(&s->xword);
        while (!atomic_compare_exchange_weak(&s->xword, &old, old * 3 + 1 - old * 2)) {}
        add_pair(s->pair, 1, 2);
    }
    return NULL;
}

static void report(const char *who, struct shared *s) {
    printf("%s: %u %u %x %lu %lu %lu\n", who, s->byte, s->half, s->word, s->xword, s->pair[0], s->pair[1]);
}

int main(void) {
    static struct shared local;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, work, &local);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    report("threads", &local);

    struct shared *between = mmap(NULL, sizeof *between, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            work(between);
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {}
    report("processes", between);

    // A store between the pair of exclusives by the same thread does not have to fail it; CLREX has to.
    uint64_t value = 5, loaded;
    uint32_t failed;
    asm volatile("ldxr %0, [%2]\n\tclrex\n\tstxr %w1, %0, [%2]"
                 : "=&r"(loaded), "=&r"(failed)
                 : "r"(&value)
                 : "memory");
    printf("after clrex: failed %u value %lu\n", failed, value);
    return 0;
}
