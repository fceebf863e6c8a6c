//! Guest registers as slots: the only state that crosses a block.
//!
//! A guest's registers lie in one byte area, laid out by a [`StateLayout`]. In memory the area is canonical
//! at every block boundary: every engine may stop there and another go on. Accessors are safe and checked.

use crate::flags::FlagsVal;
use crate::ty::Ty;

/// Index of a guest register in its [`StateLayout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u16);

/// One guest register.
#[derive(Clone, Copy, Debug)]
pub struct SlotInfo {
    /// Name in the text form (`x0`, `nzcv`).
    pub name: &'static str,
    /// Type of the whole register.
    pub ty: Ty,
    /// Byte offset in the state area, aligned to the type's size (`Flags`: 8).
    pub offset: u32,
}

/// The registers of a guest.
#[derive(Clone, Copy, Debug)]
pub struct StateLayout {
    /// The registers; a [`Slot`] is an index here.
    pub slots: &'static [SlotInfo],
    /// Size of the area in bytes, at most [`StateLayout::MAX_SIZE`].
    pub size: u32,
    /// The slot that holds the program counter at block boundaries.
    pub pc: Slot,
}

impl StateLayout {
    /// Largest size of a state area in bytes: the engine keeps its own words behind it.
    pub const MAX_SIZE: u32 = 3072;

    /// The register's description.
    #[inline]
    pub fn info(&self, slot: Slot) -> &'static SlotInfo {
        &self.slots[slot.0 as usize]
    }

    /// The slot of this name.
    pub fn find(&self, name: &str) -> Option<Slot> {
        self.slots.iter().position(|s| s.name == name).map(|i| Slot(i as u16))
    }

    fn range(&self, slot: Slot) -> std::ops::Range<usize> {
        let info = self.info(slot);
        let at = info.offset as usize;
        at..at + info.ty.bytes() as usize
    }

    /// Reads a register, zero-extended (`Flags`: the packed NZCV nibble).
    pub fn read(&self, state: &[u8], slot: Slot) -> u128 {
        if self.info(slot).ty == Ty::Flags {
            return self.read_flags(state, slot).nzcv() as u128;
        }
        let bytes = &state[self.range(slot)];
        let mut buf = [0; 16];
        buf[..bytes.len()].copy_from_slice(bytes);
        u128::from_le_bytes(buf)
    }

    /// Writes a register, truncating to its width (`Flags`: from a packed NZCV nibble).
    pub fn write(&self, state: &mut [u8], slot: Slot, value: u128) {
        if self.info(slot).ty == Ty::Flags {
            return self.write_flags(state, slot, FlagsVal::packed(value as u8 & 15));
        }
        let range = self.range(slot);
        let len = range.len();
        state[range].copy_from_slice(&value.to_le_bytes()[..len]);
    }

    /// Reads a register of at most 64 bits.
    #[inline]
    pub fn read_u64(&self, state: &[u8], slot: Slot) -> u64 {
        let info = self.info(slot);
        let bytes = &state[info.offset as usize..];
        match info.ty {
            Ty::I64 => {
                u64::from_le_bytes(*bytes.first_chunk().expect("a register lies in the state"))
            }
            Ty::I32 => {
                u32::from_le_bytes(*bytes.first_chunk().expect("a register lies in the state"))
                    .into()
            }
            _ => self.read(state, slot) as u64,
        }
    }

    /// Writes a register of at most 64 bits, truncating to its width.
    #[inline]
    pub fn write_u64(&self, state: &mut [u8], slot: Slot, value: u64) {
        let info = self.info(slot);
        if info.ty == Ty::I64 {
            let word = state[info.offset as usize..].first_chunk_mut();
            *word.expect("a register lies in the state") = value.to_le_bytes();
            return;
        }
        self.write(state, slot, value as u128);
    }

    /// Reads a `Flags` register's record.
    pub fn read_flags(&self, state: &[u8], slot: Slot) -> FlagsVal {
        let r = self.range(slot);
        let word = |i: usize| {
            let at = r.start + 8 * i;
            u64::from_le_bytes(state[at..at + 8].try_into().expect("eight bytes"))
        };
        FlagsVal::from_record([word(0), word(1), word(2)])
    }

    /// Writes a `Flags` register's record.
    pub fn write_flags(&self, state: &mut [u8], slot: Slot, flags: FlagsVal) {
        let at = self.range(slot).start;
        for (i, w) in flags.to_record().into_iter().enumerate() {
            state[at + 8 * i..at + 8 * i + 8].copy_from_slice(&w.to_le_bytes());
        }
    }
}
