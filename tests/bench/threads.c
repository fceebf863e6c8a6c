// Two threads on shared atomics: a counter, a compare-and-swap loop and a spin lock.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_ulong counter, maximum;
static atomic_flag lock = ATOMIC_FLAG_INIT;
static unsigned long guarded, rounds = 1000000;

static void *work(void *argument) {
    unsigned long seed = (unsigned long)argument;
    for (unsigned long i = 0; i < rounds; i++) {
        atomic_fetch_add(&counter, 1);
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        unsigned long mine = seed >> 40, seen = atomic_load(&maximum);
        while (mine > seen && !atomic_compare_exchange_weak(&maximum, &seen, mine)) {}
        if (i % 4 == 0) {
            while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire)) {}
            guarded += i & 7;
            atomic_flag_clear_explicit(&lock, memory_order_release);
        }
    }
    return NULL;
}

int main(int argc, char **argv) {
    if (argc > 1) rounds = strtoul(argv[1], NULL, 10);
    pthread_t threads[2];
    for (unsigned long i = 0; i < 2; i++) pthread_create(&threads[i], NULL, work, (void *)(i + 1));
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    printf("%lu %lu %lu\n", atomic_load(&counter), atomic_load(&maximum), guarded);
    return 0;
}
