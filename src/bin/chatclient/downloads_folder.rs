//! Where the files go that `/get` brings.

use std::env;
use std::path::{Path, PathBuf};

/// The folder that was chosen; else the desktop's, where it stands; else the current one.
pub fn find(chosen: Option<&Path>) -> PathBuf {
    let desktop = || env::var_os("XDG_DOWNLOAD_DIR").map(PathBuf::from);
    let home = || env::home_dir().map(|home| home.join("Downloads"));
    let stands = |path: &PathBuf| path.is_absolute() && path.is_dir();
    chosen
        .map(Path::to_path_buf)
        .or_else(|| desktop().filter(stands))
        .or_else(|| home().filter(stands))
        .unwrap_or_else(|| PathBuf::from("."))
}
