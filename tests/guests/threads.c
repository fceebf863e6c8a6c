// Threads: mutexes, condition variables, atomics, thread-local storage, barriers, detached ends.
//@ cflags: -pthread
//@ run: => exit 0
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 8, ROUNDS = 20000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static long guarded, turn;
static atomic_long relaxed;
static atomic_uint bits;
static __thread long mine = 5;

static void *work(void *arg) {
    long id = (long)arg;
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        guarded++;
        pthread_mutex_unlock(&lock);
        atomic_fetch_add_explicit(&relaxed, 3, memory_order_relaxed);
        mine += id;
    }
    atomic_fetch_or(&bits, 1u << id);
    // In order of id, whoever arrives first.
    pthread_mutex_lock(&lock);
    while (turn != id) pthread_cond_wait(&turn_changed, &lock);
    printf("thread %ld: %ld\n", id, mine);
    turn++;
    pthread_cond_broadcast(&turn_changed);
    pthread_mutex_unlock(&lock);
    return (void *)(mine * 2);
}

// A message passed without locks: release on one side, acquire on the other.
static int payload;
static atomic_int ready;

static void *sender(void *arg) {
    (void)arg;
    for (int i = 1; i <= 2000; i++) {
        while (atomic_load_explicit(&ready, memory_order_acquire) != 0) {}
        payload = i * 7;
        atomic_store_explicit(&ready, i, memory_order_release);
    }
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (long i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, (void *)i)) return 1;
    }
    long sum = 0;
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        sum += (long)result;
    }
    printf("guarded %ld relaxed %ld bits %x results %ld own %ld\n", guarded, relaxed, bits, sum, mine);

    pthread_t other;
    pthread_create(&other, NULL, sender, NULL);
    int wrong = 0;
    for (int i = 1; i <= 2000; i++) {
        while (atomic_load_explicit(&ready, memory_order_acquire) != i) {}
        wrong += payload != i * 7;
        atomic_store_explicit(&ready, 0, memory_order_release);
    }
    pthread_join(other, NULL);
    printf("messages wrong %d\n", wrong);
    return 0;
}
