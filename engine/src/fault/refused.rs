//! Accesses of compiled code whose address the host refuses (non-canonical) though the guest may make them: some
//! guests ignore an address's top bits ([`isamorph_ir::GuestDesc::ignored_top_bits`]; Arm's top-byte ignore).
//!
//! Compiled code does not clear those bits at first, because hardly any guest uses them, and it need not know where
//! its registers are. So such an access is made by the host instruction itself: the signal handler takes the tag out
//! of the instruction's base register, lets the instruction run alone under the trap flag, and puts the tag back.
//! The engine then compiles anew with the bits cleared before every access, so that this happens once or a few times.
//!
//! Everything here runs in a signal handler that interrupted compiled code, never an allocator or a lock of the
//! host's: it may therefore allocate, as the instruction decoder does.

use iced_x86::{
    Decoder, DecoderOptions, Instruction, InstructionInfoFactory, OpAccess, Register, UsedRegister,
};
use std::cell::Cell;

/// Longest x86 instruction, in bytes.
const LONGEST: usize = 15;
/// The trap flag of RFLAGS.
const TRAP_FLAG: i64 = 1 << 8;

type Regs = [i64; 23];

/// An access of a host instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// The host address it makes.
    pub addr: u64,
    /// Does it write?
    pub write: bool,
    /// The register of its base, as an index of the signal context.
    base: usize,
    /// The instruction writes that register.
    overwrites: bool,
}

/// An instruction that runs alone with a changed base register.
#[derive(Clone, Copy)]
struct Step {
    base: usize,
    /// What to add when it is done.
    tag: i64,
    overwrites: bool,
}

thread_local! {
    static STEP: Cell<Option<Step>> = const { Cell::new(None) };
}

/// The access of the instruction at the context's PC, which lies in compiled code.
pub(super) fn access_at(regs: &Regs) -> Option<Refused> {
    let pc = regs[libc::REG_RIP as usize] as u64;
    // SAFETY: compiled code is readable; its memory is one mapping far longer than an instruction, and what may
    // follow the last one in it is only looked at by the decoder.
    let bytes = unsafe { std::slice::from_raw_parts(pc as *const u8, LONGEST) };
    let insn = Decoder::with_ip(64, bytes, pc, DecoderOptions::NONE).decode();
    access_of(&insn, regs)
}

fn access_of(insn: &Instruction, regs: &Regs) -> Option<Refused> {
    let mut factory = InstructionInfoFactory::new();
    let info = factory.info(insn);
    let memory = info.used_memory().first()?;
    let base = context_index(memory.base())?;
    let addr = memory.virtual_address(0, |register, _, _| {
        context_index(register).map(|at| regs[at] as u64).or(Some(0))
    })?;
    let writes = |access: OpAccess| {
        use OpAccess::{CondWrite, ReadCondWrite, ReadWrite, Write};
        matches!(access, Write | CondWrite | ReadWrite | ReadCondWrite)
    };
    let same = |used: &UsedRegister| context_index(used.register()) == Some(base);
    let overwrites = info.used_registers().iter().any(|u| same(u) && writes(u.access()));
    Some(Refused { addr, write: writes(memory.access()), base, overwrites })
}

/// Index of a general register in the signal context.
fn context_index(register: Register) -> Option<usize> {
    let at = match register.full_register() {
        Register::RAX => libc::REG_RAX,
        Register::RCX => libc::REG_RCX,
        Register::RDX => libc::REG_RDX,
        Register::RBX => libc::REG_RBX,
        Register::RSP => libc::REG_RSP,
        Register::RBP => libc::REG_RBP,
        Register::RSI => libc::REG_RSI,
        Register::RDI => libc::REG_RDI,
        Register::R8 => libc::REG_R8,
        Register::R9 => libc::REG_R9,
        Register::R10 => libc::REG_R10,
        Register::R11 => libc::REG_R11,
        Register::R12 => libc::REG_R12,
        Register::R13 => libc::REG_R13,
        Register::R14 => libc::REG_R14,
        Register::R15 => libc::REG_R15,
        _ => return None,
    };
    Some(at as usize)
}

/// Lets the instruction run alone with this address instead of its own.
pub(super) fn step_with(regs: &mut Regs, refused: Refused, addr: u64) {
    let tag = refused.addr.wrapping_sub(addr) as i64;
    regs[refused.base] = regs[refused.base].wrapping_sub(tag);
    regs[libc::REG_EFL as usize] |= TRAP_FLAG;
    STEP.set(Some(Step { base: refused.base, tag, overwrites: refused.overwrites }));
}

/// The instruction ran, or faulted: makes its base what it was. False: none was under way.
pub(super) fn end_step(regs: &mut Regs, ran: bool) -> bool {
    let Some(step) = STEP.take() else { return false };
    regs[libc::REG_EFL as usize] &= !TRAP_FLAG;
    if !(ran && step.overwrites) {
        regs[step.base] = regs[step.base].wrapping_add(step.tag);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8], regs: &Regs) -> Option<Refused> {
        access_of(&Decoder::new(64, bytes, DecoderOptions::NONE).decode(), regs)
    }

    #[test]
    fn base_index_and_displacement_make_the_address() {
        let mut regs = [0; 23];
        regs[libc::REG_RAX as usize] = 0x5500_0000_0000_1000;
        regs[libc::REG_RCX as usize] = 0x10;
        // mov edx, [rax + rcx*8 + 4]
        let access = refused(&[0x8b, 0x54, 0xc8, 0x04], &regs).unwrap();
        assert_eq!(access.addr, 0x5500_0000_0000_1084);
        assert!(!access.write && !access.overwrites);
    }

    #[test]
    fn what_an_instruction_writes_is_known() {
        let regs = [0; 23];
        // mov rax, [rax]; mov [rax], rcx; cmp rax, [rax]; lock xadd [rax], rcx; movzx eax, byte [rax]
        let of = |bytes: &[u8]| {
            let access = refused(bytes, &regs).unwrap();
            (access.write, access.overwrites)
        };
        assert_eq!(of(&[0x48, 0x8b, 0x00]), (false, true));
        assert_eq!(of(&[0x48, 0x89, 0x08]), (true, false));
        assert_eq!(of(&[0x48, 0x3b, 0x00]), (false, false));
        assert_eq!(of(&[0xf0, 0x48, 0x0f, 0xc1, 0x08]), (true, false));
        assert_eq!(of(&[0x0f, 0xb6, 0x00]), (false, true));
    }

    #[test]
    fn an_instruction_without_memory_has_no_access() {
        // add rax, rcx
        assert_eq!(refused(&[0x48, 0x01, 0xc8], &[0; 23]), None);
    }

    #[test]
    fn a_step_ends_with_the_base_as_it_was_unless_overwritten() {
        let mut regs = [0; 23];
        let rax = libc::REG_RAX as usize;
        let tagged = 0x5500_0000_0000_1000;
        for (overwrites, ran, end) in
            [(false, true, tagged), (true, true, 0x1000), (true, false, tagged)]
        {
            regs[rax] = tagged;
            let access = Refused { addr: tagged as u64, write: false, base: rax, overwrites };
            step_with(&mut regs, access, 0x1000);
            assert_eq!(regs[rax], 0x1000);
            assert!(end_step(&mut regs, ran));
            assert_eq!(regs[rax], end);
            assert_eq!(regs[libc::REG_EFL as usize] & TRAP_FLAG, 0);
        }
        assert!(!end_step(&mut regs, true));
    }
}
