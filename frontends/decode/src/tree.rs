//! The decision tree: switches on runs of bits, then a few ordered tests.
//!
//! Invariant: for every word, [`Tree::decode`] gives what [`Table::decode`] gives. Each switch
//! keeps in every arm all patterns that can still match, in table order, so no choice of bits can
//! change a meaning; the choice decides only speed and size.

use std::collections::BTreeMap;

use crate::condition::ones;
use crate::table::Table;

/// The longest run of bits that one switch looks at.
pub(crate) const MAX_SWITCH_BITS: u32 = 8;

/// So few candidates are tested one after the other rather than switched on.
const LEAF_TESTS: usize = 1;

/// A candidate at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Test {
    /// Index into [`Table::patterns`].
    pub pattern: usize,
    /// The fixed bits that the path has not decided.
    pub mask: u32,
    /// Their values.
    pub value: u32,
    /// Whether the `where` clause is to be tested.
    pub clause: bool,
}

impl Test {
    /// Whether it holds for every word that comes here.
    pub fn is_certain(&self) -> bool {
        self.mask == 0 && !self.clause
    }
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// Look at `width` bits from bit `lo`.
    Switch {
        /// The lowest bit.
        lo: u32,
        /// How many bits.
        width: u32,
        /// Every value of the bits is in exactly one arm; no two arms have the same node.
        arms: Vec<(Vec<u32>, Node)>,
    },
    /// The first test that holds is the meaning; without one the word is unallocated.
    Leaf(Vec<Test>),
}

/// What a tree costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Switches in the whole tree.
    pub switches: usize,
    /// Leaves in the whole tree.
    pub leaves: usize,
    /// The most switches on one path.
    pub depth: usize,
    /// The most tests in one leaf.
    pub tests: usize,
}

/// A decision tree over the patterns of one table.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Where decoding begins.
    pub root: Node,
}

impl Tree {
    /// Builds the tree of `table`, which must have passed [`crate::check::check`].
    pub fn build(table: &Table) -> Tree {
        let all: Vec<usize> = (0..table.patterns.len()).collect();
        Tree { root: Builder { table }.node(&all, Known::default()) }
    }

    /// The meaning of `word`, as [`Table::decode`] gives it.
    pub fn decode(&self, table: &Table, word: u32) -> Option<usize> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Switch { lo, width, arms } => {
                    let bits = word >> lo & ones(*width);
                    node = &arms.iter().find(|(values, _)| values.contains(&bits))?.1;
                }
                Node::Leaf(tests) => {
                    let holds = |t: &&Test| {
                        word & t.mask == t.value
                            && (!t.clause || table.patterns[t.pattern].allows(word))
                    };
                    return tests.iter().find(holds).map(|t| t.pattern);
                }
            }
        }
    }

    /// How large and deep it is.
    pub fn cost(&self) -> Cost {
        self.root.cost()
    }
}

impl Node {
    /// How large and deep the tree below is.
    pub fn cost(&self) -> Cost {
        match self {
            Node::Leaf(tests) => Cost { leaves: 1, tests: tests.len(), ..Cost::default() },
            Node::Switch { arms, .. } => {
                let below = arms.iter().map(|(_, node)| node.cost());
                let sum = below.fold(Cost::default(), |a, b| Cost {
                    switches: a.switches + b.switches,
                    leaves: a.leaves + b.leaves,
                    depth: a.depth.max(b.depth),
                    tests: a.tests.max(b.tests),
                });
                Cost { switches: sum.switches + 1, depth: sum.depth + 1, ..sum }
            }
        }
    }
}

/// What the path to a node has established.
#[derive(Clone, Copy, Default)]
struct Known {
    /// Bits whose value is the same for every word that comes here.
    mask: u32,
    value: u32,
    /// Bits that a switch on the path has looked at, known or not.
    seen: u32,
}

struct Builder<'t> {
    table: &'t Table,
}

impl Builder<'_> {
    /// The node for words that satisfy `known`; `candidates` are those that can match, in order.
    fn node(&self, candidates: &[usize], known: Known) -> Node {
        let tests = self.tests(candidates, known);
        if tests.len() <= LEAF_TESTS {
            return Node::Leaf(tests);
        }
        let candidates: Vec<usize> = tests.iter().map(|t| t.pattern).collect();
        let Some((lo, width)) = self.best_switch(&candidates, known) else {
            return Node::Leaf(tests);
        };
        let mut arms: BTreeMap<Vec<usize>, Vec<u32>> = BTreeMap::new();
        for bits in 0..=ones(width) {
            let mut inside = candidates.clone();
            inside.retain(|&i| self.agrees(i, lo, width, bits));
            arms.entry(inside).or_default().push(bits);
        }
        let mut nodes: Vec<(Vec<u32>, Node)> = Vec::new();
        for (inside, values) in arms {
            let same = values.iter().fold(ones(width), |same, v| same & !(v ^ values[0]));
            let known = Known {
                mask: known.mask | same << lo,
                value: known.value & !(same << lo) | (values[0] & same) << lo,
                seen: known.seen | ones(width) << lo,
            };
            let node = self.node(&inside, known);
            match nodes.iter_mut().find(|(_, other)| *other == node) {
                Some((merged, _)) => merged.extend(values),
                None => nodes.push((values, node)),
            }
        }
        for (values, _) in &mut nodes {
            values.sort_unstable();
        }
        nodes.sort_unstable_by_key(|(values, _)| values[0]);
        if nodes.len() == 1 {
            return nodes.swap_remove(0).1;
        }
        Node::Switch { lo, width, arms: nodes }
    }

    /// What is left to test of each candidate, up to the first that is certain.
    fn tests(&self, candidates: &[usize], known: Known) -> Vec<Test> {
        let mut tests = Vec::new();
        for &i in candidates {
            let p = &self.table.patterns[i];
            let test = Test {
                pattern: i,
                mask: p.mask & !known.mask,
                value: p.value & !known.mask,
                clause: p.condition.is_some(),
            };
            tests.push(test);
            if test.is_certain() {
                break;
            }
        }
        tests
    }

    /// Whether pattern `i` can match a word with these bits.
    fn agrees(&self, i: usize, lo: u32, width: u32, bits: u32) -> bool {
        let p = &self.table.patterns[i];
        (p.value ^ bits << lo) & p.mask & ones(width) << lo == 0
    }

    /// The run of bits that leaves the fewest candidates, none if no run leaves fewer.
    fn best_switch(&self, candidates: &[usize], known: Known) -> Option<(u32, u32)> {
        let mut best = None;
        let mut least = candidates.len() as f64 - 0.01;
        for lo in 0..self.table.width {
            for width in 1..=MAX_SWITCH_BITS.min(self.table.width - lo) {
                if known.seen & ones(width) << lo != 0 {
                    break;
                }
                let cost = self.switch_cost(candidates, lo, width);
                if cost < least {
                    least = cost;
                    best = Some((lo, width));
                }
            }
        }
        best
    }

    /// The sum of the squared sizes of the arms over the number of candidates: how many
    /// candidates stay with a candidate, more if candidates are in several arms.
    fn switch_cost(&self, candidates: &[usize], lo: u32, width: u32) -> f64 {
        // Arms with the same candidates are one arm: a sum of odd multiples tells sets apart well
        // enough for a choice that affects speed only.
        let mut arms = vec![(0u64, 0u32); 1 << width];
        let window = ones(width);
        for &i in candidates {
            let p = &self.table.patterns[i];
            let fixed = p.mask >> lo & window;
            let value = p.value >> lo & fixed;
            let tag = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let free = window & !fixed;
            let mut subset = 0u32;
            loop {
                let arm = &mut arms[(value | subset) as usize];
                arm.0 = arm.0.wrapping_add(tag ^ tag >> 29);
                arm.1 += 1;
                subset = subset.wrapping_sub(free) & free;
                if subset == 0 {
                    break;
                }
            }
        }
        arms.sort_unstable();
        arms.dedup();
        let squares: f64 = arms.iter().map(|&(_, n)| f64::from(n) * f64::from(n)).sum();
        squares / candidates.len() as f64 + 0.02 * f64::from(width)
    }
}
