//! The small cases as files, with what mends them.

use std::path::{Path, PathBuf};

use wavetank::digest::Digester;

use super::{Study, Trial};
use crate::audit::{SaveError, fix_text, write};

/// Where the files go unless somebody says otherwise: below the working folder, named after
/// what was found, so that two different results never meet.
pub fn folder(study: &Study) -> PathBuf {
    let mut digester = Digester::default();
    for case in study.trials.iter().filter_map(|trial| trial.exhibit.as_ref()) {
        digester.value(&case.case.to_json());
    }
    let digest = digester.finish().to_string();
    Path::new("wavetank-report").join(format!("catalogue-{}-{}", study.seeds, &digest[..8]))
}

/// The name of a flaw's case below the folder.
pub(super) fn case_name(trial: &Trial) -> String {
    format!("{}.case.json", trial.entry.id)
}

/// The name of what mends it.
pub(super) fn fix_name(trial: &Trial) -> String {
    format!("{}.fix.toml", trial.entry.id)
}

/// Writes the case and the fix of every flaw that was found.
///
/// # Errors
/// A folder or file that cannot be written, or that is there and differs.
pub fn save(study: &Study, folder: &Path) -> Result<(), SaveError> {
    let files = study.trials.iter().flat_map(|trial| {
        let entry = trial.entry;
        let case = trial.exhibit.as_ref().map(|one| (case_name(trial), one.case.to_json()));
        let fix = || (fix_name(trial), fix_text(&entry.id, &entry.title, &entry.as_fix()));
        let fix = case.is_some().then(fix);
        case.into_iter().chain(fix)
    });
    let files: Vec<_> = files.collect();
    if files.is_empty() { Ok(()) } else { write(folder, files) }
}
