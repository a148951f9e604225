//! What must not stay behind where the program ends at once: files and folders under a temporary name.
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where all of it is. What has its own name by now, or is gone, is no longer at its path.
#[derive(Default)]
struct Unfinished(Mutex<Vec<PathBuf>>);

static ALL: Unfinished = Unfinished(Mutex::new(Vec::new()));

/// Makes something that goes with the program.
///
/// # Errors
/// Where it cannot be made.
pub fn make<T>(make: impl FnOnce() -> io::Result<T>, path: impl FnOnce(&T) -> &Path) -> io::Result<T> {
    ALL.make(make, path)
}

/// Does what the end of the program may come before or after, and not between: a file made in such a folder, a name given.
pub fn step<T>(step: impl FnOnce() -> T) -> T {
    let _held = ALL.held();
    step()
}

/// Removes all of it: the program ends now.
pub fn end() -> End<'static> {
    ALL.end()
}

/// Nothing is made any more while it is there.
pub struct End<'a> {
    _held: MutexGuard<'a, Vec<PathBuf>>,
}

impl Unfinished {
    fn held(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make<T>(&self, make: impl FnOnce() -> io::Result<T>, path: impl FnOnce(&T) -> &Path) -> io::Result<T> {
        let mut held = self.held();
        let made = make()?;
        held.push(path(&made).to_owned());
        Ok(made)
    }

    fn end(&self) -> End<'_> {
        let held = self.held();
        for path in held.iter() {
            // Nothing is left to be told that this could fail; most are gone by themselves.
            _ = fs::remove_file(path).or_else(|_| fs::remove_dir_all(path));
        }
        End { _held: held }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tempfile::{NamedTempFile, tempdir, tempdir_in};

    #[test]
    fn what_is_unfinished_goes_and_nothing_is_made_after_it() {
        let around = tempdir().unwrap();
        let (within, all) = (around.path(), Unfinished::default());
        let folder = all.make(|| tempdir_in(within), |made| made.path()).unwrap();
        fs::write(folder.path().join("a"), "a").unwrap();
        let new = || NamedTempFile::new_in(within);
        let file = all.make(new, |made| made.path()).unwrap();
        let kept = within.join("kept");
        let named = all.make(new, |made| made.path()).unwrap();
        named.persist(&kept).unwrap();
        let ended = all.end();
        assert!(!folder.path().exists() && !file.path().exists() && kept.exists());
        assert!(all.0.try_lock().is_err(), "something could be made still");
        drop(ended);
        assert!(all.make(new, |made| made.path()).is_ok());
    }
}
