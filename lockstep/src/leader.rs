//! The leader: runs the real program, system calls and all, and stops at each event until it has been compared.

use crate::channel::{Area, Channel, Flag, Stand};
use crate::event::Event;
use crate::inputs::Inputs;
use isamorph_engine::{Vcpu, VmExit};
use isamorph_linux_user::address_space::AddressSpace;
use isamorph_linux_user::process::Runner;
use isamorph_linux_user::thread::own_tid;
use isamorph_linux_user::vma::{Backing, Prot, Vma};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often a waiting leader looks whether there is still somebody to wait for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs the first thread of the program in lockstep; its children run alone.
pub struct Leader {
    channel: Channel,
    frontend: Arc<Inputs>,
    process: u32,
    follower: u32,
    /// Compared from here on, if not from the beginning.
    from: Option<u64>,
    begun: AtomicBool,
    areas: Mutex<Vec<Vma>>,
}

impl Leader {
    /// For the calling process, which inherited the channel.
    pub fn new(channel: Channel, frontend: Arc<Inputs>, from: Option<u64>) -> Leader {
        Leader {
            channel,
            frontend,
            process: std::process::id(),
            follower: std::os::unix::process::parent_id(),
            from,
            begun: AtomicBool::new(from.is_none()),
            areas: Mutex::default(),
        }
    }

    /// Runs to the next event; `None`: at a withheld instruction.
    fn to_event(&self, vcpu: &mut Vcpu, space: &AddressSpace) -> Option<VmExit> {
        loop {
            let pc = vcpu.pc();
            match vcpu.step() {
                // A withheld instruction goes nowhere.
                None if vcpu.pc() == pc && self.frontend.stops_at(space, pc) => return None,
                // A signal waits for the next event, where both sides are at the same place.
                None | Some(VmExit::Interrupted) => {}
                exit => return exit,
            }
        }
    }

    /// Carries a withheld instruction out.
    fn carry_out(&self, vcpu: &mut Vcpu, space: &AddressSpace) -> Option<VmExit> {
        let mode = self.frontend.inner().mode(vcpu.state());
        let block = self.frontend.inner().lift(space, vcpu.pc(), mode, 1);
        vcpu.interpret_lifted(&block)
    }

    fn run_alone(&self, vcpu: &mut Vcpu, space: &AddressSpace) -> VmExit {
        loop {
            let pc = vcpu.pc();
            let exit = match vcpu.step() {
                None if vcpu.pc() == pc && self.frontend.stops_at(space, pc) => {
                    self.carry_out(vcpu, space)
                }
                exit => exit,
            };
            if let Some(exit) = exit {
                return exit;
            }
        }
    }

    /// Tells where it stands, and waits until that has been looked at.
    fn publish(&self, stand: Stand, event: Option<Event>, vcpu: &Vcpu, space: &AddressSpace) {
        let shared = self.channel.shared();
        shared.stand = stand as u32;
        shared.event = event.map_or([0; 4], Event::to_words);
        shared.insns = vcpu.interpreted_insns();
        let state = vcpu.state();
        shared.state[..state.len()].copy_from_slice(state);
        shared.areas_changed = 0;
        if stand == Stand::Start {
            let now = space.areas();
            let mut known = self.areas.lock().expect("no thread panics with this lock");
            if *known != now {
                shared.set_areas(now.iter().map(area));
                if has_aliases(&now) {
                    self.channel.tell(Flag::Aliases);
                }
                shared.areas_changed = 1;
                *known = now;
            }
        }
        self.channel.hand_over();
        while !self.channel.wait(PATIENCE) {
            if vcpu.is_kicked() {
                self.channel.tell(Flag::Signal);
            }
            if std::os::unix::process::parent_id() != self.follower {
                // Nobody will ever answer.
                std::process::exit(1);
            }
        }
    }

    /// Whether comparing has begun; it begins where the user wishes.
    fn has_begun(&self, vcpu: &Vcpu) -> bool {
        if self.from == Some(vcpu.pc()) {
            self.begun.store(true, Ordering::Relaxed);
        }
        self.begun.load(Ordering::Relaxed)
    }
}

/// Can the guest store to one address and see it at another?
fn has_aliases(areas: &[Vma]) -> bool {
    let backing = |a: &Vma| match &a.backing {
        Backing::File { dev, inode, offset, .. } => {
            Some((*dev, *inode, *offset..offset + (a.end - a.start)))
        }
        Backing::SysV(id) => Some((0, *id as u64, 0..a.end - a.start)),
        Backing::Anonymous(_) => None,
    };
    let shared: Vec<_> = areas
        .iter()
        .filter(|a| a.shared)
        .filter_map(|a| Some((a.prot.contains(Prot::WRITE), backing(a)?)))
        .collect();
    let overlap = |a: &Range<u64>, b: &Range<u64>| a.start < b.end && b.start < a.end;
    shared.iter().enumerate().any(|(n, (write, (dev, inode, range)))| {
        shared[n + 1..].iter().any(|(writes, (d, i, r))| {
            (*write || *writes) && (dev, inode) == (d, i) && overlap(range, r)
        })
    })
}

fn area(vma: &Vma) -> Area {
    let mut hasher = DefaultHasher::new();
    if let Backing::File { path, offset, inode, .. } = &vma.backing {
        (path, offset, inode).hash(&mut hasher);
    }
    let backing = hasher.finish() as u32;
    Area { start: vma.start, end: vma.end, prot: vma.prot.bits(), backing }
}

impl Runner for Leader {
    fn run(&self, vcpu: &mut Vcpu, space: &AddressSpace, tid: i32) -> VmExit {
        if std::process::id() != self.process {
            return self.run_alone(vcpu, space);
        }
        if tid as u32 != self.process {
            self.channel.tell(Flag::Threads);
            return self.run_alone(vcpu, space);
        }
        debug_assert_eq!(tid, own_tid());
        loop {
            let begun = self.has_begun(vcpu);
            if begun {
                self.publish(Stand::Start, None, vcpu, space);
            }
            let exit = self.to_event(vcpu, space);
            if begun {
                let event = exit.as_ref().and_then(Event::of).unwrap_or(Event::Input);
                self.publish(Stand::Event, Some(event), vcpu, space);
            } else if self.has_begun(vcpu) {
                continue;
            }
            match exit {
                Some(exit) => return exit,
                None => {
                    if let Some(exit) = self.carry_out(vcpu, space) {
                        return exit;
                    }
                }
            }
        }
    }
}
