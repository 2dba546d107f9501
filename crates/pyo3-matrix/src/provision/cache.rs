//! Where does stay what is fetched, and who may write there now? Servers in a folder that the server's user can read, tools
//! in the cache of the harness's own user; both under a lock.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, Metadata};
use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::{Context, ProvisionError};
use crate::config::Config;
use crate::process::Unprivileged;

/// The cache to use if the unprivileged user cannot enter the checkout, for example in root's home.
const SYSTEM: &str = "/var/cache/pyo3-matrix";

/// The lock file of a cache. It stays when the cache is emptied, so that every harness that opens this name locks the same
/// file.
pub const IN_USE: &str = "in-use.lock";

const POLL: Duration = Duration::from_millis(50);

/// The cache `name` of what is fetched, which `user` can enter, and the claim that keeps [`Claim::to_empty`] away from it.
pub fn open(
    name: &str,
    user: Option<&Unprivileged>,
    context: &Context,
) -> Result<(PathBuf, Claim), ProvisionError> {
    let own = own(name, context.config);
    let open = user.is_none_or(|user| reachable(&own, user));
    let folder = if open { own } else { SYSTEM.into() };
    make_open(&folder)?;
    let claim = Claim::to_use(&folder, context)?;
    Ok((folder, claim))
}

/// Returns every existing folder that [`open`] may have chosen for the cache `name`, so that `clean` can remove it. A folder of another
/// user is left out, because we must not remove it.
#[must_use]
pub fn folders(name: &str, config: &Config) -> Vec<PathBuf> {
    let both = [own(name, config), SYSTEM.into()];
    both.into_iter().filter(|folder| folder.is_dir() && is_ours(folder)).collect()
}

/// Returns the folder `name` in the cache of this user, which all projects share: `$XDG_CACHE_HOME/pyo3-matrix/NAME`, or the
/// same in `~/.cache`. None where there is no home, or where it belongs to another user: `sudo` may keep the caller's, and
/// then programs from there would run as root.
#[must_use]
pub fn of_user(name: &str) -> Option<PathBuf> {
    in_user_cache(name, std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME"))
}

/// [`of_user`] with these values of the two variables. The specification says to ignore a path that is not absolute.
fn in_user_cache(name: &str, cache: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |value: Option<OsString>| value.map(PathBuf::from).filter(|path| path.is_absolute());
    let of_home = || absolute(home).filter(|home| home.is_dir()).map(|home| home.join(".cache"));
    let cache = absolute(cache).or_else(of_home)?;
    let there = cache.ancestors().find(|part| part.exists())?;
    if !is_ours(there) {
        return None;
    }
    // A path without links, as for the project's own folder.
    let real = there.canonicalize().ok()?;
    let rest = cache.strip_prefix(there).ok()?;
    Some(real.join(rest).join("pyo3-matrix").join(name))
}

fn is_ours(folder: &Path) -> bool {
    folder.metadata().is_ok_and(|folder| folder.uid() == nix::unistd::geteuid().as_raw())
}

/// Returns the cache in the checkout, as a path without links: a link may lead through a closed folder to an open
/// one.
fn own(name: &str, config: &Config) -> PathBuf {
    let target = config.target();
    target.canonicalize().unwrap_or(target).join(name)
}

/// Returns the place for temporary folders that `user` has to enter.
pub fn temporary(user: Option<&Unprivileged>) -> PathBuf {
    let own = std::env::temp_dir();
    match user {
        Some(user) if !reachable(&own, user) => "/tmp".into(),
        _ => own,
    }
}

/// Makes `folder` and the missing folders above it, readable by every user, whatever the umask is.
pub fn make_open(folder: &Path) -> Result<(), ProvisionError> {
    use std::os::unix::fs::PermissionsExt;
    let missing: Vec<_> = folder.ancestors().take_while(|part| !part.exists()).collect();
    for part in missing.into_iter().rev() {
        let made = DirBuilder::new().mode(0o755).create(part);
        let open = |()| std::fs::set_permissions(part, std::fs::Permissions::from_mode(0o755));
        match made.and_then(open) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(ProvisionError::disk("cannot make the folder", part)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether `user` can reach `path`: it may pass every existing folder above it, and the path itself.
fn reachable(path: &Path, user: &Unprivileged) -> bool {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.ancestors().filter_map(|part| part.metadata().ok()).all(|folder| lets_through(&folder, user))
}

fn lets_through(folder: &Metadata, user: &Unprivileged) -> bool {
    let bit = match folder {
        owned if owned.uid() == user.uid => 0o100,
        grouped if grouped.gid() == user.gid => 0o010,
        _ => 0o001,
    };
    folder.mode() & bit != 0
}

/// Held while something is made that others must find whole; let go when dropped, or when its process ends.
#[derive(Debug)]
pub struct CacheLock(#[expect(dead_code, reason = "held for its drop")] Flock<File>);

impl CacheLock {
    /// Takes the lock file at `path`. Waits for as long as a fetch may take, because another harness may be fetching
    /// the same file.
    pub fn take(path: &Path, context: &Context) -> Result<CacheLock, ProvisionError> {
        let file = open_file(path).map_err(ProvisionError::disk("cannot open", path))?;
        wait_for(file, FlockArg::LockExclusiveNonblock, path, context).map(CacheLock)
    }
}

/// A cache's lock: shared by every harness that uses a server of it, or held alone by the one that empties it. Let go
/// when dropped, or when its process ends.
#[derive(Debug)]
pub struct Claim(#[expect(dead_code, reason = "held for its drop")] Option<Flock<File>>);

impl Claim {
    /// Waits until the cache `folder` is not being emptied. One that cannot be written to is emptied by no harness.
    fn to_use(folder: &Path, context: &Context) -> Result<Claim, ProvisionError> {
        let path = folder.join(IN_USE);
        let file = match open_file(&path) {
            Err(error) if matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem) => {
                return Ok(Claim(None));
            }
            file => file.map_err(ProvisionError::disk("cannot open", &path))?,
        };
        wait_for(file, FlockArg::LockSharedNonblock, &path, context).map(|held| Claim(Some(held)))
    }

    /// The cache `folder` for the caller alone; `None` while a server of it is used.
    pub fn to_empty(folder: &Path) -> std::io::Result<Option<Claim>> {
        let file = fs_err::OpenOptions::new().create(true).append(true).open(folder.join(IN_USE))?;
        match Flock::lock(file.into_file(), FlockArg::LockExclusiveNonblock) {
            Ok(held) => Ok(Some(Claim(Some(held)))),
            Err((_, Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, error)) => Err(error.into()),
        }
    }
}

fn open_file(path: &Path) -> std::io::Result<File> {
    File::options().create(true).append(true).open(path)
}

fn wait_for(
    mut file: File,
    how: FlockArg,
    path: &Path,
    context: &Context,
) -> Result<Flock<File>, ProvisionError> {
    let started = Instant::now();
    loop {
        context.not_interrupted()?;
        file = match Flock::lock(file, how) {
            Ok(held) => return Ok(held),
            Err((file, Errno::EWOULDBLOCK)) if started.elapsed() < context.config.budgets.install => file,
            Err((_, error)) => return Err(ProvisionError::disk("cannot lock", path)(error.into())),
        };
        std::thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_closed_folder_above_makes_a_path_unreachable_for_a_stranger() {
        let root = tempfile::tempdir().expect("a folder");
        let (own, inner) = (root.path().metadata().expect("metadata"), root.path().join("a/b"));
        std::fs::create_dir_all(&inner).expect("a folder");
        let stranger = Unprivileged { name: "x".into(), uid: own.uid() + 1, gid: own.gid() + 1 };
        let set = |mode| {
            std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(mode)).expect("a mode");
        };
        set(0o755);
        assert!(reachable(&inner, &stranger));
        assert!(reachable(&inner.join("not made yet"), &stranger));
        set(0o750);
        assert!(!reachable(&inner, &stranger));
        assert!(reachable(&inner, &Unprivileged { gid: own.gid(), ..stranger }));
    }

    #[test]
    fn the_cache_of_a_user_is_where_its_variables_say_if_it_is_the_users() {
        let home = tempfile::tempdir().expect("a folder");
        let real = home.path().canonicalize().expect("a path");
        let home = || Some(home.path().as_os_str().to_owned());
        let expected = |inner: &str| Some(real.join(inner).join("pyo3-matrix/tools"));
        assert_eq!(in_user_cache("tools", None, home()), expected(".cache"));
        assert_eq!(in_user_cache("tools", Some(real.join("new").into()), home()), expected("new"));
        assert_eq!(in_user_cache("tools", Some("relative".into()), home()), expected(".cache"));
        assert_eq!(in_user_cache("tools", Some("".into()), home()), expected(".cache"));
        assert_eq!(in_user_cache("tools", None, None), None);
        assert_eq!(in_user_cache("tools", None, Some("/nonexistent".into())), None);
        if nix::unistd::geteuid().is_root() {
            std::os::unix::fs::chown(&real, Some(12345), None).expect("given");
            assert_eq!(in_user_cache("tools", None, home()), None, "another user's home");
        } else {
            assert_eq!(in_user_cache("tools", Some("/usr".into()), None), None, "another user's cache");
        }
    }

    #[test]
    fn a_folder_of_another_user_is_not_ours() {
        let own = tempfile::tempdir().expect("a folder");
        assert!(is_ours(own.path()));
        // Root owns the one folder, and may give the other away.
        if nix::unistd::geteuid().is_root() {
            std::os::unix::fs::chown(own.path(), Some(12345), None).expect("given");
            assert!(!is_ours(own.path()));
        } else {
            assert!(!is_ours("/".as_ref()));
        }
    }
}
