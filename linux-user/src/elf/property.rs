//! The GNU property note of a program: what its code was made for.
//!
//! Read as the kernel does (`fs/binfmt_elf.c`): a note that breaks a rule makes the program unusable.

use goblin::elf::header::EM_AARCH64;

use super::{ElfError, ProgramHeader, Source, Target, in_file};
use crate::layout::record::get_u32;

/// Longest note that the kernel reads.
const MAX_NOTE: u64 = 1024;
/// `NT_GNU_PROPERTY_TYPE_0`.
const TYPE_0: u32 = 5;
/// Header and name (`GNU`).
const HEAD: usize = 16;
/// `GNU_PROPERTY_AARCH64_FEATURE_1_AND`.
const FEATURES: u32 = 0xc000_0000;
/// Of those: `GNU_PROPERTY_AARCH64_FEATURE_1_BTI`.
const BTI: u32 = 1;

/// Does the note at this entry say that the code takes indirect branches at their targets only?
pub(super) fn guarded(
    file: &(impl Source + ?Sized),
    size: u64,
    entry: &ProgramHeader,
    target: Target,
) -> Result<bool, ElfError> {
    if target.machine != EM_AARCH64 || !target.wide {
        return Ok(false);
    }
    let corrupt = || ElfError::Corrupt("its GNU property note is malformed");
    if entry.p_filesz > MAX_NOTE {
        return Err(corrupt());
    }
    in_file("its GNU property note", entry.p_offset, entry.p_filesz, size)?;
    let mut note = vec![0; entry.p_filesz as usize];
    file.read_at(entry.p_offset, &mut note).map_err(ElfError::Read)?;
    features(&note).map(|features| features & BTI != 0).ok_or_else(corrupt)
}

/// The features that the note names; `None` if it is malformed.
fn features(note: &[u8]) -> Option<u32> {
    if note.len() < HEAD || note[12..16] != *b"GNU\0" {
        return None;
    }
    let [name, len, kind] = [0, 4, 8].map(|at| get_u32(note, at));
    if name != 4 || kind != TYPE_0 {
        return None;
    }
    let mut rest = note[HEAD..].get(..len as usize)?;
    let mut last = None;
    while !rest.is_empty() {
        let (kind, len) = (get_u32(rest.get(..4)?, 0), get_u32(rest.get(4..8)?, 0) as usize);
        let data = rest[8..].get(..len)?;
        // In ascending order, each once, padded to eight bytes.
        if last.is_some_and(|last| kind <= last) {
            return None;
        }
        last = Some(kind);
        if kind == FEATURES {
            return (len == 4).then(|| get_u32(data, 0));
        }
        rest = rest[8..].get(len.next_multiple_of(8)..)?;
    }
    Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(properties: &[(u32, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (kind, data) in properties {
            body.extend(kind.to_le_bytes());
            body.extend((data.len() as u32).to_le_bytes());
            body.extend_from_slice(data);
            body.resize(body.len().next_multiple_of(8), 0);
        }
        let mut note = Vec::new();
        for word in [4, body.len() as u32, TYPE_0] {
            note.extend(word.to_le_bytes());
        }
        note.extend_from_slice(b"GNU\0");
        note.extend(body);
        note
    }

    #[test]
    fn features_are_found_among_properties() {
        assert_eq!(features(&note(&[])), Some(0));
        assert_eq!(features(&note(&[(FEATURES, &[3, 0, 0, 0])])), Some(3));
        let other: (u32, &[u8]) = (1, &[9; 12]);
        assert_eq!(features(&note(&[other, (FEATURES, &[1, 0, 0, 0])])), Some(1));
        assert_eq!(features(&note(&[other])), Some(0));
    }

    #[test]
    fn malformed_notes_are_refused() {
        let good = note(&[(FEATURES, &[1, 0, 0, 0])]);
        for at in [0, 4, 8, 12, 20] {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            assert_eq!(features(&bad), None, "byte {at}");
        }
        assert_eq!(features(&good[..20]), None);
        assert_eq!(features(&note(&[(FEATURES, &[1; 8])])), None);
        assert_eq!(features(&note(&[(7, &[0; 8]), (7, &[0; 8])])), None);
    }
}
