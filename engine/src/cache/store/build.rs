//! What compiled code depends on besides the guest: which build of the compilers made it, and for which processor.

use std::os::unix::fs::MetadataExt as _;

/// Type of the note that linkers leave.
const NT_GNU_BUILD_ID: u32 = 3;

/// Tells this build of the program from all others: the linker's build id, or, without one, the file's identity.
pub(super) fn identity() -> Vec<u8> {
    build_id().unwrap_or_else(|| {
        let meta = std::fs::metadata("/proc/self/exe");
        let text = meta.map(|m| {
            let times = (m.mtime(), m.mtime_nsec(), m.ctime(), m.ctime_nsec());
            format!("{} {} {} {times:?}", m.dev(), m.ino(), m.size())
        });
        // Without either nothing of another process may be used.
        text.unwrap_or_else(|_| format!("process {}", std::process::id())).into_bytes()
    })
}

/// The build id of the running program, from its own program headers.
fn build_id() -> Option<Vec<u8>> {
    // SAFETY: the auxiliary vector tells where the kernel or the dynamic linker mapped our own headers and how many
    // there are; they and the segments that they name stay mapped.
    let (headers, bias) = unsafe {
        let at = libc::getauxval(libc::AT_PHDR) as *const libc::Elf64_Phdr;
        if at.is_null() {
            return None;
        }
        let headers = std::slice::from_raw_parts(at, libc::getauxval(libc::AT_PHNUM) as usize);
        let own = headers.iter().find(|h| h.p_type == libc::PT_PHDR)?;
        (headers, (at as u64).wrapping_sub(own.p_vaddr))
    };
    headers.iter().filter(|h| h.p_type == libc::PT_NOTE).find_map(|note| {
        let at = bias.wrapping_add(note.p_vaddr) as *const u8;
        // SAFETY: as above.
        let bytes = unsafe { std::slice::from_raw_parts(at, note.p_memsz as usize) };
        find_note(bytes)
    })
}

fn find_note(mut bytes: &[u8]) -> Option<Vec<u8>> {
    while bytes.len() >= 12 {
        let word = |n: usize| u32::from_ne_bytes(bytes[n..n + 4].try_into().expect("four bytes"));
        let (name, desc, what) = (word(0) as usize, word(4) as usize, word(8));
        let begin = 12 + name.next_multiple_of(4);
        let found = bytes.get(begin..begin.checked_add(desc)?)?;
        if what == NT_GNU_BUILD_ID && bytes.get(12..16) == Some(b"GNU\0") {
            return Some(found.to_vec());
        }
        bytes = bytes.get(begin + desc.next_multiple_of(4)..)?;
    }
    None
}

/// The host processor's features, as far as code can tell them.
#[cfg(target_arch = "x86_64")]
pub(super) fn host() -> String {
    format!("x86-64 {:x?}", isamorph_backend_abi::host::features())
}

/// The host processor's features, as far as code can tell them.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn host() -> String {
    std::env::consts::ARCH.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_knows_itself() {
        assert_eq!(identity(), identity());
        assert!(!identity().is_empty());
        assert_eq!(host(), host());
    }

    #[test]
    fn notes_are_walked_over_to_the_build_id() {
        let note = |what: u32, name: &[u8], desc: &[u8]| {
            let mut n = vec![];
            for w in [name.len() as u32, desc.len() as u32, what] {
                n.extend_from_slice(&w.to_ne_bytes());
            }
            for part in [name, desc] {
                n.extend_from_slice(part);
                n.resize(n.len().next_multiple_of(4), 0);
            }
            n
        };
        let id = [7; 20];
        let both = [note(1, b"GNU\0", &[1; 16]), note(3, b"GNU\0", &id)].concat();
        assert_eq!(find_note(&both), Some(id.to_vec()));
        assert_eq!(find_note(&both[..40]), None);
        assert_eq!(find_note(&note(3, b"Go\0\0", &id)), None);
        assert_eq!(find_note(&[0xff; 64]), None);
    }
}
