// The oracle's arm: runs blocks of A64 code given on standard input and tells the state that each leaves behind.
//
// Freestanding and static; run under qemu-aarch64 (or on hardware). Nothing of ours but the blocks themselves decides the
// answers. The format of both streams is that of tests/src/oracle.rs; all numbers are little-endian.
//
// A block begins with `mrs x0, tpidr_el0` (the last register that can be loaded) and leaves by a branch to CODE, where a
// stub stores everything. A block that faults is seen by a signal handler, which takes the state from its context.

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

enum { SYS_read = 63, SYS_write = 64, SYS_exit = 93, SYS_setitimer = 103, SYS_sigaltstack = 132, SYS_rt_sigaction = 134, SYS_mmap = 222, SYS_mprotect = 226 };
enum { SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SIGALRM = 14 };

#define CODE 0x1375400000
#define CODE_SIZE 0x400000
#define DATA 0x1381230000
#define DATA_SIZE 0x1000

struct state {
    u64 x[31], sp, pc, nzcv, fpcr, fpsr;
    __uint128_t v[32];
};

struct request {
    u64 entry;      // offset into the code
    u64 flags;      // 1: an image of the data follows; 2: the data are wanted back
    u64 seed;       // of the data, if no image follows
    u64 reserved;
    struct state state;
};

struct answer {
    u64 signal;     // 0, or what ended the block
    u64 address;    // of the fault
    u64 hash;       // of the data
    u64 reserved;
    struct state state;
};

// Both are used by the assembly below, at fixed offsets.
struct state loaded, stored;
u64 host_sp;
static u64 signal_number, fault_address;

static long syscall6(long number, long a, long b, long c, long d, long e, long f) {
    register long x8 asm("x8") = number, x0 asm("x0") = a, x1 asm("x1") = b, x2 asm("x2") = c, x3 asm("x3") = d,
                  x4 asm("x4") = e, x5 asm("x5") = f;
    asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}

static void __attribute__((noreturn)) quit(int status) {
    syscall6(SYS_exit, status, 0, 0, 0, 0, 0);
    __builtin_unreachable();
}

void *memcpy(void *to, const void *from, u64 count) {
    u8 *t = to;
    const u8 *f = from;
    while (count >= 8) {
        *(u64 *)t = *(const u64 *)f;
        t += 8, f += 8, count -= 8;
    }
    while (count--) *t++ = *f++;
    return to;
}

void *memset(void *to, int byte, u64 count) {
    volatile u8 *t = to;
    while (count--) *t++ = (u8)byte;
    return to;
}

// False at the end of the input.
static int get(void *to, u64 count) {
    static u8 buffer[1 << 16];
    static u64 at, end;
    u8 *out = to;
    while (count) {
        if (at == end) {
            long n = syscall6(SYS_read, 0, (long)buffer, sizeof buffer, 0, 0, 0);
            if (n <= 0) return 0;
            at = 0, end = (u64)n;
        }
        u64 n = end - at < count ? end - at : count;
        memcpy(out, buffer + at, n);
        out += n, at += n, count -= n;
    }
    return 1;
}

static u8 out[1 << 20];
static u64 pending;

static void flush(void) {
    for (u64 done = 0; done < pending;) {
        long n = syscall6(SYS_write, 1, (long)(out + done), (long)(pending - done), 0, 0, 0);
        if (n <= 0) quit(3);
        done += (u64)n;
    }
    pending = 0;
}

static void put(const void *from, u64 count) {
    if (pending + count > sizeof out) flush();
    memcpy(out + pending, from, count);
    pending += count;
}

// void enter(u64 target): loads `loaded`, runs the block, and returns when `stored` holds what it left.
void enter(u64 target);
extern char leave[], recover[];
asm(".text\n"
    ".globl enter, leave, recover, restore, _start\n"
    "enter:\n"
    "    stp x29, x30, [sp, #-96]!\n"
    "    stp x19, x20, [sp, #16]\n"
    "    stp x21, x22, [sp, #32]\n"
    "    stp x23, x24, [sp, #48]\n"
    "    stp x25, x26, [sp, #64]\n"
    "    stp x27, x28, [sp, #80]\n"
    "    adrp x1, host_sp\n"
    "    mov x2, sp\n"
    "    str x2, [x1, :lo12:host_sp]\n"
    "    mov x30, x0\n"  // the target, until the last moment
    "    adrp x0, loaded\n"
    "    add x0, x0, :lo12:loaded\n"
    "    ldr x1, [x0, #272]\n"
    "    msr fpcr, x1\n"
    "    ldr x1, [x0, #280]\n"
    "    msr fpsr, x1\n"
    "    ldr x1, [x0, #264]\n"
    "    msr nzcv, x1\n"
    "    ldr x1, [x0]\n"
    "    msr tpidr_el0, x1\n"
    "    ldr x1, [x0, #248]\n"
    "    mov sp, x1\n"
    "    add x1, x0, #288\n"
    "    ldp q0, q1, [x1], #32\n ldp q2, q3, [x1], #32\n ldp q4, q5, [x1], #32\n ldp q6, q7, [x1], #32\n"
    "    ldp q8, q9, [x1], #32\n ldp q10, q11, [x1], #32\n ldp q12, q13, [x1], #32\n ldp q14, q15, [x1], #32\n"
    "    ldp q16, q17, [x1], #32\n ldp q18, q19, [x1], #32\n ldp q20, q21, [x1], #32\n ldp q22, q23, [x1], #32\n"
    "    ldp q24, q25, [x1], #32\n ldp q26, q27, [x1], #32\n ldp q28, q29, [x1], #32\n ldp q30, q31, [x1], #32\n"
    "    ldp x1, x2, [x0, #8]\n ldp x3, x4, [x0, #24]\n ldp x5, x6, [x0, #40]\n ldp x7, x8, [x0, #56]\n"
    "    ldp x9, x10, [x0, #72]\n ldp x11, x12, [x0, #88]\n ldp x13, x14, [x0, #104]\n ldp x15, x16, [x0, #120]\n"
    "    ldp x17, x18, [x0, #136]\n ldp x19, x20, [x0, #152]\n ldp x21, x22, [x0, #168]\n ldp x23, x24, [x0, #184]\n"
    "    ldp x25, x26, [x0, #200]\n ldp x27, x28, [x0, #216]\n ldr x29, [x0, #232]\n"
    "    clrex\n"
    "    mov x0, x30\n"
    "    adrp x30, loaded\n"
    "    add x30, x30, :lo12:loaded\n"
    "    ldr x30, [x30, #240]\n"
    "    br x0\n"
    "leave:\n"  // by the stub at CODE: x0 is in tpidr_el0
    "    adrp x0, stored\n"
    "    add x0, x0, :lo12:stored\n"
    "    stp x1, x2, [x0, #8]\n stp x3, x4, [x0, #24]\n stp x5, x6, [x0, #40]\n stp x7, x8, [x0, #56]\n"
    "    stp x9, x10, [x0, #72]\n stp x11, x12, [x0, #88]\n stp x13, x14, [x0, #104]\n stp x15, x16, [x0, #120]\n"
    "    stp x17, x18, [x0, #136]\n stp x19, x20, [x0, #152]\n stp x21, x22, [x0, #168]\n stp x23, x24, [x0, #184]\n"
    "    stp x25, x26, [x0, #200]\n stp x27, x28, [x0, #216]\n stp x29, x30, [x0, #232]\n"
    "    mov x1, sp\n"
    "    str x1, [x0, #248]\n"
    "    mrs x1, nzcv\n"
    "    str x1, [x0, #264]\n"
    "    mrs x1, fpcr\n"
    "    str x1, [x0, #272]\n"
    "    mrs x1, fpsr\n"
    "    str x1, [x0, #280]\n"
    "    mrs x1, tpidr_el0\n"
    "    str x1, [x0]\n"
    "    add x1, x0, #288\n"
    "    stp q0, q1, [x1], #32\n stp q2, q3, [x1], #32\n stp q4, q5, [x1], #32\n stp q6, q7, [x1], #32\n"
    "    stp q8, q9, [x1], #32\n stp q10, q11, [x1], #32\n stp q12, q13, [x1], #32\n stp q14, q15, [x1], #32\n"
    "    stp q16, q17, [x1], #32\n stp q18, q19, [x1], #32\n stp q20, q21, [x1], #32\n stp q22, q23, [x1], #32\n"
    "    stp q24, q25, [x1], #32\n stp q26, q27, [x1], #32\n stp q28, q29, [x1], #32\n stp q30, q31, [x1], #32\n"
    "recover:\n"
    "    msr fpcr, xzr\n"
    "    adrp x1, host_sp\n"
    "    ldr x2, [x1, :lo12:host_sp]\n"
    "    mov sp, x2\n"
    "    ldp x19, x20, [sp, #16]\n"
    "    ldp x21, x22, [sp, #32]\n"
    "    ldp x23, x24, [sp, #48]\n"
    "    ldp x25, x26, [sp, #64]\n"
    "    ldp x27, x28, [sp, #80]\n"
    "    ldp x29, x30, [sp], #96\n"
    "    ret\n"
    "restore:\n"
    "    mov x8, #139\n"
    "    svc #0\n"
    "_start:\n"
    "    b begin\n");
extern char restore[];

// The kernel's layouts: asm/ucontext.h, asm/sigcontext.h.
struct context {
    u64 flags, link, stack[3];
    u64 mask;
    u8 unused[120];
    u64 pad;  // the machine context is 16-aligned
    u64 fault_address, regs[31], sp, pc, pstate;
    u64 pad2;
    struct {
        u32 magic, size, fpsr, fpcr;
        __uint128_t v[32];
    } fp __attribute__((aligned(16)));
};

static volatile int running;

static void handler(int number, u64 *info, struct context *context) {
    // The alarm ends endless blocks; between blocks it means nothing.
    if (!running) return;
    running = 0;
    signal_number = (u64)number;
    fault_address = info[2];
    memcpy(stored.x, context->regs, sizeof stored.x);
    stored.sp = context->sp;
    stored.pc = context->pc;
    stored.nzcv = context->pstate & 0xf0000000;
    if (context->fp.magic != 0x46508001) quit(4);
    stored.fpcr = context->fp.fpcr;
    stored.fpsr = context->fp.fpsr;
    memcpy(stored.v, context->fp.v, sizeof stored.v);
    context->pc = (u64)recover;
}

static void run(struct request *request) {
    u64 *data = (u64 *)DATA;
    if (request->flags & 1) {
        if (!get(data, DATA_SIZE)) quit(2);
    } else if (request->seed == 0) {
        for (u64 i = 0; i < DATA_SIZE; i++) ((u8 *)DATA)[i] = (u8)i;
    } else {
        u64 s = request->seed;
        for (u64 i = 0; i < DATA_SIZE / 8; i++) {
            s ^= s << 13, s ^= s >> 7, s ^= s << 17;
            data[i] = s;
        }
    }
    loaded = request->state;
    signal_number = fault_address = 0;
    stored.pc = CODE;
    running = 1;
    enter(CODE + request->entry);
    running = 0;
    struct answer answer = {signal_number, fault_address, 0xcbf29ce484222325, 0, stored};
    for (u64 i = 0; i < DATA_SIZE / 8; i++) answer.hash = (answer.hash ^ data[i]) * 0x100000001b3;
    put(&answer, sizeof answer);
    if (request->flags & 2) put((void *)DATA, DATA_SIZE);
}

static void publish(u64 begin, u64 end) {
    u64 ctr;
    asm("mrs %0, ctr_el0" : "=r"(ctr));
    u64 line = 4ul << (ctr >> 16 & 15);
    for (u64 p = begin & -line; p < end; p += line) asm volatile("dc cvau, %0" ::"r"(p) : "memory");
    asm volatile("dsb ish" ::: "memory");
    line = 4ul << (ctr & 15);
    for (u64 p = begin & -line; p < end; p += line) asm volatile("ic ivau, %0" ::"r"(p) : "memory");
    asm volatile("dsb ish\n\tisb" ::: "memory");
}

__attribute__((used, noreturn)) static void begin(void) {
    enum { PROT_RX = 5, PROT_RW = 3, FIXED_ANON_PRIVATE = 0x32 };
    if (syscall6(SYS_mmap, CODE, CODE_SIZE, PROT_RW, FIXED_ANON_PRIVATE, -1, 0) != CODE) quit(5);
    if (syscall6(SYS_mmap, DATA, DATA_SIZE, PROT_RW, FIXED_ANON_PRIVATE, -1, 0) != DATA) quit(5);
    static u8 stack[1 << 16] __attribute__((aligned(16)));
    u64 alternate[3] = {(u64)stack, 0, sizeof stack};
    syscall6(SYS_sigaltstack, (long)alternate, 0, 0, 0, 0, 0);
    u64 action[4] = {(u64)handler, 0x04000000 | 0x08000000 | 0x10000000 | 4 /* restorer, on the stack above, restart calls, with information */,
                     (u64)restore, 0};
    static const int signals[] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGALRM};
    for (u64 i = 0; i < sizeof signals / sizeof *signals; i++)
        syscall6(SYS_rt_sigaction, signals[i], (long)action, 0, 8, 0, 0);

    // The stub: msr tpidr_el0, x0; ldr x0, #8; br x0; the address.
    u32 *code = (u32 *)CODE;
    code[0] = 0xd51bd040;
    code[1] = 0x58000040;
    code[2] = 0xd61f0000;
    *(u64 *)(code + 3) = (u64)leave;

    u64 head[2];  // bytes of code, number of requests
    while (get(head, sizeof head)) {
        syscall6(SYS_mprotect, CODE, CODE_SIZE, PROT_RW, 0, 0, 0);
        if (head[0] > CODE_SIZE - 64 || !get((void *)(CODE + 64), head[0])) quit(2);
        publish(CODE, CODE + 64 + head[0]);
        // No block may change another.
        syscall6(SYS_mprotect, CODE, CODE_SIZE, PROT_RX, 0, 0, 0);
        u64 timer[4] = {5, 0, 5, 0};  // seconds and microseconds: again, and first
        syscall6(SYS_setitimer, 0, (long)timer, 0, 0, 0, 0);
        while (head[1]--) {
            static struct request request;
            if (!get(&request, sizeof request)) quit(2);
            run(&request);
        }
        flush();
    }
    quit(0);
}
