//! The types of a policy file as they stand in the source, with their comments.
//!
//! No derive says what a comment says without another feature of two packages. The source is what
//! `cargo fmt` makes of it, and so is read by lines; what is read wrongly disagrees with what serde
//! takes, which the tests look at.

use std::collections::BTreeMap;

/// A type: what is in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    /// Whether it has fields, as opposed to choices.
    pub(crate) is_struct: bool,
    /// Its fields or choices, in their order.
    pub(crate) members: Vec<Member>,
}

/// A field of a struct, or one of the choices of an enum.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// As it stands in a policy file.
    pub(crate) name: String,
    /// Its comment.
    pub(crate) doc: String,
    /// The type of a field; nothing for a choice.
    pub(crate) kind: String,
    /// Whether a file can do without it.
    pub(crate) is_optional: bool,
}

/// All types of `src/policy/`, by name.
pub(crate) fn items() -> BTreeMap<String, Item> {
    let mut items = BTreeMap::new();
    let folder = super::root("src/policy");
    for entry in std::fs::read_dir(&folder).expect("the folder of the policy") {
        read(&super::read(&entry.expect("an entry").path()), &mut items);
    }
    items
}

/// What stands above the next type or member.
#[derive(Default)]
struct Above {
    doc: Vec<String>,
    attributes: String,
}

impl Above {
    /// Takes a line if it belongs to what follows.
    fn takes(&mut self, line: &str) -> bool {
        if let Some(text) = line.strip_prefix("///") {
            self.doc.push(text.trim().to_owned());
            return true;
        }
        if line.starts_with("#[") {
            self.attributes.push_str(line);
            return true;
        }
        false
    }

    /// The comment as a text without links.
    fn doc(&self) -> String {
        self.doc.join(" ").replace("[`", "`").replace("`]", "`")
    }
}

fn read(text: &str, items: &mut BTreeMap<String, Item>) {
    let mut above = Above::default();
    let mut inside: Option<(String, Item, bool)> = None;
    for line in text.lines() {
        if above.takes(line.trim()) {
            continue;
        }
        let now = std::mem::take(&mut above);
        if line == "}" {
            items.extend(inside.take().map(|(name, item, _)| (name, item)));
        } else if let Some((_, item, optional)) = &mut inside {
            item.members.extend(member(line, &now, item.is_struct, *optional));
        } else {
            inside = begun(line, &now);
        }
    }
}

/// The type that begins with a line.
fn begun(line: &str, above: &Above) -> Option<(String, Item, bool)> {
    let rest = line.strip_prefix("pub ")?;
    let (kind, name) = rest.strip_suffix(" {")?.split_once(' ')?;
    let is_struct = match kind {
        "struct" => true,
        "enum" => false,
        _ => return None,
    };
    let optional = above.attributes.contains("serde(default");
    let item = Item { is_struct, members: Vec::new() };
    Some((name.to_owned(), item, optional))
}

/// The field or choice of a line within a type.
fn member(line: &str, above: &Above, is_struct: bool, optional: bool) -> Option<Member> {
    let line = line.trim().strip_suffix(',')?;
    let (name, kind) =
        if is_struct { line.strip_prefix("pub ")?.split_once(": ")? } else { (line, "") };
    let name = if is_struct { name.to_owned() } else { kebab(name) };
    let is_optional = optional || above.attributes.contains("serde(default");
    Some(Member { name, doc: above.doc(), kind: kind.to_owned(), is_optional })
}

/// `StopAndRepair` as `stop-and-repair`.
fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for (i, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && i > 0 {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}
