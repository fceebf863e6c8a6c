// PSTATE fields that a program sets itself: kept into a signal handler, shown in its frame, restored from it.
//@ run: => exit 0
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <ucontext.h>

#define DIT (1ul << 24)
#define SSBS (1ul << 12)
#define FLAGS (15ul << 28)

static volatile unsigned long in_frame, in_handler, flip;

static unsigned long fields(void) {
    unsigned long dit, ssbs;
    asm volatile("mrs %0, s3_3_c4_c2_5" : "=r"(dit));
    asm volatile("mrs %0, s3_3_c4_c2_6" : "=r"(ssbs));
    return dit | ssbs;
}

static void set(unsigned long value) {
    asm volatile("msr s3_3_c4_c2_5, %0" : : "r"(value & DIT));
    asm volatile("msr s3_3_c4_c2_6, %0" : : "r"(value & SSBS));
}

static void handler(int signal, siginfo_t *info, void *context) {
    ucontext_t *uc = context;
    (void)signal, (void)info;
    in_frame = uc->uc_mcontext.pstate & (DIT | SSBS | FLAGS);
    in_handler = fields();
    // What the handler sets is its own; what it writes to the frame is the program's.
    set(in_handler ^ (DIT | SSBS));
    uc->uc_mcontext.pstate ^= flip;
}

static void check(unsigned long before, unsigned long change) {
    unsigned long flags;
    set(before);
    flip = change;
    // Flags Z and V; kill of this process's own thread returns after the handler.
    asm volatile("mov x8, #178\n svc #0\n mov x1, #10\n mov x8, #130\n"
                 "mov x9, #0x50000000\n msr nzcv, x9\n svc #0\n mrs %0, nzcv"
                 : "=r"(flags)
                 :
                 : "x0", "x1", "x8", "x9", "cc", "memory");
    printf("%#lx, frame %#lx, handler %#lx, flipped %#lx: %#lx, flags %#lx\n", before, in_frame, in_handler, change,
           fields(), flags);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    check(0, 0);
    check(DIT, 0);
    check(SSBS, DIT);
    check(DIT | SSBS, DIT | 1ul << 31);
    check(0, SSBS | 1ul << 30);
    return 0;
}
