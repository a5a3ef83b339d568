//! The file that outlives the server. It is replaced in one step, so that it is whole at every
//! moment, whenever the process is killed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wavetank::protocol::{Protocol, Store};
use wavetank_models::DocSync;
use wavetank_models::store::Documents;

/// The form of the file.
const FORMAT: u32 = 1;

/// Why a data file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum DataError {
    /// It holds something else, or less than it did.
    #[error(
        "{path}: {why}; it was left as it is: move it away to begin anew, or name another file \
         with --data"
    )]
    Unreadable {
        /// Which file.
        path: String,
        /// Why it cannot be read.
        why: String,
    },
    /// It cannot be read or written at all.
    #[error("{path}: {source}; name a file that can be written with --data")]
    File {
        /// Which file.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// Another server keeps its document there.
    #[error("{0} is in use by another server; end that one, or name another file with --data")]
    Busy(String),
}

/// What stands in front of the documents, to tell the file from others.
#[derive(Deserialize, Serialize)]
struct Head {
    format: u32,
    protocol: String,
}

#[derive(Deserialize, Serialize)]
struct Whole<T> {
    #[serde(flatten)]
    head: Head,
    documents: T,
}

/// The file, held against other servers.
pub(super) struct DataFile {
    path: PathBuf,
    /// Holds the lock, and is used for nothing else.
    _held: File,
}

impl DataFile {
    /// Opens a file and reads its documents, or begins it.
    pub(super) fn open(path: &Path) -> Result<(Self, Documents), DataError> {
        let failed = |source| DataError::File { path: path.display().to_string(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(failed)?;
        lock(&file, path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let mut data = Self { path: path.to_owned(), _held: file };
        if !bytes.is_empty() {
            let unreadable = |why| DataError::Unreadable { path: path.display().to_string(), why };
            return Ok((data, parse(&bytes).map_err(unreadable)?));
        }
        let mut documents = Documents::default();
        // Pages may still hold a document that was here before. A later lineage tells them that
        // this is another one.
        documents.restored(now());
        data.save(&documents).map_err(failed)?;
        Ok((data, documents))
    }

    /// Puts documents in the place of what the file held. Once this returns, no crash loses them.
    pub(super) fn save(&mut self, documents: &Documents) -> io::Result<()> {
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
        };
        self._held = replace(&self.path, documents).map_err(named)?;
        Ok(())
    }
}

fn replace(path: &Path, documents: &Documents) -> io::Result<File> {
    let mut name = path.to_owned().into_os_string();
    name.push(".new");
    let name = PathBuf::from(name);
    let head = Head { format: FORMAT, protocol: DocSync::NAME.to_owned() };
    let bytes = serde_json::to_vec(&Whole { head, documents })?;
    let mut file = File::create(&name)?;
    // A file system without locks does without.
    let _ = file.try_lock();
    file.write_all(&bytes)?;
    file.sync_all()?;
    std::fs::rename(&name, path)?;
    // The new name has to last as well. Not every system can open a folder.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
        folder.sync_all()?;
    }
    Ok(file)
}

fn lock(file: &File, path: &Path) -> Result<(), DataError> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(DataError::Busy(path.display().to_string())),
        // Some file systems have no locks; the file does without.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

fn parse(bytes: &[u8]) -> Result<Documents, String> {
    let foreign = |error| format!("this is no data file of `wavetank serve` ({error})");
    let head: Head = serde_json::from_slice(bytes).map_err(foreign)?;
    if head.protocol != DocSync::NAME {
        return Err(format!("this belongs to the protocol `{}`", head.protocol));
    }
    if head.format != FORMAT {
        return Err(format!("this has format {}, and this build reads {FORMAT}", head.format));
    }
    let whole: Whole<Documents> = serde_json::from_slice(bytes)
        .map_err(|error| format!("the documents in it are damaged ({error})"))?;
    Ok(whole.documents)
}

/// Whole seconds, which is enough to tell one beginning of a file from the next.
#[expect(clippy::disallowed_methods, reason = "a server on a real network tells real time")]
fn now() -> u32 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u32::try_from(since.unwrap_or_default().as_secs()).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use wavetank::history::{Change, Changes};
    use wavetank::id::{NodeId, OpId};
    use wavetank::time::Wall;
    use wavetank_models::document::{self, Attribute};
    use wavetank_models::protocol::DOC;
    use wavetank_models::store::{Commit, Edit, Manner, Request};

    use super::*;

    fn edited(mut documents: Documents) -> Documents {
        let field = document::element(1, Attribute::Label);
        let change = Change::set(field, document::value(OpId(5)));
        let commit = Commit {
            doc: DOC,
            op: OpId(5),
            author: NodeId(1),
            instance: 1,
            client_seq: 1,
            base: None,
            edit: Edit::Write(Changes::from_iter([change])),
            made: Wall::default(),
            manner: Manner::default(),
        };
        documents.apply(Request::Commit(commit));
        documents
    }

    #[test]
    fn what_was_saved_is_there_when_the_file_is_opened_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data.json");
        let (mut file, documents) = DataFile::open(&path).expect("begun");
        let documents = edited(documents);
        file.save(&documents).expect("saved");
        drop(file);
        let (_, again) = DataFile::open(&path).expect("opened");
        assert_eq!(format!("{again:?}"), format!("{documents:?}"));
        let left = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 1, "nothing lies about");
    }

    #[test]
    fn a_file_has_one_server_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data.json");
        let (mut file, documents) = DataFile::open(&path).expect("begun");
        file.save(&documents).expect("saved");
        let second = DataFile::open(&path).map(|_| ()).expect_err("in use");
        assert!(second.to_string().contains("in use by another server"), "{second}");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_with_a_remedy_and_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data.json");
        let (mut file, documents) = DataFile::open(&path).expect("begun");
        file.save(&edited(documents)).expect("saved");
        drop(file);
        let whole = std::fs::read_to_string(&path).expect("text");
        let cases = [
            (whole[..whole.len() / 2].to_owned(), "no data file"),
            ("my shopping list".to_owned(), "no data file"),
            (whole.replace("document-sync", "chess"), "the protocol `chess`"),
            (whole.replace("\"format\":1", "\"format\":9"), "format 9"),
            (whole.replace("\"seq\":1", "\"seq\":4"), "out of its turn"),
        ];
        for (text, why) in cases {
            std::fs::write(&path, &text).expect("written");
            let error = DataFile::open(&path).map(|_| ()).expect_err("unreadable").to_string();
            for part in ["data.json", why, "--data"] {
                assert!(error.contains(part), "{part} in {error}");
            }
            assert_eq!(std::fs::read_to_string(&path).expect("text"), text);
        }
    }
}
