//! Looking through whole units: `isamorph cache stats` and `verify`.

use crate::dir::{DirError, Directory, SaveError, UnitFile};
use crate::format::{PAGE_SHIFT, UnitKey};
use crate::unit::{Bytes, Piece, Unit};
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
    let size = (head.pages as u64) << PAGE_SHIFT;
    let mut report = Report { name: unit.name(), base: head.base, ..Report::default() };
    let (mut piece, mut blob) = (Piece::default(), CodeBlob::default());
    for number in 0..head.count {
        let whole = unit.found(number).is_some_and(|found| {
            let record = found.record;
            let same = |r: &crate::Record| *r == record;
            // The image may be larger than the pages where pieces begin.
            let size = size + (1 << 20);
            unit.read(&found, &mut piece).is_ok()
                && piece.blob(head.base, size, &mut blob).is_ok()
                && unit.find(record.pc, same).is_some_and(|f| f.number == number)
        });
        if !whole {
            report.broken += 1;
            continue;
        }
        *if piece.record.kind.tier == 0 { &mut report.blocks } else { &mut report.regions } += 1;
        report.insns += piece.record.insns as u64;
        report.code += blob.code.len() as u64;
    }
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
