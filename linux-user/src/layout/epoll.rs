//! `struct epoll_event`: packed to 12 bytes on x86-64, naturally aligned elsewhere.
//!
//! Source: `linux/eventpoll.h` (`EPOLL_PACKED`).

use super::record::{get_u32, get_u64};

/// One event: the mask and the user's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// `EPOLL*` bits, the same on every architecture.
    pub events: u32,
    /// The guest's cookie, kept as it is.
    pub data: u64,
}

/// Size of the structure and place of its second field.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Bytes of one event.
    pub size: usize,
    data: usize,
}

/// Every architecture but x86-64 (and i386, where `u64` aligns to 4).
pub const ALIGNED: Layout = Layout { size: 16, data: 8 };
/// x86-64 and i386.
pub const PACKED: Layout = Layout { size: 12, data: 4 };

impl Layout {
    /// Reads one event from the guest's bytes (`size` of them).
    pub fn decode(&self, bytes: &[u8]) -> Event {
        Event { events: get_u32(bytes, 0), data: get_u64(bytes, self.data) }
    }

    /// Appends the guest's bytes of `event`.
    pub fn encode(&self, event: Event, out: &mut Vec<u8>) {
        out.extend_from_slice(&event.events.to_le_bytes());
        out.resize(out.len() + self.data - 4, 0);
        out.extend_from_slice(&event.data.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_round_trip() {
        let event = Event { events: 0x8000_0001, data: 0x1122_3344_5566_7788 };
        for layout in [ALIGNED, PACKED] {
            let mut bytes = Vec::new();
            layout.encode(event, &mut bytes);
            assert_eq!(bytes.len(), layout.size);
            assert_eq!(layout.decode(&bytes), event);
        }
    }
}
