//! Cache maintenance that the engine must hear of.

use crate::processor::CACHE_LINE;
use isamorph_ir::contract::{HelperCx, MemTrap};

/// IC IVAU: the line that holds the address in argument 0.
pub fn ic_ivau(cx: &mut HelperCx<'_>) -> Result<u128, MemTrap> {
    let start = cx.args[0] as u64 & !(CACHE_LINE - 1);
    cx.invalidate = Some(start..start.saturating_add(CACHE_LINE));
    Ok(0)
}
