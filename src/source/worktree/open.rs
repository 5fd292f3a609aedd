//! Opening what a tree holds, and nothing outside it.
//!
//! In: a root that the operator named, and paths below it. Out: listings and
//! open files. No link below the root is followed, whatever is renamed while
//! the tree is walked: on Linux the kernel itself refuses (`openat2`, since
//! 5.6), elsewhere the last component is refused and the file looked at again
//! once it is open. Nothing that is not a plain file is read.

use std::ffi::OsString;
use std::fs::File;
use std::path::Path;

#[cfg(not(unix))]
pub(super) use other::Tree;
#[cfg(unix)]
pub(super) use unix::Tree;

/// What a directory entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    Directory,
    File,
    Link,
    /// Named by the word.
    Special(&'static str),
}

/// A directory's entry.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: OsString,
    pub(super) kind: EntryKind,
}

/// A directory's entries, and what kept it from being listed to its end.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) entries: Vec<Entry>,
    pub(super) error: Option<std::io::Error>,
}

/// Which file it is, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The identity of what stands at a path, if that is a plain file.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        Self::from_metadata(&std::fs::metadata(path).ok()?)
    }

    /// The file that standard output is redirected into, if it is.
    #[must_use]
    pub fn of_stdout() -> Option<Self> {
        #[cfg(unix)]
        return unix::plain_id(std::io::stdout());
        #[cfg(not(unix))]
        None
    }

    /// The file that standard error is redirected into, if it is.
    #[must_use]
    pub fn of_stderr() -> Option<Self> {
        #[cfg(unix)]
        return unix::plain_id(std::io::stderr());
        #[cfg(not(unix))]
        None
    }

    #[cfg(unix)]
    fn from_metadata(metadata: &std::fs::Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        metadata.is_file().then(|| Self { device: metadata.dev(), inode: metadata.ino() })
    }

    #[cfg(not(unix))]
    fn from_metadata(_: &std::fs::Metadata) -> Option<Self> {
        None
    }
}

/// An open plain file, as it was when it was opened.
#[derive(Debug)]
pub(super) struct PlainFile {
    pub(super) file: File,
    pub(super) size_bytes: u64,
    /// Whether fewer bytes are stored than its size says.
    pub(super) is_sparse: bool,
    pub(super) id: Option<FileId>,
}

/// What stood behind a name when it was opened.
#[derive(Debug)]
pub(super) enum Opened {
    Plain(PlainFile),
    Other(EntryKind),
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::fs::File;
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::Path;

    use rustix::fs::{AtFlags, FileType, Mode, OFlags};

    use super::{Entry, EntryKind, FileId, Listing, Opened, PlainFile};

    /// An open root and everything below it.
    #[derive(Debug)]
    pub(in super::super) struct Tree {
        root: OwnedFd,
    }

    impl Tree {
        /// Opens a root; a link is followed, since the operator named it.
        pub(in super::super) fn open(root: &Path) -> io::Result<Self> {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            Ok(Self { root: rustix::fs::open(root, flags, Mode::empty())? })
        }

        pub(in super::super) fn list(&self, relative: &Path) -> io::Result<Listing> {
            let directory = self.open_below(relative, OFlags::DIRECTORY)?;
            let mut stream = rustix::fs::Dir::read_from(&directory)?;
            let mut listing = Listing { entries: Vec::new(), error: None };
            while let Some(entry) = stream.read() {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        listing.error = Some(error.into());
                        break;
                    }
                };
                let name = OsStr::from_bytes(entry.file_name().to_bytes());
                if name == "." || name == ".." {
                    continue;
                }
                let file_type = match entry.file_type() {
                    FileType::Unknown => {
                        match rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW) {
                            Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                            // Let opening it say what is wrong.
                            Err(_) => FileType::RegularFile,
                        }
                    }
                    known => known,
                };
                listing.entries.push(Entry { name: name.to_owned(), kind: kind(file_type) });
            }
            Ok(listing)
        }

        pub(in super::super) fn open_file(&self, relative: &Path) -> io::Result<Opened> {
            // Without waiting: a FIFO put in a file's place must not hold us.
            let opened = self.open_below(relative, OFlags::NONBLOCK | OFlags::NOCTTY)?;
            describe(opened)
        }

        /// Opens a file that the operator named himself, links followed.
        pub(in super::super) fn open_named(path: &Path) -> io::Result<Opened> {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
            describe(rustix::fs::open(path, flags, Mode::empty())?)
        }

        fn open_below(&self, relative: &Path, flags: OFlags) -> io::Result<OwnedFd> {
            let relative = if relative.as_os_str().is_empty() { Path::new(".") } else { relative };
            let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            #[cfg(target_os = "linux")]
            if let Some(opened) = linux::open_beneath(&self.root, relative, flags) {
                return opened;
            }
            Ok(rustix::fs::openat(&self.root, relative, flags, Mode::empty())?)
        }
    }

    /// Which plain file a stream is, if it is one.
    pub(super) fn plain_id(stream: impl AsFd) -> Option<FileId> {
        let stat = rustix::fs::fstat(stream).ok()?;
        (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then(|| id(&stat))
    }

    #[allow(clippy::unnecessary_cast, clippy::cast_sign_loss, reason = "differ between systems")]
    fn id(stat: &rustix::fs::Stat) -> FileId {
        FileId { device: stat.st_dev as u64, inode: stat.st_ino as u64 }
    }

    fn describe(opened: OwnedFd) -> io::Result<Opened> {
        let stat = rustix::fs::fstat(&opened)?;
        let file_type = FileType::from_raw_mode(stat.st_mode);
        if file_type != FileType::RegularFile {
            return Ok(Opened::Other(kind(file_type)));
        }
        #[allow(
            clippy::unnecessary_cast,
            clippy::cast_sign_loss,
            reason = "the fields' types differ between systems"
        )]
        Ok(Opened::Plain(PlainFile {
            file: File::from(opened),
            size_bytes: stat.st_size as u64,
            is_sparse: (stat.st_blocks as u64).saturating_mul(512) < stat.st_size as u64,
            id: Some(id(&stat)),
        }))
    }

    fn kind(file_type: FileType) -> EntryKind {
        match file_type {
            FileType::Directory => EntryKind::Directory,
            FileType::RegularFile => EntryKind::File,
            FileType::Symlink => EntryKind::Link,
            FileType::Fifo => EntryKind::Special("FIFO"),
            FileType::Socket => EntryKind::Special("socket"),
            FileType::CharacterDevice | FileType::BlockDevice => EntryKind::Special("device"),
            FileType::Unknown => EntryKind::Special("special file"),
        }
    }

    #[cfg(target_os = "linux")]
    mod linux {
        use std::io;
        use std::os::fd::OwnedFd;
        use std::path::Path;
        use std::sync::atomic::{AtomicBool, Ordering};

        use rustix::fs::{Mode, OFlags, ResolveFlags};
        use rustix::io::Errno;

        /// Old kernels and some sandboxes have no `openat2`.
        static IS_REFUSED: AtomicBool = AtomicBool::new(false);

        /// Opens below `root`, links refused by the kernel in every component;
        /// `None` where the kernel cannot.
        pub(super) fn open_beneath(
            root: &OwnedFd,
            relative: &Path,
            flags: OFlags,
        ) -> Option<io::Result<OwnedFd>> {
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            // A rename somewhere in the tree makes the kernel ask for another
            // try; two are enough unless somebody renames without pause.
            for _ in 0..3 {
                if IS_REFUSED.load(Ordering::Relaxed) {
                    return None;
                }
                match rustix::fs::openat2(root, relative, flags, Mode::empty(), resolve) {
                    Err(Errno::AGAIN | Errno::INTR) => {}
                    Err(Errno::NOSYS | Errno::PERM) => IS_REFUSED.store(true, Ordering::Relaxed),
                    done => return Some(done.map_err(io::Error::from)),
                }
            }
            None
        }
    }
}

#[cfg(not(unix))]
mod other {
    use std::fs::File;
    use std::io;
    use std::path::{Path, PathBuf};

    use super::{Entry, EntryKind, Listing, Opened, PlainFile};

    /// A root and everything below it.
    #[derive(Debug)]
    pub(in super::super) struct Tree {
        root: PathBuf,
    }

    impl Tree {
        /// Opens a root; a link is followed, since the operator named it.
        pub(in super::super) fn open(root: &Path) -> io::Result<Self> {
            let root = root.canonicalize()?;
            root.read_dir()?;
            Ok(Self { root })
        }

        pub(in super::super) fn list(&self, relative: &Path) -> io::Result<Listing> {
            let path = self.root.join(relative);
            refuse_link(&path)?;
            let mut listing = Listing { entries: Vec::new(), error: None };
            for entry in path.read_dir()? {
                match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                    Ok((name, file_type)) => {
                        listing.entries.push(Entry { name, kind: kind(file_type) });
                    }
                    Err(error) => {
                        listing.error = Some(error);
                        break;
                    }
                }
            }
            Ok(listing)
        }

        pub(in super::super) fn open_file(&self, relative: &Path) -> io::Result<Opened> {
            let path = self.root.join(relative);
            refuse_link(&path)?;
            Self::open_named(&path)
        }

        /// Opens a file that the operator named himself, links followed.
        pub(in super::super) fn open_named(path: &Path) -> io::Result<Opened> {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            if !metadata.is_file() {
                return Ok(Opened::Other(kind(metadata.file_type())));
            }
            let size_bytes = metadata.len();
            Ok(Opened::Plain(PlainFile { file, size_bytes, is_sparse: false, id: None }))
        }
    }

    fn refuse_link(path: &Path) -> io::Result<()> {
        if path.symlink_metadata()?.file_type().is_symlink() {
            return Err(io::Error::other("became a link while the tree was walked"));
        }
        Ok(())
    }

    fn kind(file_type: std::fs::FileType) -> EntryKind {
        if file_type.is_symlink() {
            EntryKind::Link
        } else if file_type.is_dir() {
            EntryKind::Directory
        } else if file_type.is_file() {
            EntryKind::File
        } else {
            EntryKind::Special("special file")
        }
    }
}
