//! The types of a policy file, and of messages, as they stand in the source, with their comments.
//!
//! No derive says what a comment says without another feature of two packages. The source is what
//! `cargo fmt` makes of it, and so is read by lines; what is read wrongly disagrees with what serde
//! takes, which the tests look at.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A type: what is in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    /// Whether it has fields, as opposed to choices.
    pub(crate) is_struct: bool,
    /// What it is.
    pub(crate) doc: String,
    /// Its fields or choices, in their order.
    pub(crate) members: Vec<Member>,
    /// How serde writes the names of its choices.
    case: Case,
}

/// How serde writes the names of choices.
#[derive(Clone, Copy, Debug, Default)]
enum Case {
    #[default]
    AsIs,
    Kebab,
    Snake,
}

/// A field of a struct, or one of the choices of an enum.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// As it stands in a file.
    pub(crate) name: String,
    /// Its comment.
    pub(crate) doc: String,
    /// The type of a field; the types in the brackets of a choice, if it has any.
    pub(crate) kind: String,
    /// The fields of a choice, if it has any.
    pub(crate) fields: Vec<Self>,
    /// Whether a file can do without it.
    pub(crate) is_optional: bool,
}

/// All types of `src/policy/`, by name.
pub(crate) fn items() -> BTreeMap<String, Item> {
    let folder = std::fs::read_dir(super::root("src/policy")).expect("the folder of the policy");
    items_of(folder.map(|entry| entry.expect("an entry").path()))
}

/// All types of some files, by name.
pub(crate) fn items_of(files: impl Iterator<Item = PathBuf>) -> BTreeMap<String, Item> {
    let mut items = BTreeMap::new();
    files.for_each(|file| read(&super::read(&file), &mut items));
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
            item.take(line, &now, *optional);
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
    let case = match above.attributes.split("rename_all = ").nth(1) {
        Some(case) if case.starts_with("\"kebab-case\"") => Case::Kebab,
        Some(case) if case.starts_with("\"snake_case\"") => Case::Snake,
        Some(case) => panic!("{line} is renamed to {case}"),
        None => Case::AsIs,
    };
    let item = Item { is_struct, doc: above.doc(), members: Vec::new(), case };
    Some((name.to_owned(), item, optional))
}

impl Item {
    /// Takes a line within the type.
    fn take(&mut self, line: &str, above: &Above, optional: bool) {
        const WITHIN_A_CHOICE: &str = "        ";
        if self.is_struct {
            self.members.extend(field(line, above, optional));
        } else if line.starts_with(WITHIN_A_CHOICE) {
            let choice = self.members.last_mut().expect("a choice has begun");
            choice.fields.extend(field(line, above, optional));
        } else if let Some(line) = line.trim().strip_suffix([',', '{']).filter(|line| *line != "}")
        {
            let (name, kinds) = line.trim().split_once('(').unwrap_or((line.trim(), ""));
            let kind = kinds.strip_suffix(')').unwrap_or_default().to_owned();
            let name = self.case.of(name);
            let (doc, fields) = (above.doc(), Vec::new());
            self.members.push(Member { name, doc, kind, fields, is_optional: optional });
        }
    }
}

/// The field of a line.
fn field(line: &str, above: &Above, optional: bool) -> Option<Member> {
    let line = line.trim().strip_suffix(',')?;
    let (name, kind) = line.strip_prefix("pub ").unwrap_or(line).split_once(": ")?;
    let is_optional = optional || above.attributes.contains("serde(default");
    let (name, kind) = (name.to_owned(), kind.to_owned());
    Some(Member { name, doc: above.doc(), kind, fields: Vec::new(), is_optional })
}

impl Case {
    /// `StopAndRepair` as `stop-and-repair`, or as `stop_and_repair`.
    fn of(self, name: &str) -> String {
        let between = match self {
            Self::AsIs => return name.to_owned(),
            Self::Kebab => '-',
            Self::Snake => '_',
        };
        let mut written = String::new();
        for (i, letter) in name.chars().enumerate() {
            if letter.is_ascii_uppercase() && i > 0 {
                written.push(between);
            }
            written.push(letter.to_ascii_lowercase());
        }
        written
    }
}
