// Floating point basics: arithmetic, conversions, comparisons with NaN, rounding modes, flags, the mathematics library.
//@ cflags: -frounding-math -fno-builtin
//@ libs: -lm
//@ run: => exit 0
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint64_t bits(double x) {
    uint64_t u;
    memcpy(&u, &x, 8);
    return u;
}

int main(void) {
    volatile double a = 1.1, b = 3.3, zero = 0.0;
    volatile float f = 1.1f;
    printf("%016lx %016lx %016lx %016lx\n", bits(a + b), bits(a - b), bits(a * b), bits(a / b));
    printf("%.17g %.9g %a\n", a * b, (double)(f * f), a);
    printf("%016lx %016lx\n", bits(sqrt(b)), bits(fma(a, b, a)));
    volatile double nan = zero / zero, inf = 1 / zero;
    printf("nan: %d %d %d %d inf: %d %g\n", nan == nan, nan < a, nan > a, isnan(nan), isinf(inf), -inf);
    printf("nan bits %016lx\n", bits(nan) & 0x7fffffffffffffff);
    volatile double large = 1e30, negative = -1.5;
    printf("saturate: %ld %lu %d %lu\n", (long)large, (unsigned long)large, (int)-large, (unsigned long)negative);
    printf("convert: %ld %ld %.1f %.1f\n", (long)a, (long)-b, (double)-9007199254740993L,
           (double)18446744073709551615UL);
    printf("float: %.9g %.9g\n", (float)1e-45, (float)16777217);
    int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    for (int i = 0; i < 4; i++) {
        fesetround(modes[i]);
        volatile double third = 1.0, three = 3.0;
        printf("mode %d: %016lx %016lx %ld\n", i, bits(third / three), bits(-third / three), lrint(2.5));
    }
    fesetround(FE_TONEAREST);
    feclearexcept(FE_ALL_EXCEPT);
    volatile double r = a / b;
    printf("inexact %d", !!fetestexcept(FE_INEXACT));
    r = 1 / zero;
    printf(" divbyzero %d", !!fetestexcept(FE_DIVBYZERO));
    r = zero * inf;
    printf(" invalid %d", !!fetestexcept(FE_INVALID));
    r = large * large * large * large * large * large * large * large * large * large * large;
    printf(" overflow %d", !!fetestexcept(FE_OVERFLOW));
    volatile double tiny = 1e-300;
    r = tiny * tiny;
    printf(" underflow %d\n", !!fetestexcept(FE_UNDERFLOW));
    (void)r;
    printf("floor %g ceil %g trunc %g round %g rint %g\n", floor(-1.5), ceil(-1.5), trunc(-1.5), round(-2.5), rint(-2.5));
    printf("min %g max %g abs %g\n", fmin(nan, 1), fmax(a, b), fabs(negative));
    printf("%.15g %.15g %.15g %.15g\n", sin(a), exp(b), log(b), pow(a, b));
    long double q = 1.1L;
    printf("%.30Lg\n", q * q);
    double sum = 0;
    for (int i = 1; i <= 1000; i++) sum += 1.0 / i;
    printf("%.17g\n", sum);
    return 0;
}
