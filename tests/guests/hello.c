// The smallest ordinary program.
//@ link: static static-pie dynamic
//@ run: => exit 0
#include <stdio.h>

int main(void) {
    puts("Hello from A64");
    return 0;
}
