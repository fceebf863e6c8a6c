// Accesses by a stack pointer that is no multiple of 16: SIGBUS with BUS_ADRALN, the address is SP (SCTLR_EL1.SA0 is set).
// SP alone may have any value; other bases are not looked at; prefetches are none. Forms of every class, then a loop
// that gets hot. (qemu-user does not check this: the expectation is the manual's, and Linux's el0_sp.)
//@ oracle: manual
//@ run: => exit 0
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

static volatile int signal_number, code;
static volatile unsigned long addr, sp, fault_address, syndrome;
static char alternate[1 << 16];

// Goes on at x10 with the stack pointer of x11.
static void on_fault(int sig, siginfo_t *info, void *context) {
    ucontext_t *uc = context;
    signal_number = sig;
    code = info->si_code;
    addr = (unsigned long)info->si_addr;
    sp = uc->uc_mcontext.sp;
    fault_address = uc->uc_mcontext.fault_address;
    struct _aarch64_ctx *record = (void *)uc->uc_mcontext.__reserved;
    syndrome = 0;
    for (; record->magic; record = (void *)((char *)record + record->size))
        if (record->magic == ESR_MAGIC) syndrome = ((struct esr_context *)record)->esr;
    uc->uc_mcontext.pc = uc->uc_mcontext.regs[10];
    uc->uc_mcontext.sp = uc->uc_mcontext.regs[11];
}

// Runs the instructions with SP lowered by 64 - `OFF`, and puts SP back.
#define TRY(OFF, TEXT)                                                                                                 \
    do {                                                                                                               \
        signal_number = 0;                                                                                             \
        asm volatile("adr x10, 1f\n\tmov x11, sp\n\tmov x12, #0\n\tadr x13, 1f\n\tsub x9, sp, #64\n\t"                 \
                     "add x9, x9, %0\n\tmov sp, x9\n\t" TEXT "\n1:\tmov sp, x11"                                       \
                     :                                                                                                 \
                     : "r"((unsigned long)(OFF))                                                                       \
                     : "x0", "x1", "x2", "x3", "x9", "x10", "x11", "x12", "x13", "v0", "v1", "memory", "cc");          \
        printf("sp %% 16 = %-2d %-34s", (int)(OFF) % 16, #TEXT);                                                       \
        if (!signal_number) printf(" done\n");                                                                         \
        else                                                                                                           \
            printf(" signal %d code %d at sp + %lu, %lu: fault address %lx, syndrome %lx\n", signal_number, code,      \
                   addr - sp, sp % 16, fault_address, syndrome);                                                       \
    } while (0)

int main(void) {
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGBUS, &action, NULL);
    for (volatile int off = 0; off < 16; off += off == 0 ? 1 : 7) {
        TRY(off, "ldr x0, [sp]");
        TRY(off, "str x0, [sp, #8]");
        TRY(off, "ldrb w0, [sp, x12]");
        TRY(off, "ldur x0, [sp, #3]");
        TRY(off, "stp x0, x1, [sp, #16]");
        TRY(off, "ldp x0, x1, [sp], #16");
        TRY(off, "str x0, [sp, #-16]!");
        TRY(off, "ldr q0, [sp]");
        TRY(off, "st1 {v0.16b, v1.16b}, [sp]");
        TRY(off, "ld1 {v0.b}[3], [sp]");
        TRY(off, "ldrsw x0, [sp]");
        TRY(off, "ldxrb w0, [sp]");
        TRY(off, "ldarb w0, [sp]");
        TRY(off, "prfm pldl1keep, [sp]");
        TRY(off, "ldr x0, [x9]");
        TRY(off, "add x0, sp, #3");
        TRY(off, "cmp sp, x12");
    }
    // Other ways to get there, and back.
    TRY(0, "sub sp, sp, #8; str x0, [sp]");
    TRY(0, "str x0, [sp, #-8]!");
    TRY(0, "str x0, [sp, #-8]!; str x0, [sp, #-8]!");
    TRY(8, "add sp, sp, #8; str x0, [sp]");
    TRY(8, "and x9, x9, #-16; mov sp, x9; str x0, [sp]");
    TRY(9, "and sp, x9, #-16; str x0, [sp]");
    TRY(0, "sub sp, sp, #24; add sp, sp, #8; ldr x0, [sp]");
    TRY(0, "mov x0, #8; sub sp, sp, x0; br x13");
    TRY(8, "b 2f; 2: ldr x0, [sp]");

    int faults = 0, done = 0;
    for (volatile int i = 0; i < 20000; i++) {
        signal_number = 0;
        asm volatile("adr x10, 1f\n\tmov x11, sp\n\tsub x9, sp, %0\n\tmov sp, x9\n\tldr x0, [sp]\n1:\tmov sp, x11"
                     :
                     : "r"((unsigned long)(i % 100 == 7 ? 40 : 32))
                     : "x0", "x9", "x10", "x11", "memory");
        faults += signal_number == SIGBUS;
        done += signal_number == 0;
    }
    printf("in a loop: %d faults, %d done\n", faults, done);
    return 0;
}
