// Branch target identification: every first instruction of a guarded page (PROT_BTI) by every kind of branch, from a guarded
// page and from another; what a refused branch tells; pages that become guarded; signal handlers as targets; and a loop that
// gets hot. The cortex-a72 has no guarded pages.
//@ link: static dynamic
//@ run: => exit 0
//@ cpu: cortex-a72
//@ run: absent => exit 0
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>

#ifndef PROT_BTI
#define PROT_BTI 0x10
#endif
#define BTI_OF_HWCAP2 (1ul << 17)
#define BTYPE(pstate) ((unsigned)((pstate) >> 10 & 3))

typedef unsigned int u32;
typedef unsigned long u64;

enum { PAGE = 4096, STRIDE = 8 };

static const struct {
    const char *name;
    u32 insn, before_ret;
} targets[] = {
    {"nop", 0xd503201f, 0xd503201f},     {"bti", 0xd503241f, 0xd503201f},     {"bti c", 0xd503245f, 0xd503201f},
    {"bti j", 0xd503249f, 0xd503201f},   {"bti jc", 0xd50324df, 0xd503201f},  {"paciasp", 0xd503233f, 0xd50323bf},
    {"pacibsp", 0xd503237f, 0xd50323ff}, {"paciaz", 0xd503231f, 0xd503239f},  {"brk", 0xd4200000, 0xd503201f},
    {"hint 40", 0xd503251f, 0xd503201f}, {"movz", 0xd2800020, 0xd503201f},
};
#define TARGETS (sizeof targets / sizeof *targets)

// Stubs that branch on to x9 (or x16, x17), with x30 as the caller has it but for BLR, which comes back by x10.
static const struct {
    const char *name;
    u32 code[4];
} ways[] = {
    {"br x9", {0xd50324df, 0xd61f0120}},
    {"br x16", {0xd50324df, 0xaa0903f0, 0xd61f0200}},
    {"br x17", {0xd50324df, 0xaa0903f1, 0xd61f0220}},
    {"blr x9", {0xd50324df, 0xd63f0120, 0xd61f0140}},
    {"ret x9", {0xd50324df, 0xd65f0120}},
};
#define WAYS (sizeof ways / sizeof *ways)

static u32 *target_page, *guarded_stubs, *free_stubs;
static volatile int signal_number;
static volatile u64 addr, btype;

static void on_signal(int signal, siginfo_t *info, void *context) {
    ucontext_t *uc = context;
    signal_number = signal;
    addr = (u64)info->si_addr;
    btype = BTYPE(uc->uc_mcontext.pstate);
    uc->uc_mcontext.pstate &= ~(3ul << 10);
    uc->uc_mcontext.pc = uc->uc_mcontext.regs[10];
}

// Through a stub to a target; both come back behind the branch.
static __attribute__((noinline)) void go(u32 *stub, u32 *target) {
    register u64 x9 asm("x9") = (u64)target;
    register u64 x11 asm("x11") = (u64)stub;
    asm volatile("adr x10, 1f\n\tadr x30, 1f\n\tbr x11\n1:"
                 : "+r"(x9), "+r"(x11)
                 :
                 : "x10", "x16", "x17", "x30", "x0", "memory", "cc");
}

static u32 *page(void) { return mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

static void fill(void) {
    target_page = page();
    guarded_stubs = page();
    free_stubs = page();
    for (u64 i = 0; i < TARGETS; i++) {
        u32 *at = target_page + STRIDE * i;
        at[0] = targets[i].insn;
        at[1] = targets[i].before_ret;
        at[2] = 0xd65f03c0; // ret
    }
    for (u64 i = 0; i < WAYS; i++) {
        memcpy(guarded_stubs + STRIDE * i, ways[i].code, sizeof ways[i].code);
        memcpy(free_stubs + STRIDE * i, ways[i].code, sizeof ways[i].code);
    }
    // bti jc; b target (a nop): a direct branch.
    u32 *direct = guarded_stubs + STRIDE * WAYS;
    direct[0] = 0xd50324df;
    direct[1] = 0x14000000 | ((u32)((target_page - (direct + 1))) & 0x3ffffff);
    for (u32 *p = target_page, n = 0; n < 3; n++, p = n == 1 ? guarded_stubs : free_stubs)
        __builtin___clear_cache((char *)p, (char *)p + PAGE);
}

static void show(const char *from, const char *way, const char *target, u32 *at) {
    printf("%-8s %-7s -> %-8s", from, way, target);
    if (!signal_number) printf(" ok\n");
    else if (signal_number == SIGTRAP) printf(" breakpoint at +%ld\n", (long)(addr - (u64)at));
    else printf(" signal %d at +%ld btype %lu\n", signal_number, (long)(addr - (u64)at), btype);
}

static void all(const char *from, u32 *stubs) {
    for (u64 w = 0; w < WAYS; w++)
        for (u64 t = 0; t < TARGETS; t++) {
            signal_number = 0;
            go(stubs + STRIDE * w, target_page + STRIDE * t);
            show(from, ways[w].name, targets[t].name, target_page + STRIDE * t);
        }
}

static int refused(u32 *stub, u32 *target) {
    signal_number = 0;
    go(stub, target);
    return signal_number == SIGILL;
}

static void on_usr1(int signal) { (void)signal; }

// Handlers are called by BLR, as it were.
static void handlers(void) {
    struct sigaction action = {.sa_handler = (void (*)(int))(target_page + STRIDE * 2)};
    sigaction(SIGUSR1, &action, NULL);
    signal_number = 0;
    raise(SIGUSR1);
    printf("handler at bti c: %s\n", signal_number ? "refused" : "called");
    action.sa_handler = on_usr1;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    printf("handler elsewhere: %s\n", signal_number ? "refused" : "called");
}

static int absent(void) {
    printf("announced: %d\n", (getauxval(AT_HWCAP2) & BTI_OF_HWCAP2) != 0);
    u32 *at = page();
    int result = mprotect(at, PAGE, PROT_READ | PROT_BTI);
    printf("mprotect: %d %d\n", result, result ? errno : 0);
    return 0;
}

int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1) return absent();
    printf("announced: %d\n", (getauxval(AT_HWCAP2) & BTI_OF_HWCAP2) != 0);
    u64 pfr1;
    asm("mrs %0, s3_0_c0_c4_1" : "=r"(pfr1));
    printf("identified: %lu\n", pfr1 & 15);
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    fill();
    mprotect(target_page, PAGE, PROT_READ | PROT_EXEC);
    mprotect(guarded_stubs, PAGE, PROT_READ | PROT_EXEC);
    mprotect(free_stubs, PAGE, PROT_READ | PROT_EXEC);
    printf("before: %d\n", refused(free_stubs, target_page));
    mprotect(target_page, PAGE, PROT_READ | PROT_EXEC | PROT_BTI);
    mprotect(guarded_stubs, PAGE, PROT_READ | PROT_EXEC | PROT_BTI);
    all("free", free_stubs);
    all("guarded", guarded_stubs);
    signal_number = 0;
    go(guarded_stubs + STRIDE * WAYS, target_page);
    show("guarded", "b", "nop", target_page);
    handlers();

    int count = 0;
    for (int i = 0; i < 100000; i++) {
        u32 *stubs = i & 1 ? guarded_stubs : free_stubs;
        // Refused: bti c by br x9 from a guarded page, and seldom something else.
        u64 target = i % 1000 == 0 ? 0 : i & 2 ? 2 : 4;
        count += refused(stubs, target_page + STRIDE * target);
    }
    printf("in a loop: %d refused\n", count);

    mprotect(target_page, PAGE, PROT_READ | PROT_EXEC);
    printf("guarded no more: %d\n", refused(guarded_stubs, target_page));
    mprotect(target_page, PAGE, PROT_READ | PROT_EXEC | PROT_BTI);
    printf("guarded again: %d\n", refused(guarded_stubs, target_page));
    return 0;
}
