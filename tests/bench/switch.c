// Indirect jumps: a bytecode machine with a `switch` in its loop runs the sieve of Eratosthenes over and over.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HALT, SET, MOVE, ADD, SUB, MUL, LESS, LOAD, STORE, JUMP, JUMP_IF, JUMP_UNLESS, INC, XOR };

struct op {
    uint8_t code, a, b, c;
    int32_t value;
};

static uint8_t memory[1 << 16];

static uint64_t interpret(const struct op *program) {
    uint64_t r[16] = {0};
    for (const struct op *pc = program;; pc++) {
        switch (pc->code) {
        case HALT: return r[pc->a];
        case SET: r[pc->a] = (uint64_t)(int64_t)pc->value; break;
        case MOVE: r[pc->a] = r[pc->b]; break;
        case ADD: r[pc->a] = r[pc->b] + r[pc->c]; break;
        case SUB: r[pc->a] = r[pc->b] - r[pc->c]; break;
        case MUL: r[pc->a] = r[pc->b] * r[pc->c]; break;
        case LESS: r[pc->a] = r[pc->b] < r[pc->c]; break;
        case LOAD: r[pc->a] = memory[r[pc->b] & 0xffff]; break;
        case STORE: memory[r[pc->b] & 0xffff] = (uint8_t)r[pc->a]; break;
        case JUMP: pc += pc->value; break;
        case JUMP_IF: pc += r[pc->a] ? pc->value : 0; break;
        case JUMP_UNLESS: pc += r[pc->a] ? 0 : pc->value; break;
        case INC: r[pc->a]++; break;
        case XOR: r[pc->a] = (r[pc->b] << 1) ^ r[pc->c]; break;
        default: abort();
        }
    }
}

int main(int argc, char **argv) {
    // r0 limit, r1 i, r2 j, r3 flag, r4 one, r5 count, r6 byte, r7 hash, r8 square
    static const struct op sieve[] = {
        {SET, 0, 0, 0, 60000},   {SET, 4, 0, 0, 1},      {SET, 1, 0, 0, 2},
        /* 3: next i */          {LESS, 3, 1, 0, 0},     {JUMP_UNLESS, 3, 0, 0, 11}, {LOAD, 6, 1, 0, 0},
        {JUMP_IF, 6, 0, 0, 7},   {INC, 5, 0, 0, 0},      {XOR, 7, 7, 1, 0},          {MUL, 8, 1, 1, 0},
        {MOVE, 2, 8, 0, 0},
        /* 11: next j */         {LESS, 3, 2, 0, 0},     {JUMP_UNLESS, 3, 0, 0, 1},  {JUMP, 0, 0, 0, 2},
        /* 14: next */           {INC, 1, 0, 0, 0},      {JUMP, 0, 0, 0, -13},
        /* 16: cross out */      {STORE, 4, 2, 0, 0},    {ADD, 2, 2, 1, 0},          {JUMP, 0, 0, 0, -8},
    };
    struct op program[24];
    memcpy(program, sieve, sizeof sieve);
    // Where the sieve ends: fold the count into the hash.
    program[19] = (struct op){XOR, 7, 7, 5, 0};
    program[20] = (struct op){HALT, 7, 0, 0, 0};
    program[4].value = 14;
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 60;
    uint64_t hash = 0;
    for (unsigned long i = 0; i < rounds; i++) {
        memset(memory, 0, sizeof memory);
        hash = hash * 31 + interpret(program);
    }
    printf("%016lx\n", (unsigned long)hash);
    return 0;
}
