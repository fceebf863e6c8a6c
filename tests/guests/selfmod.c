// Code that changes, with the cache maintenance that the architecture asks for: DC CVAU, DSB, IC IVAU, DSB, ISB.
//@ run: => exit 0
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef long (*function)(long);

static void publish(void *begin, size_t size) {
    uint64_t ctr;
    asm("mrs %0, ctr_el0" : "=r"(ctr));
    uintptr_t line = 4u << (ctr >> 16 & 15);
    for (uintptr_t p = (uintptr_t)begin & -line; p < (uintptr_t)begin + size; p += line)
        asm volatile("dc cvau, %0" ::"r"(p) : "memory");
    asm volatile("dsb ish" ::: "memory");
    line = 4u << (ctr & 15);
    for (uintptr_t p = (uintptr_t)begin & -line; p < (uintptr_t)begin + size; p += line)
        asm volatile("ic ivau, %0" ::"r"(p) : "memory");
    asm volatile("dsb ish\n\tisb" ::: "memory");
}

// movz x1, #imm; add x0, x0, x1; ret
static void emit(uint32_t *code, unsigned imm) {
    code[0] = 0xd2800001 | imm << 5;
    code[1] = 0x8b010000;
    code[2] = 0xd65f03c0;
}

int main(void) {
    // The same place, many times over: also after it has become hot.
    uint32_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long sum = 0;
    for (unsigned i = 0; i < 300; i++) {
        emit(code, i);
        publish(code, 12);
        for (int j = 0; j < 100; j++) sum = ((function)code)(sum) & 0xffffff;
    }
    printf("rewritten: %ld\n", sum);

    // Patch one instruction in a hot loop, from outside.
    emit(code, 1);
    publish(code, 12);
    long n = 0;
    for (int i = 0; i < 200000; i++) {
        n = ((function)code)(n);
        if (i == 100000) {
            code[1] = 0xcb010000;  // sub x0, x0, x1
            publish(code + 1, 4);
        }
    }
    printf("patched: %ld\n", n);

    // W^X: written while not executable, executed while not writable.
    uint32_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (unsigned i = 1; i <= 3; i++) {
        mprotect(page, 4096, PROT_READ | PROT_WRITE);
        emit(page, i * 1000);
        mprotect(page, 4096, PROT_READ | PROT_EXEC);
        publish(page, 12);
        printf("toggled: %ld\n", ((function)page)(i));
    }

    // Two mappings of the same memory: written through one, executed through the other.
    int fd = memfd_create("code", 0);
    if (ftruncate(fd, 4096)) return 1;
    uint32_t *writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint32_t *runnable = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    for (unsigned i = 1; i <= 3; i++) {
        emit(writable, i * 7);
        publish(writable, 12);
        publish(runnable, 12);
        printf("aliased: %ld\n", ((function)runnable)(100));
    }

    // Code replaced by a mapping and by a system call that writes memory.
    munmap(page, 4096);
    page = mmap(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    uint32_t text[3];
    emit(text, 555);
    int fds[2];
    if (pipe(fds) || write(fds[1], text, 12) != 12 || read(fds[0], page, 12) != 12) return 1;
    publish(page, 12);
    printf("remapped: %ld\n", ((function)page)(0));
    emit(text, 777);
    if (write(fds[1], text, 12) != 12 || read(fds[0], page, 12) != 12) return 1;
    publish(page, 12);
    printf("read over: %ld\n", ((function)page)(0));
    return 0;
}
