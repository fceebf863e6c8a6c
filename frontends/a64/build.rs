//! Turns `isa/*.isa` into the decoder that `src/isa.rs` includes; `Insn::lift` calls the function
//! of the lifter that has the instruction's name, so an `insn` without one does not compile.

fn main() {
    isamorph_decode::Generator::new("a64")
        .tables("isa")
        .dispatch("lift", "crate::lift::Lifter", "crate::lift::Flow")
        .features("crate::processor::Feature")
        .build();
}
