//! Failed accesses that stand for several guest instructions (`MemAttr::exact`).
//!
//! A frontend lifts a load, an operation and a store as one atomic access, at the load's address. When that fails, the
//! guest's instructions may not: the store alone faults if memory is only readable, and none does if it is not reached.
//! So they are interpreted one by one. Registers are exact at such an access in every kind of code.

use crate::vcpu::{Access, MemFault, Vcpu, VmExit};
use isamorph_ir::op::Effect;

/// Instructions of the longest sequence that any frontend lifts as one access.
const LONGEST: usize = 5;

impl Vcpu {
    /// What comes of a failed access: itself, or what the instructions do that it stands for. `None`: they did not fail.
    pub(crate) fn one_by_one(&mut self, fault: MemFault) -> Option<VmExit> {
        if fault.access != Access::Write || self.stores(fault.pc) {
            return Some(VmExit::Fault(fault));
        }
        (0..LONGEST).find_map(|_| {
            let block = self.lift_one();
            self.interpret_lifted(&block)
        })
    }

    /// Does the guest's instruction at this address write memory by itself?
    fn stores(&self, pc: u64) -> bool {
        debug_assert_eq!(pc, self.pc(), "the PC is at the instruction that failed");
        let desc = self.engine().desc();
        self.lift_one().insts.iter().any(|inst| match inst.op.effect() {
            Effect::Store => true,
            Effect::Helper => desc.helpers[inst.imm as usize].effects.memory,
            _ => false,
        })
    }
}
