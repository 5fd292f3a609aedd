//! The file that git runs.
//!
//! In: a hook and where this program lies. Out: a script for any POSIX shell:
//! it runs the hook that was there before, then this program. Where the
//! program is gone the script stops the commit and says how to go on: a check
//! that is missing must not look like one that passed.

use std::path::Path;

use super::Hook;

/// The line by which a script of this program is known.
const MARK: &str = "# keysweep hook, version ";

/// What is added to the name of a hook that was there before.
pub(super) const BEFORE: &str = ".before-keysweep";

/// Whether a file is a script of this program, of any version.
pub(super) fn is_ours(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').take(4).any(|line| line.starts_with(MARK.as_bytes()))
}

/// The script for a hook; `program` is tried before what the search path has,
/// and trusts a revision where one is named.
pub(super) fn script(hook: Hook, program: &Path, config_from: Option<&str>) -> String {
    let quoted = |text: &str| text.replace('\'', "'\\''");
    let program = quoted(&program.to_string_lossy().replace('\\', "/"));
    let trust = config_from
        .map_or_else(String::new, |revision| format!(" --config-from '{}'", quoted(revision)));
    let (read, feed) = if hook.reads_input() {
        // Two programs read what git writes once; the dot keeps the last line's end.
        ("input=$(cat; echo .)\ninput=${input%.}\n", "printf %s \"$input\" | ")
    } else {
        ("", "")
    };
    let (act, anyway) = match hook {
        Hook::PreCommit => ("commit", "\n  To commit without the check: git commit --no-verify"),
        Hook::PrePush => ("push", "\n  To push without the check: git push --no-verify"),
        Hook::PreReceive => ("push", ""),
    };
    format!(
        "#!/bin/sh\n\
         {MARK}1\n\
         # `keysweep hook uninstall {hook}` takes this away and puts back what was here before.\n\
         before=\"$0{BEFORE}\"\n\
         {read}\
         if [ -x \"$before\" ]; then\n\
         \x20 {feed}\"$before\" \"$@\" || exit\n\
         fi\n\
         for keysweep in '{program}' keysweep; do\n\
         \x20 if command -v \"$keysweep\" >/dev/null 2>&1; then\n\
         \x20   {feed}\"$keysweep\" hook run{trust} {hook} -- \"$@\"\n\
         \x20   exit\n\
         \x20 fi\n\
         done\n\
         echo \"keysweep: {act} stopped: the program is gone, so nothing was checked for leaked keys.\n\
         \x20 Install it again, or take the hook away: rm '$0'{anyway}\" >&2\n\
         exit 1\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_is_known_again_and_quotes_its_program() {
        for hook in Hook::ALL {
            let text = script(hook, Path::new("/o'neil/key sweep"), None);
            assert!(is_ours(text.as_bytes()));
            assert!(text.contains("'/o'\\''neil/key sweep'"), "{text}");
            assert!(text.contains(&format!("hook run {hook} -- ")), "{text}");
        }
        assert!(!is_ours(b"#!/bin/sh\nexec keysweep hook run pre-commit\n"));
    }
}
