//! Paths in, [`Snapshot`] out: directories in the snapshot layout, archives, loose files told apart by content.
//!
//! Two steps: every path becomes part of a [`World`] (layout path to bytes), then [`layout`] types what lies there.
mod directory;
mod layout;

use super::{ReadError, Snapshot, World};
use std::path::PathBuf;

/// How to read.
#[derive(Debug, Default, Clone)]
pub struct Options {
    /// `--iam-policy P=FILE`: policies whose file name does not tell the project.
    pub iam_policies: Vec<(String, PathBuf)>,
    /// `--project`: the fleet project, for loose files that do not name one.
    pub project: Option<String>,
}

/// Reads all paths into one snapshot.
pub fn read(paths: &[PathBuf], _options: &Options) -> Result<Snapshot, ReadError> {
    let mut world = World::default();
    for path in paths {
        directory::add(path, &mut world)?;
    }
    from_world(world)
}

/// Types what lies in a world.
pub fn from_world(world: World) -> Result<Snapshot, ReadError> {
    layout::parse(world)
}
