// Calls of small functions from hot loops, and callees that do not return as their callers expect.
//@ link: static dynamic
//@ run: => exit 0
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

#define TURNS 200000

long leaf(long), framed(long), skips(long), elsewhere(long, void *), other_register(long), tail(long), tail_by_register(long);
long rewritten_frame(long, void *), looping(const uint8_t *), even(long), odd(long), deep(long), faulting(const long *);
long skipping(long n), jumping(long n), rewriting(long n);
asm(".text\n"
    "leaf: add x0, x0, #3; ret\n"
    // Keeps its return address on the stack.
    "framed: stp x29, x30, [sp, #-16]!; mov x29, sp; bl leaf; eor x0, x0, #6; ldp x29, x30, [sp], #16; ret\n"
    // Returns behind the instruction that follows the call.
    "skips: tbz x0, #3, 1f; add x30, x30, #4; 1: add x0, x0, #1; ret\n"
    "elsewhere: tbz x0, #2, 1f; mov x30, x1; 1: add x0, x0, #1; ret\n"
    "other_register: mov x9, x30; mov x30, xzr; add x0, x0, #7; ret x9\n"
    "tail: add x0, x0, #1; b leaf\n"
    "tail_by_register: adrp x16, leaf; add x16, x16, :lo12:leaf; tbz x0, #4, 1f; adrp x16, tail; add x16, x16, :lo12:tail; 1: br x16\n"
    "rewritten_frame: stp x29, x30, [sp, #-16]!; tbz x0, #5, 1f; str x1, [sp, #8]; 1: bl leaf; ldp x29, x30, [sp], #16; ret\n"
    // The length of a string, a byte at a time.
    "looping: mov x1, x0; 1: ldrb w2, [x1], #1; cbnz w2, 1b; sub x0, x1, x0; ret\n"
    // Recursion through two.
    "even: cbz x0, 1f; stp x29, x30, [sp, #-16]!; sub x0, x0, #1; bl odd; ldp x29, x30, [sp], #16; ret; 1: mov x0, #1; ret\n"
    "odd: cbz x0, 1f; stp x29, x30, [sp, #-16]!; sub x0, x0, #1; bl even; ldp x29, x30, [sp], #16; ret; 1: mov x0, #0; ret\n"
    // Calls within calls, and itself every now and then.
    "deep: stp x29, x30, [sp, #-16]!; bl framed; bl tail; tbz x0, #1, 1f; sub x0, x0, #6; bl deep; 1: ldp x29, x30, [sp], #16; ret\n"
    "faulting: ldr x0, [x0]; add x0, x0, #1; ret\n"
    // Loops around callees that return to two places each.
    "skipping: stp x29, x30, [sp, #-32]!; str x19, [sp, #16]; mov x19, x0; mov x0, #0\n"
    "1: bl skips; add x0, x0, #100; and x0, x0, #0xffffff; subs x19, x19, #1; b.ne 1b\n"
    "   ldr x19, [sp, #16]; ldp x29, x30, [sp], #32; ret\n"
    "jumping: stp x29, x30, [sp, #-32]!; str x19, [sp, #16]; mov x19, x0; mov x0, #0\n"
    "1: adr x1, 2f; bl elsewhere; add x0, x0, #50; b 3f; 2: add x0, x0, #9; 3: and x0, x0, #0xffffff; subs x19, x19, #1; b.ne 1b\n"
    "   ldr x19, [sp, #16]; ldp x29, x30, [sp], #32; ret\n"
    "rewriting: stp x29, x30, [sp, #-32]!; str x19, [sp, #16]; mov x19, x0; mov x0, #0\n"
    "1: adr x1, 2f; bl rewritten_frame; add x0, x0, #50; b 3f; 2: add x0, x0, #9; 3: and x0, x0, #0xffffff; subs x19, x19, #1; b.ne 1b\n"
    "   ldr x19, [sp, #16]; ldp x29, x30, [sp], #32; ret\n");

static __attribute__((noinline)) long by_pointer(long (*const *functions)(long), int count) {
    long sum = 0;
    for (int i = 0, f = 0; i < TURNS; i++) {
        sum = functions[f](sum) & 0xffffff;
        if (i % 1000 == 999 && ++f == count) f = 0;
    }
    return sum;
}

static jmp_buf back;

static __attribute__((noinline)) long leaves(long n) {
    if (n % 64 == 63) longjmp(back, 1);
    return n + 2;
}

static __attribute__((noinline)) long jumps_out(void) {
    volatile long sum = 0, i = 0;
    while (i < TURNS / 8) {
        if (setjmp(back)) sum += 11;
        while (i < TURNS / 8) sum = leaves(sum) + (i++ & 1);
    }
    return sum;
}

static volatile int ticks;

static void on_tick(int signal) {
    (void)signal;
    ticks++;
}

// A read that faults is zero, and the function that did it returns at once.
static void on_fault(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    ucontext_t *uc = context;
    uc->uc_mcontext.regs[0] = 1000 + (uc->uc_mcontext.pc == (uintptr_t)faulting);
    uc->uc_mcontext.pc = uc->uc_mcontext.regs[30];
}

static __attribute__((noinline)) long faults(const long *good) {
    long sum = 0;
    for (int i = 0; i < TURNS; i++) sum += faulting(i % 50000 == 49999 ? (const long *)16 : good);
    return sum;
}

static void publish(uint32_t *code, size_t size) {
    __builtin___clear_cache((char *)code, (char *)code + size);
}

// A loop and its callee in memory of the program's own; the callee changes while the loop is hot.
static long modified(void) {
    uint32_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static const uint32_t loop[] = {
        0xaa1e03e9,  // mov x9, x30
        0x9400000f,  // bl callee
        0xd1000421,  // sub x1, x1, #1
        0xb5ffffc1,  // cbnz x1, .-8
        0xd65f0120,  // ret x9
    };
    memcpy(code, loop, sizeof loop);
    uint32_t *callee = code + 16;
    callee[1] = 0xd65f03c0;  // ret
    long n = 0;
    for (int i = 0; i < 8; i++) {
        callee[0] = 0x91000400 + (i << 10);  // add x0, x0, #i + 1
        publish(code, 128);
        n = ((long (*)(long, long))code)(n, TURNS / 2);
    }
    return n;
}

int main(void) {
    long n = 0;
    for (int i = 0; i < TURNS; i++) n = (leaf(n) + framed(n) + other_register(n)) & 0xffffff;
    printf("small: %ld\n", n);
    for (int i = 0; i < TURNS; i++) n = (tail(n) + tail_by_register(n * 3)) & 0xffffff;
    printf("tail calls: %ld\n", n);
    printf("skipping: %ld\n", skipping(TURNS));
    printf("jumping: %ld\n", jumping(TURNS));
    printf("rewriting: %ld\n", rewriting(TURNS));
    n = 0;
    for (int i = 0; i < TURNS / 20; i++) n += even(i % 41) * 2 + odd(i % 37);
    printf("recursion: %ld\n", n);
    for (int i = 0; i < TURNS; i++) n = deep(n & 0xff) + i;
    printf("deep: %ld\n", n);
    long (*const functions[])(long) = {leaf, framed, other_register, tail_by_register};
    printf("by pointer: %ld %ld\n", by_pointer(functions, 1), by_pointer(functions, 4));
    printf("left: %ld\n", jumps_out());

    struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval every = {{0, 2000}, {0, 2000}};
    setitimer(ITIMER_REAL, &every, NULL);
    uint8_t text[200];
    memset(text, 'x', sizeof text);
    text[199] = 0;
    n = 0;
    for (int i = 0; i < TURNS / 4 || ticks < 10; i++) n |= looping(text) != 200;
    every = (struct itimerval){0};
    setitimer(ITIMER_REAL, &every, NULL);
    printf("interrupted: %ld\n", n);
    printf("modified: %ld\n", modified());

    action = (struct sigaction){.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    long good = 3;
    printf("faults: %ld\n", faults(&good));
    return 0;
}
