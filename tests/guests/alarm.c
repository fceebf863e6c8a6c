// Asynchronous signals: in the middle of computation, in blocking calls with and without SA_RESTART, masks, timers.
//@ run: => exit 0
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t ticks;
static int pipe_in;

static void tick(int sig) { ticks += sig == SIGALRM; }

static void feed(int sig) {
    (void)sig;
    ticks++;
    if (ticks == 2 && write(pipe_in, "x", 1) != 1) _exit(9);
}

static void install(int sig, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    sigaction(sig, &action, NULL);
}

static void every(long micros, long first) {
    struct itimerval timer = {{0, micros}, {0, first}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static unsigned spin_until(int n) {
    unsigned x = 1;
    while (ticks < n) {
        // A loop without calls: only a poll at its back-edge lets the signal in.
        x = x * 1664525 + 1013904223;
    }
    return x;
}

int main(void) {
    install(SIGALRM, tick, SA_RESTART);
    every(2000, 2000);
    spin_until(5);
    every(0, 0);
    printf("ticks in a loop: %s\n", ticks >= 5 ? "enough" : "too few");

    // Without SA_RESTART a read is interrupted...
    int fds[2];
    char byte;
    if (pipe(fds)) return 1;
    pipe_in = fds[1];
    install(SIGALRM, tick, 0);
    ticks = 0;
    every(0, 5000);
    long got = read(fds[0], &byte, 1);
    printf("read: %ld %s\n", got, got < 0 && errno == EINTR ? "EINTR" : "?");
    // ...with it, it goes on until there is something.
    install(SIGALRM, feed, SA_RESTART);
    ticks = 0;
    every(5000, 5000);
    got = read(fds[0], &byte, 1);
    every(0, 0);
    printf("restarted read: %ld %c\n", got, byte);

    // nanosleep is never restarted and says how much is left.
    install(SIGALRM, tick, SA_RESTART);
    ticks = 0;
    every(0, 10000);
    struct timespec wish = {5, 0}, left = {0, 0};
    got = nanosleep(&wish, &left);
    printf("nanosleep: %ld %s left %s\n", got, errno == EINTR ? "EINTR" : "?", left.tv_sec == 4 ? "4.x s" : "?");

    // Blocked signals wait, and are delivered at sigsuspend.
    sigset_t block, old;
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, &old);
    install(SIGUSR1, feed, 0);
    ticks = 10;
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    sigset_t pending;
    sigpending(&pending);
    printf("pending %d ticks %d\n", sigismember(&pending, SIGUSR1), ticks);
    got = sigsuspend(&old);
    printf("suspended: %ld ticks %d\n", got, ticks);

    // Real-time signals queue, in order, with their values.
    sigaddset(&block, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &block, NULL);
    for (int i = 1; i <= 3; i++) sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i * 11});
    for (int i = 1; i <= 3; i++) {
        siginfo_t info;
        int sig = sigwaitinfo(&block, &info);
        printf("queued: %d value %d\n", sig - SIGRTMIN, info.si_value.sival_int);
    }

    // SA_RESETHAND, SA_NODEFER are remembered; ignored signals do nothing.
    install(SIGUSR2, tick, SA_RESETHAND);
    raise(SIGUSR2);
    struct sigaction now;
    sigaction(SIGUSR2, NULL, &now);
    printf("reset %d\n", now.sa_handler == SIG_DFL);
    signal(SIGTERM, SIG_IGN);
    raise(SIGTERM);

    // SIGCHLD and the status of a child that was killed.
    install(SIGCHLD, feed, SA_RESTART);
    ticks = 20;
    pid_t child = fork();
    if (child == 0) {
        for (;;) pause();
    }
    kill(child, SIGKILL);
    int status;
    waitpid(child, &status, 0);
    printf("child: signaled %d by %d, SIGCHLD %d\n", WIFSIGNALED(status), WTERMSIG(status), ticks - 20);
    return 0;
}
