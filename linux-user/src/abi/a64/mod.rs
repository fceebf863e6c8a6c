//! Linux on A64 (arm64, LP64, little-endian): asm-generic numbers, `x8` number, `x0..x5` arguments.
//!
//! Facts: the kernel's Documentation/arch/arm64 and uapi headers.

mod frame;
pub mod numbers;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use isamorph_engine::sample::FrameRegisters;
use isamorph_ir::{Slot, StateLayout};

use super::{CloneArgs, GuestAbi, Resumed, SignalFrame};
use crate::address_space::Plan;
use crate::elf::Target;
use crate::errno::Errno;
use crate::layout::{self, Layouts};
use crate::memory::GuestMemory;

/// `EM_AARCH64`.
const MACHINE: u16 = 183;
/// Number of `rt_sigreturn`.
const RT_SIGRETURN: u32 = 139;

/// The ABI.
pub struct A64 {
    layout: StateLayout,
    x: [Slot; 31],
    v: [Slot; 32],
    sp: Slot,
    pc: Slot,
    nzcv: Slot,
    fpcr: Slot,
    fpsr: Slot,
    qc: Slot,
    dit: Slot,
    ssbs: Slot,
    btype: Slot,
    checks_targets: Slot,
    tpidr: Slot,
    exclusive: Slot,
    /// The halves of each key of pointer authentication, in the order of the bits `PR_PAC_AP*KEY`.
    pointer_keys: [[Slot; 2]; 5],
}

/// The frontend's state lacks a register of this ABI.
#[derive(Debug, thiserror::Error)]
#[error("the frontend's state has no register `{0}`")]
pub struct MissingRegister(String);

impl A64 {
    /// The ABI over a frontend's registers.
    pub fn new(layout: &StateLayout) -> Result<A64, MissingRegister> {
        // Registers are asked for about in the order in which they stand.
        let mut next = 0;
        let mut find_by = |is: &dyn Fn(&str) -> bool| {
            let count = layout.slots.len();
            let mut order = (next..count).chain(0..next);
            let found = order.find(|&at| is(layout.slots[at].name))?;
            next = found + 1;
            Some(Slot(found as u16))
        };
        let mut numbered = |file: char, n: u16| {
            let is = |name: &str| name.strip_prefix(file).is_some_and(|d| d.parse() == Ok(n));
            find_by(&is).ok_or_else(|| MissingRegister(format!("{file}{n}")))
        };
        let mut x = [Slot(0); 31];
        for (n, slot) in x.iter_mut().enumerate() {
            *slot = numbered('x', n as u16)?;
        }
        let mut v = [Slot(0); 32];
        for (n, slot) in v.iter_mut().enumerate() {
            *slot = numbered('v', n as u16)?;
        }
        let mut find = |name: &str| {
            find_by(&|n: &str| n == name).ok_or_else(|| MissingRegister(name.to_string()))
        };
        let mut pointer_keys = [[Slot(0); 2]; 5];
        for (slots, key) in pointer_keys.iter_mut().zip(["ia", "ib", "da", "db", "ga"]) {
            *slots = [find(&format!("ap{key}key_lo"))?, find(&format!("ap{key}key_hi"))?];
        }
        Ok(A64 {
            layout: *layout,
            x,
            v,
            sp: find("sp")?,
            pc: find("pc")?,
            nzcv: find("nzcv")?,
            fpcr: find("fpcr")?,
            fpsr: find("fpsr")?,
            qc: find("qc")?,
            dit: find("dit")?,
            ssbs: find("ssbs")?,
            btype: find("btype")?,
            checks_targets: find("checks_targets")?,
            tpidr: find("tpidr_el0")?,
            exclusive: find("excl_addr")?,
            pointer_keys,
        })
    }

    #[inline]
    fn get(&self, state: &[u8], slot: Slot) -> u64 {
        self.layout.read_u64(state, slot)
    }

    #[inline]
    fn set(&self, state: &mut [u8], slot: Slot, value: u64) {
        self.layout.write_u64(state, slot, value);
    }

    /// Does the thread look at branch targets, and so keep PSTATE.BTYPE?
    fn checks_targets(&self, state: &[u8]) -> bool {
        self.get(state, self.checks_targets) != 0
    }

    /// An exception return opens the exclusive monitor.
    fn open_monitor(&self, state: &mut [u8]) {
        self.set(state, self.exclusive, u64::MAX);
    }
}

impl GuestAbi for A64 {
    fn name(&self) -> &'static str {
        "aarch64"
    }

    fn target(&self) -> Target {
        Target { machine: MACHINE, wide: true, name: "AArch64" }
    }

    fn plan(&self) -> Plan {
        Plan::WIDE
    }

    fn layouts(&self) -> &'static Layouts {
        &layout::A64
    }

    fn numbers(&self) -> &'static [(u32, &'static str)] {
        numbers::NUMBERS
    }

    fn min_signal_stack(&self) -> u64 {
        // The frame, its frame record, and room to align, as the kernel reckons.
        frame::SIZE + 16 + 16
    }

    fn least_alt_stack(&self) -> u64 {
        5120
    }

    fn trampoline(&self) -> Vec<u8> {
        let mov_x8 = 0xd280_0008 | RT_SIGRETURN << 5;
        let svc_0 = 0xd400_0001u32;
        // Unwinders know a signal frame by these two instructions; the NOP before them is for those that
        // look up the return address minus one.
        [0xd503_201f, mov_x8, svc_0].iter().flat_map(|insn| insn.to_le_bytes()).collect()
    }

    fn trampoline_entry(&self) -> u64 {
        4
    }

    fn start(&self, state: &mut [u8], entry: u64, stack: u64) {
        self.set(state, self.pc, entry);
        self.set(state, self.sp, stack);
        self.open_monitor(state);
    }

    fn call(&self, state: &[u8]) -> (u64, [u64; 6]) {
        let x = |n: usize| self.get(state, self.x[n]);
        // The number is a 32-bit one: the kernel takes w8.
        (x(8) & 0xffff_ffff, [x(0), x(1), x(2), x(3), x(4), x(5)])
    }

    fn set_result(&self, state: &mut [u8], value: u64) {
        self.set(state, self.x[0], value);
    }

    fn result(&self, state: &[u8]) -> u64 {
        self.get(state, self.x[0])
    }

    fn rewind_call(&self, state: &mut [u8]) {
        let pc = self.get(state, self.pc);
        self.set(state, self.pc, pc.wrapping_sub(4));
    }

    fn clone_args(&self, args: [u64; 6]) -> CloneArgs {
        let [flags, stack, parent_tid, tls, child_tid, _] = args;
        CloneArgs { flags, stack, parent_tid, child_tid, tls }
    }

    fn become_child(&self, state: &mut [u8], stack: Option<u64>, tls: Option<u64>) {
        self.set(state, self.x[0], 0);
        if let Some(stack) = stack {
            self.set(state, self.sp, stack);
        }
        if let Some(tls) = tls {
            self.set(state, self.tpidr, tls);
        }
        self.open_monitor(state);
    }

    fn stack_pointer(&self, state: &[u8]) -> u64 {
        self.get(state, self.sp)
    }

    fn return_address(&self, state: &[u8]) -> Option<u64> {
        Some(self.get(state, self.x[30]))
    }

    fn frame_registers(&self) -> Option<FrameRegisters> {
        let offset = |slot| self.layout.info(slot).offset;
        // Of the 47 bits of an address the rest may be a signature of pointer authentication.
        let address = self.plan().limit - 1;
        Some(FrameRegisters { frame: offset(self.x[29]), link: Some(offset(self.x[30])), address })
    }

    fn push_frame(
        &self,
        state: &mut [u8],
        memory: &GuestMemory,
        frame: &SignalFrame<'_>,
    ) -> Result<(), Errno> {
        frame::push(self, state, memory, frame)
    }

    fn pop_frame(&self, state: &mut [u8], memory: &GuestMemory) -> Result<Resumed, Errno> {
        frame::pop(self, state, memory)
    }

    fn reset_pointer_keys(
        &self,
        state: &mut [u8],
        which: u64,
        random: &[u128; 5],
    ) -> Result<(), Errno> {
        if which >> self.pointer_keys.len() != 0 {
            return Err(Errno::EINVAL);
        }
        for (n, ([low, high], &fresh)) in self.pointer_keys.into_iter().zip(random).enumerate() {
            if which == 0 || which >> n & 1 != 0 {
                self.set(state, low, fresh as u64);
                self.set(state, high, (fresh >> 64) as u64);
            }
        }
        Ok(())
    }

    fn check_branch_targets(&self, state: &mut [u8]) {
        self.set(state, self.checks_targets, 1);
    }

    fn show_registers(&self, state: &[u8]) -> String {
        let mut text = String::new();
        for (n, slot) in self.x.iter().enumerate() {
            let end = if n % 4 == 3 { "\n" } else { "  " };
            let _ = write!(text, "{:>4} {:016x}{end}", format!("x{n}"), self.get(state, *slot));
        }
        let _ = writeln!(text, "  sp {:016x}", self.get(state, self.sp));
        let nzcv = self.get(state, self.nzcv);
        let flags: String = ["n", "z", "c", "v"]
            .iter()
            .zip([8, 4, 2, 1])
            .map(|(name, bit)| if nzcv & bit != 0 { name.to_uppercase() } else { name.to_string() })
            .collect();
        let _ = write!(text, "  pc {:016x}  nzcv {flags}", self.get(state, self.pc));
        text
    }
}
