//! NUMA. A machine with one node can show what is refused, what policy a mapping has, and that a page is where it was bound to.

use std::alloc::Layout;

use goo_pool_core::Parent;
use goo_pool_core::os::{self, Fallback, Node, OsError, OsMemory, OsMemoryBuilder, Placement};

use crate::mappings::Piece;
use crate::proc;

const NOWHERE: Node = Node(63);

/// The nodes that this process can bind memory to; `None`, with a message, if the system does not know any.
fn usable_nodes() -> Option<Vec<Node>> {
    let bound = |node: &Node| with(Placement::Bind(*node)).build().is_ok();
    let nodes: Vec<Node> = os::nodes().ok()?.into_iter().filter(bound).collect();
    if nodes.is_empty() {
        eprintln!("skipped: this process can choose no node");
        return None;
    }
    Some(nodes)
}

fn with(placement: Placement) -> OsMemoryBuilder {
    OsMemory::builder().placement(placement)
}

/// Where each page of a new piece lies once it is written, and the policy of its mapping.
fn pages_and_policy(placement: Placement) -> (Vec<Node>, String) {
    // The guards make the mapping one of its own.
    let memory = with(placement).guard_pages(true).build().unwrap();
    assert!(!memory.fell_back());
    let piece = Piece::new(&memory, 16 * memory.page_size(), 4096);
    piece.fill(1);
    let page = |number| piece.ptr.as_ptr().wrapping_add(number * memory.page_size());
    ((0..16).map(|number| os::placement(page(number)).unwrap()).collect(), proc::policy(piece.address()))
}

#[test]
fn bound_memory_lies_on_its_node() {
    for node in usable_nodes().unwrap_or_default() {
        assert_eq!(pages_and_policy(Placement::Bind(node)), (vec![node; 16], format!("bind:{}", node.0)));
    }
}

#[test]
fn interleaved_memory_lies_on_each_node_in_turn() {
    let Some(nodes) = usable_nodes() else { return };
    let (pages, policy) = pages_and_policy(Placement::Interleave(nodes.clone()));
    assert!(policy.starts_with("interleave:"), "{policy}");
    for node in &nodes {
        let here = pages.iter().filter(|&page| page == node).count();
        assert!(here.abs_diff(pages.len() / nodes.len()) <= 1, "{pages:?}");
    }
}

#[test]
fn local_memory_prefers_the_node_of_the_thread_that_asks() {
    let Some(nodes) = usable_nodes() else { return };
    let (pages, policy) = pages_and_policy(Placement::Local);
    assert!(pages.iter().all(|node| nodes.contains(node)));
    assert!(policy.starts_with("prefer"), "{policy}");
    if nodes.len() == 1 {
        assert_eq!(policy.rsplit(':').next(), Some(&*nodes[0].0.to_string()));
        assert_eq!(os::current_node(), Ok(nodes[0]));
    }
}

#[test]
fn the_home_of_local_memory_is_the_node_of_the_thread_and_other_memory_has_one_home() {
    let Some(nodes) = usable_nodes() else { return };
    let home = |placement| with(placement).build().unwrap().home();
    assert!(nodes.contains(&Node(home(Placement::Local))));
    for placement in [Placement::FirstTouch, Placement::Bind(nodes[0]), Placement::Interleave(nodes)] {
        assert_eq!(home(placement), 0);
    }
}

#[test]
fn memory_that_is_not_placed_has_the_systems_own_policy() {
    if usable_nodes().is_some() {
        assert_eq!(pages_and_policy(Placement::FirstTouch).1, "default");
    }
}

#[test]
fn a_node_that_does_not_exist_is_an_error_that_names_it() {
    let Some(nodes) = usable_nodes() else { return };
    for node in [NOWHERE, Node(1023), Node(1024), Node(u32::MAX)].into_iter().filter(|node| !nodes.contains(node)) {
        let expected = OsError::NoSuchNode(node);
        assert_eq!(with(Placement::Bind(node)).build().unwrap_err(), expected);
        assert_eq!(with(Placement::Interleave(vec![nodes[0], node])).build().unwrap_err(), expected);
        assert!(expected.to_string().contains(&node.to_string()));
    }
    assert_eq!(with(Placement::Interleave(Vec::new())).build().unwrap_err(), OsError::NoNodes);
}

#[test]
fn the_fallback_takes_memory_wherever_the_system_puts_it() {
    for placement in [Placement::Bind(NOWHERE), Placement::Interleave(Vec::new()), Placement::Interleave(vec![NOWHERE])]
    {
        let memory = with(placement).fallback(Fallback::FirstTouch).build().unwrap();
        assert!(memory.fell_back());
        Piece::new(&memory, 100_000, 65_536).fill(1);
    }
    // What the system agrees to is not given up.
    for node in usable_nodes().unwrap_or_default() {
        let memory = with(Placement::Bind(node)).fallback(Fallback::FirstTouch).build().unwrap();
        assert!(!memory.fell_back());
    }
}

#[test]
fn asking_where_a_page_lies_does_not_bring_it_in() {
    if usable_nodes().is_none() {
        return;
    }
    let memory = OsMemory::builder().guard_pages(true).build().unwrap();
    let piece = Piece::new(&memory, 100_000, 4096);
    assert_eq!(os::placement(piece.ptr.as_ptr()), Err(OsError::NotResident));
    assert_eq!(proc::smaps(piece.address(), "Rss"), 0);
    piece.fill(1);
    assert!(os::nodes().unwrap().contains(&os::placement(piece.ptr.as_ptr()).unwrap()));
    assert_eq!(os::placement(std::ptr::null()), Err(OsError::NotMapped));
    assert_eq!(os::placement(std::ptr::without_provenance(usize::MAX)), Err(OsError::NotMapped));
}

#[test]
fn a_clone_of_the_memory_may_give_back_what_another_took() {
    let memory = OsMemory::builder().guard_pages(true).build().unwrap();
    let layout = Layout::from_size_align(70_000, 65_536).unwrap();
    let ptr = memory.allocate(layout).unwrap();
    // SAFETY: it came from a parent with the same settings, with this layout.
    unsafe { memory.clone().deallocate(ptr, layout) };
}
