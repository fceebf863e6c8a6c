//! `struct new_utsname`: six names of 65 bytes; only the machine is the guest's own.
//!
//! Source: `linux/utsname.h`.

/// Bytes of one name with its terminator.
pub const FIELD: usize = 65;
/// Bytes of the structure.
pub const SIZE: usize = 6 * FIELD;
const MACHINE: usize = 4;

/// Puts `machine` in place of the host's in `names`.
pub fn set_machine(names: &mut [u8; SIZE], machine: &str) {
    let field = &mut names[MACHINE * FIELD..(MACHINE + 1) * FIELD];
    field.fill(0);
    let len = machine.len().min(FIELD - 1);
    field[..len].copy_from_slice(&machine.as_bytes()[..len]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_replaced_and_nothing_else() {
        let mut names = [b'x'; SIZE];
        set_machine(&mut names, "aarch64");
        assert_eq!(&names[260..268], b"aarch64\0");
        assert!(names[..260].iter().chain(&names[325..]).all(|&b| b == b'x'));
    }
}
