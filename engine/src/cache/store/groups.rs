//! Groups of pieces at hand: read from their unit, whole, until others take their place.
//!
//! What is loaded next lies mostly on a page that was just looked at. Few are held: memory that is touched first costs more
//! than reading a group again.

use super::image::Mapped;
use isamorph_persist::{Group, PieceError, Unit, UnitKey};

/// Groups held, a power of two.
const GROUPS: usize = 8;

/// Groups, each in the place that its page's number says.
#[derive(Debug, Default)]
pub(super) struct Groups {
    held: [Held; GROUPS],
}

#[derive(Debug, Default)]
struct Held {
    /// Whose group it is; `None`: nobody's.
    of: Option<(UnitKey, u32)>,
    group: Group,
}

impl Groups {
    /// The pieces that begin in a page of a unit's image.
    pub fn group(
        &mut self,
        key: UnitKey,
        unit: &Unit<Mapped>,
        page: u32,
    ) -> Result<&Group, PieceError> {
        let held = &mut self.held[page as usize & (GROUPS - 1)];
        if held.of != Some((key, page)) {
            held.of = None;
            unit.read(page, &mut held.group)?;
            held.of = Some((key, page));
        }
        Ok(&held.group)
    }

    /// Forgets all: a unit was replaced.
    pub fn forget(&mut self) {
        self.held.iter_mut().for_each(|held| held.of = None);
    }
}
