//! Which functions become part of a region, and where control goes then.

use isamorph_a64::A64;
use isamorph_engine::EngineConfig;
use isamorph_engine::region_former::{self, Guest};
use isamorph_ir::{CodeSource, Frontend, Hint, Mode, Region, Term, verify_region};

const PC: u64 = 0x1000;
const RET: u32 = 0xd65f_03c0;
const ADD: u32 = 0x8b00_0000;
const BLR_X1: u32 = 0xd63f_0020;
/// Keeps the return address of who is called by others in x9.
const SAVE: u32 = 0xaa1e_03e9;
const RET_X9: u32 = 0xd65f_0120;

struct Code(Vec<u32>);

impl CodeSource for Code {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> usize {
        let bytes: Vec<u8> = self.0.iter().flat_map(|word| word.to_le_bytes()).collect();
        let at = addr.checked_sub(PC).and_then(|at| bytes.get(at as usize..)).unwrap_or_default();
        let count = at.len().min(buf.len());
        buf[..count].copy_from_slice(&at[..count]);
        count
    }
}

/// BL from the word of one number to that of another.
fn bl(from: usize, to: usize) -> u32 {
    0x9400_0000 | (to as i32 - from as i32) as u32 & 0x3ff_ffff
}

fn pc(word: usize) -> u64 {
    PC + 4 * word as u64
}

fn form(words: &[u32], often: bool, leads: &dyn Fn(u64) -> Vec<u64>) -> Region {
    let code = Code(words.to_vec());
    let (reached, often) = (&|_| true, &|_| often);
    let guest = Guest { frontend: &A64, code: &code, mode: Mode(0), reached, often, leads };
    let region = region_former::form(&guest, PC, EngineConfig::default().limits);
    verify_region(A64.desc(), &region).unwrap_or_else(|e| panic!("{e:?}"));
    region
}

/// The addresses at which the callees of a region begin.
fn callees(region: &Region) -> Vec<u64> {
    region.inlined.iter().map(|callee| region.blocks[callee.blocks.start].pc).collect()
}

#[test]
fn a_function_is_there_for_each_call() {
    let words = [SAVE, bl(1, 4), bl(2, 4), RET_X9, ADD, RET];
    let region = form(&words, true, &|_| vec![]);
    assert_eq!(callees(&region), [pc(4), pc(4)]);
    let ways = region.ways(A64.desc());
    for (callee, back) in region.inlined.iter().zip([pc(2), pc(3)]) {
        let ways = &ways[callee.blocks.start];
        assert!(!ways.exits, "{ways:?}");
        assert_eq!(ways.compared.iter().map(|c| c.0).collect::<Vec<_>>(), [back]);
    }
    assert_eq!(callees(&form(&words, false, &|_| vec![])), [], "what is called seldom");
}

#[test]
fn large_functions_and_circles_stay_outside() {
    let mut words = vec![SAVE, bl(1, 4), bl(2, 0x80), RET_X9];
    words.extend([ADD; 100]);
    words.push(RET);
    words.resize(0x80, 0);
    // Two functions that call each other.
    words.extend([bl(0x80, 0x82), RET, bl(0x82, 0x80), RET]);
    assert_eq!(callees(&form(&words, true, &|_| vec![])), []);
}

#[test]
fn all_callees_have_their_limit() {
    let mut words = vec![SAVE];
    (1..20).for_each(|at| words.push(bl(at, 21)));
    words.push(RET_X9);
    words.extend([ADD; 40]);
    words.push(RET);
    let region = form(&words, true, &|_| vec![]);
    let limits = EngineConfig::default().limits;
    assert_eq!(region.inlined.len(), limits.inlined_insns as usize / 41);
}

#[test]
fn a_computed_call_leads_to_the_callees_that_it_had() {
    let words = [SAVE, ADD, BLR_X1, RET_X9, ADD, RET, ADD, ADD, RET];
    let site = pc(2);
    let leads = |at| if at == site { vec![pc(4), pc(6)] } else { vec![] };
    let region = form(&words, true, &leads);
    assert_eq!(callees(&region), [pc(4), pc(6)]);
    let call = region.inlined[0].call;
    let ways = &region.ways(A64.desc())[call];
    // It is a block of its own, before which the register is looked at.
    assert_eq!((region.blocks[call].pc, region.blocks[call].guest_insns), (site, 1));
    assert!(matches!(region.blocks[call].term, Term::Indirect { hint: Hint::Call { .. }, .. }));
    assert!(ways.expects.is_some() && !ways.exits);
    // A region that is entered at the call cannot be left for it.
    let region = form(&words[2..], true, &|_| vec![pc(2)]);
    let ways = &region.ways(A64.desc())[0];
    assert!(ways.expects.is_none() && ways.exits);
}
