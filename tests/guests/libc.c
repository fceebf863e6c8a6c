// The C library's own inner life: setjmp, qsort with callbacks, varargs, strings, printf and scanf of integers.
//@ run: => exit 0
#include <ctype.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static long add_all(int count, ...) {
    va_list list;
    va_start(list, count);
    long sum = 0;
    while (count--) sum += va_arg(list, long);
    va_end(list);
    return sum;
}

static jmp_buf back;
static void thrower(int depth) {
    if (depth == 0) longjmp(back, 77);
    thrower(depth - 1);
}

int main(void) {
    uint32_t seed = 1, numbers[1000];
    for (int i = 0; i < 1000; i++) numbers[i] = seed = seed * 1664525 + 1013904223;
    qsort(numbers, 1000, 4, ascending);
    int sorted = 1;
    for (int i = 1; i < 1000; i++) sorted &= numbers[i - 1] <= numbers[i];
    uint32_t *found = bsearch(&numbers[123], numbers, 1000, 4, ascending);
    printf("sorted %d found %td first %" PRIu32 "\n", sorted, found - numbers, numbers[0]);
    printf("varargs %ld\n", add_all(12, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L, 11L, 12L));
    int value = setjmp(back);
    if (value == 0) thrower(20);
    printf("longjmp %d\n", value);

    // Strings at every alignment and length: the library's routines read whole vectors.
    static char room[512];
    int wrong = 0;
    for (int at = 0; at < 32; at++) {
        for (int length = 0; length < 130; length++) {
            memset(room, '#', sizeof room);
            memset(room + at, 'a' + length % 26, length);
            room[at + length] = 0;
            wrong += strlen(room + at) != (size_t)length;
            wrong += strchr(room + at, '#') != NULL;
            wrong += memchr(room, 0, sizeof room) != room + at + length;
            static char other[512];
            memcpy(other + (at ^ 5), room + at, length + 1);
            wrong += strcmp(other + (at ^ 5), room + at) != 0;
            wrong += memcmp(other + (at ^ 5), room + at, length + 1) != 0;
            memmove(room + at + 3, room + at, length + 1);
            wrong += memcmp(other + (at ^ 5), room + at + 3, length + 1) != 0;
        }
    }
    printf("strings wrong %d\n", wrong);
    printf("[%5d] [%-5d] [%05d] [%+d] [%x] [%#o] [%lld] [%llu] [%c] [%.3s] [%10s] [%%]\n", 42, 42, 42, 42, 0xbeef, 8,
           -9223372036854775807LL - 1, 18446744073709551615ULL, 'z', "abcdef", "right");
    int a, b;
    char word[16];
    int n = sscanf("12 abc 0x1f", "%d %15s %i", &a, word, &b);
    printf("scanned %d: %d %s %d\n", n, a, word, b);
    printf("strtol %ld %lu\n", strtol("-123abc", NULL, 10), strtoul("zz", NULL, 36));
    printf("div %d %d %d %d\n", -7 / 2, -7 % 2, (int)(7u / 2), (int)(0xfffffff9u % 2));
    char text[] = "one,two;three";
    for (char *token = strtok(text, ",;"); token; token = strtok(NULL, ",;")) printf("<%s>", token);
    printf("\n%s", asctime(gmtime(&(time_t){1700000000})));
    printf("%s\n", setenv("TZ", "UTC", 1) == 0 && getenv("TZ") ? getenv("TZ") : "?");
    __int128 big = (__int128)0x123456789abcdefLL * 0xfedcba987654321LL;
    printf("%016" PRIx64 "%016" PRIx64 "\n", (uint64_t)(big >> 64), (uint64_t)big);
    printf("%" PRIx64 "\n", (uint64_t)(big / 1234567891011LL));
    return 0;
}
