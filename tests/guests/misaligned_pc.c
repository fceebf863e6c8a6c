// Branches to addresses that are no multiple of four: SIGBUS with BUS_ADRALN at the target, registers as the branch
// left them; by BR, BLR and RET, once and in a loop that gets hot. (Where nothing is mapped the alignment comes first too,
// by the manual's priorities; qemu-user looks for the page first.)
//@ run: => exit 0
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <ucontext.h>

static sigjmp_buf escape;
static volatile int signal_number, code, faults;
static volatile unsigned long addr, pc, link_register, x9;

static void on_fault(int sig, siginfo_t *info, void *context) {
    ucontext_t *uc = context;
    signal_number = sig;
    code = info->si_code;
    addr = (unsigned long)info->si_addr;
    pc = uc->uc_mcontext.pc;
    link_register = uc->uc_mcontext.regs[30];
    x9 = uc->uc_mcontext.regs[9];
    faults++;
    siglongjmp(escape, 1);
}

static __attribute__((noinline)) void target(void) { asm volatile("nop"); }

static __attribute__((noinline)) void jump(unsigned long to, int how) {
    switch (how) {
    case 0: asm volatile("mov x9, #1\n\tbr %0" ::"r"(to) : "x9", "x30", "memory"); break;
    case 1: asm volatile("mov x9, #2\n\tblr %0" ::"r"(to) : "x9", "x30", "memory"); break;
    default: asm volatile("mov x9, #3\n\tret %0" ::"r"(to) : "x9", "x30", "memory"); break;
    }
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    const unsigned long base = (unsigned long)target;
    for (volatile int how = 0; how < 3; how++) {
        for (volatile unsigned long low = 1; low < 4; low++) {
            if (!sigsetjmp(escape, 1)) jump(base + low, how);
            int linked = link_register > (unsigned long)jump && link_register < (unsigned long)jump + 200;
            printf("how %d low %lu: signal %d code %d addr +%lu pc +%lu x9 %lu%s\n", how, low, signal_number, code,
                   addr - base, pc - base, x9, how == 1 && linked ? " linked" : "");
        }
    }
    faults = 0;
    for (volatile int i = 0; i < 3000; i++)
        if (!sigsetjmp(escape, 0)) {
            sigset_t none;
            sigemptyset(&none);
            sigprocmask(SIG_SETMASK, &none, NULL);
            jump(base + (i % 4 ? 2 : 1), i % 3);
        }
    printf("in a loop: %d faults\n", faults);
    return 0;
}
