// SIGSEGV handlers: address, faulting PC, repair and retry, escape by siglongjmp, alternate stack.
//@ run: => exit 0
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static volatile char *guarded;
static sigjmp_buf escape;
static volatile int faults, code;
static void *volatile fault_addr;
static volatile unsigned long fault_x9, fault_word;

static void repair(int sig, siginfo_t *info, void *context) {
    (void)sig, (void)context;
    faults++;
    code = info->si_code;
    fault_addr = info->si_addr;
    mprotect((void *)guarded, 4096, PROT_READ | PROT_WRITE);
}

static void leave(int sig, siginfo_t *info, void *context) {
    (void)sig;
    ucontext_t *uc = context;
    faults++;
    code = info->si_code;
    fault_addr = info->si_addr;
    fault_x9 = uc->uc_mcontext.regs[9];
    // A jump to nowhere has no instruction to read.
    if (uc->uc_mcontext.pc != (unsigned long)info->si_addr) fault_word = *(unsigned *)uc->uc_mcontext.pc;
    siglongjmp(escape, 1);
}

// Skips the faulting instruction and gives its destination a value: registers set by a handler are seen.
static void skip(int sig, siginfo_t *info, void *context) {
    (void)sig, (void)info;
    ucontext_t *uc = context;
    uc->uc_mcontext.regs[10] = 4321;
    uc->uc_mcontext.pc += 4;
}

static void handle(void (*handler)(int, siginfo_t *, void *), int flags) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigaction(SIGSEGV, &action, NULL);
}

static __attribute__((noinline)) long deep(long n) {
    volatile char room[1024];
    room[n % 1024] = (char)n;
    return n == 0 ? 0 : deep(n + 1) + room[n % 1024];
}

int main(void) {
    guarded = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    handle(repair, 0);
    guarded[100] = 'x';
    printf("repaired: faults %d offset %ld code %d value %c\n", faults, (volatile char *)fault_addr - guarded, code,
           guarded[100]);

    handle(leave, 0);
    if (!sigsetjmp(escape, 1)) {
        // The registers at the fault are exact: x9 holds what the instruction before has put there.
        asm volatile("mov x9, #0x1234\n\tadd x9, x9, #1\n\tldr x10, [%0]\n\tmov x9, #0" ::"r"(16L) : "x9", "x10");
    }
    printf("left: faults %d addr %p code %d x9 %lx\n", faults, fault_addr, code, fault_x9);
    printf("instruction is ldr x10: %d\n", (fault_word & 0xfffffc1f) == 0xf940000a);

    handle(skip, 0);
    long got;
    asm volatile("mov x10, #1\n\tstr x10, [%1]\n\tmov %0, x10" : "=r"(got) : "r"(32L) : "x10");
    printf("skipped: x10 %ld\n", got);

    static char alternate[65536];
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    sigaltstack(&stack, NULL);
    handle(leave, SA_ONSTACK);
    if (!sigsetjmp(escape, 1)) printf("deep %ld\n", deep(1));
    printf("stack overflow caught: faults %d\n", faults);

    // A second time, after the escape: the mask was restored.
    if (!sigsetjmp(escape, 1)) *(volatile int *)8 = 1;
    printf("again: faults %d addr %p\n", faults, fault_addr);

    // Jump to nowhere.
    if (!sigsetjmp(escape, 1)) ((void (*)(void))guarded)();
    printf("not executable: addr is target %d code %d\n", fault_addr == guarded, code);
    return 0;
}
