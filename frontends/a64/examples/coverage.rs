//! Prints docs/isa-a64.md.

fn main() {
    print!("{}", isamorph_a64::page());
}
