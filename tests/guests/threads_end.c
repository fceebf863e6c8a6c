// How threads end, and what that does to others: robust and priority-inheriting mutexes, cancellation, signals to a
// process with several threads, fork, exec and exit beside running threads.
//@ cflags: -pthread
//@ libs: -lrt
//@ run: => exit 0
//@ run: again => exit 11
//@ oracle: native
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t shared;
static volatile int handled, who;

static void *lock_and_end(void *arg) {
    pthread_mutex_lock(&shared);
    return arg;
}

static void *wait_forever(void *arg) {
    for (;;) pause();
    return arg;
}

static void *add(void *arg) {
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&shared);
        ++*(int *)arg;
        pthread_mutex_unlock(&shared);
    }
    return NULL;
}

static void *at_once(void *arg) { return arg; }

static void note(int sig) {
    (void)sig;
    handled++;
    who = syscall(SYS_gettid);
}

static void timer_thread(union sigval value) { handled = value.sival_int; }

static void *take_signal(void *arg) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    *(volatile int *)arg = syscall(SYS_gettid);
    while (!handled) usleep(1000);
    return NULL;
}

static void mutexes(void) {
    pthread_t threads[4];
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&shared, &kind);
    pthread_create(threads, NULL, lock_and_end, NULL);
    pthread_join(*threads, NULL);
    printf("robust: %d\n", pthread_mutex_lock(&shared) == EOWNERDEAD);
    pthread_mutex_consistent(&shared);
    pthread_mutex_unlock(&shared);

    int sum = 0;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setprotocol(&kind, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&shared, &kind);
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, add, &sum);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    printf("priority-inheriting: %d\n", sum);
}

static void ends(void) {
    pthread_t threads[16];
    void *result;
    pthread_create(threads, NULL, wait_forever, NULL);
    usleep(5000);
    pthread_cancel(*threads);
    pthread_join(*threads, &result);
    printf("cancelled: %d\n", result == PTHREAD_CANCELED);
    int wrong = 0;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 16; i++) wrong += pthread_create(&threads[i], NULL, at_once, &wrong + i) != 0;
        for (int i = 0; i < 16; i++) {
            pthread_join(threads[i], &result);
            wrong += result != &wrong + i;
        }
    }
    printf("wrong of 320: %d\n", wrong);
}

static void signals(void) {
    pthread_t thread;
    sigset_t set;
    volatile int taker = 0;
    signal(SIGUSR2, note);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_create(&thread, NULL, take_signal, (void *)&taker);
    while (!taker) usleep(100);
    kill(getpid(), SIGUSR2);
    pthread_join(thread, NULL);
    printf("taken by the one that may: %d\n", who == taker);

    timer_t timer;
    struct sigevent event = {
        .sigev_notify = SIGEV_THREAD, .sigev_value.sival_int = 33, .sigev_notify_function = timer_thread};
    struct itimerspec soon = {.it_value.tv_nsec = 1000000};
    handled = 0;
    timer_create(CLOCK_REALTIME, &event, &timer);
    timer_settime(timer, 0, &soon, NULL);
    for (int i = 0; i < 5000 && !handled; i++) usleep(1000);
    printf("timer's thread: %d\n", handled);
    // Every thread changes its id, by a signal of the C library's.
    printf("setuid: %d\n", setuid(getuid()));
}

static void *fork_some(void *arg) {
    for (int i = 0; i < 5; i++) {
        int status;
        pid_t pid = fork();
        if (!pid) {
            free(malloc(100000));
            exit(7);
        }
        waitpid(pid, &status, 0);
        if (WEXITSTATUS(status) != 7) printf("child: %x\n", status);
    }
    return arg;
}

static void *allocate(void *arg) {
    for (int i = 0; i < 3000; i++) free(malloc(i * 10));
    return arg;
}

static void *exit_soon(void *arg) {
    (void)arg;
    usleep(10000);
    exit(42);
}

static void *exec_soon(void *arg) {
    usleep(10000);
    execl("/proc/self/exe", "threads_end", "again", (char *)NULL);
    return arg;
}

static void *print_late(void *arg) {
    usleep(20000);
    printf("the last thread\n");
    return arg;
}

static void *kill_soon(void *arg) {
    usleep(10000);
    kill(getpid(), SIGTERM);
    return arg;
}

static void with(void *(*body)(void *)) {
    pthread_t thread, idle;
    pthread_create(&idle, NULL, wait_forever, NULL);
    pthread_create(&thread, NULL, body, NULL);
    for (;;) pause();
}

static void exits(void) { with(exit_soon); }
static void execs(void) { with(exec_soon); }
static void dies(void) { with(kill_soon); }
static void faults(void) { with((void *(*)(void *))8); }

static void outlived(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, print_late, NULL);
    pthread_exit(NULL);
}

static int ending(void (*child)(void)) {
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        child();
        _exit(99);
    }
    int status;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv) {
    (void)argv;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1) {
        printf("again, alone: %d\n", getpid() == (pid_t)syscall(SYS_gettid));
        return 11;
    }
    mutexes();
    ends();
    signals();
    pthread_t threads[3];
    pthread_create(&threads[0], NULL, fork_some, NULL);
    pthread_create(&threads[1], NULL, allocate, NULL);
    pthread_create(&threads[2], NULL, allocate, NULL);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    printf("exit: %d\n", ending(exits));
    printf("exec: %d\n", ending(execs));
    printf("outlived: %d\n", ending(outlived));
    printf("fault: %d\n", ending(faults));
    printf("killed: %d\n", ending(dies));
    return 0;
}
