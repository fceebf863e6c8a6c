//! Registers known within a block: a read after a write or read is the value written or read, and writing
//! what the register holds already is nothing.

use crate::contract::GuestDesc;
use crate::inst::Value;
use crate::slot::Slot;

/// The value that each register holds, where it is known.
pub(super) struct Known {
    values: Vec<Option<Value>>,
    /// The cumulative floating-point flags: any floating-point operation may change them.
    volatile: Slot,
}

impl Known {
    pub fn new(desc: &GuestDesc) -> Known {
        Known { values: vec![None; desc.layout.slots.len()], volatile: desc.fp.flags }
    }

    pub fn get(&self, slot: Slot) -> Option<Value> {
        self.values[slot.0 as usize]
    }

    /// Does some register hold this value?
    pub fn holds(&self, value: Value) -> bool {
        self.values.contains(&Some(value))
    }

    pub fn set(&mut self, slot: Slot, value: Value) {
        if slot != self.volatile {
            self.values[slot.0 as usize] = Some(value);
        }
    }

    pub fn forget(&mut self, slot: Slot) {
        self.values[slot.0 as usize] = None;
    }
}
