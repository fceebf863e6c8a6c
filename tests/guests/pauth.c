// Pointer authentication: signed pointers, the keys that prctl draws anew, and what children inherit.
//@ cflags: -march=armv8.3-a
//@ run: => exit 0
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// Of so many salts at least one gives codes that differ under different keys.
enum { SALTS = 64 };

typedef struct {
    void *ia[SALTS], *da[SALTS];
    unsigned long ga[SALTS];
} Codes;

static int object;

static Codes codes(void) {
    Codes c;
    for (long salt = 0; salt < SALTS; salt++) {
        c.ia[salt] = c.da[salt] = &object;
        asm("pacia %0, %1" : "+r"(c.ia[salt]) : "r"(salt));
        asm("pacda %0, %1" : "+r"(c.da[salt]) : "r"(salt));
        asm("pacga %0, %1, %2" : "=r"(c.ga[salt]) : "r"(&object), "r"(salt));
    }
    return c;
}

static void compare(const char *title, Codes a, Codes b) {
    int ia = 0, da = 0, ga = 0;
    for (int salt = 0; salt < SALTS; salt++) {
        ia |= a.ia[salt] != b.ia[salt];
        da |= a.da[salt] != b.da[salt];
        ga |= a.ga[salt] != b.ga[salt];
    }
    printf("%s: IA %s, DA %s, GA %s\n", title, ia ? "differs" : "same", da ? "differs" : "same", ga ? "differs" : "same");
}

static void reset(const char *title, unsigned long keys, unsigned long extra) {
    int result = prctl(PR_PAC_RESET_KEYS, keys, extra, 0, 0);
    printf("reset %s: %d%s\n", title, result, result ? errno == EINVAL ? " EINVAL" : " another error" : "");
}

int main(void) {
    Codes first = codes();
    compare("again", first, codes());
    reset("DA", PR_PAC_APDAKEY, 0);
    Codes second = codes();
    compare("after DA", first, second);
    reset("IA and GA", PR_PAC_APIAKEY | PR_PAC_APGAKEY, 0);
    Codes third = codes();
    compare("after IA and GA", second, third);
    reset("all", 0, 0);
    Codes fourth = codes();
    compare("after all", third, fourth);
    reset("an unknown key", 32, 0);
    reset("with a third argument", 0, 1);
    fflush(stdout);
    if (fork() == 0) {
        compare("in a child", fourth, codes());
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    return 0;
}
