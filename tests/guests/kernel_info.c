// What the kernel says of the machine, the process and its rights, and what can be set.
//@ run: => exit 0
//@ oracle: native
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#define SHOW(e) printf("%s = %ld\n", #e, (long)(e))

static long failed(long r) { return r == -1 ? -errno : r; }

int main(void) {
    struct utsname u;
    SHOW(uname(&u));
#ifdef __aarch64__
    int right = !strcmp(u.machine, "aarch64");
#else
    int right = !strcmp(u.machine, "x86_64");
#endif
    printf("%s %d\n", u.sysname, right);
    struct sysinfo info;
    SHOW(sysinfo(&info));
    SHOW(info.totalram > 1000000 && info.mem_unit == 1 && info.procs > 0);
    char random[16];
    SHOW(getrandom(random, sizeof random, 0));
    SHOW(failed(getrandom(random, 4, 0xff)));

    // Limits: what is set is read back.
    struct rlimit l = {1 << 20, 1 << 28}, now;
    int kinds[] = {RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_NOFILE};
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        getrlimit(kinds[i], &l);
        l.rlim_cur = l.rlim_max < 1 << 20 ? l.rlim_max : 1 << 8;
        printf("limit %d: %d", kinds[i], setrlimit(kinds[i], &l));
        printf(" %d\n", getrlimit(kinds[i], &now) == 0 && now.rlim_cur == l.rlim_cur && now.rlim_max == l.rlim_max);
    }
    l = (struct rlimit){2, 1};
    SHOW(failed(setrlimit(RLIMIT_AS, &l)));
    SHOW(failed(setrlimit(99, &l)));
    SHOW(failed(syscall(SYS_prlimit64, 0, RLIMIT_CPU, NULL, (void *)8)));

    // prctl.
    char name[16] = "";
    SHOW(prctl(PR_SET_NAME, "a-long-thread-name"));
    SHOW(prctl(PR_GET_NAME, name));
    printf("%s\n", name);
    SHOW(prctl(PR_SET_PDEATHSIG, 9));
    int sig = 0;
    SHOW(prctl(PR_GET_PDEATHSIG, &sig));
    SHOW(sig);
    SHOW(prctl(PR_SET_DUMPABLE, 0));
    SHOW(prctl(PR_GET_DUMPABLE));
    SHOW(prctl(PR_SET_DUMPABLE, 1));
    SHOW(prctl(PR_SET_CHILD_SUBREAPER, 1));
    SHOW(prctl(PR_GET_CHILD_SUBREAPER, &sig));
    SHOW(sig);
    SHOW(prctl(PR_SET_TIMERSLACK, 60000));
    SHOW(prctl(PR_GET_TIMERSLACK));
    SHOW(prctl(PR_GET_SECCOMP));
    SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    SHOW(failed(prctl(12345)));
    SHOW(prctl(PR_CAPBSET_READ, 0) >= 0);

    // Scheduling.
    cpu_set_t set;
    SHOW(sched_getaffinity(0, sizeof set, &set));
    SHOW(CPU_COUNT(&set) == sysconf(_SC_NPROCESSORS_ONLN));
    SHOW(sched_setaffinity(0, sizeof set, &set));
    SHOW(sched_yield());
    SHOW(sched_getscheduler(0));
    SHOW(sched_get_priority_max(SCHED_FIFO));
    SHOW(sched_get_priority_min(SCHED_FIFO));
    struct sched_param param = {0};
    SHOW(sched_getparam(0, &param));
    SHOW(sched_setscheduler(0, SCHED_BATCH, &param));
    SHOW(sched_getscheduler(0));
    struct timespec slice;
    SHOW(sched_rr_get_interval(0, &slice));
    SHOW(setpriority(PRIO_PROCESS, 0, 5));
    SHOW(getpriority(PRIO_PROCESS, 0));
    SHOW(nice(1));
    unsigned cpu = 999, node = 999;
    SHOW(getcpu(&cpu, &node));
    SHOW(cpu < 999 && node < 999);
    SHOW(syscall(SYS_membarrier, 0, 0, 0) >= 0);

    // Who we are.
    SHOW(getuid() == geteuid() && getgid() == getegid());
    uid_t r, e, s;
    SHOW(getresuid(&r, &e, &s));
    SHOW(r == getuid() && s == r);
    gid_t groups[64];
    SHOW(getgroups(64, groups) == getgroups(0, NULL));
    SHOW(failed(syscall(SYS_getgroups, -1, groups)));
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    SHOW(syscall(SYS_capget, &head, data));
    head.version = 1;
    SHOW(failed(syscall(SYS_capget, &head, data)));
    printf("version %x\n", head.version);
    SHOW(getpid() == syscall(SYS_gettid));
    SHOW(getpgid(0) == getpgrp());
    SHOW(getsid(0) >= 0);
    SHOW(failed(setpgid(0, 0)) <= 0);
    SHOW(personality(0xffffffff) & 0xff);

    // Auxiliary vector.
    SHOW(getauxval(AT_PAGESZ));
    SHOW(getauxval(AT_CLKTCK));
    SHOW(getauxval(AT_UID) == getuid());
    SHOW(getauxval(AT_SECURE));
    SHOW(getauxval(AT_RANDOM) != 0 && getauxval(AT_EXECFN) != 0 && getauxval(AT_PHDR) != 0);

    // Bad addresses.
    SHOW(failed(syscall(SYS_uname, (void *)16)));
    SHOW(failed(syscall(SYS_sysinfo, (void *)-8L)));
    SHOW(failed(syscall(SYS_getrandom, (void *)0x7ffffffff000, 4096, 0)));
    SHOW(failed(syscall(5000)));
    return 0;
}
