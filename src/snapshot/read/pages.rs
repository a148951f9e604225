//! Files that hold one page of a listing of several, as their own token for the next one tells: the rest was not collected.
use crate::snapshot::{Blob, ReadError};
use memchr::memmem;
use serde::Deserialize;

#[derive(Deserialize)]
struct Page {
    /// Of Google's listings.
    #[serde(rename = "nextPageToken")]
    next: Option<String>,
    metadata: Option<Metadata>,
}

/// Of a Kubernetes List.
#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "continue")]
    next: Option<String>,
}

/// The field that tells of more, in the file at a layout path.
///
/// # Errors
/// Where it cannot be read.
pub fn more(path: &str, blob: &Blob) -> Result<Option<&'static str>, ReadError> {
    // Of logs an excerpt is all that is ever there, and CSDS has no pages.
    if ["logging/", "csds/", "bundle.json"]
        .iter()
        .any(|other| path.starts_with(other))
    {
        return Ok(None);
    }
    let field = if path.starts_with("kubernetes/") {
        "continue"
    } else {
        "nextPageToken"
    };
    let bytes = blob.bytes()?;
    if memmem::find(&bytes, format!("\"{field}\"").as_bytes()).is_none() {
        return Ok(None);
    }
    // What is no such object is told of where it is typed.
    let Ok(page) = serde_json::from_slice::<Page>(&bytes) else {
        return Ok(None);
    };
    let next = match field {
        "continue" => page.metadata.and_then(|metadata| metadata.next),
        _ => page.next,
    };
    Ok(next.filter(|token| !token.is_empty()).map(|_| field))
}
