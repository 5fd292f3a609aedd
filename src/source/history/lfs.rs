//! Large-file pointers: a text of a few lines in the place of a file.
//!
//! In: a blob. Out: the id of the file that it stands for.

/// The first line of every pointer.
const FIRST_LINE: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";

/// A pointer is shorter than this, says its specification.
const LIMIT_BYTES: usize = 1024;

/// The SHA-256, in hexadecimal, of the file that a pointer stands for.
pub(in crate::source) fn lfs_pointer(bytes: &[u8]) -> Option<String> {
    if bytes.len() >= LIMIT_BYTES || !bytes.starts_with(FIRST_LINE) {
        return None;
    }
    let line = bytes
        .split(|byte| *byte == b'\n')
        .find_map(|line| line.strip_prefix(b"oid sha256:"))?
        .trim_ascii();
    let is_id = line.len() == 64 && line.iter().all(u8::is_ascii_hexdigit);
    is_id.then(|| String::from_utf8_lossy(line).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_pointer_is_one() {
        let id = "ab".repeat(32);
        let pointer =
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{id}\nsize 12\n");
        assert_eq!(lfs_pointer(pointer.as_bytes()), Some(id));
        assert_eq!(lfs_pointer(&pointer.as_bytes()[1..]), None);
        assert_eq!(lfs_pointer(pointer.replace("ab", "xy").as_bytes()), None);
        assert_eq!(lfs_pointer(format!("{pointer}{}", " ".repeat(1024)).as_bytes()), None);
    }
}
