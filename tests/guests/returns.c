// Calls that are not returned from, and returns that nobody called for: recursion deeper than anybody counts returns,
// longjmp over many frames and out of a signal's handler, stacks that are switched, fork below many calls, returns to
// elsewhere, calls by register to changing functions.
//@ run: => exit 0
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define KEPT __attribute__((noinline, noclone))

static volatile unsigned sink;

KEPT static unsigned deep(unsigned n) {
    if (n == 0) return 1;
    unsigned below = deep(n - 1);
    sink += below;
    return below * 3 + n;
}

KEPT static unsigned odd(unsigned n);
KEPT static unsigned even(unsigned n) { return n == 0 ? 7 : odd(n - 1) + 1; }
KEPT static unsigned odd(unsigned n) { return n == 0 ? 9 : even(n - 1) * 5; }

static jmp_buf out;

KEPT static unsigned sink_then_jump(unsigned n, int value) {
    if (n == 0) longjmp(out, value);
    return sink_then_jump(n - 1, value) + 1;
}

static void jumps(void) {
    volatile unsigned sum = 0;
    for (volatile int round = 1; round <= 30000; round++) {
        int value = setjmp(out);
        if (value == 0) sink_then_jump(round % 23, round);
        sum = sum * 31 + value + even(round % 5);
    }
    printf("longjmp %08x\n", sum);
}

static sigjmp_buf rescue;

static void on_signal(int sig) { siglongjmp(rescue, sig); }

KEPT static unsigned raise_below(unsigned n) {
    if (n == 0) raise(SIGUSR1);
    return raise_below(n - 1) + 1;
}

static void signals(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    volatile unsigned sum = 0;
    for (volatile int round = 0; round < 500; round++) {
        int sig = sigsetjmp(rescue, 1);
        if (sig == 0) raise_below(round % 40);
        sum = sum * 31 + (sig == SIGUSR1) + deep(round % 9);
    }
    printf("siglongjmp %08x\n", sum);
}

static ucontext_t here, there[2];
static unsigned turns;

KEPT static void switch_below(int from, unsigned n) {
    if (n == 0) {
        turns = turns * 33 + from;
        swapcontext(&there[from], from ? &there[0] : &there[1]);
    } else {
        switch_below(from, n - 1);
        sink += n;
    }
}

static void coroutine(int from) {
    for (unsigned round = 0; round < 3000; round++) switch_below(from, (round * (from + 3)) % 17);
}

static void coroutines(void) {
    for (int i = 0; i < 2; i++) {
        getcontext(&there[i]);
        there[i].uc_stack.ss_sp = malloc(256 << 10);
        there[i].uc_stack.ss_size = 256 << 10;
        there[i].uc_link = &here;
        makecontext(&there[i], (void (*)(void))coroutine, 1, i);
    }
    swapcontext(&here, &there[0]);
    printf("coroutines %08x\n", turns);
}

KEPT static int fork_below(unsigned n) {
    if (n == 0) {
        fflush(stdout);
        return fork();
    }
    int pid = fork_below(n - 1);
    sink += n;
    return pid;
}

static void forks(void) {
    int pid = fork_below(300);
    if (pid == 0) _exit(deep(30) == deep(30) ? 5 : 6);
    int status = 0;
    waitpid(pid, &status, 0);
    printf("fork %d\n", WEXITSTATUS(status));
}

typedef unsigned (*step)(unsigned);

KEPT static unsigned twice(unsigned n) { return 2 * n; }
KEPT static unsigned less(unsigned n) { return n - 5; }
KEPT static unsigned mixed(unsigned n) { return n ^ n >> 3; }

static void pointers(void) {
    static const step steps[] = {twice, less, mixed, even};
    unsigned n = 1;
    // One target for long, then each in turn, then by the value.
    for (unsigned i = 0; i < 300000; i++) {
        step chosen = i < 100000 ? twice : i < 200000 ? steps[i % 3] : steps[n % 3];
        n = chosen(n) + i;
    }
    printf("pointers %08x\n", n);
}

// A function that returns behind the instruction after its call, and one that returns for its caller.
asm("    .text\n"
    "skips:\n"
    "    add x30, x30, #4\n"
    "    ret\n"
    "returns_twice:\n"
    "    mov x30, x9\n"
    "    add x0, x0, #100\n"
    "    ret\n"
    "    .globl elsewhere\n"
    "elsewhere:\n"
    "    mov x10, x30\n"
    "    mov x9, x30\n"
    "    bl skips\n"
    "    add x0, x0, #1000\n"
    "    add x0, x0, #1\n"
    "    bl returns_twice\n"
    "    add x0, x0, #2000\n"
    "    mov x30, x10\n"
    "    ret\n");
unsigned long elsewhere(unsigned long);

static void others(void) {
    unsigned long sum = 0;
    for (unsigned long i = 0; i < 200000; i++) sum = sum * 7 + elsewhere(i) + (i % 1000 == 0 ? deep(5) : 0);
    printf("elsewhere %016lx\n", sum);
}

static void *thread(void *arg) {
    unsigned *n = arg;
    for (int round = 0; round < 200; round++) *n = deep(*n % 1000) + odd(round);
    return NULL;
}

static void threads(void) {
    pthread_t made[3];
    unsigned values[3] = {1, 2, 3};
    for (int i = 0; i < 3; i++) pthread_create(&made[i], NULL, thread, &values[i]);
    for (int i = 0; i < 3; i++) pthread_join(made[i], NULL);
    printf("threads %08x %08x %08x\n", values[0], values[1], values[2]);
}

int main(void) {
    printf("deep %08x\n", deep(100000));
    for (int i = 0; i < 3; i++) printf("mutual %08x\n", even(60000 + i));
    jumps();
    signals();
    coroutines();
    forks();
    pointers();
    others();
    threads();
    printf("deep again %08x\n", deep(70000));
    return 0;
}
