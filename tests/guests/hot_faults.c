// Accesses that fault in hot loops: every register, the flags and the PC as a handler of SIGSEGV sees them, for each form of
// access; the handler lets the access be made, and the loop goes on.
//@ link: static
//@ cflags: -march=armv8.1-a
//@ run: 3000 => exit 0
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ucontext.h>

// The pages below GUARD may be accessed, those from there on may not.
#define BASE 0x100000000ul
#define GUARD (BASE + 0x10000)
#define END (GUARD + 0x10000)

// Each function has x0: the address of the last turn; x1: turns; x2: the address of the turns before. Everything else is
// made from constants, and changed before and behind the access, so that no register keeps its value from turn to turn.
asm(".macro hot name:req, access:vararg\n"
    "  .text\n  .balign 16\n  .global hot_\\name\n  .type hot_\\name, %function\n"
    "hot_\\name:\n"
    "  stp x29, x30, [sp, -176]!\n"
    "  stp x19, x20, [sp, 16]\n  stp x21, x22, [sp, 32]\n  stp x23, x24, [sp, 48]\n"
    "  stp x25, x26, [sp, 64]\n  stp x27, x28, [sp, 80]\n  stp d8, d9, [sp, 96]\n"
    "  stp d10, d11, [sp, 112]\n  stp d12, d13, [sp, 128]\n  stp d14, d15, [sp, 144]\n"
    "  .irp n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
    "  mov x\\n, #0x1000 + \\n\n"
    "  .endr\n"
    "  .irp v, v0.2d,v1.2d,v2.2d,v3.2d,v4.2d,v5.2d,v6.2d,v7.2d,v8.2d,v9.2d,v10.2d,v11.2d,v12.2d,v13.2d,v14.2d,v15.2d,"
    "v16.2d,v17.2d,v18.2d,v19.2d,v20.2d,v21.2d,v22.2d,v23.2d,v24.2d,v25.2d,v26.2d,v27.2d,v28.2d,v29.2d,v30.2d,v31.2d\n"
    "  add x3, x3, #5\n  dup \\v, x3\n"
    "  .endr\n"
    "  fmov d16, #1.5\n  fmov d17, #1.0\n  fmov d18, #0.5\n  fmov d19, #0.25\n  fmov v24.2d, #1.0\n"
    "1:\n"
    "  add x3, x3, #1\n  eor x4, x4, x3, lsl #2\n  add x5, x5, x4\n  sub x6, x6, x5, lsr #3\n"
    "  add x9, x9, x6\n  eor x12, x12, x9\n  add w13, w13, w12\n  ror x14, x14, #7\n"
    "  add v1.2d, v1.2d, v2.2d\n  eor v3.16b, v3.16b, v1.16b\n  add v4.8h, v4.8h, v3.8h\n"
    "  fmul d16, d16, d17\n  fadd d19, d19, d18\n  fmul v25.2d, v24.2d, v24.2d\n"
    "  add x19, x19, x3\n  add x20, x20, x19\n  eor x21, x21, x20\n  add x29, x29, #3\n  add x30, x30, x29\n"
    "  cmp x1, #1\n  csel x7, x0, x2, eq\n"
    "  mov x15, #8\n"
    "  adds x10, x10, x5, lsl #9\n"
    "at_\\name:\n"
    "  \\access\n"
    "  csinc x22, x22, x3, mi\n  cinc x23, x23, cs\n"
    "  fsub d19, d19, d17\n  fadd d20, d19, d16\n"
    "  add x8, x8, x11\n  eor x9, x9, x8\n  add x4, x4, x12\n  add x13, x13, x14\n"
    "  add v5.2d, v5.2d, v6.2d\n  add v3.2d, v3.2d, v5.2d\n  eor v1.16b, v1.16b, v7.16b\n"
    "  sub x20, x20, x4\n  add x21, x21, #1\n  sub x30, x30, x20\n"
    "  subs x1, x1, #1\n  b.ne 1b\n"
    "  eor x0, x3, x4\n  add x0, x0, x5\n  add x0, x0, x8\n  eor x0, x0, x9\n  add x0, x0, x13\n  add x0, x0, x22\n"
    "  add x0, x0, x23\n  umov x1, v3.d[1]\n  eor x0, x0, x1\n  fmov x1, d20\n  add x0, x0, x1\n"
    "  ldp x19, x20, [sp, 16]\n  ldp x21, x22, [sp, 32]\n  ldp x23, x24, [sp, 48]\n"
    "  ldp x25, x26, [sp, 64]\n  ldp x27, x28, [sp, 80]\n  ldp d8, d9, [sp, 96]\n"
    "  ldp d10, d11, [sp, 112]\n  ldp d12, d13, [sp, 128]\n  ldp d14, d15, [sp, 144]\n"
    "  ldp x29, x30, [sp], 176\n  ret\n"
    ".endm\n");

// A name, how far below GUARD the last access begins, and the access at x7.
#define FORMS(F) \
    F(load, 0, "ldr x11, [x7]") \
    F(load_own_base, 0, "ldr x7, [x7]") \
    F(load_over_flags_operand, 0, "ldr x10, [x7]") \
    F(load_byte, 0, "ldrsb w11, [x7]") \
    F(load_half_indexed, 8, "ldrh w11, [x7, x15]") \
    F(load_folded, 0, "ldr x11, [x7]; add x12, x12, x11") \
    F(load_folded_and, 0, "ldr w11, [x7]; ands w13, w13, w11") \
    F(load_twice, 8, "ldr x11, [x7]; ldr x12, [x7, 8]") \
    F(load_three, 8, "ldr x4, [x7]; ldr x9, [x7, 4]; ldr x20, [x7, 8]") \
    F(load_post, 0, "ldr x11, [x7], 16") \
    F(load_pre, 0, "ldr x11, [x7, 0]!") \
    F(load_pair, 8, "ldp x11, x12, [x7]") \
    F(load_pair_own_base, 8, "ldp x7, x12, [x7]") \
    F(load_pair_post, 8, "ldp w11, w12, [x7], 8") \
    F(load_pair_words, 4, "ldpsw x11, x12, [x7]") \
    F(load_across, 4, "ldr x11, [x7]") \
    F(load_double, 0, "ldr d19, [x7]") \
    F(load_single, 0, "ldr s16, [x7]") \
    F(load_vector, 0, "ldr q3, [x7]") \
    F(load_vector_pair, 0, "ldp q1, q3, [x7]") \
    F(load_vectors, 0, "ld1 {v1.16b, v2.16b, v3.16b, v4.16b}, [x7], 64") \
    F(load_lanes, 0, "ld2 {v3.4s, v4.4s}, [x7]") \
    F(load_lane, 0, "ld1 {v3.s}[2], [x7]") \
    F(load_replicated, 0, "ld1r {v3.2d}, [x7]") \
    F(load_multiplied, 0, "fmul d19, d19, d17; ldr d20, [x7]; fmadd d16, d20, d18, d16") \
    F(load_acquire, 0, "ldar x11, [x7]") \
    F(store, 0, "str x4, [x7]") \
    F(store_zero, 0, "str wzr, [x7]") \
    F(store_byte, 0, "strb w4, [x7]") \
    F(store_twice, 8, "str x4, [x7]; str x9, [x7, 8]") \
    F(store_post, 0, "str x9, [x7], 24") \
    F(store_pre, 0, "str x9, [x7, 0]!") \
    F(store_pair, 8, "stp x4, x9, [x7]") \
    F(store_pair_pre, 0, "stp x4, x9, [x7, 0]!") \
    F(store_across, 4, "str x4, [x7]") \
    F(store_double, 0, "str d19, [x7]") \
    F(store_product, 0, "fmul d19, d19, d17; str d19, [x7]") \
    F(store_vector, 0, "str q3, [x7]") \
    F(store_vector_pair, 16, "stp q1, q3, [x7]") \
    F(store_vectors, 16, "st2 {v3.4s, v4.4s}, [x7]") \
    F(store_release, 0, "stlr x4, [x7]") \
    F(copy, 0, "ldr x11, [x2]; str x11, [x7]; ldr x12, [x2, 8]") \
    F(copy_pairs, 16, "ldp x11, x12, [x2]; stp x12, x11, [x7]; stp x12, x4, [x7, 16]") \
    F(add_atomically, 0, "ldadd x3, x11, [x7]") \
    F(swap, 0, "swpal x4, x11, [x7]") \
    F(compare_and_swap, 0, "casal x11, x4, [x7]") \
    F(clear_bits, 0, "ldclr x3, x11, [x7]") \
    F(exclusive, 0, "ldxr x11, [x7]; add x11, x11, x3; stxr w12, x11, [x7]")

#define DEFINE(name, below, access) \
    asm("hot " #name ", " access); \
    extern unsigned long hot_##name(unsigned long, unsigned long, unsigned long); \
    extern const char at_##name[];
FORMS(DEFINE)

static const struct {
    const char *name;
    unsigned long below;
    unsigned long (*run)(unsigned long, unsigned long, unsigned long);
    const char *at;
} forms[] = {
#define ENTRY(name, below, access) {#name, below, hot_##name, at_##name},
    FORMS(ENTRY)};

static volatile unsigned now;
static volatile unsigned long stack;

static void see(int sig, siginfo_t *info, void *context) {
    (void)sig;
    mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    printf("%s: at %+ld, address %#lx, code %d, flags %lx, stack %ld\n", forms[now].name,
           (long)(m->pc - (unsigned long)forms[now].at), (unsigned long)info->si_addr, info->si_code,
           (unsigned long)m->pstate >> 28, (long)(stack - m->sp));
    for (int i = 0; i < 31; i++) printf("%s%lx", i % 8 ? " " : i ? "\n  " : "  ", (unsigned long)m->regs[i]);
    struct fpsimd_context *f = (void *)m->__reserved;
    if (f->head.magic != FPSIMD_MAGIC) exit(2);
    for (int i = 0; i < 32; i++) {
        unsigned long half[2];
        memcpy(half, &f->vregs[i], sizeof half);
        printf("%s%lx:%lx", i % 4 ? " " : "\n  ", half[1], half[0]);
    }
    printf("\n");
    mprotect((void *)GUARD, END - GUARD, PROT_READ | PROT_WRITE);
}

int main(int argc, char **argv) {
    unsigned long turns = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000;
    struct sigaction action = {.sa_sigaction = see, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    void *all = mmap((void *)BASE, END - BASE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (all != (void *)BASE) return 1;
    for (now = 0; now < sizeof forms / sizeof *forms; now++) {
        for (unsigned long at = BASE; at < END; at += 8) *(unsigned long *)at = at * 0x9e3779b97f4a7c15;
        mprotect((void *)GUARD, END - GUARD, PROT_NONE);
        stack = (unsigned long)__builtin_frame_address(0);
        unsigned long result = forms[now].run(GUARD - forms[now].below, turns, BASE + 0x100);
        unsigned long sum = 0;
        mprotect((void *)GUARD, END - GUARD, PROT_READ | PROT_WRITE);
        for (unsigned long at = BASE; at < END; at += 8) sum = sum * 31 + *(unsigned long *)at;
        printf("%s: result %lx, memory %lx\n", forms[now].name, result, sum);
    }
    return 0;
}
