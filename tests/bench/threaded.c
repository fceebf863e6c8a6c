// A stack machine in threaded code: every instruction jumps to the next through a table. Not tuned for.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { PUSH, ADD, MUL, SWAP, DUP, LESS, JUMP_IF, LOAD, STORE, HALT };

int main(int argc, char **argv) {
    int64_t rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 1000000;
    // i = 0; s = 1; do { s = s * 31 + i; i = i + 1; } while (i < rounds)
    int64_t program[] = {LOAD, 1, PUSH, 31, MUL, LOAD, 0, ADD, STORE, 1, LOAD, 0, PUSH, 1, ADD, DUP, STORE, 0,
                         PUSH, rounds, LESS, JUMP_IF, 0, HALT};
    static void *const code[] = {&&push, &&add, &&mul, &&swap, &&dup, &&less, &&jump_if, &&load, &&store, &&halt};
    int64_t cells[2] = {0, 1}, stack[16], *sp = stack, *ip = program;
#define NEXT goto *code[*ip++]
    NEXT;
push: *sp++ = *ip++; NEXT;
add: sp--; sp[-1] = (int64_t)((uint64_t)sp[-1] + (uint64_t)sp[0]); NEXT;
mul: sp--; sp[-1] = (int64_t)((uint64_t)sp[-1] * (uint64_t)sp[0]); NEXT;
swap: { int64_t t = sp[-1]; sp[-1] = sp[-2]; sp[-2] = t; } NEXT;
dup: sp[0] = sp[-1]; sp++; NEXT;
less: sp--; sp[-1] = sp[-1] < sp[0]; NEXT;
jump_if: ip = *--sp ? program + *ip : ip + 1; NEXT;
load: *sp++ = cells[*ip++]; NEXT;
store: cells[*ip++] = *--sp; NEXT;
halt:
    printf("%016lx\n", (unsigned long)cells[1]);
    return 0;
}
