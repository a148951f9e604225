//! What was brought, read: an answer that is not what its API promises is no evidence, and spoils no other.
use crate::snapshot::{Blob, Failure, FailureKind, Manifest, ReadError, Snapshot, World, read};

/// Reads a world; a file that cannot be read is left out, and its collector says why.
///
/// # Errors
/// Where it is no single file that cannot be read.
pub fn read(mut world: World, mut manifest: Manifest) -> Result<Snapshot, ReadError> {
    loop {
        let json = serde_json::to_vec(&manifest).unwrap_or_default();
        world
            .files
            .insert("bundle.json".to_owned(), Blob::memory("bundle.json", json));
        let error = match read::from_world(world.clone()) {
            Ok(snapshot) => return Ok(snapshot),
            Err(error) => error,
        };
        let path = match &error {
            // Files are called as the layout calls them.
            ReadError::Malformed { origin, .. } | ReadError::TooLarge { origin, .. } => origin.clone(),
            _ => return Err(error),
        };
        if path == "bundle.json" || world.files.remove(&path).is_none() {
            return Err(error);
        }
        blame(&mut manifest, &world, &path, &error);
    }
}

fn blame(manifest: &mut Manifest, world: &World, path: &str, error: &ReadError) {
    let (source, place) = path.split_once('/').unwrap_or((path, ""));
    let text = error.to_string();
    let problem = text.lines().next().unwrap_or_default();
    let below = format!("{source}/");
    let others = world.files.keys().any(|path| path.starts_with(&below));
    let call = format!("read what the API says of {place}");
    let failure = Failure::new(FailureKind::Unreadable, problem).of_call(call);
    manifest.add_failure(source, failure, others);
}
