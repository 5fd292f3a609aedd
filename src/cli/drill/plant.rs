//! The leak of the drill: a repository that looks clean and is not.
//!
//! In: an empty path and a random key. Out: a repository whose second commit
//! adds the key and whose fourth removes it.

use std::fs;
use std::path::Path;

use git2::{Repository, RepositoryInitOptions, Signature, Time};
use keysweep::secret::Secret;

/// The file that holds the key for two commits.
pub(super) const LEAKY_FILE: &str = "config/settings.py";

/// A commit as the story tells it.
#[derive(Debug)]
pub(super) struct Planted {
    /// The first digits of its id.
    pub(super) id: String,
    /// Its message.
    pub(super) message: &'static str,
}

/// Makes the repository; runs no program.
pub(super) fn leak(path: &Path, key: &Secret) -> anyhow::Result<Vec<Planted>> {
    let mut options = RepositoryInitOptions::new();
    options.initial_head("main").external_template(false).mkpath(true);
    let repository = Repository::init_opts(path, &options)?;
    let key = zeroize::Zeroizing::new(String::from_utf8_lossy(key.expose()).into_owned());
    let with_key = format!(
        "import os\n\nDEBUG = False\nBITKIT_API_KEY = \"{}\"  # until the vault is set up\n",
        key.as_str()
    );
    let without = "import os\n\nDEBUG = False\nBITKIT_API_KEY = os.environ[\"BITKIT_API_KEY\"]\n";
    let readme = "# Web shop\n\nAsks ByteStack for recommendations.\n";
    let steps: [(&str, &[(&str, &str)]); 4] = [
        ("Start the web shop", &[("README.md", "# Web shop\n")]),
        ("Ask ByteStack for recommendations", &[(LEAKY_FILE, &with_key)]),
        ("Describe the shop", &[("README.md", readme)]),
        ("Read the key from the environment", &[(LEAKY_FILE, without)]),
    ];
    let mut planted = Vec::new();
    for ((message, files), days_ago) in steps.into_iter().zip([7, 5, 3, 1]) {
        planted.push(Planted { id: commit(&repository, message, files, days_ago)?, message });
    }
    Ok(planted)
}

fn commit(
    repository: &Repository,
    message: &str,
    files: &[(&str, &str)],
    days_ago: i64,
) -> anyhow::Result<String> {
    let root = repository.workdir().unwrap_or(repository.path());
    let mut index = repository.index()?;
    for (name, text) in files {
        let path = root.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, text)?;
        index.add_path(Path::new(name))?;
    }
    index.write()?;
    let tree = repository.find_tree(index.write_tree()?)?;
    let at = jiff::Timestamp::now().as_second() - days_ago * 86_400;
    let author = Signature::new("Sam Drill", "sam@example.invalid", &Time::new(at, 0))?;
    let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let parents: Vec<_> = parent.iter().collect();
    let id = repository.commit(Some("HEAD"), &author, &author, message, &tree, &parents)?;
    Ok(id.to_string()[..8].to_owned())
}
