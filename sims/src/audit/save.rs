//! Writing an audit's cases and fixes, without overwriting anything that differs.

use std::path::{Path, PathBuf};

use wavetank_models::policy::Patch;

use super::{Audit, Finding, Unexplained};

/// Why what was found could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// A file cannot be written.
    #[error("{path}: {source}")]
    Write {
        /// Which file or folder.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A file is there already and says something else.
    #[error("{0} is there already and differs; name another folder with --out, or remove it")]
    Differs(String),
}

/// Where an audit's files go unless somebody says otherwise: below the working folder, named
/// after the policy and what was found, so that two different audits never meet.
pub fn folder(audit: &Audit) -> PathBuf {
    let name = audit.file.path.file_stem().map_or("policy".into(), |stem| stem.to_string_lossy());
    let digest = audit.digest.to_string();
    Path::new("wavetank-report").join(format!("{name}-{}-{}", audit.seeds, &digest[..8]))
}

/// The name of a finding's case below the folder.
pub(super) fn case_name(finding: &Finding) -> String {
    format!("{}.case.json", finding.id)
}

/// The name of a finding's fix below the folder.
pub(super) fn fix_name(finding: &Finding) -> String {
    format!("{}.fix.toml", finding.id)
}

/// The name below the folder of the case of what is not explained.
pub(super) fn open_name(one: &Unexplained) -> String {
    format!("unexplained-{}.case.json", one.invariant)
}

/// Writes the case and the fix of every finding into a folder, the cases of what is not
/// explained, and the report beside them.
///
/// # Errors
/// A folder or file that cannot be written, or that is there and differs.
pub fn save(audit: &Audit, folder: &Path, report: &str) -> Result<(), SaveError> {
    let mut files = vec![("report.md".to_owned(), report.to_owned())];
    for finding in &audit.findings {
        files.push((case_name(finding), finding.case.to_json()));
        let fix = fix_text(&finding.id, &finding.title, &finding.fix);
        files.push((fix_name(finding), fix));
    }
    files.extend(audit.unexplained.iter().map(|one| (open_name(one), one.case.to_json())));
    write(folder, files)
}

/// Writes files into a folder, all or none: not if one is there and differs.
pub(crate) fn write(folder: &Path, files: Vec<(String, String)>) -> Result<(), SaveError> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |source| SaveError::Write { path, source }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    for (name, text) in &files {
        let path = folder.join(name);
        if std::fs::read_to_string(&path).is_ok_and(|there| there != *text) {
            return Err(SaveError::Differs(path.display().to_string()));
        }
    }
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(())
}

/// A fix as a patch file.
pub(crate) fn fix_text(id: &str, title: &str, fix: &Patch) -> String {
    let values = toml::to_string(fix).expect("a patch can be written as TOML");
    format!("# Mends {id}: {title}.\n{values}")
}
