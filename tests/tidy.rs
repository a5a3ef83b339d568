//! The rules of the house that the compiler does not know.
//!
//! Each test reads the files of the whole workspace and lists what breaks its rule, so that one
//! run shows all there is to mend.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The modules of `src/` from the bottom up: a file may name its own row and the rows before it.
const LAYERS: [&[&str]; 11] = [
    &["time", "id", "rng", "digest"],
    &["history", "objectives", "protocol"],
    &["codec"],
    &["engine"],
    &["fault"],
    &["invariant"],
    &["explore", "recorded"],
    &["stack"],
    &["differential"],
    &["report"],
    &["harness"],
];

/// The stack is another engine: what knows of it would drag tokio along.
const STACK_USERS: [&str; 3] = ["stack", "differential", "harness"];

const SCENARIOS: [&str; 1] = ["sims/src/scenarios/"];
/// The files that say what has to hold, and of what.
const JUDGES: [&str; 3] = ["src/invariant/", "models/src/invariants/", SCENARIOS[0]];

/// What a judge must not know: it goes by what happens, not by how the nodes were built.
const HIDDEN_FROM_JUDGES: [&str; 8] =
    ["policy", "Policy", "flaw", "flaws", "Flaw", "Flaws", "knob", "knobs"];

/// What the reference's own shell says. A flaw that could say it too could cover its tracks.
const CLAIMS: [&str; 10] = [
    ".claim(", ".show(", ".show_", ".holds(", ".mark(", ".report(", ".log(", ".metric(", ".alert(",
    ".own(",
];

/// In two halves each, so that this file keeps its own rule.
const FOREIGN_WORDS: [&str; 4] = [
    concat!("clau", "de"),
    concat!("anthro", "pic"),
    concat!("work", "place"),
    concat!(".lib", "rary/"),
];

struct File {
    /// From the root of the workspace, with `/`.
    path: String,
    text: String,
}

impl File {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
    fn is_under(&self, folders: &[&str]) -> bool {
        self.is_rust() && folders.iter().any(|folder| self.path.starts_with(folder))
    }
    fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.trim_end_matches(".rs")
    }
}

/// All files that the project consists of, in the order of their paths.
fn files() -> Vec<File> {
    let mut found = Vec::new();
    collect(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.iter().any(|file| file.path == "Cargo.toml"), "the walk missed the root");
    found
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("a folder of the project can be read") {
        let entry = entry.expect("an entry of a folder can be read");
        let kind = entry.file_type().expect("an entry has a type");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if is_product(&path, &name) {
            continue;
        }
        if kind.is_dir() {
            collect(&entry.path(), &format!("{path}/"), found);
        } else if kind.is_file() {
            let bytes = fs::read(entry.path()).expect("a file of the project can be read");
            found.push(File { path, text: String::from_utf8_lossy(&bytes).into_owned() });
        }
    }
}

/// Whether git does not keep it: the list of `.gitignore`, and git's own folder.
fn is_product(path: &str, name: &str) -> bool {
    matches!(name, "target" | ".git")
        || matches!(path, "book/book" | "wavetank-report")
        || path.starts_with("wavetank-data.json")
        || name.ends_with(".pending-snap")
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Source text with every comment and literal replaced by a blank; lines keep their numbers.
fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let hidden = comment(rest).or_else(|| literal(rest, out.chars().next_back()));
        if let Some(len) = hidden {
            out.push(' ');
            out.extend(rest[..len].chars().filter(|c| *c == '\n'));
            rest = &rest[len..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// The length of the comment that `rest` begins with.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let (mut at, mut depth) = (0, 0);
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        match here {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    Some(at)
}

/// The length of the string or character that `rest` begins with, given what stands before it.
fn literal(rest: &str, before: Option<char>) -> Option<usize> {
    if let Some(inner) = rest.strip_prefix('"') {
        return Some(1 + escaped(inner, '"'));
    }
    if let Some(inner) = rest.strip_prefix('\'') {
        let mut chars = inner.chars();
        return match chars.next()? {
            '\\' => Some(1 + escaped(inner, '\'')),
            one if chars.next() == Some('\'') => Some(2 + one.len_utf8()),
            _ => None,
        };
    }
    if before.is_some_and(is_word_char) {
        return None;
    }
    let raw = rest.strip_prefix(['b', 'c']).unwrap_or(rest).strip_prefix('r')?;
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    let inner = raw[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let len = inner.find(&end).map_or(inner.len(), |at| at + end.len());
    Some(rest.len() - inner.len() + len)
}

/// The length up to and with the first `end` that no backslash stands before.
fn escaped(inner: &str, end: char) -> usize {
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == end {
            return at + c.len_utf8();
        }
        if c == '\\' {
            chars.next();
        }
    }
    inner.len()
}

/// The module of `src/` that a file belongs to, and how many `super` lead out of it.
fn layer(path: &str) -> Option<(&str, usize)> {
    let inside = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    let name = inside.split('/').next()?;
    (inside != "lib").then_some((name, inside.split('/').count()))
}

fn rank(name: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&name))
}

/// The modules at the root of the crate that code names, each with its line.
fn imports(code: &str, depth: usize) -> Vec<(usize, String)> {
    let climb = "super::".repeat(depth);
    let mut found = Vec::new();
    for root in ["crate::", climb.as_str()] {
        for (at, _) in code.match_indices(root) {
            if code[..at].ends_with(|c| is_word_char(c) || c == ':') {
                continue;
            }
            let line = 1 + code[..at].matches('\n').count();
            for name in heads(&code[at + root.len()..]) {
                // A climb may also end in a module of a file's own.
                if root == "crate::" || rank(&name).is_some() {
                    found.push((line, name));
                }
            }
        }
    }
    found
}

/// The first word of a path, or of each path of a group in braces.
fn heads(path: &str) -> Vec<String> {
    let word = |text: &str| text.trim().split(|c| !is_word_char(c)).next().map(str::to_owned);
    let Some(group) = path.strip_prefix('{') else {
        return word(path).into_iter().collect();
    };
    let mut items = vec![String::new()];
    let mut depth = 0;
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            _ if depth == 0 => items.last_mut().expect("there is a first").push(c),
            _ => {}
        }
    }
    items.iter().filter(|item| !item.trim().is_empty()).filter_map(|item| word(item)).collect()
}

/// Whether `text` has `name` as a whole, not as a part of a longer name.
fn has_name(text: &str, name: &str) -> bool {
    let is_part = |c: char| is_word_char(c) || c == '-';
    text.match_indices(name).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + name.len()..].starts_with(is_part)
    })
}

/// What `finds` finds in the lines of code of the Rust files in some folders, each with its place.
fn places<T: std::fmt::Display>(
    folders: &[&str],
    finds: impl Fn(&str) -> Option<T>,
) -> Vec<String> {
    let mut found = Vec::new();
    for file in files().iter().filter(|file| file.is_under(folders)) {
        for (index, line) in code(&file.text).lines().enumerate() {
            if let Some(what) = finds(line) {
                found.push(format!("{}:{}: {what}", file.path, index + 1));
            }
        }
    }
    found
}

fn assert_none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

#[test]
fn every_rust_file_opens_with_a_module_doc() {
    // An example that documentation includes stands inside a function, where no `//!` may be.
    let bare = |file: &File| {
        file.is_rust() && !file.is_under(&["tests/examples/"]) && !file.text.starts_with("//!")
    };
    let found: Vec<String> = files().into_iter().filter(bare).map(|file| file.path).collect();
    assert_none(&found, "the first line of a Rust file is a `//!` that says what it is for");
}

#[test]
fn no_rust_file_exceeds_500_lines() {
    let mut found = Vec::new();
    for file in files().iter().filter(|file| file.is_rust()) {
        let lines = file.text.lines().count();
        if lines > 500 {
            found.push(format!("{}: {lines}", file.path));
        }
    }
    assert_none(&found, "a file of more than 500 lines holds more than one thing");
}

#[test]
fn layers_import_downwards() {
    let mut found = Vec::new();
    for file in files() {
        let Some((name, depth)) = layer(&file.path) else { continue };
        let Some(height) = rank(name) else {
            found.push(format!("{}: `{name}` is new, give it a height in LAYERS", file.path));
            continue;
        };
        for (line, target) in imports(&code(&file.text), depth) {
            let reason = match rank(&target) {
                None => "is no layer; give it a height in LAYERS",
                Some(below) if below > height => "lies above",
                Some(_) if target == "stack" && !STACK_USERS.contains(&name) => "needs tokio",
                Some(_) => continue,
            };
            found.push(format!("{}:{line}: `{target}` {reason}", file.path));
        }
    }
    assert_none(&found, "a layer of src/ knows only what lies below it");
}

#[test]
fn no_test_is_ignored() {
    let mut found = places(&[""], |line| {
        let conditional = line.contains("cfg_attr") && has_name(line, "ignore");
        (line.contains("#[ignore") || conditional).then(|| line.trim().to_owned())
    });
    let untested = |file: &File| file.is_rust() && file.text.contains(concat!("``", "`ignore"));
    found.extend(files().into_iter().filter(untested).map(|file| file.path));
    assert_none(&found, "a test, or an example in the documentation, runs or is not there");
}

#[test]
fn an_invariant_or_scenario_never_reads_policy_or_flaws() {
    let found = places(&JUDGES, |line| {
        let mut words = line.split(|c| !is_word_char(c)).map(str::to_owned);
        words.find(|word| HIDDEN_FROM_JUDGES.contains(&word.as_str()))
    });
    assert_none(&found, "a design is judged by what happens, never by what its policy says");
}

#[test]
fn a_flaw_never_claims_or_marks() {
    let found = places(&["models/src/flaws/"], |line| {
        let calls = line.replace("::", ".");
        CLAIMS.iter().find(|call| calls.contains(**call))
    });
    assert_none(&found, "a flaw does its part wrongly and leaves the saying to the reference");
}

#[test]
fn the_project_speaks_of_itself_alone() {
    let mut found = Vec::new();
    for file in files() {
        let text = format!("{}\n{}", file.path, file.text).to_lowercase();
        for (line, content) in text.lines().enumerate() {
            if FOREIGN_WORDS.iter().any(|word| content.contains(word)) {
                found.push(format!("{}:{line}", file.path));
            }
        }
    }
    assert_none(&found, "the files tell of wavetank, not of how or where they were written");
}

#[test]
fn every_scenario_and_invariant_is_in_the_book() {
    let files = files();
    let is_page = |file: &&File| file.path.starts_with("book/src/") && file.path.ends_with(".md");
    let book: String = files.iter().filter(is_page).map(|file| file.text.as_str()).collect();
    let is_impl = |line: &str| {
        let mut traits = ["Invariant", "StateInvariant"].iter();
        line.starts_with("impl") && line.contains(" for ") && traits.any(|t| has_name(line, t))
    };
    let (judges, scenarios): (Vec<&File>, Vec<&File>) = files
        .iter()
        .filter(|file| file.stem() != "mod" && file.is_under(&JUDGES))
        .filter(|file| file.is_under(&SCENARIOS) || code(&file.text).lines().any(is_impl))
        .partition(|file| !file.is_under(&SCENARIOS));
    assert!(!judges.is_empty(), "no invariant was found: has its folder moved?");
    assert!(!scenarios.is_empty(), "no scenario was found: has its folder moved?");
    let names = judges.into_iter().chain(scenarios).map(|file| file.stem().replace('_', "-"));
    let found: Vec<String> = names.filter(|name| !has_name(&book, name)).collect();
    assert_none(&found, "a reader of the book finds every scenario and invariant");
}

/// The rows of a table in the book whose first cell is code and that have five cells.
fn rows(files: &[File], page: &str) -> Vec<Vec<String>> {
    let page = files.iter().find(|file| file.path == page).expect("a page of the book");
    let cells = |row: &str| row.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = page.text.lines().filter(|row| row.starts_with("| `")).map(cells);
    rows.filter(|row| row.len() == 7).collect()
}

/// Whether a file of tests has this one.
fn has_test(files: &[File], path: &str, test: &str) -> bool {
    let file = files.iter().find(|file| file.path == path);
    file.is_some_and(|file| file.text.contains(&format!("#[test]\nfn {test}()")))
}

#[test]
fn every_kind_of_fault_is_in_the_book_with_a_test_that_exists() {
    let files = files();
    let rows = rows(&files, "book/src/faults.md");
    let kinds: Vec<&str> = rows.iter().map(|row| row[1].trim_matches('`')).collect();
    assert_eq!(kinds, wavetank::fault::FaultKind::NAMES, "left: the table; right: the code");
    let exists = |name: &&String| {
        let named = name.trim_matches('`').split_once("::");
        named.is_some_and(|(module, test)| {
            has_test(&files, &format!("tests/faults/{module}.rs"), test)
        })
    };
    let tests = rows.iter().map(|row| &row[5]);
    let missing: Vec<String> = tests.filter(|name| !exists(name)).cloned().collect();
    assert_none(&missing, "a row of the table names a test in tests/faults/");
}

#[test]
fn every_shape_of_work_is_in_the_book_with_a_test_that_exists() {
    let files = files();
    let rows = rows(&files, "book/src/scenarios.md");
    let shapes: Vec<&str> = rows.iter().map(|row| row[1].trim_matches('`')).collect();
    let known = wavetank::explore::Shape::ALL.map(|shape| format!("{shape:?}").to_lowercase());
    assert_eq!(shapes, known, "left: the table; right: the code");
    let exists = |name: &&String| has_test(&files, "tests/workloads.rs", name.trim_matches('`'));
    let tests = rows.iter().map(|row| &row[5]);
    let missing: Vec<String> = tests.filter(|name| !exists(name)).cloned().collect();
    assert_none(&missing, "a row of the table names a test in tests/workloads.rs");
}

#[test]
fn the_code_map_shows_every_layer() {
    let files = files();
    let layers: BTreeSet<&str> =
        files.iter().filter_map(|file| layer(&file.path)).map(|(name, _)| name).collect();
    let page = files.iter().find(|file| file.path == "book/src/architecture.md");
    let page = page.expect("the book has a chapter on the architecture");
    let rows = page.text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let shown: BTreeSet<&str> = rows.collect();
    assert_eq!(shown, layers, "left: the code map of the book; right: the modules of src/");
}

#[test]
fn comments_and_literals_are_not_code() {
    let source = r##"let a = "x // \" y"; // one /* two
/* three /* four */ five */ let b = 'c'; let d: &'e str = r#"f " g"#; '\'' '"' b"h" br"i\" end"##;
    let left: Vec<String> = code(source).split_whitespace().map(str::to_owned).collect();
    assert_eq!(left.join(" "), "let a = ; let b = ; let d: &'e str = ; b end");
    assert_eq!(code(source).lines().count(), source.lines().count());
}

#[test]
fn imports_are_found_in_every_form() {
    let source = "use crate::time::Span;\nuse crate::{id::{A, B}, engine};\nfn f(x: super::rng::R) {}\n\
                  use super::super::fault::Kind;\nuse other_crate::report::R;";
    let names = |depth| imports(source, depth).into_iter().map(|(_, name)| name);
    assert_eq!(names(1).collect::<Vec<_>>(), ["time", "id", "engine", "rng"]);
    assert_eq!(names(2).collect::<Vec<_>>(), ["time", "id", "engine", "fault"]);
    assert_eq!(imports(source, 2).last(), Some(&(4, "fault".to_owned())));
}
