// Signals: actions and their flags, masks and pending sets, queued ones, alternate stacks, every way to wait for one,
// faults that a handler repairs, children that end by one.
//@ cflags: -pthread
//@ libs: -lrt
//@ run: => exit 0
//@ oracle: native
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile int count, depth, deepest, raises;

static void counted(int sig) { count += sig > 0; }

static void nested(int sig) {
    if (++depth > deepest) deepest = depth;
    if (raises-- > 0) raise(sig);
    depth--;
}

static void action(int sig, void (*handler)(int), int flags) {
    struct sigaction a = {.sa_handler = handler, .sa_flags = flags};
    if (sigaction(sig, &a, NULL)) perror("sigaction");
}

static void action_info(int sig, void (*handler)(int, siginfo_t *, void *), int flags) {
    struct sigaction a = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};
    if (sigaction(sig, &a, NULL)) perror("sigaction");
}

static sigset_t set_of(int sig) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, sig);
    return set;
}

static void block(int how, int sig) {
    sigset_t set = set_of(sig);
    sigprocmask(how, &set, NULL);
}

static int blocked(int sig) {
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    return sigismember(&now, sig);
}

static void flags(void) {
    struct sigaction now;
    action(SIGUSR1, counted, SA_RESETHAND);
    raise(SIGUSR1);
    sigaction(SIGUSR1, NULL, &now);
    printf("reset: %d, default again: %d\n", count, now.sa_handler == SIG_DFL);
    raises = 2;
    action(SIGUSR1, nested, SA_NODEFER);
    raise(SIGUSR1);
    printf("nested: %d\n", deepest);
    deepest = 0;
    raises = 2;
    action(SIGUSR1, nested, 0);
    raise(SIGUSR1);
    printf("deferred: %d\n", deepest);
    printf("SIGKILL: %d, 0: %d, 65: %d\n", signal(SIGKILL, SIG_IGN) == SIG_ERR, sigaction(0, &now, NULL),
           sigaction(65, &now, NULL));
}

// Also SIGSEGV, which an emulator needs for itself.
static void pending(void) {
    int both[] = {SIGUSR1, SIGSEGV};
    for (int i = 0; i < 2; i++) {
        int sig = both[i];
        sigset_t now;
        count = 0;
        action(sig, counted, 0);
        block(SIG_BLOCK, sig);
        raise(sig);
        raise(sig);
        sigpending(&now);
        printf("pending: %d, handled: %d", sigismember(&now, sig), count);
        block(SIG_UNBLOCK, sig);
        printf(", unblocked: %d\n", count);
        action(sig, SIG_DFL, 0);
    }
}

static void queued(int sig, siginfo_t *info, void *context) {
    (void)context;
    printf("queued: RTMIN+%d code %d value %d from us %d\n", sig - SIGRTMIN, info->si_code, info->si_value.sival_int,
           info->si_pid == getpid());
}

static void queue(void) {
    for (int i = 0; i < 2; i++) {
        action_info(SIGRTMIN + i, queued, 0);
        block(SIG_BLOCK, SIGRTMIN + i);
    }
    for (int i = 0; i < 3; i++) {
        sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i});
        sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 10 + i});
    }
    block(SIG_UNBLOCK, SIGRTMIN);
    block(SIG_UNBLOCK, SIGRTMIN + 1);
}

static char other_stack[65536];
static volatile int on_other_stack;

static void where(int sig) {
    (void)sig;
    char here;
    stack_t now;
    on_other_stack = &here >= other_stack && &here < other_stack + sizeof other_stack;
    sigaltstack(NULL, &now);
    printf("on the other stack: %d, told: %d\n", on_other_stack, now.ss_flags == SS_ONSTACK);
}

static void stacks(void) {
    stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof other_stack}, old;
    stack_t small = {.ss_sp = other_stack, .ss_size = 16};
    int r = sigaltstack(&small, NULL);
    printf("small stack: %d %d\n", r, errno == ENOMEM);
    sigaltstack(&stack, NULL);
    action(SIGUSR2, where, SA_ONSTACK);
    raise(SIGUSR2);
    action(SIGUSR2, where, 0);
    raise(SIGUSR2);
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, &old);
    printf("old stack: %d\n", old.ss_sp == other_stack && old.ss_size == sizeof other_stack);
}

static void soon(void) {
    struct itimerval in = {.it_value.tv_usec = 20000};
    setitimer(ITIMER_REAL, &in, NULL);
}

static void waits(void) {
    sigset_t alarm_set = set_of(SIGALRM), before;
    siginfo_t info;
    struct signalfd_siginfo record;
    struct timespec brief = {.tv_nsec = 1000000};
    count = 0;
    action(SIGALRM, counted, 0);
    sigprocmask(SIG_BLOCK, &alarm_set, &before);
    soon();
    int r = sigsuspend(&before);
    printf("sigsuspend: %d %d, handled: %d, blocked: %d\n", r, errno == EINTR, count, blocked(SIGALRM));
    soon();
    r = sigwaitinfo(&alarm_set, &info);
    printf("sigwaitinfo: %d %d, handled: %d\n", r == SIGALRM, info.si_signo == SIGALRM, count);
    r = sigtimedwait(&alarm_set, &info, &brief);
    printf("sigtimedwait: %d %d\n", r, errno == EAGAIN);
    int fd = signalfd(-1, &alarm_set, SFD_CLOEXEC);
    soon();
    r = read(fd, &record, sizeof record);
    printf("signalfd: %d %d\n", r == sizeof record, record.ssi_signo == SIGALRM);
    close(fd);
    block(SIG_UNBLOCK, SIGALRM);
}

static void *send_soon(void *to) {
    usleep(50000);
    pthread_kill(*(pthread_t *)to, SIGUSR1);
    return NULL;
}

static void interrupted(void) {
    int ends[2];
    char byte;
    pthread_t self = pthread_self(), sender;
    if (pipe(ends)) perror("pipe");
    action(SIGUSR1, counted, 0);
    count = 0;
    pthread_create(&sender, NULL, send_soon, &self);
    int r = read(ends[0], &byte, 1);
    printf("read: %d %d, handled: %d\n", r, errno == EINTR, count);
    pthread_join(sender, NULL);
    action(SIGPIPE, SIG_IGN, 0);
    close(ends[0]);
    r = write(ends[1], "x", 1);
    printf("write: %d %d\n", r, errno == EPIPE);
    close(ends[1]);
}

static sigjmp_buf back;
static char *fault_address;
static int fault_code;

static void jump_back(int sig, siginfo_t *info, void *context) {
    (void)sig, (void)context;
    fault_address = info->si_addr;
    fault_code = info->si_code;
    siglongjmp(back, 1);
}

static void step_over(int sig, siginfo_t *info, void *context) {
    (void)sig, (void)info;
    ucontext_t *at = context;
#ifdef __aarch64__
    at->uc_mcontext.pc += 4;
#else
    at->uc_mcontext.gregs[REG_RIP] += 2;
#endif
    count++;
}

static char *mapped;

static void make_writable(int sig, siginfo_t *info, void *context) {
    (void)sig, (void)info, (void)context;
    count++;
    mprotect(mapped, 8192, PROT_READ | PROT_WRITE);
}

static void faults(void) {
    mapped = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    action_info(SIGSEGV, make_writable, 0);
    count = 0;
    ((volatile char *)mapped)[5000] = 7;
    printf("repaired: %d %d\n", count, mapped[5000]);
    action_info(SIGSEGV, jump_back, 0);
    mprotect(mapped, 8192, PROT_READ);
    if (!sigsetjmp(back, 1)) ((volatile char *)mapped)[4100] = 1;
    printf("forbidden: at %ld code %d\n", (long)(fault_address - mapped), fault_code == SEGV_ACCERR);
    munmap(mapped, 8192);
    if (!sigsetjmp(back, 1)) count = ((volatile char *)mapped)[5];
    printf("unmapped: at %ld code %d, blocked: %d\n", (long)(fault_address - mapped), fault_code == SEGV_MAPERR,
           blocked(SIGSEGV));
    action_info(SIGILL, step_over, 0);
    count = 0;
#ifdef __aarch64__
    __asm__ volatile(".inst 0");
#else
    __asm__ volatile("ud2");
#endif
    printf("undefined: %d\n", count);
}

static volatile int *volatile bad_address = (volatile int *)8;

static int ending(void (*child)(void)) {
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        child();
        _exit(99);
    }
    int status;
    while (waitpid(pid, &status, 0) < 0) {}
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void by_term(void) { raise(SIGTERM); }

static void by_fault(void) {
    action(SIGSEGV, SIG_DFL, 0);
    *bad_address = 1;
}

static void by_blocked_fault(void) {
    block(SIG_BLOCK, SIGSEGV);
    *bad_address = 1;
}

// A pending signal is not inherited.
static void by_nothing(void) {
    sigset_t now;
    sigpending(&now);
    _exit(sigismember(&now, SIGUSR2));
}

static void children(void) {
    action(SIGCHLD, SIG_DFL, 0);
    printf("term: %d\n", ending(by_term));
    printf("abort: %d\n", ending(abort));
    printf("fault: %d\n", ending(by_fault));
    printf("blocked fault: %d\n", ending(by_blocked_fault));
    block(SIG_BLOCK, SIGUSR2);
    raise(SIGUSR2);
    printf("inherited: %d\n", ending(by_nothing));
    pid_t pid = fork();
    if (!pid) {
        raise(SIGSTOP);
        _exit(9);
    }
    int status;
    waitpid(pid, &status, WUNTRACED);
    printf("stopped: %d\n", WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    kill(pid, SIGCONT);
    waitpid(pid, &status, 0);
    printf("continued: %d\n", WEXITSTATUS(status));
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    flags();
    pending();
    queue();
    stacks();
    waits();
    interrupted();
    faults();
    children();
    return 0;
}
