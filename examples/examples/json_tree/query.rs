//! Asking a document: a JSON Pointer (RFC 6901), in which `*` stands for every child.

use crate::box_kind::BoxKind;
use crate::tree::Node;

/// All nodes that `path` leads to, in the order of the document. None if it is no path.
pub(crate) fn find<'n, 't, K: BoxKind>(root: &'n Node<'t, K>, path: &str) -> Option<Vec<&'n Node<'t, K>>> {
    let mut steps = path.split('/');
    if steps.next() != Some("") {
        return None;
    }
    Some(steps.fold(vec![root], |nodes, step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        nodes.into_iter().flat_map(|node| follow(node, &step)).collect()
    }))
}

/// An array's elements go by their numbers, an object's members by their names.
fn follow<'n, 't, K: BoxKind>(node: &'n Node<'t, K>, step: &str) -> impl Iterator<Item = &'n Node<'t, K>> {
    let number = step.parse::<usize>().ok();
    node.children()
        .enumerate()
        .filter(move |(index, child)| match &child.name {
            _ if step == "*" => true,
            Some(name) => name.0 == step,
            None => number == Some(*index),
        })
        .map(|(_, child)| child)
}

#[cfg(test)]
mod tests {
    use goo_pool_typed::Pool;

    use super::*;
    use crate::box_kind::PoolBoxes;
    use crate::read::read;

    #[test]
    fn path_leads_to_every_node_it_describes() {
        let text = r#"{"a":[{"b":1},{"b":[2,3]},4],"":5,"1":6,"x/y~":7,"*":8}"#;
        let root = read::<PoolBoxes>(text, &Pool::new()).unwrap();
        let found = |path| {
            let nodes = find(&root, path).expect("a path");
            nodes.iter().map(|node| serde_json::to_string(node).unwrap()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found(""), text);
        assert_eq!(found("/a/2"), "4");
        assert_eq!(found("/a/*/b"), "1 [2,3]");
        assert_eq!(found("/a/1/b/*"), "2 3");
        assert_eq!(found("/"), "5");
        assert_eq!(found("/1"), "6");
        assert_eq!(found("/x~1y~0"), "7");
        for nowhere in ["/b", "/a/3", "/a/2/0", "/a/-1", "/1/1"] {
            assert_eq!(found(nowhere), "", "{nowhere}");
        }
        assert!(find(&root, "a").is_none());
    }
}
