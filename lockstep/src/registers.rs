//! The registers as they are compared: by name and value, whatever form an engine keeps them in.

use isamorph_ir::{Slot, StateLayout, Ty};
use std::ops::Range;

/// A register that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Different {
    /// Which.
    pub slot: Slot,
    /// Its name.
    pub name: &'static str,
    /// On one side.
    pub left: u128,
    /// On the other.
    pub right: u128,
}

/// The slots that are registers of the architecture. What the exclusive monitor remembers is none: engines may carry
/// out a loop round it in another way.
fn compared(layout: &StateLayout) -> impl Iterator<Item = Slot> {
    let all = (0..layout.slots.len()).map(|n| Slot(n as u16));
    all.filter(|slot| !layout.info(*slot).name.starts_with("excl_"))
}

/// A register's value in one form: of a register that is zero or not, which of both.
fn value(layout: &StateLayout, state: &[u8], slot: Slot) -> u128 {
    let value = layout.read(state, slot);
    if layout.info(slot).name == "qc" { u128::from(value != 0) } else { value }
}

/// The registers that differ.
pub fn differences(layout: &StateLayout, left: &[u8], right: &[u8]) -> Vec<Different> {
    let differ = |slot| {
        let (left, right) = (value(layout, left, slot), value(layout, right, slot));
        let name = layout.info(slot).name;
        (left != right).then_some(Different { slot, name, left, right })
    };
    compared(layout).filter_map(differ).collect()
}

/// Are all the same?
pub fn same(layout: &StateLayout, left: &[u8], right: &[u8]) -> bool {
    left == right || differences(layout, left, right).is_empty()
}

/// A hash of them: equal where [`same`] holds.
pub struct Hash {
    layout: StateLayout,
    /// Registers whose bytes are their value.
    plain: Vec<Range<usize>>,
    /// The others.
    formed: Vec<Slot>,
}

impl Hash {
    /// For these registers.
    pub fn new(layout: &StateLayout) -> Hash {
        let plainly = |slot: &Slot| {
            let info = layout.info(*slot);
            info.ty != Ty::Flags && info.name != "qc"
        };
        let (plain, formed): (Vec<Slot>, Vec<Slot>) = compared(layout).partition(plainly);
        let mut ranges: Vec<Range<usize>> = vec![];
        for info in plain.iter().map(|slot| layout.info(*slot)) {
            let at = info.offset as usize;
            let end = at + info.ty.bytes() as usize;
            match ranges.last_mut() {
                Some(last) if last.end == at => last.end = end,
                _ => ranges.push(at..end),
            }
        }
        Hash { layout: *layout, plain: ranges, formed }
    }

    /// Of this state.
    pub fn of(&self, state: &[u8]) -> u64 {
        let mix = |hash: u64, word: u64| {
            (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        };
        let mut hash = 0;
        for range in &self.plain {
            for word in state[range.clone()].chunks(4) {
                let mut bytes = [0; 4];
                bytes[..word.len()].copy_from_slice(word);
                hash = mix(hash, u32::from_le_bytes(bytes).into());
            }
        }
        self.formed
            .iter()
            .fold(hash, |hash, slot| mix(hash, value(&self.layout, state, *slot) as u64))
    }
}
