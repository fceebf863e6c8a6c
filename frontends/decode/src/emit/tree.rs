//! The decision tree as data, and the loop that walks it: no branch of it depends on the word but at a leaf, where matches
//! in code would be an indirect jump each.

use std::collections::HashMap;

use super::{Emit, Write, put};
use crate::condition::ones;
use crate::tree::{MAX_SWITCH_BITS, Node, Test, Tree};

/// Marks a leaf. A switch is `first arm << 13 | mask << 5 | lowest bit`.
const LEAF: u32 = 1 << 31;
/// Of a leaf: its low half is a pattern, no index of a test.
const CERTAIN: u32 = 1 << 30;
/// Of a leaf: its low half is a pattern, of which the `where` clause alone is to be tested.
const CLAUSE: u32 = 1 << 29;
/// What stands for no pattern.
const NOTHING: u16 = u16::MAX;

const _: () = assert!(MAX_SWITCH_BITS <= 8);

/// The walk.
const WALK: &str = r#"
/// The first pattern that matches `w`, by the tree; `u16::MAX` if there is none.
#[inline]
#[allow(clippy::all)]
fn find(w: WORD) -> u16 {
    let mut node = FIRST;
    while node & LEAF == 0 {
        let bits = (w as u32 >> (node & 31)) & (node >> 5) & 0xff;
        node = NODES[((node >> 13) + bits) as usize];
    }
    if node & CERTAIN != 0 { node as u16 } else { tested(node, w) }
}

/// The first pattern that matches `w` of those that this leaf leaves.
#[inline(never)]
fn tested(leaf: u32, w: WORD) -> u16 {
    let low = leaf as u16;
    if leaf & CLAUSE != 0 {
        return if allows(low, w) { low } else { u16::MAX };
    }
    let holds = |test: &&LeafTest| {
        w & test.mask == test.value && (!test.clause || allows(test.pattern, w))
    };
    TESTS[usize::from(low)..].iter().find(holds).map_or(u16::MAX, |test| test.pattern)
}

/// What is to be tested at a leaf; the last of a leaf's tests always holds.
struct LeafTest {
    mask: WORD,
    value: WORD,
    pattern: u16,
    clause: bool,
}
"#;

/// The tables under construction.
#[derive(Default)]
struct Tables<'t> {
    nodes: Vec<u32>,
    tests: Vec<Test>,
    /// What was placed, since subtrees repeat.
    placed: HashMap<&'t Node, u32>,
}

impl<'t> Tables<'t> {
    /// Puts the tree at `node` into the tables; the word that stands for it.
    fn place(&mut self, node: &'t Node) -> u32 {
        if let Some(&word) = self.placed.get(node) {
            return word;
        }
        let word = match node {
            Node::Leaf(tests) => self.leaf(tests),
            Node::Switch { lo, width, arms } => {
                let first = self.row(*width, arms);
                assert!(first < LEAF >> 13, "a switch's first arm has 18 bits");
                first << 13 | ones(*width) << 5 | lo
            }
        };
        self.placed.insert(node, word);
        word
    }

    /// Places a switch's arms; the index of the first.
    fn row(&mut self, width: u32, arms: &'t [(Vec<u32>, Node)]) -> u32 {
        let mut row = vec![0; 1 << width];
        for (values, below) in arms {
            let word = self.place(below);
            for &value in values {
                row[value as usize] = word;
            }
        }
        let first = self.nodes.len() as u32;
        self.nodes.extend(row);
        first
    }

    fn leaf(&mut self, tests: &[Test]) -> u32 {
        let number = |pattern: usize| {
            let number = u16::try_from(pattern).ok().filter(|&p| p != NOTHING);
            u32::from(number.expect("a pattern's number has 16 bits"))
        };
        match tests {
            [] => LEAF | CERTAIN | u32::from(NOTHING),
            [first, ..] if first.is_certain() => LEAF | CERTAIN | number(first.pattern),
            [Test { pattern, mask: 0, .. }] => LEAF | CLAUSE | number(*pattern),
            _ => {
                let first = u16::try_from(self.tests.len()).expect("tests are numbered by 16 bits");
                self.tests.extend(tests);
                if !tests.last().is_some_and(Test::is_certain) {
                    let pattern = usize::from(NOTHING);
                    self.tests.push(Test { pattern, mask: 0, value: 0, clause: false });
                }
                LEAF | u32::from(first)
            }
        }
    }
}

impl Emit<'_> {
    pub(super) fn tree(&self, out: &mut String, tree: &Tree) {
        let mut tables = Tables::default();
        // The first step is part of the code: its index is never out of bounds.
        let first = match &tree.root {
            Node::Switch { lo, width, arms } => {
                let first = tables.row(*width, arms);
                format!("NODES[{first} + ({}) as usize]", self.bits(*lo, *width))
            }
            leaf => format!("{:#x}", tables.place(leaf)),
        };
        put!(out, "const LEAF: u32 = {LEAF:#x};\nconst CERTAIN: u32 = {CERTAIN:#x};");
        put!(out, "const CLAUSE: u32 = {CLAUSE:#x};");
        out.push_str(&WALK.replace("WORD", self.word()).replace("FIRST", &first));
        put!(out, "static NODES: [u32; {}] = [", tables.nodes.len());
        for row in tables.nodes.chunks(16) {
            for node in row {
                write!(out, "{node:#x},").expect("a String takes any text");
            }
            put!(out, "");
        }
        put!(out, "];\nstatic TESTS: [LeafTest; {}] = [", tables.tests.len());
        for &Test { pattern, mask, value, clause } in &tables.tests {
            let (mask, value) = (self.hex(mask), self.hex(value));
            put!(
                out,
                "LeafTest {{ mask: {mask}, value: {value}, pattern: {pattern}, clause: {clause} }},"
            );
        }
        put!(out, "];");
    }
}
