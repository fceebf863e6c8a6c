//! Looking through whole units: `isamorph cache stats` and `verify`.

use crate::dir::{DirError, Directory, SaveError, UnitFile};
use crate::format::{PAGE_SHIFT, UnitKey};
use crate::unit::{Bytes, Group, Unit};
use isamorph_backend_abi::CodeBlob;

/// What a unit holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Path of the guest's file when the unit was first written.
    pub name: String,
    /// Guest address of the image.
    pub base: u64,
    /// Whole blocks.
    pub blocks: u64,
    /// Whole regions.
    pub regions: u64,
    /// Guest instructions in both.
    pub insns: u64,
    /// Bytes of their code.
    pub code: u64,
    /// Pieces that are broken or not to be found.
    pub broken: u64,
}

/// A unit that is not whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Nothing of it can be used, for this reason.
    Unusable(String),
    /// So many of its pieces are broken.
    Pieces(u64),
}

/// Looks through a unit.
pub fn check<B: Bytes>(unit: &Unit<B>) -> Report {
    let head = *unit.head();
    // The image may be larger than the pages where pieces begin.
    let size = ((head.pages as u64) << PAGE_SHIFT) + (1 << 20);
    let mut report = Report { name: unit.name(), base: head.base, ..Report::default() };
    let (mut group, mut blob, mut found) = (Group::default(), CodeBlob::default(), 0);
    for page in 0..head.pages {
        if unit.read(page, &mut group).is_err() {
            continue;
        }
        for record in group.records() {
            let whole = record.pc >> PAGE_SHIFT == page
                && group.blob(&record, (head.base, size), &mut blob).is_ok()
                && group.find(record.pc, |r| *r == record).is_some();
            if whole {
                found += 1;
                *if record.kind.tier == 0 { &mut report.blocks } else { &mut report.regions } += 1;
                report.insns += record.insns as u64;
                report.code += blob.code.len() as u64;
            }
        }
    }
    // Whatever the index says: so many there were.
    report.broken = (head.count as u64).saturating_sub(found);
    report
}

impl Directory {
    /// Looks through one of its units.
    ///
    /// # Errors
    /// If it cannot be read or trusted; `Ok(Err(_))` if it is no unit.
    pub fn check_unit(&self, unit: &UnitFile) -> Result<Result<Report, String>, DirError> {
        let Some((mut file, len)) = self.open_unit(unit.key)? else {
            return Ok(Err("it is gone".into()));
        };
        let mut bytes = Vec::with_capacity(len as usize);
        let read = std::io::Read::read_to_end(&mut file, &mut bytes);
        read.map_err(|source| DirError::Io { path: unit.path.clone(), source })?;
        Ok(Unit::open_for(bytes, unit.key).map(|u| check(&u)).map_err(|e| e.to_string()))
    }

    /// Looks through one of its units; what is wrong with it.
    ///
    /// # Errors
    /// If it cannot be read or trusted.
    pub fn damage(&self, unit: &UnitFile) -> Result<Option<Damage>, DirError> {
        Ok(match self.check_unit(unit)? {
            Err(why) => Some(Damage::Unusable(why)),
            Ok(report) if report.broken > 0 => Some(Damage::Pieces(report.broken)),
            Ok(_) => None,
        })
    }

    /// Writes a unit anew from what of it is whole. False: nothing of it was, and it is gone.
    ///
    /// # Errors
    /// If that cannot be done.
    pub fn repair(&self, key: UnitKey) -> Result<bool, SaveError> {
        self.rewrite(key)
    }
}
