// Clocks, sleeps that signals interrupt, timers of every kind, waits with a signal mask.
//@ run: => exit 0
//@ oracle: native
//@ libs: -lrt
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHOW(e) printf("%s = %ld\n", #e, (long)(e))

static volatile int alarms, value;
static long failed(long r) { return r == -1 ? -errno : r; }
static void on_alarm(int n) { (void)n, alarms++; }
static void on_info(int n, siginfo_t *info, void *u) { (void)n, (void)u, alarms++, value = info->si_value.sival_int; }

static void handle(int number, int flags) {
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = flags};
    sigaction(number, &action, NULL);
}

static void alarm_in(int ms) {
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {ms / 1000, ms % 1000 * 1000}}, NULL);
}

static long ms_since(struct timespec *start) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

int main(void) {
    struct timespec t, rem, start;
    clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
                          CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_BOOTTIME, CLOCK_TAI};
    for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++)
        printf("clock %d: %d %d\n", clocks[i], clock_gettime(clocks[i], &t), clock_getres(clocks[i], &rem));
    SHOW(failed(clock_gettime(99, &t)));
    struct timeval tv;
    SHOW(gettimeofday(&tv, NULL));
    SHOW(tv.tv_sec - time(NULL) < 2);
    struct tms tms;
    SHOW(times(&tms) > 0);
    clockid_t own;
    SHOW(clock_getcpuclockid(0, &own));
    SHOW(clock_gettime(own, &t));

    // Sleeps.
    clock_gettime(CLOCK_MONOTONIC, &start);
    SHOW(nanosleep(&(struct timespec){0, 20000000}, NULL));
    long slept = ms_since(&start);
    printf("slept %d\n", slept >= 20 && slept < 2000);
    SHOW(failed(nanosleep(&(struct timespec){0, 1000000000}, NULL)));
    handle(SIGALRM, SA_RESTART);
    alarm_in(30);
    rem = (struct timespec){0, 0};
    SHOW(failed(nanosleep(&(struct timespec){30, 0}, &rem)));
    printf("alarms %d rest %d\n", alarms, rem.tv_sec >= 27 && rem.tv_sec < 30);
    alarm_in(30);
    SHOW(clock_nanosleep(CLOCK_REALTIME, 0, &(struct timespec){30, 0}, &rem));
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += 30;
    alarm_in(30);
    SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
    SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &start, NULL));
    printf("alarms %d\n", alarms);
    // A signal that is ignored does not end a sleep.
    signal(SIGALRM, SIG_IGN);
    alarm_in(10);
    clock_gettime(CLOCK_MONOTONIC, &start);
    SHOW(nanosleep(&(struct timespec){0, 40000000}, NULL));
    printf("whole %d\n", ms_since(&start) >= 40);
    // Nor does one whose default is to be ignored, nor a stop.
    signal(SIGALRM, SIG_DFL);
    pid_t parent = getpid();
    if (fork() == 0) {
        usleep(10000);
        kill(parent, SIGWINCH);
        _exit(0);
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    SHOW(nanosleep(&(struct timespec){0, 60000000}, NULL));
    printf("whole %d\n", ms_since(&start) >= 60);
    wait(NULL);

    // Interrupted waits, with and without SA_RESTART.
    int p[2];
    char byte;
    if (pipe(p)) return 1;
    alarms = 0;
    handle(SIGALRM, 0);
    alarm_in(20);
    SHOW(failed(read(p[0], &byte, 1)));
    handle(SIGALRM, SA_RESTART);
    if (fork() == 0) {
        usleep(80000);
        _exit(write(p[1], "r", 1) != 1);
    }
    alarm_in(20);
    SHOW(failed(read(p[0], &byte, 1)));
    printf("byte %c alarms %d\n", byte, alarms);
    wait(NULL);
    alarm_in(20);
    struct pollfd pfd = {p[0], POLLIN, 0};
    SHOW(failed(poll(&pfd, 1, 5000)));
    alarm_in(20);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(p[0], &set);
    SHOW(failed(select(p[0] + 1, &set, NULL, NULL, &(struct timeval){5, 0})));
    int ep = epoll_create1(0);
    epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &(struct epoll_event){.events = EPOLLIN});
    alarm_in(20);
    struct epoll_event event;
    SHOW(failed(epoll_wait(ep, &event, 1, 5000)));
    printf("alarms %d\n", alarms);

    // A mask for the wait: blocked before, open inside, blocked again.
    sigset_t blocked, open;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_BLOCK, &blocked, &open);
    alarms = 0;
    kill(getpid(), SIGALRM);
    SHOW(poll(NULL, 0, 20));
    printf("pending %d\n", alarms);
    SHOW(failed(ppoll(&pfd, 1, &(struct timespec){5, 0}, &open)));
    printf("taken %d\n", alarms);
    kill(getpid(), SIGALRM);
    SHOW(failed(pselect(0, NULL, NULL, NULL, &(struct timespec){5, 0}, &open)));
    kill(getpid(), SIGALRM);
    SHOW(failed(epoll_pwait(ep, &event, 1, 5000, &open)));
    printf("taken %d\n", alarms);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    SHOW(sigismember(&now, SIGALRM));
    // A ready descriptor wins over a pending signal that stays blocked.
    kill(getpid(), SIGALRM);
    SHOW(ppoll(&(struct pollfd){p[1], POLLOUT, 0}, 1, NULL, &blocked));
    printf("taken %d\n", alarms);

    // signalfd takes what is pending.
    int sfd = signalfd(-1, &blocked, SFD_NONBLOCK | SFD_CLOEXEC);
    struct signalfd_siginfo info;
    SHOW(read(sfd, &info, sizeof info));
    printf("signalfd %d from self %d\n", info.ssi_signo == SIGALRM, info.ssi_pid == (uint32_t)getpid());
    SHOW(failed(read(sfd, &info, sizeof info)));
    sigprocmask(SIG_SETMASK, &open, NULL);
    printf("taken %d\n", alarms);

    // timerfd and interval timers.
    int tfd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    SHOW(timerfd_settime(tfd, 0, &(struct itimerspec){{0, 5000000}, {0, 5000000}}, NULL));
    usleep(22000);
    uint64_t ticks;
    SHOW(read(tfd, &ticks, 8));
    SHOW(ticks >= 4);
    struct itimerspec left;
    SHOW(timerfd_gettime(tfd, &left));
    SHOW(left.it_interval.tv_nsec);
    struct itimerval it;
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {100, 0}}, NULL);
    SHOW(getitimer(ITIMER_REAL, &it));
    SHOW(it.it_value.tv_sec >= 98);
    SHOW(alarm(0) >= 98);

    // POSIX timers.
    struct sigaction action = {.sa_sigaction = on_info, .sa_flags = SA_SIGINFO};
    sigaction(SIGRTMIN + 1, &action, NULL);
    timer_t timer;
    struct sigevent notify = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 4711};
    alarms = 0;
    SHOW(timer_create(CLOCK_MONOTONIC, &notify, &timer));
    SHOW(timer_settime(timer, 0, &(struct itimerspec){{0, 0}, {0, 10000000}}, NULL));
    while (!alarms) pause();
    printf("timer %d\n", value);
    SHOW(timer_gettime(timer, &left));
    SHOW(timer_getoverrun(timer));
    SHOW(timer_delete(timer));
    SHOW(failed(timer_delete(timer)) < 0);

    struct rusage usage;
    memset(&usage, 0, sizeof usage);
    SHOW(getrusage(RUSAGE_SELF, &usage));
    SHOW(usage.ru_maxrss > 0);
    return 0;
}
