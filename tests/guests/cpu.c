// What a program is told of its processor: HWCAP, identification registers, /proc/cpuinfo; and that what is not told of
// is undefined. SSBS and CPUID of HWCAP are left out: qemu does not tell the first.
//@ link: static
//@ cpu: cortex-a53
//@ run: cortex-a53 => exit 0
//@ cpu: cortex-a57
//@ run: cortex-a57 => exit 0
//@ cpu: cortex-a72
//@ run: cortex-a72 => exit 0
//@ cpu: cortex-a76
//@ run: cortex-a76 => exit 0
//@ cpu: neoverse-n1
//@ run: neoverse-n1 => exit 0
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

#define SSBS (1ul << 28)
#define MRS(name, register)                                                                                            \
    do {                                                                                                               \
        unsigned long value;                                                                                           \
        __asm__ volatile("mrs %0, " register : "=r"(value));                                                           \
        printf("%-16s %016lx\n", name, value);                                                                         \
    } while (0)

static sigjmp_buf back;

static void undefined(int signal) { siglongjmp(back, signal); }

// Runs the instruction; its operands are x0, x1, x2 or v0, v1, v2.
#define TRY(text, word)                                                                                                \
    do {                                                                                                               \
        int signal = sigsetjmp(back, 1);                                                                               \
        if (!signal) {                                                                                                 \
            register unsigned long *x1 __asm__("x1") = cell;                                                           \
            __asm__ volatile(".inst " #word : "+r"(x1) : : "x0", "x2", "v0", "memory");                                \
        }                                                                                                              \
        printf("%-28s %s\n", text, signal == SIGILL ? "undefined" : "there");                                          \
    } while (0)

int main(void) {
    static unsigned long cell[4];
    printf("hwcap  %016lx\nhwcap2 %016lx\n", getauxval(AT_HWCAP) & ~SSBS, getauxval(AT_HWCAP2));
    MRS("MIDR_EL1", "midr_el1");
    MRS("ID_AA64PFR0_EL1", "id_aa64pfr0_el1");
    MRS("ID_AA64ISAR0_EL1", "id_aa64isar0_el1");
    MRS("ID_AA64ISAR1_EL1", "id_aa64isar1_el1");
    MRS("ID_AA64ISAR2_EL1", "s3_0_c0_c6_2");
    MRS("DCZID_EL0", "dczid_el0");

    struct sigaction action = {.sa_handler = undefined};
    sigaction(SIGILL, &action, NULL);
    TRY("aese v0.16b, v1.16b", 0x4e284820);
    TRY("crc32b w0, w1, w2", 0x1ac24020);
    TRY("ldadd w0, w2, [x1]", 0xb8200022);
    TRY("ldapr w0, [x1]", 0xb8bfc020);
    TRY("fadd h0, h1, h2", 0x1ee22820);
    TRY("sqrdmlah v0.4s, v1.4s, v2.4s", 0x6e828420);
    TRY("udot v0.4s, v1.16b, v2.16b", 0x6e829420);
    TRY("dc cvap, x1", 0xd50b7c21);
    TRY("ldapur x0, [x1]", 0xd9400020);
    TRY("fjcvtzs w0, d1", 0x1e7e0020);
    TRY("eor3 v0.16b, v1.16b, v2.16b, v3.16b", 0xce020c20);
    TRY("rmif x0, #0, #0", 0xba000400);
    TRY("addvl x0, x0, #0", 0x04205000);

    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[1000];
    while (file && fgets(line, sizeof line, file) && line[0] != '\n') {
        char *ssbs = strstr(line, " ssbs");
        if (ssbs) memmove(ssbs, ssbs + 5, strlen(ssbs + 5) + 1);
        if (!strncmp(line, "Features", 8) || !strncmp(line, "CPU", 3)) fputs(line, stdout);
    }
}
