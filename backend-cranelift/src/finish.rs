//! From Cranelift's function to a blob: exits are overwritten, entries found, the source map built.
//!
//! An exit is compiled as calls of external functions that never return, followed by `ud2`: bytes that are overwritten with
//! what leaves the region ([`crate::exits`]).
//!
//! Invariant: every relocation is such an exit, and the bytes are what we think they are.

use crate::abi;
use crate::blob::CodeBlob;
use crate::compiler::CompileError;
use crate::exits::{Exit, Exits};
use crate::fault_exits;
use crate::lower::{Lowered, Marker, TRAP_CODES};
use crate::patch;
use crate::rotate;
use crate::spills;
use cranelift_codegen::{CompiledCode, FinalizedRelocTarget, ir};

/// The blob; `optimised`: passes have seen the function that merge and move instructions.
pub(crate) fn blob(
    pc: u64,
    compiled: &CompiledCode,
    func: &ir::Function,
    lowered: Lowered,
    counts: bool,
    optimised: bool,
) -> Result<CodeBlob, CompileError> {
    let shape = |what| CompileError::Shape { pc, what };
    let mut code = compiled.code_buffer().to_vec();
    let (body, frame_size) = prologue(&code).ok_or(shape("prologue"))?;
    if frame_size > abi::MAX_FRAME {
        return Err(CompileError::Frame { pc, size: frame_size });
    }
    for loc in compiled.buffer.get_srclocs_sorted() {
        if let Some(patch) = patch::of(loc.loc) {
            let range = loc.start as usize..loc.end as usize;
            patch.apply(&mut code[range]).ok_or(shape("the bytes to be patched"))?;
        }
    }
    if lowered.rotations > 0 {
        // Else those that nobody uses are missing, and no others.
        let least = if optimised { lowered.rotations } else { 0 };
        rotate::finish(&mut code, least).ok_or(shape("a rotation"))?;
    }
    spills::promote(&mut code, compiled);
    let fault_exits = match lowered.fault_exits {
        0 => vec![],
        _ => fault_exits::finish(&mut code, compiled).ok_or(shape("a fault exit"))?,
    };
    let mut exits = Exits { code: &mut code, fixups: vec![], frame: frame_size, counts };
    for reloc in compiled.buffer.relocs() {
        let FinalizedRelocTarget::ExternalName(ir::ExternalName::User(name)) = &reloc.target else {
            return Err(shape("a relocation that is no exit"));
        };
        let name = &func.params.user_named_funcs()[*name];
        let at = (reloc.offset as usize).checked_sub(1).ok_or(shape("relocation offset"))?;
        let exit = match Marker::from_namespace(name.namespace).ok_or(shape("unknown exit"))? {
            Marker::Direct => {
                let (kind, waiting) = &lowered.direct_exits[name.index as usize];
                Exit::Direct { kind: *kind, waiting }
            }
            Marker::Call => {
                let (site, ret, waiting) = &lowered.calls[name.index as usize];
                Exit::Call { site: *site, ret: *ret, waiting }
            }
            Marker::Return => Exit::Return,
            Marker::Jump => Exit::Jump,
            Marker::Lookup => Exit::Lookup,
            Marker::Exit => Exit::Leave,
            Marker::Room => continue,
        };
        exits.write(at, exit).ok_or(shape("an exit's bytes"))?;
    }
    let fixups = exits.fixups;
    let source_map = source_map(compiled, &lowered.insn_pcs);
    let entries = entries(&mut code, body, &lowered.entries);
    Ok(CodeBlob {
        code,
        entries,
        fixups,
        source_map,
        fault_exits,
        exceptions: lowered.exceptions,
        frame_size,
        ..CodeBlob::default()
    })
}

/// Where the body begins, which makes its frame first, and the frame's size.
fn prologue(code: &[u8]) -> Option<(u32, u32)> {
    // push rbp; mov rbp, rsp
    let rest = code.strip_prefix(&[0x55, 0x48, 0x89, 0xe5])?;
    let frame = match *rest {
        // sub rsp, n
        [0x48, 0x83, 0xec, n, ..] if n < 0x80 => n as u32,
        [0x48, 0x81, 0xec, a, b, c, d, ..] => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    };
    Some((4, frame))
}

/// One entry is the body itself; more are thunks behind the code that pass the entry's number in ESI.
fn entries(code: &mut Vec<u8>, body: u32, pcs: &[u64]) -> Vec<(u64, u32)> {
    if let [pc] = pcs {
        return vec![(*pc, body)];
    }
    let mut thunk = |number: usize, pc: u64| {
        let at = code.len() as u32;
        code.push(0xbe);
        code.extend_from_slice(&(number as u32).to_le_bytes());
        code.push(0xe9);
        let next = code.len() as i32 + 4;
        code.extend_from_slice(&(body as i32 - next).to_le_bytes());
        (pc, at)
    };
    pcs.iter().enumerate().map(|(i, pc)| thunk(i, *pc)).collect()
}

/// Source locations are exact except that Cranelift may fold a load into a later instruction: a trap code
/// then tells the load's instruction, modulo [`TRAP_CODES`].
fn source_map(compiled: &CompiledCode, pcs: &[u64]) -> Vec<(u32, u64)> {
    let mut map: Vec<(u32, u64)> = Vec::new();
    let mut traps = compiled.buffer.traps().iter().peekable();
    for loc in compiled.buffer.get_srclocs_sorted() {
        let Some(at) = patch::number(loc.loc) else { continue };
        let pc = pcs[at];
        if map.last().is_none_or(|l| l.1 != pc) {
            map.push((loc.start, pc));
        }
        while let Some(trap) = traps.next_if(|t| t.offset < loc.end) {
            let code = trap.code.as_raw().get() as usize;
            if code > 2 * TRAP_CODES || trap.offset < loc.start {
                continue;
            }
            let back = (at + TRAP_CODES - (code - 1) % TRAP_CODES) % TRAP_CODES;
            if back != 0 && back <= at {
                map.retain(|l| l.0 != trap.offset);
                map.push((trap.offset, pcs[at - back]));
                map.push((trap.offset + 1, pc));
            }
        }
    }
    map
}
