//! A repository that asks, in every way that git knows, to have something run,
//! fetched or written.

use crate::support::assignment;
use crate::support::git::Repo;

/// What git would run, each as it would be found out: by a file named `ran`.
const PROGRAMS: &str = r#"
[core]
    fsmonitor = TOUCH
    hooksPath = HOOKS
    sshCommand = TOUCH
    gitProxy = TOUCH
    pager = TOUCH
    editor = TOUCH
    askPass = TOUCH
    worktree = /
    attributesFile = /dev/zero
    excludesFile = /dev/zero
    alternateRefsCommand = TOUCH
[diff]
    external = TOUCH
[diff "evil"]
    textconv = TOUCH
    command = TOUCH
[filter "evil"]
    clean = TOUCH
    smudge = TOUCH
    process = TOUCH
    required = true
[merge "evil"]
    driver = TOUCH
[credential]
    helper = !TOUCH
[alias]
    status = !TOUCH
[gpg]
    program = TOUCH
[uploadpack]
    packObjectsHook = TOUCH
[remote "origin"]
    url = ext::sh -c TOUCH
    promisor = true
    vcs = evil
[extensions]
    partialClone = origin
[include]
    path = /dev/zero
[includeIf "gitdir:/"]
    path = /dev/zero
"#;

/// Holds two keys, one in a file that it calls binary, in files and objects.
pub(crate) fn demanding() -> Repo {
    let repo = Repo::new();
    repo.write(".gitattributes", "*.sh diff=evil filter=evil merge=evil\n*.bin -diff\n");
    repo.write("a.sh", assignment("a")).write("b.bin", assignment("b"));
    repo.commit("one", 0);
    let touch = format!("touch {}", repo.beside("ran").display());
    let hooks = repo.beside("hooks");
    std::fs::create_dir(&hooks).expect("the directory is new");
    for hook in ["post-index-change", "pre-commit", "reference-transaction", "post-checkout"] {
        let path = hooks.join(hook);
        std::fs::write(&path, format!("#!/bin/sh\n{touch}\n")).expect("a file");
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .expect("a file of this test");
    }
    let path = repo.root().join(".git/config");
    let asked = PROGRAMS.replace("TOUCH", &touch).replace("HOOKS", &hooks.display().to_string());
    let config = std::fs::read_to_string(&path).expect("a configuration") + &asked;
    std::fs::write(path, config).expect("writable");
    std::fs::create_dir_all(repo.root().join(".git/objects/info")).expect("a directory");
    std::fs::write(repo.root().join(".git/objects/info/alternates"), "/dev/zero\n.\n")
        .expect("writable");
    repo
}

/// Whether anything that it asked for was run.
#[allow(dead_code, reason = "the kit asks only for the verdict")]
pub(crate) fn was_obeyed(repo: &Repo) -> bool {
    repo.beside("ran").exists() || repo.root().join("ran").exists()
}
