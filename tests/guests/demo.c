// The guest of `isamorph demo`: freestanding, static, a few KiB. Draws the Mandelbrot set in the terminal with 64-bit
// fixed-point arithmetic, then does work of three kinds (calls, indirect jumps, memory) whose amount is an argument.
//@ link: bare
//@ env: NO_COLOR=1
//@ run: work 1 => exit 0
//@ run: picture => exit 0
//
// demo picture     only the picture (plain characters if NO_COLOR is set)
// demo work N      only the work, N rounds of it
// demo             both, with one round

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long i64;

enum { SYS_write = 64, SYS_exit = 93 };

static i64 syscall3(i64 number, i64 a, i64 b, i64 c) {
    register i64 x8 asm("x8") = number, x0 asm("x0") = a, x1 asm("x1") = b, x2 asm("x2") = c;
    asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}

// The compiler may ask for these where it sees a loop.
void *memset(void *at, int byte, u64 count) {
    volatile u8 *p = at;
    while (count--) *p++ = (u8)byte;
    return at;
}

static char room[1 << 16];
static u64 used;

static void flush(void) {
    for (u64 done = 0; done < used;) {
        i64 n = syscall3(SYS_write, 1, (i64)(room + done), (i64)(used - done));
        if (n <= 0) syscall3(SYS_exit, 1, 0, 0);
        done += (u64)n;
    }
    used = 0;
}

static void put(char c) {
    if (used == sizeof room) flush();
    room[used++] = c;
}

static void text(const char *s) {
    while (*s) put(*s++);
}

static void number(u64 n) {
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    while (count) put(digits[--count]);
}

// ---- the picture

enum { COLUMNS = 78, LINES = 22, LIMIT = 400, FRACTION = 28 };
#define FIXED(numerator, denominator) ((i64)(numerator) * (1L << FRACTION) / (denominator))

static int escape_time(i64 cx, i64 cy) {
    i64 x = 0, y = 0;
    for (int n = 0; n < LIMIT; n++) {
        i64 xx = x * x >> FRACTION, yy = y * y >> FRACTION;
        if (xx + yy > FIXED(4, 1)) return n;
        y = (x * y >> (FRACTION - 1)) + cy;
        x = xx - yy + cx;
    }
    return LIMIT;
}

// Deep blue over white and gold to brown, and black inside.
static const u8 palette[][3] = {{9, 1, 47},     {4, 4, 73},     {0, 7, 100},    {12, 44, 138},  {24, 82, 177}, {57, 125, 209},
                                {134, 181, 229}, {211, 236, 248}, {241, 233, 191}, {248, 201, 95}, {255, 170, 0}, {204, 128, 0},
                                {153, 87, 0},   {106, 52, 3},   {66, 30, 15},   {25, 7, 26}};

static void colour(const char *ground, int n) {
    const u8 *rgb = palette[n & 15];
    text(ground);
    for (int i = 0; i < 3; i++) {
        put(';');
        number(n == LIMIT ? 0 : rgb[i]);
    }
    put('m');
}

static int at(int column, int row) {
    // Twice as many rows as lines: a character is half as wide as it is high.
    i64 cx = FIXED(-9, 4) + FIXED(3, COLUMNS) * column;
    i64 cy = FIXED(-9, 8) + FIXED(9, 4 * 2 * LINES) * row;
    return escape_time(cx, cy);
}

static void picture(int plain) {
    for (int line = 0; line < LINES; line++) {
        int fore = -1, back = -1;
        for (int column = 0; column < COLUMNS; column++) {
            int upper = at(column, 2 * line), lower = at(column, 2 * line + 1);
            if (plain) {
                int n = upper > lower ? upper : lower;
                put(n == LIMIT ? '@' : " .,:;-=+*oxO%#"[n > 26 ? 13 : n / 2]);
            } else {
                if (upper != fore) colour("\033[38;2", fore = upper);
                if (lower != back) colour("\033[48;2", back = lower);
                text("\xe2\x96\x80");  // the upper half of a character cell
            }
        }
        text(plain ? "\n" : "\033[0m\n");
    }
    flush();
}

// ---- the work

static u32 next_random(u32 *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    return *seed ^= *seed << 5;
}

// Calls and returns.
static __attribute__((noinline)) u64 fibonacci(u64 n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

// A bytecode machine: an indirect jump for each of its instructions.
static u64 machine(u64 rounds) {
    static const u8 program[] = {1, 2, 3, 0, 4, 2, 5, 1, 6, 3, 2, 0, 5, 4, 7};
    static void *const actions[] = {&&add, &&xor, &&shift, &&multiply, &&rotate, &&subtract, &&swap, &&loop};
    u64 a = 1, b = 0x9e3779b97f4a7c15, count = 0;
    const u8 *pc = program;
#define NEXT goto *actions[*pc++]
    NEXT;
add:
    a += b;
    NEXT;
xor:
    b ^= a;
    NEXT;
shift:
    a ^= a >> 7;
    NEXT;
multiply:
    b *= 0xd6e8feb86659fd93;
    NEXT;
rotate:
    a = a << 13 | a >> 51;
    NEXT;
subtract:
    b -= a >> 3;
    NEXT;
swap: {
    u64 t = a;
    a = b, b = t;
    NEXT;
}
loop:
    pc = program;
    if (++count < rounds) NEXT;
    return a ^ b;
}

// Memory: heap sort of random words.
static u32 words[1 << 15];

static void sift(u64 root, u64 count) {
    for (u64 child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && words[child] < words[child + 1]) child++;
        if (words[root] >= words[child]) return;
        u32 t = words[root];
        words[root] = words[child], words[child] = t;
    }
}

static u64 sort(u32 seed) {
    u64 count = sizeof words / sizeof *words, hash = 0;
    for (u64 i = 0; i < count; i++) words[i] = next_random(&seed);
    for (u64 i = count / 2; i--;) sift(i, count);
    for (u64 i = count; i-- > 1;) {
        u32 t = words[0];
        words[0] = words[i], words[i] = t;
        sift(0, i);
    }
    for (u64 i = 0; i < count; i++) hash = hash * 31 + words[i];
    return hash;
}

static void work(u64 rounds) {
    u64 calls = 0, jumps = 0, memory = 0;
    for (u64 i = 0; i < rounds; i++) {
        calls += fibonacci(24);
        jumps ^= machine(60000 + i);
        memory ^= sort((u32)i + 1);
    }
    text("calls ");
    number(calls);
    text(" jumps ");
    number(jumps);
    text(" memory ");
    number(memory);
    text("\n");
    flush();
}

static int starts_with(const char *s, const char *prefix) {
    while (*prefix) {
        if (*s++ != *prefix++) return 0;
    }
    return 1;
}

__attribute__((used, noreturn)) static void begin(u64 *stack) {
    u64 argc = stack[0];
    char **argv = (char **)(stack + 1), **env = argv + argc + 1;
    int plain = 0;
    for (; *env; env++) plain |= starts_with(*env, "NO_COLOR=") && (*env)[9];
    u64 rounds = 0;
    if (argc > 2) {
        for (const char *p = argv[2]; *p >= '0' && *p <= '9'; p++) rounds = rounds * 10 + (u64)(*p - '0');
    }
    if (argc < 2 || starts_with(argv[1], "picture")) picture(plain);
    if (argc < 2 || starts_with(argv[1], "work")) work(rounds ? rounds : 1);
    syscall3(SYS_exit, 0, 0, 0);
    __builtin_unreachable();
}

// The stack pointer, as the kernel left it, is the argument.
asm(".globl _start\n_start:\tmov x29, #0\n\tmov x30, #0\n\tmov x0, sp\n\tb begin");
