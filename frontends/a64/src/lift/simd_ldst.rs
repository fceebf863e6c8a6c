//! Advanced SIMD structure loads and stores: multiple structures, one lane, replicated.
//!
//! Memory is moved in whole registers (LD1, LD2, LD4 and their stores as well as LD3 and ST3); interleaving is done
//! by permutes in between. All loads come before the first register is written.

use crate::isa::*;
use crate::lift::ldst_fp::access;
use crate::lift::{Flow, Lifter};
use crate::operand::int;
use crate::vector::{bytes, ints};
use isamorph_ir::inst::MemAttr;
use isamorph_ir::{Shape, Ty, Value};

/// Rm and post: how the base moves on.
#[derive(Clone, Copy)]
struct Step {
    post: bool,
    rm: u8,
}

/// `count` registers from V `first` on; V0 follows V31.
fn registers(first: u8, count: u8) -> impl Iterator<Item = u8> {
    (0..count).map(move |n| (first + n) % 32)
}

/// The multiple-structures forms with interleaving.
macro_rules! structures {
    ($($load:ident $load_fields:ident, $store:ident $store_fields:ident = $count:literal;)*) => { impl Lifter { $(
        pub(crate) fn $load(&mut self, i: $load_fields) -> Flow {
            self.load_structures($count, i.size, i.q, i.rt, i.rn, Step { post: i.post, rm: i.rm })
        }

        pub(crate) fn $store(&mut self, i: $store_fields) -> Flow {
            self.store_structures($count, i.size, i.q, i.rt, i.rn, Step { post: i.post, rm: i.rm })
        }
    )* } };
}

structures! {
    ld2_multi Ld2Multi, st2_multi St2Multi = 2;
    ld3_multi Ld3Multi, st3_multi St3Multi = 3;
    ld4_multi Ld4Multi, st4_multi St4Multi = 4;
}

/// The single-structure forms: one lane of one to four registers.
macro_rules! lanes {
    ($($load:ident $load_fields:ident, $store:ident $store_fields:ident = $count:literal;)*) => { impl Lifter { $(
        pub(crate) fn $load(&mut self, i: $load_fields) -> Flow {
            let (size, lane) = lane(i.scale, i.q, i.s, i.size);
            self.load_lane($count, size, lane, i.rt, i.rn, Step { post: i.post, rm: i.rm })
        }

        pub(crate) fn $store(&mut self, i: $store_fields) -> Flow {
            let (size, lane) = lane(i.scale, i.q, i.s, i.size);
            self.store_lane($count, size, lane, i.rt, i.rn, Step { post: i.post, rm: i.rm })
        }
    )* } };
}

lanes! {
    ld1_lane Ld1Lane, st1_lane St1Lane = 1;
    ld2_lane Ld2Lane, st2_lane St2Lane = 2;
    ld3_lane Ld3Lane, st3_lane St3Lane = 3;
    ld4_lane Ld4Lane, st4_lane St4Lane = 4;
}

/// The replicating loads.
macro_rules! replicate {
    ($($name:ident $fields:ident = $count:literal;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.load_replicated($count, i.size, i.q, i.rt, i.rn, Step { post: i.post, rm: i.rm })
        }
    )* } };
}

replicate! {
    ld1r Ld1r = 1;
    ld2r Ld2r = 2;
    ld3r Ld3r = 3;
    ld4r Ld4r = 4;
}

/// The number of registers of LD1 and ST1.
const fn opcode_registers(opcode: u8) -> u8 {
    match opcode {
        0b0111 => 1,
        0b1010 => 2,
        0b0110 => 3,
        _ => 4,
    }
}

/// Log2 of the element's bytes, and its lane, of the single-structure forms.
const fn lane(scale: u8, q: bool, s: bool, size: u8) -> (u8, u8) {
    let index = (q as u8) << 3 | (s as u8) << 2 | size;
    match scale {
        0 => (0, index),
        1 => (1, index >> 1),
        _ if size & 1 == 0 => (2, index >> 2),
        _ => (3, index >> 3),
    }
}

/// Addresses and transfers.
impl Lifter {
    /// The base moves on by Xm, or by the bytes transferred if Rm is 31.
    fn step(&mut self, rn: u8, base: Value, step: Step, bytes: u32) -> Flow {
        if step.post {
            let by = match step.rm {
                31 => self.ir.i64(bytes as u64),
                rm => self.read_zr(Ty::I64, rm),
            };
            let moved = self.ir.add(Ty::I64, base, by);
            self.write_sp(Ty::I64, rn, moved);
        }
        Flow::Next
    }

    /// `count` consecutive vectors of 16 bytes, or of 8 if not `q`, in as few accesses as there are full registers:
    /// of 8-byte vectors each full register holds two.
    fn load_packed(&mut self, base: Value, count: u8, q: bool) -> Vec<Value> {
        let total = count as i64 * if q { 16 } else { 8 };
        (0..total)
            .step_by(16)
            .map(|at| {
                let address = self.offset(base, at);
                if total - at >= 16 {
                    return self.ir.load(Ty::V128, address, MemAttr::PLAIN);
                }
                let half = self.ir.load(Ty::F64, address, MemAttr::PLAIN);
                self.ir.zext_lane(Shape::F64x2, half)
            })
            .collect()
    }

    /// The inverse: `packed` as [`Lifter::load_packed`] gives it.
    fn store_packed(&mut self, base: Value, packed: &[Value], total: i64) {
        for (&value, at) in packed.iter().zip((0..total).step_by(16)) {
            let address = self.offset(base, at);
            let whole = total - at >= 16;
            let value = if whole { value } else { self.ir.extract(Shape::F64x2, value, 0) };
            self.ir.store(address, value, MemAttr::PLAIN);
        }
    }
}

/// LD1 and ST1 (multiple structures): no interleaving.
impl Lifter {
    /// LD1 (multiple structures): consecutive registers <- memory.
    pub(crate) fn ld1_multi(&mut self, i: Ld1Multi) -> Flow {
        let (count, size) = (opcode_registers(i.opcode), 3 + i.q as u8);
        let base = self.base(i.rn);
        let mut loaded = Vec::with_capacity(4);
        for n in 0..count {
            let address = self.offset(base, (n as i64) << size);
            loaded.push(self.ir.load(access(size), address, MemAttr::PLAIN));
        }
        for (r, value) in registers(i.rt, count).zip(loaded) {
            self.write_fp(r, value);
        }
        self.step(i.rn, base, Step { post: i.post, rm: i.rm }, (count as u32) << size)
    }

    /// ST1 (multiple structures): memory <- consecutive registers.
    pub(crate) fn st1_multi(&mut self, i: St1Multi) -> Flow {
        let (count, size) = (opcode_registers(i.opcode), 3 + i.q as u8);
        let base = self.base(i.rn);
        for (n, r) in registers(i.rt, count).enumerate() {
            let address = self.offset(base, (n as i64) << size);
            let value = self.read_part(size, r);
            self.ir.store(address, value, MemAttr::PLAIN);
        }
        self.step(i.rn, base, Step { post: i.post, rm: i.rm }, (count as u32) << size)
    }
}

/// LD2..LD4 and ST2..ST4 (multiple structures).
impl Lifter {
    fn load_structures(
        &mut self,
        count: u8,
        size: u8,
        q: bool,
        rt: u8,
        rn: u8,
        step: Step,
    ) -> Flow {
        let base = self.base(rn);
        let packed = self.load_packed(base, count, q);
        let parts = match count {
            3 => self.gather_thirds(size, q, &packed),
            _ => self.deinterleave(ints(size, true), count, &packed),
        };
        for (r, part) in registers(rt, count).zip(parts) {
            let part = if q { part } else { self.ir.lo64(part) };
            self.write_v(r, part);
        }
        self.step(rn, base, step, count as u32 * bytes(q).lanes())
    }

    fn store_structures(
        &mut self,
        count: u8,
        size: u8,
        q: bool,
        rt: u8,
        rn: u8,
        step: Step,
    ) -> Flow {
        let base = self.base(rn);
        let mut parts = Vec::with_capacity(4);
        for r in registers(rt, count) {
            parts.push(self.read_v(r));
        }
        let packed = match count {
            3 => self.scatter_thirds(size, q, &parts),
            _ => self.interleave(ints(size, true), q, &parts),
        };
        let total = count as u32 * bytes(q).lanes();
        self.store_packed(base, &packed, total as i64);
        self.step(rn, base, step, total)
    }

    /// Every second or fourth element of `packed`: its halves are parted once or twice.
    fn deinterleave(&mut self, shape: Shape, count: u8, packed: &[Value]) -> Vec<Value> {
        let mut streams = vec![packed.to_vec()];
        while streams.len() < count as usize {
            let (mut even, mut odd) = (Vec::new(), Vec::new());
            for stream in &streams {
                let (e, o) = self.part(shape, stream);
                even.push(e);
                odd.push(o);
            }
            even.append(&mut odd);
            streams = even;
        }
        streams.into_iter().map(|s| s[0]).collect()
    }

    /// The even and the odd elements of consecutive registers; of one register, in the lower halves.
    fn part(&mut self, shape: Shape, packed: &[Value]) -> (Vec<Value>, Vec<Value>) {
        let pairs =
            packed.chunks(2).map(|pair| (pair[0], *pair.last().expect("a chunk is not empty")));
        let pairs: Vec<_> = pairs.collect();
        let even = pairs.iter().map(|&(a, b)| self.ir.uzp1(shape, a, b)).collect();
        let odd = pairs.iter().map(|&(a, b)| self.ir.uzp2(shape, a, b)).collect();
        (even, odd)
    }

    /// The elements of two or four registers (of their lower halves if not `q`) in turn.
    fn interleave(&mut self, shape: Shape, q: bool, parts: &[Value]) -> Vec<Value> {
        if let [a, b, c, d] = *parts {
            let (ac, bd) = (self.zipped(shape, q, a, c), self.zipped(shape, q, b, d));
            let both = ac.into_iter().zip(bd);
            return both.flat_map(|(x, y)| self.zipped(shape, true, x, y)).collect();
        }
        self.zipped(shape, q, parts[0], parts[1])
    }

    /// The elements of two registers (of their lower halves if not `q`) in turn.
    fn zipped(&mut self, shape: Shape, q: bool, a: Value, b: Value) -> Vec<Value> {
        let mut zipped = vec![self.ir.zip1(shape, a, b)];
        if q {
            zipped.push(self.ir.zip2(shape, a, b));
        }
        zipped
    }

    /// Every third element of up to three packed registers.
    fn gather_thirds(&mut self, size: u8, q: bool, packed: &[Value]) -> Vec<Value> {
        let (elem, total) = (1 << size, bytes(q).lanes());
        // Byte `b` of part `p` lies in structure b / elem.
        let place = |p: u32, b: u32| (b / elem * 3 + p) * elem + b % elem;
        (0..3).map(|p| self.pick(packed, total, |b| place(p, b))).collect()
    }

    /// Three registers' elements in turn, packed.
    fn scatter_thirds(&mut self, size: u8, q: bool, parts: &[Value]) -> Vec<Value> {
        let (elem, total) = (1 << size, 3 * bytes(q).lanes());
        // Byte `at` of memory belongs to element at / elem; parts are numbered as if packed by 16 bytes.
        let place = |at: u32| at / elem % 3 * 16 + at / elem / 3 * elem + at % elem;
        (0..total)
            .step_by(16)
            .map(|start| self.pick(parts, (total - start).min(16), |b| place(start + b)))
            .collect()
    }

    /// The bytes that `place` names of consecutive registers, 0 from `len` on.
    fn pick(&mut self, from: &[Value], len: u32, place: impl Fn(u32) -> u32) -> Value {
        let mut result = None;
        for (n, &table) in (0..).zip(from) {
            let here = |b: u32| place(b).checked_sub(16 * n).filter(|&at| b < len && at < 16);
            // An index outside the table picks a zero.
            let index = (0..16).rev().fold(0, |all, b| all << 8 | here(b).unwrap_or(0xff) as u128);
            let index = self.vector(index);
            let found = self.ir.tbl(Shape::I8x16, table, index);
            result = Some(match result {
                None => found,
                Some(before) => self.ir.or(Ty::V128, before, found),
            });
        }
        result.expect("there is a register to pick from")
    }
}

/// Single structures.
impl Lifter {
    fn load_lane(&mut self, count: u8, size: u8, lane: u8, rt: u8, rn: u8, step: Step) -> Flow {
        let base = self.base(rn);
        let elems = self.load_elems(base, count, size);
        for (r, elem) in registers(rt, count).zip(elems) {
            self.insert_elem(size, r, lane, elem);
        }
        self.step(rn, base, step, (count as u32) << size)
    }

    fn store_lane(&mut self, count: u8, size: u8, lane: u8, rt: u8, rn: u8, step: Step) -> Flow {
        let base = self.base(rn);
        for (n, r) in registers(rt, count).enumerate() {
            let elem = self.read_elem(size, r, lane);
            let address = self.offset(base, (n as i64) << size);
            self.ir.store(address, elem, MemAttr::PLAIN);
        }
        self.step(rn, base, step, (count as u32) << size)
    }

    fn load_replicated(
        &mut self,
        count: u8,
        size: u8,
        q: bool,
        rt: u8,
        rn: u8,
        step: Step,
    ) -> Flow {
        let base = self.base(rn);
        let elems = self.load_elems(base, count, size);
        for (r, elem) in registers(rt, count).zip(elems) {
            let every = self.ir.splat(ints(size, q), elem);
            self.write_v(r, every);
        }
        self.step(rn, base, step, (count as u32) << size)
    }

    /// `count` consecutive elements of `1 << size` bytes.
    fn load_elems(&mut self, base: Value, count: u8, size: u8) -> Vec<Value> {
        (0..count as i64)
            .map(|n| {
                let address = self.offset(base, n << size);
                self.ir.load(int(size), address, MemAttr::PLAIN)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_of_every_size() {
        // st1 {v0.b}[13], {v0.h}[5], {v0.s}[3], {v0.d}[1]
        assert_eq!(lane(0, true, true, 1), (0, 13));
        assert_eq!(lane(1, true, false, 2), (1, 5));
        assert_eq!(lane(2, true, true, 0), (2, 3));
        assert_eq!(lane(2, true, false, 1), (3, 1));
    }

    #[test]
    fn registers_wrap_around() {
        assert_eq!(registers(30, 4).collect::<Vec<_>>(), [30, 31, 0, 1]);
    }
}
