//! The registers of an A64 process as tests see them: the same for engines, the oracle and test rows.
//!
//! Invariant: [`State::to_wire`] and [`State::from_wire`] match `struct state` of `tests/oracle/executor.c`.

use isamorph_ir::{Slot, StateLayout};

/// Bytes of a state on the oracle's streams.
pub const WIRE_BYTES: usize = 36 * 8 + 32 * 16;

/// FPSR.QC, which the engines keep in a slot of its own.
const QC: u32 = 1 << 27;

/// The bits of FPSR that mean something to A64. The oracle keeps AArch32's condition flags beside them.
const FPSR_BITS: u32 = QC | 0x9f;

/// What user-level A64 code can read and write, but for the thread pointers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// X0 to X30.
    pub x: [u64; 31],
    /// The stack pointer.
    pub sp: u64,
    /// The program counter.
    pub pc: u64,
    /// Condition flags: N is bit 3, V is bit 0.
    pub nzcv: u8,
    /// Floating-point control.
    pub fpcr: u32,
    /// Floating-point status, with QC.
    pub fpsr: u32,
    /// V0 to V31.
    pub v: [u128; 32],
}

impl State {
    /// Every register different from every other and from its usual neighbours, so that a row which touches the wrong
    /// one is found out.
    pub fn distinct() -> Self {
        let byte = |n: usize| 0x0101_0101_0101_0101_u64.wrapping_mul(n as u64);
        let wide = |n: usize| u128::from(byte(n)) << 64 | u128::from(!byte(n));
        Self {
            x: std::array::from_fn(|n| byte(0xa0 + n)),
            sp: 0,
            pc: 0,
            nzcv: 0,
            fpcr: 0,
            fpsr: 0,
            v: std::array::from_fn(|n| wide(0x40 + n)),
        }
    }

    /// For the oracle.
    pub fn to_wire(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(WIRE_BYTES);
        let nzcv = u64::from(self.nzcv) << 28;
        let rest = [self.sp, self.pc, nzcv, self.fpcr.into(), self.fpsr.into()];
        for word in self.x.iter().chain(&rest) {
            bytes.extend(word.to_le_bytes());
        }
        for vector in &self.v {
            bytes.extend(vector.to_le_bytes());
        }
        bytes
    }

    /// From the oracle; `bytes` are [`WIRE_BYTES`] long.
    pub fn from_wire(bytes: &[u8]) -> Self {
        let word = |at: usize| {
            u64::from_le_bytes(bytes[at * 8..at * 8 + 8].try_into().expect("eight bytes"))
        };
        let vector = |n: usize| {
            let at = 36 * 8 + n * 16;
            u128::from_le_bytes(bytes[at..at + 16].try_into().expect("sixteen bytes"))
        };
        Self {
            x: std::array::from_fn(word),
            sp: word(31),
            pc: word(32),
            nzcv: (word(33) >> 28 & 15) as u8,
            fpcr: word(34) as u32,
            fpsr: word(35) as u32 & FPSR_BITS,
            v: std::array::from_fn(vector),
        }
    }

    /// Puts the registers into an engine's state area.
    pub fn write(&self, slots: &Slots, area: &mut [u8]) {
        let layout = slots.layout;
        for (n, &value) in self.x.iter().enumerate() {
            layout.write(area, slots.x[n], value.into());
        }
        for (n, &value) in self.v.iter().enumerate() {
            layout.write(area, slots.v[n], value);
        }
        layout.write(area, slots.sp, self.sp.into());
        layout.write(area, slots.pc, self.pc.into());
        layout.write(area, slots.nzcv, self.nzcv.into());
        layout.write(area, slots.fpcr, self.fpcr.into());
        layout.write(area, slots.fpsr, (self.fpsr & !QC).into());
        layout.write(area, slots.qc, (self.fpsr & QC != 0).into());
        // What the exclusive monitor holds is no register: every case begins with it open.
        layout.write(area, slots.excl_addr, u64::MAX.into());
    }

    /// Takes the registers from an engine's state area.
    pub fn read(slots: &Slots, area: &[u8]) -> Self {
        let layout = slots.layout;
        let word = |slot| layout.read_u64(area, slot);
        let qc = if layout.read(area, slots.qc) != 0 { QC } else { 0 };
        Self {
            x: std::array::from_fn(|n| word(slots.x[n])),
            sp: word(slots.sp),
            pc: word(slots.pc),
            nzcv: word(slots.nzcv) as u8,
            fpcr: word(slots.fpcr) as u32,
            fpsr: word(slots.fpsr) as u32 | qc,
            v: std::array::from_fn(|n| layout.read(area, slots.v[n])),
        }
    }

    /// The registers that differ, by name, with both values.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let mut list = Vec::new();
        let mut note = |name: String, left: u128, right: u128| {
            if left != right {
                list.push(Difference { name, left, right });
            }
        };
        for n in 0..31 {
            note(format!("x{n}"), self.x[n].into(), other.x[n].into());
        }
        note("sp".into(), self.sp.into(), other.sp.into());
        note("pc".into(), self.pc.into(), other.pc.into());
        note("nzcv".into(), self.nzcv.into(), other.nzcv.into());
        for n in 0..32 {
            note(format!("v{n}"), self.v[n], other.v[n]);
        }
        note("fpcr".into(), self.fpcr.into(), other.fpcr.into());
        note("fpsr".into(), self.fpsr.into(), other.fpsr.into());
        list
    }
}

/// One register that differs between two states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// In the first state.
    pub left: u128,
    /// In the second.
    pub right: u128,
}

/// The slots of the A64 registers in an engine's state area.
#[derive(Debug)]
pub struct Slots {
    layout: StateLayout,
    x: [Slot; 31],
    v: [Slot; 32],
    sp: Slot,
    pc: Slot,
    nzcv: Slot,
    fpcr: Slot,
    fpsr: Slot,
    qc: Slot,
    excl_addr: Slot,
}

impl Slots {
    /// The slots by the names that every part agreed on.
    pub fn of(layout: StateLayout) -> Self {
        let find = |name: &str| layout.find(name).expect("the A64 layout has this slot");
        Self {
            layout,
            x: std::array::from_fn(|n| find(&format!("x{n}"))),
            v: std::array::from_fn(|n| find(&format!("v{n}"))),
            sp: find("sp"),
            pc: find("pc"),
            nzcv: find("nzcv"),
            fpcr: find("fpcr"),
            fpsr: find("fpsr"),
            qc: find("qc"),
            excl_addr: find("excl_addr"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isamorph_ir::Frontend;

    #[test]
    fn wire_and_area_are_lossless() {
        let state =
            State { sp: 1, pc: 2, nzcv: 9, fpcr: 1 << 24, fpsr: QC | 1, ..State::distinct() };
        assert_eq!(State::from_wire(&state.to_wire()), state);
        let layout = isamorph_a64::A64.desc().layout;
        let slots = Slots::of(layout);
        let mut area = vec![0; layout.size as usize];
        state.write(&slots, &mut area);
        assert_eq!(State::read(&slots, &area), state);
    }
}
