// A program whose note says that its code takes indirect branches at their targets only: the kernel guards it as it loads it.
//@ link: bare
//@ cflags: -mbranch-protection=standard
//@ run: => exit 0
//@ cpu: cortex-a72
//@ run: => exit 0
typedef unsigned long u64;
typedef long i64;

enum { SYS_write = 64, SYS_exit = 93, SYS_rt_sigaction = 134, SIGILL = 4, SA_SIGINFO = 4 };

static i64 call(i64 number, i64 a, i64 b, i64 c, i64 d) {
    register i64 x8 asm("x8") = number, x0 asm("x0") = a, x1 asm("x1") = b, x2 asm("x2") = c, x3 asm("x3") = d;
    asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}

static void text(const char *s) {
    u64 length = 0;
    while (s[length]) length++;
    call(SYS_write, 1, (i64)s, (i64)length, 0);
}

// The offsets of arm64's signal frame: mcontext behind 176 bytes of ucontext; regs, sp, pc, pstate behind the fault address.
enum { MCONTEXT = 176, PC = MCONTEXT + 8 + 32 * 8, PSTATE = PC + 8 };

static void refused(int signal, void *info, char *context) {
    (void)signal;
    (void)info;
    text(*(u64 *)(context + PSTATE) >> 10 & 3 ? "refused\n" : "refused, without its type\n");
    *(u64 *)(context + PSTATE) &= ~(3ul << 10);
}

static struct {
    void (*handler)(int, void *, char *);
    u64 flags;
    void (*restorer)(void);
    u64 mask;
} action = {refused, SA_SIGINFO, 0, 0};

static __attribute__((noinline)) void called(void) { text("called\n"); }

void *volatile pointer;

__attribute__((noreturn)) void _start(void) {
    call(SYS_rt_sigaction, SIGILL, (i64)&action, 0, 8);
    pointer = called;
    ((void (*)(void))pointer)();
    asm volatile("adr x9, 1f\n\tbr x9\n\tnop\n1:\tnop" ::: "x9");
    text("gone on\n");
    asm volatile("adr x9, 1f\n\tbr x9\n\tnop\n1:\thint #36" ::: "x9");
    text("jumped\n");
    call(SYS_exit, 0, 0, 0, 0);
    __builtin_unreachable();
}
