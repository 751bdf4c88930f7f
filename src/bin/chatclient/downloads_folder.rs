//! The folder into which `/get` downloads.

use std::env;
use std::path::{Path, PathBuf};

/// The folder given by an option; else `XDG_DOWNLOAD_DIR` or `~/Downloads` if it exists; else the
/// current one.
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
