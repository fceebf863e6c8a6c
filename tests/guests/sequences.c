// Load-exclusive … store-exclusive, written as compilers and libraries write them: every operation, size and register that is
// left behind, by one thread and by four at once, and what fails in the middle.
//@ cflags: -pthread -mno-outline-atomics
//@ run: => exit 0
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>

// What is left behind: registers loaded, computed, the status, the flags; and memory.
struct left {
    uint64_t loaded, computed, status, flags;
};

// The sequence itself, with "1:" before it and the branch back behind it; x9 is loaded, x10 computed, x11 the status.
#define SEQUENCE(body)                                                                                          \
    struct left left;                                                                                           \
    register uint64_t *at asm("x8") = memory;                                                                   \
    register uint64_t by asm("x12") = operand, new asm("x13") = value;                                          \
    register uint64_t loaded asm("x9") = 0x1111111111111111, computed asm("x10") = 0x2222222222222222;          \
    register uint64_t status asm("x11") = 0x3333333333333333;                                                   \
    asm volatile("msr nzcv, xzr\n" body "\n\tmrs %[flags], nzcv"                                                \
                 : "+r"(loaded), "+r"(computed), "+r"(status), [flags] "=&r"(left.flags)                        \
                 : "r"(at), "r"(by), "r"(new)                                                                   \
                 : "memory", "cc");                                                                             \
    left.loaded = loaded, left.computed = computed, left.status = status;                                       \
    return left

#define FORM(name, body)                                                                                        \
    static __attribute__((noinline)) struct left name(uint64_t *memory, uint64_t operand, uint64_t value) {     \
        SEQUENCE(body);                                                                                         \
    }

#define LOOP(load, r, middle, store, result) \
    "1:\t" load " " r "9, [x8]\n\t" middle "\n\t" store " w11, " r result ", [x8]\n\tcbnz w11, 1b"

#define MODIFY(name, middle_w, middle_x)                                                                        \
    FORM(name##_b, LOOP("ldxrb", "w", middle_w, "stxrb", "10"))                                                 \
    FORM(name##_h, LOOP("ldaxrh", "w", middle_w, "stlxrh", "10"))                                               \
    FORM(name##_w, LOOP("ldaxr", "w", middle_w, "stxr", "10"))                                                  \
    FORM(name##_x, LOOP("ldxr", "x", middle_x, "stlxr", "10"))

#define THREE(name, op) MODIFY(name, op " w10, w9, w12", op " x10, x9, x12")
#define NUMBER(name, op, number) MODIFY(name, op " w10, w9, #" number, op " x10, x9, #" number)

THREE(add, "add")
THREE(adds, "adds")
THREE(sub, "sub")
THREE(subs, "subs")
THREE(and, "and")
THREE(ands, "ands")
THREE(bic, "bic")
THREE(bics, "bics")
THREE(orr, "orr")
THREE(orn, "orn")
THREE(eor, "eor")
THREE(eon, "eon")
NUMBER(addi, "add", "1")
NUMBER(addsi, "adds", "0x123, lsl #12")
NUMBER(subi, "sub", "3")
NUMBER(subsi, "subs", "1")
MODIFY(andi, "and w10, w9, #0xf0f0f0f0", "and x10, x9, #0xff00ff00ff00ff00")
MODIFY(andsi, "ands w10, w9, #0x80000001", "ands x10, x9, #0x8000000000000001")
NUMBER(orri, "orr", "0x70")
NUMBER(eori, "eor", "0x7ffffffe")
MODIFY(shifted, "add w10, w9, w12, lsl #3", "eor x10, x9, x12, ror #17")
MODIFY(turned, "add w10, w12, w9", "and x10, x12, x9")
// No operations on memory: they stay loops.
MODIFY(reversed, "sub w10, w12, w9", "bic x10, x12, x9")
MODIFY(maximum, "cmp w9, w12\n\tcsel w10, w9, w12, hi", "cmp x9, x12\n\tcsel x10, x9, x12, gt")
MODIFY(twice, "add w10, w9, w9", "add x10, x9, x9")
MODIFY(nand, "and w10, w9, w12\n\tmvn w10, w10", "and x10, x9, x12\n\tmvn x10, x10")
// Registers that serve twice.
FORM(same_b, "1:\tldxrb w9, [x8]\n\tadd w9, w9, w12\n\tstxrb w11, w9, [x8]\n\tcbnz w11, 1b")
FORM(same_x, "1:\tldxr x9, [x8]\n\teor x9, x9, x12\n\tstxr w11, x9, [x8]\n\tcbnz w11, 1b")
FORM(status_is_loaded, "1:\tldxr w9, [x8]\n\tadd w10, w9, w12\n\tstxr w9, w10, [x8]\n\tcbnz w9, 1b")
FORM(result_is_operand, "mov w10, w12\n1:\tldxr w9, [x8]\n\tadd w10, w9, w10\n\tstxr w11, w10, [x8]\n\tcbz w11, 2f\n\tb 1b\n2:")
FORM(base_is_loaded, "mov x9, x8\n\tldxr w9, [x9]\n\tadd w10, w9, w12\n\tstxr w11, w10, [x8]")
FORM(other_result, "1:\tldxr w9, [x8]\n\tadd w10, w9, w12\n\tstxr w11, w13, [x8]\n\tcbnz w11, 1b")
FORM(other_size, "1:\tldxr x9, [x8]\n\tadd w10, w9, w12\n\tstxr w11, x10, [x8]\n\tcbnz w11, 1b")
FORM(status_unused, "ldxr w9, [x8]\n\tadd w10, w9, w12\n\tstxr w11, w10, [x8]\n\tcmp w11, #0")
// Exchange.
FORM(swap_b, "1:\tldxrb w9, [x8]\n\tstxrb w11, w13, [x8]\n\tcbnz w11, 1b")
FORM(swap_h, "1:\tldaxrh w9, [x8]\n\tstxrh w11, w13, [x8]\n\tcbnz w11, 1b")
FORM(swap_w, "1:\tldaxr w9, [x8]\n\tstlxr w11, w13, [x8]\n\tcbnz w11, 1b")
FORM(swap_x, "1:\tldxr x9, [x8]\n\tstlxr w11, x13, [x8]\n\tcbnz w11, 1b")
FORM(swap_zero, "1:\tldxr x9, [x8]\n\tstxr w11, xzr, [x8]\n\tcbnz w11, 1b")
FORM(swap_same, "1:\tldxr x9, [x8]\n\tstxr w11, x9, [x8]\n\tcbnz w11, 1b")

#define COMPARE(load, r, middle, store) \
    "1:\t" load " " r "9, [x8]\n\t" middle "\n\tb.ne 2f\n\t" store " w11, " r "13, [x8]\n\tcbnz w11, 1b\n2:"

FORM(cas_b, COMPARE("ldaxrb", "w", "cmp w9, w12, uxtb", "stlxrb"))
FORM(cas_h, COMPARE("ldxrh", "w", "cmp w9, w12, uxth", "stlxrh"))
FORM(cas_wide_b, COMPARE("ldxrb", "w", "cmp w9, w12", "stxrb"))
FORM(cas_wide_h, COMPARE("ldaxrh", "w", "cmp w12, w9", "stxrh"))
FORM(cas_w, COMPARE("ldaxr", "w", "cmp w9, w12", "stlxr"))
FORM(cas_wide_w, COMPARE("ldaxr", "w", "cmp x9, x12", "stlxr"))
FORM(cas_x, COMPARE("ldxr", "x", "cmp x12, x9", "stxr"))
FORM(cas_number, COMPARE("ldxr", "x", "cmp x9, #7", "stxr"))
FORM(cas_signed_b, COMPARE("ldaxrb", "w", "cmp w9, w12, sxtb", "stlxrb"))
FORM(cas_zero, "1:\tldxr w9, [x8]\n\tcbnz w9, 2f\n\tstxr w11, w13, [x8]\n\tcbnz w11, 1b\n2:")
FORM(cas_elsewhere, "1:\tldaxr w9, [x8]\n\tcmp w9, w12\n\tb.ne 2f\n\tstlxr w11, w13, [x8]\n\tcbnz w11, 1b\n\tmov w10, #1\n\tb 3f\n2:\tclrex\n\tmov w10, #2\n3:")
FORM(cas_weak, "ldaxr w9, [x8]\n\tcmp w9, w12\n\tb.ne 2f\n\tstlxr w11, w13, [x8]\n2:\tcset w10, eq")
// What was read is stored back where it was not what was expected: the monitor is still there.
FORM(cas_back, "1:\tldaxr x9, [x8]\n\tcmp x9, x12\n\tb.ne 2f\n\tstlxr w11, x13, [x8]\n\tcbnz w11, 1b\n\tb 3f\n2:\tstlxr w10, x9, [x8]\n3:")
// The monitor is gone behind a sequence.
FORM(once, "1:\tldxr w9, [x8]\n\tadd w10, w9, w12\n\tstxr w11, w10, [x8]\n\tcbnz w11, 1b\n\tstxr w11, w13, [x8]")
// Something else lies between.
FORM(with_load, "1:\tldxr w9, [x8]\n\tldr w10, [x8, #4]\n\tstxr w11, w10, [x8]\n\tcbnz w11, 1b")

#define SIZES(name) {#name ".b", name##_b}, {#name ".h", name##_h}, {#name ".w", name##_w}, {#name ".x", name##_x}
#define ONE(name) {#name, name}

static const struct {
    const char *name;
    struct left (*form)(uint64_t *, uint64_t, uint64_t);
} forms[] = {
    SIZES(add), SIZES(adds), SIZES(sub), SIZES(subs), SIZES(and), SIZES(ands), SIZES(bic), SIZES(bics), SIZES(orr),
    SIZES(orn), SIZES(eor), SIZES(eon), SIZES(addi), SIZES(addsi), SIZES(subi), SIZES(subsi), SIZES(andi), SIZES(andsi),
    SIZES(orri), SIZES(eori), SIZES(shifted), SIZES(turned), SIZES(reversed), SIZES(maximum), SIZES(twice), SIZES(nand),
    ONE(same_b), ONE(same_x), ONE(status_is_loaded), ONE(result_is_operand), ONE(base_is_loaded), ONE(other_result),
    ONE(other_size), ONE(status_unused), SIZES(swap), ONE(swap_zero), ONE(swap_same), ONE(cas_b), ONE(cas_h), ONE(cas_wide_b),
    ONE(cas_wide_h), ONE(cas_w), ONE(cas_wide_w), ONE(cas_x), ONE(cas_number), ONE(cas_signed_b), ONE(cas_zero),
    ONE(cas_elsewhere), ONE(cas_weak), ONE(cas_back), ONE(once), ONE(with_load),
};

static uint64_t mixed(uint64_t hash, uint64_t value) {
    return (hash ^ value) * 0x9e3779b97f4a7c15u ^ hash >> 29;
}

// Every form on numbers that are equal now and then, and wide or narrow.
static void alone(void) {
    static const uint64_t numbers[] = {0, 1, 7, 0x7f, 0x80, 0xff, 0x100, 0x107, 0x8000, 0xffff, 0x10007, 0x7fffffff, 0x80000000,
                                       0xffffffff, 0x100000007, 0x7fffffffffffffff, 0x8000000000000000, ~0ul};
    enum { N = sizeof numbers / sizeof *numbers };
    for (unsigned f = 0; f < sizeof forms / sizeof *forms; f++) {
        uint64_t hash = 0;
        for (int n = 0; n < N * N * 2; n++) {
            uint64_t memory[2] = {numbers[n % N], 0x5555555555555555};
            struct left left = forms[f].form(memory, numbers[n / N % N], n < N * N ? 0x0123456789abcdef : ~numbers[n % 5]);
            uint64_t seen[] = {left.loaded, left.computed, left.status, left.flags, memory[0], memory[1]};
            for (int i = 0; i < 6; i++) hash = mixed(hash, seen[i]);
        }
        printf("%-18s %016lx\n", forms[f].name, hash);
    }
}

enum { ROUNDS = 20000, THREADS = 4 };
static uint64_t sums[8] __attribute__((aligned(64)));
static uint64_t locks[2] __attribute__((aligned(64))), guarded[2];

static void *hammer(void *arg) {
    uint64_t me = (uint64_t)arg;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        add_b(&sums[0], 3, 0);
        subi_h(&sums[1], 0, 0);
        adds_w(&sums[2], i, 0);
        sub_x(&sums[3], me, 0);
        eor_x(&sums[4], i << (me * 8), 0);
        (i & 1 ? orr_w : bic_w)(&sums[5], 1u << me, 0);
        maximum_w(&sums[6], i * (me + 1), 0);
        for (;;) {
            uint64_t old = __atomic_load_n(&sums[7], __ATOMIC_RELAXED);
            if ((uint32_t)cas_w(&sums[7], old, (uint32_t)(old * 5 + 1)).loaded == (uint32_t)old) break;
        }
        while (cas_zero(&locks[0], 0, me + 1).loaded != 0) {}
        guarded[0] += i;
        __atomic_store_n((uint32_t *)&locks[0], 0, __ATOMIC_RELEASE);
        while (swap_w(&locks[1], 0, 1).loaded != 0) {}
        guarded[1] += me;
        __atomic_store_n((uint32_t *)&locks[1], 0, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void together(void) {
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, hammer, (void *)i);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 8; i++) printf("%lx%c", sums[i], i < 7 ? ' ' : '\n');
    printf("%lu %lu\n", guarded[0], guarded[1]);
}

static uint64_t *page;
static unsigned fault_word;
static uint64_t fault_loaded, fault_computed, fault_status, fault_pc;
static int faults, repaired_to;

static void repair(int sig, siginfo_t *info, void *context) {
    (void)sig, (void)info;
    const ucontext_t *uc = context;
    faults++;
    fault_pc = uc->uc_mcontext.pc;
    fault_word = *(unsigned *)fault_pc;
    fault_loaded = uc->uc_mcontext.regs[9], fault_computed = uc->uc_mcontext.regs[10], fault_status = uc->uc_mcontext.regs[11];
    mprotect(page, 4096, repaired_to);
}

static void fails(const char *name, struct left (*form)(uint64_t *, uint64_t, uint64_t), int protection, uint64_t operand) {
    for (int i = 0; i < 3; i++) {
        mprotect(page, 4096, PROT_READ | PROT_WRITE);
        page[i] = 5;
        mprotect(page, 4096, protection);
        faults = 0, fault_word = 0;
        struct left left = form(page + i, operand, 77);
        printf("%s: faults %d at %08x loaded %lx computed %lx status %lx; then %lx %lx %lx memory %lx\n", name, faults,
               fault_word, faults ? fault_loaded : 0, faults ? fault_computed : 0, faults ? fault_status : 0, left.loaded,
               left.computed, left.status, page[i]);
    }
}

int main(void) {
    // Before there is a handler: nothing may fail here.
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t loaded = 0;
    for (int i = 0; i < 100000; i++) loaded += cas_x(page, 1 + i, 2).loaded + cas_number(page, 0, 2).loaded;
    printf("compared %lu\n", loaded);
    alone();
    together();
    struct sigaction action = {.sa_sigaction = repair, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    repaired_to = PROT_READ | PROT_WRITE;
    fails("add, unreadable", add_x, PROT_NONE, 3);
    fails("add, read-only", add_x, PROT_READ, 3);
    fails("orr, read-only", orr_w, PROT_READ, 8);
    fails("swap, read-only", swap_b, PROT_READ, 8);
    fails("equal, unreadable", cas_x, PROT_NONE, 5);
    fails("equal, read-only", cas_w, PROT_READ, 5);
    fails("unequal, read-only", cas_w, PROT_READ, 6);
    fails("zero, read-only", cas_zero, PROT_READ, 6);
    return 0;
}
