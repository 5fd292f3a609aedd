//! Says where an occurrence is, in words that fit every format.
//!
//! In: an occurrence. Out: one line of plain text, not yet made inert.

use super::model::Occurrence;

/// `path:line:column`, or what stands for the path where there is none.
#[must_use]
pub fn position(place: &Occurrence) -> String {
    format!("{}:{}:{}", name(place), place.line, place.column)
}

/// The path, or what stands for it: an object's id, or the kind of place.
#[must_use]
pub fn name(place: &Occurrence) -> String {
    match (&place.path, &place.blob) {
        (Some(path), _) => path.clone(),
        (None, Some(object)) => format!("{} {}", place.source, short(object)),
        (None, None) => place.source.to_string(),
    }
}

/// The position and, for what is not a file on disk, the kind of place and the
/// commit that introduced it.
#[must_use]
pub fn sentence(place: &Occurrence) -> String {
    let mut said = position(place);
    if let Some(commit) = &place.commit {
        said.push_str(", in commit ");
        said.push_str(short(commit));
        if let Some(date) = &place.date {
            said.push_str(" of ");
            said.push_str(date);
        }
    }
    if place.path.is_some() && place.blob.is_some() {
        said.push_str(" (");
        said.push_str(place.source.name());
        said.push(')');
    }
    said
}

/// The first twelve digits of an object's id.
#[must_use]
pub fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
