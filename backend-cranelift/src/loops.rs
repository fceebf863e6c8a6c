//! Loops of a region: their bodies.
//!
//! A poll inside a loop leaves by a cold exit that stores every dirty slot, so that all of them compete for
//! registers in the loop. Slots that a loop does not write are therefore stored on the ways into it.
//!
//! Way of the data: retreating ways of the graph → **[`cycles`]**, **[`innermost`]** → which ways store what.

use crate::graph::Successors;

/// By head: the cycles that its retreating ways close.
pub(crate) fn cycles(succ: &[Successors]) -> Vec<Vec<Vec<bool>>> {
    let mut predecessors = vec![Vec::new(); succ.len()];
    for (i, s) in succ.iter().enumerate() {
        s.all().for_each(|to| predecessors[to].push(i));
    }
    let mut cycles: Vec<Vec<Vec<bool>>> = vec![Vec::new(); succ.len()];
    for (i, s) in succ.iter().enumerate() {
        for &head in &s.back {
            cycles[head].push(cycle(&predecessors, head, i));
        }
    }
    cycles
}

/// The nodes from which a way leads to `last` without passing `head`, and `head`.
fn cycle(predecessors: &[Vec<usize>], head: usize, last: usize) -> Vec<bool> {
    let mut body = vec![false; predecessors.len()];
    body[head] = true;
    let mut work = vec![last];
    while let Some(b) = work.pop() {
        if !std::mem::replace(&mut body[b], true) {
            work.extend(&predecessors[b]);
        }
    }
    body
}

/// The nodes of the innermost loop that a node heads, if it heads one.
///
/// A region may be entered in an inner loop; then that loop's head also closes the outer cycles. Cycles that
/// hold the head of another loop belong to such an outer one.
pub(crate) fn innermost(head: usize, cycles: &[Vec<Vec<bool>>]) -> Option<Vec<bool>> {
    let mut own: Vec<&Vec<bool>> = cycles[head].iter().collect();
    own.sort_by_key(|body| body.iter().filter(|b| **b).count());
    let (first, others) = own.split_first()?;
    let mut body = first.to_vec();
    for outer in others {
        let other_head = |b: usize| !cycles[b].is_empty() && outer[b] && !body[b];
        if (0..body.len()).any(other_head) {
            break;
        }
        body.iter_mut().zip(*outer).for_each(|(a, b)| *a |= b);
    }
    Some(body)
}
